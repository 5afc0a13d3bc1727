//! Files that are not sound ledger: each is moved aside or left alone, and reported.

use std::fs;

use super::*;

/// Thirty posts: more than one page of them.
fn many() -> Vec<Record> {
    (0..30).map(|n| post(&format!("post-{n:02}"), &"x".repeat(500))).collect()
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_is_created() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 6] = [
        ("its first page is overwritten", |mut bytes| {
            bytes[..100].fill(0xff);
            bytes
        }),
        ("a bit of its first page's tree flipped", |mut bytes| {
            bytes[100] ^= 0x10;
            bytes
        }),
        ("a page inside is overwritten", |mut bytes| {
            let at = bytes.len() - 4096;
            bytes[at..].fill(0xaa);
            bytes
        }),
        ("a bit of an inner page flipped", |mut bytes| {
            bytes[4096] ^= 0x40;
            bytes
        }),
        ("its end is missing", |mut bytes| {
            bytes.truncate(bytes.len() / 2 + 100);
            bytes
        }),
        ("it is a text", |_| b"not a database, but long enough to be one ".repeat(40)),
    ];
    for (name, damage) in damages {
        let folder = TestFolder::of(&many());
        let bytes = damage(fs::read(folder.path("ledger.db")).unwrap());
        fs::write(folder.path("ledger.db"), &bytes).unwrap();
        fs::write(folder.path("ledger.db-wal"), "a log of it").unwrap();

        let unread = read(&folder.dir).unwrap_err();
        assert!(
            matches!(unread, StorageError::Corrupt(_)),
            "{name}: reading says so: {unread:?}"
        );
        let opening = folder.open();
        assert_eq!(opening.records, [], "{name}");
        assert!(
            opening.notes[0].contains("was damaged") && opening.notes[0].contains(".corrupt-"),
            "{name}: {:?}",
            opening.notes
        );
        assert!(opening.store.write_now(put(&post("a", "1")), PATIENCE), "{name}");
        assert!(opening.store.close(), "{name}");
        let names = folder.names();
        let aside = names.iter().find(|name| name.contains(".corrupt-")).unwrap();
        assert_eq!(fs::read(folder.path(aside)).unwrap(), bytes, "{name}: nothing of it is lost");
        assert!(names.contains(&format!("{aside}-wal")), "{name}: {names:?}");
        assert_eq!(folder.open().records, [post("a", "1")], "{name}");
    }
}

#[test]
fn a_file_that_is_damaged_while_it_is_open_is_replaced() {
    // more than the page cache holds
    let large =
        |n: usize| (0..60).map(move |id| RecordChange::Put(post(&format!("post-{id}"), &format!("{n}{}", "x".repeat(60_000)))));
    let folder = TestFolder::new();
    let store = folder.open().store;
    assert!(store.write_now(large(0), PATIENCE));
    // in place, as a failing disk does it
    for name in ["ledger.db", "ledger.db-wal"] {
        let length = folder.path(name).metadata().unwrap().len();
        fs::write(folder.path(name), vec![0xaa; usize::try_from(length).unwrap()]).unwrap();
    }
    let (mut found, mut n) = (None, 0);
    until("it is made again", || {
        n += 1;
        let _ = store.write_now(large(n), PATIENCE);
        found = store.take_late_records();
        found.is_some()
    });
    assert_eq!(found, Some(vec![]));
    store.write(large(n));
    until_written(&store);
    assert!(store.close());
    assert_eq!(folder.on_disk().len(), 60);
    assert!(folder.names().iter().any(|name| name.contains(".corrupt-")));
}

#[test]
fn an_empty_file_is_reported_and_used() {
    let folder = TestFolder::new();
    fs::create_dir_all(&folder.dir).unwrap();
    fs::write(folder.path("ledger.db"), "").unwrap();
    assert_eq!(read(&folder.dir).unwrap().records, []);
    let opening = folder.open();
    assert!(opening.notes[0].contains("was empty"), "{:?}", opening.notes);
    assert!(opening.store.write_now(put(&post("a", "1")), PATIENCE));
    assert!(opening.store.close());
    fs::write(folder.path("ledger.db"), "").unwrap();
    let (_, contents) = SqliteStorage::new(&folder.dir).open_exclusive().unwrap();
    assert!(contents.notes[0].contains("was empty"), "{:?}", contents.notes);
}

#[test]
fn a_sound_database_of_another_program_is_left_alone() {
    let folder = TestFolder::new();
    fs::create_dir_all(&folder.dir).unwrap();
    folder.shell().execute_batch("CREATE TABLE record (kind, key, json)").unwrap();
    let before = fs::read(folder.path("ledger.db")).unwrap();
    let store = folder.open().store;
    assert!(!store.write_now(put(&post("a", "1")), PATIENCE));
    assert!(problem(&store).contains("a database of another program"));
    assert!(!store.close());
    assert_eq!(fs::read(folder.path("ledger.db")).unwrap(), before);
    assert_eq!(read(&folder.dir).unwrap_err(), StorageError::Foreign);
}

#[test]
fn the_number_of_damaged_files_is_bounded() {
    let folder = TestFolder::new();
    fs::create_dir_all(&folder.dir).unwrap();
    for n in 0..20 {
        fs::write(
            folder.path("ledger.db"),
            "no database at all, and not for the first time".repeat(20),
        )
        .unwrap();
        let opening = folder.open();
        let aside = folder.names().iter().filter(|name| name.contains(".corrupt-")).count();
        assert_eq!(aside, (n + 1).min(16));
        assert_eq!(opening.store.problem().is_some(), n >= 16, "{:?}", opening.store.problem());
    }
}

#[test]
fn records_that_are_not_understood_stay_and_are_named() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let strange = [
        ("aside", "x", r#"{"record":"aside","x":1}"#),
        ("post", "half", r#"{"record":"post","id":"half"}"#),
        ("post", "other", &serde_json::to_string(&post("another", "")).unwrap()),
        ("post", "text", "not JSON"),
    ];
    for row in strange {
        folder.shell().execute("INSERT INTO record VALUES (?1, ?2, ?3)", row).unwrap();
    }
    let opening = folder.open();
    assert_eq!(opening.records, [post("a", "1")]);
    let note = &opening.notes[0];
    assert!(
        note.starts_with("4 records of the ledger") && note.contains("aside `x` (unknown variant") && note.ends_with(", …"),
        "{note}"
    );
    assert!(opening.store.write_now(put(&post("b", "2")), PATIENCE));
    assert!(opening.store.close());
    let kept = folder.on_disk();
    for (kind, key, json) in strange {
        assert_eq!(kept[&format!("{kind} {key}")], json);
    }
}

#[test]
fn a_state_folder_that_cannot_be_created_is_reported_until_it_can() {
    let folder = TestFolder::new();
    let above = folder.dir.parent().unwrap();
    fs::write(above, "a file").unwrap();
    let opening = folder.open();
    assert_eq!(opening.records, []);
    let said = problem(&opening.store);
    assert!(
        said.contains("cannot be created") && said.contains("Feeds are still served"),
        "{said}"
    );
    assert!(!opening.store.write_now(put(&post("a", "1")), PATIENCE));
    fs::remove_file(above).unwrap();
    until_written(&opening.store);
    assert!(opening.store.close());
    assert_eq!(folder.open().records, [post("a", "1")]);
}
