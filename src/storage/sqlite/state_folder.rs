//! Where the file is, and what lies beside it.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::schema::MIGRATIONS;
use crate::storage::StorageError;

/// The state folder, and how the file in it is opened.
#[derive(Clone, Debug)]
pub(super) struct StateFolder {
    /// The state folder.
    dir: Utf8PathBuf,
    /// The layer of SQLite through which files are used; `None` for its own. Tests lay one over it that fails.
    pub(super) vfs: Option<&'static str>,
    /// The statements that lead from each version of the schema to the next.
    pub(super) migrations: &'static [&'static str],
}

/// Which file a path led to at some time: its device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity(u64, u64);

impl StateFolder {
    pub(super) fn new(dir: &Utf8Path) -> StateFolder {
        // SQLite takes a relative path that begins with `file:` for a URI
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

    /// What SQLite or feedmill keeps beside the file: `-wal`, `.v1.bak`.
    pub(super) fn beside(&self, ending: &str) -> Utf8PathBuf {
        self.dir.join(format!("ledger.db{ending}"))
    }

    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.dir.join("ledger.lock")
    }

    /// Makes the folder if it is not there, readable for nobody else, and has its name on disk before anything is in it.
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
}

/// Has the names in `folder` on disk.
pub(super) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl FileIdentity {
    /// Of what is at `path`; `None` if there is nothing.
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
