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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::source::version::FileId;

    fn media_file(content: MediaContent) -> MediaFile {
        MediaFile {
            version: Version::new(FileId(0, 0), 0, 0, 0),
            content,
        }
    }

    /// A file with this content, in memory and on a disk.
    fn media_files(bytes: &[u8]) -> [MediaFile; 2] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        [
            media_file(MediaContent::Memory(bytes.into())),
            media_file(MediaContent::File(file)),
        ]
    }

    #[test]
    fn bytes_are_read_at_an_offset_and_no_further_than_the_end() {
        for file in media_files(b"abcde") {
            for (offset, length, expected) in [
                (0, 5, "abcde"),
                (0, 9, "abcde"),
                (3, 9, "de"),
                (1, 2, "bc"),
                (5, 1, ""),
                (9, 1, ""),
            ] {
                let mut buffer = vec![0; length];
                let read = file.read_up_to(&mut buffer, offset).unwrap();
                assert_eq!(buffer[..read], *expected.as_bytes(), "{length} at {offset} of {file:?}");
                let is_whole = file.read_exact_at(&mut buffer, offset).map_err(|error| error.kind());
                let ended = Err(ErrorKind::UnexpectedEof);
                assert_eq!(
                    is_whole,
                    if read == length { Ok(()) } else { ended },
                    "{length} at {offset} of {file:?}"
                );
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = media_file(MediaContent::File(File::open(folder.path()).unwrap()));
        assert_eq!(file.read_exact_at(&mut [0], 0).unwrap_err().kind(), ErrorKind::IsADirectory);
    }

    #[test]
    fn a_change_of_the_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, "one").unwrap();
        let file = File::open(&path).unwrap();
        let media = MediaFile {
            version: stamp::version(&file.metadata().unwrap()),
            content: MediaContent::File(file),
        };
        assert!(media.is_unchanged());
        fs::write(&path, "longer").unwrap();
        assert!(!media.is_unchanged());
        assert!(media_file(MediaContent::Memory(b"one".as_slice().into())).is_unchanged());
    }

    #[test]
    fn a_missing_or_forbidden_file_is_not_found_and_a_broken_disk_is_an_error() {
        use ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        for kind in [
            NotFound,
            NotADirectory,
            IsADirectory,
            InvalidInput,
            InvalidFilename,
            PermissionDenied,
        ] {
            assert!(
                matches!(MediaError::from(io::Error::from(kind)), MediaError::NotFound),
                "{kind}"
            );
        }
        for kind in [ErrorKind::Other, ErrorKind::TimedOut] {
            assert!(matches!(MediaError::from(io::Error::from(kind)), MediaError::Io(_)), "{kind}");
        }
    }
}
