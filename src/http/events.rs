//! `/api/events`: server-sent events about posts, for dashboards and bots.
//!
//! The id of an event is an instant up to which everything was sent, so a client that connects again with `Last-Event-ID` gets what is new
//! since then. That comes from the ledger, and holds over a restart. An event may come twice, and none is lost: where the ledger does not
//! reach back so far, the event `reset` tells the client to read the listing.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::watch;
use url::form_urlencoded;

use super::event_stream::EventStreams;
use super::media::ResponseBody;
use super::network::client_network;
use super::problem::{problem, unavailable};
use super::query::instant;
use super::server::RequestHead;
use crate::render::listing::event;
use crate::site::Site;
use crate::site::news::{NewsGap, NewsKind, PostNews};
use crate::time::Timestamp;

/// The field with the id of the last event that a client got.
const LAST_EVENT_ID: &str = "last-event-id";
/// The most streams at the same time.
const MAX_STREAMS: usize = 256;
/// The most streams of one client: several browsers with six each.
const MAX_STREAMS_PER_CLIENT: usize = 16;
/// Seconds after which a client that found no stream may try again.
const RETRY_AFTER: u32 = 60;

/// Returns the newest site.
type NewestSite = Arc<dyn Fn() -> Arc<Site> + Send + Sync>;

/// Sends events about posts to clients. All clones share their limits.
#[derive(Clone)]
pub struct PostEvents {
    site: NewestSite,
    streams: EventStreams,
    clients: Arc<ClientStreams>,
    latest: Arc<Mutex<Option<Batch>>>,
}

impl fmt::Debug for PostEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostEvents")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

/// The events between two sites, which most streams send.
struct Batch {
    after: Timestamp,
    built: Timestamp,
    text: Bytes,
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// With the next event.
    Now,
    /// With the events after this instant.
    After(Timestamp),
    /// After an event that this server did not send.
    Unknown,
}

impl PostEvents {
    /// Sends what is new on each site that `site` returns, when `sites` reports it. A connection on which nothing was sent for
    /// `idle_timeout` is closed.
    pub fn new<S>(site: S, sites: watch::Receiver<Timestamp>, idle_timeout: Duration) -> PostEvents
    where
        S: Fn() -> Arc<Site> + Send + Sync + 'static,
    {
        PostEvents {
            site: Arc::new(site),
            streams: EventStreams::new(sites, MAX_STREAMS, idle_timeout),
            clients: Arc::default(),
            latest: Arc::default(),
        }
    }

    /// Returns the response to a GET or HEAD of `client`; `None` is a client at a Unix socket.
    #[must_use]
    pub(super) fn answer(&self, head: &RequestHead, client: Option<IpAddr>) -> Response<ResponseBody> {
        let start = match start(head) {
            Ok(start) => start,
            Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail).map(ResponseBody::from),
        };
        let place = match client.map(|client| self.clients.admit(client_network(client))) {
            Some(None) => return too_many_of_client().map(ResponseBody::from),
            Some(place) => place,
            None => None,
        };
        let mut follower = Follower {
            events: self.clone(),
            start: Some(start),
            position: Timestamp::MIN,
        };
        let stream = self
            .streams
            .open(&head.method, Arc::clone(&head.stopping), place, move || follower.next());
        stream.unwrap_or_else(|| {
            let detail = "too many clients follow the events; try again in a minute";
            unavailable(detail, RETRY_AFTER).map(ResponseBody::from)
        })
    }

    /// The events on `site` after the instant `after`, as they are sent.
    fn batch(&self, site: &Site, after: Timestamp) -> Bytes {
        let built = site.built();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(batch) if (batch.after, batch.built) == (after, built) => batch.text.clone(),
            _ => {
                let text = Bytes::from(events_after(site, after));
                *latest = Some(Batch {
                    after,
                    built,
                    text: text.clone(),
                });
                text
            }
        }
    }
}

/// The instant at which the request asks to begin.
fn start(head: &RequestHead) -> Result<Start, String> {
    let mut start = Start::Now;
    for (name, value) in form_urlencoded::parse(head.query().as_bytes()) {
        if name != "since" {
            return Err("the only parameter is `since`".to_owned());
        }
        let since = instant(&value).ok_or("`since` is an instant like 2026-01-31T09:00:00Z (RFC 3339)")?;
        start = Start::After(since);
    }
    // a browser that connects again repeats the query
    if let Some(id) = head.headers.get(LAST_EVENT_ID) {
        let known = id.to_str().ok().and_then(instant);
        start = known.map_or(Start::Unknown, Start::After);
    }
    Ok(start)
}

/// One stream, and how far it got.
struct Follower {
    events: PostEvents,
    /// Where to begin, until it has begun.
    start: Option<Start>,
    /// Everything up to this instant was sent.
    position: Timestamp,
}

impl Follower {
    /// Returns the events since the last call.
    fn next(&mut self) -> Bytes {
        let site = (self.events.site)();
        let built = site.built();
        let text = match self.start.take() {
            Some(Start::Now) => format!("id: {built}\n\n").into(),
            Some(Start::After(instant)) => self.events.batch(&site, instant),
            Some(Start::Unknown) => reset(&site, "the id is not one of this server").into(),
            None => {
                // the clock was put back
                let latest = built.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(built);
                self.events.batch(&site, self.position.min(latest))
            }
        };
        self.position = built;
        text
    }
}

/// Returns the events on `site` after the instant `after`; an empty text if there are none.
fn events_after(site: &Site, after: Timestamp) -> String {
    let news = match site.news_after(after) {
        Ok(news) => news,
        Err(NewsGap::TooOld) => return reset(site, "it is not known what changed since then"),
        Err(NewsGap::Later) => return reset(site, "the id is later than the newest change here"),
        Err(NewsGap::TooMuch) => return reset(site, "too much changed at once"),
    };
    let (base, built) = (site.config().base(), site.built());
    let mut text = String::new();
    let mut id = after;
    for (number, PostNews { at, kind, post }) in news.iter().enumerate() {
        // what follows at the same instant would be lost if the connection ends here
        match news.get(number + 1) {
            None => id = built,
            Some(next) if next.at > *at && *at <= built => id = *at,
            Some(_) => {}
        }
        let (name, data) = match kind {
            NewsKind::Added => ("post.added", event::published(post, &base)),
            NewsKind::Changed => ("post.changed", event::published(post, &base)),
            NewsKind::Withdrawn => ("post.withdrawn", event::withdrawn(post, *at, &base)),
        };
        write_event(&mut text, name, id, &data);
    }
    text
}

/// Returns the event that tells a client to read the listing of `site`.
fn reset(site: &Site, reason: &str) -> String {
    let data = json!({ "reason": reason, "url": format!("{}/api/posts", site.config().base()) });
    let mut text = String::new();
    write_event(&mut text, "reset", site.built(), &data.to_string());
    text
}

/// Writes an event. `data` is one line.
fn write_event(text: &mut String, name: &str, id: Timestamp, data: &str) {
    let _ = write!(text, "event: {name}\nid: {id}\ndata: {data}\n\n");
}

fn too_many_of_client() -> Response<Bytes> {
    let detail = "your address has as many event streams as one may have; close some of them";
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, detail);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
    response
}

/// The streams of each client.
#[derive(Debug, Default)]
struct ClientStreams(Mutex<HashMap<IpAddr, usize>>);

impl ClientStreams {
    /// Counts another stream of `client` until the returned value is dropped; `None` if it has too many.
    fn admit(self: &Arc<Self>, client: IpAddr) -> Option<ClientStream> {
        let mut streams = self.lock();
        let count = streams.entry(client).or_default();
        if *count >= MAX_STREAMS_PER_CLIENT {
            return None;
        }
        *count += 1;
        let streams = Arc::clone(self);
        Some(ClientStream { streams, client })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream of a client.
#[derive(Debug)]
struct ClientStream {
    streams: Arc<ClientStreams>,
    client: IpAddr,
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        let mut streams = self.streams.lock();
        if let Some(count) = streams.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.client);
            }
        }
    }
}
