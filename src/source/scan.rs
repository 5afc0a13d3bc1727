//! The scope and the result of a scan.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::found_files::{FileEntry, FoundFiles, FoundPaths};
use super::layout::Layout;
use super::refusal::{too_large, unreadable};
use super::rules::FileRules;
use super::rules::companions::{has_sibling_posts, is_for_posts, is_index};
use super::rules::ignore::NameKind;
use crate::diagnostic::{Diagnostic, Severity};

/// The paths to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanScope {
    /// The whole source.
    Everywhere,
    /// These paths, and everything below those that are folders.
    At(BTreeSet<Utf8PathBuf>),
}

/// The result of a scan.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What was scanned. A source may scan more than the requested scope.
    pub scope: ScanScope,
    /// The files of posts.
    pub files: FoundFiles,
    /// Media files, by name and place. Their content was not looked at.
    pub media: FoundPaths,
    /// Files from which posts may inherit ([`companions`](super::rules::companions)), by path.
    pub companions: BTreeMap<Utf8PathBuf, FileEntry>,
    /// Files and folders that could not be read: the previous state of them, and of everything below them, stays valid.
    pub unreadable: Vec<Utf8PathBuf>,
    /// The diagnostics of refused files.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether one file may be found at several paths, so that a change at one path may affect posts at others.
    pub has_aliases: bool,
    /// Whether the source is completely empty; known only after a scan of everything.
    pub is_empty: bool,
    /// The folder or store that was scanned.
    pub identity: SourceIdentity,
}

/// The identity of the folder or store of a source: another disk may be mounted in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIdentity {
    /// The disk, or its equivalent.
    pub(super) device: u64,
    /// The folder on it.
    pub(super) folder: u64,
}

/// Why files that a scan did not find may still exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanDoubt {
    /// The source is empty and on another device than before: its disk is not mounted.
    Unmounted,
    /// The folder that was scanned before was replaced by another.
    Replaced,
}

impl Scan {
    /// Whether the scan says nothing about `path`, because it or a folder above it could not be read.
    #[must_use]
    pub fn is_blind_to(&self, path: &Utf8Path) -> bool {
        self.unreadable.iter().any(|unreadable| path.starts_with(unreadable))
    }

    /// Why files that it did not find may still exist, given the identity `before` of the previous scan.
    #[must_use]
    pub fn doubt(&self, before: SourceIdentity) -> Option<ScanDoubt> {
        if self.is_empty && before.device != self.identity.device {
            return Some(ScanDoubt::Unmounted);
        }
        (before != self.identity).then_some(ScanDoubt::Replaced)
    }
}

impl Scan {
    /// The files found that may be companions of posts. An `index.md` without posts beside it is not one; a scan of a few paths may not
    /// have found those posts, so an index for which `is_known` holds is included.
    pub fn companion_candidates(&self, is_known: impl Fn(&Utf8Path) -> bool) -> impl Iterator<Item = (&Utf8Path, &FileEntry)> {
        let indexes = self
            .files
            .iter()
            .filter(|(path, _)| path.file_name().is_some_and(is_index))
            .filter(move |(path, _)| is_known(path) || has_sibling_posts(&self.files, path));
        let others = self.companions.iter().map(|(path, entry)| (path.as_path(), entry));
        others.chain(indexes)
    }
}

/// Builds a [`Scan`] by the rules that all sources share.
pub(super) struct ScanBuilder<'a> {
    pub(super) rules: &'a FileRules,
    /// The tools that keep files beside the posts.
    layout: Arc<Layout>,
    /// Whether a file is known: a known file is never left out because there are too many.
    is_known: &'a dyn Fn(&Utf8Path) -> bool,
    pub(super) scan: Scan,
    is_full: bool,
}

/// The kind of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Post,
    Companion,
    Other,
}

impl<'a> ScanBuilder<'a> {
    pub(super) fn new(
        rules: &'a FileRules,
        is_known: &'a dyn Fn(&Utf8Path) -> bool,
        scope: ScanScope,
        identity: SourceIdentity,
    ) -> ScanBuilder<'a> {
        ScanBuilder {
            rules,
            layout: Arc::default(),
            is_known,
            scan: Scan {
                scope,
                files: FoundFiles::default(),
                media: FoundPaths::default(),
                companions: BTreeMap::new(),
                unreadable: Vec::new(),
                diagnostics: Vec::new(),
                has_aliases: false,
                is_empty: false,
                identity,
            },
            is_full: false,
        }
    }

    /// Sets the tools that keep files beside the posts.
    pub(super) fn with_layout(self, layout: Arc<Layout>) -> ScanBuilder<'a> {
        ScanBuilder { layout, ..self }
    }

    /// Adds a diagnostic.
    pub(super) fn refuse(&mut self, diagnostic: Diagnostic) {
        self.scan.diagnostics.push(diagnostic);
    }

    /// Records that `path` could not be read because of `error`.
    pub(super) fn add_unreadable(&mut self, path: &Utf8Path, error: &io::Error) {
        self.refuse(unreadable(path, error));
        self.scan.unreadable.push(path.to_owned());
    }

    /// Whether to scan the folder at `path`, which is `depth` folders deep.
    pub(super) fn enters(&mut self, path: &Utf8Path, depth: usize) -> bool {
        if !self.rules.ignore.enters_at(path) {
            return false;
        }
        let is_too_deep = depth > self.rules.max_depth;
        if is_too_deep {
            let message = format!("it is more than {} folders deep and is not read", self.rules.max_depth);
            let diagnostic = Diagnostic::new(Severity::Warning, "too-deep", path, message);
            self.refuse(diagnostic.mend("move it up, or raise posts.max_depth"));
        }
        !is_too_deep
    }

    /// The kind of the file at `path`, which is called `name`. A copy left by a synchroniser gets a diagnostic.
    pub(super) fn kind(&mut self, path: &Utf8Path, name: &str) -> FileKind {
        if self.rules.ignore.is_well_known(path) {
            return FileKind::Other;
        }
        if self.rules.is_companion(name) {
            return FileKind::Companion;
        }
        match self.rules.ignore.file(name) {
            NameKind::Post => FileKind::Post,
            NameKind::Ignored => FileKind::Other,
            NameKind::Conflict => {
                let message = "it was left by a synchroniser and is not published";
                let diagnostic = Diagnostic::new(Severity::Warning, "conflict-copy", path, message);
                self.refuse(diagnostic.mend("merge it into the post it belongs to, then delete it"));
                FileKind::Other
            }
        }
    }

    /// Adds the file of a post, unless it is too large or there are too many.
    pub(super) fn add_post(&mut self, path: Utf8PathBuf, entry: FileEntry) {
        if entry.version.size() > self.rules.max_file_bytes {
            self.refuse(too_large(&path, self.rules.max_file_bytes));
            self.scan.unreadable.push(path);
        } else if self.scan.files.len() < self.rules.max_files || (self.is_known)(&path) {
            self.scan.files.push(&path, entry);
        } else if !self.is_full {
            // the order of the files is arbitrary, and the scan says nothing about those left out
            self.is_full = true;
            self.scan.unreadable.push(Utf8PathBuf::new());
            self.refuse_one_too_many(&path);
        }
    }

    /// Adds the file at `path`, which is not a post, if it may be served. Of too many, an arbitrary part is known.
    pub(super) fn add_media(&mut self, path: &Utf8Path) {
        if self.scan.media.len() < self.rules.max_files && self.rules.media(path, &self.layout).is_some() {
            self.scan.media.push(path);
        }
    }

    /// Adds a file from which posts may inherit.
    pub(super) fn add_companion(&mut self, path: Utf8PathBuf, entry: FileEntry) {
        self.scan.companions.insert(path, entry);
    }

    /// Returns the finished scan.
    pub(super) fn finish(mut self) -> Scan {
        self.scan.files.sort();
        self.scan.media.sort();
        let files = &self.scan.files;
        self.scan.companions.retain(|path, _| is_for_posts(path, files));
        if self.scan.files.len() > self.rules.max_files && !self.is_full {
            let new = self.scan.files.paths().filter(|path| !(self.is_known)(path));
            let new = new.last().map(Utf8Path::to_path_buf);
            if let Some(path) = new {
                self.refuse_one_too_many(&path);
            }
        }
        self.scan
    }

    fn refuse_one_too_many(&mut self, path: &Utf8Path) {
        let message = format!("it is one post more than the {} that are read", self.rules.max_files);
        let diagnostic = Diagnostic::new(Severity::Error, "too-many-files", path, message);
        self.refuse(diagnostic.mend("raise posts.max_files"));
    }
}

/// The paths in `paths` that are not below another of them.
pub(super) fn outermost(paths: &BTreeSet<Utf8PathBuf>) -> Vec<&Utf8Path> {
    let mut kept: Vec<&Utf8Path> = Vec::new();
    for path in paths {
        if kept.last().is_none_or(|last| !path.starts_with(last)) {
            kept.push(path);
        }
    }
    kept
}
