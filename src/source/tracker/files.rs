//! The tracked files, and the posts that changed since the last request for changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::tracked_file::TrackedFile;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Post};
use crate::shared_vec::SharedVec;
use crate::source_file::by_parts;

/// Files with an accepted version, good or refused, ordered by path.
#[derive(Debug, Default)]
pub(super) struct TrackedFiles {
    known: SharedVec<TrackedFile>,
    /// The number of files with a post.
    post_count: usize,
    /// Files whose post may have changed since the last request for changes; `None`, before the first one, stands for all files.
    changed: Option<BTreeSet<Utf8PathBuf>>,
    /// The diagnostics of files that have any. A refused version has only its error: diagnostics of an older version name lines that no
    /// longer exist.
    diagnostics: BTreeMap<Utf8PathBuf, Vec<Diagnostic>>,
}

impl TrackedFiles {
    pub(super) fn get(&self, path: &Utf8Path) -> Option<&TrackedFile> {
        self.known.get(self.find(path)?)
    }

    pub(super) fn contains(&self, path: &Utf8Path) -> bool {
        self.find(path).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of files with a post.
    pub(super) fn post_count(&self) -> usize {
        self.post_count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &TrackedFile> {
        self.known.iter()
    }

    /// The file at `path`, to update its version; its post must not change.
    pub(super) fn get_mut(&mut self, path: &Utf8Path) -> Option<&mut TrackedFile> {
        self.known.get_mut(self.find(path)?)
    }

    /// Inserts a file and its diagnostics.
    pub(super) fn insert(&mut self, known: TrackedFile, diagnostics: Vec<Diagnostic>) {
        let path = known.path();
        self.remove(path);
        self.post_count += usize::from(known.post().is_some());
        if !diagnostics.is_empty() {
            self.diagnostics.insert(path.to_owned(), diagnostics);
        }
        self.note_changed(path);
        self.known.insert(self.position(path), known);
    }

    pub(super) fn remove(&mut self, path: &Utf8Path) -> Option<TrackedFile> {
        let known = self.known.remove(self.find(path)?)?;
        self.post_count -= usize::from(known.post().is_some());
        self.diagnostics.remove(path);
        self.note_changed(path);
        Some(known)
    }

    fn note_changed(&mut self, path: &Utf8Path) {
        if let Some(changed) = &mut self.changed {
            changed.insert(path.to_owned());
        }
    }

    /// The number of files before `path`.
    fn position(&self, path: &Utf8Path) -> usize {
        // files are added in the order of their paths, so at a start each one comes last: one comparison of paths finds that, and a search
        // takes a dozen
        match self.known.last() {
            Some(last) if by_parts(last.path(), path).is_ge() => {
                self.known.partition_point(|known| by_parts(known.path(), path).is_lt())
            }
            _ => self.known.len(),
        }
    }

    /// The position of the file at `path`.
    fn find(&self, path: &Utf8Path) -> Option<usize> {
        let position = self.position(path);
        self.known
            .get(position)
            .filter(|known| known.path().as_str() == path.as_str())
            .map(|_| position)
    }

    /// The files at and below `root`.
    pub(super) fn below<'a>(&'a self, root: &'a Utf8Path) -> impl Iterator<Item = &'a Utf8Path> {
        let from_root = self.known.iter_from(self.position(root)).map(TrackedFile::path);
        from_root.take_while(move |path| path.starts_with(root))
    }

    /// The files whose paths begin with the text `prefix`.
    pub(super) fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Utf8Path> {
        let from_first = self.known.iter_from(
            self.known
                .partition_point(|known| by_parts(known.path(), Utf8Path::new(prefix)).is_lt()),
        );
        from_first
            .map(TrackedFile::path)
            .take_while(move |path| path.as_str().starts_with(prefix))
    }

    /// The post in the file at `path`.
    pub(super) fn post(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        self.get(path)?.post()
    }

    /// All posts, ordered by path.
    pub(super) fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.known.iter().filter_map(TrackedFile::post)
    }

    /// Returns all posts as changed.
    pub(super) fn take_all(&mut self) -> Changes {
        self.changed = Some(BTreeSet::new());
        Changes::all(self.posts().cloned().collect())
    }

    /// Returns the posts that may have changed since the last call.
    pub(super) fn take_changes(&mut self) -> Changes {
        let Some(paths) = self.changed.replace(BTreeSet::new()) else {
            return self.take_all();
        };
        let mut changes = Changes::default();
        for path in paths {
            match self.post(&path) {
                Some(post) => changes.posts.push(Arc::clone(post)),
                None => changes.gone.push(path),
            }
        }
        changes
    }

    /// The diagnostics, ordered by path.
    pub(super) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.values().flatten()
    }
}

/// The keys of `map` at and below `root`: paths are ordered by their parts, so these are adjacent.
pub(super) fn below<'a, V>(map: &'a BTreeMap<Utf8PathBuf, V>, root: &'a Utf8Path) -> impl Iterator<Item = &'a Utf8PathBuf> {
    let from_root = (Bound::Included(root), Bound::Unbounded);
    map.range::<Utf8Path, _>(from_root)
        .map(|(path, _)| path)
        .take_while(move |path| path.starts_with(root))
}
