//! The thread that writes.

use std::sync::Arc;
use std::time::Duration;

use super::database::Database;
use super::lock::Lock;
use super::reader;
use super::state_folder::{FileIdentity, StateFolder};
use super::write_queue::{WriteBatch, WriteQueue};
use crate::identity::record::Record;
use crate::storage::{Contents, StorageError};

/// How long the thread waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPauses {
    /// Before it tries again for the first time, and each time where another feedmill has the file.
    pub(super) first: Duration,
    /// Before it tries again at the most; each pause is twice the one before.
    pub(super) longest: Duration,
    /// Before it looks, with nothing to do, whether the file is still there.
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

/// Has the file, and writes to it. The fields are dropped in this order: the lock goes last.
pub(super) struct WriteLoop {
    database: Option<Database>,
    lock: Option<Lock>,
    folder: StateFolder,
    queue: Arc<WriteQueue>,
    pauses: RetryPauses,
    /// How often in a row it failed.
    failures: u32,
    /// A write failed, so nothing in the log is sure.
    distrusts_log: bool,
    /// The file whose every record is known to whoever has the store.
    known: Option<FileIdentity>,
    /// What was read at the start from a file that could not be had for writing.
    given: Option<Vec<Record>>,
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
            known: None,
            given: None,
        }
    }

    /// The first try. What cannot be had for writing may still be read.
    pub(super) fn open(&mut self) -> Contents {
        let mut notes = Vec::new();
        let mut contents = match self.get_ready(&mut notes) {
            Ok(contents) => contents.unwrap_or_default(),
            Err(failure) => {
                let contents = reader::read_records(&self.folder).unwrap_or_default();
                self.given = Some(contents.records.clone());
                self.tell(Err(failure));
                contents
            }
        };
        notes.append(&mut contents.notes);
        Contents { notes, ..contents }
    }

    /// Writes what is to be written until it is told to end.
    pub(super) fn run(mut self) {
        loop {
            let is_last = self.queue.next(self.pause());
            let outcome = self.turn(is_last);
            self.tell(outcome);
            // whoever waited has been told
            self.database.iter_mut().for_each(Database::shorten_log);
            if is_last {
                break;
            }
        }
        let queue = Arc::clone(&self.queue);
        drop(self);
        queue.has_ended();
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

    fn tell(&mut self, outcome: Result<(), StorageError>) {
        let path = self.folder.database();
        match outcome {
            Ok(()) => {
                self.failures = 0;
                if self.queue.has_tried(None).is_some() {
                    tracing::debug!(%path, "written again");
                }
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                if self.queue.has_tried(Some(failure.clone())).as_ref() != Some(&failure) {
                    // whoever has the store says what that means
                    tracing::debug!(%path, "not written: {failure}");
                }
            }
        }
    }

    fn turn(&mut self, is_last: bool) -> Result<(), StorageError> {
        let mut notes = Vec::new();
        let ready = self.get_ready(&mut notes);
        let read = ready.as_ref().ok().and_then(Option::as_ref);
        for note in notes.iter().chain(read.iter().flat_map(|contents| &contents.notes)) {
            tracing::error!("{note}");
        }
        if let Some(contents) = ready?
            && self.given.take().as_ref() != Some(&contents.records)
        {
            self.queue.has_found(contents.records);
        }
        let (Some(mut batch), Some(database)) = (self.queue.take_batch(is_last), &mut self.database) else {
            return Ok(());
        };
        if let Err(failure) = write(database, &mut batch, &self.queue) {
            self.queue.put_back(batch);
            // after an error nothing about the connection is sure
            self.database = None;
            self.distrusts_log = true;
            return Err(failure);
        }
        self.queue.is_written(batch.up_to);
        Ok(())
    }

    /// Sees to it that the lock is held and the file is open and the one that its path leads to; what it holds, if that is not known.
    fn get_ready(&mut self, notes: &mut Vec<String>) -> Result<Option<Contents>, StorageError> {
        self.folder.make_folder()?;
        if !self.lock.as_ref().is_some_and(|lock| lock.holds(&self.folder)) {
            self.database = None;
            // whoever had the lock meanwhile may have written
            self.known = None;
            self.lock = None;
            self.lock = Some(Lock::take(&self.folder)?);
        }
        match &self.database {
            Some(database) if database.is_in_place(&self.folder)? => return Ok(None),
            Some(_) => self.leave_moved()?,
            None => {}
        }
        let database = Database::open_or_set_aside(&self.folder, notes)?;
        match database.empty_log() {
            // who reads is in the way of that, and only after a failure it has to be
            Err(StorageError::Busy) if !self.distrusts_log => {}
            emptied => emptied?,
        }
        let contents = if !database.is_new() && self.known.is_some() && database.identity() == self.known {
            None
        } else {
            let contents = database.contents()?;
            self.queue.add_stored_jobs(database.jobs(notes)?);
            Some(contents)
        };
        self.distrusts_log = false;
        self.known = database.identity();
        self.database = Some(database);
        Ok(contents)
    }

    /// Closes a file that was deleted or replaced. Its log, left behind, would be taken for that of the file that is there now.
    fn leave_moved(&mut self) -> Result<(), StorageError> {
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
            self.known = None;
        }
        if is_moved && there.is_some() && there == log_was {
            std::fs::remove_file(&log).map_err(fails)?;
        }
        Ok(())
    }
}

/// Writes all of `batch`, and what belongs to it that comes over `queue` meanwhile; or nothing.
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
