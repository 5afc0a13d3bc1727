//! From a save to every document, over HTTP.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use feedmill::config::Config;
use feedmill::source::MemorySource;
use feedmill::time::Timestamp;

use crate::server::TestSite;

/// Documents that a post without tags and section is in.
const EVERYWHERE: [&str; 5] = ["/rss.xml", "/atom.xml", "/feed.json", "/api/posts", "/"];

#[test]
fn a_save_shows_in_every_document_at_once() {
    let site = TestSite::start(&[("a.md", "---\ntitle: First\ndate: 2026-01-01\n---\n")], "");
    site.write(
        "b.md",
        "---\ntitle: Second words\ndate: 2026-01-02\ntags: [new]\n---\nBody.\n",
    );
    site.wait_for("/posts/b", |answer| answer.status == 200);
    for path in EVERYWHERE
        .into_iter()
        .chain(["/tags/new/rss.xml", "/tags/new/feed.json", "/tags/new"])
    {
        let answer = site.get(path);
        assert!(
            answer.status == 200 && answer.body.contains("Second words"),
            "{path}: {answer:?}"
        );
    }
    // an edit changes the tags: only the scope without posts is gone
    site.write("b.md", "---\ntitle: Third words\ndate: 2026-01-02\n---\nBody.\n");
    site.wait_for("/rss.xml", |answer| answer.body.contains("Third words"));
    assert_eq!(site.get("/tags/new/rss.xml").status, 404);
    for path in EVERYWHERE {
        assert!(!site.get(path).body.contains("Second words"), "{path}");
    }
    fs::remove_file(site.path().join("b.md")).unwrap();
    site.wait_for("/posts/b", |answer| answer.status == 410);
    assert!(EVERYWHERE.iter().all(|path| !site.get(path).body.contains("Third words")));
}

#[test]
fn posts_and_pictures_of_a_source_without_a_disk_are_served_and_followed() {
    let memory = MemorySource::new(&Config::default().posts);
    let time: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
    memory.insert("a.md", "---\ntitle: First\ndate: 2026-01-01\n---\n![](reeds.png)\n", time);
    memory.insert("reeds.png", b"\x89PNG\r\n\x1a\n", time);
    let site = TestSite::of_memory(&memory);
    assert!(site.get("/rss.xml").body.contains("/media/reeds.png"));
    let picture = site.get_bytes("/media/reeds.png", &[]);
    assert_eq!((picture.status, &*picture.body), (200, &b"\x89PNG\r\n\x1a\n"[..]));
    memory.insert("b.md", "---\ntitle: Second words\ndate: 2026-01-02\n---\n", time);
    site.wait_for("/rss.xml", |answer| answer.body.contains("Second words"));
    memory.remove("a.md");
    site.wait_for("/posts/a", |answer| answer.status == 410);
    assert!(site.get("/rss.xml").body.contains("Second words"));
}

#[test]
fn a_broken_edit_keeps_the_last_good_version_and_touches_no_other() {
    let good = "---\ntitle: Good words\ndate: 2026-01-01\n---\n";
    let site = TestSite::start(&[("a.md", good), ("b.md", "---\ndate: 2026-01-02\n---\n")], "");
    site.write("a.md", "---\ntitle: Broken words\n");
    // another post is published after the broken one was seen
    site.write("c.md", "---\ndate: 2026-01-03\n---\n");
    site.wait_for("/posts/c", |answer| answer.status == 200);
    assert!(site.get("/rss.xml").body.contains("Good words"));
    assert_eq!(site.get("/api/posts").json()["total"], 3);
}

#[test]
fn a_post_appears_and_expires_at_its_instant() {
    let soon = |milliseconds: i64| Timestamp::now() + jiff::SignedDuration::from_millis(milliseconds);
    let (appears, goes) = (soon(1500), soon(3000));
    let text = format!("---\ntitle: On time\ndate: {appears}\nexpiryDate: {goes}\n---\n");
    let site = TestSite::start(&[("a.md", "---\ndate: 2026-01-01\n---\n"), ("timed.md", &text)], "");
    let before = site.get("/feed.json");
    if Timestamp::now() < appears {
        assert!(!before.body.contains("On time"), "not before its time");
        assert_eq!(site.get("/posts/timed").status, 404);
    }
    let during = site.wait_for("/feed.json", |answer| answer.body.contains("On time"));
    assert!(Timestamp::now() >= appears, "not a moment early");
    assert_ne!(during.header("etag"), before.header("etag"));
    let after = site.wait_for("/feed.json", |answer| !answer.body.contains("On time"));
    assert!(Timestamp::now() >= goes, "nor gone a moment early");
    assert_eq!(
        after.header("etag"),
        before.header("etag"),
        "what is the same again has the same tag"
    );
    assert_eq!(site.get("/posts/timed").status, 410);
}

#[test]
fn no_way_of_saving_shows_a_gap_or_an_older_version() {
    let text = |version: usize| format!("---\ntitle: Version {version:04}\ndate: 2026-01-01\n---\nBody of {version:04}.\n");
    let site = TestSite::start(&[("post.md", &text(0)), ("other.md", "---\ndate: 2025-01-01\n---\n")], "");
    let (path, temporary, backup) = (
        site.path().join("post.md"),
        site.path().join(".post.md.swp"),
        site.path().join("post.md~"),
    );
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for version in 1..=120 {
                match version % 4 {
                    0 => fs::write(&path, text(version)).unwrap(),
                    1 => {
                        fs::write(&temporary, text(version)).unwrap();
                        fs::rename(&temporary, &path).unwrap();
                    }
                    2 => {
                        fs::rename(&path, &backup).unwrap();
                        fs::write(&path, text(version)).unwrap();
                        fs::remove_file(&backup).unwrap();
                    }
                    _ => {
                        fs::remove_file(&path).unwrap();
                        fs::write(&path, text(version)).unwrap();
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut newest = 0;
        while !done.load(Ordering::SeqCst) {
            for address in ["/posts/post", "/rss.xml", "/api/posts"] {
                let answer = site.get(address);
                let version = answer
                    .body
                    .split_once("Version ")
                    .map(|(_, rest)| rest[..4].parse::<usize>().unwrap());
                let version = version.unwrap_or_else(|| panic!("{address} has a gap after version {newest}: {answer:?}"));
                assert!(
                    answer.status == 200 && version >= newest,
                    "{address}: {version} after {newest}"
                );
                newest = version;
            }
        }
    });
    site.wait_for("/posts/post", |answer| answer.body.contains("Body of 0120."));
}

#[test]
fn an_empty_folder_and_one_with_only_a_broken_file_have_valid_feeds() {
    for files in [&[][..], &[("broken.md", "---\ntitle: open\n")]] {
        let site = TestSite::start(files, "");
        for path in ["/rss.xml", "/atom.xml"] {
            let answer = site.get(path);
            assert_eq!(answer.status, 200);
            assert!(roxmltree::Document::parse(&answer.body).is_ok());
        }
        assert_eq!(site.get("/feed.json").json()["items"], serde_json::json!([]));
        assert_eq!(site.get("/").status, 200);
    }
}

#[test]
fn a_restart_and_a_replica_give_the_same_bytes() {
    let files: Vec<(String, String)> = (0..30)
        .map(|i| {
            (
                format!("{i}.md"),
                format!("---\ntitle: T{i}\ndate: 2026-01-01\ntags: [t]\n---\nText [a](b.png).\n"),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let config = "[site]\nbase_url = 'https://example.com'";
    let reversed: Vec<_> = files.iter().rev().copied().collect();
    let sites = [TestSite::start(&files, config), TestSite::start(&reversed, config)];
    for path in [
        "/rss.xml",
        "/archive/1/atom.xml",
        "/tags/t/feed.json",
        "/api/posts?page=2",
        "/posts/3",
    ] {
        let [one, other] = [&sites[0], &sites[1]].map(|site| site.get(path));
        assert_eq!((one.status, &one.body), (200, &other.body), "{path}");
        assert_eq!(one.header("etag"), other.header("etag"), "{path}");
    }
}
