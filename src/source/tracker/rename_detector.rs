//! Recognising what moved: a file that is missing here and was found there.

use std::collections::HashMap;

use camino::Utf8PathBuf;

use crate::post::Digest;
use crate::source::folder::Stamp;

use super::tracked_file::TrackedFile;

/// The files that are missing in one look, by what they would be recognised by.
#[derive(Debug, Default)]
pub(super) struct RenameDetector {
    by_inode: HashMap<(u64, u64), Stamp>,
    by_content: HashMap<Digest, Vec<Utf8PathBuf>>,
    /// Those whose newest version is refused, by what that holds.
    by_refused: HashMap<Digest, Vec<Utf8PathBuf>>,
}

impl RenameDetector {
    pub(super) fn of<'a>(missing: impl Iterator<Item = &'a TrackedFile>) -> RenameDetector {
        let mut renames = RenameDetector::default();
        for known in missing {
            let inode = (known.stamp.device, known.stamp.inode);
            renames.by_inode.insert(inode, known.stamp);
            if let Some(refusal) = known.refusal().filter(|refusal| refusal.last_good.is_some()) {
                let paths = renames.by_refused.entry(refusal.digest).or_default();
                paths.push(refusal.path.clone());
            }
            if let Some(good) = known.good() {
                renames
                    .by_content
                    .entry(good.post.file)
                    .or_default()
                    .push(good.post.source().to_path_buf());
            }
        }
        renames
    }

    /// Adds files that are still there under their names as other files: they may have been renamed before.
    pub(super) fn and_displaced<'a>(mut self, displaced: impl Iterator<Item = &'a TrackedFile>) -> RenameDetector {
        let by_inode = displaced.map(|known| ((known.stamp.device, known.stamp.inode), known.stamp));
        self.by_inode.extend(by_inode);
        self
    }

    /// Whether a file seen with this stamp is one of them under another name.
    pub(super) fn are_renamed_to(&self, stamp: &Stamp) -> bool {
        let was = self.by_inode.get(&(stamp.device, stamp.inode));
        was.is_some_and(|was| was.is_renamed(stamp))
    }

    /// The former path of a post whose file had the content with this digest, once.
    pub(super) fn take(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_content.get_mut(&digest)?.pop()
    }

    /// The former path of a file whose newest version was refused and has this digest, once.
    pub(super) fn take_refused(&mut self, digest: Digest) -> Option<Utf8PathBuf> {
        self.by_refused.get_mut(&digest)?.pop()
    }
}
