//! The one warp filter: every request goes through it, and every answer comes out of it.
//!
//! It takes a request apart, keeps its client's pace, has it answered on a thread that may wait where that is needed, and gives the
//! answer what all answers have. What is answered is not decided here. Warp's own path filters are used only once the method is
//! known to be GET or HEAD: they panic at CONNECT before warp's next release.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::filters::path::FullPath;

use super::access;
use super::fault;
use super::media::{self, Body, Library};
use super::pace::Pace;
use super::preview::{self, Confidential, events, events::Events};
use super::problem::{Problem, problem};
use super::routes::{Request, answer_target, is_finished, other_method};
use super::shared::Asked;
use super::target::Target;
use crate::config::Config;
use crate::metrics::{Kind, Metrics};
use crate::site::{Reader, Site};
use crate::store::share_key::{self, Key};
use crate::time::Timestamp;

/// The name under which the log and a problem tell of one request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What requests are answered with, beside the site.
#[derive(Clone, Debug)]
pub struct Door {
    /// The files beside posts.
    pub library: Arc<Library>,
    /// What counts the answers.
    pub metrics: Arc<Metrics>,
    /// Who asks too often.
    pub pace: Pace,
    /// Cancelled once no more requests should be sent here.
    pub stopping: CancellationToken,
    /// Where the key of shared drafts is.
    state: Option<Utf8PathBuf>,
    /// Who tells open pages of news, where the author looks at them.
    preview: Option<Events>,
    /// Documents that are not finished yet are made on as many threads as there are cores, however many requests want them.
    makers: Arc<Semaphore>,
    ids: Arc<Ids>,
}

impl Door {
    /// The door of a site with these files.
    #[must_use]
    pub fn new(config: &Config, library: Library, metrics: Arc<Metrics>, stopping: CancellationToken) -> Door {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Door {
            library: Arc::new(library),
            metrics,
            pace: Pace::new(config.pace.clone()),
            stopping,
            state: config.state.dir.clone(),
            preview: None,
            makers: Arc::new(Semaphore::new(cores)),
            ids: Arc::default(),
        }
    }

    /// The same door for the author of the posts, who is shown what is not published; `events` tell of each new site.
    #[must_use]
    pub fn previewing(self, events: Events) -> Door {
        Door {
            preview: Some(events),
            ..self
        }
    }
}

/// A request that reads, taken apart.
struct Reading {
    method: Method,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

/// The filter that answers every request from what `site` gives when it comes.
pub fn filter<S>(site: S, door: Door) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let peer = warp::ext::optional::<super::server::Peer>().map(|peer: Option<super::server::Peer>| Some(peer?.0?.ip()));
    let refusing = door.clone();
    let read = warp::get()
        .or(warp::head())
        .unify()
        .and(warp::method())
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(peer)
        .map(|method, path, query, headers, peer| Reading {
            method,
            path,
            query,
            headers,
            peer,
        })
        .then(move |reading: Reading| {
            let (site, door) = (site(), door.clone());
            async move { read(site, door, reading).await }
        });
    let refuse = warp::method().map(move |method: Method| {
        let response = other_method(&method).map(Body::from);
        refusing
            .metrics
            .answered(Kind::Other, response.status(), response.body().length(), Duration::ZERO);
        media::reply(finished(response, &refusing.ids.next()))
    });
    read.or(refuse).unify()
}

/// Answers one request, and counts and logs the answer.
async fn read(site: Arc<Site>, door: Door, reading: Reading) -> warp::reply::Response {
    let Reading {
        method,
        path,
        query,
        headers,
        peer,
    } = reading;
    let (begun, id) = (Instant::now(), door.ids.next());
    let target = Target::read(path.as_str());
    let kind = kind(target.as_ref());
    let home = fault::is_told_in_a_page(target.as_ref(), &headers).then(|| site.home());
    // probes and the way to another address cost nothing, and are never refused
    let admitted = match kind {
        Kind::Health | Kind::Other => Ok(()),
        _ => door.pace.admit(peer, &headers, begun),
    };
    let response = match admitted {
        Err(wait) => too_often(wait).map(Body::from),
        Ok(()) => {
            let asking = Asking {
                method: method.clone(),
                path: path.as_str().to_owned(),
                query: query.clone(),
                headers,
            };
            answered(site, &door, target, asking, &id).await
        }
    };
    let response = match home {
        Some(home) => fault::of_server(&home, response),
        None => response,
    };
    let (status, took) = (response.status(), begun.elapsed());
    let bytes = if method == Method::HEAD { 0 } else { response.body().length() };
    door.metrics.answered(kind, status, bytes, took);
    access::answered(
        &access::Asked {
            id: &id,
            peer,
            method: &method,
            path: path.as_str(),
            query: &query,
        },
        kind,
        status,
        bytes,
        took,
    );
    media::reply(finished(response, &id))
}

/// What is answered of a request: where that may take a while, on a thread of its own.
struct Asking {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
}

impl Asking {
    fn at(&self, now: Timestamp) -> Request<'_> {
        Request {
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            now,
        }
    }
}

async fn answered(site: Arc<Site>, door: &Door, target: Option<Target>, asking: Asking, id: &str) -> Response<Body> {
    let now = Timestamp::now();
    let preview = door.preview.as_ref().filter(|_| preview::is_here(&asking.headers));
    match target {
        // a disk may keep one waiting: nobody else waits for it
        Some(Target::Media(file)) => {
            let (library, is_preview) = (Arc::clone(&door.library), preview.is_some());
            let opening = move || {
                let reader = if is_preview { Reader::Author } else { Reader::World };
                let response = library.answer((&site, reader), &file, &asking.method, &asking.headers, now);
                if is_preview {
                    preview::confidential(response)
                } else {
                    response
                }
            };
            spawn_blocking(opening).await.unwrap_or_else(|_| internal_error(id))
        }
        Some(Target::Readiness) if door.stopping.is_cancelled() => stopping().map(Body::from),
        target if is_finished(&asking.path, &asking.headers) => {
            answer_target(&site, target.as_ref(), &asking.at(now)).map(Body::from)
        }
        target => {
            if let Some(events) = preview.filter(|_| asking.path == events::PATH) {
                return events.answer(&asking.method, &door.stopping);
            }
            let Ok(_permit) = Arc::clone(&door.makers).acquire_owned().await else {
                return stopping().map(Body::from);
            };
            let (library, state, is_preview) = (Arc::clone(&door.library), door.state.clone(), preview.is_some());
            let making = move || {
                let shared = || {
                    let asked = Asked::read(&asking.path)?;
                    let key = key(state.as_deref()?)?;
                    asked.answer(&key, (&site, &library), &asking.method, &asking.headers, now)
                };
                let own = || {
                    let request = asking.at(now);
                    let answer = if is_preview {
                        preview::answer(&site, &request)
                    } else {
                        answer_target(&site, target.as_ref(), &request)
                    };
                    answer.map(Body::from)
                };
                shared().unwrap_or_else(own)
            };
            spawn_blocking(making).await.unwrap_or_else(|_| internal_error(id))
        }
    }
}

/// The key of shared drafts in the state folder `dir`. It is read anew each time: another takes the place of the last at once.
fn key(dir: &Utf8Path) -> Option<Key> {
    share_key::read(dir).unwrap_or_else(|error| {
        tracing::warn!("shared drafts cannot be shown: {error}");
        None
    })
}

/// What `target` asks for, as it is counted.
fn kind(target: Option<&Target>) -> Kind {
    match target {
        Some(Target::Feed(..) | Target::Subscription(_)) => Kind::Feed,
        Some(Target::Listing | Target::Listed(_) | Target::Scopes(_) | Target::Description) => Kind::Listing,
        Some(
            Target::Page(..)
            | Target::Year(..)
            | Target::Years
            | Target::Directory(_)
            | Target::Search
            | Target::Style
            | Target::Icon
            | Target::Subscribe(_)
            | Target::Address(_),
        ) => Kind::Page,
        Some(Target::Media(_)) => Kind::Media,
        Some(Target::Outline | Target::Map(_) | Target::Robots) => Kind::Discovery,
        Some(Target::Health | Target::Readiness) => Kind::Health,
        Some(Target::Moved(_)) | None => Kind::Other,
    }
}

fn internal_error(id: &str) -> Response<Body> {
    tracing::error!(id, "a request could not be answered");
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong here; it has been written down",
    )
    .map(Body::from)
}

fn stopping() -> Response<Bytes> {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "the server is about to stop");
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn too_often(wait: Duration) -> Response<Bytes> {
    let detail = "this is asked for too often; ask with If-None-Match, which is never refused, or later";
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, detail);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    response
}

/// `response` with what every answer says: it may be read by scripts of any site unless it
/// is confidential, is what it says it is, and has a name.
fn finished(mut response: Response<Body>, id: &str) -> Response<Body> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.told_of(id).into();
    }
    let is_confidential = response.extensions().get::<Confidential>().is_some();
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_confidential {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let exposed = HeaderValue::from_static("Content-Location, ETag, Last-Modified, Link, Retry-After, X-Request-Id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
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
    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.seed.hash_one(number))
    }
}
