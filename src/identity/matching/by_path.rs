//! Rules 1, 4 and 7: the file is at the path of a known post.

use super::matcher::Matcher;
use super::named_ids::names_id;
use super::similarity::{has_title_or_text, may_be_rewritten};
use crate::identity::known_files::named_id;
use crate::identity::record::PostRecord;
use crate::post::Post;

impl<'a> Matcher<'a> {
    /// Rule 1: same path, same text, and the file names no other id.
    pub(super) fn match_by_path_and_text(&mut self) {
        self.match_at_path(|matcher, post, record| {
            let is_same_text = record.content.is_some_and(|content| content.text == post.content.text);
            is_same_text
                && (named_id(post).is_none() || names_id(post, &record.id))
                && !matcher.candidates.has_text_of_moved_post(post, record)
                && matcher.may_return(post, record)
        });
    }

    /// Rule 4: same path, and the same title or a similar text.
    pub(super) fn match_by_path_and_likeness(&mut self) {
        self.match_at_path(|matcher, post, record| has_title_or_text(post, record) && matcher.may_return(post, record));
    }

    /// Rule 7: same path as a post that was not withdrawn, with the same day or no day.
    pub(super) fn match_by_path(&mut self) {
        self.match_at_path(|_, post, record| may_be_rewritten(post, record));
    }

    /// Matches files to the last posts at their paths, where `is_match` is true.
    fn match_at_path(&mut self, is_match: impl Fn(&Matcher<'a>, &Post, &PostRecord) -> bool) {
        for index in self.open() {
            let post = self.files[index];
            if let Some(record) = self.free_at_path_of(post)
                && is_match(self, post, record)
            {
                self.set_match(index, record);
            }
        }
    }
}
