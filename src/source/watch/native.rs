//! The system's events, and a test whether they are reliable here.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::events::{WatchEvent, translate};
use super::hints::Inbox;
use super::watch_error::{EVENT_TIMEOUT, WatchError};

/// The prefix of the names of test files, before the process id and a number.
const COOKIE: &str = ".feedmill-cookie-";

/// The system's events about one folder.
pub(super) struct Native {
    root: Utf8PathBuf,
    watcher: RecommendedWatcher,
}

impl Native {
    /// Sends events about changes below `root`, an absolute path without links, to `inbox`. With `must_test`, fails unless the file system
    /// is local and a test shows that events work.
    pub(super) fn install(root: &Utf8Path, must_test: bool, inbox: &Arc<Inbox>) -> Result<Native, WatchError> {
        if must_test && let Some(kind) = remote_kind(root) {
            return Err(WatchError::Remote(kind));
        }
        let handler = {
            let inbox = Arc::clone(inbox);
            let root = PathBuf::from(root);
            move |event: notify::Result<Event>| match event {
                Ok(event) => forward(&event, &root, &inbox),
                Err(error) => {
                    // an unknown part of the tree is not watched
                    match WatchError::from(error) {
                        exhausted @ WatchError::LimitReached(_) => inbox.give_up(exhausted),
                        why => tracing::debug!("a part of {} may not be watched: {why}", root.display()),
                    }
                    inbox.everything();
                }
            }
        };
        let mut watcher = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))?;
        watcher.watch(root.as_std_path(), RecursiveMode::Recursive)?;
        if must_test && !raises_events(root, inbox) {
            return Err(WatchError::NoEvent);
        }
        Ok(Native {
            root: root.to_owned(),
            watcher,
        })
    }

    /// Watches the folder at `path` below the root. Returns `false` if it does not exist.
    ///
    /// The watcher has started to watch it by itself, but reports neither the end nor the success. It also drops a folder that was moved or
    /// created again if events about its old name arrive late. A second call for the same folder solves both.
    pub(super) fn watch_folder(&mut self, path: &Utf8Path) -> Result<bool, WatchError> {
        let path = self.root.join(path);
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(false);
        }
        match self.watcher.watch(path.as_std_path(), RecursiveMode::Recursive) {
            Ok(()) => Ok(true),
            // it, or a folder in it, was deleted meanwhile
            Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Forwards an event. It runs on the watcher's thread and must not block, or the kernel's queue overflows.
fn forward(event: &Event, root: &std::path::Path, inbox: &Inbox) {
    for path in &event.paths {
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| name.starts_with(COOKIE)) {
            inbox.cookie_seen(name.to_owned());
            return;
        }
    }
    for meaning in translate(event, root) {
        match meaning {
            WatchEvent::Everything => inbox.everything(),
            WatchEvent::RootGone => inbox.root_gone(),
            WatchEvent::Changed(path, kind) => inbox.add(path, kind),
            WatchEvent::ChangedOrNewFolder(path, kind) => {
                inbox.add(path.clone(), kind);
                inbox.new_folder(path);
            }
        }
    }
}

/// Whether a new file in `root` raises an event. Returns `true` if no file can be created: a folder that is read-only for feedmill still
/// raises events when others on this machine write to it.
fn raises_events(root: &Utf8Path, inbox: &Inbox) -> bool {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("{COOKIE}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = root.join(&name);
    match File::create_new(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return true,
        Err(error) => {
            tracing::debug!("{root} takes no test file, so its events are not tested: {error}");
            return true;
        }
    }
    let raises_events = inbox.wait_for_cookie(&name, EVENT_TIMEOUT);
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!("{path} is left over and may be deleted: {error}");
    }
    raises_events
}

/// The name of the file system that `root` is on, if other machines may write to it without events here.
#[cfg(target_os = "linux")]
fn remote_kind(root: &Utf8Path) -> Option<&'static str> {
    let magic = rustix::fs::statfs(root.as_std_path()).ok()?.f_type;
    // linux/magic.h; the type of the field differs between machines, but not its low 32 bits
    let kind = match u64::try_from(magic).unwrap_or_default() & 0xffff_ffff {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0102_1997 => "9P",
        0x6573_5546 => "FUSE",
        0x00c3_6400 => "Ceph",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7461_636f => "OCFS2",
        0x786f_4256 => "a VirtualBox shared folder",
        0xbacb_acbc => "a VMware shared folder",
        _ => return None,
    };
    Some(kind)
}

/// The name of the file system that `root` is on, if other machines may write to it without events here. Always `None` on this
/// system: the test decides.
#[cfg(not(target_os = "linux"))]
fn remote_kind(_root: &Utf8Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::super::hints::WatchTask;
    use super::*;

    #[test]
    fn limits_say_which_setting_to_raise() {
        let io = |number| notify::Error::io(std::io::Error::from_raw_os_error(number));
        let cases = [
            (
                notify::Error::new(notify::ErrorKind::MaxFilesWatch),
                "fs.inotify.max_user_watches",
            ),
            (io(28), "fs.inotify.max_user_watches"),
            (io(24), "fs.inotify.max_user_instances"),
            (io(13), "denied"),
            (io(13).add_path("/posts/in".into()), "/posts/in cannot be watched: "),
        ];
        for (error, expected) in cases {
            let message = WatchError::from(error).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_test_of_events_leaves_no_file() {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        let inbox = Arc::new(Inbox::default());
        Native::install(&root, true, &inbox).map(drop).unwrap();
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }

    #[test]
    fn a_new_folder_raises_an_event_and_can_be_watched_after_its_watch_was_lost() {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        let inbox = Arc::new(Inbox::default());
        let mut native = Native::install(&root, true, &inbox).unwrap();
        fs::create_dir(root.join("new")).unwrap();
        let WatchTask::WatchFolders(folders) = inbox.wait(EVENT_TIMEOUT) else {
            panic!("a new folder is to be watched")
        };
        assert_eq!(folders, ["new"]);
        assert_eq!(native.watch_folder("new".into()), Ok(true));
        native.watcher.unwatch(root.join("new").as_std_path()).unwrap();
        assert_eq!(native.watch_folder("new".into()), Ok(true));
        fs::create_dir(root.join("new/deep")).unwrap();
        let WatchTask::WatchFolders(folders) = inbox.wait(EVENT_TIMEOUT) else {
            panic!("its files raise events")
        };
        assert_eq!(folders, ["new/deep"]);
        fs::write(root.join("a.md"), "# A").unwrap();
        assert_eq!(native.watch_folder("a.md".into()), Ok(false), "a file is not a folder");
        assert_eq!(native.watch_folder("gone".into()), Ok(false));
    }
}
