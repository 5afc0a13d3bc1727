//! How many connections there may be: in all, for one address, and by what the system gives.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// File descriptors that connections leave to everything else: posts being read, the watch, other listeners, refusals.
const RESERVED: u64 = 64;

/// The places for connections.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place of one connection. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    network: Option<IpAddr>,
    _one_of_all: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    Everywhere,
    /// This address has all that it may have.
    ForAddress,
}

impl Places {
    /// `all` places, `per_address` of them for one address.
    pub(super) fn new(all: usize, per_address: usize) -> Arc<Places> {
        Arc::new(Places {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            per_address,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from `peer`. Who has no address (on a Unix socket) is counted in the whole alone.
    pub(super) fn take(self: &Arc<Places>, peer: Option<SocketAddr>) -> Result<Place, Full> {
        let one_of_all = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Full::Everywhere)?;
        let network = peer.map(|peer| network(peer.ip()));
        if let Some(network) = network {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(network).or_default();
            if *count >= self.per_address {
                return Err(Full::ForAddress);
            }
            *count += 1;
        }
        Ok(Place {
            places: Arc::clone(self),
            network,
            _one_of_all: one_of_all,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&network);
            }
        }
    }
}

/// What counts as one address: an IPv4 address, or the 64 bits of an IPv6 network, within which a client has as many as it likes.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How many of the `wanted` connections the system's limit on file descriptors allows, once it is raised as far as may be.
pub(super) fn affordable(wanted: usize) -> usize {
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(mut current) = current.filter(|&current| current < needed) else {
        return wanted;
    };
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let limit = Rlimit {
        current: Some(raised),
        maximum,
    };
    if raised > current && setrlimit(Resource::Nofile, limit).is_ok() {
        current = raised;
    }
    // of very few, half are for connections
    let affordable = current.saturating_sub(RESERVED).max(current / 2);
    wanted.min(usize::try_from(affordable).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
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
    fn places_run_out_in_all_and_by_address_and_come_back() {
        let places = Places::new(4, 2);
        let first = places.take(Some(peer("2001:db8::1"))).unwrap();
        let second = places.take(Some(peer("2001:db8::2"))).unwrap();
        assert_eq!(
            places.take(Some(peer("2001:db8::3"))).unwrap_err(),
            Full::ForAddress,
            "one network is one address"
        );
        let third = places.take(Some(peer("2001:db8:0:1::1"))).unwrap();
        let fourth = places.take(None).unwrap();
        assert_eq!(places.take(None).unwrap_err(), Full::Everywhere);
        drop(fourth);
        drop(first);
        let again = places.take(Some(peer("2001:db8::4")));
        assert!(again.is_ok(), "{again:?}");
        drop((again, second, third));
        assert!(places.taken.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
