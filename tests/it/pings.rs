//! Pings to hubs of others (`WebSub`, section 6), with a hub of the tests' own.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use rustix::process::Signal;
use tempfile::TempDir;
use url::form_urlencoded;

use crate::commands::{Serving, folder};
use crate::server::{read_request, write};

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);
const BASE: &str = "https://example.com/blog";

/// A POST that the hub got.
#[derive(Clone, Debug)]
struct Ping {
    head: String,
    form: Vec<(String, String)>,
}

impl Ping {
    /// The path of its feed below the address of the site.
    fn topic(&self) -> &str {
        let topics: Vec<&str> = self.form.iter().map(|(_, value)| value.as_str()).skip(1).collect();
        let [url, topic] = topics.as_slice() else { panic!("{self:?}") };
        assert_eq!(url, topic, "the same topic in both fields");
        url.strip_prefix(BASE).unwrap()
    }
}

/// A hub that answers each ping with a status.
struct Hub {
    address: String,
    pings: Arc<Mutex<Vec<Ping>>>,
}

impl Hub {
    fn start(status: &'static str) -> Hub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hub?site=1", listener.local_addr().unwrap());
        let pings: Arc<Mutex<Vec<Ping>>> = Arc::default();
        let seen = Arc::clone(&pings);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (head, body) = read_request(&stream);
                let form = form_urlencoded::parse(&body).into_owned().collect();
                seen.lock().unwrap().push(Ping { head, form });
                let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Hub { address, pings }
    }

    fn pings(&self) -> Vec<Ping> {
        self.pings.lock().unwrap().clone()
    }

    /// Waits for `count` pings, and returns their feeds.
    fn wait_for(&self, count: usize) -> Vec<String> {
        let since = Instant::now();
        while self.pings().len() < count {
            assert!(since.elapsed() < PATIENCE, "{count} pings did not come: {:#?}", self.pings());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.pings().iter().map(|ping| ping.topic().to_owned()).collect()
    }
}

fn post(title: &str, more: &str) -> String {
    format!("---\ntitle: {title}\ndate: 2026-01-01\n{more}---\nText of {title}.\n")
}

fn site(base_url: &str, hub: &Hub, more: &str) -> TempDir {
    let config = format!(
        "[site]\nbase_url = '{base_url}'\n[push]\nhub = false\nhubs = ['{}']\n{more}",
        hub.address
    );
    folder(&[("feedmill.toml", &config), ("posts/a.md", &post("a", "tags: [sea]\n"))])
}

/// Serves `site`. Returns its address and the operator's.
fn serve(site: &TempDir) -> (Serving, String, String) {
    let serving = Serving::start_configured(site.path(), &["--listen", "127.0.0.1:0"]);
    let lines = serving.until("Ctrl-C ends it");
    let value = |name: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap()
            .trim_end_matches('/')
            .to_owned()
    };
    let (address, operator) = (value("listens"), value("status"));
    (serving, address, operator.trim_end_matches("/status").to_owned())
}

fn get(url: &str) -> String {
    let mut request = ureq::get(url).header("accept", "application/json").call().unwrap();
    request.body_mut().read_to_string().unwrap()
}

fn feeds(scope: &str) -> BTreeSet<String> {
    ["rss.xml", "atom.xml", "feed.json"]
        .map(|name| format!("{scope}/{name}"))
        .into()
}

fn set(topics: &[String]) -> BTreeSet<String> {
    topics.iter().cloned().collect()
}

#[test]
fn each_feed_that_changed_is_a_ping_of_its_own_after_it_can_be_fetched() {
    let hub = Hub::start("204 No Content");
    let site = site(BASE, &hub, "");
    let (mut serving, address, operator) = serve(&site);
    write(site.path(), "posts/b.md", &post("b", "tags: [sea]\n"));
    let told = hub.wait_for(6);
    assert!(
        get(&format!("{address}/rss.xml")).contains("Text of b"),
        "before the first ping"
    );
    assert_eq!(set(&told[..3]), feeds(""), "the feeds of the site come first");
    assert_eq!(set(&told[3..]), feeds("/tags/sea"));
    let first = &hub.pings()[0];
    assert!(first.head.starts_with("POST /hub?site=1 HTTP/1.1\r\n"), "{}", first.head);
    assert!(
        first
            .head
            .to_lowercase()
            .contains("content-type: application/x-www-form-urlencoded\r\n"),
        "{}",
        first.head
    );
    assert_eq!(first.form[0], ("hub.mode".to_owned(), "publish".to_owned()));
    // what nobody is told of, and then what is
    for (name, more) in [
        ("draft", "draft: true\n"),
        ("private", "private: true\n"),
        ("unlisted", "unlisted: true\n"),
        ("later", "publishDate: 2999-01-01\n"),
    ] {
        write(site.path(), &format!("posts/{name}.md"), &post(name, more));
    }
    write(
        site.path(),
        "posts/a.md",
        &post("a", "tags: [sea]\nminor: true\n").replace("Text", "Tekst"),
    );
    serving.until("~ a.md");
    write(site.path(), "posts/c.md", &post("c", ""));
    let told = hub.wait_for(9);
    assert_eq!(set(&told[6..]), feeds(""));
    let status: serde_json::Value = serde_json::from_str(&get(&format!("{operator}/status"))).unwrap();
    let known = &status["outside_hubs"][0];
    assert_eq!(
        (&known["hub"], &known["accepted"], &known["failed"], &known["waiting"]),
        (&hub.address.as_str().into(), &9.into(), &0.into(), &0.into()),
        "{status}"
    );
    assert_eq!(known["last"]["answer"], "204 No Content");
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(), Some(0));
    // a start tells what changed meanwhile, once
    write(site.path(), "posts/d.md", &post("d", ""));
    let (serving, ..) = serve(&site);
    let told = hub.wait_for(12);
    assert_eq!(set(&told[9..]), feeds(""));
    drop(serving);
    let (_serving, address, _) = serve(&site);
    assert!(get(&format!("{address}/rss.xml")).contains("Text of d"));
    assert_eq!(hub.pings().len(), 12);
}

#[test]
fn a_hub_that_refuses_is_not_asked_again_and_one_that_fails_is_also_after_a_restart() {
    for (answer, left) in [("404 Not Found", 0), ("503 Service Unavailable", 3)] {
        let hub = Hub::start(answer);
        let site = site(BASE, &hub, "");
        let (mut serving, _, operator) = serve(&site);
        write(site.path(), "posts/b.md", &post("b", ""));
        let told = if left == 0 { hub.wait_for(3) } else { hub.wait_for(1) };
        assert!(feeds("").is_superset(&set(&told)), "{told:?}");
        serving.until("the hub did not take a ping");
        let since = Instant::now();
        loop {
            let status: serde_json::Value = serde_json::from_str(&get(&format!("{operator}/status"))).unwrap();
            let known = &status["outside_hubs"][0];
            if known["failed"] == hub.pings().len() && known["waiting"] == left {
                assert_eq!(known["last"]["answer"], answer);
                assert_eq!(known["last"]["is_accepted"], false);
                break;
            }
            assert!(since.elapsed() < PATIENCE, "{status}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let metrics = get(&format!("{operator}/metrics"));
        let failed = format!(
            "feedmill_hub_pings_total{{hub=\"127.0.0.1\",outcome=\"failed\"}} {}",
            hub.pings().len()
        );
        assert!(metrics.contains(&failed), "{metrics}");
        serving.signal(Signal::TERM);
        assert_eq!(serving.ended(), Some(0));
        // the rest is in the storage, and what was tried is to be tried in a minute
        let state = camino::Utf8PathBuf::from_path_buf(site.path().join(".feedmill/posts")).unwrap();
        let writer = Storage::sqlite(&state).open().writer;
        let claimed = |at: Timestamp| std::iter::from_fn(|| writer.claim("ping", at, Duration::from_hours(1))).count();
        let soon = Timestamp::now() + jiff::SignedDuration::from_secs(30);
        let at_once = claimed(soon);
        assert!(at_once < left.max(1), "{answer}: what failed is not due");
        assert_eq!(at_once + claimed(soon + jiff::SignedDuration::from_mins(2)), left, "{answer}");
    }
}

#[test]
fn a_ping_waits_for_the_delay_and_is_one_for_several_changes() {
    let hub = Hub::start("202 Accepted");
    let site = site(BASE, &hub, "delay = 2\n");
    let (_serving, address, _) = serve(&site);
    let since = Instant::now();
    for number in 0..3 {
        write(site.path(), "posts/b.md", &post(&format!("b{number}"), ""));
        let published = Instant::now();
        while !get(&format!("{address}/rss.xml")).contains(&format!("Text of b{number}")) {
            assert!(published.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    if since.elapsed() < Duration::from_millis(1500) {
        assert_eq!(hub.pings().len(), 0, "not before the delay");
    }
    assert_eq!(set(&hub.wait_for(3)), feeds(""));
    assert!(since.elapsed() >= Duration::from_secs(2));
    fs::remove_file(site.path().join("posts/b.md")).unwrap();
    assert_eq!(
        set(&hub.wait_for(6)[3..]),
        feeds(""),
        "a withdrawal is told too, and nothing between"
    );
}

#[test]
fn no_hub_is_told_of_a_site_without_a_public_address() {
    let hub = Hub::start("204 No Content");
    let site = site("http://localhost:8080", &hub, "");
    let (_serving, address, operator) = serve(&site);
    write(site.path(), "posts/b.md", &post("b", ""));
    let since = Instant::now();
    while !get(&format!("{address}/rss.xml")).contains("Text of b") {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(hub.pings().len(), 0);
    let status: serde_json::Value = serde_json::from_str(&get(&format!("{operator}/status"))).unwrap();
    assert_eq!(status["outside_hubs"], serde_json::json!([]));
}
