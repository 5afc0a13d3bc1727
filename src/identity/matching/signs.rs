//! In what a file is like a remembered post.

use super::evidence::do_days_differ;
use crate::identity::record::PostRecord;
use crate::post::{Fingerprint, Origin, Post};

/// In what a stranger is like a remembered post.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each sign is there or not, whatever the others are"
)]
pub(super) struct Signs {
    pub(super) title: bool,
    pub(super) day: bool,
    pub(super) slug: bool,
    pub(super) text: bool,
    /// Whether both name a day, and not the same.
    pub(super) days_differ: bool,
}

impl Signs {
    pub(super) fn count(self) -> usize {
        [self.title, self.day, self.slug, self.text]
            .into_iter()
            .filter(|&sign| sign)
            .count()
    }
}

pub(super) fn signs(post: &Post, record: &PostRecord) -> Signs {
    let is_dated = post.alike.origins.date != Origin::FileTime;
    let same_words = |a: &str, b: &str| {
        let [a_words, b_words] = [a, b].map(|text| text.split_whitespace().map(str::to_lowercase));
        !a.trim().is_empty() && a_words.eq(b_words)
    };
    Signs {
        title: same_words(post.title(), &record.title),
        day: is_dated && record.is_dated && post.date.date() == record.date.date(),
        slug: *post.slug() == *record.slug,
        text: record
            .content
            .is_some_and(|content| content.is_similar(&post.content) || content.is_same_text(&post.content)),
        days_differ: do_days_differ(post, record),
    }
}

/// How close a file is to a remembered post, by what it shows: all of it, its text, a text like it, its title.
pub(super) fn closeness(post: &Post, record: &PostRecord) -> [bool; 4] {
    let signs = signs(post, record);
    let is_same =
        |same: fn(&Fingerprint, &Fingerprint) -> bool| record.content.is_some_and(|content| same(&content, &post.content));
    [
        is_same(|one, other| one.shown == other.shown && one.text == other.text),
        is_same(|one, other| one.text == other.text),
        signs.text,
        signs.title,
    ]
}

/// Whether a file that lies where the post's lay is like that post.
pub(super) fn is_alike(stranger: &Post, record: &PostRecord) -> bool {
    let signs = signs(stranger, record);
    record.content.is_none() || signs.title || signs.text
}

/// The same, where a title that only the file's name gives does not count: whatever lies there has it.
pub(super) fn is_alike_by_content(stranger: &Post, record: &PostRecord) -> bool {
    let signs = signs(stranger, record);
    record.content.is_none() || signs.title && stranger.has_title() || signs.text
}

/// Whether a file that lies where the post's lay may be that post, if nothing else is.
pub(super) fn is_plausible(stranger: &Post, record: &PostRecord) -> bool {
    let has_no_day = stranger.alike.origins.date == Origin::FileTime || !record.is_dated;
    record.withdrawn.is_none() && (has_no_day || signs(stranger, record).day)
}
