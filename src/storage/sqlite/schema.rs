//! The tables and their versions. `PRAGMA user_version` is the version of a file, `PRAGMA application_id` marks it as feedmill's.
//!
//! An older file is migrated in one transaction, after a backup beside it. A newer one is refused, so that nothing is lost when
//! somebody goes back to an older feedmill.

use rusqlite::{Connection, TransactionBehavior};

use crate::storage::error::StorageError;

/// The statements that migrate each version to the next. An empty file has version 0.
pub(super) const MIGRATIONS: &[&str] = &["CREATE TABLE record (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID"];

/// Creates the table of jobs, when the first job is written. That is not a new version of the schema: a feedmill that does not know
/// this table can still read and write the records.
pub(super) const JOB_TABLE: &str = "CREATE TABLE IF NOT EXISTS job (
    id   TEXT NOT NULL PRIMARY KEY,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID";

/// Creates the table of push, when its first row is written, for the same reason.
pub(super) const PUSH_TABLE: &str = "CREATE TABLE IF NOT EXISTS push (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID";

/// `fdml`, in the field that SQLite has for the program that owns a file.
const APPLICATION_ID: i32 = 0x6664_6d6c;

/// Whether the file contains feedmill's tables; `false` if it is empty. A newer file, or one of another program, is an error.
pub(super) fn is_feedmill_database(connection: &Connection, migrations: &[&str]) -> Result<bool, StorageError> {
    let version = version(connection)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let has_tables: bool = connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", (), |row| row.get(0))?;
    let known = migrations.len();
    match (application, version) {
        (0, 0) if !has_tables => Ok(false),
        (APPLICATION_ID, found) if found > known => Err(StorageError::Newer { found, known }),
        (APPLICATION_ID, 1..) => match connection.prepare("SELECT kind, key, json FROM record") {
            Ok(_) => Ok(true),
            Err(error) => Err(match StorageError::from(error) {
                StorageError::Io(why) if why.contains("no such") => StorageError::Corrupt(why),
                failure => failure,
            }),
        },
        _ => Err(StorageError::Foreign),
    }
}

fn version(connection: &Connection) -> Result<usize, StorageError> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).map_err(|_| StorageError::Corrupt(format!("its schema is {version}")))
}

/// Migrates the file to the newest version. A file that is not empty is first given to `back_up`, with its version.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[&str],
    back_up: impl FnOnce(&Connection, usize) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let from = version(connection)?;
    let known = migrations.len();
    if from == known {
        return Ok(());
    }
    if from > 0 {
        back_up(connection, from)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in migrations.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(known).unwrap_or(i64::MAX))?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_without_the_table_of_records_is_damaged() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let error = is_feedmill_database(&connection, MIGRATIONS).unwrap_err();
        assert_eq!(error, StorageError::Corrupt("no such table: record".to_owned()));
    }
    #[test]
    fn a_table_of_records_that_cannot_be_prepared_for_another_reason_is_not_taken_for_damage() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let views = "CREATE VIEW record AS SELECT * FROM other; CREATE VIEW other AS SELECT * FROM record";
        connection.execute_batch(views).unwrap();
        let error = is_feedmill_database(&connection, MIGRATIONS).unwrap_err();
        assert!(matches!(error, StorageError::Io(_)), "{error:?}");
    }
}
