//! Texts of posts that are not in memory: this changes only speed, as long as the files exist.

use feedmill::post::{self, Changes};
use feedmill::site::SiteInput;
use feedmill::source::{FileTexts, ScanScope, Source};

use super::*;
use crate::still::get;

/// The instant of all requests.
const NOW: &str = "2026-06-01T12:00:00Z";

fn config() -> Arc<Config> {
    let toml = "[site]\nbase_url = \"https://example.com\"\n[feed]\nlimit = 5\n[list]\nper_page = 4\n";
    Arc::new(Config::parse("feedmill.toml".into(), toml).unwrap())
}

fn text(n: usize, words: &str) -> String {
    format!(
        "---\ntitle: Post {n}\ndate: 2026-01-{:02}\ntags: [one]\nsummary: Short of {n}.\n---\nThe {words} of *number{n}*, \
         with [a neighbour](p{:02}.md).\n\n{}",
        n + 1,
        (n + 1) % 12,
        "More words, so that it is long. ".repeat(60)
    )
}

/// Twelve posts, some in encodings of other systems, and one found through links.
fn posts() -> Posts {
    let posts = Posts::new();
    for n in 0..10 {
        posts.write(&format!("p{n:02}.md"), &text(n, "whole words"));
    }
    posts.write("p10.md", &text(10, "whole words").replace('\n', "\r\n"));
    posts.write("..data/p11.md", &text(11, "whole words"));
    posts.link("..data/p11.md", "p11.md");
    posts
}

/// The site at `NOW` of the files of `driver`.
fn site(driver: &Driver, previous: Option<&Site>) -> Site {
    let input = SiteInput {
        changes: Changes::all(driver.tracker.posts().cloned().collect()),
        diagnostics: driver.tracker.diagnostics().into(),
        texts: Some(driver.tracker.texts()),
        ..SiteInput::default()
    };
    Site::build(&config(), input, NOW.parse().unwrap(), previous)
}

fn driver(bytes: u64) -> Driver {
    let posts = posts();
    let mut tracker = FileTracker::new(config(), posts.root.clone()).with_cache_limit(bytes);
    tracker.scan(&Hints::everything(), later(), Duration::ZERO);
    let tick = Duration::from_secs(1000);
    Driver { posts, tracker, tick }
}

/// Documents of every kind with texts.
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["rss.xml", "atom.xml", "feed.json"]
        .iter()
        .flat_map(|name| ["", "/archive/1", "/archive/2", "/tags/one"].map(|scope| format!("{scope}/{name}")))
        .collect();
    for n in 0..12 {
        paths.extend([
            format!("/posts/p{n:02}"),
            format!("/posts/p{n:02}.md"),
            format!("/api/posts/p{n:02}"),
        ]);
    }
    let others = [
        "/",
        "/api/posts?include=content&per_page=20",
        "/api/posts?q=number7",
        "/api/posts?q=%22words+of+number3%22",
        "/search?q=neighbour",
    ];
    paths.extend(others.map(str::to_owned));
    paths
}

#[test]
fn documents_are_the_same_whether_texts_are_in_memory_or_not() {
    let posts = posts();
    let config = config();
    let source = Source::folder(posts.root.clone(), &config.posts);
    let scan = source.scan(&ScanScope::Everywhere, &|_| false).unwrap();
    let read = |(path, entry)| {
        let file = source.read(path, entry).unwrap();
        post::read(&file, &config).unwrap().post
    };
    let held: Vec<_> = scan.files.iter().map(|(path, entry)| read((path, entry))).collect();
    assert_eq!(held.len(), 12);
    let site = |texts: Option<FileTexts>| {
        let mut posts = held.clone();
        if let Some(texts) = &texts {
            for post in &mut posts {
                texts.cache_text(post);
            }
            assert!(posts.iter().all(|post| post.text.loaded().is_none()));
        }
        let input = SiteInput {
            changes: Changes::all(posts.into_iter().map(Arc::new).collect()),
            texts: texts.map(|texts| Arc::new(texts) as _),
            ..SiteInput::default()
        };
        Site::build(&config, input, NOW.parse().unwrap(), None)
    };
    let expected = site(None);
    for bytes in [0, 6_000, 1 << 20] {
        let site = site(Some(FileTexts::with_cache_limit(bytes, source.clone())));
        for path in paths() {
            let (status, document) = get(&expected, &path);
            assert_eq!(status, 200, "{path}");
            assert_eq!(get(&site, &path), (200, document), "{path}, with {bytes} bytes kept");
        }
    }
    assert!(get(&expected, "/api/posts?q=number7").1.contains("\"total\":1"));
}

#[test]
fn a_broken_edit_of_a_post_whose_text_is_not_in_memory_keeps_it_listed_and_is_reported() {
    let mut driver = driver(0);
    let before = site(&driver, None);
    let whole = get(&before, "/archive/1/rss.xml").1;
    fs::write(driver.posts.path("p02.md"), b"caf\xe9").unwrap();
    driver.scan_paths(0, &[("p02.md", HintKind::Moved)]);
    let messages = driver.messages().join("\n");
    assert!(
        messages.contains("the last good version stays listed, but its text cannot be shown until this is fixed"),
        "{messages}"
    );
    let broken = site(&driver, None);
    for path in ["/posts/p02", "/posts/p02.md", "/api/posts/p02"] {
        let response = crate::server::ask(&broken, path, "");
        assert_eq!(response.status(), 503, "{path}");
        assert!(response.headers().contains_key("retry-after"), "{path}");
    }
    for path in paths().iter().filter(|path| !path.contains("p02")) {
        assert_eq!(get(&broken, path).0, 200, "{path}");
    }
    let archive = get(&broken, "/archive/1/rss.xml").1;
    assert!(archive.contains("Short of 2.") && !archive.contains("number2") && archive.contains("number3"));
    let listing = get(&broken, "/api/posts?include=content&per_page=20").1;
    assert!(listing.contains("Short of 2.") && !listing.contains("number2") && listing.contains("number3"));
    assert!(
        get(&broken, "/api/posts?q=short").1.contains("\"total\":12"),
        "it is found by its summary"
    );
    // the same file is back: documents without its text were not cached, neither for this site nor for the next
    driver.posts.write("p02.md", &text(2, "whole words"));
    assert_eq!(get(&broken, "/archive/1/rss.xml").1, whole);
    driver.scan_paths(0, &[("p02.md", HintKind::Moved)]);
    let mended = site(&driver, Some(&broken));
    assert!(!driver.messages().join("\n").contains("error"));
    for path in paths() {
        assert_eq!(get(&mended, &path), get(&before, &path), "{path}");
    }
}

#[test]
fn a_newest_feed_that_lacks_a_text_is_made_again_until_it_has_it() {
    let mut driver = driver(0);
    let whole = get(&site(&driver, None), "/feed.json").1;
    driver.posts.rename("p09.md", "../away");
    let lacking = site(&driver, None);
    let feed = get(&lacking, "/feed.json").1;
    assert!(feed.contains("Short of 9.") && !feed.contains("number9") && feed.contains("number8"));
    driver.posts.rename("../away", "p09.md");
    assert_eq!(get(&lacking, "/feed.json").1, whole);
    driver.scan(0);
}

#[test]
fn a_mistake_in_the_front_matter_keeps_the_text_readable() {
    let mut driver = driver(0);
    let slip = text(2, "whole words").replace("date: 2026-01-03", "date: 2026-13-03");
    driver.posts.write("p02.md", &slip);
    driver.scan_paths(0, &[("p02.md", HintKind::Moved)]);
    assert!(driver.messages().join("\n").contains("the last good version stays published"));
    let page = get(&site(&driver, None), "/posts/p02");
    assert!(page.0 == 200 && page.1.contains("number2"), "{page:?}");
}

#[test]
fn a_folder_that_cannot_be_read_keeps_cached_documents() {
    let mut driver = driver(0);
    let site = site(&driver, None);
    let made = ["/rss.xml", "/atom.xml", "/feed.json", "/tags/one/rss.xml", "/posts/p04"];
    let before = made.map(|path| get(&site, path));
    driver.posts.rename("../posts", "../unmounted");
    driver.scan(0);
    assert!(driver.tracker.degraded_reason().is_some());
    assert_eq!(made.map(|path| get(&site, path)), before);
    assert_eq!(get(&site, "/").0, 200);
    assert_eq!(get(&site, "/posts/p05").0, 503);
    fs::rename(driver.posts.path_outside("unmounted"), &driver.posts.root).unwrap();
    assert_eq!(get(&site, "/posts/p05").0, 200);
}
