//! Recognises a file that is missing at one path and was found at another.

use std::collections::HashMap;

use camino::Utf8PathBuf;

use crate::post::Digest;
use crate::source::{FileId, Version};

use super::tracked_file::TrackedFile;

/// The files that are missing in one scan, by what they would be recognised by.
#[derive(Debug, Default)]
pub(super) struct RenameDetector {
    by_file: HashMap<FileId, Version>,
    by_content: HashMap<Digest, Vec<Utf8PathBuf>>,
    /// Those whose newest version is refused, by what that holds.
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

    /// Adds files at whose paths another file is now: they may have been renamed before.
    pub(super) fn and_displaced<'a>(mut self, displaced: impl Iterator<Item = &'a TrackedFile>) -> RenameDetector {
        displaced.for_each(|known| self.add_version(known));
        self
    }

    fn add_version(&mut self, known: &TrackedFile) {
        if let Some(version) = known.version {
            self.by_file.insert(version.file(), version);
        }
    }

    /// Whether a file with this version is one of them under another name.
    pub(super) fn contains_moved(&self, version: &Version) -> bool {
        let before = self.by_file.get(&version.file());
        before.is_some_and(|before| before.is_same_file_moved(version))
    }

    /// Takes out the former path of a post whose file had the content with this digest.
    pub(super) fn take(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_content.get_mut(&digest)?.pop()
    }

    /// Takes out the former path of a file whose newest version was refused and has this digest.
    pub(super) fn take_refused(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_refused.get_mut(&digest)?.pop()
    }
}
