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
        let are_dated = post.origins.date != Origin::FileTime && record.is_dated;
        let is_same_day = post.date.date() == record.date.date();
        Similarity {
            title: are_same_words(&post.title, &record.title),
            day: are_dated && is_same_day,
            slug: post.slug == *record.slug,
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
    let is_undated = post.origins.date == Origin::FileTime || !record.is_dated;
    record.withdrawn.is_none() && (is_undated || Similarity::of(post, record).day)
}

#[cfg(test)]
mod tests {
    use super::super::evidence::tests::{OTHER, TEXT, post};
    use super::*;
    use crate::time::{Moment, Timestamp};

    #[test]
    fn closeness_is_all_then_the_text_then_a_similar_text_then_the_title() {
        let known = post("title: A", TEXT);
        let record = PostRecord::of(&known, Timestamp::UNIX_EPOCH);
        let edited = format!("{TEXT} Again.");
        for (name, front_matter, body, expected) in [
            ("the same", "title: A", TEXT, [true, true, true, true]),
            ("another summary", "title: A\nsummary: Else.", TEXT, [false, true, true, true]),
            ("another title", "title: B", TEXT, [false, true, true, false]),
            ("an edited text", "title: A", &*edited, [false, false, true, true]),
            ("the title alone", "title: a", OTHER, [false, false, false, true]),
            ("nothing", "title: B", OTHER, [false, false, false, false]),
        ] {
            assert_eq!(closeness(&post(front_matter, body), &record), expected, "{name}");
        }
        // what is shown may be equal by chance, where the text is not
        let mut other = post("title: B", OTHER);
        other.content.shown = known.content.shown;
        assert_eq!(closeness(&other, &record), [false, false, false, false]);
    }

    #[test]
    fn a_title_from_the_name_of_the_file_does_not_count() {
        let cases = [
            ("title: A", TEXT, "title: A", OTHER, true),
            ("", TEXT, "", OTHER, false),
            ("", TEXT, "", TEXT, true),
            ("title: A", TEXT, "title: B", OTHER, false),
        ];
        for (known, text, front_matter, body, expected) in cases {
            let record = PostRecord::of(&post(known, text), Timestamp::UNIX_EPOCH);
            let found = has_written_title_or_text(&post(front_matter, body), &record);
            assert_eq!(found, expected, "{known:?}, then {front_matter:?}");
        }
        let mut record = PostRecord::of(&post("", TEXT), Timestamp::UNIX_EPOCH);
        record.content = None;
        assert!(
            has_written_title_or_text(&post("", OTHER), &record),
            "a record of an old ledger has no text"
        );
    }

    #[test]
    fn days_are_compared_only_where_both_have_one() {
        let dated = post("date: 2026-01-01", TEXT);
        let undated = post("title: A", TEXT);
        let mut record = PostRecord::of(&dated, Timestamp::UNIX_EPOCH);
        assert!(Similarity::of(&dated, &record).day);
        assert!(!Similarity::of(&undated, &record).days_differ);
        record.date = Moment::utc(Timestamp::UNIX_EPOCH);
        assert!(Similarity::of(&dated, &record).days_differ);
        record.is_dated = false;
        let similarity = Similarity::of(&dated, &record);
        assert!(!similarity.day && !similarity.days_differ);
    }
}
