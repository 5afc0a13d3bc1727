//! Why storage cannot be opened, read or written, in words for an operator.

use std::fmt;
use std::io;

use crate::diagnostic::plain_error;

/// Why storage cannot be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageError {
    /// Another feedmill uses it: its process id, if that is known.
    Locked(Option<u32>),
    /// A program that does not take feedmill's lock is writing to it.
    Busy,
    /// There is no space left, or no quota.
    Full,
    /// This user may not read or write the folder or the file.
    Denied,
    /// The file or the whole file system is read-only.
    ReadOnly,
    /// Another error of the system.
    Io(String),
    /// It is damaged, or is not a database.
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

impl StorageError {
    /// How to fix it, in the imperative.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self {
            StorageError::Locked(_) => "stop the other one, or choose another folder with --state",
            StorageError::Busy => "close the program that has it open, perhaps an sqlite3 shell",
            StorageError::Full => "free some space",
            StorageError::Denied => "make the folder writable for this user, or choose another with --state",
            StorageError::ReadOnly => "make the folder writable, or choose another with --state",
            StorageError::Io(_) => {
                "check that the folder can be read and written and that the disk works, or choose another with --state"
            }
            StorageError::Corrupt(_) => "restore a backup, or move the file away to start with an empty ledger",
            StorageError::Newer { .. } => "run the newer feedmill, or choose another folder with --state",
            StorageError::Foreign => "move that file away, or choose another folder with --state",
        }
    }

    /// That `what` cannot be written, what that means and how to fix it.
    pub(super) fn problem(&self, what: &str) -> String {
        format!(
            "Cannot write {what}: {self}. Feeds are still served, but renames and deletions made now are forgotten at the next restart. \
             To fix this (no restart needed): {}.",
            self.mend()
        )
    }

    /// That a record of `what` cannot be written because it is too large.
    pub(super) fn too_large_problem(kind: &str, key: &str, what: &str, most: usize) -> String {
        format!("Cannot write the {kind} `{key}` to {what}: it has more than {most} bytes. Shorten its title, tags and names.")
    }

    /// The error of the system when `what` failed.
    pub(super) fn from_io(what: &str, error: &io::Error) -> StorageError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::Full,
            io::ErrorKind::ReadOnlyFilesystem => StorageError::ReadOnly,
            io::ErrorKind::PermissionDenied => StorageError::Denied,
            _ => StorageError::Io(format!("{what}: {}", plain_error(error))),
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Locked(Some(pid)) => write!(f, "another feedmill (process {pid}) uses it"),
            StorageError::Locked(None) => f.write_str("another feedmill uses it"),
            StorageError::Busy => f.write_str("another program has locked it"),
            StorageError::Full => f.write_str("the disk is full"),
            StorageError::Denied => f.write_str("permission denied"),
            StorageError::ReadOnly => f.write_str("it is read-only"),
            StorageError::Io(why) => f.write_str(why),
            StorageError::Corrupt(why) => write!(f, "it is damaged: {why}"),
            StorageError::Newer { found, known } => {
                write!(
                    f,
                    "a newer feedmill wrote it (schema {found}, this one knows {known}), so it is not touched"
                )
            }
            StorageError::Foreign => f.write_str("it is a database of another program, so it is not touched"),
        }
    }
}

impl std::error::Error for StorageError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_apart() {
        use io::ErrorKind::{Other, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let cases = [
            (StorageFull, StorageError::Full),
            (QuotaExceeded, StorageError::Full),
            (ReadOnlyFilesystem, StorageError::ReadOnly),
            (PermissionDenied, StorageError::Denied),
        ];
        for (kind, expected) in cases {
            assert_eq!(StorageError::from_io("x cannot be read", &kind.into()), expected, "{kind}");
        }
        let StorageError::Io(message) = StorageError::from_io("x cannot be read", &Other.into()) else {
            panic!("another error is not one of these")
        };
        assert!(message.starts_with("x cannot be read: "), "{message}");
    }

    #[test]
    fn a_problem_names_the_reason_the_consequence_and_the_fix() {
        assert_eq!(
            StorageError::Full.problem("the ledger"),
            "Cannot write the ledger: the disk is full. Feeds are still served, but renames and deletions made now are forgotten at the \
             next restart. To fix this (no restart needed): free some space."
        );
    }
}
