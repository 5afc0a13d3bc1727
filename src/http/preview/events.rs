//! News for open pages: a stream of server-sent events (HTML, section 9.2), one for each new site.
//!
//! An event's data is the instant that the site was built for. The first comes at once, so that a page which missed some, by a lost
//! connection or while it was not looked at, sees that it is old.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{confidential, too_many};
use crate::http::media::Body;
use crate::time::Timestamp;

/// Where the stream is.
pub const PATH: &str = "/preview/events";
/// How many streams there are at once. Browsers open six to a host, and pages that are not looked at close theirs.
const MOST: usize = 64;
/// How long a stream is silent at the most: a connection that died shows by it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Who tells open pages of new sites.
#[derive(Clone, Debug)]
pub struct Events {
    sites: watch::Receiver<Timestamp>,
    places: Arc<Semaphore>,
    every: Duration,
}

impl Events {
    /// Tells of each value of `sites`, over connections that end when nothing was sent for `idle_timeout`.
    #[must_use]
    pub fn new(sites: watch::Receiver<Timestamp>, idle_timeout: Duration) -> Events {
        Events {
            sites,
            places: Arc::new(Semaphore::new(MOST)),
            every: KEEP_ALIVE.min(idle_timeout / 2),
        }
    }

    /// The answer to `method` (GET or HEAD): a stream that ends with its client, or at once when `stopping`.
    #[must_use]
    pub fn answer(&self, method: &Method, stopping: &CancellationToken) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return confidential(too_many()).map(Body::from);
        };
        let body = if *method == Method::HEAD {
            Body::empty()
        } else {
            let (sender, pieces) = mpsc::channel(1);
            let (sites, every, stopping) = (self.sites.clone(), self.every, stopping.clone());
            tokio::spawn(async move {
                let _place = place;
                stopping.run_until_cancelled(tell(sites, every, sender)).await;
            });
            Body::live(pieces)
        };
        let mut response = confidential(Response::new(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response
    }
}

/// Tells `pages` of the site there is and of each that comes, and now and then of nothing; until nobody listens.
async fn tell(mut sites: watch::Receiver<Timestamp>, every: Duration, pages: mpsc::Sender<Bytes>) {
    let mut text = "retry: 1000\n".to_owned();
    let _ = write!(text, "data: {}\n\n", *sites.borrow_and_update());
    loop {
        if pages.send(std::mem::take(&mut text).into()).await.is_err() {
            return;
        }
        tokio::select! {
            () = pages.closed() => return,
            changed = sites.changed() => match changed {
                Ok(()) => {
                    let _ = write!(text, "data: {}\n\n", *sites.borrow_and_update());
                }
                Err(_) => return,
            },
            () = tokio::time::sleep(every) => text.push_str(":\n\n"),
        }
    }
}
