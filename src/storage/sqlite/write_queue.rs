//! The queue over which the thread that writes is given what to write, and tells how that went.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::identity::record::Record;
use crate::storage::jobs::{JobQueue, JobRow};
use crate::storage::pending::{PendingWrites, RecordKey};
use crate::storage::{Job, StorageError};
use crate::time::Timestamp;

/// How many records that are too large are remembered by name.
const MOST_TOO_LARGE: usize = 1000;

/// What the thread and everybody else have in common.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    state: Mutex<QueueState>,
    /// There may be something to do for the thread.
    work: Condvar,
    /// The thread has done something.
    news: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    pending: PendingWrites,
    /// How often something was added.
    added: u64,
    /// How many are adding in pieces what is to be written as one.
    adding: usize,
    /// Everything up to this addition is on disk.
    written: u64,
    failure: Option<StorageError>,
    failing_since: Option<Timestamp>,
    jobs: JobQueue,
    too_large: BTreeSet<RecordKey>,
    found: Option<Vec<Record>>,
    is_ending: bool,
    has_ended: bool,
}

impl QueueState {
    /// Whether writing now could write over what nobody has seen yet.
    fn is_held(&self) -> bool {
        self.found.as_ref().is_some_and(|found| !found.is_empty())
    }
}

/// What is written in one transaction.
pub(super) struct WriteBatch {
    /// The last one of each key counts.
    pub(super) pieces: Vec<PendingWrites>,
    /// The addition up to which everything is on disk once this is.
    pub(super) up_to: u64,
}

/// Somebody adds in pieces what is to be written as one, for as long as there is this.
pub(super) struct Adding<'a>(&'a WriteQueue);

impl Drop for Adding<'_> {
    fn drop(&mut self) {
        self.0.state().adding -= 1;
        self.0.work.notify_one();
    }
}

impl WriteQueue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to add in pieces what is to be written as one: the first are written while the next are made.
    pub(super) fn begin(&self) -> Adding<'_> {
        self.state().adding += 1;
        Adding(self)
    }

    /// Adds what is to be written; `false` if some of it is too large to be.
    pub(super) fn add(&self, pending: PendingWrites) -> bool {
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

    /// Whether everything added so far was taken.
    #[cfg(test)]
    pub(super) fn is_clear(&self) -> bool {
        self.state().pending.is_empty()
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

    pub(super) fn failure(&self) -> Option<StorageError> {
        self.state().failure.clone()
    }

    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        self.state().failing_since
    }

    /// Changes the jobs, and has the row that this gives written.
    pub(super) fn change_jobs<T, E>(&self, change: impl FnOnce(&mut JobQueue) -> Result<(T, JobRow), E>) -> Result<T, E> {
        let mut state = self.state();
        let (value, row) = change(&mut state.jobs)?;
        state.pending.add_job_row(row);
        state.added += 1;
        self.work.notify_one();
        Ok(value)
    }

    /// Looks at the jobs.
    pub(super) fn with_jobs<T>(&self, look: impl FnOnce(&JobQueue) -> T) -> T {
        look(&self.state().jobs)
    }

    /// Adds the jobs that were read from a file, and has those written that it does not contain.
    pub(super) fn add_stored_jobs(&self, stored: Vec<Job>) {
        let mut state = self.state();
        let state = &mut *state;
        let ids: BTreeSet<String> = stored.iter().map(|job| job.id.clone()).collect();
        let is_missing = |row: &JobRow| !ids.contains(&row.0);
        let missing: Vec<JobRow> = state.jobs.rows().filter(is_missing).collect();
        for job in stored {
            if !state.pending.deletes_job(&job.id) {
                // one that has no room stays in the file
                state.jobs.insert(job);
            }
        }
        if !missing.is_empty() {
            for row in missing {
                state.pending.add_job_row(row);
            }
            state.added += 1;
        }
    }

    /// One of those that are too large.
    pub(super) fn refused(&self) -> Option<RecordKey> {
        self.state().too_large.first().cloned()
    }

    pub(super) fn take_late_records(&self) -> Option<Vec<Record>> {
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
    pub(super) fn never(&self, failure: StorageError) {
        let mut state = self.state();
        state.failure = Some(failure);
        state.failing_since = Some(Timestamp::now());
        state.has_ended = true;
    }

    /// Waits until there is something to do, or `pause` has passed; whether it is the last thing to do. While writing fails, only
    /// time brings the next try.
    pub(super) fn next(&self, pause: Duration) -> bool {
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
    pub(super) fn take_batch(&self, is_last: bool) -> Option<WriteBatch> {
        let mut state = self.state();
        let mut up_to = state.added;
        if state.is_held() {
            if !is_last {
                return None;
            }
            for record in state.found.take().unwrap_or_default() {
                if state.pending.remove(&record) {
                    up_to = state.written;
                }
            }
        }
        let pending = std::mem::take(&mut state.pending);
        let pieces = Some(pending).filter(|pending| !pending.is_empty());
        Some(WriteBatch {
            pieces: pieces.into_iter().collect(),
            up_to,
        })
    }

    /// Adds to `batch` what was added since it was taken, and waits for that while somebody adds in pieces: these are written as one, with
    /// whatever else comes meanwhile.
    pub(super) fn take_more(&self, batch: &mut WriteBatch) {
        let mut state = self.state();
        while state.pending.is_empty() && state.adding > 0 {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.pending.is_empty() {
            batch.pieces.push(std::mem::take(&mut state.pending));
            batch.up_to = state.added;
        }
    }

    pub(super) fn put_back(&self, batch: WriteBatch) {
        let mut state = self.state();
        let newer = std::mem::take(&mut state.pending);
        state.pending = batch.pieces.into_iter().chain([newer]).collect();
    }

    pub(super) fn is_written(&self, up_to: u64) {
        self.state().written = up_to;
    }

    pub(super) fn has_found(&self, mut records: Vec<Record>) {
        let mut state = self.state();
        records.retain(|record| !state.pending.deletes(record));
        state.found = Some(records);
    }

    /// How the last try went; the failure before it.
    pub(super) fn has_tried(&self, failure: Option<StorageError>) -> Option<StorageError> {
        let mut state = self.state();
        match &failure {
            None => state.failing_since = None,
            Some(_) => drop(state.failing_since.get_or_insert_with(Timestamp::now)),
        }
        let before = std::mem::replace(&mut state.failure, failure);
        self.news.notify_all();
        before
    }

    pub(super) fn has_ended(&self) {
        self.state().has_ended = true;
        self.news.notify_all();
    }
}

fn wait<'a>(signal: &Condvar, state: MutexGuard<'a, QueueState>, left: Duration) -> MutexGuard<'a, QueueState> {
    signal.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::storage::RecordChange;

    #[test]
    fn what_is_added_in_pieces_is_written_as_one_and_put_back_as_one() {
        let queue = WriteQueue::default();
        let piece = |keys: [&str; 2]| PendingWrites::from_changes(keys.map(|key| RecordChange::Delete("post", key.to_owned())));
        let keys = |pending: &PendingWrites| -> Vec<String> { pending.changes().map(|((_, key), _)| key.clone()).collect() };
        let adding = queue.begin();
        assert!(queue.add(piece(["c", "d"])));
        let mut batch = queue.take_batch(false).unwrap();
        let batch = thread::scope(|scope| {
            let queue = &queue;
            let taking = scope.spawn(move || {
                let mut taken = 0;
                while batch.pieces.len() > taken {
                    taken = batch.pieces.len();
                    queue.take_more(&mut batch);
                }
                batch
            });
            assert!(queue.add(piece(["a", "b"])));
            assert!(queue.add(piece(["b", "e"])));
            drop(adding);
            taking.join().unwrap()
        });
        let written: BTreeSet<String> = batch.pieces.iter().flat_map(keys).collect();
        assert_eq!((written.len(), batch.up_to), (5, 3), "{written:?}");
        assert!(queue.add(piece(["f", "a"])));
        queue.put_back(batch);
        let again = queue.take_batch(false).unwrap();
        assert_eq!(
            again.pieces.iter().map(keys).collect::<Vec<_>>(),
            [["a", "b", "c", "d", "e", "f"]]
        );
        assert_eq!(again.up_to, 4);
    }
}
