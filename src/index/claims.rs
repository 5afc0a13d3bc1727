//! Who has an id, a slug or an address that several posts claim.
//!
//! Posts that are out come before drafts, then those that the world knows before newcomers, then the older before the newer,
//! originals before translations, then by path: so a new post never takes anything from an old one, and the outcome does not depend
//! on the order in which files were found. Who comes second is published all the same, under a slug made of its own path. A draft
//! that was out before keeps its id from newcomers all the same.
//!
//! Nearly every post asks for what nobody else does. So the question is only ever put to those whom a change concerns: who seeks what
//! another of them has, sought or gives up. That these decide among themselves as all together would is held by a property.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::keyed::{Address, Id, Keyed, Slug};
use super::row::Row;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::slug::{read_path, slugify};
use crate::post::{Changes, Origin, Post, Standing, Taken};
use crate::source::{SourcePath, by_parts};
use crate::time::Timestamp;

/// All posts as they are published, each with an id, a slug and an address of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    /// Ordered by path.
    pub(super) all: Row<Arc<Post>>,
    ids: Keyed<Id>,
    pub(super) slugs: Keyed<Slug>,
    pub(super) addresses: Keyed<Address>,
    /// The files of posts that the world does not know yet, in order.
    newcomers: Row<Utf8PathBuf>,
    /// The posts that did not get all that they asked for, ordered by path.
    displaced: Row<Arc<Displaced>>,
    /// They by what they asked for and tried, in the order of its hashes.
    seekers: Row<(u64, Arc<Displaced>)>,
    hasher: RandomState,
}

/// A post that did not get all that it asked for.
#[derive(Debug)]
struct Displaced {
    /// The post as it would have been.
    asked: Arc<Post>,
    /// The post as it is; `None` where even the last of its slugs was taken.
    given: Option<Arc<Post>>,
    /// What its author should know.
    said: Vec<Diagnostic>,
    /// What it asked for and tried.
    sought: Vec<(Kind, String)>,
}

/// What became of the post at a path.
#[derive(Debug)]
pub(super) struct Passage {
    /// The post as it was published last.
    pub(super) before: Option<Arc<Post>>,
    /// The post as it is published now.
    pub(super) after: Option<Arc<Post>>,
}

impl Claims {
    /// The claims of `posts`, ordered by path; `newcomers` are the files of those that the world does not know yet. What is given
    /// other than it asked for is taken from `before`, the posts as they were published last, if it is there: documents are kept by
    /// the posts in them.
    pub(super) fn of(
        posts: Vec<Arc<Post>>,
        newcomers: &HashSet<Utf8PathBuf>,
        config: &Config,
        before: &Row<Arc<Post>>,
    ) -> Claims {
        // the posts come in order, and to ask a set of paths costs less than to sort it
        let new = posts
            .iter()
            .map(|post| &post.source)
            .filter(|path| newcomers.contains(path.as_path()));
        let mut claims = Claims {
            newcomers: new.map(|path| path.to_path_buf()).collect(),
            ..Claims::default()
        };
        let is_contested = claims.contested(&posts);
        let (contested, free): (Vec<_>, Vec<_>) = posts
            .into_iter()
            .zip(is_contested)
            .partition(|(_, is_contested)| *is_contested);
        let free: Vec<Arc<Post>> = free.into_iter().map(|(post, _)| post).collect();
        claims.ids = free.iter().collect();
        claims.slugs = free.iter().collect();
        claims.addresses = free.iter().collect();
        claims.all = free.into_iter().collect();
        if !contested.is_empty() {
            let contested = contested.into_iter().map(|(post, _)| post).collect();
            claims.settle(contested, &[], config, before);
        }
        claims
    }

    /// Which of `posts` share an id, a slug or an address with another.
    fn contested(&self, posts: &[Arc<Post>]) -> Vec<bool> {
        let mut is_contested = vec![false; posts.len()];
        for kind in Kind::ALL {
            let hashed = posts
                .iter()
                .enumerate()
                .map(|(at, post)| (self.hash(kind, kind.of(post)), at));
            let mut hashed: Vec<(u64, usize)> = hashed.collect();
            hashed.sort_unstable();
            for run in hashed
                .chunk_by(|(one, _), (other, _)| one == other)
                .filter(|run| run.len() > 1)
            {
                for &(_, at) in run {
                    if let Some(is_contested) = is_contested.get_mut(at) {
                        *is_contested = true;
                    }
                }
            }
        }
        is_contested
    }

    /// Takes in `changes`; `newcomers` are those of its posts that the world does not know yet. What became of every post that was
    /// concerned, by its path.
    pub(super) fn update(
        &mut self,
        changes: Changes,
        newcomers: &HashSet<Utf8PathBuf>,
        config: &Config,
    ) -> BTreeMap<Utf8PathBuf, Passage> {
        let posts = changes
            .posts
            .iter()
            .map(|post| (post.source.as_path(), newcomers.contains(post.source.as_path())));
        let gone = changes.gone.iter().map(|path| (path.as_path(), false));
        for (path, is_new) in posts.chain(gone) {
            self.set_newcomer(path, is_new);
        }
        let before = self.all.clone();
        self.settle(changes.posts, &changes.gone, config, &before)
    }

    /// Notes that the world knows `posts` from now on.
    pub(super) fn know<'a>(&mut self, posts: impl Iterator<Item = &'a Arc<Post>>) {
        posts.for_each(|post| self.set_newcomer(&post.source, false));
    }

    /// Notes that the world knows all posts from now on that it may read at `now`.
    pub(super) fn know_readable(&mut self, now: Timestamp) {
        let mut all = self.all.iter().peekable();
        let is_unknown = |path: &&Utf8PathBuf| {
            while all.next_if(|post| by_parts(&post.source, path).is_lt()).is_some() {}
            all.peek()
                .is_none_or(|post| *post.source != ***path || !post.is_readable(now))
        };
        self.newcomers = self.newcomers.iter().filter(is_unknown).cloned().collect();
    }

    /// What is to be said of posts that did not get what they asked for.
    pub(super) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.displaced.iter().flat_map(|displaced| &displaced.said)
    }

    /// The post in the file at `path`, as it is published.
    pub(super) fn published(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        by_path(&self.all, path)
    }

    /// Whose claims go first among `posts`.
    pub(super) fn in_turn<'a>(&self, posts: impl Iterator<Item = &'a Arc<Post>>) -> Vec<&'a Arc<Post>> {
        let mut claimants: Vec<Claimant> = posts.map(|post| self.claimant(post)).collect();
        claimants.sort_by(Claimant::cmp);
        claimants.into_iter().map(|claimant| claimant.post).collect()
    }

    /// Settles what `asking` ask for, while there is nothing at the paths in `gone` any more, and with them all that this concerns.
    fn settle(
        &mut self,
        asking: Vec<Arc<Post>>,
        gone: &[Utf8PathBuf],
        config: &Config,
        before: &Row<Arc<Post>>,
    ) -> BTreeMap<Utf8PathBuf, Passage> {
        let gone: BTreeSet<&Utf8Path> = gone.iter().map(Utf8PathBuf::as_path).collect();
        let mut asking: BTreeMap<SourcePath, Arc<Post>> = asking.into_iter().map(|post| (post.source.clone(), post)).collect();
        let settled = loop {
            let settled = self.among(&asking, config, before);
            let concerned: Vec<Arc<Post>> = self
                .concerned(&settled, &asking, &gone)
                .filter(|post| !asking.contains_key(&post.source) && !gone.contains(post.source.as_path()))
                .cloned()
                .collect();
            if concerned.is_empty() {
                break settled;
            }
            asking.extend(concerned.into_iter().map(|post| (post.source.clone(), post)));
        };
        let mut passages: BTreeMap<Utf8PathBuf, Passage> = BTreeMap::new();
        for path in asking.keys().map(SourcePath::as_path).chain(gone) {
            let before = self.take_out(path);
            passages.insert(path.to_owned(), Passage { before, after: None });
        }
        for (asked, outcome) in settled {
            let given = match outcome {
                Outcome::Granted => Some(Arc::clone(asked)),
                Outcome::Displaced(displaced) => {
                    self.remember(&displaced);
                    displaced.given.clone()
                }
            };
            if let Some(post) = &given {
                self.put_in(post);
            }
            if let Some(passage) = passages.get_mut(asked.source.as_path()) {
                passage.after = given;
            }
        }
        passages
    }

    /// Settles the claims of `asking` among themselves.
    fn among<'a>(
        &self,
        asking: &'a BTreeMap<SourcePath, Arc<Post>>,
        config: &Config,
        before: &Row<Arc<Post>>,
    ) -> Vec<(&'a Arc<Post>, Outcome)> {
        let mut claimants: Vec<Claimant> = asking.values().map(|post| self.claimant(post)).collect();
        claimants.sort_by(Claimant::cmp);
        // what the world knows keeps its id while it is hidden, too, for it may come back
        let kept = claimants.iter().filter(|claimant| claimant.is_hidden && !claimant.is_new);
        let kept: HashMap<&str, &Arc<Post>> = kept.rev().map(|claimant| (&*claimant.post.id, claimant.post)).collect();
        let mut owners = Owners::default();
        let mut settled = Vec::with_capacity(claimants.len());
        for Claimant { post, is_new, .. } in claimants {
            let kept_by = |id: &str| kept.get(id).copied().filter(|_| is_new);
            let id_owner = owners.ids.get(&post.id).or_else(|| kept_by(&post.id)).cloned();
            let address_owner = owners.addresses.get(&post.address).cloned();
            if id_owner.is_none() && address_owner.is_none() && !owners.slugs.contains(&post.slug) {
                owners.add(post);
                settled.push((post, Outcome::Granted));
                continue;
            }
            let taken = Taken {
                id: id_owner.is_some(),
                address: address_owner.is_some(),
            };
            let mut sought = Vec::new();
            let mut note = |post: &Post| sought.extend(Kind::ALL.map(|kind| (kind, kind.of(post).to_owned())));
            note(post);
            let is_free = |moved: &Post| {
                note(moved);
                kept_by(&moved.id).is_none() && owners.are_none_of(moved)
            };
            let given = other_slugs(post)
                .map(|slug| post.displaced(slug, taken, config))
                .find(is_free);
            let given = given.map(|given| {
                let last = by_path(before, &given.source).filter(|last| ***last == given);
                last.map_or_else(|| Arc::new(given), Arc::clone)
            });
            if let Some(given) = &given {
                owners.add(given);
            }
            let said = given
                .as_deref()
                .map(|given| remarks(post, given, address_owner, id_owner))
                .unwrap_or_default();
            settled.push((
                post,
                Outcome::Displaced(Arc::new(Displaced {
                    asked: Arc::clone(post),
                    given,
                    said,
                    sought,
                })),
            ));
        }
        settled
    }

    /// Who has what `settled` sought, and who sought what those at the same paths and those in `gone` have; as they would have it.
    fn concerned<'a>(
        &'a self,
        settled: &[(&Arc<Post>, Outcome)],
        asking: &BTreeMap<SourcePath, Arc<Post>>,
        gone: &BTreeSet<&Utf8Path>,
    ) -> impl Iterator<Item = &'a Arc<Post>> {
        let mut concerned = Vec::new();
        for (asked, outcome) in settled {
            match outcome {
                Outcome::Granted => concerned.extend(Kind::ALL.iter().filter_map(|kind| self.holder(*kind, kind.of(asked)))),
                Outcome::Displaced(displaced) => {
                    concerned.extend(displaced.sought.iter().filter_map(|(kind, text)| self.holder(*kind, text)));
                }
            }
        }
        for path in asking.keys().map(SourcePath::as_path).chain(gone.iter().copied()) {
            if let Some(post) = self.published(path) {
                for kind in Kind::ALL {
                    let seekers = self.seekers.with(self.hash(kind, kind.of(post)));
                    concerned.extend(seekers.map(|displaced| &displaced.asked));
                }
            }
        }
        concerned.into_iter().map(|post| self.asked(post))
    }

    /// The post that has `text` for its id, slug or address.
    fn holder(&self, kind: Kind, text: &str) -> Option<&Arc<Post>> {
        match kind {
            Kind::Id => self.ids.get(text),
            Kind::Slug => self.slugs.get(text),
            Kind::Address => self.addresses.get(text),
        }
    }

    /// `post`, which is published, as it would be if it got what it asked for.
    fn asked<'a>(&'a self, post: &'a Arc<Post>) -> &'a Arc<Post> {
        let at = self
            .displaced
            .partition_point(|displaced| displaced.asked.source < post.source);
        let displaced = self
            .displaced
            .get(at)
            .filter(|displaced| displaced.asked.source == post.source);
        displaced.map_or(post, |displaced| &displaced.asked)
    }

    /// Publishes `post`.
    fn put_in(&mut self, post: &Arc<Post>) {
        let at = self.all.partition_point(|other| other.source < post.source);
        self.all.insert(at, Arc::clone(post));
        self.ids.insert(post);
        self.slugs.insert(post);
        self.addresses.insert(post);
    }

    /// Forgets the post in the file at `path`, and gives it as it was published.
    fn take_out(&mut self, path: &Utf8Path) -> Option<Arc<Post>> {
        let at = self
            .displaced
            .partition_point(|displaced| displaced.asked.source.as_path() < path);
        if self
            .displaced
            .get(at)
            .is_some_and(|displaced| displaced.asked.source == *path)
            && let Some(displaced) = self.displaced.remove(at)
        {
            for (kind, text) in &displaced.sought {
                let hash = self.hash(*kind, text);
                self.seekers.take(hash, |other| Arc::ptr_eq(other, &displaced));
            }
        }
        let at = self.all.partition_point(|other| other.source.as_path() < path);
        self.all.get(at).filter(|post| post.source == *path)?;
        let post = self.all.remove(at)?;
        self.ids.remove(&post);
        self.slugs.remove(&post);
        self.addresses.remove(&post);
        Some(post)
    }

    /// Remembers what `displaced` sought.
    fn remember(&mut self, displaced: &Arc<Displaced>) {
        let at = self
            .displaced
            .partition_point(|other| other.asked.source < displaced.asked.source);
        self.displaced.insert(at, Arc::clone(displaced));
        for (kind, text) in &displaced.sought {
            self.seekers.add(self.hash(*kind, text), Arc::clone(displaced));
        }
    }

    fn set_newcomer(&mut self, path: &Utf8Path, is_new: bool) {
        let at = self.newcomers.partition_point(|other| other.as_path() < path);
        let was_new = self.newcomers.get(at).is_some_and(|other| other == path);
        match (was_new, is_new) {
            (false, true) => self.newcomers.insert(at, path.to_owned()),
            (true, false) => drop(self.newcomers.remove(at)),
            _ => {}
        }
    }

    fn claimant<'a>(&self, post: &'a Arc<Post>) -> Claimant<'a> {
        let at = self
            .newcomers
            .partition_point(|other| other.as_path() < post.source.as_path());
        Claimant {
            is_hidden: matches!(post.standing, Standing::Draft | Standing::Private),
            is_new: self.newcomers.get(at).is_some_and(|other| post.source == *other),
            post,
        }
    }

    fn hash(&self, kind: Kind, text: &str) -> u64 {
        self.hasher.hash_one((kind, text))
    }
}

/// What of a post is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Id,
    Slug,
    Address,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Id, Kind::Slug, Kind::Address];

    fn of(self, post: &Post) -> &str {
        match self {
            Kind::Id => &post.id,
            Kind::Slug => &post.slug,
            Kind::Address => &post.address,
        }
    }
}

/// What a post got.
#[derive(Debug)]
enum Outcome {
    /// What it asked for.
    Granted,
    /// Something else.
    Displaced(Arc<Displaced>),
}

/// Who has what, among those that ask.
#[derive(Debug, Default)]
struct Owners {
    ids: HashMap<Arc<str>, Arc<Post>>,
    addresses: HashMap<Box<str>, Arc<Post>>,
    slugs: HashSet<Box<str>>,
}

impl Owners {
    fn are_none_of(&self, post: &Post) -> bool {
        !self.ids.contains_key(&post.id) && !self.slugs.contains(&post.slug) && !self.addresses.contains_key(&post.address)
    }

    fn add(&mut self, post: &Arc<Post>) {
        self.ids.insert(post.id.clone(), Arc::clone(post));
        self.addresses.insert(post.address.clone(), Arc::clone(post));
        self.slugs.insert(post.slug.clone());
    }
}

/// A post and what its claims are weighed by.
struct Claimant<'a> {
    is_hidden: bool,
    is_new: bool,
    post: &'a Arc<Post>,
}

impl Claimant<'_> {
    /// The one whose claims go first.
    fn cmp(&self, other: &Claimant) -> Ordering {
        let is_translated = |post: &Post| read_path(&post.source).language.is_some();
        (self.is_hidden, self.is_new, self.post.date)
            .cmp(&(other.is_hidden, other.is_new, other.post.date))
            .then_with(|| is_translated(self.post).cmp(&is_translated(other.post)))
            .then_with(|| self.post.source.cmp(&other.post.source))
    }
}

/// The post in the file at `path`, of `posts` ordered by path.
pub(super) fn by_path<'a>(posts: &'a Row<Arc<Post>>, path: &Utf8Path) -> Option<&'a Arc<Post>> {
    let at = posts.partition_point(|post| post.source.as_path() < path);
    posts.get(at).filter(|post| post.source == *path)
}

/// What the author of `post` should know, which is published as `given` because others have what it asked for.
fn remarks(post: &Post, given: &Post, address_owner: Option<Arc<Post>>, id_owner: Option<Arc<Post>>) -> Vec<Diagnostic> {
    let mut remarks = Vec::new();
    if let Some(owner) = address_owner {
        let what = format!("the address {}", post.address);
        remarks.push(said("address-taken", post, &what, &owner, &given.address));
    }
    if let Some(owner) = id_owner.filter(|_| post.id != given.id && !is_derived(post)) {
        remarks.push(said("id-taken", post, &format!("the id {}", post.id), &owner, &given.id));
    }
    remarks
}

fn is_derived(post: &Post) -> bool {
    post.origins.id == Origin::DateAndSlug
}

/// Slugs for a post whose own is taken, the kindest first. They come from its own path alone.
fn other_slugs(post: &Post) -> impl Iterator<Item = String> {
    let slug = &post.slug;
    let language = read_path(&post.source)
        .language
        .map(|language| format!("{slug}-{}", language.to_lowercase()));
    // Jekyll's weekly posts have one slug and many dates; a date that a touch of the file could move is no part of an address
    let date = (post.origins.date != Origin::FileTime).then(|| format!("{slug}-{}", post.date.date()));
    let folder = post
        .source
        .parent()
        .map(|folder| slugify(folder.as_str()))
        .filter(|folder| !folder.is_empty() && **folder != **slug);
    let hash = blake3::hash(post.source.as_str().as_bytes()).to_hex();
    [
        Some(slug.to_string()),
        language,
        folder.map(|folder| format!("{folder}-{slug}")),
        date,
        Some(format!("{slug}-{}", &hash[..6])),
        Some(format!("{slug}-{}", &hash[..32])),
    ]
    .into_iter()
    .flatten()
}

fn said(code: &'static str, post: &Post, what: &str, owner: &Post, instead: &str) -> Diagnostic {
    let message = format!("{what} belongs to {}; this post has {instead}", owner.source);
    // who asked for something and does not get it should hear of it; who took what the file's name gave need not care
    let asked = if code == "id-taken" {
        &post.origins.id
    } else {
        &post.origins.address
    };
    let severity = if matches!(asked, Origin::Field(_)) {
        Severity::Warning
    } else {
        Severity::Note
    };
    let key = if code == "id-taken" { "id" } else { "slug" };
    Diagnostic::new(severity, code, &post.source, message).mend(format!("write another `{key}`"))
}
