//! The one warp filter: every request goes through it that is not answered before it ([`super::fast_path`]).
//!
//! It takes a request apart and has it answered, on a thread that may wait where that is needed, between the two ends of the
//! [`RequestContext`]. What is answered is not decided here. Warp's own path filters are used only once the method is
//! known to be GET or HEAD: they panic at CONNECT before warp's next release.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use url::form_urlencoded;
use warp::Filter;
use warp::filters::path::FullPath;

use super::access;
use super::in_progress::Key;
use super::media::{self, Body};
use super::preview::{self, events};
use super::problem::problem;
use super::query;
use super::ready::is_ready;
use super::request_context::{Asked, RequestContext};
use super::routes::{LONGEST_QUERY, Request, answer_target, busy};
use super::shared;
use super::target::Target;
use crate::site::listing::QueryPart;
use crate::site::{Site, Viewer};
use crate::storage::{ShareKey, Storage};
use crate::time::Timestamp;

/// How long a search waits for those that run.
const SEARCH_PATIENCE: Duration = Duration::from_millis(500);

/// A request that reads, taken apart.
struct Reading {
    method: Method,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

/// The filter that answers every request from what `site` gives when it comes.
pub fn filter<S>(site: S, context: RequestContext) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let peer = warp::ext::optional::<super::server::Peer>().map(|peer: Option<super::server::Peer>| Some(peer?.0?.ip()));
    let refusing = context.clone();
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
            let (site, context) = (site(), context.clone());
            async move { media::reply(read(site, context, Arc::new(reading)).await) }
        });
    let refuse = warp::method()
        .and(warp::header::headers_cloned())
        .and(peer)
        .and(warp::ext::optional::<super::server::RequestTarget>())
        .map(
            move |method: Method, headers: HeaderMap, peer, target: Option<super::server::RequestTarget>| {
                let uri = target.map(|target| target.0).unwrap_or_default();
                let asked = Asked {
                    peer,
                    method: &method,
                    path: access::path(&uri),
                    query: uri.query().unwrap_or_default(),
                };
                media::reply(refusing.refuse(asked, &headers))
            },
        );
    read.or(refuse).unify()
}

/// Answers one request, and counts and logs the answer.
async fn read(site: Arc<Site>, context: RequestContext, reading: Arc<Reading>) -> Response<Body> {
    let target = Target::read(reading.path.as_str());
    let asked = Asked {
        peer: reading.peer,
        method: &reading.method,
        path: reading.path.as_str(),
        query: &reading.query,
    };
    let (visit, refusal) = context.enter(asked, target.as_ref(), &reading.headers);
    let response = match refusal {
        Some(refusal) => refusal.map(Body::from),
        None => answered(Arc::clone(&site), &context, target, Arc::clone(&reading), visit.id.as_str()).await,
    };
    context.leave(&visit, &site, response, Body::length)
}

impl Reading {
    fn at(&self, now: Timestamp) -> Request<'_> {
        Request {
            path: self.path.as_str(),
            query: &self.query,
            headers: &self.headers,
            now,
        }
    }
}

async fn answered(
    site: Arc<Site>,
    context: &RequestContext,
    target: Option<Target>,
    asking: Arc<Reading>,
    id: &str,
) -> Response<Body> {
    let now = Timestamp::now();
    let preview = context.preview.as_ref();
    if let Some(refusal) = preview.and_then(|preview| preview.key.refusal(asking.path.as_str(), &asking.query, &asking.headers)) {
        return refusal.map(Body::from);
    }
    match target {
        // a disk may keep one waiting: nobody else waits for it
        Some(Target::Media(file)) => {
            let (library, is_preview) = (Arc::clone(&context.library), preview.is_some());
            let opening = move || {
                let reader = if is_preview { Viewer::Author } else { Viewer::Public };
                let response = library.answer((&site, reader), &file, &asking.method, &asking.headers, now);
                if is_preview {
                    preview::confidential(response)
                } else {
                    response
                }
            };
            spawn_blocking(opening).await.unwrap_or_else(|_| internal_error(id))
        }
        Some(Target::Readiness) if context.stopping.is_cancelled() => stopping().map(Body::from),
        target if preview.is_none() && is_ready(&site, target.as_ref(), &asking.at(now)) => {
            answer_target(&site, target.as_ref(), &asking.at(now)).map(Body::from)
        }
        target => {
            if let Some(preview) = preview.filter(|_| asking.path.as_str() == events::PATH) {
                return preview.events.answer(&asking.method, &context.stopping);
            }
            let work = work(&site, target.as_ref(), &asking.query);
            let mut making = None;
            if let Work::Document(key) = &work
                && preview.is_none()
            {
                making = context.in_progress.begin((**key).clone()).await;
                if making.is_none() && is_ready(&site, target.as_ref(), &asking.at(now)) {
                    return answer_target(&site, target.as_ref(), &asking.at(now)).map(Body::from);
                }
            }
            let permit = if let Work::Search = work {
                let permit = Arc::clone(&context.searches).acquire_owned();
                let Ok(permit) = timeout(SEARCH_PATIENCE, permit).await else {
                    return busy().map(Body::from);
                };
                permit
            } else {
                Arc::clone(&context.makers).acquire_owned().await
            };
            let Ok(permit) = permit else {
                return stopping().map(Body::from);
            };
            let (library, storage, is_preview) = (Arc::clone(&context.library), context.storage.clone(), preview.is_some());
            let answering = move || {
                // both are held until the work is done, though the client may have left by then
                let _held = (permit, making);
                let shared = || {
                    let asked = shared::Asked::read(asking.path.as_str())?;
                    let key = key(storage.as_ref()?)?;
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
            spawn_blocking(answering).await.unwrap_or_else(|_| internal_error(id))
        }
    }
}

/// What a request takes that is not answered at once.
enum Work {
    /// A search.
    Search,
    /// A document that several requests may want at once.
    Document(Box<Key>),
    /// Anything else.
    Other,
}

fn work(site: &Site, target: Option<&Target>, query: &str) -> Work {
    match target {
        Some(Target::Search) => {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let is_asked = pairs.any(|(name, value)| name == "q" && !value.trim().is_empty());
            if is_asked { Work::Search } else { Work::Other }
        }
        Some(Target::Listing) if query.len() <= LONGEST_QUERY => match query::read(query, site.config().list.per_page) {
            Ok(query) if matches!(query.part, QueryPart::Search(..)) => Work::Search,
            Ok(query) => Work::Document(Box::new(Key::Listing(site.built(), query))),
            Err(_) => Work::Other,
        },
        Some(Target::Listing) | None => Work::Other,
        Some(target) => Work::Document(Box::new(Key::Target(site.built(), target.clone()))),
    }
}

/// The key of shared drafts. It is read for each request, so that a replaced key stops working at once.
fn key(storage: &Storage) -> Option<ShareKey> {
    storage.share_key().unwrap_or_else(|error| {
        tracing::warn!("shared drafts cannot be shown: {error}");
        None
    })
}

fn internal_error(id: &str) -> Response<Body> {
    tracing::error!(id, "a request could not be answered");
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong on the server; its log says more",
    )
    .map(Body::from)
}

fn stopping() -> Response<Bytes> {
    let mut response = problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "the server is stopping; try again in a few seconds",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
