//! The posts without a file, found by path and by text.
//!
//! Over the years a folder may lose as many posts as it has. A change must not compare its files with all of them, so they are
//! indexed by what a file can have in common with them.

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use camino::Utf8Path;

use super::known_files::position_of;
use super::post_records::{PostId, PostRecords};
use super::record::{Digest, PostRecord};
use crate::post::Post;

/// The posts without a file. While a post is one of them, the path and the text in its record do not change.
#[derive(Debug, Default)]
pub(super) struct UnmatchedPosts {
    /// Those that are not withdrawn: their files may only be unreadable, or it is not certain that they are gone.
    live: BTreeSet<PostId>,
    withdrawn: BTreeSet<PostId>,
    // made when first needed: at a start all posts are unmatched, and nearly all are matched before either is needed
    by_path: OnceLock<IdsBy<Box<Utf8Path>>>,
    by_text: OnceLock<IdsBy<Digest>>,
}

/// Ids in order, by what the posts have in common.
type IdsBy<K> = HashMap<K, Vec<PostId>>;

impl UnmatchedPosts {
    /// Adds posts, usually ordered by id.
    pub(super) fn add(&mut self, live: Vec<PostId>, withdrawn: Vec<PostId>) {
        // collecting a set from ordered ids is quick, inserting them one by one is not
        self.live.append(&mut live.into_iter().collect());
        self.withdrawn.append(&mut withdrawn.into_iter().collect());
        self.by_path.take();
        self.by_text.take();
    }

    /// Adds the post with this id, which has a record in `posts`. Returns whether it is new here.
    pub(super) fn insert(&mut self, id: PostId, posts: &PostRecords) -> bool {
        if self.contains(&id) {
            return false;
        }
        let Some(record) = posts.get(&id) else { return false };
        if let Some(by_path) = self.by_path.get_mut() {
            insert_id(by_path, record.source.as_path().into(), &id);
        }
        if let Some((by_text, text)) = self.by_text.get_mut().zip(text_of(record)) {
            insert_id(by_text, text, &id);
        }
        match record.withdrawn {
            Some(_) => self.withdrawn.insert(id),
            None => self.live.insert(id),
        }
    }

    /// Removes the post with this id, which has a record in `posts`. Returns whether it was here.
    pub(super) fn remove(&mut self, id: &str, posts: &PostRecords) -> bool {
        if !self.live.remove(id) && !self.withdrawn.remove(id) {
            return false;
        }
        if let Some(record) = posts.get(id) {
            if let Some(by_path) = self.by_path.get_mut() {
                remove_id(by_path, record.source.as_path(), id);
            }
            if let Some((by_text, text)) = self.by_text.get_mut().zip(text_of(record)) {
                remove_id(by_text, &text, id);
            }
        }
        true
    }

    /// Marks the post with this id as withdrawn, if it is here.
    pub(super) fn withdraw(&mut self, id: &str) {
        self.withdrawn.extend(self.live.take(id));
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.live.contains(id) || self.withdrawn.contains(id)
    }

    pub(super) fn len(&self) -> usize {
        self.live.len() + self.withdrawn.len()
    }

    /// All of them: first those that are not withdrawn.
    pub(super) fn iter(&self) -> impl Iterator<Item = &PostId> {
        self.live.iter().chain(&self.withdrawn)
    }

    /// Those that are not withdrawn, in order.
    pub(super) fn live(&self) -> impl Iterator<Item = &PostId> {
        self.live.iter()
    }

    /// Those whose file was at the path of one of `files`, which are ordered by path. Returns each with the position of that one.
    pub(super) fn at_paths_of<'a>(&'a self, files: &[&Arc<Post>], posts: &PostRecords) -> Vec<(usize, &'a PostId)> {
        // as at a start: searching `files` for each of these is less work than an index of all of these
        if self.len() <= files.len() {
            let position = |id: &PostId| position_of(&normalized(&posts.get(id)?.source), files);
            return self.iter().filter_map(|id| Some((position(id)?, id))).collect();
        }
        let by_path = self.by_path.get_or_init(|| self.index_by_path(posts));
        let ids = |(position, file): (usize, &&Arc<Post>)| Some((position, by_path.get(file.source.as_path())?));
        let found = files.iter().enumerate().filter_map(ids);
        found
            .flat_map(|(position, ids)| ids.iter().map(move |id| (position, id)))
            .collect()
    }

    /// Those with exactly this text, in order. A text of few words has none.
    pub(super) fn with_text(&self, text: &Digest, posts: &PostRecords) -> &[PostId] {
        let by_text = self.by_text.get_or_init(|| self.index_by(posts, text_of));
        by_text.get(text).map_or(&[], Vec::as_slice)
    }

    fn index_by_path(&self, posts: &PostRecords) -> IdsBy<Box<Utf8Path>> {
        self.index_by(posts, |record| Some(record.source.as_path().into()))
    }

    fn index_by<K: Eq + Hash>(&self, posts: &PostRecords, key: impl Fn(&PostRecord) -> Option<K>) -> IdsBy<K> {
        let mut index = IdsBy::new();
        for id in self.iter() {
            if let Some(key) = posts.get(id).and_then(&key) {
                index.entry(key).or_insert_with(room_for_one).push(id.clone());
            }
        }
        for ids in index.values_mut() {
            ids.sort_unstable();
        }
        index
    }
}

/// The digest of the post's text, if that has enough words to recognise the post by.
pub(super) fn text_of(record: &PostRecord) -> Option<Digest> {
    let content = record.content.filter(|content| content.likeness.0 != 0)?;
    Some(content.text)
}

/// `path` without empty parts and `.`, as paths of files are written.
fn normalized(path: &Utf8Path) -> Cow<'_, Utf8Path> {
    if ["//", "/./"].iter().any(|part| path.as_str().contains(part)) {
        Cow::Owned(path.components().collect())
    } else {
        Cow::Borrowed(path)
    }
}

/// A list with room for one id, because few posts have a path or a text in common.
fn room_for_one() -> Vec<PostId> {
    Vec::with_capacity(1)
}

fn insert_id<K: Eq + Hash>(index: &mut IdsBy<K>, key: K, id: &PostId) {
    let ids = index.entry(key).or_insert_with(room_for_one);
    if let Err(position) = ids.binary_search(id) {
        ids.insert(position, id.clone());
    }
}

fn remove_id<K: Eq + Hash + Borrow<Q>, Q: Eq + Hash + ?Sized>(index: &mut IdsBy<K>, key: &Q, id: &str) {
    let Some(ids) = index.get_mut(key) else { return };
    if let Ok(position) = ids.binary_search_by(|other| (**other).cmp(id)) {
        ids.remove(position);
    }
    if ids.is_empty() {
        index.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl UnmatchedPosts {
        /// Whether the indexes agree with the records in `posts`.
        pub(in crate::identity) fn agrees_with(&self, posts: &PostRecords) -> bool {
            let is_withdrawn = |id: &PostId| posts.get(id).is_some_and(|record| record.withdrawn.is_some());
            self.withdrawn.iter().all(is_withdrawn)
                && !self.live.iter().any(is_withdrawn)
                && self.by_path.get().is_none_or(|index| *index == self.index_by_path(posts))
                && self.by_text.get().is_none_or(|index| *index == self.index_by(posts, text_of))
        }
    }
}
