//! The limit on unconditional requests of one client.
//!
//! It is off unless it is configured. A conditional request is never refused: it costs nothing, and a refusal would only make the client
//! to send no condition. A client is an address: that of the peer, or the one that a trusted proxy names. An IPv6 client is a /64.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use ipnet::IpNet;
use quick_cache::sync::Cache;

use super::network::client_network;
use crate::config;

/// The most clients that are remembered. Then the client that has been quiet longest is forgotten, which only favours it.
const MAX_CLIENTS: usize = 10_000;

/// The most hops of a chain of proxies that are read.
const MAX_HOPS: usize = 32;

/// Limits the requests of each client. All clones share the same clients.
#[derive(Clone, Debug)]
pub struct RateLimit {
    settings: config::RateLimitSettings,
    /// When each client has all its requests again.
    paid_up: Arc<Cache<IpAddr, Arc<Mutex<Instant>>>>,
}

impl RateLimit {
    /// Returns the limit of `settings`.
    #[must_use]
    pub fn new(settings: config::RateLimitSettings) -> RateLimit {
        RateLimit {
            settings,
            paid_up: Arc::new(Cache::new(MAX_CLIENTS)),
        }
    }

    /// Admits a request, and counts it.
    ///
    /// # Errors
    ///
    /// How long the client should wait. A refused request does not count.
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
        let client = client_network(self.client(peer, headers));
        let credit = cost * self.settings.burst.max(1);
        let Ok(account) = self
            .paid_up
            .get_or_insert_with(&client, || Ok::<_, Infallible>(Arc::new(Mutex::new(now))));
        // simultaneous requests are counted one after the other
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

    /// The time after which one request is admitted again; `None` if there is no limit.
    fn cost(&self) -> Option<Duration> {
        Duration::from_mins(1).checked_div(self.settings.requests_per_minute)
    }

    /// Returns the address of the client: the peer, or the last hop before the trusted proxies.
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
        // a socket for both families has IPv4 peers in an IPv6 spelling, and configured networks do not
        let mut client = peer.to_canonical();
        for hop in forwarded.iter().rev().take(MAX_HOPS) {
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

/// Parses the address that a proxy names: `192.0.2.1` or `2001:db8::1`, in brackets or not, with a port or without.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let hop = hop.strip_prefix('"').and_then(|hop| hop.strip_suffix('"')).unwrap_or(hop);
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(bracketed).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limit(requests_per_minute: u32, burst: u32, trusted: &[&str]) -> RateLimit {
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
    fn a_burst_is_admitted_and_then_the_rate() {
        let (limit, start) = (rate_limit(60, 3, &[]), Instant::now());
        let admit = |client: &str, seconds: f64| {
            limit
                .admit(
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
        assert_eq!(admit("192.0.2.1", 0.25), Err(0.75), "a refused request does not count");
        assert_eq!(admit("192.0.2.2", 0.25), Ok(()), "each client has its own limit");
        assert_eq!(admit("192.0.2.1", 1.0), Ok(()));
        assert_eq!(admit("192.0.2.1", 1.0), Err(1.0));
    }

    #[test]
    fn simultaneous_requests_are_all_counted() {
        const CLIENTS: usize = 8;
        let (limit, now) = (rate_limit(1, 100, &[]), Instant::now());
        let barrier = std::sync::Barrier::new(CLIENTS);
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        let admit = |_: &usize| limit.admit(Some(address("192.0.2.1")), &HeaderMap::new(), now).is_ok();
                        (0..1000).filter(admit).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 100);
    }

    #[test]
    fn conditional_and_unlimited_requests_are_always_admitted() {
        let start = Instant::now();
        let cases = [
            (
                rate_limit(1, 1, &[]),
                headers(&[("if-none-match", "\"a\"")]),
                Some(address("192.0.2.1")),
            ),
            (
                rate_limit(1, 1, &[]),
                headers(&[("if-modified-since", "x")]),
                Some(address("192.0.2.1")),
            ),
            (rate_limit(0, 1, &[]), HeaderMap::new(), Some(address("192.0.2.1"))),
            (rate_limit(1, 1, &[]), HeaderMap::new(), None),
        ];
        for (limit, headers, peer) in cases {
            for _ in 0..10 {
                assert_eq!(limit.admit(peer, &headers, start), Ok(()));
            }
        }
    }

    #[test]
    fn the_client_is_the_last_hop_before_trusted_proxies() {
        let limit = rate_limit(1, 1, &["10.0.0.0/8", "fd00::/8"]);
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
                limit.client(peer.parse().unwrap(), &headers),
                expected.parse::<IpAddr>().unwrap(),
                "{peer} {forwarded}"
            );
        }
    }
}
