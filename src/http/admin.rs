//! The operator's address: status and metrics.
//!
//! `/status` is JSON, or a page for clients that prefer HTML. `/metrics` is in the text format of Prometheus. Nothing can be changed here,
//! and no response may be cached.

mod page;
mod status;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use warp::Filter;

use super::host::host_name;
use super::problem::problem;
use super::routes::answer_other_method;
use super::server::{RequestHead, request_head};
use crate::metrics::MEDIA_TYPE;

pub use self::status::{ConfigStatus, HeldPost, PublishedStatus, ScheduledPost, ServerStatus, WatchStatus};

/// Returns the filter that answers the operator with what `status` and `metrics` return at that moment.
///
/// Where it listens for this machine alone (`is_local`), it answers only requests that name this machine: a page of another site can have
/// its own name resolve to it, and would then read the responses (DNS rebinding).
pub fn routes<S, M>(
    status: S,
    metrics: M,
    is_local: bool,
) -> impl Filter<Extract = (Response<Bytes>,), Error = Infallible> + Clone
where
    S: Fn() -> ServerStatus + Clone + Send + Sync + 'static,
    M: Fn() -> String + Clone + Send + Sync + 'static,
{
    request_head().map(move |head: Arc<RequestHead>| {
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return answer_other_method(&head.method);
        }
        match head.path() {
            _ if is_local && !names_an_address(&head.headers) => problem(
                StatusCode::MISDIRECTED_REQUEST,
                "ask for this by its IP address or as localhost",
            ),
            "/status" | "/" if wants_page(&head.headers) => answer("text/html; charset=utf-8", page::page(&status())),
            "/status" => answer("application/json", format!("{:#}\n", status().json())),
            "/metrics" => answer(MEDIA_TYPE, metrics()),
            _ => problem(StatusCode::NOT_FOUND, "here are /status and /metrics"),
        }
    })
}

/// Whether `Host` is an IP address or `localhost`: no other site can take such a name.
fn names_an_address(headers: &HeaderMap) -> bool {
    host_name(headers).is_some_and(|name| name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost"))
}

/// Whether the client is a browser: only browsers ask for HTML first.
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
