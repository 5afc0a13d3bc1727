//! Posts that went while the server ran: who keeps a copy of the listing should let go of them too.
//!
//! Files do not remember what was there before, so this knows of departures only from the start of the server on, and says so: who
//! kept a copy for longer than that compares it with the whole listing.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::index::Index;
use crate::post::Post;
use crate::time::Timestamp;

/// More departures than this are not kept: the oldest are forgotten, and what is known then begins later.
const MOST_DEPARTURES: usize = 10_000;

/// The next instant there is.
const JUST_AFTER: SignedDuration = SignedDuration::from_nanos(1);

/// A post that the world could see and no longer can.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The post, as it last was.
    pub post: Arc<Post>,
    /// When it went.
    pub at: Timestamp,
}

/// The departures that are known, the earliest first.
#[derive(Clone, Debug)]
pub struct Departures {
    /// The instant from which on all are known.
    pub known_from: Timestamp,
    all: Arc<[Departure]>,
}

impl Departures {
    /// None, known from `now` on.
    pub(super) fn none(now: Timestamp) -> Departures {
        Departures {
            known_from: now,
            all: Arc::default(),
        }
    }

    /// These, and the posts of `before` that `after`, made at `now`, no longer has; without those that came back.
    pub(super) fn following(&self, before: &Index, after: &Index, now: Timestamp) -> Departures {
        let ids: HashSet<&str> = after.posts().iter().map(|post| post.id.as_str()).collect();
        let is_gone = |post: &Post| !ids.contains(post.id.as_str());
        let earlier = self.all.iter().filter(|departure| is_gone(&departure.post)).cloned();
        let new = before.posts().iter().filter(|post| is_gone(post)).map(|post| Departure {
            post: Arc::clone(post),
            at: now,
        });
        let mut all: Vec<Departure> = earlier.chain(new).collect();
        let mut known_from = self.known_from;
        if let Some(forgotten) = all.len().checked_sub(MOST_DEPARTURES).filter(|&forgotten| forgotten > 0) {
            // others of the last one's instant may be left, so not even that instant is known in full
            let last = all.drain(..forgotten).next_back().map_or(now, |departure| departure.at);
            known_from = last.saturating_add(JUST_AFTER).unwrap_or(last);
        }
        Departures {
            known_from,
            all: all.into(),
        }
    }

    /// Those at `instant` or later.
    pub fn since(&self, instant: Timestamp) -> &[Departure] {
        let first = self.all.partition_point(|departure| departure.at < instant);
        self.all.get(first..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source::SourceFile;

    fn at(second: usize) -> Timestamp {
        "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(i64::try_from(second).unwrap())
    }

    /// An index of posts with these numbers at `now`.
    fn index(numbers: std::ops::Range<usize>, now: Timestamp) -> Index {
        let config = Config::default();
        let numbered = |n| {
            let source = SourceFile {
                path: format!("p{n}.md").into(),
                bytes: "---\ndate: 2026-01-01\n---\n".as_bytes().into(),
                modified: Timestamp::UNIX_EPOCH,
            };
            Arc::new(post::read(&source, &config).unwrap().post)
        };
        Index::build(numbers.map(numbered).collect(), &config, now, &[]).0
    }

    fn ids(departures: &[Departure]) -> Vec<&str> {
        departures.iter().map(|departure| departure.post.slug.as_str()).collect()
    }

    #[test]
    fn who_comes_back_has_not_gone() {
        let (all, one, none) = (index(0..2, at(0)), index(0..1, at(1)), index(0..0, at(2)));
        let departures = Departures::none(at(0))
            .following(&all, &one, at(1))
            .following(&one, &none, at(2));
        assert_eq!(ids(departures.since(at(0))), ["p1", "p0"]);
        assert_eq!(ids(departures.since(at(2))), ["p0"]);
        let departures = departures.following(&none, &all, at(3));
        assert_eq!((ids(departures.since(at(0))), departures.known_from), (vec![], at(0)));
    }

    #[test]
    fn what_is_known_begins_after_what_was_forgotten() {
        let (all, none) = (index(0..MOST_DEPARTURES + 1, at(0)), index(0..0, at(1)));
        let departures = Departures::none(at(0)).following(&all, &none, at(1));
        assert_eq!(departures.since(at(0)).len(), MOST_DEPARTURES);
        assert!(
            departures.known_from > at(1),
            "one of that very instant is forgotten: {}",
            departures.known_from
        );
    }
}
