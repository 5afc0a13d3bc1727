//! The feeds in a change event are those whose bytes differ. A site is built from files in memory as from files on a disk.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::index::Scope;
use crate::render::{Format, Place};
use crate::site::ChangedFeed;
use crate::source::MemorySource;
use crate::source::watch::{Hints, Watching};

/// A site builder over files in memory, with a clock that the test sets.
struct TestSite {
    memory: MemorySource,
    builder: SiteBuilder,
    site: Option<Arc<Site>>,
    now: Timestamp,
    tick: Duration,
}

type FeedBytes = BTreeMap<ChangedFeed, String>;

impl TestSite {
    fn new(feed_limit: usize) -> TestSite {
        let mut config = Config::default();
        config.feed.limit = feed_limit;
        let memory = MemorySource::new(&config.posts);
        let now: Timestamp = "2026-06-03T12:00:00Z".parse().unwrap();
        let source = Source::Memory(memory.clone());
        TestSite {
            memory,
            builder: SiteBuilder::of_source(&Arc::new(config), source, None, now),
            site: None,
            now,
            tick: Duration::ZERO,
        }
    }

    fn advance(&mut self, time: Duration) {
        self.now += time;
        self.tick += time;
    }

    /// Runs a cycle. Returns the changed feeds in its outcome.
    fn cycle(&mut self) -> BTreeSet<ChangedFeed> {
        let outcome = self
            .builder
            .run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
        assert!(!outcome.has_failed);
        self.site = outcome.site.or(self.site.take());
        outcome.feeds.into_iter().collect()
    }

    /// The feeds of all scopes, without the date of the feed as a whole.
    fn feeds(&self) -> FeedBytes {
        let site = self.site.as_ref().unwrap();
        let scopes: Vec<Scope> = site.index.scopes().map(|(scope, _)| scope.clone()).collect();
        let feeds = scopes.into_iter().flat_map(|scope| {
            Format::ALL.map(|format| {
                let document = site.feed(&scope, Place::Newest, format).unwrap();
                let text = String::from_utf8(document.bytes().to_vec()).unwrap();
                let scope = scope.clone();
                (ChangedFeed { scope, format }, undated(&text, format))
            })
        });
        feeds.collect()
    }
}

/// The feed `text` without the date of the feed as a whole.
fn undated(text: &str, format: Format) -> String {
    let (start, end) = match format {
        Format::Rss => ("<lastBuildDate>", "</lastBuildDate>"),
        Format::Atom => ("<updated>", "</updated>"),
        Format::Json => return text.to_owned(),
    };
    let head = text.find("<entry>").or_else(|| text.find("<item>")).unwrap_or(text.len());
    match (text[..head].find(start), text[..head].find(end)) {
        (Some(from), Some(to)) => [&text[..from], &text[to..]].concat(),
        _ => text.to_owned(),
    }
}

/// The feeds that differ between `before` and `after`.
fn differing(before: &FeedBytes, after: &FeedBytes) -> BTreeSet<ChangedFeed> {
    let all = before.keys().chain(after.keys());
    all.filter(|feed| before.get(feed) != after.get(feed)).cloned().collect()
}

const PATHS: [&str; 7] = ["a.md", "b.md", "c.md", "one/a.md", "one/b.md", "two/c.md", "two/index.md"];

#[derive(Clone, Debug)]
enum FolderStep {
    Write(usize, String),
    Remove(usize),
    Rename(usize, usize),
    Pass(u64),
}

const TEXTS: [&str; 8] = [
    "Reeds along the creek.",
    "Reeds along the creek. ",
    "*Reeds* along the creek.",
    "Reeds along the creek.\n\n<!-- not for readers -->",
    "See [b](/one/b.md) and [c](c.md).",
    "See [the other](a.md).",
    "![A picture](a.png)",
    "# A heading\n\nThe lamp is lit at dusk, when the boats come home.",
];

fn file() -> impl Strategy<Value = String> {
    let line = |key: &'static str, values: &'static [&'static str]| {
        let line = (0..values.len()).prop_map(move |at| format!("{key}: {}\n", values[at]));
        proptest::option::weighted(0.3, line).prop_map(Option::unwrap_or_default)
    };
    let head = (
        (1..6).prop_map(|day| format!("date: 2026-06-0{day}\n")),
        line("title", &["Reeds", "Rushes & <reeds>"]),
        line("tags", &["[One, two]", "[two]", "[ONE]", "[three]"]),
        line("author", &["Ann Ott", "Bo"]),
        line("draft", &["true"]),
        line("unlisted", &["true"]),
        line("feed", &["false"]),
        line("expiryDate", &["2026-06-04", "2026-06-06"]),
        line("summary", &["Short.", "Shorter."]),
        line("image", &["a.png", "https://example.com/b.png"]),
        line("link", &["https://example.com/x"]),
    );
    let head = head.prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| [a, b, c, d, e, f, g, h, i, j, k].concat());
    (head, 0..TEXTS.len()).prop_map(|(head, text)| format!("---\n{head}---\n{}\n", TEXTS[text]))
}

fn step() -> impl Strategy<Value = FolderStep> {
    prop_oneof![
        6 => (0..PATHS.len(), file()).prop_map(|(at, text)| FolderStep::Write(at, text)),
        2 => (0..PATHS.len()).prop_map(FolderStep::Remove),
        1 => (0..PATHS.len(), 0..PATHS.len()).prop_map(|(from, to)| FolderStep::Rename(from, to)),
        1 => (1_u64..30).prop_map(FolderStep::Pass),
    ]
}

/// Checks after each step that the events name the feeds whose bytes differ.
fn check_changed_feeds(files: &[String], steps: &[Vec<FolderStep>]) -> Result<(), TestCaseError> {
    let mut builder = TestSite::new(3);
    for (path, text) in PATHS.iter().zip(files) {
        builder.memory.insert(*path, text, builder.now - Duration::from_hours(1));
    }
    builder.cycle();
    let mut before = builder.feeds();
    for changes in steps {
        for change in changes {
            match change {
                FolderStep::Write(at, text) => builder.memory.insert(PATHS[*at], text, builder.now),
                FolderStep::Remove(at) => builder.memory.remove(PATHS[*at]),
                FolderStep::Rename(from, to) => builder.memory.rename(PATHS[*from], PATHS[*to]),
                FolderStep::Pass(hours) => builder.advance(Duration::from_hours(*hours)),
            }
        }
        // missing and unfinished files are accepted after a while
        for seconds in [0, 3, 70] {
            builder.advance(Duration::from_secs(seconds));
            let named = builder.cycle();
            let after = builder.feeds();
            prop_assert_eq!(named, differing(&before, &after), "{:?} after {} seconds", changes, seconds);
            before = after;
        }
    }
    Ok(())
}

/// A post that comes back is published in two steps, because another file has the same text. The first one changes where the link leads.
#[test]
fn a_link_to_a_post_that_comes_back_changes_the_feed_with_the_link() {
    let text = |head: &str| format!("---\ndate: {head}\n---\nReeds along the creek.\n");
    let mut files = vec!["---\ndate: 2026-06-01\n---\nSee [b](/one/b.md) and [c](c.md).\n".to_owned()];
    files.resize(PATHS.len(), text("2026-06-01"));
    let steps = [
        vec![FolderStep::Write(2, text("2026-06-04"))],
        vec![FolderStep::Write(3, text("2026-06-01\ndraft: true"))],
        vec![FolderStep::Write(2, text("2026-06-01\nfeed: false"))],
    ];
    check_changed_feeds(&files, &steps).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_changed_feeds_are_those_whose_bytes_differ(
        files in proptest::collection::vec(file(), PATHS.len()),
        steps in proptest::collection::vec(proptest::collection::vec(step(), 1..3), 1..8),
    ) {
        check_changed_feeds(&files, &steps)?;
    }
}

#[test]
fn files_in_memory_make_feeds() {
    let mut builder = TestSite::new(20);
    let then = builder.now - Duration::from_hours(1);
    builder.memory.insert(
        "a.md",
        "---\ntitle: Reeds\ndate: 2026-06-01\ntags: [creek]\n---\nReeds.\n",
        then,
    );
    builder.cycle();
    assert!(builder.feeds().values().all(|feed| feed.contains("Reeds")));
    builder
        .memory
        .insert("b.md", "---\ntitle: Lamp\ndate: 2026-06-02\n---\nThe lamp.\n", then);
    builder.advance(Duration::from_secs(3));
    assert!(builder.cycle().is_empty(), "a new file has to hold still");
    builder.advance(Duration::from_secs(3));
    let named = builder.cycle();
    let of_site = Format::ALL.map(|format| ChangedFeed {
        scope: Scope::Site,
        format,
    });
    assert_eq!(named, BTreeSet::from(of_site), "the feeds of the tag stay");
    let feeds = builder.feeds();
    assert_eq!(feeds.values().filter(|feed| feed.contains("The lamp.")).count(), 3);
}

#[tokio::test]
async fn a_publisher_over_files_in_memory_follows_their_changes() {
    let config: Arc<Config> = Arc::default();
    let memory = MemorySource::new(&config.posts);
    memory.insert("a.md", "# A", Timestamp::now() - Duration::from_hours(1));
    let builder = SiteBuilder::of_source(&config, Source::Memory(memory.clone()), None, Timestamp::now());
    let publisher = Publisher::start_builder(builder, config, Arc::default()).await.unwrap();
    let mut changes = publisher.changes();
    memory.insert("b.md", "# B", Timestamp::now());
    let change = tokio::time::timeout(Duration::from_secs(10), changes.recv())
        .await
        .unwrap()
        .unwrap();
    let posts: Vec<(&str, &PostEventKind)> = change.posts.iter().map(|post| (post.path.as_str(), &post.event)).collect();
    assert_eq!(posts, [("b.md", &PostEventKind::Added)]);
    assert_eq!(change.built, publisher.site().built());
    assert!(change.feeds.iter().any(|feed| feed.scope == Scope::Site));
    publisher.stop().await;
}
