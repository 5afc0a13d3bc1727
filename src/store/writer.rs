//! The thread that writes, and the desk over which it is given what to write.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::database::{Contents, Database};
use super::failure::Failure;
use super::lock::Lock;
use super::pending::{Key, Pending};
use super::place::{Identity, Place};
use super::reading;
use crate::ledger::record::Record;

/// How many records that are too large are remembered by name.
const MOST_TOO_LARGE: usize = 1000;

/// How long the thread waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    /// Before it tries again for the first time, and each time where another feedmill has the file.
    pub(super) first: Duration,
    /// Before it tries again at the most; each pause is twice the one before.
    pub(super) longest: Duration,
    /// Before it looks, with nothing to do, whether the file is still there.
    pub(super) idle: Duration,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            idle: Duration::from_mins(1),
        }
    }
}

/// What the thread and everybody else have in common.
#[derive(Debug, Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// There may be something to do for the thread.
    work: Condvar,
    /// The thread has done something.
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// How often something was added.
    added: u64,
    /// Everything up to this addition is on disk.
    written: u64,
    failure: Option<Failure>,
    too_large: BTreeSet<Key>,
    found: Option<Vec<Record>>,
    is_ending: bool,
    has_ended: bool,
}

impl State {
    /// Whether writing now could write over what nobody has seen yet.
    fn is_held(&self) -> bool {
        self.found.as_ref().is_some_and(|found| !found.is_empty())
    }
}

/// What is written in one transaction.
struct Batch {
    pending: Pending,
    /// The addition up to which everything is on disk once this is.
    up_to: u64,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is to be written; `false` if some of it is too large to be.
    pub(super) fn add(&self, pending: Pending) -> bool {
        let mut state = self.state();
        for (key, _) in pending.changes() {
            state.too_large.remove(key);
        }
        let room = MOST_TOO_LARGE.saturating_sub(state.too_large.len());
        state.too_large.extend(pending.too_large().iter().take(room).cloned());
        let is_whole = pending.too_large().is_empty();
        state.pending.add(pending);
        state.added += 1;
        self.work.notify_one();
        is_whole
    }

    /// Waits until everything added so far is on disk; `false` if it is not by then, or cannot be now.
    pub(super) fn wait_until_written(&self, deadline: Instant) -> bool {
        let mut state = self.state();
        let wanted = state.added;
        loop {
            if state.written >= wanted {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.failure.is_some() || state.is_held() || state.has_ended || left.is_zero() {
                return false;
            }
            state = wait(&self.news, state, left);
        }
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        self.state().failure.clone()
    }

    /// One of those that are too large.
    pub(super) fn refused(&self) -> Option<Key> {
        self.state().too_large.first().cloned()
    }

    pub(super) fn take_found(&self) -> Option<Vec<Record>> {
        let found = self.state().found.take();
        self.work.notify_one();
        found
    }

    /// Asks the thread to end, after it has written what it can; whether it has, and everything is on disk.
    pub(super) fn end(&self, deadline: Instant) -> bool {
        let mut state = self.state();
        let was_asked = std::mem::replace(&mut state.is_ending, true);
        self.work.notify_one();
        while !state.has_ended && !was_asked {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait(&self.news, state, left);
        }
        state.written >= state.added && state.too_large.is_empty()
    }

    /// There is no thread and there will be none.
    pub(super) fn never(&self, failure: Failure) {
        let mut state = self.state();
        state.failure = Some(failure);
        state.has_ended = true;
    }

    /// Waits until there is something to do, or `pause` has passed; whether it is the last thing to do. While writing fails, only
    /// time brings the next try.
    fn next(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.state();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let has_work = state.written < state.added && !state.is_held() && state.failure.is_none();
            if state.is_ending || has_work || left.is_zero() {
                return state.is_ending;
            }
            state = wait(&self.work, state, left);
        }
    }

    /// Takes what is to be written. What was found and not asked for is not written over: everything waits for that, but for the
    /// last time, where it is only left out.
    fn take_batch(&self, is_last: bool) -> Option<Batch> {
        let mut state = self.state();
        let mut up_to = state.added;
        if state.is_held() {
            if !is_last {
                return None;
            }
            for record in state.found.take().unwrap_or_default() {
                if state.pending.spare(&record) {
                    up_to = state.written;
                }
            }
        }
        let pending = std::mem::take(&mut state.pending);
        Some(Batch { pending, up_to })
    }

    fn put_back(&self, mut batch: Batch) {
        let mut state = self.state();
        batch.pending.add(std::mem::take(&mut state.pending));
        state.pending = batch.pending;
    }

    fn is_written(&self, up_to: u64) {
        self.state().written = up_to;
    }

    fn has_found(&self, mut records: Vec<Record>) {
        let mut state = self.state();
        records.retain(|record| !state.pending.forgets(record));
        state.found = Some(records);
    }

    /// How the last try went; the failure before it.
    fn has_tried(&self, failure: Option<Failure>) -> Option<Failure> {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.failure, failure);
        self.news.notify_all();
        before
    }

    fn has_ended(&self) {
        self.state().has_ended = true;
        self.news.notify_all();
    }
}

fn wait<'a>(signal: &Condvar, state: MutexGuard<'a, State>, left: Duration) -> MutexGuard<'a, State> {
    signal.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
}

/// Has the file, and writes to it. The fields are dropped in this order: the lock goes last.
pub(super) struct Writer {
    database: Option<Database>,
    lock: Option<Lock>,
    place: Place,
    desk: Arc<Desk>,
    pauses: Pauses,
    /// How often in a row it failed.
    failures: u32,
    /// A write failed, so nothing in the log is sure.
    distrusts_log: bool,
    /// The file whose every record is known to whoever has the store.
    known: Option<Identity>,
    /// What was read at the start from a file that could not be had for writing.
    given: Option<Vec<Record>>,
}

impl Writer {
    pub(super) fn new(place: Place, desk: Arc<Desk>, pauses: Pauses) -> Writer {
        Writer {
            database: None,
            lock: None,
            place,
            desk,
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
                let contents = reading::read_at(&self.place).unwrap_or_default();
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
            let is_last = self.desk.next(self.pause());
            let outcome = self.turn(is_last);
            self.tell(outcome);
            // whoever waited has been told
            self.database.iter_mut().for_each(Database::shorten_log);
            if is_last {
                break;
            }
        }
        let desk = Arc::clone(&self.desk);
        drop(self);
        desk.has_ended();
    }

    fn pause(&self) -> Duration {
        match self.desk.failure() {
            None => self.pauses.idle,
            Some(Failure::Locked(_)) => self.pauses.first,
            Some(_) => {
                let doublings = self.failures.saturating_sub(1).min(16);
                self.pauses.first.saturating_mul(1 << doublings).min(self.pauses.longest)
            }
        }
    }

    fn tell(&mut self, outcome: Result<(), Failure>) {
        let path = self.place.database();
        match outcome {
            Ok(()) => {
                self.failures = 0;
                if self.desk.has_tried(None).is_some() {
                    tracing::debug!(%path, "written again");
                }
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                if self.desk.has_tried(Some(failure.clone())).as_ref() != Some(&failure) {
                    // whoever has the store says what that means
                    tracing::debug!(%path, "not written: {failure}");
                }
            }
        }
    }

    fn turn(&mut self, is_last: bool) -> Result<(), Failure> {
        let mut notes = Vec::new();
        let ready = self.get_ready(&mut notes);
        let read = ready.as_ref().ok().and_then(Option::as_ref);
        for note in notes.iter().chain(read.iter().flat_map(|contents| &contents.notes)) {
            tracing::error!("{note}");
        }
        if let Some(contents) = ready?
            && self.given.take().as_ref() != Some(&contents.records)
        {
            self.desk.has_found(contents.records);
        }
        let (Some(batch), Some(database)) = (self.desk.take_batch(is_last), &mut self.database) else {
            return Ok(());
        };
        if !batch.pending.is_empty()
            && let Err(failure) = database.write(&batch.pending)
        {
            self.desk.put_back(batch);
            // after an error nothing about the connection is sure
            self.database = None;
            self.distrusts_log = true;
            return Err(failure);
        }
        self.desk.is_written(batch.up_to);
        Ok(())
    }

    /// Sees to it that the lock is held and the file is open and the one that its path leads to; what it holds, if that is not known.
    fn get_ready(&mut self, notes: &mut Vec<String>) -> Result<Option<Contents>, Failure> {
        self.place.make_folder()?;
        if !self.lock.as_ref().is_some_and(|lock| lock.holds(&self.place)) {
            self.database = None;
            // whoever had the lock meanwhile may have written
            self.known = None;
            self.lock = None;
            self.lock = Some(Lock::take(&self.place)?);
        }
        match &self.database {
            Some(database) if database.is_in_place(&self.place)? => return Ok(None),
            Some(_) => self.leave_moved()?,
            None => {}
        }
        let database = Database::open_or_set_aside(&self.place, notes)?;
        match database.empty_log() {
            // who reads is in the way of that, and only after a failure it has to be
            Err(Failure::Busy) if !self.distrusts_log => {}
            emptied => emptied?,
        }
        let contents = if !database.is_new() && self.known.is_some() && database.identity() == self.known {
            None
        } else {
            Some(database.contents()?)
        };
        self.distrusts_log = false;
        self.known = database.identity();
        self.database = Some(database);
        Ok(contents)
    }

    /// Closes a file that was deleted or replaced. Its log, left behind, would be taken for that of the file that is there now.
    fn leave_moved(&mut self) -> Result<(), Failure> {
        let Some(database) = self.database.take() else {
            return Ok(());
        };
        let (was, log_was) = (database.identity(), database.log_identity());
        drop(database);
        let fails = |error| Failure::of_io("the log of a file that is gone cannot be removed", &error);
        let is_moved = Identity::of(self.place.database()).map_err(fails)? != was;
        let log = self.place.beside("-wal");
        let there = Identity::of(&log).map_err(fails)?;
        if is_moved {
            self.known = None;
        }
        if is_moved && there.is_some() && there == log_was {
            std::fs::remove_file(&log).map_err(fails)?;
        }
        Ok(())
    }
}
