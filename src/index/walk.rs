//! Walks through posts from a place on, which posts that come and go do not disturb.
//!
//! Two orders: newest first, for who reads back through everything, and oldest change first, for who keeps a copy. A post changed
//! when its dates say so (on the day it was published, or on the one its author names as that of its last change), or when the ledger
//! saw it appear, change or come back. Of one that went these orders know nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cursor::Place;
use super::{Filter, Index, NONE};
use crate::post::Post;
use crate::shared_vec::SharedVec;
use crate::time::{Moment, Recent, Timestamp};

/// The posts that follow a place.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// The first of them, in order.
    pub posts: Vec<Arc<Post>>,
    /// How many follow in all.
    pub following: usize,
}

impl Index {
    /// The first `count` of the posts that `filter` finds after `place`, newest first.
    #[must_use]
    pub fn after(&self, filter: &Filter, place: &Place, count: usize) -> Stretch {
        let scope = filter.scope();
        let posts = self.members(&scope).map_or(&*NONE, |members| &members.posts);
        let (at, id) = (place.at, place.id.as_str());
        let is_before = |post: &Arc<Post>| {
            let date = post.date.timestamp();
            date > at || date == at && *post.id() <= *id
        };
        let start = posts.partition_point(is_before);
        if filter.is_only(&scope) {
            return Stretch {
                posts: posts.from(start).take(count).cloned().collect(),
                following: posts.len() - start,
            };
        }
        self.stretch(posts.from(start), filter, count)
    }

    /// The public posts published right after `post`, one of them, and right before it.
    #[must_use]
    pub fn neighbours(&self, post: &Post) -> (Option<&Arc<Post>>, Option<&Arc<Post>>) {
        let posts = self.posts();
        let is_before = |other: &Arc<Post>| other.date > post.date || other.date == post.date && other.id() < post.id();
        let place = posts.partition_point(is_before);
        (place.checked_sub(1).and_then(|newer| posts.get(newer)), posts.get(place + 1))
    }

    /// The years in which public posts were published, on their authors' calendars, with the number of posts; the newest first.
    #[must_use]
    pub fn years(&self) -> Vec<(i16, usize)> {
        let mut years: BTreeMap<i16, usize> = BTreeMap::new();
        for post in self.posts().iter() {
            *years.entry(post.date.date().year()).or_default() += 1;
        }
        years.into_iter().rev().collect()
    }

    /// The first `count` of the posts that `filter` finds which changed at `since` or later, oldest change first.
    #[must_use]
    pub fn changed_since(&self, filter: &Filter, since: Timestamp, count: usize) -> Stretch {
        let posts = &self.by_change().posts;
        let start = posts.partition_point(|post| self.changed_at(post) < since);
        self.stretch(posts.from(start), filter, count)
    }

    /// The first `count` of the posts that `filter` finds after `place`, oldest change first.
    #[must_use]
    pub fn changed_after(&self, filter: &Filter, place: &Place, count: usize) -> Stretch {
        let posts = &self.by_change().posts;
        let is_before = |post: &Arc<Post>| (self.changed_at(post), post.id()) <= (place.at, place.id.as_str());
        self.stretch(posts.from(posts.partition_point(is_before)), filter, count)
    }

    /// When `post` last changed, as far as its dates say and is remembered.
    ///
    /// A change dated ahead of time counts from its day on: a client that has seen it would else miss all that changes before that day.
    #[must_use]
    pub fn changed_at(&self, post: &Post) -> Timestamp {
        changed_at(post, self.now)
    }

    fn by_change(&self) -> &ByChange {
        self.by_change.get_or_init(|| ByChange::of(self.posts(), self.now))
    }

    fn stretch<'a>(&self, posts: impl Iterator<Item = &'a Arc<Post>>, filter: &Filter, count: usize) -> Stretch {
        let mut found = Stretch::default();
        for post in posts.filter(|post| self.finds(filter, post)) {
            if found.posts.len() < count {
                found.posts.push(Arc::clone(post));
            }
            found.following += 1;
        }
        found
    }

    /// Whether `filter` finds `post`.
    #[must_use]
    pub fn finds(&self, filter: &Filter, post: &Post) -> bool {
        filter.finds(post, &self.site_language)
    }
}

/// When `post` last changed, as it is told of at `now`.
fn changed_at(post: &Post, now: Timestamp) -> Timestamp {
    let changed = post.updated.map(Moment::timestamp).filter(|&updated| updated <= now);
    let published = post.date.timestamp();
    // who keeps a copy has to hear of a post that was added under an old date, too
    let told = post.told.map(Recent::timestamp).filter(|&told| told <= now);
    let last = [changed, told].into_iter().flatten().max();
    last.map_or(published, |last| last.max(published))
}

/// Public posts, the oldest change first, of one instant in the order of their ids.
#[derive(Debug)]
pub(super) struct ByChange {
    posts: SharedVec<Arc<Post>>,
    /// Whether a change of one is dated ahead, so that it changes its place by time alone.
    has_ahead: bool,
}

impl ByChange {
    fn of(posts: &SharedVec<Arc<Post>>, now: Timestamp) -> ByChange {
        let mut posts: Vec<Arc<Post>> = posts.iter().cloned().collect();
        posts.sort_by(|a, b| (changed_at(a, now), a.id()).cmp(&(changed_at(b, now), b.id())));
        ByChange {
            has_ahead: posts.iter().any(|post| is_ahead(post, now)),
            posts: posts.into_iter().collect(),
        }
    }

    /// The same at `now` without the posts `gone`, which were public at `then`, and with those that `came`; `None` where it is to be
    /// made anew.
    pub(super) fn after<'a>(
        &self,
        gone: impl Iterator<Item = &'a Arc<Post>>,
        then: Timestamp,
        came: impl Iterator<Item = &'a Arc<Post>>,
        now: Timestamp,
    ) -> Option<ByChange> {
        if self.has_ahead {
            return None;
        }
        let mut posts = self.posts.clone();
        let place = |posts: &SharedVec<Arc<Post>>, post: &Post, at: Timestamp| {
            let changed = changed_at(post, at);
            posts.partition_point(|other| (changed_at(other, at), other.id()) < (changed, post.id()))
        };
        for post in gone {
            let at = place(&posts, post, then);
            if posts.get(at).is_some_and(|other| Arc::ptr_eq(other, post)) {
                posts.remove(at);
            }
        }
        let mut has_ahead = false;
        for post in came {
            posts.insert(place(&posts, post, now), Arc::clone(post));
            has_ahead |= is_ahead(post, now);
        }
        Some(ByChange { posts, has_ahead })
    }
}

fn is_ahead(post: &Post, now: Timestamp) -> bool {
    post.updated.is_some_and(|updated| updated.timestamp() > now) || post.told.is_some_and(|told| told.timestamp() > now)
}
