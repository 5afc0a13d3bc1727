//! One post as the world knows it, and what its file and time do to that.

use std::borrow::Cow;

use crate::config::Config;
use crate::identity::SECOND;
use crate::identity::files::File;
use crate::identity::record::{Digest, Fingerprint, PostRecord, SiteRecord, last_told};
use crate::post::{Each, Origin, Post, Status, Visibility, Words, atom_id_for};
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// What time does to a post: what of its record can be another whenever its file, or the instant, is.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct PublicationState {
    date: Timestamp,
    changed: Option<Timestamp>,
    content: Option<Fingerprint>,
    pub(super) file: Option<Digest>,
    pub(super) withdrawn: Option<Timestamp>,
    returned: Option<Timestamp>,
    taken_back: bool,
    never_listed: bool,
}

impl PublicationState {
    pub(super) fn of(record: &PostRecord) -> PublicationState {
        PublicationState {
            date: record.date.timestamp(),
            changed: record.changed,
            content: record.content,
            file: record.file,
            withdrawn: record.withdrawn,
            returned: record.returned,
            taken_back: record.taken_back,
            never_listed: record.never_listed,
        }
    }

    /// `record` with it in the place of what it was, and with what readers are told of the post in `file`.
    pub(super) fn noted_in(self, record: PostRecord, file: &File) -> PostRecord {
        let updated = if file.is_out() {
            file.settled.updated.map(Moment::to_the_second)
        } else {
            record.updated
        };
        PostRecord {
            updated,
            changed: self.changed,
            content: self.content,
            file: self.file,
            withdrawn: self.withdrawn,
            returned: self.returned,
            taken_back: self.taken_back,
            never_listed: self.never_listed,
            ..record
        }
    }

    /// The same of a post whose file held `file`.
    pub(super) fn with_file(self, file: Option<Digest>) -> PublicationState {
        PublicationState { file, ..self }
    }

    fn last_told(&self) -> Timestamp {
        last_told(self.date, self.changed, self.returned)
    }

    /// Where its post is given an earlier date than in `record`, what was last told of it is noted: that is no edit, but `updated` must
    /// not go back.
    pub(super) fn with_date(mut self, record: &PostRecord, file: &File) -> PublicationState {
        let is_dated = file.read.alike.origins.date != Origin::FileTime;
        if is_dated && file.read.date < record.date && file.is_out() {
            self.changed = Some(self.last_told());
        }
        self
    }

    /// Where the content of its post is another, that is noted.
    pub(super) fn with_content(mut self, file: &File, config: &Config, now: Timestamp) -> PublicationState {
        if !file.is_out() {
            // nobody sees an edit of what nobody sees; but by its text it is known again
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
            // what is read otherwise now is no edit
            return self;
        }
        let is_quiet = file.read.minor.unwrap_or(config.posts.minor);
        if before.shown != file.read.content.shown && !is_quiet {
            let last = self.last_told();
            self.changed = Some(last.checked_add(SECOND).unwrap_or(last).max(now));
        }
        self
    }

    /// Where its post went from the lists or came back to them, that is noted. One that is held back because its file is not understood
    /// did not go.
    pub(super) fn in_lists(mut self, file: &File, now: Timestamp) -> PublicationState {
        let is_listed = file.visibility == Visibility::Public;
        let is_as_ever = is_listed || self.never_listed && file.visibility == Visibility::Unlisted;
        match self.withdrawn {
            Some(at) if is_as_ever => {
                self.withdrawn = None;
                let later = at.saturating_add(SECOND).unwrap_or(at);
                self.returned = Some(later.max(now));
            }
            None if !is_as_ever && file.visibility != Visibility::Held => {
                self.withdrawn = Some(self.last_told().max(now));
            }
            _ => {}
        }
        if self.withdrawn.is_some() && matches!(file.visibility, Visibility::Draft | Visibility::Private) {
            self.taken_back = true;
        } else if file.is_out() {
            self.taken_back = false;
        }
        if is_listed {
            self.never_listed = false;
        }
        self
    }
}

/// Whether `post`, which is held back because its file is not understood, is public all the same: it is in the file that readers have it
/// from, byte by byte, and what is new is only how that is read.
fn stays_public(post: &Post, record: &PostRecord) -> bool {
    // one that was listed and then unlisted counts as withdrawn, and can be read at its address
    let is_unlisted = post.standing == Status::Unlisted && !record.taken_back && record.content.is_some();
    post.is_held && (record.is_with_readers() || is_unlisted) && record.is_of_file(post)
}

/// Whether nothing is left in the file of `post`, of which readers have a text: an accident, and no edit.
fn is_emptied(post: &Post, record: &PostRecord) -> bool {
    let had_text = record
        .content
        .is_some_and(|content| content.text != Fingerprint::of_nothing());
    post.is_hollow() && had_text && record.is_with_readers() && !record.is_of_file(post)
}

/// Whether `post` is in the very file that readers have it from: what is read in it otherwise than then is no edit.
fn is_untouched(post: &Post, record: &PostRecord) -> bool {
    record.file == Some(post.file) && *record.source == *post.source() && record.content.is_some()
}

/// Whether a date that was read as `known` is read as the later `read` now, not only in another time zone, and still is past at `now`.
fn is_read_as_later(read: Moment, known: Moment, now: Timestamp) -> bool {
    let local = |moment: Moment| moment.timestamp().as_second() + i64::from(moment.offset().seconds());
    read > known && read.timestamp() <= now && local(read) != local(known)
}

/// `post` with the date that the world knows, and held back only where the world does not have it. A post that has appeared stays when
/// the clock is put back.
pub(super) fn dated<'a>(post: &'a Post, record: &PostRecord, now: Timestamp) -> Cow<'a, Post> {
    let read = post;
    let mut post = Cow::Borrowed(read);
    if stays_public(read, record) {
        post.to_mut().is_held = false;
    }
    if is_emptied(read, record) {
        post.to_mut().is_held = true;
    }
    let has_date = post.alike.origins.date != Origin::FileTime;
    if !has_date || is_untouched(read, record) && is_read_as_later(read.date.to_the_second(), record.date, now) {
        let post = post.to_mut();
        post.date = record.date;
        post.origins_mut().date = Origin::Ledger;
    }
    // this is noted only of what is out
    let was_out = post.date.to_the_second() == record.date;
    let is_out_already = was_out && post.date.timestamp() > now;
    if post.is_out_already != is_out_already {
        post.to_mut().is_out_already = is_out_already;
    }
    post
}

/// `post`, which has its date, with what else the world knows of it. It is copied only where that is something else than it says.
pub(super) fn known_to_the_world<'a>(
    mut post: Cow<'a, Post>,
    record: &PostRecord,
    state: &PublicationState,
    site: &SiteRecord,
    config: &Config,
) -> Cow<'a, Post> {
    if *post.id() != *record.id {
        let post = post.to_mut();
        post.words = Words::from(Each {
            id: &record.id,
            ..post.words.each()
        });
        post.origins_mut().id = Origin::Ledger;
        post.set_atom_id(None);
    }
    let made = if post.alike.origins.id == Origin::Ledger {
        atom_id_for(&record.id, config.authority())
    } else {
        post.rare.atom_id.clone()
    };
    let atom_id = record.served_atom_id(made.as_deref());
    if post.rare.atom_id.as_deref() != atom_id {
        post.to_mut().set_atom_id(atom_id);
    }
    if *post.address() == *record.wanted && (post.address(), post.slug()) != (&*record.address, &*record.slug) {
        let post = post.to_mut();
        post.words = Words::from(Each {
            address: &record.address,
            slug: &record.slug,
            ..post.words.each()
        });
        post.origins_mut().address = Origin::Displaced;
    }
    let here = |at: Timestamp| Moment::new(at, config.timezone().to_offset(at)).unwrap_or_else(|| Moment::utc(at));
    let since_then = |read: Option<Moment>| read.or(state.changed.map(here)).max(state.returned.map(here));
    let mut changed = since_then(post.updated);
    if is_untouched(&post, record) && changed.map(Moment::to_the_second) != record.updated {
        changed = since_then(record.updated);
    }
    let updated = changed.filter(|&changed| changed >= post.date);
    if post.updated != updated {
        post.to_mut().updated = updated;
    }
    let appeared = Some(record.first_served).filter(|&at| at > site.since);
    let told = [appeared, state.changed, state.returned]
        .into_iter()
        .flatten()
        .max()
        .map(CompactTimestamp::from);
    if post.told != told {
        post.to_mut().told = told;
    }
    post
}
