//! An open media file: a picture, a sound, an attachment beside posts.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::folder::stamp;
use super::version::Version;

/// An open media file. Reading it returns the content of the file that was opened, even if another file has its name by then.
#[derive(Debug)]
pub struct MediaFile {
    /// The version that was opened.
    pub version: Version,
    pub(super) content: MediaContent,
}

/// The bytes of a media file.
#[derive(Debug)]
pub(super) enum MediaContent {
    File(File),
    Memory(Arc<[u8]>),
}

impl MediaFile {
    /// Reads bytes from `offset` on into `buffer`; returns how many it read.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.content {
            MediaContent::File(file) => file.read_at(buffer, offset),
            MediaContent::Memory(bytes) => {
                let rest = usize::try_from(offset)
                    .ok()
                    .and_then(|offset| bytes.get(offset..))
                    .unwrap_or_default();
                let count = rest.len().min(buffer.len());
                let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) else {
                    return Ok(0);
                };
                to.copy_from_slice(from);
                Ok(count)
            }
        }
    }

    /// Whether the file still is the version that was opened.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        match &self.content {
            MediaContent::File(file) => file
                .metadata()
                .is_ok_and(|metadata| stamp::version(&metadata) == self.version),
            MediaContent::Memory(_) => true,
        }
    }

    /// Fills all of `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// There are fewer bytes, or they cannot be read.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_up_to(buffer, offset)? < buffer.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Reads until `buffer` is full or the file ends; returns the number of bytes.
    pub(super) fn read_up_to(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// Why a media file is not opened.
#[derive(Debug)]
pub enum MediaError {
    /// There is no such file, or it is not served.
    NotFound,
    /// The file cannot be read.
    Io(io::Error),
}

impl From<io::Error> for MediaError {
    /// A name that cannot be opened, a folder and a file without permission count as not found.
    fn from(error: io::Error) -> MediaError {
        use ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        match error.kind() {
            NotFound | NotADirectory | IsADirectory | InvalidInput | InvalidFilename | PermissionDenied => MediaError::NotFound,
            _ => MediaError::Io(error),
        }
    }
}
