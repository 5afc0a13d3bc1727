//! What a file and a known post have in common.

use crate::identity::record::{Fingerprint, PostRecord};
use crate::post::{Origin, Post};

/// What a file and a known post have in common.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub(super) struct Similarity {
    pub(super) title: bool,
    pub(super) day: bool,
    pub(super) slug: bool,
    /// The same text, or a similar one.
    pub(super) text: bool,
    /// Whether both have a date, and not on the same day.
    pub(super) days_differ: bool,
}

impl Similarity {
    pub(super) fn of(post: &Post, record: &PostRecord) -> Similarity {
        let are_dated = post.alike.origins.date != Origin::FileTime && record.is_dated;
        let is_same_day = post.date.date() == record.date.date();
        Similarity {
            title: are_same_words(post.title(), &record.title),
            day: are_dated && is_same_day,
            slug: *post.slug() == *record.slug,
            text: record
                .content
                .is_some_and(|content| content.is_similar(&post.content) || content.is_same_text(&post.content)),
            days_differ: are_dated && !is_same_day,
        }
    }

    /// How many of title, day, slug and text match.
    pub(super) fn count(self) -> usize {
        let matches = [self.title, self.day, self.slug, self.text];
        matches.into_iter().filter(|&is_match| is_match).count()
    }
}

fn are_same_words(a: &str, b: &str) -> bool {
    let [a_words, b_words] = [a, b].map(|text| text.split_whitespace().map(str::to_lowercase));
    !a.trim().is_empty() && a_words.eq(b_words)
}

/// How close a file is to a known post, to be compared: whether all that it shows is the same, its text is the same, its text is similar,
/// its title is the same.
pub(super) fn closeness(post: &Post, record: &PostRecord) -> [bool; 4] {
    let similarity = Similarity::of(post, record);
    let is_same =
        |same: fn(&Fingerprint, &Fingerprint) -> bool| record.content.is_some_and(|content| same(&content, &post.content));
    [
        is_same(|one, other| one.shown == other.shown && one.text == other.text),
        is_same(|one, other| one.text == other.text),
        similarity.text,
        similarity.title,
    ]
}

/// Whether a file at the path of a known post has its title or its text.
pub(super) fn has_title_or_text(post: &Post, record: &PostRecord) -> bool {
    let similarity = Similarity::of(post, record);
    record.content.is_none() || similarity.title || similarity.text
}

/// Like [`has_title_or_text`], but a title from the file's name does not count: every file at this path has it.
pub(super) fn has_written_title_or_text(post: &Post, record: &PostRecord) -> bool {
    let similarity = Similarity::of(post, record);
    record.content.is_none() || similarity.title && post.has_title() || similarity.text
}

/// Whether a file at the path of a known post is that post if it matches no other: nothing speaks against it.
pub(super) fn may_be_rewritten(post: &Post, record: &PostRecord) -> bool {
    let is_undated = post.alike.origins.date == Origin::FileTime || !record.is_dated;
    record.withdrawn.is_none() && (is_undated || Similarity::of(post, record).day)
}
