//! One connection, from its first byte to its close.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Body;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::body::FullBody;
use super::date::date;
use super::limits::ConnectionLimits;
use super::listen::ClientStream;
use super::request_checks::{CheckedService, RequestChecks};
use super::timeouts::{ConnectionTimeouts, TimedStream, Unfinished};
use crate::config::ServerSettings;
use crate::http::access::{self, AccessLine};
use crate::http::problem::{problem, unavailable};
use crate::time::Timestamp;

/// How long an idle connection is kept when the server stops: a request may be on its way.
const IDLE_GRACE: Duration = Duration::from_millis(250);
/// How long a connection is read after a refusal. Closing a connection with unread bytes resets it, and the client might never read the
/// refusal (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes that are read after a refusal.
const LINGER_BYTES: u64 = 256 * 1024;
/// Seconds after which a client that found no slot may try again.
const RETRY_AFTER: u32 = 5;
/// hyper's own limit of header fields. With any other limit it clears an array on the heap for every request.
const DEFAULT_MAX_HEADERS: usize = 100;
/// The least that hyper accepts as the size of its buffer.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// Signals to connections that the server stops.
#[derive(Clone, Debug)]
pub(super) struct StopSignals {
    /// No further requests are wanted.
    pub(super) soon: CancellationToken,
    /// All connections are closed.
    pub(super) now: CancellationToken,
}

/// Serves the requests on `stream` until the client leaves, a limit is exceeded, or the server stops.
pub(super) async fn serve<S, B>(
    stream: ClientStream,
    peer: Option<SocketAddr>,
    service: S,
    timeouts: Arc<ConnectionTimeouts>,
    limits: Arc<ConnectionLimits>,
    stop: StopSignals,
) where
    S: Service<Request<FullBody>, Response = Response<B>, Error = Infallible> + Send + Sync + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let settings = Arc::clone(timeouts.settings());
    let protocol = http1_builder(&settings);
    // a child of its own: waiting for a token that all connections share takes a lock that all share
    let soon = Arc::new(stop.soon.child_token());
    let checks = Arc::new(RequestChecks {
        service,
        peer,
        settings,
        timeouts: Arc::clone(&timeouts),
        stopping: Arc::clone(&soon),
        is_stopping: AtomicBool::new(false),
        has_refused: AtomicBool::new(false),
    });
    let stream = TokioIo::new(TimedStream::new(stream, Arc::clone(&timeouts)));
    let mut connection = protocol.serve_connection(stream, CheckedService(Arc::clone(&checks)));

    let mut expired = pin!(timeouts.expired());
    let mut asked_to_end = pin!(timeouts.asked_to_end(|| limits.notify_declined()));
    let mut idle_grace = pin!(async {
        soon.cancelled().await;
        checks.is_stopping.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(IDLE_GRACE, stop.now.cancelled()).await;
    });
    let mut stop_now = pin!(stop.now.cancelled());
    let mut is_shutting_down = false;
    let result = loop {
        tokio::select! {
            // the stop of the server first: the next response has to announce it
            biased;
            () = &mut idle_grace, if !is_shutting_down => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                is_shutting_down = true;
            }
            // the connection before its timeouts: what it reads and sends moves the deadline
            result = &mut connection => break Some(result),
            () = &mut expired => break None,
            () = &mut stop_now, if is_shutting_down => break None,
            () = &mut asked_to_end => break None,
        }
    };
    let stream = connection.into_parts().io.into_inner().stream;
    timeouts.report_written();
    match result {
        Some(result) => close_ended(stream, peer, result, checks.has_refused.load(Ordering::Relaxed)).await,
        None => close_unfinished(stream, peer, timeouts.unfinished()).await,
    }
}

fn http1_builder(settings: &ServerSettings) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        // `ConnectionTimeouts` has its own
        .header_read_timeout(None)
        // a client may close its half after a request and still wait for the response
        .half_close(true)
        .max_header_size(settings.max_header_bytes)
        .max_buf_size(settings.max_header_bytes.max(SMALLEST_BUFFER));
    if settings.max_headers != DEFAULT_MAX_HEADERS {
        protocol.max_headers(settings.max_headers);
    }
    protocol
}

/// Closes a connection that hyper has ended.
async fn close_ended(mut stream: ClientStream, peer: Option<SocketAddr>, result: Result<(), hyper::Error>, has_refused: bool) {
    let Err(error) = result else {
        if has_refused {
            linger(&mut stream).await;
        }
        return;
    };
    // usual: clients leave, stay silent, or speak another protocol
    tracing::debug!(%error, "a connection ended early");
    if error.is_parse() {
        let status = if error.is_parse_too_large() {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        };
        log_unread(peer, status, 0);
        linger(&mut stream).await;
    }
}

/// Closes a connection that has waited too long or must end.
async fn close_unfinished(mut stream: ClientStream, peer: Option<SocketAddr>, unfinished: Unfinished) {
    match unfinished {
        Unfinished::Nothing => {}
        Unfinished::Header => {
            let late = problem(
                StatusCode::REQUEST_TIMEOUT,
                "the header of the request took too long to arrive",
            );
            let (status, bytes) = (late.status(), late.body().len());
            if let Ok(Ok(())) = tokio::time::timeout(LINGER, write_last_response(&mut stream, late)).await {
                log_unread(peer, status, bytes);
            }
        }
        Unfinished::Response => stream.abort(),
    }
}

/// Answers 503 on a connection for which there is no slot.
pub(super) async fn refuse(mut stream: ClientStream, peer: Option<SocketAddr>, detail: &str) {
    let response = unavailable(detail, RETRY_AFTER);
    let (status, bytes) = (response.status(), response.body().len());
    if let Ok(Ok(())) = tokio::time::timeout(LINGER, write_last_response(&mut stream, response)).await {
        log_unread(peer, status, bytes);
        linger(&mut stream).await;
    }
}

/// Writes to the access log that a request that could not be read was answered with `status` and so many bytes.
fn log_unread(peer: Option<SocketAddr>, status: StatusCode, bytes: usize) {
    if access::is_on() {
        AccessLine::unreadable(peer, status).write(bytes as u64);
    }
}

/// Writes `response` to a request that hyper did not read. The connection has to be closed then.
async fn write_last_response(stream: &mut ClientStream, response: Response<Bytes>) -> io::Result<()> {
    let (head, body) = response.into_parts();
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    if let Some(date) = date(Timestamp::now()) {
        bytes.extend_from_slice(b"date: ");
        bytes.extend_from_slice(date.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let rest = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    bytes.extend_from_slice(rest.as_bytes());
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes).await
}

/// Closes the sending half, and reads what still arrives for a while.
async fn linger(stream: &mut ClientStream) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}
