//! The pages for people of a site, and what programs find their way by.
//!
//! A page is made when it is first asked for and kept, within a bound of bytes, for as long as the site is: a site never changes, so
//! nothing that was made of it can be stale, and with the next site all pages go. To keep them over sites, as feeds are, would need to
//! know for each page which posts, neighbours, counts and related posts it was made of; to make one takes about a millisecond, and a
//! site is seldom replaced more often than its pages are read. The first page, which nearly everybody asks for, is made right
//! after the site (see [`Site::finish`]). What a search finds is kept by nobody. Feeds stand beside the pages once
//! `super::documents` has found them to be right for the site: then nobody need look a second time.

use std::sync::Arc;

use camino::Utf8Path;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::documents::references_of;
use super::{Lost, Site, Unread};
use crate::index::search::{Busy, SearchQuery};
use crate::index::{Filter, Scope};
use crate::render::encode::Document;
use crate::render::listing::scopes::Kind;
use crate::render::pages::{self, Around, Found, Listed, Page, Subject, Theme};
use crate::render::{Format, Place};

/// The most bytes of pages that are kept, approximately, with their codings.
const BYTES: u64 = 32 * 1024 * 1024;
/// About how many pages that is at first.
const ABOUT_PAGES: usize = 64;
/// The number of related posts below a post.
const RELATED: usize = 3;
/// The number of posts that the page for an unknown address shows.
const SHOWN_INSTEAD: usize = 5;

/// The pages of one site that were rendered.
pub(super) struct Pages(Cache<Name, Arc<Document>, Weight>);

/// What page it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A page of the posts of a scope, from 1.
    List(Scope, usize),
    /// A page of the posts of a year, from 1.
    Year(i16, usize),
    /// All tags, authors or sections.
    Directory(Kind),
    /// All years.
    Years,
    /// What explains the feeds of a scope.
    Subscribe(Scope),
    /// The post at an address.
    Post(String),
    /// A feed, which `super::documents` knows to be the one of this site's posts.
    Feed(Scope, Place, Format),
    /// Of an address at which nothing is.
    Missing,
    /// Of a post that is lost.
    Lost(Lost),
    /// The outline of all feeds, which programs read; so are those below.
    Outline,
    /// The site map, or a part of it.
    Map(Option<usize>),
    /// What crawlers are told.
    Robots,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Name, Arc<Document>> for Weight {
    fn weight(&self, _: &Name, document: &Arc<Document>) -> u64 {
        // the codings together are hardly ever as large as the text
        2 * document.bytes().len() as u64 + 1
    }
}

impl Default for Pages {
    fn default() -> Pages {
        Pages(Cache::with_weighter(ABOUT_PAGES, BYTES, Weight))
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pages").field(&self.0.len()).finish()
    }
}

impl Site {
    /// The same site in the look of `theme`.
    #[must_use]
    pub fn dressed(mut self, theme: &Arc<Theme>) -> Site {
        if !Arc::ptr_eq(&self.theme, theme) {
            self.theme = Arc::clone(theme);
            self.pages = Pages::default();
        }
        self
    }

    /// The page with this name, if it was made before.
    #[must_use]
    pub fn finished_page(&self, name: &Name) -> Option<Arc<Document>> {
        self.pages.0.get(name)
    }

    /// How its pages look.
    #[must_use]
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The path of its first page: `/`, or `/blog/` where its address has a path.
    #[must_use]
    pub fn home(&self) -> String {
        pages::home(&self.config)
    }

    /// Page `number` (from 1) of the posts of `scope`; `None` past its end.
    #[must_use]
    pub fn page(&self, scope: &Scope, number: usize) -> Option<Arc<Document>> {
        self.kept(&Name::List(scope.clone(), number), || {
            let members = self.index.members(scope)?;
            let (posts, total) = self.index.page(&Filter::for_scope(scope), number, self.config.list.per_page);
            let listed = Listed {
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
    pub fn year_page(&self, year: i16, number: usize) -> Option<Arc<Document>> {
        self.kept(&Name::Year(year, number), || {
            let filter = Filter {
                year: Some(year),
                ..Filter::default()
            };
            let (posts, total) = self.index.page(&filter, number, self.config.list.per_page);
            let listed = Listed {
                posts: &posts,
                number,
                total,
            };
            (!posts.is_empty()).then(|| pages::list(&self.config, Subject::Year(year), listed))
        })
    }

    /// The page of all tags, authors or sections.
    #[must_use]
    pub fn directory_page(&self, kind: Kind) -> Option<Arc<Document>> {
        self.kept(&Name::Directory(kind), || {
            Some(pages::directory(&self.config, kind, self.index.scopes()))
        })
    }

    /// The page of all years.
    #[must_use]
    pub fn years_page(&self) -> Option<Arc<Document>> {
        self.kept(&Name::Years, || Some(pages::years(&self.config, &self.index.years())))
    }

    /// The page that explains the feeds of `scope`.
    #[must_use]
    pub fn subscribe_page(&self, scope: &Scope) -> Option<Arc<Document>> {
        self.kept(&Name::Subscribe(scope.clone()), || {
            let members = self.index.members(scope)?;
            Some(pages::subscribe(&self.config, &self.index, scope, members))
        })
    }

    /// The page of the post at `address`, public or unlisted.
    ///
    /// # Errors
    ///
    /// [`Unread`].
    pub fn post_page(&self, address: &str) -> Result<Option<Arc<Document>>, Unread> {
        let Some(post) = self.index.by_address(address) else {
            return Ok(None);
        };
        let page = self.kept(&Name::Post(post.address.clone()), || {
            let text = self.text(post)?;
            let references = references_of(post, &text, &self.config, &|path: &Utf8Path| self.published(path));
            let (newer, older) = if self.lists(post) {
                self.index.neighbours(post)
            } else {
                (None, None)
            };
            let related = self.index.related(post, RELATED);
            let around = Around {
                newer,
                older,
                related: &related,
            };
            Some(pages::post(&self.config, post, &text, &references, around))
        });
        page.map(Some).ok_or(Unread)
    }

    /// Page `number` (from 1) of what a search for `query` finds, the best first; `None` past its end.
    ///
    /// # Errors
    ///
    /// [`Busy`]: it has to wait for the index that another search is making.
    pub fn search_page(&self, query: &str, number: usize) -> Result<Option<Document>, Busy> {
        let made = |found| {
            Document::new(
                pages::MEDIA_TYPE,
                self.theme.render(&pages::search(&self.config, query, found)),
            )
        };
        if query.trim().is_empty() {
            return Ok(Some(made(Found::Unasked)));
        }
        let words = match SearchQuery::parse(query) {
            Ok(words) => words,
            Err(why) => {
                let why = format!("{}.", why.replace("`q`", "A search"));
                return Ok(Some(made(Found::Refused(&why))));
            }
        };
        let found = self.search.find(self.index.posts(), self.texts(), &words, |_| true)?;
        let per_page = self.config.list.per_page;
        let skip = number.saturating_sub(1).saturating_mul(per_page);
        let posts: Vec<_> = found.iter().skip(skip).take(per_page).cloned().collect();
        if posts.is_empty() && number > 1 {
            return Ok(None);
        }
        Ok(Some(made(Found::Posts(Listed {
            posts: &posts,
            number,
            total: found.len(),
        }))))
    }

    /// The page for an address at which there is nothing.
    #[must_use]
    pub fn missing_page(&self) -> Option<Arc<Document>> {
        self.kept(&Name::Missing, || Some(pages::missing(&self.config, &self.newest())))
    }

    /// The page of a post that is `lost`.
    #[must_use]
    pub fn lost_page(&self, lost: &Lost) -> Option<Arc<Document>> {
        self.kept(&Name::Lost(lost.clone()), || {
            Some(match lost {
                Lost::Withdrawn(title) => pages::withdrawn(&self.config, title, &self.newest()),
                Lost::Awaited => pages::awaited(&self.config, &self.newest()),
            })
        })
    }

    fn newest(&self) -> Vec<Arc<crate::post::Post>> {
        self.index.posts().iter().take(SHOWN_INSTEAD).cloned().collect()
    }

    /// A feed, as it was found to be right for this site before, or now. One that lacks texts is not kept.
    pub(super) fn kept_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Arc<Document>> {
        let name = Name::Feed(scope.clone(), place, format);
        if let Some(found) = self.finished_page(&name) {
            return Some(found);
        }
        let feed = self.made_feed(scope, place, format)?;
        if feed.is_whole {
            self.pages.0.insert(name, Arc::clone(&feed.document));
        }
        Some(feed.document)
    }

    /// The page with this name, as it was made before, or by `make`.
    fn kept(&self, name: &Name, make: impl FnOnce() -> Option<Page>) -> Option<Arc<Document>> {
        self.kept_document(name, || Some(Document::new(pages::MEDIA_TYPE, self.theme.render(&make()?))))
    }

    /// The document with this name, which every site has, as it was made before, or by `make`.
    pub(super) fn always(&self, name: &Name, make: impl Fn() -> Document) -> Arc<Document> {
        let kept = self.kept_document(name, || Some(make()));
        kept.unwrap_or_else(|| Arc::new(make()))
    }

    /// The document with this name, as it was made before, or by `make`.
    pub(super) fn kept_document(&self, name: &Name, make: impl FnOnce() -> Option<Document>) -> Option<Arc<Document>> {
        self.pages.0.get_or_insert_with(name, || make().map(Arc::new).ok_or(())).ok()
    }
}
