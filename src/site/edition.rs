//! The edition of a feed: what of it is news to subscribers.

use serde::{Deserialize, Serialize};

use super::Site;
use crate::index::Scope;
use crate::render::Place;
use crate::time::Timestamp;

/// What of a feed is news: its entries with their dates, and the last withdrawal.
///
/// Bytes are no part of it: a new version of feedmill, another title of the site or a minor edit changes the bytes of feeds, and
/// nobody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// A digest of the ids of the entries with the instants of their last change, in hexadecimal.
    entries: String,
    /// When the last post of the scope was withdrawn, as far as that is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<Timestamp>,
}

impl Edition {
    /// Whether subscribers who know the edition `announced` have to be told of this one.
    ///
    /// A withdrawal that is no longer remembered is no news.
    #[must_use]
    pub fn is_news_after(&self, announced: &Edition) -> bool {
        self.entries != announced.entries || self.withdrawn > announced.withdrawn
    }
}

impl Site {
    /// The edition of the feeds of `scope`, which is the same in every format; `None` if there is no such scope.
    #[must_use]
    pub fn edition(&self, scope: &Scope) -> Option<Edition> {
        let parts = self.feed_parts(scope, Place::Newest)?;
        // the order is no news
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
        Some(Edition {
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
        let edition = |entries: &str, withdrawn: Option<i64>| Edition {
            entries: entries.to_owned(),
            withdrawn: withdrawn.map(|second| Timestamp::from_second(second).unwrap()),
        };
        for (now, announced, expected) in [
            (edition("a", None), edition("a", None), false),
            (edition("b", None), edition("a", None), true),
            (edition("a", Some(1)), edition("a", None), true),
            (edition("a", Some(2)), edition("a", Some(1)), true),
            (edition("a", Some(1)), edition("a", Some(1)), false),
            (edition("a", Some(1)), edition("a", Some(2)), false),
            (edition("a", None), edition("a", Some(2)), false),
        ] {
            assert_eq!(now.is_news_after(&announced), expected, "{now:?} after {announced:?}");
        }
    }
}
