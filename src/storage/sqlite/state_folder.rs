//! The state folder: its paths, reading and writing small files in it, and moving a damaged database aside.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::Connection;
use rustix::fs::{Mode, OFlags};

use super::schema::MIGRATIONS;
use crate::storage::data::random_bytes;
use crate::storage::error::StorageError;
use crate::time::Timestamp;

/// The most damaged files that are kept, so that a failing disk is not filled with them.
const MAX_DAMAGED_FILES: usize = 16;

/// The state folder, and how its database is opened.
#[derive(Clone, Debug)]
pub(super) struct StateFolder {
    /// Its absolute path.
    dir: Utf8PathBuf,
    /// The VFS of SQLite to use; `None` for the default. Tests use one that fails.
    pub(super) vfs: Option<&'static str>,
    /// The statements that migrate each version of the schema to the next.
    pub(super) migrations: &'static [&'static str],
}

/// The device and inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity(u64, u64);

impl StateFolder {
    pub(super) fn new(dir: &Utf8Path) -> StateFolder {
        // SQLite would read a relative path that begins with `file:` as a URI
        let absolute = std::path::absolute(dir)
            .ok()
            .and_then(|dir| Utf8PathBuf::from_path_buf(dir).ok());
        StateFolder {
            dir: absolute.unwrap_or_else(|| dir.to_owned()),
            vfs: None,
            migrations: MIGRATIONS,
        }
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.dir
    }

    pub(super) fn database(&self) -> Utf8PathBuf {
        self.dir.join("ledger.db")
    }

    /// The path of a file beside the database: `-wal`, `.v1.bak`.
    pub(super) fn beside(&self, ending: &str) -> Utf8PathBuf {
        self.dir.join(format!("ledger.db{ending}"))
    }

    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.dir.join("ledger.lock")
    }

    /// Creates the folder if it does not exist, readable by its owner only. Its name is on disk before anything is in it.
    pub(super) fn make_folder(&self) -> Result<(), StorageError> {
        if self.dir.is_dir() {
            return Ok(());
        }
        let missing = self.dir.ancestors().take_while(|folder| !folder.exists()).count();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(|error| StorageError::from_io(&format!("the folder {} cannot be created", self.dir), &error))?;
        for folder in self.dir.ancestors().skip(1).take(missing) {
            sync_folder(folder).map_err(|error| StorageError::from_io(&format!("{folder} cannot be written"), &error))?;
        }
        Ok(())
    }

    /// Copies the database to `ledger.db.v1.bak`. A name that ends in `.bak` is always a complete copy.
    pub(super) fn back_up(&self, connection: &Connection, version: usize) -> Result<(), StorageError> {
        let backup = self.beside(&format!(".v{version}.bak"));
        let unfinished = self.beside(".bak-unfinished");
        let _ = fs::remove_file(&unfinished);
        connection.execute("VACUUM INTO ?1", [unfinished.as_str()])?;
        File::open(&unfinished)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&unfinished, &backup))
            .and_then(|()| sync_folder(self.path()))
            .map_err(|error| StorageError::from_io(&format!("{backup} cannot be written"), &error))
    }
}

/// Flushes the names in `folder` to disk.
pub(super) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Reads at most `most` bytes of the file at `path`; `None` if there is none. It follows no symbolic link and waits for no pipe.
pub(super) fn read_small_file(path: &Utf8Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path.as_std_path(), flags, Mode::empty()).map_err(io::Error::from) {
        Ok(file) => File::from(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes `bytes` to a new file beside `path`, readable by its owner only. Returns its path, to be linked or renamed to `path`.
pub(super) fn write_unnamed(path: &Utf8Path, bytes: &[u8]) -> io::Result<Utf8PathBuf> {
    let unnamed = Utf8PathBuf::from(format!("{path}.{:016x}", u64::from_ne_bytes(random_bytes()?)));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unnamed)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(&unnamed)))?;
    Ok(unnamed)
}

impl FileIdentity {
    /// The identity of the file at `path`; `None` if there is none.
    pub(super) fn of(path: impl AsRef<Path>) -> io::Result<Option<FileIdentity>> {
        match path.as_ref().metadata() {
            Ok(metadata) => Ok(Some(FileIdentity::from(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<&std::fs::Metadata> for FileIdentity {
    fn from(metadata: &std::fs::Metadata) -> FileIdentity {
        FileIdentity(metadata.dev(), metadata.ino())
    }
}

/// Moves the file aside, with its log. Returns its new name.
pub(super) fn move_damaged_aside(folder: &StateFolder) -> Result<String, StorageError> {
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
    let name = (1..=MAX_DAMAGED_FILES)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_found_out_about_is_not_taken_for_missing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert_eq!(FileIdentity::of(&file).unwrap(), None);
        fs::write(&file, "").unwrap();
        assert!(FileIdentity::of(&file).unwrap().is_some());
        let error = FileIdentity::of(file.join("below")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    }
}
