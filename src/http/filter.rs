//! The one warp filter: every request goes through it that is not answered before it ([`super::hot`]).
//!
//! It takes a request apart and has it answered, on a thread that may wait where that is needed, between the two ends of the
//! [`Door`]. What is answered is not decided here. Warp's own path filters are used only once the method is
//! known to be GET or HEAD: they panic at CONNECT before warp's next release.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8Path;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tokio::task::spawn_blocking;
use warp::Filter;
use warp::filters::path::FullPath;

use super::door::{Asked, Door};
use super::finished::is_finished;
use super::media::{self, Body};
use super::preview::{self, events};
use super::problem::problem;
use super::routes::{Request, answer_target};
use super::shared;
use super::target::Target;
use crate::site::{Reader, Site};
use crate::store::share_key::{self, Key};
use crate::time::Timestamp;

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
            async move { media::reply(read(site, door, Arc::new(reading)).await) }
        });
    let refuse = warp::method().map(move |method: Method| media::reply(refusing.refuse(&method)));
    read.or(refuse).unify()
}

/// Answers one request, and counts and logs the answer.
async fn read(site: Arc<Site>, door: Door, reading: Arc<Reading>) -> Response<Body> {
    let target = Target::read(reading.path.as_str());
    let asked = Asked {
        peer: reading.peer,
        method: &reading.method,
        path: reading.path.as_str(),
        query: &reading.query,
    };
    let (visit, refusal) = door.enter(asked, target.as_ref(), &reading.headers);
    let response = match refusal {
        Some(refusal) => refusal.map(Body::from),
        None => answered(Arc::clone(&site), &door, target, Arc::clone(&reading), visit.id.as_str()).await,
    };
    door.leave(&visit, &site, response, Body::length)
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

async fn answered(site: Arc<Site>, door: &Door, target: Option<Target>, asking: Arc<Reading>, id: &str) -> Response<Body> {
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
        target if preview.is_none() && is_finished(&site, target.as_ref(), &asking.at(now)) => {
            answer_target(&site, target.as_ref(), &asking.at(now)).map(Body::from)
        }
        target => {
            if let Some(events) = preview.filter(|_| asking.path.as_str() == events::PATH) {
                return events.answer(&asking.method, &door.stopping);
            }
            // a query is answered for its asker alone, and nobody waits for it
            let turn = match preview {
                None if asking.query.is_empty() => Some(door.turns.take(asking.path.as_str()).await),
                _ => None,
            };
            if turn.is_some() && is_finished(&site, target.as_ref(), &asking.at(now)) {
                return answer_target(&site, target.as_ref(), &asking.at(now)).map(Body::from);
            }
            let Ok(_permit) = Arc::clone(&door.makers).acquire_owned().await else {
                return stopping().map(Body::from);
            };
            let (library, state, is_preview) = (Arc::clone(&door.library), door.state.clone(), preview.is_some());
            let making = move || {
                let shared = || {
                    let asked = shared::Asked::read(asking.path.as_str())?;
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
