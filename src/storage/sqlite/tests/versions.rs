//! Files of older and newer versions of feedmill.

use std::fs;

use super::*;

/// An invented second version.
const SECOND: &[&str] = &[schema::MIGRATIONS[0], "ALTER TABLE record ADD COLUMN kept TEXT"];
/// A migration that fails after its first statement.
const BROKEN: &[&str] = &[
    schema::MIGRATIONS[0],
    "ALTER TABLE record ADD COLUMN kept TEXT; ALTER TABLE none RENAME TO other",
];

fn place(folder: &TestFolder, migrations: &'static [&'static str]) -> StateFolder {
    let mut place = StateFolder::new(&folder.dir);
    place.migrations = migrations;
    place
}

#[test]
fn an_older_file_is_migrated_after_a_backup_and_an_older_feedmill_refuses_it() {
    let folder = TestFolder::of(&[post("a", "1")]);
    // left by an earlier attempt
    fs::write(folder.path("ledger.db.v1.bak"), "half a backup").unwrap();
    fs::write(folder.path("ledger.db.bak-unfinished"), "half a backup").unwrap();
    let newer = TestFolder::open_at(place(&folder, SECOND));
    assert_eq!((newer.records, newer.notes), (vec![post("a", "1")], vec![]));
    assert!(newer.store.write_now(put(&post("b", "2")), PATIENCE));
    assert!(newer.store.close());

    let before = fs::read(folder.path("ledger.db")).unwrap();
    let older = folder.open();
    assert_eq!(older.records, []);
    let said = older.store.problem().unwrap();
    assert!(
        said.contains("a newer feedmill wrote it (schema 2, this one knows 1)"),
        "{said}"
    );
    assert!(!older.store.write_now(put(&post("c", "3")), PATIENCE));
    assert!(!older.store.close());
    assert_eq!(fs::read(folder.path("ledger.db")).unwrap(), before, "it is left as it is");
    assert_eq!(read(&folder.dir).unwrap_err(), StorageError::Newer { found: 2, known: 1 });

    // going back: the backup takes its place
    fs::rename(folder.path("ledger.db.v1.bak"), folder.path("ledger.db")).unwrap();
    assert_eq!(folder.open().records, [post("a", "1")]);
    assert_eq!(folder.names(), ["ledger.db", "ledger.lock"]);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let opening = TestFolder::open_at(place(&folder, BROKEN));
    assert!(opening.store.problem().unwrap().contains("no such table: none"));
    assert_eq!(opening.records, [post("a", "1")], "it can still be read");
    drop(opening);
    assert_eq!(folder.open().records, [post("a", "1")]);
}

#[test]
fn a_negative_version_is_damage() {
    let folder = TestFolder::of(&[post("a", "1")]);
    folder.shell().pragma_update(None, "user_version", -1).unwrap();
    assert!(matches!(read(&folder.dir), Err(StorageError::Corrupt(_))));
}
