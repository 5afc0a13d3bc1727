//! Events for open pages of the preview: one for each new site.
//!
//! The data of an event is the instant that the site was built for. The first event is sent at once, so that a page that missed some,
//! because it lost its connection or was in the background, sees that it is old.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Response, StatusCode};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::http::confidential;
use crate::http::event_stream::EventStreams;
use crate::http::media::ResponseBody;
use crate::http::problem::problem;
use crate::time::Timestamp;

/// The path of the stream.
pub const PATH: &str = "/preview/events";
/// The most streams at the same time. Browsers open six to a host, and pages in the background close theirs.
const MAX_STREAMS: usize = 64;

/// Sends events about new sites to open pages.
#[derive(Clone, Debug)]
pub struct Events(EventStreams);

impl Events {
    /// Sends each value of `sites`. A connection on which nothing was sent for `idle_timeout` is closed.
    #[must_use]
    pub fn new(sites: watch::Receiver<Timestamp>, idle_timeout: Duration) -> Events {
        Events(EventStreams::new(sites, MAX_STREAMS, idle_timeout))
    }

    /// Returns the response to `method` (GET or HEAD): a stream that ends when the client leaves, or when `stopping` is cancelled.
    #[must_use]
    pub fn answer(&self, method: &Method, stopping: Arc<CancellationToken>) -> Response<ResponseBody> {
        let streams = self.0.clone();
        let text = move || format!("data: {}\n\n", streams.newest_site()).into();
        let response = self.0.open(method, stopping, (), text).unwrap_or_else(|| {
            let detail = "too many preview pages are open; close some of them";
            problem(StatusCode::SERVICE_UNAVAILABLE, detail).map(ResponseBody::from)
        });
        confidential::for_author(response)
    }
}
