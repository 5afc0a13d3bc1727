//! The state of matching: which files are matched, and which posts are taken.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::candidates::Candidates;
use super::evidence::{RepeatCounts, is_enough_to_return};
use crate::identity::match_warning::MatchWarning;
use crate::identity::post_records::PostId;
use crate::identity::record::PostRecord;
use crate::post::{Post, Visibility};

/// The known post that a file was matched to.
#[derive(Debug, Default)]
pub(in crate::identity) struct FileMatch {
    /// The id of the known post; `None` for a new post.
    pub(in crate::identity) id: Option<PostId>,
    /// Boxed, because few files have one.
    pub(in crate::identity) warning: Option<Box<MatchWarning>>,
}

/// The state of matching. Its methods for each rule are in the files beside this one.
pub(super) struct Matcher<'a> {
    /// The posts in the changed files, ordered by path.
    pub(super) files: &'a [&'a Arc<Post>],
    pub(super) candidates: Candidates<'a>,
    /// For each file the result; `None` while there is none.
    pub(super) results: Vec<Option<FileMatch>>,
    /// The ids of posts that are matched to one of the files.
    matched: HashSet<&'a str>,
    /// Files, by index, with posts that they are similar to, but not enough.
    pub(super) doubtful: Vec<(usize, &'a PostRecord)>,
    /// Counted when first needed.
    repeats: OnceCell<RepeatCounts>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(files: &'a [&'a Arc<Post>], candidates: Candidates<'a>) -> Matcher<'a> {
        Matcher {
            files,
            candidates,
            results: files.iter().map(|_| None).collect(),
            matched: HashSet::new(),
            doubtful: Vec::new(),
            repeats: OnceCell::new(),
        }
    }

    /// Whether the post with this id can be matched: it is neither in an unchanged file nor matched by an earlier rule.
    pub(super) fn is_free(&self, id: &str) -> bool {
        !self.is_matched(id) && !self.candidates.is_in_unchanged_file(id)
    }

    /// Whether a file is matched to the post with this id.
    pub(super) fn is_matched(&self, id: &str) -> bool {
        self.matched.contains(id)
    }

    /// Matches the file at `index` to the post in `record`.
    pub(super) fn set_match(&mut self, index: usize, record: &'a PostRecord) {
        self.matched.insert(&record.id);
        self.results[index] = Some(FileMatch {
            id: Some(record.id.as_str().into()),
            warning: None,
        });
    }

    /// Makes the file at `index` a new post, with a warning.
    pub(super) fn set_new(&mut self, index: usize, warning: MatchWarning) {
        self.results[index] = Some(FileMatch {
            id: None,
            warning: Some(Box::new(warning)),
        });
    }

    /// The indices of the files without a result.
    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.files.len()).filter(|&index| self.results[index].is_none()).collect()
    }

    /// The last post at the path of `post`, if it is free.
    pub(super) fn free_at_path_of(&self, post: &Post) -> Option<&'a PostRecord> {
        let last = self.candidates.last_at(post.source());
        last.filter(|record| self.is_free(&record.id))
    }

    /// How many known posts have the titles and texts of the files.
    pub(super) fn repeats(&self) -> &RepeatCounts {
        let posts = self.files.iter().map(|post| &***post);
        self.repeats.get_or_init(|| self.candidates.count_repeats(posts))
    }

    /// Whether nothing keeps `post` from being the post in `record` at its path. If it would bring back a withdrawn post, more must match.
    /// A post that was taken back may have been in its file all the time.
    pub(super) fn may_return(&self, post: &Post, record: &PostRecord) -> bool {
        let is_public = post.visibility(self.candidates.now) == Visibility::Public;
        let comes_back = record.withdrawn.is_some() && !record.taken_back && is_public;
        !comes_back || is_enough_to_return(post, record)
    }
}
