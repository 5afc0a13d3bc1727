//! Which feeds differ between two sites, found without rendering a feed.
//!
//! Only scopes that a change affects are compared, and of their posts only those that changed are rendered, as items. Every
//! feed whose bytes differ is found, if the texts that link to changed posts were rendered before. Dates of the feed as a whole
//! (RSS `lastBuildDate`, Atom `updated`) are not compared. A feed with the same bytes is reported only if the text of a changed
//! post can no longer be read, or if `feed.max_bytes` left it out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::Site;
use super::documents::{FeedParts, withdrawn};
use crate::config::FeedContent;
use crate::identity::Departure;
use crate::index::{Scope, all_scopes_of};
use crate::post::Post;
use crate::render::{CleanItem, Format, Place, item, item_in, references};
use crate::time::Timestamp;

/// A feed that differs between two sites: its subscription document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangedFeed {
    /// The scope of the feed.
    pub scope: Scope,
    /// The format of the feed.
    pub format: Format,
}

/// Compares posts of one site with those of the previous site, each once for all feeds that contain it.
struct PostComparison<'a> {
    before: &'a Site,
    after: &'a Site,
    /// The formats in which each compared post differs, by file.
    differing: HashMap<Utf8PathBuf, Vec<Format>>,
    /// The files of posts with an address that may lead elsewhere than on the previous site.
    relinked: BTreeSet<Utf8PathBuf>,
}

impl Site {
    /// The feeds whose bytes differ from those of the site `before`, ordered. New feeds and removed feeds are among them.
    #[must_use]
    pub fn changed_feeds(&self, before: &Site) -> Vec<ChangedFeed> {
        let relinked = self.relinked_posts(before);
        let scopes = self.touched_scopes(before, &relinked);
        let mut posts = PostComparison {
            before,
            after: self,
            differing: HashMap::new(),
            relinked,
        };
        let mut changed = Vec::new();
        for scope in scopes {
            let formats = match (
                before.feed_parts(&scope, Place::Newest),
                self.feed_parts(&scope, Place::Newest),
            ) {
                (Some(before), Some(after)) => posts.differing_formats(&before, &after),
                (None, None) => Vec::new(),
                _ => Format::ALL.to_vec(),
            };
            let feed = |format| ChangedFeed {
                scope: scope.clone(),
                format,
            };
            changed.extend(formats.into_iter().map(feed));
        }
        changed
    }

    /// The scopes whose feeds may differ from those of the site `before`.
    fn touched_scopes(&self, before: &Site, relinked: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Scope> {
        let changed = self.index.changed_scopes(&before.index);
        let mut scopes: BTreeSet<Scope> = changed.into_iter().cloned().collect();
        let relinked = relinked.iter().filter_map(|path| self.post(path));
        relinked.for_each(|post| scopes.extend(all_scopes_of(post)));
        if !Arc::ptr_eq(&self.newest_history, &before.newest_history) {
            scopes.insert(Scope::Site);
        }
        if !Arc::ptr_eq(&self.history, &before.history) {
            let departures = [before, self].map(|site| site.history.since(Timestamp::MIN));
            for departure in differing_departures(departures) {
                scopes.extend(all_scopes_of(&departure.post));
            }
        }
        scopes
    }

    /// The files of posts with an address that may lead elsewhere than on the site `before`.
    pub(super) fn relinked_posts(&self, before: &Site) -> BTreeSet<Utf8PathBuf> {
        if self.index.generation() == before.index.generation() {
            return BTreeSet::new();
        }
        self.documents.looking_up(self.changed_keys())
    }

    /// What the feeds of `scope` at `place` are made of; `None` if there are no such documents.
    pub(super) fn feed_parts(&self, scope: &Scope, place: Place) -> Option<FeedParts> {
        let history = match scope {
            Scope::Site => &self.newest_history,
            _ => &self.history,
        };
        FeedParts::new(self.index.members(scope)?, place, &self.config, || {
            withdrawn(history, scope, &self.config)
        })
    }

    /// The item of `post`, one of this site's, without its text.
    fn short_item(&self, post: &Post) -> CleanItem {
        item(
            post,
            &self.config,
            &references(post, &self.config.base(), &self.targets),
            None,
        )
    }

    /// The item of `post`, one of this site's, with its text; `None` if the text cannot be read.
    fn whole_item(&self, post: &Arc<Post>) -> Option<CleanItem> {
        self.documents.full_item(post, self.context())
    }
}

/// The departures that are in only one of two lists, or differ between them.
fn differing_departures<'a>([one, other]: [&'a [Departure]; 2]) -> impl Iterator<Item = &'a Departure> {
    let by_id = |list: &'a [Departure]| -> HashMap<&str, &Departure> {
        list.iter().map(|departure| (departure.post.id.as_str(), departure)).collect()
    };
    let (ones, others) = (by_id(one), by_id(other));
    let is_in = |list: &HashMap<&str, &Departure>, departure: &Departure| {
        let known = list.get(departure.post.id.as_str());
        known.is_some_and(|known| known.at == departure.at && known.post == departure.post)
    };
    let gone = one.iter().filter(move |departure| !is_in(&others, departure));
    let new = other.iter().filter(move |departure| !is_in(&ones, departure));
    gone.chain(new)
}

impl PostComparison<'_> {
    /// The formats in which a feed made from `before` differs from one made from `after`.
    fn differing_formats(&mut self, before: &FeedParts, after: &FeedParts) -> Vec<Format> {
        let has_same_posts = before
            .posts
            .iter()
            .map(|post| &post.id)
            .eq(after.posts.iter().map(|post| &post.id));
        if before.name != after.name || before.archives != after.archives || !has_same_posts {
            return Format::ALL.to_vec();
        }
        let mut formats = BTreeSet::new();
        // only Atom lists withdrawn posts (RFC 6721)
        formats.extend((before.withdrawn != after.withdrawn).then_some(Format::Atom));
        for (old, new) in before.posts.iter().zip(&*after.posts) {
            formats.extend(self.differing_in(old, new));
        }
        formats.into_iter().collect()
    }

    /// The formats in which the post `new` differs from its previous version `old`.
    fn differing_in(&mut self, old: &Arc<Post>, new: &Arc<Post>) -> Vec<Format> {
        let is_relinked = self.relinked.contains(&new.source);
        if Arc::ptr_eq(old, new) && !is_relinked {
            return Vec::new();
        }
        if let Some(known) = self.differing.get(&new.source) {
            return known.clone();
        }
        let config = &self.after.config;
        let read_alike = |post: &Post| {
            let place = (post.source.clone(), post.address.clone());
            (post.text.digest(), post.title.clone(), place)
        };
        let has_same_text = !is_relinked && read_alike(old) == read_alike(new);
        let items = if config.feed.content != FeedContent::Full || has_same_text {
            Some((self.before.short_item(old), self.after.short_item(new)))
        } else {
            self.before.whole_item(old).zip(self.after.whole_item(new))
        };
        let differs = |format: &Format| {
            items
                .as_ref()
                .is_none_or(|(old, new)| item_in(old, *format) != item_in(new, *format))
        };
        let formats: Vec<Format> = Format::ALL.into_iter().filter(differs).collect();
        self.differing.insert(new.source.clone(), formats.clone());
        formats
    }
}
