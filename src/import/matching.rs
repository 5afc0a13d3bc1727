//! Which item of an old feed is which post here.
//!
//! One kind of evidence after the other, the strongest first: see [`By`]. Whatever it is, an item goes to a post only if each is the
//! other's best: one item to one post, and never two. Where two are equally good, neither is taken, and the author is asked; a post
//! with another's id is worse than a post that appears new.

mod likeness;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use self::view::{ItemView, PostView, Sites};
use super::{OldFeed, OldItem};
use crate::config::Config;
use crate::post::{Post, Texts};

/// What an item and a post were found to be the same by, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// They have the same id already.
    Id,
    /// The path is the same, whatever its ending.
    Address,
    /// The address ends with the same name, and title, day or text do not speak against it.
    Name,
    /// The title is the same, and the day, give or take one for zones.
    TitleAndDay,
    /// No other item and no other post has this title.
    Title,
    /// The post's name was made of the item's title.
    NameFromTitle,
    /// The day is the same, and the text alike.
    DayAndText,
}

impl By {
    /// All of them, the strongest first.
    const ALL: [By; 7] = [
        By::Id,
        By::Address,
        By::Name,
        By::TitleAndDay,
        By::Title,
        By::NameFromTitle,
        By::DayAndText,
    ];

    /// What it is, as the end of `3 by …`.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            By::Id => "id",
            By::Address => "address",
            By::Name => "the address's name",
            By::TitleAndDay => "title and day",
            By::Title => "title",
            By::NameFromTitle => "a name made of the title",
            By::DayAndText => "day and text",
        }
    }
}

/// An item and the post that it is.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The item.
    pub item: &'a OldItem,
    /// The post.
    pub post: &'a Arc<Post>,
    /// How that is known.
    pub by: By,
}

/// An item of which it is not known which post it is, if any.
#[derive(Clone, Debug)]
pub struct Unmatched<'a> {
    /// The item.
    pub item: &'a OldItem,
    /// Posts that it might be; empty where nothing here is like it.
    pub could_be: Vec<&'a Arc<Post>>,
}

/// Every item of a feed, matched or not, in the feed's order.
#[derive(Clone, Debug, Default)]
pub struct Matching<'a> {
    /// Those with a post.
    pub matched: Vec<Match<'a>>,
    /// Those without.
    pub unmatched: Vec<Unmatched<'a>>,
}

/// A title or a name that more posts than this have tells none of them from the others.
const MOST_ALIKE: usize = 64;
/// How many posts are named that an item could be.
const MOST_NAMED: usize = 3;

/// Matches the items of `feed` to `posts`, whose texts `texts` has, and which are published as `config` says.
#[must_use]
pub fn matched<'a>(feed: &'a OldFeed, posts: &'a [Arc<Post>], texts: &'a dyn Texts, config: &Config) -> Matching<'a> {
    let sites = Sites::of(feed, config);
    let items: Vec<ItemView> = feed.items.iter().map(|item| ItemView::new(item, &sites)).collect();
    let posts: Vec<PostView> = posts.iter().map(|post| PostView::new(post, texts)).collect();
    let mut found = Found::default();
    for by in By::ALL {
        // a pair that is taken away may leave another one clear
        while found.pair(by, &items, &posts) {}
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
            None => matching.unmatched.push(Unmatched {
                item: view.item,
                could_be: found.could_be(i, &items, &posts),
            }),
        }
    }
    matching
}

/// The pairs found so far, by their places.
#[derive(Default)]
struct Found {
    post_of: HashMap<usize, (usize, By)>,
    item_of: HashMap<usize, usize>,
}

impl Found {
    /// Finds pairs among what is left by one kind of evidence; whether there were any.
    fn pair(&mut self, by: By, items: &[ItemView], posts: &[PostView]) -> bool {
        let edges = self.edges(by, items, posts);
        let mut of_items: BTreeMap<usize, Best> = BTreeMap::new();
        let mut of_posts: BTreeMap<usize, Best> = BTreeMap::new();
        for (i, p) in edges {
            let (Some(item), Some(post)) = (items.get(i), posts.get(p)) else {
                continue;
            };
            let weight = view::agreements(item, post);
            of_items.entry(i).or_default().add_candidate(p, weight);
            of_posts.entry(p).or_default().add_candidate(i, weight);
        }
        let mut found_any = false;
        for (i, best) in of_items {
            if let Some(p) = best.alone()
                && of_posts.get(&p).and_then(Best::alone) == Some(i)
            {
                self.post_of.insert(i, (p, by));
                self.item_of.insert(p, i);
                found_any = true;
            }
        }
        found_any
    }

    /// The items and posts that are left and that this evidence speaks for.
    fn edges(&self, by: By, items: &[ItemView], posts: &[PostView]) -> BTreeSet<(usize, usize)> {
        // a title is evidence by itself only where no other has it, settled already or not
        let must_be_unique = matches!(by, By::Title | By::NameFromTitle);
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
        let mut edges = BTreeSet::new();
        for (key, some_items) in &items_of {
            let Some(some_posts) = posts_of.get(key) else { continue };
            if some_items.len() > most || some_posts.len() > most {
                continue;
            }
            for &i in some_items.iter().filter(|i| !self.post_of.contains_key(i)) {
                for &p in some_posts.iter().filter(|p| !self.item_of.contains_key(p)) {
                    if let (Some(item), Some(post)) = (items.get(i), posts.get(p))
                        && view::may_be(by, item, post)
                    {
                        edges.insert((i, p));
                    }
                }
            }
        }
        edges
    }

    /// The posts left that have the name or the title of the item at `i`.
    fn could_be<'a>(&self, i: usize, items: &[ItemView<'a>], posts: &[PostView<'a>]) -> Vec<&'a Arc<Post>> {
        let Some(item) = items.get(i) else { return Vec::new() };
        let like = |by: By, post: &PostView| {
            let keys = post.keys(by);
            item.keys(by).iter().any(|key| keys.contains(key))
        };
        posts
            .iter()
            .enumerate()
            .filter(|(p, _)| !self.item_of.contains_key(p))
            .filter(|(_, post)| {
                [By::Address, By::Name, By::Title, By::NameFromTitle]
                    .iter()
                    .any(|&by| like(by, post))
            })
            .map(|(_, post)| post.post)
            .take(MOST_NAMED)
            .collect()
    }
}

/// The best of several, and whether another is as good.
#[derive(Default)]
struct Best {
    weight: usize,
    all: Vec<usize>,
}

impl Best {
    fn add_candidate(&mut self, other: usize, weight: usize) {
        if weight > self.weight {
            self.all.clear();
            self.weight = weight;
        }
        if weight == self.weight {
            self.all.push(other);
        }
    }

    fn alone(&self) -> Option<usize> {
        match self.all.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}
