//! From the disk to the site: scans, when a change is accepted, and how soon it is served.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test ends where it fails, and may print its measurements"
)]

mod folder;
mod live;
mod model;

mod rules;
mod texts;
mod writers;

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::config::Config;
use feedmill::publisher::{PostEventKind, Publisher};
use feedmill::site::Site;
use feedmill::source::Source;
use feedmill::source::tracker::{FileTracker, ScanOutcome};
use feedmill::source::watch::{HintKind, Hints};
use feedmill::time::Timestamp;

/// A temporary posts folder, with space beside it.
struct Posts {
    temporary: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Posts {
    fn new() -> Posts {
        let temporary = tempfile::tempdir().unwrap();
        let above = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        let root = above.join("posts");
        fs::create_dir(&root).unwrap();
        Posts { temporary, root }
    }

    fn of(files: &[&str]) -> Posts {
        let posts = Posts::new();
        for file in files {
            posts.write(file, &format!("# {file}\n\nText.\n"));
        }
        posts
    }

    fn path_outside(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.temporary.path()).unwrap().join(path)
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        self.root.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    fn link(&self, target: &str, path: &str) {
        symlink(target, self.path(path)).unwrap();
    }
}

/// A file tracker over a folder, with a clock that the test sets.
struct Driver {
    posts: Posts,
    tracker: FileTracker,
    tick: Duration,
}

impl Driver {
    /// A driver whose files are old and were scanned once.
    fn of(files: &[&str]) -> Driver {
        Driver::over(Posts::of(files), Config::default())
    }

    fn over(posts: Posts, config: Config) -> Driver {
        let mut tracker = FileTracker::new(Arc::new(config), posts.root.clone());
        let outcome = tracker.scan(&Hints::everything(), later(), Duration::ZERO);
        assert_eq!(outcome.again_in, None, "old files are accepted at once");
        let tick = Duration::from_secs(1000);
        Driver { posts, tracker, tick }
    }

    /// Scans the paths of `hints` after `after` milliseconds.
    fn scan_paths(&mut self, after: u64, hints: &[(&str, HintKind)]) -> ScanOutcome {
        let mut all = Hints::default();
        for (path, how) in hints {
            all.add((*path).into(), *how);
        }
        self.scan_hints(after, &all)
    }

    fn scan(&mut self, after: u64) -> ScanOutcome {
        self.scan_hints(after, &Hints::everything())
    }

    fn scan_hints(&mut self, after: u64, hints: &Hints) -> ScanOutcome {
        self.tick += Duration::from_millis(after);
        self.tracker.scan(hints, Timestamp::now(), self.tick)
    }

    fn served(&self) -> Vec<&str> {
        self.tracker.posts().map(|post| post.source.as_str()).collect()
    }

    fn body(&self, path: &str) -> String {
        let post = self
            .tracker
            .posts()
            .find(|post| post.source.as_str() == path)
            .expect("a post");
        self.tracker.texts().text(post).expect("its text").to_string()
    }

    fn messages(&self) -> Vec<String> {
        self.tracker.diagnostics().iter().map(ToString::to_string).collect()
    }
}

/// An hour from now: no file on the disk changed recently.
fn later() -> Timestamp {
    Timestamp::now() + Duration::from_hours(1)
}

fn events(outcome: &ScanOutcome) -> Vec<(&str, &PostEventKind)> {
    outcome
        .events
        .iter()
        .map(|report| (report.path.as_str(), &report.event))
        .collect()
}

async fn publish(posts: &Posts) -> Publisher {
    publish_with(posts, |_| {}).await
}

async fn publish_with(posts: &Posts, adapt: impl FnOnce(&mut Config)) -> Publisher {
    let mut config = Config::default();
    adapt(&mut config);
    let source = Source::folder(posts.root.clone(), &config.posts);
    Publisher::start(Arc::new(config), source).await.expect("it starts")
}

/// Waits until `condition` holds.
async fn until(publisher: &Publisher, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        let sources = sources(&publisher.site());
        assert!(
            Instant::now() < deadline,
            "{what}: not in time; {sources:?} {:?}",
            publisher.health()
        );
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

fn sources(site: &Site) -> Vec<String> {
    site.all().iter().map(|post| post.source.to_string()).collect()
}

fn body_of(site: &Site, path: &str) -> Option<String> {
    Some(site.text(site.post(path.into())?)?.to_string())
}
