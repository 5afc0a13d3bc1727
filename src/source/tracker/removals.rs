//! Files that are not there any more, or that cannot be read or may not.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::source::post_event::PostEventKind;
use crate::source::{Scan, ScanScope};

use super::files::below;
use super::tracked_file::TrackedFile;
use super::{FileTracker, Instants, ScanOutcome};

impl FileTracker {
    /// The files that are known, were looked for, and are not there.
    pub(super) fn absent(&self, scan: &Scan) -> Vec<Utf8PathBuf> {
        let is_absent = |path: &Utf8Path| !scan.files.contains(path) && !scan.is_blind_to(path);
        let mut absent = BTreeSet::new();
        let roots = match &scan.scope {
            ScanScope::Everywhere => &BTreeSet::from([Utf8PathBuf::new()]),
            ScanScope::At(paths) => paths,
        };
        for root in roots {
            let others = below(&self.pending, root).chain(below(&self.unread, root));
            let all = self.files.below(root).chain(others.map(Utf8PathBuf::as_path));
            absent.extend(all.filter(|path| is_absent(path)));
        }
        absent.into_iter().map(Utf8Path::to_path_buf).collect()
    }

    /// Takes in what was refused in this look.
    pub(super) fn refuse(&mut self, scan: &Scan, at: Instants, outcome: &mut ScanOutcome) {
        let news = self.refused.replace(scan);
        outcome.changed |= news.differs;
        for path in &scan.unreadable {
            self.hold_text(path);
            self.outlive_unread(path, at);
        }
        for diagnostic in news.new {
            self.report_broken(&diagnostic.path, &diagnostic, outcome);
        }
        for path in news.opened {
            outcome.report(&path, None, PostEventKind::Mended);
        }
    }

    /// The file at `path` is not there.
    pub(super) fn mark_missing(&mut self, path: Utf8PathBuf, tick: Duration, outcome: &mut ScanOutcome) {
        self.pending.remove(&path);
        outcome.changed |= self.unread.remove(&path).is_some();
        // of what is no post here readers may have had one before the start
        if self.files.contains(&path) {
            self.hold_text(&path);
            self.missing.add(path, tick);
        }
    }

    pub(super) fn drop_post(&mut self, path: &Utf8Path, event: PostEventKind, outcome: &mut ScanOutcome) {
        if let Some(known) = self.forget(path) {
            if let Some(post) = known.post() {
                outcome.report(path, Some(post), event);
            }
            outcome.changed = true;
        }
    }

    pub(super) fn forget(&mut self, path: &Utf8Path) -> Option<TrackedFile> {
        if let Some(since) = self.missing.since(path) {
            self.note_missing(path, since);
        }
        self.missing.remove(path);
        self.inheritance.forget(path);
        self.released.remove(path);
        self.files.remove(path)
    }
}
