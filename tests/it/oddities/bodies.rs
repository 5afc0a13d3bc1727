//! Texts: forbidden characters, extensions of Markdown, links, headings, and languages without spaces.

use feedmill::render::Format;
use roxmltree::Document;
use serde_json::Value;

use super::{CONFIG, Odd, everything, feed};
use crate::still::TestFolder;

const HEAD: &str = "---\ntitle: A title\ndate: 2020-01-02\n---\n";

fn html(body: &str) -> String {
    Odd::new("a.md", format!("{HEAD}{body}\n")).html()
}

/// The whole text of the post `id` in each format.
fn in_every_format(odd: &Odd) -> [String; 3] {
    let xml = |format: Format, item: &str, id: &str, content: &str| {
        let feed = feed(&odd.site, format);
        let document = Document::parse(&feed).unwrap();
        let child = |item: roxmltree::Node, name: &str| {
            let child = item.children().find(|node| node.tag_name().name() == name)?;
            child.text().map(str::to_owned)
        };
        let mut items = document.descendants().filter(|node| node.tag_name().name() == item);
        let item = items
            .find(|item| child(*item, id).as_deref() == Some(odd.post().id()))
            .unwrap();
        child(item, content).unwrap_or_default()
    };
    [
        xml(Format::Rss, "item", "guid", "encoded"),
        xml(Format::Atom, "entry", "id", "content"),
        odd.html(),
    ]
}

#[test]
fn item_20_control_characters_are_in_no_response() {
    let controls = "a\u{2}b\u{8}c\u{b}d\u{c}e\u{1b}f\u{0}g\u{7f}h\u{fffe}i\u{ffff}j";
    let content = format!(
        "---\ntitle: \"T{controls}\"\nauthor: A{controls}\ntags: ['t{controls}']\nid: i{controls}\nsummary: S{controls}\n\
         image: /i{controls}.png\ndate: 2020-01-02\n---\nText {controls} and `{controls}`.\n"
    );
    let odd = Odd::new("a.md", content);
    assert!(odd.codes().contains("control-character"), "{}", odd.codes());
    let forbidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    for (path, text) in everything(&odd.site) {
        let found = text.chars().find(|&c| forbidden(c));
        assert_eq!(found, None, "{path}");
        if text.starts_with("<?xml") {
            Document::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
    assert!(odd.listed().is_some());
    // NUL becomes U+FFFD (CommonMark, section 2.3), the others are removed
    let html = odd.html();
    assert!(html.contains("abcdef\u{fffd}ghij"), "{html}");
}

#[test]
fn item_20_rare_characters_stay() {
    for (name, text) in [
        ("the end of CDATA", "a ]]> b"),
        ("a line separator", "a\u{2028}b"),
        ("a replacement character", "a\u{fffd}b"),
        ("bidi marks", "a\u{202e}b\u{202c}"),
        ("zero width", "a\u{200b}b\u{200d}c"),
        ("no-break space", "a\u{a0}b"),
        ("decomposed", "cafe\u{301}"),
        ("astral", "😀𝒳"),
    ] {
        let odd = Odd::new("a.md", format!("{HEAD}{text}\n"));
        let expected = format!("<p>{}</p>", text.replace('>', "&gt;"));
        for found in in_every_format(&odd) {
            assert_eq!(found.trim(), expected, "{name}");
        }
    }
}

#[test]
fn item_21_active_content_is_removed_except_in_code() {
    let dangerous = [
        ("script", "<script>alert(1)</script>", "<script"),
        ("script in capitals", "<SCRIPT SRC=//evil.example></SCRIPT>", "<script"),
        ("style", "<style>p { color: red }</style>", "<style"),
        ("iframe", "<iframe src=\"https://video.example/1\"></iframe>", "<iframe"),
        ("form", "<form action=\"/x\"><input type=\"text\"></form>", "<form"),
        ("handler", "<p onclick=\"alert(1)\">text</p>", "onclick"),
        ("handler in an image", "<img src=\"a.png\" onerror=alert(1)>", "onerror"),
        ("script address", "[a](javascript:alert(1))", "javascript:"),
        (
            "script address in HTML",
            "<a href=\" java&#10;script:alert(1)\">a</a>",
            "script:",
        ),
        ("data address", "<a href=\"data:text/html,x\">a</a>", "data:"),
        ("vector", "<svg onload=alert(1)><script>1</script></svg>", "<svg"),
        ("object", "<object data=\"x\"></object><embed src=\"x\">", "<object"),
        ("base", "<base href=\"https://evil.example/\">", "<base"),
        ("refresh", "<meta http-equiv=\"refresh\" content=\"0\">", "<meta"),
        ("inline style", "<p style=\"position:fixed\">text</p>", "style="),
        ("broken tag", "<img src=x onerror=alert(1)//", "onerror=\""),
    ];
    for (name, written, forbidden) in dangerous {
        let odd = Odd::new("a.md", format!("{HEAD}Before.\n\n{written}\n\nAfter.\n"));
        for text in in_every_format(&odd).into_iter().chain([odd.page()]) {
            let text = text.split("<article>").last().unwrap().to_lowercase();
            assert!(!text.contains(forbidden), "{name}: {text}");
            assert!(text.contains("before.") && text.contains("after."), "{name}: {text}");
        }
        let shown = Odd::new("a.md", format!("{HEAD}```html\n{written}\n```\n"));
        let code = html_escape::decode_html_entities(&shown.html()).into_owned();
        assert!(
            code.contains(written) || code.contains(&html_escape::decode_html_entities(written).into_owned()),
            "{name}: {code}"
        );
    }
}

#[test]
fn item_22_extensions_of_other_tools_are_the_same_in_every_output() {
    let constructs = [
        "{% include note.html %}",
        "{% if a %}yes{% endif %}",
        "{{ page.title }} and {{< unknown a=\"b\" >}} and {{% unknown %}}x{{% /unknown %}}",
        "{% raw %}{{ shown }}{% endraw %}",
        "{{<",
        "{%",
        "import A from 'a';\n\n<A b={1}>text</A>",
        ":::note\n\nInside.\n\n:::",
        "> [!warning] Mind\n> the gap",
        "[[Some note|shown]] and [[Bug #1]]\n\n[Bug #1]: https://bugs.example/1",
        "![[picture.png]] and ![[note]]",
        "Text[^1] and^[inline].\n\n[^1]: The note.",
        "[TOC]\n\n# One\n\n# Two",
        "* TOC\n{:toc}\n\n# One {#own}\n\nText{: .class}",
        "$a_1 + b_2$ and $$c_3$$",
        "- [ ] open\n- [x] done",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "%% hidden %% and shown",
        "<details><summary>More</summary>\n\ninner\n\n</details>",
        "~~gone~~ https://bare.example www.bare.example a@bare.example",
    ];
    for written in constructs {
        let odd = Odd::new("a.md", format!("{HEAD}First.\n\n{written}\n\nLast.\n"));
        let [rss, atom, json] = in_every_format(&odd);
        assert_eq!(rss, atom, "{written}");
        assert_eq!(atom.trim(), json.trim(), "{written}");
        assert!(json.contains("First.") && json.contains("Last."), "{written}: {json}");
    }
}

#[test]
fn item_23_addresses_in_feeds_are_absolute() {
    let cases = [
        ("[a](/b)", "https://example.com/b"),
        ("[a](b)", "https://example.com/posts/b"),
        ("[a](./b/c)", "https://example.com/posts/b/c"),
        ("[a](../b)", "https://example.com/b"),
        ("[a](../../../b)", "https://example.com/b"),
        ("[a](#part)", "https://example.com/posts/a#part"),
        ("[a](?q=1)", "https://example.com/posts/a?q=1"),
        ("[a](//cdn.example/b)", "https://cdn.example/b"),
        ("[a](https://other.example/b)", "https://other.example/b"),
        ("[a](<b c.html>)", "https://example.com/posts/b%20c.html"),
        ("![a](b.png)", "https://example.com/media/b.png"),
        ("![a](/b.png)", "https://example.com/b.png"),
        ("<img src=\"b.png\">", "https://example.com/media/b.png"),
        ("<video src=\"b.mp4\" controls></video>", "https://example.com/media/b.mp4"),
        ("[a][r]\n\n[r]: b", "https://example.com/posts/b"),
        ("[a](mailto:ann@example.com)", "mailto:ann@example.com"),
    ];
    for (written, expected) in cases {
        let html = html(written);
        assert!(html.contains(&format!("=\"{expected}\"")), "{written}: {html}");
    }
}

#[test]
fn item_23_every_marker_cuts_the_summary_and_never_the_text() {
    for marker in [
        "<!--more-->",
        "<!-- more -->",
        "<!--  MORE  -->",
        "<!--truncate-->",
        "<!-- truncate -->",
        "<!-- excerpt -->",
        "{{more}}",
        "# more",
        "{/* truncate */}",
    ] {
        let odd = Odd::new("a.md", format!("{HEAD}One sentence. And another.\n\n{marker}\n\nThe rest.\n"));
        assert_eq!(odd.post().summary(), "One sentence. And another.", "{marker}");
        let html = odd.html();
        assert!(
            html.contains("And another.") && html.contains("The rest."),
            "{marker}: {html}"
        );
        assert!(
            !html.to_lowercase().contains("more") && !html.contains("truncate"),
            "{marker}: {html}"
        );
    }
}

#[test]
fn item_24_a_heading_that_repeats_the_title_is_shown_once() {
    let cases = [
        ("the same", "# A title\n\nText.", false),
        ("the same, underlined", "A title\n===\n\nText.", false),
        ("in other capitals", "# a TITLE\n\nText.", false),
        ("with emphasis", "# A *title*\n\nText.", false),
        ("another", "# Another\n\nText.", true),
        ("of the second level", "## A title\n\nText.", true),
        ("later", "Text.\n\n# A title", true),
    ];
    for (name, body, stays) in cases {
        let html = html(body);
        assert_eq!(html.contains("<h"), stays, "{name}: {html}");
        assert!(html.contains("Text."), "{name}: {html}");
    }
    let odd = Odd::new("2020-01-02-a.md", "# From the heading\n\nText.\n");
    assert_eq!(
        odd.html().trim(),
        "<p>Text.</p>",
        "a title taken from the heading is not shown again"
    );
}

#[test]
fn item_24_thematic_breaks_are_not_front_matter() {
    let html = html("Above.\n\n---\n\ndraft: true\n\n---\n\nBelow.");
    assert!(
        html.contains("<hr>") && html.contains("draft: true") && html.contains("Below."),
        "{html}"
    );
    let odd = Odd::new("2020-01-02-a.md", "---\n\nA text between two rules.\n\n---\n\nBelow.\n");
    assert_eq!(odd.codes(), "front-matter-none");
    assert!(odd.html().contains("A text between two rules."), "{}", odd.html());
}

#[test]
fn item_26_languages_without_spaces_and_from_right_to_left() {
    let cases = [
        ("Chinese", "第一句话。第二句话。", "第一句话。"),
        ("Japanese", "最初の文です。次の文です。", "最初の文です。"),
        ("Hebrew", "משפט ראשון. משפט שני.", "משפט ראשון."),
        ("Arabic", "ما هذا؟ هذا كتاب.", "ما هذا؟"),
        ("Hindi", "पहला वाक्य। दूसरा वाक्य।", "पहला वाक्य।"),
        (
            "Chinese without an end",
            &"字".repeat(2000),
            &format!("{}…", "字".repeat(300)),
        ),
    ];
    for (name, body, summary) in cases {
        let odd = Odd::new("a.md", format!("{HEAD}{body}\n"));
        assert_eq!(odd.listed().unwrap()["summary"], summary, "{name}");
    }
    let folder = TestFolder::new();
    folder.write("שלום.md", "---\ntitle: שלום\nlang: he\ndate: 2020-01-02\n---\nטקסט.\n");
    let odd = Odd::within(&folder, "שלום.md");
    assert_eq!(odd.listed().unwrap()["language"], "he");
    assert!(odd.page().contains("<html lang=\"he\""), "{}", odd.page());
    let json: Value = serde_json::from_str(&feed(&odd.site, Format::Json)).unwrap();
    assert_eq!(json["items"][0]["language"], "he");
    assert!(feed(&odd.site, Format::Atom).contains("xml:lang=\"he\""));
}

#[test]
fn item_25_large_and_strange_texts_are_whole() {
    let paragraph = "word ".repeat(2000);
    let large = format!("{HEAD}{}", format!("{paragraph}\n\n").repeat(19));
    let folder = TestFolder::new();
    folder.write("a.md", &large);
    let site = folder.site(&format!("{CONFIG}max_bytes = 10000000\n"));
    let json: Value = serde_json::from_str(&feed(&site, Format::Json)).unwrap();
    let html = json["items"][0]["content_html"].as_str().unwrap();
    assert_eq!(html.matches("<p>").count(), 19);
    let empty = Odd::new("a.md", HEAD);
    assert!(empty.listed().is_some(), "a post may have no text");
    assert_eq!(in_every_format(&empty)[..2], ["", ""]);
}
