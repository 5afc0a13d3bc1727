//! A posts folder on a disk, as a source.
//!
//! All that only a file system has is known here and nowhere else: inodes, symbolic links, mounts. The folder remembers nothing of its
//! files and trusts nothing: a name, a link, a size or a pipe that could do harm becomes a [`Diagnostic`](crate::diagnostic::Diagnostic),
//! and the scan goes on. Nothing outside the folder is ever read.

mod beneath;
mod media;
mod read;
pub(super) mod stamp;
pub mod templates;
mod walk;

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use camino::{Utf8Path, Utf8PathBuf};

use super::layout::Layout;
use super::rules::FileRules;
use super::scan::{Scan, ScanScope};
use crate::config::PostSettings;

/// A posts folder on a disk.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Utf8PathBuf,
    pub(super) rules: FileRules,
    /// Which tools keep files beside its posts, as of the last time that this was looked up. Clones share it.
    layout: Arc<ArcSwap<Layout>>,
}

impl Folder {
    /// The folder at `root`, read as `posts` says. Nothing is touched yet.
    #[must_use]
    pub fn new(root: impl Into<Utf8PathBuf>, posts: &PostSettings) -> Folder {
        Folder {
            root: root.into(),
            rules: FileRules::new(posts),
            layout: Arc::default(),
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// What the folder is called.
    pub(super) fn name(&self) -> String {
        let root = self.root.canonicalize_utf8().unwrap_or_else(|_| self.root.clone());
        root.file_name().unwrap_or_default().to_owned()
    }

    /// Which tools keep files beside its posts. A scan of the whole folder looks that up, and so does a call a minute later.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        let layout = self.layout.load_full();
        if layout.is_old() { self.look_up_layout() } else { layout }
    }

    fn look_up_layout(&self) -> Arc<Layout> {
        let layout = Arc::new(Layout::look(&self.root));
        self.layout.store(Arc::clone(&layout));
        layout
    }

    /// Scans the files in `scope`. Where there are too many files, none that `is_known` is left out.
    ///
    /// # Errors
    ///
    /// The folder itself is missing, is none, or cannot be read. Nothing is then known of the files in it.
    pub fn scan(&self, scope: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
        walk::scan(self, scope, is_known)
    }
}
