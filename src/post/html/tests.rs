use proptest::prelude::*;

use super::*;

const URL: &str = "https://site.test/posts/one";

fn for_feed(html: &str, url: &str) -> String {
    super::for_feed(html, &References::new("https://site.test", url, "one.md".into()))
}

fn for_page(html: &str) -> String {
    super::for_page(html, &References::new("https://site.test", URL, "one.md".into()))
}

#[test]
fn addresses_in_feeds_are_absolute() {
    let cases = [
        ("path", "<a href='/a b'>x</a>", r#"<a href="https://site.test/a%20b">x</a>"#),
        ("file", "<img src=pic.png>", r#"<img src="https://site.test/media/pic.png">"#),
        ("up", "<img src=../pic.png>", r#"<img src="https://site.test/pic.png">"#),
        (
            "fragment",
            "<a href='#fn-1'>1</a>",
            r#"<a href="https://site.test/posts/one#fn-1">1</a>"#,
        ),
        ("empty", "<a href=''>x</a>", r#"<a href="https://site.test/posts/one">x</a>"#),
        (
            "no scheme",
            "<img src=//cdn.test/x.png>",
            r#"<img src="https://cdn.test/x.png">"#,
        ),
        (
            "whole",
            "<a href=http://else.test/?a=1&b=2>x</a>",
            r#"<a href="http://else.test/?a=1&amp;b=2">x</a>"#,
        ),
        (
            "mail",
            "<a href='mailto:a@b.test'>x</a>",
            r#"<a href="mailto:a@b.test">x</a>"#,
        ),
        ("cite", "<q cite='/src'>x</q>", r#"<q cite="https://site.test/src">x</q>"#),
        (
            "set",
            "<img src=a.png srcset='a.png 2x' sizes=1>",
            r#"<img src="https://site.test/media/a.png">"#,
        ),
        ("no address at all", "<a href='http://['>x</a>", "<a>x</a>"),
        (
            "film",
            "<video poster=p.png src=/v.mp4 controls autoplay></video>",
            r#"<video poster="https://site.test/media/p.png" src="https://site.test/v.mp4" controls=""></video>"#,
        ),
    ];
    for (name, html, expected) in cases {
        assert_eq!(for_feed(html, URL), expected, "{name}");
    }
    assert_eq!(
        for_feed("<a href=x>y</a><a href='http://z.test/'>z</a>", ""),
        r#"<a>y</a><a href="http://z.test/">z</a>"#
    );
}

#[test]
fn addresses_on_pages_stay_except_those_of_files_beside_the_post() {
    for kept in [
        r##"<a href="#fn-1">x</a>"##,
        r#"<a href="../b c">x</a>"#,
        r#"<img src="/pic.png" alt="">"#,
        r#"<img src="//cdn.test/x.png">"#,
    ] {
        assert_eq!(for_page(kept), kept);
    }
    assert_eq!(for_page("<img src=pic.png>"), r#"<img src="/media/pic.png">"#);
}

#[test]
fn a_wikilink_that_leads_nowhere_is_text() {
    let html = r#"<p><a href="wikilink:A%20note">A <em>note</em></a>, <a href="/b">b</a> <a href="wikilink:B#c">c</a>"#;
    assert_eq!(for_page(html), r#"<p>A <em>note</em>, <a href="/b">b</a> c</p>"#);
    assert_eq!(
        for_feed(html, "https://site.test/a"),
        r#"<p>A <em>note</em>, <a href="https://site.test/b">b</a> c</p>"#
    );
}

#[test]
fn scripts_and_trackers_are_removed() {
    let cases = [
        ("script", "a<script>alert(1)</script>b", "ab"),
        ("style", "<style>p{}</style><p style='x'>a</p>", "<p>a</p>"),
        ("events", "<p onclick=x ONLOAD='y'>a</p>", "<p>a</p>"),
        (
            "objects",
            "<object data=x><embed></object><form action=x>a</form><meta><base href=x><link>",
            "a",
        ),
        ("scheme", "<a href='javascript:x'>a</a>", "<a>a</a>"),
        ("scheme in disguise", "<a href=' JaVa&#9;Script:x'>a</a>", "<a>a</a>"),
        (
            "scheme behind a forbidden character",
            "<a href='java&#1;script:x'>a</a>",
            "<a>a</a>",
        ),
        (
            "content in an address",
            "<a href='data:text/html,x'>a</a><img src='data:image/svg+xml;base64,x' alt=b><img src='&Tab;'>",
            "<a>a</a>b",
        ),
        (
            "in the drawing",
            "<svg><a xlink:href='javascript:x'><script>x</script></a></svg>b",
            "b",
        ),
        ("by a comment", "<!--><script>x</script>-->a", "--&gt;a"),
        (
            "by math",
            "<math><mtext><table><mglyph><style><img src=x onerror=y></style></table>",
            "<table></table>",
        ),
        ("by noscript", "<noscript><p title=\"</noscript><img src=x onerror=y>\">", ""),
        (
            "controls",
            "<button onclick=x>a</button><input type=text><select><option>b</select>",
            "a b",
        ),
        (
            "tracking relation",
            "<a href='http://x.test/' rel=noopener target=_blank ping=y>a</a>",
            r#"<a href="http://x.test/">a</a>"#,
        ),
    ];
    for (name, html, expected) in cases {
        let page = for_page(html);
        if !expected.is_empty() {
            assert_eq!(page, expected, "{name}");
        }
        assert_harmless(&page);
        assert_harmless(&for_feed(html, URL));
    }
}

#[test]
fn removed_elements_and_attributes_are_counted() {
    let cases = [
        ("<p class=x>a</p><iframe src=b></iframe><input type=checkbox>", None),
        ("a<script>b</script><style>c</style>", Some((2, "<script"))),
        ("<p onclick=x style='a:b'>a</p><form><input></form>", Some((4, "onclick="))),
        ("<a href=' javascript:x'>a</a>", Some((1, "href="))),
        ("<p onclick>a</p>", None),
    ];
    for (html, expected) in cases {
        let found = removed(html);
        let found = found.as_ref().map(|removed| (removed.count, removed.first.as_str()));
        assert_eq!(found, expected, "{html}");
    }
}

#[test]
fn pictures_keep_their_addresses_and_alternatives() {
    const SMALL: &str = "data:image/png;base64,iVBORw0KGgo=";
    let cases = [
        (
            "loaded late",
            "<img data-src=/a.png alt=A><img src='data:image/gif;base64,R0lG' data-original=/b.png>",
            "<img src=\"/a.png\" alt=\"A\"><img src=\"/b.png\">",
            "<img src=\"https://site.test/a.png\" alt=\"A\"><img src=\"https://site.test/b.png\">",
        ),
        (
            "the largest of a set",
            "<img srcset='/a.png 1x, /b.png 2x'>",
            "<img src=\"/b.png\">",
            "<img src=\"https://site.test/b.png\">",
        ),
        (
            "a twin for readers without scripts",
            "<img class=lazy alt=A> <noscript> <img src=/a.png alt=A> </noscript>b",
            "<img src=\"/a.png\" alt=\"A\">b",
            "<img src=\"https://site.test/a.png\" alt=\"A\">b",
        ),
        (
            "a twin of what is shown",
            "<img src=/a.png><noscript><img src=/a.png></noscript>b",
            "<img src=\"/a.png\">b",
            "<img src=\"https://site.test/a.png\">b",
        ),
        ("none", "a<img alt='B &quot;c&quot;'>d<img>", "aB \"c\"d", "aB \"c\"d"),
        (
            "none that may be",
            "<img src='javascript:x' alt='b &amp; c'>d",
            "b &amp; cd",
            "b &amp; cd",
        ),
        (
            "alternatives",
            "<picture><source srcset='/dark.png, /dark2.png 2x' media='(prefers-color-scheme: dark)' onload=x><img src=/a.png></picture>",
            "<picture><source srcset=\"/dark.png, /dark2.png 2x\" media=\"(prefers-color-scheme: dark)\"><img src=\"/a.png\"></picture>",
            "<picture><img src=\"https://site.test/a.png\"></picture>",
        ),
        (
            "alternatives alone",
            "<picture><source data-srcset='/b.webp 800w, /c.webp 400w'><img></picture>",
            "<picture><source srcset=\"/b.webp 800w, /c.webp 400w\"><img src=\"/b.webp\"></picture>",
            "<picture><img src=\"https://site.test/b.webp\"></picture>",
        ),
        (
            "alternatives of another",
            "<picture><source srcset=/b.webp><img src=/a.png></picture>c<img>",
            "<picture><source srcset=\"/b.webp\"><img src=\"/a.png\"></picture>c",
            "<picture><img src=\"https://site.test/a.png\"></picture>c",
        ),
        (
            "alternatives that run",
            "<picture><source srcset='javascript:x 1x'><img src=/a.png></picture>",
            "<picture><source><img src=\"/a.png\"></picture>",
            "<picture><img src=\"https://site.test/a.png\"></picture>",
        ),
    ];
    for (name, html, page, feed) in cases {
        assert_eq!(for_page(html), page, "{name}");
        assert_eq!(for_feed(html, URL), feed, "{name}");
    }
    let small = format!("<img src=\"{SMALL}\">");
    assert_eq!(for_page(&small), small);
    assert_eq!(for_feed(&small, URL), small);
    let long = format!("data:image/png;base64,{}", "A".repeat(LARGEST_DATA_URL));
    for address in [
        long.as_str(),
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        "data:image/png,<b>",
    ] {
        assert_eq!(for_page(&format!("a<img src='{address}'>")), "a", "{address:.40}");
        assert_eq!(for_page(&format!("<a href='{address}'>a</a>")), "<a>a</a>", "{address:.40}");
    }
    assert_eq!(for_page(&format!("<a href='{SMALL}'>a</a>")), "<a>a</a>");
    assert_eq!(
        for_page(&format!("<video poster='{SMALL}'></video>")),
        "<video controls=\"\"></video>"
    );
}

#[test]
fn only_the_noscript_after_a_picture_belongs_to_it() {
    let cases = [
        (
            "words between",
            "words <noscript><img src=/b.png></noscript>",
            "words <img src=\"/b.png\">",
        ),
        (
            "another picture",
            "<img src=/b.png><noscript></noscript>",
            "<img src=\"/b.png\">",
        ),
        (
            "another element",
            "<b><img src=/b.png></noscript></b>",
            "<b><img src=\"/b.png\"></b>",
        ),
        (
            "more than a picture",
            "<noscript><br><img src=/b.png></noscript>",
            "<br><img src=\"/b.png\">",
        ),
        ("no picture", "<noscript><br></noscript>", "<br>"),
        (
            "two pictures",
            "<noscript><img src=/b.png><img src=/c.png></noscript>",
            "<img src=\"/b.png\"><img src=\"/c.png\">",
        ),
        (
            "another end",
            "<noscript><img src=/b.png></b></noscript>",
            "<img src=\"/b.png\">",
        ),
        (
            "words in it",
            "<noscript>words<img src=/b.png></noscript>",
            "words<img src=\"/b.png\">",
        ),
    ];
    for (name, after, expected) in cases {
        assert_eq!(
            for_page(&format!("<img class=lazy alt=A>{after}")),
            format!("A{expected}"),
            "{name}"
        );
    }
}

#[test]
fn the_cleaner_allows_no_control_but_a_checkbox() {
    let cleaned = |element, kind| attribute_value(element, "type", kind, &|_: &str, _| None).map(Cow::into_owned);
    assert_eq!(cleaned("input", "checkbox").as_deref(), Some("checkbox"));
    for kind in ["password", "submit", "text", "image", ""] {
        assert_eq!(cleaned("input", kind), None, "{kind}");
    }
    assert_eq!(for_page("<ol type=a><li>b</li></ol>"), "<ol type=\"a\"><li>b</li></ol>");
}

#[test]
fn code_samples_stay_text() {
    let sample = "<pre><code class=\"language-html\">&lt;a onclick=\"x()\"&gt; &lt;script&gt;</code></pre>";
    assert_eq!(
        for_feed(sample, URL),
        "<pre><code class=\"language-html\">&lt;a onclick=\"x()\"&gt; &lt;script&gt;</code></pre>"
    );
}

#[test]
fn meaning_is_kept() {
    let cases = [
        (
            "classes",
            "<p class='big markdown-alert-title x'>a</p><p class=big>b</p>",
            "<p class=\"markdown-alert-title\">a</p><p>b</p>",
        ),
        ("ids", "<h2 id=so>a</h2>", "<h2 id=\"so\">a</h2>"),
        ("entities", "a&nbsp;&eacute;&hellip;&lt;&amp;&quot;", "a\u{a0}é…&lt;&amp;\""),
        ("forbidden characters", "a\u{0}\u{b}\u{1b}&#8;&#x85;\u{fffe}b", "a\u{2026}b"),
        ("a line feed first in preformatted text", "<pre>\n\na</pre>", "<pre>a</pre>"),
        (
            "a cell",
            "<table><tr><td align=right colspan=2>a</table>",
            "<table><tbody><tr><td align=\"right\" colspan=\"2\">a</td></tr></tbody></table>",
        ),
    ];
    for (name, html, expected) in cases {
        assert_eq!(for_page(html), expected, "{name}");
    }
    let task = "<ul><li><input type=\"checkbox\" checked=\"\" disabled=\"\" onclick=x /> done</li></ul>";
    assert_eq!(for_feed(task, URL), "<ul><li>☑ done</li></ul>");
    assert_eq!(
        for_page(task),
        "<ul><li><input type=\"checkbox\" checked=\"\" disabled=\"\"> done</li></ul>"
    );
}

#[test]
fn text_is_plain() {
    let cases = [
        ("tags", "<p>a <b>b</b>c</p><p>d</p>", "a bc d"),
        ("cells", "<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        (
            "entities, once",
            "&amp;lt;b&amp;gt; &eacute; &#39; AT&T",
            "&lt;b&gt; é ' AT&T",
        ),
        ("text after a block", "<p>a</p>b<i>c</i>d", "a bcd"),
        ("white space", " a\n\t b&nbsp;c ", "a b c"),
        ("hidden", "a<script>x</script><style>y</style><!-- z -->b", "ab"),
        ("signs", "1 < 2 > 0", "1 < 2 > 0"),
        ("forbidden", "a&#1;b\u{b}", "ab"),
        ("empty", "<p></p>", ""),
    ];
    for (name, html, expected) in cases {
        assert_eq!(text(html), expected, "{name}");
    }
}

#[test]
fn hostile_shapes_stay_small() {
    let n = 20_000;
    let shapes = [
        "<div>".repeat(n),
        "<b>".repeat(n),
        "<table><tr><td>".repeat(n),
        "<table><b>x".repeat(n),
        "<p><font color=1>".repeat(n),
        "<a href=x>".repeat(n),
        "</p>".repeat(n),
        "<!--".repeat(n),
        "<svg>".repeat(n),
        "<a b=".repeat(n),
        format!("<p {}>x</p>", (0..n).map(|i| format!("a{i}=1 ")).collect::<Vec<_>>().concat()),
        format!("{}{}", "<b a=1>".repeat(90), "<p>x</p>".repeat(n)),
        format!("{}{}", "<p><b a=1><i b=1><u c=1>", "<p>x".repeat(n)),
    ];
    for html in shapes {
        for cleaned in [for_page(&html), for_feed(&html, URL)] {
            assert!(
                cleaned.len() < 8 * html.len(),
                "{}…: {} → {}",
                &html[..20],
                html.len(),
                cleaned.len()
            );
        }
        assert!(text(&html).len() <= html.len());
    }
}

/// Asserts that nothing in `html`, the output of the cleaner, runs.
fn assert_harmless(html: &str) {
    for token in token::tokens(html) {
        if let Token::Start(tag) = token {
            assert!(ELEMENTS.contains(&tag.name.as_str()), "{html}");
            for (name, value) in &tag.attributes {
                assert!(!name.starts_with("on"), "{html}");
                let address = ["href", "src", "cite", "poster"].contains(&name.as_str());
                assert!(
                    !address || !value.trim().to_ascii_lowercase().starts_with("javascript:"),
                    "{html}"
                );
            }
        }
    }
    assert!(!html.to_ascii_lowercase().contains("<script"), "{html}");
}

/// Asserts that every element with content is closed, in order.
fn assert_balanced(html: &str) {
    let mut open = Vec::new();
    for token in token::tokens(html) {
        match token {
            Token::Start(tag)
                if !matches!(
                    tag.name.as_str(),
                    "br" | "col" | "hr" | "img" | "input" | "source" | "track" | "wbr"
                ) =>
            {
                open.push(tag.name);
            }
            Token::End(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{html}");
}

fn markup() -> impl Strategy<Value = String> {
    let names = "(a|b|p|div|h1|h2|ul|li|dl|dt|dd|table|tr|td|th|thead|tbody|caption|col|pre|br|img|iframe|script|style|svg|math|mtext|title|\
                 input|option|select|textarea|noscript|video|source|blockquote|details|summary|ruby|rt|x-y|font|em|code|template|form|button)";
    let attributes = "( (href|src|class|id|title|onclick|style|type|cite)=('(java|&#1;|script:|/a|#b|http://c.test/|\"|<|&amp;|checkbox| ){0,3}'|x|\"y\"))";
    let piece = prop_oneof![
        4 => proptest::string::string_regex(&format!("<{names}{attributes}{{0,2}} ?/?>")).unwrap(),
        3 => proptest::string::string_regex(&format!("</{names}>")).unwrap(),
        3 => "[ a-c\n\r<>&;\"'\u{1}\u{b}\u{a0}é-]{0,6}",
        1 => "(&(lt|gt|amp|nbsp|NewLine|Tab|#10|#13|#0|#1|#x80);?|<!--|-->|<!|<\\?|\\]\\]>|<!\\[CDATA\\[)",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

#[test]
fn addresses_of_media_are_found_with_their_role() {
    let html = "<video src='v.mp4' poster='p.jpg'><source src='v.webm'><track src='t.vtt'></video><audio src='a.mp3'></audio>";
    let found: Vec<String> = super::addresses(html).into_iter().map(|(address, _)| address).collect();
    for expected in ["v.mp4", "p.jpg", "v.webm", "t.vtt", "a.mp3"] {
        assert!(found.iter().any(|address| address == expected), "{expected} of {found:?}");
    }
}

#[test]
fn an_address_that_a_template_makes_leads_nowhere() {
    for address in ["{{ x }}", "/{% link %}", "a%7B%7Bx", "a%7B%25x"] {
        assert!(super::contains_template_tag(address), "{address}");
        let html = for_feed(&format!("<a href=\"{address}\">a</a>"), URL);
        assert_eq!(html, "<a>a</a>", "{address}");
    }
    assert!(!super::contains_template_tag("/a/{b}"));
}

proptest! {
    #[test]
    fn cleaned_html_is_safe_balanced_and_stable(html in markup()) {
        for (once, twice) in [
            (for_page(&html), for_page(&for_page(&html))),
            (for_feed(&html, URL), for_feed(&for_feed(&html, URL), URL)),
        ] {
            prop_assert_eq!(&once, &twice, "from {:?}", html);
            prop_assert!(without_forbidden(&once) == once);
            assert_harmless(&once);
            assert_balanced(&once);
        }
    }

    #[test]
    fn plain_text_has_no_tags(html in markup()) {
        let text = text(&html);
        prop_assert!(!text.contains("  ") && text.trim() == text);
        prop_assert!(without_forbidden(&text) == text);
    }
}
