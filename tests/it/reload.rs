//! A changed configuration takes effect while the program runs.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::commands::{Serving, folder};
use crate::server::write;

const POST: &str = "---\ntitle: A post\ndate: 2026-01-31\n---\nText.\n";

fn get(url: &str) -> Result<String, ureq::Error> {
    ureq::get(url).call()?.body_mut().read_to_string()
}

/// A folder with this configuration and posts, served where the configuration says; and the address in the startup message.
fn served(config: &str) -> (TempDir, Serving, String) {
    let site = folder(&[("feedmill.toml", config), ("posts/a.md", POST), ("posts/deep/b.md", POST)]);
    let serving = Serving::start_configured(site.path(), &[]);
    let lines = serving.until("Ctrl-C ends it");
    assert!(lines.iter().any(|line| line.trim() == "config   feedmill.toml"), "{lines:#?}");
    let value = |name: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(name));
        line.map(|line| line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned())
    };
    let address = value("listens").or_else(|| value("read")).unwrap();
    (site, serving, address)
}

/// Writes the configuration as editors do: a new file in the place of the old one.
fn configure(folder: &Path, config: &str) {
    write(folder, "feedmill.toml.new", config);
    std::fs::rename(folder.join("feedmill.toml.new"), folder.join("feedmill.toml")).unwrap();
}

#[test]
fn a_new_file_is_used_and_no_request_fails() {
    let (site, serving, address) = served("[site]\ntitle = 'Before'\n[server]\nlisten = '127.0.0.1:0'\n");
    assert!(get(&format!("{address}/rss.xml")).unwrap().contains("<title>Before</title>"));
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let asking: Vec<_> = ["/rss.xml", "/posts/a", "/api/posts", "/"]
        .map(|path| {
            let (stop, count, url) = (Arc::clone(&stop), Arc::clone(&count), format!("{address}{path}"));
            std::thread::spawn(move || {
                let agent = ureq::Agent::new_with_defaults();
                while !stop.load(Ordering::Relaxed) {
                    let status = agent
                        .get(&url)
                        .call()
                        .unwrap_or_else(|error| panic!("{url}: {error}"))
                        .status();
                    assert_eq!(status, 200, "{url}");
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .into();
    configure(
        site.path(),
        "[site]\ntitle = 'After'\n[posts]\nignore = ['deep']\n[[redirect]]\nfrom = '/old'\nto = '/posts/a'\n[server]\nlisten = '127.0.0.1:0'\n",
    );
    let lines = serving.until("the configuration is in use: feedmill.toml");
    assert!(lines.len() == 1, "{lines:#?}");
    serving.until("1 post is no longer public with this configuration (2 before, 1 now)");
    let feed = get(&format!("{address}/rss.xml")).unwrap();
    assert!(feed.contains("<title>After</title>"), "{feed}");
    assert_eq!(feed.matches("<item>").count(), 1, "posts are read anew");
    assert!(get(&format!("{address}/old")).unwrap().contains("A post"));
    // and the folder is watched
    write(site.path(), "posts/c.md", POST);
    serving.until("+ c.md");
    stop.store(true, Ordering::Relaxed);
    for asking in asking {
        asking.join().unwrap();
    }
    assert!(count.load(Ordering::Relaxed) > 50);
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let good = "[site]\ntitle = 'Good'\n[server]\nlisten = '127.0.0.1:0'\n";
    let (site, serving, address) = served(good);
    configure(site.path(), "[site]\ntitel = 'Bad'\n[server]\nlisten = '127.0.0.1:0'\n");
    let lines = serving.until("the configuration before stays in use");
    assert!(lines.iter().any(|line| line.contains("feedmill.toml:2:1")), "{lines:#?}");
    assert!(get(&format!("{address}/rss.xml")).unwrap().contains("<title>Good</title>"));
    // SIGHUP says it again, and ends nothing
    serving.signal(Signal::HUP);
    serving.until("the configuration before stays in use");
    configure(site.path(), &good.replace("Good", "Better"));
    serving.until("the configuration is in use");
    assert!(get(&format!("{address}/rss.xml")).unwrap().contains("<title>Better</title>"));
    serving.signal(Signal::HUP);
    serving.until("the configuration has not changed");
}

#[test]
fn a_file_that_is_deleted_changes_nothing_and_that_is_said_once() {
    let config = "[site]\ntitle = 'Before'\n[server]\nlisten = '127.0.0.1:0'\n";
    let (site, serving, address) = served(config);
    std::fs::remove_file(site.path().join("feedmill.toml")).unwrap();
    let lines = serving.until("the configuration before stays in use").join("\n");
    assert!(
        lines.contains("feedmill.toml is gone") && lines.contains("kill -HUP"),
        "{lines}"
    );
    assert!(get(&format!("{address}/rss.xml")).unwrap().contains("<title>Before</title>"));
    configure(site.path(), config);
    let lines = serving.until("is in use").join("\n");
    assert!(!lines.contains("is gone"), "{lines}");
}

#[test]
fn only_a_signal_moves_the_site() {
    let config = |base: &str, listen: &str| format!("[site]\nbase_url = '{base}'\n[server]\nlisten = '{listen}'\n");
    let (site, serving, address) = served(&config("https://one.example", "127.0.0.1:0"));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    configure(site.path(), &config("https://two.example", &free));
    let lines = serving.until("`server.listen` has changed");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("`site.base_url` has changed") && line.contains("kill -HUP")),
        "{lines:#?}"
    );
    let feed = get(&format!("{address}/rss.xml")).unwrap();
    assert!(
        feed.contains("https://one.example/rss.xml") && !feed.contains("two.example"),
        "{feed}"
    );
    serving.signal(Signal::HUP);
    serving.until("the configuration is in use");
    let feed = get(&format!("http://{free}/rss.xml")).unwrap();
    assert!(feed.contains("https://two.example/rss.xml"), "{feed}");
    assert!(feed.contains("tag:one.example,"), "ids stay: {feed}");
    let since = Instant::now();
    while get(&format!("{address}/rss.xml")).is_ok() {
        assert!(since.elapsed() < Duration::from_secs(20), "the old address still answers");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_address_that_is_taken_leaves_the_site_where_it_is() {
    let (site, serving, address) = served("[server]\nlisten = '127.0.0.1:0'\n");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    configure(
        site.path(),
        &format!("[server]\nlisten = '{}'\n", taken.local_addr().unwrap()),
    );
    serving.until("`server.listen` has changed");
    serving.signal(Signal::HUP);
    let lines = serving.until("the configuration before stays in use");
    assert!(
        lines.iter().any(|line| line.contains("another program uses this address")),
        "{lines:#?}"
    );
    assert!(get(&format!("{address}/rss.xml")).is_ok());
}
