//! The promise of the guide: whatever had to be guessed is said.

use feedmill::index::Scope;
use feedmill::post::markdown::outline;
use feedmill::post::{Origin, Post};
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use serde_json::Value;

use crate::still::{TestFolder, get, said};
use crate::tools::{TOOLS, site_of};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 100";

/// What is guessed or left out in the post `a.md`, beside another post and a draft: the text after its title, and the code of what is said.
const GUESSES: [(&str, &str); 37] = [
    // the fields
    ("---\n\nx", "date-missing"),
    ("date: 2027-02-30\n---\n\nx", "date-impossible"),
    ("date: soon\n---\n\nx", "date-unknown"),
    ("date: 2026-01-01\ndate: 2026-01-02\n---\n\nx", "yaml-duplicate-key"),
    ("date: 2026-01-01\nsubtitle: a: b\n---\n\nx", "yaml-syntax"),
    ("date: 2026-01-01\ndrafft: true\n---\n\nx", "key-misspelled"),
    ("date: 2026-01-01\nstatus: half way\n---\n\nx", "standing-unclear"),
    (
        "date: 2026-01-01\npermalink: /{{ page.fileSlug }}/\n---\n\nx",
        "address-unusable",
    ),
    (
        "date: 2026-01-01\naliases: ['https://elsewhere.example/x']\n---\n\nx",
        "alias-unusable",
    ),
    ("date: 2026-01-01\npermalink: /tags/x\n---\n\nx", "address-unusable"),
    ("date: 2026-01-02\npermalink: /posts/other\n---\n\nx", "address-taken"),
    ("date: 2026-01-01\naudio: none.mp3\n---\n\nx", "enclosure-missing"),
    ("date: 2026-01-01\nimage: none.png\n---\n\nx", "picture-missing"),
    // markup of other tools
    ("date: 2026-01-01\n---\n\nx {{< qr a >}}", "shortcode-unknown"),
    ("date: 2026-01-01\n---\n\nx {% gallery a %}", "shortcode-unknown"),
    ("date: 2026-01-01\n---\n\nx {{ page.url }}", "shortcode-unknown"),
    (
        "date: 2026-01-01\n---\n\nx <div>{{ \"a\" | team }}</div>",
        "shortcode-unknown",
    ),
    ("date: 2026-01-01\n---\n\nx [a]({{ b.c }}/d)", "shortcode-unknown"),
    ("date: 2026-01-01\n---\n\n{% assign x = 1 %}\n\nx", "tag-left-out"),
    ("date: 2026-01-01\n---\n\n<Chart data={a} />\n\nx", "tag-left-out"),
    ("date: 2026-01-01\n---\n\nx <Chart data={a} />", "tag-left-out"),
    ("date: 2026-01-01\n---\n\n--8<-- \"b.md\"\n\nx", "tag-left-out"),
    ("date: 2026-01-01\n---\n\n<<< @/b.js\n\nx", "tag-left-out"),
    // HTML
    (
        "date: 2026-01-01\n---\n\n<iframe src=\"https://a.test\" />\n\nx",
        "html-self-closed",
    ),
    ("date: 2026-01-01\n---\n\nThe tag <title> is text.", "html-unclosed"),
    ("date: 2026-01-01\n---\n\n<script>y</script>\n\nx", "html-removed"),
    ("date: 2026-01-01\n---\n\n<p style=\"color: red\">x</p>", "html-removed"),
    ("date: 2026-01-01\n---\n\n<!-- y\n\nx", "comment-unclosed"),
    // links
    ("date: 2026-01-01\n---\n\n[a](none.md)", "link-nowhere"),
    ("date: 2026-01-01\n---\n\n[[None]]", "link-nowhere"),
    ("date: 2026-01-01\n---\n\n[a](/none/)", "link-nowhere"),
    ("date: 2026-01-01\n---\n\n![a](none.png)", "picture-missing"),
    ("date: 2026-01-01\n---\n\n[a](draft.md)", "link-not-public"),
    ("date: 2026-01-01\n---\n\n[a](other.md#none)", "link-part-missing"),
    ("date: 2026-01-01\n---\n\n[a](code.py)", "media-not-served"),
    ("date: 2026-01-01\n---\n\n[a](/web/another-post/)", "link-guessed"),
    (
        "date: 2026-01-01\n---\n\n[a](/w/another-post/) [b](/w/another-post) [c](/w/another-post/#x) [d](/w/another-post/?y)",
        "old-addresses",
    ),
];

#[test]
fn every_guess_is_said() {
    let mut unsaid = Vec::new();
    for (text, code) in GUESSES {
        let folder = TestFolder::new();
        folder.write("other.md", "---\ntitle: Other\ndate: 2026-01-01\n---\nx");
        folder.write("another-post.md", "---\ntitle: Another\ndate: 2026-01-01\n---\nx");
        folder.write("draft.md", "---\ntitle: Draft\ndraft: true\n---\nx");
        folder.write("code.py", "x");
        folder.write("a.md", format!("---\ntitle: A\n{text}\n"));
        let site = folder.site(CONFIG);
        let found: Vec<&str> = said(&site, "a.md").map(|diagnostic| diagnostic.code).collect();
        if !found.contains(&code) {
            unsaid.push(format!("{text}: {code} is not in {found:?}"));
        }
    }
    assert!(unsaid.is_empty(), "{}", unsaid.join("\n"));
}

/// Signs of guesses, each with the codes of which one must be said.
type Signs = Vec<(String, &'static [&'static str])>;

/// What readers get of `post` that the author did not write so.
fn signs_of_guesses(site: &Site, post: &Post, html: &str, text: &str) -> Signs {
    let mut signs = Signs::new();
    for tag in outline(text).unknown_tags() {
        let codes: &[&str] = if tag.is_shown {
            &["shortcode-unknown"]
        } else {
            &["tag-left-out"]
        };
        signs.push((tag.written.clone(), codes));
    }
    for start in ["href=\"https://example.com", "src=\"https://example.com"] {
        for rest in html.split(start).skip(1) {
            let address = rest.split('"').next().unwrap_or_default();
            let path = address.split('#').next().unwrap_or_default();
            let path = if path.is_empty() { "/" } else { path };
            if get(site, path).0 == 404 && !path.starts_with("/media/") {
                signs.push((address.to_owned(), &["link-nowhere", "picture-missing", "link-not-public"]));
            }
        }
    }
    let is_untold = |tag: &str| text.contains(tag) && !html.contains(&tag.replace('<', "&lt;"));
    for tag in ["<script", "<button", "<form", "<svg"] {
        if is_untold(tag) {
            signs.push((tag.to_owned(), &["html-removed", "tag-left-out"]));
        }
    }
    if post.origins.date == Origin::FileTime && !post.kind.is_page() {
        signs.push(("no date".to_owned(), &["date-missing"]));
    }
    signs
}

#[test]
fn every_guess_in_the_site_of_a_tool_is_said() {
    let mut count = 0;
    for (tool, below) in TOOLS {
        let site = site_of(tool, below);
        let feed = site.feed(&Scope::Site, Place::Newest, Format::Json).unwrap();
        let feed: Value = serde_json::from_slice(feed.bytes()).unwrap();
        let mut of_tool = 0;
        for post in site.all().iter() {
            let items = feed["items"].as_array().unwrap();
            let item = items.iter().find(|item| item["id"] == *post.id);
            let html = item.and_then(|item| item["content_html"].as_str()).unwrap_or_default();
            let text = site.texts().text_once(post).unwrap();
            let codes: Vec<&str> = said(&site, post.source.as_str()).map(|diagnostic| diagnostic.code).collect();
            for (sign, expected) in signs_of_guesses(&site, post, html, &text) {
                of_tool += 1;
                let is_said = expected.iter().any(|code| codes.contains(code));
                assert!(is_said, "{tool}: {}: `{sign}` is not said: {codes:?}", post.source);
            }
        }
        count += of_tool;
    }
    assert!(count > 20, "the fixtures have few guesses: {count}");
}
