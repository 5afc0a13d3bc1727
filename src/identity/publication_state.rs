//! The dates, the visibility and the content of a post that readers know, and how its file and the time change them.

use std::borrow::Cow;
use std::sync::Arc;

use super::known_files::KnownFile;
use super::record::{Digest, Fingerprint, PostRecord, SiteRecord, second_after};
use crate::config::Config;
use crate::post::{Kind, Origin, Post, Status, Visibility, atom_id_for, is_place_of_pages};
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// The part of a record that changes with the file and with time.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct PublicationState {
    date: Timestamp,
    changed: Option<Timestamp>,
    content: Option<Fingerprint>,
    file: Option<Digest>,
    pub(super) withdrawn: Option<Timestamp>,
    returned: Option<Timestamp>,
    listed: Option<Timestamp>,
    taken_back: bool,
    never_listed: bool,
}

/// Sets the post of `file` to the one that readers know by `record`. Returns the state of the post at `now`.
pub(super) fn publish_as(
    file: &mut KnownFile,
    record: &PostRecord,
    site: &SiteRecord,
    config: &Config,
    now: Timestamp,
) -> PublicationState {
    let read = Arc::clone(&file.read);
    let post = with_known_date(with_known_kind(&read, record), record, now);
    file.visibility = post.visibility(now);
    let state = PublicationState::of(record)
        .with_date(record, file)
        .with_content(file, config, now)
        .with_visibility(file, now);
    let post = with_known_id_and_address(post, record, config);
    match with_known_changes(post, record, &state, site, config) {
        Cow::Borrowed(_) => file.published = read,
        Cow::Owned(post) if *file.published != post => file.published = Arc::new(post),
        Cow::Owned(_) => {}
    }
    state
}

impl PublicationState {
    /// The state in `record`.
    pub(super) fn of(record: &PostRecord) -> PublicationState {
        PublicationState {
            date: record.date.timestamp(),
            changed: record.changed,
            content: record.content,
            file: record.file,
            withdrawn: record.withdrawn,
            returned: record.returned,
            listed: record.listed,
            taken_back: record.taken_back,
            never_listed: record.never_listed,
        }
    }

    /// Writes this state to `record`, and the date of the last change if the post in `file` can be read.
    pub(super) fn write_to(self, record: &mut PostRecord, file: &KnownFile) {
        if file.is_readable() {
            record.updated = file.published.updated.map(Moment::to_the_second);
        }
        record.changed = self.changed;
        record.content = self.content;
        record.file = self.file;
        record.withdrawn = self.withdrawn;
        record.returned = self.returned;
        record.listed = self.listed;
        record.taken_back = self.taken_back;
        record.never_listed = self.never_listed;
    }

    fn last_seen_change(&self) -> Timestamp {
        let dates = [self.changed, self.returned];
        dates.into_iter().flatten().fold(self.date, Timestamp::max)
    }

    /// The state after the date in the file was read. An earlier date than before is not an edit, but `updated` must not go back.
    fn with_date(mut self, record: &PostRecord, file: &KnownFile) -> PublicationState {
        let is_dated = file.read.origins.date != Origin::FileTime;
        if is_dated && file.read.date < record.date && file.is_readable() {
            self.changed = Some(self.last_seen_change());
        }
        self
    }

    /// The state after the content of the file was read.
    fn with_content(mut self, file: &KnownFile, config: &Config, now: Timestamp) -> PublicationState {
        if !file.is_readable() {
            // readers do not see this edit, but the post is recognised by its text later
            if file.read.has_text() {
                self.content = self.content.map(|before| Fingerprint {
                    shown: before.shown,
                    ..file.read.content
                });
            }
            return self;
        }
        let is_same_file = self.file.replace(file.read.file) == Some(file.read.file);
        let Some(before) = self.content.replace(file.read.content) else {
            return self;
        };
        if is_same_file {
            // this version of feedmill reads the same file differently, which is not an edit
            return self;
        }
        let is_minor = file.read.minor.unwrap_or(config.posts.minor);
        if before.shown != file.read.content.shown && !is_minor {
            self.changed = Some(second_after(self.last_seen_change()).max(now));
        }
        self
    }

    /// The state after the post was withdrawn or came back. A post that is held back, because its file is not understood, was not
    /// withdrawn.
    fn with_visibility(mut self, file: &KnownFile, now: Timestamp) -> PublicationState {
        let is_listed = file.visibility == Visibility::Public;
        let is_as_before = is_listed || self.never_listed && file.is_readable();
        match self.withdrawn {
            Some(at) if is_as_before => {
                self.withdrawn = None;
                self.returned = Some(second_after(at).max(now));
            }
            None if !is_as_before && file.visibility != Visibility::Held => {
                self.withdrawn = Some(self.last_seen_change().max(now));
            }
            _ => {}
        }
        if self.withdrawn.is_some() && matches!(file.visibility, Visibility::Draft | Visibility::Private) {
            self.taken_back = true;
        } else if file.is_readable() {
            self.taken_back = false;
        }
        if is_listed && std::mem::take(&mut self.never_listed) {
            self.listed = Some(now);
        }
        self
    }
}

/// Whether `post`, which is held back because its file is not understood, is published all the same: readers have it from this very file,
/// and only the rules of reading are new.
fn stays_public(post: &Post, record: &PostRecord) -> bool {
    // a listed post that was made unlisted counts as withdrawn, and can still be read at its address
    let is_unlisted = post.status == Status::Unlisted && !record.taken_back && record.content.is_some();
    post.is_held && (record.is_with_readers() || is_unlisted) && record.matches_file(post)
}

/// Whether `post`, which is read as a page, stays the post that readers have: only its place says that it is a page, or only the rules of
/// reading are new.
fn stays_a_post(post: &Post, record: &PostRecord) -> bool {
    let is_listed = record.withdrawn.is_none() && !record.never_listed;
    let was_there = record.source == post.source || is_place_of_pages(&record.source);
    let is_only_by_place = was_there && matches!(post.kind, Kind::PageByPlace | Kind::NotFound);
    post.kind.is_page() && is_listed && (is_only_by_place || post.kind == Kind::Page && record.matches_file(post))
}

/// Whether the file of `post`, which readers have with a text, is empty now: that is an accident, and no edit.
fn is_emptied(post: &Post, record: &PostRecord) -> bool {
    let had_text = record
        .content
        .is_some_and(|content| content.text != Fingerprint::empty_text());
    post.is_empty() && had_text && record.is_with_readers() && !record.matches_file(post)
}

/// Whether readers have `post` from this very file. What is read differently in it now is not an edit.
fn is_untouched(post: &Post, record: &PostRecord) -> bool {
    record.file == Some(post.file) && *record.source == post.source && record.content.is_some()
}

/// Whether a date that was read as `known` is read as the later `read` now, which is past at `now`. A date in another time zone is not
/// later.
fn is_read_as_later(read: Moment, known: Moment, now: Timestamp) -> bool {
    let local = |moment: Moment| moment.timestamp().as_second() + i64::from(moment.offset().seconds());
    read > known && read.timestamp() <= now && local(read) != local(known)
}

/// `post` as a post at the address that readers know, if it is read as a page and stays a post.
fn with_known_kind<'a>(post: &'a Post, record: &PostRecord) -> Cow<'a, Post> {
    let mut post = Cow::Borrowed(post);
    if stays_a_post(&post, record) {
        let post = post.to_mut();
        post.kind = Kind::Post;
        post.address.clone_from(&record.address);
        post.slug.clone_from(&record.slug);
        post.origins.address = Origin::Ledger;
    }
    post
}

/// `post` with the date that readers know. It is held back only if readers do not have it, and a post that has appeared stays when the
/// clock is put back.
fn with_known_date<'a>(mut post: Cow<'a, Post>, record: &PostRecord, now: Timestamp) -> Cow<'a, Post> {
    if stays_public(&post, record) {
        post.to_mut().is_held = false;
    }
    if is_emptied(&post, record) {
        post.to_mut().is_held = true;
    }
    let has_date = post.origins.date != Origin::FileTime;
    if !has_date || is_untouched(&post, record) && is_read_as_later(post.date.to_the_second(), record.date, now) {
        let post = post.to_mut();
        post.date = record.date;
        post.origins.date = Origin::Ledger;
    }
    // only posts that readers have had are recorded
    let has_appeared = post.date.to_the_second() == record.date;
    let is_out_already = has_appeared && post.date.timestamp() > now;
    if post.is_out_already != is_out_already {
        post.to_mut().is_out_already = is_out_already;
    }
    post
}

/// `post` with the id and the address that readers know. It is copied only if its file says something else.
fn with_known_id_and_address<'a>(mut post: Cow<'a, Post>, record: &PostRecord, config: &Config) -> Cow<'a, Post> {
    if post.id != *record.id {
        let post = post.to_mut();
        post.id.clone_from(&record.id);
        post.origins.id = Origin::Ledger;
        post.atom_id = None;
    }
    let made = if post.origins.id == Origin::Ledger {
        atom_id_for(&record.id, config.authority())
    } else {
        post.atom_id.as_deref().map(str::to_owned)
    };
    let atom_id = record.served_atom_id(made.as_deref());
    if post.atom_id.as_deref() != atom_id {
        post.to_mut().atom_id = atom_id.map(Into::into);
    }
    if post.address == *record.wanted && (&post.address, &post.slug) != (&record.address, &record.slug) {
        let post = post.to_mut();
        post.address.clone_from(&record.address);
        post.slug.clone_from(&record.slug);
        post.origins.address = Origin::Displaced;
    }
    post
}

/// `post` with the date of its last change, and the instant at which readers last heard of it.
fn with_known_changes<'a>(
    mut post: Cow<'a, Post>,
    record: &PostRecord,
    state: &PublicationState,
    site: &SiteRecord,
    config: &Config,
) -> Cow<'a, Post> {
    let local = |at: Timestamp| Moment::new(at, config.timezone().to_offset(at)).unwrap_or_else(|| Moment::utc(at));
    let last_change = |read: Option<Moment>| read.or(state.changed.map(local)).max(state.returned.map(local));
    let mut changed = last_change(post.updated);
    if is_untouched(&post, record) && changed.map(Moment::to_the_second) != record.updated {
        changed = last_change(record.updated);
    }
    let updated = changed.filter(|&changed| changed >= post.date);
    if post.updated != updated {
        post.to_mut().updated = updated;
    }
    let first_served = Some(record.first_served).filter(|&at| at > site.since);
    let appeared = first_served.max(state.returned).max(state.listed);
    let last_news = appeared.max(state.changed).map(CompactTimestamp::from);
    let appeared = appeared.map(CompactTimestamp::from);
    if (post.last_news, post.appeared) != (last_news, appeared) {
        let post = post.to_mut();
        post.last_news = last_news;
        post.appeared = appeared;
    }
    post
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::read;
    use crate::source_file::SourceFile;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn moment(text: &str) -> Moment {
        serde_json::from_value(text.into()).unwrap()
    }

    fn post(front_matter: &str, body: &str) -> Post {
        let file = SourceFile {
            path: "a.md".into(),
            bytes: format!("---\n{front_matter}\n---\n{body}\n").into_bytes().into(),
            modified: at("2026-01-01T00:00:00Z"),
        };
        read(&file, &Config::default()).unwrap().post
    }

    fn record(post: &Post) -> PostRecord {
        PostRecord::of(post, at("2026-01-01T00:00:00Z"))
    }

    const DATED: &str = "title: A\ndate: 2025-06-01";

    #[test]
    fn a_held_post_stays_public_only_from_the_file_that_readers_have() {
        let cases = [
            ("held", true),
            ("", false),
            ("held changed", false),
            ("held adopted", false),
            ("held withdrawn", false),
            ("held withdrawn unlisted", true),
            ("held withdrawn unlisted taken-back", false),
            ("held withdrawn unlisted adopted", false),
            ("held withdrawn unlisted changed", false),
            ("withdrawn unlisted", false),
        ];
        for (words, expected) in cases {
            let has = |word: &str| words.split(' ').any(|each| each == word);
            let mut post = post(DATED, "Text.");
            let mut record = record(&post);
            post.is_held = has("held");
            if has("unlisted") {
                post.status = Status::Unlisted;
            }
            if has("changed") {
                record.file = Some(Digest::of(b"another"));
            }
            if has("adopted") {
                record.content = None;
            }
            record.withdrawn = has("withdrawn").then_some(at("2026-01-01T00:00:00Z"));
            record.taken_back = has("taken-back");
            assert_eq!(stays_public(&post, &record), expected, "{words}");
        }
    }

    #[test]
    fn a_file_is_emptied_if_readers_have_a_text_from_it() {
        let full = record(&post(DATED, "Text."));
        let empty = post("date: 2025-06-01", "");
        assert!(is_emptied(&empty, &full));
        assert!(!is_emptied(&post(DATED, ""), &full), "it has a title");
        assert!(!is_emptied(&empty, &record(&empty)), "it never had a text");
        let never_had_text = record(&post(DATED, ""));
        assert!(!is_emptied(&empty, &never_had_text), "it had a title only");
        let withdrawn = PostRecord {
            withdrawn: Some(at("2026-01-01T00:00:00Z")),
            ..full.clone()
        };
        assert!(!is_emptied(&empty, &withdrawn), "readers do not have it");
        let same_file = PostRecord {
            file: Some(empty.file),
            ..full
        };
        assert!(!is_emptied(&empty, &same_file), "only the rules of reading are new");
    }

    #[test]
    fn a_date_in_another_zone_is_not_later() {
        let now = at("2026-01-01T00:00:00Z");
        let cases = [
            ("2025-06-02T00:00:00Z", "2025-06-01T00:00:00Z", true),
            ("2025-06-01T00:00:00Z", "2025-06-02T00:00:00Z", false),
            ("2025-06-01T00:00:00Z", "2025-06-01T00:00:00Z", false),
            // the same day and time, read in another zone
            ("2025-06-01T00:00:00Z", "2025-06-01T00:00:00+02:00", false),
            // the same instant
            ("2025-06-01T02:00:00+02:00", "2025-06-01T00:00:00Z", false),
            ("2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z", true),
            ("2026-01-01T00:00:01Z", "2025-06-01T00:00:00Z", false),
        ];
        for (read, known, expected) in cases {
            assert_eq!(is_read_as_later(moment(read), moment(known), now), expected, "{read} {known}");
        }
    }

    #[test]
    fn a_post_is_out_already_only_before_the_date_that_readers_know() {
        let post = post("title: A\ndate: 2025-06-01T00:00:00Z", "Text.");
        let known = record(&post);
        let is_out_already =
            |record: &PostRecord, now: &str| with_known_date(Cow::Borrowed(&post), record, at(now)).is_out_already;
        assert!(is_out_already(&known, "2025-05-31T23:59:59Z"));
        assert!(!is_out_already(&known, "2025-06-01T00:00:00Z"));
        let earlier = PostRecord {
            date: moment("2025-05-01T00:00:00Z"),
            ..known
        };
        assert!(!is_out_already(&earlier, "2025-05-31T23:59:59Z"), "its author wants it later");
    }

    #[test]
    fn a_post_keeps_the_id_that_readers_know_in_atom_too() {
        let config = Config::default();
        let post = post("title: A\nid: 7", "Text.");
        let known = record(&post);
        assert!(post.atom_id.is_some(), "the id is not an IRI");
        let published = |record: &PostRecord| with_known_id_and_address(Cow::Borrowed(&post), record, &config).into_owned();
        assert_eq!(published(&known), post);
        let other_in_atom = PostRecord {
            atom_id: Some("urn:x:1".into()),
            ..known.clone()
        };
        assert_eq!(published(&other_in_atom).atom_id.as_deref(), Some("urn:x:1"));
        // an adopted post was never in Atom, so its id there is made as for any other post
        let adopted = PostRecord {
            id: "8".into(),
            atom_id: None,
            content: None,
            ..known
        };
        let found = published(&adopted);
        assert_eq!((&*found.id, found.origins.id.clone()), ("8", Origin::Ledger));
        assert_eq!(found.atom_id.as_deref(), atom_id_for("8", config.authority()).as_deref());
        assert_ne!(found.atom_id, post.atom_id);
    }

    #[test]
    fn a_post_keeps_its_address_until_its_file_asks_for_another() {
        let post = post(DATED, "Text.");
        let known = record(&post);
        let displaced = PostRecord {
            address: "/posts/a-2".into(),
            slug: "a-2".into(),
            ..known.clone()
        };
        let asked_before = PostRecord {
            wanted: "/posts/b".into(),
            ..displaced.clone()
        };
        for (record, address, slug) in [
            (known, "/posts/a", "a"),
            (displaced, "/posts/a-2", "a-2"),
            (asked_before, "/posts/a", "a"),
        ] {
            let found = with_known_id_and_address(Cow::Borrowed(&post), &record, &Config::default());
            assert_eq!((&*found.address, &*found.slug), (address, slug));
            assert_eq!(found.origins.address == Origin::Displaced, address != "/posts/a");
        }
    }

    #[test]
    fn readers_are_told_of_posts_that_appeared_after_recording_began() {
        let post = post(DATED, "Text.");
        let record = record(&post);
        let first_served = record.first_served;
        for (since, is_told) in [
            (first_served - jiff::SignedDuration::from_secs(1), true),
            (first_served, false),
            (first_served + jiff::SignedDuration::from_secs(1), false),
        ] {
            let site = SiteRecord { since, identity: None };
            let state = PublicationState::of(&record);
            let found = with_known_changes(Cow::Borrowed(&post), &record, &state, &site, &Config::default());
            assert_eq!(found.last_news, is_told.then(|| first_served.into()), "{since}");
        }
    }
}
