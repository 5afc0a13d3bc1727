//! The input and the result of [`Registry::assign`](super::Registry::assign).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::known_files::KnownFile;
use crate::post::Changes;

/// The files that contain posts and cannot be read now.
#[derive(Clone, Copy)]
pub struct UnreadableFiles<'a> {
    /// Files that are missing, but not for long enough to be gone.
    pub missing: &'a BTreeSet<Utf8PathBuf>,
    /// Whether there is a file at this path, although it may be unreadable.
    pub is_there: &'a dyn Fn(&Utf8Path) -> bool,
}

/// The posts of a folder, with the ids, addresses and dates that readers know.
#[derive(Debug, Default)]
pub struct AssignedPosts {
    /// The posts that may have changed. A post that did not change is the same as before.
    pub changes: Changes,
    /// The files of the posts that readers do not know yet.
    pub new_posts: HashSet<Utf8PathBuf>,
    /// Files that were matched to posts with another path, and that path.
    pub moved: Vec<(Utf8PathBuf, Utf8PathBuf)>,
}

impl AssignedPosts {
    /// Adds the post in `file`.
    pub(super) fn add(&mut self, file: &KnownFile) {
        self.changes.posts.push(Arc::clone(&file.published));
        if !file.is_known {
            self.new_posts.insert(file.read.source().to_path_buf());
        }
    }
}
