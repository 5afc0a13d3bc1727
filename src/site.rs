//! The immutable whole at one instant: index, documents, diagnostics.

use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::Post;
use crate::time::Timestamp;

/// Everything a request can be answered from.
#[derive(Debug)]
pub struct Site {
    /// Every post that was read, public or not, ordered by path.
    pub all: Vec<Arc<Post>>,
    /// What is to be said about the files it was made of, ordered by path and place.
    pub diagnostics: Vec<Diagnostic>,
    /// The next instant at which a post appears or goes.
    pub next_due: Option<Timestamp>,
}

impl Site {
    /// The site made of `posts` at `now`. `diagnostics` are what reading them gave; what only shows in their company is added.
    #[must_use]
    pub fn build(config: &Arc<Config>, posts: Vec<Arc<Post>>, diagnostics: Vec<Diagnostic>, now: Timestamp) -> Site {
        let _ = config;
        let next_due = posts.iter().filter_map(|post| post.next_due(now)).min();
        Site {
            all: posts,
            diagnostics,
            next_due,
        }
    }
}
