//! What a look came to.

use std::time::Duration;

use camino::Utf8Path;

use crate::post::Post;
use crate::source::post_event::{PostEvent, PostEventKind};

/// What a look came to.
#[derive(Debug, Default)]
pub struct ScanOutcome {
    /// Whether the posts or the diagnostics are others than before.
    pub changed: bool,
    /// When to look again, at the latest; `None` if nothing is waited for.
    pub again_in: Option<Duration>,
    /// What happened, post by post.
    pub reports: Vec<PostEvent>,
    /// Whether the whole folder was looked at.
    pub looked_everywhere: bool,
    /// Whether nobody is to hear what happened: it is not even noted.
    pub(super) is_quiet: bool,
}

impl ScanOutcome {
    pub(super) fn report(&mut self, path: &Utf8Path, post: Option<&Post>, event: PostEventKind) {
        if self.is_quiet {
            return;
        }
        self.reports.push(PostEvent {
            path: path.to_owned(),
            address: post.map(|post| post.address.clone()),
            event,
        });
    }
}
