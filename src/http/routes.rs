//! Which address answers what.
//!
//! One warp filter takes a request's method, path, query and headers; what is answered is an ordinary function of those and of the
//! site as it stands. Warp's own path filters are not used: they neither decode paths nor know HEAD, and before warp's next release
//! they panic at CONNECT.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio::sync::Semaphore;
use warp::Filter;
use warp::filters::path::FullPath;

use super::conditional::none_match_has;
use super::problem::problem;
use super::query::Query;
use super::target::Target;
use crate::render::encode::Document;
use crate::site::Site;

/// A longer path is refused: nothing here has one.
const LONGEST_PATH: usize = 4096;
/// Of a query that is longer nothing is read.
const LONGEST_QUERY: usize = 4096;

/// The filter that answers every request from what `site` gives when it comes.
pub fn routes<S>(site: S) -> impl Filter<Extract = (Response<Bytes>,), Error = Infallible> + Clone
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    // documents that are not finished yet are made on as many threads as there are cores, however many requests want them
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let makers = Arc::new(Semaphore::new(cores));
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let read = warp::get()
        .or(warp::head())
        .unify()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and_then(move |path: FullPath, query: String, headers: HeaderMap| {
            let (site, makers) = (site(), Arc::clone(&makers));
            async move {
                let Ok(_permit) = makers.acquire_owned().await else {
                    return Ok(internal_error());
                };
                let answer = move || answer(&site, path.as_str(), &query, &headers);
                let response = tokio::task::spawn_blocking(answer).await.unwrap_or_else(|_| internal_error());
                Ok::<_, warp::Rejection>(response)
            }
        });
    // the method is looked at before any path: CONNECT has none
    read.or(warp::any().map(refused_method)).unify()
}

fn internal_error() -> Response<Bytes> {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "something went wrong here; it has been written down",
    )
}

/// What a request gets that neither reads nor asks for a header.
pub(super) fn refused_method() -> Response<Bytes> {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// The answer of `site` to GET `path`?`query`.
#[must_use]
pub fn answer(site: &Site, path: &str, query: &str, headers: &HeaderMap) -> Response<Bytes> {
    if path.len() > LONGEST_PATH || query.len() > LONGEST_QUERY {
        return problem(
            StatusCode::URI_TOO_LONG,
            "an address here has at most 4096 bytes of path and of query",
        );
    }
    let Some(target) = Target::read(path) else {
        return problem(StatusCode::BAD_REQUEST, "the path is not percent-encoded UTF-8");
    };
    let found = match target {
        Target::Feed(scope, place, format) => site.feed(&scope, place, format).map(|document| finished(&document, headers)),
        Target::Page(scope, number) => site.page(&scope, number).map(|document| page(&document, headers)),
        Target::Listing => Some(listing(site, query, headers)),
        Target::Health => Some(health()),
        Target::Address(address) => site.post_page(&address).map(|document| page(&document, headers)),
    };
    found.unwrap_or_else(|| problem(StatusCode::NOT_FOUND, "there is nothing at this address"))
}

fn listing(site: &Site, query: &str, headers: &HeaderMap) -> Response<Bytes> {
    match Query::read(query, site.config().list.per_page) {
        Ok(Query {
            filter,
            page,
            per_page,
            kept,
        }) => {
            let (document, links) = site.listing(&filter, &kept, page, per_page);
            let mut response = finished(&document, headers);
            if let Some(Ok(links)) = links.map(HeaderValue::try_from) {
                response.headers_mut().insert(header::LINK, links);
            }
            response
        }
        Err(detail) => problem(StatusCode::BAD_REQUEST, &detail),
    }
}

fn health() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"ok\n"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `document` as an answer, or 304 if the client has it.
fn finished(document: &Document, headers: &HeaderMap) -> Response<Bytes> {
    let sent = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let has_it = none_match_has(sent, &document.etag);
    let mut response = Response::new(if has_it { Bytes::new() } else { document.bytes.clone() });
    if has_it {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    }
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(document.etag.as_str()) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page for people: what authors wrote may show pictures and play sounds, and run nothing.
fn page(document: &Document, headers: &HeaderMap) -> Response<Bytes> {
    let mut response = finished(document, headers);
    let policy = "default-src 'none'; img-src * data:; media-src *; style-src 'self'; base-uri 'none'; form-action 'self'; \
                  frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    );
    response
}
