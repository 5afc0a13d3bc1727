//! The thread that writes.

use std::sync::Arc;
use std::time::Duration;

use super::database::Database;
use super::lock::Lock;
use super::reader;
use super::state_folder::{FileIdentity, StateFolder};
use super::write_queue::{WriteBatch, WriteQueue};
use crate::identity::record::Record;
use crate::storage::data::Contents;
use crate::storage::error::StorageError;

/// How long the thread waits between attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPauses {
    /// After the first failure, and after each one if another feedmill holds the lock.
    pub(super) first: Duration,
    /// The longest pause. Each is twice the one before.
    pub(super) longest: Duration,
    /// With nothing to write, until it checks that the file still exists.
    pub(super) idle: Duration,
}

impl Default for RetryPauses {
    fn default() -> RetryPauses {
        RetryPauses {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            idle: Duration::from_mins(1),
        }
    }
}

/// Holds the lock and the open file, and writes to it. The fields are dropped in this order: the lock is released last.
pub(super) struct WriteLoop {
    database: Option<Database>,
    lock: Option<Lock>,
    folder: StateFolder,
    queue: Arc<WriteQueue>,
    pauses: RetryPauses,
    /// The number of failures in a row.
    failures: u32,
    /// Whether a write failed, so that nothing in the log is known to be on disk.
    distrusts_log: bool,
    /// The file whose records the caller knows.
    known_file: Option<FileIdentity>,
    /// The records that were read at the start from a file that could not be opened for writing.
    initial_records: Option<Vec<Record>>,
}

impl WriteLoop {
    pub(super) fn new(folder: StateFolder, queue: Arc<WriteQueue>, pauses: RetryPauses) -> WriteLoop {
        WriteLoop {
            database: None,
            lock: None,
            folder,
            queue,
            pauses,
            failures: 0,
            distrusts_log: false,
            known_file: None,
            initial_records: None,
        }
    }

    /// The first attempt. A file that cannot be opened for writing may still be readable.
    pub(super) fn open(&mut self) -> Contents {
        let mut notes = Vec::new();
        let mut contents = match self.ensure_open(&mut notes) {
            Ok(contents) => contents.unwrap_or_default(),
            Err(failure) => {
                let contents = reader::read_records(&self.folder).unwrap_or_default();
                self.initial_records = Some(contents.records.clone());
                self.report(Err(failure));
                contents
            }
        };
        notes.append(&mut contents.notes);
        Contents { notes, ..contents }
    }

    /// Writes changes until it has to end.
    pub(super) fn run(mut self) {
        loop {
            let is_last = self.queue.wait_for_work(self.pause());
            let outcome = self.write_batch(is_last);
            self.report(outcome);
            // after the callers were woken
            self.database.iter_mut().for_each(Database::shorten_log);
            if is_last {
                break;
            }
        }
        let queue = Arc::clone(&self.queue);
        drop(self);
        queue.set_ended();
    }

    fn pause(&self) -> Duration {
        match self.queue.failure() {
            None => self.pauses.idle,
            Some(StorageError::Locked(_)) => self.pauses.first,
            Some(_) => {
                let doublings = self.failures.saturating_sub(1).min(16);
                self.pauses.first.saturating_mul(1 << doublings).min(self.pauses.longest)
            }
        }
    }

    fn report(&mut self, outcome: Result<(), StorageError>) {
        match outcome {
            Ok(()) => {
                self.failures = 0;
                self.queue.set_result(None);
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                // the publisher reports it to the operator
                tracing::debug!(path = %self.folder.database(), "not written: {failure}");
                self.queue.set_result(Some(failure));
            }
        }
    }

    fn write_batch(&mut self, is_last: bool) -> Result<(), StorageError> {
        let mut notes = Vec::new();
        let ready = self.ensure_open(&mut notes);
        let read = ready.as_ref().ok().and_then(Option::as_ref);
        for note in notes.iter().chain(read.iter().flat_map(|contents| &contents.notes)) {
            tracing::error!("{note}");
        }
        if let Some(contents) = ready?
            && self.initial_records.take().as_ref() != Some(&contents.records)
        {
            self.queue.set_late_records(contents.records);
        }
        let (Some(mut batch), Some(database)) = (self.queue.take_batch(is_last), &mut self.database) else {
            return Ok(());
        };
        if let Err(failure) = write(database, &mut batch, &self.queue) {
            self.queue.put_back(batch);
            // after an error the connection may be in any state
            self.database = None;
            self.distrusts_log = true;
            return Err(failure);
        }
        self.queue.set_written(batch.up_to);
        Ok(())
    }

    /// Takes the lock and opens the file, unless that is done and its path still names it. Returns the records if the caller does not
    /// know them.
    fn ensure_open(&mut self, notes: &mut Vec<String>) -> Result<Option<Contents>, StorageError> {
        self.folder.make_folder()?;
        if !self.lock.as_ref().is_some_and(|lock| lock.holds(&self.folder)) {
            self.database = None;
            // another process may have held the lock and written meanwhile
            self.known_file = None;
            self.lock = None;
            self.lock = Some(Lock::take(&self.folder)?);
        }
        match &self.database {
            Some(database) if database.is_in_place(&self.folder)? => return Ok(None),
            Some(_) => self.close_replaced_file()?,
            None => {}
        }
        let database = Database::open_or_replace_damaged(&self.folder, notes)?;
        match database.empty_log() {
            // readers can prevent that; it is necessary only after a failed write
            Err(StorageError::Busy) if !self.distrusts_log => {}
            emptied => emptied?,
        }
        let contents = if !database.is_new() && self.known_file.is_some() && database.identity() == self.known_file {
            None
        } else {
            let contents = database.contents()?;
            self.queue.add_stored_jobs(database.jobs(notes)?);
            self.queue.set_push_rows(database.push_rows()?);
            Some(contents)
        };
        self.distrusts_log = false;
        self.known_file = database.identity();
        self.database = Some(database);
        Ok(contents)
    }

    /// Closes a file that was deleted or replaced, and deletes its log, which SQLite would take for that of the new file.
    fn close_replaced_file(&mut self) -> Result<(), StorageError> {
        let Some(database) = self.database.take() else {
            return Ok(());
        };
        let (was, log_was) = (database.identity(), database.log_identity());
        drop(database);
        let fails = |error| StorageError::from_io("the log of a file that is gone cannot be removed", &error);
        let is_moved = FileIdentity::of(self.folder.database()).map_err(fails)? != was;
        let log = self.folder.beside("-wal");
        let there = FileIdentity::of(&log).map_err(fails)?;
        if is_moved {
            self.known_file = None;
        }
        if is_moved && there.is_some() && there == log_was {
            std::fs::remove_file(&log).map_err(fails)?;
        }
        Ok(())
    }
}

/// Writes all of `batch`, and the pieces that are added to `queue` meanwhile; or nothing.
fn write(database: &mut Database, batch: &mut WriteBatch, queue: &WriteQueue) -> Result<(), StorageError> {
    if batch.pieces.is_empty() {
        return Ok(());
    }
    let mut writing = database.begin()?;
    let mut written = 0;
    while let Some(piece) = batch.pieces.get(written) {
        writing.put(piece)?;
        written += 1;
        queue.take_more(batch);
    }
    writing.commit()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8Path;
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::identity::SiteRecord;
    use crate::storage::RecordChange;
    use crate::storage::pending::PendingWrites;
    use crate::time::Timestamp;

    /// The record of a site that exists since this second.
    fn site(second: i64) -> Record {
        Record::Site(SiteRecord {
            since: Timestamp::from_second(second).unwrap(),
            identity: None,
        })
    }

    /// A state folder, and a loop that has opened it and written this site.
    fn opened(second: i64) -> (TempDir, WriteLoop) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StateFolder::new(Utf8Path::from_path(temporary.path()).unwrap());
        let mut write_loop = WriteLoop::new(folder, Arc::new(WriteQueue::default()), RetryPauses::default());
        assert_eq!(records(&mut write_loop), Ok(Some(vec![])));
        write_site(&mut write_loop, second);
        (temporary, write_loop)
    }

    fn write_site(write_loop: &mut WriteLoop, second: i64) {
        let pending = PendingWrites::from_changes([RecordChange::Put(site(second))]);
        write_loop.database.as_mut().unwrap().write(&pending).unwrap();
    }

    /// The records that [`WriteLoop::ensure_open`] returns.
    fn records(write_loop: &mut WriteLoop) -> Result<Option<Vec<Record>>, StorageError> {
        let contents = write_loop.ensure_open(&mut Vec::new())?;
        Ok(contents.map(|contents| contents.records))
    }

    fn log_size(write_loop: &WriteLoop) -> u64 {
        write_loop.folder.beside("-wal").metadata().unwrap().len()
    }

    #[test]
    fn a_file_that_is_opened_again_is_read_again_only_if_it_is_another_one() {
        type Change = fn(&StateFolder);
        let cases: [(&str, Change, Option<Vec<Record>>); 3] = [
            ("nothing changed", |_| {}, None),
            (
                "it was emptied",
                |folder| fs::write(folder.database(), "").unwrap(),
                Some(vec![]),
            ),
            (
                "it was replaced",
                |folder| {
                    let (_temporary, mut other) = opened(2);
                    other.database = None;
                    fs::copy(other.folder.database(), folder.beside("-new")).unwrap();
                    fs::rename(folder.beside("-new"), folder.database()).unwrap();
                },
                Some(vec![site(2)]),
            ),
        ];
        for (name, change, expected) in cases {
            let (_temporary, mut write_loop) = opened(1);
            assert_eq!(records(&mut write_loop), Ok(None), "{name}: while it is open");
            // as after a failed write
            write_loop.database = None;
            change(&write_loop.folder);
            assert_eq!(records(&mut write_loop), Ok(expected), "{name}");
        }
    }

    #[test]
    fn a_file_that_replaces_an_open_one_keeps_its_log() {
        let (_temporary, mut write_loop) = opened(1);
        let (_other_temporary, other) = opened(2);
        assert!(log_size(&other) > 0);
        for ending in ["", "-wal"] {
            // a rename keeps the identity of the log, which must not be taken for the log of the file that is gone
            fs::copy(other.folder.beside(ending), write_loop.folder.beside(".new")).unwrap();
            fs::rename(write_loop.folder.beside(".new"), write_loop.folder.beside(ending)).unwrap();
        }
        assert_eq!(records(&mut write_loop), Ok(Some(vec![site(2)])));
    }

    #[test]
    fn the_log_is_emptied_when_the_file_is_opened() {
        let (_temporary, killed) = opened(1);
        let (_other_temporary, mut write_loop) = opened(2);
        write_loop.database = None;
        // the files of a process that was killed
        for ending in ["", "-wal"] {
            fs::copy(killed.folder.beside(ending), write_loop.folder.beside(ending)).unwrap();
        }
        assert!(log_size(&write_loop) > 0);
        write_loop.known_file = None;
        assert_eq!(records(&mut write_loop), Ok(Some(vec![site(1)])));
        assert_eq!(log_size(&write_loop), 0);
    }

    #[test]
    fn only_after_a_failed_write_a_reader_prevents_that_the_file_is_opened() {
        for (is_failed, expected) in [(false, Ok(Some(vec![site(1)]))), (true, Err(StorageError::Busy))] {
            let (_temporary, mut write_loop) = opened(1);
            let reader = Connection::open(write_loop.folder.database()).unwrap();
            reader.execute_batch("BEGIN; SELECT * FROM record").unwrap();
            write_site(&mut write_loop, 1);
            write_loop.database = None;
            write_loop.known_file = None;
            write_loop.distrusts_log = is_failed;
            assert_eq!(records(&mut write_loop), expected, "failed: {is_failed}");
        }
    }

    #[test]
    fn pauses_between_attempts_double_up_to_the_longest() {
        let queue = Arc::new(WriteQueue::default());
        let folder = StateFolder::new("never-opened".into());
        let mut write_loop = WriteLoop::new(folder, Arc::clone(&queue), RetryPauses::default());
        assert_eq!(write_loop.pause(), Duration::from_mins(1), "nothing fails");
        for (attempt, seconds) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30)] {
            write_loop.report(Err(StorageError::Full));
            assert_eq!(write_loop.pause(), Duration::from_secs(seconds), "after attempt {attempt}");
        }
        write_loop.report(Err(StorageError::Locked(None)));
        assert_eq!(
            write_loop.pause(),
            Duration::from_secs(1),
            "the other one may end at any time"
        );
        write_loop.report(Ok(()));
        write_loop.report(Err(StorageError::Full));
        assert_eq!(write_loop.pause(), Duration::from_secs(1), "it begins again");
    }
}
