//! HTML of other tools becomes Markdown without losing a word.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Leaves all addresses as they are.
struct Same;

impl Rewriter for Same {
    fn link(&mut self, address: &str) -> String {
        address.to_owned()
    }

    fn media(&mut self, address: &str) -> Option<String> {
        Some(address.to_owned())
    }
}

fn converted(html: &str) -> String {
    to_markdown(html, &mut Same).markdown
}

#[test]
fn what_markdown_can_say_is_markdown_and_the_rest_is_html() {
    for (html, expected) in [
        (
            "<h2 class=\"x\">Head</h2><p style=\"a\">One <strong>two</strong> <em>three</em>.</p>",
            "## Head\n\nOne **two** *three*.",
        ),
        ("<div><div>One</div><div>Two</div></div>", "One\n\nTwo"),
        (
            "<ul><li>One</li><li>Two<ul><li>Three</li></ul></li></ul>",
            "- One\n- Two\n  - Three",
        ),
        ("<ol start=\"3\"><li>Three</li></ol>", "3. Three"),
        (
            "<pre><code class=\"language-rust\">fn x() {}\n\nlet y;</code></pre>",
            "```rust\nfn x() {}\n\nlet y;\n```",
        ),
        ("<p>* _x_ [y] `z` &lt;b&gt;</p>", "\\* \\_x\\_ \\[y\\] \\`z\\` \\<b>"),
        (
            "<a href=\"https://a.example/\"><span>Link</span></a>",
            "[Link](https://a.example/)",
        ),
        (
            "<figure><img src=\"a.jpg\" alt=\"A\"><figcaption>Cap</figcaption></figure>",
            "<figcaption>Cap</figcaption>",
        ),
        ("<figure class=\"x\"><img src=\"a.jpg\" alt=\"A\"></figure>", "![A](a.jpg)"),
        ("<img src=\"a.jpg\" alt=\"al]t [b]\">", "a.jpg)"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "| A | B |",
        ),
        ("<table><tr><td colspan=\"2\">A</td></tr></table>", "colspan=\"2\""),
        ("<dl><dt>A</dt><dd>B</dd></dl>", "<dt>A</dt>"),
        (
            "<iframe src=\"https://video.example/x\" width=\"3\"></iframe>",
            "src=\"https://video.example/x\"",
        ),
        ("<p>H<sub>2</sub>O</p>", "<sub>2</sub>"),
        (
            "<p>x</p><noscript><img src=\"a.jpg\"></noscript><img data-src=\"a.jpg\" alt=\"A\">",
            "![A](a.jpg)",
        ),
        (
            "<template>no</template><style>no</style><p hidden>no</p><p style=\"display: none\">no</p><p>yes</p>",
            "yes",
        ),
    ] {
        let markdown = converted(html);
        assert!(markdown.contains(expected), "{html}\n{markdown}");
        assert!(!markdown.contains("no"), "{markdown}");
    }
}

#[test]
fn headings_of_rows_stay() {
    let html = "<table><thead><tr><th>Who</th><th>What</th></tr></thead><tbody><tr><th><a href=\"https://a.example/\">Ada</a></th><td>Text</td></tr></tbody></table>";
    let markdown = converted(html);
    assert!(
        markdown.contains("[Ada](https://a.example/)") && markdown.contains("| Who"),
        "{markdown}"
    );
}

#[test]
fn a_table_that_markdown_cannot_say_stays_html() {
    for (html, kept) in [
        (
            "<figure class=\"wp-block-table\"><table><tbody><tr><td>aa</td><td>b <b>b</b></td></tr><tr><td>cc</td><td>dd</td></tr></tbody></table></figure>",
            "<table><tbody><tr><td>aa</td><td>b <b>b</b></td></tr><tr><td>cc</td><td>dd</td></tr></tbody></table>",
        ),
        (
            "<TABLE border=1><TR><TD>aa<TD>bb<TR><TD>cc<TD>dd</TABLE>",
            "<td>aa</td><td>bb</td>",
        ),
        (
            "<table><tr><th>aa</th><td>bb</td></tr><tr><th>cc</th><td>dd</td></tr></table>",
            "<th>cc</th><td>dd</td>",
        ),
        (
            "<table><caption>aa</caption><tr><th>bb</th></tr><tr><td>cc</td></tr></table>",
            "<caption>aa</caption>",
        ),
        (
            "<table><thead><tr><th>aa</th></tr><tr><th>bb</th></tr></thead><tbody><tr><td>cc</td></tr></tbody></table>",
            "<th>bb</th>",
        ),
        // an empty column
        (
            "<table><tr><th>aa</th><th></th></tr><tr><td>bb</td><td></td></tr></table>",
            "<td>bb</td><td></td>",
        ),
        // cells over several columns or rows
        (
            "<table><tr><th colspan=\"2\">aa</th></tr><tr><td>bb</td><td>cc</td></tr></table>",
            "<th colspan=\"2\">aa</th>",
        ),
        (
            "<table><tr><th>aa</th><th>bb</th></tr><tr><th rowspan=\"2\">cc</th><td>dd</td></tr><tr><td>ee</td></tr></table>",
            "<td rowspan=\"2\">cc</td><td>dd</td>",
        ),
        // a table in a cell
        (
            "<table><tr><td><table><tr><td>aa</td></tr></table></td></tr></table>",
            "<td>aa</td>",
        ),
    ] {
        let converted = to_markdown(html, &mut Same);
        assert!(converted.markdown.contains(kept), "{html}\n{}", converted.markdown);
        assert!(
            !converted.is_html && !converted.markdown.contains("data-kept"),
            "{converted:?}"
        );
        let shown = markdown::render(&converted.markdown, "").html;
        assert_eq!(
            shown.matches("<table").count(),
            html.to_lowercase().matches("<table").count(),
            "{html}\n{shown}"
        );
    }
}

#[test]
fn only_the_table_stays_html() {
    let markdown = converted(
        "<p>A <b>word</b>.</p><table><tr><td>aa</td></tr></table><table><tr><th>H</th></tr><tr><td colspan=\"1\">bb</td></tr></table>",
    );
    assert!(markdown.starts_with("A **word**.\n\n<table>"), "{markdown}");
    assert!(markdown.ends_with("| H  |\n| -- |\n| bb |"), "{markdown}");
}

#[test]
fn deep_nesting_is_cheap_and_loses_nothing() {
    for (open, close, depth) in [
        ("<div>", "</div>", 20_000),
        ("<blockquote>", "</blockquote>", 3_000),
        ("<ul><li>", "</li></ul>", 3_000),
        ("<b><i>", "", 5_000),
    ] {
        let html = format!("{}word{} after", open.repeat(depth), close.repeat(depth));
        let started = Instant::now();
        let markdown = converted(&html);
        assert!(
            markdown.contains("word") && markdown.contains("after"),
            "{open}: {}",
            &markdown[..markdown.len().min(300)]
        );
        assert!(started.elapsed() < Duration::from_secs(20), "{open}: {:?}", started.elapsed());
    }
}

#[test]
fn markup_of_other_tools_in_a_text_is_text() {
    for text in ["{{ x }}", "{% if x %}", "%%x%%", "{# x #}", ":::note", "{:.x}", "{/* x */}"] {
        let html = format!("<p>before</p><p>{text} word</p><p>after</p>");
        let shown = html::text(&markdown::render(&converted(&html), "").html);
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>().join(" "),
            format!("before {text} word after")
        );
    }
}

#[test]
fn what_would_lose_words_stays_html() {
    let block = html_block("<p>One</p>\n\n<pre>a\n\nb</pre>\n\n<p>Two</p>");
    assert!(!block.contains("\n\n"), "{block}");
    let shown = html::text(&markdown::render(&block, "").html);
    assert!(["One", "a", "b", "Two"].iter().all(|word| shown.contains(word)), "{shown}");
}

/// Parts of a page. Each `W` becomes a word of its own.
const PARTS: [&str; 40] = [
    "<p>W <b>W</b> <i>W</i> W</p>",
    "W W",
    "W<br>W",
    "<h2>W</h2>",
    "<ul><li>W<li>W</ul>",
    "<ol><li>W</li><li><p>W</p><p>W</p></li></ol>",
    "<blockquote>W<p>W</p></blockquote>",
    "<pre>W\n\n  W</pre>",
    "<code>W`W</code>",
    "<table><tr><th>W<td>W<tr><th>W<td>W</table>",
    "<table><caption>W</caption><tbody><tr><td>W</td><td>W<p>W</p></td></tr></tbody></table>",
    "<dl><dt>W<dd>W</dl>",
    "<figure><img src=a.png alt=W><figcaption>W</figcaption></figure>",
    "<a href=\"/x\">W <b>W</b></a>",
    "<a href=\"/x\"><div>W</div><h3>W</h3></a>",
    "<div>W<div>W</div>W</div>",
    "<span>W</span>W",
    "<details><summary>W</summary>W</details>",
    "<p>W<p>W",
    "W</p>W",
    "<li>W",
    "<td>W</td>",
    "<b>W<i>W</b>W</i>",
    "<center><font color=red>W</font></center>",
    "{{ W }} {% W %} %%W%%",
    "<kbd>W</kbd><sup>W</sup>",
    "<section><h3>W</h3>W</section>",
    "* W",
    "1. W",
    "# W",
    "> W",
    "    W",
    "W_W*W",
    "&lt;W&gt; &amp; W",
    "<!-- x -->W",
    "<script>x</script>W",
    "<o:p>W</o:p>",
    "<q>W</q> <cite>W</cite>",
    "<address>W</address>",
    "<p>[W](W) ![W]</p>",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_word_survives(parts in prop::collection::vec(0..PARTS.len(), 1..8)) {
        let mut number = 0;
        let mut expected = Vec::new();
        let mut page = String::new();
        for part in parts {
            for c in PARTS[part].chars() {
                if c == 'W' {
                    number += 1;
                    let word = format!("w{number}q");
                    page.push_str(&word);
                    expected.push(word);
                } else {
                    page.push(c);
                }
            }
        }
        let markdown = converted(&page);
        let shown = markdown::render(&markdown, "").html;
        for word in &expected {
            // a description is an attribute
            prop_assert!(shown.contains(word.as_str()), "{word} of\n{page}\nis not in\n{markdown}\n{shown}");
        }
    }
}
