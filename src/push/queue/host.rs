//! The queue of one host of callbacks.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::Task;
use crate::time::Timestamp;

/// After so many failures in a row a host is asked only now and then.
const BROKEN_AFTER: u32 = 5;
/// The most failed verifications of a host in [`VERIFICATION_SPAN`]: whoever names somebody else's callbacks sends it no more than this.
const FAILED_VERIFICATIONS: usize = 6;
const VERIFICATION_SPAN: Duration = Duration::from_mins(1);
/// How long a verification waits if those that are in flight could fail.
const VERIFICATION_PAUSE: Duration = Duration::from_secs(1);

/// What is to be sent to one host.
#[derive(Debug, Default)]
pub(super) struct HostQueue {
    tasks: BTreeSet<(Timestamp, Task)>,
    /// The instant of each task.
    due: HashMap<Task, Timestamp>,
    in_flight: usize,
    verifying: usize,
    /// The subscriptions with callbacks on it.
    pub(super) subscriptions: usize,
    /// The requests for it that are not verified.
    pub(super) verifications: usize,
    failures: u32,
    /// The next attempt of a broken host.
    probe_at: Option<Timestamp>,
    failed_verifications: VecDeque<Timestamp>,
    /// The instant under which the queue lists it.
    pub(super) ready_at: Option<Timestamp>,
}

impl HostQueue {
    /// Adds `task`, or changes when it is due.
    pub(super) fn add(&mut self, due: Timestamp, task: Task) {
        self.remove(task);
        self.due.insert(task, due);
        self.tasks.insert((due, task));
    }

    pub(super) fn remove(&mut self, task: Task) {
        if let Some(due) = self.due.remove(&task) {
            self.tasks.remove(&(due, task));
        }
    }

    /// When the next task can begin; `None` without a task, or while as many are in flight as may be.
    pub(super) fn next_due(&self, per_host: usize) -> Option<Timestamp> {
        let most = if self.is_broken() { 1 } else { per_host };
        let (due, _) = self.tasks.first().filter(|_| self.in_flight < most)?;
        Some(self.probe_at.map_or(*due, |probe| probe.max(*due)))
    }

    /// The next task that may begin at `now`, which then is in flight.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Task> {
        let (due, task) = self.tasks.first().copied().filter(|(due, _)| *due <= now)?;
        if let Task::Verify(_) = task {
            if let Some(later) = self.verification_allowed_at(now) {
                self.add(later.max(due), task);
                return None;
            }
            self.verifying += 1;
        }
        self.remove(task);
        self.in_flight += 1;
        Some(task)
    }

    /// When a verification may begin, if not at `now`.
    fn verification_allowed_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.forget_failed_verifications(now);
        if self.failed_verifications.len() + self.verifying < FAILED_VERIFICATIONS {
            return None;
        }
        match self.failed_verifications.front() {
            Some(failed) if self.failed_verifications.len() >= FAILED_VERIFICATIONS => Some(after(*failed, VERIFICATION_SPAN)),
            _ => Some(after(now, VERIFICATION_PAUSE)),
        }
    }

    /// Forgets the failed verifications that no longer matter.
    pub(super) fn forget_failed_verifications(&mut self, now: Timestamp) {
        let is_old = |failed: &Timestamp| after(*failed, VERIFICATION_SPAN) <= now;
        while self.failed_verifications.front().is_some_and(is_old) {
            self.failed_verifications.pop_front();
        }
    }

    /// Ends a task that was in flight.
    pub(super) fn end_task(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn end_verification(&mut self, succeeded: bool, now: Timestamp) {
        self.end_task();
        self.verifying = self.verifying.saturating_sub(1);
        if !succeeded {
            self.failed_verifications.push_back(now);
        }
    }

    pub(super) fn note_success(&mut self) {
        self.failures = 0;
        self.probe_at = None;
    }

    pub(super) fn note_failure(&mut self, now: Timestamp, probe: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.is_broken() {
            self.probe_at = now.checked_add(probe).ok();
        }
    }

    /// Whether it fails again and again.
    pub(super) fn is_broken(&self) -> bool {
        self.failures >= BROKEN_AFTER
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether nothing has to be remembered of it.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
            && self.in_flight == 0
            && self.subscriptions == 0
            && self.verifications == 0
            && self.failed_verifications.is_empty()
    }
}

fn after(instant: Timestamp, span: Duration) -> Timestamp {
    instant.checked_add(span).unwrap_or(Timestamp::MAX)
}
