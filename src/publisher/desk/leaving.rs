//! Files that are not there any more, or that cannot be read or may not.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::folder::{Places, Sight};
use crate::publisher::report::Event;

use super::files::below;
use super::known::Known;
use super::{Desk, Instants, Outcome};

impl Desk {
    /// The files that are known, were looked for, and are not there.
    pub(super) fn absent(&self, sight: &Sight) -> Vec<Utf8PathBuf> {
        let is_absent = |path: &Utf8Path| !sight.files.contains(path) && !sight.is_blind_to(path);
        let mut absent = BTreeSet::new();
        let roots = match &sight.places {
            Places::Everywhere => &BTreeSet::from([Utf8PathBuf::new()]),
            Places::At(paths) => paths,
        };
        for root in roots {
            let others = below(&self.pending, root).chain(below(&self.unread, root));
            let all = self.files.below(root).chain(others.map(Utf8PathBuf::as_path));
            absent.extend(all.filter(|path| is_absent(path)));
        }
        absent.into_iter().map(Utf8Path::to_path_buf).collect()
    }

    /// Takes in what was refused in this look.
    pub(super) fn refuse(&mut self, sight: &Sight, at: Instants, outcome: &mut Outcome) {
        let news = self.refused.replace(sight);
        outcome.changed |= news.differs;
        for path in &sight.blind {
            self.hold_text(path);
            self.outlive_unread(path, at);
        }
        for diagnostic in news.new {
            self.report_broken(&diagnostic.path, &diagnostic, outcome);
        }
        for path in news.opened {
            outcome.report(&path, None, Event::Mended);
        }
    }

    /// The file at `path` is not there.
    pub(super) fn miss(&mut self, path: Utf8PathBuf, tick: Duration, outcome: &mut Outcome) {
        self.pending.remove(&path);
        outcome.changed |= self.unread.remove(&path).is_some();
        // of what is no post here readers may have had one before the start
        if self.files.contains(&path) {
            self.hold_text(&path);
            self.missing.add(path, tick);
        }
    }

    pub(super) fn drop_post(&mut self, path: &Utf8Path, event: Event, outcome: &mut Outcome) {
        if let Some(known) = self.forget(path) {
            if let Some(post) = known.post() {
                outcome.report(path, Some(post), event);
            }
            outcome.changed = true;
        }
    }

    pub(super) fn forget(&mut self, path: &Utf8Path) -> Option<Known> {
        self.missing.remove(path);
        self.inheritance.forget(path);
        self.released.remove(path);
        self.files.remove(path)
    }
}
