//! Pages through posts from a position; posts that appear and disappear do not disturb it.
//!
//! There are two orders: newest first, for clients that read back through everything, and oldest change first, for clients that
//! keep a copy. A post changed when its dates say so (its publication, or the date of the last change that its author names), or
//! when the ledger recorded that it appeared, changed or was added back. Posts that were removed are not in these orders.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cursor::CursorPosition;
use super::{Filter, Index, NO_POSTS};
use crate::post::Post;
use crate::shared_vec::SharedVec;
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// The posts that follow a position.
#[derive(Clone, Debug, Default)]
pub struct PostRange {
    /// The first of them, in order.
    pub posts: Vec<Arc<Post>>,
    /// How many follow in all.
    pub following: usize,
}

impl Index {
    /// The first `count` posts after `position` that `filter` matches, newest first.
    #[must_use]
    pub fn after(&self, filter: &Filter, position: &CursorPosition, count: usize) -> PostRange {
        let scope = filter.scope();
        let posts = self.members(&scope).map_or(&*NO_POSTS, |members| &members.posts);
        let (at, id) = (position.at, position.id.as_str());
        let is_before = |post: &Arc<Post>| {
            let date = post.date.timestamp();
            date > at || date == at && *post.id <= *id
        };
        let start = posts.partition_point(is_before);
        if filter.is_only(&scope) {
            return PostRange {
                posts: posts.iter_from(start).take(count).cloned().collect(),
                following: posts.len() - start,
            };
        }
        self.collect_range(posts.iter_from(start), filter, count)
    }

    /// The public posts published directly after and directly before `post`, which is one of them.
    #[must_use]
    pub fn neighbours(&self, post: &Post) -> (Option<&Arc<Post>>, Option<&Arc<Post>>) {
        let posts = self.posts();
        let is_before = |other: &Arc<Post>| other.date > post.date || other.date == post.date && other.id < post.id;
        let position = posts.partition_point(is_before);
        (
            position.checked_sub(1).and_then(|newer| posts.get(newer)),
            posts.get(position + 1),
        )
    }

    /// The years in which public posts were published, on their authors' calendars, with the number of posts; newest first.
    #[must_use]
    pub fn years(&self) -> Vec<(i16, usize)> {
        let mut years: BTreeMap<i16, usize> = BTreeMap::new();
        for post in self.posts().iter() {
            *years.entry(post.date.date().year()).or_default() += 1;
        }
        years.into_iter().rev().collect()
    }

    /// The first `count` posts that `filter` matches and that changed at `since` or later, oldest change first.
    #[must_use]
    pub fn changed_since(&self, filter: &Filter, since: Timestamp, count: usize) -> PostRange {
        let posts = &self.by_change().posts;
        let start = posts.partition_point(|post| self.changed_at(post) < since);
        self.collect_range(posts.iter_from(start), filter, count)
    }

    /// The first `count` posts after `position` that `filter` matches, oldest change first.
    #[must_use]
    pub fn changed_after(&self, filter: &Filter, position: &CursorPosition, count: usize) -> PostRange {
        let posts = &self.by_change().posts;
        let is_before = |post: &Arc<Post>| (self.changed_at(post), post.id.as_str()) <= (position.at, position.id.as_str());
        self.collect_range(posts.iter_from(posts.partition_point(is_before)), filter, count)
    }

    /// When `post` last changed, by its dates and by the ledger.
    ///
    /// A change that is dated in the future counts from that day on. Otherwise a client that has seen it would miss every change
    /// before that day.
    #[must_use]
    pub fn changed_at(&self, post: &Post) -> Timestamp {
        changed_at(post, self.now)
    }

    fn by_change(&self) -> &ByChange {
        self.by_change.get_or_init(|| ByChange::build(self.posts(), self.now))
    }

    fn collect_range<'a>(&self, posts: impl Iterator<Item = &'a Arc<Post>>, filter: &Filter, count: usize) -> PostRange {
        let mut found = PostRange::default();
        for post in posts.filter(|post| self.matches(filter, post)) {
            if found.posts.len() < count {
                found.posts.push(Arc::clone(post));
            }
            found.following += 1;
        }
        found
    }

    /// Whether `filter` matches `post`.
    #[must_use]
    pub fn matches(&self, filter: &Filter, post: &Post) -> bool {
        filter.matches(post, &self.site_language)
    }
}

/// When `post` last changed, as reported at `now`.
fn changed_at(post: &Post, now: Timestamp) -> Timestamp {
    let changed = post.updated.map(Moment::timestamp).filter(|&updated| updated <= now);
    let published = post.date.timestamp();
    // a client that keeps a copy also needs a post that was added under an old date
    let last_news = post
        .last_news
        .map(CompactTimestamp::timestamp)
        .filter(|&last_news| last_news <= now);
    let last = [changed, last_news].into_iter().flatten().max();
    last.map_or(published, |last| last.max(published))
}

/// Public posts, oldest change first, then by id.
#[derive(Debug)]
pub(super) struct ByChange {
    posts: SharedVec<Arc<Post>>,
    /// Whether a change is dated in the future, so that its post changes its position by time alone.
    has_future_change: bool,
}

impl ByChange {
    fn build(posts: &SharedVec<Arc<Post>>, now: Timestamp) -> ByChange {
        let mut posts: Vec<Arc<Post>> = posts.iter().cloned().collect();
        posts.sort_by(|a, b| (changed_at(a, now), &a.id).cmp(&(changed_at(b, now), &b.id)));
        ByChange {
            has_future_change: posts.iter().any(|post| has_future_change_at(post, now)),
            posts: posts.into_iter().collect(),
        }
    }

    /// The same at `now` without the posts `removed`, which were public at `then`, and with the posts `added`; `None` if it has to
    /// be rebuilt.
    pub(super) fn after<'a>(
        &self,
        removed: impl Iterator<Item = &'a Arc<Post>>,
        then: Timestamp,
        added: impl Iterator<Item = &'a Arc<Post>>,
        now: Timestamp,
    ) -> Option<ByChange> {
        if self.has_future_change {
            return None;
        }
        let mut posts = self.posts.clone();
        let position = |posts: &SharedVec<Arc<Post>>, post: &Post, at: Timestamp| {
            let changed = changed_at(post, at);
            posts.partition_point(|other| (changed_at(other, at), &other.id) < (changed, &post.id))
        };
        for post in removed {
            let at = position(&posts, post, then);
            if posts.get(at).is_some_and(|other| Arc::ptr_eq(other, post)) {
                posts.remove(at);
            }
        }
        let mut has_future_change = false;
        for post in added {
            posts.insert(position(&posts, post, now), Arc::clone(post));
            has_future_change |= has_future_change_at(post, now);
        }
        Some(ByChange {
            posts,
            has_future_change,
        })
    }
}

fn has_future_change_at(post: &Post, now: Timestamp) -> bool {
    post.updated.is_some_and(|updated| updated.timestamp() > now)
        || post.last_news.is_some_and(|last_news| last_news.timestamp() > now)
}
