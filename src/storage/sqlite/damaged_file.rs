//! Moving a damaged file aside, so that nothing of it is lost and another can take its place.

use std::fs;
use std::io;

use super::state_folder::{StateFolder, sync_folder};
use crate::storage::StorageError;
use crate::time::Timestamp;

/// How many damaged files are kept. A disk that damages more than this is not filled up with them.
const MOST: usize = 16;

/// Moves the file aside, with its log; gives the name that it has now.
pub(super) fn set_aside(folder: &StateFolder) -> Result<String, StorageError> {
    let fails = |error: io::Error| StorageError::from_io("it is damaged, and cannot be moved aside", &error);
    let earlier = folder
        .path()
        .read_dir_utf8()
        .map_err(fails)?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().starts_with("ledger.db.corrupt-") && !entry.file_name().ends_with("-wal"))
        .count();
    if earlier >= MOST {
        return Err(StorageError::Corrupt(format!(
            "{earlier} others were damaged before, and none is moved aside any more"
        )));
    }
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let name = (1..=MOST + 1)
        .map(|n| {
            if n == 1 {
                format!(".corrupt-{now}")
            } else {
                format!(".corrupt-{now}.{n}")
            }
        })
        .find(|name| !folder.beside(name).exists())
        .unwrap_or_default();
    // the file first: a log without its file is thrown away by SQLite, a file without its log would be taken for whole
    fs::rename(folder.database(), folder.beside(&name)).map_err(fails)?;
    match fs::rename(folder.beside("-wal"), folder.beside(&format!("{name}-wal"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fails(error)),
        _ => {}
    }
    let _ = fs::remove_file(folder.beside("-shm"));
    sync_folder(folder.path()).map_err(fails)?;
    Ok(folder.beside(&name).into_string())
}
