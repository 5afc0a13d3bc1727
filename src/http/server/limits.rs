//! Limits on open connections: in total, per client network, and by the file descriptors that the system allows.
//!
//! When all slots are taken, a new connection gets the slot of the connection that has waited longest for its client: idle connections
//! must not keep others out. A connection that is answering a request is never closed for another one.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::timeouts::ConnectionTimeouts;
use crate::config::ServerSettings;
use crate::http::network::client_network;

/// The most connections that are asked, one after the other, to end for a new one.
const MOST_TRIES: usize = 8;
/// How long to wait for a connection that was asked to end. It ends as soon as its task runs.
const END_TIMEOUT: Duration = Duration::from_millis(200);

/// The slots of a listener's connections.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    max: usize,
    max_per_network: usize,
    open: Mutex<OpenConnections>,
    /// Notified whenever a slot becomes free, or a connection that was asked to end does not.
    changed: Notify,
}

#[derive(Debug, Default)]
struct OpenConnections {
    by_network: HashMap<IpAddr, usize>,
    connections: HashMap<u64, OpenConnection>,
    next_number: u64,
}

#[derive(Debug)]
struct OpenConnection {
    network: Option<IpAddr>,
    timeouts: Arc<ConnectionTimeouts>,
}

/// The slot of one connection. Dropping it frees the slot.
#[derive(Debug)]
pub(super) struct Slot {
    limits: Arc<ConnectionLimits>,
    number: u64,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReachedLimit {
    /// All slots are taken.
    Total,
    /// The client's network has all the slots that it may have.
    Network,
}

impl ConnectionLimits {
    /// Returns limits of `max` connections, `max_per_network` of them from one network.
    pub(super) fn new(max: usize, max_per_network: usize) -> Arc<ConnectionLimits> {
        Arc::new(ConnectionLimits {
            max,
            max_per_network,
            open: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Returns a slot for the connection from `peer`; the slot of another connection if none is free. A peer without an address, on
    /// a Unix socket, counts only in total.
    pub(super) async fn admit(
        self: &Arc<Self>,
        peer: Option<SocketAddr>,
        timeouts: &Arc<ConnectionTimeouts>,
    ) -> Result<Slot, ReachedLimit> {
        let mut tries = 0..MOST_TRIES;
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let full = match self.take_free_slot(peer, timeouts) {
                Ok(slot) => return Ok(slot),
                Err(full) => full,
            };
            if tries.next().is_none() || !self.end_longest_waiting(full, peer) {
                return Err(full);
            }
            let _ = timeout(END_TIMEOUT, changed).await;
        }
    }

    /// Returns a free slot, if there is one.
    fn take_free_slot(
        self: &Arc<Self>,
        peer: Option<SocketAddr>,
        timeouts: &Arc<ConnectionTimeouts>,
    ) -> Result<Slot, ReachedLimit> {
        let network = peer.map(|peer| client_network(peer.ip()));
        let mut open = self.lock();
        if open.connections.len() >= self.max {
            return Err(ReachedLimit::Total);
        }
        if let Some(network) = network {
            let count = open.by_network.entry(network).or_default();
            if *count >= self.max_per_network {
                return Err(ReachedLimit::Network);
            }
            *count += 1;
        }
        let number = open.next_number;
        open.next_number += 1;
        let timeouts = Arc::clone(timeouts);
        open.connections.insert(number, OpenConnection { network, timeouts });
        Ok(Slot {
            limits: Arc::clone(self),
            number,
        })
    }

    /// Asks the connection that has waited longest for its client to end: of all connections, or of those from the peer's network.
    /// Returns whether there is one.
    pub(super) fn end_longest_waiting(&self, full: ReachedLimit, peer: Option<SocketAddr>) -> bool {
        let network = peer.map(|peer| client_network(peer.ip()));
        let open = self.lock();
        let longest = open
            .connections
            .values()
            .filter(|connection| full == ReachedLimit::Total || connection.network == network)
            .filter_map(|connection| Some((connection.timeouts.waiting_since()?, &connection.timeouts)))
            .min_by_key(|(since, _)| *since);
        match longest {
            Some((_, timeouts)) => {
                timeouts.ask_to_end();
                true
            }
            None => false,
        }
    }

    /// Resolves when a slot may have become free.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes the tasks that wait for a slot: a connection that was asked to end does not end.
    pub(super) fn notify_declined(&self) {
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.limits.lock();
        let network = open
            .connections
            .remove(&self.number)
            .and_then(|connection| connection.network);
        if let Some(network) = network
            && let Some(count) = open.by_network.get_mut(&network)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_network.remove(&network);
            }
        }
        drop(open);
        self.limits.changed.notify_waiters();
    }
}

/// The file descriptors for clients, of those that the system allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Connections of the public listener.
    pub connections: usize,
    /// Connections of each other listener, and as many that are refused.
    pub side_connections: usize,
    /// Connections of the public listener that are being refused.
    pub refusals: usize,
    /// Media files that are being sent.
    pub files: usize,
}

/// Descriptors for everything but clients: posts being read, the watch, the ledger, the listeners, standard streams.
const RESERVED: u64 = 64;
/// At least this many are used (measured). With fewer than twice this many, anything may fail first.
const LEAST_RESERVED: u64 = 36;
/// The most connections of the operator's listener and of the preview.
const SIDE_CONNECTIONS: u64 = 64;
const OTHER_LISTENERS: u64 = 2;
const REFUSALS: u64 = 64;

impl Descriptors {
    /// Raises the system's limit as far as `settings` need and the system allows, and divides the result.
    #[must_use]
    pub fn raised_for(settings: &ServerSettings) -> Descriptors {
        let wanted = u64::try_from(settings.max_connections).unwrap_or(u64::MAX);
        // each connection may be sent a file
        let needed = wanted
            .saturating_mul(2)
            .saturating_add(RESERVED + REFUSALS + OTHER_LISTENERS * 2 * SIDE_CONNECTIONS);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let Some(mut current) = current.filter(|&current| current < needed) else {
            return Descriptors::divided(u64::MAX, wanted);
        };
        let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
        let limit = Rlimit {
            current: Some(raised),
            maximum,
        };
        if raised > current && setrlimit(Resource::Nofile, limit).is_ok() {
            current = raised;
        }
        Descriptors::divided(current, wanted)
    }

    /// Divides `limit` descriptors among at most `wanted` connections and the rest.
    fn divided(limit: u64, wanted: u64) -> Descriptors {
        let reserved = RESERVED.min((limit / 2).max(LEAST_RESERVED));
        let left = limit.saturating_sub(reserved).max(8);
        let side = (left / 24).clamp(2, SIDE_CONNECTIONS);
        let refusals = (left / 8).clamp(1, REFUSALS);
        let left = left.saturating_sub(OTHER_LISTENERS * 2 * side + refusals).max(3);
        // of three, two are for connections, and one is for the file that a connection is sent
        let connections = wanted.min((left - left / 3).max(left.saturating_sub(wanted)));
        let files = wanted.min(left - connections).max(1);
        let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Descriptors {
            connections: number(connections),
            side_connections: number(side),
            refusals: number(refusals),
            files: number(files),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    fn timeouts() -> Arc<ConnectionTimeouts> {
        ConnectionTimeouts::new(Arc::default())
    }

    #[test]
    fn slots_are_limited_in_total_and_by_network_and_are_freed() {
        let limits = ConnectionLimits::new(4, 2);
        let timeouts = timeouts();
        let take = |address: Option<&str>| limits.take_free_slot(address.map(peer), &timeouts);
        let first = take(Some("2001:db8::1")).unwrap();
        let second = take(Some("2001:db8::2")).unwrap();
        assert_eq!(
            take(Some("2001:db8::3")).unwrap_err(),
            ReachedLimit::Network,
            "an IPv6 network of 64 bits is one client"
        );
        let third = take(Some("2001:db8:0:1::1")).unwrap();
        let fourth = take(None).unwrap();
        assert_eq!(take(None).unwrap_err(), ReachedLimit::Total);
        drop(fourth);
        drop(first);
        let again = take(Some("2001:db8::4"));
        assert!(again.is_ok(), "{again:?}");
        drop((again, second, third));
        let open = limits.lock();
        assert!(
            open.by_network.is_empty() && open.connections.is_empty(),
            "closed connections leave nothing"
        );
    }

    #[test]
    fn the_longest_waiting_connection_is_asked_to_end_once_and_no_busy_one_is() {
        let limits = ConnectionLimits::new(3, 3);
        let [oldest, busy, newest] = [timeouts(), timeouts(), timeouts()];
        let slots: Vec<Slot> = [("192.0.2.1", &oldest), ("192.0.2.1", &busy), ("192.0.2.2", &newest)]
            .map(|(address, timeouts)| limits.take_free_slot(Some(peer(address)), timeouts).unwrap())
            .into();
        busy.request_begins();
        oldest.set_waiting_since(1);
        newest.set_waiting_since(2);
        assert!(limits.end_longest_waiting(ReachedLimit::Network, Some(peer("192.0.2.2"))));
        assert!(newest.is_asked_to_end() && !oldest.is_asked_to_end());
        assert!(limits.end_longest_waiting(ReachedLimit::Total, None));
        assert!(oldest.is_asked_to_end());
        assert!(
            !limits.end_longest_waiting(ReachedLimit::Total, None),
            "all but the busy one were asked"
        );
        busy.response_begins();
        assert!(
            !limits.end_longest_waiting(ReachedLimit::Total, None),
            "its response is being sent"
        );
        busy.body_ended();
        busy.set_waiting_since(3);
        assert!(limits.end_longest_waiting(ReachedLimit::Total, None));
        drop(slots);
    }

    #[test]
    fn clients_never_get_the_reserved_descriptors() {
        for limit in (0..200).chain([256, 1000, 1024, 4096, 10_000, 65_536, u64::MAX]) {
            for wanted in [1, 10, 4096, 100_000] {
                let divided = Descriptors::divided(limit, wanted);
                let Descriptors {
                    connections,
                    side_connections,
                    refusals,
                    files,
                } = divided;
                let all = connections + 4 * side_connections + refusals + files;
                assert!(
                    connections.min(side_connections).min(refusals).min(files) > 0,
                    "{limit} {wanted}: {divided:?}"
                );
                assert!(connections as u64 <= wanted, "{limit} {wanted}: {divided:?}");
                if limit >= 48 {
                    let left = limit.saturating_sub(all as u64);
                    assert!(left >= LEAST_RESERVED, "{limit} {wanted}: {divided:?} leaves {left}");
                }
                if limit >= 2 * wanted + 384 {
                    assert_eq!((connections as u64, files as u64), (wanted, wanted), "{limit}");
                }
            }
        }
        let few = Descriptors::divided(64, 4096);
        assert!(few.connections >= 12, "{few:?}");
    }
}
