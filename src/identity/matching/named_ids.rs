//! Rule 2: the front matter of the file names the id of a known post.
//!
//! The id in the front matter is what the author wants, with two limits. A post that readers know never gets the id of another post that
//! they know, whether that one has a file or was withdrawn: what was served stays. And an id that the file asked for before, when the
//! post was served under another one, is not given to it later by a restart or by an edit of something else.
//!
//! So a file that names the id of another post is that post only if readers do not know the file by another id: it is not at the path of
//! another post that it is similar to, it does not have the text of one whose file is gone, and it is not similar to one.

use super::candidates::MOST_COMPARED;
use super::matcher::{FileMatch, Matcher};
use super::similarity::{Similarity, closeness, has_title_or_text};
use crate::identity::known_files::named_id;
use crate::identity::match_warning::{MatchWarning, id_changed, id_not_used};
use crate::identity::record::PostRecord;
use crate::post::Post;

/// What the id in its front matter says about a file.
enum NamedId<'a> {
    /// The file is this known post.
    Known(&'a PostRecord),
    /// The file is a new post.
    New,
    /// Another file has the id. The next rules decide.
    Undecided,
}

/// Whether the front matter of `post` names `id`, in any of its keys.
pub(super) fn names_id(post: &Post, id: &str) -> bool {
    named_id(post) == Some(id) || post.rare.other_ids.iter().any(|other| other == id)
}

/// Whether the file in `record` named the same id before, or the file of `post` names the id of `record` in another key.
fn asked_before(post: &Post, record: &PostRecord) -> bool {
    record.wanted_id.as_deref() == named_id(post) || names_id(post, &record.id)
}

impl<'a> Matcher<'a> {
    /// Rule 2: matches files by the ids in their front matter.
    pub(super) fn match_by_named_id(&mut self) {
        let mut open = self.open();
        open.retain(|&index| named_id(self.files[index]).is_some());
        // first the files that stay the post at their path, whatever id they name
        for &index in &open {
            if let Some(record) = self.stays_in_place(index) {
                self.set_match(index, record);
            }
        }
        // of several files that name one id, the one that is similar to the post comes first: at its path, then elsewhere. If none is
        // similar, the one at its path comes first
        open.retain(|&index| self.results[index].is_none());
        open.sort_by_key(|&index| self.weakness_of_claim(self.files[index]));
        for index in open {
            match self.check_named_id(index) {
                NamedId::Known(record) => self.set_match(index, record),
                NamedId::New => self.results[index] = Some(FileMatch::default()),
                NamedId::Undecided => {}
            }
        }
    }

    /// How weak the claim of `post` is to the id that it names. 0 is the strongest.
    fn weakness_of_claim(&self, post: &Post) -> u8 {
        let here = self.candidates.last_at(post.source());
        let is_in_place = here.is_some_and(|record| names_id(post, &record.id));
        let named = self.candidates.named_by(post);
        let is_similar = named.is_some_and(|record| has_title_or_text(post, record));
        match (is_in_place, is_similar) {
            (true, true) => 0,
            (false, true) => 1,
            (true, false) => 2,
            (false, false) => 3,
        }
    }

    /// The last post at the path of the file at `index`, if the file is similar to it and the id that it names does not make it another
    /// post: the file asked for that id before, or it is the id of another post that readers know.
    fn stays_in_place(&self, index: usize) -> Option<&'a PostRecord> {
        let post: &Post = self.files[index];
        let here = self.free_at_path_of(post)?;
        if !has_title_or_text(post, here) || self.candidates.has_text_of_moved_post(post, here) {
            return None;
        }
        match self.candidates.named_by(post) {
            // handled with the other files that name this id
            Some(named) if named.id == here.id => None,
            Some(named) if self.is_free(&named.id) => {
                // an edit stays an edit, even if it gives the post the text of one that was withdrawn
                let is_edit = here.withdrawn.is_none() || Similarity::of(post, here).text;
                let stays = named.withdrawn.is_some() && is_edit || closeness(post, here) >= closeness(post, named);
                stays.then_some(here)
            }
            // another file has the id
            Some(_) => None,
            None => asked_before(post, here).then_some(here),
        }
    }

    /// What the id in the front matter of the file at `index` says about it.
    fn check_named_id(&self, index: usize) -> NamedId<'a> {
        let post: &Post = self.files[index];
        match self.candidates.named_by(post) {
            Some(named) if self.is_free(&named.id) && !self.has_similar_file_at_path(index, named) => {
                NamedId::Known(self.known_by_other_id(post, named).unwrap_or(named))
            }
            Some(_) => NamedId::Undecided,
            None => {
                let with_text = self.candidates.movable_with_text_of(post);
                let mut free = with_text.into_iter().filter(|record| self.is_free(&record.id));
                let asked = free.find(|record| asked_before(post, record));
                asked.map_or(NamedId::New, NamedId::Known)
            }
        }
    }

    /// Whether another file than the one at `index` is at the path of `record`, is similar to it, and names no id.
    fn has_similar_file_at_path(&self, index: usize, record: &PostRecord) -> bool {
        let other = self.candidates.changed_file(&record.source);
        other.is_some_and(|other| {
            let is_other = other.source() != self.files[index].source();
            is_other && named_id(other).is_none() && has_title_or_text(other, record)
        })
    }

    /// The post that readers know `post` by, if that is another one than `named`, whose id it names.
    fn known_by_other_id(&self, post: &Post, named: &PostRecord) -> Option<&'a PostRecord> {
        let here = self.candidates.last_at(post.source());
        let here = here.filter(|here| has_title_or_text(post, here));
        if here.is_some_and(|here| here.id == named.id && here.withdrawn.is_none()) {
            return None;
        }
        let rank = |record: &PostRecord| (closeness(post, record), record.withdrawn.is_none());
        let others = self.candidates.movable_with_text_of(post).into_iter().chain(here);
        let closer = others
            .filter(|other| other.id != named.id && self.is_free(&other.id) && rank(other) > rank(named))
            .max_by_key(|other| rank(other));
        if closer.is_some() {
            return closer;
        }
        if has_title_or_text(post, named) {
            return None;
        }
        self.most_similar_except(post, named)
    }

    /// The free post that is most similar to `post`, if only one is, and it is not `named`.
    fn most_similar_except(&self, post: &Post, named: &PostRecord) -> Option<&'a PostRecord> {
        if self.files.len() > MOST_COMPARED {
            return None;
        }
        let all = self.candidates.all_movable()?.iter();
        let free = all.filter(|other| other.id != named.id && self.is_free(&other.id));
        let similar = free.filter_map(|&other| {
            let similarity = Similarity::of(post, other);
            let is_similar = similarity.text || similarity.title && similarity.count() >= 2;
            is_similar.then_some((similarity.count(), other))
        });
        let mut similar: Vec<(usize, &PostRecord)> = similar.collect();
        similar.sort_by_key(|&(count, _)| count);
        match similar.as_slice() {
            [.., (second, _), (first, _)] if second == first => None,
            [.., (_, first)] => Some(first),
            [] => None,
        }
    }

    /// Adds warnings for files that are not the post whose id they name. A file that is new with the id is the successor of the post that
    /// was at its path.
    pub(super) fn warn_about_named_ids(&mut self) {
        for (index, &post) in self.files.iter().enumerate() {
            if named_id(post).is_none() {
                continue;
            }
            match self.results[index].as_ref().map(|result| result.id.clone()) {
                Some(Some(id)) => {
                    let named = self.candidates.with_id_of(post);
                    if !names_id(post, &id) && named.is_none_or(|named| *named.id != *id) {
                        let warning = id_not_used(post, self.candidates.record(post.id()), &id);
                        self.results[index] = Some(FileMatch {
                            id: Some(id),
                            warning: Some(Box::new(MatchWarning::new(warning))),
                        });
                    }
                }
                Some(None) => {
                    if let Some(here) = self.free_at_path_of(post)
                        && here.withdrawn.is_none()
                        && has_title_or_text(post, here)
                    {
                        let warning = MatchWarning {
                            predecessor: Some(here.id.as_str().into()),
                            diagnostic: id_changed(post, &here.id),
                        };
                        self.set_new(index, warning);
                    }
                }
                None => {}
            }
        }
    }
}
