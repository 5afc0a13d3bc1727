//! The cost of a text is linear in its length, whatever it contains, so that one post never delays the others.

use std::fs;

use feedmill::post::reference::References;
use feedmill::post::{html, markdown};

/// The length of the short texts in bytes. The long ones are four times as long.
const LENGTH: usize = 8 * 1024;

/// A cost below this many milliseconds of processor time is too small to be measured.
const FLOOR: u64 = 250;

#[rustfmt::skip]
const PIECES: [&str; 178] = [
    "{{% a %}}", "{{< a \"b\" >}} ", "{{< a >}}b{{< /a >}}", "{{< a >}}{# a #}", "{% highlight a %}b{% endhighlight %}", "a <script>b</script> ",
    "<style>a</style> ",
    "&", "&amp;", "&#", "&notit;", "&lt", "<", "<a", "<a b=", "<a b='", "<a/b=", "</", "</a", "</a>", "<!", "<!--", "<!-- a -->", "-->", "<?",
    "<![CDATA[", "]]>", ">", "> ", ">> a\n", "[", "![", "]", "[a]", "[a](", "[a](b", "[a](b)", "![a](b)", "[a][b]", "[[", "[[a]]", "[^", "[^a",
    "[^a]", "[^a]: ", "^[", "^[a", "^[a]", "^[^[", "(", "*", "**", "*a", "*a **a ", "_", "_a", "~", "~~a", "`", "`a", "``a", "```\n", "~~~\n", "|",
    "|a\n|-|\n", "- ", "- a\n", "-", "---\n", "1. ", "1. a\n", "# a\n", "# a {#b}\n", "a\n===\n", "$", "$a$", "$$a$$", "{", "{{", "{{ a }}", "{{<",
    "{{< a >}}", "{{/*", "{{/* a */}}", "{%", "{% a %}", "{% raw %}", "{% comment %}", "{% comment %}{% endcomment %}", "{% # a", "{%- highlight a -%}",
    "{#", "{#a", "{# a #}", "{#a}", "{::comment", "{::comment}a", "{:/comment}", "{::comment}{:/comment}", "{: .a}\n", "{/*", "{/* a */}", "{{!-- a", "{{! a }}", "%%",
    " %%a", "%%a%% ", "%%\n", ":::", "::: a\n", ":::a\nb\n:::\n", "\\", "\\*", "\n", "a\n", "\t", "    a\n", "\u{a0}", "字", "http://a.b ", "www.a.b ",
    "a@b.c ", "<http://a.b>", "<b>", "<b>a</b>", "<div>", "<div>\n\n", "<p>a", "<li>", "<table>", "<table><tr><td>", "<ul><li>", "<a href=x>", "<h1>",
    "<pre>", "<pre>\n", "<svg>", "<svg></svg>", "<template>", "<template></template>", "<select>", "<script>", "<script>a</script>", "<script src=a />",
    "<style>", "<textarea>", "<title>", "<title>\n\n", "<title>a</title>", "<xmp>", "<iframe>", "<iframe src=x>\n\n", "<video/>", "<img>", "<img data-src=x>",
    "<img><noscript>", "<img><noscript><img></noscript>", "<picture><source srcset=a>", "<input type=checkbox>", "<br>", "<p hidden>", "<p hidden>a</p>",
    "<b hidden>", "<li hidden>", "<p style='display:none'>", "> <!--a\n\n", "> <div hidden>\n\n", "<plaintext>", "> [!note]\n> a\n", "[toc]\n", "[toc]\n\n",
    "# more\n", "import a from 'b'\n\n", "export const a = 1\n\n", "- [ ] a\n", "[a]: b\n", "[a]: b\n\n[a]\n\n", "\"",
];

/// A text of about this many bytes.
type OfLength = fn(usize) -> String;

/// Texts that do not repeat one part, by their length.
const OTHERS: [(&str, OfLength); 11] = [
    ("comments, and what does not end them", |n| {
        "{% comment %}".repeat(n / 26) + &"endcomment ".repeat(n / 22)
    }),
    ("runs of backticks", |n| {
        let lengths = 1..n.isqrt();
        lengths.map(|length| "`".repeat(length) + "a").collect()
    }),
    ("nested lists", |n| {
        let depth = |line: usize| "  ".repeat(line % 60);
        (0..n / 60).map(|line| depth(line) + "- a\n").collect()
    }),
    ("deep quotes and many lines", |n| {
        format!("{}a\n{}", "> ".repeat(90), "b\n".repeat(n / 2))
    }),
    ("notes", |n| {
        (0..n / 20)
            .map(|number| format!("[^{number}]\n\n[^{number}]: a\n\n"))
            .collect::<Vec<_>>()
            .concat()
    }),
    ("definitions", |n| {
        (0..n / 20)
            .map(|number| format!("[{number}]: a\n\n[{number}]\n\n"))
            .collect::<Vec<_>>()
            .concat()
    }),
    ("attributes", |n| {
        format!(
            "<a {}>x</a>",
            (0..n / 8).map(|number| format!("a{number}=b ")).collect::<Vec<_>>().concat()
        )
    }),
    ("a value", |n| format!("<a title='{}'>x</a>", "&".repeat(n))),
    ("a set", |n| format!("<img srcset='{}'>", "a 1x, ".repeat(n / 6))),
    ("hidden, and one end", |n| format!("{}</b>", "<b hidden>".repeat(n / 10))),
    ("drawings, and their ends", |n| {
        "<svg>".repeat(n / 11) + &"</svg>".repeat(n / 11)
    }),
];

/// Template tags, many on one line.
const TAGS: [&str; 10] = [
    "{{< a >}}",
    "{{% a %}}",
    "{{ a }}",
    "{% a %}",
    "{{< a \"b\" >}} ",
    "{{< a >}}b{{< /a >}}",
    "{{< a >}}{# a #}",
    "{{< a >}}<!-- a -->",
    "{{% a %}}<script>b</script>",
    "{% highlight a %}b{% endhighlight %}",
];

/// The processor time of this thread in milliseconds; `None` if the system does not count it.
fn worked() -> Option<u64> {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = counted.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1_000_000)
}

/// The cost of everything that is done with a text.
fn cost(text: &str) -> Option<u64> {
    let references = References::new("https://a.test", "https://a.test/b", "b.md".into());
    let before = worked()?;
    let outline = markdown::outline(text);
    assert!(outline.summary().len() <= text.len() + 4);
    let rendered = markdown::render(text, "a");
    let page = html::for_page(&rendered.html, &references);
    let feed = html::for_feed(&rendered.html, &references);
    assert!(html::text(&page).len() <= page.len() && html::text(&feed).len() <= feed.len());
    assert!(markdown::without_hidden(text).len() <= text.len() + text.len() / 2);
    Some(worked()? - before)
}

#[test]
fn the_cost_is_linear_in_the_length() {
    if worked().is_none() {
        println!("SKIPPED: nothing counts the work of a thread here");
        return;
    }
    let repeated = PIECES.iter().map(|piece| {
        let make = |n: usize| piece.repeat(n / piece.len());
        (format!("{piece:?}"), [make(LENGTH), make(4 * LENGTH)])
    });
    let others = OTHERS
        .iter()
        .map(|(name, make)| ((*name).to_owned(), [make(LENGTH), make(4 * LENGTH)]));
    let mut steep = Vec::new();
    for (name, [short, long]) in repeated.chain(others) {
        let (short, long) = (cost(&short).unwrap(), cost(&long).unwrap());
        if long > FLOOR && long > 10 * short {
            steep.push(format!("{name}: {short} ms, and {long} ms for four times as much"));
        }
    }
    assert!(steep.is_empty(), "{steep:#?}");
}

/// A scan back through a long line at every tag is so fast in a short text that the other test misses it.
#[test]
fn many_tags_in_one_line_cost_no_more_than_many_lines() {
    if worked().is_none() {
        println!("SKIPPED: nothing counts the work of a thread here");
        return;
    }
    let outlined = |text: &str| {
        let before = worked().unwrap();
        let outline = markdown::outline(text);
        assert!(outline.summary().len() <= text.len() && markdown::searchable(text).len() <= text.len());
        (worked().unwrap() - before, outline.unknown_tags().len())
    };
    let mut steep = Vec::new();
    for tag in TAGS {
        let many = 600_000 / tag.len();
        let (in_lines, remarks) = outlined(&format!("{tag}\n").repeat(many));
        let (in_one, remarks_in_one) = outlined(&tag.repeat(many));
        assert_eq!(remarks, remarks_in_one, "{tag}");
        if in_one > FLOOR && in_one > 2 * in_lines {
            steep.push(format!("{tag}: {in_lines} ms in lines, and {in_one} ms in one"));
        }
    }
    assert!(steep.is_empty(), "{steep:#?}");
}
