//! Files beside posts: pictures, sounds, attachments. They are served as they are, and nothing of them is remembered.

use std::fs::File;
use std::io::{self, ErrorKind};

use camino::Utf8Path;

use super::{Folder, Stamp, beneath};

/// A file beside posts, open. What is read of it is what was there when it was opened, even if its name leads elsewhere by then.
#[derive(Debug)]
pub struct Media {
    /// The file.
    pub file: File,
    /// What it looked like when it was opened.
    pub stamp: Stamp,
}

impl Media {
    /// Whether the file still looks as it did when it was opened.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }
}

impl Folder {
    /// Opens the file at `path` below the folder, for serving. Which posts it belongs to is not looked at.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is none, where a link is in its place or on the way, where it is no regular file, and where its
    /// name or place is not for serving ([`Ignore::is_media`](super::ignore::Ignore::is_media)); else what the system says.
    pub fn media(&self, path: &Utf8Path) -> io::Result<Media> {
        if !self.ignore.is_media(path) {
            return Err(ErrorKind::NotFound.into());
        }
        self.regular_file(path)
    }

    /// How many bytes the file at `path` below the folder has; `None` where [`Folder::media`] would not open it.
    #[must_use]
    pub fn media_length(&self, path: &Utf8Path) -> Option<u64> {
        Some(self.media(path).ok()?.stamp.size)
    }

    /// Whether there is a regular file at `path` below the folder.
    #[must_use]
    pub fn has_file(&self, path: &Utf8Path) -> bool {
        self.regular_file(path).is_ok()
    }

    fn regular_file(&self, path: &Utf8Path) -> io::Result<Media> {
        let file = beneath::open(&self.root, path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Media {
            stamp: Stamp::of(&metadata),
            file,
        })
    }
}
