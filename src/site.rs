//! The immutable snapshot of one instant: index, documents and diagnostics.

mod bundle;
mod documents;
mod feed_changes;
mod feed_state;
mod feed_versions;
mod linking;
pub mod listing;
pub mod news;
pub mod pages;
mod precedence;
mod renamed_scope;
mod targets;
pub(crate) mod unchanged;
mod unpublished;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};

use self::documents::{DocumentContext, Documents, FeedDocument};
pub use self::feed_changes::ChangedFeed;
pub use self::feed_state::FeedState;
pub(crate) use self::linking::Linking;
use self::listing::ListingCache;
use self::pages::{PageCache, PageKey};
pub(crate) use self::precedence::AddressOwner;
use self::precedence::FileConflict;
pub(crate) use self::targets::LinkTarget;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::identity::{Departure, DocumentRecord, FormerOwner, History};
use crate::index::search::SiteSearch;
use crate::index::{Index, Scope};
use crate::post::reference::Targets;
use crate::post::text::LoadedTexts;
use crate::post::{Changes, Post, Texts, Visibility, markdown};
use crate::render::encode::Document;
use crate::render::feeds::{feed_page, opml, robots, sitemap};
use crate::render::pages::Theme;
use crate::render::{Format, Place, xml_safe};
use crate::shared_vec::SharedVec;
use crate::source_file::FileChanges;
use crate::source_file::file_type::is_markdown;
use crate::time::Timestamp;

/// Everything that requests are answered from. Immutable once it is built.
#[derive(Debug)]
pub struct Site {
    config: Arc<Config>,
    /// The site's posts, by scope, date, change, address and word.
    pub index: Arc<Index>,
    /// The diagnostics for the files it was built from, ordered by path and place.
    pub diagnostics: Arc<[Diagnostic]>,
    /// The static files that have, or want, the address of something else.
    file_conflicts: Arc<[FileConflict]>,
    /// The published posts that may differ from those of the previous site.
    changed: SharedVec<Arc<Post>>,
    texts: Arc<dyn Texts>,
    /// What the addresses in posts lead to, for readers.
    targets: Targets,
    /// The keys of lookups whose result may differ from that on the site that was published before; `None` if that is not known.
    changed_keys: Option<BTreeSet<u64>>,
    /// The name of the posts folder; empty if it has none.
    folder: Arc<str>,
    documents: Arc<Documents>,
    theme: Arc<Theme>,
    pages: PageCache,
    listings: ListingCache,
    /// Its own newest feeds. Sites share `documents`, so by the time of a request that may already contain feeds of the next site,
    /// which are not public yet.
    newest: Vec<(Format, Arc<Document>)>,
    search: SiteSearch,
    history: Arc<History>,
    /// The history that its own newest feeds were built with.
    newest_history: Arc<History>,
    /// The instant it was built for.
    built: Timestamp,
    /// The instant that the site before it was built for. Changes are relative to that site.
    follows: Option<Timestamp>,
}

/// The input of [`Site::build`].
#[derive(Debug, Default)]
pub struct SiteInput {
    /// The posts that differ from those of the previous site, with the ids and dates that readers know.
    pub changes: Changes,
    /// The files of new posts.
    pub new_files: HashSet<Utf8PathBuf>,
    /// The media files that differ from those of the previous site.
    pub files: FileChanges,
    /// The name of the posts folder; `None` for that of the previous site.
    pub folder: Option<Arc<str>>,
    /// The diagnostics from reading all posts, ordered. The index adds those that concern several posts.
    pub diagnostics: Arc<[Diagnostic]>,
    /// The posts that moved or were withdrawn; `None` for none.
    pub history: Option<Arc<History>>,
    /// The stored dates of documents. Only the first site of a run needs them.
    pub documents: Vec<DocumentRecord>,
    /// Reads the texts that posts do not hold; `None` if they hold all of them.
    pub texts: Option<Arc<dyn Texts>>,
}

/// The person that a page or a file is for.
#[derive(Clone, Copy, Debug)]
pub enum Viewer<'a> {
    /// The public.
    Public,
    /// The author of the posts, who may see all of them.
    Author,
    /// A person who got a link to this post before it is public.
    Guest(&'a Arc<Post>),
}

/// Why an address that had a post has none now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// The post was withdrawn. Its title, which is empty if its author holds the post back.
    Withdrawn(String),
    /// The post's file is missing or cannot be read, but the post was not withdrawn.
    Temporarily,
}

/// What happened to the post that had a slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormerSlug {
    /// A post has this slug now.
    Moved(String),
    /// The post with this slug is gone.
    Unavailable(Unavailable),
}

/// The text of a post cannot be read now: its file is missing, unreadable, or has a version that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextUnavailable;

impl Site {
    /// Builds the site at `now`: from all posts, or from those of `previous` and the changes. Documents of `previous` that are still
    /// valid are used again, and its theme stays (see [`Site::with_theme`]).
    #[must_use]
    pub fn build(config: &Arc<Config>, input: SiteInput, now: Timestamp, previous: Option<&Site>) -> Site {
        let SiteInput {
            changes,
            new_files,
            files,
            folder,
            diagnostics,
            history,
            documents,
            texts,
        } = input;
        let (index, changed) = match previous {
            Some(site) if !changes.are_all => {
                let (index, changed) = site.index.after_changes(changes, &new_files, config, now);
                (index, changed.into_iter().collect())
            }
            _ => {
                let nothing = SharedVec::default();
                let before = previous.map_or(&nothing, |site| site.index.all());
                let index = Index::build(changes.posts, &new_files, config, now, before);
                let changed = index.all().clone();
                (index, changed)
            }
        };
        let index = index.with_files(&files, previous.map(|site| &*site.index));
        let index = match previous {
            Some(site) => index.with_changed_owners(changed_unreadable(&site.diagnostics, &diagnostics).into_iter()),
            None => index,
        };
        let index = Arc::new(index);
        let folder = folder
            .or_else(|| previous.map(|site| Arc::clone(&site.folder)))
            .unwrap_or_else(|| "".into());
        let diagnostics = merge_diagnostics(diagnostics, index.diagnostics());
        let documents = match previous {
            Some(site) => Arc::clone(&site.documents),
            None => Arc::new(Documents::with_records(documents)),
        };
        let history = history.unwrap_or_else(|| Arc::new(History::none(now)));
        let mut site = Site {
            config: Arc::clone(config),
            changed_keys: index.changed_keys().cloned(),
            targets: Site::targets_of(&index, config, &diagnostics, &folder, false),
            folder,
            diagnostics,
            file_conflicts: Arc::default(),
            changed,
            texts: texts.unwrap_or_else(|| Arc::new(LoadedTexts)),
            documents,
            theme: previous.map_or_else(|| Arc::new(Theme::built_in(config)), |site| Arc::clone(&site.theme)),
            pages: PageCache::default(),
            listings: ListingCache::default(),
            newest: Vec::new(),
            search: previous.map(|site| SiteSearch::following(&site.search)).unwrap_or_default(),
            newest_history: Arc::clone(&history),
            history,
            index,
            built: now,
            follows: previous.map(|site| site.built),
        };
        site.find_conflicts(previous, &files);
        site.make_newest_feeds();
        site
    }

    /// Finds the static files and the redirects that want the address of something else, and adds diagnostics about them.
    fn find_conflicts(&mut self, previous: Option<&Site>, files: &FileChanges) {
        let before = previous.map(|before| &*before.file_conflicts);
        self.file_conflicts = self.file_conflicts(before, files).into();
        let redirected = self.redirected_posts();
        let conflicts = self.file_conflicts.iter().map(|(_, conflict)| conflict).chain(&redirected);
        self.diagnostics = merge_diagnostics(Arc::clone(&self.diagnostics), conflicts);
    }

    /// Makes the most requested feeds before the first request can see this site.
    fn make_newest_feeds(&mut self) {
        for format in Format::ALL {
            let made = self.make_feed(&Scope::Site, Place::Newest, format);
            if let Some(feed) = made.filter(|feed| feed.is_complete) {
                self.newest.push((format, feed.document));
            }
        }
    }

    /// The same site, made from `earlier`, which was not published: what `earlier` changed counts as changed by this one.
    #[must_use]
    pub(crate) fn with_changes_of(mut self, earlier: Site) -> Site {
        self.changed_keys = self.changed_keys.zip(earlier.changed_keys).map(|(mut keys, more)| {
            keys.extend(more);
            keys
        });
        self.follows = earlier.follows;
        self
    }

    /// The keys of lookups whose result may differ from that on the site that was published before; `None` if that is not known.
    pub(crate) fn changed_keys(&self) -> Option<&BTreeSet<u64>> {
        self.changed_keys.as_ref()
    }

    /// The same site with more diagnostics.
    #[must_use]
    pub(crate) fn with_more_diagnostics(self, more: &[Diagnostic]) -> Site {
        Site {
            diagnostics: merge_diagnostics(self.diagnostics, more.iter()),
            ..self
        }
    }

    /// The same site with another history.
    #[must_use]
    pub(crate) fn with_history(self, history: Arc<History>) -> Site {
        Site { history, ..self }
    }

    /// Compresses the most requested documents, and makes the first page. Until that is done they are served uncompressed, so that
    /// a change does not wait for it.
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

    /// The posts that may differ from those of the previous site.
    #[must_use]
    pub fn changed(&self) -> &SharedVec<Arc<Post>> {
        &self.changed
    }

    /// The configuration it was built with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether `post`, which is readable, is public: in feeds, lists, site maps and search.
    #[must_use]
    pub fn is_listed(&self, post: &Arc<Post>) -> bool {
        post.visibility(self.built) == Visibility::Public
    }

    /// Whether search engines are asked to leave out the page of `post`, which is readable: it is unlisted.
    #[must_use]
    pub fn is_hidden_from_engines(&self, post: &Arc<Post>) -> bool {
        post.visibility(self.built) == Visibility::Unlisted
    }

    /// The instant it was built for. Unique for each site.
    #[must_use]
    pub fn built(&self) -> Timestamp {
        self.built
    }

    /// The next instant at which a post appears or disappears.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.index.next_due()
    }

    /// Makes the search index, unless a search did so before. It takes about a second for each 60 MB of text.
    pub(crate) fn prepare_search(&self) {
        // if it is busy, another thread is making it
        let _ = self.search.prepare(self.index.searched(), self.texts());
    }

    /// Reads the texts of its posts.
    #[must_use]
    pub fn texts(&self) -> &dyn Texts {
        &*self.texts
    }

    /// The text of `post`, one of its own; `None` if it cannot be read now. This may read a file.
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
        self.cached_feed(scope, place, format)
    }

    /// The feed of `scope` at `place`, if it was already made for this site.
    #[must_use]
    pub(crate) fn ready_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<Arc<Document>> {
        let own = self.newest.iter().find(|(made, _)| *made == format);
        match own.filter(|_| (scope, place) == (&Scope::Site, Place::Newest)) {
            Some((_, document)) => Some(Arc::clone(document)),
            None => self.ready_page(&PageKey::Feed(scope.clone(), place, format)),
        }
    }

    fn make_feed(&self, scope: &Scope, place: Place, format: Format) -> Option<FeedDocument> {
        self.documents
            .feed(scope, self.index.members(scope)?, place, format, self.context())
    }

    /// The newest feed of `scope` with only the posts that are new since the version with one of the tags `held`, and that tag.
    #[must_use]
    pub fn delta(&self, scope: &Scope, format: Format, held: &[&str]) -> Option<(Document, String)> {
        self.documents
            .delta(scope, self.index.members(scope)?, format, self.context(), held)
    }

    /// The context in which documents of this site are made.
    fn context(&self) -> DocumentContext<'_> {
        DocumentContext {
            config: &self.config,
            texts: self.texts(),
            targets: &self.targets,
            history: &self.history,
            now: self.built,
        }
    }

    /// The newest feed of `scope` without its oldest entries, so that it has at most `most` bytes, or one entry.
    #[must_use]
    pub(crate) fn shortened_feed(&self, scope: &Scope, format: Format, most: usize) -> Option<Document> {
        self.documents
            .shortened(scope, self.index.members(scope)?, format, self.context(), most)
    }

    /// How many full archive documents the feeds of `scope` have.
    #[must_use]
    pub fn archives(&self, scope: &Scope) -> usize {
        self.index.members(scope).map_or(0, |members| {
            feed_page::archives(members.in_feeds().len(), self.config.feed.limit)
        })
    }

    /// The Markdown of the post at `address`, public or unlisted, without its front matter and what its author hides in it.
    ///
    /// # Errors
    ///
    /// [`TextUnavailable`].
    pub(crate) fn post_source(&self, address: &str) -> Result<Option<Document>, TextUnavailable> {
        let Some(post) = self.index.by_address(address) else {
            return Ok(None);
        };
        let text = self.text(post).ok_or(TextUnavailable)?;
        let bytes = Bytes::copy_from_slice(xml_safe(&markdown::without_hidden(&text)).as_bytes());
        Ok(Some(Document::new("text/markdown; charset=utf-8", bytes)))
    }

    /// The new address of what was at `address`, a decoded path at which there is nothing: a post's address ([`Post::address`]), or
    /// that with `.md` for its Markdown.
    ///
    /// All old addresses are resolved here.
    #[must_use]
    pub fn moved(&self, address: &str) -> Option<String> {
        if let Some(post) = self.current_post_at(address) {
            return Some(post.address.to_string());
        }
        let post = self.current_post_at(address.strip_suffix(".md")?)?;
        // a post whose page is on another site has no Markdown here
        let here = post.address.starts_with('/');
        here.then(|| format!("{}.md", post.address.trim_end_matches('/')))
    }

    /// The post that the old address `address` leads to: one that claims it, else the one that had it last.
    fn current_post_at(&self, address: &str) -> Option<&Arc<Post>> {
        let had_it = || {
            let former_owner = self.history.former_owner(address)?;
            self.post(&former_owner.source)
                .filter(|post| post.id == *former_owner.id && self.is_readable(post))
        };
        self.index.by_alias(address).or_else(had_it)
    }

    /// The addresses that posts had and left, decoded.
    pub(crate) fn former_addresses(&self) -> impl Iterator<Item = &str> {
        self.history.former_owners().map(|(address, _)| address)
    }

    /// Whether a post is missing that was not withdrawn.
    #[must_use]
    pub(crate) fn is_missing_posts(&self) -> bool {
        let mut owners = self.history.former_owners();
        owners.any(|(_, owner)| owner.is_expected_back && self.post(&owner.source).is_none_or(|post| post.id != *owner.id))
    }

    /// The posts that were withdrawn, the earliest first.
    #[must_use]
    pub(crate) fn departures(&self) -> &[Departure] {
        self.history.since(Timestamp::MIN)
    }

    /// The feeds of every scope, as an outline (OPML 2.0).
    #[must_use]
    pub fn outline(&self) -> Arc<Document> {
        self.cached_or_made(&PageKey::Outline, || {
            Document::new(opml::MEDIA_TYPE, opml::outline(&self.config, &self.index))
        })
    }

    /// The site map if `part` is `None`, else part `part` (from 1) of a divided one; `None` past its end.
    #[must_use]
    pub fn map(&self, part: Option<usize>) -> Option<Arc<Document>> {
        self.cached_document(&PageKey::Map(part), || {
            let map = sitemap::Map::new(&self.config, &self.index);
            let xml = match part {
                None => map.whole(),
                Some(part) => map.part(part)?,
            };
            Some(Document::new(sitemap::MEDIA_TYPE, xml))
        })
    }

    /// The rules for crawlers (RFC 9309).
    #[must_use]
    pub fn robots(&self) -> Arc<Document> {
        self.cached_or_made(&PageKey::Robots, || {
            Document::new(robots::MEDIA_TYPE, robots::rules(&self.config))
        })
    }

    /// Why there is nothing at `address`; `None` if no known post, and no Markdown of one, was ever there.
    #[must_use]
    pub(crate) fn unavailable(&self, address: &str) -> Option<Unavailable> {
        let former_owner = self
            .history
            .former_owner(address)
            .or_else(|| self.history.former_owner(address.strip_suffix(".md")?))?;
        Some(self.unavailable_post(former_owner))
    }

    fn unavailable_post(&self, former_owner: &FormerOwner) -> Unavailable {
        // an author who holds the post back holds its title back too
        let is_held_back = || {
            self.post(&former_owner.source)
                .is_some_and(|post| post.id == *former_owner.id)
        };
        if former_owner.is_expected_back {
            Unavailable::Temporarily
        } else if is_held_back() {
            Unavailable::Withdrawn(String::new())
        } else {
            Unavailable::Withdrawn(former_owner.title.clone())
        }
    }

    /// What happened to the post that had `slug`, which no public post has; `None` if no known post ever had it.
    #[must_use]
    pub(crate) fn former_slug(&self, slug: &str) -> Option<FormerSlug> {
        let former_owner = self.history.former_owner_of_slug(slug)?;
        let post = self.post(&former_owner.source).filter(|post| post.id == *former_owner.id);
        Some(match post.filter(|post| self.is_readable(post) && post.slug != *slug) {
            Some(post) => FormerSlug::Moved(post.slug.to_string()),
            None => FormerSlug::Unavailable(self.unavailable_post(former_owner)),
        })
    }

    /// The records of documents that changed since the last call.
    #[must_use]
    pub(crate) fn take_changed_documents(&self) -> Vec<DocumentRecord> {
        self.documents.take_changed()
    }
}

/// The Markdown files that only one of the two lists of diagnostics names: files that no longer are, or now are, unreadable posts.
fn changed_unreadable<'a>(before: &'a Arc<[Diagnostic]>, now: &'a Arc<[Diagnostic]>) -> Vec<&'a Utf8Path> {
    if Arc::ptr_eq(before, now) {
        return Vec::new();
    }
    let named = |all: &'a Arc<[Diagnostic]>| -> BTreeSet<&'a Utf8Path> {
        let paths = all.iter().map(|diagnostic| diagnostic.path.as_path());
        paths.filter(|path| is_markdown(path.as_str())).collect()
    };
    named(before).symmetric_difference(&named(now)).copied().collect()
}

/// `all` with `more`, ordered; the same list if there are no more.
fn merge_diagnostics<'a>(all: Arc<[Diagnostic]>, more: impl Iterator<Item = &'a Diagnostic>) -> Arc<[Diagnostic]> {
    let mut more = more.peekable();
    if more.peek().is_none() {
        return all;
    }
    let mut all: Vec<Diagnostic> = all.to_vec();
    all.extend(more.cloned());
    all.sort();
    all.into()
}
