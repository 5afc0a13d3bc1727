//! Server-sent events about posts, at `/api/events`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use feedmill::time::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::server::TestSite;

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

const CONFIG: &str = "[site]\nbase_url = 'https://example.com/blog'\n[watch]\ndelete_grace = 0.1\n";

/// A connection that follows the events.
struct Stream {
    lines: BufReader<TcpStream>,
    status: u16,
    header: String,
}

/// An event, as a client sees it.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Stream {
    fn open(site: &TestSite, path: &str, header: &str) -> Stream {
        Stream::with_method("GET", site, path, header)
    }

    fn with_method(method: &str, site: &TestSite, path: &str, header: &str) -> Stream {
        let address = site.address();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut header = String::new();
        while !header.ends_with("\r\n\r\n") && lines.read_line(&mut header).unwrap() > 0 {}
        let status = header.split(' ').nth(1).unwrap().parse().unwrap();
        Stream { lines, status, header }
    }

    /// Opens a stream, and waits until it follows the newest site.
    fn follow(site: &TestSite) -> (Stream, String) {
        let mut stream = Stream::open(site, "/api/events", "");
        assert_eq!(stream.status, 200, "{}", stream.header);
        let id = stream.line(|line| line.starts_with("id: ")).unwrap();
        (stream, id.trim_start_matches("id: ").to_owned())
    }

    fn resume(site: &TestSite, id: &str) -> Stream {
        Stream::open(site, "/api/events", &format!("Last-Event-ID: {id}\r\n"))
    }

    /// Returns the next line for which `wanted` is true; `None` at the end of the stream.
    fn line(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if wanted(line.trim_end()) {
                return Some(line.trim_end().to_owned());
            }
        }
    }

    /// Returns the next event.
    fn event(&mut self) -> Event {
        let mut field = |name: &str| {
            let line = self.line(|line| line.starts_with(name)).expect("the stream ended");
            line[name.len()..].to_owned()
        };
        let (name, id, data) = (field("event: "), field("id: "), field("data: "));
        let data = serde_json::from_str(&data).unwrap();
        Event { name, id, data }
    }
}

impl Event {
    /// The name of the event and the id of its post.
    fn what(&self) -> (&str, &str) {
        let id = self.data["id"].as_str().unwrap_or_default();
        (&self.name, id.rsplit(':').next().unwrap())
    }
}

fn post(title: &str, more: &str) -> String {
    format!("---\ntitle: {title}\ndate: 2026-01-01\nid: \"urn:x:{title}\"\n{more}---\nText of {title}.\n")
}

#[test]
fn posts_that_appear_change_and_go_are_sent_with_their_id_address_and_dates() {
    let site = TestSite::start(&[("a.md", &post("a", ""))], CONFIG);
    let (mut stream, _) = Stream::follow(&site);
    for field in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "access-control-allow-origin: *",
    ] {
        assert!(stream.header.contains(field), "{field}: {}", stream.header);
    }
    site.write("b.md", &post("b", "slug: bee\n"));
    let added = stream.event();
    assert_eq!(added.what(), ("post.added", "b"));
    assert_eq!(
        (&added.data["url"], &added.data["title"], &added.data["date_published"]),
        (
            &"https://example.com/blog/posts/bee".into(),
            &"b".into(),
            &"2026-01-01T00:00:00Z".into()
        )
    );
    assert!(added.id.parse::<Timestamp>().is_ok(), "{added:?}");
    site.write("a.md", &post("a", "").replace("Text", "Other text"));
    let changed = stream.event();
    assert_eq!(changed.what(), ("post.changed", "a"));
    let listed = site.get("/api/posts/a").json();
    assert_eq!(changed.data["date_modified"], listed["date_modified"]);
    assert_ne!(changed.data["date_modified"], changed.data["date_published"]);
    fs::remove_file(site.path().join("b.md")).unwrap();
    let withdrawn = stream.event();
    assert_eq!(withdrawn.what(), ("post.withdrawn", "b"));
    assert_eq!(withdrawn.data["url"], "https://example.com/blog/posts/bee");
    let deleted: Timestamp = withdrawn.data["date_deleted"].as_str().unwrap().parse().unwrap();
    assert!(deleted <= Timestamp::now());
    assert!(withdrawn.data.get("title").is_none(), "{withdrawn:?}");
}

#[test]
fn only_what_the_public_may_see_is_sent() {
    let appears = Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let site = TestSite::start(&[("a.md", &post("a", ""))], CONFIG);
    let (mut stream, start) = Stream::follow(&site);
    for (name, more) in [
        ("draft", "draft: true\n"),
        ("private", "private: true\n"),
        ("unlisted", "unlisted: true\n"),
        ("page", "type: page\n"),
        ("never", "expiryDate: 2026-01-02\n"),
    ] {
        site.write(&format!("{name}.md"), &post(name, more));
    }
    site.write(
        "later.md",
        &post("later", "").replace("date: 2026-01-01", &format!("date: {appears}")),
    );
    site.write("a.md", &post("a", "minor: true\n").replace("Text", "Tekst"));
    site.wait_for("/posts/a", |answer| answer.body.contains("Tekst"));
    assert_eq!(
        stream.event().what(),
        ("post.added", "later"),
        "a scheduled post at its instant"
    );
    assert!(Timestamp::now() >= appears);
    // a post that people with its address had appears in lists, and one that they had there goes
    site.write("unlisted.md", &post("unlisted", ""));
    assert_eq!(stream.event().what(), ("post.added", "unlisted"));
    site.write("a.md", &post("a", "unlisted: true\n").replace("Text", "Tekst"));
    assert_eq!(stream.event().what(), ("post.withdrawn", "a"));
    // the ledger says the same
    let mut resumed = Stream::resume(&site, &start);
    let seen: Vec<String> = (0..3).map(|_| format!("{:?}", resumed.event().what())).collect();
    assert_eq!(
        seen,
        [
            r#"("post.added", "later")"#,
            r#"("post.added", "unlisted")"#,
            r#"("post.withdrawn", "a")"#
        ]
    );
}

#[test]
fn a_client_resumes_after_its_last_event_also_over_a_restart() {
    let state = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    let config = format!("{CONFIG}[state]\ndir = '{}'\n", state.path().display());
    let write = |name: &str, text: &str| crate::server::write(folder.path(), name, text);
    write("a.md", &post("a", ""));
    write("b.md", &post("b", ""));
    let site = TestSite::of_folder(folder.path(), &config);
    let (mut stream, start) = Stream::follow(&site);
    write("c.md", &post("c", ""));
    let last = stream.event();
    assert_eq!(last.what(), ("post.added", "c"));
    drop(stream);
    site.close();
    // while nothing runs
    write("b.md", &post("b", "").replace("Text", "Other text"));
    write("d.md", &post("d", ""));
    fs::remove_file(folder.path().join("a.md")).unwrap();
    let site = TestSite::of_folder(folder.path(), &config);
    site.wait_for("/posts/a", |answer| answer.status == 410);
    let mut resumed = Stream::resume(&site, &last.id);
    let mut seen: Vec<(String, String)> = (0..3)
        .map(|_| {
            let event = resumed.event();
            let (name, id) = event.what();
            (name.to_owned(), id.to_owned())
        })
        .collect();
    seen.sort();
    let expected = [("post.added", "d"), ("post.changed", "b"), ("post.withdrawn", "a")];
    assert_eq!(seen, expected.map(|(name, id)| (name.to_owned(), id.to_owned())));
    // the same by the query, from the beginning; the field of a client that connects again wins
    let mut since = Stream::open(&site, &format!("/api/events?since={start}"), "");
    assert_eq!(since.event().what(), ("post.added", "c"));
    let header = format!("Last-Event-ID: {}\r\n", last.id);
    let mut both = Stream::open(&site, &format!("/api/events?since={start}"), &header);
    assert_ne!(both.event().what(), ("post.added", "c"));
    // and what comes later
    write("e.md", &post("e", ""));
    assert_eq!(resumed.event().what(), ("post.added", "e"));
}

#[test]
fn a_client_whose_last_event_is_unknown_is_told_to_read_the_listing() {
    let site = TestSite::start(&[("a.md", &post("a", ""))], CONFIG);
    let ids = ["2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "17", "\u{e9}", ""];
    for id in ids {
        let mut stream = Stream::resume(&site, id);
        let reset = stream.event();
        assert_eq!((reset.name.as_str(), stream.status), ("reset", 200), "{id}");
        assert_eq!(reset.data["url"], "https://example.com/blog/api/posts", "{id}");
        assert!(reset.data["reason"].is_string(), "{id}");
        let mut resumed = Stream::resume(&site, &reset.id);
        site.write(
            "b.md",
            &post("b", &format!("mood: {}\n", id.len())).replace("Text", &format!("Text {id:?}")),
        );
        assert_eq!(resumed.event().what().1, "b", "{id}: its id is a place to begin");
    }
    for (query, status) in [("since=yesterday", 400), ("tag=a", 400), ("since=2001-01-01T00:00:00Z", 200)] {
        let stream = Stream::open(&site, &format!("/api/events?{query}"), "");
        assert_eq!(stream.status, status, "{query}");
        if status == 400 {
            assert!(stream.header.contains("content-type: application/problem+json"), "{query}");
        }
    }
}

#[test]
fn more_than_a_client_can_follow_is_one_event() {
    let site = TestSite::start(&[("a.md", &post("a", ""))], CONFIG);
    let (_, start) = Stream::follow(&site);
    for number in 0..=feedmill::site::news::MOST_NEWS {
        site.write(&format!("many/p{number}.md"), &post(&format!("p{number}"), ""));
    }
    site.wait_for("/api/posts", |answer| {
        answer.json()["total"] == feedmill::site::news::MOST_NEWS + 2
    });
    assert_eq!(Stream::resume(&site, &start).event().name, "reset");
}

#[test]
fn streams_are_kept_alive_limited_and_end_with_the_server() {
    let config = format!("{CONFIG}[server]\nidle_timeout = 1\n");
    let site = TestSite::start(&[("a.md", &post("a", ""))], &config);
    let head = Stream::with_method("HEAD", &site, "/api/events", "");
    assert!(head.header.contains("content-type: text/event-stream"), "{}", head.header);
    let mut streams = Vec::new();
    let refused = loop {
        let stream = Stream::open(&site, "/api/events", "");
        if stream.status != 200 {
            break stream;
        }
        streams.push(stream);
        assert!(streams.len() < 100, "there is no end of them");
    };
    assert_eq!((refused.status, streams.len()), (429, 16));
    assert!(refused.header.contains("retry-after: ") && refused.header.contains("application/problem+json"));
    // longer than the idle timeout
    for _ in 0..3 {
        streams[0].line(|line| line == ":").expect("a heartbeat");
    }
    streams.truncate(1);
    let since = Instant::now();
    while Stream::open(&site, "/api/events", "").status != 200 {
        assert!(since.elapsed() < PATIENCE, "no place came back");
        std::thread::sleep(Duration::from_millis(10));
    }
    let since = Instant::now();
    site.stop();
    assert_eq!(streams[0].line(|_| false), None, "the stream ends");
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}
