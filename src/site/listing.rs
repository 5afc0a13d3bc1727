//! The listing of a site, and the documents about one post and about its tags, authors and sections.
//!
//! Each is a pure and bounded function of the site and of what is asked.

use std::cell::Cell;
use std::sync::Arc;

use camino::Utf8Path;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Site, Unread};
use crate::index::cursor::{Cursor, Order};
use crate::index::search::{Busy, SearchQuery};
use crate::index::{Filter, PostRange};
use crate::post::Post;
use crate::render::encode::Document;
use crate::render::listing::scopes::{self, Kind};
use crate::render::listing::{Deletions, Links, ListingPage, Way, one};
use crate::render::openapi;
use crate::time::Timestamp;

/// The media type of these documents.
const MEDIA_TYPE: &str = "application/json";

/// What the listing is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Which posts.
    pub filter: Filter,
    /// Which part of them.
    pub part: Part,
    /// How many posts a page.
    pub per_page: usize,
    /// Whether each post comes with its whole text.
    pub with_content: bool,
    /// The parameters beside the part's and `per_page` that links to other pages keep, in the order given.
    pub kept: Vec<(String, String)>,
}

/// Which part of what a filter finds, in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The page of this number, from 1, newest first.
    Page(usize),
    /// What follows the place, newest first.
    After(Cursor),
    /// What changed at the instant or later, oldest change first.
    Since(Timestamp),
    /// What follows the place, oldest change first.
    SinceCursor(Cursor),
    /// Of what has these words, the best first, the page of this number, from 1.
    Found(SearchQuery, usize),
}

/// How many bytes of pages of the listing are kept, about, with their codings.
const BYTES: u64 = 16 * 1024 * 1024;
/// What the headers of answers with a page, and its name, take beside it.
const HEADERS: u64 = 4 * 1024;
/// About how many pages that is at first.
const ABOUT_PAGES: usize = 256;

/// A page of the listing, and its links.
type Listed = Arc<(Document, Links)>;

/// A page of the listing that was made.
struct Made {
    listed: Listed,
    /// Whether it has the texts of all its posts, as far as it should.
    is_whole: bool,
}

/// The pages of one site's listing that were made: like [`super::pages`], for as long as the site is. What a search finds is not kept.
pub(super) struct Listings(Cache<Query, Listed, Weight>);

#[derive(Clone)]
struct Weight;

impl Weighter<Query, Listed> for Weight {
    fn weight(&self, query: &Query, listed: &Listed) -> u64 {
        let kept = query.kept.iter().map(|(name, value)| name.len() + value.len());
        // the codings together are hardly ever as large as the text, and what a filter names is kept twice, and in links
        2 * listed.0.bytes().len() as u64 + 4 * kept.sum::<usize>() as u64 + HEADERS
    }
}

impl Default for Listings {
    fn default() -> Listings {
        Listings(Cache::with_weighter(ABOUT_PAGES, BYTES, Weight))
    }
}

impl std::fmt::Debug for Listings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listings").field(&self.0.len()).finish()
    }
}

impl Site {
    /// A page of the JSON listing, and its links, as they were made before or now.
    ///
    /// # Errors
    ///
    /// [`Busy`]: a search has to wait for the index that another one is making.
    pub fn listing(&self, query: &Query) -> Result<Listed, Busy> {
        if matches!(query.part, Part::Found(..)) {
            return self.listed(query).map(|made| made.listed);
        }
        let kept = self.listings.0.get_or_insert_with(query, || match self.listed(query) {
            Ok(made) if made.is_whole => Ok(made.listed),
            // what failed or lacks something may be had the next time
            other => Err(other),
        });
        kept.or_else(|other| other.map(|made| made.listed))
    }

    /// The page of the listing that `query` asks for, if it was made before.
    #[must_use]
    pub fn finished_listing(&self, query: &Query) -> Option<Listed> {
        self.listings.0.get(query)
    }

    /// A page of the JSON listing, and its links.
    ///
    /// # Errors
    ///
    /// [`Busy`]: a search has to wait for the index that another one is making.
    fn listed(&self, query: &Query) -> Result<Made, Busy> {
        let Query {
            filter,
            part,
            per_page,
            with_content,
            kept,
        } = query;
        let (index, count) = (&self.index, *per_page);
        let cursor = |posts: &[Arc<Post>], order| {
            posts.last().map(|post| {
                let at = match order {
                    Order::Newest => post.date.timestamp(),
                    Order::Changed => index.changed_at(post),
                };
                Cursor::after(post, at, order, filter).to_string()
            })
        };
        // who has everything goes on waiting at the same place
        let or_stay = |found: Option<String>, place: &Cursor| found.or_else(|| Some(place.to_string()));
        let (way, PostRange { posts, following }, cursor) = match part {
            Part::Page(page) => {
                let (posts, total) = index.page(filter, *page, count);
                let cursor = cursor(&posts, Order::Newest);
                (Way::Page(*page), PostRange { posts, following: total }, cursor)
            }
            Part::After(place) => {
                let found = index.after(filter, &place.position, count);
                let cursor = or_stay(cursor(&found.posts, Order::Newest), place);
                (Way::After, found, cursor)
            }
            Part::Since(instant) => {
                let found = index.changed_since(filter, *instant, count);
                let cursor = cursor(&found.posts, Order::Changed);
                (Way::Since, found, cursor)
            }
            Part::SinceCursor(place) => {
                let found = index.changed_after(filter, &place.position, count);
                let cursor = or_stay(cursor(&found.posts, Order::Changed), place);
                (Way::Since, found, cursor)
            }
            Part::Found(words, page) => {
                let found = self
                    .search
                    .find(index.posts(), self.texts(), words, |post| index.matches(filter, post))?;
                let skip = page.saturating_sub(1).saturating_mul(count);
                let stretch = PostRange {
                    posts: found.iter().skip(skip).take(count).cloned().collect(),
                    following: found.len(),
                };
                (Way::Page(*page), stretch, None)
            }
        };
        let gone = match part {
            Part::Since(instant) => Some(self.departed(filter, *instant)),
            Part::SinceCursor(place) => Some(self.departed(filter, place.position.at)),
            _ => None,
        };
        let published = |path: &Utf8Path| self.published(path);
        let is_whole = Cell::new(true);
        let content = |post: &Arc<Post>| {
            let content = self.documents.content(post, self.setting(&published));
            is_whole.set(is_whole.get() && content.is_some());
            content
        };
        let listing = ListingPage {
            base: &self.config.base(),
            query: kept,
            way,
            per_page: count,
            total: following,
            posts: &posts,
            cursor: cursor.as_deref(),
            deletions: gone.as_deref().map(|posts| Deletions {
                known_from: self.past.known_from,
                posts,
            }),
            author: self.config.site.author.as_ref(),
            content: if *with_content { Some(&content) } else { None },
        };
        Ok(Made {
            listed: Arc::new((Document::new(MEDIA_TYPE, listing.json()), listing.links())),
            is_whole: is_whole.get(),
        })
    }

    /// The posts that `filter` found and that went at `instant` or later.
    fn departed(&self, filter: &Filter, instant: Timestamp) -> Vec<(Arc<Post>, Timestamp)> {
        let departures = self.past.since(instant).iter();
        let found = departures.filter(|departure| self.index.matches(filter, &departure.post));
        found.map(|departure| (Arc::clone(&departure.post), departure.at)).collect()
    }

    /// The public post with this slug, with its whole text and its neighbours in time.
    ///
    /// # Errors
    ///
    /// [`Unread`].
    pub fn listed_post(&self, slug: &str) -> Result<Option<Document>, Unread> {
        let Some(post) = self.index.by_slug(slug) else {
            return Ok(None);
        };
        let (newer, older) = self.index.neighbours(post);
        let published = |path: &Utf8Path| self.published(path);
        let json = one(
            post,
            self.documents.content(post, self.setting(&published)).ok_or(Unread)?,
            &self.config.base(),
            self.config.site.author.as_ref(),
            newer.map(AsRef::as_ref),
            older.map(AsRef::as_ref),
        );
        Ok(Some(Document::new(MEDIA_TYPE, json)))
    }

    /// All tags, authors or sections.
    #[must_use]
    pub fn scopes(&self, kind: Kind) -> Document {
        Document::new(MEDIA_TYPE, scopes::json(self.index.scopes(), kind, &self.config.base()))
    }

    /// The description of everything that can be asked (`OpenAPI` 3.1).
    #[must_use]
    pub fn openapi(&self) -> Document {
        Document::new(MEDIA_TYPE, openapi::json(&self.config.base(), self.config.list.per_page))
    }
}
