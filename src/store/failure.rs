//! Why the file cannot be had, read or written, in words for an operator.

use std::fmt;
use std::io;

use rusqlite::ErrorCode;

/// Why the ledger's file cannot be had, read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another feedmill has it, whose process id is this one, if it could write that down.
    Locked(Option<u32>),
    /// A program that knows nothing of the lock is writing to it, or about to.
    Busy,
    /// There is no space left, or no quota.
    Full,
    /// The folder, the file or the whole file system may not be written.
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
            Failure::Locked(_) => "stop the other one, or name another folder with --state",
            Failure::Busy => "close the program that has it open, perhaps an sqlite3 shell",
            Failure::Full => "free some space",
            Failure::ReadOnly => "make the folder writable, or name another with --state",
            Failure::Io(_) => {
                "see that the folder may be read and written and that the disk is sound, or name another with --state"
            }
            Failure::Corrupt(_) => "put a backup in its place, or move it away to begin anew",
            Failure::Newer { .. } => "run the newer feedmill, or name another folder with --state",
            Failure::Foreign => "move that file away, or name another folder with --state",
        }
    }

    /// What the system said when `what` was tried.
    pub(super) fn of_io(what: &str, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::Full,
            io::ErrorKind::ReadOnlyFilesystem => Failure::ReadOnly,
            _ => Failure::Io(format!("{what}: {error}")),
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
            Failure::Locked(Some(pid)) => write!(f, "another feedmill (process {pid}) has it"),
            Failure::Locked(None) => f.write_str("another feedmill has it"),
            Failure::Busy => f.write_str("another program has locked it"),
            Failure::Full => f.write_str("the disk is full"),
            Failure::ReadOnly => f.write_str("it may not be written"),
            Failure::Io(why) => f.write_str(why),
            Failure::Corrupt(why) => write!(f, "it is damaged: {why}"),
            Failure::Newer { found, known } => {
                write!(
                    f,
                    "a newer feedmill wrote it (schema {found}, and this one knows {known}); it is left as it is"
                )
            }
            Failure::Foreign => f.write_str("it is a database of another program; it is left as it is"),
        }
    }
}

impl std::error::Error for Failure {}
