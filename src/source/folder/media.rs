//! Opens media files in the folder.

use std::io::{self, ErrorKind};

use camino::Utf8Path;

use super::{Folder, beneath, stamp};
use crate::source::media::{MediaContent, MediaFile};

impl Folder {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such file, or if a part of the path is a symbolic link; otherwise the system's error.
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
