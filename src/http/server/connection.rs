//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Body;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::Hot;
use super::body::Whole;
use super::date::date;
use super::limits::ConnectionLimits;
use super::listen::Stream;
use super::request_checks::{RequestChecks, Screened};
use super::timeouts::{ConnectionTimeouts, Paced, Unfinished};
use crate::http::access;
use crate::http::problem::problem;
use crate::time::Timestamp;

/// How long an idle connection is kept when the server stops: what its client had sent by then may be on its way.
const PARTING: Duration = Duration::from_millis(250);
/// How long, and how many bytes of, what a client goes on sending after a refusal is read. A connection closed over unread bytes is
/// reset, and the client might never read the refusal (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 256 * 1024;
/// Seconds after which a client that found no slot may come back.
const COME_BACK: &str = "5";
/// As many fields hyper reads where it is told nothing, and then it need not clear the room for them at every request.
const HEADERS_ON_THE_STACK: usize = 100;
/// hyper reads no less than this at once.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// Tells connections that the server stops.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// No further requests are wanted.
    pub(super) soon: CancellationToken,
    /// Whatever is going on ends.
    pub(super) now: CancellationToken,
}

/// Answers the requests on `stream` by what is hot, and else by the service, until the client leaves, a limit is passed, or the server stops.
pub(super) async fn hold<H, S, B>(
    stream: Stream,
    peer: Option<SocketAddr>,
    (fast_path, service): (H, S),
    pace: Arc<ConnectionTimeouts>,
    limits: Arc<ConnectionLimits>,
    stop: Stop,
) where
    H: Hot,
    S: Service<Request<Whole>, Response = Response<B>, Error = Infallible> + Send + Sync + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let settings = Arc::clone(pace.settings());
    let mut protocol = http1::Builder::new();
    protocol
        // the pace keeps the time
        .header_read_timeout(None)
        // a client that has asked may close its half and still wait for the answer
        .half_close(true)
        .max_header_size(settings.max_header_bytes)
        .max_buf_size(settings.max_header_bytes.max(SMALLEST_BUFFER));
    if settings.max_headers != HEADERS_ON_THE_STACK {
        protocol.max_headers(settings.max_headers);
    }
    let screen = Arc::new(RequestChecks {
        fast_path,
        service,
        peer,
        settings,
        pace: Arc::clone(&pace),
        stops: AtomicBool::new(false),
        refused: AtomicBool::new(false),
    });
    let service = Screened(Arc::clone(&screen));
    let mut connection = protocol.serve_connection(TokioIo::new(Paced::new(stream, Arc::clone(&pace))), service);

    let mut expired = pin!(pace.expired());
    let mut asked = pin!(pace.asked_to_end(|| limits.look_again()));
    // a child of its own, for to ask for one that all connections share takes a lock that all share
    let soon = stop.soon.child_token();
    let mut parting = pin!(async {
        soon.cancelled().await;
        screen.stops.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(PARTING, stop.now.cancelled()).await;
    });
    let mut ending = pin!(stop.now.cancelled());
    let mut parted = false;
    let ended = loop {
        tokio::select! {
            // whether the server stops first: the next answer has to say so
            biased;
            () = &mut parting, if !parted => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                parted = true;
            }
            // the connection before its pace: what it reads and sends moves the deadline
            ended = &mut connection => break Some(ended),
            () = &mut expired => break None,
            () = &mut ending, if parted => break None,
            () = &mut asked => break None,
        }
    };
    let mut stream = connection.into_parts().io.into_inner().stream;
    pace.tell_what_was_written();
    match ended {
        Some(Ok(())) if !screen.refused.load(Ordering::Relaxed) => {}
        Some(Ok(())) => linger(&mut stream).await,
        Some(Err(error)) => {
            // clients that leave, stay silent or speak something else are no news
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
        None => match pace.unfinished() {
            Unfinished::Nothing => {}
            Unfinished::Header => {
                let late = problem(
                    StatusCode::REQUEST_TIMEOUT,
                    "the header of the request took too long to arrive",
                );
                let (status, bytes) = (late.status(), late.body().len());
                if let Ok(Ok(())) = tokio::time::timeout(LINGER, last_word(&mut stream, late)).await {
                    log_unread(peer, status, bytes);
                }
            }
            Unfinished::Answer => stream.abort(),
        },
    }
}

/// Tells a client for whose connection there is no slot to come back later.
pub(super) async fn refuse(mut stream: Stream, peer: Option<SocketAddr>, detail: &str) {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(COME_BACK));
    let (status, bytes) = (response.status(), response.body().len());
    if let Ok(Ok(())) = tokio::time::timeout(LINGER, last_word(&mut stream, response)).await {
        log_unread(peer, status, bytes);
        linger(&mut stream).await;
    }
}

/// Writes to the access log that a request which was not read was answered with `status` and so many bytes.
fn log_unread(peer: Option<SocketAddr>, status: StatusCode, bytes: usize) {
    if access::is_on() {
        access::Line::refused(peer.map(|peer| peer.ip()), None, status, Duration::ZERO).write(bytes as u64);
    }
}

/// Sends `response` without having understood a request. The connection has to be closed then.
async fn last_word(stream: &mut Stream, response: Response<Bytes>) -> io::Result<()> {
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

/// Says that nothing more will be sent, and reads for a while what still comes.
async fn linger(stream: &mut Stream) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}
