//! Caches as files beside the database: `problems.json`, `links.json`.
//!
//! They are not tables of it, because a command may write one while a server holds the database, and because a copy of the ledger needs
//! none of them.

use std::fs;
use std::io::{self, ErrorKind};

use camino::Utf8Path;

use super::state_folder::{StateFolder, read_small_file, write_unnamed};
use crate::storage::data::{Cache, MAX_CACHE_BYTES};

/// The content of a cache in the state folder `dir`; `None` if there is none.
///
/// # Errors
///
/// The error of the system.
pub(super) fn read_cache(dir: &Utf8Path, cache: Cache) -> io::Result<Option<Vec<u8>>> {
    read_small_file(&dir.join(cache.file_name()), MAX_CACHE_BYTES as u64)
}

/// Replaces the content of a cache in the state folder `dir`, in one step.
///
/// # Errors
///
/// It is too large, or the error of the system; then the former content stays.
pub(super) fn write_cache(dir: &Utf8Path, cache: Cache, content: &[u8]) -> io::Result<()> {
    if content.len() > MAX_CACHE_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    StateFolder::new(dir).make_folder().map_err(io::Error::other)?;
    let path = dir.join(cache.file_name());
    let written = write_unnamed(&path, content)?;
    fs::rename(&written, &path).inspect_err(|_| drop(fs::remove_file(&written)))
}
