//! The diagnostics of refused files, and which of them are new.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::files::below;
use crate::diagnostic::Diagnostic;
use crate::source::{Scan, ScanScope};

/// The diagnostics of files and folders that scans refused, by path.
#[derive(Debug, Default)]
pub(super) struct Refused(BTreeMap<Utf8PathBuf, Vec<Diagnostic>>);

/// The changes of a scan to [`Refused`].
pub(super) struct RefusalChange {
    /// Whether anything changed.
    pub(super) differs: bool,
    /// The first new diagnostic of each path.
    pub(super) new: Vec<Diagnostic>,
    /// Folders that were refused before and contain posts now.
    pub(super) opened: Vec<Utf8PathBuf>,
}

impl Refused {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.values().flatten()
    }

    /// Whether the file at `path`, or a folder that it would be in, was refused.
    pub(super) fn covers(&self, path: &Utf8Path) -> bool {
        path.ancestors().any(|path| self.0.contains_key(path))
    }

    /// Replaces the diagnostics in the scope of `scan` with those of `scan`.
    pub(super) fn replace(&mut self, scan: &Scan) -> RefusalChange {
        let before = self.take_scope(&scan.scope);
        let mut after: BTreeMap<Utf8PathBuf, Vec<Diagnostic>> = BTreeMap::new();
        for diagnostic in &scan.diagnostics {
            after.entry(diagnostic.path.clone()).or_default().push(diagnostic.clone());
        }
        let is_new = |diagnostic: &&Diagnostic| before.get(&diagnostic.path).is_none_or(|known| !known.contains(diagnostic));
        let new = after
            .values()
            .filter_map(|diagnostics| diagnostics.iter().find(is_new))
            .cloned()
            .collect();
        let is_opened = |path: &Utf8PathBuf| {
            let has_posts = scan.files.below(path).any(|found| found != path);
            has_posts && !after.contains_key(path)
        };
        let opened = before.keys().filter(|path| is_opened(path)).cloned().collect();
        let differs = before != after;
        self.0.append(&mut after);
        RefusalChange { differs, new, opened }
    }

    /// Removes and returns the diagnostics in `scope`.
    fn take_scope(&mut self, scope: &ScanScope) -> BTreeMap<Utf8PathBuf, Vec<Diagnostic>> {
        match scope {
            ScanScope::Everywhere => std::mem::take(&mut self.0),
            ScanScope::At(paths) => {
                let scanned: Vec<Utf8PathBuf> = paths.iter().flat_map(|path| below(&self.0, path)).cloned().collect();
                scanned.into_iter().filter_map(|path| self.0.remove_entry(&path)).collect()
            }
        }
    }
}
