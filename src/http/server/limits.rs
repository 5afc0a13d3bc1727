//! How many connections there may be: in all, for one address, and by what the system gives.
//!
//! When all slots are taken, a new connection gets the slot of the one that has waited longest for its client: idle connections
//! that nobody uses must not keep others out. A connection that is answering a request is never ended for another one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::timeouts::ConnectionTimeouts;
use crate::config::ServerSettings;

/// How many connections are asked, one after the other, to end for a new one.
const MOST_TRIES: usize = 8;
/// How long to wait for a connection that was asked to end. It does so as soon as its task runs.
const END_TIMEOUT: Duration = Duration::from_millis(200);

/// The slots of a listener's connections.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
    /// Notified whenever a slot becomes free, or a connection that was asked to end does not.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    by_address: HashMap<IpAddr, usize>,
    connections: HashMap<u64, Connection>,
    next: u64,
}

#[derive(Debug)]
struct Connection {
    network: Option<IpAddr>,
    pace: Arc<ConnectionTimeouts>,
}

/// The slot of one connection. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    limits: Arc<ConnectionLimits>,
    number: u64,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All slots are taken.
    Everywhere,
    /// This address has all that it may have.
    ForAddress,
}

impl ConnectionLimits {
    /// `most` slots, `most_per_address` of them for one address.
    pub(super) fn new(most: usize, most_per_address: usize) -> Arc<ConnectionLimits> {
        Arc::new(ConnectionLimits {
            most,
            most_per_address,
            open: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// A slot for the connection from `peer` with this `pace`; that of another connection if no slot is free. A peer without an
    /// address, on a Unix socket, counts only in the whole.
    pub(super) async fn admit(self: &Arc<Self>, peer: Option<SocketAddr>, pace: &Arc<ConnectionTimeouts>) -> Result<Slot, Full> {
        let mut tries = 0..MOST_TRIES;
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let full = match self.take(peer, pace) {
                Ok(slot) => return Ok(slot),
                Err(full) => full,
            };
            if tries.next().is_none() || !self.end_longest_waiting(full, peer) {
                return Err(full);
            }
            let _ = timeout(END_TIMEOUT, changed).await;
        }
    }

    /// A free slot, if there is one.
    fn take(self: &Arc<Self>, peer: Option<SocketAddr>, pace: &Arc<ConnectionTimeouts>) -> Result<Slot, Full> {
        let network = peer.map(|peer| network(peer.ip()));
        let mut open = self.lock();
        if open.connections.len() >= self.most {
            return Err(Full::Everywhere);
        }
        if let Some(network) = network {
            let count = open.by_address.entry(network).or_default();
            if *count >= self.most_per_address {
                return Err(Full::ForAddress);
            }
            *count += 1;
        }
        let number = open.next;
        open.next += 1;
        let pace = Arc::clone(pace);
        open.connections.insert(number, Connection { network, pace });
        Ok(Slot {
            limits: Arc::clone(self),
            number,
        })
    }

    /// Asks the connection to end that has waited longest for its client: of all, or of those of the peer's address. Returns
    /// whether there is one.
    pub(super) fn end_longest_waiting(&self, full: Full, peer: Option<SocketAddr>) -> bool {
        let network = peer.map(|peer| network(peer.ip()));
        let open = self.lock();
        let asked = open
            .connections
            .values()
            .filter(|connection| full == Full::Everywhere || connection.network == network)
            .filter_map(|connection| Some((connection.pace.waiting_since()?, &connection.pace)))
            .min_by_key(|(since, _)| *since);
        match asked {
            Some((_, pace)) => {
                pace.ask_to_end();
                true
            }
            None => false,
        }
    }

    /// Resolves when a slot may have become free.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Tells those who wait for a slot that a connection does not end although it was asked to.
    pub(super) fn look_again(&self) {
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
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
            && let Some(count) = open.by_address.get_mut(&network)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_address.remove(&network);
            }
        }
        drop(open);
        self.limits.changed.notify_waiters();
    }
}

/// What counts as one address: an IPv4 address, or the 64 bits of an IPv6 network, within which a client has as many as it likes.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What the system's limit on open files leaves to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Connections of the public listener.
    pub connections: usize,
    /// Connections of each other listener, and as many that are refused.
    pub side_connections: usize,
    /// Connections of the public listener that are being told that there is no slot for them.
    pub refusals: usize,
    /// Files beside posts that are being sent.
    pub files: usize,
}

/// Descriptors for everything that is no client's: posts being read, the watch, the ledger, the listeners, standard streams.
const RESERVED: u64 = 64;
/// As many are used at least, measured; with fewer than twice this many there is no telling what fails first.
const LEAST_RESERVED: u64 = 36;
/// The most connections of the operator's listener and of the preview.
const SIDE_CONNECTIONS: u64 = 64;
const OTHER_LISTENERS: u64 = 2;
const REFUSALS: u64 = 64;

impl Descriptors {
    /// Raises the system's limit as far as it lets us and as `settings` need, and divides what it is then.
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

    fn pace() -> Arc<ConnectionTimeouts> {
        ConnectionTimeouts::new(Arc::default())
    }

    #[test]
    fn networks() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ];
        for (address, expected) in cases {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected, "{address}");
        }
    }

    #[test]
    fn slots_run_out_in_all_and_by_address_and_come_back() {
        let limits = ConnectionLimits::new(4, 2);
        let pace = pace();
        let take = |address: Option<&str>| limits.take(address.map(peer), &pace);
        let first = take(Some("2001:db8::1")).unwrap();
        let second = take(Some("2001:db8::2")).unwrap();
        assert_eq!(
            take(Some("2001:db8::3")).unwrap_err(),
            Full::ForAddress,
            "one network is one address"
        );
        let third = take(Some("2001:db8:0:1::1")).unwrap();
        let fourth = take(None).unwrap();
        assert_eq!(take(None).unwrap_err(), Full::Everywhere);
        drop(fourth);
        drop(first);
        let again = take(Some("2001:db8::4"));
        assert!(again.is_ok(), "{again:?}");
        drop((again, second, third));
        let open = limits.lock();
        assert!(
            open.by_address.is_empty() && open.connections.is_empty(),
            "nothing is kept of who is gone"
        );
    }

    #[test]
    fn whoever_has_waited_longest_is_asked_to_end_once_and_nobody_who_is_answered() {
        let limits = ConnectionLimits::new(3, 3);
        let [oldest, busy, newest] = [pace(), pace(), pace()];
        let slots: Vec<Slot> = [("192.0.2.1", &oldest), ("192.0.2.1", &busy), ("192.0.2.2", &newest)]
            .map(|(address, pace)| limits.take(Some(peer(address)), pace).unwrap())
            .into();
        busy.request_begins();
        oldest.waits_since(1);
        newest.waits_since(2);
        assert!(limits.end_longest_waiting(Full::ForAddress, Some(peer("192.0.2.2"))));
        assert!(newest.is_asked_to_end() && !oldest.is_asked_to_end());
        assert!(limits.end_longest_waiting(Full::Everywhere, None));
        assert!(oldest.is_asked_to_end());
        assert!(
            !limits.end_longest_waiting(Full::Everywhere, None),
            "all but the busy one were asked"
        );
        busy.request_is_answered();
        assert!(
            !limits.end_longest_waiting(Full::Everywhere, None),
            "its answer is being sent"
        );
        busy.answer_is_sent();
        busy.waits_since(3);
        assert!(limits.end_longest_waiting(Full::Everywhere, None));
        drop(slots);
    }

    #[test]
    fn descriptors_are_divided_so_that_clients_never_take_the_reserve() {
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
