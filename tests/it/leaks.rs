//! Posts that other tools do not publish are in no document.
//!
//! The fixture contains files with a unique word in title, text, tags and name, and what the tools themselves published of them
//! (`benches/leaks`). The files of each tool have its usual layout. Beside each is a plain post, which must be found.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::time::{Duration, Instant};

use feedmill::post::PATH_PART;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use url::Url;

use crate::server::{Answer, TestSite};

#[derive(Deserialize)]
struct Fixture {
    tools: BTreeMap<String, Tool>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Tool {
    /// The files in every site of the tool: its configuration.
    signs: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize)]
struct Case {
    tool: String,
    what: String,
    /// The word that is only in its files.
    marker: String,
    hides: Hides,
    /// What the tool publishes; without the tool, what the rule says.
    published: Published,
    files: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Hides {
    /// All of its files.
    Post,
    /// A text in them: the marker with `hidden`.
    Text,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Published {
    Yes,
    /// Readable by people who know the address.
    Unlisted,
    No,
}

/// Cases that a tool publishes and feedmill does not, with the reason: in doubt, a post is not published.
const HELD_ALTHOUGH_PUBLISHED: &[(&str, &str, &str)] = &[
    ("hugo", "draft: yes", "YAML 1.1 and people say yes by it"),
    ("hugo", "draft: on", "YAML 1.1 and people say yes by it"),
    ("hugo", "draft: maybe", "it is not understood"),
    ("hexo", "published: no", "YAML 1.1 and people say no by it"),
    ("hexo", "published: off", "YAML 1.1 and people say no by it"),
    ("eleventy", "date 2027-02-30", "there is no such day"),
    ("pelican", "dot file", "files that begin with a dot are not posts"),
    ("nikola", ".. tags: draft", "older versions of Nikola keep it back"),
    ("nikola", ".. tags: private", "older versions of Nikola keep it back"),
    ("nikola", ".. tags: §tag, draft", "older versions of Nikola keep it back"),
    ("nikola", ".. tags: §tag, private", "older versions of Nikola keep it back"),
    (
        "nikola",
        ".. status: Draft",
        "a word does not mean something else for its capital",
    ),
    ("nikola", "two files .. tags: draft", "older versions of Nikola keep it back"),
];

const BASE: &str = "https://example.com";
const CONFIG: &str = "site.base_url = 'https://example.com'\nfeed.limit = 40\nfeed.markdown = true\nlist.per_page = 40\n";

fn fixture() -> Fixture {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/leaks.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

impl Case {
    fn is_plain(&self) -> bool {
        self.marker.starts_with("xqzopen")
    }

    /// The word that may be in no list.
    fn word(&self) -> String {
        match self.hides {
            Hides::Post => self.marker.clone(),
            Hides::Text => format!("{}hidden", self.marker),
        }
    }

    /// Whether it, or a text in it, may be in no list.
    fn is_kept_back(&self) -> bool {
        self.hides == Hides::Text || self.published != Published::Yes
    }

    /// The last parts of possible addresses of a post from these files.
    fn slugs(&self) -> BTreeSet<String> {
        let mut slugs = BTreeSet::from([format!("{}title", self.marker), format!("{}slug", self.marker)]);
        for path in self.files.keys() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            let folder = path.rsplit('/').nth(1).unwrap_or_default();
            for part in [name, stem, folder] {
                let undated = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
                slugs.extend([part, undated].map(str::to_owned));
            }
        }
        slugs.retain(|slug| slug.contains(&self.marker));
        slugs
    }

    /// Requests for documents that must not be served, even if a client guesses their addresses.
    fn guesses(&self) -> Vec<String> {
        let mut guesses = Vec::new();
        for slug in self.slugs() {
            let slug = encoded(&slug);
            guesses.extend([
                format!("/posts/{slug}"),
                format!("/posts/{slug}.md"),
                format!("/api/posts/{slug}"),
            ]);
        }
        for path in self.files.keys() {
            guesses.push(format!("/{}", encoded(path)));
            let media = format!("/media/{}", encoded(path));
            guesses.extend([
                media.replace('.', "%2E"),
                media.replacen("/media/", "/media//", 1),
                media.replacen("/media/", "/media/./", 1),
                format!("{media}/"),
                format!("{media}~"),
                media,
            ]);
        }
        let tag = format!("/tags/{}tag", self.marker);
        guesses.extend([format!("{tag}/rss.xml"), format!("{tag}/archive/1/atom.xml"), tag]);
        guesses
    }
}

/// `path` with each part percent-encoded.
fn encoded(path: &str) -> String {
    let parts = path.split('/').map(|part| utf8_percent_encode(part, PATH_PART).to_string());
    parts.collect::<Vec<_>>().join("/")
}

/// A site of `cases`, with only the files below `within`, relative to it.
fn site_of(tool: &Tool, cases: &[Case], within: &str) -> TestSite {
    let files = tool.signs.iter().chain(cases.iter().flat_map(|case| &case.files));
    let files: Vec<(&str, &str)> = files
        .filter_map(|(path, text)| Some((path.strip_prefix(within)?, text.as_str())))
        .collect();
    let site = TestSite::start(&files, CONFIG);
    // inherited data that was just written is not used at once, and neither are its posts
    let since = Instant::now();
    let is_complete = |site: &TestSite| {
        let listed = all_listed(site);
        cases
            .iter()
            .filter(|case| case.is_plain())
            .all(|case| listed.contains(&case.marker))
    };
    while !is_complete(&site) && since.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(100));
    }
    site
}

/// The whole listing.
fn all_listed(site: &TestSite) -> String {
    let page = |number| site.get(&format!("/api/posts?per_page=200&page={number}"));
    let first = page(1);
    let pages = first.json()["pages"].as_u64().unwrap();
    (2..=pages).fold(first.body, |all, number| all + &page(number).body)
}

/// The addresses on the site in `answer`, the response to `path`.
fn links(path: &str, answer: &Answer) -> BTreeSet<String> {
    let Ok(here) = Url::parse(BASE).and_then(|base| base.join(path)) else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    let mut add = |address: &str| {
        if let Ok(url) = here.join(&address.replace("&amp;", "&"))
            && url.as_str().starts_with(BASE)
        {
            let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
            found.insert(format!("{}{query}", url.path()));
        }
    };
    let texts = [&*answer.body, answer.header("link"), answer.header("location")];
    for text in texts {
        for (at, _) in text.match_indices(BASE) {
            let address = &text[at..];
            let end = address.find(|c: char| c.is_whitespace() || "\"'<>)\\".contains(c));
            add(&address[..end.unwrap_or(address.len())]);
        }
        for attribute in ["href=\"", "src=\""] {
            for (at, _) in text.match_indices(attribute) {
                let address = &text[at + attribute.len()..];
                add(address.split('"').next().unwrap_or_default());
            }
        }
    }
    add(answer.header("location"));
    found
}

/// Every document that can be reached, by its path.
fn reached(site: &TestSite) -> BTreeMap<String, String> {
    let seeds = [
        "/",
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/feeds.opml",
        "/sitemap.xml",
        "/robots.txt",
        "/tags",
        "/authors",
        "/sections",
        "/years",
        "/search",
        "/search?q=body",
        "/subscribe",
        "/openapi.json",
        "/api/posts",
        "/api/posts?per_page=200&include=content",
        "/api/posts?q=post&include=content",
        "/api/posts?since=2000-01-01T00:00:00Z",
        "/api/tags",
        "/api/authors",
        "/api/sections",
        "/nowhere",
        "/posts/nowhere",
        "/media/nowhere.png",
        "/api/posts/nowhere",
    ];
    let mut waiting: VecDeque<String> = seeds.map(str::to_owned).into();
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut documents = BTreeMap::new();
    while let Some(path) = waiting.pop_front() {
        let Answer { status, headers, body } = site.get_bytes(&path, &[]);
        let body = String::from_utf8_lossy(&body).into_owned();
        let answer = Answer { status, headers, body };
        for link in links(&path, &answer) {
            if seen.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
        let headers: Vec<String> = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        documents.insert(path, format!("{}\n{}", headers.join("\n"), answer.body));
        assert!(documents.len() < 20_000, "the site has no end");
    }
    documents
}

/// The cases of `kept` whose words are in a document, with the path of the document.
fn shown<'a>(kept: &[&'a Case], documents: &BTreeMap<String, String>) -> BTreeMap<&'a str, (&'a Case, String)> {
    let mut leaks = BTreeMap::new();
    for (path, document) in documents {
        if !document.contains("xqzleak") {
            continue;
        }
        for case in kept.iter().filter(|case| document.contains(&case.word())) {
            leaks.entry(case.marker.as_str()).or_insert_with(|| (*case, path.clone()));
        }
    }
    leaks
}

/// A guessed address or a search that reveals `case`.
fn guessed(site: &TestSite, case: &Case) -> Option<String> {
    let get = |path: &str| {
        let Answer { status, headers, body } = site.get_bytes(path, &[]);
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status, headers, body }
    };
    for word in ["title", "body", "tag", "hidden", ""].map(|end| format!("{}{end}", case.marker)) {
        let is_of_text = word.ends_with("hidden");
        if (case.hides == Hides::Text) != is_of_text {
            continue;
        }
        for path in [format!("/search?q={word}"), format!("/api/posts?q={word}&include=content")] {
            // the request may be repeated in the response
            if get(&path).body.replace(&word, "").contains(&case.marker) {
                return Some(path);
            }
        }
    }
    let is_at_an_address = case.hides == Hides::Text || case.published == Published::Unlisted;
    for path in case.guesses() {
        let answer = get(&path);
        let is_file = path.starts_with("/media/");
        if is_at_an_address && !is_file {
            if case.hides == Hides::Text && answer.body.contains(&case.word()) {
                return Some(path);
            }
            continue;
        }
        let said_again = [path.clone(), path.trim_end_matches(['~', '/']).to_owned()];
        let body = said_again
            .iter()
            .fold(answer.body.clone(), |body, path| body.replace(path, ""));
        // a path that is not canonical is redirected
        let is_elsewhere = (300..400).contains(&answer.status) && answer.header("location") != path;
        if !(answer.status >= 400 || is_elsewhere) || body.contains(&case.marker) {
            return Some(format!("{path} ({})", answer.status));
        }
    }
    None
}

/// The deltas after a new post was written and everything else was saved again.
fn deltas(site: &TestSite, cases: &[Case]) -> BTreeMap<String, String> {
    let feeds = ["/rss.xml", "/atom.xml", "/feed.json"];
    let tags = feeds.map(|path| site.get(path).header("etag").to_owned());
    for case in cases.iter().filter(|case| !case.is_plain()) {
        let is_there = |path: &String| site.path().join(path).exists();
        let own = case
            .files
            .iter()
            .filter(|(path, text)| is_there(path) && text.contains(&case.marker));
        for (path, text) in own {
            site.write(path, &format!("{text}\n{}again\n", case.marker));
        }
    }
    site.write("xqzopen999.md", "---\ntitle: xqzopen999title\ndate: 2024-01-01\n---\nNew.\n");
    site.wait_for("/feed.json", |answer| answer.body.contains("xqzopen999"));
    // and the files saved again are read
    std::thread::sleep(Duration::from_millis(500));
    let delta = |(path, tag): (&str, String)| {
        let answer = site.get_with(path, &[("a-im", "feed"), ("if-none-match", &tag)]);
        assert_eq!(answer.status, 226, "{path}");
        (format!("the delta of {path}"), answer.body)
    };
    feeds.into_iter().zip(tags).map(delta).collect()
}

/// Checks the cases of the tool `name`, which has its posts in `folder`.
fn check(name: &str, folder: &str) {
    let fixture = fixture();
    let cases: Vec<Case> = fixture.cases.into_iter().filter(|case| case.tool == name).collect();
    let kept: Vec<&Case> = cases.iter().filter(|case| case.is_kept_back()).collect();
    assert!(kept.len() > 10, "{name}");
    let tool = &fixture.tools[name];

    // the whole of the tool's site is the folder of posts
    let site = site_of(tool, &cases, "");
    let documents = reached(&site);
    let mut leaks = shown(&kept, &documents);
    for case in &kept {
        if !leaks.contains_key(case.marker.as_str())
            && let Some(path) = guessed(&site, case)
        {
            leaks.insert(&case.marker, (case, path));
        }
    }
    for (marker, (case, path)) in shown(&kept, &deltas(&site, &cases)) {
        leaks.entry(marker).or_insert((case, path));
    }

    // only the tool's folder of posts is
    let inner = site_of(tool, &cases, folder);
    for (marker, (case, path)) in shown(&kept, &reached(&inner)) {
        leaks
            .entry(marker)
            .or_insert((case, format!("{path}, where {folder} is the folder of posts")));
    }

    // what is public is found
    let listed = documents
        .iter()
        .filter(|(path, _)| path.starts_with("/api/posts"))
        .fold(String::new(), |all, (_, document)| all + document);
    let is_excused = |case: &Case| {
        HELD_ALTHOUGH_PUBLISHED
            .iter()
            .any(|(tool, what, _)| *tool == case.tool && *what == case.what)
    };
    let missing: Vec<String> = cases
        .iter()
        .filter(|case| case.published == Published::Yes && case.hides == Hides::Post)
        .filter(|case| !listed.contains(&case.marker) && !is_excused(case))
        .map(|case| format!("{}: {} ({})", case.tool, case.what, case.marker))
        .collect();

    let leaks: Vec<String> = leaks
        .values()
        .map(|(case, path)| format!("{}: {} ({}) in {path}", case.tool, case.what, case.marker))
        .collect();
    assert!(
        leaks.is_empty() && missing.is_empty(),
        "{} of {} leak:\n{}\n{} public ones are missing:\n{}",
        leaks.len(),
        kept.len(),
        leaks.join("\n"),
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn of_hugo() {
    check("hugo", "content/");
}

#[test]
fn of_pelican() {
    check("pelican", "content/");
}

#[test]
fn of_nikola() {
    check("nikola", "posts/");
}

#[test]
fn of_mkdocs() {
    check("mkdocs", "docs/blog/posts/");
}

#[test]
fn of_hexo() {
    check("hexo", "source/");
}

#[test]
fn of_eleventy() {
    check("eleventy", "posts/");
}

#[test]
fn of_jekyll() {
    check("jekyll", "_posts/");
}

#[test]
fn of_rules_without_a_tool() {
    check("rule", "posts/");
}

#[test]
fn there_are_enough_cases_and_a_public_one_for_each() {
    let cases = fixture().cases;
    let judged = |case: &&Case| case.tool != "rule" && !case.is_plain();
    let kept = cases.iter().filter(judged).filter(|case| case.is_kept_back()).count();
    assert!(kept >= 150, "{kept}");
    let plain = cases.iter().filter(|case| case.is_plain()).count();
    assert_eq!(plain, cases.len() - plain);
    for (tool, what, reason) in HELD_ALTHOUGH_PUBLISHED {
        let case = cases.iter().find(|case| case.tool == *tool && case.what == *what);
        assert!(
            case.is_some_and(|case| case.published == Published::Yes),
            "{tool}: {what}: {reason}"
        );
    }
}
