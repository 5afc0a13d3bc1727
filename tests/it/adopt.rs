//! `feedmill import --adopt`: keeps the ids of an old feed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use assert_cmd::cargo::CommandCargoExt;
use camino::Utf8Path;
use feedmill::identity::{Record, Registry};
use feedmill::publisher::snapshot;
use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use serde_json::Value;

use crate::commands::folder;
use crate::server::{ask, write};

const RSS: &str = r#"<rss version="2.0"><channel><title>Old</title><link>https://old.example/</link>
<item><title>Grinding at night</title><link>https://old.example/2026/02/03/night.html</link>
  <guid isPermaLink="false">night-17</guid><pubDate>Tue, 03 Feb 2026 10:00:00 GMT</pubDate></item>
<item><title>First flour</title><link>https://old.example/2026/01/31/first-flour.html</link>
  <pubDate>Sat, 31 Jan 2026 09:00:00 GMT</pubDate></item>
</channel></rss>"#;

const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>Old</title><link href="https://old.example/"/>
<entry><id>tag:old.example,2026:night</id><title>Grinding at night</title><link href="https://old.example/2026/02/03/night.html"/>
  <published>2026-02-03T10:00:00Z</published><updated>2026-02-05T10:00:00Z</updated></entry>
<entry><id>https://old.example/2026/01/31/first-flour.html</id><title>First flour</title>
  <published>2026-01-31T09:00:00Z</published><updated>2026-01-31T09:00:00Z</updated></entry></feed>"#;

const JSON: &str = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Old", "home_page_url": "https://old.example/", "items": [
{"id": 17, "url": "https://old.example/2026/02/03/night.html", "title": "Grinding at night", "date_published": "2026-02-03T10:00:00Z"},
{"id": "flour", "title": "First flour", "date_published": "2026-01-31T09:00:00Z"}]}"#;

const POSTS: [(&str, &str); 3] = [
    ("posts/2026-02-03-night.md", "# Grinding at night\n\nText.\n"),
    ("posts/flour.md", "---\ntitle: First flour\ndate: 2026-01-31\n---\nText.\n"),
    ("posts/2025-01-01-before.md", "# Before the feed\n"),
];

/// Exit status, standard output, standard error.
fn import(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    import_from(folder, arguments, "")
}

fn import_from(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("feedmill").unwrap();
    command
        .arg("import")
        .args(arguments)
        .args(["--state", "state"])
        .current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FEEDMILL_") || name.to_lowercase().ends_with("_proxy"))
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // it may have refused its arguments and ended
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The records of posts in the ledger, by file.
fn stored_posts(folder: &Path) -> BTreeMap<String, feedmill::identity::PostRecord> {
    let state = Utf8Path::from_path(folder).unwrap().join("state");
    let records = Storage::sqlite(&state).load().unwrap().records.into_iter();
    let posts = records.filter_map(|record| match record {
        Record::Post(post) => Some((post.source.to_string(), *post)),
        _ => None,
    });
    posts.collect()
}

fn ids(folder: &Path) -> Vec<String> {
    stored_posts(folder).into_values().map(|post| post.id.into()).collect()
}

#[test]
fn ids_of_every_format_are_kept_and_nothing_appears_new() {
    let flour = "https://old.example/2026/01/31/first-flour.html";
    for (feed, expected) in [
        (RSS, ["night-17", flour]),
        (ATOM, ["tag:old.example,2026:night", flour]),
        (JSON, ["17", "flour"]),
    ] {
        let site = folder(&POSTS);
        write(site.path(), "old-feed", feed);
        let (status, out, err) = import(site.path(), &["--adopt", "old-feed"]);
        assert_eq!(status, 0, "{out}{err}");
        assert!(
            err.starts_with("2 items in the old feed: 2 matched (")
                && err.contains("; 1 post of the new feed may appear new to its readers; 1 post here is not in the old feed\n"),
            "{err}"
        );
        assert!(
            out.contains("    [feed]\n    limit = 2\n"),
            "what is older than the feed is message: {out}"
        );
        assert_eq!(ids(site.path()), expected);
    }
}

#[test]
fn addresses_and_dates_are_stored_and_a_second_import_changes_nothing() {
    let site = folder(&POSTS);
    write(site.path(), "old.xml", ATOM);
    assert_eq!(import(site.path(), &["--adopt", "old.xml"]).0, 0);
    let first = stored_posts(site.path());
    let night = &first["2026-02-03-night.md"];
    let earlier: Vec<&str> = night.earlier.iter().map(|former| former.address.as_str()).collect();
    assert_eq!(earlier, ["/2026/02/03/night.html"]);
    assert_eq!(night.first_served.to_string(), "2026-02-03T10:00:00Z");
    assert_eq!(night.changed.unwrap().to_string(), "2026-02-05T10:00:00Z");
    assert_eq!(first["flour.md"].changed, None);

    let (status, _, err) = import(site.path(), &["--adopt", "old.xml"]);
    assert!(
        status == 0 && err.contains("2 matched (2 by id)") && err.contains("nothing new for the ledger"),
        "{err}"
    );
    assert_eq!(stored_posts(site.path()), first);
}

#[test]
fn feeds_have_the_old_ids_and_old_addresses_redirect_to_the_posts() {
    let site = folder(&POSTS);
    write(site.path(), "old.xml", RSS);
    assert_eq!(import(site.path(), &["--adopt", "old.xml"]).0, 0);
    let root = Utf8Path::from_path(site.path()).unwrap();
    let now = Timestamp::now();
    let mut ledger = Registry::from_records(Storage::sqlite(&root.join("state")).load().unwrap().records, now);
    let site = snapshot(&Arc::default(), &root.join("posts"), &mut ledger, now).unwrap();
    let feed = ask(&site, "/rss.xml", "");
    let feed = String::from_utf8(feed.body().to_vec()).unwrap();
    let guids: Vec<&str> = feed
        .split("<guid")
        .skip(1)
        .filter_map(|guid| guid.split(['>', '<']).nth(1))
        .collect();
    assert_eq!(
        guids,
        [
            "night-17",
            "https://old.example/2026/01/31/first-flour.html",
            "tag:localhost,2025-01-01:before"
        ]
    );
    for (old, new) in [
        ("/2026/02/03/night.html", "/posts/night"),
        ("/2026/01/31/first-flour.html", "/posts/flour"),
    ] {
        let answer = ask(&site, old, "");
        assert_eq!(answer.status(), 301, "{old}");
        assert!(
            answer.headers()["location"].to_str().unwrap().ends_with(new),
            "{old}: {answer:?}"
        );
    }
}

#[test]
fn a_dry_run_and_standard_input() {
    let site = folder(&POSTS);
    let (status, _, err) = import_from(site.path(), &["--adopt", "-", "--dry-run"], RSS);
    assert!(
        status == 0
            && err.contains("dry run: nothing was written; without --dry-run, the ids and old addresses of 2 posts would be"),
        "{err}"
    );
    assert!(!site.path().join("state").exists());
    let (status, out, _) = import_from(site.path(), &["--adopt", "-", "--json"], RSS);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["feeds"][0]["matched"][0]["by"]), (0, &"name".into()));
    assert_eq!(json["feeds"][0]["older_than_feed"][0], "2025-01-01-before.md");
}

#[test]
fn items_that_do_not_match_are_listed_with_a_fix() {
    let site = folder(&[
        ("posts/2026-02-03-night.md", "---\nid: mine\n---\n# Grinding at night\n"),
        ("posts/a.md", "---\ntitle: First flour\ndate: 2026-01-31\n---\n"),
        ("posts/b.md", "---\ntitle: First flour\ndate: 2026-01-31\n---\n"),
        ("posts/2026-03-01-new.md", "# New here\n"),
    ]);
    write(site.path(), "old.xml", RSS);
    let (status, out, err) = import(site.path(), &["--adopt", "old.xml"]);
    assert_eq!(status, 1, "{err}");
    for expected in [
        "another id: the file 2026-02-03-night.md has the id `mine`, and readers of this feed know the post as `night-17`; remove the id from the file, or write `id: night-17`",
        "it could be a.md or b.md: write `id: https://old.example/2026/01/31/first-flour.html` into the right one",
        "appears new to readers of the old feed: 2026-03-01-new.md",
    ] {
        assert!(out.contains(expected), "{expected:?} is not in {out}");
    }
    assert!(ids(site.path()).is_empty());
}

#[test]
fn of_two_feeds_the_first_one_wins() {
    let site = folder(&POSTS);
    write(site.path(), "old.xml", RSS);
    write(site.path(), "old.atom", ATOM);
    let (status, out, err) = import(site.path(), &["--adopt", "old.xml", "--adopt", "old.atom"]);
    assert_eq!(status, 1, "{err}");
    assert!(
        out.contains("2026-02-03-night.md already took the id `night-17` from another feed, and readers of this feed know the post as `tag:old.example,2026:night`"),
        "{out}"
    );
    let (_, _, err) = import(site.path(), &["--adopt", "old.atom"]);
    assert!(
        err.contains("nothing new for the ledger"),
        "an id that was taken over stays: {err}"
    );
    assert_eq!(ids(site.path())[0], "night-17");
}

#[test]
fn errors_are_reported() {
    let site = folder(&POSTS);
    write(site.path(), "page.html", "<html><body>x</body></html>");
    write(site.path(), "old.xml", RSS);
    for (arguments, expected) in [
        (vec![], "name an export of another tool or a feed"),
        (vec!["--adopt", "ftp://old.example/feed"], "`ftp` addresses cannot be read"),
        (vec!["--adopt", "missing.xml"], "the feed missing.xml cannot be read"),
        (vec!["--adopt", "page.html"], "neither RSS nor Atom"),
        (
            vec!["--adopt", "old.xml", "elsewhere"],
            "the posts in elsewhere cannot be read",
        ),
        (
            vec!["--adopt", "http://127.0.0.1:1/feed"],
            "the feed http://127.0.0.1:1/feed cannot be read",
        ),
    ] {
        let (status, _, err) = import(site.path(), &arguments);
        assert!(status == 2 && err.contains(expected), "{arguments:?}: {status} {err}");
    }
    let state = Utf8Path::from_path(site.path()).unwrap().join("state");
    let held = Storage::sqlite(&state).open();
    let (status, _, err) = import(site.path(), &["--adopt", "old.xml"]);
    assert!(status == 2 && err.contains("stop the other one"), "{err}");
    drop(held);
    assert_eq!(import(site.path(), &["--adopt", "old.xml"]).0, 0);
}

/// A server on the loopback that responds to each path with the result of `answers`, until the test ends.
fn serving(answers: impl Fn(&str, &str) -> Option<String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let here = base.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else { continue };
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = first.split(' ').nth(1).unwrap();
            let answer = match answers(&here, path) {
                Some(moved) if moved.starts_with('/') => {
                    format!("HTTP/1.1 301 Moved\r\nLocation: {moved}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                }
                Some(body) => format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                ),
                None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            };
            // the client may have closed the connection
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    base
}

#[test]
fn an_address_is_read_with_its_redirects_and_older_documents() {
    let base = serving(|here, path| match path {
        "/feed" => Some("/feed.json".to_owned()),
        "/feed.json" => Some(JSON.replace("\"items\"", &format!("\"next_url\": \"{here}/2.json\", \"items\""))),
        // it links back to the first one, as a broken feed may
        "/2.json" => Some(format!(
            r#"{{"version": "https://jsonfeed.org/version/1.1", "next_url": "{here}/feed.json", "items": [
            {{"id": "b", "title": "Before the feed"}}]}}"#
        )),
        "/large" => Some("x".repeat(17 * 1024 * 1024)),
        "/away.json" => Some(JSON.replace("\"items\"", "\"next_url\": \"http://elsewhere.invalid/2.json\", \"items\"")),
        "/lost.json" => Some(JSON.replace("\"items\"", &format!("\"next_url\": \"{here}/gone\", \"items\""))),
        _ => None,
    });
    let site = folder(&POSTS);
    let (status, _, err) = import(
        site.path(),
        &["--adopt", &format!("{base}/feed"), "--base-url", "https://new.example"],
    );
    assert!(status == 0 && err.contains("3 items in the old feed: 3 matched"), "{err}");
    assert!(err.contains("no post of the new feed appears new to its readers"), "{err}");
    for (path, status, expected) in [
        ("/gone", 2, "404"),
        ("/large", 2, "more than 16777216 bytes"),
        ("/away.json", 0, "they are on another host"),
        ("/lost.json", 0, "were not read: the server answered 404"),
    ] {
        let found = import(site.path(), &["--adopt", &format!("{base}{path}"), "--dry-run"]);
        let message = format!("{}{}", found.1, found.2);
        assert!(found.0 == status && message.contains(expected), "{path}: {message}");
    }
}

#[test]
fn redirects_for_readers_on_the_old_host_or_on_this_one() {
    let atom = ATOM.replace(
        "<entry>",
        "<link rel=\"self\" href=\"https://old.example/blog/feeds/all\"/><entry>",
    );
    let site = folder(&POSTS);
    write(site.path(), "old.xml", &atom);
    let message = |base: &str| import(site.path(), &["--adopt", "old.xml", "--dry-run", "--base-url", base]).1;
    let elsewhere = message("https://new.example/blog");
    let expected = "redirect https://old.example/blog/feeds/all to https://new.example/blog/atom.xml permanently (301)";
    assert!(elsewhere.contains(expected), "{elsewhere}");
    // the suggested configuration is accepted, and then there is no further message
    let here = message("https://old.example/blog");
    let advice: String = here
        .lines()
        .skip_while(|line| !line.contains("[[redirect]]"))
        .take_while(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(
        advice.contains("from = \"/feeds/all\"") && advice.contains("to = \"/atom.xml\""),
        "{here}"
    );
    write(site.path(), "feedmill.toml", &advice);
    let mended = message("https://old.example/blog");
    assert!(mended.contains("Atom") && !mended.contains("redirect"), "{mended}");
    // neither is there one if feedmill already has a feed at that address
    for path in ["atom.xml", "index.xml", "feed", "feed/", "rss", "tags/a/rss.xml"] {
        write(site.path(), "old.xml", &atom.replace("/feeds/all", &format!("/{path}")));
        let message = message("https://old.example/blog");
        assert!(message.contains("Atom") && !message.contains("redirect"), "{path}: {message}");
    }
}

#[test]
fn a_real_blog_with_its_feed() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let (posts, feed) = (corpora.join("cordova"), corpora.join("cordova-published/feed.xml"));
    if !posts.is_dir() || !feed.is_file() {
        println!("SKIPPED: there is no {} or no {}", posts.display(), feed.display());
        return;
    }
    let state = tempfile::TempDir::new().unwrap();
    let (status, out, err) = import(state.path(), &["--adopt", feed.to_str().unwrap(), posts.to_str().unwrap()]);
    assert_eq!(status, 0, "{out}{err}");
    assert!(err.starts_with("10 items in the old feed: 10 matched ("), "{err}");
    assert!(
        !err.contains("without a post here") && !err.contains("appears new") && err.contains("may appear new to its readers;"),
        "{err}"
    );
    assert_eq!(stored_posts(state.path()).len(), 10);
}

#[test]
fn a_site_map_or_a_list_of_addresses_gives_redirects_and_no_ids() {
    let map = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://old.example/2026/02/03/night.html</loc></url>\
               <url><loc>https://old.example/category/unknown/</loc></url></urlset>";
    let list = "https://old.example/2026/02/03/night.html\nhttps://old.example/category/unknown/\n";
    for text in [map, list] {
        let site = folder(&POSTS);
        write(site.path(), "old", text);
        let (status, out, err) = import(site.path(), &["--adopt", "old", "--base-url", "https://new.example"]);
        assert_eq!(status, 0, "{out}{err}");
        assert!(
            err.contains("2 old addresses in the list: 1 now lead to a post here, 1 have none"),
            "{err}"
        );
        let stored = stored_posts(site.path());
        let night = &stored["2026-02-03-night.md"];
        assert!(night.id.starts_with("tag:new.example,2026-02-03:"), "{}", night.id);
        assert_eq!(night.earlier[0].address, "/2026/02/03/night.html");
        assert_eq!(stored.len(), 1);
        // without an address of the site, its posts have no ids yet that could be kept
        let site = folder(&POSTS);
        write(site.path(), "old", text);
        assert_eq!(import(site.path(), &["--adopt", "old"]).0, 0);
        assert!(stored_posts(site.path()).is_empty());
    }
}

/// The id in Atom of the post in the file at `path`, as it is served after the import.
fn atom_id(folder: &Path, path: &str) -> String {
    let root = Utf8Path::from_path(folder).unwrap();
    let now = Timestamp::now();
    let mut ledger = Registry::from_records(Storage::sqlite(&root.join("state")).load().unwrap().records, now);
    let site = snapshot(&Arc::default(), &root.join("posts"), &mut ledger, now).unwrap();
    site.post(path.into()).unwrap().atom_id().to_owned()
}

#[test]
fn an_id_that_is_not_an_iri_becomes_one_in_atom_unless_an_atom_feed_had_it() {
    let site = folder(&POSTS);
    write(site.path(), "old.xml", RSS);
    assert_eq!(import(site.path(), &["--adopt", "old.xml"]).0, 0);
    assert_eq!(ids(site.path())[0], "night-17");
    assert_eq!(atom_id(site.path(), "2026-02-03-night.md"), "tag:localhost,2000:id:night-17");
    let site = folder(&POSTS);
    write(
        site.path(),
        "old.xml",
        &ATOM.replace("tag:old.example,2026:night", "night 17"),
    );
    assert_eq!(import(site.path(), &["--adopt", "old.xml"]).0, 0);
    assert_eq!(ids(site.path())[0], "night 17");
    assert_eq!(atom_id(site.path(), "2026-02-03-night.md"), "night 17", "readers have it so");
}

#[test]
fn an_unresolved_id_is_not_kept() {
    let declared = r#"<!DOCTYPE rss [<!ENTITY n "night"><!ENTITY nn "&n;&n;">]>"#;
    for (before, guid, expected) in [
        ("", "night-&x;", None),
        ("", "night&nbsp;17", None),
        (declared, "&nn;-17", None),
        (declared, "&n;-17", Some("night-17")),
    ] {
        let site = folder(&POSTS);
        write(site.path(), "old.xml", &format!("{before}{}", RSS.replace("night-17", guid)));
        let (_, out, err) = import(site.path(), &["--adopt", "old.xml"]);
        let known = stored_posts(site.path());
        let night = known.get("2026-02-03-night.md").map(|record| record.id.as_str());
        assert_eq!(night, expected, "{guid}: {out}{err}");
        assert!(known.contains_key("flour.md"), "the other item is taken over");
        let message = "1 of its items were skipped, because their ids contain an entity that the feed does not resolve";
        assert_eq!(out.contains(message), expected.is_none(), "{guid}: {out}");
    }
}
