//! What stands between a connection and the filter: no request reaches the filter that HTTP/1.1 forbids, that is not whole, or that
//! is larger than allowed; and no panic of the filter reaches the connection.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::Service;
use tokio_util::sync::CancellationToken;

use super::body::{Outgoing, Whole};
use super::pace::Pace;
use super::{Hot, Peer, host};
use crate::config::Server;
use crate::http::problem::problem;

/// The longest target of a request, in bytes (414). RFC 9112, section 3, wants 8000 at least.
const LONGEST_TARGET: usize = 8 * 1024;

/// One connection's view of the service.
#[derive(Debug)]
pub(super) struct Screen<H, S> {
    /// What is asked first.
    pub(super) hot: H,
    pub(super) service: S,
    pub(super) peer: Option<SocketAddr>,
    pub(super) settings: Arc<Server>,
    pub(super) pace: Arc<Pace>,
    pub(super) stop: CancellationToken,
    /// Whether a request was refused before all of it was read.
    pub(super) refused: AtomicBool,
}

impl<H, S, B> Screen<H, S>
where
    H: Hot,
    S: Service<Request<Whole>, Response = Response<B>, Error = Infallible>,
{
    /// The answer to `request`: the service's, or why it does not get to see it.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Outgoing<B>>, Infallible> {
        self.pace.request_begins();
        let mut response = match self.admitted(request).await {
            Ok(request) => unpanicked(self.answered(request)).await?,
            Err(refusal) => {
                self.refused.store(true, Ordering::Relaxed);
                refusal.map(Outgoing::from)
            }
        };
        if self.refused.load(Ordering::Relaxed) || self.stop.is_cancelled() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        self.pace.request_is_answered();
        Ok(response)
    }

    async fn answered(&self, request: Request<Whole>) -> Result<Response<Outgoing<B>>, Infallible> {
        let (mut head, body) = request.into_parts();
        if let Some(response) = (self.hot)(&head, self.peer) {
            return Ok(response.map(Outgoing::from));
        }
        head.extensions.insert(Peer(self.peer));
        let response = self.service.call(Request::from_parts(head, body)).await?;
        Ok(response.map(Outgoing::Made))
    }

    /// The request with all of its body.
    async fn admitted(&self, request: Request<Incoming>) -> Result<Request<Whole>, Response<Bytes>> {
        let (head, body) = request.into_parts();
        if !host::is_right(head.version, &head.headers) {
            return Err(problem(StatusCode::BAD_REQUEST, "a request names one host, and validly"));
        }
        // an authority alone is CONNECT's form (RFC 9112, section 3.2.3); warp's path filters panic at it
        if head.uri.path_and_query().is_none() && head.method != Method::CONNECT {
            return Err(problem(StatusCode::BAD_REQUEST, "the target of a request is a path"));
        }
        if head
            .uri
            .path_and_query()
            .is_some_and(|target| target.as_str().len() > LONGEST_TARGET)
        {
            return Err(problem(StatusCode::URI_TOO_LONG, "an address here has at most 8192 bytes"));
        }
        if head.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(if self.pace.saw_length() {
                problem(
                    StatusCode::BAD_REQUEST,
                    "a request has a Content-Length or a Transfer-Encoding, and not both",
                )
            } else {
                problem(
                    StatusCode::LENGTH_REQUIRED,
                    "a request with a body says its Content-Length here",
                )
            });
        }
        let body = self.whole(body).await?;
        Ok(Request::from_parts(head, body))
    }

    async fn whole(&self, body: Incoming) -> Result<Whole, Response<Bytes>> {
        let most = self.settings.max_body_bytes;
        let too_large = || {
            let detail = format!("a body has at most {most} bytes here");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &detail)
        };
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        match tokio::time::timeout(self.settings.body_timeout, collected(body, most)).await {
            Ok(Collected::Whole(bytes)) => Ok(bytes.into()),
            Ok(Collected::TooLarge) => Err(too_large()),
            Ok(Collected::Broken) => Err(problem(StatusCode::BAD_REQUEST, "the body broke off")),
            Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, "the body took too long to come")),
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
async fn unpanicked<F, B>(answer: F) -> F::Output
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: From<Bytes>,
{
    let mut answer = pin!(answer);
    let polled = poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            // what panicked is not polled again, and nothing of it is kept but the connection it came from
            Err(_) => Poll::Ready(None),
        },
    );
    polled.await.unwrap_or_else(|| {
        tracing::error!("a request panicked; it was answered with 500");
        let detail = "something went wrong here; it has been written down";
        Ok(problem(StatusCode::INTERNAL_SERVER_ERROR, detail).map(B::from))
    })
}
