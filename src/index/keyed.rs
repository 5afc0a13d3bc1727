//! Posts found by a text of their own, which is not copied for that.

use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;

use super::row::Row;
use crate::post::Post;

/// A text of a post that it is found by.
pub(super) trait Key {
    /// That text of `post`.
    fn of(post: &Post) -> &str;
}

/// Found by [`Post::id`].
#[derive(Debug)]
pub(super) struct Id;

/// Found by [`Post::slug`].
#[derive(Debug)]
pub(super) struct Slug;

/// Found by [`Post::address`].
#[derive(Debug)]
pub(super) struct Address;

impl Key for Id {
    fn of(post: &Post) -> &str {
        post.id()
    }
}

impl Key for Slug {
    fn of(post: &Post) -> &str {
        post.slug()
    }
}

impl Key for Address {
    fn of(post: &Post) -> &str {
        post.address()
    }
}

/// Posts, no two of which have the same `K`, in the order of its hashes.
#[derive(Debug)]
pub(super) struct Keyed<K> {
    posts: Row<(u64, Arc<Post>)>,
    /// Its hashes cannot be foreseen, so nobody can make many alike.
    hasher: RandomState,
    key: PhantomData<K>,
}

impl<K> Clone for Keyed<K> {
    fn clone(&self) -> Keyed<K> {
        Keyed {
            posts: self.posts.clone(),
            hasher: self.hasher.clone(),
            key: PhantomData,
        }
    }
}

impl<K> Default for Keyed<K> {
    fn default() -> Keyed<K> {
        Keyed {
            posts: Row::default(),
            hasher: RandomState::new(),
            key: PhantomData,
        }
    }
}

impl<K: Key> Keyed<K> {
    /// The post that has `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Arc<Post>> {
        self.posts.with(self.hasher.hash_one(key)).find(|post| K::of(post) == key)
    }

    /// Takes in `post`, unless there is one with its key.
    pub(super) fn insert(&mut self, post: &Arc<Post>) {
        if self.get(K::of(post)).is_none() {
            self.posts.add(self.hasher.hash_one(K::of(post)), Arc::clone(post));
        }
    }

    /// Lets go of `post`, if it is this very one that is found by its key.
    pub(super) fn remove(&mut self, post: &Arc<Post>) {
        self.posts
            .take(self.hasher.hash_one(K::of(post)), |other| Arc::ptr_eq(other, post));
    }
}

/// Posts on the way to be found by their `K`, which several may still share.
pub(super) struct Gathered<K> {
    posts: Vec<(u64, Arc<Post>)>,
    found: Keyed<K>,
}

impl<K: Key> Gathered<K> {
    /// Has room for so many.
    pub(super) fn with_capacity(posts: usize) -> Gathered<K> {
        Gathered {
            posts: Vec::with_capacity(posts),
            found: Keyed::default(),
        }
    }

    /// Takes in `post`.
    pub(super) fn push(&mut self, post: &Arc<Post>) {
        let hash = self.found.hasher.hash_one(K::of(post));
        self.posts.push((hash, Arc::clone(post)));
    }

    fn sort(&mut self) {
        self.posts.sort_unstable_by_key(|(hash, _)| *hash);
    }

    /// The posts that may share their `K` with another.
    pub(super) fn contested(&mut self) -> impl Iterator<Item = &Arc<Post>> {
        self.sort();
        let runs = self.posts.chunk_by(|(one, _), (other, _)| one == other);
        runs.filter(|run| run.len() > 1).flatten().map(|(_, post)| post)
    }

    /// Those of which `is_free` is true; no two of them share their `K`.
    pub(super) fn keyed(mut self, is_free: impl Fn(&Arc<Post>) -> bool) -> Keyed<K> {
        self.posts.retain(|(_, post)| is_free(post));
        // which costs little where it is in order already
        self.sort();
        Keyed {
            posts: self.posts.into_iter().collect(),
            ..self.found
        }
    }
}
