//! Reads records without changing anything, while another process writes or on a read-only disk.
//!
//! A database in WAL mode needs two files beside it, which SQLite creates even for a reader
//! (<https://www.sqlite.org/wal.html#readonly>). If an operator's
//! `sudo feedmill why` created them, the service could not open its own ledger.
//! So a file that no process has open is read as `immutable`, and afterwards its stamp shows whether it changed meanwhile.

use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::database::{BUSY, read_contents, read_push_rows, read_site_record};
use super::schema;
use super::state_folder::{FileIdentity, StateFolder};
use crate::identity::record::Record;
use crate::storage::data::Contents;
use crate::storage::error::StorageError;
use crate::storage::push_rows::PushRow;

/// How often to start again if the file changes meanwhile. After that it is read like a file in use.
const ATTEMPTS: usize = 3;
/// The characters to escape in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// All records; none where there is no file.
///
/// # Errors
///
/// Why the file cannot be read.
pub(super) fn read_records(folder: &StateFolder) -> Result<Contents, StorageError> {
    let (mut contents, is_partial) = run_query(folder, read_contents)?;
    if is_partial {
        contents.notes.push(format!(
            "{} cannot be read here, so the latest changes may be missing",
            folder.beside("-wal")
        ));
    }
    Ok(contents)
}

/// All rows of push; none where there is no file.
///
/// # Errors
///
/// Why the file cannot be read.
pub(super) fn read_all_push_rows(folder: &StateFolder) -> Result<Vec<PushRow>, StorageError> {
    Ok(run_query(folder, read_push_rows)?.0)
}

/// The record of the site alone, which is quick to read; `None` where it cannot be read.
pub(super) fn read_site(folder: &StateFolder) -> Option<Record> {
    let (contents, _) = run_query(folder, read_site_record).ok()?;
    contents.records.into_iter().next()
}

/// Reads something from a database.
type Query<T> = fn(&Connection) -> Result<T, StorageError>;

/// Runs `query`. Returns its result, and whether the latest changes may be missing from it.
fn run_query<T: Default>(folder: &StateFolder, query: Query<T>) -> Result<(T, bool), StorageError> {
    for _ in 0..ATTEMPTS {
        let Some(before) = FileStamp::of(folder)? else {
            return Ok((T::default(), false));
        };
        if before.is_in_use {
            break;
        }
        let read = read_unchanging(folder, query);
        if FileStamp::of(folder)? == Some(before) {
            return read.map(|read| (read, false));
        }
    }
    match read_in_use(folder, query) {
        Err(StorageError::Io(_) | StorageError::Denied | StorageError::ReadOnly) => Ok((read_unchanging(folder, query)?, true)),
        read => read.map(|read| (read, false)),
    }
}

/// Equal stamps mean that the file was not written.
#[derive(Debug, PartialEq)]
struct FileStamp {
    identity: FileIdentity,
    length: u64,
    modified: Option<std::time::SystemTime>,
    /// Whether there is a log beside it.
    is_in_use: bool,
}

impl FileStamp {
    fn of(folder: &StateFolder) -> Result<Option<FileStamp>, StorageError> {
        let path = folder.database();
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StorageError::from_io(&format!("{path} cannot be read"), &error)),
        };
        Ok(Some(FileStamp {
            identity: FileIdentity::from(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            is_in_use: ["-wal", "-journal"].iter().any(|ending| folder.beside(ending).exists()),
        }))
    }
}

fn read_in_use<T: Default>(folder: &StateFolder, query: Query<T>) -> Result<T, StorageError> {
    open_and_read(folder, folder.database().as_str(), OpenFlags::SQLITE_OPEN_READ_ONLY, query)
}

fn read_unchanging<T: Default>(folder: &StateFolder, query: Query<T>) -> Result<T, StorageError> {
    let path = folder.database();
    let uri = format!("file:{}?immutable=1", utf8_percent_encode(path.as_str(), PATH));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    open_and_read(folder, &uri, flags, query)
}

fn open_and_read<T: Default>(folder: &StateFolder, name: &str, flags: OpenFlags, query: Query<T>) -> Result<T, StorageError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match folder.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(name, flags, vfs)?,
        None => Connection::open_with_flags(name, flags)?,
    };
    connection.busy_timeout(BUSY)?;
    if schema::is_feedmill_database(&connection, folder.migrations)? {
        query(&connection)
    } else {
        Ok(T::default())
    }
}
