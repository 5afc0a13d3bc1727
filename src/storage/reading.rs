//! Reading what is remembered without changing anything, while another process writes or where nothing can be written.
//!
//! A database in WAL mode wants two files beside it, which SQLite makes even for who only reads
//! (<https://www.sqlite.org/wal.html#readonly>). Made by an operator's `sudo feedmill why`, they could lock the service itself out.
//! So a file that nobody has open is read as one that does not change, and then it is looked up whether that was true.

use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};

use camino::Utf8Path;

use super::database::{BUSY, Contents, contents, site};
use super::failure::Failure;
use super::place::{Identity, Place};
use super::schema;
use crate::identity::record::Record;

/// How often a file that changes while it is read is begun anew before it is read like one that is in use.
const ATTEMPTS: usize = 3;
/// What does not stand for itself in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// What is remembered in the folder `dir`; nothing, if there is no such folder, or nothing in it.
///
/// # Errors
///
/// The file cannot be read, or not be understood: why.
pub fn read(dir: &Utf8Path) -> Result<Contents, Failure> {
    read_at(&Place::new(dir))
}

/// What is remembered in the folder `dir` of the site as a whole, in next to no time; `None` where that cannot be had so.
#[must_use]
pub fn read_site(dir: &Utf8Path) -> Option<Record> {
    let contents = read_what(&Place::new(dir), site).ok()?;
    contents.records.into_iter().next()
}

pub(super) fn read_at(place: &Place) -> Result<Contents, Failure> {
    read_what(place, contents)
}

/// What is asked of a database.
type Query = fn(&Connection) -> Result<Contents, Failure>;

fn read_what(place: &Place, query: Query) -> Result<Contents, Failure> {
    for _ in 0..ATTEMPTS {
        let Some(before) = Stamp::of(place)? else {
            return Ok(Contents::default());
        };
        if before.is_in_use {
            break;
        }
        let read = read_unchanging(place, query);
        if Stamp::of(place)? == Some(before) {
            return read;
        }
    }
    match read_in_use(place, query) {
        Err(Failure::Io(_) | Failure::Denied | Failure::ReadOnly) => {
            let mut contents = read_unchanging(place, query)?;
            contents.notes.push(format!(
                "{} cannot be read here, so what was remembered last may be missing",
                place.beside("-wal")
            ));
            Ok(contents)
        }
        read => read,
    }
}

/// By what one can tell that a file was not written.
#[derive(Debug, PartialEq)]
struct Stamp {
    identity: Identity,
    length: u64,
    modified: Option<std::time::SystemTime>,
    /// Something is in a log beside it, or may come to be.
    is_in_use: bool,
}

impl Stamp {
    fn of(place: &Place) -> Result<Option<Stamp>, Failure> {
        let path = place.database();
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::of_io(&format!("{path} cannot be read"), &error)),
        };
        Ok(Some(Stamp {
            identity: Identity::from(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            is_in_use: ["-wal", "-journal"].iter().any(|ending| place.beside(ending).exists()),
        }))
    }
}

fn read_in_use(place: &Place, query: Query) -> Result<Contents, Failure> {
    open_and_read(place, place.database().as_str(), OpenFlags::SQLITE_OPEN_READ_ONLY, query)
}

fn read_unchanging(place: &Place, query: Query) -> Result<Contents, Failure> {
    let path = place.database();
    let uri = format!("file:{}?immutable=1", utf8_percent_encode(path.as_str(), PATH));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    open_and_read(place, &uri, flags, query)
}

fn open_and_read(place: &Place, name: &str, flags: OpenFlags, query: Query) -> Result<Contents, Failure> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match place.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(name, flags, vfs)?,
        None => Connection::open_with_flags(name, flags)?,
    };
    connection.busy_timeout(BUSY)?;
    if schema::recognise(&connection, place)? {
        query(&connection)
    } else {
        Ok(Contents::default())
    }
}
