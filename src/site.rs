//! The immutable snapshot of one instant: index, documents and diagnostics.

mod bundle;
mod documents;
mod feed_changes;
mod feed_versions;
pub mod listing;
pub mod pages;
mod unpublished;

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};

use self::documents::{Documents, Feed, Published, Setting};
pub use self::feed_changes::ChangedFeed;
use self::listing::Listings;
use self::pages::{Name, Pages};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::identity::{DocumentRecord, FormerOwner, History};
use crate::index::search::SiteSearch;
use crate::index::{Index, Scope};
use crate::post::text::Held;
use crate::post::{Changes, Post, Texts, Visibility, markdown};
use crate::render::encode::Document;
use crate::render::feeds::{feed_page, opml, robots, sitemap};
use crate::render::pages::Theme;
use crate::render::{Format, Place, post_url, xml_safe};
use crate::shared_vec::SharedVec;
use crate::time::Timestamp;

/// Everything that requests are answered from. Immutable once it is built.
#[derive(Debug)]
pub struct Site {
    config: Arc<Config>,
    /// The site's posts, by scope, date, change, address and word.
    pub index: Index,
    /// The diagnostics for the files it was built from, ordered by path and place.
    pub diagnostics: Arc<[Diagnostic]>,
    /// The posts as they are published that may be others than in the site before it.
    changed: SharedVec<Arc<Post>>,
    texts: Arc<dyn Texts>,
    documents: Arc<Documents>,
    theme: Arc<Theme>,
    pages: Pages,
    listings: Listings,
    /// Its own newest feeds. The documents that sites share are by the time of a request perhaps those of the next site already,
    /// which the world may not see yet.
    newest: Vec<(Format, Arc<Document>)>,
    search: SiteSearch,
    past: Arc<History>,
    /// The history that its own newest feeds were made with.
    newest_past: Arc<History>,
    /// The files in which there is no post any more since the site before it.
    gone: Vec<Utf8PathBuf>,
    /// The instant it was built for.
    built: Timestamp,
}

/// What a site is made of.
#[derive(Debug, Default)]
pub struct SiteInput {
    /// The posts that are others than in the site before, as they were read and as far as the world knows them.
    pub changes: Changes,
    /// The files of those among them that it does not know yet.
    pub newcomers: HashSet<Utf8PathBuf>,
    /// What reading all posts gave, ordered; what only shows in their company is added.
    pub diagnostics: Arc<[Diagnostic]>,
    /// What is told of posts that moved or went; `None` for nothing.
    pub past: Option<Arc<History>>,
    /// What is remembered of documents, for the first of a row of sites.
    pub documents: Vec<DocumentRecord>,
    /// Where the texts are had from that posts do not hold; `None` where they hold them all.
    pub texts: Option<Arc<dyn Texts>>,
}

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// Anybody.
    World,
    /// The author of the posts, who may see all of them.
    Author,
    /// Anybody whom this post was shared with before the world may read it.
    Guest(&'a Arc<Post>),
}

/// Why there is nothing at an address where there was a post before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// It was withdrawn; its title, which is empty where its author keeps it back.
    Withdrawn(String),
    /// Its file is missing or cannot be read, and nobody took it away.
    Awaited,
}

/// What became of a slug that no post has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormerSlug {
    /// A post has this slug now.
    Moved(String),
    /// The post with this slug is gone.
    Lost(Lost),
}

/// The text of a post cannot be had for now: its file is missing, cannot be read, or has another version that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread;

impl Site {
    /// The site made of `material` at `now`: of all posts, or of those of `previous` and what changed. What `previous` made that is
    /// still right is used again, and its look stays (see [`Site::dressed`]).
    #[must_use]
    pub fn build(config: &Arc<Config>, material: SiteInput, now: Timestamp, previous: Option<&Site>) -> Site {
        let SiteInput {
            changes,
            newcomers,
            diagnostics,
            past,
            documents,
            texts,
        } = material;
        let mut gone = changes.gone.clone();
        let (index, changed) = match previous {
            Some(site) if !changes.are_all => {
                let (index, changed) = site.index.after_changes(changes, &newcomers, config, now);
                (index, changed.into_iter().collect())
            }
            _ => {
                let nothing = SharedVec::default();
                let before = previous.map_or(&nothing, |site| site.index.all());
                let index = Index::build(changes.posts, &newcomers, config, now, before);
                let changed = index.all().clone();
                let is_gone = |post: &&Arc<Post>| index.post(post.source()).is_none();
                gone = before
                    .iter()
                    .filter(is_gone)
                    .map(|post| post.source().to_path_buf())
                    .collect();
                (index, changed)
            }
        };
        let documents = match previous {
            Some(site) => Arc::clone(&site.documents),
            None => Arc::new(Documents::remembering(documents)),
        };
        let past = past.unwrap_or_else(|| Arc::new(History::none(now)));
        let mut site = Site {
            config: Arc::clone(config),
            diagnostics: merged(diagnostics, index.diagnostics()),
            changed,
            texts: texts.unwrap_or_else(|| Arc::new(Held)),
            documents,
            theme: previous.map_or_else(|| Arc::new(Theme::plain(config)), |site| Arc::clone(&site.theme)),
            pages: Pages::default(),
            listings: Listings::default(),
            newest: Vec::new(),
            search: previous.map(|site| SiteSearch::following(&site.search)).unwrap_or_default(),
            newest_past: Arc::clone(&past),
            past,
            index,
            gone,
            built: now,
        };
        // the feeds that nearly every request is for are there before the first request can see this site
        for format in Format::ALL {
            let made = site.made_feed(&Scope::Site, Place::Newest, format);
            if let Some(feed) = made.filter(|feed| feed.is_whole) {
                site.newest.push((format, feed.document));
            }
        }
        site
    }

    /// The same site, of which `past` is told.
    #[must_use]
    pub fn remembering(self, past: Arc<History>) -> Site {
        Site { past, ..self }
    }

    /// Makes the codings of those documents that nearly every request is for, and the first page. Until that is done they go as they
    /// are, and a change is not kept back for the sake of a few bytes.
    pub fn finish(&self) {
        self.newest.iter().for_each(|(_, document)| document.finish());
        if let Some(first) = self.page(&Scope::Site, 1) {
            first.finish();
        }
    }

    /// The post that was read from the file `source`, public or not.
    #[must_use]
    pub fn post(&self, source: &Utf8Path) -> Option<&Arc<Post>> {
        self.index.post(source)
    }

    /// Every post that was read, public or not, as it is published, ordered by path.
    #[must_use]
    pub fn all(&self) -> &SharedVec<Arc<Post>> {
        self.index.all()
    }

    /// Those of all posts that may be others than in the site before it.
    #[must_use]
    pub fn changed(&self) -> &SharedVec<Arc<Post>> {
        &self.changed
    }

    /// The configuration it was built with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether `post`, one of those the world may read, is found without its address: in feeds, lists, maps and by search.
    #[must_use]
    pub fn lists(&self, post: &Arc<Post>) -> bool {
        post.visibility(self.built) == Visibility::Public
    }

    /// The instant it was built for, by which it is told from the sites before and after it.
    #[must_use]
    pub fn built(&self) -> Timestamp {
        self.built
    }

    /// The next instant at which a post appears or disappears.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.index.next_due()
    }

    /// Makes the search index, if no search did before: it takes about a second for each 60 MB of text.
    pub fn prepare_search(&self) {
        // whoever is making it is doing the same
        let _ = self.search.prepare(self.index.posts(), self.texts());
    }

    /// Where the texts of its posts are had from.
    #[must_use]
    pub fn texts(&self) -> &dyn Texts {
        &*self.texts
    }

    /// The text of `post`, one of its own; `None` where it cannot be had for now. It may read a file.
    #[must_use]
    pub fn text(&self, post: &Post) -> Option<Arc<str>> {
        self.texts.text(post)
    }

    /// The feed of `scope` at `place`; `None` if there is no such document.
    #[must_use]
    pub fn feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Arc<Document>> {
        let own = self.newest.iter().find(|(made, _)| *made == format);
        if let Some((_, document)) = own.filter(|_| (scope, place) == (&Scope::Site, Place::Newest)) {
            return Some(Arc::clone(document));
        }
        self.kept_feed(scope, place, format)
    }

    /// The same, if it was made for this site before.
    #[must_use]
    pub fn finished_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Arc<Document>> {
        let own = self.newest.iter().find(|(made, _)| *made == format);
        match own.filter(|_| (scope, place) == (&Scope::Site, Place::Newest)) {
            Some((_, document)) => Some(Arc::clone(document)),
            None => self.finished_page(&Name::Feed(scope.clone(), place, format)),
        }
    }

    fn made_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Feed> {
        let published = |path: &Utf8Path| self.published(path);
        self.documents
            .feed(scope, self.index.members(scope)?, place, format, self.setting(&published))
    }

    /// What is new in the newest feed of `scope` since the edition with one of the tags `held`, as a feed of its own, and that tag.
    #[must_use]
    pub fn delta(&self, scope: &Scope, format: Format, held: &[&str]) -> Option<(Document, String)> {
        let published = |path: &Utf8Path| self.published(path);
        self.documents
            .delta(scope, self.index.members(scope)?, format, self.setting(&published), held)
    }

    /// What documents of this site are made for.
    fn setting<'a>(&'a self, published: Published<'a>) -> Setting<'a> {
        Setting {
            config: &self.config,
            texts: self.texts(),
            published,
            past: &self.past,
            now: self.built,
        }
    }

    /// How many full archive documents the feeds of `scope` have.
    #[must_use]
    pub fn archives(&self, scope: &Scope) -> usize {
        self.index.members(scope).map_or(0, |members| {
            feed_page::archives(members.in_feeds().len(), self.config.feed.limit)
        })
    }

    /// The Markdown of the post at `address`, public or unlisted, without its front matter and what its author hides in it: neither is for
    /// readers' eyes.
    ///
    /// # Errors
    ///
    /// [`Unread`].
    pub fn post_source(&self, address: &str) -> Result<Option<Document>, Unread> {
        let Some(post) = self.index.by_address(address) else {
            return Ok(None);
        };
        let text = self.text(post).ok_or(Unread)?;
        let bytes = Bytes::copy_from_slice(xml_safe(&markdown::without_hidden(&text)).as_bytes());
        Ok(Some(Document::new("text/markdown; charset=utf-8", bytes)))
    }

    /// Where what was at `address` is now; `address` is a decoded path at which nothing stands. A post's address ([`Post::address`]), or
    /// with `.md` that of its Markdown.
    ///
    /// Every old address is looked for here and nowhere else.
    #[must_use]
    pub fn moved(&self, address: &str) -> Option<String> {
        if let Some(post) = self.successor(address) {
            return Some(post.address().to_string());
        }
        let post = self.successor(address.strip_suffix(".md")?)?;
        // of a post whose page is elsewhere there is no Markdown here
        let here = post.address().starts_with('/');
        here.then(|| format!("{}.md", post.address().trim_end_matches('/')))
    }

    /// The post that the old address `address` leads to: one that claims it, else the one that had it last.
    fn successor(&self, address: &str) -> Option<&Arc<Post>> {
        let had_it = || {
            let tenant = self.past.tenant(address)?;
            self.post(&tenant.source)
                .filter(|post| *post.id() == *tenant.id && self.shows(post))
        };
        self.index.by_alias(address).or_else(had_it)
    }

    /// The feeds of every scope, as an outline (OPML 2.0).
    #[must_use]
    pub fn outline(&self) -> Arc<Document> {
        self.always(&Name::Outline, || {
            Document::new(opml::MEDIA_TYPE, opml::outline(&self.config, &self.index))
        })
    }

    /// The site map, where `part` is `None`, or part `part` (from 1) of a divided one; `None` past its end.
    #[must_use]
    pub fn map(&self, part: Option<usize>) -> Option<Arc<Document>> {
        self.kept_document(&Name::Map(part), || {
            let map = sitemap::Map::new(&self.config, &self.index);
            let xml = match part {
                None => map.whole(),
                Some(part) => map.part(part)?,
            };
            Some(Document::new(sitemap::MEDIA_TYPE, xml))
        })
    }

    /// What crawlers are told (RFC 9309).
    #[must_use]
    pub fn robots(&self) -> Arc<Document> {
        self.always(&Name::Robots, || {
            Document::new(robots::MEDIA_TYPE, robots::rules(&self.config))
        })
    }

    /// Why there is nothing at the address `address`, where there once was a post, or its Markdown, that is nowhere now.
    #[must_use]
    pub fn lost(&self, address: &str) -> Option<Lost> {
        let tenant = self
            .past
            .tenant(address)
            .or_else(|| self.past.tenant(address.strip_suffix(".md")?))?;
        Some(self.lost_post(tenant))
    }

    fn lost_post(&self, tenant: &FormerOwner) -> Lost {
        // its author holds back what is there still, and the title is part of that
        let is_held_back = || self.post(&tenant.source).is_some_and(|post| *post.id() == *tenant.id);
        if tenant.is_awaited {
            Lost::Awaited
        } else if is_held_back() {
            Lost::Withdrawn(String::new())
        } else {
            Lost::Withdrawn(tenant.title.clone())
        }
    }

    /// What became of the post that had `slug`, which no public post has; `None` if no known post ever had it.
    #[must_use]
    pub fn former_slug(&self, slug: &str) -> Option<FormerSlug> {
        let tenant = self.past.tenant_of_slug(slug)?;
        let post = self.post(&tenant.source).filter(|post| *post.id() == *tenant.id);
        Some(match post.filter(|post| self.shows(post) && *post.slug() != *slug) {
            Some(post) => FormerSlug::Moved(post.slug().to_string()),
            None => FormerSlug::Lost(self.lost_post(tenant)),
        })
    }

    /// What documents are to be remembered for that changed since this was last asked.
    #[must_use]
    pub fn changed_documents(&self) -> Vec<DocumentRecord> {
        self.documents.take_changed()
    }

    /// The absolute URL of the post that was read from the file `source`, where the world may see it.
    fn published(&self, source: &Utf8Path) -> Option<String> {
        let post = self.post(source).filter(|post| self.shows(post))?;
        Some(post_url(&self.config.base(), post.address()))
    }
}

/// `said` with `more`, ordered; that very one where there is no more.
fn merged<'a>(said: Arc<[Diagnostic]>, more: impl Iterator<Item = &'a Diagnostic>) -> Arc<[Diagnostic]> {
    let mut more = more.peekable();
    if more.peek().is_none() {
        return said;
    }
    let mut all: Vec<Diagnostic> = said.to_vec();
    all.extend(more.cloned());
    all.sort();
    all.into()
}
