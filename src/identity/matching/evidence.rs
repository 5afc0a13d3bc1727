//! How much must match before a file is recognised as a known post whose file is gone.
//!
//! Notes made from one template have a title or most of a text in common, and are different posts. So a title counts only if no other
//! post has it, and a similar text only if it is long. A post whose file disappeared at the same time was probably renamed. A post that
//! was withdrawn before needs more: its id is not given to a note that only looks like it.

use std::collections::HashMap;

use super::similarity::Similarity;
use crate::identity::post_records::PostRecords;
use crate::identity::record::{Digest, PostRecord};
use crate::post::Post;

/// How many known posts have a title or a text.
#[derive(Default)]
pub(super) struct RepeatCounts {
    /// By the words of the title: how many posts that are not withdrawn have it, and how many posts.
    titles: HashMap<String, (usize, usize)>,
    texts: HashMap<Digest, usize>,
}

impl RepeatCounts {
    /// Counts the known posts with the title or the text of one of `files`.
    pub(super) fn of<'a>(files: impl Iterator<Item = &'a Post>, posts: &PostRecords) -> RepeatCounts {
        let mut repeats = RepeatCounts::default();
        for post in files {
            repeats.titles.insert(words(&post.title), (0, 0));
            repeats.texts.insert(post.content.text, 0);
        }
        for record in posts.iter() {
            if let Some((live, all)) = repeats.titles.get_mut(&words(&record.title)) {
                *live += usize::from(record.withdrawn.is_none());
                *all += 1;
            }
            if let Some(count) = record.content.and_then(|content| repeats.texts.get_mut(&content.text)) {
                *count += 1;
            }
        }
        repeats
    }

    /// Whether only the post in `record` has the title of `post`. Withdrawn posts count only if this one is withdrawn.
    fn is_only_title(&self, post: &Post, record: &PostRecord) -> bool {
        let (live, all) = self.titles.get(&words(&post.title)).copied().unwrap_or_default();
        if record.withdrawn.is_some() { all <= 1 } else { live <= 1 }
    }

    /// Whether at most one known post has the text of `post`.
    fn is_only_text(&self, post: &Post) -> bool {
        self.texts.get(&post.content.text).is_none_or(|&count| count <= 1)
    }
}

fn words(title: &str) -> String {
    let words: Vec<String> = title.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// What a file and a known post that was in another file have in common.
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
struct Evidence {
    similarity: Similarity,
    /// The same title, which the file contains and no other post has.
    has_only_title: bool,
    /// The same title, which the file contains.
    has_title: bool,
    is_same_file: bool,
    /// The same text, with enough words to be compared.
    is_same_text: bool,
    /// The same text, or a similar one that is long.
    is_text_meaningful: bool,
    /// The same text, or one with few changes.
    is_near_text: bool,
}

impl Evidence {
    fn of(post: &Post, record: &PostRecord, repeats: &RepeatCounts) -> Evidence {
        let similarity = Similarity::of(post, record);
        let has_title = similarity.title && post.has_title();
        let is_same_text = record.content.is_some_and(|content| content.is_same_text(&post.content));
        let is_near = record.content.is_some_and(|content| content.is_nearly_same(&post.content));
        Evidence {
            has_only_title: has_title && repeats.is_only_title(post, record),
            has_title,
            is_same_file: is_same_file(post, record),
            is_same_text,
            is_text_meaningful: is_same_text || similarity.text && post.has_long_text,
            is_near_text: is_same_text || is_near,
            similarity,
        }
    }

    /// Whether this is enough for a post whose file disappeared when this one appeared. If the file `may_be_rewritten`, the title alone is
    /// not.
    fn is_enough_for_moved(&self, may_be_rewritten: bool) -> bool {
        if self.is_same_file {
            return true;
        }
        let similarity = &self.similarity;
        // beside a title that no other post has, a similar text counts although it is short
        let has_text = self.is_text_meaningful || self.has_only_title && similarity.text;
        if may_be_rewritten && !has_text {
            return false;
        }
        let is_edited = self.is_text_meaningful && self.is_near_text && (self.has_title || similarity.slug);
        if similarity.days_differ {
            return is_edited;
        }
        let all = [self.has_only_title, has_text, similarity.day, similarity.slug];
        let is_known = self.has_only_title || self.is_text_meaningful;
        is_known && all.into_iter().filter(|&is_match| is_match).count() >= 2 || is_edited && self.has_title
    }

    /// Whether this is enough for a post that was withdrawn.
    fn is_enough_for_withdrawn(&self, post: &Post, repeats: &RepeatCounts) -> bool {
        let similarity = &self.similarity;
        if self.is_same_text {
            let is_unmistakable = post.has_long_text && repeats.is_only_text(post);
            return is_unmistakable || self.has_only_title;
        }
        if self.is_text_meaningful && !similarity.days_differ && (self.has_only_title || similarity.slug) {
            return true;
        }
        // title, slug and path may all have changed while feedmill was stopped
        if self.is_text_meaningful && self.is_near_text && similarity.day {
            return true;
        }
        self.has_only_title && (similarity.day && similarity.slug || self.is_same_file && (similarity.day || similarity.slug))
    }
}

/// Whether the file of `post` has a title or a text, and contains the same bytes as the file in `record`.
fn is_same_file(post: &Post, record: &PostRecord) -> bool {
    record.file == Some(post.file) && (post.has_title() || post.has_text())
}

/// Whether `post` and `record`, which was in another file, have enough in common to be the same post. The file `may_be_rewritten` if it
/// may be the last post at its own path.
pub(super) fn is_enough(post: &Post, record: &PostRecord, repeats: &RepeatCounts, may_be_rewritten: bool) -> bool {
    let evidence = Evidence::of(post, record, repeats);
    match record.withdrawn {
        None => evidence.is_enough_for_moved(may_be_rewritten),
        Some(_) => !may_be_rewritten && evidence.is_enough_for_withdrawn(post, repeats),
    }
}

/// Whether `post` and `record` are the same post, given that their texts are equal. `is_edited_in_place` says whether `post` looks like
/// the last post at its own path.
pub(super) fn is_enough_with_text(post: &Post, record: &PostRecord, repeats: &RepeatCounts, is_edited_in_place: bool) -> bool {
    let evidence = Evidence::of(post, record, repeats);
    if record.withdrawn.is_some() {
        return !is_edited_in_place && evidence.is_enough_for_withdrawn(post, repeats);
    }
    if post.has_long_text {
        return true;
    }
    let similarity = &evidence.similarity;
    let has_title = evidence.has_only_title || evidence.has_title && !similarity.days_differ;
    !is_edited_in_place && (evidence.is_same_file || similarity.slug || similarity.day || has_title)
}

/// Whether `post` and `record` are the same post, given that day and slug of `post` give the id of `record`.
pub(super) fn is_enough_with_id(post: &Post, record: &PostRecord, repeats: &RepeatCounts) -> bool {
    if record.content.is_none() {
        return true;
    }
    let evidence = Evidence::of(post, record, repeats);
    let similarity = &evidence.similarity;
    match record.withdrawn {
        None => evidence.has_title || evidence.is_text_meaningful || evidence.is_same_file || similarity.day,
        Some(_) => evidence.has_only_title && similarity.day || evidence.is_text_meaningful && !similarity.days_differ,
    }
}

/// Whether `post`, which would be public, is the withdrawn post in `record`, which was at the same path.
pub(super) fn is_enough_to_return(post: &Post, record: &PostRecord) -> bool {
    let similarity = Similarity::of(post, record);
    if record.content.is_none() || is_same_file(post, record) {
        return true;
    }
    let is_same_text = record.content.is_some_and(|content| content.is_same_text(&post.content));
    let has_title = similarity.title && post.has_title();
    let has_same_text = is_same_text && (post.has_long_text || !similarity.days_differ);
    let has_similar_text = similarity.text && post.has_long_text && !similarity.days_differ;
    has_title || has_same_text || has_similar_text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Config;
    use crate::identity::record::Fingerprint;
    use crate::post::read;
    use crate::source_file::SourceFile;
    use crate::time::{Moment, Timestamp};

    pub(in crate::identity::matching) const TEXT: &str = "The tide mill stands where the creek bends, and its wheel has turned twice a day for longer than the village can \
        remember. When the water falls the miller opens the sluice, and the stones begin to grind barley for the bread of the week.";
    pub(in crate::identity::matching) const OTHER: &str = "A keeper counts the ships that pass, writes each of them into a thick book, and trims the lamp before fog comes in \
        from the northern banks. Nobody reads what was written there, but she goes on all the same.";

    /// Whether `words` contains `word`.
    fn has(words: &str, word: &str) -> bool {
        words.split(' ').any(|each| each == word)
    }

    /// Evidence in words. `only` is a title that no other post has, `meaning` a text that is meaningful.
    fn evidence(words: &str) -> Evidence {
        Evidence {
            similarity: Similarity {
                title: has(words, "title") || has(words, "only"),
                day: has(words, "day"),
                slug: has(words, "slug"),
                text: has(words, "text") || has(words, "meaning"),
                days_differ: has(words, "differ"),
            },
            has_only_title: has(words, "only"),
            has_title: has(words, "title") || has(words, "only"),
            is_same_file: has(words, "file"),
            is_same_text: has(words, "same"),
            is_text_meaningful: has(words, "meaning"),
            is_near_text: has(words, "near"),
        }
    }

    #[test]
    fn evidence_for_a_post_whose_file_has_just_gone() {
        // the second answer is for a file that may be the last post at its own path
        let cases = [
            ("", false, false),
            ("file", true, true),
            ("only", false, false),
            ("only day", true, false),
            ("only slug", true, false),
            ("only text", true, true),
            ("title text", false, false),
            ("title day slug", false, false),
            ("text day slug", false, false),
            ("day slug", false, false),
            ("meaning", false, false),
            ("meaning day", true, true),
            ("meaning slug", true, true),
            ("meaning near", false, false),
            ("meaning near title", true, true),
            ("meaning title", false, false),
            ("meaning near title differ", true, true),
            ("meaning near slug differ", true, true),
            ("meaning near differ", false, false),
            ("meaning title slug differ", false, false),
            ("near title slug differ", false, false),
            ("only text slug differ", false, false),
        ];
        for (words, moved, rewritten) in cases {
            let found = [false, true].map(|may_be_rewritten| evidence(words).is_enough_for_moved(may_be_rewritten));
            assert_eq!(found, [moved, rewritten], "{words}");
        }
    }

    #[test]
    fn evidence_for_a_post_that_was_withdrawn() {
        let cases = [
            ("", false),
            ("meaning", false),
            ("meaning only", true),
            ("meaning slug", true),
            ("meaning title", false),
            ("meaning only differ", false),
            ("meaning slug differ", false),
            ("meaning near day", true),
            ("meaning near", false),
            ("meaning day", false),
            ("near day", false),
            ("only day slug", true),
            ("only day", false),
            ("only slug", false),
            ("only file", false),
            ("only file day", true),
            ("only file slug", true),
            ("title file day slug", false),
            ("same meaning slug day", false),
            ("same only", true),
        ];
        let mut post = post("title: A", TEXT);
        post.has_long_text = false;
        for (words, expected) in cases {
            let found = evidence(words).is_enough_for_withdrawn(&post, &RepeatCounts::default());
            assert_eq!(found, expected, "{words}");
        }
        for (is_long, count, expected) in [(true, 1, true), (true, 2, false), (false, 1, false)] {
            let mut repeats = RepeatCounts::default();
            repeats.texts.insert(post.content.text, count);
            post.has_long_text = is_long;
            let found = evidence("same").is_enough_for_withdrawn(&post, &repeats);
            assert_eq!(found, expected, "long: {is_long}, {count} posts have the text");
        }
    }

    pub(in crate::identity::matching) fn post(front_matter: &str, body: &str) -> Post {
        let file = SourceFile {
            path: "new.md".into(),
            bytes: format!("---\n{front_matter}\n---\n{body}\n").into_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        read(&file, &Config::default()).unwrap().post
    }

    /// A dated post, and a record that has only the things in `words` in common with it. `undated`: its file has no date. `similar` is a
    /// text with one word more.
    fn pair(words: &str) -> (Post, PostRecord) {
        let mut given = post("title: A;date: 2025-06-01".replace(';', "\n").as_str(), TEXT);
        given.has_long_text = has(words, "long");
        let mut record = PostRecord::of(&given, Timestamp::UNIX_EPOCH);
        if !has(words, "title") {
            record.title = "Another".into();
        }
        if !has(words, "slug") {
            record.slug = "another".into();
        }
        if !has(words, "file") {
            record.file = None;
        }
        if !has(words, "day") {
            record.date = Moment::utc(Timestamp::UNIX_EPOCH);
            record.is_dated = !has(words, "undated");
        }
        let content = |body: &str| -> Fingerprint { post("title: A", body).content };
        if has(words, "similar") {
            record.content = Some(content(&TEXT.replacen(' ', " again ", 1)));
        } else if !has(words, "same") {
            record.content = Some(content(OTHER));
        }
        (given, record)
    }

    /// Counts by which two posts have the title of `post`.
    fn two_with_title(post: &Post) -> RepeatCounts {
        let mut repeats = RepeatCounts::default();
        repeats.titles.insert(words(&post.title), (2, 2));
        repeats
    }

    #[test]
    fn a_same_text_is_enough_if_it_is_long_or_something_else_is_the_same() {
        // whether it is enough if no other post has the title, if another has it, and if the file looks like the post at its own path
        let cases = [
            ("same", [false, false, false]),
            ("same long", [true, true, true]),
            ("same file", [true, true, false]),
            ("same slug", [true, true, false]),
            ("same day", [true, true, false]),
            ("same title", [true, false, false]),
            ("same title undated", [true, true, false]),
        ];
        for (words, expected) in cases {
            let (post, record) = pair(words);
            let (once, twice) = (RepeatCounts::default(), two_with_title(&post));
            let found = [
                is_enough_with_text(&post, &record, &once, false),
                is_enough_with_text(&post, &record, &twice, false),
                is_enough_with_text(&post, &record, &once, true),
            ];
            assert_eq!(found, expected, "{words}");
        }
        let (post, mut record) = pair("same long title day slug");
        record.withdrawn = Some(Timestamp::UNIX_EPOCH);
        let found = [false, true].map(|is_edited| is_enough_with_text(&post, &record, &RepeatCounts::default(), is_edited));
        assert_eq!(found, [true, false], "withdrawn");
    }

    #[test]
    fn an_id_made_from_day_and_slug_needs_one_thing_more() {
        // the second answer is for a withdrawn post
        let cases = [
            ("", false, false),
            ("title", true, false),
            ("title undated", true, false),
            ("same", true, false),
            ("same undated", true, true),
            ("file", true, false),
            ("day", true, false),
            ("title day", true, true),
            ("same day", true, true),
        ];
        for (words, live, withdrawn) in cases {
            let (post, mut record) = pair(words);
            assert_eq!(is_enough_with_id(&post, &record, &RepeatCounts::default()), live, "{words}");
            record.withdrawn = Some(Timestamp::UNIX_EPOCH);
            assert_eq!(
                is_enough_with_id(&post, &record, &RepeatCounts::default()),
                withdrawn,
                "{words}, withdrawn"
            );
        }
        let (post, mut record) = pair("title day");
        record.withdrawn = Some(Timestamp::UNIX_EPOCH);
        assert!(
            !is_enough_with_id(&post, &record, &two_with_title(&post)),
            "another has the title"
        );
        record.content = None;
        assert!(
            is_enough_with_id(&post, &record, &two_with_title(&post)),
            "it was never served"
        );
    }

    #[test]
    fn a_withdrawn_post_returns_to_its_path_with_its_title_or_its_text() {
        let cases = [
            ("", false),
            ("day", false),
            ("file", true),
            ("title", true),
            ("same", false),
            ("same long", true),
            ("same undated", true),
            ("same day", true),
            ("similar long", false),
            ("similar day", false),
            ("similar long day", true),
        ];
        for (words, expected) in cases {
            let (post, record) = pair(words);
            assert_eq!(is_enough_to_return(&post, &record), expected, "{words}");
        }
        let (post, mut record) = pair("");
        record.content = None;
        assert!(is_enough_to_return(&post, &record), "it was never served");
    }

    #[test]
    fn the_same_bytes_count_if_there_is_a_title_or_a_text() {
        for (front_matter, body, expected) in [
            ("title: A", "", true),
            ("date: 2025-06-01", "Text.", true),
            ("date: 2025-06-01", "", false),
        ] {
            let post = post(front_matter, body);
            let record = PostRecord::of(&post, Timestamp::UNIX_EPOCH);
            assert_eq!(is_same_file(&post, &record), expected, "{front_matter} {body}");
        }
    }
}
