//! Reads zip archives of unknown origin, and folders into which a browser unpacked one.
//!
//! Nothing is unpacked to the disk by the names in an archive, so `../` and symbolic links have no effect. Sizes are counted while a file
//! is read, so what the archive says about them does not matter. An encrypted file cannot be read, and is reported.

use std::fs::File;
use std::io::{BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::diagnostic::plain_error;

/// The most bytes of one file.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;
/// The most bytes of all files that are read.
const LARGEST_ARCHIVE: u64 = 4 * 1024 * 1024 * 1024;
/// The most files.
const MOST_FILES: usize = 200_000;

/// The deepest folder that is searched for files.
const DEEPEST: usize = 6;

/// An open archive.
pub(crate) struct Archive {
    source: ArchiveSource,
    /// The names of its files, with `/` between folders.
    names: Vec<String>,
    bytes_left: u64,
}

enum ArchiveSource {
    Zip(Box<ZipArchive<BufReader<File>>>),
    Folder(Utf8PathBuf),
}

impl Archive {
    /// Opens the archive or folder at `path`.
    ///
    /// # Errors
    ///
    /// Why it is not an archive that can be read.
    pub(crate) fn open(path: &Utf8Path) -> Result<Archive, String> {
        let (source, names) = if path.is_dir() {
            (ArchiveSource::Folder(path.to_owned()), names_below(path))
        } else {
            let file = File::open(path).map_err(|error| plain_error(&error))?;
            let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| format!("it is a broken archive: {error}"))?;
            let names = (0..zip.len().min(MOST_FILES + 1)).map(|index| match zip.name_for_index(index) {
                Some(Ok(name)) => name.replace('\\', "/"),
                _ => String::new(),
            });
            let names = names.collect();
            (ArchiveSource::Zip(Box::new(zip)), names)
        };
        if names.len() > MOST_FILES {
            return Err(format!("the archive has more than {MOST_FILES} files"));
        }
        Ok(Archive {
            source,
            names,
            bytes_left: LARGEST_ARCHIVE,
        })
    }

    /// The names of its files.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads the file `name`.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let index = self
            .names
            .iter()
            .position(|known| known == name)
            .ok_or("it is not in the archive")?;
        let most = LARGEST_FILE.min(self.bytes_left);
        let mut bytes = Vec::new();
        match &mut self.source {
            ArchiveSource::Zip(zip) => {
                let file = zip.by_index(index).map_err(|error| match error {
                    ZipError::UnsupportedArchive(why) if why == ZipError::PASSWORD_REQUIRED => "it is encrypted".to_owned(),
                    error => error.to_string(),
                })?;
                file.take(most + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|error| plain_error(&error))?;
            }
            ArchiveSource::Folder(folder) => {
                let file = File::open(folder.join(name)).map_err(|error| plain_error(&error))?;
                file.take(most + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|error| plain_error(&error))?;
            }
        }
        if bytes.len() as u64 > most {
            return Err(format!("it has more than {most} bytes"));
        }
        self.bytes_left -= bytes.len() as u64;
        Ok(bytes)
    }

    /// Reads the file `name` as text. Bytes that are not UTF-8 become replacement characters.
    pub(crate) fn read_text(&mut self, name: &str) -> Result<String, String> {
        let bytes = self.read(name)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Reads the medium that a post names by `address`, if its path ends with the name of a file in the archive: exports write the
    /// address on the old site, or a path.
    pub(crate) fn read_media(&mut self, address: &str) -> Option<Result<Vec<u8>, String>> {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let name = self
            .names
            .iter()
            .find(|name| !name.is_empty() && name.contains('/') && path.ends_with(&format!("/{name}")) || path == **name);
        let name = name.cloned()?;
        Some(self.read(&name))
    }
}

/// The paths of the files below `folder`. Symbolic links are not followed.
fn names_below(folder: &Utf8Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((path, depth)) = folders.pop() {
        let Ok(entries) = path.read_dir_utf8() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST {
                folders.push((entry.path().to_owned(), depth + 1));
            } else if kind.is_file() && names.len() <= MOST_FILES {
                let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                names.push(name.as_str().to_owned());
            }
        }
    }
    names.sort();
    names
}
