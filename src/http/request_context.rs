//! What every request meets, whoever answers it: a name, the pace of its client, the count and the log, and what all answers say.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access;
use super::error_page;
use super::in_progress::InProgress;
use super::media::Library;
use super::preview::{Confidential, Preview};
use super::problem::{Problem, problem};
use super::rate_limit::RateLimit;
use super::reply;
use super::routes::other_method;
use super::server::OnSent;
use super::target::Target;
use crate::config::Config;
use crate::metrics::{Metrics, RequestKind};
use crate::site::Site;
use crate::storage::Storage;

/// What requests are answered with, beside the site.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The files beside posts.
    pub library: Arc<Library>,
    /// What counts the answers.
    pub metrics: Arc<Metrics>,
    /// Who asks too often.
    pub pace: RateLimit,
    /// Cancelled once no more requests should be sent here.
    pub stopping: CancellationToken,
    /// Where the key of shared drafts is.
    pub(super) storage: Option<Storage>,
    /// Present only where the author's preview is answered, never for the public listener.
    pub(super) preview: Option<Preview>,
    /// Documents that are not finished yet are made on as many threads as there are cores, however many requests want them.
    pub makers: Arc<Semaphore>,
    /// Searches have fewer threads, and none that documents could use, so that slow searches and the making of the search index delay
    /// no page.
    pub searches: Arc<Semaphore>,
    pub(super) in_progress: Arc<InProgress>,
    ids: Arc<Ids>,
}

impl RequestContext {
    /// The door of a site with these files.
    #[must_use]
    pub fn new(config: &Config, library: Library, metrics: Arc<Metrics>, stopping: CancellationToken) -> RequestContext {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        RequestContext {
            library: Arc::new(library),
            metrics,
            pace: RateLimit::new(config.pace.clone()),
            stopping,
            storage: Storage::configured(config),
            preview: None,
            makers: Arc::new(Semaphore::new(cores)),
            searches: Arc::new(Semaphore::new((cores / 2).max(1))),
            in_progress: Arc::default(),
            ids: Arc::default(),
        }
    }

    /// The same for the author's preview, which has a listener of its own.
    #[must_use]
    pub fn previewing(self, preview: Preview) -> RequestContext {
        RequestContext {
            preview: Some(preview),
            ..self
        }
    }
}

/// A request that reads, from when it came until its answer goes.
#[derive(Debug)]
pub(super) struct RequestParts<'a> {
    pub(super) id: Id,
    begun: Instant,
    kind: RequestKind,
    is_for_people: bool,
    asked: Asked<'a>,
    headers: &'a HeaderMap,
}

/// What is told of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) peer: Option<IpAddr>,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl RequestContext {
    /// Takes in a request for `target`; with it the answer, if its client asks too often.
    pub(super) fn enter<'a>(
        &self,
        asked: Asked<'a>,
        target: Option<&Target>,
        headers: &'a HeaderMap,
    ) -> (RequestParts<'a>, Option<Response<Bytes>>) {
        let visit = RequestParts {
            id: self.ids.next(),
            begun: Instant::now(),
            kind: kind(target),
            is_for_people: error_page::is_for_people(target),
            asked,
            headers,
        };
        // probes and the way to another address cost nothing, and are never refused
        let admitted = match visit.kind {
            RequestKind::Health | RequestKind::Other => Ok(()),
            // the author's own pages reload at every change
            _ if self.preview.is_some() => Ok(()),
            _ => self.pace.admit(asked.peer, headers, visit.begun),
        };
        (visit, admitted.err().map(too_often))
    }

    /// Finishes the answer of a visit and counts it; it is logged once it was sent. `length` is that of a body.
    pub(super) fn leave<B: From<Bytes>>(
        &self,
        visit: &RequestParts<'_>,
        site: &Site,
        response: Response<B>,
        length: impl FnOnce(&B) -> u64,
    ) -> Response<B> {
        let is_problem = response.extensions().get::<Problem>().is_some();
        let response = if is_problem && error_page::is_told_in_a_page(visit.is_for_people, visit.headers) {
            error_page::of_server(|| site.home(), response)
        } else {
            response
        };
        let method = visit.asked.method;
        let (status, took) = (response.status(), visit.begun.elapsed());
        let bytes = if method == Method::HEAD { 0 } else { length(response.body()) };
        self.metrics.record_response(visit.kind, status, bytes, took);
        let response = finished(response, &visit.id);
        self.logged(response, visit)
    }

    /// `response`, which is written to the access log once it was sent, where that is wanted.
    fn logged<B>(&self, mut response: Response<B>, visit: &RequestParts<'_>) -> Response<B> {
        if access::is_on() {
            let asked = access::Asked {
                id: visit.id.as_str(),
                client: visit.asked.peer.map(|peer| self.pace.client(peer, visit.headers)),
                method: visit.asked.method,
                path: visit.asked.path,
                query: visit.asked.query,
            };
            let line = access::Line::new(&asked, visit.kind, response.status(), visit.begun.elapsed());
            response.extensions_mut().insert(OnSent::new(move |bytes| line.write(bytes)));
        }
        response
    }

    /// The answer to a request that does not read, counted and logged.
    pub(super) fn refuse<B: From<Bytes>>(&self, asked: Asked<'_>, headers: &HeaderMap) -> Response<B> {
        let response = other_method(asked.method);
        let length = response.body().len() as u64;
        self.metrics
            .record_response(RequestKind::Other, response.status(), length, Duration::ZERO);
        let visit = RequestParts {
            id: self.ids.next(),
            begun: Instant::now(),
            kind: RequestKind::Other,
            is_for_people: false,
            asked,
            headers,
        };
        let response = finished(response.map(B::from), &visit.id);
        self.logged(response, &visit)
    }
}

/// What `target` asks for, as it is counted.
fn kind(target: Option<&Target>) -> RequestKind {
    match target {
        Some(Target::Feed(..) | Target::Subscription(_)) => RequestKind::Feed,
        Some(Target::Listing | Target::Listed(_) | Target::Scopes(_) | Target::Description) => RequestKind::Listing,
        Some(
            Target::Page(..)
            | Target::Year(..)
            | Target::Years
            | Target::Directory(_)
            | Target::Search
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

fn too_often(wait: Duration) -> Response<Bytes> {
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

/// `response` with what every answer says: it may be read by scripts of any site unless it
/// is confidential, is what it says it is, and has a name.
fn finished<B: From<Bytes>>(mut response: Response<B>, id: &Id) -> Response<B> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.told_of(id.as_str()).into();
    }
    let is_confidential = response.extensions().get::<Confidential>().is_some();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_bytes(&id.0) {
        // what is kept with a document says all the rest already
        match headers.get_mut(reply::REQUEST_ID) {
            Some(name) => *name = id,
            None => {
                reply::open(headers);
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

/// Names for requests: not guessable, and no two alike in one run.
#[derive(Debug, Default)]
struct Ids {
    seed: RandomState,
    next: AtomicU64,
}

impl Ids {
    fn next(&self) -> Id {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let hash = self.seed.hash_one(self.next.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
        let mut id = [0; 16];
        for (digits, byte) in id.as_chunks_mut().0.iter_mut().zip(hash) {
            *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
        }
        Id(id)
    }
}

/// The name of one request: sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id([u8; 16]);

impl Id {
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}
