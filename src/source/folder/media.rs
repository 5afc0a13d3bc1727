//! Files beside posts: pictures, sounds, attachments. They are served as they are, and nothing of them is remembered.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use camino::Utf8Path;

use super::post_source::{HEAD, looks_like_post};
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
    /// `NotFound` where there is none, where a link is in its place or on the way, where it is no regular file, where its name, kind
    /// or place is not for serving ([`Ignore::media`](super::ignore::Ignore::media), [`Folder::left_out`]), and where it begins as a
    /// post's source does (`looks_like_post`); else what the system says.
    pub fn media(&self, path: &Utf8Path) -> io::Result<Media> {
        let Some(kind) = self.ignore.media(path).filter(|_| self.is_open_to_readers(path)) else {
            return Err(ErrorKind::NotFound.into());
        };
        let media = self.regular_file(path)?;
        let mut head = [0; HEAD];
        let read = read_head(&media.file, &mut head)?;
        if looks_like_post(kind, head.get(..read).unwrap_or_default()) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(media)
    }

    /// How many bytes the file at `path` below the folder has; `None` where [`Folder::media`] would not open it.
    #[must_use]
    pub fn media_length(&self, path: &Utf8Path) -> Option<u64> {
        Some(self.media(path).ok()?.stamp.size)
    }

    /// Whether a file at `path` is served, unless it looks like the source of a post.
    #[must_use]
    pub fn is_media_name(&self, path: &Utf8Path) -> bool {
        self.ignore.is_media(path) && self.is_open_to_readers(path)
    }

    /// Whether a file that ends as the one at `path` does would be served in another place.
    #[must_use]
    pub fn is_kind_served(&self, path: &Utf8Path) -> bool {
        let ending = path.extension().unwrap_or_default();
        self.ignore.is_media(Utf8Path::new(&format!("a.{ending}")))
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

/// Reads the beginning of `file` into `head`, and says how much there was. Where reading goes on is not moved.
fn read_head(file: &File, head: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = head.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
