//! Files of which a version was taken, and what changed in them since that was last asked.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use camino::Utf8Path;

use super::known::Known;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Post};
use crate::source::SourcePath;

/// Files of which a version was taken, good or bad, ordered by path.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Each on its own: half of a map's places are empty where keys come in their order.
    known: BTreeMap<SourcePath, Box<Known>>,
    /// How many of them are posts.
    post_count: usize,
    /// Those whose post may be another than when that was last asked.
    changed: BTreeSet<SourcePath>,
    /// Those of which there is something to say.
    remarked: BTreeSet<SourcePath>,
}

impl Files {
    pub(super) fn get(&self, path: &Utf8Path) -> Option<&Known> {
        self.known.get(path).map(AsRef::as_ref)
    }

    pub(super) fn get_key_value(&self, path: &Utf8Path) -> Option<(&SourcePath, &Known)> {
        let (path, known) = self.known.get_key_value(path)?;
        Some((path, known))
    }

    /// The last of them.
    pub(super) fn last_key_value(&self) -> Option<(&SourcePath, &Known)> {
        self.known.last_key_value().map(|(path, known)| (path, &**known))
    }

    pub(super) fn contains_key(&self, path: &Utf8Path) -> bool {
        self.known.contains_key(path)
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many of them are posts: the newest version of each that is one.
    pub(super) fn post_count(&self) -> usize {
        self.post_count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&SourcePath, &Known)> {
        self.known.iter().map(|(path, known)| (path, &**known))
    }

    /// What is known of the file at `path`, to note that it was seen again; its post stays.
    pub(super) fn get_mut(&mut self, path: &Utf8Path) -> Option<&mut Known> {
        self.known.get_mut(path).map(AsMut::as_mut)
    }

    pub(super) fn insert(&mut self, path: SourcePath, known: Known) {
        self.remove(&path);
        self.post_count += usize::from(known.good.is_some());
        if known.said().next().is_some() {
            self.remarked.insert(path.clone());
        }
        self.changed.insert(path.clone());
        self.known.insert(path, Box::new(known));
    }

    pub(super) fn remove(&mut self, path: &Utf8Path) -> Option<Known> {
        let (path, known) = self.known.remove_entry(path)?;
        self.post_count -= usize::from(known.good.is_some());
        self.remarked.remove(&path);
        self.changed.insert(path);
        Some(*known)
    }

    /// The files at and below `root`.
    pub(super) fn below<'a>(&'a self, root: &'a Utf8Path) -> impl Iterator<Item = &'a SourcePath> {
        below(&self.known, root)
    }

    /// The post in the file at `path`.
    pub(super) fn post(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        Some(&self.known.get(path)?.good.as_ref()?.post)
    }

    /// Every post, ordered by path.
    pub(super) fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.known.values().filter_map(|known| Some(&known.good.as_ref()?.post))
    }

    /// Every post, as if all had changed.
    pub(super) fn take_all(&mut self) -> Changes {
        self.changed.clear();
        Changes::all(self.posts().cloned().collect())
    }

    /// What may have changed since this was last asked.
    pub(super) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for path in std::mem::take(&mut self.changed) {
            match self.post(&path) {
                Some(post) => changes.posts.push(Arc::clone(post)),
                None => changes.gone.push(path.to_path_buf()),
            }
        }
        changes
    }

    /// What is to be said of them, ordered by path.
    pub(super) fn said(&self) -> impl Iterator<Item = &Diagnostic> {
        self.remarked
            .iter()
            .filter_map(|path| self.known.get(path))
            .flat_map(|known| known.said())
    }
}

/// The keys of `map` at and below `root`: paths are ordered by their parts, so these stand together.
pub(super) fn below<'a, P: Borrow<Utf8Path> + Ord, V>(
    map: &'a BTreeMap<P, V>,
    root: &'a Utf8Path,
) -> impl Iterator<Item = &'a P> {
    let from_root = (Bound::Included(root), Bound::Unbounded);
    map.range::<Utf8Path, _>(from_root)
        .map(|(path, _)| path)
        .take_while(move |path| (*path).borrow().starts_with(root))
}
