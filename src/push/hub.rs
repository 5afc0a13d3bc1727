//! The hub: takes requests of subscribers, verifies them, and sends documents, on a bounded number of threads.
//!
//! A subscription is durable before it counts. What has to be sent is stored in one transaction with the state that it is for, and what
//! was sent is noted after that: a crash can cause a second delivery, never a lost one.

mod workers;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

use super::announce::Announced;
use super::calls::PushedDocument;
use super::ping::Pings;
use super::queue::{Busy, Queue, QueueLimits};
use super::request::SubscriptionRequest;
use super::subscription::{Subscription, Topic};
use super::timing::Timing;
use crate::config::Config;
use crate::index::Scope;
use crate::outgoing::Client;
use crate::render::Format;
use crate::site::{ChangedFeed, Site};
use crate::storage::{PushRow, StorageWriter};
use crate::time::Timestamp;

/// The most bytes of a document that is sent: many subscribers take no more.
const MAX_PUSHED_BYTES: usize = 1_000_000;
/// How many documents that were shortened are kept.
const SHORTENED_DOCUMENTS: usize = 8;

/// What the hub sends, and where it stores what it must not forget.
pub struct Sources {
    /// The newest site.
    pub site: Box<dyn Fn() -> Arc<Site> + Send + Sync>,
    /// The writer of the storage in use.
    pub store: Box<dyn Fn() -> Option<Arc<StorageWriter>> + Send + Sync>,
    /// The topic at a path below the address of a site, or the one to which that path has moved.
    pub topic_at: fn(&Site, &str) -> Option<Topic>,
}

/// The hub.
pub struct Hub {
    sources: Sources,
    timing: Timing,
    pings: Arc<Pings>,
    state: Mutex<HubState>,
    /// Wakes a worker, and who waits for their end.
    changed: Condvar,
    counters: Counters,
    /// Documents that are too large as they are, and were shortened.
    shortened: Mutex<Vec<(Timestamp, Topic, PushedDocument)>>,
}

#[derive(Default)]
struct HubState {
    queue: Queue,
    announced: Announced,
    /// Whether what is stored was read: before that nothing is taken or sent, because another process may work on it.
    is_loaded: bool,
    last_announced: Option<Timestamp>,
    /// Whether the hubs of others are told, so that the states of all feeds are known.
    tells_others: bool,
    workers: usize,
    idle_workers: usize,
    is_stopping: bool,
    /// The client, and the networks that it allows.
    client: Option<(Vec<IpNet>, Client)>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // callbacks and secrets stay here
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// What happened since the start.
#[derive(Debug, Default)]
struct Counters {
    delivered: AtomicU64,
    failed: AtomicU64,
    gave_up: AtomicU64,
    ended: AtomicU64,
    confirmed: AtomicU64,
    refused: AtomicU64,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What is stored is not read yet, or the program stops.
    NotReady,
    /// There is too much to do, or no room.
    Busy(Busy),
}

/// The state of the hub, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubStatus {
    /// Its address; `None` if it is off.
    pub address: Option<String>,
    /// The topics with subscribers: path and number.
    pub topics: Vec<(String, usize)>,
    /// All subscriptions.
    pub subscriptions: usize,
    /// The deliveries that wait or are in flight.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest_waiting: Option<Timestamp>,
    /// The requests that are not verified yet.
    pub verifications: usize,
    /// The hosts that fail, with the number of failures in a row. Callbacks are secret, hosts are not.
    pub failing_hosts: Vec<(String, u32)>,
    /// When something was announced last, since the start.
    pub last_announced: Option<Timestamp>,
    /// The deliveries since the start, by outcome.
    pub deliveries: [(&'static str, u64); 4],
    /// The verifications since the start, by outcome.
    pub verified: [(&'static str, u64); 2],
}

impl Hub {
    /// A hub without subscriptions. [`Hub::update`] reads those that are stored.
    #[must_use]
    pub fn new(sources: Sources, timing: Timing) -> Arc<Hub> {
        Arc::new(Hub {
            sources,
            timing,
            pings: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
            counters: Counters::default(),
            shortened: Mutex::default(),
        })
    }

    /// The pings to the hubs of others.
    #[must_use]
    pub fn pings(&self) -> &Arc<Pings> {
        &self.pings
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the request of a subscriber, to be verified. It may wait for a lock, not for the network or a disk.
    ///
    /// # Errors
    ///
    /// Why it is not taken now.
    pub fn request(self: &Arc<Self>, request: SubscriptionRequest) -> Result<(), Refusal> {
        let limits = queue_limits((self.sources.site)().config());
        let mut state = self.lock();
        if !state.is_loaded || state.is_stopping {
            return Err(Refusal::NotReady);
        }
        let taken = state.queue.request(request, Timestamp::now(), limits);
        taken.map_err(Refusal::Busy)?;
        self.wake_worker(&mut state);
        Ok(())
    }

    /// Has subscribers and the hubs of others told of what is news on the newest site: among `feeds`, which changed, or with `None` among
    /// all that anybody is told of. It may wait for storage to be read.
    pub fn update(self: &Arc<Self>, feeds: Option<&[ChangedFeed]>) {
        let Some(store) = (self.sources.store)() else { return };
        let mut state = self.lock();
        let site = (self.sources.site)();
        let was_loaded_now = load(&mut state, &store, site.config());
        // the hubs of others are told of every feed, whoever has subscribed there
        let tells_others = !site.config().outside_hubs().is_empty();
        let told_others = std::mem::replace(&mut state.tells_others, tells_others);
        // what changed before it was loaded, or before there was such a hub, is not among `feeds`
        let feeds = feeds.filter(|_| !was_loaded_now && told_others == tells_others);
        if !state.is_loaded || site.config().hub_address().is_none() && !tells_others {
            return;
        }
        let scopes: Vec<Scope> = match feeds {
            Some(feeds) => {
                let mut scopes: Vec<Scope> = feeds.iter().map(|feed| feed.scope.clone()).collect();
                scopes.dedup();
                scopes.retain(|scope| tells_others || state.queue.has_subscribers(scope));
                scopes
            }
            None if tells_others => {
                let scopes = site.index.scopes().map(|(scope, _)| scope).chain(state.queue.scopes());
                scopes.cloned().collect::<BTreeSet<Scope>>().into_iter().collect()
            }
            None => state.queue.scopes().cloned().collect(),
        };
        self.announce(&mut state, &site, &scopes, &store);
    }

    /// Announces what of `scopes` is news on `site`.
    fn announce(self: &Arc<Self>, state: &mut HubState, site: &Site, scopes: &[Scope], store: &StorageWriter) {
        let now = Timestamp::now();
        let per_host = site.config().push.per_host;
        let has_hub = site.config().hub_address().is_some();
        let mut rows = if has_hub {
            self.follow_moved_topics(state, site, scopes, now)
        } else {
            Vec::new()
        };
        let news = state.announced.take_news(site, scopes);
        self.pings.add(store, site.config(), &news.scopes, now);
        for scope in news.scopes.iter().filter(|_| has_hub) {
            rows.extend(state.queue.announce(scope, site.built(), now, now, per_host));
            state.last_announced = Some(now);
        }
        // in one transaction with the deliveries
        rows.extend(news.rows);
        if !rows.is_empty() {
            store.write_push(rows);
            self.wake_worker(state);
        }
    }

    /// Moves the subscriptions of scopes that have another address now, and has those of scopes that are gone told so a little later.
    fn follow_moved_topics(&self, state: &mut HubState, site: &Site, scopes: &[Scope], now: Timestamp) -> Vec<PushRow> {
        let per_host = site.config().push.per_host;
        let mut rows = Vec::new();
        for scope in scopes.iter().filter(|scope| site.index.members(scope).is_none()) {
            let topic = Topic {
                scope: scope.clone(),
                format: Format::Atom,
            };
            match (self.sources.topic_at)(site, &topic.path()) {
                Some(moved) => {
                    if !state.queue.has_subscribers(&moved.scope) {
                        rows.extend(state.announced.begin(site, &moved.scope));
                    }
                    rows.extend(state.queue.move_scope(scope, &moved.scope, now, per_host));
                }
                None => {
                    let due = now.checked_add(self.timing.gone).unwrap_or(Timestamp::MAX);
                    rows.extend(state.queue.announce_later(scope, now, due, per_host));
                }
            }
            rows.extend(state.announced.forget(scope));
        }
        rows
    }

    /// Reads what storage has read late, and forgets what has ended. To be called about once a second.
    pub fn tick(self: &Arc<Self>) {
        let Some(store) = (self.sources.store)() else { return };
        let mut state = self.lock();
        let site = (self.sources.site)();
        let begins_to_tell_others = !state.tells_others && !site.config().outside_hubs().is_empty();
        if load(&mut state, &store, site.config()) || begins_to_tell_others {
            drop(state);
            self.update(None);
            return;
        }
        let rows = state.queue.sweep(Timestamp::now(), site.config().push.per_host);
        if !rows.is_empty() {
            store.write_push(rows);
        }
        // the hub may have been turned on again, or a thread could not be started
        if state.workers == 0 && state.queue.next_due().is_some() && site.config().hub_address().is_some() {
            self.wake_worker(&mut state);
        }
    }

    /// Ends all subscriptions with callbacks on `host`. Returns their number.
    pub fn drop_host(&self, host: &str) -> usize {
        let per_host = (self.sources.site)().config().push.per_host;
        let mut state = self.lock();
        let rows = state.queue.remove_host(host, per_host);
        let dropped = rows.len();
        if let Some(store) = (self.sources.store)() {
            store.write_push(rows);
        }
        dropped
    }

    /// Sends the newest document of `topic` to all its subscribers, though nothing is new. Returns their number.
    pub fn test(self: &Arc<Self>, topic: &Topic) -> usize {
        let Some(store) = (self.sources.store)() else { return 0 };
        let per_host = (self.sources.site)().config().push.per_host;
        let mut state = self.lock();
        let rows = state.queue.announce_topic(topic, Timestamp::now(), per_host);
        let told = rows.len();
        store.write_push(rows);
        self.wake_worker(&mut state);
        told
    }

    /// The same for the topic at `path` below the address of the site; `None` if there is none.
    #[must_use]
    pub fn test_path(self: &Arc<Self>, path: &str) -> Option<usize> {
        let topic = (self.sources.topic_at)(&(self.sources.site)(), path)?;
        Some(self.test(&topic))
    }

    /// Stops the workers, and waits for those that send something, at most for `patience`.
    pub fn stop(&self, patience: Duration) {
        let mut state = self.lock();
        state.is_stopping = true;
        self.changed.notify_all();
        let ended = self.changed.wait_timeout_while(state, patience, |state| state.workers > 0);
        drop(ended);
    }

    /// The state for operators.
    #[must_use]
    pub fn status(&self) -> HubStatus {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let address = (self.sources.site)().config().hub_address();
        let state = self.lock();
        let mut failing_hosts: Vec<(String, u32)> = state
            .queue
            .failing_hosts()
            .map(|(host, failures)| (host.to_owned(), failures))
            .collect();
        failing_hosts.sort();
        let waiting = || state.queue.subscriptions().filter_map(|subscription| subscription.waiting);
        HubStatus {
            address,
            topics: counted_topics(state.queue.subscriptions()),
            subscriptions: state.queue.len(),
            waiting: waiting().count(),
            oldest_waiting: waiting().map(|waiting| waiting.since).min(),
            verifications: state.queue.verification_count(),
            failing_hosts,
            last_announced: state.last_announced,
            deliveries: [
                ("delivered", count(&counters.delivered)),
                ("failed", count(&counters.failed)),
                ("gave_up", count(&counters.gave_up)),
                ("ended", count(&counters.ended)),
            ],
            verified: [
                ("confirmed", count(&counters.confirmed)),
                ("refused", count(&counters.refused)),
            ],
        }
    }
}

/// The topics of `subscriptions` with the number of subscribers of each, by path.
pub fn counted_topics<'a>(subscriptions: impl Iterator<Item = &'a Subscription>) -> Vec<(String, usize)> {
    let mut topics = std::collections::BTreeMap::new();
    for subscription in subscriptions {
        *topics.entry(&subscription.topic).or_insert(0) += 1;
    }
    topics.into_iter().map(|(topic, count)| (topic.path(), count)).collect()
}

/// The limits of `config`.
fn queue_limits(config: &Config) -> QueueLimits {
    QueueLimits {
        per_host: config.push.per_host,
        subscriptions: config.push.max_subscriptions,
        subscriptions_per_host: config.push.max_subscriptions_per_host,
    }
}

/// Loads the rows that `store` has read. What is known already wins, and is written again where it may be missing. Returns whether there
/// were rows to load.
fn load(state: &mut HubState, store: &StorageWriter, config: &Config) -> bool {
    let Some(rows) = store.take_push_rows() else { return false };
    for row in &rows {
        state.announced.load(row);
        if let Some(subscription) = Subscription::from_row(row) {
            state.queue.load(subscription, config.push.per_host);
        }
    }
    if std::mem::replace(&mut state.is_loaded, true) {
        let mut known = state.queue.rows();
        known.extend(state.announced.rows());
        store.write_push(known);
    }
    true
}
