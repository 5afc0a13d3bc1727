//! Says which links of the served site lead nowhere: how many at the start, and each new one when it appears.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::sync::broadcast::error::RecvError;

use super::{Reporter, are_small};
use crate::cli::{heap, log, terminal};
use crate::config::LogFormat;
use crate::diagnostic::Diagnostic;
use crate::publisher::{LinkWatch, Publisher};
use crate::source::Source;

/// When the links are checked after the start: it takes a whole core, which the first requests and the search index need.
const DELAY: Duration = Duration::from_secs(4);

/// Checks the links in the background, unless the posts together are too large.
///
/// It has its own thread, because neither requests nor the end of the program should wait for it.
pub(super) fn report_links(publisher: Arc<Publisher>, root: Utf8PathBuf, source: Source, reporter: Reporter) {
    let mut changes = publisher.changes();
    let report = move || {
        std::thread::sleep(DELAY);
        if !are_small(&publisher.site(), &root) {
            return;
        }
        let mut watch = LinkWatch::begin(&publisher.site(), &source);
        // rendering all posts needs much memory for a moment
        heap::trim_heap();
        reporter.report_link_count(watch.count(), &root);
        loop {
            let paths: Vec<Utf8PathBuf> = match changes.blocking_recv() {
                Ok(change) => change.posts.iter().map(|event| event.path.clone()).collect(),
                Err(RecvError::Lagged(_)) => Vec::new(),
                Err(RecvError::Closed) => return,
            };
            let new = watch.update(&publisher.site(), &source, paths.into_iter());
            for diagnostic in &new {
                reporter.report_link(diagnostic);
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("links".to_owned()).spawn(report) {
        tracing::warn!("links are not checked, because no thread can be started: {error}");
    }
}

impl Reporter {
    fn report_link_count(self, count: usize, root: &Utf8Path) {
        if count == 0 {
            return;
        }
        match self.0 {
            LogFormat::Text => {
                let what = if count == 1 {
                    "1 link or picture leads".to_owned()
                } else {
                    format!("{count} links and pictures lead")
                };
                terminal::print_message(&format!(
                    "all links were checked: {what} nowhere; `feedmill check {root}` lists them\n"
                ));
            }
            LogFormat::Json => tracing::warn!(count, "links and pictures lead nowhere"),
        }
    }

    fn report_link(self, diagnostic: &Diagnostic) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!("{diagnostic}\n")),
            LogFormat::Json => log::diagnostic(diagnostic),
        }
    }
}
