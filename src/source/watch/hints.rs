//! Hints about the paths to scan again, collected until they are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::Utf8PathBuf;
use tokio::sync::Notify;

use super::Watching;
use super::watch_error::WatchError;

/// The most paths that are kept; with more, the hint is to scan everything.
const MOST_PATHS: usize = 4096;

/// The paths to scan again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Whether to scan everything.
    pub everything: bool,
    /// These paths below the folder, and everything below those that are folders; at most a few thousand.
    pub paths: BTreeMap<Utf8PathBuf, HintKind>,
}

/// The last hint about a path. It only decides how soon a file that *a scan found changed* counts as finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintKind {
    /// Something happened to it: it may be deleted, new, a folder, or have other permissions.
    Seen,
    /// Its content is changing, and its writer has not closed it.
    Modified,
    /// A writer closed it.
    Closed,
    /// It was renamed to this path.
    Moved,
}

impl Hints {
    /// Returns the hint to scan everything.
    #[must_use]
    pub fn everything() -> Hints {
        Hints {
            everything: true,
            paths: BTreeMap::new(),
        }
    }

    /// Whether there is no hint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everything && self.paths.is_empty()
    }

    /// Adds a hint. The last one about a path counts, but [`HintKind::Seen`] replaces no other. With more than a few thousand paths, the hint is
    /// to scan everything.
    pub fn add(&mut self, path: Utf8PathBuf, kind: HintKind) {
        if path.as_str().is_empty() {
            self.everything = true;
            return;
        }
        if let Some(known) = self.paths.get_mut(&path) {
            if kind != HintKind::Seen {
                *known = kind;
            }
        } else if self.paths.len() < MOST_PATHS {
            self.paths.insert(path, kind);
        } else {
            self.everything = true;
        }
    }

    /// Adds all hints of `later`.
    pub fn merge(&mut self, later: Hints) {
        self.everything |= later.everything;
        for (path, kind) in later.paths {
            self.add(path, kind);
        }
    }
}

/// A task for the thread of the watch.
pub(super) enum WatchTask {
    None,
    Stop,
    /// The folder itself was deleted or moved: watch the one that is at its path now.
    Reinstall,
    /// Watch these new folders.
    WatchFolders(Vec<Utf8PathBuf>),
    /// The system's events can no longer be relied on.
    GiveUp(WatchError),
}

/// Passes hints from the system's thread, which never waits, to the thread of the watch and to the listener.
#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<InboxState>,
    /// Wakes the thread of the watch.
    has_task: Condvar,
    /// Wakes the listener.
    has_hints: Notify,
}

#[derive(Debug)]
struct InboxState {
    hints: Hints,
    new_folders: BTreeSet<Utf8PathBuf>,
    give_up: Option<WatchError>,
    cookie: Option<String>,
    is_root_gone: bool,
    is_stopped: bool,
    watching: Watching,
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox {
            state: Mutex::new(InboxState {
                hints: Hints::default(),
                new_folders: BTreeSet::new(),
                give_up: None,
                cookie: None,
                is_root_gone: false,
                is_stopped: false,
                watching: Watching::Poll,
            }),
            has_task: Condvar::new(),
            has_hints: Notify::new(),
        }
    }
}

impl Inbox {
    /// Locks the state. No code that holds the lock can leave the state inconsistent, so a poisoned lock is not an error.
    fn lock(&self) -> MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, path: Utf8PathBuf, kind: HintKind) {
        self.lock().hints.add(path, kind);
        self.has_hints.notify_one();
    }

    pub(super) fn everything(&self) {
        self.lock().hints.everything = true;
        self.has_hints.notify_one();
    }

    /// Records that `path` may be a new folder.
    pub(super) fn new_folder(&self, path: Utf8PathBuf) {
        let mut state = self.lock();
        if state.new_folders.len() < MOST_PATHS {
            state.new_folders.insert(path);
        } else {
            // the root includes all folders
            state.new_folders = BTreeSet::from([Utf8PathBuf::new()]);
        }
        self.has_task.notify_one();
    }

    /// Records that the folder itself was deleted or moved.
    pub(super) fn root_gone(&self) {
        self.lock().is_root_gone = true;
        self.has_task.notify_one();
    }

    pub(super) fn give_up(&self, why: WatchError) {
        self.lock().give_up = Some(why);
        self.has_task.notify_one();
    }

    pub(super) fn cookie_seen(&self, name: String) {
        self.lock().cookie = Some(name);
        self.has_task.notify_one();
    }

    /// Waits for an event about the cookie file called `name`, at most for `timeout`; returns whether it arrived.
    pub(super) fn wait_for_cookie(&self, name: &str, timeout: Duration) -> bool {
        let is_waiting = |state: &mut InboxState| state.cookie.as_deref() != Some(name) && !state.is_stopped;
        let (state, _) = self
            .has_task
            .wait_timeout_while(self.lock(), timeout, is_waiting)
            .unwrap_or_else(PoisonError::into_inner);
        state.cookie.as_deref() == Some(name)
    }

    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.has_task.notify_one();
    }

    /// Waits for a task, at most for `timeout`.
    pub(super) fn wait(&self, timeout: Duration) -> WatchTask {
        let is_idle = |state: &mut InboxState| {
            !state.is_stopped && !state.is_root_gone && state.give_up.is_none() && state.new_folders.is_empty()
        };
        let (mut state, _) = self
            .has_task
            .wait_timeout_while(self.lock(), timeout, is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped {
            WatchTask::Stop
        } else if std::mem::take(&mut state.is_root_gone) {
            WatchTask::Reinstall
        } else if let Some(why) = state.give_up.take() {
            WatchTask::GiveUp(why)
        } else if state.new_folders.is_empty() {
            WatchTask::None
        } else {
            WatchTask::WatchFolders(std::mem::take(&mut state.new_folders).into_iter().collect())
        }
    }

    pub(super) fn set_watching(&self, watching: Watching) {
        self.lock().watching = watching;
    }

    pub(super) fn watching(&self) -> Watching {
        self.lock().watching
    }

    pub(super) async fn take_hints(&self) -> Hints {
        loop {
            let hints = std::mem::take(&mut self.lock().hints);
            if !hints.is_empty() {
                return hints;
            }
            self.has_hints.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hint_about_a_path_counts() {
        let cases: [(&[HintKind], HintKind); 5] = [
            (&[HintKind::Modified, HintKind::Closed], HintKind::Closed),
            (&[HintKind::Closed, HintKind::Modified], HintKind::Modified),
            (&[HintKind::Closed, HintKind::Seen], HintKind::Closed),
            (&[HintKind::Moved, HintKind::Seen, HintKind::Modified], HintKind::Modified),
            (&[HintKind::Seen, HintKind::Moved], HintKind::Moved),
        ];
        for (sequence, expected) in cases {
            let mut hints = Hints::default();
            for &kind in sequence {
                hints.add("a.md".into(), kind);
            }
            assert_eq!(hints.paths.values().copied().collect::<Vec<_>>(), [expected], "{sequence:?}");
        }
    }

    #[test]
    fn too_many_paths_are_a_hint_for_everything() {
        let mut hints = Hints::default();
        for n in 0..MOST_PATHS {
            hints.add(format!("{n}.md").into(), HintKind::Closed);
        }
        assert!(!hints.everything);
        hints.add("one-more.md".into(), HintKind::Closed);
        assert!(hints.everything, "nothing is lost");
        assert_eq!(hints.paths.len(), MOST_PATHS, "nothing grows");
    }

    #[test]
    fn too_many_new_folders_are_replaced_by_the_root() {
        let inbox = Inbox::default();
        for n in 0..=MOST_PATHS {
            inbox.new_folder(format!("{n}").into());
        }
        let WatchTask::WatchFolders(folders) = inbox.wait(Duration::ZERO) else {
            panic!("folders are to be watched")
        };
        assert_eq!(folders, [Utf8PathBuf::new()]);
    }
}
