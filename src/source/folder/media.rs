//! Opens the media files of the folder.

use std::io::{self, ErrorKind};

use camino::Utf8Path;

use super::{Folder, beneath, stamp};
use crate::source::media::{MediaContent, MediaFile};

impl Folder {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is none, or a symbolic link in its place or on the way; else the error of the system.
    pub(in crate::source) fn open_file(&self, path: &Utf8Path) -> io::Result<MediaFile> {
        let file = beneath::open(&self.root, path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(MediaFile {
            version: stamp::version(&metadata),
            content: MediaContent::File(file),
        })
    }
}
