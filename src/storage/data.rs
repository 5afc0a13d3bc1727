//! The data of storage, and its limits.

use std::io;
use std::sync::Arc;

use camino::Utf8PathBuf;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::identity::Digest;
use crate::identity::record::Record;
use crate::time::Timestamp;

/// The most bytes of JSON that one record may have.
pub(crate) const MAX_RECORD_BYTES: usize = 64 * 1024;
/// The most records that are read: more than the most posts, withdrawn posts and documents.
pub(crate) const MAX_RECORDS: usize = 4_000_000;
/// The most bytes of a last good version. A larger one is not stored.
pub(crate) const MAX_VERSION_BYTES: usize = 4 * 1024 * 1024;
/// The most last good versions that are stored.
pub(crate) const MAX_VERSIONS: usize = 1000;

/// The most bytes of a cache. A larger one is not stored.
pub(crate) const MAX_CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Data that can be found out again at the cost of time. It is stored as it is, and may be gone or damaged at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cache {
    /// Since when there are which problems.
    Problems,
    /// Where links to other sites led.
    Links,
}

impl Cache {
    /// The name of its file, if it is one.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Cache::Problems => "problems.json",
            Cache::Links => "links.json",
        }
    }
}

/// The key with which addresses of shared drafts are made.
pub type ShareKey = [u8; 32];

/// All records that storage holds.
#[derive(Debug, Default, PartialEq)]
pub struct Contents {
    /// The records, by kind and key.
    pub records: Vec<Record>,
    /// Messages for an operator: a damaged file that was moved aside, records that were not understood.
    pub notes: Vec<String>,
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordChange {
    /// Stores this record in place of the one with its key.
    Put(Record),
    /// Deletes the record with this kind and key.
    Delete(&'static str, String),
}

/// The last good version of a file that is broken now. Only the next start needs it, so an export does not contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The file, relative to the posts folder.
    pub path: Utf8PathBuf,
    /// When that version was written.
    pub modified: Timestamp,
    /// Its content.
    pub bytes: Arc<[u8]>,
    /// The digest of the current content, by which the file is found after a rename.
    pub refused: Option<Digest>,
    /// The time of change of the file as it is now, in nanoseconds since 1970 by the file system's clock.
    pub changed: Option<i64>,
}

/// Random bytes from the system.
///
/// # Errors
///
/// The error of the system.
pub(crate) fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    // the system gives so few at once, or none
    match getrandom(&mut bytes, GetRandomFlags::empty())? {
        n if n == N => Ok(bytes),
        _ => Err(io::Error::other("the system gave too few random bytes")),
    }
}
