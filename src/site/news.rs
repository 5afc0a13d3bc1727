//! What is new about posts since an instant: for clients that follow the site.

use std::sync::Arc;

use super::Site;
use crate::post::Post;
use crate::time::{CompactTimestamp, Timestamp};

/// More news than this is not returned: reading the listing is quicker then.
pub const MOST_NEWS: usize = 1000;

/// What happened to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsKind {
    /// It appeared in lists, or came back to them.
    Added,
    /// Its content changed.
    Changed,
    /// It is in no list any more.
    Withdrawn,
}

/// The newest event of one post.
#[derive(Clone, Debug)]
pub struct PostNews {
    /// When it happened, by the ledger. After several edits within a second it is up to a few seconds late.
    pub at: Timestamp,
    /// What happened.
    pub kind: NewsKind,
    /// The post, as it is now or last was.
    pub post: Arc<Post>,
}

/// Why the news since an instant is not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsGap {
    /// The ledger does not reach back to the instant.
    TooOld,
    /// The instant is later than this site.
    Later,
    /// There are more than [`MOST_NEWS`].
    TooMuch,
}

impl Site {
    /// What is new about public posts since `instant`, the earliest first; of each post only the newest event. A minor edit is none.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    pub fn news_after(&self, instant: Timestamp) -> Result<Vec<PostNews>, NewsGap> {
        if instant < self.history.known_from {
            return Err(NewsGap::TooOld);
        }
        if instant > self.built {
            return Err(NewsGap::Later);
        }
        let is_new = |at: Option<CompactTimestamp>| at.map(CompactTimestamp::timestamp).filter(|&at| at > instant);
        let published = self.index.posts().iter().filter_map(|post| {
            let kind = if is_new(post.appeared).is_some() {
                NewsKind::Added
            } else {
                NewsKind::Changed
            };
            let at = is_new(post.last_news)?;
            let post = Arc::clone(post);
            Some(PostNews { at, kind, post })
        });
        let withdrawn = self.history.since(instant).iter().filter(|departure| departure.at > instant);
        let withdrawn = withdrawn.map(|departure| PostNews {
            at: departure.at,
            kind: NewsKind::Withdrawn,
            post: Arc::clone(&departure.post),
        });
        let mut news: Vec<PostNews> = published.chain(withdrawn).take(MOST_NEWS + 1).collect();
        if news.len() > MOST_NEWS {
            return Err(NewsGap::TooMuch);
        }
        news.sort_by(|a, b| (a.at, &a.post.id).cmp(&(b.at, &b.post.id)));
        Ok(news)
    }
}
