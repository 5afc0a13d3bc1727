//! The state of a feed: what of it is news to subscribers.

use serde::{Deserialize, Serialize};

use super::Site;
use crate::index::Scope;
use crate::render::Place;
use crate::time::Timestamp;

/// What of a feed is news: its entries with their dates, and the last withdrawal.
///
/// Bytes are not part of it: a new version of feedmill, another title of the site or a minor edit changes the bytes of feeds, and is no
/// news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// A digest of the ids of the entries with the instants of their last change, in hexadecimal.
    entries: String,
    /// When the last post of the scope was withdrawn, as far as that is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<Timestamp>,
}

impl FeedState {
    /// Whether subscribers who know the state `announced` have to be told of this one.
    ///
    /// A withdrawal that is no longer remembered is no news.
    #[must_use]
    pub fn is_news_after(&self, announced: &FeedState) -> bool {
        self.entries != announced.entries || self.withdrawn > announced.withdrawn
    }
}

impl Site {
    /// The state of the feeds of `scope`, which is the same in every format; `None` if there is no such scope.
    #[must_use]
    pub fn feed_state(&self, scope: &Scope) -> Option<FeedState> {
        let parts = self.feed_parts(scope, Place::Newest)?;
        // another order is no news
        let mut entries: Vec<_> = parts
            .posts
            .iter()
            .map(|post| (post.id.as_str(), post.modified().timestamp()))
            .collect();
        entries.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for (id, modified) in entries {
            // no id contains the zero that ends it
            hasher.update(id.as_bytes());
            hasher.update(&[0]);
            hasher.update(&modified.as_nanosecond().to_le_bytes());
        }
        Some(FeedState {
            entries: hasher.finalize().to_hex()[..32].to_owned(),
            withdrawn: parts.withdrawn.last().map(|withdrawn| withdrawn.at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_entries_and_later_withdrawals_are_news() {
        let state = |entries: &str, withdrawn: Option<i64>| FeedState {
            entries: entries.to_owned(),
            withdrawn: withdrawn.map(|second| Timestamp::from_second(second).unwrap()),
        };
        for (now, announced, expected) in [
            (state("a", None), state("a", None), false),
            (state("b", None), state("a", None), true),
            (state("a", Some(1)), state("a", None), true),
            (state("a", Some(2)), state("a", Some(1)), true),
            (state("a", Some(1)), state("a", Some(1)), false),
            (state("a", Some(1)), state("a", Some(2)), false),
            (state("a", None), state("a", Some(2)), false),
        ] {
            assert_eq!(now.is_news_after(&announced), expected, "{now:?} after {announced:?}");
        }
    }
}
