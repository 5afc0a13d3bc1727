//! One request at a time for each host, with a pause between two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

/// The hosts that were asked, and when the last request to each ended.
#[derive(Debug)]
pub(super) struct Hosts {
    pause: Duration,
    last: Mutex<HashMap<String, Arc<Mutex<Option<Instant>>>>>,
}

/// The name of the host of `url`. All its ports are one machine.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_owned()
}

impl Hosts {
    pub(super) fn new(pause: Duration) -> Hosts {
        Hosts {
            pause,
            last: Mutex::default(),
        }
    }

    /// Calls `request` with the time that is left, once the host of `url` may be asked; returns `None` if that is not before `deadline`.
    ///
    /// It waits while another thread asks that host, and holds nothing else meanwhile, so that no two threads wait for each other.
    pub(super) fn in_turn<T>(&self, url: &Url, deadline: Instant, request: impl FnOnce(Duration) -> T) -> Option<T> {
        let host = {
            let mut hosts = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(host_of(url)).or_default())
        };
        let mut last = host.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let begin = last.map_or(now, |last| last + self.pause).max(now);
        if begin >= deadline {
            return None;
        }
        std::thread::sleep(begin.saturating_duration_since(now));
        let result = request(deadline.saturating_duration_since(begin));
        *last = Some(Instant::now());
        Some(result)
    }
}
