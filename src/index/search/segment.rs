//! An inverted index of some posts, immutable: from a term to the posts that contain it.
//!
//! The terms are one sorted text. The postings of a term are consecutive bytes: for each post the distance from the one before,
//! times two, as a varint. Its lowest bit says whether a byte with the term's weight follows; otherwise the weight is one. So
//! most postings take a byte or two.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use super::tokens::{Purpose, tokens};
use crate::post::{Post, Texts, markdown};

/// The weight of a word, by where it is.
const TITLE_WEIGHT: u32 = 6;
const TAG_WEIGHT: u32 = 4;
const TEXT_WEIGHT: u32 = 1;

/// The inverted index of one set of posts.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The posts, by number. Held weakly: a segment may outlive its posts and needs only their identity. A post whose text could
    /// not be read is an empty reference, so that the next site reads it again.
    pub(super) posts: Vec<Weak<Post>>,
    /// The length of each post: the sum of its weights.
    pub(super) lengths: Vec<u32>,
    /// All terms, sorted and concatenated.
    terms: String,
    /// The end of each term in `terms`, and of its postings in `postings`.
    ends: Vec<(usize, usize)>,
    postings: Vec<u8>,
}

/// The postings of one term while they are collected.
#[derive(Default)]
struct PostingsBuilder {
    /// One more than the last post written; 0 before the first.
    written: u32,
    /// The current post and the term's weight in it, not yet written.
    post: u32,
    weight: u32,
    bytes: Vec<u8>,
}

impl Segment {
    /// Builds the segment of `posts`; their texts come from `texts`.
    pub(super) fn build<'a>(posts: impl IntoIterator<Item = &'a Arc<Post>>, texts: &dyn Texts) -> Segment {
        let mut segment = Segment::default();
        let mut numbers: HashMap<Box<str>, usize> = HashMap::new();
        let mut collected: Vec<PostingsBuilder> = Vec::new();
        for (post, number) in posts.into_iter().zip(0..) {
            let mut length = 0_u32;
            let text = texts.text_once(post);
            fields(post, text.as_deref(), |text, weight| {
                tokens(text, Purpose::Index, |term| {
                    length = length.saturating_add(weight);
                    let at = numbers.get(term).copied().unwrap_or_else(|| {
                        collected.push(PostingsBuilder::default());
                        numbers.insert(term.into(), collected.len() - 1);
                        collected.len() - 1
                    });
                    if let Some(postings) = collected.get_mut(at) {
                        postings.add(number, weight);
                    }
                });
            });
            segment.posts.push(text.map_or_else(Weak::new, |_| Arc::downgrade(post)));
            segment.lengths.push(length);
        }
        let mut sorted: Vec<(Box<str>, usize)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        for (term, at) in sorted {
            segment.terms.push_str(&term);
            if let Some(postings) = collected.get_mut(at) {
                postings.write();
                segment.postings.append(&mut postings.bytes);
                postings.bytes = Vec::new();
            }
            segment.ends.push((segment.terms.len(), segment.postings.len()));
        }
        segment.terms.shrink_to_fit();
        segment.ends.shrink_to_fit();
        segment.postings.shrink_to_fit();
        segment
    }

    /// Calls `found` with the number of each post that contains `term`, and its weight there. With `prefix`, longer terms that
    /// begin with it count half.
    pub(super) fn find(&self, term: &str, prefix: bool, mut found: impl FnMut(usize, u32)) {
        for number in self.numbers(term, prefix) {
            let is_whole = self.term(number) == term;
            for (post, weight) in self.postings(number) {
                found(post, if is_whole { 2 * weight } else { weight });
            }
        }
    }

    fn term(&self, number: usize) -> &str {
        self.terms.get(self.range(number, |end| end.0)).unwrap_or_default()
    }

    fn range(&self, number: usize, which: impl Fn(&(usize, usize)) -> usize) -> Range<usize> {
        let end = |number: usize| self.ends.get(number).map_or(0, &which);
        number.checked_sub(1).map_or(0, &end)..end(number)
    }

    /// The numbers of the terms that equal `term`, or begin with it.
    fn numbers(&self, term: &str, prefix: bool) -> Range<usize> {
        let first = partition_point(0..self.ends.len(), |number| self.term(number) < term);
        let is_found = |number: usize| {
            let other = self.term(number);
            if prefix { other.starts_with(term) } else { other == term }
        };
        first..partition_point(first..self.ends.len(), is_found)
    }

    fn postings(&self, number: usize) -> impl Iterator<Item = (usize, u32)> {
        let mut bytes = self.postings.get(self.range(number, |end| end.1)).unwrap_or_default().iter();
        let mut next = 0_usize;
        std::iter::from_fn(move || {
            let mut value = 0_usize;
            for shift in (0..35).step_by(7) {
                let byte = *bytes.next()?;
                value |= usize::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            let weight = if value & 1 == 1 { u32::from(*bytes.next()?) } else { 1 };
            next += value >> 1;
            Some((next - 1, weight))
        })
    }

    /// The approximate size in bytes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.terms.len() + self.postings.len() + self.ends.len() * 16 + self.posts.len() * 12
    }
}

impl PostingsBuilder {
    fn add(&mut self, post: u32, weight: u32) {
        if self.weight > 0 && self.post != post {
            self.write();
        }
        self.post = post;
        self.weight = self.weight.saturating_add(weight);
    }

    fn write(&mut self) {
        if self.weight == 0 {
            return;
        }
        let weight = u8::try_from(self.weight).unwrap_or(u8::MAX);
        let mut value = u64::from(self.post + 1 - self.written) << 1 | u64::from(weight > 1);
        while value >= 0x80 {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
        if weight > 1 {
            self.bytes.push(weight);
        }
        self.written = self.post + 1;
        self.weight = 0;
    }
}

/// Calls `read` with each searched text of `post` and the weight of a word in it. `text` is the post's text, if it could be
/// read.
pub(super) fn fields(post: &Post, text: Option<&str>, mut read: impl FnMut(&str, u32)) {
    read(&post.title, TITLE_WEIGHT);
    for tag in &*post.tags {
        read(tag, TAG_WEIGHT);
    }
    read(&post.summary, TEXT_WEIGHT);
    read(&markdown::searchable(text.unwrap_or_default()), TEXT_WEIGHT);
}

/// The first of `range` for which `is_before` is false; it is false for all after it.
fn partition_point(range: Range<usize>, is_before: impl Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        if is_before(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}
