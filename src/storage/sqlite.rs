//! Storage in a folder: records and jobs in a small SQLite file (`ledger.db`), the key of shared drafts in `share.key`, last good
//! versions in `last-good`, and a file for each cache.
//!
//! All records are in memory too, and [`SqliteWriter`] writes in the background: changes are sent to one thread, which writes all of
//! them in one transaction. No problem with the folder or the file (missing, full, read-only, locked, damaged) stops the program.
//!
//! One process writes at a time: the one that holds the lock on `ledger.lock`. Any number can read meanwhile. With WAL and
//! `synchronous=FULL`, acknowledged changes survive a loss of power (<https://www.sqlite.org/wal.html>, section 2.2).

mod cache_files;
mod database;
mod lock;
mod reader;
mod schema;
mod share_key_file;
mod state_folder;
mod version_files;
mod volume;
mod write_loop;
mod write_queue;

use std::fs;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use self::database::Database;
use self::lock::Lock;
use self::state_folder::StateFolder;
use self::version_files::VersionFiles;
use self::write_loop::{RetryPauses, WriteLoop};
use self::write_queue::WriteQueue;
use super::data::{Cache, Contents, MAX_RECORD_BYTES, RecordChange, ShareKey, StoredVersion};
use super::error::StorageError;
use super::jobs::{EnqueueError, Job};
use super::pending::PendingWrites;
use super::push_rows::PushRow;
use crate::identity::record::Record;
use crate::time::Timestamp;

/// The number of records that are sent to the writing thread at once.
const PIECE: usize = 1024;
/// How long the last write may take before the program ends without it.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// A folder with a SQLite database.
#[derive(Clone, Debug)]
pub struct SqliteStorage {
    dir: Utf8PathBuf,
}

impl SqliteStorage {
    pub(super) fn new(dir: &Utf8Path) -> SqliteStorage {
        SqliteStorage { dir: dir.to_owned() }
    }

    pub(super) fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    pub(super) fn exists(&self) -> bool {
        self.dir.is_dir()
    }

    pub(super) fn has_ledger(&self) -> bool {
        StateFolder::new(&self.dir).database().is_file()
    }

    pub(super) fn load(&self) -> Result<Contents, StorageError> {
        reader::read_records(&StateFolder::new(&self.dir))
    }

    pub(super) fn load_site(&self) -> Option<Record> {
        reader::read_site(&StateFolder::new(&self.dir))
    }

    pub(super) fn load_push_rows(&self) -> Result<Vec<PushRow>, StorageError> {
        reader::read_all_push_rows(&StateFolder::new(&self.dir))
    }

    pub(super) fn open(&self) -> (SqliteWriter, Contents) {
        SqliteWriter::open_at(StateFolder::new(&self.dir), RetryPauses::default())
    }

    pub(super) fn open_exclusive(&self) -> Result<(SqliteExclusive, Contents), StorageError> {
        let folder = StateFolder::new(&self.dir);
        folder.make_folder()?;
        let lock = Lock::take(&folder)?;
        let mut notes = Vec::new();
        let database = Database::open_or_replace_damaged(&folder, &mut notes)?;
        let mut contents = database.contents()?;
        notes.append(&mut contents.notes);
        let exclusive = SqliteExclusive { database, _lock: lock };
        Ok((exclusive, Contents { notes, ..contents }))
    }

    pub(super) fn share_key(&self) -> io::Result<Option<ShareKey>> {
        share_key_file::read_share_key(&self.dir)
    }

    pub(super) fn get_or_create_share_key(&self) -> io::Result<ShareKey> {
        share_key_file::get_or_create_share_key(&self.dir)
    }

    pub(super) fn replace_share_key(&self) -> io::Result<()> {
        share_key_file::replace_share_key(&self.dir)
    }

    pub(super) fn last_good_versions(&self) -> Vec<StoredVersion> {
        VersionFiles::in_state(&self.dir).read_all()
    }

    pub(super) fn put_last_good_version(&self, version: &StoredVersion) -> io::Result<()> {
        VersionFiles::in_state(&self.dir).write(version)
    }

    pub(super) fn delete_last_good_version(&self, path: &Utf8Path) -> io::Result<()> {
        VersionFiles::in_state(&self.dir).delete(path)
    }

    pub(super) fn read_cache(&self, cache: Cache) -> io::Result<Option<Vec<u8>>> {
        cache_files::read_cache(&self.dir, cache)
    }

    pub(super) fn write_cache(&self, cache: Cache, content: &[u8]) -> io::Result<()> {
        cache_files::write_cache(&self.dir, cache, content)
    }

    pub(super) fn durability_warning(&self) -> Option<String> {
        volume::durability_warning(&self.dir)
    }

    /// Deletes `posts.cache`, in which earlier versions stored all posts for the next start, drafts included.
    pub(super) fn delete_obsolete(&self) {
        let _ = fs::remove_file(self.dir.join("posts.cache"));
    }
}

/// Sends changes to the writing thread.
#[derive(Debug)]
pub struct SqliteWriter {
    folder: StateFolder,
    queue: Arc<WriteQueue>,
}

impl SqliteWriter {
    fn open_at(folder: StateFolder, pauses: RetryPauses) -> (SqliteWriter, Contents) {
        let queue = Arc::new(WriteQueue::default());
        let mut write_loop = WriteLoop::new(folder.clone(), Arc::clone(&queue), pauses);
        let contents = write_loop.open();
        let spawned = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_loop.run());
        if let Err(error) = spawned {
            queue.set_thread_failed(StorageError::Io(format!("no thread can be started to write it: {error}")));
        }
        (SqliteWriter { folder, queue }, contents)
    }

    pub(super) fn storage(&self) -> SqliteStorage {
        SqliteStorage::new(self.folder.path())
    }

    pub(super) fn write(&self, changes: impl IntoIterator<Item = RecordChange>) {
        self.send(changes);
    }

    pub(super) fn write_now(&self, changes: impl IntoIterator<Item = RecordChange>, patience: Duration) -> bool {
        // making a million records takes longer than the wait for a disk should, so the time begins after that
        self.send(changes) && self.queue.wait_until_written(Instant::now() + patience)
    }

    /// Sends `changes` for one transaction. The first are written while later ones are made. Returns whether none is too large.
    fn send(&self, changes: impl IntoIterator<Item = RecordChange>) -> bool {
        let mut changes = changes.into_iter().peekable();
        let _adding = self.queue.begin_batch();
        let mut is_whole = true;
        loop {
            is_whole &= self.queue.add(PendingWrites::from_changes(changes.by_ref().take(PIECE)));
            if changes.peek().is_none() {
                return is_whole;
            }
        }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.queue.failure().is_none()
    }

    pub(super) fn problem(&self) -> Option<String> {
        let ledger = || format!("the ledger {}", self.folder.database());
        if let Some(failure) = self.queue.failure() {
            return Some(failure.problem(&ledger()));
        }
        let (kind, key) = self.queue.too_large_key()?;
        Some(StorageError::too_large_problem(kind, &key, &ledger(), MAX_RECORD_BYTES))
    }

    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        self.queue.failing_since()
    }

    pub(super) fn take_late_records(&self) -> Option<Vec<Record>> {
        self.queue.take_late_records()
    }

    pub(super) fn write_push(&self, rows: Vec<PushRow>) -> bool {
        let (pending, is_whole) = PendingWrites::from_push_rows(rows);
        self.queue.add(pending) && is_whole
    }

    pub(super) fn write_push_now(&self, rows: Vec<PushRow>, patience: Duration) -> bool {
        self.write_push(rows) && self.queue.wait_until_written(Instant::now() + patience)
    }

    pub(super) fn take_push_rows(&self) -> Option<Vec<PushRow>> {
        self.queue.take_push_rows()
    }

    pub(super) fn enqueue(&self, queue: &str, payload: &str, due: Timestamp) -> Result<Job, EnqueueError> {
        self.queue.change_jobs(|jobs| jobs.enqueue(queue, payload, due))
    }

    pub(super) fn claim(&self, queue: &str, now: Timestamp, lease: Duration) -> Option<Job> {
        self.queue.change_jobs(|jobs| jobs.claim(queue, now, lease).ok_or(())).ok()
    }

    pub(super) fn done(&self, job: &Job) -> bool {
        self.queue
            .change_jobs(|jobs| jobs.done(job).map(|row| ((), row)).ok_or(()))
            .is_ok()
    }

    pub(super) fn retry(&self, job: &Job, due: Timestamp) -> bool {
        self.queue
            .change_jobs(|jobs| jobs.retry(job, due).map(|row| ((), row)).ok_or(()))
            .is_ok()
    }

    pub(super) fn next_due(&self, queue: &str) -> Option<Timestamp> {
        self.queue.with_jobs(|jobs| jobs.next_due(queue))
    }

    pub(super) fn job_count(&self) -> usize {
        self.queue.with_jobs(super::jobs::JobQueue::len)
    }

    pub(super) fn close(&self) -> bool {
        self.queue.end(Instant::now() + LAST_WRITE_TIMEOUT)
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        self.queue.end(Instant::now() + LAST_WRITE_TIMEOUT);
    }
}

/// A database that no other process can write to.
#[derive(Debug)]
pub struct SqliteExclusive {
    database: Database,
    /// Held for as long as the file is open.
    _lock: Lock,
}

impl SqliteExclusive {
    pub(super) fn write(&mut self, changes: Vec<RecordChange>) -> Result<(), StorageError> {
        let pending = PendingWrites::from_changes(changes);
        pending.check_sizes()?;
        self.database.write(&pending)
    }

    pub(super) fn write_push(&mut self, rows: Vec<PushRow>) -> Result<(), StorageError> {
        let (pending, _) = PendingWrites::from_push_rows(rows);
        self.database.write(&pending)
    }
}

#[cfg(test)]
mod tests;
