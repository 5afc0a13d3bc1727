//! Matches the items of an old feed to posts.
//!
//! The kinds of evidence are tried in order, the strongest first: see [`MatchedBy`]. An item and a post match only if each is the
//! other's best candidate, so no item has two posts and no post two items. If two candidates are equally good, neither is taken and the
//! author decides: a post with the id of another one is worse than a post that appears new.

mod likeness;
mod matched_by;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use self::matched_by::MatchedBy;
use self::view::{ItemView, PostView, SiteAddresses};
use super::feed::{OldFeed, OldItem};
use crate::config::Config;
use crate::post::{Post, Texts};

/// An item and its post.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The item.
    pub item: &'a OldItem,
    /// The post.
    pub post: &'a Arc<Post>,
    /// The evidence.
    pub by: MatchedBy,
}

/// An item without a post.
#[derive(Clone, Debug)]
pub struct UnmatchedItem<'a> {
    /// The item.
    pub item: &'a OldItem,
    /// Candidates; empty if no post is similar.
    pub could_be: Vec<&'a Arc<Post>>,
}

/// Every item of a feed, matched or not, in the feed's order.
#[derive(Clone, Debug, Default)]
pub struct Matching<'a> {
    /// Items with a post.
    pub matched: Vec<Match<'a>>,
    /// Items without a post.
    pub unmatched: Vec<UnmatchedItem<'a>>,
}

/// A title or name that more posts have than this is not evidence.
const MOST_ALIKE: usize = 64;
/// The most candidates of an item.
const MOST_NAMED: usize = 3;

/// Matches the items of `feed` to `posts`, whose texts are in `texts`.
#[must_use]
pub(crate) fn match_items<'a>(feed: &'a OldFeed, posts: &'a [Arc<Post>], texts: &'a dyn Texts, config: &Config) -> Matching<'a> {
    let sites = SiteAddresses::new(feed, config);
    let items: Vec<ItemView> = feed.items.iter().map(|item| ItemView::new(item, &sites)).collect();
    let posts: Vec<PostView> = posts.iter().map(|post| PostView::new(post, texts)).collect();
    let mut found = MatchedPairs::default();
    for by in MatchedBy::ALL {
        // after a match, the candidates that are left may be unambiguous
        while found.add_pairs(by, &items, &posts) {}
    }
    let mut matching = Matching::default();
    for (i, view) in items.iter().enumerate() {
        let pair = found.post_of.get(&i).and_then(|&(p, by)| Some((posts.get(p)?, by)));
        match pair {
            Some((post, by)) => matching.matched.push(Match {
                item: view.item,
                post: post.post,
                by,
            }),
            None => matching.unmatched.push(UnmatchedItem {
                item: view.item,
                could_be: found.could_be(i, &items, &posts),
            }),
        }
    }
    matching
}

/// The matches so far, by index.
#[derive(Default)]
struct MatchedPairs {
    post_of: HashMap<usize, (usize, MatchedBy)>,
    item_of: HashMap<usize, usize>,
}

impl MatchedPairs {
    /// Finds matches among the rest by one kind of evidence. Returns whether there were any.
    fn add_pairs(&mut self, by: MatchedBy, items: &[ItemView], posts: &[PostView]) -> bool {
        let candidates = self.candidates(by, items, posts);
        let mut of_items: BTreeMap<usize, BestCandidates> = BTreeMap::new();
        let mut of_posts: BTreeMap<usize, BestCandidates> = BTreeMap::new();
        for (i, p) in candidates {
            let (Some(item), Some(post)) = (items.get(i), posts.get(p)) else {
                continue;
            };
            let weight = view::agreements(item, post);
            of_items.entry(i).or_default().add_candidate(p, weight);
            of_posts.entry(p).or_default().add_candidate(i, weight);
        }
        let mut found_any = false;
        for (i, best) in of_items {
            if let Some(p) = best.single()
                && of_posts.get(&p).and_then(BestCandidates::single) == Some(i)
            {
                self.post_of.insert(i, (p, by));
                self.item_of.insert(p, i);
                found_any = true;
            }
        }
        found_any
    }

    /// The items and posts of the rest for which there is this evidence.
    fn candidates(&self, by: MatchedBy, items: &[ItemView], posts: &[PostView]) -> BTreeSet<(usize, usize)> {
        // a title alone is evidence only if nothing else has it, matched or not
        let must_be_unique = matches!(by, MatchedBy::Title | MatchedBy::NameFromTitle);
        let mut items_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, item) in items.iter().enumerate() {
            if must_be_unique || !self.post_of.contains_key(&i) {
                for key in item.keys(by) {
                    items_of.entry(key).or_default().push(i);
                }
            }
        }
        let mut posts_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (p, post) in posts.iter().enumerate() {
            if must_be_unique || !self.item_of.contains_key(&p) {
                for key in post.keys(by) {
                    posts_of.entry(key).or_default().push(p);
                }
            }
        }
        let most = if must_be_unique { 1 } else { MOST_ALIKE };
        let mut candidates = BTreeSet::new();
        for (key, some_items) in &items_of {
            let Some(some_posts) = posts_of.get(key) else { continue };
            if some_items.len() > most || some_posts.len() > most {
                continue;
            }
            for &i in some_items.iter().filter(|i| !self.post_of.contains_key(i)) {
                for &p in some_posts.iter().filter(|p| !self.item_of.contains_key(p)) {
                    if let (Some(item), Some(post)) = (items.get(i), posts.get(p))
                        && view::may_match(by, item, post)
                    {
                        candidates.insert((i, p));
                    }
                }
            }
        }
        candidates
    }

    /// The posts without an item that have the name or the title of the item at `i`.
    fn could_be<'a>(&self, i: usize, items: &[ItemView<'a>], posts: &[PostView<'a>]) -> Vec<&'a Arc<Post>> {
        let Some(item) = items.get(i) else { return Vec::new() };
        let agrees = |by: MatchedBy, post: &PostView| {
            let keys = post.keys(by);
            item.keys(by).iter().any(|key| keys.contains(key))
        };
        posts
            .iter()
            .enumerate()
            .filter(|(p, _)| !self.item_of.contains_key(p))
            .filter(|(_, post)| {
                [
                    MatchedBy::Address,
                    MatchedBy::Name,
                    MatchedBy::Title,
                    MatchedBy::NameFromTitle,
                ]
                .iter()
                .any(|&by| agrees(by, post))
            })
            .map(|(_, post)| post.post)
            .take(MOST_NAMED)
            .collect()
    }
}

/// The best candidates.
#[derive(Default)]
struct BestCandidates {
    weight: usize,
    all: Vec<usize>,
}

impl BestCandidates {
    fn add_candidate(&mut self, other: usize, weight: usize) {
        if weight > self.weight {
            self.all.clear();
            self.weight = weight;
        }
        if weight == self.weight {
            self.all.push(other);
        }
    }

    /// The best candidate, if no other is as good.
    fn single(&self) -> Option<usize> {
        match self.all.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}
