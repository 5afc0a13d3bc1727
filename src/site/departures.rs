//! Posts that went while the server ran: who keeps a copy of the listing should let go of them too.
//!
//! Files do not remember what was there before, so this knows of departures only from the start of the server on, and says so: who
//! kept a copy for longer than that compares it with the whole listing.

use std::collections::HashSet;
use std::sync::Arc;

use crate::index::Index;
use crate::post::Post;
use crate::time::Timestamp;

/// More departures than this are not kept: the oldest are forgotten, and what is known then begins later.
const MOST_DEPARTURES: usize = 10_000;

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
            all.drain(..forgotten);
            known_from = all.first().map_or(now, |departure| departure.at);
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
