//! The folder that readers saw before the last run. It differs from theirs in a few files, so a process that writes again begins with it:
//! to link thirty thousand files anew takes a second.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::Manifest;
use super::exchange::remove;

/// A folder beside the one that readers see. It is removed when it is dropped.
#[derive(Debug)]
pub(in crate::static_site) struct SpareFolder {
    path: Utf8PathBuf,
    /// The open folder: no other one can have its number meanwhile.
    handle: File,
    /// The list of the files that readers see.
    shown: Manifest,
    /// What is in it; `None` once a run has taken it over.
    content: Option<SpareContent>,
}

/// How a spare folder differs from the one that readers see.
#[derive(Debug, Default)]
pub(super) struct SpareContent {
    /// The paths of this program's files in both folders.
    pub(super) paths: HashSet<Utf8PathBuf>,
    /// Those at which the two may differ.
    pub(super) differing: HashSet<Utf8PathBuf>,
    /// The files of others in it.
    pub(super) foreign_files: Vec<Utf8PathBuf>,
}

impl SpareFolder {
    /// The folder at `path`.
    pub(super) fn new(path: Utf8PathBuf, shown: Manifest, content: SpareContent) -> io::Result<SpareFolder> {
        Ok(SpareFolder {
            handle: File::open(&path)?,
            path,
            shown,
            content: Some(content),
        })
    }

    /// Leaves the folder to the caller, if it is the one at `path` and readers see the files of `shown`: then no other process wrote since.
    pub(super) fn take(mut self, path: &Utf8Path, shown: &Manifest) -> Option<SpareContent> {
        let is_it = self.path == path && self.is_there() && self.shown == *shown;
        self.content.take().filter(|_| is_it)
    }

    /// Its path may be that of another folder now.
    fn is_there(&self) -> bool {
        let number = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let numbers = self
            .handle
            .metadata()
            .and_then(|own| Ok((number(own), number(fs::symlink_metadata(&self.path)?))));
        numbers.is_ok_and(|(own, there)| own == there)
    }
}

impl Drop for SpareFolder {
    fn drop(&mut self) {
        if self.content.is_some() && self.is_there() {
            // the next run removes what is left
            let _ = remove(&self.path);
        }
    }
}
