//! The operator's address: how the site and its watching are, for machines and for people.
//!
//! `/status` says it as JSON, or as a page where the client would rather have HTML; `/metrics` in the text format of Prometheus.
//! There is nothing to change here, and nothing that may be kept.

mod page;
mod status;

use std::convert::Infallible;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use warp::Filter;
use warp::filters::path::FullPath;

use super::problem::problem;
use crate::metrics::MEDIA_TYPE;

pub use self::status::{Held, Released, Scheduled, ServerStatus, Watch};

/// The filter that answers the operator: with what `status` and `metrics` give at that moment.
///
/// Where it listens for this machine alone (`is_local`), only requests that name this machine are answered: a page of another site
/// can make its own name lead here, and would then read what is answered (DNS rebinding).
pub fn routes<S, M>(
    status: S,
    metrics: M,
    is_local: bool,
) -> impl Filter<Extract = (Response<Bytes>,), Error = Infallible> + Clone
where
    S: Fn() -> ServerStatus + Clone + Send + Sync + 'static,
    M: Fn() -> String + Clone + Send + Sync + 'static,
{
    let read = warp::get()
        .or(warp::head())
        .unify()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .map(move |path: FullPath, headers: HeaderMap| match path.as_str() {
            _ if is_local && !names_an_address(&headers) => problem(
                StatusCode::MISDIRECTED_REQUEST,
                "ask for this by its IP address or as localhost",
            ),
            "/status" | "/" if wants_page(&headers) => answer("text/html; charset=utf-8", page::page(&status())),
            "/status" => answer("application/json", format!("{:#}\n", status().json())),
            "/metrics" => answer(MEDIA_TYPE, metrics()),
            _ => problem(StatusCode::NOT_FOUND, "here are /status and /metrics"),
        });
    read.or(warp::method().map(|method| super::routes::other_method(&method)))
        .unify()
}

/// Whether `Host` is an IP address or `localhost`: names that no other site can make its own.
fn names_an_address(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let name = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    name.is_some_and(|name| {
        let name = name.host().trim_matches(['[', ']']);
        name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
    })
}

/// Whether the client is a browser: no other program asks for HTML by name before anything else.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn answer(media_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
