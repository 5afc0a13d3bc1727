//! The version of a file, from the metadata of the file system.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::source::scan::SourceIdentity;
use crate::source::version::{FileId, Version};

/// The version of the file with this `metadata`: device and inode, size, and the times of its content (mtime) and of its inode (ctime).
pub(in crate::source) fn version(metadata: &Metadata) -> Version {
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Version::new(
        FileId(metadata.dev(), metadata.ino()),
        metadata.size(),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    )
}

/// The identity of the posts folder with this `metadata`.
pub(super) fn identity(metadata: &Metadata) -> SourceIdentity {
    SourceIdentity {
        device: metadata.dev(),
        folder: metadata.ino(),
    }
}
