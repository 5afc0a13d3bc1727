//! The JSON listing of a site, and the JSON documents about one post and about all tags, authors and sections.
//!
//! Each is a pure and bounded function of the site and the query.

use std::cell::Cell;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Site, TextUnavailable};
use crate::index::cursor::{Cursor, Order};
use crate::index::search::{Busy, SearchQuery};
use crate::index::{Filter, PostRange};
use crate::post::Post;
use crate::render::encode::Document;
use crate::render::listing::scopes::{self, ScopeKind};
use crate::render::listing::{Deletions, Links, ListingPage, Paging, one};
use crate::render::openapi;
use crate::time::Timestamp;

/// The media type of these documents.
const MEDIA_TYPE: &str = "application/json";

/// A query to the listing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Selects posts.
    pub filter: Filter,
    /// The part of these posts.
    pub part: QueryPart,
    /// The number of posts on a page.
    pub per_page: usize,
    /// Whether each post contains its whole text.
    pub with_content: bool,
    /// The other parameters, which links to other pages repeat, in the order given.
    pub kept: Vec<(String, String)>,
}

/// A part of the posts that a filter selects, and their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueryPart {
    /// The page of this number, from 1, newest first.
    Page(usize),
    /// The posts after the cursor, newest first.
    After(Cursor),
    /// The posts that changed at the instant or later, oldest change first.
    Since(Timestamp),
    /// The posts after the cursor, oldest change first.
    SinceCursor(Cursor),
    /// The page of this number, from 1, of the posts with these words, the best first.
    Search(SearchQuery, usize),
}

/// The most bytes of pages that are cached, approximately, with their codings.
const BYTES: u64 = 16 * 1024 * 1024;
/// The memory of a page's links and query besides its text.
const HEADERS: u64 = 4 * 1024;
/// About how many pages that is at first.
const ABOUT_PAGES: usize = 256;

/// A page of the listing, and its links.
type ListingDocument = Arc<(Document, Links)>;

/// A page of the listing that was made.
struct BuiltListing {
    listing: ListingDocument,
    /// Whether it has the texts of all its posts.
    is_complete: bool,
}

/// The posts that a query selects.
struct ListedPart {
    paging: Paging,
    range: PostRange,
    /// Names the place after the last of them.
    cursor: Option<String>,
}

/// The cached pages of one site's listing. As in [`super::pages`], they exist as long as the site. Search results are not cached.
pub(super) struct ListingCache(Cache<Query, ListingDocument, ListingWeight>);

#[derive(Clone)]
struct ListingWeight;

impl Weighter<Query, ListingDocument> for ListingWeight {
    fn weight(&self, query: &Query, listing: &ListingDocument) -> u64 {
        let kept = query.kept.iter().map(|(name, value)| name.len() + value.len());
        // all codings together are rarely as large as the text; the parameters are in the query twice, and in links
        2 * listing.0.bytes().len() as u64 + 4 * kept.sum::<usize>() as u64 + HEADERS
    }
}

impl Default for ListingCache {
    fn default() -> ListingCache {
        ListingCache(Cache::with_weighter(ABOUT_PAGES, BYTES, ListingWeight))
    }
}

impl std::fmt::Debug for ListingCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ListingCache").field(&self.0.len()).finish()
    }
}

impl Site {
    /// A page of the JSON listing and its links, from the cache or new.
    ///
    /// # Errors
    ///
    /// [`Busy`]: a search has to wait for the index that another one is making.
    pub fn listing(&self, query: &Query) -> Result<ListingDocument, Busy> {
        if matches!(query.part, QueryPart::Search(..)) {
            return self.make_listing(query).map(|made| made.listing);
        }
        let cached = self.listings.0.get_or_insert_with(query, || match self.make_listing(query) {
            Ok(made) if made.is_complete => Ok(made.listing),
            // what failed or lacks a text may succeed next time
            other => Err(other),
        });
        cached.or_else(|other| other.map(|made| made.listing))
    }

    /// The page of the listing for `query`, if it was already made.
    #[must_use]
    pub fn ready_listing(&self, query: &Query) -> Option<ListingDocument> {
        self.listings.0.get(query)
    }

    /// Makes the page of the listing for `query`.
    fn make_listing(&self, query: &Query) -> Result<BuiltListing, Busy> {
        let ListedPart {
            paging,
            range: PostRange { posts, following },
            cursor,
        } = self.listed_part(query)?;
        let gone = match &query.part {
            QueryPart::Since(instant) => Some(self.withdrawn_since(&query.filter, *instant)),
            QueryPart::SinceCursor(cursor) => Some(self.withdrawn_since(&query.filter, cursor.position.at)),
            _ => None,
        };
        let is_complete = Cell::new(true);
        let content = |post: &Arc<Post>| {
            let content = self.documents.content(post, self.context());
            is_complete.set(is_complete.get() && content.is_some());
            content
        };
        let listing = ListingPage {
            base: &self.config.base(),
            targets: &self.targets,
            query: &query.kept,
            paging,
            per_page: query.per_page,
            total: following,
            posts: &posts,
            cursor: cursor.as_deref(),
            deletions: gone.as_deref().map(|posts| Deletions {
                known_from: self.history.known_from,
                posts,
            }),
            author: self.config.site.author.as_ref(),
            is_static: self.config.is_static,
            content: if query.with_content { Some(&content) } else { None },
        };
        Ok(BuiltListing {
            listing: Arc::new((Document::new(MEDIA_TYPE, listing.json()), listing.links())),
            is_complete: is_complete.get(),
        })
    }

    /// Finds the posts for `query`, and the cursor after them.
    fn listed_part(&self, query: &Query) -> Result<ListedPart, Busy> {
        let (index, filter, count) = (&self.index, &query.filter, query.per_page);
        let part = |paging, range: PostRange, order, cursor: Option<&Cursor>| {
            let after = range.posts.last().map(|post| {
                let at = match order {
                    Order::Newest => post.date.timestamp(),
                    Order::Changed => index.changed_at(post),
                };
                Cursor::after(post, at, order, filter).to_string()
            });
            // a client that has everything keeps its cursor
            let cursor = after.or_else(|| cursor.map(ToString::to_string));
            ListedPart { paging, range, cursor }
        };
        Ok(match &query.part {
            QueryPart::Page(page) => {
                let (posts, following) = index.page(filter, *page, count);
                part(Paging::Page(*page), PostRange { posts, following }, Order::Newest, None)
            }
            QueryPart::After(cursor) => {
                let range = index.after(filter, &cursor.position, count);
                part(Paging::After, range, Order::Newest, Some(cursor))
            }
            QueryPart::Since(instant) => {
                let range = index.changed_since(filter, *instant, count);
                part(Paging::Since, range, Order::Changed, None)
            }
            QueryPart::SinceCursor(cursor) => {
                let range = index.changed_after(filter, &cursor.position, count);
                part(Paging::Since, range, Order::Changed, Some(cursor))
            }
            QueryPart::Search(words, page) => {
                // pages are in no list
                let is_wanted = |post: &Post| !post.kind.is_page() && index.matches(filter, post);
                let found = self.search.find(index.searched(), self.texts(), words, is_wanted)?;
                let skip = page.saturating_sub(1).saturating_mul(count);
                ListedPart {
                    paging: Paging::Page(*page),
                    range: PostRange {
                        posts: found.iter().skip(skip).take(count).cloned().collect(),
                        following: found.len(),
                    },
                    cursor: None,
                }
            }
        })
    }

    /// The posts that `filter` selects and that were withdrawn at `instant` or later.
    fn withdrawn_since(&self, filter: &Filter, instant: Timestamp) -> Vec<(Arc<Post>, Timestamp)> {
        let departures = self.history.since(instant).iter();
        let found = departures.filter(|departure| self.index.matches(filter, &departure.post));
        found.map(|departure| (Arc::clone(&departure.post), departure.at)).collect()
    }

    /// The public post with this slug, with its whole text and its neighbours in time.
    ///
    /// # Errors
    ///
    /// [`TextUnavailable`].
    pub(crate) fn listed_post(&self, slug: &str) -> Result<Option<Document>, TextUnavailable> {
        let Some(post) = self.index.by_slug(slug) else {
            return Ok(None);
        };
        let (newer, older) = self.index.neighbours(post);
        let json = one(
            post,
            self.documents.content(post, self.context()).ok_or(TextUnavailable)?,
            (&self.config.base(), &self.targets),
            self.config.site.author.as_ref(),
            newer.map(AsRef::as_ref),
            older.map(AsRef::as_ref),
        );
        Ok(Some(Document::new(MEDIA_TYPE, json)))
    }

    /// All tags, authors or sections.
    #[must_use]
    pub fn scopes(&self, kind: ScopeKind) -> Document {
        Document::new(MEDIA_TYPE, scopes::json(self.index.scopes(), kind, &self.config.base()))
    }

    /// The description of all requests (`OpenAPI` 3.1).
    #[must_use]
    pub fn openapi(&self) -> Document {
        Document::new(MEDIA_TYPE, openapi::json(&self.config.base(), self.config.list.per_page))
    }
}
