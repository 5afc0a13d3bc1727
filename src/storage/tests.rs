//! What every backend promises. Each test runs over SQLite and over memory.

use serde_json::json;
use tempfile::TempDir;

use super::data::{MAX_CACHE_BYTES, MAX_VERSION_BYTES, MAX_VERSIONS};
use super::jobs::{MAX_JOB_BYTES, MAX_JOBS};
use super::push_rows::{MAX_PUSH_KEY_BYTES, MAX_PUSH_ROW_BYTES};
use super::*;
use crate::identity::Digest;

const PATIENCE: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_mins(1);

/// An empty storage of each backend.
fn backends() -> [(Storage, Option<TempDir>); 2] {
    let folder = TempDir::new().unwrap();
    let dir = Utf8Path::from_path(folder.path()).unwrap().join("state");
    [(Storage::sqlite(&dir), Some(folder)), (Storage::memory(), None)]
}

fn document(path: &str, tag: &str) -> Record {
    serde_json::from_value(json!({
        "record": "document", "path": path, "tag": tag, "modified": "2026-01-31T07:00:00Z", "updated": "2026-01-31T07:00:00Z",
    }))
    .unwrap()
}

fn put(path: &str, tag: &str) -> RecordChange {
    RecordChange::Put(document(path, tag))
}

fn at(text: &str) -> Timestamp {
    format!("2026-01-31T{text}Z").parse().unwrap()
}

fn version(path: &str, bytes: &[u8]) -> StoredVersion {
    StoredVersion {
        path: path.into(),
        modified: at("07:00:00"),
        bytes: bytes.into(),
        refused: Some(Digest::of(b"TBD")),
        changed: None,
    }
}

/// Waits for `condition`.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn records_are_there_after_a_restart() {
    for (storage, _folder) in backends() {
        assert!(!storage.exists(), "{storage}");
        assert_eq!(storage.load().unwrap(), Contents::default(), "{storage}");
        let OpenedStorage { writer, records, notes } = storage.open();
        assert_eq!((records, notes, writer.problem()), (vec![], vec![], None), "{storage}");
        writer.write([put("/b", "1"), put("/gone", "1"), put("/b", "2")]);
        let deletion = RecordChange::Delete("document", "/gone".to_owned());
        assert!(writer.write_now([put("/a", "1"), deletion], PATIENCE), "{storage}");
        let expected = [document("/a", "1"), document("/b", "2")];
        assert_eq!(
            storage.load().unwrap().records,
            expected,
            "{storage}: it can be read meanwhile"
        );
        assert!(writer.close(), "{storage}");
        assert!(storage.exists(), "{storage}");
        let opened = storage.open();
        assert_eq!(opened.records, expected, "{storage}");
        assert_eq!(opened.writer.take_late_records(), None, "{storage}");
    }
}

#[test]
fn the_record_of_the_site_is_read_alone() {
    for (storage, _folder) in backends() {
        let site = Record::Site(crate::identity::SiteRecord {
            since: at("07:00:00"),
            identity: None,
        });
        let (mut exclusive, _) = storage.open_exclusive().unwrap();
        exclusive.write(vec![put("/a", "1")]).unwrap();
        assert_eq!(storage.load_site(), None, "{storage}");
        exclusive.write(vec![RecordChange::Put(site.clone())]).unwrap();
        assert_eq!(storage.load_site(), Some(site), "{storage}");
    }
}

#[test]
fn storage_exists_with_anything_in_it_and_has_a_ledger_with_records_only() {
    type Change = fn(&Storage);
    let changes: [(&str, Change, bool); 4] = [
        (
            "a record",
            |storage| assert!(storage.open().writer.write_now([put("/a", "1")], PATIENCE)),
            true,
        ),
        ("a key", |storage| assert!(storage.get_or_create_share_key().is_ok()), false),
        (
            "a version",
            |storage| storage.put_last_good_version(&version("a.md", b"")).unwrap(),
            false,
        ),
        ("nothing", |_| {}, false),
    ];
    for (name, change, has_ledger) in changes {
        for (storage, _folder) in backends() {
            assert!(!storage.exists() && !storage.has_ledger(), "{storage}");
            change(&storage);
            assert_eq!(storage.exists(), name != "nothing", "{storage}: {name}");
            assert_eq!(storage.has_ledger(), has_ledger, "{storage}: {name}");
        }
    }
    let memory = Storage::memory();
    memory.open().writer.enqueue("push", "x", at("07:00:00")).unwrap();
    assert!(memory.exists() && !memory.has_ledger(), "a job");
}

#[test]
fn a_cache_is_replaced_as_a_whole_and_is_no_ledger() {
    for (storage, _folder) in backends() {
        assert_eq!(storage.read_cache(Cache::Links).unwrap(), None, "{storage}");
        storage.write_cache(Cache::Links, b"one").unwrap();
        storage.write_cache(Cache::Links, b"2").unwrap();
        let too_large = vec![b'x'; MAX_CACHE_BYTES + 1];
        assert!(storage.write_cache(Cache::Links, &too_large).is_err(), "{storage}");
        assert_eq!(storage.read_cache(Cache::Links).unwrap(), Some(b"2".to_vec()), "{storage}");
        assert_eq!(storage.read_cache(Cache::Problems).unwrap(), None, "{storage}");
        assert!(!storage.has_ledger(), "{storage}");
        // a server holds the ledger
        let _writer = storage.open().writer;
        storage.write_cache(Cache::Links, b"3").unwrap();
    }
}

#[test]
fn the_configured_folder_is_the_storage() {
    let mut config = Config::default();
    config.state.dir = None;
    assert!(Storage::configured(&config).is_none());
    config.state.dir = Some("/srv/state".into());
    assert_eq!(Storage::configured(&config).unwrap().to_string(), "/srv/state");
    assert_eq!(Storage::memory().to_string(), "memory");
}

#[test]
fn the_posts_that_an_earlier_feedmill_stored_are_deleted() {
    let [(storage, Some(folder)), _] = backends() else {
        unreachable!()
    };
    let cache = folder.path().join("state/posts.cache");
    std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
    std::fs::write(&cache, "drafts").unwrap();
    storage.delete_obsolete();
    assert!(!cache.exists());
}

#[test]
fn exclusive_access_ends_when_it_is_dropped() {
    for (storage, _folder) in backends() {
        let (exclusive, _) = storage.open_exclusive().unwrap();
        assert!(storage.open_exclusive().is_err(), "{storage}");
        assert!(!storage.open().writer.is_writable(), "{storage}");
        drop(exclusive);
        let writer = storage.open().writer;
        assert!(writer.is_writable() && writer.close(), "{storage}");
    }
}

#[test]
fn a_writer_that_cannot_write_everything_says_so_when_it_is_closed() {
    for (storage, _folder) in backends() {
        let writer = storage.open().writer;
        writer.write([put("/a", &"x".repeat(MAX_RECORD_BYTES)), put("/b", "1")]);
        assert!(!writer.close(), "{storage}: one is too large");
        assert_eq!(storage.load().unwrap().records, [document("/b", "1")], "{storage}");
    }
    let memory = MemoryStorage::default();
    let writer = Storage::Memory(memory.clone()).open().writer;
    memory.set_failure(Some(StorageError::Full));
    writer.write([put("/a", "1")]);
    assert!(!writer.close(), "the disk is full");
}

#[test]
fn a_record_that_is_too_large_is_refused_and_reported_until_it_fits() {
    for (storage, _folder) in backends() {
        let writer = storage.open().writer;
        let large = put("/a", &"x".repeat(MAX_RECORD_BYTES));
        assert!(!writer.write_now([large.clone(), put("/b", "1")], PATIENCE), "{storage}");
        let problem = writer.problem().unwrap();
        assert!(problem.contains("the document `/a`"), "{storage}: {problem}");
        until("the others are written", || {
            storage.load().unwrap().records == [document("/b", "1")]
        });
        assert!(writer.write_now([put("/a", "1")], PATIENCE), "{storage}");
        assert_eq!((writer.problem(), writer.failing_since()), (None, None), "{storage}");
        assert!(writer.close(), "{storage}");
        let (mut exclusive, _) = storage.open_exclusive().unwrap();
        assert!(exclusive.write(vec![put("/c", "1"), large]).is_err(), "{storage}");
        assert_eq!(storage.load().unwrap().records.len(), 2, "{storage}: all or nothing");
    }
}

#[test]
fn a_second_writer_waits_for_the_first_and_overwrites_nothing_it_has_not_seen() {
    for (storage, _folder) in backends() {
        let first = storage.open().writer;
        assert!(first.write_now([put("/a", "first")], PATIENCE), "{storage}");
        let OpenedStorage {
            writer: second, records, ..
        } = storage.open();
        assert_eq!(records, [document("/a", "first")], "{storage}");
        assert!(!second.is_writable() && second.failing_since().is_some(), "{storage}");
        assert!(second.problem().unwrap().contains("another feedmill"), "{storage}");
        assert!(storage.open_exclusive().is_err(), "{storage}");
        assert!(
            !second.write_now([put("/b", "second"), put("/c", "second")], PATIENCE),
            "{storage}"
        );
        assert!(first.write_now([put("/b", "first")], PATIENCE), "{storage}");
        assert!(first.close(), "{storage}");
        until("the second can write", || second.problem().is_none());
        assert!(
            !second.write_now([], PATIENCE),
            "{storage}: it has not seen the record of the first"
        );
        let late = second.take_late_records();
        assert_eq!(
            late,
            Some(vec![document("/a", "first"), document("/b", "first")]),
            "{storage}"
        );
        assert!(second.write_now([], PATIENCE), "{storage}");
        let tags = [("/a", "first"), ("/b", "second"), ("/c", "second")];
        assert_eq!(
            storage.load().unwrap().records,
            tags.map(|(path, tag)| document(path, tag)),
            "{storage}"
        );
    }
}

#[test]
fn memory_that_fails_loses_nothing_and_says_since_when() {
    let memory = MemoryStorage::default();
    let storage = Storage::Memory(memory.clone());
    let writer = storage.open().writer;
    memory.set_failure(Some(StorageError::Full));
    let before = Timestamp::now();
    assert!(!writer.write_now([put("/a", "1")], PATIENCE));
    let since = writer.failing_since().unwrap();
    assert!(since >= before && since <= Timestamp::now());
    let job = writer.enqueue("push", "x", at("07:00:00")).unwrap();
    assert!(writer.problem().unwrap().contains("the disk is full"));
    assert_eq!(writer.failing_since(), Some(since), "it has been failing since then");
    assert_eq!(storage.load().unwrap().records, []);
    assert_eq!(
        writer.claim("push", at("07:00:00"), LEASE).unwrap().id,
        job.id,
        "work goes on"
    );
    memory.set_failure(None);
    assert!(writer.write_now([], PATIENCE));
    assert_eq!((writer.problem(), writer.failing_since()), (None, None));
    assert_eq!(storage.load().unwrap().records, [document("/a", "1")]);
    drop(writer);
    assert_eq!(storage.open().writer.job_count(), 1);
}

#[test]
fn a_share_key_is_created_once_and_can_be_replaced() {
    for (storage, _folder) in backends() {
        assert_eq!(storage.share_key().unwrap(), None, "{storage}");
        let keys: Vec<ShareKey> = std::thread::scope(|scope| {
            let create = || storage.get_or_create_share_key().unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "{storage}");
        assert_eq!(storage.share_key().unwrap(), Some(keys[0]), "{storage}");
        storage.replace_share_key().unwrap();
        assert_ne!(storage.share_key().unwrap(), Some(keys[0]), "{storage}");
    }
}

#[test]
fn last_good_versions_are_replaced_deleted_and_bounded() {
    for (storage, _folder) in backends() {
        assert_eq!(storage.last_good_versions(), [], "{storage}");
        for (path, bytes) in [("a.md", "one"), ("b.md", "two"), ("a.md", "three")] {
            storage.put_last_good_version(&version(path, bytes.as_bytes())).unwrap();
        }
        storage.delete_last_good_version("b.md".into()).unwrap();
        storage.delete_last_good_version("never.md".into()).unwrap();
        assert_eq!(storage.last_good_versions(), [version("a.md", b"three")], "{storage}");
        let large = version("large.md", &vec![b'x'; MAX_VERSION_BYTES + 1]);
        assert!(storage.put_last_good_version(&large).is_err(), "{storage}");
        let largest = version("a.md", &vec![b'x'; MAX_VERSION_BYTES]);
        storage.put_last_good_version(&largest).unwrap();
        assert_eq!(storage.last_good_versions(), [largest], "{storage}");
    }
    let memory = Storage::memory();
    for number in 0..MAX_VERSIONS {
        memory.put_last_good_version(&version(&number.to_string(), b"")).unwrap();
    }
    assert!(memory.put_last_good_version(&version("a.md", b"")).is_err());
    memory.put_last_good_version(&version("0", b"another")).unwrap();
    assert_eq!(memory.last_good_versions().len(), MAX_VERSIONS);
}

#[test]
fn a_job_is_claimed_by_one_worker_when_it_is_due_and_deleted_when_it_is_done() {
    for (storage, _folder) in backends() {
        let writer = storage.open().writer;
        let (nine, ten) = (at("09:00:00"), at("10:00:00"));
        let later = writer.enqueue("push", "later", ten).unwrap();
        let job = writer.enqueue("push", "now", nine).unwrap();
        writer.enqueue("mail", "another queue", at("08:00:00")).unwrap();
        assert_eq!(writer.next_due("push"), Some(nine), "{storage}");
        assert_eq!(writer.claim("push", at("08:59:59"), LEASE), None, "{storage}: not due");
        let claimed = writer.claim("push", nine, LEASE).unwrap();
        assert_eq!(
            (&claimed.id, &*claimed.payload, claimed.attempts),
            (&job.id, "now", 1),
            "{storage}"
        );
        assert_eq!(writer.claim("push", at("09:00:59"), LEASE), None, "{storage}: claimed");
        let again = writer.claim("push", at("09:01:00"), LEASE).unwrap();
        assert_eq!((&again.id, again.attempts), (&job.id, 2), "{storage}: the lease has ended");
        assert!(writer.retry(&again, at("09:30:00")), "{storage}");
        assert_eq!(writer.claim("push", at("09:29:59"), LEASE), None, "{storage}");
        let third = writer.claim("push", ten, LEASE).unwrap();
        assert_eq!(
            (&third.id, third.due, third.attempts),
            (&job.id, at("09:30:00"), 3),
            "{storage}: the longest due comes first"
        );
        assert!(
            writer.done(&third) && !writer.done(&third) && !writer.retry(&third, ten),
            "{storage}"
        );
        assert_eq!(writer.claim("push", ten, LEASE).unwrap().id, later.id, "{storage}");
        assert_eq!(writer.job_count(), 2, "{storage}");
        assert_eq!(writer.claim("other", at("23:00:00"), LEASE), None, "{storage}");
    }
}

#[test]
fn a_job_survives_restarts_and_is_offered_again_if_it_was_claimed_and_not_done() {
    for (storage, _folder) in backends() {
        let writer = storage.open().writer;
        let due = at("09:00:00");
        let kept = writer.enqueue("push", "kept", due).unwrap();
        let done = writer.enqueue("push", "done", at("08:00:00")).unwrap();
        assert_eq!(writer.claim("push", due, LEASE).unwrap().id, done.id, "{storage}");
        assert_eq!(writer.claim("push", due, LEASE).unwrap().id, kept.id, "{storage}");
        assert!(writer.done(&done), "{storage}");
        assert!(writer.close(), "{storage}");
        let writer = storage.open().writer;
        let again = writer.claim("push", due, LEASE).unwrap();
        assert_eq!(
            (&again.id, &*again.payload, again.due, again.attempts),
            (&kept.id, "kept", due, 2),
            "{storage}"
        );
        assert_eq!(writer.job_count(), 1, "{storage}: what was done does not return");
        assert_eq!(storage.load().unwrap().records, [], "{storage}: jobs are not records");
    }
}

#[test]
fn a_second_writer_gets_the_jobs_when_the_first_is_closed() {
    for (storage, _folder) in backends() {
        let first = storage.open().writer;
        first.enqueue("push", "first's", at("09:00:00")).unwrap();
        assert!(first.write_now([], PATIENCE), "{storage}");
        let second = storage.open().writer;
        second.enqueue("push", "second's", at("10:00:00")).unwrap();
        assert_eq!(second.job_count(), 1, "{storage}: only one writer works on a job");
        assert!(first.close(), "{storage}");
        until("the second can write", || second.problem().is_none());
        let _ = second.take_late_records();
        assert!(second.write_now([], PATIENCE), "{storage}");
        let payloads: Vec<String> = std::iter::from_fn(|| second.claim("push", at("11:00:00"), LEASE))
            .map(|job| job.payload)
            .collect();
        assert_eq!(payloads, ["first's", "second's"], "{storage}");
        assert!(second.close(), "{storage}");
        assert_eq!(storage.open().writer.job_count(), 2, "{storage}");
    }
}

fn subscription(key: &str, value: &str) -> PushRow {
    PushRow::put(PushKind::Subscription, key, value)
}

#[test]
fn rows_of_push_survive_restarts_and_are_no_records() {
    for (storage, _folder) in backends() {
        assert_eq!(storage.load_push_rows().unwrap(), [], "{storage}");
        let writer = storage.open().writer;
        assert_eq!(writer.take_push_rows(), Some(vec![]), "{storage}: it was opened");
        assert_eq!(writer.take_push_rows(), None, "{storage}: once");
        let announced = PushRow::put(PushKind::Announced, "a", "0");
        let rows = vec![subscription("a", "1"), announced.clone(), subscription("b", "1")];
        assert!(writer.write_push(rows), "{storage}");
        let changes = vec![subscription("a", "2"), PushRow::delete(PushKind::Subscription, "b")];
        assert!(writer.write_push_now(changes, PATIENCE), "{storage}");
        let expected = [announced, subscription("a", "2")];
        let loaded = storage.load_push_rows().unwrap();
        assert_eq!(loaded, expected, "{storage}: it can be read meanwhile");
        assert!(writer.close(), "{storage}");
        assert!(
            !writer.write_push_now(vec![subscription("c", "1")], PATIENCE),
            "{storage}: it is closed"
        );
        drop(writer);
        let writer = storage.open().writer;
        assert_eq!(writer.take_push_rows().unwrap(), expected, "{storage}");
        assert_eq!(storage.load().unwrap().records, [], "{storage}: they are no records");
        assert!(writer.close(), "{storage}");
        drop(writer);
        let (mut exclusive, _) = storage.open_exclusive().unwrap();
        exclusive
            .write_push(vec![PushRow::delete(PushKind::Subscription, "a")])
            .unwrap();
        assert_eq!(storage.load_push_rows().unwrap().len(), 1, "{storage}");
    }
}

#[test]
fn a_second_writer_gets_the_rows_of_push_when_the_first_is_closed() {
    for (storage, _folder) in backends() {
        let first = storage.open().writer;
        assert!(first.write_push_now(vec![subscription("a", "1")], PATIENCE), "{storage}");
        let second = storage.open().writer;
        assert_eq!(second.take_push_rows(), None, "{storage}: another process works on them");
        assert!(
            !second.write_push_now(vec![subscription("b", "1")], Duration::from_millis(1)),
            "{storage}"
        );
        assert!(first.close(), "{storage}");
        drop(first);
        let mut rows = None;
        until("the second has opened it", || {
            rows = rows.take().or(second.take_push_rows());
            rows.is_some()
        });
        assert_eq!(rows.unwrap(), [subscription("a", "1")], "{storage}");
        until("the second can write", || second.problem().is_none());
        let _ = second.take_late_records();
        assert!(second.write_push_now(vec![], PATIENCE), "{storage}");
        assert_eq!(
            storage.load_push_rows().unwrap().len(),
            2,
            "{storage}: what was not written is written then"
        );
    }
}

#[test]
fn rows_of_push_are_bounded_in_size() {
    for (storage, _folder) in backends() {
        let writer = storage.open().writer;
        let most = subscription(&"k".repeat(MAX_PUSH_KEY_BYTES), &"v".repeat(MAX_PUSH_ROW_BYTES));
        let long_key = subscription(&"k".repeat(MAX_PUSH_KEY_BYTES + 1), "v");
        let long_value = subscription("k", &"v".repeat(MAX_PUSH_ROW_BYTES + 1));
        for large in [long_key, long_value] {
            assert!(!writer.write_push_now(vec![large, most.clone()], PATIENCE), "{storage}");
        }
        assert!(writer.write_push_now(vec![], PATIENCE), "{storage}");
        assert_eq!(storage.load_push_rows().unwrap(), [most], "{storage}");
    }
}

#[test]
fn jobs_are_bounded_in_size_and_number() {
    let (storage, due) = (Storage::memory(), at("09:00:00"));
    let writer = storage.open().writer;
    let large = "x".repeat(MAX_JOB_BYTES + 1);
    assert_eq!(writer.enqueue("push", &large, due), Err(EnqueueError::TooLarge));
    assert_eq!(writer.enqueue(&large, "", due), Err(EnqueueError::TooLarge));
    assert_eq!(EnqueueError::TooLarge.to_string(), "a job has more than 16384 bytes");
    // the largest that is allowed comes back, however much its JSON grows
    let control = "\u{1}".repeat(MAX_JOB_BYTES);
    writer.enqueue(&control, &control, due).unwrap();
    drop(writer);
    let writer = storage.open().writer;
    assert_eq!(writer.claim(&control, due, LEASE).unwrap().payload, control);
    let large = "x".repeat(MAX_JOB_BYTES);
    let full = std::iter::repeat_with(|| writer.enqueue("push", &large, due))
        .take(MAX_JOBS)
        .find_map(Result::err);
    assert_eq!(full, Some(EnqueueError::Full), "many large jobs");
    assert!(writer.job_count() < MAX_JOBS / 10);
    let freed = writer.claim("push", due, LEASE).unwrap();
    assert!(writer.done(&freed));
    assert!(writer.enqueue("push", &large, due).is_ok(), "there is room again");

    let writer = Storage::memory().open().writer;
    let full = (0..=MAX_JOBS)
        .map(|_| writer.enqueue("push", "", due))
        .position(|added| added.is_err());
    assert_eq!(full, Some(MAX_JOBS), "many small jobs");
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_folder_in_memory_does_not_outlive_the_machine() {
    let dir = Utf8Path::new("/dev/shm/feedmill-test/state");
    let warning = Storage::sqlite(dir).durability_warning().unwrap();
    assert!(
        warning.contains(&format!("The ledger folder {dir} is in memory")),
        "{warning}"
    );
    assert_eq!(Storage::memory().durability_warning(), None);
}
