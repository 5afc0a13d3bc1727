//! What stands between a connection and the filter: no request reaches the filter that HTTP/1.1 forbids, that is not whole, or that
//! is larger than allowed; and no panic of the filter reaches the connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header, request};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::Service;

use super::body::{OnSent, Outgoing, Watched, Whole};
use super::date::date;
use super::timeouts::ConnectionTimeouts;
use super::{Hot, Peer, RequestTarget, host};
use crate::config::ServerSettings;
use crate::http::access;
use crate::http::problem::problem;
use crate::time::Timestamp;

/// The longest target of a request, in bytes (414). RFC 9112, section 3, wants 8000 at least.
const LONGEST_TARGET: usize = 8 * 1024;

/// One connection's view of the service.
#[derive(Debug)]
pub(super) struct RequestChecks<H, S> {
    /// What is asked first.
    pub(super) fast_path: H,
    pub(super) service: S,
    pub(super) peer: Option<SocketAddr>,
    pub(super) settings: Arc<ServerSettings>,
    pub(super) pace: Arc<ConnectionTimeouts>,
    /// Whether the server stops, so that no further requests are wanted.
    pub(super) stops: AtomicBool,
    /// Whether a request was refused before all of it was read.
    pub(super) refused: AtomicBool,
}

/// The service that hyper calls.
#[derive(Debug)]
pub(super) struct Screened<H, S>(pub(super) Arc<RequestChecks<H, S>>);

/// An answer: there at once, or being made.
pub(super) enum Answering<R> {
    Ready(Option<R>),
    Made(Pin<Box<dyn Future<Output = R> + Send>>),
}

impl<R: Unpin> Future for Answering<R> {
    type Output = Result<R, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R, Infallible>> {
        match &mut *self {
            // hyper does not ask again once it has an answer
            Answering::Ready(answer) => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            Answering::Made(answer) => answer.as_mut().poll(context).map(Ok),
        }
    }
}

impl<H, S, B> Service<Request<Incoming>> for Screened<H, S>
where
    H: Hot,
    S: Service<Request<Whole>, Response = Response<B>, Error = Infallible> + Send + Sync + 'static,
    S::Future: Send,
    B: Unpin + 'static,
{
    type Response = Response<Watched<Outgoing<B>>>;
    type Error = Infallible;
    type Future = Answering<Self::Response>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let screen = &self.0;
        screen.pace.request_begins();
        let (head, body) = request.into_parts();
        // what is answered at once is not put into a future: to move that about costs more than the answer
        if body.is_end_stream()
            && screen.refusal(&head).is_none()
            && let Some(response) = screen.answered_at_once(&head)
        {
            return Answering::Ready(Some(screen.finished(screen.logged(
                response,
                &head.method,
                &head.uri,
                Duration::ZERO,
            ))));
        }
        let screen = Arc::clone(screen);
        Answering::Made(Box::pin(async move {
            let (method, uri, begun) = (head.method.clone(), head.uri.clone(), Instant::now());
            let response = screen.answered(head, body).await;
            screen.finished(screen.logged(response, &method, &uri, begun.elapsed()))
        }))
    }
}

impl<H, S, B> RequestChecks<H, S>
where
    H: Hot,
    S: Service<Request<Whole>, Response = Response<B>, Error = Infallible>,
{
    /// The answer to a request that nothing speaks against, if it is one of those that are there; 500 if it panics.
    fn answered_at_once(&self, head: &request::Parts) -> Option<Response<Outgoing<B>>> {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.fast_path)(head, self.peer)));
        let answer = answer.unwrap_or_else(|_| Some(panicked()));
        answer.map(|response| response.map(Outgoing::from))
    }

    /// The answer to any other request: the service's, or why it does not get to see it.
    async fn answered(&self, head: request::Parts, body: Incoming) -> Response<Outgoing<B>> {
        let admitted = match self.refusal(&head) {
            None => self.whole(body).await,
            Some(refusal) => Err(refusal),
        };
        match admitted {
            Ok(body) => {
                let target = RequestTarget(head.uri.clone());
                let mut request = Request::from_parts(head, body);
                request.extensions_mut().insert(Peer(self.peer));
                request.extensions_mut().insert(target);
                unpanicked(async { self.service.call(request).await }).await
            }
            Err(refusal) => {
                self.refused.store(true, Ordering::Relaxed);
                refusal.map(Outgoing::from)
            }
        }
    }

    /// `response`, which is written to the access log once it was sent, even where nobody behind the screen saw to that.
    fn logged<T>(&self, mut response: Response<T>, method: &Method, uri: &Uri, took: Duration) -> Response<T> {
        if access::is_on() && response.extensions().get::<OnSent>().is_none() {
            let peer = self.peer.map(|peer| peer.ip());
            let line = access::Line::refused(peer, Some((method, uri)), response.status(), took);
            response.extensions_mut().insert(OnSent::new(move |bytes| line.write(bytes)));
        }
        response
    }

    /// `response`, which is the last one where no more is read from the connection.
    fn finished(&self, mut response: Response<Outgoing<B>>) -> Response<Watched<Outgoing<B>>> {
        if self.refused.load(Ordering::Relaxed) || self.stops.load(Ordering::Relaxed) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        if let Some(date) = date(Timestamp::now()) {
            response.headers_mut().insert(header::DATE, date);
        }
        let on_sent = response.extensions_mut().remove::<OnSent>();
        self.pace.request_is_answered();
        response.map(|body| Watched::new(body, Arc::clone(&self.pace), on_sent))
    }

    /// Why a request with this head is not answered.
    fn refusal(&self, head: &request::Parts) -> Option<Response<Bytes>> {
        if !host::is_right(head.version, &head.headers) {
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
            if self.pace.saw_length() {
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

    async fn whole(&self, body: Incoming) -> Result<Whole, Response<Bytes>> {
        let most = self.settings.max_body_bytes;
        let too_large = || {
            let detail = format!("the body of the request is too large: it may have {most} bytes");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &detail)
        };
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        match tokio::time::timeout(self.settings.body_timeout, collected(body, most)).await {
            Ok(Collected::Whole(bytes)) => Ok(bytes.into()),
            Ok(Collected::TooLarge) => Err(too_large()),
            Ok(Collected::Broken) => Err(problem(StatusCode::BAD_REQUEST, "the body of the request is incomplete")),
            Err(_) => Err(problem(
                StatusCode::REQUEST_TIMEOUT,
                "the body of the request took too long to arrive",
            )),
        }
    }
}

enum Collected {
    Whole(Bytes),
    TooLarge,
    Broken,
}

async fn collected(mut body: Incoming, most: usize) -> Collected {
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if bytes.len() + data.len() > most => return Collected::TooLarge,
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // trailers say nothing to us
            Ok(Err(_)) => {}
            Err(_) => return Collected::Broken,
        }
    }
    Collected::Whole(bytes.freeze())
}

/// What `answer` gives; 500 if it panics.
async fn unpanicked<B>(answer: impl Future<Output = Result<Response<B>, Infallible>>) -> Response<Outgoing<B>> {
    let mut answer = pin!(answer);
    let polled = poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            // what panicked is not polled again, and nothing of it is kept but the connection it came from
            Err(_) => Poll::Ready(None),
        },
    );
    match polled.await {
        Some(Ok(response)) => response.map(Outgoing::Made),
        Some(Err(never)) => match never {},
        None => panicked().map(Outgoing::from),
    }
}

fn panicked() -> Response<Bytes> {
    tracing::error!("a request panicked; it was answered with 500");
    let detail = "something went wrong on the server; its log says more";
    problem(StatusCode::INTERNAL_SERVER_ERROR, detail)
}
