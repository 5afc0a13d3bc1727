//! Posts found by a text of their own, which is not copied for that.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

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
        &post.id
    }
}

impl Key for Slug {
    fn of(post: &Post) -> &str {
        &post.slug
    }
}

impl Key for Address {
    fn of(post: &Post) -> &str {
        &post.address
    }
}

/// Posts, no two of which have the same `K`.
#[derive(Debug)]
pub(super) struct Keyed<K>(HashSet<Entry<K>>);

#[derive(Debug)]
struct Entry<K>(Arc<Post>, PhantomData<K>);

impl<K: Key> Keyed<K> {
    /// No posts yet, with room for so many.
    pub(super) fn with_capacity(posts: usize) -> Keyed<K> {
        Keyed(HashSet::with_capacity(posts))
    }

    /// The post that has `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Arc<Post>> {
        self.0.get(key).map(|Entry(post, _)| post)
    }

    /// Whether a post has `key`.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Takes in `post`, unless there is one with its key.
    pub(super) fn insert(&mut self, post: &Arc<Post>) {
        self.0.insert(Entry(Arc::clone(post), PhantomData));
    }
}

impl<'a, K: Key> FromIterator<&'a Arc<Post>> for Keyed<K> {
    fn from_iter<I: IntoIterator<Item = &'a Arc<Post>>>(posts: I) -> Keyed<K> {
        let posts = posts.into_iter();
        let mut keyed = Keyed::with_capacity(posts.size_hint().0);
        posts.for_each(|post| keyed.insert(post));
        keyed
    }
}

impl<K: Key> Borrow<str> for Entry<K> {
    fn borrow(&self) -> &str {
        K::of(&self.0)
    }
}

impl<K: Key> Hash for Entry<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        K::of(&self.0).hash(state);
    }
}

impl<K: Key> PartialEq for Entry<K> {
    fn eq(&self, other: &Entry<K>) -> bool {
        K::of(&self.0) == K::of(&other.0)
    }
}

impl<K: Key> Eq for Entry<K> {}
