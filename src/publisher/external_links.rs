//! Checks links to other sites, politely.
//!
//! Each address is asked for once, however many posts have it. Several hosts are asked at the same time, but one host gets one request at a
//! time, with a pause between two ([`hosts`]), also where a redirect leads to it. HEAD comes first, and GET where a server refuses that. What
//! was found is remembered for some days ([`cache`]). The number of addresses and the time of the whole check are limited.
//!
//! What a robot cannot judge is not a problem: many sites answer 403 or 429 to every program.

pub mod cache;
mod diagnostics;
mod hosts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use url::Url;

use self::cache::LinkCache;
pub use self::diagnostics::external_diagnostics;
use self::hosts::Hosts;
use super::ExternalLink;
use crate::outgoing::{Client, FetchError, OutgoingRequest};
use crate::time::Timestamp;

/// The most redirects from one address.
const MAX_REDIRECTS: usize = 8;

/// The limits of a check.
#[derive(Clone, Copy, Debug)]
pub struct CheckLimits {
    /// The most addresses.
    pub addresses: usize,
    /// How many hosts are asked at the same time.
    pub hosts: usize,
    /// The time between the end of a request to a host and the next one to it.
    pub pause: Duration,
    /// How long one request may take.
    pub request: Duration,
    /// How long the whole check may take.
    pub total: Duration,
}

impl Default for CheckLimits {
    /// 10,000 addresses, 8 hosts, a pause of a second, 15 seconds for a request, 10 minutes in all.
    fn default() -> CheckLimits {
        CheckLimits {
            addresses: 10_000,
            hosts: 8,
            pause: Duration::from_secs(1),
            request: Duration::from_secs(15),
            total: Duration::from_mins(10),
        }
    }
}

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// A page, or something that temporary redirects lead to.
    Alive,
    /// It is at this address for good (301, 308).
    Moved(String),
    /// Nothing (404, 410).
    Gone(u16),
    /// The server has an error (5xx).
    ServerError(u16),
    /// There is no response, for this reason.
    Unreachable(String),
    /// The server does not answer programs (403, 429 and others).
    Unjudged(u16),
}

/// The result of a check.
#[derive(Debug, Default)]
pub struct ExternalCheck {
    /// What is at each address.
    pub states: BTreeMap<Url, LinkState>,
    /// How many of them were known from an earlier check.
    pub remembered: usize,
    /// How many addresses were not checked, because the time was over or there were too many.
    pub unchecked: usize,
}

impl ExternalCheck {
    /// How many addresses could not be judged.
    #[must_use]
    pub fn unjudged(&self) -> usize {
        let is_unjudged = |state: &&LinkState| matches!(state, LinkState::Unjudged(_));
        self.states.values().filter(is_unjudged).count()
    }
}

/// Checks the addresses of `links` that `cache` does not have. After each, `progress` gets how many were asked for and how many there are;
/// it may store the cache.
pub fn check_external_links(
    links: &[ExternalLink],
    client: &Client,
    limits: CheckLimits,
    cache: &mut LinkCache,
    mut progress: impl FnMut(usize, usize, &LinkCache),
) -> ExternalCheck {
    let urls: BTreeSet<&Url> = links.iter().map(|link| &link.url).collect();
    let mut check = ExternalCheck::default();
    let now = Timestamp::now();
    let mut by_host: BTreeMap<String, Vec<&Url>> = BTreeMap::new();
    let mut asked = 0;
    for url in urls {
        if let Some(state) = cache.get(url, now) {
            check.remembered += 1;
            check.states.insert(url.clone(), state.clone());
        } else if asked < limits.addresses {
            asked += 1;
            by_host.entry(hosts::host_of(url)).or_default().push(url);
        } else {
            check.unchecked += 1;
        }
    }
    // the host with the most addresses takes longest, because of the pauses
    let mut queue: Vec<Vec<&Url>> = by_host.into_values().collect();
    queue.sort_by_key(Vec::len);
    let threads = limits.hosts.min(queue.len());
    let queue = Mutex::new(queue);
    let checker = Checker {
        client,
        limits,
        hosts: Hosts::new(limits.pause),
        deadline: Instant::now() + limits.total,
    };
    let (sender, results) = channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, queue, checker) = (sender.clone(), &queue, &checker);
            scope.spawn(move || checker.work(queue, &sender));
        }
        drop(sender);
        for (done, (url, state)) in results.into_iter().enumerate() {
            match state {
                Some(state) => {
                    cache.insert(&url, &state, now);
                    check.states.insert(url, state);
                }
                None => check.unchecked += 1,
            }
            progress(done + 1, asked, cache);
        }
    });
    check
}

/// Asks servers.
struct Checker<'a> {
    client: &'a Client,
    limits: CheckLimits,
    hosts: Hosts,
    deadline: Instant,
}

impl Checker<'_> {
    /// Asks for the addresses of one host after the other, until `queue` is empty. The state of one that the time did not suffice for is `None`.
    fn work(&self, queue: &Mutex<Vec<Vec<&Url>>>, results: &Sender<(Url, Option<LinkState>)>) {
        loop {
            let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
            let Some(urls) = next else { return };
            for url in urls {
                // the receiver stays until all threads have ended
                let _ = results.send((url.clone(), self.state(url)));
            }
        }
    }

    /// What is at `url`; `None` if the time is over.
    fn state(&self, url: &Url) -> Option<LinkState> {
        let by_head = self.follow(&Method::HEAD, url)?;
        let is_final = matches!(
            &by_head,
            Ok(LinkState::Alive | LinkState::Moved(_) | LinkState::Unjudged(429))
                // GET would not get further
                | Err(FetchError::UnknownHost | FetchError::NotPublic(_) | FetchError::TooSlow)
        );
        // some servers answer HEAD with anything
        let result = if is_final { by_head } else { self.follow(&Method::GET, url)? };
        Some(result.unwrap_or_else(|error| LinkState::Unreachable(error.to_string())))
    }

    /// Follows the redirects from `url`; `None` if the time is over.
    fn follow(&self, method: &Method, url: &Url) -> Option<Result<LinkState, FetchError>> {
        let mut here = url.clone();
        // where the permanent redirects at the beginning lead
        let mut moved: Option<Url> = None;
        let mut is_permanent = true;
        for _ in 0..=MAX_REDIRECTS {
            let (status, headers) = match self.ask(method, &here)? {
                Ok(head) => head,
                Err(error) => return Some(Err(error)),
            };
            let next = match redirect(status, &headers, &here) {
                None => return Some(Ok(judge(status, moved))),
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(next)) => next,
            };
            is_permanent &= matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
            if is_permanent {
                moved = Some(next.clone());
            }
            here = next;
        }
        Some(Err(FetchError::TooManyRedirects(MAX_REDIRECTS)))
    }

    /// One request; `None` if the time is over.
    fn ask(&self, method: &Method, url: &Url) -> Option<Result<(StatusCode, HeaderMap), FetchError>> {
        self.hosts.in_turn(url, self.deadline, |left| {
            let request = OutgoingRequest {
                method: method.clone(),
                ..OutgoingRequest::get(url)
            };
            self.client.fetch_head(&request, self.limits.request.min(left))
        })
    }
}

/// Where a response leads; `None` if it is not a redirect.
fn redirect(status: StatusCode, headers: &HeaderMap, here: &Url) -> Option<Result<Url, FetchError>> {
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let location = headers.get(header::LOCATION)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    Some(
        here.join(&location)
            .map_err(|_| FetchError::InvalidRedirect(location.into_owned())),
    )
}

fn judge(status: StatusCode, moved: Option<Url>) -> LinkState {
    match (status, moved) {
        (StatusCode::NOT_FOUND | StatusCode::GONE, _) => LinkState::Gone(status.as_u16()),
        _ if status.is_server_error() => LinkState::ServerError(status.as_u16()),
        _ if status.is_client_error() || status.as_u16() >= 600 => LinkState::Unjudged(status.as_u16()),
        (_, Some(to)) => LinkState::Moved(to.into()),
        (_, None) => LinkState::Alive,
    }
}
