//! How often one client may ask for whole documents it could have asked for with a condition.
//!
//! Off unless it is configured. Who asks with a condition is never refused: that request costs nothing, and to refuse it would only
//! teach the client to ask without. Clients are told apart by address: the peer's own, or behind a proxy that is trusted, the one it
//! names. An IPv6 client is its /64.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use ipnet::IpNet;
use quick_cache::sync::Cache;

use crate::config;

/// How many clients are remembered. Past that the one that has been quiet for longest is forgotten, which only favours it.
const MOST_CLIENTS: usize = 10_000;

/// More hops than this of a chain of proxies are not read.
const MOST_HOPS: usize = 32;

/// The pace that clients keep. Cheap to clone: all clones know the same clients.
#[derive(Clone, Debug)]
pub struct RateLimit {
    settings: config::RateLimitSettings,
    /// When each client will have made up for what it asked.
    paid_up: Arc<Cache<IpAddr, Arc<Mutex<Instant>>>>,
}

impl RateLimit {
    /// The pace that `settings` ask for.
    #[must_use]
    pub fn new(settings: config::RateLimitSettings) -> RateLimit {
        RateLimit {
            settings,
            paid_up: Arc::new(Cache::new(MOST_CLIENTS)),
        }
    }

    /// Lets a request through, or says how long its client should wait.
    ///
    /// # Errors
    ///
    /// The wait. The request does not count then: to ask too early costs nothing but the answer.
    pub fn admit(&self, peer: Option<IpAddr>, headers: &HeaderMap, now: Instant) -> Result<(), Duration> {
        let (Some(peer), Some(cost)) = (peer, self.cost()) else {
            return Ok(());
        };
        let is_conditional = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE]
            .iter()
            .any(|name| headers.contains_key(name));
        if is_conditional {
            return Ok(());
        }
        let client = network(self.client(peer, headers));
        let credit = cost * self.settings.burst.max(1);
        let Ok(account) = self
            .paid_up
            .get_or_insert_with(&client, || Ok::<_, Infallible>(Arc::new(Mutex::new(now))));
        // requests that come at once are counted one after the other
        let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
        let paid_up = (*account).max(now) + cost;
        match paid_up.duration_since(now).checked_sub(credit) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *account = paid_up;
                Ok(())
            }
        }
    }

    /// The time that one request takes to make up for; `None` where there is no limit.
    fn cost(&self) -> Option<Duration> {
        Duration::from_mins(1).checked_div(self.settings.requests_per_minute)
    }

    /// Who sent the request: the peer, or the last hop before the proxies that are trusted.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let is_trusted = |address: &IpAddr| {
            self.settings
                .trusted_proxies
                .iter()
                .any(|network: &IpNet| network.contains(address))
        };
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        // a socket for both families has IPv4 peers in an IPv6 spelling, and networks are not written so
        let mut client = peer.to_canonical();
        for hop in forwarded.iter().rev().take(MOST_HOPS) {
            if !is_trusted(&client) {
                break;
            }
            match hop_address(hop) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }
}

/// The address that a proxy names: `192.0.2.1` or `2001:db8::1`, in brackets or not, with a port or without.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let hop = hop.strip_prefix('"').and_then(|hop| hop.strip_suffix('"')).unwrap_or(hop);
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(bracketed).or_else(with_port)
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one subscriber has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(requests_per_minute: u32, burst: u32, trusted: &[&str]) -> RateLimit {
        let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        RateLimit::new(config::RateLimitSettings {
            requests_per_minute,
            burst,
            trusted_proxies,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_burst_passes_then_the_pace_holds() {
        let (pace, start) = (pace(60, 3, &[]), Instant::now());
        let admit = |client: &str, seconds: f64| {
            pace.admit(
                Some(address(client)),
                &HeaderMap::new(),
                start + Duration::from_secs_f64(seconds),
            )
            .map_err(|wait| wait.as_secs_f64())
        };
        for _ in 0..3 {
            assert_eq!(admit("192.0.2.1", 0.0), Ok(()));
        }
        assert_eq!(admit("192.0.2.1", 0.0), Err(1.0));
        assert_eq!(admit("192.0.2.1", 0.25), Err(0.75), "asking too early costs nothing more");
        assert_eq!(admit("192.0.2.2", 0.25), Ok(()), "another client is another");
        assert_eq!(admit("192.0.2.1", 1.0), Ok(()));
        assert_eq!(admit("192.0.2.1", 1.0), Err(1.0));
    }

    #[test]
    fn requests_that_come_at_once_are_all_counted() {
        const CLIENTS: usize = 8;
        let (pace, now) = (pace(1, 100, &[]), Instant::now());
        let barrier = std::sync::Barrier::new(CLIENTS);
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let admit = |_: &usize| pace.admit(Some(address("192.0.2.1")), &HeaderMap::new(), now).is_ok();
                        (0..1000).filter(admit).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 100);
    }

    #[test]
    fn who_asks_with_a_condition_and_who_is_not_limited_pass_always() {
        let start = Instant::now();
        let cases = [
            (
                pace(1, 1, &[]),
                headers(&[("if-none-match", "\"a\"")]),
                Some(address("192.0.2.1")),
            ),
            (
                pace(1, 1, &[]),
                headers(&[("if-modified-since", "x")]),
                Some(address("192.0.2.1")),
            ),
            (pace(0, 1, &[]), HeaderMap::new(), Some(address("192.0.2.1"))),
            (pace(1, 1, &[]), HeaderMap::new(), None),
        ];
        for (pace, headers, peer) in cases {
            for _ in 0..10 {
                assert_eq!(pace.admit(peer, &headers, start), Ok(()));
            }
        }
    }

    #[test]
    fn the_client_is_the_last_hop_before_trusted_proxies() {
        let pace = pace(1, 1, &["10.0.0.0/8", "fd00::/8"]);
        let cases = [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.9:1234", "198.51.100.9"),
            ("10.0.0.1", "198.51.100.9:1234, 10.0.0.2:80", "198.51.100.9"),
            ("10.0.0.1", "[2001:db8::1]:55", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.1", "\"[2001:db8::1]:55\"", "2001:db8::1"),
            ("10.0.0.1", "[::ffff:198.51.100.9]:1", "198.51.100.9"),
            ("10.0.0.1", "198.51.100.9:99999", "10.0.0.1"),
            ("10.0.0.1", "[198.51.100.9", "10.0.0.1"),
            ("fd00::1", "2001:db8::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7"),
        ];
        for (peer, forwarded, expected) in cases {
            let headers = headers(&[("x-forwarded-for", forwarded)]);
            assert_eq!(
                pace.client(peer.parse().unwrap(), &headers),
                expected.parse::<IpAddr>().unwrap(),
                "{peer} {forwarded}"
            );
        }
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let same = |one: &str, other: &str| network(one.parse().unwrap()) == network(other.parse().unwrap());
        assert!(same("2001:db8:1:2::3", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::3", "2001:db8:1:3::3"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
