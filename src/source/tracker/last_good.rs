//! Stores the last good versions of files whose newest version is refused or unreadable, for a restart.
//!
//! While feedmill runs, the last good version of a post stays in memory. After a restart only the broken file is left. So the last good
//! content is stored until the file is good again or removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::rename_detector::RenameDetector;
use super::tracked_file::{FileState, Tick, TrackedFile, read_post};
use super::{FileTracker, StoredVersion};
use crate::diagnostic::Severity;
use crate::post::{Digest, ParsedPost, Post};
use crate::source::{Scan, ScanScope};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// The stored versions, by file.
#[derive(Debug, Default)]
pub(super) struct LastGoodVersions {
    kept: BTreeMap<Utf8PathBuf, KeptVersion>,
    /// The changes to be written to storage, by file: a version to store, or `None` to delete the stored one.
    changes: BTreeMap<Utf8PathBuf, Option<StoredVersion>>,
}

#[derive(Debug)]
struct KeptVersion {
    digest: Digest,
    /// The digest of the broken file when the version was stored.
    refused: Option<Digest>,
    /// The version, if it was stored before the start and is not used yet.
    found: Option<StoredVersion>,
    /// When the broken file or its metadata last changed, by the clock of its source.
    changed: Option<i64>,
    /// Since when the file is missing.
    missing_since: Option<Tick>,
}

impl LastGoodVersions {
    /// Adds the versions that were stored before the start.
    pub(super) fn find(&mut self, versions: Vec<StoredVersion>) {
        for version in versions {
            let kept = KeptVersion {
                digest: Digest::of(&version.bytes),
                refused: version.refused,
                found: Some(version.clone()),
                changed: version.changed,
                missing_since: None,
            };
            self.kept.insert(version.path, kept);
        }
    }

    /// Stores `version`, unless it is already stored.
    fn keep(&mut self, version: StoredVersion) {
        let digest = Digest::of(&version.bytes);
        let refused = version.refused;
        let is_kept = |kept: &KeptVersion| kept.digest == digest && (refused.is_none() || kept.refused == refused);
        if self.kept.get(&version.path).is_some_and(is_kept) {
            return;
        }
        let kept = KeptVersion {
            digest,
            refused,
            found: None,
            changed: version.changed,
            missing_since: None,
        };
        self.kept.insert(version.path.clone(), kept);
        self.changes.insert(version.path.clone(), Some(version));
    }

    /// Removes and returns the version, stored before the start, of a file whose content had the digest `refused` and whose path has no
    /// file now, according to `is_there`.
    fn take_moved(&mut self, refused: Digest, is_there: impl Fn(&Utf8Path) -> bool) -> Option<StoredVersion> {
        let mut kept = self.kept.iter_mut();
        let (path, version) = kept.find_map(|(path, kept)| {
            let is_moved = kept.refused == Some(refused) && kept.found.is_some() && !is_there(path);
            is_moved.then(|| Some((path.clone(), kept.found.take()?)))?
        })?;
        self.kept.remove(&path);
        self.changes.insert(path, None);
        Some(version)
    }

    /// Deletes the versions for which `is_needed` does not hold.
    fn retain(&mut self, is_needed: impl Fn(&Utf8Path, Digest, bool) -> bool) {
        let changes = &mut self.changes;
        self.kept.retain(|path, kept| {
            let stays = is_needed(path, kept.digest, kept.found.is_some());
            if !stays {
                changes.insert(path.clone(), None);
            }
            stays
        });
    }
}

impl FileTracker {
    /// Adds the last good versions that were stored before the start.
    pub fn find_versions(&mut self, versions: Vec<StoredVersion>) {
        self.last_good.find(versions);
    }

    /// The changes of last good versions to be written to storage, since the last call.
    pub fn take_versions(&mut self) -> BTreeMap<Utf8PathBuf, Option<StoredVersion>> {
        std::mem::take(&mut self.last_good.changes)
    }

    /// The last good version of the file at `path` that was stored before the start, if it is not used yet. Its text is pinned, because the
    /// file does not contain it any more.
    pub(super) fn found_version(&mut self, path: &Utf8Path) -> Option<Arc<Post>> {
        let version = self.last_good.kept.get_mut(path)?.found.take()?;
        self.read_version(version)
    }

    /// The last good version of a file that was renamed to `path` and whose refused content has this digest. Returns also its old path, if
    /// it was renamed while feedmill runs, and whether the post is public.
    pub(super) fn moved_version(
        &mut self,
        path: &Utf8Path,
        digest: Digest,
        renames: &mut RenameDetector,
        scan: &Scan,
        now: Timestamp,
    ) -> Option<(Arc<Post>, Option<Utf8PathBuf>, bool)> {
        // empty files are all equal
        if digest == Digest::of(b"") {
            return None;
        }
        if let Some(from) = renames.take_refused(digest) {
            let known = self.files.get(&from)?;
            let is_public = self.is_public(known, now);
            let good = known.post()?;
            let bytes = self.pinned_texts.file(&from).filter(|bytes| Digest::of(bytes) == good.file)?;
            let version = StoredVersion {
                path: path.to_owned(),
                modified: good.touched.timestamp(),
                bytes,
                refused: Some(digest),
                changed: None,
            };
            return Some((self.read_version(version)?, Some(from), is_public));
        }
        if scan.scope != ScanScope::Everywhere {
            return None;
        }
        let is_there = |path: &Utf8Path| scan.files.contains(path) || scan.is_blind_to(path);
        let version = self.last_good.take_moved(digest, is_there)?;
        let version = StoredVersion {
            path: path.to_owned(),
            ..version
        };
        Some((self.read_version(version)?, None, true))
    }

    /// Parses the post in `version`. Its text is pinned, because the file does not contain it any more.
    fn read_version(&mut self, version: StoredVersion) -> Option<Arc<Post>> {
        let path = &version.path.clone();
        let source = SourceFile {
            path: version.path,
            bytes: version.bytes,
            modified: version.modified,
        };
        let left_out = self.source.left_out(path);
        let (inherited, _) = self.inheritance.companions().inherited(path, left_out.as_ref());
        let ParsedPost { mut post, .. } = read_post(self.read, &source, &inherited, &self.config).ok()?;
        if let Some(text) = post.text.unload() {
            self.pinned_texts.pin_with(path, &post, text, source.bytes, &self.texts);
        }
        Some(Arc::new(post))
    }

    /// Stores the version `good` of the file at `path` for a restart, if its whole content is in memory. `refused` is the digest of the
    /// file's present content, if known, and `changed` is when the file or its metadata last changed.
    pub(super) fn keep_version(&mut self, path: &Utf8Path, good: &Post, refused: Option<Digest>, changed: Option<i64>) {
        if let Some(bytes) = self.pinned_texts.file(path).filter(|bytes| Digest::of(bytes) == good.file) {
            self.last_good.keep(StoredVersion {
                path: path.to_owned(),
                modified: good.touched.timestamp(),
                bytes,
                refused,
                changed,
            });
        }
    }

    /// Deletes the stored versions of files that are good again or removed.
    pub(super) fn forget_versions(&mut self) {
        let (files, unread) = (&self.files, &self.unread);
        let may_be_elsewhere = self.may_be_elsewhere();
        let is_there =
            |path: &Utf8Path| self.pending.contains_key(path) || unread.contains_key(path) || self.refused.covers(path);
        self.last_good.retain(|path, digest, was_found| match files.get(path) {
            Some(known) => {
                let is_broken = known.refusal().is_some() || is_there(path);
                is_broken && known.post().is_some_and(|post| post.file == digest)
            }
            None => was_found && (is_there(path) || self.may_have_missed) || may_be_elsewhere.contains(path),
        });
    }

    /// Records since when the file at `path` is missing, by the monotonic clock.
    pub(super) fn note_missing(&mut self, path: &Utf8Path, since: Duration) {
        if let Some(kept) = self.last_good.kept.get_mut(path) {
            kept.missing_since = Some(since.into());
        }
    }

    /// Removed files that may have been renamed: their newest version was refused, and another refused file has the same folder or the same
    /// name, and is new or changed since.
    #[must_use]
    pub fn may_be_elsewhere(&self) -> BTreeSet<Utf8PathBuf> {
        let gone = |path: &&Utf8PathBuf| !self.files.contains(path);
        let mut removed = self.last_good.kept.keys().filter(gone).peekable();
        if removed.peek().is_none() {
            return BTreeSet::new();
        }
        let is_refused = |known: &&TrackedFile| match &known.state {
            FileState::Post(post) => post.is_held && !self.released.contains(known.path()),
            FileState::Refused(refusal) => {
                let is_broken = refusal.why.severity == Severity::Error || refusal.why.code == "empty";
                refusal.last_good.is_none() && is_broken
            }
        };
        let refused: Vec<&TrackedFile> = self.files.iter().filter(is_refused).collect();
        let is_like =
            |path: &Utf8Path, other: &Utf8Path| path.parent() == other.parent() || path.file_name() == other.file_name();
        let was_there = |path: &Utf8Path, other: &TrackedFile| {
            let Some(kept) = self.last_good.kept.get(path) else {
                return false;
            };
            let was_taken_before = kept.missing_since.is_some_and(|since| other.taken.is_before(since));
            let touched = other.version.map_or(0, |version| version.touched());
            // a rename changes this time as well
            was_taken_before || kept.changed.is_some_and(|changed| touched < changed)
        };
        removed
            .filter(|path| {
                refused
                    .iter()
                    .any(|other| is_like(path, other.path()) && !was_there(path, other))
            })
            .cloned()
            .collect()
    }

    /// Whether the post of the file `known` is public, or was public before the rules held it back.
    pub(super) fn is_public(&self, known: &TrackedFile, now: Timestamp) -> bool {
        let path = known.path();
        known.post().is_some_and(|post| post.is_readable(now)) || self.released.contains(path)
    }
}
