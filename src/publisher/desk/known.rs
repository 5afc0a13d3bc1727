//! What is known of one file: the version taken of it, and the newest that is a post.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::folder::Stamp;
use crate::folder::kept::Keep;
use crate::post::text::digest_in;
use crate::post::{Digest, Origin, Post, Reading, Standing};
use crate::source::SourceFile;

/// Reads a post: [`post::read`], but in tests of what happens when that fails.
pub(super) type ReadPost = fn(&SourceFile, &Config) -> Result<Reading, Diagnostic>;

/// A file of which a version was taken.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) stamp: Stamp,
    /// Whether another version may hide behind the stamp.
    pub(super) is_fresh: bool,
    /// When the version was taken, in nanoseconds of the monotonic clock: see [`Known::taken`].
    pub(super) taken: u64,
    pub(super) version: Version,
}

/// A version of a file.
#[derive(Clone, Debug)]
pub(super) enum Version {
    Good(Good),
    Refused(Box<Refusal>),
}

/// Why a version of a file is no post.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) path: Utf8PathBuf,
    /// What the version holds.
    pub(super) digest: Digest,
    pub(super) why: Diagnostic,
    /// The newest version before it that is a post.
    pub(super) last_good: Option<Good>,
}

/// A version of a file that is a post.
#[derive(Clone, Debug)]
pub(super) struct Good {
    pub(super) post: Arc<Post>,
    /// What the file holds.
    pub(super) digest: Digest,
    /// What is to be said about it, if anything.
    #[expect(
        clippy::box_collection,
        reason = "nearly always there is nothing, and that takes a third of the room"
    )]
    pub(super) remarks: Option<Box<Vec<Diagnostic>>>,
}

impl Known {
    pub(super) fn path(&self) -> &Utf8Path {
        match &self.version {
            Version::Good(good) => good.post.source(),
            Version::Refused(refusal) => &refusal.path,
        }
    }

    /// The newest version that is a post.
    pub(super) fn good(&self) -> Option<&Good> {
        match &self.version {
            Version::Good(good) => Some(good),
            Version::Refused(refusal) => refusal.last_good.as_ref(),
        }
    }

    /// The newest version that is a post, taken out.
    pub(super) fn into_good(self) -> Option<Good> {
        match self.version {
            Version::Good(good) => Some(good),
            Version::Refused(refusal) => refusal.last_good,
        }
    }

    /// The post in the newest version that is one.
    pub(super) fn post(&self) -> Option<&Arc<Post>> {
        Some(&self.good()?.post)
    }

    /// Why the version taken is no post, where it is none.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match &self.version {
            Version::Good(_) => None,
            Version::Refused(refusal) => Some(refusal),
        }
    }

    /// What the version taken holds.
    pub(super) fn digest(&self) -> Digest {
        match &self.version {
            Version::Good(good) => good.digest,
            Version::Refused(refusal) => refusal.digest,
        }
    }

    /// When the version was taken, by the monotonic clock.
    pub(super) fn taken(&self) -> Duration {
        Duration::from_nanos(self.taken)
    }

    /// Whether the next start may do with what was read, in the place of the file. Where there is something to be said about it, that is
    /// to be said anew.
    pub(super) fn may_be_kept(&self) -> bool {
        matches!(&self.version, Version::Good(good) if good.remarks.is_none()) && !self.is_fresh
    }

    /// What is kept for the next start.
    pub(super) fn to_keep(&self) -> Option<Keep> {
        let Good { post, digest, .. } = self.good().filter(|_| self.may_be_kept())?;
        Some(Keep {
            stamp: self.stamp,
            digest: *digest,
            post: Arc::clone(post),
        })
    }

    /// What is to be said about it. Where the version taken is refused, that is why: what there was to say about an older one names
    /// lines that are no more.
    pub(super) fn said(&self) -> &[Diagnostic] {
        match &self.version {
            Version::Good(good) => good.remarks.as_deref().map_or(&[], Vec::as_slice),
            Version::Refused(refusal) => std::slice::from_ref(&refusal.why),
        }
    }
}

/// Reads a post; a fault of feedmill's own is an error about this file, and no other's.
pub fn read_post(read: ReadPost, source: &SourceFile, config: &Config) -> Result<Reading, Diagnostic> {
    if source.bytes.is_empty() {
        return Err(Diagnostic::new(Severity::Note, "empty", &source.path, "is empty").mend("write the post"));
    }
    catch_unwind(AssertUnwindSafe(|| read(source, config))).unwrap_or_else(|_| {
        let message = "made feedmill fail, which is a fault in feedmill";
        Err(Diagnostic::new(Severity::Error, "internal", &source.path, message).mend("report it with this file"))
    })
}

/// What tells the content of `source` from any other, also where nothing can be made of it.
pub fn digest_of(source: &SourceFile) -> Digest {
    catch_unwind(AssertUnwindSafe(|| digest_in(source))).unwrap_or_else(|_| Digest::of(&source.bytes))
}

/// `reading`, unless it has lost the date that the last good version had to a slip of the pen: with the file's time in its place, the
/// post would have another id, and be another post to every reader. What nobody is to see any more is taken as it is.
pub(super) fn with_its_date(reading: Reading, last_good: Option<&Good>) -> Result<Reading, Diagnostic> {
    let is_undated = |post: &Post| post.alike.origins.date == Origin::FileTime;
    let is_hidden = matches!(reading.post.standing, Standing::Draft | Standing::Private);
    let is_lost = is_undated(&reading.post) && !is_hidden && last_good.is_some_and(|good| !is_undated(&good.post));
    let is_slip = |remark: &&Diagnostic| matches!(remark.code, "date-impossible" | "date-unknown");
    match reading.remarks.iter().find(is_slip) {
        Some(slip) if is_lost => Err(slip.clone()),
        _ => Ok(reading),
    }
}

/// `error`, which keeps the newest version of a post from being taken; `has_text` says whether the text of the last good one can be had.
pub(super) fn last_good_stays(mut error: Diagnostic, has_text: bool) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str(if has_text {
        "; the last good version stays published"
    } else {
        "; the last good version stays listed, but its text cannot be shown until this is mended"
    });
    error
}
