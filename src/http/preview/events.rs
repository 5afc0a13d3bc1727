//! A stream of server-sent events (HTML, section 9.2) for open pages: one for each new site.
//!
//! The data of an event is the instant that the site was built for. The first event is sent at once, so that a page that missed some,
//! because it lost its connection or was in the background, sees that it is old.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::http::confidential;
use crate::http::media::ResponseBody;
use crate::http::problem::problem;
use crate::time::Timestamp;

/// The path of the stream.
pub const PATH: &str = "/preview/events";
/// The most streams at the same time. Browsers open six to a host, and pages in the background close theirs.
const MAX_STREAMS: usize = 64;
/// The longest silence of a stream: sending reveals a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Sends events about new sites to open pages.
#[derive(Clone, Debug)]
pub struct Events {
    sites: watch::Receiver<Timestamp>,
    streams: Arc<Semaphore>,
    keep_alive: Duration,
}

impl Events {
    /// Sends each value of `sites`. A connection on which nothing was sent for `idle_timeout` is closed.
    #[must_use]
    pub fn new(sites: watch::Receiver<Timestamp>, idle_timeout: Duration) -> Events {
        Events {
            sites,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            keep_alive: KEEP_ALIVE.min(idle_timeout / 2),
        }
    }

    /// Returns the response to `method` (GET or HEAD): a stream that ends when the client leaves, or when `stopping` is cancelled.
    #[must_use]
    pub fn answer(&self, method: &Method, stopping: &CancellationToken) -> Response<ResponseBody> {
        let Ok(permit) = Arc::clone(&self.streams).try_acquire_owned() else {
            let detail = "too many preview pages are open; close some of them";
            return confidential::for_author(problem(StatusCode::SERVICE_UNAVAILABLE, detail)).map(ResponseBody::from);
        };
        let body = if *method == Method::HEAD {
            ResponseBody::empty()
        } else {
            let (sender, pieces) = mpsc::channel(1);
            let (sites, keep_alive, stopping) = (self.sites.clone(), self.keep_alive, stopping.clone());
            tokio::spawn(async move {
                let _permit = permit;
                stopping.run_until_cancelled(send_events(sites, keep_alive, sender)).await;
            });
            ResponseBody::stream(pieces)
        };
        let mut response = confidential::for_author(Response::new(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response
    }
}

/// Sends an event for the current site and for each new one, and a comment after each `keep_alive`, until the client leaves.
async fn send_events(mut sites: watch::Receiver<Timestamp>, keep_alive: Duration, page: mpsc::Sender<Bytes>) {
    let mut text = "retry: 1000\n".to_owned();
    let _ = write!(text, "data: {}\n\n", *sites.borrow_and_update());
    loop {
        if page.send(std::mem::take(&mut text).into()).await.is_err() {
            return;
        }
        tokio::select! {
            () = page.closed() => return,
            changed = sites.changed() => match changed {
                Ok(()) => {
                    let _ = write!(text, "data: {}\n\n", *sites.borrow_and_update());
                }
                Err(_) => return,
            },
            () = tokio::time::sleep(keep_alive) => text.push_str(":\n\n"),
        }
    }
}
