//! Other users of the same folder: a second feedmill, readers, an sqlite3 shell, a person who deletes and replaces files.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_second_writer_names_the_first_and_takes_over() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let first = folder.open().store;
    let second = folder.open();
    assert_eq!(second.records, [post("a", "1")], "what may not be written may be read");
    let said = second.store.problem().unwrap();
    let holder = format!("another feedmill (process {}) uses it", std::process::id());
    assert!(said.contains(&holder) && said.contains("--state"), "{said}");

    // both go on, the second in memory
    assert!(!second.store.write_now(
        vec![
            RecordChange::Put(post("b", "second's")),
            RecordChange::Put(post("c", "second's"))
        ],
        PATIENCE
    ));
    assert!(first.write_now(put(&post("b", "first's")), PATIENCE));
    assert!(first.close());
    until("the second has it", || second.store.problem().is_none());
    // nothing overwrites records that the second has not seen
    assert!(!second.store.write_now(Vec::new(), PATIENCE));
    assert_eq!(read(&folder.dir).unwrap().records, [post("a", "1"), post("b", "first's")]);
    assert_eq!(
        second.store.take_late_records(),
        Some(vec![post("a", "1"), post("b", "first's")])
    );
    assert!(second.store.write_now(put(&post("b", "both's")), PATIENCE));
    assert_eq!(second.store.take_late_records(), None);
    assert!(second.store.close());
    assert_eq!(
        folder.open().records,
        [post("a", "1"), post("b", "both's"), post("c", "second's")]
    );
}

#[test]
fn a_second_writer_that_missed_nothing_finds_nothing() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let first = folder.open().store;
    let second = folder.open().store;
    assert!(first.close());
    until("the second has it", || second.problem().is_none());
    assert_eq!(second.take_late_records(), None);
}

#[test]
fn closing_overwrites_no_late_records() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let first = folder.open().store;
    let second = folder.open().store;
    assert!(first.write_now(put(&post("b", "first's")), PATIENCE));
    second.write(vec![
        RecordChange::Put(post("b", "second's")),
        RecordChange::Put(post("c", "second's")),
        RecordChange::Delete("post", "a".to_owned()),
    ]);
    assert!(first.close());
    until("the second has it", || second.problem().is_none());
    assert!(!second.close(), "not everything was written");
    assert_eq!(
        folder.open().records,
        [post("b", "first's"), post("c", "second's")],
        "what it knew of and forgot is forgotten"
    );
}

#[test]
fn readers_see_whole_batches_while_they_are_written() {
    let folder = TestFolder::of(&[post("a", "0"), post("b", "0")]);
    let store = folder.open().store;
    let ended = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let titles: Vec<String> = titles(&read(&folder.dir).unwrap().records);
                assert_eq!(titles[0], titles[1]);
                seen.push(titles[0].parse::<u32>().unwrap());
            }
            seen
        });
        for n in 1..=60 {
            let title = n.to_string();
            assert!(store.write_now(
                vec![RecordChange::Put(post("a", &title)), RecordChange::Put(post("b", &title))],
                PATIENCE
            ));
            // the next reader sees what was acknowledged
            assert_eq!(titles(&read(&folder.dir).unwrap().records), [title.clone(), title]);
        }
        ended.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(!seen.is_empty() && seen.is_sorted(), "{seen:?}");
    assert_eq!(store.problem(), None);
}

fn titles(records: &[Record]) -> Vec<String> {
    let title = |record: &Record| match record {
        Record::Post(post) => Some(post.title.to_string()),
        _ => None,
    };
    records.iter().filter_map(title).collect()
}

#[test]
fn reading_creates_no_files() {
    let folder = TestFolder::new();
    assert_eq!(read(&folder.dir).unwrap(), Contents::default());
    assert!(!folder.dir.exists());

    let folder = TestFolder::of(&[post("a", "1")]);
    let (names, before) = (folder.names(), fs::read(folder.path("ledger.db")).unwrap());
    assert_eq!(read(&folder.dir).unwrap().records, [post("a", "1")]);
    assert_eq!((folder.names(), fs::read(folder.path("ledger.db")).unwrap()), (names, before));
}

#[test]
fn the_log_of_a_killed_process_is_read() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    assert!(store.write_now(put(&post("b", "2")), PATIENCE));
    // the files of a process that was killed
    let copy = TestFolder::new();
    fs::create_dir_all(&copy.dir).unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        fs::copy(folder.path(name), copy.path(name)).unwrap();
    }
    assert_eq!(read(&copy.dir).unwrap().records, [post("a", "1"), post("b", "2")]);
    assert_eq!(copy.open().records, [post("a", "1"), post("b", "2")]);
}

#[test]
fn a_write_waits_for_a_shell_that_has_locked_the_file() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    let shell = folder.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(!store.write_now(put(&post("b", "2")), PATIENCE));
    let said = problem(&store);
    assert!(
        said.contains("another program has locked it") && said.contains("sqlite3"),
        "{said}"
    );
    shell.execute_batch("ROLLBACK").unwrap();
    until_written(&store);
    assert_eq!(read(&folder.dir).unwrap().records.len(), 2);
}

#[test]
fn a_writer_that_starts_beside_a_shell_reads_first_and_writes_later() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let shell = folder.shell();
    shell
        .execute_batch("PRAGMA locking_mode = NORMAL; BEGIN; SELECT * FROM record")
        .unwrap();
    let opening = folder.open();
    assert_eq!((opening.records, opening.store.problem()), (vec![post("a", "1")], None));
    assert!(
        opening.store.write_now(put(&post("b", "2")), PATIENCE),
        "a reader is in nobody's way"
    );
}

#[test]
fn a_file_that_is_deleted_while_it_is_open_is_created_again_with_everything() {
    type Go = fn(&TestFolder);
    let gone: [(&str, Go); 4] = [
        ("the file", |folder| fs::remove_file(folder.path("ledger.db")).unwrap()),
        ("the file and its log", |folder| {
            for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
                fs::remove_file(folder.path(name)).unwrap();
            }
        }),
        ("the folder", |folder| fs::remove_dir_all(&folder.dir).unwrap()),
        ("the folder above", |folder| {
            fs::remove_dir_all(folder.dir.parent().unwrap()).unwrap();
        }),
    ];
    for (name, go) in gone {
        let folder = TestFolder::of(&[post("a", "1")]);
        let store = folder.open().store;
        assert!(store.write_now(put(&post("b", "2")), PATIENCE));
        go(&folder);
        // a change that is written then is there, and the caller is asked for everything else
        assert!(
            store.write_now(put(&post("c", "3")), PATIENCE),
            "{name}: {:?}",
            store.problem()
        );
        assert_eq!(store.take_late_records(), Some(vec![]), "{name}");
        let everything = ["a", "b", "c"].map(|id| post(id, id));
        assert!(store.write_now(everything.iter().cloned().map(RecordChange::Put), PATIENCE));
        assert!(store.close(), "{name}");
        assert_eq!(folder.on_disk().len(), 3, "{name}");
        assert_eq!(folder.open().records, everything, "{name}");
    }
}

#[test]
fn a_log_that_is_deleted_while_it_is_open_loses_nothing() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    assert!(store.write_now(put(&post("b", "2")), PATIENCE));
    fs::remove_file(folder.path("ledger.db-wal")).unwrap();
    assert!(store.write_now(put(&post("c", "3")), PATIENCE));
    std::mem::forget(store);
    assert_eq!(folder.on_disk().len(), 3, "not even where the program ends without a word");
}

#[test]
fn a_file_that_is_replaced_while_it_is_open_is_read_before_it_is_written() {
    let folder = TestFolder::of(&[post("a", "1")]);
    fs::copy(folder.path("ledger.db"), folder.path("copy")).unwrap();
    let store = folder.open().store;
    assert!(store.write_now(
        vec![RecordChange::Put(post("a", "2")), RecordChange::Put(post("b", "2"))],
        PATIENCE
    ));
    fs::rename(folder.path("copy"), folder.path("ledger.db")).unwrap();
    store.write(put(&post("a", "3")));
    let mut found = None;
    until("the other file is found", || {
        found = store.take_late_records();
        found.is_some()
    });
    assert_eq!(
        found,
        Some(vec![post("a", "1")]),
        "it holds what it held, and nothing of the old log"
    );
    assert!(store.write_now(
        vec![RecordChange::Put(post("a", "3")), RecordChange::Put(post("b", "2"))],
        PATIENCE
    ));
    assert!(store.close());
    assert_eq!(folder.open().records, [post("a", "3"), post("b", "2")]);
    assert_eq!(folder.on_disk().len(), 2);
}

#[test]
fn a_deleted_lock_is_taken_again_unless_another_process_has_it() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let first = folder.open().store;
    fs::remove_file(folder.path("ledger.lock")).unwrap();
    first.write(put(&post("b", "2")));
    let mut found = None;
    until("it was made and taken again", || {
        found = found.take().or_else(|| first.take_late_records());
        found.is_some()
    });
    assert!(
        found.is_some_and(|found| found.contains(&post("a", "1"))),
        "another could have written meanwhile"
    );
    until_written(&first);
    let second = folder.open().store;
    assert!(problem(&second).contains("another feedmill"));
    drop(second);

    fs::remove_file(folder.path("ledger.lock")).unwrap();
    let state_folder = StateFolder::new(&folder.dir);
    // the first may be quicker, because it checks by itself
    if let Ok(lock) = Lock::take(&state_folder) {
        assert!(!first.write_now(put(&post("c", "3")), PATIENCE));
        assert!(problem(&first).contains("another feedmill"));
        drop(lock);
    }
    until("it has it again", || {
        let _ = first.take_late_records();
        first.write_now(Vec::new(), PATIENCE)
    });
}
