//! The state of one file: the version that was taken, and the newest one that is a post.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::inherited::Inherited;
use crate::post::{Digest, HELD_BACK, Origin, ParsedPost, Post, Status};
use crate::source::Version;
use crate::source_file::SourceFile;

/// The message about a version that lost its title and text.
pub const EMPTIED: &str = "has neither a title nor a text any more";
/// How to mend that.
pub const MEND_EMPTIED: &str = "write them again, or delete the file";

/// Reads a post: [`read_with`](crate::post::read_with), but in tests of what happens when that fails.
pub(super) type ReadPost = fn(&SourceFile, &Inherited, &Config) -> Result<ParsedPost, Diagnostic>;

/// A file of which a version was taken.
#[derive(Clone, Debug)]
pub(super) struct TrackedFile {
    /// The version taken; `None` where the file was not read since the start, and what is known of it was stored before.
    pub(super) version: Option<Version>,
    /// Whether the content may be another one although the version is the same.
    pub(super) is_recent: bool,
    /// When the version was taken.
    pub(super) taken: Tick,
    pub(super) state: FileState,
}

/// An instant of the monotonic clock, in milliseconds; after 49 days they begin anew, so that one long past may pass for recent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick(u32);

/// What the version of a file is that was taken.
#[derive(Clone, Debug)]
pub(super) enum FileState {
    /// It is a post.
    Post(Arc<Post>),
    /// It is none.
    Refused(Box<RefusedVersion>),
}

/// A version of a file that is no post, and why.
#[derive(Clone, Debug)]
pub(super) struct RefusedVersion {
    pub(super) path: Utf8PathBuf,
    /// The digest of the version.
    pub(super) digest: Digest,
    pub(super) why: Diagnostic,
    /// The newest version before it that is a post.
    pub(super) last_good: Option<Arc<Post>>,
}

impl From<Duration> for Tick {
    fn from(tick: Duration) -> Tick {
        Tick(u32::try_from(tick.as_millis() & u128::from(u32::MAX)).unwrap_or_default())
    }
}

impl Tick {
    /// Whether it was before `other`, if both are less than three weeks old.
    pub(super) fn is_before(self, other: Tick) -> bool {
        let age = other.0.wrapping_sub(self.0);
        age > 0 && age < u32::MAX / 2
    }

    /// How long it is past at `tick`.
    pub(super) fn age(self, tick: Duration) -> Duration {
        Duration::from_millis(Tick::from(tick).0.wrapping_sub(self.0).into())
    }
}

impl TrackedFile {
    pub(super) fn path(&self) -> &Utf8Path {
        match &self.state {
            FileState::Post(post) => &post.source,
            FileState::Refused(refusal) => &refusal.path,
        }
    }

    /// The newest version that is a post.
    pub(super) fn post(&self) -> Option<&Arc<Post>> {
        match &self.state {
            FileState::Post(post) => Some(post),
            FileState::Refused(refusal) => refusal.last_good.as_ref(),
        }
    }

    /// The newest version that is a post.
    pub(super) fn into_post(self) -> Option<Arc<Post>> {
        match self.state {
            FileState::Post(post) => Some(post),
            FileState::Refused(refusal) => refusal.last_good,
        }
    }

    /// Why the version taken is no post, where it is none.
    pub(super) fn refusal(&self) -> Option<&RefusedVersion> {
        match &self.state {
            FileState::Post(_) => None,
            FileState::Refused(refusal) => Some(refusal),
        }
    }

    /// The digest of the version taken.
    pub(super) fn digest(&self) -> Digest {
        match &self.state {
            FileState::Post(post) => post.file,
            FileState::Refused(refusal) => refusal.digest,
        }
    }
}

/// Reads a post. A fault in feedmill becomes an error about this file, and touches no other.
pub fn read_post(read: ReadPost, source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    if source.bytes.is_empty() {
        return Err(Diagnostic::new(Severity::Note, "empty", &source.path, "is empty").mend("write the post"));
    }
    catch_unwind(AssertUnwindSafe(|| read(source, inherited, config))).unwrap_or_else(|_| {
        let message = "made feedmill fail, which is a fault in feedmill";
        Err(Diagnostic::new(Severity::Error, "internal", &source.path, message).mend("report it with this file"))
    })
}

/// Returns `reading`, or why its version does not replace the last good one: it is held back, and readers have the last good one
/// (`is_public`); it lost title and text by accident; or it lost its date by a typing mistake. With the time of the file instead, the post
/// would have another id, and be another post to every reader. A version that hides the post is taken as it is.
pub(super) fn replacing(reading: ParsedPost, last_good: Option<&Post>, is_public: bool) -> Result<ParsedPost, Diagnostic> {
    let Some(last) = last_good else {
        return Ok(reading);
    };
    let post = &reading.post;
    if post.file == last.file {
        // nobody edited it, and the ledger knows whether readers have it
        return Ok(reading);
    }
    let is_hidden = matches!(post.status, Status::Draft | Status::Private);
    if !is_hidden && post.is_empty() && last.has_text() {
        return Err(Diagnostic::new(Severity::Error, "emptied", &post.source, EMPTIED).mend(MEND_EMPTIED));
    }
    if let Some(held) = reading.held.as_ref().filter(|_| !is_hidden) {
        let mut why = held.clone();
        // it is the last good version that stays, so nothing is held back
        why.message.truncate(why.message.trim_end_matches(HELD_BACK).len());
        return if is_public { Err(why) } else { Ok(reading) };
    }
    let is_undated = |post: &Post| post.origins.date == Origin::FileTime;
    let is_lost = is_undated(post) && !is_hidden && !is_undated(last);
    let is_slip = |remark: &&Diagnostic| matches!(remark.code, "date-impossible" | "date-unknown");
    match reading.remarks.iter().find(is_slip) {
        Some(slip) if is_lost => Err(slip.clone()),
        _ => Ok(reading),
    }
}

/// What becomes of the last good version of a file whose newest version is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// It stays published, with its text.
    Whole,
    /// It stays published, but its text cannot be had.
    WithoutText,
    /// Readers do not have it, and do not get it before the file is mended.
    HeldBack,
}

/// Adds to `error`, because of which the newest version of a post is not taken, what becomes of the last good one.
pub(super) fn last_good_stays(mut error: Diagnostic, stays: Stays) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str(match stays {
        Stays::Whole => "; the last good version stays published",
        Stays::WithoutText => "; the last good version stays listed, but its text cannot be shown until this is mended",
        Stays::HeldBack => "; the post is held back until this is mended",
    });
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_tick_is_right_on_every_day() {
        for day in [0, 1, 49, 50, 1000] {
            let at = Duration::from_hours(24 * day) + Duration::from_millis(3);
            for age in [0, 40, 3_600_000].map(Duration::from_millis) {
                assert_eq!(Tick::from(at).age(at + age), age, "day {day}");
            }
        }
    }

    #[test]
    fn ticks_are_in_order_when_their_count_begins_anew() {
        let tick = |milliseconds: u32| Tick(milliseconds);
        assert!(tick(1).is_before(tick(2)) && tick(u32::MAX).is_before(tick(3)));
        assert!(!tick(2).is_before(tick(2)) && !tick(3).is_before(tick(u32::MAX)));
    }

    #[test]
    fn a_file_takes_little_room() {
        assert!(size_of::<TrackedFile>() <= 72, "{} bytes", size_of::<TrackedFile>());
    }
}
