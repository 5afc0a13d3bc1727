//! The media files that scans found.
//!
//! A media file counts as soon as it is seen: only its name matters here, and readers get the content that it has when they ask for it.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use camino::Utf8Path;

use crate::source::{Scan, ScanScope};
use crate::source_file::FileChanges;

/// The media files that scans found.
#[derive(Debug, Default)]
pub(super) struct MediaFiles {
    paths: BTreeSet<Arc<Utf8Path>>,
    /// What was found and what is gone since the changes were last taken.
    added: BTreeSet<Arc<Utf8Path>>,
    gone: BTreeSet<Arc<Utf8Path>>,
}

impl MediaFiles {
    /// Updates the files with what `scan` found. If what it did not find may still exist (`is_doubtful`), nothing is gone. Returns
    /// whether anything changed.
    pub(super) fn update(&mut self, scan: &Scan, is_doubtful: bool) -> bool {
        let new: Vec<Arc<Utf8Path>> = scan
            .media
            .paths()
            .filter(|path| !self.paths.contains(*path))
            .map(Arc::from)
            .collect();
        let gone = if is_doubtful { Vec::new() } else { self.absent(scan) };
        let has_changed = !new.is_empty() || !gone.is_empty();
        for path in gone {
            self.paths.remove(&path);
            if !self.added.remove(&path) {
                self.gone.insert(path);
            }
        }
        for path in new {
            self.paths.insert(Arc::clone(&path));
            if !self.gone.remove(&path) {
                self.added.insert(path);
            }
        }
        has_changed
    }

    /// The known files in the scope of `scan` that it did not find.
    fn absent(&self, scan: &Scan) -> Vec<Arc<Utf8Path>> {
        let is_absent = |path: &&Arc<Utf8Path>| !scan.media.contains(path) && !scan.is_blind_to(path);
        match &scan.scope {
            ScanScope::Everywhere => self.paths.iter().filter(is_absent).cloned().collect(),
            ScanScope::At(roots) => {
                let below = roots.iter().flat_map(|root| {
                    let from = Bound::Included(root.as_path());
                    let known = self.paths.range::<Utf8Path, _>((from, Bound::Unbounded));
                    known.take_while(move |path| path.starts_with(root))
                });
                let absent: BTreeSet<Arc<Utf8Path>> = below.filter(is_absent).cloned().collect();
                absent.into_iter().collect()
            }
        }
    }

    /// Returns all files as changed.
    pub(super) fn take_all(&mut self) -> FileChanges {
        self.added.clear();
        self.gone.clear();
        FileChanges {
            added: self.paths.iter().cloned().collect(),
            gone: Vec::new(),
            are_all: true,
        }
    }

    /// Returns the changes since the last call of this method or of [`MediaFiles::take_all`].
    pub(super) fn take_changes(&mut self) -> FileChanges {
        FileChanges {
            added: std::mem::take(&mut self.added).into_iter().collect(),
            gone: std::mem::take(&mut self.gone).into_iter().collect(),
            are_all: false,
        }
    }
}
