//! Why the ledger cannot be opened, read or written, in words for an operator.

use std::fmt;
use std::io;

use rusqlite::ErrorCode;

use crate::diagnostic::plain_error;

/// Why the ledger cannot be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another feedmill has it, whose process id is this one, if it could write that down.
    Locked(Option<u32>),
    /// A program that knows nothing of the lock is writing to it, or about to.
    Busy,
    /// There is no space left, or no quota.
    Full,
    /// This user may not read or write the folder or the file.
    Denied,
    /// The file or the whole file system is read-only.
    ReadOnly,
    /// Something else that the system says.
    Io(String),
    /// It is damaged, or no database at all.
    Corrupt(String),
    /// A newer feedmill wrote it.
    Newer {
        /// The version of its schema.
        found: usize,
        /// The newest version that this feedmill knows.
        known: usize,
    },
    /// It is a sound database of another program.
    Foreign,
}

impl Failure {
    /// What to do about it, in the imperative.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self {
            Failure::Locked(_) => "stop the other one, or choose another folder with --state",
            Failure::Busy => "close the program that has it open, perhaps an sqlite3 shell",
            Failure::Full => "free some space",
            Failure::Denied => "make the folder writable for this user, or choose another with --state",
            Failure::ReadOnly => "make the folder writable, or choose another with --state",
            Failure::Io(_) => {
                "check that the folder can be read and written and that the disk works, or choose another with --state"
            }
            Failure::Corrupt(_) => "restore a backup, or move the file away to start with an empty ledger",
            Failure::Newer { .. } => "run the newer feedmill, or choose another folder with --state",
            Failure::Foreign => "move that file away, or choose another folder with --state",
        }
    }

    /// What the system said when `what` was tried.
    pub(super) fn of_io(what: &str, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::Full,
            io::ErrorKind::ReadOnlyFilesystem => Failure::ReadOnly,
            io::ErrorKind::PermissionDenied => Failure::Denied,
            _ => Failure::Io(format!("{what}: {}", plain_error(error))),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Busy,
            Some(ErrorCode::DiskFull) => Failure::Full,
            Some(ErrorCode::ReadOnly) => Failure::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Corrupt(error.to_string()),
            _ => Failure::Io(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Locked(Some(pid)) => write!(f, "another feedmill (process {pid}) uses it"),
            Failure::Locked(None) => f.write_str("another feedmill uses it"),
            Failure::Busy => f.write_str("another program has locked it"),
            Failure::Full => f.write_str("the disk is full"),
            Failure::Denied => f.write_str("permission denied"),
            Failure::ReadOnly => f.write_str("it is read-only"),
            Failure::Io(why) => f.write_str(why),
            Failure::Corrupt(why) => write!(f, "it is damaged: {why}"),
            Failure::Newer { found, known } => {
                write!(
                    f,
                    "a newer feedmill wrote it (schema {found}, this one knows {known}), so it is not touched"
                )
            }
            Failure::Foreign => f.write_str("it is a database of another program, so it is not touched"),
        }
    }
}

impl std::error::Error for Failure {}
