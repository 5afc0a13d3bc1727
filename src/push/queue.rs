//! All subscriptions, and what is to be sent to whom and when. Nothing here sends, stores or reads a clock.
//!
//! Each host of callbacks has its own queue, with a limit on what is sent to it at once. A host that fails again and again is asked only
//! now and then, so that neither a slow nor a dead host delays the others. A subscription has at most one delivery in flight, and one that
//! waits: what is news later goes with it, because bodies are made when they are sent.

mod host;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use self::host::HostQueue;
use super::request::{Mode, SubscriptionRequest};
use super::subscription::{Subscription, SubscriptionId, Topic, Waiting, host_of};
use super::timing::Timing;
use crate::index::Scope;
use crate::storage::{PushKind, PushRow};
use crate::time::Timestamp;

/// The most verifications that wait. Past that the oldest is dropped: subscribers ask again.
const MAX_VERIFICATIONS: usize = 1000;
/// The most verifications that wait for one host.
const MAX_VERIFICATIONS_PER_HOST: usize = 100;
/// How often everything is looked at.
const SWEEP_SECONDS: i64 = 60;

/// The limits of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueLimits {
    pub(super) per_host: usize,
    pub(super) subscriptions: usize,
    pub(super) subscriptions_per_host: usize,
}

/// Something to do for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Task {
    Deliver(SubscriptionId),
    /// By its number.
    Verify(u64),
}

/// What a worker has to do.
#[derive(Debug)]
pub(super) enum Work {
    /// To send the newest document to a subscriber.
    Deliver(SubscriptionId, Subscription),
    /// To ask a callback whether it wants a subscription.
    Verify(Verification),
}

/// A request that its callback has not confirmed.
#[derive(Clone, Debug)]
pub(super) struct Verification {
    number: u64,
    pub(super) request: SubscriptionRequest,
    pub(super) attempts: u8,
    id: SubscriptionId,
    host: Arc<str>,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// 2xx.
    Delivered,
    /// 410, or the subscriber was told that the topic is gone: the subscription ends.
    Ended,
    /// Anything else.
    Failed {
        /// Not to be tried again before that.
        retry_after: Option<Duration>,
        /// Whether the host itself may be the cause: it did not answer, or answered with 429 or 5xx.
        blames_host: bool,
    },
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// There are as many subscriptions as there may be.
    Full,
    /// The same for callbacks on its host.
    HostIsFull,
    /// Too many requests for its host wait to be verified.
    HostIsBusy,
}

#[derive(Debug)]
struct Entry {
    subscription: Subscription,
    host: Arc<str>,
    /// The instant of the site whose document is being sent.
    in_flight: Option<Timestamp>,
    /// Whether there was news while it was in flight.
    has_more: bool,
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: HashMap<SubscriptionId, Entry>,
    scopes: HashMap<Scope, BTreeSet<SubscriptionId>>,
    hosts: HashMap<Arc<str>, HostQueue>,
    /// The hosts to which something can be sent, with the instant from which on.
    ready: BTreeSet<(Timestamp, Arc<str>)>,
    verifications: BTreeMap<u64, Verification>,
    verifying: HashMap<SubscriptionId, u64>,
    next_number: u64,
    /// When [`Queue::sweep`] last looked at everything.
    swept: Option<Timestamp>,
    /// The subscriptions that were deleted since the rows were loaded.
    deleted: HashSet<SubscriptionId>,
}

impl Queue {
    /// Adds a stored subscription, unless it is known or was deleted.
    pub(super) fn load(&mut self, subscription: Subscription, per_host: usize) {
        let id = subscription.id();
        if !self.entries.contains_key(&id) && !self.deleted.contains(&id) {
            self.put(subscription, per_host);
        }
    }

    /// The rows of everything, for storage that may lack some of it.
    pub(super) fn rows(&self) -> Vec<PushRow> {
        let rows = self.entries.values().map(|entry| entry.subscription.row());
        let deleted = self
            .deleted
            .iter()
            .map(|id| PushRow::delete(PushKind::Subscription, id.key()));
        rows.chain(deleted).collect()
    }

    /// All subscriptions.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.entries.values().map(|entry| &entry.subscription)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many requests wait to be verified.
    pub(super) fn verification_count(&self) -> usize {
        self.verifications.len()
    }

    /// The hosts that fail, with the number of failures in a row.
    pub(super) fn failing_hosts(&self) -> impl Iterator<Item = (&str, u32)> {
        let failing = self.hosts.iter().filter(|(_, host)| host.is_broken());
        failing.map(|(name, host)| (&**name, host.failures()))
    }

    pub(super) fn has_subscribers(&self, scope: &Scope) -> bool {
        self.scopes.contains_key(scope)
    }

    /// The scopes that have subscribers.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.keys()
    }

    /// Adds a request, to be verified at once. A later request takes the place of an earlier one for the same subscription.
    pub(super) fn request(&mut self, request: SubscriptionRequest, now: Timestamp, limits: QueueLimits) -> Result<(), Busy> {
        let id = SubscriptionId::of(&request.topic, request.callback.as_str());
        let Some(host) = host_of(request.callback.as_str()) else {
            return Err(Busy::HostIsBusy);
        };
        let host: Arc<str> = host.into();
        if !self.entries.contains_key(&id) {
            match request.mode {
                Mode::Subscribe => self.check_room(&host, limits)?,
                // there is nothing to end, and nobody to ask
                Mode::Unsubscribe if !self.verifying.contains_key(&id) => return Ok(()),
                Mode::Unsubscribe => {}
            }
        }
        if let Some(number) = self.verifying.remove(&id) {
            self.drop_verification(number, limits.per_host);
        }
        let known = self.hosts.entry(Arc::clone(&host)).or_default();
        if known.verifications >= MAX_VERIFICATIONS_PER_HOST {
            return Err(Busy::HostIsBusy);
        }
        if self.verifications.len() >= MAX_VERIFICATIONS
            && let Some(oldest) = self.verifications.keys().next().copied()
        {
            self.drop_verification(oldest, limits.per_host);
        }
        let number = self.next_number;
        self.next_number += 1;
        let verification = Verification {
            number,
            request,
            attempts: 0,
            id,
            host: Arc::clone(&host),
        };
        self.verifications.insert(number, verification);
        self.verifying.insert(id, number);
        self.change_host(&host, limits.per_host, |host| {
            host.verifications += 1;
            host.add(now, Task::Verify(number));
        });
        Ok(())
    }

    /// Whether there is room for one more subscription of `host`.
    fn check_room(&self, host: &str, limits: QueueLimits) -> Result<(), Busy> {
        if self.entries.len() >= limits.subscriptions {
            return Err(Busy::Full);
        }
        let of_host = self.hosts.get(host).map_or(0, |host| host.subscriptions);
        if of_host >= limits.subscriptions_per_host {
            return Err(Busy::HostIsFull);
        }
        Ok(())
    }

    fn drop_verification(&mut self, number: u64, per_host: usize) {
        let Some(dropped) = self.verifications.remove(&number) else {
            return;
        };
        self.verifying.remove(&dropped.id);
        self.change_host(&dropped.host, per_host, |host| {
            host.verifications = host.verifications.saturating_sub(1);
            host.remove(Task::Verify(number));
        });
    }

    /// Adds a subscription, or replaces secret and lease of the one with its id. Returns the row to write.
    ///
    /// # Errors
    ///
    /// There is no room for it.
    pub(super) fn subscribe(&mut self, mut subscription: Subscription, limits: QueueLimits) -> Result<PushRow, Busy> {
        let id = subscription.id();
        if let Some(known) = self.entries.get_mut(&id) {
            subscription.waiting = known.subscription.waiting;
            let row = subscription.row();
            known.subscription = subscription;
            return Ok(row);
        }
        if let Some(host) = host_of(&subscription.callback) {
            self.check_room(&host, limits)?;
        }
        self.deleted.remove(&id);
        let row = subscription.row();
        self.put(subscription, limits.per_host);
        Ok(row)
    }

    fn put(&mut self, subscription: Subscription, per_host: usize) {
        let Some(host) = host_of(&subscription.callback) else { return };
        let host = match self.hosts.get_key_value(&*host) {
            Some((known, _)) => Arc::clone(known),
            None => host.into(),
        };
        let id = subscription.id();
        let waiting = subscription.waiting;
        self.scopes.entry(subscription.topic.scope.clone()).or_default().insert(id);
        let entry = Entry {
            subscription,
            host: Arc::clone(&host),
            in_flight: None,
            has_more: false,
        };
        self.entries.insert(id, entry);
        self.hosts.entry(Arc::clone(&host)).or_default();
        self.change_host(&host, per_host, |host| {
            host.subscriptions += 1;
            if let Some(waiting) = waiting {
                host.add(waiting.due, Task::Deliver(id));
            }
        });
    }

    /// Ends the subscription `id`. Returns the row to write if there was one.
    pub(super) fn remove(&mut self, id: SubscriptionId, per_host: usize) -> Option<PushRow> {
        let entry = self.entries.remove(&id)?;
        let scope = &entry.subscription.topic.scope;
        if let Some(ids) = self.scopes.get_mut(scope) {
            ids.remove(&id);
            if ids.is_empty() {
                self.scopes.remove(scope);
            }
        }
        self.change_host(&entry.host, per_host, |host| {
            host.subscriptions = host.subscriptions.saturating_sub(1);
            if entry.in_flight.is_some() {
                host.end_task();
            }
            host.remove(Task::Deliver(id));
        });
        self.deleted.insert(id);
        Some(PushRow::delete(PushKind::Subscription, id.key()))
    }

    /// Ends all subscriptions of `host`. Returns the rows to write.
    pub(super) fn remove_host(&mut self, host: &str, per_host: usize) -> Vec<PushRow> {
        let of_host = self.entries.iter().filter(|(_, entry)| &*entry.host == host);
        let ids: Vec<SubscriptionId> = of_host.map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.remove(id, per_host)).collect()
    }

    /// Has the newest documents of `scope` sent to its subscribers from `due` on; `built` is the instant of their site. Returns the rows to
    /// write.
    pub(super) fn announce(
        &mut self,
        scope: &Scope,
        built: Timestamp,
        now: Timestamp,
        due: Timestamp,
        per_host: usize,
    ) -> Vec<PushRow> {
        let ids: Vec<SubscriptionId> = self.scopes.get(scope).into_iter().flatten().copied().collect();
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.extend(self.announce_to(id, built, now, due, per_host));
        }
        rows
    }

    fn announce_to(
        &mut self,
        id: SubscriptionId,
        built: Timestamp,
        now: Timestamp,
        due: Timestamp,
        per_host: usize,
    ) -> Option<PushRow> {
        let entry = self.entries.get_mut(&id)?;
        // the document in flight has it already
        if entry.in_flight.is_some_and(|sent| sent >= built) {
            return None;
        }
        let since = entry.subscription.waiting.map_or(now, |waiting| waiting.since);
        entry.subscription.waiting = Some(Waiting { since, tries: 0, due });
        let row = entry.subscription.row();
        if entry.in_flight.is_some() {
            entry.has_more = true;
        } else {
            let host = Arc::clone(&entry.host);
            self.change_host(&host, per_host, |host| host.add(due, Task::Deliver(id)));
        }
        Some(row)
    }

    /// The same for one topic, though nothing is new.
    pub(super) fn announce_topic(&mut self, topic: &Topic, now: Timestamp, per_host: usize) -> Vec<PushRow> {
        let ids: Vec<SubscriptionId> = self.scopes.get(&topic.scope).into_iter().flatten().copied().collect();
        let is_of_topic = |id: &SubscriptionId| self.entries.get(id).is_some_and(|entry| entry.subscription.topic == *topic);
        let ids: Vec<SubscriptionId> = ids.into_iter().filter(is_of_topic).collect();
        let rows = ids
            .into_iter()
            .filter_map(|id| self.announce_to(id, Timestamp::MAX, now, now, per_host));
        rows.collect()
    }

    /// Has something sent to the subscribers of `scope` at `due`, unless something waits for them already.
    pub(super) fn announce_later(&mut self, scope: &Scope, now: Timestamp, due: Timestamp, per_host: usize) -> Vec<PushRow> {
        let ids: Vec<SubscriptionId> = self.scopes.get(scope).into_iter().flatten().copied().collect();
        let is_idle = |id: &SubscriptionId| self.waiting(*id).is_none();
        let ids: Vec<SubscriptionId> = ids.into_iter().filter(is_idle).collect();
        let rows = ids
            .into_iter()
            .filter_map(|id| self.announce_to(id, Timestamp::MAX, now, due, per_host));
        rows.collect()
    }

    /// Moves the subscriptions of the scope `from` to `to`, whose documents they get from now on, at once the first.
    pub(super) fn move_scope(&mut self, from: &Scope, to: &Scope, now: Timestamp, per_host: usize) -> Vec<PushRow> {
        let ids: Vec<SubscriptionId> = self.scopes.get(from).into_iter().flatten().copied().collect();
        let mut rows = Vec::new();
        for id in ids {
            let Some(mut moved) = self.entries.get(&id).map(|entry| entry.subscription.clone()) else {
                continue;
            };
            rows.extend(self.remove(id, per_host));
            moved.topic.scope = to.clone();
            moved.waiting = Some(Waiting {
                since: now,
                tries: 0,
                due: now,
            });
            let id = moved.id();
            self.deleted.remove(&id);
            if !self.entries.contains_key(&id) {
                rows.push(moved.row());
                self.put(moved, per_host);
            }
        }
        rows
    }

    /// The delivery of the subscription `id` that is not done.
    pub(super) fn waiting(&self, id: SubscriptionId) -> Option<Waiting> {
        self.entries.get(&id)?.subscription.waiting
    }

    /// Removes the subscriptions that have ended at `now`, and what is remembered of hosts without any. Returns the rows to write.
    pub(super) fn sweep(&mut self, now: Timestamp, per_host: usize) -> Vec<PushRow> {
        if self
            .swept
            .is_some_and(|swept| swept <= now && now.duration_since(swept).as_secs() < SWEEP_SECONDS)
        {
            return Vec::new();
        }
        self.swept = Some(now);
        let hosts: Vec<Arc<str>> = self.hosts.keys().cloned().collect();
        for host in hosts {
            self.change_host(&host, per_host, |host| host.forget_failed_verifications(now));
        }
        let ended = self.entries.iter().filter(|(_, entry)| entry.subscription.until <= now);
        let ended: Vec<SubscriptionId> = ended.map(|(id, _)| *id).collect();
        ended.into_iter().filter_map(|id| self.remove(id, per_host)).collect()
    }

    /// What is to be done at `now`, if anything is. `built` is the instant of the site from which a document is sent. Rows to write are
    /// added to `rows`.
    pub(super) fn take(&mut self, now: Timestamp, built: Timestamp, per_host: usize, rows: &mut Vec<PushRow>) -> Option<Work> {
        loop {
            let (due, name) = self.ready.first()?;
            if *due > now {
                return None;
            }
            let name = Arc::clone(name);
            let mut task = None;
            self.change_host(&name, per_host, |host| task = host.take(now));
            match task {
                Some(Task::Deliver(id)) => match self.entries.get_mut(&id) {
                    Some(entry) if entry.subscription.until > now => {
                        entry.in_flight = Some(built);
                        return Some(Work::Deliver(id, entry.subscription.clone()));
                    }
                    _ => {
                        self.change_host(&name, per_host, HostQueue::end_task);
                        rows.extend(self.remove(id, per_host));
                    }
                },
                Some(Task::Verify(number)) => match self.verifications.get(&number) {
                    Some(verification) => return Some(Work::Verify(verification.clone())),
                    None => self.change_host(&name, per_host, |host| host.end_verification(true, now)),
                },
                // it may not begin yet
                None => {}
            }
        }
    }

    /// When the next task can be done, if there is one.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.ready.first().map(|(due, _)| *due)
    }

    /// Notes how a delivery ended. `random` spreads retries. Returns the row to write, and whether this was the last attempt.
    pub(super) fn end_delivery(
        &mut self,
        id: SubscriptionId,
        delivery: Delivery,
        now: Timestamp,
        timing: &Timing,
        random: u64,
        per_host: usize,
    ) -> (Option<PushRow>, bool) {
        if delivery == Delivery::Ended {
            if let Some(host) = self.entries.get(&id).map(|entry| Arc::clone(&entry.host)) {
                self.change_host(&host, per_host, HostQueue::note_success);
            }
            return (self.remove(id, per_host), false);
        }
        let Some(entry) = self.entries.get_mut(&id) else {
            return (None, false);
        };
        let is_sent = entry.in_flight.take().is_some();
        let has_more = std::mem::take(&mut entry.has_more);
        let waiting = entry.subscription.waiting;
        let mut gave_up = false;
        entry.subscription.waiting = match (delivery, waiting) {
            (_, Some(waiting)) if has_more => Some(waiting),
            (Delivery::Failed { retry_after, .. }, Some(waiting)) => {
                let pause = timing.retry_pause(waiting.tries, retry_after, random);
                gave_up = pause.is_none();
                pause.map(|pause| Waiting {
                    tries: waiting.tries.saturating_add(1),
                    due: now.checked_add(pause).unwrap_or(Timestamp::MAX),
                    ..waiting
                })
            }
            _ => None,
        };
        let (row, waiting) = (entry.subscription.row(), entry.subscription.waiting);
        let host = Arc::clone(&entry.host);
        self.change_host(&host, per_host, |host| {
            if is_sent {
                host.end_task();
            }
            match delivery {
                Delivery::Failed { blames_host: true, .. } => host.note_failure(now, timing.probe),
                _ => host.note_success(),
            }
            if let Some(waiting) = waiting {
                host.add(waiting.due, Task::Deliver(id));
            }
        });
        (Some(row), gave_up)
    }

    /// Notes that `verification` succeeded, or failed: then it is tried once more. Returns whether it is over.
    pub(super) fn end_verification(
        &mut self,
        verification: &Verification,
        succeeded: bool,
        now: Timestamp,
        timing: &Timing,
        per_host: usize,
    ) -> bool {
        let number = verification.number;
        let again = timing.verify_again;
        let is_last = succeeded || verification.attempts > 0;
        let is_known = match self.verifications.get_mut(&number) {
            Some(known) => {
                known.attempts = known.attempts.saturating_add(1);
                true
            }
            None => false,
        };
        self.change_host(&verification.host, per_host, |host| {
            host.end_verification(succeeded, now);
            if is_known && !is_last {
                host.add(now.checked_add(again).unwrap_or(Timestamp::MAX), Task::Verify(number));
            }
        });
        if is_last {
            self.drop_verification(number, per_host);
        }
        is_last
    }

    /// Changes the queue of `name`, and the instant from which on something can be sent to it.
    fn change_host(&mut self, name: &Arc<str>, per_host: usize, change: impl FnOnce(&mut HostQueue)) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let before = host.ready_at;
        change(host);
        let after = host.next_due(per_host);
        host.ready_at = after;
        if host.is_idle() {
            self.hosts.remove(name);
        }
        if before != after {
            if let Some(before) = before {
                self.ready.remove(&(before, Arc::clone(name)));
            }
            if let Some(after) = after {
                self.ready.insert((after, Arc::clone(name)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
