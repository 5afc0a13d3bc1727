//! The last good versions of files that lost them, for a restart: which are kept on disk, and which a start finds there.
//!
//! While feedmill runs, the last good version of a post stays in memory. Over a restart the file is all that is left of it, and that is
//! broken; so what the file held when it was good is kept until the file is well again, or gone.

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

/// The versions that are kept, by file.
#[derive(Debug, Default)]
pub(super) struct LastGoodVersions {
    kept: BTreeMap<Utf8PathBuf, Kept>,
    /// What is to be done on disk: a version to be kept, or one to be forgotten.
    changes: BTreeMap<Utf8PathBuf, Option<StoredVersion>>,
}

#[derive(Debug)]
struct Kept {
    digest: Digest,
    /// What the file held when the version was kept.
    refused: Option<Digest>,
    /// The version, where a start found it and did not need it yet.
    found: Option<StoredVersion>,
    /// The time of change of the file that is not understood, by the file system's clock.
    changed: Option<i64>,
    /// When the file was first missing.
    missing_since: Option<Tick>,
}

impl LastGoodVersions {
    /// Takes in what a start found.
    pub(super) fn find(&mut self, versions: Vec<StoredVersion>) {
        for version in versions {
            let kept = Kept {
                digest: Digest::of(&version.bytes),
                refused: version.refused,
                found: Some(version.clone()),
                changed: version.changed,
                missing_since: None,
            };
            self.kept.insert(version.path, kept);
        }
    }

    /// Has `version` be kept, unless it is.
    fn keep(&mut self, version: StoredVersion) {
        let digest = Digest::of(&version.bytes);
        let refused = version.refused;
        let is_kept = |kept: &Kept| kept.digest == digest && (refused.is_none() || kept.refused == refused);
        if self.kept.get(&version.path).is_some_and(is_kept) {
            return;
        }
        let kept = Kept {
            digest,
            refused,
            found: None,
            changed: version.changed,
            missing_since: None,
        };
        self.kept.insert(version.path.clone(), kept);
        self.changes.insert(version.path.clone(), Some(version));
    }

    /// Takes out the version that a start found of a file that held what has the digest `refused`, and is not at its path any more by
    /// `is_there`.
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

impl FileTracker {
    /// Takes in the last good versions that were kept before the start.
    pub fn find_versions(&mut self, versions: Vec<StoredVersion>) {
        self.versions.find(versions);
    }

    /// What is to be done on disk about last good versions, since this was last asked.
    pub fn take_versions(&mut self) -> BTreeMap<Utf8PathBuf, Option<StoredVersion>> {
        std::mem::take(&mut self.versions.changes)
    }

    /// The last good version of the file at `path` that was kept before the start, where nothing is known of the file yet. Its text is
    /// held on to, for the file has it no more.
    pub(super) fn found_version(&mut self, path: &Utf8Path) -> Option<Arc<Post>> {
        let version = self.versions.kept.get_mut(path)?.found.take()?;
        self.read_version(version)
    }

    /// The last good version of a file that was renamed to `path`: what it holds is refused, and has this digest. Says also where it lay,
    /// if that was while feedmill runs, and whether readers have it.
    pub(super) fn moved_version(
        &mut self,
        path: &Utf8Path,
        digest: Digest,
        renames: &mut RenameDetector,
        scan: &Scan,
        now: Timestamp,
    ) -> Option<(Arc<Post>, Option<Utf8PathBuf>, bool)> {
        // an empty file may be any
        if digest == Digest::of(b"") {
            return None;
        }
        if let Some(from) = renames.take_refused(digest) {
            let known = self.files.get(&from)?;
            let is_public = self.is_public(known, now);
            let good = known.post()?;
            let bytes = self.holding.file(&from).filter(|bytes| Digest::of(bytes) == good.file)?;
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
        let version = self.versions.take_moved(digest, is_there)?;
        let version = StoredVersion {
            path: path.to_owned(),
            ..version
        };
        Some((self.read_version(version)?, None, true))
    }

    /// The post in `version`. Its text is held on to, for the file has it no more.
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
            self.holding.hold_this(path, &post, text, source.bytes, &self.texts);
        }
        Some(Arc::new(post))
    }

    /// Has the version `good` of the file at `path` be there after a restart, if all of it can be had.
    /// `refused` is the digest of what the file holds now, if that is known.
    /// `changed` is the time of change of that file.
    pub(super) fn keep_version(&mut self, path: &Utf8Path, good: &Post, refused: Option<Digest>, changed: Option<i64>) {
        if let Some(bytes) = self.holding.file(path).filter(|bytes| Digest::of(bytes) == good.file) {
            self.versions.keep(StoredVersion {
                path: path.to_owned(),
                modified: good.touched.timestamp(),
                bytes,
                refused,
                changed,
            });
        }
    }

    /// Has versions be forgotten whose files are well again, or gone.
    pub(super) fn forget_versions(&mut self) {
        let (files, unread) = (&self.files, &self.unread);
        let may_be_elsewhere = self.may_be_elsewhere();
        let is_there =
            |path: &Utf8Path| self.pending.contains_key(path) || unread.contains_key(path) || self.refused.covers(path);
        self.versions.retain(|path, digest, was_found| match files.get(path) {
            Some(known) => {
                let is_lost = known.refusal().is_some() || is_there(path);
                is_lost && known.post().is_some_and(|post| post.file == digest)
            }
            None => was_found && (is_there(path) || self.is_in_doubt) || may_be_elsewhere.contains(path),
        });
    }

    /// Notes that the file at `path` is gone, and since when it is missing, by the monotonic clock.
    pub(super) fn note_missing(&mut self, path: &Utf8Path, since: Duration) {
        if let Some(kept) = self.versions.kept.get_mut(path) {
            kept.missing_since = Some(since.into());
        }
    }

    /// The files that are gone, whose newest version was not understood, while another file that is not understood may be the same one
    /// under another name: it lies in the same folder, or has the same name, and was not there before as it is now. Nobody deleted them,
    /// for all that is known.
    #[must_use]
    pub fn may_be_elsewhere(&self) -> BTreeSet<Utf8PathBuf> {
        let gone = |path: &&Utf8PathBuf| !self.files.contains(path);
        let mut lost = self.versions.kept.keys().filter(gone).peekable();
        if lost.peek().is_none() {
            return BTreeSet::new();
        }
        let is_unclear = |known: &&TrackedFile| match &known.state {
            FileState::Post(post) => post.is_held && !self.released.contains(known.path()),
            FileState::Refused(refusal) => {
                let is_broken = refusal.why.severity == Severity::Error || refusal.why.code == "empty";
                refusal.last_good.is_none() && is_broken
            }
        };
        let unclear: Vec<&TrackedFile> = self.files.iter().filter(is_unclear).collect();
        let is_like =
            |path: &Utf8Path, other: &Utf8Path| path.parent() == other.parent() || path.file_name() == other.file_name();
        let was_there = |path: &Utf8Path, other: &TrackedFile| {
            let Some(kept) = self.versions.kept.get(path) else {
                return false;
            };
            let was_taken_before = kept.missing_since.is_some_and(|since| other.taken.is_before(since));
            let touched = other.version.map_or(0, |version| version.touched());
            // a rename changes this time, too
            was_taken_before || kept.changed.is_some_and(|changed| touched < changed)
        };
        lost.filter(|path| {
            unclear
                .iter()
                .any(|other| is_like(path, other.path()) && !was_there(path, other))
        })
        .cloned()
        .collect()
    }

    /// Whether readers have what is known of the file at `path`.
    pub(super) fn is_public(&self, known: &TrackedFile, now: Timestamp) -> bool {
        let path = known.path();
        known.post().is_some_and(|post| post.is_readable(now)) || self.released.contains(path)
    }
}
