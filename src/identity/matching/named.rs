//! Matches files by the ids in their front matter.
//!
//! An id in the front matter is what its author wants, and it is followed with two limits. A post that readers know never gets the id
//! of another post that they know, whether that one is there or was withdrawn: what was served stays. And an id that a file asked for
//! before, when it was served under another one, is not asked for anew by a restart or an edit of something else.
//!
//! So a file that names the id of another post is that post only where readers do not know the file by another id: it does not lie
//! where another post's file lay that it is like, it does not have the text of one whose file is gone, and it is not like one.

use std::borrow::Cow;

use super::signs::{closeness, is_alike, signs};
use super::{Finding, MOST_STRAYS, Memory, Search, named};
use crate::identity::place_of;
use crate::identity::record::PostRecord;
use crate::post::{Post, Visibility};

/// A remembered post, with its id.
type Known<'a> = (&'a str, Cow<'a, PostRecord>);

/// What the id in its front matter says about a file.
enum Verdict<'a> {
    /// It is this remembered post.
    Known(&'a str),
    /// It is a new post, whatever it was before.
    New,
    /// Another file has the id, so this one may still be what it was.
    Open,
}

/// Whether the front matter of `post` names `id`, in whatever key.
pub(super) fn names(post: &Post, id: &str) -> bool {
    named(post) == Some(id) || post.rare.other_ids.iter().any(|other| other == id)
}

impl<'a> Memory<'a> {
    /// The remembered post whose id the front matter of `stranger` names.
    fn named_by(&self, stranger: &Post) -> Option<Known<'a>> {
        let id = self.posts.find(stranger.id(), stranger.atom_id()).or_else(|| {
            let mut others = stranger.rare.other_ids.iter();
            others.find_map(|id| self.posts.find(id, id))
        })?;
        self.posts.get_with_id(id)
    }

    /// How weak the claim of `stranger` is to the post whose id it names: the weakest is the greatest.
    fn claim(&self, stranger: &Post) -> u8 {
        let is_there = self.at(stranger.source()).is_some_and(|(id, _)| names(stranger, id));
        let is_like = self.named_by(stranger).is_some_and(|(_, record)| is_alike(stranger, &record));
        match (is_there, is_like) {
            (true, true) => 0,
            (false, true) => 1,
            (true, false) => 2,
            (false, false) => 3,
        }
    }

    /// Whether a withdrawn post that lies where `stranger` lies must not be taken for it yet: `stranger` would bring it back, and there
    /// is a post with its text that readers have and whose file is gone.
    pub(super) fn has_moved_over(&self, stranger: &Post, record: &PostRecord) -> bool {
        let comes_back = record.withdrawn.is_some() && stranger.visibility(self.now) == Visibility::Public;
        comes_back
            && self.with_text_of(stranger).iter().any(|(_, other)| {
                let is_as_close = closeness(stranger, other) >= closeness(stranger, record);
                other.withdrawn.is_none() && other.source != record.source && is_as_close
            })
    }

    /// The posts with the text of `stranger` whose file is gone or has become something else.
    fn with_text_of(&self, stranger: &Post) -> Vec<Known<'a>> {
        if stranger.content.likeness.0 == 0 {
            return Vec::new();
        }
        self.with_text(&stranger.content.text)
    }
}

impl<'a> Search<'_, 'a> {
    /// Matches files by the ids in their front matter.
    pub(super) fn by_id(&mut self, memory: &Memory<'a>) {
        let strangers = self.strangers;
        let mut unknown = self.unknown();
        unknown.retain(|&at| named(strangers[at]).is_some());
        // what readers know a file by is not another's, whatever id that one names
        for &at in &unknown {
            if let Some(id) = self.stays_in_place(at, memory) {
                self.take(at, id);
            }
        }
        // of the files that name one id the one is it that is like the post: where the post's file lay, or elsewhere. Only where none is
        // like it, the one that lies there
        let mut others: Vec<_> = unknown.into_iter().filter(|&at| self.findings[at].is_none()).collect();
        others.sort_by_key(|&at| memory.claim(strangers[at]));
        for at in others {
            match self.verdict(at, memory) {
                Verdict::Known(id) => self.take(at, id),
                Verdict::New => self.findings[at] = Some(Finding::default()),
                Verdict::Open => {}
            }
        }
    }

    /// The post that lay where the stranger at `at` lies, if it is like that one and does not become another by the id that it names: it
    /// asked for that id before, or it is the id of another post that readers know.
    fn stays_in_place(&self, at: usize, memory: &Memory<'a>) -> Option<&'a str> {
        let stranger: &Post = self.strangers[at];
        let (id, here) = memory.at(stranger.source())?;
        if !self.is_free(id, memory) || !is_alike(stranger, &here) || memory.has_moved_over(stranger, &here) {
            return None;
        }
        match memory.named_by(stranger) {
            // one that names its id goes before others that do
            Some((named, _)) if *named == *id => None,
            Some((named, other)) if self.is_free(named, memory) => {
                // an edit in place is one, though it made the text that of a post which was withdrawn
                let is_edit = other.withdrawn.is_some() && (here.withdrawn.is_none() || signs(stranger, &here).text);
                (is_edit || closeness(stranger, &here) >= closeness(stranger, &other)).then_some(id)
            }
            // another file has that id
            Some(_) => None,
            None => asked_before(stranger, &here).then_some(id),
        }
    }

    /// What the id in the front matter of the stranger at `at` says about it.
    fn verdict(&self, at: usize, memory: &Memory<'a>) -> Verdict<'a> {
        let stranger: &Post = self.strangers[at];
        match memory.named_by(stranger) {
            Some((id, record)) if self.is_free(id, memory) && !self.is_elsewhere(at, &record) => {
                let other = self.known_otherwise(stranger, id, &record, memory);
                Verdict::Known(other.unwrap_or(id))
            }
            Some(_) => Verdict::Open,
            None => {
                let with_text = memory.with_text_of(stranger);
                let asked = with_text
                    .into_iter()
                    .find(|(id, record)| self.is_free(id, memory) && asked_before(stranger, record));
                asked.map_or(Verdict::New, |(id, _)| Verdict::Known(id))
            }
        }
    }

    /// Whether another post than the stranger at `at` lies where the file of `record` lay, is like it, and names no id of its own.
    fn is_elsewhere(&self, at: usize, record: &PostRecord) -> bool {
        place_of(&record.source, self.strangers).is_some_and(|found| {
            let post = self.strangers[found];
            post.source() != self.strangers[at].source() && named(post).is_none() && is_alike(post, record)
        })
    }

    /// The post that readers know `stranger` by, where that is another than the one with this `id`, of `record`, which it names.
    fn known_otherwise(&self, stranger: &Post, id: &str, record: &PostRecord, memory: &Memory<'a>) -> Option<&'a str> {
        let here = memory.at(stranger.source());
        let here = here.filter(|(_, here)| is_alike(stranger, here));
        if here
            .as_ref()
            .is_some_and(|(here, record)| **here == *id && record.withdrawn.is_none())
        {
            return None;
        }
        let rank = |record: &PostRecord| (closeness(stranger, record), record.withdrawn.is_none());
        let others = memory.with_text_of(stranger).into_iter().chain(here);
        let closer = others
            .filter(|(other, other_record)| **other != *id && self.is_free(other, memory) && rank(other_record) > rank(record))
            .max_by_key(|(_, record)| rank(record));
        if let Some((other, _)) = closer {
            return Some(other);
        }
        if is_alike(stranger, record) {
            return None;
        }
        // it is not like the post that it names, so it may be another that was moved and edited
        if self.strangers.len() > MOST_STRAYS {
            return None;
        }
        let all = memory.all_elsewhere()?;
        let alike = all.iter().filter(|(other, _)| ***other != *id && self.is_free(other, memory));
        let alike = alike.filter_map(|(other, record)| {
            let signs = signs(stranger, record);
            let is_like = signs.text || signs.title && signs.count() >= 2;
            is_like.then_some((signs.count(), *other))
        });
        let mut alike: Vec<_> = alike.collect();
        alike.sort_unstable();
        match alike.as_slice() {
            [.., (second, _), (first, _)] if second == first => None,
            [.., (_, first)] => Some(first),
            [] => None,
        }
    }
}

/// Whether the file of `record` named the same id before, or names the post's own id in another key.
fn asked_before(stranger: &Post, record: &PostRecord) -> bool {
    record.wanted_id.as_deref() == named(stranger) || names(stranger, &record.id)
}
