//! No visible text of a post disappears, and no hidden text appears, in any document. Real posts are beside the checkout, or in the
//! folder that the variable `FEEDMILL_CORPORA` names.

use std::collections::BTreeSet;
use std::fs;

use camino::Utf8Path;
use feedmill::post::markdown;
use feedmill::site::Site;
use proptest::prelude::*;
use proptest::test_runner::Config as Cases;
use serde_json::Value;

use crate::still::{TestFolder, codes, files, get};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 1000\n";

/// Parts of a post. `W` stands for a visible word, `H` for a hidden one, `S` for a word in a script, which is not shown although its
/// author does not hide it, and `N` for the beginning of a line in the container of the part.
#[rustfmt::skip]
const PARTS: [&str; 90] = [
    "W W *W* **W** `W` ~~W~~ _W_", "## W W", "W\n===", "- W\n- W\n  - W\n\n    W", "1. W\n2. W", "> W\n> > W\n\nW", "- [x] W\n- [ ] W",
    "| W | W |\n|---|---|\n| W | W |", "```\nW < W & W\n```", "    W W", "[W](https://a.test/b) W", "W<br>W<br/>W", "<https://a.test/> W",
    "[W][x] W\n\n[x]: https://a.test", "> [!note] W\n> W", ":::tip[W]\nW\n:::", "!!! W\n\nW", "W & W < W > W \" W ' W", "&amp; W &lt; W &copy; W",
    "<div>W</div>", "<div>\n\nW *W*\n\n</div>", "<p>W", "<p>W<p>W", "<b>W", "W <b>W <i>W</b> W</i> W", "<div><b>W</div>W</b>", "</div>W", "W </p> W",
    "<table><tr><td>W<td>W<tr><td>W</table>", "<table>W<tr>W<td>W</table>W", "<td>W</td>", "<li>W<li>W", "<ul><li>W<ul><li>W</ul><li>W</ul>",
    "<details><summary>W</summary>W</details>", "<figure><img src=a.png><figcaption>W</figcaption></figure>", "<pre>W\n\nW</pre>",
    "<center><font color=red>W</font></center>", "<Card title=x>W</Card>", "<Tabs>\n\nW\n\n</Tabs>", "<x-y>W</x-y> W", "<svg><path/></svg> W",
    "<iframe src='https://a.test/x' />\nW", "<iframe src='https://a.test/x' />\n\nW", "<video src='a.mp4' />\n\nW", "<audio src='a.mp3' /> W",
    "<div class='x' />\n\nW", "W <span /> W", "<a name='x' /> W", "<script src='a.js' />\n\nW", "<style />\n\nW", "<textarea />\n\nW", "<p/>W",
    "W <title> W", "W <textarea> W", "W <style> W", "W <xmp> W", "W <iframe> W", "W <noembed> W", "W <noframes> W", "W <script> W", "W <plaintext> W",
    "W <select> W", "W <template> W", "<noembed>\n\nW", "<xmp>W\n\nW", "<noframes>\n\nW", "<plaintext>W\n\nW",
    "<iframe src='https://a.test/y'>\n\nW", "<title>W</title>W", "<textarea>W</textarea>W", "<select><option>W<option>W</select>W",
    "<div class=\"x\n\nW", "W <b class= W", "<![CDATA[ W\n\nW", "W <? W", "<form><label>W <input></label><button>W</button></form>",
    "<math><mi>W</mi></math> W", "<ruby>W<rt>W</rt></ruby>",
    "> W <!-- W", "- W <!-- W\n- W", "- W\n\n  W <!-- W\n\n  W", "> <? W", "> <![CDATA[ W", "> %% W", "- {/* W\n- W", "> {::comment} W",
    "> ```\n> W", "- ```\n  W", "> <textarea> W", "> - <script> W",
];

#[rustfmt::skip]
const HIDING: [&str; 42] = [
    "W <!-- H --> W", "<!-- H\n\nH -->\n\nW", "<!--\n```\nH\n-->\n\nW", "W %%H%% W", "%%\nH\n\nH\n%%\n\nW", "W {# H #} W", "{# H\n\nH #}\n\nW",
    "W {% comment %} H {% endcomment %} W", "{%- comment -%}\nH\n\nH\n{%- endcomment -%}\n\nW", "W {% # H %} W", "W {{/* H */}} W",
    "{{- /* H\n\nH */ -}}\n\nW", "{{< comment >}}\nH\n{{< /comment >}}\n\nW", "W {{!-- H --}} W", "W {/* H */} W", "W {::comment}H{:/comment} W",
    "{::comment}\nH\n\nH\n{:/comment}\n\nW", "<div hidden>H</div>W", "<div hidden>\n\nH *H*\n\n<div>H</div>\n\nH\n\n</div>\n\nW",
    "<p style=\"display:none\">H</p>\n\nW", "W <span style='visibility: hidden'>H</span> W", "<template>H</template>\n\nW", "<p hidden>H\n\nW",
    "<section hidden><p>H<ul><li>H</ul></section>\n\nW", "> <!-- H\n> H\n\nW", "W <b hidden>H <i>H</i></b> W",
    "- <!-- H\n\n  H\n\nW", "- W\n\n  <!-- H\n\n  H\n- W", "> - W\n>   - <!-- H\n>     H\n>\n>   W", "[^n]: <!-- H\n\n    H\n\nW",
    "> <!-- H\n> H\n>\n> H -->\n> W", "> <!-- H\nH -->\n\nW", "> W <!-- H\nH --> W", "- W\n\n  W <!-- H\n  H --> W", "> W <b hidden>H\n> H\n\nW",
    "- W\n\n  <div hidden>\n\n  H\n- W", "> {# H\n\nH #}\n\nW", "- W {% comment %}\n\nH\n\n{% endcomment %} W",
    "<script>S</script>\n\nW", "<style>\n\nS\n\n</style>\n\nW", "W <script>S</script> W", "<noscript>W</noscript>",
];

/// A post, with its visible words in order, and its hidden ones.
#[derive(Clone, Debug)]
struct Woven {
    text: String,
    shown: Vec<String>,
    hidden: Vec<String>,
    /// Hidden from readers, but part of the Markdown.
    scripts: Vec<String>,
}

fn woven(parts: &[(usize, usize)], seed: usize) -> Woven {
    let all: Vec<&str> = PARTS.iter().chain(&HIDING).copied().collect();
    let mut woven = Woven {
        text: String::new(),
        shown: Vec::new(),
        hidden: Vec::new(),
        scripts: Vec::new(),
    };
    let mut number = 0;
    for &(part, container) in parts {
        let mut written = String::new();
        for c in all[part % all.len()].chars() {
            let (kind, words) = match c {
                'W' => ('w', &mut woven.shown),
                'H' => ('h', &mut woven.hidden),
                'S' => ('s', &mut woven.scripts),
                c => {
                    written.push(c);
                    continue;
                }
            };
            // only letters, so that the search does not split it
            let letters: String = format!("{seed}-{number}")
                .bytes()
                .map(|byte| char::from(b'a' + byte % 26))
                .collect();
            let word = format!("{kind}{letters}q");
            number += 1;
            written.push_str(&word);
            words.push(word);
        }
        let (first, others) = [("", ""), ("> ", "> "), ("- ", "  "), ("1. ", "   ")][container % 4];
        for (at, line) in written.split('\n').enumerate() {
            let mark = if at == 0 { first } else { others };
            woven.text.push_str(format!("{mark}{line}").trim_end());
            woven.text.push('\n');
        }
        woven.text.push('\n');
    }
    woven
}

/// The text of `html`, without the code under test.
fn stripped(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        text.push(' ');
    }
    text
}

/// The first of `words` that is not in `text` after those before it.
fn missing<'w>(text: &str, words: &'w [String]) -> Option<&'w str> {
    let mut rest = text;
    for word in words {
        match rest.split_once(word.as_str()) {
            Some((_, after)) => rest = after,
            None => return Some(word),
        }
    }
    None
}

fn feeds(site: &Site) -> [(&'static str, Vec<(String, String)>); 3] {
    let json: Value = serde_json::from_str(&get(site, "/feed.json").1).unwrap();
    let json = json["items"].as_array().unwrap().iter();
    let json = json.map(|item| {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        (text("url"), text("content_html"))
    });
    let xml = |path: &str, item: &str, link: fn(roxmltree::Node<'_, '_>) -> Option<String>, content: &str| {
        let text = get(site, path).1;
        let document = roxmltree::Document::parse(&text).unwrap();
        let items = document.descendants().filter(|node| node.tag_name().name() == item);
        items
            .map(|node| {
                let child = |name: &str| node.children().find(|child| child.tag_name().name() == name);
                let url = child("link").and_then(link).unwrap_or_default();
                // RSS has the text there if there is no summary
                let content = child(content).or_else(|| child("description"));
                (url, content.and_then(|node| node.text()).unwrap_or_default().to_owned())
            })
            .collect::<Vec<_>>()
    };
    [
        ("JSON", json.collect()),
        (
            "RSS",
            xml("/rss.xml", "item", |node| node.text().map(str::to_owned), "encoded"),
        ),
        (
            "Atom",
            xml(
                "/atom.xml",
                "entry",
                |node| node.attribute("href").map(str::to_owned),
                "content",
            ),
        ),
    ]
}

fn check(posts: &[Woven]) {
    let folder = TestFolder::new();
    for (number, post) in posts.iter().enumerate() {
        let text = format!("---\ntitle: P{number}\ndate: 2026-01-01\nslug: p{number}\n---\n{}", post.text);
        folder.write(format!("p{number}.md"), text);
    }
    let site = folder.site(CONFIG);
    let feeds = feeds(&site);
    let (_, listing) = get(&site, "/api/posts?include=content&per_page=200");
    for (number, post) in posts.iter().enumerate() {
        let Woven {
            text,
            shown,
            hidden,
            scripts,
        } = post;
        let (status, page) = get(&site, &format!("/posts/p{number}"));
        assert_eq!(status, 200);
        let page = page.split("<article").nth(1).unwrap_or(&page).to_owned();
        let mut outlets = vec![("page", page)];
        for (name, items) in &feeds {
            let item = items.iter().find(|(url, _)| url.ends_with(&format!("/posts/p{number}")));
            outlets.push((name, item.unwrap_or_else(|| panic!("p{number} in {name}")).1.clone()));
        }
        for (name, html) in &outlets {
            let text_shown = stripped(html);
            assert_eq!(missing(&text_shown, shown), None, "{name} of\n{text}\nis\n{html}");
            for word in hidden.iter().chain(scripts) {
                assert!(!html.contains(word.as_str()), "{name} of\n{text}\nhas {word}:\n{html}");
            }
        }
        let (_, source) = get(&site, &format!("/posts/p{number}.md"));
        for word in hidden {
            assert!(
                !source.contains(word.as_str()),
                "the source of\n{text}\nhas {word}:\n{source}"
            );
            assert!(!listing.contains(word.as_str()), "the listing of\n{text}\nhas {word}");
            let (_, found) = get(&site, &format!("/api/posts?q={word}"));
            let found: Value = serde_json::from_str(&found).unwrap();
            assert_eq!(found["posts"], Value::Array(Vec::new()), "a search finds {word} of\n{text}");
        }
        assert_eq!(missing(&source, shown), None, "the source of\n{text}\nis\n{source}");
        assert_eq!(markdown::without_hidden(&source), source);
    }
}

#[test]
fn each_part_alone_and_followed() {
    let all = PARTS.len() + HIDING.len();
    let followed = (0..all).map(|part| woven(&[(part, 0), (0, 0)], part));
    let nested =
        (0..all).flat_map(|part| (1..4).map(move |container| woven(&[(part, container), (0, 0)], 1000 * container + part)));
    check(&followed.chain(nested).collect::<Vec<_>>());
}

/// The number of cases of the property below; the variable `FEEDMILL_LAW_CASES` sets another one.
fn cases() -> u32 {
    let asked = std::env::var("FEEDMILL_LAW_CASES").ok();
    asked.and_then(|number| number.parse().ok()).unwrap_or(12)
}

proptest! {
    #![proptest_config(Cases::with_cases(cases()))]
    #[test]
    fn every_word_that_is_not_hidden_is_shown_in_order_and_no_other(
        posts in prop::collection::vec(prop::collection::vec((0_usize..10_000, 0_usize..12), 1..8), 24)
    ) {
        // most parts are in no container
        let container = |number: usize| if number < 4 { number } else { 0 };
        let posts: Vec<Woven> = posts
            .iter()
            .enumerate()
            .map(|(seed, parts)| woven(&parts.iter().map(|&(part, place)| (part, container(place))).collect::<Vec<_>>(), seed))
            .collect();
        check(&posts);
    }
}

#[test]
fn removed_and_repaired_markup_has_a_diagnostic_with_its_line() {
    let folder = TestFolder::new();
    let text = "---\ntitle: A\ndate: 2026-01-01\n---\nA <video src='x' />\n\n<script>\nb\n</script>\n\n<p onclick=x>c</p>\n\n\
                the <title> d\n\n<!-- e";
    folder.write("a.md", text);
    let site = folder.site(CONFIG);
    let said: Vec<(&str, usize, &str)> = site
        .diagnostics
        .iter()
        .map(|said| {
            (
                said.code,
                said.position.map_or(0, |position| position.line),
                said.message.as_str(),
            )
        })
        .collect();
    let expected = [
        (
            "html-self-closed",
            5,
            "`<video … />` means nothing in HTML, and is taken as closed here",
        ),
        ("picture-missing", 5, "`x` is not shown: there is no such file"),
        ("html-removed", 7, "`<script` and one more like it are removed"),
        ("html-unclosed", 13, "`<title>` does not end, so it is shown as text"),
        (
            "comment-unclosed",
            15,
            "the comment that begins here does not end, so nothing after it is shown",
        ),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_post_that_could_only_be_shown_in_part_is_held_back() {
    let folder = TestFolder::new();
    let table = format!("|{}\n|{}\n{}", "a|".repeat(300), "-|".repeat(300), "|a\n".repeat(9000));
    folder.write("a.md", format!("---\ntitle: A\ndate: 2026-01-01\nslug: a\n---\n{table}"));
    let site = folder.site(CONFIG);
    assert_eq!(get(&site, "/posts/a").0, 404);
    assert_eq!(codes(&site, "a.md"), ["too-complex"]);
    assert!(site.post(Utf8Path::new("a.md")).is_some_and(|post| post.is_held));
    // a large one that can be shown is published
    folder.write(
        "a.md",
        format!(
            "---\ntitle: A\ndate: 2026-01-01\nslug: a\n---\n{}",
            "a & b | c\n\n".repeat(20_000)
        ),
    );
    let site = folder.site(CONFIG);
    assert_eq!(get(&site, "/posts/a").0, 200);
    assert_eq!(codes(&site, "a.md"), [""; 0]);
}

/// The visible text of a line of Markdown: without tags, targets of links and template tags.
fn prose(line: &str) -> String {
    let mut out = String::new();
    // a fence contains a language, and a definition an address
    let is_fence = ["```", "~~~"]
        .iter()
        .any(|fence| line.trim_start_matches([' ', '>']).starts_with(fence));
    if is_fence || (line.starts_with('[') && line.contains("]:")) {
        return out;
    }
    let line = line.replace("&nbsp;", " ");
    let mut rest = line.as_str();
    while let Some(at) = rest.find(['<', '{', ']', '`']) {
        out.push_str(&rest[..at]);
        let after = &rest[at..];
        let end = match after.as_bytes() {
            [b'<', ..] => after.find('>'),
            [b'{', ..] => after.rfind('}'),
            [b']', b'(', ..] => after.find(')'),
            [b']', b'[' | b':', ..] => Some(after.len() - 1),
            _ => None,
        };
        rest = &after[end.unwrap_or(0) + 1..];
        out.push(' ');
    }
    out.push_str(rest);
    out
}

#[test]
fn real_posts_lose_no_words() {
    let beside = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let corpora = std::env::var("FEEDMILL_CORPORA").map_or(beside, Into::into);
    for name in ["18f", "cordova", "rust-blog"] {
        let path = corpora.join(name);
        if !path.is_dir() {
            println!("SKIPPED: there is no {path}");
            continue;
        }
        let folder = TestFolder::new();
        for file in files(&path) {
            if file.extension() == Some("md") {
                folder.write(&file, fs::read(path.join(&file)).unwrap());
            }
        }
        let site = folder.site(CONFIG);
        let (mut words, mut lost) = (0, Vec::new());
        for post in site.index.posts().iter() {
            let (_, body) = get(&site, &format!("{}.md", request_path(&post.address)));
            let page = feedmill::post::html::text(&get(&site, &request_path(&post.address)).1);
            let shown: BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric()).collect();
            for line in body.lines().map(prose) {
                for word in line.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
                    words += 1;
                    if !shown.contains(word) {
                        lost.push(format!("{}: {word}", &post.source));
                    }
                }
            }
        }
        println!(
            "{name}: {} of {words} words are not on the pages: {:?}",
            lost.len(),
            &lost[..lost.len().min(20)]
        );
        // addresses and character references, which this simple parser takes for text
        assert!(lost.len() * 500 < words, "{name}: {} of {words}", lost.len());
    }
}

fn request_path(address: &str) -> String {
    percent_encoding::utf8_percent_encode(address, percent_encoding::CONTROLS).to_string()
}
