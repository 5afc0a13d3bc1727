//! The changes that wait for the writing thread, and the result of its last attempt.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::identity::record::Record;
use crate::storage::error::StorageError;
use crate::storage::jobs::{Job, JobQueue, JobRow};
use crate::storage::pending::{PendingWrites, RecordKey};
use crate::storage::push_rows::PushRow;
use crate::time::Timestamp;

/// How many keys of records that are too large are held.
const MAX_TOO_LARGE: usize = 1000;

/// The state that the writing thread and its callers share.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    state: Mutex<QueueState>,
    /// Wakes the thread: there may be something to write.
    work: Condvar,
    /// Wakes callers: the thread has written, failed or ended.
    progress: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    pending: PendingWrites,
    /// The number of additions.
    added: u64,
    /// How many callers are adding a batch in pieces.
    adding: usize,
    /// The number of the last addition that is on disk, with all before it.
    written: u64,
    failure: Option<StorageError>,
    failing_since: Option<Timestamp>,
    jobs: JobQueue,
    /// The rows of push that were read and not taken yet.
    push_rows: Option<Vec<PushRow>>,
    too_large: BTreeSet<RecordKey>,
    late_records: Option<Vec<Record>>,
    is_ending: bool,
    has_ended: bool,
}

impl QueueState {
    /// Whether a write could overwrite records that nobody has seen yet.
    fn is_held(&self) -> bool {
        self.late_records
            .as_ref()
            .is_some_and(|late_records| !late_records.is_empty())
    }
}

/// The changes of one transaction.
pub(super) struct WriteBatch {
    /// Later pieces win.
    pub(super) pieces: Vec<PendingWrites>,
    /// The number of the last addition that is on disk once this is written.
    pub(super) up_to: u64,
}

/// While this exists, a caller is adding a batch in pieces.
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

    /// Begins to add a batch in pieces, which are written in one transaction. The first are written while the next are made.
    pub(super) fn begin_batch(&self) -> Adding<'_> {
        self.state().adding += 1;
        Adding(self)
    }

    /// Adds changes. Returns `false` if a record is too large.
    pub(super) fn add(&self, pending: PendingWrites) -> bool {
        let mut state = self.state();
        for (key, _) in pending.changes() {
            state.too_large.remove(key);
        }
        let room = MAX_TOO_LARGE.saturating_sub(state.too_large.len());
        state.too_large.extend(pending.too_large().iter().take(room).cloned());
        let is_whole = pending.too_large().is_empty();
        state.pending.add(pending);
        state.added += 1;
        self.work.notify_one();
        is_whole
    }

    /// Waits until all changes are on disk. Returns `false` if they are not by `deadline`, or cannot be written now.
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
            state = wait(&self.progress, state, left);
        }
    }

    pub(super) fn failure(&self) -> Option<StorageError> {
        self.state().failure.clone()
    }

    pub(super) fn failing_since(&self) -> Option<Timestamp> {
        self.state().failing_since
    }

    /// Changes the jobs, and adds the row that this returns to the changes to write.
    pub(super) fn change_jobs<T, E>(&self, change: impl FnOnce(&mut JobQueue) -> Result<(T, JobRow), E>) -> Result<T, E> {
        let mut state = self.state();
        let (value, row) = change(&mut state.jobs)?;
        state.pending.add_job_row(row);
        state.added += 1;
        self.work.notify_one();
        Ok(value)
    }

    /// Reads the jobs.
    pub(super) fn with_jobs<T>(&self, read: impl FnOnce(&JobQueue) -> T) -> T {
        read(&self.state().jobs)
    }

    /// Adds the jobs that were read from the file. Jobs that the file does not contain are written to it.
    pub(super) fn add_stored_jobs(&self, stored: Vec<Job>) {
        let mut state = self.state();
        let state = &mut *state;
        let ids: BTreeSet<String> = stored.iter().map(|job| job.id.clone()).collect();
        let is_missing = |row: &JobRow| !ids.contains(&row.0);
        let missing: Vec<JobRow> = state.jobs.rows().filter(is_missing).collect();
        for job in stored {
            if !state.pending.deletes_job(&job.id) {
                // a job for which there is no room stays in the file
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

    /// Holds the rows of push that were read from the file, until they are taken.
    pub(super) fn set_push_rows(&self, rows: Vec<PushRow>) {
        self.state().push_rows = Some(rows);
    }

    pub(super) fn take_push_rows(&self) -> Option<Vec<PushRow>> {
        self.state().push_rows.take()
    }

    /// The key of a record that is too large.
    pub(super) fn too_large_key(&self) -> Option<RecordKey> {
        self.state().too_large.first().cloned()
    }

    pub(super) fn take_late_records(&self) -> Option<Vec<Record>> {
        let late_records = self.state().late_records.take();
        self.work.notify_one();
        late_records
    }

    /// Asks the thread to write what it can and end, and waits for that. Returns whether everything is on disk.
    pub(super) fn end(&self, deadline: Instant) -> bool {
        let mut state = self.state();
        let was_asked = std::mem::replace(&mut state.is_ending, true);
        self.work.notify_one();
        while !state.has_ended && !was_asked {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait(&self.progress, state, left);
        }
        state.written >= state.added && state.too_large.is_empty()
    }

    /// Notes that there is no thread, so that nothing is ever written.
    pub(super) fn set_thread_failed(&self, failure: StorageError) {
        let mut state = self.state();
        state.failure = Some(failure);
        state.failing_since = Some(Timestamp::now());
        state.has_ended = true;
    }

    /// Waits until there is something to write, or `pause` has passed. Returns whether the thread has to end after that. While writes
    /// fail, only the pause leads to the next attempt.
    pub(super) fn wait_for_work(&self, pause: Duration) -> bool {
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

    /// Takes the changes to write. While records that were found late are not taken, there are none, so that nothing overwrites them;
    /// in the last batch only the changes of these records are left out.
    pub(super) fn take_batch(&self, is_last: bool) -> Option<WriteBatch> {
        let mut state = self.state();
        let mut up_to = state.added;
        if state.is_held() {
            if !is_last {
                return None;
            }
            for record in state.late_records.take().unwrap_or_default() {
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

    /// Adds the changes that came since `batch` was taken. While a caller adds in pieces, this waits for the next piece.
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

    /// Puts back a batch that was not written. Newer changes win.
    pub(super) fn put_back(&self, batch: WriteBatch) {
        let mut state = self.state();
        let newer = std::mem::take(&mut state.pending);
        state.pending = batch.pieces.into_iter().chain([newer]).collect();
    }

    pub(super) fn set_written(&self, up_to: u64) {
        self.state().written = up_to;
    }

    /// Holds records that the caller does not know, until it takes them.
    pub(super) fn set_late_records(&self, mut records: Vec<Record>) {
        let mut state = self.state();
        records.retain(|record| !state.pending.deletes(record));
        state.late_records = Some(records);
    }

    /// Stores the result of an attempt.
    pub(super) fn set_result(&self, failure: Option<StorageError>) {
        let mut state = self.state();
        match &failure {
            None => state.failing_since = None,
            Some(_) => drop(state.failing_since.get_or_insert_with(Timestamp::now)),
        }
        state.failure = failure;
        self.progress.notify_all();
    }

    pub(super) fn set_ended(&self) {
        self.state().has_ended = true;
        self.progress.notify_all();
    }
}

fn wait<'a>(signal: &Condvar, state: MutexGuard<'a, QueueState>, left: Duration) -> MutexGuard<'a, QueueState> {
    signal.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::identity::SiteRecord;
    use crate::storage::RecordChange;

    impl WriteQueue {
        /// Whether the thread has taken all changes.
        pub(in crate::storage::sqlite) fn is_empty(&self) -> bool {
            self.state().pending.is_empty()
        }
    }

    fn deletion(key: &str) -> PendingWrites {
        PendingWrites::from_changes([RecordChange::Delete("post", key.to_owned())])
    }

    #[test]
    fn nobody_waits_for_changes_that_cannot_be_written_now() {
        let changes: [fn(&WriteQueue); 4] = [
            |queue| queue.set_result(Some(StorageError::Full)),
            |queue| {
                queue.set_late_records(vec![Record::Site(SiteRecord {
                    since: Timestamp::UNIX_EPOCH,
                    identity: None,
                })]);
            },
            WriteQueue::set_ended,
            |queue| queue.set_thread_failed(StorageError::Full),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let queue = WriteQueue::default();
            queue.add(deletion("a"));
            change(&queue);
            let began = Instant::now();
            assert!(!queue.wait_until_written(began + Duration::from_secs(20)), "{number}");
            assert!(began.elapsed() < Duration::from_secs(10), "{number}");
        }
    }

    #[test]
    fn the_thread_waits_for_its_pause_unless_there_is_something_that_it_can_do() {
        type Change = fn(&WriteQueue);
        let add: Change = |queue| assert!(queue.add(deletion("a")));
        let late: Change = |queue| {
            queue.set_late_records(vec![Record::Site(SiteRecord {
                since: Timestamp::UNIX_EPOCH,
                identity: None,
            })]);
        };
        // whether it waits, and whether it has to end
        let cases: [(&str, &[Change], bool, bool); 6] = [
            ("nothing to write", &[], true, false),
            ("a change", &[add], false, false),
            ("a change that is written", &[add, |queue| queue.set_written(1)], true, false),
            (
                "a change, while writes fail",
                &[add, |queue| queue.set_result(Some(StorageError::Full))],
                true,
                false,
            ),
            ("a change, while late records are not taken", &[add, late], true, false),
            ("the end", &[|queue| assert!(!queue.end(Instant::now()))], false, true),
        ];
        for (name, changes, waits, ends) in cases {
            let queue = WriteQueue::default();
            for change in changes {
                change(&queue);
            }
            let pause = if waits {
                Duration::from_millis(100)
            } else {
                Duration::from_secs(20)
            };
            let began = Instant::now();
            assert_eq!(queue.wait_for_work(pause), ends, "{name}");
            let elapsed = began.elapsed();
            assert_eq!(elapsed >= pause, waits, "{name}: {elapsed:?}");
        }
    }

    #[test]
    fn without_a_thread_nothing_is_ever_written() {
        let queue = WriteQueue::default();
        queue.add(deletion("a"));
        queue.set_thread_failed(StorageError::Full);
        assert!(queue.failure() == Some(StorageError::Full) && queue.failing_since().is_some());
        assert!(!queue.end(Instant::now() + Duration::from_secs(20)));
    }

    #[test]
    fn each_change_of_a_job_and_each_job_that_is_not_stored_is_to_be_written() {
        let queue = WriteQueue::default();
        queue
            .change_jobs(|jobs| jobs.enqueue("push", "x", Timestamp::UNIX_EPOCH))
            .unwrap();
        let batch = queue.take_batch(false).unwrap();
        assert_eq!((batch.pieces.len(), batch.up_to), (1, 1));
        queue.set_written(batch.up_to);
        // the file was replaced by one without it
        queue.add_stored_jobs(Vec::new());
        let batch = queue.take_batch(false).unwrap();
        assert_eq!((batch.pieces.len(), batch.up_to), (1, 2));
    }

    #[test]
    fn a_job_that_is_done_does_not_come_back_with_the_stored_ones() {
        let queue = WriteQueue::default();
        let job = queue
            .change_jobs(|jobs| jobs.enqueue("push", "x", Timestamp::UNIX_EPOCH))
            .unwrap();
        queue.add_stored_jobs(vec![job.clone()]);
        assert_eq!(queue.with_jobs(JobQueue::len), 1);
        queue
            .change_jobs(|jobs| jobs.done(&job).map(|row| ((), row)).ok_or(()))
            .unwrap();
        queue.add_stored_jobs(vec![job]);
        assert_eq!(queue.with_jobs(JobQueue::len), 0);
    }

    #[test]
    fn a_batch_in_pieces_is_taken_whole_and_put_back_whole() {
        let queue = WriteQueue::default();
        let piece = |keys: [&str; 2]| PendingWrites::from_changes(keys.map(|key| RecordChange::Delete("post", key.to_owned())));
        let keys = |pending: &PendingWrites| -> Vec<String> { pending.changes().map(|((_, key), _)| key.clone()).collect() };
        let adding = queue.begin_batch();
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
