//! The operator's address: status and metrics.
//!
//! `/status` is JSON, or a page for clients that prefer HTML. `/status.atom` is a feed of the problems. `/metrics` is in the text format of
//! Prometheus. Only `feedmill push` can change something here: it ends subscriptions, or has a feed sent. No response may be cached.

mod page;
mod problem_feed;
mod status;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use tokio::task::spawn_blocking;
use warp::Filter;

use url::form_urlencoded;

use super::host::host_name;
use super::problem::problem;
use super::routes::{READING, answer_other_method};
use super::server::{RequestHead, request_head};
use crate::metrics::MEDIA_TYPE;
use crate::push::hub::Hub;
use crate::render::Format;

pub use self::problem_feed::ProblemFeed;
pub use self::status::{ConfigStatus, HeldPost, PublishedStatus, ScheduledPost, ServerStatus, WatchStatus};

/// The header field of requests of `feedmill push`.
pub const PUSH_HEADER: &str = "x-feedmill-push";

/// Returns the filter that answers the operator with what `status` and `metrics` return at that moment, and with the feed of `problems`.
///
/// Where it listens for this machine alone (`is_local`), it answers only requests that name this machine: a page of another site can have
/// its own name resolve to it, and would then read the responses (DNS rebinding).
pub fn routes<S, M>(
    status: S,
    metrics: M,
    problems: Arc<ProblemFeed>,
    hub: Option<Arc<Hub>>,
    is_local: bool,
) -> impl Filter<Extract = (Response<Bytes>,), Error = Infallible> + Clone
where
    S: Fn() -> ServerStatus + Clone + Send + Sync + 'static,
    M: Fn() -> String + Clone + Send + Sync + 'static,
{
    request_head().then(move |head: Arc<RequestHead>| {
        let (status, metrics, problems) = (status.clone(), metrics.clone(), Arc::clone(&problems));
        let hub = hub.clone();
        async move {
            let command = hub.filter(|_| head.method == Method::POST && head.path().starts_with("/push/"));
            if command.is_none() && !matches!(head.method, Method::GET | Method::HEAD) {
                return answer_other_method(&head.method, READING);
            }
            if is_local && !names_an_address(&head.headers) {
                let detail = "ask for this by its IP address or as localhost";
                return problem(StatusCode::MISDIRECTED_REQUEST, detail);
            }
            if let Some(hub) = command {
                return answer_command(&hub, &head);
            }
            match head.path() {
                "/status" | "/" if wants_page(&head.headers) => answer("text/html; charset=utf-8", page::page(&status())),
                "/status" => answer("application/json", format!("{:#}\n", status().json())),
                "/status.atom" => answer_feed(move || problems.document(&status())).await,
                "/metrics" => answer(MEDIA_TYPE, metrics()),
                _ => problem(StatusCode::NOT_FOUND, "here are /status, /status.atom and /metrics"),
            }
        }
    })
}

/// Does what `feedmill push` asks for.
///
/// A page of another site can have a browser send a form here, but not a field of its own: only programs send [`PUSH_HEADER`].
fn answer_command(hub: &Arc<Hub>, head: &RequestHead) -> Response<Bytes> {
    if !head.headers.contains_key(PUSH_HEADER) {
        return problem(StatusCode::FORBIDDEN, "this is for `feedmill push`");
    }
    let mut pairs = form_urlencoded::parse(head.query().as_bytes());
    let mut value = |name: &str| pairs.find(|(found, _)| found == name).map(|(_, value)| value);
    let counted = |count: usize| format!("{count} {}", if count == 1 { "subscription" } else { "subscriptions" });
    match (head.path(), value(if head.path() == "/push/drop" { "host" } else { "topic" })) {
        ("/push/drop", Some(host)) => {
            let ended = hub.drop_host(&host);
            answer("text/plain; charset=utf-8", format!("{} of {host} ended\n", counted(ended)))
        }
        ("/push/test", Some(path)) => match hub.test_path(&path) {
            Some(count) => {
                let text = format!("{path} is being sent for {}; /status shows the outcome\n", counted(count));
                answer("text/plain; charset=utf-8", text)
            }
            None => problem(
                StatusCode::NOT_FOUND,
                "there is no such feed; write its path, such as /atom.xml",
            ),
        },
        _ => problem(StatusCode::NOT_FOUND, "here are /push/drop?host= and /push/test?topic="),
    }
}

/// Answers with the feed that `document` returns, which may wait for a disk.
async fn answer_feed(document: impl FnOnce() -> String + Send + 'static) -> Response<Bytes> {
    match spawn_blocking(document).await {
        Ok(document) => answer(Format::Atom.media_type(), document),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the feed cannot be created; the log says why",
        ),
    }
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
