//! Who has an id, a slug or an address that several posts claim.
//!
//! Posts that are out come before drafts, then those that the world knows before newcomers, then the older before the newer,
//! originals before translations, then by path: so a new post never takes anything from an old one, and the outcome does not depend
//! on the order in which files were found. Who comes second is published all the same, under a slug made of its own path. A draft
//! that was out before keeps its id from newcomers all the same.
//!
//! Nearly every post asks for what nobody else does. So the question is only ever put to those whom a change concerns: who seeks what
//! another of them has, sought or gives up. That these decide among themselves as all together would is held by a property.

mod contest;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use self::contest::{Claimant, Displaced, Outcome};
use super::holders::{Gathered, Holders, Kind};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Post, Status};
use crate::shared_vec::SharedVec;
use crate::source_file::by_parts;
use crate::time::Timestamp;

/// All posts as they are published, each with an id, a slug and an address of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    /// Ordered by path.
    pub(super) all: SharedVec<Arc<Post>>,
    pub(super) holders: Holders,
    /// The files of posts that the world does not know yet, in order.
    newcomers: SharedVec<Utf8PathBuf>,
    /// The posts that did not get all that they asked for, ordered by path.
    displaced: SharedVec<Arc<Displaced>>,
    /// They by what they asked for and tried, in the order of its hashes.
    seekers: SharedVec<(u64, Arc<Displaced>)>,
    hasher: RandomState,
}

/// What became of the post at a path.
#[derive(Debug)]
pub(super) struct ClaimChange {
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
        before: &SharedVec<Arc<Post>>,
    ) -> Claims {
        // the posts come in order, and to ask a set of paths costs less than to sort it
        let new = posts
            .iter()
            .map(|post| post.source())
            .filter(|path| newcomers.contains(*path));
        let mut claims = Claims {
            newcomers: new.map(Utf8Path::to_path_buf).collect(),
            ..Claims::default()
        };
        let gathered = Gathered::of(&posts);
        // by where they are in memory, so that nobody else need be looked at
        let contested = gathered.contested();
        let contested: HashMap<*const Post, Arc<Post>> = contested.map(|post| (Arc::as_ptr(post), Arc::clone(post))).collect();
        let is_free = |post: &Arc<Post>| !contested.contains_key(&Arc::as_ptr(post));
        claims.holders = gathered.holders(is_free);
        claims.all = posts.into_iter().filter(is_free).collect();
        if !contested.is_empty() {
            claims.settle(contested.into_values().collect(), &[], config, before);
        }
        claims
    }

    /// Takes in `changes`; `newcomers` are those of its posts that the world does not know yet. What became of every post that was
    /// concerned, by its path.
    pub(super) fn update(
        &mut self,
        changes: Changes,
        newcomers: &HashSet<Utf8PathBuf>,
        config: &Config,
    ) -> BTreeMap<Utf8PathBuf, ClaimChange> {
        let posts = changes
            .posts
            .iter()
            .map(|post| (post.source(), newcomers.contains(post.source())));
        let gone = changes.gone.iter().map(|path| (path.as_path(), false));
        for (path, is_new) in posts.chain(gone) {
            self.set_newcomer(path, is_new);
        }
        let before = self.all.clone();
        self.settle(changes.posts, &changes.gone, config, &before)
    }

    /// Notes that the world knows `posts` from now on.
    pub(super) fn know<'a>(&mut self, posts: impl Iterator<Item = &'a Arc<Post>>) {
        posts.for_each(|post| self.set_newcomer(post.source(), false));
    }

    /// Notes that the world knows all posts from now on that it may read at `now`.
    pub(super) fn know_readable(&mut self, now: Timestamp) {
        let mut all = self.all.iter().peekable();
        let is_unknown = |path: &&Utf8PathBuf| {
            while all.next_if(|post| by_parts(post.source(), path).is_lt()).is_some() {}
            all.peek()
                .is_none_or(|post| *post.source() != ***path || !post.is_readable(now))
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
        before: &SharedVec<Arc<Post>>,
    ) -> BTreeMap<Utf8PathBuf, ClaimChange> {
        let gone: BTreeSet<&Utf8Path> = gone.iter().map(Utf8PathBuf::as_path).collect();
        let mut asking: BTreeMap<Utf8PathBuf, Arc<Post>> =
            asking.into_iter().map(|post| (post.source().to_owned(), post)).collect();
        let settled = loop {
            let claimants = asking.values().map(|post| self.claimant(post)).collect();
            let settled = contest::settle(claimants, config, before);
            let concerned: Vec<Arc<Post>> = self
                .concerned(&settled, &asking, &gone)
                .filter(|post| !asking.contains_key(post.source()) && !gone.contains(post.source()))
                .cloned()
                .collect();
            if concerned.is_empty() {
                break settled;
            }
            asking.extend(concerned.into_iter().map(|post| (post.source().to_owned(), post)));
        };
        let mut passages: BTreeMap<Utf8PathBuf, ClaimChange> = BTreeMap::new();
        for path in asking.keys().map(Utf8PathBuf::as_path).chain(gone) {
            let before = self.take_out(path);
            passages.insert(path.to_owned(), ClaimChange { before, after: None });
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
            if let Some(passage) = passages.get_mut(asked.source()) {
                passage.after = given;
            }
        }
        passages
    }

    /// Who has what `settled` sought, and who sought what those at the same paths and those in `gone` have; as they would have it.
    fn concerned<'a>(
        &'a self,
        settled: &[(&Arc<Post>, Outcome)],
        asking: &BTreeMap<Utf8PathBuf, Arc<Post>>,
        gone: &BTreeSet<&Utf8Path>,
    ) -> impl Iterator<Item = &'a Arc<Post>> {
        let mut concerned = Vec::new();
        for (asked, outcome) in settled {
            match outcome {
                Outcome::Granted => concerned.extend(Kind::all_of(asked).filter_map(|(kind, text)| self.holders.get(kind, text))),
                Outcome::Displaced(displaced) => {
                    concerned.extend(
                        displaced
                            .sought
                            .iter()
                            .filter_map(|(kind, text)| self.holders.get(*kind, text)),
                    );
                }
            }
        }
        for path in asking.keys().map(Utf8PathBuf::as_path).chain(gone.iter().copied()) {
            if let Some(post) = self.published(path) {
                for (kind, text) in Kind::all_of(post) {
                    let seekers = self.seekers.with(self.hash(kind, text));
                    concerned.extend(seekers.map(|displaced| &displaced.asked));
                }
            }
        }
        concerned.into_iter().map(|post| self.asked(post))
    }

    /// `post`, which is published, as it would be if it got what it asked for.
    fn asked<'a>(&'a self, post: &'a Arc<Post>) -> &'a Arc<Post> {
        let at = self
            .displaced
            .partition_point(|displaced| displaced.asked.by_source(post).is_lt());
        let displaced = self
            .displaced
            .get(at)
            .filter(|displaced| displaced.asked.source() == post.source());
        displaced.map_or(post, |displaced| &displaced.asked)
    }

    /// Publishes `post`.
    fn put_in(&mut self, post: &Arc<Post>) {
        let at = self.all.partition_point(|other| other.by_source(post).is_lt());
        self.all.insert(at, Arc::clone(post));
        self.holders.insert(post);
    }

    /// Forgets the post in the file at `path`, and gives it as it was published.
    fn take_out(&mut self, path: &Utf8Path) -> Option<Arc<Post>> {
        let at = self
            .displaced
            .partition_point(|displaced| by_parts(displaced.asked.source(), path).is_lt());
        if self
            .displaced
            .get(at)
            .is_some_and(|displaced| displaced.asked.source() == path)
            && let Some(displaced) = self.displaced.remove(at)
        {
            for (kind, text) in &displaced.sought {
                let hash = self.hash(*kind, text);
                self.seekers.take(hash, |other| Arc::ptr_eq(other, &displaced));
            }
        }
        let at = self.all.partition_point(|other| by_parts(other.source(), path).is_lt());
        self.all.get(at).filter(|post| post.source() == path)?;
        let post = self.all.remove(at)?;
        self.holders.remove(&post);
        Some(post)
    }

    /// Remembers what `displaced` sought.
    fn remember(&mut self, displaced: &Arc<Displaced>) {
        let at = self
            .displaced
            .partition_point(|other| other.asked.by_source(&displaced.asked).is_lt());
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
        let at = self.newcomers.partition_point(|other| by_parts(other, post.source()).is_lt());
        Claimant {
            is_hidden: matches!(post.standing, Status::Draft | Status::Private),
            is_new: self.newcomers.get(at).is_some_and(|other| post.source() == *other),
            post,
        }
    }

    fn hash(&self, kind: Kind, text: &str) -> u64 {
        self.hasher.hash_one((kind, text))
    }
}

/// The post in the file at `path`, of `posts` ordered by path.
pub(super) fn by_path<'a>(posts: &'a SharedVec<Arc<Post>>, path: &Utf8Path) -> Option<&'a Arc<Post>> {
    let at = posts.partition_point(|post| by_parts(post.source(), path).is_lt());
    posts.get(at).filter(|post| post.source() == path)
}
