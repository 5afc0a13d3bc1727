//! Tells hubs of others which feeds changed (`WebSub`, section 6).
//!
//! A ping is a POST with one topic: some hubs take no more than about ten, and drop the others. Pings are jobs, so they outlive a restart.
//! A feed that changes while a ping about it waits needs no other. Each hub gets one ping at a time, with pauses.
//!
//! A hub that does not answer, or answers 429 or 5xx, is asked again five times within about an hour. Any other answer is final.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

use crate::config::Config;
use crate::index::Scope;
use crate::outgoing::address::named_networks;
use crate::outgoing::{Client, FetchError, Limits, OutgoingRequest};
use crate::render::{Format, Place, feed_path};
use crate::storage::{Job, StorageWriter};
use crate::time::Timestamp;

/// The queue of the jobs.
const QUEUE: &str = "ping";
/// The most pings that are in hand at the same time, most of which wait for another to the same hub.
const MOST_IN_HAND: usize = 256;
/// The pause between two pings to a hub.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A ping that is in hand for longer was forgotten.
const LEASE: Duration = Duration::from_hours(2);
/// The longest wait for a job: the storage may be replaced meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long to wait before each further attempt.
const RETRIES: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(4),
    Duration::from_mins(10),
    Duration::from_mins(15),
    Duration::from_mins(30),
];
/// The longest `Retry-After` that is waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// A job: the hub and the feed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Ping {
    hub: Url,
    topic: String,
}

/// The last answer of a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HubAnswer {
    /// When it came.
    pub at: Timestamp,
    /// Whether the hub accepted the ping.
    pub is_accepted: bool,
    /// The status, or why there is none.
    pub answer: String,
}

/// What is known about a hub since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutsideHub {
    /// The hub.
    pub hub: String,
    /// The feeds that it has not been told of yet.
    pub waiting: usize,
    /// The pings that it accepted.
    pub accepted: u64,
    /// The pings that it refused, or did not answer: with each attempt.
    pub failed: u64,
    /// The feeds that it was not told of, after all attempts.
    pub given_up: u64,
    /// Its last answer.
    pub last: Option<HubAnswer>,
}

/// The pings that wait, and what hubs answered.
#[derive(Debug, Default)]
pub struct Pings {
    state: Mutex<State>,
    added: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The pings that wait to be sent.
    waiting: HashSet<Ping>,
    hubs: BTreeMap<Url, OutsideHub>,
    /// Each hub's turn, which a ping has until the pause after it, and until when the hub is left alone.
    turns: BTreeMap<Url, Arc<tokio::sync::Mutex<Timestamp>>>,
}

/// What an answer means for a ping.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    /// It is final.
    Refused,
    /// The hub is asked again, but not before this time has passed.
    TryAgain(Duration),
}

impl Pings {
    /// Adds pings about the feeds of `scopes`, in all formats, for each hub in `config`. They are sent after `push.delay`.
    pub fn add(&self, store: &StorageWriter, config: &Config, scopes: &[Scope], now: Timestamp) {
        if config.outside_hubs().is_empty() || scopes.is_empty() {
            return;
        }
        // those of the site first
        let mut scopes = scopes.to_vec();
        scopes.sort();
        let base = config.base();
        let topics = scopes
            .iter()
            .flat_map(|scope| Format::ALL.map(|format| format!("{base}{}", feed_path(&scope.path(), Place::Newest, format))));
        let mut due = now
            .saturating_add(Duration::from_secs(config.push.delay.into()))
            .unwrap_or(now);
        for topic in topics {
            for hub in config.outside_hubs() {
                let ping = Ping {
                    hub: hub.clone(),
                    topic: topic.clone(),
                };
                self.add_one(store, &ping, due);
            }
            // one after the other
            due = due.saturating_add(PAUSE).unwrap_or(due);
        }
        self.added.notify_one();
    }

    fn add_one(&self, store: &StorageWriter, ping: &Ping, due: Timestamp) {
        if !self.state().waiting.insert(ping.clone()) {
            return;
        }
        let payload = serde_json::to_string(ping).unwrap_or_default(); // two texts: these can always be written
        if let Err(error) = store.enqueue(QUEUE, &payload, due) {
            tracing::warn!(topic = ping.topic, "a hub cannot be told of a change: {error}");
            self.state().waiting.remove(ping);
        }
    }

    /// What is known about the hubs in `config`.
    #[must_use]
    pub fn status(&self, config: &Config) -> Vec<OutsideHub> {
        let state = self.state();
        let hubs = config.outside_hubs().iter();
        hubs.map(|hub| OutsideHub {
            hub: hub.to_string(),
            waiting: state.waiting.iter().filter(|ping| ping.hub == *hub).count(),
            ..state.hubs.get(hub).cloned().unwrap_or_default()
        })
        .collect()
    }

    /// Sends pings until `stop` is cancelled. `store` returns the storage in use, `hubs` those in the configuration.
    pub async fn send<S, H>(self: Arc<Self>, store: S, hubs: H, stop: CancellationToken)
    where
        S: Fn() -> Option<Arc<StorageWriter>>,
        H: Fn() -> Vec<Url>,
    {
        let mut in_hand = JoinSet::new();
        loop {
            let storage = store();
            if let Some(storage) = &storage {
                while in_hand.len() < MOST_IN_HAND
                    && let Some(job) = storage.claim(QUEUE, Timestamp::now(), LEASE)
                {
                    let pings = Arc::clone(&self);
                    in_hand.spawn(pings.process(Arc::clone(storage), hubs(), job));
                }
            }
            let next = storage.as_ref().and_then(|storage| storage.next_due(QUEUE));
            let wait = next.map_or(LONGEST_WAIT, |due| {
                let wait = Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
                wait.min(LONGEST_WAIT)
            });
            let is_full = in_hand.len() >= MOST_IN_HAND;
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.added.notified() => {}
                Some(_) = in_hand.join_next(), if !in_hand.is_empty() => {}
                () = tokio::time::sleep(wait), if !is_full => {}
            }
        }
    }

    /// Sends the ping in `job` when it is the hub's turn.
    async fn process(self: Arc<Self>, store: Arc<StorageWriter>, hubs: Vec<Url>, job: Job) {
        let ping = serde_json::from_str::<Ping>(&job.payload).ok();
        // a hub that was taken out of the configuration is not told any more
        let Some(ping) = ping.filter(|ping| hubs.contains(&ping.hub)) else {
            store.done(&job);
            return;
        };
        let turn = Arc::clone(self.state().turns.entry(ping.hub.clone()).or_default());
        let mut left_alone_until = turn.lock().await;
        // a change from now on needs another ping
        self.state().waiting.remove(&ping);
        let now = Timestamp::now();
        if *left_alone_until > now {
            self.put_off(&store, ping, &job, *left_alone_until);
            return;
        }
        let allowed = named_networks(&ping.hub);
        let (hub, topic) = (ping.hub.clone(), ping.topic.clone());
        let sent = spawn_blocking(move || post(&Client::new(allowed), &hub, &topic)).await;
        let (outcome, answer) = sent.unwrap_or_else(|error| (Outcome::Refused, error.to_string()));
        self.record(&ping.hub, &outcome, answer);
        match outcome {
            Outcome::Accepted | Outcome::Refused => {
                store.done(&job);
            }
            Outcome::TryAgain(at_least) => {
                let attempt = usize::try_from(job.attempts).unwrap_or(usize::MAX).saturating_sub(1);
                match RETRIES.get(attempt) {
                    Some(wait) => {
                        let due = Timestamp::now().saturating_add((*wait).max(at_least)).unwrap_or(now);
                        *left_alone_until = due;
                        self.put_off(&store, ping, &job, due);
                    }
                    None => {
                        store.done(&job);
                        self.state().hubs.entry(ping.hub).or_default().given_up += 1;
                    }
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// Has `job` claimed again at `due`, unless another ping about the same feed waits.
    fn put_off(&self, store: &StorageWriter, ping: Ping, job: &Job, due: Timestamp) {
        if self.state().waiting.insert(ping) {
            store.retry(job, due);
        } else {
            store.done(job);
        }
    }

    fn record(&self, hub: &Url, outcome: &Outcome, answer: String) {
        let is_accepted = *outcome == Outcome::Accepted;
        let mut state = self.state();
        let status = state.hubs.entry(hub.clone()).or_default();
        if is_accepted {
            status.accepted += 1;
        } else {
            status.failed += 1;
        }
        let is_news = status
            .last
            .as_ref()
            .map_or(!is_accepted, |last| last.is_accepted != is_accepted || last.answer != answer);
        if is_news && is_accepted {
            tracing::info!(hub = hub.as_str(), "the hub takes pings again: {answer}");
        } else if is_news {
            tracing::warn!(hub = hub.as_str(), "the hub did not take a ping: {answer}");
        }
        status.last = Some(HubAnswer {
            at: Timestamp::now(),
            is_accepted,
            answer,
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells `hub` that `topic` changed. Returns what the answer means, and the answer.
fn post(client: &Client, hub: &Url, topic: &str) -> (Outcome, String) {
    // the form is left open by the standard; most hubs read `hub.url`, some `hub.topic`
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic)
        .append_pair("hub.topic", topic)
        .finish();
    let request = OutgoingRequest::post(hub, body.as_bytes()).with_header("Content-Type", "application/x-www-form-urlencoded");
    let limits = Limits {
        bytes: 64 * 1024,
        time: TIMEOUT,
        redirects: 0,
    };
    match client.send(&request, limits) {
        Ok(response) => {
            let retry_after = response.header("Retry-After").and_then(|seconds| seconds.trim().parse().ok());
            let status = response.status();
            (outcome(status.as_u16(), retry_after), status.to_string())
        }
        Err(error @ (FetchError::NotPublic(_) | FetchError::BlockedPort(_))) => (Outcome::Refused, error.to_string()),
        Err(error) => (Outcome::TryAgain(Duration::ZERO), error.to_string()),
    }
}

/// What `status` means, with the seconds in `Retry-After`.
fn outcome(status: u16, retry_after: Option<u64>) -> Outcome {
    let retry_after = Duration::from_secs(retry_after.unwrap_or(0)).min(LONGEST_RETRY_AFTER);
    match status {
        200..300 => Outcome::Accepted,
        429 | 503 => Outcome::TryAgain(retry_after),
        500.. => Outcome::TryAgain(Duration::ZERO),
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let again = |seconds| Outcome::TryAgain(Duration::from_secs(seconds));
        for (status, retry_after, expected) in [
            (200, None, Outcome::Accepted),
            (202, None, Outcome::Accepted),
            (204, None, Outcome::Accepted),
            (302, None, Outcome::Refused),
            (400, None, Outcome::Refused),
            (404, Some(9), Outcome::Refused),
            (410, None, Outcome::Refused),
            (429, None, again(0)),
            (429, Some(90), again(90)),
            (503, Some(90), again(90)),
            (503, Some(u64::MAX), again(3600)),
            (500, Some(90), again(0)),
            (502, None, again(0)),
        ] {
            assert_eq!(outcome(status, retry_after), expected, "{status} {retry_after:?}");
        }
        let total: Duration = RETRIES.iter().sum();
        assert_eq!((RETRIES.len(), total), (5, Duration::from_hours(1)));
    }
}
