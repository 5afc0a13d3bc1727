//! Fails the Nth call of SQLite to the system, for every N until there are no more.

use std::collections::BTreeMap;

use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR};

use super::failing::{Layer, NAME};
use super::*;

/// The records before the test: several pages, so that there is something to read and to check.
fn old() -> Vec<Record> {
    (0..12).map(|n| post(&format!("old-{n}"), &"x".repeat(1000))).collect()
}

/// Opens, writes and closes storage while the `n`th operation fails with `code`, and if `from_then_on` all later ones until the disk
/// recovers. Returns whether there was an `n`th.
fn live(layer: &Layer, folder: &TestFolder, n: u64, code: i32, from_then_on: bool) -> bool {
    let context = format!("operation {n}, code {code}, from then on: {from_then_on}");
    let mut state_folder = StateFolder::new(&folder.dir);
    state_folder.vfs = Some(NAME);
    layer.fail(n, code, from_then_on);
    let opening = TestFolder::open_at(state_folder);
    let store = opening.store;
    // what the publisher knows
    let mut memory: BTreeMap<String, Record> = BTreeMap::new();
    let mut acknowledged = BTreeMap::new();
    let merge = |memory: &mut BTreeMap<String, Record>, found: Vec<Record>| {
        for record in found {
            memory.entry(record.key().1.to_owned()).or_insert(record);
        }
    };
    merge(&mut memory, opening.records);
    for (id, title) in [("a", "1"), ("b", "1"), ("a", "2")] {
        if let Some(found) = store.take_late_records() {
            merge(&mut memory, found);
            store.write(memory.values().cloned().map(RecordChange::Put));
        }
        let record = post(id, title);
        memory.insert(id.to_owned(), record.clone());
        if store.write_now(put(&record), PATIENCE) {
            acknowledged.insert(id.to_owned(), record);
        }
        is_there(folder, &acknowledged, &context);
    }
    let happened = layer.counted() >= n;
    layer.heal();
    until(&context, || {
        if let Some(found) = store.take_late_records() {
            merge(&mut memory, found);
            store.write(memory.values().cloned().map(RecordChange::Put));
        }
        store.write_now(Vec::new(), PATIENCE)
    });
    assert_eq!(store.problem(), None, "{context}");
    assert!(store.close(), "{context}");
    assert_eq!(
        read(&folder.dir).unwrap().records,
        memory.into_values().collect::<Vec<_>>(),
        "{context}"
    );
    assert_eq!(folder.on_disk().len(), old().len() + 2, "{context}");
    let names = folder.names();
    assert!(
        !names.iter().any(|name| name.contains(".corrupt-")),
        "{context}: a fault is not damage: {names:?}"
    );
    happened
}

/// Checks that everything acknowledged, or a later change of the same post, can be read without the failing layer.
fn is_there(folder: &TestFolder, acknowledged: &BTreeMap<String, Record>, context: &str) {
    if acknowledged.is_empty() {
        return;
    }
    let there = read(&folder.dir)
        .unwrap_or_else(|failure| panic!("{context}: {failure}"))
        .records;
    for (id, record) in acknowledged {
        let read = there.iter().find(|there| there.key() == record.key());
        let is_it = read == Some(record) || (id == "a" && read == Some(&post("a", "2")));
        assert!(is_it, "{context}: {id} was acknowledged, and there is {read:?}");
    }
}

fn every_operation(code: i32, from_then_on: bool) {
    let layer = Layer::new();
    let mut n = 0;
    loop {
        n += 1;
        let folder = TestFolder::of(&old());
        if !live(&layer, &folder, n, code, from_then_on) {
            break;
        }
    }
    // opening, checking, reading and three writes take many operations
    assert!(n > 50, "only {n} operations");
}

#[test]
fn an_error_in_any_operation_loses_nothing() {
    every_operation(SQLITE_IOERR, false);
}

#[test]
fn errors_from_any_operation_on_lose_nothing() {
    every_operation(SQLITE_IOERR, true);
}

#[test]
fn a_disk_that_is_full_from_any_operation_on_loses_nothing() {
    every_operation(SQLITE_FULL, true);
}

#[test]
fn creating_a_file_can_fail_in_any_operation() {
    let layer = Layer::new();
    for n in 1.. {
        let folder = TestFolder::new();
        let mut state_folder = StateFolder::new(&folder.dir);
        state_folder.vfs = Some(NAME);
        layer.fail(n, SQLITE_IOERR, false);
        let store = TestFolder::open_at(state_folder).store;
        let acknowledged = store.write_now(put(&post("a", "1")), PATIENCE);
        let happened = layer.counted() >= n;
        layer.heal();
        assert!(
            acknowledged || store.problem().is_some() || store.write_now(Vec::new(), PATIENCE),
            "operation {n}"
        );
        until("it heals", || store.write_now(Vec::new(), PATIENCE));
        assert!(store.close(), "operation {n}");
        assert_eq!(folder.on_disk().len(), 1, "operation {n}");
        if !happened {
            assert!(n > 30, "only {n} operations");
            break;
        }
    }
}

#[test]
fn an_error_between_pieces_leaves_all_of_them_or_none() {
    const RECORDS: usize = 2 * PIECE + 1;
    let layer = Layer::new();
    for n in (1..).step_by(50) {
        let context = format!("operation {n}");
        let folder = TestFolder::of(&old());
        let mut state_folder = StateFolder::new(&folder.dir);
        state_folder.vfs = Some(NAME);
        let store = TestFolder::open_at(state_folder).store;
        layer.fail(n, SQLITE_IOERR, false);
        let records = (0..RECORDS).map(|number| RecordChange::Put(post(&format!("new-{number:05}"), &"x".repeat(100))));
        let is_kept = store.write_now(records, PATIENCE);
        let happened = layer.counted() >= n;
        let found = folder.on_disk().len() - old().len();
        assert!(found == RECORDS || found == 0 && !is_kept, "{context}: {found} of {RECORDS}");
        layer.heal();
        until(&context, || store.write_now(Vec::new(), PATIENCE));
        assert_eq!(folder.on_disk().len() - old().len(), RECORDS, "{context}");
        if !happened {
            assert!(n > 200, "only {n} operations");
            break;
        }
    }
}
