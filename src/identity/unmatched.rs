//! The posts that no file is, found by what a file may show that it is one of them.
//!
//! A folder may lose as many posts over the years as it has, and a change asks whether it brings one of them back: who asks looks none of
//! the others over.

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use camino::Utf8Path;

use super::record::{Digest, PostRecord};
use super::remembered::Remembered;
use super::{Id, place_of};
use crate::post::Post;

/// The posts that no file is. While one is among them, its record says the same of its file and its text.
#[derive(Debug, Default)]
pub(super) struct UnmatchedPosts {
    /// Those that may only not be readable, or not be believed to have gone.
    awaited: BTreeSet<Id>,
    withdrawn: BTreeSet<Id>,
    // these are made when somebody asks first: at a start all posts are strays, and nearly all are met before anybody does
    by_path: OnceLock<Found<Box<Utf8Path>>>,
    by_text: OnceLock<Found<Digest>>,
}

/// Ids by what they are found by, in order.
type Found<Sign> = HashMap<Sign, Vec<Id>>;

impl UnmatchedPosts {
    /// Adds these, which come in order as a rule.
    pub(super) fn add(&mut self, awaited: Vec<Id>, withdrawn: Vec<Id>) {
        // each made at once, which is quick where they come in order
        self.awaited.append(&mut awaited.into_iter().collect());
        self.withdrawn.append(&mut withdrawn.into_iter().collect());
        self.by_path.take();
        self.by_text.take();
    }

    /// Adds the post with this id, of which `posts` remember something; whether it was none of them.
    pub(super) fn insert(&mut self, id: Id, posts: &Remembered) -> bool {
        if self.contains(&id) {
            return false;
        }
        let Some(record) = posts.get(&id) else { return false };
        if let Some(found) = self.by_path.get_mut() {
            put(found, record.source.as_path().into(), &id);
        }
        if let Some((found, text)) = self.by_text.get_mut().zip(text_of(&record)) {
            put(found, text, &id);
        }
        match record.withdrawn {
            Some(_) => self.withdrawn.insert(id),
            None => self.awaited.insert(id),
        }
    }

    /// Takes out the post with this id, of which `posts` remember something; whether it was one of them.
    pub(super) fn remove(&mut self, id: &str, posts: &Remembered) -> bool {
        if !self.awaited.remove(id) && !self.withdrawn.remove(id) {
            return false;
        }
        if self.by_path.get().is_some() || self.by_text.get().is_some() {
            self.lose(id, posts);
        }
        true
    }

    /// Has the post with this id be found no more.
    fn lose(&mut self, id: &str, posts: &Remembered) {
        let Some(record) = posts.get(id) else { return };
        if let Some(found) = self.by_path.get_mut() {
            take(found, record.source.as_path(), id);
        }
        if let Some((found, text)) = self.by_text.get_mut().zip(text_of(&record)) {
            take(found, &text, id);
        }
    }

    /// Notes that the post with this id is withdrawn now, if it is one of them.
    pub(super) fn withdraw(&mut self, id: &str) {
        self.withdrawn.extend(self.awaited.take(id));
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.awaited.contains(id) || self.withdrawn.contains(id)
    }

    pub(super) fn len(&self) -> usize {
        self.awaited.len() + self.withdrawn.len()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Id> {
        self.awaited.iter().chain(&self.withdrawn)
    }

    /// Those that are not withdrawn, in order.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Id> {
        self.awaited.iter()
    }

    /// Those whose file lay where one of `files` lies, which come ordered by path: each with the place of that one.
    pub(super) fn lain_at<'a>(&'a self, files: &[&Arc<Post>], posts: &Remembered) -> Vec<(usize, &'a Id)> {
        // at a start there are more files than strays
        if self.len() <= files.len() {
            let lain = |id: &'a Id| Some((place_of(&usually_spelled(posts.source(id)?), files)?, id));
            return self.iter().filter_map(lain).collect();
        }
        let by_path = self
            .by_path
            .get_or_init(|| self.found_by(posts, |record| Some(record.source.as_path().into())));
        let lain = |(at, file): (usize, &&Arc<Post>)| Some((at, by_path.get(file.source())?));
        let lain = files.iter().enumerate().filter_map(lain);
        lain.flat_map(|(at, ids)| ids.iter().map(move |id| (at, id))).collect()
    }

    /// Those that had this text, in order, where it is long enough for that to mean something.
    pub(super) fn with_text(&self, text: &Digest, posts: &Remembered) -> &[Id] {
        let by_text = self.by_text.get_or_init(|| self.found_by(posts, text_of));
        by_text.get(text).map_or(&[], Vec::as_slice)
    }

    fn found_by<Sign: Eq + Hash>(&self, posts: &Remembered, sign: impl Fn(&PostRecord) -> Option<Sign>) -> Found<Sign> {
        let mut found = Found::new();
        for id in self.iter() {
            if let Some(sign) = posts.get(id).and_then(|record| sign(&record)) {
                found.entry(sign).or_insert_with(alone).push(Arc::clone(id));
            }
        }
        for ids in found.values_mut() {
            ids.sort_unstable();
        }
        found
    }
}

/// The text of the post, if it is long enough to know the post by.
pub(super) fn text_of(record: &PostRecord) -> Option<Digest> {
    let content = record.content.filter(|content| content.likeness.0 != 0)?;
    Some(content.text)
}

/// `path` as paths of files are spelled: without empty parts and `.`.
fn usually_spelled(path: &Utf8Path) -> Cow<'_, Utf8Path> {
    if ["//", "/./"].iter().any(|part| path.as_str().contains(part)) {
        Cow::Owned(path.components().collect())
    } else {
        Cow::Borrowed(path)
    }
}

/// Room for one, for nearly all are found alone.
fn alone() -> Vec<Id> {
    Vec::with_capacity(1)
}

fn put<Sign: Eq + Hash>(found: &mut Found<Sign>, sign: Sign, id: &Id) {
    let ids = found.entry(sign).or_insert_with(alone);
    if let Err(at) = ids.binary_search(id) {
        ids.insert(at, Arc::clone(id));
    }
}

fn take<Sign: Eq + Hash + Borrow<S>, S: Eq + Hash + ?Sized>(found: &mut Found<Sign>, sign: &S, id: &str) {
    let Some(ids) = found.get_mut(sign) else { return };
    if let Ok(at) = ids.binary_search_by(|other| (**other).cmp(id)) {
        ids.remove(at);
    }
    if ids.is_empty() {
        found.remove(sign);
    }
}

#[cfg(test)]
impl UnmatchedPosts {
    /// Whether each is what its record says, and found by that.
    pub(super) fn are_found(&self, posts: &Remembered) -> bool {
        let is_withdrawn = |id: &Id| posts.get(id).is_some_and(|record| record.withdrawn.is_some());
        let by_path = |record: &PostRecord| Some(record.source.as_path().into());
        let is_by_path = |found: &_| *found == self.found_by(posts, by_path);
        let is_by_text = |found: &_| *found == self.found_by(posts, text_of);
        self.withdrawn.iter().all(is_withdrawn)
            && !self.awaited.iter().any(is_withdrawn)
            && self.by_path.get().is_none_or(is_by_path)
            && self.by_text.get().is_none_or(is_by_text)
    }
}
