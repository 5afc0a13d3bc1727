//! The state of one file: the accepted version, and the newest good version.

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
/// The fix for it.
pub const MEND_EMPTIED: &str = "write them again, or delete the file";

/// The function that parses a post: [`read_with`](crate::post::read_with), except in tests of its failure.
pub(super) type ReadPost = fn(&SourceFile, &Inherited, &Config) -> Result<ParsedPost, Diagnostic>;

/// A file with an accepted version.
#[derive(Clone, Debug)]
pub(super) struct TrackedFile {
    /// The accepted version; `None` if the file was not read since the start and its post comes from storage.
    pub(super) version: Option<Version>,
    /// Whether the content may have changed although the version is the same.
    pub(super) is_recent: bool,
    /// When the version was accepted.
    pub(super) taken: Tick,
    pub(super) state: FileState,
}

/// A time of the monotonic clock, in milliseconds. It wraps after 49 days, so an old tick may look recent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick(u32);

/// The accepted version of a file: a post, or refused.
#[derive(Clone, Debug)]
pub(super) enum FileState {
    /// The version is a post.
    Post(Arc<Post>),
    /// The version is not a post.
    Refused(Box<RefusedVersion>),
}

/// A version of a file that is not a post, and why.
#[derive(Clone, Debug)]
pub(super) struct RefusedVersion {
    pub(super) path: Utf8PathBuf,
    /// The digest of the version.
    pub(super) digest: Digest,
    pub(super) why: Diagnostic,
    /// The newest good version before it.
    pub(super) last_good: Option<Arc<Post>>,
}

impl From<Duration> for Tick {
    fn from(tick: Duration) -> Tick {
        Tick(u32::try_from(tick.as_millis() & u128::from(u32::MAX)).unwrap_or_default())
    }
}

impl Tick {
    /// Whether this is before `other`, if both are less than three weeks old.
    pub(super) fn is_before(self, other: Tick) -> bool {
        let age = other.0.wrapping_sub(self.0);
        age > 0 && age < u32::MAX / 2
    }

    /// The time from this to `tick`.
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

    /// The newest good version.
    pub(super) fn post(&self) -> Option<&Arc<Post>> {
        match &self.state {
            FileState::Post(post) => Some(post),
            FileState::Refused(refusal) => refusal.last_good.as_ref(),
        }
    }

    /// The newest good version.
    pub(super) fn into_post(self) -> Option<Arc<Post>> {
        match self.state {
            FileState::Post(post) => Some(post),
            FileState::Refused(refusal) => refusal.last_good,
        }
    }

    /// Why the accepted version is not a post, if it is not one.
    pub(super) fn refusal(&self) -> Option<&RefusedVersion> {
        match &self.state {
            FileState::Post(_) => None,
            FileState::Refused(refusal) => Some(refusal),
        }
    }

    /// The digest of the accepted version.
    pub(super) fn digest(&self) -> Digest {
        match &self.state {
            FileState::Post(post) => post.file,
            FileState::Refused(refusal) => refusal.digest,
        }
    }
}

/// Parses a post. A panic becomes an error about this file and affects no other.
pub fn read_post(read: ReadPost, source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    if source.bytes.is_empty() {
        return Err(Diagnostic::new(Severity::Note, "empty", &source.path, "it is empty").mend("write the post"));
    }
    catch_unwind(AssertUnwindSafe(|| read(source, inherited, config))).unwrap_or_else(|_| {
        let message = "made feedmill fail, which is a fault in feedmill";
        Err(Diagnostic::new(Severity::Error, "internal", &source.path, message).mend("report it with this file"))
    })
}

/// Returns `reading`, or the error because of which it does not replace the last good version: it is held back and the last good version
/// is public (`is_public`); it has neither title nor text any more; or a typing mistake removed its date. With the time of the file
/// instead, the post would have another id, and every reader would show it twice. A version that hides the post is always accepted.
pub(super) fn check_replacement(
    reading: ParsedPost,
    last_good: Option<&Post>,
    is_public: bool,
) -> Result<ParsedPost, Diagnostic> {
    let Some(last) = last_good else {
        return Ok(reading);
    };
    let post = &reading.post;
    if post.file == last.file {
        // the file was not edited, and the ledger knows whether the post is public
        return Ok(reading);
    }
    let is_hidden = matches!(post.status, Status::Draft | Status::Private);
    if !is_hidden && post.is_empty() && last.has_text() {
        return Err(Diagnostic::new(Severity::Error, "emptied", &post.source, EMPTIED).mend(MEND_EMPTIED));
    }
    if let Some(held) = reading.held.as_ref().filter(|_| !is_hidden) {
        let mut why = held.clone();
        // the last good version stays published, so nothing is held back
        why.message.truncate(why.message.trim_end_matches(HELD_BACK).len());
        return if is_public { Err(why) } else { Ok(reading) };
    }
    let is_undated = |post: &Post| post.origins.date == Origin::FileTime;
    let is_lost = is_undated(post) && !is_hidden && !is_undated(last);
    let is_typo = |remark: &&Diagnostic| matches!(remark.code, "date-impossible" | "date-unknown");
    match reading.remarks.iter().find(is_typo) {
        Some(typo) if is_lost => Err(typo.clone()),
        _ => Ok(reading),
    }
}

/// What readers get of the last good version of a file whose newest version is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastGoodOutcome {
    /// It stays published, with its text.
    Whole,
    /// It stays published, but its text is not available.
    WithoutText,
    /// It is not public, and stays held back until the file is fixed.
    HeldBack,
}

/// Adds to `error`, about a refused version, what happens to the last good version.
pub(super) fn last_good_stays(mut error: Diagnostic, stays: LastGoodOutcome) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str(match stays {
        LastGoodOutcome::Whole => "; the last good version stays published",
        LastGoodOutcome::WithoutText => "; the last good version stays listed, but its text cannot be shown until this is fixed",
        LastGoodOutcome::HeldBack => "; the post is held back until this is fixed",
    });
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_tick_is_right_after_any_number_of_days() {
        for day in [0, 1, 49, 50, 1000] {
            let at = Duration::from_hours(24 * day) + Duration::from_millis(3);
            for age in [0, 40, 3_600_000].map(Duration::from_millis) {
                assert_eq!(Tick::from(at).age(at + age), age, "day {day}");
            }
        }
    }

    #[test]
    fn ticks_are_ordered_when_they_wrap() {
        let tick = |milliseconds: u32| Tick(milliseconds);
        assert!(tick(1).is_before(tick(2)) && tick(u32::MAX).is_before(tick(3)));
        assert!(!tick(2).is_before(tick(2)) && !tick(3).is_before(tick(u32::MAX)));
    }

    #[test]
    fn a_tracked_file_is_small() {
        assert!(size_of::<TrackedFile>() <= 72, "{} bytes", size_of::<TrackedFile>());
    }
}
