//! Why the system's events about a folder are not used.

use std::fmt;
use std::time::Duration;

use crate::diagnostic::one_line;

/// How long the event about a new file may take. It takes less than a millisecond if events work.
pub(super) const EVENT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the system's events are not used, and how to change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WatchError {
    /// Other machines can change the file system without events on this one.
    Remote(&'static str),
    /// The system's limit on watched folders, in this setting, is reached.
    LimitReached(&'static str),
    /// A test file was created, and no event arrived.
    NoEvent,
    /// There is no permission to read a folder.
    PermissionDenied(String),
    /// Another error of the system.
    Failed(String),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::Remote(kind) => write!(f, "{kind} does not report changes that other machines make"),
            WatchError::LimitReached(setting) => write!(f, "the system's limit is reached (raise it: sysctl -w {setting})"),
            WatchError::NoEvent => write!(f, "no event came within {EVENT_TIMEOUT:?} for a test file"),
            WatchError::PermissionDenied(error) | WatchError::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl From<notify::Error> for WatchError {
    fn from(error: notify::Error) -> WatchError {
        // these numbers are the same on every Unix
        const EACCES: i32 = 13;
        const EMFILE: i32 = 24;
        const ENOSPC: i32 = 28;
        let number = match &error.kind {
            notify::ErrorKind::Io(error) => error.raw_os_error(),
            _ => None,
        };
        match (&error.kind, number) {
            (notify::ErrorKind::MaxFilesWatch, _) | (_, Some(ENOSPC)) => {
                WatchError::LimitReached("fs.inotify.max_user_watches=1048576")
            }
            (_, Some(EMFILE)) => WatchError::LimitReached("fs.inotify.max_user_instances=1024"),
            (_, Some(EACCES)) => WatchError::PermissionDenied(in_words(&error)),
            _ => WatchError::Failed(in_words(&error)),
        }
    }
}

/// The message of `error`, without its added quotes and brackets.
fn in_words(error: &notify::Error) -> String {
    let why = match &error.kind {
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::Generic(message) => message.clone(),
        _ => error.to_string(),
    };
    match error.paths.first() {
        Some(path) => format!("{} cannot be watched: {why}", one_line(&path.to_string_lossy())),
        None => why,
    }
}
