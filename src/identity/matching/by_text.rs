//! Rule 3: the file has the same text as a known post whose file is gone or contains something else, or the same bytes.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::candidates::MOST_COMPARED;
use super::evidence::is_enough_with_text;
use super::matcher::Matcher;
use super::similarity::{Similarity, has_title_or_text};
use crate::identity::record::{Digest, PostRecord};
use crate::post::Post;

impl<'a> Matcher<'a> {
    /// Rule 3, first part: same text. Of several files with one text, the one that has most in common with the post is matched.
    pub(super) fn match_by_text(&mut self) {
        let mut with_text: HashMap<&Digest, Vec<&PostRecord>> = HashMap::new();
        let mut pairs: Vec<(_, usize, &PostRecord)> = Vec::new();
        for index in self.open() {
            let post = self.files[index];
            let text = &post.content.text;
            // a folder of copies may have moved, so each text is looked up once
            let same = with_text
                .entry(text)
                .or_insert_with(|| self.candidates.movable_with_text(text));
            let is_edited = !same.is_empty() && self.is_edited_in_place(post);
            for &record in same.iter() {
                if is_enough_with_text(post, record, self.repeats(), is_edited) {
                    let is_same_folder = post.source().parent() == record.source.parent();
                    let count = Similarity::of(post, record).count();
                    pairs.push(((count, record.withdrawn.is_none(), is_same_folder), index, record));
                }
            }
        }
        pairs.sort_by_key(|&(rank, ..)| Reverse(rank));
        for (_, index, record) in pairs {
            if self.results[index].is_none() && self.is_free(&record.id) {
                self.set_match(index, record);
            }
        }
    }

    /// Rule 3, second part: same bytes, if only one file and one post has them.
    pub(super) fn match_by_bytes(&mut self) {
        let mut open = self.open();
        open.retain(|&index| {
            let post = self.files[index];
            (post.has_title() || post.has_text()) && !self.is_edited_in_place(post)
        });
        if open.is_empty() || open.len() > MOST_COMPARED {
            return;
        }
        let Some(all) = self.candidates.all_movable() else { return };
        let mut posts: HashMap<Digest, Vec<&'a PostRecord>> = HashMap::new();
        for &record in all {
            if let Some(file) = record.file
                && record.is_with_readers()
                && self.is_free(&record.id)
            {
                posts.entry(file).or_default().push(record);
            }
        }
        let mut files: HashMap<Digest, Vec<usize>> = HashMap::new();
        for index in open {
            files.entry(self.files[index].file).or_default().push(index);
        }
        for (file, indices) in files {
            if let ([index], Some([record])) = (&*indices, posts.get(&file).map(Vec::as_slice)) {
                self.set_match(*index, record);
            }
        }
    }

    /// Whether `post` is similar to the last post at its path, so that it is an edit of that one, whatever else it is equal to. A title is
    /// not enough for a post that was withdrawn.
    fn is_edited_in_place(&self, post: &Post) -> bool {
        self.free_at_path_of(post).is_some_and(|record| match record.withdrawn {
            None => has_title_or_text(post, record),
            Some(_) => Similarity::of(post, record).text,
        })
    }
}
