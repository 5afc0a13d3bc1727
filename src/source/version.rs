//! The version of a file: metadata that changes whenever the file does, so that the file need not be read.

use std::fmt;

use crate::time::Timestamp;

/// The version of a file: metadata that changes whenever the file does. Only its source knows what the numbers mean.
///
/// Two writes within one tick of the source's clock may have the same version: see [`Version::is_recent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    file: FileId,
    size: u64,
    /// When the content changed, in nanoseconds since 1970; at most the year 2262.
    modified: i64,
    /// When the file, its name or its other metadata changed, by the source's clock.
    touched: i64,
}

/// Identifies a file of a source independently of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(pub(super) u64, pub(super) u64);

/// The coarsest clock of a file system, in nanoseconds: FAT counts in steps of two seconds.
const COARSEST_CLOCK: i128 = 2_000_000_000;

/// How far another machine's clock may be ahead, in nanoseconds: a day. A later time was set by hand.
const LARGEST_SKEW: i128 = 86_400_000_000_000;

impl Version {
    pub(super) fn new(file: FileId, size: u64, modified: i64, touched: i64) -> Version {
        Version {
            file,
            size,
            modified,
            touched,
        }
    }

    /// Returns this version after a change of the metadata only, at the source's time `touched`.
    pub(super) fn moved(self, touched: u64) -> Version {
        let touched = i64::try_from(touched).unwrap_or(i64::MAX);
        Version { touched, ..self }
    }

    /// The file of this version.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When the content last changed.
    #[must_use]
    pub fn modified(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.modified.into()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// When the file, its name or its other metadata last changed: a number to compare with others of the same source.
    #[must_use]
    pub fn touched(&self) -> i64 {
        self.touched
    }

    /// Whether the content changed so shortly before `now` that a later change may have the same version, as in Git's "racy" index
    /// entries.
    #[must_use]
    pub fn is_recent(&self, now: Timestamp) -> bool {
        is_recent(self.modified, now)
    }

    /// Whether the file or its metadata changed so shortly before `now`. Two versions may then have the same content time, which programs
    /// can set.
    #[must_use]
    pub fn is_recently_touched(&self, now: Timestamp) -> bool {
        is_recent(self.touched, now)
    }

    /// Whether `other` is the same file with the same content, perhaps under another name.
    #[must_use]
    pub fn is_same_file_moved(&self, other: &Version) -> bool {
        let content = |version: &Version| (version.file, version.size, version.modified);
        content(self) == content(other)
    }
}

impl fmt::Display for Version {
    /// Writes all its numbers, for an HTTP validator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileId(device, number) = self.file;
        write!(f, "{device} {number} {} {} {}", self.size, self.modified, self.touched)
    }
}

fn is_recent(nanosecond: i64, now: Timestamp) -> bool {
    let age = now.as_nanosecond() - i128::from(nanosecond);
    (-LARGEST_SKEW..=COARSEST_CLOCK).contains(&age)
}
