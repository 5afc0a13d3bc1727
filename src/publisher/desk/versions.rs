//! The last good versions of files that lost them, for a restart: which are kept on disk, and which a start finds there.
//!
//! While feedmill runs, the last good version of a post stays in memory. Over a restart the file is all that is left of it, and that is
//! broken; so what the file held when it was good is kept until the file is well again, or gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::known::{Good, Known, read_post};
use super::{Desk, Version};
use crate::post::{Digest, Reading};
use crate::source::SourceFile;
use crate::time::Timestamp;

/// The versions that are kept, by file.
#[derive(Debug, Default)]
pub(super) struct KeptVersions {
    kept: BTreeMap<Utf8PathBuf, Kept>,
    /// What is to be done on disk: a version to be kept, or one to be forgotten.
    changes: BTreeMap<Utf8PathBuf, Option<Version>>,
}

#[derive(Debug)]
struct Kept {
    digest: Digest,
    /// The version, where a start found it and did not need it yet.
    found: Option<Version>,
}

impl KeptVersions {
    /// Takes in what a start found.
    pub(super) fn find(&mut self, versions: Vec<Version>) {
        for version in versions {
            let kept = Kept {
                digest: Digest::of(&version.bytes),
                found: Some(version.clone()),
            };
            self.kept.insert(version.path, kept);
        }
    }

    /// Has `version` be kept, unless it is.
    fn keep(&mut self, version: Version) {
        let digest = Digest::of(&version.bytes);
        if self.kept.get(&version.path).is_some_and(|kept| kept.digest == digest) {
            return;
        }
        self.kept.insert(version.path.clone(), Kept { digest, found: None });
        self.changes.insert(version.path.clone(), Some(version));
    }

    /// Has those be forgotten that are `still` needed by nobody.
    fn retain(&mut self, still: impl Fn(&Utf8Path, Digest, bool) -> bool) {
        let changes = &mut self.changes;
        self.kept.retain(|path, kept| {
            let stays = still(path, kept.digest, kept.found.is_some());
            if !stays {
                changes.insert(path.clone(), None);
            }
            stays
        });
    }
}

impl Desk {
    /// Takes in the last good versions that were kept before the start.
    pub fn find_versions(&mut self, versions: Vec<Version>) {
        self.versions.find(versions);
    }

    /// What is to be done on disk about last good versions, since this was last asked.
    pub fn take_versions(&mut self) -> BTreeMap<Utf8PathBuf, Option<Version>> {
        std::mem::take(&mut self.versions.changes)
    }

    /// The last good version of the file at `path` that was kept before the start, where nothing is known of the file yet. Its text is
    /// held on to, for the file has it no more.
    pub(super) fn found_version(&mut self, path: &Utf8Path) -> Option<Good> {
        let version = self.versions.kept.get_mut(path)?.found.take()?;
        let source = SourceFile {
            path: version.path,
            bytes: version.bytes,
            modified: version.modified,
        };
        let left_out = self.folder.left_out(path);
        let (inherited, _) = self.inheritance.companions().inherited(path, left_out.as_ref());
        let Reading { mut post, .. } = read_post(self.read, &source, &inherited, &self.config).ok()?;
        if let Some(text) = post.text.release() {
            self.holding.hold_this(path, &post, text, source.bytes, &self.texts);
        }
        self.shared.share(&mut post);
        Some(Good { post: Arc::new(post) })
    }

    /// Has the version `good` of the file at `path` be there after a restart, if all of it can be had.
    pub(super) fn keep_version(&mut self, path: &Utf8Path, good: &Good) {
        if let Some(bytes) = self.holding.file(path).filter(|bytes| Digest::of(bytes) == good.post.file) {
            self.versions.keep(Version {
                path: path.to_owned(),
                modified: good.post.touched.timestamp(),
                bytes,
            });
        }
    }

    /// Has versions be forgotten whose files are well again, or gone.
    pub(super) fn forget_versions(&mut self) {
        let (files, unread) = (&self.files, &self.unread);
        let is_there =
            |path: &Utf8Path| self.pending.contains_key(path) || unread.contains_key(path) || self.refused.covers(path);
        self.versions.retain(|path, digest, was_found| match files.get(path) {
            Some(known) => {
                let is_lost = known.refusal().is_some() || unread.contains_key(path) || self.refused.covers(path);
                is_lost && known.good().is_some_and(|good| good.post.file == digest)
            }
            None => was_found && (is_there(path) || self.is_in_doubt),
        });
    }

    /// Whether readers have what is known of the file at `path`.
    pub(super) fn is_public(&self, known: &Known, now: Timestamp) -> bool {
        let path = known.path();
        known.post().is_some_and(|post| post.is_readable(now)) || self.released.contains(path)
    }
}
