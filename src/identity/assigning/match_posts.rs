//! Who the posts are whose files are others than before.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{MatchWarning, Settled, Whereabouts};
use crate::config::Config;
use crate::identity::files::File;
use crate::identity::matching::{Finding, Memory, named, recognise};
use crate::identity::record::PostRecord;
use crate::identity::{Id, Registry, place_of};
use crate::post::{Each, Origin, Post, Taken, Words};
use crate::time::Timestamp;

/// The posts that were in files which are others now: for now they are in none.
#[derive(Default)]
struct Unassigned<'a> {
    ids: HashSet<Id>,
    /// Each by its file.
    at: HashMap<&'a str, Id>,
}

impl Registry {
    /// Finds out who `changed` are, the posts in files that are others than before, which come ordered by path.
    pub(super) fn match_files(
        &mut self,
        changed: &[&Arc<Post>],
        whereabouts: &Whereabouts,
        config: &Config,
        now: Timestamp,
        settled: &mut Settled,
    ) {
        if changed.is_empty() {
            return;
        }
        let mut unassigned = self.unassign(changed);
        settled.changes.posts.reserve(changed.len());
        let findings = self.recognised(changed, &unassigned, whereabouts, now);
        for (&post, Finding { id, heir_of, remark }) in changed.iter().zip(findings) {
            if let Some(id) = &id {
                let was_stray = self.unmatched.remove(id, &self.posts);
                self.is_past_stale |= was_stray;
                let was_loose = unassigned.ids.remove(id);
                self.set_file(id, post.source(), !was_stray && !was_loose, settled);
            }
            match remark {
                Some(remark) => self.doubts.insert(post.source().to_owned(), MatchWarning { heir_of, remark }),
                None => self.doubts.remove(post.source()),
            };
            let file = self.known_as(post, id.as_deref(), config, now);
            settled.take(&file);
            self.files.insert(file);
        }
        // who lost its post to nobody leaves it a stray
        for id in unassigned.ids {
            self.lose(id);
        }
    }

    /// Has the posts be nobody that are in these files.
    fn unassign<'a>(&mut self, changed: &[&'a Arc<Post>]) -> Unassigned<'a> {
        let mut unassigned = Unassigned::default();
        if self.files.is_empty() {
            return unassigned;
        }
        for post in changed {
            if let Some(id) = self.take_held(post.source()) {
                unassigned.at.insert(post.source().as_str(), Arc::clone(&id));
                unassigned.ids.insert(id);
            }
        }
        unassigned
    }

    /// Who `changed` are, the posts in files that are others than before.
    fn recognised(
        &self,
        changed: &[&Arc<Post>],
        unassigned: &Unassigned,
        whereabouts: &Whereabouts,
        now: Timestamp,
    ) -> Vec<Finding> {
        if self.posts.len() == 0 {
            return changed.iter().map(|_| Finding::default()).collect();
        }
        let at = self.last_at(changed, unassigned);
        // where its file lay another post may be by now
        let is_gone = |path: &Utf8Path| {
            whereabouts.missing.contains(path) || !(whereabouts.is_there)(path) || self.files.contains(path.as_str())
        };
        // who lay last where a stranger lies is found by that
        let may_be_stranger = |id: &str, path: &Utf8Path| match at.get(path.as_str()) {
            Some(found) => **found != *id,
            None => place_of(path, changed).is_some() || is_gone(path),
        };
        let missing = whereabouts.missing.iter();
        let missing = missing.filter_map(|path| self.posts.get_with_id(self.files.get(path.as_str())?.id()?));
        let missing = missing.filter(|(id, record)| !self.unmatched.contains(id) && may_be_stranger(id, &record.source));
        let is_held = |id: &str| {
            let is_there = |place: &Utf8Path| self.files.contains(place.as_str()) && !whereabouts.missing.contains(place);
            self.place(id).is_some_and(is_there) && !unassigned.ids.contains(id) && !self.unmatched.contains(id)
        };
        recognise(
            changed,
            Memory {
                posts: &self.posts,
                at: &at,
                unmatched: &self.unmatched,
                may_be_stranger: &may_be_stranger,
                others: missing.collect(),
                others_by_text: HashMap::new(),
                all: OnceCell::new(),
                is_held: &is_held,
                now,
            },
        )
    }

    /// Which posts lay last where `strangers` lie: those that did until now, or strays.
    fn last_at<'a>(&self, strangers: &[&'a Arc<Post>], unassigned: &Unassigned<'a>) -> HashMap<&'a str, Id> {
        let mut at = unassigned.at.clone();
        for (place, id) in self.unmatched.lain_at(strangers, &self.posts) {
            let Some(stranger) = strangers.get(place) else { continue };
            let is_later = |other: &Id| {
                let is_loose = unassigned.ids.contains(other);
                !is_loose && self.when_last_at(stranger, other) < self.when_last_at(stranger, id)
            };
            let path = stranger.source().as_str();
            if at.get(path).is_none_or(is_later) {
                at.insert(path, Arc::clone(id));
            }
        }
        at
    }

    /// The order of the strays whose file lay where `post` lies, by when they lay there: last is the one that is not withdrawn, then the
    /// one that `post` names, then the one that went last. What is in no list counts as withdrawn, and may lie there all the same: so
    /// its name comes before the time.
    fn when_last_at<'a>(&self, post: &Post, id: &'a str) -> (bool, bool, Option<Timestamp>, &'a str) {
        let withdrawn = self.posts.get(id).and_then(|record| record.withdrawn);
        (withdrawn.is_none(), named(post) == Some(id), withdrawn, id)
    }

    /// Has the post with this id be the file at `path`, where it may have been another one, and `has_other` says whether that has it still.
    fn set_file(&mut self, id: &Id, path: &Utf8Path, has_other: bool, settled: &mut Settled) {
        if let Some(before) = self.place(id).filter(|before| has_other && *before != path) {
            let before = before.to_owned();
            self.touched.insert(before.clone());
            self.supplanted.insert(before);
        }
        let Some(source) = self.posts.source(id) else { return };
        if path == source {
            self.moved.remove(id);
        } else {
            settled.moved.push((path.to_owned(), source.to_owned()));
            self.moved.insert(Arc::clone(id), path.to_owned());
            self.is_past_stale = true;
        }
    }

    /// Settles new posts that were published under the id of a post without a file, and returns their files. One whose front matter names
    /// that id is that post. Any other one gets another id, for no sign says that it is that post: its day and slug only give that id, too,
    /// or a clash brought it to it.
    pub(super) fn resolve_id_clashes(&mut self, config: &Config, now: Timestamp, settled: &mut Settled) -> Vec<Utf8PathBuf> {
        let mut taken_in = Vec::new();
        for (path, id) in std::mem::take(&mut self.clashed) {
            let Some(file) = self.files.get(path.as_str()).filter(|file| file.id().is_none()) else {
                continue;
            };
            if named(&file.read) != Some(&*id) {
                let settled = Arc::new(self.with_free_id(&file.settled, config));
                if let Some(file) = self.files.get_mut(path.as_str()) {
                    file.settled = settled;
                }
                taken_in.push(path);
            } else if self.unmatched.remove(&id, &self.posts)
                && let Some(file) = self.files.take(path.as_str())
            {
                self.is_past_stale = true;
                let gone_now = self.posts.get(&id).filter(|record| record.withdrawn == Some(now));
                if let Some(record) = gone_now.map(Cow::into_owned) {
                    // nobody saw it go
                    self.posts.insert(PostRecord {
                        withdrawn: None,
                        ..record
                    });
                }
                self.set_file(&id, &path, false, settled);
                let file = self.known_as(&file.read, Some(&id), config, now);
                self.files.insert(file);
                taken_in.push(path);
            }
        }
        taken_in
    }

    /// `post`, which is new, with an id made of its path that no remembered post has.
    fn with_free_id(&self, post: &Arc<Post>, config: &Config) -> Post {
        let hash = blake3::hash(post.source().as_str().as_bytes()).to_hex();
        let id_with = |end: &str| {
            let slug = format!("{}-{}{end}", post.slug(), &hash[..12]);
            let taken = Taken {
                id: true,
                address: false,
            };
            post.displaced(&slug, taken, config)
        };
        let mut number = 1;
        let mut with_id = id_with("");
        // each try is an id that a post at this path had, and there are as many as were withdrawn
        while self.posts.contains(with_id.id()) && number <= self.posts.len() {
            number += 1;
            with_id = id_with(&format!("-{number}"));
        }
        let mut given = Post::clone(post);
        given.words = Words::from(Each {
            id: with_id.id(),
            ..post.words.each()
        });
        given.set_atom_id(None);
        given.origins_mut().id = Origin::Displaced;
        given
    }

    /// The file of `post`, which is the remembered post with this id, if it is one.
    fn known_as(&mut self, post: &Arc<Post>, id: Option<&str>, config: &Config, now: Timestamp) -> File {
        let known_as = match id {
            Some(id) if *id != *post.id() => Arc::new(Post {
                words: Words::from(Each { id, ..post.words.each() }),
                ..Post::clone(post)
            }),
            _ => Arc::clone(post),
        };
        let file = File {
            read: Arc::clone(post),
            settled: known_as,
            visibility: post.visibility(now),
            is_known: id.is_some(),
        };
        self.dressed(file, config, now)
    }
}
