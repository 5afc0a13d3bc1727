//! A posts folder on a disk, as a source.
//!
//! Only this module knows inodes, symbolic links and mounts. The folder keeps no state about its files and trusts none of them: a name,
//! a link, a size or a pipe that could do harm becomes a [`Diagnostic`](crate::diagnostic::Diagnostic), and the scan continues. Nothing
//! outside the folder is ever read.

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
    /// The tools that keep files beside its posts, as of the last look-up. Clones share it.
    layout: Arc<ArcSwap<Layout>>,
}

impl Folder {
    /// Returns a source for the folder at `root`, with the rules in `posts`. The disk is not accessed yet.
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

    /// The name of the folder.
    pub(super) fn name(&self) -> String {
        let root = self.root.canonicalize_utf8().unwrap_or_else(|_| self.root.clone());
        root.file_name().unwrap_or_default().to_owned()
    }

    /// The tools that keep files beside its posts. Looked up by each scan of the whole folder, and by this call if the last look-up is a
    /// minute old.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        let layout = self.layout.load_full();
        if layout.is_old() { self.look_up_layout() } else { layout }
    }

    fn look_up_layout(&self) -> Arc<Layout> {
        let layout = Arc::new(Layout::detect(&self.root));
        self.layout.store(Arc::clone(&layout));
        layout
    }

    /// Scans the files in `scope`. If there are too many files, a file for which `is_known` holds is never left out.
    ///
    /// # Errors
    ///
    /// The folder is missing, is not a folder, or cannot be read. The scan then says nothing about its files.
    pub fn scan(&self, scope: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
        walk::scan(self, scope, is_known)
    }
}
