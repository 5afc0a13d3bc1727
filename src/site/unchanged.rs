//! Finds the documents that are the same as in the previous site, without rendering them.
//!
//! A document is the same if it is made of the same posts, if the counts in it are the same, and if no address in these posts may lead
//! elsewhere. Where that is not known, the answer is no: a document may be rendered in vain, but is never out of date. `feedmill build`
//! uses this: a site of ten thousand posts has forty thousand files, of which an edit changes thirty.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::Site;
use super::pages::RELATED;
use crate::index::{Filter, Scope};
use crate::post::{Post, key};
use crate::render::Place;

/// What a site has in common with the one before it.
pub(crate) struct Unchanged<'a> {
    site: &'a Site,
    before: &'a Site,
    /// The files of posts with an address that may lead elsewhere now.
    relinked: BTreeSet<Utf8PathBuf>,
    /// Whether any address may lead elsewhere.
    has_new_targets: bool,
    /// The tags of the posts that differ.
    tags: HashSet<String>,
    /// For each of their years all posts of that year, of the site and of the one before.
    years: HashMap<i16, [Vec<Arc<Post>>; 2]>,
}

impl Site {
    /// What this site has in common with `before`; `None` if other sites were published between the two, or if configuration or theme
    /// changed.
    pub(crate) fn unchanged_since<'a>(&'a self, before: &'a Site) -> Option<Unchanged<'a>> {
        let keys = self.changed_keys()?;
        let is_next = self.follows == Some(before.built);
        if !is_next || !Arc::ptr_eq(&self.config, &before.config) || !Arc::ptr_eq(&self.theme, &before.theme) {
            return None;
        }
        let differing = differing(self, before);
        Some(Unchanged {
            site: self,
            before,
            relinked: self.relinked_posts(before),
            has_new_targets: !keys.is_empty(),
            tags: differing
                .iter()
                .flat_map(|post| post.tags.iter().map(|tag| key(tag)))
                .collect(),
            years: differing
                .iter()
                .map(|post| post.date.date().year())
                .collect::<HashSet<i16>>()
                .into_iter()
                .map(|year| (year, [self, before].map(|site| posts_of_year(site, year))))
                .collect(),
        })
    }
}

/// The posts of one of the sites that the other one has not, or has in another version.
fn differing<'a>(site: &'a Site, before: &'a Site) -> Vec<&'a Arc<Post>> {
    let mut old: HashMap<&Utf8Path, &Arc<Post>> = before.all().iter().map(|post| (post.source.as_path(), post)).collect();
    let mut differing = Vec::new();
    for post in site.all().iter() {
        match old.remove(post.source.as_path()) {
            // a post appears and disappears by its dates, too
            Some(known) if Arc::ptr_eq(known, post) && known.visibility(before.built) == post.visibility(site.built) => {}
            known => differing.extend(known.into_iter().chain([post])),
        }
    }
    differing.extend(old.into_values());
    differing
}

impl Unchanged<'_> {
    /// Whether the post at the first of `addresses` that has one is the same, with everything that its page, its Markdown and its entry in
    /// the listing show.
    pub(crate) fn is_post_unchanged(&self, addresses: &[String]) -> bool {
        let first = |site: &'_ Site| addresses.iter().find_map(|address| site.index.by_address(address).cloned());
        first(self.site)
            .zip(first(self.before))
            .is_some_and(|(post, known)| self.is_same_post(&post, &known))
    }

    /// Whether the entry of the listing with the slug `slug` is the same.
    pub(crate) fn is_listed_post_unchanged(&self, slug: &str) -> bool {
        let found = self.site.index.by_slug(slug).zip(self.before.index.by_slug(slug));
        found.is_some_and(|(post, known)| self.is_same_post(post, known))
    }

    fn is_same_post(&self, post: &Arc<Post>, known: &Arc<Post>) -> bool {
        Arc::ptr_eq(post, known)
            && post.visibility(self.site.built) == known.visibility(self.before.built)
            && self.has_same_links(post)
            && are_same(neighbours(self.site, post), neighbours(self.before, post))
            && self.has_same_related(post)
    }

    /// Whether page `number` of the posts of `scope`, in the list and in the listing, is the same.
    pub(crate) fn is_page_unchanged(&self, scope: &Scope, number: usize) -> bool {
        let page = |site: &Site| {
            let name = site.index.members(scope).map(|members| members.name.clone());
            let (posts, total) = site.index.page(&Filter::for_scope(scope), number, site.config.list.per_page);
            (posts, total, name)
        };
        let ((posts, total, name), (known, known_total, known_name)) = (page(self.site), page(self.before));
        (total, name) == (known_total, known_name)
            && posts.iter().all(|post| self.has_same_links(post))
            && are_same(posts.iter(), known.iter())
    }

    /// Whether page `number` of the posts of `year` is the same.
    pub(crate) fn is_year_unchanged(&self, year: i16, number: usize) -> bool {
        let Some([posts, known]) = self.years.get(&year) else {
            return true;
        };
        let per_page = self.site.config.list.per_page.max(1);
        let page = |posts: &'_ [Arc<Post>]| posts.chunks(per_page).nth(number.saturating_sub(1)).map(<[_]>::to_vec);
        let (page, known_page) = (page(posts).unwrap_or_default(), page(known).unwrap_or_default());
        posts.len() == known.len() && are_same(page.iter(), known_page.iter())
    }

    /// Whether the feeds of `scope` at `place` are the same.
    pub(crate) fn is_feed_unchanged(&self, scope: &Scope, place: Place) -> bool {
        let (Some(parts), Some(known)) = (self.site.feed_parts(scope, place), self.before.feed_parts(scope, place)) else {
            return false;
        };
        parts.is_same_as(&known) && parts.posts.iter().all(|post| self.has_same_links(post))
    }

    /// Whether the texts in the feeds of `scope` at `place` can be read. A page whose text cannot be read is reported when it is made, but
    /// not if it is not made again.
    pub(crate) fn has_texts(&self, scope: &Scope, place: Place) -> bool {
        let parts = self.site.feed_parts(scope, place);
        parts.is_none_or(|parts| parts.posts.iter().all(|post| self.site.text(post).is_some()))
    }

    /// Whether all addresses in `post` still lead to the same targets. Unknown for posts in no feed: their lookups are not recorded.
    fn has_same_links(&self, post: &Arc<Post>) -> bool {
        !self.has_new_targets || post.in_feeds && self.site.is_listed(post) && !self.relinked.contains(&post.source)
    }

    fn has_same_related(&self, post: &Post) -> bool {
        // tags are weighed by how many posts have them
        let is_untouched = self.site.index.posts().len() == self.before.index.posts().len()
            && !post.tags.iter().any(|tag| self.tags.contains(&key(tag)));
        let related = |site: &Site| site.index.related(post, RELATED);
        is_untouched || are_same(related(self.site).iter(), related(self.before).iter())
    }
}

/// The public posts of `year`, newest first.
fn posts_of_year(site: &Site, year: i16) -> Vec<Arc<Post>> {
    let filter = Filter {
        year: Some(year),
        ..Filter::default()
    };
    site.index.page(&filter, 1, usize::MAX).0
}

/// The neighbours of `post` in time, if it has any.
fn neighbours<'a>(site: &'a Site, post: &Arc<Post>) -> impl Iterator<Item = &'a Arc<Post>> {
    let (newer, older) = site.index.neighbours(post);
    newer.into_iter().chain(older)
}

/// Whether both are the same posts in the same order.
fn are_same<'a>(posts: impl Iterator<Item = &'a Arc<Post>>, known: impl Iterator<Item = &'a Arc<Post>>) -> bool {
    posts.map(Arc::as_ptr).eq(known.map(Arc::as_ptr))
}
