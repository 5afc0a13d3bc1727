//! Rules 5 and 6: the file is similar to a known post whose file is gone, or its date and slug give that post's id.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::candidates::MOST_COMPARED;
use super::evidence::{is_enough, is_enough_with_id};
use super::matcher::Matcher;
use super::similarity::{Similarity, may_be_rewritten};
use crate::identity::known_files::named_id;
use crate::identity::match_warning::{MatchWarning, identity_unclear};
use crate::identity::record::PostRecord;

/// What the same bytes add to the rank of a pair: more than all that can match.
const SAME_FILE: usize = 8;

/// A file, by index, and a post that it is similar to.
#[derive(Clone, Copy)]
struct Pair<'a> {
    rank: usize,
    index: usize,
    record: &'a PostRecord,
}

impl<'a> Matcher<'a> {
    /// Rule 5: at least two of title, day, slug and text match. The most similar pairs are matched first. If a file or a post has two pairs
    /// of the same rank, the file is a new post with a warning.
    pub(super) fn match_by_likeness(&mut self) {
        let pairs = self.similar_pairs();
        // indexed by both sides, because there may be as many pairs as files and posts, multiplied
        let mut by_file: HashMap<usize, Vec<&Pair>> = HashMap::new();
        let mut by_post: HashMap<&str, Vec<&Pair>> = HashMap::new();
        for pair in &pairs {
            by_file.entry(pair.index).or_default().push(pair);
            by_post.entry(&pair.record.id).or_default().push(pair);
        }
        for &Pair { rank, index, record } in &pairs {
            if self.results[index].is_some() || self.is_matched(&record.id) {
                continue;
            }
            let is_rival = |pair: &&&Pair| {
                let is_same = pair.index == index && pair.record.id == record.id;
                let is_open = self.results[pair.index].is_none() && !self.is_matched(&pair.record.id);
                pair.rank == rank && !is_same && is_open
            };
            let rivals = by_file[&index].iter().filter(is_rival);
            let rivals: Vec<&PostRecord> = rivals.map(|pair| pair.record).collect();
            let has_rival_file = by_post[record.id.as_str()].iter().any(|pair| is_rival(&pair));
            if rivals.is_empty() && !has_rival_file {
                self.set_match(index, record);
            } else {
                let posts: Vec<&PostRecord> = std::iter::once(record).chain(rivals).collect();
                let warning = identity_unclear(self.files[index], &posts);
                self.set_new(index, MatchWarning::new(warning));
            }
        }
    }

    /// All pairs of an open file and a free post that have enough in common, the most similar first. Pairs with some things in common, but
    /// not enough, become doubtful.
    fn similar_pairs(&mut self) -> Vec<Pair<'a>> {
        let open = self.open();
        let (mut pairs, mut doubtful) = (Vec::new(), Vec::new());
        if open.is_empty() || open.len() > MOST_COMPARED {
            return pairs;
        }
        let all = self.candidates.all_movable().unwrap_or_default();
        for index in open {
            let post = self.files[index];
            let here = self.free_at_path_of(post);
            let is_rewritten = here.is_some_and(|here| may_be_rewritten(post, here));
            for &record in all.iter().filter(|record| self.is_free(&record.id)) {
                let similarity = Similarity::of(post, record);
                let is_same_file = record.file == Some(post.file);
                let is_similar = similarity.count() >= 2 && (similarity.title || similarity.text);
                if !is_same_file && !is_similar {
                    continue;
                }
                if is_enough(post, record, self.repeats(), is_rewritten) {
                    let rank = similarity.count() + if is_same_file { SAME_FILE } else { 0 };
                    pairs.push(Pair { rank, index, record });
                } else if is_similar && record.withdrawn.is_none() {
                    doubtful.push((index, record));
                }
            }
        }
        pairs.sort_by_key(|pair| Reverse(pair.rank));
        self.doubtful = doubtful;
        pairs
    }

    /// Rule 6: date and slug give exactly the id of a post whose file is gone. This also decides for files that rule 5 left unclear: they
    /// would get this id anyway.
    pub(super) fn match_by_date_and_slug(&mut self) {
        for (index, &post) in self.files.iter().enumerate() {
            let is_open = self.results[index].as_ref().is_none_or(|result| result.id.is_none());
            if is_open
                && named_id(post).is_none()
                && let Some(record) = self.candidates.movable(post.id())
                && self.is_free(&record.id)
                && is_enough_with_id(post, record, self.repeats())
            {
                self.set_match(index, record);
            }
        }
    }

    /// Adds warnings for new posts that are similar to a post whose file is gone, but not enough to be that post.
    pub(super) fn warn_about_doubtful_posts(&mut self) {
        let doubtful = std::mem::take(&mut self.doubtful);
        for pairs in doubtful.chunk_by(|one, other| one.0 == other.0) {
            let index = pairs[0].0;
            let posts = pairs.iter().map(|&(_, record)| record);
            let posts: Vec<&PostRecord> = posts.filter(|record| self.is_free(&record.id)).collect();
            if self.results[index].is_none() && !posts.is_empty() {
                let warning = identity_unclear(self.files[index], &posts);
                self.set_new(index, MatchWarning::new(warning));
            }
        }
    }
}
