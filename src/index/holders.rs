//! Finds the post that has an id, a slug or an address.
//!
//! No text is copied for this. Nearly every id and address ends in the slug of its post and is found by that slug, so besides
//! the slugs only the others are stored.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::post::Post;
use crate::shared_vec::SharedVec;

/// What a text identifies a post by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ClaimKind {
    Id,
    Slug,
    Address,
}

impl ClaimKind {
    /// Everything that `post` owns. Its id in Atom counts as one of its ids: no other post may have it as its id or its id in
    /// Atom.
    pub(super) fn all_of(post: &Post) -> impl Iterator<Item = (ClaimKind, &str)> {
        let atom_id = post.atom_id.as_deref().map(|id| (ClaimKind::Id, id));
        let others = [
            (ClaimKind::Id, post.id.as_str()),
            (ClaimKind::Slug, post.slug.as_str()),
            (ClaimKind::Address, post.address.as_str()),
        ];
        others.into_iter().chain(atom_id)
    }

    /// Whether `text` is the id, slug or address of `post`.
    fn is_of(self, text: &str, post: &Post) -> bool {
        match self {
            ClaimKind::Id => post.id == *text || *post.atom_id() == *text,
            ClaimKind::Slug => post.slug == *text,
            ClaimKind::Address => post.address == *text,
        }
    }

    /// The slug that `text` ends in, if it contains one.
    fn slug_in(self, text: &str) -> &str {
        let last = text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        match self {
            ClaimKind::Slug => text,
            ClaimKind::Id => last,
            ClaimKind::Address => last.strip_suffix(".html").unwrap_or(last),
        }
    }
}

/// Posts without a common id, slug or address.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    /// All posts by slug, in the order of the hashes.
    by_slug: SharedVec<(u64, Arc<Post>)>,
    /// The posts whose id or address does not end in their slug, by that text, in the order of the hashes.
    by_other: SharedVec<(u64, Arc<Post>)>,
    hash: Hash,
}

/// Hashes that cannot be predicted, so that many collisions cannot be produced on purpose.
#[derive(Clone, Debug, Default)]
struct Hash(RandomState);

impl Hash {
    fn of(&self, kind: ClaimKind, text: &str) -> u64 {
        self.0.hash_one((kind, text))
    }

    fn of_slug(&self, post: &Post) -> u64 {
        self.of(ClaimKind::Slug, &post.slug)
    }

    /// The hashes of the ids and the address of `post` that do not end in its slug.
    fn of_others(&self, post: &Post) -> impl Iterator<Item = u64> {
        let others = ClaimKind::all_of(post).filter(|(kind, text)| kind.slug_in(text) != post.slug);
        others.map(|(kind, text)| self.of(kind, text))
    }
}

impl Holders {
    /// The post whose id, slug or address is `text`.
    pub(super) fn get(&self, kind: ClaimKind, text: &str) -> Option<&Arc<Post>> {
        let has = |post: &&Arc<Post>| kind.is_of(text, post);
        let mut by_slug = self.by_slug.values_of(self.hash.of(ClaimKind::Slug, kind.slug_in(text)));
        by_slug
            .find(has)
            .or_else(|| self.by_other.values_of(self.hash.of(kind, text)).find(has))
    }

    /// Adds `post`.
    pub(super) fn insert(&mut self, post: &Arc<Post>) {
        self.by_slug.add(self.hash.of_slug(post), Arc::clone(post));
        for hash in self.hash.of_others(post) {
            self.by_other.add(hash, Arc::clone(post));
        }
    }

    /// Removes `post`.
    pub(super) fn remove(&mut self, post: &Arc<Post>) {
        let is_it = |other: &Arc<Post>| Arc::ptr_eq(other, post);
        self.by_slug.remove_value(self.hash.of_slug(post), is_it);
        for hash in self.hash.of_others(post) {
            self.by_other.remove_value(hash, is_it);
        }
    }
}

/// Posts from which [`Holders`] are built; two of them may still own the same text.
pub(super) struct HoldersBuilder {
    by_slug: Vec<(u64, Arc<Post>)>,
    by_other: Vec<(u64, Arc<Post>)>,
    hash: Hash,
}

impl HoldersBuilder {
    pub(super) fn of(posts: &[Arc<Post>]) -> HoldersBuilder {
        let hash = Hash::default();
        let mut by_slug = Vec::with_capacity(posts.len());
        let mut by_other = Vec::new();
        // read each post's texts once: they are spread over the whole memory
        for post in posts {
            by_slug.push((hash.of_slug(post), Arc::clone(post)));
            by_other.extend(hash.of_others(post).map(|hash| (hash, Arc::clone(post))));
        }
        by_slug.sort_unstable_by_key(|(hash, _)| *hash);
        by_other.sort_unstable_by_key(|(hash, _)| *hash);
        HoldersBuilder { by_slug, by_other, hash }
    }

    /// The posts that may own the same text as another.
    pub(super) fn contested(&self) -> impl Iterator<Item = &Arc<Post>> {
        fn of_one_hash(posts: &[(u64, Arc<Post>)]) -> impl Iterator<Item = &Arc<Post>> {
            let runs = posts.chunk_by(|(one, _), (other, _)| one == other);
            runs.filter(|run| run.len() > 1).flatten().map(|(_, post)| post)
        }
        // where one text ends in its post's slug and the other does not, the two are found by different texts
        let crossed = self.by_other.iter().flat_map(|(_, post)| {
            let slugs = ClaimKind::all_of(post).map(|(kind, text)| kind.slug_in(text));
            // if several posts have a slug, all of them are contested already
            let other = |slug| self.with_slug(slug).find(|holder| !Arc::ptr_eq(holder, post));
            slugs.filter_map(other).flat_map(move |other| [post, other])
        });
        of_one_hash(&self.by_slug).chain(of_one_hash(&self.by_other)).chain(crossed)
    }

    /// The posts that may have this slug.
    fn with_slug(&self, slug: &str) -> impl Iterator<Item = &Arc<Post>> {
        let hash = self.hash.of(ClaimKind::Slug, slug);
        let first = self.by_slug.partition_point(|(other, _)| *other < hash);
        let alike = self.by_slug.iter().skip(first).take_while(move |(other, _)| *other == hash);
        alike.map(|(_, post)| post)
    }

    /// Builds the holders from the posts for which `is_free` is true; no two of these own the same text.
    pub(super) fn holders(self, is_free: impl Fn(&Arc<Post>) -> bool) -> Holders {
        let free = |mut posts: Vec<(u64, Arc<Post>)>| -> SharedVec<_> {
            posts.retain(|(_, post)| is_free(post));
            posts.into_iter().collect()
        };
        Holders {
            by_slug: free(self.by_slug),
            by_other: free(self.by_other),
            hash: self.hash,
        }
    }
}
