//! The SQLite file: opens, checks, reads and writes it.

use std::borrow::Cow;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};

use super::schema;
use super::state_folder::{FileIdentity, StateFolder, move_damaged_aside};
use crate::identity::record::Record;
use crate::storage::data::{Contents, MAX_RECORD_BYTES, MAX_RECORDS};
use crate::storage::error::StorageError;
use crate::storage::jobs::{Job, MAX_JOBS, job_from_row};
use crate::storage::pending::PendingWrites;
use crate::storage::push_rows::{MAX_PUSH_ROWS, PushKind, PushRow};

/// How long to wait for another program's lock.
pub(super) const BUSY: Duration = Duration::from_secs(1);
/// The pages of the log from which on SQLite copies it into the file: 256 KiB.
const LOG_PAGES: i64 = 64;
/// A batch of this many records is acknowledged before the log is copied into the file.
const MANY: usize = 1000;
/// SQLite's page cache. It is small, because the file is read once and later written a little at a time.
const CACHE_KIB: i64 = 256;
/// How many records that were not understood a note names.
const NAMED: usize = 3;

/// The file, open for writing. The caller holds the lock.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    /// Whether opening created it.
    is_new: bool,
    /// Whether the log was left longer than SQLite would leave it.
    has_long_log: bool,
    /// The identity of the file, and of its `-wal`.
    identity: (Option<FileIdentity>, Option<FileIdentity>),
}

impl Database {
    /// Opens the file. A damaged one is moved aside, with a note, and a new one is created.
    pub(super) fn open_or_replace_damaged(folder: &StateFolder, notes: &mut Vec<String>) -> Result<Database, StorageError> {
        let was_empty = folder.database().metadata().is_ok_and(|metadata| metadata.len() == 0);
        // a passing read error can look like damage, so it is checked twice
        let opened = match Database::open(folder) {
            Err(StorageError::Corrupt(_)) => Database::open(folder),
            opened => opened,
        };
        let database = match opened {
            Err(StorageError::Corrupt(why)) => {
                let kept = move_damaged_aside(folder)?;
                notes.push(format!(
                    "{} was damaged ({why}): it was renamed to {kept}, and a new ledger is started; `feedmill ledger import` restores an \
                     export",
                    folder.database()
                ));
                Database::open(folder)?
            }
            opened => opened?,
        };
        if was_empty {
            notes.push(format!(
                "{} was empty: earlier ids and addresses are not known",
                folder.database()
            ));
        }
        Ok(database)
    }

    fn open(folder: &StateFolder) -> Result<Database, StorageError> {
        let path = folder.database();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = match folder.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&path, flags, vfs)?,
            None => Connection::open_with_flags(&path, flags)?,
        };
        connection.busy_timeout(BUSY)?;
        // if the file turns out to be unusable, closing it must not delete its log
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let is_new = !schema::is_feedmill_database(&connection, folder.migrations)?;
        check_integrity(&connection)?;
        // on file systems without shared memory SQLite keeps using a rollback journal, which is as safe
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // the log takes several times the space of its records, and changes are few
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // on macOS a plain fsync leaves writes in the drive's cache
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        schema::migrate(&mut connection, folder.migrations, |connection, version| {
            folder.back_up(connection, version)
        })?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        let identity = file_identities(folder)?;
        Ok(Database {
            connection,
            is_new,
            has_long_log: false,
            identity,
        })
    }

    /// Copies the log into the file, and empties it.
    ///
    /// After a failed write nothing in the log is known to be on disk, even if it can be read, and neither is what is appended after
    /// it. So this comes before the next write.
    pub(super) fn empty_log(&self) -> Result<(), StorageError> {
        let is_busy: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
        if is_busy { Err(StorageError::Busy) } else { Ok(()) }
    }

    /// Whether its path still names this file.
    pub(super) fn is_in_place(&self, folder: &StateFolder) -> Result<bool, StorageError> {
        Ok(file_identities(folder)? == self.identity)
    }

    /// Whether opening created it.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The identity of the file. A new file can get the identity of a deleted one.
    pub(super) fn identity(&self) -> Option<FileIdentity> {
        self.identity.0
    }

    /// The identity of its log.
    pub(super) fn log_identity(&self) -> Option<FileIdentity> {
        self.identity.1
    }

    pub(super) fn contents(&self) -> Result<Contents, StorageError> {
        read_contents(&self.connection)
    }

    /// Reads all jobs, by id. Rows that are not understood stay as they are, and a note counts them.
    pub(super) fn jobs(&self, notes: &mut Vec<String>) -> Result<Vec<Job>, StorageError> {
        let mut jobs = Vec::new();
        if !has_table(&self.connection, "job")? {
            return Ok(jobs);
        }
        let mut statement = self.connection.prepare("SELECT id, json FROM job ORDER BY id LIMIT ?1")?;
        let mut rows = statement.query([i64::try_from(MAX_JOBS).unwrap_or(i64::MAX)])?;
        let mut unknown = 0;
        while let Some(row) = rows.next()? {
            let (id, json) = (text(row.get_ref(0)?), row.get_ref(1)?);
            match json.as_bytes().ok().and_then(|json| job_from_row(&id, json)) {
                Some(job) => jobs.push(job),
                None => unknown += 1,
            }
        }
        if unknown > 0 {
            notes.push(format!("{unknown} stored jobs are not understood, and stay as they are"));
        }
        Ok(jobs)
    }

    /// Reads all rows of push, by kind and key.
    pub(super) fn push_rows(&self) -> Result<Vec<PushRow>, StorageError> {
        read_push_rows(&self.connection)
    }

    /// Writes all of `pending`, or nothing. Do not use the database after an error.
    pub(super) fn write(&mut self, pending: &PendingWrites) -> Result<(), StorageError> {
        let mut writing = self.begin()?;
        writing.put(pending)?;
        writing.commit()
    }

    /// Begins a transaction. Do not use the database after an error.
    pub(super) fn begin(&mut self) -> Result<WriteTransaction<'_>, StorageError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(WriteTransaction {
            transaction,
            records: 0,
            has_long_log: &mut self.has_long_log,
        })
    }

    /// Copies a long log into the file, as SQLite does after a commit. If that fails, a later commit does it.
    pub(super) fn shorten_log(&mut self) {
        if !std::mem::take(&mut self.has_long_log) {
            return;
        }
        let _ = self.connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES);
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
    }
}

/// A transaction. If it is dropped before it is committed, nothing is written.
pub(super) struct WriteTransaction<'a> {
    transaction: Transaction<'a>,
    /// How many records were written.
    records: usize,
    has_long_log: &'a mut bool,
}

impl WriteTransaction<'_> {
    pub(super) fn put(&mut self, pending: &PendingWrites) -> Result<(), StorageError> {
        self.records += pending.len();
        let mut put = self.transaction.prepare_cached(
            "INSERT INTO record (kind, key, json) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET json = excluded.json WHERE json <> excluded.json",
        )?;
        let mut forget = self
            .transaction
            .prepare_cached("DELETE FROM record WHERE kind = ?1 AND key = ?2")?;
        for ((kind, key), json) in pending.changes() {
            match json {
                Some(json) => put.execute((kind, key, json))?,
                None => forget.execute((kind, key))?,
            };
        }
        self.put_jobs(pending)?;
        self.put_push_rows(pending)
    }

    fn put_jobs(&self, pending: &PendingWrites) -> Result<(), StorageError> {
        let mut rows = pending.job_rows().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        self.transaction.execute_batch(schema::JOB_TABLE)?;
        let mut put = self
            .transaction
            .prepare_cached("INSERT INTO job (id, json) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET json = excluded.json")?;
        let mut delete = self.transaction.prepare_cached("DELETE FROM job WHERE id = ?1")?;
        for (id, json) in rows {
            match json {
                Some(json) => put.execute((id, json))?,
                None => delete.execute([id])?,
            };
        }
        Ok(())
    }

    fn put_push_rows(&self, pending: &PendingWrites) -> Result<(), StorageError> {
        let mut rows = pending.push_rows().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        self.transaction.execute_batch(schema::PUSH_TABLE)?;
        let mut put = self.transaction.prepare_cached(
            "INSERT INTO push (kind, key, json) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET json = excluded.json WHERE json <> excluded.json",
        )?;
        let mut delete = self
            .transaction
            .prepare_cached("DELETE FROM push WHERE kind = ?1 AND key = ?2")?;
        for ((kind, key), value) in rows {
            match value {
                Some(value) => put.execute((kind.name(), key, value))?,
                None => delete.execute((kind.name(), key))?,
            };
        }
        Ok(())
    }

    pub(super) fn commit(self) -> Result<(), StorageError> {
        // after the commit the batch is on disk; the caller should not wait until it is copied into the file as well
        if self.records >= MANY {
            self.transaction.pragma_update(None, "wal_autocheckpoint", 0)?;
            *self.has_long_log = true;
        }
        Ok(self.transaction.commit()?)
    }
}

fn file_identities(folder: &StateFolder) -> Result<(Option<FileIdentity>, Option<FileIdentity>), StorageError> {
    let of = |path| FileIdentity::of(&path).map_err(|error| StorageError::from_io(&format!("{path} cannot be found"), &error));
    Ok((of(folder.database())?, of(folder.beside("-wal"))?))
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> StorageError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Busy,
            Some(ErrorCode::DiskFull) => StorageError::Full,
            Some(ErrorCode::ReadOnly) => StorageError::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StorageError::Corrupt(error.to_string()),
            _ => StorageError::Io(error.to_string()),
        }
    }
}

/// Checks the whole file for damage.
fn check_integrity(connection: &Connection) -> Result<(), StorageError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(integrity_error(found))
}

/// The error that `PRAGMA quick_check` found. SQLite reports a page that it cannot read like a damaged one; only the error code differs.
fn integrity_error(found: String) -> StorageError {
    let code: Option<i32> = found.split("error code=").nth(1).and_then(|code| code.trim().parse().ok());
    match code {
        Some(code) if code & 0xff != ffi::SQLITE_CORRUPT => StorageError::Io(found),
        _ => StorageError::Corrupt(found),
    }
}

/// Reads all records, by kind and key. Records that are not understood stay as they are; a note counts and names them.
pub(super) fn read_contents(connection: &Connection) -> Result<Contents, StorageError> {
    run_record_query(connection, "SELECT kind, key, json FROM record ORDER BY kind, key")
}

/// Reads all rows of push, by kind and key. Rows of an unknown kind stay as they are.
pub(super) fn read_push_rows(connection: &Connection) -> Result<Vec<PushRow>, StorageError> {
    let mut found = Vec::new();
    if !has_table(connection, "push")? {
        return Ok(found);
    }
    let mut statement = connection.prepare("SELECT kind, key, json FROM push ORDER BY kind, key LIMIT ?1")?;
    let mut rows = statement.query([i64::try_from(MAX_PUSH_ROWS).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let (kind, key, value) = (text(row.get_ref(0)?), text(row.get_ref(1)?), text(row.get_ref(2)?));
        if let Some(kind) = PushKind::from_name(&kind) {
            found.extend(Some(PushRow::put(kind, key, &*value)).filter(PushRow::is_small));
        }
    }
    Ok(found)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, StorageError> {
    let query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    Ok(connection.query_row(query, [name], |row| row.get(0))?)
}

/// Reads the record of the site alone.
pub(super) fn read_site_record(connection: &Connection) -> Result<Contents, StorageError> {
    run_record_query(connection, "SELECT kind, key, json FROM record WHERE kind = 'site'")
}

fn run_record_query(connection: &Connection, query: &str) -> Result<Contents, StorageError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query(())?;
    let mut found = Contents::default();
    let mut unknown = Vec::new();
    while let Some(row) = rows.next()? {
        if found.records.len() == MAX_RECORDS {
            found
                .notes
                .push(format!("the ledger has over {MAX_RECORDS} records, and the rest is not read"));
            break;
        }
        let (kind, key) = (text(row.get_ref(0)?), text(row.get_ref(1)?));
        match parse_record(&kind, &key, row.get_ref(2)?) {
            Ok(record) => found.records.push(record),
            Err(why) => unknown.push(format!("{kind} `{key}` ({why})")),
        }
    }
    if !unknown.is_empty() {
        let more = if unknown.len() > NAMED { ", …" } else { "" };
        found.notes.push(format!(
            "{} records of the ledger are not understood, and are kept as they are: {}{more}",
            unknown.len(),
            unknown.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(found)
}

fn text(value: ValueRef<'_>) -> Cow<'_, str> {
    value.as_bytes().map_or(Cow::Borrowed(""), String::from_utf8_lossy)
}

fn parse_record(kind: &str, key: &str, json: ValueRef<'_>) -> Result<Record, String> {
    let bytes = json.as_bytes().map_err(|error| error.to_string())?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(format!("over {MAX_RECORD_BYTES} bytes"));
    }
    let record = Record::from_json(bytes).map_err(|error| error.to_string())?;
    if record.key() == (kind, key) {
        Ok(record)
    } else {
        Err("it has another key".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::storage::data::RecordChange;

    #[test]
    fn acknowledged_changes_survive_a_loss_of_power() {
        let (_temporary, _, database) = new_database();
        let pragma = |name: &str| -> String {
            let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            database.connection.query_row(&query, (), |row| row.get(0)).unwrap()
        };
        // 2 is FULL
        assert_eq!(
            (pragma("synchronous"), pragma("journal_mode")),
            ("2".to_owned(), "wal".to_owned())
        );
        assert_eq!(
            (pragma("fullfsync"), pragma("checkpoint_fullfsync")),
            ("1".to_owned(), "1".to_owned())
        );
        // a negative number is in KiB
        assert_eq!(pragma("cache_size"), "-256");
    }

    /// A folder with a new database.
    fn new_database() -> (tempfile::TempDir, StateFolder, Database) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StateFolder::new(Utf8Path::from_path(temporary.path()).unwrap());
        let database = Database::open(&folder).unwrap();
        (temporary, folder, database)
    }

    fn document(number: usize) -> Record {
        let json = format!(
            r#"{{"record":"document","path":"/{number:0300}","tag":"1","modified":"2026-01-31T07:00:00Z","updated":"2026-01-31T07:00:00Z"}}"#
        );
        Record::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_large_batch_is_copied_into_the_file_only_when_that_is_asked_for() {
        for (jobs, is_large) in [(0, false), (1, true)] {
            let (_temporary, folder, mut database) = new_database();
            let mut pending = PendingWrites::from_changes((1..MANY).map(|number| RecordChange::Put(document(number))));
            for number in 0..jobs {
                pending.add_job_row((number.to_string(), Some("{}".into())));
            }
            let size = || folder.database().metadata().unwrap().len();
            let before = size();
            database.write(&pending).unwrap();
            assert_eq!(
                size() == before,
                is_large,
                "{jobs}: SQLite copies a long log that it was not told to leave"
            );
            database.shorten_log();
            assert!(size() > before, "{jobs}");
        }
    }

    #[test]
    fn errors_of_sqlite_are_told_apart() {
        let error = |code| StorageError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert_eq!(error(ffi::SQLITE_BUSY), StorageError::Busy);
        assert_eq!(error(ffi::SQLITE_LOCKED), StorageError::Busy);
        assert_eq!(error(ffi::SQLITE_FULL), StorageError::Full);
        assert_eq!(error(ffi::SQLITE_READONLY), StorageError::ReadOnly);
        assert!(matches!(error(ffi::SQLITE_CORRUPT), StorageError::Corrupt(_)));
        assert!(matches!(error(ffi::SQLITE_NOTADB), StorageError::Corrupt(_)));
        assert!(matches!(error(ffi::SQLITE_IOERR), StorageError::Io(_)));
    }

    #[test]
    fn a_page_that_cannot_be_read_is_no_damage() {
        let page = "*** in database main ***\nTree 2 page 3: unable to get the page. error code=";
        // a short read; damage; damage of a virtual table
        for (found, is_damage) in [
            (format!("{page}522"), false),
            (format!("{page}11"), true),
            (format!("{page}267"), true),
            ("row 1 missing from index".to_owned(), true),
        ] {
            let error = integrity_error(found.clone());
            assert_eq!(matches!(error, StorageError::Corrupt(_)), is_damage, "{found}");
        }
    }

    #[test]
    fn a_few_of_the_records_that_are_not_understood_are_named() {
        for (count, ends_with) in [(3, "c` (expected value at line 1 column 1)"), (4, ", …")] {
            let (_temporary, _, database) = new_database();
            for key in ["a", "b", "c", "d"].iter().take(count) {
                let insert = "INSERT INTO record (kind, key, json) VALUES ('post', ?1, 'x')";
                database.connection.execute(insert, [key]).unwrap();
            }
            let notes = database.contents().unwrap().notes;
            assert!(notes.len() == 1 && notes[0].starts_with(&count.to_string()), "{notes:?}");
            assert!(notes[0].ends_with(ends_with) && !notes[0].contains("`d`"), "{notes:?}");
        }
    }

    #[test]
    fn a_record_may_have_the_most_bytes_and_no_more() {
        let json = serde_json::to_string(&document(1)).unwrap();
        let key = document(1).key().1.to_owned();
        for (length, is_read) in [(MAX_RECORD_BYTES, true), (MAX_RECORD_BYTES + 1, false)] {
            let padded = json.clone() + &" ".repeat(length - json.len());
            let record = parse_record("document", &key, ValueRef::Text(padded.as_bytes()));
            assert_eq!(record.is_ok(), is_read, "{length}");
        }
    }
}
