//! Decides which post gets an id, a slug or an address that several posts claim.
//!
//! Published posts win over drafts, then known posts over new ones, posts over pages, older over newer, originals over translations, then by path.
//! So a new post never takes anything from an old one, and the result does not depend on the order in which files were found. A
//! post that loses is published under a slug made from its own path. A draft that was published before keeps its id: a new post
//! cannot take it.
//!
//! Nearly every post claims values that no other post claims. So an update resolves only the posts that a change affects: those
//! that claim what another of them has, claimed or gives up. A property test checks that the result equals resolving all posts
//! together.

mod resolve;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use self::resolve::{ClaimResult, Claimant, DisplacedPost};
use super::holders::{ClaimKind, Holders, HoldersBuilder};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Post, Status};
use crate::shared_vec::SharedVec;
use crate::source_file::by_parts;
use crate::time::Timestamp;

/// All posts as they are published; each id, slug and address belongs to one post.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    /// Ordered by path.
    pub(super) all: SharedVec<Arc<Post>>,
    pub(super) holders: Holders,
    /// The files of posts that were never published, in order.
    new_files: SharedVec<Utf8PathBuf>,
    /// The posts that lost a claim, ordered by path.
    displaced: SharedVec<Arc<DisplacedPost>>,
    /// The same posts by what they claimed or tried, in the order of the hashes.
    by_tried: SharedVec<(u64, Arc<DisplacedPost>)>,
    hasher: RandomState,
}

/// How the post at one path changed.
#[derive(Debug)]
pub(super) struct ClaimChange {
    /// The post as it was published before.
    pub(super) before: Option<Arc<Post>>,
    /// The post as it is published now.
    pub(super) after: Option<Arc<Post>>,
}

impl Claims {
    /// Resolves the claims of `posts`, which are ordered by path; `new_files` are the files of posts that were never published.
    /// Where a post that lost a claim equals the one in `before` (the posts as last published, ordered by path), that one is
    /// shared: documents are reused by the identity of their posts.
    pub(super) fn build(
        posts: Vec<Arc<Post>>,
        new_files: &HashSet<Utf8PathBuf>,
        config: &Config,
        before: &SharedVec<Arc<Post>>,
    ) -> Claims {
        // the posts come in order, and a lookup in a set of paths costs less than sorting it
        let new = posts
            .iter()
            .map(|post| post.source.as_path())
            .filter(|path| new_files.contains(*path));
        let mut claims = Claims {
            new_files: new.map(Utf8Path::to_path_buf).collect(),
            ..Claims::default()
        };
        let gathered = HoldersBuilder::of(&posts);
        // by address in memory, so that no other post is read
        let contested = gathered.contested();
        let contested: HashMap<*const Post, Arc<Post>> = contested.map(|post| (Arc::as_ptr(post), Arc::clone(post))).collect();
        let is_free = |post: &Arc<Post>| !contested.contains_key(&Arc::as_ptr(post));
        claims.holders = gathered.holders(is_free);
        claims.all = posts.into_iter().filter(is_free).collect();
        if !contested.is_empty() {
            claims.resolve_affected(contested.into_values().collect(), &[], config, before);
        }
        claims
    }

    /// Applies `changes`; `new_files` are the files of those posts that were never published. Returns how every affected post
    /// changed, by path.
    pub(super) fn update(
        &mut self,
        changes: Changes,
        new_files: &HashSet<Utf8PathBuf>,
        config: &Config,
    ) -> BTreeMap<Utf8PathBuf, ClaimChange> {
        let posts = changes
            .posts
            .iter()
            .map(|post| (post.source.as_path(), new_files.contains(&post.source)));
        let gone = changes.gone.iter().map(|path| (path.as_path(), false));
        for (path, is_new) in posts.chain(gone) {
            self.set_new(path, is_new);
        }
        let before = self.all.clone();
        self.resolve_affected(changes.posts, &changes.gone, config, &before)
    }

    /// Marks `posts` as published from now on.
    pub(super) fn mark_published<'a>(&mut self, posts: impl Iterator<Item = &'a Arc<Post>>) {
        posts.for_each(|post| self.set_new(&post.source, false));
    }

    /// Marks every post that is readable at `now` as published from now on.
    pub(super) fn mark_readable_published(&mut self, now: Timestamp) {
        let mut all = self.all.iter().peekable();
        let is_unknown = |path: &&Utf8PathBuf| {
            while all.next_if(|post| by_parts(&post.source, path).is_lt()).is_some() {}
            all.peek().is_none_or(|post| post.source != ***path || !post.is_readable(now))
        };
        self.new_files = self.new_files.iter().filter(is_unknown).cloned().collect();
    }

    /// Warnings for the authors of posts that lost a claim.
    pub(super) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.displaced.iter().flat_map(|displaced| &displaced.warnings)
    }

    /// The post in the file at `path`, as it is published.
    pub(super) fn published(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        by_path(&self.all, path)
    }

    /// Orders `posts` by precedence: the post whose claims win comes first.
    pub(super) fn by_precedence<'a>(&self, posts: impl Iterator<Item = &'a Arc<Post>>) -> Vec<&'a Arc<Post>> {
        let mut claimants: Vec<Claimant> = posts.map(|post| self.claimant(post)).collect();
        claimants.sort_by(Claimant::cmp);
        claimants.into_iter().map(|claimant| claimant.post).collect()
    }

    /// Resolves the claims of `claiming`, with the posts at the paths in `gone` removed, and of all posts that this affects.
    fn resolve_affected(
        &mut self,
        claiming: Vec<Arc<Post>>,
        gone: &[Utf8PathBuf],
        config: &Config,
        before: &SharedVec<Arc<Post>>,
    ) -> BTreeMap<Utf8PathBuf, ClaimChange> {
        let gone: BTreeSet<&Utf8Path> = gone.iter().map(Utf8PathBuf::as_path).collect();
        let mut claiming: BTreeMap<Utf8PathBuf, Arc<Post>> =
            claiming.into_iter().map(|post| (post.source.clone(), post)).collect();
        let resolved = loop {
            let claimants = claiming.values().map(|post| self.claimant(post)).collect();
            let resolved = resolve::resolve_claims(claimants, config, before);
            let affected: Vec<Arc<Post>> = self
                .affected(&resolved, &claiming, &gone)
                .filter(|post| !claiming.contains_key(post.source.as_path()) && !gone.contains(post.source.as_path()))
                .cloned()
                .collect();
            if affected.is_empty() {
                break resolved;
            }
            claiming.extend(affected.into_iter().map(|post| (post.source.clone(), post)));
        };
        let mut changed: BTreeMap<Utf8PathBuf, ClaimChange> = BTreeMap::new();
        for path in claiming.keys().map(Utf8PathBuf::as_path).chain(gone) {
            let before = self.remove(path);
            changed.insert(path.to_owned(), ClaimChange { before, after: None });
        }
        for (wanted, outcome) in resolved {
            let given = match outcome {
                ClaimResult::Granted => Some(Arc::clone(wanted)),
                ClaimResult::DisplacedPost(displaced) => {
                    self.insert_displaced(&displaced);
                    displaced.given.clone()
                }
            };
            if let Some(post) = &given {
                self.insert(post);
            }
            if let Some(change) = changed.get_mut(&wanted.source) {
                change.after = given;
            }
        }
        changed
    }

    /// The posts that have what the posts in `resolved` claim, and those that claimed what the posts at the same paths and in
    /// `gone` have; each as it would be with all its claims granted.
    fn affected<'a>(
        &'a self,
        resolved: &[(&Arc<Post>, ClaimResult)],
        claiming: &BTreeMap<Utf8PathBuf, Arc<Post>>,
        gone: &BTreeSet<&Utf8Path>,
    ) -> impl Iterator<Item = &'a Arc<Post>> {
        let mut affected = Vec::new();
        for (wanted, outcome) in resolved {
            match outcome {
                ClaimResult::Granted => {
                    affected.extend(ClaimKind::all_of(wanted).filter_map(|(kind, text)| self.holders.get(kind, text)));
                }
                ClaimResult::DisplacedPost(displaced) => {
                    affected.extend(
                        displaced
                            .tried
                            .iter()
                            .filter_map(|(kind, text)| self.holders.get(*kind, text)),
                    );
                }
            }
        }
        for path in claiming.keys().map(Utf8PathBuf::as_path).chain(gone.iter().copied()) {
            if let Some(post) = self.published(path) {
                for (kind, text) in ClaimKind::all_of(post) {
                    let by_tried = self.by_tried.values_of(self.hash(kind, text));
                    affected.extend(by_tried.map(|displaced| &displaced.wanted));
                }
            }
        }
        affected.into_iter().map(|post| self.as_claimed(post))
    }

    /// `post`, which is published, as it would be with all its claims granted.
    fn as_claimed<'a>(&'a self, post: &'a Arc<Post>) -> &'a Arc<Post> {
        let at = self
            .displaced
            .partition_point(|displaced| displaced.wanted.by_source(post).is_lt());
        let displaced = self
            .displaced
            .get(at)
            .filter(|displaced| displaced.wanted.source == post.source);
        displaced.map_or(post, |displaced| &displaced.wanted)
    }

    /// Adds `post` to the published posts.
    fn insert(&mut self, post: &Arc<Post>) {
        let at = self.all.partition_point(|other| other.by_source(post).is_lt());
        self.all.insert(at, Arc::clone(post));
        self.holders.insert(post);
    }

    /// Removes and returns the published post of the file at `path`.
    fn remove(&mut self, path: &Utf8Path) -> Option<Arc<Post>> {
        let at = self
            .displaced
            .partition_point(|displaced| by_parts(&displaced.wanted.source, path).is_lt());
        if self
            .displaced
            .get(at)
            .is_some_and(|displaced| displaced.wanted.source == path)
            && let Some(displaced) = self.displaced.remove(at)
        {
            for (kind, text) in &displaced.tried {
                let hash = self.hash(*kind, text);
                self.by_tried.remove_value(hash, |other| Arc::ptr_eq(other, &displaced));
            }
        }
        let at = self.all.partition_point(|other| by_parts(&other.source, path).is_lt());
        self.all.get(at).filter(|post| post.source == path)?;
        let post = self.all.remove(at)?;
        self.holders.remove(&post);
        Some(post)
    }

    /// Records what `displaced` claimed.
    fn insert_displaced(&mut self, displaced: &Arc<DisplacedPost>) {
        let at = self
            .displaced
            .partition_point(|other| other.wanted.by_source(&displaced.wanted).is_lt());
        self.displaced.insert(at, Arc::clone(displaced));
        for (kind, text) in &displaced.tried {
            self.by_tried.add(self.hash(*kind, text), Arc::clone(displaced));
        }
    }

    fn set_new(&mut self, path: &Utf8Path, is_new: bool) {
        let at = self.new_files.partition_point(|other| other.as_path() < path);
        let was_new = self.new_files.get(at).is_some_and(|other| other == path);
        match (was_new, is_new) {
            (false, true) => self.new_files.insert(at, path.to_owned()),
            (true, false) => drop(self.new_files.remove(at)),
            _ => {}
        }
    }

    fn claimant<'a>(&self, post: &'a Arc<Post>) -> Claimant<'a> {
        let at = self.new_files.partition_point(|other| by_parts(other, &post.source).is_lt());
        Claimant {
            is_hidden: matches!(post.status, Status::Draft | Status::Private),
            is_new: self.new_files.get(at).is_some_and(|other| post.source == *other),
            post,
        }
    }

    fn hash(&self, kind: ClaimKind, text: &str) -> u64 {
        self.hasher.hash_one((kind, text))
    }
}

/// The post in the file at `path`, in `posts` ordered by path.
pub(super) fn by_path<'a>(posts: &'a SharedVec<Arc<Post>>, path: &Utf8Path) -> Option<&'a Arc<Post>> {
    let at = posts.partition_point(|post| by_parts(&post.source, path).is_lt());
    posts.get(at).filter(|post| post.source == path)
}
