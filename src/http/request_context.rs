//! What all requests share: ids, rate limit, counters, access log, thread pools, and the header of every response.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::{self, AccessLine, LoggedRequest};
use super::base_path;
use super::confidential::Confidential;
use super::error_page;
use super::events::PostEvents;
use super::media::Library;
use super::preview::Preview;
use super::problem::{ProblemDetails, problem};
use super::rate_limit::RateLimit;
use super::renders_in_progress::RendersInProgress;
use super::reply;
use super::routes::answer_other_method;
use super::server::{OnSent, RequestHead};
use super::target::Target;
use crate::config::Config;
use crate::metrics::{Metrics, RequestKind};
use crate::push::hub::Hub;
use crate::site::Site;
use crate::storage::Storage;

/// What requests are answered with, besides the site.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// What the configuration decides. A new configuration replaces it.
    configured: Arc<ArcSwap<ContextSettings>>,
    /// The counters of responses.
    pub metrics: Arc<Metrics>,
    /// Cancelled once no more requests should be sent here.
    pub stopping: CancellationToken,
    /// Only for the listener of the author's preview, never for the public one.
    pub(super) preview: Option<Preview>,
    /// Takes the forms of subscribers, if the site has a hub.
    pub(super) hub: Option<Arc<Hub>>,
    /// One permit for each core: so many documents are rendered at the same time.
    pub render_pool: Arc<Semaphore>,
    /// The permits of searches. They have fewer than documents, and none of theirs, so that slow searches, and the making of the search
    /// index, delay no page.
    pub searches: Arc<Semaphore>,
    /// The events about posts; `None` if nobody can follow them.
    pub(super) events: Option<PostEvents>,
    pub(super) in_progress: Arc<RendersInProgress>,
    ids: Arc<RequestIds>,
    /// Whether it was logged that requests come with the path of `site.base_url`.
    is_base_noted: Arc<AtomicBool>,
}

/// The part of a context that a configuration decides.
#[derive(Debug)]
pub(super) struct ContextSettings {
    /// The media files.
    pub(super) library: Library,
    /// The limit on requests of one client.
    rate_limit: RateLimit,
    /// Where the key of shared drafts is stored.
    pub(super) storage: Option<Storage>,
}

impl ContextSettings {
    fn new(config: &Config, library: Library) -> Arc<ContextSettings> {
        Arc::new(ContextSettings {
            library,
            rate_limit: RateLimit::new(config.pace.clone()),
            storage: Storage::configured(config),
        })
    }
}

/// One request, as it is counted and logged.
#[derive(Debug)]
pub(super) struct RequestTrace {
    id: RequestId,
    begun: Instant,
    kind: RequestKind,
    /// Whether people may ask for this too: then errors may be pages.
    is_for_people: bool,
}

impl RequestTrace {
    /// The id of the request, as the log and problems name it.
    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl RequestContext {
    /// Returns the context of a public listener.
    #[must_use]
    pub fn new(config: &Config, library: Library, metrics: Arc<Metrics>, stopping: CancellationToken) -> RequestContext {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        RequestContext {
            configured: Arc::new(ArcSwap::new(ContextSettings::new(config, library))),
            metrics,
            stopping,
            preview: None,
            hub: None,
            render_pool: Arc::new(Semaphore::new(cores)),
            searches: Arc::new(Semaphore::new((cores / 2).max(1))),
            events: None,
            in_progress: Arc::default(),
            ids: Arc::default(),
            is_base_noted: Arc::default(),
        }
    }

    /// The bytes of `path` that are the path of `site.base_url`, if the proxy in front did not take it off. The first time, this is logged.
    pub(super) fn length_of_base(&self, site: &Site, path: &str) -> usize {
        let length = base_path::length_of_base(site, path);
        if length > 0 && !self.is_base_noted.swap(true, Ordering::Relaxed) {
            let base = path.get(..length).unwrap_or_default();
            tracing::info!(
                target: base_path::EVENTS,
                "requests come with {base}, the path of `site.base_url`: the proxy in front does not take it off, which works too"
            );
        }
        length
    }

    /// Uses `config` and the media files in `library` from the next request on, here and in every clone.
    pub fn configure(&self, config: &Config, library: Library) {
        self.configured.store(ContextSettings::new(config, library));
    }

    /// What the configuration decides, as it is now.
    pub(super) fn configured(&self) -> Arc<ContextSettings> {
        self.configured.load_full()
    }

    /// Returns the same for the listener of the author's preview.
    #[must_use]
    pub fn with_preview(self, preview: Preview) -> RequestContext {
        RequestContext {
            preview: Some(preview),
            hub: None,
            ..self
        }
    }

    /// Returns the same with events about posts.
    #[must_use]
    pub fn with_events(self, events: PostEvents) -> RequestContext {
        RequestContext {
            events: Some(events),
            ..self
        }
    }

    /// The address of the client: that of the peer, or the one that a trusted proxy names. A Unix socket has none.
    pub(super) fn client(&self, head: &RequestHead) -> Option<IpAddr> {
        let peer = peer(head)?;
        Some(self.configured.load().rate_limit.client(peer, &head.headers))
    }

    /// Returns the same with a hub.
    #[must_use]
    pub fn with_hub(self, hub: Arc<Hub>) -> RequestContext {
        RequestContext { hub: Some(hub), ..self }
    }

    /// Starts the trace of a request for `target`.
    pub(super) fn begin(&self, target: Option<&Target>) -> RequestTrace {
        RequestTrace {
            id: self.ids.next(),
            begun: Instant::now(),
            kind: kind(target),
            is_for_people: error_page::is_for_people(target),
        }
    }

    /// Returns the response to a client that sends too many requests.
    pub(super) fn rate_limit_refusal(&self, trace: &RequestTrace, head: &RequestHead) -> Option<Response<Bytes>> {
        // probes and redirects are cheap, and never refused; the pages of a preview reload at every change
        if matches!(trace.kind, RequestKind::Health | RequestKind::Other) || self.preview.is_some() {
            return None;
        }
        let wait = self
            .configured
            .load()
            .rate_limit
            .admit(peer(head), &head.headers, trace.begun)
            .err()?;
        Some(too_many_requests(wait))
    }

    /// Completes a response and counts it. It is logged once it was sent. `length` returns the length of a body.
    pub(super) fn finish<B: From<Bytes>>(
        &self,
        trace: &RequestTrace,
        head: &RequestHead,
        site: &Site,
        response: Response<B>,
        length: impl FnOnce(&B) -> u64,
    ) -> Response<B> {
        let is_problem = response.extensions().get::<ProblemDetails>().is_some();
        let response = if is_problem && error_page::wants_page(trace.is_for_people, &head.headers) {
            error_page::static_page(|| site.home(), response)
        } else {
            response
        };
        let bytes = if head.method == Method::HEAD {
            0
        } else {
            length(response.body())
        };
        self.metrics
            .record_response(trace.kind, response.status(), bytes, trace.begun.elapsed());
        self.log_when_sent(complete(response, &trace.id), trace, head)
    }

    /// Returns the response to a request with another method than GET and HEAD, counted and logged.
    pub(super) fn refuse_method(&self, head: &RequestHead, allowed: &'static str) -> Response<Bytes> {
        let response = answer_other_method(&head.method, allowed);
        let length = response.body().len() as u64;
        self.metrics
            .record_response(RequestKind::Other, response.status(), length, Duration::ZERO);
        let trace = RequestTrace {
            id: self.ids.next(),
            begun: Instant::now(),
            kind: RequestKind::Other,
            is_for_people: false,
        };
        self.log_when_sent(complete(response, &trace.id), &trace, head)
    }

    /// Has `response` written to the access log once it was sent, if the log is on.
    fn log_when_sent<B>(&self, mut response: Response<B>, trace: &RequestTrace, head: &RequestHead) -> Response<B> {
        if access::is_on() {
            let request = LoggedRequest {
                id: trace.id(),
                client: self.client(head),
                method: &head.method,
                path: head.path(),
                query: head.query(),
                version: head.version,
                headers: &head.headers,
            };
            let line = AccessLine::new(&request, trace.kind, response.status(), trace.begun.elapsed());
            response.extensions_mut().insert(OnSent::new(move |bytes| line.write(bytes)));
        }
        response
    }
}

fn peer(head: &RequestHead) -> Option<IpAddr> {
    head.peer.map(|peer| peer.ip())
}

/// The kind as which a request for `target` is counted.
fn kind(target: Option<&Target>) -> RequestKind {
    match target {
        Some(Target::Feed(..) | Target::Subscription(_)) => RequestKind::Feed,
        Some(Target::Listing | Target::Listed(_) | Target::Scopes(_) | Target::Events | Target::Description) => {
            RequestKind::Listing
        }
        Some(
            Target::Page(..)
            | Target::Year(..)
            | Target::Years
            | Target::Directory(_)
            | Target::Search
            | Target::Hub
            | Target::Style
            | Target::Icon
            | Target::RasterIcon
            | Target::Subscribe(_)
            | Target::Address(_),
        ) => RequestKind::Page,
        Some(Target::Media(_)) => RequestKind::Media,
        Some(Target::Outline | Target::Map(_) | Target::Robots) => RequestKind::Discovery,
        Some(Target::Health | Target::Readiness) => RequestKind::Health,
        Some(Target::Moved(_)) | None => RequestKind::Other,
    }
}

fn too_many_requests(wait: Duration) -> Response<Bytes> {
    let seconds = wait.as_secs() + 1;
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let detail = format!(
        "too many requests from your address: try again in {seconds} {unit}, or send If-None-Match with the ETag you have, which is \
         not limited"
    );
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, &detail);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Adds the id of the request and the fields of every response. Scripts of any site may read a response that is not confidential.
fn complete<B: From<Bytes>>(mut response: Response<B>, id: &RequestId) -> Response<B> {
    if let Some(problem) = response.extensions_mut().remove::<ProblemDetails>() {
        *response.body_mut() = problem.for_request(id.as_str()).into();
    }
    let is_confidential = response.extensions().get::<Confidential>().is_some();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_bytes(&id.0) {
        // a header that is kept with a document has all other fields already
        match headers.get_mut(reply::REQUEST_ID) {
            Some(field) => *field = id,
            None => {
                reply::add_common_fields(headers);
                headers.insert(reply::REQUEST_ID, id);
            }
        }
    }
    if is_confidential {
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    response
}

/// Makes ids of requests: they cannot be guessed, and are unique until the server ends.
#[derive(Debug, Default)]
struct RequestIds {
    seed: RandomState,
    next: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> RequestId {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let hash = self.seed.hash_one(self.next.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
        let mut id = [0; 16];
        for (digits, byte) in id.as_chunks_mut().0.iter_mut().zip(hash) {
            *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
        }
        RequestId(id)
    }
}

/// The id of one request: sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug)]
struct RequestId([u8; 16]);

impl RequestId {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}
