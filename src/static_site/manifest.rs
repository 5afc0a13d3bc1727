//! The list of the files that the last run wrote: `.feedmill-manifest` in the folder.
//!
//! It names no file, but has a hash of each path: the folder is public, and the address of an unlisted post is not.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The name of its file.
pub(super) const NAME: &str = ".feedmill-manifest";

/// The version of its format.
const VERSION: u32 = 1;

/// A list of more bytes was not written by this program.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// The files that a run wrote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    feedmill_manifest: u32,
    /// By the hash of the path.
    files: HashMap<String, FileRecord>,
}

/// A file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileRecord {
    /// The number of bytes.
    pub(super) length: u64,
    /// The hash of the bytes (BLAKE3).
    pub(super) hash: String,
    /// The time of the file.
    pub(super) modified: Timestamp,
}

impl Manifest {
    /// Reads the list in `folder`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not one of this program.
    pub(super) fn read(folder: &Utf8Path) -> io::Result<Option<Manifest>> {
        let path = folder.join(NAME);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= LARGEST => {}
            Ok(_) => return Err(io::Error::other(format!("{path} is not a list of files"))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        }
        let manifest: Manifest =
            serde_json::from_slice(&fs::read(&path)?).map_err(|error| io::Error::other(format!("{path} is damaged: {error}")))?;
        if manifest.feedmill_manifest != VERSION {
            return Err(io::Error::other(format!("{path} was written by another version of feedmill")));
        }
        Ok(Some(manifest))
    }

    /// The list of `files`, by path.
    pub(super) fn of<'a>(files: impl Iterator<Item = (&'a Utf8Path, FileRecord)>) -> Manifest {
        Manifest {
            feedmill_manifest: VERSION,
            files: files.map(|(path, record)| (key(path), record)).collect(),
        }
    }

    /// The file at `path`.
    pub(super) fn get(&self, path: &Utf8Path) -> Option<&FileRecord> {
        self.files.get(&key(path))
    }

    /// The number of files.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The text of its file: the same for the same files.
    pub(super) fn text(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Sorted<'a> {
            feedmill_manifest: u32,
            files: BTreeMap<&'a str, &'a FileRecord>,
        }
        let sorted = Sorted {
            feedmill_manifest: self.feedmill_manifest,
            files: self.files.iter().map(|(key, record)| (key.as_str(), record)).collect(),
        };
        // numbers, texts and times: these can always be written
        let mut text = serde_json::to_vec(&sorted).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// The hash of `path`, short enough for a list and long enough to be the only one.
fn key(path: &Utf8Path) -> String {
    let mut key = blake3::hash(path.as_str().as_bytes()).to_hex().to_string();
    key.truncate(32);
    key
}

/// The hash of `bytes`.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
