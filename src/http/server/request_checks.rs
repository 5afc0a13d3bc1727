//! The checks between a connection and the service.
//!
//! No request reaches the service that HTTP/1.1 forbids, that is incomplete, or that is larger than allowed. No panic of the service
//! reaches the connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::Service;
use tokio_util::sync::CancellationToken;

use super::body::{FullBody, ServerBody, TrackedBody};
use super::date::date;
use super::host;
use super::on_sent::OnSent;
use super::request_head::RequestHead;
use super::timeouts::ConnectionTimeouts;
use crate::config::ServerSettings;
use crate::http::access::{self, AccessLine, LoggedRequest};
use crate::http::problem::problem;
use crate::metrics::RequestKind;
use crate::time::Timestamp;

/// The longest target of a request, in bytes (414). RFC 9112, section 3, wants 8000 at least.
const LONGEST_TARGET: usize = 8 * 1024;

/// The checks of one connection, and the service behind them.
#[derive(Debug)]
pub(super) struct RequestChecks<S> {
    pub(super) service: S,
    pub(super) peer: Option<SocketAddr>,
    pub(super) settings: Arc<ServerSettings>,
    pub(super) timeouts: Arc<ConnectionTimeouts>,
    /// Cancelled once the listener takes no more requests.
    pub(super) stopping: Arc<CancellationToken>,
    /// Whether the server stops, so that no further requests are wanted.
    pub(super) is_stopping: AtomicBool,
    /// Whether a request was refused before all of it was read.
    pub(super) has_refused: AtomicBool,
}

/// The service that hyper calls.
#[derive(Debug)]
pub(super) struct CheckedService<S>(pub(super) Arc<RequestChecks<S>>);

impl<S, B> Service<Request<Incoming>> for CheckedService<S>
where
    S: Service<Request<FullBody>, Response = Response<B>, Error = Infallible> + Send + Sync + 'static,
    S::Future: Send,
    B: 'static,
{
    type Response = Response<TrackedBody<ServerBody<B>>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.0.timeouts.request_begins();
        let checks = Arc::clone(&self.0);
        Box::pin(async move { Ok(checks.respond(request).await) })
    }
}

impl<S, B> RequestChecks<S>
where
    S: Service<Request<FullBody>, Response = Response<B>, Error = Infallible>,
{
    /// Returns the response of the service, or the reason for which the service does not get the request.
    async fn respond(&self, request: Request<Incoming>) -> Response<TrackedBody<ServerBody<B>>> {
        let received = Instant::now();
        let (parts, body) = request.into_parts();
        let mut head = RequestHead::new(parts, self.peer, Arc::clone(&self.stopping));
        let checked = match self.refusal(&head) {
            None if body.is_end_stream() => Ok(Bytes::new()),
            None => self.read_body(body).await,
            Some(refusal) => Err(refusal),
        };
        let checked = checked.map(|body| head.body = body);
        let head = Arc::new(head);
        let response = match checked {
            Ok(()) => without_panic(async { self.service.call(head.to_request(FullBody::from(head.body.clone()))).await }).await,
            Err(refusal) => {
                self.has_refused.store(true, Ordering::Relaxed);
                refusal.map(ServerBody::from)
            }
        };
        let response = log_response(response, &head, received);
        self.finish(response)
    }

    /// Adds what every response has, and tells the connection where it is the last one.
    fn finish(&self, mut response: Response<ServerBody<B>>) -> Response<TrackedBody<ServerBody<B>>> {
        if self.has_refused.load(Ordering::Relaxed) || self.is_stopping.load(Ordering::Relaxed) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        if let Some(date) = date(Timestamp::now()) {
            response.headers_mut().insert(header::DATE, date);
        }
        let on_sent = response.extensions_mut().remove::<OnSent>();
        self.timeouts.response_begins();
        response.map(|body| TrackedBody::new(body, Arc::clone(&self.timeouts), on_sent))
    }

    /// Returns the response to a request that must not reach the service.
    fn refusal(&self, head: &RequestHead) -> Option<Response<Bytes>> {
        if !host::is_valid(head.version, &head.headers) {
            return Some(problem(
                StatusCode::BAD_REQUEST,
                "a request must have exactly one Host field, with a valid host",
            ));
        }
        // an authority alone is CONNECT's form (RFC 9112, section 3.2.3); warp's path filters panic at it
        let target = head.uri.path_and_query();
        if target.is_none() && head.method != Method::CONNECT {
            return Some(problem(StatusCode::BAD_REQUEST, "the target of a request must be a path"));
        }
        if target.is_some_and(|target| target.as_str().len() > LONGEST_TARGET) {
            return Some(problem(
                StatusCode::URI_TOO_LONG,
                "the address is too long: it may have 8192 bytes",
            ));
        }
        head.headers.contains_key(header::TRANSFER_ENCODING).then(|| {
            if self.timeouts.saw_content_length() {
                problem(
                    StatusCode::BAD_REQUEST,
                    "a request may have Content-Length or Transfer-Encoding, not both",
                )
            } else {
                problem(
                    StatusCode::LENGTH_REQUIRED,
                    "a request with a body must have a Content-Length",
                )
            }
        })
    }

    async fn read_body(&self, body: Incoming) -> Result<Bytes, Response<Bytes>> {
        let most = self.settings.max_body_bytes;
        let too_large = || {
            let detail = format!("the body of the request is too large: it may have {most} bytes");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &detail)
        };
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        match tokio::time::timeout(self.settings.body_timeout, collect_body(body, most)).await {
            Ok(CollectedBody::Complete(bytes)) => Ok(bytes),
            Ok(CollectedBody::TooLarge) => Err(too_large()),
            Ok(CollectedBody::Incomplete) => Err(problem(StatusCode::BAD_REQUEST, "the body of the request is incomplete")),
            Err(_) => Err(problem(
                StatusCode::REQUEST_TIMEOUT,
                "the body of the request took too long to arrive",
            )),
        }
    }
}

/// Has `response` written to the access log once it was sent, where the service does not do that: it was a refusal or a panic.
fn log_response<T>(mut response: Response<T>, head: &RequestHead, received: Instant) -> Response<T> {
    if access::is_on() && response.extensions().get::<OnSent>().is_none() {
        let request = LoggedRequest {
            id: "-",
            client: head.peer.map(|peer| peer.ip()),
            method: &head.method,
            path: head.path(),
            query: head.query(),
            version: head.version,
            headers: &head.headers,
        };
        let line = AccessLine::new(&request, RequestKind::Other, response.status(), received.elapsed());
        response.extensions_mut().insert(OnSent::new(move |bytes| line.write(bytes)));
    }
    response
}

enum CollectedBody {
    Complete(Bytes),
    TooLarge,
    Incomplete,
}

async fn collect_body(mut body: Incoming, most: usize) -> CollectedBody {
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if bytes.len() + data.len() > most => return CollectedBody::TooLarge,
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // trailers are ignored
            Ok(Err(_)) => {}
            Err(_) => return CollectedBody::Incomplete,
        }
    }
    CollectedBody::Complete(bytes.freeze())
}

/// Returns the response of the service; 500 if the service panics.
async fn without_panic<B>(response: impl Future<Output = Result<Response<B>, Infallible>>) -> Response<ServerBody<B>> {
    let mut response = pin!(response);
    let polled = poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            // what panicked is not polled again, and only its connection is kept
            Err(_) => Poll::Ready(None),
        }
    });
    match polled.await {
        Some(Ok(response)) => response.map(ServerBody::Service),
        Some(Err(never)) => match never {},
        None => {
            tracing::error!("a request panicked; it was answered with 500");
            let detail = "something went wrong on the server; its log says why";
            problem(StatusCode::INTERNAL_SERVER_ERROR, detail).map(ServerBody::from)
        }
    }
}
