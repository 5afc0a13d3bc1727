//! Storage for all data that must survive a restart: records of the site, its posts and documents, jobs, the key of shared drafts, and
//! the last good versions of broken files, and the rows of push. It has caches too, which may be lost.
//!
//! [`Storage`] names a backend and opens nothing. [`Storage::load`] reads all records. [`Storage::open`] returns a [`StorageWriter`].
//! Only one writer at a time can write; others keep their changes in memory, report that, and take over when it is closed. No write
//! stops the publisher: changes that cannot be written stay in memory, [`StorageWriter::problem`] says why, and writing is retried.
//!
//! A record is a kind, a key and a line of JSON. A job is a text that a worker must process at least once: see [`Job`].
//!
//! There are two backends. [`SqliteStorage`] keeps everything in a folder and survives a loss of power. [`MemoryStorage`] keeps
//! everything for as long as a clone of it exists; tests use it to restart a publisher without a disk. Nothing outside this module
//! knows which one it uses.
//!
//! ```
//! use std::time::Duration;
//! use feedmill::storage::Storage;
//! use feedmill::time::Timestamp;
//!
//! let storage = Storage::memory();
//! let writer = storage.open().writer;
//! let now: Timestamp = "2026-01-31T09:00:00Z".parse()?;
//! writer.enqueue("push", "https://hub.example/", now)?;
//! let lease = Duration::from_secs(60);
//! let claimed = writer.claim("push", now, lease).expect("a job is due");
//! assert!(writer.claim("push", now, lease).is_none(), "it is claimed");
//! // a restart before the job is done: the job is offered again
//! drop(writer);
//! let writer = storage.open().writer;
//! let again = writer.claim("push", now, lease).expect("it was not done");
//! assert_eq!((&again.payload, again.attempts), (&claimed.payload, 2));
//! assert!(writer.done(&again));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod data;
mod error;
mod jobs;
mod memory;
mod pending;
mod push_rows;
mod sqlite;

use std::fmt;
use std::io;
use std::time::Duration;

use camino::Utf8Path;

pub(crate) use self::data::{Cache, MAX_RECORD_BYTES, MAX_RECORDS};
pub use self::data::{Contents, RecordChange, ShareKey, StoredVersion};
pub use self::error::StorageError;
pub use self::jobs::{EnqueueError, Job};
pub use self::memory::MemoryStorage;
use self::memory::{MemoryExclusive, MemoryWriter};
pub use self::push_rows::{PushKind, PushRow};
pub use self::sqlite::SqliteStorage;
use self::sqlite::{SqliteExclusive, SqliteWriter};
use crate::config::Config;
use crate::identity::record::Record;
use crate::time::Timestamp;

/// A backend and its place. It opens nothing, and clones name the same storage.
#[derive(Clone, Debug)]
pub enum Storage {
    /// A folder with a SQLite database.
    Sqlite(SqliteStorage),
    /// The memory of this process.
    Memory(MemoryStorage),
}

/// A writer, and the records at the time it was opened.
#[derive(Debug)]
pub struct OpenedStorage {
    /// Writes changes.
    pub writer: StorageWriter,
    /// All records.
    pub records: Vec<Record>,
    /// Messages for an operator.
    pub notes: Vec<String>,
}

/// Writes changes in the background, and holds the job queue.
#[derive(Debug)]
pub enum StorageWriter {
    /// Writes to a SQLite database.
    Sqlite(SqliteWriter),
    /// Writes to memory.
    Memory(MemoryWriter),
}

/// Storage that no other process can write to: for commands that change records while no feedmill serves.
#[derive(Debug)]
pub enum ExclusiveStorage {
    /// A SQLite database.
    Sqlite(SqliteExclusive),
    /// Memory.
    Memory(MemoryExclusive),
}

/// Calls the same method of each variant.
macro_rules! dispatch {
    ($self:expr, $backend:ident => $call:expr) => {
        match $self {
            Self::Sqlite($backend) => $call,
            Self::Memory($backend) => $call,
        }
    };
}

impl Storage {
    /// A SQLite database in the folder `dir`, which is created when something is written.
    #[must_use]
    pub fn sqlite(dir: &Utf8Path) -> Storage {
        Storage::Sqlite(SqliteStorage::new(dir))
    }

    /// Empty storage in memory.
    #[must_use]
    pub fn memory() -> Storage {
        Storage::Memory(MemoryStorage::default())
    }

    /// The storage that `config` names; `None` if it names none.
    #[must_use]
    pub fn configured(config: &Config) -> Option<Storage> {
        config.state.dir.as_deref().map(Storage::sqlite)
    }

    /// Whether anything was ever stored here.
    #[must_use]
    pub fn exists(&self) -> bool {
        dispatch!(self, storage => storage.exists())
    }

    /// Whether records were ever written here. Storage with only a key of shared drafts has no ledger.
    #[must_use]
    pub(crate) fn has_ledger(&self) -> bool {
        dispatch!(self, storage => storage.has_ledger())
    }

    /// Reads all records and changes nothing, not even while another process writes. Storage that does not exist has none.
    ///
    /// # Errors
    ///
    /// Why the records cannot be read.
    pub fn load(&self) -> Result<Contents, StorageError> {
        dispatch!(self, storage => storage.load())
    }

    /// Reads the record of the site alone, which is quick; `None` where there is none or it cannot be read.
    #[must_use]
    pub(crate) fn load_site(&self) -> Option<Record> {
        dispatch!(self, storage => storage.load_site())
    }

    /// Reads all rows of push, as [`Storage::load`] does.
    ///
    /// # Errors
    ///
    /// Why they cannot be read.
    pub fn load_push_rows(&self) -> Result<Vec<PushRow>, StorageError> {
        dispatch!(self, storage => storage.load_push_rows())
    }

    /// Opens it for writing. That never fails: a writer that cannot write says why ([`StorageWriter::problem`]) and goes on trying.
    #[must_use]
    pub fn open(&self) -> OpenedStorage {
        let (writer, Contents { records, notes }) = match self {
            Storage::Sqlite(storage) => {
                let (writer, contents) = storage.open();
                (StorageWriter::Sqlite(writer), contents)
            }
            Storage::Memory(storage) => {
                let (writer, contents) = storage.open();
                (StorageWriter::Memory(writer), contents)
            }
        };
        OpenedStorage { writer, records, notes }
    }

    /// Opens it for one process alone, and reads all records.
    ///
    /// # Errors
    ///
    /// [`StorageError::Locked`] where another feedmill writes to it; else why it cannot be opened.
    pub fn open_exclusive(&self) -> Result<(ExclusiveStorage, Contents), StorageError> {
        Ok(match self {
            Storage::Sqlite(storage) => {
                let (exclusive, contents) = storage.open_exclusive()?;
                (ExclusiveStorage::Sqlite(exclusive), contents)
            }
            Storage::Memory(storage) => {
                let (exclusive, contents) = storage.open_exclusive()?;
                (ExclusiveStorage::Memory(exclusive), contents)
            }
        })
    }

    /// The key of shared drafts; `None` if nothing was ever shared.
    ///
    /// # Errors
    ///
    /// The error of the system; `InvalidData` if what is stored is not a key.
    pub(crate) fn share_key(&self) -> io::Result<Option<ShareKey>> {
        dispatch!(self, storage => storage.share_key())
    }

    /// The key of shared drafts, which is created if there is none. Of several processes that create one at once, all get the same.
    ///
    /// # Errors
    ///
    /// As [`Storage::share_key`], and why it cannot be written.
    pub fn get_or_create_share_key(&self) -> io::Result<ShareKey> {
        dispatch!(self, storage => storage.get_or_create_share_key())
    }

    /// Replaces the key of shared drafts, in one step. All addresses made with the former key stop working.
    ///
    /// # Errors
    ///
    /// Why it cannot be written; then the former key stays.
    pub fn replace_share_key(&self) -> io::Result<()> {
        dispatch!(self, storage => storage.replace_share_key())
    }

    /// All last good versions. Damaged ones are left out.
    #[must_use]
    pub(crate) fn last_good_versions(&self) -> Vec<StoredVersion> {
        dispatch!(self, storage => storage.last_good_versions())
    }

    /// Stores `version` in place of an older one of its file. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// It is too large, there are too many, or why it cannot be written.
    pub(crate) fn put_last_good_version(&self, version: &StoredVersion) -> io::Result<()> {
        dispatch!(self, storage => storage.put_last_good_version(version))
    }

    /// Deletes the last good version of the file at `path`, if there is one.
    ///
    /// # Errors
    ///
    /// Why it cannot be deleted.
    pub(crate) fn delete_last_good_version(&self, path: &Utf8Path) -> io::Result<()> {
        dispatch!(self, storage => storage.delete_last_good_version(path))
    }

    /// The content of a cache; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(crate) fn read_cache(&self, cache: Cache) -> io::Result<Option<Vec<u8>>> {
        dispatch!(self, storage => storage.read_cache(cache))
    }

    /// Replaces the content of a cache, in one step. It need not be durable when this returns.
    ///
    /// # Errors
    ///
    /// It is too large, or why it cannot be written; then the former content stays.
    pub(crate) fn write_cache(&self, cache: Cache, content: &[u8]) -> io::Result<()> {
        dispatch!(self, storage => storage.write_cache(cache, content))
    }

    /// Why the data does not outlive the container or the machine, and how to fix that; `None` if no reason is known.
    #[must_use]
    pub(crate) fn durability_warning(&self) -> Option<String> {
        match self {
            Storage::Sqlite(storage) => storage.durability_warning(),
            // memory never promises that
            Storage::Memory(_) => None,
        }
    }

    /// Deletes files that earlier versions of feedmill stored and this one does not use.
    pub(crate) fn delete_obsolete(&self) {
        match self {
            Storage::Sqlite(storage) => storage.delete_obsolete(),
            Storage::Memory(_) => {}
        }
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Storage::Sqlite(storage) => f.write_str(storage.dir().as_str()),
            Storage::Memory(_) => f.write_str("memory"),
        }
    }
}

impl StorageWriter {
    /// The storage that it writes to.
    #[must_use]
    pub fn storage(&self) -> Storage {
        match self {
            StorageWriter::Sqlite(writer) => Storage::Sqlite(writer.storage()),
            StorageWriter::Memory(writer) => Storage::Memory(writer.storage()),
        }
    }

    /// Writes `changes` soon, in one transaction. The last change of a key wins.
    pub fn write(&self, changes: impl IntoIterator<Item = RecordChange>) {
        dispatch!(self, writer => writer.write(changes));
    }

    /// Writes `changes`, and waits until they and all earlier changes are durable.
    ///
    /// Returns `false` if that takes longer than `patience`, or as soon as it is clear that they cannot be written now. Then they are
    /// written once that is possible.
    #[must_use = "what is not written may be lost"]
    pub fn write_now(&self, changes: impl IntoIterator<Item = RecordChange>, patience: Duration) -> bool {
        dispatch!(self, writer => writer.write_now(changes, patience))
    }

    /// Whether the last attempt to write succeeded: then no other feedmill has it open for writing.
    #[must_use]
    pub(crate) fn is_writable(&self) -> bool {
        dispatch!(self, writer => writer.is_writable())
    }

    /// The message for the operator if something cannot be written: why, the consequences and the fix.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        dispatch!(self, writer => writer.problem())
    }

    /// Since when nothing can be written; `None` while it can.
    #[must_use]
    pub fn failing_since(&self) -> Option<Timestamp> {
        dispatch!(self, writer => writer.failing_since())
    }

    /// Records that were found late: the storage could not be opened before, or was replaced.
    ///
    /// Call it before each [`StorageWriter::write`]. If it returns `Some`, even an empty list, merge the records into what is known and
    /// write all of that, because none of it may be stored. Until it is called, nothing overwrites the records that were found.
    #[must_use = "these are lost if they are not written"]
    pub fn take_late_records(&self) -> Option<Vec<Record>> {
        dispatch!(self, writer => writer.take_late_records())
    }

    /// Writes these rows of push soon, in one transaction. Returns `false` if one is too large; the others are written.
    pub fn write_push(&self, rows: Vec<PushRow>) -> bool {
        dispatch!(self, writer => writer.write_push(rows))
    }

    /// Writes these rows of push, and waits until they and all earlier changes are durable; `false` as for [`StorageWriter::write_now`].
    #[must_use = "what is not written may be lost"]
    pub fn write_push_now(&self, rows: Vec<PushRow>, patience: Duration) -> bool {
        dispatch!(self, writer => writer.write_push_now(rows, patience))
    }

    /// All rows of push in the storage, each time that this writer has opened it: once after the start, again if the file was replaced.
    ///
    /// A writer that cannot write yet has none, so that no two processes work on the same subscriptions.
    #[must_use]
    pub fn take_push_rows(&self) -> Option<Vec<PushRow>> {
        dispatch!(self, writer => writer.take_push_rows())
    }

    /// Adds a job to `queue`, to be claimed from `due` on. It is written soon; [`StorageWriter::write_now`] waits for that.
    ///
    /// # Errors
    ///
    /// The job is too large, there are too many, or the system gives no random bytes for its id.
    pub fn enqueue(&self, queue: &str, payload: &str, due: Timestamp) -> Result<Job, EnqueueError> {
        dispatch!(self, writer => writer.enqueue(queue, payload, due))
    }

    /// The job of `queue` that has been due for longest at `now`, for this caller alone until `lease` has passed; `None` if none is due.
    ///
    /// A job that is not [done](StorageWriter::done) by then, or before a restart, is offered again.
    #[must_use = "no other worker gets it while it is claimed"]
    pub fn claim(&self, queue: &str, now: Timestamp, lease: Duration) -> Option<Job> {
        dispatch!(self, writer => writer.claim(queue, now, lease))
    }

    /// Deletes a job that was processed. Returns whether it was still there.
    pub fn done(&self, job: &Job) -> bool {
        dispatch!(self, writer => writer.done(job))
    }

    /// Ends the claim on `job`, which is to be claimed again from `due` on. Returns whether it was still there.
    pub fn retry(&self, job: &Job, due: Timestamp) -> bool {
        dispatch!(self, writer => writer.retry(job, due))
    }

    /// When the next job of `queue` can be claimed.
    #[must_use]
    pub fn next_due(&self, queue: &str) -> Option<Timestamp> {
        dispatch!(self, writer => writer.next_due(queue))
    }

    /// How many jobs there are in all queues, claimed ones included.
    #[must_use]
    pub fn job_count(&self) -> usize {
        dispatch!(self, writer => writer.job_count())
    }

    /// Writes what is not written yet, and ends. Returns `false` if something cannot be written, or not within five seconds. Later changes
    /// are not written.
    pub fn close(&self) -> bool {
        dispatch!(self, writer => writer.close())
    }
}

impl ExclusiveStorage {
    /// Writes all of `changes`, or none.
    ///
    /// # Errors
    ///
    /// A record is too large, or why it cannot be written.
    pub fn write(&mut self, changes: Vec<RecordChange>) -> Result<(), StorageError> {
        dispatch!(self, exclusive => exclusive.write(changes))
    }

    /// Writes all of these rows of push, or none.
    ///
    /// # Errors
    ///
    /// Why they cannot be written.
    pub fn write_push(&mut self, rows: Vec<PushRow>) -> Result<(), StorageError> {
        dispatch!(self, exclusive => exclusive.write_push(rows))
    }
}

#[cfg(test)]
mod tests;
