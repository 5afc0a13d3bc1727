//! The tables, by version: `PRAGMA user_version` says which one a file has, `PRAGMA application_id` whose it is.
//!
//! An older file is brought forward in one transaction, after a backup beside it. A newer one is refused: whoever goes back to an
//! older feedmill keeps both.

use std::fs::{self, File};

use rusqlite::{Connection, TransactionBehavior};

use super::failure::Failure;
use super::place::{Place, sync_folder};

/// The statements that lead from each version to the next; the version of an empty file is 0.
pub(super) const MIGRATIONS: &[&str] = &["CREATE TABLE record (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID"];

/// `fdml`, in the place where SQLite wants to be told whose a file is.
const APPLICATION_ID: i32 = 0x6664_6d6c;

/// Whether there is anything in the file; where there is, it is ours and not newer than this program.
pub(super) fn recognise(connection: &Connection, place: &Place) -> Result<bool, Failure> {
    let version = version(connection)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let has_tables: bool = connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", (), |row| row.get(0))?;
    let known = place.migrations.len();
    match (application, version) {
        (0, 0) if !has_tables => Ok(false),
        (APPLICATION_ID, found) if found > known => Err(Failure::Newer { found, known }),
        (APPLICATION_ID, 1..) => match connection.prepare("SELECT kind, key, json FROM record") {
            Ok(_) => Ok(true),
            Err(error) => Err(match Failure::from(error) {
                Failure::Io(why) if why.contains("no such") => Failure::Corrupt(why),
                failure => failure,
            }),
        },
        _ => Err(Failure::Foreign),
    }
}

fn version(connection: &Connection) -> Result<usize, Failure> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Failure::Corrupt(format!("its schema is {version}")))
}

/// Brings the file, which was recognised, to the newest version.
pub(super) fn bring_forward(connection: &mut Connection, place: &Place) -> Result<(), Failure> {
    let from = version(connection)?;
    let known = place.migrations.len();
    if from == known {
        return Ok(());
    }
    if from > 0 {
        back_up(connection, place, from)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in place.migrations.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(known).unwrap_or(i64::MAX))?;
    Ok(transaction.commit()?)
}

/// Copies the file to `ledger.db.v1.bak`, where a name that ends in `.bak` is always a whole copy.
fn back_up(connection: &Connection, place: &Place, version: usize) -> Result<(), Failure> {
    let backup = place.beside(&format!(".v{version}.bak"));
    let unfinished = place.beside(".bak-unfinished");
    let _ = fs::remove_file(&unfinished);
    connection.execute("VACUUM INTO ?1", [unfinished.as_str()])?;
    File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, &backup))
        .and_then(|()| sync_folder(place.folder()))
        .map_err(|error| Failure::of_io(&format!("{backup} cannot be written"), &error))
}
