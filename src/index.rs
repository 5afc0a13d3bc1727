//! An index of posts by scope, date, change, address and word.
//!
//! An [`Index`] is built from every post that was read and one instant. Its answers contain the posts that are public at that
//! instant, newest first. Posts of the same instant are ordered by id, so that the order is total and the same on every replica.
//! Languages match by RFC 4647 (section 3.3.1), cursors are text by RFC 4648 (section 5), and [`search`] ranks by Okapi BM25.
//!
//! It does not read files, does not render, and does not decide which known post a file is
//! (`identity` does).
//!
//! ```
//! use std::collections::HashSet;
//! use std::sync::Arc;
//!
//! use feedmill::config::Config;
//! use feedmill::index::{Filter, Index};
//! use feedmill::post;
//! use feedmill::shared_vec::SharedVec;
//! use feedmill::source_file::SourceFile;
//! use feedmill::time::Timestamp;
//!
//! let config = Config::default();
//! let read = |path: &str, text: &str| {
//!     let bytes = text.as_bytes().into();
//!     let file = SourceFile { path: path.into(), bytes, modified: Timestamp::UNIX_EPOCH };
//!     Arc::new(post::read(&file, &config).unwrap().post)
//! };
//! let posts = vec![
//!     read("tides.md", "---\ndate: 2026-01-31\ntags: [Sea]\n---\nHigh water.\n"),
//!     read("kelp.md", "---\ndate: 2027-01-31\ntags: [Sea]\n---\nGreen.\n"),
//! ];
//! let now = "2026-05-01T09:00:00Z".parse()?;
//! let index = Index::build(posts, &HashSet::new(), &config, now, &SharedVec::default());
//!
//! // the second post is not public yet
//! let filter = Filter { tag: Some("sea".to_owned()), ..Filter::default() };
//! let (found, total) = index.page(&filter, 1, 10);
//! assert_eq!((found[0].slug.as_str(), total), ("tides", 1));
//! assert_eq!(index.next_due(), Some("2027-01-31T00:00:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aliases;
pub mod base64url;
mod claims;
pub mod cursor;
mod holders;
mod members;
mod related;
mod resolver;
pub mod search;
mod targets;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use percent_encoding::utf8_percent_encode;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, PATH_PART, Post, Visibility, key};
use crate::shared_vec::SharedVec;
use crate::source_file::FileChanges;
use crate::time::Timestamp;
use aliases::AliasTable;
use claims::{ClaimChange, Claims};
use holders::ClaimKind;
use members::Scopes;
pub use members::{Members, all_scopes_of};
pub use resolver::LookupSite;
use targets::TargetTable;
use walk::ByChange;
pub use walk::PostRange;

/// A set of posts that has feeds and pages of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All posts.
    Site,
    /// The posts with a tag; the tag's [`key`].
    Tag(String),
    /// The posts by an author; the [`key`] of the name.
    Author(String),
    /// The posts below a top folder; its [`key`].
    Section(String),
}

impl Scope {
    /// The path that its addresses begin with, percent-encoded: empty for the site, else `/tags/c%2B%2B`.
    #[must_use]
    pub fn path(&self) -> String {
        let below = |kind: &str, key: &str| format!("/{kind}/{}", utf8_percent_encode(key, PATH_PART));
        match self {
            Scope::Site => String::new(),
            Scope::Tag(key) => below("tags", key),
            Scope::Author(key) => below("authors", key),
            Scope::Section(key) => below("sections", key),
        }
    }
}

/// What to look for in the listing; a field that is `None` does not restrict it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// A tag, in any case.
    pub tag: Option<String>,
    /// An author's name, in any case.
    pub author: Option<String>,
    /// A top folder, in any case.
    pub section: Option<String>,
    /// A language; `en` also finds `en-GB`.
    pub language: Option<String>,
    /// The year of publication, on the author's calendar.
    pub year: Option<i16>,
}

/// Posts by the instant at which they appear or disappear.
type DuePosts = SharedVec<(Timestamp, Arc<Post>)>;

/// An immutable index of all posts, for feeds, listings and pages.
#[derive(Debug)]
pub struct Index {
    claims: Claims,
    aliases: Arc<AliasTable>,
    scopes: Scopes,
    /// The pages in the site map, newest first.
    pages: SharedVec<Arc<Post>>,
    /// All posts and pages that the search finds, newest first; built on the first request for it.
    searched: OnceLock<SharedVec<Arc<Post>>>,
    /// The posts that will appear or disappear.
    due: DuePosts,
    site_language: String,
    /// The instant that the index was built for.
    now: Timestamp,
    /// The posts and media files that addresses may name.
    targets: TargetTable,
    /// The keys of what an address may find in another way than in the index before; `None` if that is not known.
    changed_keys: Option<BTreeSet<u64>>,
    /// A number that differs from that of the index before if addresses may find something else.
    generation: u64,
    /// The public posts, oldest change first; built on the first request for it.
    by_change: OnceLock<ByChange>,
}

impl Index {
    /// Builds the index of `posts` at `now`. Claims on ids, slugs and addresses are resolved (see `claims`). `new_files` are
    /// the files of posts that were never published. `before` are the posts as last published, ordered by path: a post that is
    /// still equal is shared with it.
    #[must_use]
    pub fn build(
        mut posts: Vec<Arc<Post>>,
        new_files: &HashSet<Utf8PathBuf>,
        config: &Config,
        now: Timestamp,
        before: &SharedVec<Arc<Post>>,
    ) -> Index {
        if !posts.is_sorted_by(|a, b| a.by_source(b).is_le()) {
            posts.sort_by(|a, b| a.by_source(b));
        }
        let mut claims = Claims::build(posts, new_files, config, before);
        claims.mark_readable_published(now);
        let public = newest_first(claims.all.iter().filter(|post| is_public(post, now)));
        let pages = newest_first(claims.all.iter().filter(|post| is_shown_page(post, now)));
        let due = claims.all.iter();
        let mut due: Vec<_> = due.filter_map(|post| Some((post.next_due(now)?, Arc::clone(post)))).collect();
        due.sort_by_key(|(at, _)| *at);
        Index {
            aliases: Arc::new(AliasTable::build(&claims, now)),
            scopes: Scopes::build(public),
            pages: pages.into_iter().collect(),
            searched: OnceLock::new(),
            due: due.into_iter().collect(),
            targets: TargetTable::build(claims.all.iter(), Vec::new()),
            claims,
            site_language: config.site.language.clone(),
            now,
            changed_keys: None,
            generation: next_generation(),
            by_change: OnceLock::new(),
        }
    }

    /// Returns the same index with the media files after `files`, which are changes to those of the index `before`.
    #[must_use]
    pub fn with_files(mut self, files: &FileChanges, before: Option<&Index>) -> Index {
        if files.are_all {
            self.targets.set_files(files.added.clone());
            self.changed_keys = None;
        } else {
            if let Some(before) = before {
                self.targets.set_files_of(&before.targets);
            }
            self.targets.update_files(files);
            if let Some(keys) = &mut self.changed_keys {
                keys.extend(targets::changed_files(files));
            }
        }
        if self.changed_keys.as_ref().is_none_or(|keys| !keys.is_empty()) {
            self.generation = next_generation();
        }
        self
    }

    /// Returns the index at `now` after `changes`, and the affected posts as they are now published.
    ///
    /// The result equals what [`Index::build`] returns for all posts; the cost is that of the changes. `now` is not before this
    /// index's instant.
    #[must_use]
    pub fn after_changes(
        &self,
        changes: Changes,
        new_files: &HashSet<Utf8PathBuf>,
        config: &Config,
        now: Timestamp,
    ) -> (Index, Vec<Arc<Post>>) {
        let mut claims = self.claims.clone();
        let mut claim_changes = claims.update(changes, new_files, config);
        for post in self.due_by(now) {
            // a post that only time changes is both the one before and the one after
            claim_changes.entry(post.source.clone()).or_insert_with(|| ClaimChange {
                before: Some(Arc::clone(post)),
                after: Some(Arc::clone(post)),
            });
        }
        let removed = claim_changes.values().filter_map(|change| change.before.as_ref());
        let added = claim_changes.values().filter_map(|change| change.after.as_ref());
        let by_change = self.by_change.get().and_then(|known| {
            let removed = removed.filter(|post| is_public(post, self.now));
            known.after(removed, self.now, added.clone().filter(|post| is_public(post, now)), now)
        });
        let (scopes, pages, due) = self.lists_after(&claim_changes, now);
        claims.mark_published(added.filter(|post| post.is_readable(now)));
        let aliases = self.aliases.after(claim_changes.values(), &claims, now);
        let mut targets = self.targets.clone();
        targets.update_posts(claim_changes.values());
        let changed_keys = targets.changed_posts(claim_changes.values(), (self.now, now));
        let index = Index {
            aliases: aliases.map_or_else(|| Arc::clone(&self.aliases), Arc::new),
            targets,
            generation: if changed_keys.is_empty() {
                self.generation
            } else {
                next_generation()
            },
            changed_keys: Some(changed_keys),
            claims,
            scopes,
            pages,
            searched: OnceLock::new(),
            due,
            site_language: self.site_language.clone(),
            now,
            by_change: by_change.map_or_else(OnceLock::new, OnceLock::from),
        };
        (index, claim_changes.into_values().filter_map(|change| change.after).collect())
    }

    /// The scopes, the pages and the posts that are due, after `changes` and at `now`.
    fn lists_after(
        &self,
        changes: &BTreeMap<Utf8PathBuf, ClaimChange>,
        now: Timestamp,
    ) -> (Scopes, SharedVec<Arc<Post>>, DuePosts) {
        let (mut scopes, mut pages, mut due) = (self.scopes.clone(), self.pages.clone(), self.due.clone());
        // remove first: a post may take the place that another one leaves
        for post in changes.values().filter_map(|change| change.before.as_ref()) {
            if is_public(post, self.now) {
                scopes.remove(post);
            }
            if is_shown_page(post, self.now) {
                members::remove(&mut pages, post);
            }
            if let Some(at) = post.next_due(self.now) {
                due.remove_value(at, |other| Arc::ptr_eq(other, post));
            }
        }
        for post in changes.values().filter_map(|change| change.after.as_ref()) {
            if is_public(post, now) {
                scopes.add(post);
            }
            if is_shown_page(post, now) {
                members::insert(&mut pages, post);
            }
            if let Some(at) = post.next_due(now) {
                due.add(at, Arc::clone(post));
            }
        }
        (scopes, pages, due)
    }

    /// The same index after the files at `sources` became readable or unreadable. Media files beside them may belong to another post than
    /// before.
    #[must_use]
    pub(crate) fn with_changed_owners<'a>(mut self, sources: impl Iterator<Item = &'a Utf8Path>) -> Index {
        let keys = self.targets.keys_of_own_files(sources);
        if keys.is_empty() {
            return self;
        }
        self.generation = next_generation();
        if let Some(known) = &mut self.changed_keys {
            known.extend(keys);
        }
        self
    }

    /// Every post as it is published, ordered by path.
    #[must_use]
    pub fn all(&self) -> &SharedVec<Arc<Post>> {
        &self.claims.all
    }

    /// The post that was read from the file at `path`, public or not.
    #[must_use]
    pub fn post(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        self.claims.published(path)
    }

    /// Warnings for the authors of posts that did not get the id or address that they claim.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.claims.diagnostics().chain(&self.aliases.diagnostics)
    }

    /// The posts that appear or disappear after the index's instant and until `now`.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Post>> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, post)| post)
    }

    /// The public posts of `scope`; `None` if the scope does not exist. The site's scope always exists.
    #[must_use]
    pub fn members(&self, scope: &Scope) -> Option<&Members> {
        self.scopes.get(scope)
    }

    /// Every scope that has a public post, and the site's scope.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &Members)> {
        self.scopes.iter()
    }

    /// The scopes that may have other public posts, or another name, than in `before`.
    #[must_use]
    pub fn changed_scopes<'a>(&'a self, before: &'a Index) -> Vec<&'a Scope> {
        self.scopes.differing(&before.scopes)
    }

    /// All public posts, newest first.
    #[must_use]
    pub fn posts(&self) -> &SharedVec<Arc<Post>> {
        self.members(&Scope::Site).map_or(&NO_POSTS, |members| &members.posts)
    }

    /// All pages in the site map, newest first.
    #[must_use]
    pub fn pages(&self) -> &SharedVec<Arc<Post>> {
        &self.pages
    }

    /// All public posts and the pages in the site map, newest first.
    #[must_use]
    pub fn searched(&self) -> &SharedVec<Arc<Post>> {
        self.searched.get_or_init(|| {
            let mut all = self.posts().clone();
            self.pages.iter().for_each(|page| members::insert(&mut all, page));
            all
        })
    }

    /// The public post with this slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Post>> {
        self.claims
            .holders
            .get(ClaimKind::Slug, slug)
            .filter(|post| is_public(post, self.now))
    }

    /// The public or unlisted post at this address ([`Post::address`]).
    #[must_use]
    pub fn by_address(&self, address: &str) -> Option<&Arc<Post>> {
        self.claims
            .holders
            .get(ClaimKind::Address, address)
            .filter(|post| post.is_readable(self.now))
    }

    /// Whether everybody may read `post`, one of [`Index::all`]: it is public or unlisted.
    #[must_use]
    pub fn is_readable(&self, post: &Arc<Post>) -> bool {
        self.by_address(&post.address).is_some_and(|shown| Arc::ptr_eq(shown, post))
    }

    /// The public or unlisted post that `address` redirects to: its address in another spelling ([`page_key`](crate::post::page_key)),
    /// or one of its aliases. A live address wins over an alias.
    #[must_use]
    pub fn by_alias(&self, address: &str) -> Option<&Arc<Post>> {
        self.claims.live_at(address, self.now).or_else(|| self.aliases.get(address))
    }

    /// The paths of all media files, in order.
    pub fn files(&self) -> impl Iterator<Item = &Utf8Path> {
        self.targets.paths().map(|path| &**path)
    }

    /// The paths of the media files in `folder` and below, in order.
    pub fn files_below<'a>(&'a self, folder: &'a Utf8Path) -> impl Iterator<Item = &'a Utf8Path> {
        self.targets.paths_below(folder).map(|path| &**path)
    }

    /// Whether there is a media file at exactly `path`.
    #[must_use]
    pub fn has_file(&self, path: &Utf8Path) -> bool {
        self.files_below(path)
            .next()
            .is_some_and(|found| found.as_str() == path.as_str())
    }

    /// The keys of what an address may find in another way than in the index before; `None` if that is not known.
    #[must_use]
    pub fn changed_keys(&self) -> Option<&BTreeSet<u64>> {
        self.changed_keys.as_ref()
    }

    /// A number that differs for two indexes if an address may find something else.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The next instant at which a post appears or disappears.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Page `page` (from 1) of the posts that `filter` matches, `per_page` posts a page, and how many it matches in all.
    #[must_use]
    pub fn page(&self, filter: &Filter, page: usize, per_page: usize) -> (Vec<Arc<Post>>, usize) {
        let skip = page.saturating_sub(1).saturating_mul(per_page);
        let scope = filter.scope();
        let posts = self.members(&scope).map_or(&*NO_POSTS, |members| &members.posts);
        if filter.is_only(&scope) {
            return (posts.iter_from(skip).take(per_page).cloned().collect(), posts.len());
        }
        let mut total = 0;
        let mut found = Vec::new();
        for post in filter.dated(posts).filter(|post| filter.matches(post, &self.site_language)) {
            if total >= skip && found.len() < per_page {
                found.push(Arc::clone(post));
            }
            total += 1;
        }
        (found, total)
    }
}

/// A number that no index has.
fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The posts of a scope that does not exist.
static NO_POSTS: LazyLock<SharedVec<Arc<Post>>> = LazyLock::new(SharedVec::default);

fn is_public(post: &Post, now: Timestamp) -> bool {
    post.visibility(now) == Visibility::Public
}

fn is_shown_page(post: &Post, now: Timestamp) -> bool {
    post.visibility(now) == Visibility::Page
}

/// `posts`, newest first.
fn newest_first<'a>(posts: impl Iterator<Item = &'a Arc<Post>>) -> Vec<Arc<Post>> {
    let mut posts: Vec<(Timestamp, &Arc<Post>)> = posts.map(|post| (post.date.timestamp(), post)).collect();
    posts.sort_by(|(at, post), (other_at, other)| other_at.cmp(at).then_with(|| post.id.cmp(&other.id)));
    posts.into_iter().map(|(_, post)| Arc::clone(post)).collect()
}

impl Filter {
    /// The filter that finds the posts of `scope`.
    #[must_use]
    pub fn for_scope(scope: &Scope) -> Filter {
        let mut filter = Filter::default();
        match scope {
            Scope::Site => {}
            Scope::Tag(key) => filter.tag = Some(key.clone()),
            Scope::Author(key) => filter.author = Some(key.clone()),
            Scope::Section(key) => filter.section = Some(key.clone()),
        }
        filter
    }

    /// One scope that contains every post that the filter matches.
    fn scope(&self) -> Scope {
        match (&self.tag, &self.author, &self.section) {
            (Some(tag), ..) => Scope::Tag(key(tag)),
            (_, Some(author), _) => Scope::Author(key(author)),
            (.., Some(section)) => Scope::Section(key(section)),
            _ => Scope::Site,
        }
    }

    fn is_only(&self, scope: &Scope) -> bool {
        let Filter {
            tag,
            author,
            section,
            language,
            year,
        } = self;
        let asked = [tag.is_some(), author.is_some(), section.is_some()]
            .into_iter()
            .filter(|&asked| asked)
            .count();
        language.is_none() && year.is_none() && asked == usize::from(*scope != Scope::Site)
    }

    /// Those of `posts`, newest first, that may be of its year: a year on a calendar begins up to a day earlier or later elsewhere.
    fn dated<'a>(&self, posts: &'a SharedVec<Arc<Post>>) -> impl Iterator<Item = &'a Arc<Post>> {
        let new_year = |year: i16| TimeZone::UTC.to_timestamp(Date::new(year, 1, 1).ok()?.at(0, 0, 0, 0)).ok();
        let day = SignedDuration::from_hours(26);
        let span = self.year.and_then(|year| {
            let first = new_year(year)?.checked_sub(day).ok()?;
            let end = new_year(year.checked_add(1)?)?.checked_add(day).ok()?;
            Some((first, end))
        });
        let start = span.map_or(0, |(_, end)| posts.partition_point(|post| post.date.timestamp() > end));
        posts
            .iter_from(start)
            .take_while(move |post| span.is_none_or(|(first, _)| post.date.timestamp() >= first))
    }

    /// Whether the filter matches `post`. A post without a language has `site_language`.
    #[must_use]
    pub fn matches(&self, post: &Post, site_language: &str) -> bool {
        fn is<'a>(wanted: Option<&String>, mut found: impl Iterator<Item = &'a str>) -> bool {
            wanted.is_none_or(|wanted| found.any(|found| key(found) == key(wanted)))
        }
        let language = post.language.as_deref().unwrap_or(site_language);
        is(self.tag.as_ref(), post.tags.iter().map(AsRef::as_ref))
            && is(self.author.as_ref(), post.authors.iter().map(|author| author.name.as_str()))
            && is(self.section.as_ref(), post.section.as_deref().into_iter())
            && self
                .language
                .as_deref()
                .is_none_or(|wanted| matches_language(language, wanted))
            && self.year.is_none_or(|year| post.date.date().year() == year)
    }
}

/// RFC 4647, section 3.3.1 (basic filtering): `en` matches `en` and `en-GB`.
fn matches_language(language: &str, wanted: &str) -> bool {
    let (language, wanted) = (language.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    language
        .strip_prefix(&wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests;
