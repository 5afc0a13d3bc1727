//! Many posts → the questions one can ask of them.
//!
//! An [`Index`] is made of every post that was read and one instant. What it answers is about the posts that are public at that
//! instant, newest first; posts of one instant stand in the order of their ids, so that the order is total and the same everywhere.

mod aliases;
pub mod base64url;
mod claims;
pub mod cursor;
mod holders;
mod members;
mod related;
pub mod search;
mod walk;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::utf8_percent_encode;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, PATH_PART, Post, Visibility, key};
use crate::shared_vec::SharedVec;
use crate::time::Timestamp;
use aliases::Aliases;
use claims::{ClaimChange, Claims};
use holders::Kind;
pub use members::Members;
use members::Scopes;
use walk::ByChange;
pub use walk::Stretch;

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

/// What to look for in the listing; what is `None` is not asked.
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

/// Every question that feeds, listing and pages ask.
#[derive(Debug)]
pub struct Index {
    claims: Claims,
    aliases: Arc<Aliases>,
    scopes: Scopes,
    /// The posts that will appear or go, by when they next do.
    due: SharedVec<(Timestamp, Arc<Post>)>,
    site_language: String,
    /// The instant it was made for.
    now: Timestamp,
    /// The public posts, oldest change first; made when first asked for.
    by_change: OnceLock<ByChange>,
}

impl Index {
    /// The index of `posts` at `now`, ordered by path, as they are published (see [`claims`]). `newcomers` are the files of those that
    /// the world does not know yet. `before` are the posts as they were published last, ordered by path: one that is still the same
    /// is that very one.
    #[must_use]
    pub fn build(
        mut posts: Vec<Arc<Post>>,
        newcomers: &HashSet<Utf8PathBuf>,
        config: &Config,
        now: Timestamp,
        before: &SharedVec<Arc<Post>>,
    ) -> Index {
        if !posts.is_sorted_by(|a, b| a.by_source(b).is_le()) {
            posts.sort_by(|a, b| a.by_source(b));
        }
        let mut claims = Claims::of(posts, newcomers, config, before);
        claims.know_readable(now);
        let public = claims.all.iter().filter(|post| is_public(post, now));
        let mut public: Vec<(Timestamp, &Arc<Post>)> = public.map(|post| (post.date.timestamp(), post)).collect();
        public.sort_by(|(at, post), (other_at, other)| other_at.cmp(at).then_with(|| post.id().cmp(other.id())));
        let public: Vec<Arc<Post>> = public.into_iter().map(|(_, post)| Arc::clone(post)).collect();
        let due = claims.all.iter();
        let mut due: Vec<_> = due.filter_map(|post| Some((post.next_due(now)?, Arc::clone(post)))).collect();
        due.sort_by_key(|(at, _)| *at);
        Index {
            aliases: Arc::new(Aliases::of(&claims, now)),
            scopes: Scopes::of(public),
            due: due.into_iter().collect(),
            claims,
            site_language: config.site.language.clone(),
            now,
            by_change: OnceLock::new(),
        }
    }

    /// The index at `now`, which is not before this one's instant, after `changes`; and all posts as they are published that are
    /// concerned. It is the one that [`Index::build`] makes of all posts, and costs what changed.
    #[must_use]
    pub fn after_changes(
        &self,
        changes: Changes,
        newcomers: &HashSet<Utf8PathBuf>,
        config: &Config,
        now: Timestamp,
    ) -> (Index, Vec<Arc<Post>>) {
        let mut claims = self.claims.clone();
        let mut passages = claims.update(changes, newcomers, config);
        for post in self.due_by(now) {
            // what only time changes passes from itself to itself
            passages.entry(post.source().to_path_buf()).or_insert_with(|| ClaimChange {
                before: Some(Arc::clone(post)),
                after: Some(Arc::clone(post)),
            });
        }
        let (mut scopes, mut due) = (self.scopes.clone(), self.due.clone());
        let gone = passages.values().filter_map(|passage| passage.before.as_ref());
        let came = passages.values().filter_map(|passage| passage.after.as_ref());
        let by_change = self.by_change.get().and_then(|known| {
            let gone = gone.clone().filter(|post| is_public(post, self.now));
            known.after(gone, self.now, came.clone().filter(|post| is_public(post, now)), now)
        });
        // first all go, for one may come to the very place that another leaves
        for post in gone {
            if is_public(post, self.now) {
                scopes.remove(post);
            }
            if let Some(at) = post.next_due(self.now) {
                due.take(at, |other| Arc::ptr_eq(other, post));
            }
        }
        for post in came.clone() {
            if is_public(post, now) {
                scopes.add(post);
            }
            if let Some(at) = post.next_due(now) {
                due.add(at, Arc::clone(post));
            }
        }
        claims.know(came.filter(|post| post.is_readable(now)));
        let aliases = self.aliases.after(passages.values(), &claims, now);
        let index = Index {
            aliases: aliases.map_or_else(|| Arc::clone(&self.aliases), Arc::new),
            claims,
            scopes,
            due,
            site_language: self.site_language.clone(),
            now,
            by_change: by_change.map_or_else(OnceLock::new, OnceLock::from),
        };
        (index, passages.into_values().filter_map(|passage| passage.after).collect())
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

    /// What the authors of posts should know that did not get what they asked for.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.claims.diagnostics().chain(&self.aliases.diagnostics)
    }

    /// The posts that appear or go after its instant and until `now`.
    pub fn due_by(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Post>> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, post)| post)
    }

    /// The public posts of `scope`; `None` if there is no such scope. The site's is always there.
    #[must_use]
    pub fn members(&self, scope: &Scope) -> Option<&Members> {
        self.scopes.get(scope)
    }

    /// Every scope that has a public post, and the site's.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &Members)> {
        self.scopes.iter()
    }

    /// All public posts, newest first.
    #[must_use]
    pub fn posts(&self) -> &SharedVec<Arc<Post>> {
        self.members(&Scope::Site).map_or(&NONE, |members| &members.posts)
    }

    /// The public post with this slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Post>> {
        self.claims
            .holders
            .get(Kind::Slug, slug)
            .filter(|post| is_public(post, self.now))
    }

    /// The public or unlisted post at this address ([`Post::address`]).
    #[must_use]
    pub fn by_address(&self, address: &str) -> Option<&Arc<Post>> {
        self.claims
            .holders
            .get(Kind::Address, address)
            .filter(|post| post.is_readable(self.now))
    }

    /// The public or unlisted post that `address` leads to, which is not its own: another spelling of it ([`bare`](crate::post::bare)),
    /// or an alias. What is live goes before it.
    #[must_use]
    pub fn by_alias(&self, address: &str) -> Option<&Arc<Post>> {
        self.claims.live_at(address, self.now).or_else(|| self.aliases.get(address))
    }

    /// The next instant at which a post appears or goes.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Page `page` (from 1) of what `filter` finds, `per_page` posts a page, and how many it finds in all.
    #[must_use]
    pub fn page(&self, filter: &Filter, page: usize, per_page: usize) -> (Vec<Arc<Post>>, usize) {
        let skip = page.saturating_sub(1).saturating_mul(per_page);
        let scope = filter.scope();
        let posts = self.members(&scope).map_or(&*NONE, |members| &members.posts);
        if filter.is_only(&scope) {
            return (posts.from(skip).take(per_page).cloned().collect(), posts.len());
        }
        let mut total = 0;
        let mut found = Vec::new();
        for post in posts.iter().filter(|post| filter.finds(post, &self.site_language)) {
            if total >= skip && found.len() < per_page {
                found.push(Arc::clone(post));
            }
            total += 1;
        }
        (found, total)
    }
}

/// The posts of a scope that there is not.
static NONE: LazyLock<SharedVec<Arc<Post>>> = LazyLock::new(SharedVec::default);

fn is_public(post: &Post, now: Timestamp) -> bool {
    post.visibility(now) == Visibility::Public
}

impl Filter {
    /// The filter that finds the posts of `scope`.
    #[must_use]
    pub fn of(scope: &Scope) -> Filter {
        let mut filter = Filter::default();
        match scope {
            Scope::Site => {}
            Scope::Tag(key) => filter.tag = Some(key.clone()),
            Scope::Author(key) => filter.author = Some(key.clone()),
            Scope::Section(key) => filter.section = Some(key.clone()),
        }
        filter
    }

    /// One scope that holds all that it finds.
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

    /// Whether it finds `post`, on a site whose posts are in `site_language` where they name none.
    #[must_use]
    pub fn finds(&self, post: &Post, site_language: &str) -> bool {
        fn is<'a>(wanted: Option<&String>, mut found: impl Iterator<Item = &'a str>) -> bool {
            wanted.is_none_or(|wanted| found.any(|found| key(found) == key(wanted)))
        }
        let language = post.alike.language.as_deref().unwrap_or(site_language);
        is(self.tag.as_ref(), post.tags.iter().map(AsRef::as_ref))
            && is(
                self.author.as_ref(),
                post.alike.authors.iter().map(|author| author.name.as_str()),
            )
            && is(self.section.as_ref(), post.alike.section.as_deref().into_iter())
            && self
                .language
                .as_deref()
                .is_none_or(|wanted| matches_language(language, wanted))
            && self.year.is_none_or(|year| post.date.date().year() == year)
    }
}

/// RFC 4647, section 3.3.1 (basic filtering): `en` finds `en` and `en-GB`.
fn matches_language(language: &str, wanted: &str) -> bool {
    let (language, wanted) = (language.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    language
        .strip_prefix(&wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests;
