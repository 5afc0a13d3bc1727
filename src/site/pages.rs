//! The cache of a site's pages, site map, outline and `robots.txt`.
//!
//! A page is made at its first request and cached, within a bound of bytes, as long as the site exists. A site never changes, so its
//! pages cannot be stale; the next site starts with an empty cache. To use pages for the next site too, as with feeds, would need
//! all posts, neighbours, counts and related posts that each page was made from; making a page takes about a millisecond, and
//! sites are seldom replaced more often than their pages are read. The first page, the most requested one, is made right after the
//! site (see [`Site::finish`]). Search results are not cached. Feeds are put here too once `super::documents` has
//! found them to be current for the site, so that this is checked only once.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Site, TextUnavailable, Unavailable};
use crate::index::search::{Busy, SearchQuery};
use crate::index::{Filter, Scope};
use crate::post::{Kind, not_found_addresses};
use crate::render::encode::Document;
use crate::render::listing::scopes::ScopeKind;
use crate::render::pages::{self, ListPage, NeighbourPosts, Page, SearchResult, Subject, Theme};
use crate::render::{Format, Place, references};

/// The most bytes of pages that are cached, approximately, with their codings.
const BYTES: u64 = 32 * 1024 * 1024;
/// About how many pages that is at first.
const ABOUT_PAGES: usize = 64;
/// The number of related posts below a post.
pub(super) const RELATED: usize = 3;
/// The number of posts that the page for an unknown address shows.
const SHOWN_INSTEAD: usize = 5;

/// The pages of one site that were made.
pub(super) struct PageCache(Cache<PageKey, Arc<Document>, PageWeight>);

/// Names a page or another document in the cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PageKey {
    /// A page of the posts of a scope, from 1.
    List(Scope, usize),
    /// A page of the posts of a year, from 1.
    Year(i16, usize),
    /// All tags, authors or sections.
    Directory(ScopeKind),
    /// All years.
    Years,
    /// The page that explains the feeds of a scope.
    Subscribe(Scope),
    /// The post at an address.
    Post(String),
    /// A feed that `super::documents` found to be current for this site.
    Feed(Scope, Place, Format),
    /// The page of an unknown address.
    NotFound,
    /// The page of a post that is unavailable.
    Unavailable(Unavailable),
    /// The outline of all feeds.
    Outline,
    /// The site map, or a part of it.
    Map(Option<usize>),
    /// The rules for crawlers.
    Robots,
}

#[derive(Clone)]
struct PageWeight;

impl Weighter<PageKey, Arc<Document>> for PageWeight {
    fn weight(&self, _: &PageKey, document: &Arc<Document>) -> u64 {
        // all codings together are rarely as large as the text
        2 * document.bytes().len() as u64 + 1
    }
}

impl Default for PageCache {
    fn default() -> PageCache {
        PageCache(Cache::with_weighter(ABOUT_PAGES, BYTES, PageWeight))
    }
}

impl std::fmt::Debug for PageCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PageCache").field(&self.0.len()).finish()
    }
}

impl Site {
    /// The same site with another theme.
    #[must_use]
    pub(crate) fn with_theme(mut self, theme: &Arc<Theme>) -> Site {
        if !Arc::ptr_eq(&self.theme, theme) {
            self.theme = Arc::clone(theme);
            self.pages = PageCache::default();
        }
        self
    }

    /// The page with this key, if it was already made.
    #[must_use]
    pub(crate) fn ready_page(&self, key: &PageKey) -> Option<Arc<Document>> {
        self.pages.0.get(key)
    }

    /// The theme of its pages.
    #[must_use]
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The path of its first page: `/`, or `/blog/` where its address has a path.
    #[must_use]
    pub fn home(&self) -> String {
        pages::home_path(&self.config)
    }

    /// The page about the hub; `None` if the site has none.
    #[must_use]
    pub fn hub_page(&self) -> Option<Document> {
        let address = self.config.hub_address()?;
        let page = pages::hub(&self.config, &self.home(), &address);
        Some(Document::new("text/html; charset=utf-8", page))
    }

    /// Page `number` (from 1) of the posts of `scope`; `None` past its end.
    #[must_use]
    pub fn page(&self, scope: &Scope, number: usize) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::List(scope.clone(), number), || {
            let members = self.index.members(scope)?;
            let (posts, total) = self.index.page(&Filter::for_scope(scope), number, self.config.list.per_page);
            let listed = ListPage {
                posts: &posts,
                number,
                total,
            };
            let is_there = !posts.is_empty() || number == 1;
            is_there.then(|| pages::list(&self.config, Subject::Scope(scope, &members.name), listed))
        })
    }

    /// Page `number` (from 1) of the posts of `year`; `None` past its end.
    #[must_use]
    pub(crate) fn year_page(&self, year: i16, number: usize) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::Year(year, number), || {
            let filter = Filter {
                year: Some(year),
                ..Filter::default()
            };
            let (posts, total) = self.index.page(&filter, number, self.config.list.per_page);
            let listed = ListPage {
                posts: &posts,
                number,
                total,
            };
            (!posts.is_empty()).then(|| pages::list(&self.config, Subject::Year(year), listed))
        })
    }

    /// The page of all tags, authors or sections.
    #[must_use]
    pub(crate) fn directory_page(&self, kind: ScopeKind) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::Directory(kind), || {
            Some(pages::directory(&self.config, kind, self.index.scopes()))
        })
    }

    /// The page of all years.
    #[must_use]
    pub(crate) fn years_page(&self) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::Years, || Some(pages::years(&self.config, &self.index.years())))
    }

    /// The page that explains the feeds of `scope`.
    #[must_use]
    pub(crate) fn subscribe_page(&self, scope: &Scope) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::Subscribe(scope.clone()), || {
            let members = self.index.members(scope)?;
            Some(pages::subscribe(&self.config, &self.index, scope, members))
        })
    }

    /// The page of the post at `address`, public or unlisted.
    ///
    /// # Errors
    ///
    /// [`TextUnavailable`].
    pub fn post_page(&self, address: &str) -> Result<Option<Arc<Document>>, TextUnavailable> {
        let Some(post) = self.index.by_address(address) else {
            return Ok(None);
        };
        let page = self.cached_page(&PageKey::Post(post.address.to_string()), || {
            let text = self.text(post)?;
            let references = references(post, &self.config.base(), &self.targets);
            let (newer, older) = if self.is_listed(post) {
                self.index.neighbours(post)
            } else {
                (None, None)
            };
            let related = if post.kind.is_page() {
                Vec::new()
            } else {
                self.index.related(post, RELATED)
            };
            let neighbours = NeighbourPosts {
                newer,
                older,
                related: &related,
            };
            Some(pages::post(&self.config, post, &text, &references, neighbours))
        });
        page.map(Some).ok_or(TextUnavailable)
    }

    /// Page `number` (from 1) of the results of a search for `query`, the best first; `None` past its end.
    ///
    /// # Errors
    ///
    /// [`Busy`]: another search is making the index.
    pub(crate) fn search_page(&self, query: &str, number: usize) -> Result<Option<Document>, Busy> {
        let made = |found| {
            Document::new(
                pages::MEDIA_TYPE,
                self.theme.render(&pages::search(&self.config, query, found)),
            )
        };
        if query.trim().is_empty() {
            return Ok(Some(made(SearchResult::NoQuery)));
        }
        let words = match SearchQuery::parse(query) {
            Ok(words) => words,
            Err(why) => {
                let why = format!("{}.", why.replace("`q`", "A search"));
                return Ok(Some(made(SearchResult::Invalid(&why))));
            }
        };
        let found = self.search.find(self.index.searched(), self.texts(), &words, |_| true)?;
        let per_page = self.config.list.per_page;
        let skip = number.saturating_sub(1).saturating_mul(per_page);
        let posts: Vec<_> = found.iter().skip(skip).take(per_page).cloned().collect();
        if posts.is_empty() && number > 1 {
            return Ok(None);
        }
        Ok(Some(made(SearchResult::Posts(ListPage {
            posts: &posts,
            number,
            total: found.len(),
        }))))
    }

    /// The page for an address at which there is nothing.
    #[must_use]
    pub(crate) fn missing_page(&self) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::NotFound, || {
            let own = not_found_addresses().find_map(|address| self.index.by_address(address));
            let own = own.filter(|post| post.kind == Kind::NotFound);
            let own = own.and_then(|post| Some((post, self.text(post)?, references(post, &self.config.base(), &self.targets))));
            let own = own.as_ref().map(|(post, text, references)| (&***post, &**text, references));
            Some(pages::not_found(&self.config, own, &self.newest()))
        })
    }

    /// The page of a post that is `unavailable`.
    #[must_use]
    pub(crate) fn unavailable_page(&self, unavailable: &Unavailable) -> Option<Arc<Document>> {
        self.cached_page(&PageKey::Unavailable(unavailable.clone()), || {
            Some(match unavailable {
                Unavailable::Withdrawn(title) => pages::withdrawn(&self.config, title, &self.newest()),
                Unavailable::Temporarily => pages::temporarily_unavailable(&self.config, &self.newest()),
            })
        })
    }

    fn newest(&self) -> Vec<Arc<crate::post::Post>> {
        self.index.posts().iter().take(SHOWN_INSTEAD).cloned().collect()
    }

    /// The feed of `scope` at `place`. It is cached unless it lacks texts.
    pub(super) fn cached_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Arc<Document>> {
        let key = PageKey::Feed(scope.clone(), place, format);
        if let Some(found) = self.ready_page(&key) {
            return Some(found);
        }
        let feed = self.make_feed(scope, place, format)?;
        if feed.is_complete {
            self.pages.0.insert(key, Arc::clone(&feed.document));
        }
        Some(feed.document)
    }

    /// The page with this key, from the cache or by `make`.
    fn cached_page(&self, key: &PageKey, make: impl FnOnce() -> Option<Page>) -> Option<Arc<Document>> {
        self.cached_document(key, || Some(Document::new(pages::MEDIA_TYPE, self.theme.render(&make()?))))
    }

    /// The document with this key, which every site has, from the cache or by `make`.
    pub(super) fn cached_or_made(&self, key: &PageKey, make: impl Fn() -> Document) -> Arc<Document> {
        let cached = self.cached_document(key, || Some(make()));
        cached.unwrap_or_else(|| Arc::new(make()))
    }

    /// The document with this key, from the cache or by `make`.
    pub(super) fn cached_document(&self, key: &PageKey, make: impl FnOnce() -> Option<Document>) -> Option<Arc<Document>> {
        self.pages.0.get_or_insert_with(key, || make().map(Arc::new).ok_or(())).ok()
    }
}
