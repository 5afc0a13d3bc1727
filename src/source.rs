//! Where posts come from: a source of files, the watch on it, and the state of each of its files.
//!
//! A [`Source`] finds files, reads them, opens media files and sends hints about changes. [`Folder`] is a folder on a disk;
//! [`MemorySource`] keeps its files in memory. The same [`rules`] decide for both which files are posts.

mod degraded;
pub mod folder;
mod found_files;
pub mod layout;
mod media;
mod memory;
pub mod post_event;
pub mod progress;
mod refusal;
mod removal_policy;
pub mod rules;
mod scan;
mod texts;
pub mod tracker;
mod version;
pub mod watch;

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

pub use self::degraded::Degraded;
pub use self::folder::Folder;
pub use self::found_files::{FileEntry, FoundFiles, FoundPaths};
use self::layout::Layout;
pub use self::media::{MediaError, MediaFile};
pub use self::memory::MemorySource;
pub use self::refusal::ReadError;
pub use self::removal_policy::AbsentPosts;
use self::rules::left_out::LeftOut;
use self::rules::{FileRules, HEAD, looks_like_post};
pub use self::scan::{Scan, ScanDoubt, ScanScope, SourceIdentity};
pub use self::texts::FileTexts;
pub use self::version::{FileId, Version};
use self::watch::{SourceWatch, StartingWatch};
use crate::config;
use crate::source_file::SourceFile;

/// Where posts come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder on a disk.
    Folder(Folder),
    /// Files in memory.
    Memory(MemorySource),
}

impl Source {
    /// Returns a source for the folder at `root`, with the rules in `posts`. The disk is not accessed yet.
    #[must_use]
    pub fn folder(root: impl Into<Utf8PathBuf>, posts: &config::PostSettings) -> Source {
        Source::Folder(Folder::new(root, posts))
    }

    /// Scans the files in `scope`. If there are too many files, a file for which `is_known` holds is never left out.
    ///
    /// # Errors
    ///
    /// The source cannot be scanned. The scan then says nothing about its files.
    pub fn scan(&self, scope: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
        match self {
            Source::Folder(folder) => folder.scan(scope, is_known),
            Source::Memory(memory) => memory.scan(scope, is_known),
        }
    }

    /// Reads the file at `path` that a scan found as `entry`.
    ///
    /// # Errors
    ///
    /// The file is no longer the version that was found, or it cannot be read.
    pub fn read(&self, path: &Utf8Path, entry: &FileEntry) -> Result<SourceFile, ReadError> {
        match self {
            Source::Folder(folder) => folder.read(path, entry),
            Source::Memory(memory) => memory.read(path, entry),
        }
    }

    /// Reads the current content of the file at `path`, even if it changed since the scan; `None` if it cannot be read.
    #[must_use]
    pub fn read_latest(&self, path: &Utf8Path) -> Option<SourceFile> {
        match self {
            Source::Folder(folder) => folder.read_latest(path).ok(),
            Source::Memory(memory) => memory.read_latest(path),
        }
    }

    /// Opens the file at `path` for readers. Does not check whether its post is public.
    ///
    /// # Errors
    ///
    /// There is no regular file; [`FileRules`] does not serve its name, kind or place; its first bytes look like the source of a post;
    /// or it cannot be read.
    pub fn open_media(&self, path: &Utf8Path) -> Result<MediaFile, MediaError> {
        let kind = self.rules().media(path, &self.layout()).ok_or(MediaError::NotFound)?;
        let media = self.open_file(path)?;
        let mut head = [0; HEAD];
        let read = media.read_up_to(&mut head, 0)?;
        if looks_like_post(kind, head.get(..read).unwrap_or_default()) {
            return Err(MediaError::NotFound);
        }
        Ok(media)
    }

    /// Whether there is a regular file at `path`.
    #[must_use]
    pub fn has_file(&self, path: &Utf8Path) -> bool {
        self.open_file(path).is_ok()
    }

    /// Returns the folder of another tool's static files, outside the posts folder, that has a file at `path`: `../static`. The file is not
    /// read.
    #[must_use]
    pub fn static_folder_beside(&self, path: &Utf8Path) -> Option<String> {
        match self {
            Source::Folder(folder) => layout::static_folder_beside(folder.root(), path),
            Source::Memory(_) => None,
        }
    }

    fn open_file(&self, path: &Utf8Path) -> io::Result<MediaFile> {
        match self {
            Source::Folder(folder) => folder.open_file(path),
            Source::Memory(memory) => memory.open_file(path),
        }
    }

    /// Starts watching for changes.
    #[must_use]
    pub fn watch(&self, config: &config::WatchSettings) -> StartingWatch {
        match self {
            Source::Folder(folder) => SourceWatch::begin(folder.root(), config),
            Source::Memory(memory) => memory.watch(),
        }
    }

    /// The rules for which files are posts, companions and media, by name and place.
    #[must_use]
    pub fn rules(&self) -> &FileRules {
        match self {
            Source::Folder(folder) => &folder.rules,
            Source::Memory(memory) => &memory.rules,
        }
    }

    /// The tools that keep files beside the posts.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        match self {
            Source::Folder(folder) => folder.layout(),
            Source::Memory(_) => Arc::default(),
        }
    }

    /// The name of the posts folder; empty if it has none.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::Folder(folder) => folder.name(),
            Source::Memory(_) => String::new(),
        }
    }

    /// Why the file at `path` is not a post although its name is that of one.
    #[must_use]
    pub fn left_out(&self, path: &Utf8Path) -> Option<LeftOut> {
        self.rules().left_out(path, &self.layout())
    }

    /// Whether a file at `path` is served to readers, unless it looks like the source of a post.
    #[must_use]
    pub fn is_media_name(&self, path: &Utf8Path) -> bool {
        self.rules().media(path, &self.layout()).is_some()
    }
}

#[cfg(test)]
mod tests;
