//! The threads that send. They are started when something is to be sent, and end when nothing is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::calls::{self, PushedDocument};
use super::super::queue::{Delivery, Verification, Work};
use super::super::request::Mode;
use super::super::subscription::{Subscription, SubscriptionId, Topic};
use super::{Hub, HubState, MAX_PUSHED_BYTES, SHORTENED_DOCUMENTS, queue_limits};
use crate::outgoing::Client;
use crate::render::{Format, Place};
use crate::site::Site;
use crate::storage::PushRow;
use crate::storage::data::random_bytes;
use crate::time::Timestamp;

/// The most requests at the same time.
const MAX_WORKERS: usize = 32;
/// A thread without work ends after this time.
const IDLE_TIME: Duration = Duration::from_secs(5);
/// How long a subscription may take to become durable.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

impl Hub {
    /// Has a worker look for something to do.
    pub(super) fn wake_worker(self: &Arc<Self>, state: &mut HubState) {
        if state.is_stopping {
            return;
        }
        if state.idle_workers > 0 {
            self.changed.notify_all();
        } else if state.workers < MAX_WORKERS {
            let hub = Arc::clone(self);
            match thread::Builder::new().name("push".to_owned()).spawn(move || hub.work()) {
                Ok(_) => state.workers += 1,
                // what is due is sent by the threads that there are
                Err(error) => tracing::warn!("no thread can be started to tell subscribers: {error}"),
            }
        }
    }

    /// Works until there is nothing to do.
    fn work(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.is_stopping {
            let site = (self.sources.site)();
            let Some(work) = self.take_work(&mut state, &site) else {
                match self.wait_for_work(state, &site) {
                    Ok(woken) => state = woken,
                    Err(last) => {
                        state = last;
                        break;
                    }
                }
                continue;
            };
            let is_more_due = state.queue.next_due().is_some_and(|due| due <= Timestamp::now());
            if is_more_due {
                self.wake_worker(&mut state);
            }
            let client = Hub::client(&mut state, &site);
            drop(state);
            match work {
                Work::Deliver(id, subscription) => self.deliver(&client, &site, id, &subscription),
                Work::Verify(verification) => self.verify(&client, &site, &verification),
            }
            state = self.lock();
        }
        state.workers -= 1;
        self.changed.notify_all();
    }

    fn take_work(&self, state: &mut HubState, site: &Site) -> Option<Work> {
        site.config().hub_address()?;
        let mut rows = Vec::new();
        let work = state
            .queue
            .take(Timestamp::now(), site.built(), site.config().push.per_host, &mut rows);
        if let Some(store) = (self.sources.store)().filter(|_| !rows.is_empty()) {
            store.write_push(rows);
        }
        work
    }

    /// Waits until something may be due. Returns `Err` if this thread is not needed.
    fn wait_for_work<'a>(
        &self,
        mut state: MutexGuard<'a, HubState>,
        site: &Site,
    ) -> Result<MutexGuard<'a, HubState>, MutexGuard<'a, HubState>> {
        // while the hub is off, nothing is due
        let is_on = site.config().hub_address().is_some();
        let wait = state.queue.next_due().filter(|_| is_on).map(|due| {
            let left = due.duration_since(Timestamp::now());
            Duration::try_from(left)
                .unwrap_or(Duration::ZERO)
                .max(Duration::from_millis(1))
        });
        // one thread stays for what is due later
        if wait.is_some_and(|wait| wait > IDLE_TIME) && state.idle_workers > 0 {
            return Err(state);
        }
        state.idle_workers += 1;
        let pause = wait.unwrap_or(IDLE_TIME);
        let (mut state, result) = self
            .changed
            .wait_timeout(state, pause)
            .unwrap_or_else(PoisonError::into_inner);
        state.idle_workers -= 1;
        if result.timed_out() && wait.is_none() {
            return Err(state);
        }
        Ok(state)
    }

    /// The client for the networks that the configuration allows.
    fn client(state: &mut HubState, site: &Site) -> Client {
        let allowed = &site.config().push.allow;
        match &state.client {
            Some((networks, client)) if networks == allowed => client.clone(),
            _ => {
                let client = Client::new(allowed.clone());
                state.client = Some((allowed.clone(), client.clone()));
                client
            }
        }
    }

    fn deliver(&self, client: &Client, site: &Site, id: SubscriptionId, subscription: &Subscription) {
        let sent = catch_unwind(AssertUnwindSafe(|| self.send_document(client, site, subscription)));
        let delivery = sent.unwrap_or(Delivery::Failed {
            retry_after: None,
            blames_host: false,
        });
        let random = random_bytes().map_or(0, u64::from_be_bytes);
        let per_host = site.config().push.per_host;
        let mut state = self.lock();
        let (row, gave_up) = state
            .queue
            .end_delivery(id, delivery, Timestamp::now(), &self.timing, random, per_host);
        if let (Some(row), Some(store)) = (row, (self.sources.store)()) {
            store.write_push(vec![row]);
        }
        drop(state);
        let counter = match delivery {
            Delivery::Delivered => &self.counters.delivered,
            Delivery::Ended => &self.counters.ended,
            Delivery::Failed { .. } if gave_up => &self.counters.gave_up,
            Delivery::Failed { .. } => &self.counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn send_document(&self, client: &Client, site: &Site, subscription: &Subscription) -> Delivery {
        let time = self.timing.request;
        if let Some(document) = self.document(site, &subscription.topic) {
            return calls::deliver(client, subscription, &document, site.config(), time);
        }
        let own = || format!("{}{}", site.config().base(), subscription.topic.path());
        let topic = subscription.written_topic.as_deref().map_or_else(own, str::to_owned);
        calls::deny(client, subscription, &topic, time);
        Delivery::Ended
    }

    /// The newest document of `topic`; `None` if there is no such topic.
    ///
    /// Of one that is too large for subscribers the oldest entries are left out, which RSS and Atom allow (`WebSub`, section 7).
    fn document(&self, site: &Site, topic: &Topic) -> Option<PushedDocument> {
        let whole = site.feed(&topic.scope, Place::Newest, topic.format)?;
        let document = |media_type, bytes| PushedDocument {
            media_type,
            bytes,
            address: format!("{}{}", site.config().base(), topic.path()),
        };
        if whole.bytes().len() <= MAX_PUSHED_BYTES || topic.format == Format::Json {
            return Some(document(whole.media_type, whole.bytes().clone()));
        }
        let mut shortened = self.shortened.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (site.built(), topic);
        if let Some((.., known)) = shortened.iter().find(|(built, topic, _)| (*built, topic) == key) {
            return Some(known.clone());
        }
        let short = site.shortened_feed(&topic.scope, topic.format, MAX_PUSHED_BYTES)?;
        let short = document(short.media_type, short.bytes().clone());
        if shortened.len() >= SHORTENED_DOCUMENTS {
            shortened.remove(0);
        }
        shortened.push((site.built(), topic.clone(), short.clone()));
        Some(short)
    }

    fn verify(self: &Arc<Self>, client: &Client, site: &Site, verification: &Verification) {
        // the lease counts from here (section 5.3)
        let now = Timestamp::now();
        let confirmed = random_bytes::<16>().is_ok_and(|random| {
            let challenge = format!("{:032x}", u128::from_be_bytes(random));
            calls::verify(client, &verification.request, &challenge, self.timing.request)
        });
        let is_stored = confirmed && self.apply(site, verification, now);
        let per_host = site.config().push.per_host;
        let mut state = self.lock();
        let is_over = state
            .queue
            .end_verification(verification, confirmed, Timestamp::now(), &self.timing, per_host);
        drop(state);
        if is_over {
            let counters = &self.counters;
            let counter = if is_stored { &counters.confirmed } else { &counters.refused };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Does what the callback of `verification` has confirmed, at `now`. Returns whether that is durable.
    fn apply(self: &Arc<Self>, site: &Site, verification: &Verification, now: Timestamp) -> bool {
        let request = &verification.request;
        let topic = &request.topic;
        match request.mode {
            Mode::Unsubscribe => {
                let id = SubscriptionId::of(topic, request.callback.as_str());
                let mut state = self.lock();
                let row = state.queue.remove(id, site.config().push.per_host);
                drop(state);
                row.is_none_or(|row| self.write_now(&[row]))
            }
            Mode::Subscribe => {
                let own = format!("{}{}", site.config().base(), topic.path());
                let subscription = Subscription {
                    topic: topic.clone(),
                    written_topic: (*request.written_topic != *own).then(|| request.written_topic.clone()),
                    callback: request.callback.as_str().into(),
                    secret: request.secret.clone(),
                    until: now.checked_add(request.lease).unwrap_or(Timestamp::MAX),
                    waiting: None,
                };
                self.subscribe(subscription)
            }
        }
    }

    /// Stores `subscription`, and then lets it count. Returns whether it does.
    fn subscribe(self: &Arc<Self>, subscription: Subscription) -> bool {
        let scope = subscription.topic.scope.clone();
        let waiting = self.lock().queue.waiting(subscription.id());
        let stored = Subscription {
            waiting,
            ..subscription.clone()
        };
        if !self.write_now(&[stored.row()]) {
            tracing::warn!("a subscription was not taken, because it cannot be stored");
            return false;
        }
        let Some(store) = (self.sources.store)() else { return false };
        let mut state = self.lock();
        let site = (self.sources.site)();
        let is_first = !state.queue.has_subscribers(&scope);
        let Ok(row) = state.queue.subscribe(subscription, queue_limits(site.config())) else {
            store.write_push(vec![stored.deletion()]);
            return false;
        };
        // written again: a delivery may have begun or ended since
        let mut rows = vec![row];
        if is_first {
            rows.extend(state.announced.begin(&site, &scope));
        }
        store.write_push(rows);
        // a site may have been published between
        self.announce(&mut state, &(self.sources.site)(), &[scope], &store);
        true
    }

    /// Writes `rows`, and waits until they are durable. A reload closes the storage and opens it again, so this asks twice.
    fn write_now(&self, rows: &[PushRow]) -> bool {
        let write = || (self.sources.store)().is_some_and(|store| store.write_push_now(rows.to_vec(), WRITE_PATIENCE));
        write() || {
            thread::sleep(Duration::from_millis(100));
            write()
        }
    }
}
