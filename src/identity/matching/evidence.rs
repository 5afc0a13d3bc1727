//! How much must match before a file is taken for a post whose file is gone.
//!
//! Notes made from one template have a title or most of a text in common, and are different posts. So a title counts only where no other
//! post has it, and a similar text only where it is long. A post whose file went at the same time was probably renamed. A post that was
//! withdrawn before needs more: its id is not given to a note that merely looks like it.

use std::collections::HashMap;

use super::signs::{Signs, signs};
use crate::identity::record::{Digest, PostRecord};
use crate::identity::remembered::Remembered;
use crate::post::{Origin, Post};

/// How many posts have a title or a text.
#[derive(Default)]
pub(super) struct Repeats {
    /// Posts with a title, by the title's words: those that are not withdrawn, and all.
    titles: HashMap<String, (usize, usize)>,
    texts: HashMap<Digest, usize>,
}

impl Repeats {
    /// Counts the posts that have the title or the text of one of `strangers`.
    pub(super) fn of<'a>(strangers: impl Iterator<Item = &'a Post>, posts: &Remembered) -> Repeats {
        let mut repeats = Repeats::default();
        for stranger in strangers {
            repeats.titles.insert(words(stranger.title()), (0, 0));
            repeats.texts.insert(stranger.content.text, 0);
        }
        for (title, content, is_withdrawn) in posts.titles_and_texts() {
            if let Some((live, all)) = repeats.titles.get_mut(&words(title)) {
                *live += usize::from(!is_withdrawn);
                *all += 1;
            }
            if let Some(count) = content.and_then(|content| repeats.texts.get_mut(&content.text)) {
                *count += 1;
            }
        }
        repeats
    }

    /// Whether no other post than the one in `record` has the title of `stranger`. Where that one is not withdrawn, posts that are do not
    /// count.
    fn is_only_title(&self, stranger: &Post, record: &PostRecord) -> bool {
        let (live, all) = self.titles.get(&words(stranger.title())).copied().unwrap_or_default();
        if record.withdrawn.is_some() { all <= 1 } else { live <= 1 }
    }

    /// Whether at most one post has the text of `stranger`.
    fn is_only_text(&self, stranger: &Post) -> bool {
        self.texts.get(&stranger.content.text).is_none_or(|&count| count <= 1)
    }
}

fn words(title: &str) -> String {
    let words: Vec<String> = title.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// What a file and a post that was in another file have in common.
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, whatever the others are")]
struct Evidence {
    signs: Signs,
    /// The same title, which the file names and no other post has.
    has_only_title: bool,
    /// The same title, which the file names.
    has_title: bool,
    is_same_file: bool,
    /// The same text, of enough words to be compared.
    is_same_text: bool,
    /// The same text, or a similar one that is long.
    is_text_meaningful: bool,
    /// The same text, or one with few changes.
    is_near_text: bool,
}

impl Evidence {
    fn of(stranger: &Post, record: &PostRecord, repeats: &Repeats) -> Evidence {
        let signs = signs(stranger, record);
        let has_title = signs.title && stranger.has_title();
        let is_same_text = record.content.is_some_and(|content| content.is_same_text(&stranger.content));
        let is_near = record
            .content
            .is_some_and(|content| content.is_nearly_same(&stranger.content));
        Evidence {
            has_only_title: has_title && repeats.is_only_title(stranger, record),
            has_title,
            is_same_file: is_same_file(stranger, record),
            is_same_text,
            is_text_meaningful: is_same_text || signs.text && stranger.has_long_text,
            is_near_text: is_same_text || is_near,
            signs,
        }
    }

    /// Whether the post, whose file went when this one appeared, was moved here. Where the file `may_stay` another post, a title is too
    /// little.
    fn is_moved(&self, may_stay: bool) -> bool {
        if self.is_same_file {
            return true;
        }
        let signs = &self.signs;
        // with a title of its own, a similar text means something though it is short
        let has_text = self.is_text_meaningful || self.has_only_title && signs.text;
        if may_stay && !has_text {
            return false;
        }
        let is_same_post_edited = self.is_text_meaningful && self.is_near_text && (self.has_title || signs.slug);
        if signs.days_differ {
            return is_same_post_edited;
        }
        let all = [self.has_only_title, has_text, signs.day, signs.slug];
        let is_known = self.has_only_title || self.is_text_meaningful;
        is_known && all.into_iter().filter(|&sign| sign).count() >= 2 || is_same_post_edited && self.has_title
    }

    /// Whether the post, which was withdrawn, is back in this file.
    fn is_back(&self, stranger: &Post, repeats: &Repeats) -> bool {
        let signs = &self.signs;
        if self.is_same_text {
            let is_unmistakable = stranger.has_long_text && repeats.is_only_text(stranger);
            return is_unmistakable || self.has_only_title;
        }
        if self.is_text_meaningful && !signs.days_differ && (self.has_only_title || signs.slug) {
            return true;
        }
        // while feedmill was stopped it may have got another title, another slug and another place at once
        if self.is_text_meaningful && self.is_near_text && signs.day {
            return true;
        }
        self.has_only_title && (signs.day && signs.slug || self.is_same_file && (signs.day || signs.slug))
    }
}

/// Whether the file of `stranger` holds the very bytes that the file of `record` held, and they say something.
fn is_same_file(stranger: &Post, record: &PostRecord) -> bool {
    record.file == Some(stranger.file) && (stranger.has_title() || stranger.has_text())
}

/// Whether `stranger` is the post in `record`, whose file lay elsewhere, by what both have in common. The file `may_stay` the post that
/// was last in it.
pub(super) fn is_enough(stranger: &Post, record: &PostRecord, repeats: &Repeats, may_stay: bool) -> bool {
    let evidence = Evidence::of(stranger, record, repeats);
    match record.withdrawn {
        None => evidence.is_moved(may_stay),
        Some(_) => !may_stay && evidence.is_back(stranger, repeats),
    }
}

/// Whether `stranger`, which has the very text of the post in `record`, is that post. `is_in_place` says whether it is like the post that
/// was last in its file.
pub(super) fn is_enough_beside_text(stranger: &Post, record: &PostRecord, repeats: &Repeats, is_in_place: bool) -> bool {
    let evidence = Evidence::of(stranger, record, repeats);
    if record.withdrawn.is_some() {
        return !is_in_place && evidence.is_back(stranger, repeats);
    }
    if stranger.has_long_text {
        return true;
    }
    let signs = &evidence.signs;
    let is_like = signs.slug || signs.day || evidence.has_only_title || evidence.has_title && !signs.days_differ;
    !is_in_place && (evidence.is_same_file || is_like)
}

/// Whether `stranger`, whose day and slug give the id of the post in `record`, is that post.
pub(super) fn is_enough_beside_id(stranger: &Post, record: &PostRecord, repeats: &Repeats) -> bool {
    if record.content.is_none() {
        return true;
    }
    let evidence = Evidence::of(stranger, record, repeats);
    let signs = &evidence.signs;
    match record.withdrawn {
        None => evidence.has_title || evidence.is_text_meaningful || evidence.is_same_file || signs.day,
        Some(_) => evidence.has_only_title && signs.day || evidence.is_text_meaningful && !signs.days_differ,
    }
}

/// Whether `stranger`, which would be public, is the withdrawn post in `record`, whose file lay where it lies.
pub(super) fn is_back_in_place(stranger: &Post, record: &PostRecord) -> bool {
    let signs = signs(stranger, record);
    if record.content.is_none() || is_same_file(stranger, record) {
        return true;
    }
    let is_same_text = record.content.is_some_and(|content| content.is_same_text(&stranger.content));
    let has_title = signs.title && stranger.has_title();
    has_title || is_same_text && (stranger.has_long_text || !signs.days_differ) || {
        signs.text && stranger.has_long_text && !signs.days_differ
    }
}

/// Whether the day of `stranger`, which its file names, is another than that of the post in `record`.
pub(super) fn do_days_differ(stranger: &Post, record: &PostRecord) -> bool {
    let is_dated = stranger.alike.origins.date != Origin::FileTime;
    is_dated && record.is_dated && stranger.date.date() != record.date.date()
}
