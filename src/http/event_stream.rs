//! Streams of server-sent events (HTML, section 9.2): their number, their heartbeat and their end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, header};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::media::ResponseBody;
use crate::time::Timestamp;

/// The longest silence of a stream: sending reveals a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Tells a client to connect again after a second.
const RETRY: Bytes = Bytes::from_static(b"retry: 1000\n\n");
/// A comment, which clients ignore.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// The streams of one kind. All clones share their number.
#[derive(Clone, Debug)]
pub(super) struct EventStreams {
    /// The instant that the newest site was built for.
    sites: watch::Receiver<Timestamp>,
    permits: Arc<Semaphore>,
    keep_alive: Duration,
}

impl EventStreams {
    /// Streams that follow `sites`, at most `most` at the same time. A connection on which nothing was sent for `idle_timeout` is closed.
    pub(super) fn new(sites: watch::Receiver<Timestamp>, most: usize, idle_timeout: Duration) -> EventStreams {
        EventStreams {
            sites,
            permits: Arc::new(Semaphore::new(most)),
            keep_alive: KEEP_ALIVE.min(idle_timeout / 2),
        }
    }

    /// The instant that the newest site was built for.
    pub(super) fn newest_site(&self) -> Timestamp {
        *self.sites.borrow()
    }

    /// Returns the response to a request with `method` (GET or HEAD): a stream that ends when the client leaves, or when `stopping` is
    /// cancelled. `None` if there are too many streams.
    ///
    /// It sends what `text` returns for the newest site and for each later one; nothing if that is empty. `held` is dropped at its end.
    pub(super) fn open(
        &self,
        method: &Method,
        stopping: Arc<CancellationToken>,
        held: impl Send + 'static,
        text: impl FnMut() -> Bytes + Send + 'static,
    ) -> Option<Response<ResponseBody>> {
        let body = if *method == Method::HEAD {
            ResponseBody::empty()
        } else {
            let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
            let (client, pieces) = mpsc::channel(1);
            let (sites, keep_alive) = (self.sites.clone(), self.keep_alive);
            tokio::spawn(async move {
                let _held = (permit, held);
                stopping
                    .run_until_cancelled(send_events(sites, keep_alive, client, text))
                    .await;
            });
            ResponseBody::stream(pieces)
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would collect events before it passes them on
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Some(response)
    }
}

/// Sends the texts of the newest site and of each later one, and a comment after a silence of `keep_alive`, until the client leaves.
async fn send_events(
    mut sites: watch::Receiver<Timestamp>,
    keep_alive: Duration,
    client: mpsc::Sender<Bytes>,
    mut text: impl FnMut() -> Bytes,
) {
    sites.mark_changed();
    let mut piece = RETRY;
    let mut last_sent = Instant::now();
    loop {
        if !piece.is_empty() {
            if client.send(piece).await.is_err() {
                return;
            }
            last_sent = Instant::now();
        }
        piece = tokio::select! {
            () = client.closed() => return,
            changed = sites.changed() => match changed {
                Ok(()) => text(),
                Err(_) => return,
            },
            () = tokio::time::sleep_until(last_sent + keep_alive) => HEARTBEAT,
        };
    }
}
