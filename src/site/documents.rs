//! The cache of feeds and rendered posts.
//!
//! A document is a pure function of the posts in it, of what the addresses in them lead to, and of the configuration. So it is
//! cached from one site to the next together with all of these, and used again only if they are the same. Nothing is invalidated: a
//! stale document is not found.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use camino::Utf8PathBuf;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::feed_versions::FeedVersions;
use super::linking::{LinkAnswers, Linking};
use crate::config::Config;
use crate::identity::{DocumentRecord, History};
use crate::index::{Filter, Members, Scope};
use crate::post::reference::Targets;
use crate::post::{Post, Texts, html, markdown};
use crate::render::encode::{Coding, Document};
use crate::render::feeds::feed_page::{EMPTY_SINCE, FeedState, archives, feed_page, posts_at};
use crate::render::{self, CleanItem, Content, Format, Place, Withdrawn, feed_path, item};
use crate::time::Timestamp;

/// The most bytes of feeds that are cached.
const FEED_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of rendered posts that are cached.
const CONTENT_BYTES: u64 = 32 * 1024 * 1024;
/// About how many entries a cache has room for at the start.
const ABOUT_ENTRIES: usize = 1000;

/// The caches that all sites of a run share.
pub struct Documents {
    feeds: Cache<FeedKey, Arc<CachedFeed>, DocumentWeight>,
    versions: FeedVersions,
    contents: Cache<Utf8PathBuf, CachedContent, DocumentWeight>,
    linking: Mutex<Linking>,
}

/// The input of a document besides the posts in it.
#[derive(Clone, Copy)]
pub(super) struct DocumentContext<'a> {
    pub(super) config: &'a Config,
    pub(super) texts: &'a dyn Texts,
    pub(super) targets: &'a Targets,
    pub(super) history: &'a Arc<History>,
    /// The instant that the site was built for.
    pub(super) now: Timestamp,
}

/// Names a feed.
type FeedKey = (Scope, Place, Format);

/// What a feed is made of, besides the configuration and what the addresses in its posts lead to.
#[derive(Clone)]
pub(super) struct FeedParts {
    pub(super) archives: usize,
    pub(super) name: String,
    pub(super) posts: Arc<[Arc<Post>]>,
    pub(super) withdrawn: Arc<[Withdrawn]>,
}

impl FeedParts {
    /// The parts of the feeds of `scope` at `place`; `None` if there is no such document. The newest one has the posts that `withdrawn`
    /// returns.
    pub(super) fn new(
        members: &Members,
        place: Place,
        config: &Config,
        withdrawn: impl FnOnce() -> Arc<[Withdrawn]>,
    ) -> Option<FeedParts> {
        Some(FeedParts {
            posts: posts_at(members.in_feeds(), place, config.feed.limit)?.into(),
            archives: archives(members.in_feeds().len(), config.feed.limit),
            name: members.name.clone(),
            withdrawn: if place == Place::Newest { withdrawn() } else { Arc::default() },
        })
    }

    /// Whether a feed made from these parts is one made from `other`, unless an address in a post leads elsewhere.
    pub(super) fn is_same_as(&self, other: &FeedParts) -> bool {
        self.archives == other.archives
            && self.name == other.name
            && self.withdrawn == other.withdrawn
            && self.posts.len() == other.posts.len()
            && self
                .posts
                .iter()
                .zip(&*other.posts)
                .all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

/// A feed, and all that it was made from.
#[derive(Clone)]
struct CachedFeed {
    parts: FeedParts,
    links: Vec<Arc<LinkAnswers>>,
    history: Arc<History>,
    document: Arc<Document>,
    /// The versions before it, the newest first.
    earlier: Vec<Arc<EarlierFeed>>,
}

/// An earlier version of a feed.
struct EarlierFeed {
    tags: Vec<String>,
    name: String,
    links: Vec<Arc<LinkAnswers>>,
    /// Weak, because they are only compared by identity.
    posts: Vec<Weak<Post>>,
}

/// The most removed posts that a feed mentions.
const MOST_TOMBSTONES: usize = 100;

/// The most earlier versions of a feed for which a client can get a delta.
const EARLIER_VERSIONS: usize = 16;

impl CachedFeed {
    /// Whether the feed made from `parts` would be the same.
    fn is_current(&self, parts: &FeedParts, targets: &Targets) -> bool {
        self.parts.is_same_as(parts) && self.links.iter().all(|links| links.are_current(targets))
    }

    /// This version and those before it.
    fn versions(&self) -> Vec<Arc<EarlierFeed>> {
        let last = EarlierFeed {
            tags: self.document.tags(),
            name: self.parts.name.clone(),
            links: self.links.clone(),
            posts: self.parts.posts.iter().map(Arc::downgrade).collect(),
        };
        let earlier = self.earlier.iter().cloned();
        std::iter::once(Arc::new(last))
            .chain(earlier)
            .take(EARLIER_VERSIONS)
            .collect()
    }
}

/// A rendered post, and all that it was made from.
#[derive(Clone)]
struct CachedContent {
    post: Arc<Post>,
    links: Arc<LinkAnswers>,
    content: Content,
    item: CleanItem,
}

/// A feed that was requested.
pub(super) struct FeedDocument {
    pub(super) document: Arc<Document>,
    /// Whether it has the texts of all its posts. If not it is not cached, because the texts may be readable next time.
    pub(super) is_complete: bool,
}

#[derive(Clone)]
struct DocumentWeight;

impl Weighter<FeedKey, Arc<CachedFeed>> for DocumentWeight {
    fn weight(&self, _: &FeedKey, made: &Arc<CachedFeed>) -> u64 {
        made.document.bytes().len() as u64 + 1
    }
}

impl Weighter<Utf8PathBuf, CachedContent> for DocumentWeight {
    fn weight(&self, _: &Utf8PathBuf, made: &CachedContent) -> u64 {
        // three formats may cache the serialized item, one of them with the Markdown
        (made.content.html.len() * 4 + made.content.markdown.len() * 2) as u64 + 1
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents")
            .field("feeds", &self.feeds.len())
            .field("contents", &self.contents.len())
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

impl Default for Documents {
    fn default() -> Documents {
        Documents {
            feeds: unsharded_cache(FEED_BYTES),
            versions: FeedVersions::default(),
            contents: unsharded_cache(CONTENT_BYTES),
            linking: Mutex::default(),
        }
    }
}

/// A cache of `bytes` with one shard: a shard drops at once what is larger than itself, so a large post would be rendered again for
/// each site and each feed.
fn unsharded_cache<Key: Eq + Hash, Made: Clone>(bytes: u64) -> Cache<Key, Made, DocumentWeight>
where
    DocumentWeight: Weighter<Key, Made>,
{
    let mut options = OptionsBuilder::new();
    options
        .shards(1)
        .estimated_items_capacity(ABOUT_ENTRIES)
        .weight_capacity(bytes);
    match options.build() {
        Ok(options) => Cache::with_options(
            options,
            DocumentWeight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        // all required options are set
        Err(_) => Cache::with_weighter(ABOUT_ENTRIES, bytes, DocumentWeight),
    }
}

impl Documents {
    /// Empty caches, with the dates in `records`.
    pub(super) fn with_records(records: Vec<DocumentRecord>) -> Documents {
        Documents {
            versions: FeedVersions::from_records(records),
            ..Documents::default()
        }
    }

    /// The records that changed since the last call.
    pub(super) fn take_changed(&self) -> Vec<DocumentRecord> {
        self.versions.take_changed()
    }

    /// The feed of `scope` at `place`, from the cache or new; `None` if there is no such document.
    pub(super) fn feed(
        &self,
        scope: &Scope,
        members: &Members,
        place: Place,
        format: Format,
        context: DocumentContext<'_>,
    ) -> Option<FeedDocument> {
        let (config, history) = (context.config, context.history);
        let key = (scope.clone(), place, format);
        let cached = self.feeds.get(&key);
        let known = cached.as_ref().filter(|cached| Arc::ptr_eq(&cached.history, history));
        let parts = FeedParts::new(members, place, config, || match known {
            Some(cached) => Arc::clone(&cached.parts.withdrawn),
            None => withdrawn(history, scope, config),
        })?;
        let Some(cached) = cached else {
            return self.make_feed(key, members, parts, Vec::new(), context);
        };
        if !cached.is_current(&parts, context.targets) {
            return self.make_feed(key, members, parts, cached.versions(), context);
        }
        let document = Arc::clone(&cached.document);
        if !Arc::ptr_eq(&cached.history, history) {
            let history = Arc::clone(history);
            let cached = CachedFeed {
                history,
                ..CachedFeed::clone(&cached)
            };
            self.feeds.insert(key, Arc::new(cached));
        }
        Some(FeedDocument {
            document,
            is_complete: true,
        })
    }

    /// Makes the feed `key` from `parts`, and caches it if it is complete. `earlier` are the versions before it.
    fn make_feed(
        &self,
        key: FeedKey,
        members: &Members,
        parts: FeedParts,
        earlier: Vec<Arc<EarlierFeed>>,
        context: DocumentContext<'_>,
    ) -> Option<FeedDocument> {
        let (scope, place, format) = &key;
        let path = feed_path(&scope.path(), *place, *format);
        let known = FeedState {
            now: context.now,
            updated: self.versions.updated(&path),
            withdrawn: &parts.withdrawn,
        };
        let mut is_complete = true;
        let mut links = Vec::new();
        let links_of_short = RefCell::new(Vec::new());
        let short = |post: &Arc<Post>| {
            let references = render::references(post, &context.config.base(), context.targets);
            let item = item(post, context.config, &references, None);
            let links = LinkAnswers::new(&references, context.targets);
            self.record_links(post, &links);
            links_of_short.borrow_mut().push(Arc::new(links));
            item
        };
        let whole = |post: &Arc<Post>| {
            let Some(rendered) = self.cached_content(post, context) else {
                is_complete = false;
                return None;
            };
            links.push(rendered.links);
            Some(rendered.item)
        };
        let page = feed_page(scope, members, *place, context.config, known, whole, short)?;
        links.append(&mut links_of_short.borrow_mut());
        links.retain(|links| !links.is_empty());
        let document = Document::new(format.media_type(), render::feed(&page, *format));
        let is_hot = *scope == Scope::Site && *place == Place::Newest;
        let document = if is_hot && is_complete { document.staged() } else { document };
        let tag = &document.encoded(Coding::Identity).etag;
        let last_change = last_modified(&parts.posts, &parts.withdrawn).min(context.now);
        let modified = self
            .versions
            .modified(path, tag, last_change, page.updated.timestamp(), context.now);
        let document = Arc::new(document.modified(modified));
        if is_complete {
            let made = CachedFeed {
                parts,
                links,
                history: Arc::clone(context.history),
                document: Arc::clone(&document),
                earlier,
            };
            self.feeds.insert(key, Arc::new(made));
        }
        Some(FeedDocument { document, is_complete })
    }

    /// The newest feed of `scope` with only the posts that are new or changed since the version with one of the tags `held`, and that
    /// tag. `None` if no such version is known, no post is new, or a text cannot be read: a client with the delta has the whole feed.
    pub(super) fn delta(
        &self,
        scope: &Scope,
        members: &Members,
        format: Format,
        context: DocumentContext<'_>,
        held: &[&str],
    ) -> Option<(Document, String)> {
        let DocumentContext {
            config, targets, now, ..
        } = context;
        let cached = self.feeds.get(&(scope.clone(), Place::Newest, format))?;
        // the text of a post differs, although the post is the same, if its links lead elsewhere now
        let is_base = |version: &&Arc<EarlierFeed>| {
            version.name == members.name
                && version.tags.iter().any(|tag| held.contains(&tag.as_str()))
                && version.links.iter().all(|links| links.are_current(targets))
        };
        let version = cached.earlier.iter().find(is_base)?;
        let tag = version.tags.iter().find(|tag| held.contains(&tag.as_str()))?;
        let known = FeedState {
            now,
            updated: self.versions.updated(&feed_path(&scope.path(), Place::Newest, format)),
            withdrawn: &cached.parts.withdrawn,
        };
        let mut is_complete = true;
        let whole = |post: &Arc<Post>| {
            let rendered = self.cached_content(post, context);
            is_complete &= rendered.is_some();
            rendered.map(|rendered| rendered.item)
        };
        let short = |post: &Arc<Post>| item(post, config, &render::references(post, &config.base(), targets), None);
        let mut page = feed_page(scope, members, Place::Newest, config, known, whole, short)?;
        // this site's own posts: the cached feed may already be one of the next site
        let mut is_new = posts_at(members.in_feeds(), Place::Newest, config.feed.limit)?
            .into_iter()
            .map(|post| {
                !version
                    .posts
                    .iter()
                    .any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(&post)))
            });
        page.items.retain(|_| is_new.next().unwrap_or(true));
        if page.items.is_empty() || !is_complete {
            return None;
        }
        Some((Document::new(format.media_type(), render::feed(&page, format)), tag.clone()))
    }

    /// The newest feed of `scope` without its oldest entries, so that it has at most `most` bytes, or one entry.
    pub(super) fn shortened(
        &self,
        scope: &Scope,
        members: &Members,
        format: Format,
        context: DocumentContext<'_>,
        most: usize,
    ) -> Option<Document> {
        let DocumentContext {
            config, targets, now, ..
        } = context;
        let withdrawn = withdrawn(context.history, scope, config);
        let known = FeedState {
            now,
            updated: self.versions.updated(&feed_path(&scope.path(), Place::Newest, format)),
            withdrawn: &withdrawn,
        };
        let whole = |post: &Arc<Post>| self.cached_content(post, context).map(|rendered| rendered.item);
        let short = |post: &Arc<Post>| item(post, config, &render::references(post, &config.base(), targets), None);
        let mut page = feed_page(scope, members, Place::Newest, config, known, whole, short)?;
        loop {
            let bytes = render::feed(&page, format);
            if bytes.len() <= most || page.items.len() <= 1 {
                return Some(Document::new(format.media_type(), bytes));
            }
            // about as many as fit, and always fewer
            let fitting = page.items.len() * most / bytes.len();
            page.items.truncate(fitting.clamp(1, page.items.len() - 1));
        }
    }

    /// The text of `post`, for feeds and for the listing; `None` if it cannot be read.
    pub(super) fn content(&self, post: &Arc<Post>, context: DocumentContext<'_>) -> Option<Content> {
        self.cached_content(post, context).map(|cached| cached.content)
    }

    /// The item of `post` with its text, which is not cached for this; `None` if the text cannot be read.
    pub(super) fn full_item(&self, post: &Arc<Post>, context: DocumentContext<'_>) -> Option<CleanItem> {
        let made = self
            .current_content(post, context)
            .or_else(|| render_content(post, context))?;
        self.record_links(post, &made.links);
        Some(made.item)
    }

    /// The files of rendered posts with an address that looked up one of `keys`; with any, if `keys` are not known.
    pub(super) fn looking_up(&self, keys: Option<&BTreeSet<u64>>) -> BTreeSet<Utf8PathBuf> {
        let linking = self.linking.lock().unwrap_or_else(PoisonError::into_inner);
        linking.looking_up(keys)
    }

    fn record_links(&self, post: &Post, links: &LinkAnswers) {
        if !links.is_empty() {
            let mut linking = self.linking.lock().unwrap_or_else(PoisonError::into_inner);
            linking.record(&post.source, links.keys());
        }
    }

    /// The rendered `post` from the cache, if it is still current.
    fn current_content(&self, post: &Arc<Post>, context: DocumentContext<'_>) -> Option<CachedContent> {
        let is_current = |cached: &CachedContent| Arc::ptr_eq(&cached.post, post) && cached.links.are_current(context.targets);
        self.contents.get(&post.source).filter(is_current)
    }

    /// The rendered `post`, from the cache or new; `None` if its text cannot be read.
    fn cached_content(&self, post: &Arc<Post>, context: DocumentContext<'_>) -> Option<CachedContent> {
        if let Some(cached) = self.current_content(post, context) {
            return Some(cached);
        }
        let made = render_content(post, context)?;
        self.record_links(post, &made.links);
        self.contents.insert(post.source.clone(), made.clone());
        Some(made)
    }
}

/// Renders the text of `post`; `None` if it cannot be read.
fn render_content(post: &Arc<Post>, context: DocumentContext<'_>) -> Option<CachedContent> {
    let DocumentContext {
        config, texts, targets, ..
    } = context;
    let text = texts.text(post)?;
    let html = markdown::render_with(&text, &post.title, &config.shortcodes).html;
    let references = render::references(post, &config.base(), targets);
    let rendered = Content {
        html: html::for_feed(&html, &references).into(),
        markdown: match markdown::without_hidden(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => shown.into(),
        },
    };
    Some(CachedContent {
        post: Arc::clone(post),
        item: item(post, config, &references, Some(rendered.clone())),
        content: rendered,
        links: Arc::new(LinkAnswers::new(&references, targets)),
    })
}

/// When the document made from `posts` last changed: the latest of when their files were written, when they were published or
/// edited, and when others were withdrawn.
fn last_modified(posts: &[Arc<Post>], withdrawn: &[Withdrawn]) -> Timestamp {
    let written = posts
        .iter()
        .map(|post| post.touched.timestamp().max(post.modified().timestamp()));
    let went = withdrawn.iter().map(|withdrawn| withdrawn.at);
    written.chain(went).max().unwrap_or(EMPTY_SINCE)
}

/// The posts that were in the feeds of `scope` and were withdrawn, the latest last; of many, only the latest.
pub(super) fn withdrawn(history: &History, scope: &Scope, config: &Config) -> Arc<[Withdrawn]> {
    let filter = Filter::for_scope(scope);
    let departures = history.since(Timestamp::MIN).iter().rev();
    let departed =
        departures.filter(|departure| departure.post.in_feeds && filter.matches(&departure.post, &config.site.language));
    let mut withdrawn: Vec<Withdrawn> = departed
        .take(MOST_TOMBSTONES)
        .map(|departure| Withdrawn {
            atom_id: departure.post.atom_id().to_string(),
            at: departure.at,
        })
        .collect();
    withdrawn.reverse();
    withdrawn.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_posts_and_feeds_are_cached() {
        let documents = Documents::default();
        // the weight of a post of one megabyte
        let large = 24 * 1024 * 1024;
        assert!(documents.contents.shard_capacity() >= large);
        assert!(documents.feeds.shard_capacity() >= large);
    }
}
