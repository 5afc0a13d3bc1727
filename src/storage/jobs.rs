//! A job queue: jobs wait until they are due, are claimed by a worker, and are deleted when they are done.
//!
//! All jobs are in memory, and each change is returned as a row for the backend to write. A claim is not written: only one process
//! has a queue, so a restart ends all claims. Hence a job is processed at least once, and twice where a worker stops between its work
//! and [`JobQueue::done`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::data::random_bytes;
use crate::time::Timestamp;

/// The most bytes that the payload of a job, or the name of its queue, may have.
pub(crate) const MAX_JOB_BYTES: usize = 16 * 1024;
/// The most jobs in all queues.
pub(crate) const MAX_JOBS: usize = 100_000;
/// The most bytes of all jobs together.
const MAX_QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// The most bytes of a job's row: each byte of its texts takes at most six in JSON.
pub(super) const MAX_ROW_BYTES: usize = 12 * MAX_JOB_BYTES + 1024;

/// A text that a worker must process at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names the job among all jobs.
    pub id: String,
    /// The queue that it is in.
    pub queue: String,
    /// What the worker needs to know.
    pub payload: String,
    /// When it was due, or is due again.
    pub due: Timestamp,
    /// How often it was claimed. A claim right before a crash may not be counted.
    #[serde(default)]
    pub attempts: u32,
}

/// Why a job cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnqueueError {
    /// Its payload or the name of its queue is too large.
    TooLarge,
    /// There are too many jobs.
    Full,
    /// The system gives no random bytes for its id.
    NoId,
}

impl fmt::Display for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnqueueError::TooLarge => write!(f, "a job has more than {MAX_JOB_BYTES} bytes"),
            EnqueueError::Full => f.write_str("there are too many jobs"),
            EnqueueError::NoId => f.write_str("the system gave no random bytes"),
        }
    }
}

impl std::error::Error for EnqueueError {}

/// A row to write: the id of a job, and its JSON, or `None` to delete it.
pub(super) type JobRow = (String, Option<Box<str>>);

/// All jobs of all queues.
#[derive(Debug, Default)]
pub(super) struct JobQueue {
    /// By id, with the instant from which on it can be claimed.
    jobs: BTreeMap<String, (Job, Timestamp)>,
    /// Queue, that instant and id of each job, so that the next one is the first.
    order: BTreeSet<(String, Timestamp, String)>,
    bytes: usize,
}

impl JobQueue {
    /// Adds a job. Returns it, and the row to write.
    pub(super) fn enqueue(&mut self, queue: &str, payload: &str, due: Timestamp) -> Result<(Job, JobRow), EnqueueError> {
        if payload.len() > MAX_JOB_BYTES || queue.len() > MAX_JOB_BYTES {
            return Err(EnqueueError::TooLarge);
        }
        let id = random_bytes().map_err(|_| EnqueueError::NoId)?;
        let job = Job {
            id: format!("{:032x}", u128::from_be_bytes(id)),
            queue: queue.to_owned(),
            payload: payload.to_owned(),
            due,
            attempts: 0,
        };
        if !self.insert(job.clone()) {
            return Err(EnqueueError::Full);
        }
        let row = row_of(&job);
        Ok((job, row))
    }

    /// Adds a job that was stored, unless there is one with its id. Returns whether there was room.
    pub(super) fn insert(&mut self, job: Job) -> bool {
        if self.jobs.contains_key(&job.id) {
            return true;
        }
        let bytes = size_of_job(&job);
        if self.jobs.len() >= MAX_JOBS || self.bytes + bytes > MAX_QUEUE_BYTES {
            return false;
        }
        self.bytes += bytes;
        let available = job.due;
        self.order.insert((job.queue.clone(), available, job.id.clone()));
        self.jobs.insert(job.id.clone(), (job, available));
        true
    }

    /// Claims the job of `queue` that has been available for longest, until `lease` has passed.
    pub(super) fn claim(&mut self, queue: &str, now: Timestamp, lease: Duration) -> Option<(Job, JobRow)> {
        let (available, id) = self.first(queue).filter(|(available, _)| *available <= now)?;
        let id = id.to_owned();
        let claimed_until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let (job, available_from) = self.jobs.get_mut(&id)?;
        job.attempts = job.attempts.saturating_add(1);
        *available_from = claimed_until;
        let job = job.clone();
        self.order.remove(&(job.queue.clone(), available, id.clone()));
        self.order.insert((job.queue.clone(), claimed_until, id));
        let row = row_of(&job);
        Some((job, row))
    }

    /// Deletes `job`; the row to write if it was there.
    pub(super) fn done(&mut self, job: &Job) -> Option<JobRow> {
        let (job, available) = self.jobs.remove(&job.id)?;
        self.bytes = self.bytes.saturating_sub(size_of_job(&job));
        self.order.remove(&(job.queue.clone(), available, job.id.clone()));
        Some((job.id, None))
    }

    /// Makes `job` available from `due` on; the row to write if it was there.
    pub(super) fn retry(&mut self, job: &Job, due: Timestamp) -> Option<JobRow> {
        let (job, available) = self.jobs.get_mut(&job.id)?;
        let before = std::mem::replace(available, due);
        job.due = due;
        let row = row_of(job);
        let job = job.clone();
        self.order.remove(&(job.queue.clone(), before, job.id.clone()));
        self.order.insert((job.queue, due, job.id));
        Some(row)
    }

    /// When the next job of `queue` can be claimed.
    pub(super) fn next_due(&self, queue: &str) -> Option<Timestamp> {
        self.first(queue).map(|(available, _)| available)
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The rows of all jobs.
    pub(super) fn rows(&self) -> impl Iterator<Item = JobRow> {
        self.jobs.values().map(|(job, _)| row_of(job))
    }

    fn first(&self, queue: &str) -> Option<(Timestamp, &str)> {
        let start = (queue.to_owned(), Timestamp::MIN, String::new());
        let (first, available, id) = self.order.range(start..).next()?;
        (first == queue).then_some((*available, id.as_str()))
    }
}

/// The job in a row, if it is one.
pub(super) fn job_from_row(id: &str, json: &[u8]) -> Option<Job> {
    if json.len() > MAX_ROW_BYTES {
        return None;
    }
    let job: Job = serde_json::from_slice(json).ok()?;
    let is_small = job.payload.len() <= MAX_JOB_BYTES && job.queue.len() <= MAX_JOB_BYTES;
    (job.id == id && is_small).then_some(job)
}

fn row_of(job: &Job) -> JobRow {
    // texts, a number and an instant: these can always be written
    let json = serde_json::to_string(job).unwrap_or_default();
    (job.id.clone(), Some(json.into()))
}

fn size_of_job(job: &Job) -> usize {
    // about what the maps take for each
    job.payload.len() + 2 * job.queue.len() + 4 * job.id.len() + 128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, queue: &str, payload: &str) -> Job {
        Job {
            id: id.to_owned(),
            queue: queue.to_owned(),
            payload: payload.to_owned(),
            due: Timestamp::UNIX_EPOCH,
            attempts: 0,
        }
    }

    #[test]
    fn all_jobs_together_take_no_more_than_64_mebibytes() {
        let mut jobs = JobQueue::default();
        // with the queue's name and the id, each job takes 16 KiB
        let queue = "push".repeat(25);
        let payload = "x".repeat(16 * 1024 - 2 * 100 - 4 * 32 - 128);
        let added = std::iter::repeat_with(|| jobs.enqueue(&queue, &payload, Timestamp::UNIX_EPOCH));
        let added = added.take_while(Result::is_ok).count();
        assert_eq!(added, 4096);
    }

    #[test]
    fn a_row_is_a_job_only_with_its_own_id_and_within_the_limits() {
        let (most, more) = ("x".repeat(MAX_JOB_BYTES), "x".repeat(MAX_JOB_BYTES + 1));
        let cases = [
            ("1", "push", "now", true),
            ("1", &most, &most, true),
            ("1", "push", &more, false),
            ("1", &more, "now", false),
            ("2", "push", "now", false),
        ];
        for (id, queue, payload, is_job) in cases {
            let job = job("1", queue, payload);
            let json = serde_json::to_string(&job).unwrap();
            let expected = is_job.then_some(job);
            assert_eq!(
                job_from_row(id, json.as_bytes()),
                expected,
                "{id}, {}, {}",
                queue.len(),
                payload.len()
            );
        }
        let json = serde_json::to_string(&job("1", "push", "now")).unwrap();
        for (length, is_job) in [(MAX_ROW_BYTES, true), (MAX_ROW_BYTES + 1, false)] {
            let row = json.clone() + &" ".repeat(length - json.len());
            assert_eq!(job_from_row("1", row.as_bytes()).is_some(), is_job, "{length}");
        }
    }
}
