//! Documents that were made before, for as long as they are still right.
//!
//! A document is a pure function of the posts in it, the addresses of the posts they link to and the configuration, so it is kept
//! from one site to the next together with all of these, and used again only where they are the same. Nothing is ever thrown out for
//! being stale: it is not found.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use camino::{Utf8Path, Utf8PathBuf};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::feed_versions::FeedVersions;
use crate::config::Config;
use crate::identity::{DocumentRecord, History};
use crate::index::{Filter, Members, Scope};
use crate::post::reference::References;
use crate::post::{Post, Texts, html, markdown};
use crate::render::encode::{Coding, Document};
use crate::render::feeds::feed_page::{EMPTY_SINCE, Known, archives, feed_page, posts_at};
use crate::render::{self, CleanItem, Content, Format, Place, Withdrawn, feed_path, item};
use crate::time::Timestamp;

/// The most bytes of feeds that are kept.
const FEED_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of rendered posts that are kept.
const CONTENT_BYTES: u64 = 32 * 1024 * 1024;
/// About how many of either that makes; the cache starts with room for so many.
const ABOUT_ENTRIES: usize = 1000;

/// The documents that were made, within a bound of bytes.
pub struct Documents {
    feeds: Cache<(Scope, Place, Format), Arc<MadeFeed>, Bytes>,
    editions: FeedVersions,
    contents: Cache<Utf8PathBuf, MadeContent, Bytes>,
    /// The files of posts that were rendered with a link to a post, by that post's file. They may have lost the link since.
    linking: Mutex<HashMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>>,
}

/// Where a post is published: its absolute URL by its path below the posts folder, if the world may see it.
pub(super) type Published<'a> = &'a dyn Fn(&Utf8Path) -> Option<String>;

/// What documents are made for, beside the posts in them.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) config: &'a Config,
    pub(super) texts: &'a dyn Texts,
    pub(super) published: Published<'a>,
    pub(super) past: &'a Arc<History>,
    /// The instant that the site was built for.
    pub(super) now: Timestamp,
}

/// The posts that a text links to, and where they were published when it was made.
type Links = Arc<BTreeMap<Utf8PathBuf, Option<String>>>;

#[derive(Clone)]
struct MadeFeed {
    posts: Arc<[Arc<Post>]>,
    links: Vec<Links>,
    archives: usize,
    name: String,
    past: Arc<History>,
    withdrawn: Arc<[Withdrawn]>,
    document: Arc<Document>,
    /// What stood here before, the newest first.
    earlier: Vec<Arc<FeedVersion>>,
}

/// A feed as it once was.
#[derive(Clone)]
struct FeedVersion {
    tags: Vec<String>,
    name: String,
    links: Vec<Links>,
    /// Held weakly: nothing more is asked of them than who they are.
    posts: Vec<Weak<Post>>,
}

/// The most removed posts that a feed mentions.
const MOST_TOMBSTONES: usize = 100;

/// The most earlier versions of a feed for which a client gets only what is new since.
const EARLIER_EDITIONS: usize = 16;

impl MadeFeed {
    /// This one and those before it, as what stood here before.
    fn editions(&self) -> Vec<Arc<FeedVersion>> {
        let last = FeedVersion {
            tags: self.document.tags(),
            name: self.name.clone(),
            links: self.links.clone(),
            posts: self.posts.iter().map(Arc::downgrade).collect(),
        };
        let earlier = self.earlier.iter().cloned();
        std::iter::once(Arc::new(last))
            .chain(earlier)
            .take(EARLIER_EDITIONS)
            .collect()
    }
}

#[derive(Clone)]
struct MadeContent {
    post: Arc<Post>,
    links: Links,
    content: Content,
    item: CleanItem,
}

/// A feed that was requested.
pub(super) struct Feed {
    pub(super) document: Arc<Document>,
    /// Whether it has the texts of all its posts, as far as it should. One that has not is not kept: they may be had the next time.
    pub(super) is_whole: bool,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<(Scope, Place, Format), Arc<MadeFeed>> for Bytes {
    fn weight(&self, _: &(Scope, Place, Format), made: &Arc<MadeFeed>) -> u64 {
        made.document.bytes().len() as u64 + 1
    }
}

impl Weighter<Utf8PathBuf, MadeContent> for Bytes {
    fn weight(&self, _: &Utf8PathBuf, made: &MadeContent) -> u64 {
        // three formats may keep the item as they write it, and one of them with the Markdown
        (made.content.html.len() * 4 + made.content.markdown.len() * 2) as u64 + 1
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents")
            .field("feeds", &self.feeds.len())
            .field("contents", &self.contents.len())
            .field("editions", &self.editions)
            .finish_non_exhaustive()
    }
}

impl Default for Documents {
    fn default() -> Documents {
        Documents {
            feeds: in_one_piece(FEED_BYTES),
            editions: FeedVersions::default(),
            contents: in_one_piece(CONTENT_BYTES),
            linking: Mutex::default(),
        }
    }
}

/// A cache of `bytes` that is not parted: a part would forget at once what is larger than itself, and a large post would be rendered
/// again for each site and each feed.
fn in_one_piece<Key: Eq + Hash, Made: Clone>(bytes: u64) -> Cache<Key, Made, Bytes>
where
    Bytes: Weighter<Key, Made>,
{
    let mut options = OptionsBuilder::new();
    options
        .shards(1)
        .estimated_items_capacity(ABOUT_ENTRIES)
        .weight_capacity(bytes);
    match options.build() {
        Ok(options) => Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        // all that has to be said is said
        Err(_) => Cache::with_weighter(ABOUT_ENTRIES, bytes, Bytes),
    }
}

impl Documents {
    /// None yet; of those that `records` are about it is remembered when they last changed.
    pub(super) fn remembering(records: Vec<DocumentRecord>) -> Documents {
        Documents {
            editions: FeedVersions::remembering(records),
            ..Documents::default()
        }
    }

    /// What is to be remembered and was not handed out yet.
    pub(super) fn take_changed(&self) -> Vec<DocumentRecord> {
        self.editions.take_changed()
    }

    /// The feed of `scope` at `place`; `None` if there is no such document.
    pub(super) fn feed(
        &self,
        scope: &Scope,
        members: &Members,
        place: Place,
        format: Format,
        setting: Setting<'_>,
    ) -> Option<Feed> {
        let Setting {
            config,
            published,
            past,
            now,
            ..
        } = setting;
        let limit = config.feed.limit;
        let posts = posts_at(members.in_feeds(), place, limit)?;
        let archives = archives(members.in_feeds().len(), limit);
        let key = (scope.clone(), place, format);
        let before = self.feeds.get(&key);
        let withdrawn = match &before {
            Some(made) if Arc::ptr_eq(&made.past, past) => Arc::clone(&made.withdrawn),
            _ if place == Place::Newest => withdrawn(past, scope, config),
            _ => Arc::default(),
        };
        let same = |made: &MadeFeed| {
            made.archives == archives
                && made.name == members.name
                && made.withdrawn == withdrawn
                && made.posts.len() == posts.len()
                && made.posts.iter().zip(&posts).all(|(made, now)| Arc::ptr_eq(made, now))
                && made.links.iter().all(|links| still_lead_there(links, published))
        };
        if let Some(made) = before.as_ref().filter(|made| same(made)) {
            let document = Arc::clone(&made.document);
            if !Arc::ptr_eq(&made.past, past) {
                let past = Arc::clone(past);
                let made = MadeFeed {
                    past,
                    ..MadeFeed::clone(made)
                };
                self.feeds.insert(key, Arc::new(made));
            }
            return Some(Feed {
                document,
                is_whole: true,
            });
        }
        let mut is_whole = true;
        let mut links = Vec::new();
        let path = feed_path(&scope.path(), place, format);
        let known = Known {
            now,
            updated: self.editions.updated(&path),
            withdrawn: &withdrawn,
        };
        let page = feed_page(scope, members, place, config, known, |post| {
            let Some(made) = self.made(post, setting) else {
                is_whole = false;
                return None;
            };
            if !made.links.is_empty() {
                links.push(made.links);
            }
            Some(made.item)
        })?;
        let document = Document::new(format.media_type(), render::feed(&page, format));
        let is_hot = *scope == Scope::Site && place == Place::Newest;
        let document = if is_hot && is_whole { document.staged() } else { document };
        let tag = &document.encoded(Coding::Identity).etag;
        let told = last_modified(&posts, &withdrawn).min(now);
        let modified = self.editions.modified(path, tag, told, page.updated.timestamp(), now);
        let document = Arc::new(document.modified(modified));
        if !is_whole {
            return Some(Feed { document, is_whole });
        }
        let earlier = before.map(|before| before.editions()).unwrap_or_default();
        let made = MadeFeed {
            posts: posts.into(),
            links,
            archives,
            name: members.name.clone(),
            past: Arc::clone(past),
            withdrawn,
            document: Arc::clone(&document),
            earlier,
        };
        self.feeds.insert(key, Arc::new(made));
        Some(Feed { document, is_whole })
    }

    /// What of the newest feed of `scope` a client does not have that holds the edition with one of the tags `held`: the feed with
    /// only the posts that are new or changed since, and the tag it was found by. `None` where no such edition is known, nothing was
    /// added to it, or a text cannot be had: who has the delta has the whole.
    pub(super) fn delta(
        &self,
        scope: &Scope,
        members: &Members,
        format: Format,
        setting: Setting<'_>,
        held: &[&str],
    ) -> Option<(Document, String)> {
        let Setting {
            config, published, now, ..
        } = setting;
        let made = self.feeds.get(&(scope.clone(), Place::Newest, format))?;
        // a post whose links lead elsewhere by now reads differently although it is the same
        let is_base = |edition: &&Arc<FeedVersion>| {
            edition.name == members.name
                && edition.tags.iter().any(|tag| held.contains(&tag.as_str()))
                && edition.links.iter().all(|links| still_lead_there(links, published))
        };
        let edition = made.earlier.iter().find(is_base)?;
        let tag = edition.tags.iter().find(|tag| held.contains(&tag.as_str()))?;
        let known = Known {
            now,
            updated: self.editions.updated(&feed_path(&scope.path(), Place::Newest, format)),
            withdrawn: &made.withdrawn,
        };
        let mut is_whole = true;
        let mut page = feed_page(scope, members, Place::Newest, config, known, |post| {
            let made = self.made(post, setting);
            is_whole &= made.is_some();
            made.map(|made| made.item)
        })?;
        // this site's own posts: what was made last may have been made for the next one already
        let mut is_new = posts_at(members.in_feeds(), Place::Newest, config.feed.limit)?
            .into_iter()
            .map(|post| {
                !edition
                    .posts
                    .iter()
                    .any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(&post)))
            });
        page.items.retain(|_| is_new.next().unwrap_or(true));
        if page.items.is_empty() || !is_whole {
            return None;
        }
        Some((Document::new(format.media_type(), render::feed(&page, format)), tag.clone()))
    }

    /// The text of `post`, for feeds and for the listing; `None` where it cannot be had.
    pub(super) fn content(&self, post: &Arc<Post>, setting: Setting<'_>) -> Option<Content> {
        self.made(post, setting).map(|made| made.content)
    }

    /// The item of `post` with its text; `None` where that cannot be had. It is not kept, if it was not before.
    pub(super) fn item(&self, post: &Arc<Post>, setting: Setting<'_>) -> Option<CleanItem> {
        let made = self.kept(post, setting).or_else(|| render_content(post, setting))?;
        self.note_links(post, &made.links);
        Some(made.item)
    }

    /// The files of posts that were rendered and linked to one of the posts in the files `targets`.
    pub(super) fn linking_to<'a>(&self, targets: impl Iterator<Item = &'a Utf8Path>) -> BTreeSet<Utf8PathBuf> {
        let linking = self.linking.lock().unwrap_or_else(PoisonError::into_inner);
        targets.filter_map(|target| linking.get(target)).flatten().cloned().collect()
    }

    fn note_links(&self, post: &Post, links: &Links) {
        if links.is_empty() {
            return;
        }
        let mut linking = self.linking.lock().unwrap_or_else(PoisonError::into_inner);
        for target in links.keys() {
            linking.entry(target.clone()).or_default().insert(post.source().to_path_buf());
        }
    }

    fn kept(&self, post: &Arc<Post>, setting: Setting<'_>) -> Option<MadeContent> {
        let is_same = |made: &MadeContent| Arc::ptr_eq(&made.post, post) && still_lead_there(&made.links, setting.published);
        self.contents.get(post.source()).filter(is_same)
    }

    fn made(&self, post: &Arc<Post>, setting: Setting<'_>) -> Option<MadeContent> {
        if let Some(made) = self.kept(post, setting) {
            return Some(made);
        }
        let made = render_content(post, setting)?;
        self.note_links(post, &made.links);
        self.contents.insert(post.source().to_path_buf(), made.clone());
        Some(made)
    }
}

/// Renders the text of `post`; `None` where that cannot be had.
fn render_content(post: &Arc<Post>, setting: Setting<'_>) -> Option<MadeContent> {
    let Setting {
        config,
        texts,
        published,
        ..
    } = setting;
    let text = texts.text(post)?;
    let rendered = markdown::render(&text, post.title()).html;
    let links = links(&rendered, post, published);
    let content = Content {
        html: html::for_feed(&rendered, &references(post, config, &links)).into(),
        markdown: match markdown::without_hidden(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => shown.into(),
        },
    };
    Some(MadeContent {
        post: Arc::clone(post),
        item: item(post, config, Some(content.clone())),
        content,
        links: Arc::new(links),
    })
}

/// When the document made of `posts` last changed, by what it is made of: when the newest of their files was written, or the newest of
/// them appeared or went.
fn last_modified(posts: &[Arc<Post>], withdrawn: &[Withdrawn]) -> Timestamp {
    let written = posts
        .iter()
        .map(|post| post.touched.timestamp().max(post.modified().timestamp()));
    let went = withdrawn.iter().map(|withdrawn| withdrawn.at);
    written.chain(went).max().unwrap_or(EMPTY_SINCE)
}

/// The posts that were in the feeds of `scope` and went, the latest last; of many, the latest.
pub(super) fn withdrawn(past: &History, scope: &Scope, config: &Config) -> Arc<[Withdrawn]> {
    let filter = Filter::for_scope(scope);
    let departures = past.since(Timestamp::MIN).iter().rev();
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

/// What the addresses in `text`, which is that of `post`, mean on this site.
pub(super) fn references_of(post: &Post, text: &str, config: &Config, published: Published<'_>) -> References {
    // what names no Markdown file links to none, and need not be rendered to know
    let rendered = if [".m", ".M"].iter().any(|ending| text.contains(ending)) {
        markdown::render(text, post.title()).html
    } else {
        String::new()
    };
    references(post, config, &links(&rendered, post, published))
}

fn references(post: &Post, config: &Config, links: &BTreeMap<Utf8PathBuf, Option<String>>) -> References {
    let base = config.base();
    let known = links.iter().filter_map(|(path, url)| Some((path.clone(), url.clone()?)));
    References::new(&base, &render::post_url(&base, post.address()), post.source()).with_posts(known.collect())
}

/// The posts that `rendered`, the text of `post`, links to.
fn links(rendered: &str, post: &Post, published: Published<'_>) -> BTreeMap<Utf8PathBuf, Option<String>> {
    let linked = html::linked_posts(rendered, post.source()).into_iter();
    linked
        .map(|path| (published(&path), path))
        .map(|(url, path)| (path, url))
        .collect()
}

fn still_lead_there(links: &Links, published: Published<'_>) -> bool {
    links.iter().all(|(path, url)| published(path) == *url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_posts_and_feeds_are_kept() {
        let documents = Documents::default();
        // a post of a megabyte comes to so much, with all that is kept of it
        let large = 24 * 1024 * 1024;
        assert!(documents.contents.shard_capacity() >= large);
        assert!(documents.feeds.shard_capacity() >= large);
    }
}
