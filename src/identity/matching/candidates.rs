//! The known posts that a changed file can be.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use camino::Utf8Path;

use super::evidence::RepeatCounts;
use super::similarity::closeness;
use crate::identity::assignment::UnreadableFiles;
use crate::identity::known_files::{named_id, position_of};
use crate::identity::post_records::PostId;
use crate::identity::record::{Digest, PostRecord};
use crate::identity::registry::Registry;
use crate::identity::unmatched_posts::text_of;
use crate::post::{Post, Visibility};
use crate::time::Timestamp;

/// If more posts or files than this are unmatched, files are not compared with all posts: that would take quadratic time.
pub(super) const MOST_COMPARED: usize = 2000;

/// Of more posts with one text than this, the rest is not looked at.
const MOST_COPIES: usize = 50;

/// The posts that were in the changed files until now.
#[derive(Default)]
pub(in crate::identity) struct Unassigned<'a> {
    pub(in crate::identity) ids: HashSet<PostId>,
    pub(in crate::identity) by_path: HashMap<&'a str, PostId>,
}

/// The known posts that a changed file can be.
pub(in crate::identity) struct Candidates<'a> {
    registry: &'a Registry,
    /// The posts in the changed files, ordered by path.
    changed: &'a [&'a Arc<Post>],
    unreadable: UnreadableFiles<'a>,
    unassigned: &'a Unassigned<'a>,
    /// The last post at the path of each changed file.
    last_at: HashMap<&'a str, PostId>,
    /// Posts with a file that is missing, or contains something else now. They may be in another file, like posts without a file.
    displaced: BTreeMap<&'a str, &'a PostRecord>,
    displaced_by_text: HashMap<Digest, Vec<&'a PostRecord>>,
    all_movable: OnceCell<Option<Vec<&'a PostRecord>>>,
    pub(super) now: Timestamp,
}

impl<'a> Candidates<'a> {
    /// The candidates for the posts in the `changed` files, which are ordered by path.
    pub(in crate::identity) fn new(
        registry: &'a Registry,
        changed: &'a [&'a Arc<Post>],
        unassigned: &'a Unassigned<'a>,
        unreadable: UnreadableFiles<'a>,
        now: Timestamp,
    ) -> Candidates<'a> {
        let mut candidates = Candidates {
            registry,
            changed,
            unreadable,
            unassigned,
            last_at: last_posts_at(registry, changed, unassigned),
            displaced: BTreeMap::new(),
            displaced_by_text: HashMap::new(),
            all_movable: OnceCell::new(),
            now,
        };
        candidates.displaced = candidates.posts_of_missing_files();
        candidates
    }

    /// The record with this id.
    pub(super) fn record(&self, id: &str) -> Option<&'a PostRecord> {
        self.registry.posts.get(id)
    }

    /// The last post at the path of a changed file.
    pub(super) fn last_at(&self, path: &Utf8Path) -> Option<&'a PostRecord> {
        self.record(self.last_at.get(path.as_str())?)
    }

    /// The known post whose id is in the front matter of `post`.
    pub(super) fn named_by(&self, post: &Post) -> Option<&'a PostRecord> {
        let posts = &self.registry.posts;
        posts.find(&post.id, post.atom_id()).or_else(|| {
            let mut others = post.other_ids.iter();
            others.find_map(|id| posts.find(id, id))
        })
    }

    /// The known post that has the id of `post`, in Atom or elsewhere.
    pub(super) fn with_id_of(&self, post: &Post) -> Option<&'a PostRecord> {
        self.registry.posts.find(&post.id, post.atom_id())
    }

    /// Counts the known posts with the titles and texts of `files`.
    pub(super) fn count_repeats<'p>(&self, files: impl Iterator<Item = &'p Post>) -> RepeatCounts {
        RepeatCounts::of(files, &self.registry.posts)
    }

    /// The post in the changed file at `path`.
    pub(super) fn changed_file(&self, path: &Utf8Path) -> Option<&'a Arc<Post>> {
        self.changed.get(position_of(path, self.changed)?).copied()
    }

    /// Whether the post is in another file, one that did not change.
    pub(super) fn is_in_unchanged_file(&self, id: &str) -> bool {
        let is_there = |path: &Utf8Path| self.registry.files.contains(path.as_str()) && !self.unreadable.missing.contains(path);
        self.registry.place(id).is_some_and(is_there)
            && !self.unassigned.ids.contains(id)
            && !self.registry.unmatched.contains(id)
    }

    /// Whether the post, whose file was at `path`, may be in another file now.
    fn may_have_moved(&self, id: &str, path: &Utf8Path) -> bool {
        match self.last_at.get(path.as_str()) {
            // the last post at the path of a changed file is found by that path
            Some(last) => **last != *id,
            None => position_of(path, self.changed).is_some() || self.is_gone(path),
        }
    }

    /// Whether the file at `path` is gone, or contains another post.
    fn is_gone(&self, path: &Utf8Path) -> bool {
        self.unreadable.missing.contains(path) || !(self.unreadable.is_there)(path) || self.registry.files.contains(path.as_str())
    }

    fn posts_of_missing_files(&self) -> BTreeMap<&'a str, &'a PostRecord> {
        let Registry {
            posts, files, unmatched, ..
        } = self.registry;
        let missing = self.unreadable.missing.iter();
        let missing = missing.filter_map(|path| posts.get(files.get(path.as_str())?.id()?));
        let movable = missing.filter(|record| !unmatched.contains(&record.id) && self.may_have_moved(&record.id, &record.source));
        movable.map(|record| (record.id.as_str(), record)).collect()
    }

    /// Adds posts with a file that contains something else now.
    pub(super) fn add_displaced(&mut self, records: Vec<&'a PostRecord>) {
        self.displaced
            .extend(records.into_iter().map(|record| (record.id.as_str(), record)));
        for record in self.displaced.values() {
            if let Some(text) = text_of(record) {
                self.displaced_by_text.entry(text).or_default().push(record);
            }
        }
    }

    /// The post with this id, if its file is gone or contains something else, so that it may be in another file.
    pub(super) fn movable(&self, id: &str) -> Option<&'a PostRecord> {
        let record = self.record(id)?;
        let is_unmatched = || self.registry.unmatched.contains(id) && self.may_have_moved(id, &record.source);
        (self.displaced.contains_key(id) || is_unmatched()).then_some(record)
    }

    /// The movable posts with this text, ordered by id. There are at most [`MOST_COPIES`].
    pub(super) fn movable_with_text(&self, text: &Digest) -> Vec<&'a PostRecord> {
        let Registry { posts, unmatched, .. } = self.registry;
        let displaced = self.displaced_by_text.get(text).map_or(&[][..], Vec::as_slice).iter();
        let displaced = displaced.filter_map(|record| self.movable(&record.id)).take(MOST_COPIES);
        let unmatched = unmatched.with_text(text, posts).iter();
        let unmatched = unmatched.filter_map(|id| self.movable(id)).take(MOST_COPIES);
        let all: BTreeMap<&str, &PostRecord> = unmatched
            .chain(displaced)
            .map(|record| (record.id.as_str(), record))
            .collect();
        all.into_values().take(MOST_COPIES).collect()
    }

    /// The movable posts with the text of `post`; none if that has few words.
    pub(super) fn movable_with_text_of(&self, post: &Post) -> Vec<&'a PostRecord> {
        if post.content.likeness.0 == 0 {
            return Vec::new();
        }
        self.movable_with_text(&post.content.text)
    }

    /// All movable posts, ordered by id; `None` if there are more than [`MOST_COMPARED`].
    pub(super) fn all_movable(&self) -> Option<&[&'a PostRecord]> {
        self.all_movable.get_or_init(|| self.find_all_movable()).as_deref()
    }

    fn find_all_movable(&self) -> Option<Vec<&'a PostRecord>> {
        let unmatched = self.registry.unmatched.iter().map(AsRef::as_ref);
        let unmatched = unmatched.filter(|&id| !self.displaced.contains_key(id));
        let ids = self.displaced.keys().copied().chain(unmatched);
        let mut all: Vec<_> = ids.filter_map(|id| self.movable(id)).take(MOST_COMPARED + 1).collect();
        all.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        (all.len() <= MOST_COMPARED).then_some(all)
    }

    /// Whether `post` must not match the withdrawn post in `record` at its path, because it would bring that back although it has the text
    /// of a post that readers have and whose file is gone.
    pub(super) fn has_text_of_moved_post(&self, post: &Post, record: &PostRecord) -> bool {
        let comes_back = record.withdrawn.is_some() && post.visibility(self.now) == Visibility::Public;
        comes_back
            && self.movable_with_text_of(post).iter().any(|other| {
                let is_as_close = closeness(post, other) >= closeness(post, record);
                other.withdrawn.is_none() && other.source != record.source && is_as_close
            })
    }
}

/// The last post at the path of each of the `changed` files: the one that was in it until now, or one without a file.
fn last_posts_at<'a>(registry: &Registry, changed: &[&'a Arc<Post>], unassigned: &Unassigned<'a>) -> HashMap<&'a str, PostId> {
    let mut last = unassigned.by_path.clone();
    for (position, id) in registry.unmatched.at_paths_of(changed, &registry.posts) {
        let Some(post) = changed.get(position) else { continue };
        let is_later = |other: &PostId| {
            let was_there_until_now = unassigned.ids.contains(other);
            !was_there_until_now && last_in_file(registry, post, other) < last_in_file(registry, post, id)
        };
        let path = post.source.as_str();
        if last.get(path).is_none_or(is_later) {
            last.insert(path, id.clone());
        }
    }
    last
}

/// A key that orders the posts without a file that were at the path of `post`. The last is one that is not withdrawn, else the one whose
/// id `post` names, else the one that was withdrawn last. A draft counts as withdrawn and may have been in the file until now, so the
/// name comes before the time.
fn last_in_file<'a>(registry: &Registry, post: &Post, id: &'a str) -> (bool, bool, Option<Timestamp>, &'a str) {
    let withdrawn = registry.posts.get(id).and_then(|record| record.withdrawn);
    (withdrawn.is_none(), named_id(post) == Some(id), withdrawn, id)
}
