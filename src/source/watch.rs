//! Watches the posts folder, and sends hints about the paths to scan again.
//!
//! Events of the system arrive late, twice, in the wrong order, about files that were deleted again, or not at all. So [`Hints`] contain
//! paths and never states; a scan determines the state. Only this module uses `notify`.
//!
//! If a test shows that events do not work here, the watch sends a hint for everything at fixed intervals.

mod events;
mod hints;
mod native;
mod watch_error;

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::config;
use crate::config::WatchMode;

pub use self::hints::{HintKind, Hints};
use self::hints::{Inbox, WatchTask};
use self::native::Native;
use self::watch_error::WatchError;

/// The interval at which the identity of the watched folder is checked.
const WATCHDOG: Duration = Duration::from_secs(1);

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Watching {
    /// By the system's events.
    Native,
    /// By scanning at intervals.
    Poll,
}

impl fmt::Display for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Watching::Native => "by the system's events",
            Watching::Poll => "by scanning at intervals",
        })
    }
}

/// A watch over one folder. Dropping it ends the watch.
#[derive(Debug)]
pub struct SourceWatch {
    inbox: Arc<Inbox>,
}

/// A watch that is being installed.
#[derive(Debug)]
pub struct StartingWatch {
    watch: SourceWatch,
    is_ready: mpsc::Receiver<()>,
}

impl SourceWatch {
    /// Watches the folder at `root`, which need not exist yet: it is watched as soon as it exists, and again after it is replaced.
    ///
    /// When this returns the watch is installed, so a scan after it misses nothing. It blocks while the system's events are tested, for at
    /// most two seconds.
    #[must_use]
    pub fn start(root: &Utf8Path, config: &config::WatchSettings) -> SourceWatch {
        SourceWatch::begin(root, config).ready()
    }

    /// Does the same as [`SourceWatch::start`] without waiting until the watch is installed.
    #[must_use]
    pub fn begin(root: &Utf8Path, config: &config::WatchSettings) -> StartingWatch {
        let inbox = Arc::new(Inbox::default());
        let (ready, is_ready) = mpsc::sync_channel(1);
        let mut watch_thread = WatchThread {
            root: root.to_owned(),
            mode: config.mode,
            poll: config.poll,
            inbox: Arc::clone(&inbox),
            installed: None,
            native: None,
        };
        let spawned = thread::Builder::new().name("watch".to_owned()).spawn(move || {
            watch_thread.install();
            let _ = ready.send(());
            // a panic must not end the watch: everything is installed again
            while catch_unwind(AssertUnwindSafe(|| watch_thread.run())).is_err() {
                tracing::error!("the watch over {} failed and is started again", watch_thread.root);
                thread::sleep(WATCHDOG);
                watch_thread.reinstall();
            }
        });
        if let Err(error) = spawned {
            tracing::error!("{root} is not watched, only scanned at intervals: {error}");
        }
        StartingWatch {
            watch: SourceWatch { inbox },
            is_ready,
        }
    }

    /// A watch that receives only the hints of the returned sender.
    #[must_use]
    pub fn manual() -> (HintSender, StartingWatch) {
        let inbox = Arc::new(Inbox::default());
        inbox.set_watching(Watching::Native);
        let sender = HintSender(Arc::downgrade(&inbox));
        // the sending end is dropped at once, so `ready` does not block
        let (_, is_ready) = mpsc::sync_channel(1);
        let watch = SourceWatch { inbox };
        (sender, StartingWatch { watch, is_ready })
    }

    /// Waits for hints and returns them. Hints that arrive before the next call are kept. Dropping the future loses none.
    pub async fn next(&self) -> Hints {
        self.inbox.take_hints().await
    }

    /// The present way of noticing changes.
    pub fn watching(&self) -> Watching {
        self.inbox.watching()
    }
}

impl StartingWatch {
    /// Waits until the watch is installed.
    #[must_use]
    pub fn ready(self) -> SourceWatch {
        // without a thread there is nothing to wait for
        let _ = self.is_ready.recv();
        self.watch
    }
}

/// Sends hints to a manual watch. Does nothing if the watch was dropped.
#[derive(Clone, Debug)]
pub struct HintSender(Weak<Inbox>);

impl HintSender {
    /// Sends a hint about `path`.
    pub fn send(&self, path: Utf8PathBuf, kind: HintKind) {
        if let Some(inbox) = self.0.upgrade() {
            inbox.add(path, kind);
        }
    }
}

impl Drop for SourceWatch {
    fn drop(&mut self) {
        self.inbox.stop();
    }
}

/// The identity of the watched folder. It differs after the folder was replaced, or after a link to it changed. A folder that was deleted
/// and created again often gets the same inode, so the time of birth is part of it if the file system records that.
type WatchedFolder = (Utf8PathBuf, u64, u64, Option<SystemTime>);

fn identify(root: &Utf8Path) -> Option<WatchedFolder> {
    let path = root.canonicalize_utf8().ok()?;
    let metadata = fs::metadata(&path).ok()?;
    metadata
        .is_dir()
        .then(|| (path, metadata.dev(), metadata.ino(), metadata.created().ok()))
}

/// Installs and maintains the watch, on a thread of its own: installing one reads the whole tree.
struct WatchThread {
    root: Utf8PathBuf,
    mode: WatchMode,
    poll: Duration,
    inbox: Arc<Inbox>,
    installed: Option<WatchedFolder>,
    native: Option<Native>,
}

impl WatchThread {
    fn run(&mut self) {
        let mut polled = Instant::now();
        let mut checked = Instant::now();
        loop {
            let pause = if self.native.is_some() {
                WATCHDOG
            } else {
                WATCHDOG.min(self.poll)
            };
            match self.inbox.wait(pause) {
                WatchTask::Stop => return,
                WatchTask::Reinstall => self.reinstall(),
                WatchTask::WatchFolders(folders) => self.watch_folders(folders),
                WatchTask::GiveUp(why) => {
                    self.native = None;
                    self.poll_because(&why);
                }
                WatchTask::None => {}
            }
            if checked.elapsed() >= WATCHDOG {
                checked = Instant::now();
                if identify(&self.root) != self.installed {
                    self.reinstall();
                }
            }
            if self.native.is_none() && polled.elapsed() >= self.poll {
                polled = Instant::now();
                self.inbox.everything();
            }
        }
    }

    fn reinstall(&mut self) {
        self.native = None;
        self.install();
        self.inbox.everything();
    }

    fn install(&mut self) {
        self.installed = identify(&self.root);
        let Some((path, ..)) = &self.installed else { return };
        if self.mode == WatchMode::Poll {
            self.inbox.set_watching(Watching::Poll);
            return;
        }
        match Native::install(path, self.mode == WatchMode::Auto, &self.inbox) {
            Ok(native) => {
                self.native = Some(native);
                self.inbox.set_watching(Watching::Native);
            }
            Err(why) => self.poll_because(&why),
        }
    }

    fn poll_because(&self, why: &WatchError) {
        tracing::warn!(
            "{} is scanned every {:?} instead of being watched: {why}",
            self.root,
            self.poll
        );
        self.inbox.set_watching(Watching::Poll);
        self.inbox.everything();
    }

    /// Watches new folders. Their events arrive before they are watched, so files written into them until then raised none. As soon as they
    /// are certainly watched, a hint about each is sent.
    fn watch_folders(&mut self, folders: Vec<Utf8PathBuf>) {
        let Some(native) = &mut self.native else { return };
        for folder in folders {
            match native.watch_folder(&folder) {
                Ok(true) => self.inbox.add(folder, HintKind::Seen),
                // the scan after the hint refuses what cannot be read; a change of permissions raises an event as well
                Ok(false) | Err(WatchError::PermissionDenied(_)) => {}
                Err(WatchError::LimitReached(what)) => {
                    self.native = None;
                    self.poll_because(&WatchError::LimitReached(what));
                    return;
                }
                Err(why) => {
                    tracing::warn!("{why}; changes there are found at the next full scan");
                    self.inbox.add(folder, HintKind::Seen);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        (temporary, root)
    }

    async fn next(watch: &SourceWatch) -> Hints {
        tokio::time::timeout(Duration::from_secs(10), watch.next())
            .await
            .expect("a hint in time")
    }

    #[tokio::test]
    async fn a_closed_file_and_a_renamed_one_are_distinguished() {
        let (_keep, root) = folder();
        let watch = SourceWatch::start(&root, &config::WatchSettings::default());
        assert_eq!(watch.watching(), Watching::Native);
        fs::write(root.join("a.md"), "# A").unwrap();
        fs::rename(root.join("a.md"), root.join("b.md")).unwrap();
        let mut received = Hints::default();
        while received.paths.get(Utf8Path::new("b.md")) != Some(&HintKind::Moved) {
            received.merge(next(&watch).await);
        }
        assert_eq!(received.paths.get(Utf8Path::new("a.md")), Some(&HintKind::Closed));
        assert!(!received.everything);
    }

    #[tokio::test]
    async fn a_root_put_back_is_watched_again() {
        let (_keep, parent) = folder();
        let root = parent.join("posts");
        fs::create_dir(&root).unwrap();
        let watch = SourceWatch::start(&root, &config::WatchSettings::default());
        fs::rename(&root, parent.join("old")).unwrap();
        fs::create_dir(&root).unwrap();
        while !next(&watch).await.everything {}
        // late hints of the old root may still arrive; those of the new one are sent once the watch is moved, perhaps after the hint above
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            assert!(Instant::now() < deadline, "the new folder is not watched");
            fs::write(root.join("new.md"), "# New").unwrap();
            let received = tokio::time::timeout(Duration::from_millis(200), watch.next()).await;
            if received.is_ok_and(|hints| hints.paths.contains_key(Utf8Path::new("new.md"))) {
                break;
            }
        }
    }

    #[tokio::test]
    async fn a_new_folder_is_scanned_again_once_it_is_certainly_watched() {
        let (_keep, root) = folder();
        let mut watch_thread = WatchThread {
            root: root.clone(),
            mode: WatchMode::Native,
            poll: WATCHDOG,
            inbox: Arc::default(),
            installed: None,
            native: None,
        };
        fs::create_dir(root.join("new")).unwrap();
        watch_thread.install();
        watch_thread.watch_folders(vec!["new".into(), "gone".into()]);
        let hints = watch_thread.inbox.take_hints().await;
        assert_eq!(hints.paths.keys().collect::<Vec<_>>(), ["new"]);
    }

    #[tokio::test]
    async fn polling_sends_hints_at_fixed_times() {
        let (_keep, root) = folder();
        let config = config::WatchSettings {
            mode: WatchMode::Poll,
            poll: Duration::from_millis(20),
            ..config::WatchSettings::default()
        };
        let watch = SourceWatch::start(&root, &config);
        assert_eq!(watch.watching(), Watching::Poll);
        for _ in 0..3 {
            assert!(next(&watch).await.everything);
        }
    }
}
