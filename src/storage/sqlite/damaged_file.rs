//! Moves a damaged database aside, so that nothing of it is lost and a new one can be created.

use std::fs;
use std::io;

use super::state_folder::{StateFolder, sync_folder};
use crate::storage::StorageError;
use crate::time::Timestamp;

/// The most damaged files that are kept, so that a failing disk is not filled with them.
const MAX_DAMAGED_FILES: usize = 16;

/// Moves the file aside, with its log. Returns its new name.
pub(super) fn move_aside(folder: &StateFolder) -> Result<String, StorageError> {
    let fails = |error: io::Error| StorageError::from_io("it is damaged, and cannot be moved aside", &error);
    let earlier = folder
        .path()
        .read_dir_utf8()
        .map_err(fails)?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().starts_with("ledger.db.corrupt-") && !entry.file_name().ends_with("-wal"))
        .count();
    if earlier >= MAX_DAMAGED_FILES {
        return Err(StorageError::Corrupt(format!(
            "{earlier} others were damaged before, and none is moved aside any more"
        )));
    }
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let name = (1..=MAX_DAMAGED_FILES + 1)
        .map(|n| {
            if n == 1 {
                format!(".corrupt-{now}")
            } else {
                format!(".corrupt-{now}.{n}")
            }
        })
        .find(|name| !folder.beside(name).exists())
        .unwrap_or_default();
    // the file first: SQLite deletes a log without a file, but would take a file without its log for complete
    fs::rename(folder.database(), folder.beside(&name)).map_err(fails)?;
    match fs::rename(folder.beside("-wal"), folder.beside(&format!("{name}-wal"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fails(error)),
        _ => {}
    }
    let _ = fs::remove_file(folder.beside("-shm"));
    sync_folder(folder.path()).map_err(fails)?;
    Ok(folder.beside(&name).into_string())
}
