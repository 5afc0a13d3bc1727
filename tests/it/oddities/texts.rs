//! Titles, summaries, tags and authors: readers see exactly what the author wrote, escaped once in every format.

use feedmill::render::Format;
use roxmltree::Document;
use serde_json::Value;

use super::{CONFIG, Odd, feed};
use crate::still::{TestFolder, get, listed};

/// The text of the first `element` of the first `item` of an XML feed.
fn xml_text(feed: &str, item: &str, element: &str) -> String {
    let document = Document::parse(feed).unwrap();
    let item = document.descendants().find(|node| node.tag_name().name() == item).unwrap();
    let element = item.children().find(|node| node.tag_name().name() == element).unwrap();
    assert!(element.attribute("type").is_none_or(|kind| kind == "text"), "plain text");
    element.text().unwrap_or_default().to_owned()
}

/// The content of the first `element` of a page, with its character references decoded.
fn html_text(page: &str, element: &str) -> String {
    let (_, after) = page.split_once(&format!("<{element}>")).unwrap();
    let (inner, _) = after.split_once(&format!("</{element}>")).unwrap();
    assert!(!inner.contains('<'), "no markup in {inner}");
    html_escape::decode_html_entities(inner).into_owned()
}

#[test]
fn item_17_titles_are_escaped_once_in_every_format() {
    let long = "A title of many words ".repeat(10);
    // as written in YAML; as parsed
    let cases = [
        ("an ampersand", "Salt & Pepper", "Salt & Pepper"),
        ("an entity", "Salt &amp; Pepper", "Salt & Pepper"),
        ("an entity of an entity", "'&amp;amp; explained'", "&amp; explained"),
        ("a tag", "A <em>great</em> day", "A <em>great</em> day"),
        ("a script", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("less than", "1 < 2 > 0", "1 < 2 > 0"),
        ("quotes", "'She said \"no\"'", "She said \"no\""),
        ("apostrophes", "Don't", "Don't"),
        ("a back tick", "'`code`'", "`code`"),
        ("an emoji", "Party 🎉🏳️‍🌈", "Party 🎉🏳️‍🌈"),
        ("the end of CDATA", "'a ]]> b'", "a ]]> b"),
        ("spaces", "'  two   spaces  '", "two spaces"),
        ("over lines", "over\n  two lines", "over two lines"),
        ("folded", ">\n  over\n  two lines\n", "over two lines"),
        ("right to left", "שלום \u{202b}עולם\u{202c}", "שלום \u{202b}עולם\u{202c}"),
        ("long", &long, long.trim()),
        ("a number", "007", "007"),
        ("a date", "2024-01-01", "2024-01-01"),
        ("a percent sign", "100% of {{ it }}", "100% of {{ it }}"),
    ];
    for (name, written, expected) in cases {
        let folder = TestFolder::new();
        folder.write(
            "a.md",
            format!("---\ntitle: {written}\nsummary: {written}\ndate: 2020-01-02\n---\nText.\n"),
        );
        let site = folder.site(CONFIG);
        let json: Value = serde_json::from_str(&feed(&site, Format::Json)).unwrap();
        let listed = listed(&site);
        let (_, page) = get(&site, "/posts/a");
        let (_, list) = get(&site, "/");
        let found = [
            ("RSS", xml_text(&feed(&site, Format::Rss), "item", "title")),
            ("Atom", xml_text(&feed(&site, Format::Atom), "entry", "title")),
            ("JSON Feed", json["items"][0]["title"].as_str().unwrap().to_owned()),
            ("the listing", listed[0]["title"].as_str().unwrap().to_owned()),
            ("the page's heading", html_text(&page, "h1")),
            ("the page's title", html_text(&page, "title").replace(" · Posts", "")),
        ];
        for (place, found) in found {
            assert_eq!(found, expected, "{name} in {place}");
        }
        assert!(
            list.contains(&html_escape::encode_quoted_attribute(expected).to_string()),
            "{name} in the list for people"
        );
        // the data for search engines is in its own script, which contains no tag
        assert!(!page.contains("<script>") && !list.contains("<script>"), "{name}");
    }
}

#[test]
fn item_17_summaries_are_plain_text_escaped_once() {
    // as written; as parsed
    let cases = [
        ("plain", "Salt & Pepper", "Salt & Pepper"),
        ("an entity", "Salt &amp; Pepper", "Salt & Pepper"),
        ("Markdown", "'All *of* [it](https://example.com).'", "All of it."),
        ("HTML", "All <b>of</b> it.", "All of it."),
        ("less than", "'1 < 2'", "1 < 2"),
    ];
    for (name, written, expected) in cases {
        let folder = TestFolder::new();
        folder.write("a.md", format!("---\ndescription: {written}\ndate: 2020-01-02\n---\nText.\n"));
        let site = folder.site(CONFIG);
        let json: Value = serde_json::from_str(&feed(&site, Format::Json)).unwrap();
        assert_eq!(
            xml_text(&feed(&site, Format::Atom), "entry", "summary"),
            expected,
            "{name} in Atom"
        );
        assert_eq!(json["items"][0]["summary"], expected, "{name} in JSON Feed");
        assert_eq!(listed(&site)[0]["summary"], expected, "{name} in the listing");
    }
}

#[test]
fn item_18_tags_of_every_kind_have_addresses_that_work() {
    // as written; the tags; the paths of their pages
    let cases: [(&str, &[&str], &[&str]); 12] = [
        (
            "tags: release, new tools",
            &["release", "new tools"],
            &["/tags/release", "/tags/new-tools"],
        ),
        ("tags: one word", &["one word"], &["/tags/one-word"]),
        (
            "tags: [a/b, c++, 'c#', '.net', 'r&d']",
            &["a/b", "c++", "c#", ".net", "r&d"],
            &["/tags/a%2Fb", "/tags/c%2B%2B"],
        ),
        (
            "tags: ['100%', 'what?', '..']",
            &["100%", "what?", ".."],
            &["/tags/100%25", "/tags/what%3F", "/tags/dot-dot"],
        ),
        (
            "tags: [日本語, Größe]",
            &["日本語", "Größe"],
            &["/tags/%E6%97%A5%E6%9C%AC%E8%AA%9E", "/tags/gr%C3%B6%C3%9Fe"],
        ),
        ("tags: [Rust, rust, RUST, ' rust ']", &["Rust"], &["/tags/rust"]),
        ("tags: [~, '', null, a]", &["a"], &["/tags/a"]),
        (
            "tags: [presidential visits, a]\ncategories: [A, b]",
            &["presidential visits", "a", "b"],
            &["/tags/presidential-visits"],
        ),
        ("tags: []", &[], &[]),
        ("tags:", &[], &[]),
        ("tags: {a: 1}", &[], &[]),
        (
            "tags: ['<b>', '\"q\"']",
            &["<b>", "\"q\""],
            &["/tags/%3Cb%3E", "/tags/%22q%22"],
        ),
    ];
    for (written, tags, paths) in cases {
        let odd = Odd::new("a.md", format!("---\ntitle: x\ndate: 2020-01-02\n{written}\n---\n"));
        let entry = odd.listed().unwrap();
        let names: Vec<&str> = entry["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap())
            .collect();
        assert_eq!(names, tags, "{written}");
        for path in paths {
            let (status, page) = get(&odd.site, path);
            assert_eq!(status, 200, "{path}");
            assert!(page.contains("/posts/a\""), "{path} lists the post");
            for format in Format::ALL {
                let (status, feed) = get(&odd.site, &format!("{path}/{}", format.file_name()));
                assert_eq!(status, 200, "{path} {format:?}");
                assert!(feed.contains("/posts/a"), "{path} {format:?}");
            }
        }
    }
}

#[test]
fn item_18_tags_with_spaces_are_split_as_in_jekyll() {
    let odd = Odd::new("_posts/2020-01-02-a.md", "---\nlayout: post\ntags: release tools\n---\n");
    assert_eq!(*odd.post().tags, ["release", "tools"]);
    let odd = Odd::new("2020-01-02-a.md", "---\ntags: release tools\n---\n");
    assert_eq!(*odd.post().tags, ["release tools"]);
}

#[test]
fn item_19_authors() {
    let cases = [
        ("author: Ann Ott", "Ann Ott"),
        ("author: Ann Ott (@ann)", "Ann Ott (@ann)"),
        ("authors: [ann, bob]", "ann, bob"),
        (
            "authors:\n- name: Ann Ott\n  url: https://example.com/ann\n- name: Bob Bau",
            "Ann Ott, Bob Bau",
        ),
        ("author:\n  name: Ann <script>\n  url: 'javascript:x'", "Ann <script>"),
        ("author: [~, '']", ""),
        ("author: {}", ""),
    ];
    for (written, expected) in cases {
        let odd = Odd::new("a.md", format!("---\ntitle: x\ndate: 2020-01-02\n{written}\n---\n"));
        let entry = odd.listed().unwrap();
        let names: Vec<&str> = entry["authors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|author| author["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(", "), expected, "{written}");
        let atom = feed(&odd.site, Format::Atom);
        assert!(!atom.contains("javascript:"), "{written}");
        assert!(!odd.page().contains("<script>"), "{written}");
    }
}
