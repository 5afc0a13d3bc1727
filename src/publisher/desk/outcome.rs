//! What a look came to.

use std::time::Duration;

use camino::Utf8Path;

use crate::post::Post;
use crate::publisher::report::{Event, Report};

/// What a look came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whether the posts or the diagnostics are others than before.
    pub changed: bool,
    /// When to look again, at the latest; `None` if nothing is waited for.
    pub again_in: Option<Duration>,
    /// What happened, post by post.
    pub reports: Vec<Report>,
    /// Whether the whole folder was looked at.
    pub looked_everywhere: bool,
    /// Whether nobody is to hear what happened: it is not even noted.
    pub(super) is_quiet: bool,
}

impl Outcome {
    pub(super) fn report(&mut self, path: &Utf8Path, post: Option<&Post>, event: Event) {
        if self.is_quiet {
            return;
        }
        self.reports.push(Report {
            path: path.to_owned(),
            address: post.map(|post| post.address().to_string()),
            event,
        });
    }
}
