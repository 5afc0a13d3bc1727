//! Detects renamed files: missing at one path and found at another.

use std::collections::HashMap;

use camino::Utf8PathBuf;

use crate::post::Digest;
use crate::source::{FileId, Version};

use super::tracked_file::TrackedFile;

/// The missing files of one scan, by the keys that identify them elsewhere.
#[derive(Debug, Default)]
pub(super) struct RenameDetector {
    by_file: HashMap<FileId, Version>,
    by_content: HashMap<Digest, Vec<Utf8PathBuf>>,
    /// Files whose newest version is refused, by the digest of that version.
    by_refused: HashMap<Digest, Vec<Utf8PathBuf>>,
}

impl RenameDetector {
    pub(super) fn of<'a>(missing: impl Iterator<Item = &'a TrackedFile>) -> RenameDetector {
        let mut renames = RenameDetector::default();
        for known in missing {
            renames.add_version(known);
            if let Some(refusal) = known.refusal().filter(|refusal| refusal.last_good.is_some()) {
                let paths = renames.by_refused.entry(refusal.digest).or_default();
                paths.push(refusal.path.clone());
            }
            if let Some(post) = known.post() {
                let paths = renames.by_content.entry(post.file).or_default();
                paths.push(post.source.clone());
            }
        }
        renames
    }

    /// Adds files whose paths have another file now: they may have been renamed first.
    pub(super) fn with_displaced<'a>(mut self, displaced: impl Iterator<Item = &'a TrackedFile>) -> RenameDetector {
        displaced.for_each(|known| self.add_version(known));
        self
    }

    fn add_version(&mut self, known: &TrackedFile) {
        if let Some(version) = known.version {
            self.by_file.insert(version.file(), version);
        }
    }

    /// Whether a file with this version is one of these files under another name.
    pub(super) fn contains_moved(&self, version: &Version) -> bool {
        let before = self.by_file.get(&version.file());
        before.is_some_and(|before| before.is_same_file_moved(version))
    }

    /// Removes and returns the old path of a post whose file content has this digest.
    pub(super) fn take_by_content(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_content.get_mut(&digest)?.pop()
    }

    /// Removes and returns the old path of a file whose newest version was refused and has this digest.
    pub(super) fn take_refused(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_refused.get_mut(&digest)?.pop()
    }
}
