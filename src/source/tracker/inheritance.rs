//! Decides when the versions of companions are accepted. A companion is a file from which posts inherit.
//!
//! A section that becomes a draft hides its posts, and one that is half written must not show them. So a companion has to be stable before
//! it is read, and a missing one stays valid until it counts as removed. Until then no version of a post below it is accepted.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::files::below;
use super::pending::{Pending, WRITERS_PAUSE};
use super::{FileTracker, Instants, ScanOutcome};
use crate::source::rules::companions::{Companions, beside, folder_of_posts, is_companion};
use crate::source::rules::left_out::{self, LeftOut};
use crate::source::watch::{HintKind, Hints};
use crate::source::{FileEntry, Scan, ScanScope, Version};
use crate::source_file::file_type::is_markdown;

/// The companions, and the fields that posts inherited from them when they were read.
#[derive(Debug, Default)]
pub(super) struct Inheritance {
    /// `None` until the first scan.
    companions: Option<Arc<Companions>>,
    /// The version of each companion that was read, and whether the content may have changed although the version is the same.
    seen: BTreeMap<Utf8PathBuf, (Version, bool)>,
    /// Companions whose newest version is not accepted yet; those without a version are missing.
    unsettled: BTreeMap<Utf8PathBuf, UnsettledCompanion>,
    /// Versions of posts that wait for companions.
    waiting: BTreeMap<Utf8PathBuf, Pending>,
    /// The posts that inherit a field, or are left out.
    states: BTreeMap<Utf8PathBuf, InheritedState>,
}

#[derive(Clone, Copy, Debug)]
struct UnsettledCompanion {
    version: Option<Version>,
    since: Duration,
    due: Duration,
}

/// A summary of the fields that a post inherited when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InheritedState {
    /// A hash of the inherited fields; 0 for none.
    pub(super) hash: u64,
    /// Why the post is left out.
    pub(super) left_out: Option<LeftOut>,
}

/// The posts that have to wait for companions.
pub(super) struct WaitingPosts {
    /// The number of unsettled companions in each folder.
    folders: HashMap<Utf8PathBuf, usize>,
    files: HashSet<Utf8PathBuf>,
}

impl WaitingPosts {
    /// Whether the post at `path` has to wait. The page of a folder does not wait for itself.
    pub(super) fn contains(&self, path: &Utf8Path) -> bool {
        if self.folders.is_empty() {
            return false;
        }
        let own = usize::from(self.files.contains(path));
        path.ancestors().skip(1).enumerate().any(|(distance, folder)| {
            let own = if distance == 0 { own } else { 0 };
            self.folders.get(folder).is_some_and(|&count| count > own)
        })
    }
}

impl Inheritance {
    /// The companions, for parsing posts.
    pub(super) fn companions(&self) -> Arc<Companions> {
        self.companions.clone().unwrap_or_default()
    }

    /// The hash of the fields that the post at `path` inherited when it was read.
    pub(super) fn hash_of(&self, path: &Utf8Path) -> u64 {
        self.states.get(path).map_or(0, |state| state.hash)
    }

    /// Records the fields that the post at `path` inherited when it was read.
    pub(super) fn record(&mut self, path: &Utf8Path, state: InheritedState) {
        if state == InheritedState::default() {
            self.states.remove(path);
        } else {
            self.states.insert(path.to_owned(), state);
        }
    }

    /// Removes the post at `path`.
    pub(super) fn forget(&mut self, path: &Utf8Path) {
        self.states.remove(path);
    }

    /// The posts that have to wait because a companion above or beside them is not settled.
    pub(super) fn awaited(&self) -> WaitingPosts {
        let mut folders: HashMap<Utf8PathBuf, usize> = HashMap::new();
        for folder in self.unsettled.keys().map(|path| folder_of_posts(path)) {
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
        WaitingPosts {
            folders,
            files: self.unsettled.keys().cloned().collect(),
        }
    }

    /// Makes the `pending` version of the post at `path` wait for companions.
    pub(super) fn await_companions(&mut self, path: &Utf8Path, pending: Pending) {
        self.waiting.insert(path.to_owned(), pending);
    }

    /// The version of the post at `path` that waits for companions.
    pub(super) fn waiting(&self, path: &Utf8Path) -> Option<&Pending> {
        self.waiting.get(path)
    }

    /// Removes the waiting versions of posts that are not in `awaited`.
    pub(super) fn retain_waiting(&mut self, awaited: &WaitingPosts) {
        self.waiting.retain(|path, _| awaited.contains(path));
    }

    /// When an unsettled companion is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.unsettled.values().map(|unsettled| unsettled.due).min()
    }

    /// The diagnostics about posts that are left out.
    pub(super) fn diagnostics(&self) -> Vec<crate::diagnostic::Diagnostic> {
        let left_out = self
            .states
            .iter()
            .filter_map(|(path, state)| Some((path.as_path(), state.left_out.as_ref()?)));
        left_out::diagnostics(left_out)
    }
}

impl FileTracker {
    /// The paths to scan in addition to those in `hinted`: of posts that inherit from a file there, and of files from which the posts there
    /// may inherit.
    pub(super) fn inheritance_scope(&self, hinted: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let mut scope = BTreeSet::new();
        for path in hinted {
            if is_companion(path) {
                scope.insert(folder_of_posts(path).to_owned());
            } else if is_markdown(path.as_str()) {
                scope.extend(beside(path));
                for prefix in Companions::pages_above(path) {
                    scope.extend(self.files.starting_with(&prefix).map(Utf8Path::to_path_buf));
                }
            }
        }
        scope.extend(self.inheritance.unsettled.keys().map(|path| folder_of_posts(path).to_owned()));
        scope
    }

    /// Accepts the companions that a scan found and that are stable.
    pub(super) fn settle_companions(&mut self, scan: &Scan, hints: &Hints, at: Instants, outcome: &mut ScanOutcome) {
        let mut companions = self
            .inheritance
            .companions
            .take()
            .unwrap_or_else(|| Arc::new(Companions::new(&self.source.name(), self.source.layout())));
        if scan.scope == ScanScope::Everywhere {
            Arc::make_mut(&mut companions).set_layout(self.source.layout());
        }
        let seen = &self.inheritance.seen;
        let found: Vec<(&Utf8Path, &FileEntry)> = scan.companion_candidates(|path| seen.contains_key(path)).collect();
        for (path, entry) in &found {
            if self.is_settled(path, &entry.version, hints, at) {
                self.inheritance.unsettled.remove(*path);
                let source = self.source.read(path, entry);
                outcome.changed |= Arc::make_mut(&mut companions).insert(path, source, &scan.files, &self.config);
                let is_recent = entry.version.is_recent(at.now);
                self.inheritance.seen.insert((*path).to_owned(), (entry.version, is_recent));
            }
        }
        let found: BTreeSet<&Utf8Path> = found.into_iter().map(|(path, _)| path).collect();
        for path in self.missing_companions(scan, &found) {
            let grace = self.config.watch.delete_grace;
            let unsettled = self.inheritance.unsettled.entry(path.clone()).or_insert(UnsettledCompanion {
                version: None,
                since: at.tick,
                due: at.tick.saturating_add(grace),
            });
            if unsettled.version.is_some() {
                *unsettled = UnsettledCompanion {
                    version: None,
                    since: at.tick,
                    due: at.tick.saturating_add(grace),
                };
            }
            if unsettled.due <= at.tick {
                self.inheritance.unsettled.remove(&path);
                self.inheritance.seen.remove(&path);
                outcome.changed |= Arc::make_mut(&mut companions).remove(&path);
            }
        }
        self.inheritance.companions = Some(companions);
    }

    /// Whether this `version` of the companion at `path` is to be read now. A version that has to be stable first is recorded as unsettled.
    fn is_settled(&mut self, path: &Utf8Path, version: &Version, hints: &Hints, at: Instants) -> bool {
        let Inheritance { seen, unsettled, .. } = &mut self.inheritance;
        match seen.get(path) {
            Some((known, false)) if known == version => {
                unsettled.remove(path);
                return false;
            }
            Some((known, true)) if known == version => return true,
            _ => {}
        }
        let is_certain = (at.is_first && !version.is_recent(at.now)) || hints.paths.get(path) == Some(&HintKind::Moved);
        if is_certain && version.size() > 0 {
            return true;
        }
        let settle = self.config.watch.settle;
        let stable_for = match version.size() {
            0 => WRITERS_PAUSE,
            _ if self.is_polling => settle.max(self.config.watch.poll),
            _ => settle,
        };
        let since = unsettled
            .get(path)
            .filter(|known| known.version == Some(*version))
            .map_or(at.tick, |known| known.since);
        let due = since.saturating_add(stable_for);
        let version = Some(*version);
        unsettled.insert(path.to_owned(), UnsettledCompanion { version, since, due });
        due <= at.tick
    }

    /// The known companions in the scope of `scan` that it did not find.
    fn missing_companions(&self, scan: &Scan, found: &BTreeSet<&Utf8Path>) -> Vec<Utf8PathBuf> {
        let Inheritance { seen, unsettled, .. } = &self.inheritance;
        let everywhere = BTreeSet::from([Utf8PathBuf::new()]);
        let roots = match &scan.scope {
            ScanScope::Everywhere => &everywhere,
            ScanScope::At(paths) => paths,
        };
        let all = roots.iter().flat_map(|root| below(seen, root).chain(below(unsettled, root)));
        let missing: BTreeSet<&Utf8PathBuf> = all
            .filter(|path| !found.contains(path.as_path()) && !scan.is_blind_to(path))
            .collect();
        missing.into_iter().cloned().collect()
    }

    /// The hash of the fields that the post at `path` inherits now.
    pub(super) fn inherited_hash(&self, path: &Utf8Path) -> u64 {
        let left_out = self.source.left_out(path);
        match &self.inheritance.companions {
            Some(companions) => companions.inherited(path, left_out.as_ref()).0.hash(),
            None => 0,
        }
    }
}
