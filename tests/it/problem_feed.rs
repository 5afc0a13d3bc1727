//! The feed of problems on the operator's address.

use std::path::Path;
use std::time::{Duration, Instant};

use feed_rs::model::Feed;

use crate::commands::{Serving, folder};
use crate::server::write;

/// The longest wait for a change. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

struct Operated {
    _serving: Serving,
    admin: String,
}

impl Operated {
    fn start(site: &Path) -> Operated {
        let serving = Serving::start(site, &["--log", "json", "--base-url", "https://example.org"]);
        let line = serving.until("operator's address").pop().unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        Operated {
            admin: format!("http://{}", event["address"].as_str().unwrap()),
            _serving: serving,
        }
    }

    fn get(&self, path: &str, accept: &str) -> (String, String) {
        let mut answer = ureq::get(format!("{}{path}", self.admin))
            .header("accept", accept)
            .call()
            .unwrap();
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (media_type, answer.body_mut().read_to_string().unwrap())
    }

    fn feed(&self) -> Feed {
        let (media_type, text) = self.get("/status.atom", "*/*");
        assert_eq!(media_type, "application/atom+xml; charset=utf-8");
        feed_rs::parser::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Waits for a feed with this property.
    fn feed_with(&self, what: &str, has: impl Fn(&Feed) -> bool) -> Feed {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let feed = self.feed();
            if has(&feed) {
                return feed;
            }
            assert!(Instant::now() < deadline, "{what}: {feed:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What tells one version of an entry from another: the id and `updated`.
fn version(feed: &Feed, part_of_title: &str) -> Option<(String, String)> {
    let is_it = |entry: &&feed_rs::model::Entry| entry.title.as_ref().unwrap().content.contains(part_of_title);
    let entry = feed.entries.iter().find(is_it)?;
    Some((entry.id.clone(), entry.updated.unwrap().to_rfc3339()))
}

fn content(feed: &Feed, part_of_title: &str) -> String {
    let is_it = |entry: &&feed_rs::model::Entry| entry.title.as_ref().unwrap().content.contains(part_of_title);
    let entry = feed.entries.iter().find(is_it).unwrap();
    entry.content.as_ref().unwrap().body.clone().unwrap()
}

#[test]
fn an_entry_is_a_problem_of_a_file_and_changes_only_with_it() {
    let site = folder(&[
        ("posts/good.md", "---\ntitle: Good\ndate: 2026-01-31\n---\nx"),
        ("posts/draft.md", "---\ntitle: Draft\ndraft: true\n---\nx"),
        ("posts/colon.md", "---\ntitle: A: B\ndate: 2026-01-31\n---\nx"),
        ("posts/<b>&.md", "---\ntitle: Never closed\n"),
        ("posts/date.md", "---\ntitle: When\ndate: 31st of Juno\n---\nx"),
    ]);
    let operated = Operated::start(site.path());
    let first = operated.feed();
    let titles: Vec<&str> = first
        .entries
        .iter()
        .map(|entry| entry.title.as_ref().unwrap().content.as_str())
        .collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
    for wanted in ["colon.md: ", "<b>&.md: ", "date.md: "] {
        assert!(titles.iter().any(|title| title.starts_with(wanted)), "{wanted}: {titles:?}");
    }
    assert!(content(&first, "colon.md").contains("colon.md:2:9") && content(&first, "colon.md").contains("To fix it: "));
    assert!(
        content(&first, "<b>&.md").contains("&lt;b&gt;&amp;.md"),
        "texts are not markup"
    );
    assert_eq!(first.links[0].href, format!("{}/status.atom", operated.admin));

    // the same problem on another line
    let before = version(&first, "colon.md").unwrap();
    write(
        site.path(),
        "posts/colon.md",
        "---\nsummary: New\ntitle: A: B\ndate: 2026-01-31\n---\nx",
    );
    let moved = operated.feed_with("the line", |feed| content(feed, "colon.md").contains("colon.md:3:9"));
    assert_eq!(version(&moved, "colon.md"), Some(before.clone()));
    assert_eq!(moved.updated, first.updated);

    // another problem of the same kind
    let date = version(&first, "date.md").unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    write(site.path(), "posts/date.md", "---\ntitle: When\ndate: 32nd of Juno\n---\nx");
    let changed = operated.feed_with("another date", |feed| {
        version(feed, "date.md").is_some_and(|(_, at)| at != date.1)
    });
    assert_eq!(version(&changed, "date.md").unwrap().0, date.0);
    assert!(changed.updated > first.updated);
    assert_eq!(version(&changed, "colon.md"), Some(before.clone()));

    // a restart is no news
    drop(operated);
    let operated = Operated::start(site.path());
    let again = operated.feed();
    assert_eq!((&again.id, again.updated), (&changed.id, changed.updated));
    assert_eq!(version(&again, "colon.md"), Some(before));

    for (path, title) in [("posts/colon.md", "A"), ("posts/date.md", "B"), ("posts/<b>&.md", "C")] {
        write(site.path(), path, &format!("---\ntitle: {title}\ndate: 2026-01-31\n---\nx"));
    }
    let solved = operated.feed_with("no problems", |feed| feed.entries.is_empty());
    assert_eq!(solved.description.unwrap().content, "No problems.");
    assert!(solved.updated >= again.updated);
}

#[test]
fn the_number_of_entries_is_limited_and_the_status_page_links_to_the_feed() {
    let broken = "---\ntitle: Never closed\n";
    let site = folder(&[]);
    for n in 0..250 {
        write(site.path(), &format!("posts/{n}.md"), broken);
    }
    let operated = Operated::start(site.path());
    let feed = operated.feed();
    assert_eq!(feed.entries.len(), 200);
    let (_, page) = operated.get("/status", "text/html");
    assert!(
        page.contains("<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Problems\" href=\"status.atom\">"),
        "{page}"
    );
    let answer = ureq::get(format!("{}/status.atom", operated.admin))
        .header("host", "rebound.example")
        .call();
    assert!(matches!(answer, Err(ureq::Error::StatusCode(421))), "{answer:?}");
    assert_eq!(
        operated.get("/status.atom", "text/html").0,
        "application/atom+xml; charset=utf-8"
    );
}
