//! Storage in the memory of this process, for tests and for a publisher whose data need not outlive it.
//!
//! It behaves like storage on disk: records are converted to the same JSON, one writer at a time can write, and
//! [`MemoryStorage::set_failure`] makes writes fail until it is called again.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::data::{
    Cache, Contents, MAX_CACHE_BYTES, MAX_RECORD_BYTES, MAX_VERSION_BYTES, MAX_VERSIONS, RecordChange, ShareKey, StoredVersion,
    random_bytes,
};
use super::error::StorageError;
use super::jobs::{EnqueueError, Job, JobQueue, JobRow, job_from_row};
use super::pending::{PendingWrites, RecordKey};
use super::push_rows::{PushKind, PushRow};
use crate::identity::record::Record;
use crate::time::Timestamp;

/// Storage in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<Stored>>);

/// The stored data.
#[derive(Debug, Default)]
struct Stored {
    records: BTreeMap<RecordKey, Box<str>>,
    jobs: BTreeMap<String, Box<str>>,
    push: BTreeMap<(PushKind, String), Box<str>>,
    share_key: Option<ShareKey>,
    versions: BTreeMap<Utf8PathBuf, StoredVersion>,
    caches: BTreeMap<Cache, Vec<u8>>,
    /// Whether there is a writer.
    is_open: bool,
    /// Why nothing can be written.
    failure: Option<StorageError>,
}

impl Stored {
    /// Why a writer cannot write. Only the owner may write.
    fn failure(&self, is_owner: bool) -> Option<StorageError> {
        let is_locked = self.is_open && !is_owner;
        let locked = is_locked.then(|| StorageError::Locked(Some(std::process::id())));
        self.failure.clone().or(locked)
    }

    fn contents(&self) -> Contents {
        let records = self.records.values().map(|json| Record::from_json(json.as_bytes()));
        Contents {
            records: records.filter_map(Result::ok).collect(),
            notes: Vec::new(),
        }
    }

    fn apply(&mut self, pending: &PendingWrites) {
        for (key, json) in pending.changes() {
            match json {
                Some(json) => drop(self.records.insert(key.clone(), json.into())),
                None => drop(self.records.remove(key)),
            }
        }
        for (id, json) in pending.job_rows() {
            match json {
                Some(json) => drop(self.jobs.insert(id.to_owned(), json.into())),
                None => drop(self.jobs.remove(id)),
            }
        }
        for (key, value) in pending.push_rows() {
            match value {
                Some(value) => drop(self.push.insert(key.clone(), value.into())),
                None => drop(self.push.remove(key)),
            }
        }
    }

    fn push_rows(&self) -> Vec<PushRow> {
        let rows = self.push.iter();
        rows.map(|((kind, key), value)| PushRow::put(*kind, key, value.clone()))
            .collect()
    }
}

impl MemoryStorage {
    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes writes fail with this error from now on, or succeed again.
    pub fn set_failure(&self, failure: Option<StorageError>) {
        self.lock().failure = failure;
    }

    pub(super) fn exists(&self) -> bool {
        let stored = self.lock();
        !stored.records.is_empty()
            || stored.share_key.is_some()
            || !stored.versions.is_empty()
            || !stored.jobs.is_empty()
            || !stored.push.is_empty()
    }

    pub(super) fn has_ledger(&self) -> bool {
        !self.lock().records.is_empty()
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn load(&self) -> Result<Contents, StorageError> {
        Ok(self.lock().contents())
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn load_push_rows(&self) -> Result<Vec<PushRow>, StorageError> {
        Ok(self.lock().push_rows())
    }

    pub(super) fn load_site(&self) -> Option<Record> {
        let records = self.lock().contents().records;
        records.into_iter().find(|record| matches!(record, Record::Site(_)))
    }

    pub(super) fn open(&self) -> (MemoryWriter, Contents) {
        let contents = self.lock().contents();
        let writer = MemoryWriter {
            storage: self.clone(),
            state: Box::new(Mutex::new(WriterState {
                known: Some(contents.records.clone()),
                ..WriterState::default()
            })),
        };
        writer.flush(&mut writer.lock());
        (writer, contents)
    }

    pub(super) fn open_exclusive(&self) -> Result<(MemoryExclusive, Contents), StorageError> {
        let mut stored = self.lock();
        if let Some(failure) = &stored.failure {
            return Err(failure.clone());
        }
        if stored.is_open {
            return Err(StorageError::Locked(Some(std::process::id())));
        }
        stored.is_open = true;
        Ok((MemoryExclusive(self.clone()), stored.contents()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn share_key(&self) -> io::Result<Option<ShareKey>> {
        Ok(self.lock().share_key)
    }

    pub(super) fn get_or_create_share_key(&self) -> io::Result<ShareKey> {
        let mut stored = self.lock();
        match stored.share_key {
            Some(key) => Ok(key),
            None => Ok(*stored.share_key.insert(random_bytes()?)),
        }
    }

    pub(super) fn replace_share_key(&self) -> io::Result<()> {
        self.lock().share_key = Some(random_bytes()?);
        Ok(())
    }

    pub(super) fn last_good_versions(&self) -> Vec<StoredVersion> {
        self.lock().versions.values().cloned().collect()
    }

    pub(super) fn put_last_good_version(&self, version: &StoredVersion) -> io::Result<()> {
        let mut stored = self.lock();
        if version.bytes.len() > MAX_VERSION_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        if stored.versions.len() >= MAX_VERSIONS && !stored.versions.contains_key(&version.path) {
            return Err(io::Error::other(format!("{MAX_VERSIONS} are kept already")));
        }
        stored.versions.insert(version.path.clone(), version.clone());
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn delete_last_good_version(&self, path: &Utf8Path) -> io::Result<()> {
        self.lock().versions.remove(path);
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn read_cache(&self, cache: Cache) -> io::Result<Option<Vec<u8>>> {
        Ok(self.lock().caches.get(&cache).cloned())
    }

    pub(super) fn write_cache(&self, cache: Cache, content: &[u8]) -> io::Result<()> {
        if content.len() > MAX_CACHE_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.lock().caches.insert(cache, content.to_vec());
        Ok(())
    }
}

/// Writes to memory. Changes that it could not write are lost when it is dropped, as at the end of a process.
#[derive(Debug)]
pub struct MemoryWriter {
    storage: MemoryStorage,
    state: Box<Mutex<WriterState>>,
}

#[derive(Debug, Default)]
struct WriterState {
    pending: PendingWrites,
    jobs: JobQueue,
    /// The rows of push that were read and not taken yet.
    push_rows: Option<Vec<PushRow>>,
    /// Whether this is the writer that may write.
    is_owner: bool,
    is_closed: bool,
    /// The records that the owner of the writer knows, until it may write.
    known: Option<Vec<Record>>,
    /// Records that its owner does not know.
    found: Option<Vec<Record>>,
    too_large: Vec<RecordKey>,
    failing_since: Option<Timestamp>,
}

impl MemoryWriter {
    fn lock(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be written now.
    fn failure(&self, is_owner: bool) -> Option<StorageError> {
        self.storage.lock().failure(is_owner)
    }

    /// Writes pending changes. Returns whether all are written.
    fn flush(&self, state: &mut WriterState) -> bool {
        if state.is_closed {
            return false;
        }
        let mut stored = self.storage.lock();
        if stored.failure(state.is_owner).is_some() {
            state.failing_since.get_or_insert_with(Timestamp::now);
            return false;
        }
        state.failing_since = None;
        if !state.is_owner {
            state.is_owner = true;
            stored.is_open = true;
            for (id, json) in &stored.jobs {
                if let Some(job) = job_from_row(id, json.as_bytes()) {
                    state.jobs.insert(job);
                }
            }
            state.push_rows = Some(stored.push_rows());
            let mut records = stored.contents().records;
            if state.known.take().as_ref() != Some(&records) {
                records.retain(|record| !state.pending.deletes(record));
                state.found = Some(records);
            }
        }
        if state.found.as_ref().is_some_and(|found| !found.is_empty()) {
            return false;
        }
        stored.apply(&std::mem::take(&mut state.pending));
        true
    }

    /// Adds `changes`. Returns whether none is too large.
    fn add(state: &mut WriterState, changes: impl IntoIterator<Item = RecordChange>) -> bool {
        let changes = PendingWrites::from_changes(changes);
        for (key, _) in changes.changes() {
            state.too_large.retain(|large| large != key);
        }
        state.too_large.extend(changes.too_large().iter().cloned());
        let is_whole = changes.too_large().is_empty();
        state.pending.add(changes);
        is_whole
    }

    pub(super) fn storage(&self) -> MemoryStorage {
        self.storage.clone()
    }

    pub(super) fn write(&self, changes: impl IntoIterator<Item = RecordChange>) {
        let mut state = self.lock();
        MemoryWriter::add(&mut state, changes);
        self.flush(&mut state);
    }

    pub(super) fn write_now(&self, changes: impl IntoIterator<Item = RecordChange>, _: Duration) -> bool {
        let mut state = self.lock();
        let is_whole = MemoryWriter::add(&mut state, changes);
        self.flush(&mut state) && is_whole
    }

    pub(super) fn is_writable(&self) -> bool {
        self.failure(self.lock().is_owner).is_none()
    }

    pub(super) fn problem(&self) -> Option<String> {
        let mut state = self.lock();
        self.flush(&mut state);
        if let Some(failure) = self.failure(state.is_owner) {
            return Some(failure.problem("the ledger"));
        }
        let (kind, key) = state.too_large.first()?;
        Some(StorageError::too_large_problem(kind, key, "the ledger", MAX_RECORD_BYTES))
    }

    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        let mut state = self.lock();
        self.flush(&mut state);
        state.failing_since
    }

    pub(super) fn take_late_records(&self) -> Option<Vec<Record>> {
        let mut state = self.lock();
        self.flush(&mut state);
        let found = state.found.take();
        self.flush(&mut state);
        found
    }

    pub(super) fn write_push(&self, rows: Vec<PushRow>) -> bool {
        let mut state = self.lock();
        let (pending, is_whole) = PendingWrites::from_push_rows(rows);
        state.pending.add(pending);
        self.flush(&mut state);
        is_whole
    }

    pub(super) fn write_push_now(&self, rows: Vec<PushRow>, _: Duration) -> bool {
        self.write_push(rows) && self.flush(&mut self.lock())
    }

    pub(super) fn take_push_rows(&self) -> Option<Vec<PushRow>> {
        let mut state = self.lock();
        self.flush(&mut state);
        state.push_rows.take()
    }

    pub(super) fn enqueue(&self, queue: &str, payload: &str, due: Timestamp) -> Result<Job, EnqueueError> {
        let mut state = self.lock();
        let (job, row) = state.jobs.enqueue(queue, payload, due)?;
        self.write_row(&mut state, row);
        Ok(job)
    }

    pub(super) fn claim(&self, queue: &str, now: Timestamp, lease: Duration) -> Option<Job> {
        let mut state = self.lock();
        let (job, row) = state.jobs.claim(queue, now, lease)?;
        self.write_row(&mut state, row);
        Some(job)
    }

    pub(super) fn done(&self, job: &Job) -> bool {
        let mut state = self.lock();
        let row = state.jobs.done(job);
        row.is_some_and(|row| self.write_row(&mut state, row))
    }

    pub(super) fn retry(&self, job: &Job, due: Timestamp) -> bool {
        let mut state = self.lock();
        let row = state.jobs.retry(job, due);
        row.is_some_and(|row| self.write_row(&mut state, row))
    }

    fn write_row(&self, state: &mut WriterState, row: JobRow) -> bool {
        state.pending.add_job_row(row);
        self.flush(state);
        true
    }

    pub(super) fn next_due(&self, queue: &str) -> Option<Timestamp> {
        self.lock().jobs.next_due(queue)
    }

    pub(super) fn job_count(&self) -> usize {
        self.lock().jobs.len()
    }

    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        for record in state.found.take().unwrap_or_default() {
            state.pending.remove(&record);
        }
        let is_written = self.flush(&mut state) && state.too_large.is_empty();
        state.is_closed = true;
        self.release(&mut state);
        is_written
    }

    /// Lets another writer write.
    fn release(&self, state: &mut WriterState) {
        if std::mem::take(&mut state.is_owner) {
            self.storage.lock().is_open = false;
        }
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.release(&mut self.lock());
    }
}

/// Memory without an open writer.
#[derive(Debug)]
pub struct MemoryExclusive(MemoryStorage);

impl MemoryExclusive {
    pub(super) fn write(&mut self, changes: Vec<RecordChange>) -> Result<(), StorageError> {
        let pending = PendingWrites::from_changes(changes);
        pending.check_sizes()?;
        self.0.lock().apply(&pending);
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "another backend can fail here")]
    pub(super) fn write_push(&mut self, rows: Vec<PushRow>) -> Result<(), StorageError> {
        let (pending, _) = PendingWrites::from_push_rows(rows);
        self.0.lock().apply(&pending);
        Ok(())
    }
}

impl Drop for MemoryExclusive {
    fn drop(&mut self) {
        self.0.lock().is_open = false;
    }
}
