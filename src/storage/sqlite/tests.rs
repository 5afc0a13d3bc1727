//! SQLite storage: what it acknowledged is on disk, and whatever fails, it reports that, goes on and recovers.

mod damage;
mod failing;
mod faults;
mod neighbours;
mod random_changes;
mod versions;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A writer, and what it read when it was opened.
#[derive(Debug)]
struct Opened {
    store: SqliteWriter,
    records: Vec<Record>,
    notes: Vec<String>,
}

/// Reads all records of the folder `dir`.
fn read(dir: &Utf8Path) -> Result<Contents, StorageError> {
    SqliteStorage::new(dir).load()
}

fn read_site(dir: &Utf8Path) -> Option<Record> {
    SqliteStorage::new(dir).load_site()
}

/// A state folder that does not exist yet.
struct TestFolder {
    _above: TempDir,
    dir: Utf8PathBuf,
}

impl TestFolder {
    fn new() -> TestFolder {
        let above = TempDir::new().unwrap();
        let dir = Utf8Path::from_path(above.path()).unwrap().join("state/posts");
        TestFolder { _above: above, dir }
    }

    /// A folder with these records.
    fn of(records: &[Record]) -> TestFolder {
        let folder = TestFolder::new();
        let store = folder.open().store;
        assert!(store.write_now(records.iter().cloned().map(RecordChange::Put), PATIENCE));
        assert!(store.close());
        folder
    }

    fn open(&self) -> Opened {
        TestFolder::open_at(StateFolder::new(&self.dir))
    }

    fn open_at(place: StateFolder) -> Opened {
        let pauses = RetryPauses {
            first: Duration::from_millis(2),
            longest: Duration::from_millis(20),
            idle: Duration::from_millis(5),
        };
        let (store, Contents { records, notes }) = SqliteWriter::open_at(place, pauses);
        Opened { store, records, notes }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        self.dir.join(name)
    }

    /// The names in it, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .dir
            .read_dir_utf8()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_owned())
            .collect();
        names.sort();
        names
    }

    /// A connection that takes no lock.
    fn shell(&self) -> Connection {
        Connection::open(self.path("ledger.db")).unwrap()
    }

    /// The rows on disk, read without the code under test.
    fn on_disk(&self) -> BTreeMap<String, String> {
        let shell = self.shell();
        let sound: String = shell.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let mut statement = shell.prepare("SELECT kind || ' ' || key, json FROM record").unwrap();
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

fn post(id: &str, title: &str) -> Record {
    serde_json::from_value(json!({
        "record": "post", "id": id, "source": "a.md", "title": title, "slug": "a", "wanted": "/posts/a", "address": "/posts/a",
        "date": "2026-01-31T09:00:00+02:00", "is_dated": true, "first_served": "2026-01-31T07:00:00Z", "in_feeds": true,
        "content": {"shown": "0a", "text": "0b", "likeness": "0c"},
    }))
    .unwrap()
}

fn document(path: &str, tag: &str) -> Record {
    serde_json::from_value(json!({
        "record": "document", "path": path, "tag": tag, "modified": "2026-01-31T07:00:00Z", "updated": "2026-01-31T07:00:00Z",
    }))
    .unwrap()
}

fn put(record: &Record) -> Vec<RecordChange> {
    vec![RecordChange::Put(record.clone())]
}

/// Waits for `condition`.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until all changes are on disk.
fn until_written(store: &SqliteWriter) {
    until("everything is written", || store.write_now(Vec::new(), PATIENCE));
    assert_eq!(store.problem(), None);
}

/// The problem that the writer reports, once it has one.
fn problem(store: &SqliteWriter) -> String {
    until("it says what is wrong", || store.problem().is_some());
    store.problem().unwrap_or_default()
}

#[test]
fn records_are_there_after_a_restart() {
    let folder = TestFolder::new();
    let opening = folder.open();
    assert_eq!(
        (opening.records.len(), opening.notes, opening.store.problem()),
        (0, vec![], None)
    );
    let store = opening.store;
    store.write(vec![
        RecordChange::Put(post("b", "first")),
        RecordChange::Put(document("/rss.xml", "1")),
        RecordChange::Put(post("gone", "")),
    ]);
    store.write(vec![
        RecordChange::Put(post("b", "second")),
        RecordChange::Delete("post", "gone".to_owned()),
    ]);
    assert!(store.write_now(put(&post("a", "x")), PATIENCE));
    assert!(store.close());
    assert_eq!(
        folder.names(),
        ["ledger.db", "ledger.lock"],
        "a closed store leaves no log behind"
    );

    let opening = folder.open();
    assert_eq!(
        opening.records,
        [document("/rss.xml", "1"), post("a", "x"), post("b", "second")]
    );
    assert_eq!((opening.notes, opening.store.take_late_records()), (vec![], None));
}

#[test]
fn a_state_folder_that_is_a_file_cannot_be_read() {
    let folder = TempDir::new().unwrap();
    let file = Utf8Path::from_path(folder.path()).unwrap().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(read(&file), Err(StorageError::Io(_))));
    assert_eq!(read(&file.with_file_name("missing")).unwrap(), Contents::default());
}

#[test]
fn the_folder_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TestFolder::new();
    drop(folder.open());
    for made in [folder.dir.as_path(), folder.dir.parent().unwrap()] {
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{made}");
    }
}

#[test]
fn a_record_that_is_too_large_is_reported_until_it_fits() {
    let folder = TestFolder::new();
    let store = folder.open().store;
    let large = post("a", &"x".repeat(MAX_RECORD_BYTES));
    assert!(!store.write_now(vec![RecordChange::Put(large), RecordChange::Put(post("b", ""))], PATIENCE));
    let said = store.problem().unwrap();
    assert!(
        said.contains("the post `a`") && said.contains("more than 65536 bytes"),
        "{said}"
    );
    assert!(store.write_now(put(&post("a", "short")), PATIENCE));
    assert_eq!(store.problem(), None);
    assert!(store.close());
    assert_eq!(folder.open().records.len(), 2);
}

#[test]
fn exclusive_access_and_a_writer_exclude_each_other() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    let refused = SqliteStorage::new(&folder.dir).open_exclusive().map(|_| ()).unwrap_err();
    assert_eq!(refused, StorageError::Locked(Some(std::process::id())));
    assert!(store.close());

    let (mut alone, contents) = SqliteStorage::new(&folder.dir).open_exclusive().unwrap();
    assert_eq!(contents.records, [post("a", "1")]);
    let large = RecordChange::Put(post("large", &"x".repeat(MAX_RECORD_BYTES)));
    assert!(alone.write(vec![RecordChange::Put(post("c", "")), large]).is_err());
    alone
        .write(vec![
            RecordChange::Put(post("b", "2")),
            RecordChange::Delete("post", "a".to_owned()),
        ])
        .unwrap();
    let other = folder.open();
    assert!(problem(&other.store).contains("another feedmill"), "it has it alone");
    drop(alone);
    until("it is let go", || other.store.problem().is_none());
    assert_eq!(read(&folder.dir).unwrap().records, [post("b", "2")]);
}

#[test]
fn the_record_of_the_site_is_read_alone() {
    let folder = TempDir::new().unwrap();
    let dir = Utf8Path::from_path(folder.path()).unwrap();
    assert_eq!(read_site(dir), None, "nothing is there");
    let site = Record::Site(crate::identity::SiteRecord {
        since: crate::time::Timestamp::UNIX_EPOCH,
        identity: Some("https://first.example/".parse().unwrap()),
    });
    let (mut file, _) = SqliteStorage::new(dir).open_exclusive().unwrap();
    file.write(put(&post("x:1", "One"))).unwrap();
    assert_eq!(read_site(dir), None, "a post is not a site");
    file.write(put(&site)).unwrap();
    assert_eq!(read_site(dir), Some(site.clone()), "while it is open");
    drop(file);
    assert_eq!(read_site(dir), Some(site));
    std::fs::write(dir.join("ledger.db"), "this is not a database").unwrap();
    assert_eq!(read_site(dir), None, "what is damaged is for others to mend");
}

#[test]
fn a_batch_of_several_pieces_is_written_whole() {
    let named = |number: usize, title: &str| RecordChange::Put(post(&format!("post-{number:05}"), title));
    let folder = TestFolder::new();
    let store = folder.open().store;
    let all = (0..=3 * PIECE).map(|number| named(number, "x"));
    // the last change of a key wins, in whichever piece it is
    let again = [named(0, "again"), named(2 * PIECE, "again")];
    assert!(store.write_now(all.chain(again), PATIENCE));
    let large = "x".repeat(MAX_RECORD_BYTES);
    let others = (4 * PIECE..6 * PIECE).map(|number| named(number, "x"));
    assert!(!store.write_now(std::iter::once(named(0, &large)).chain(others), PATIENCE));
    until("the others are written", || store.write_now(Vec::new(), PATIENCE));
    assert!(!store.close(), "one is too large");
    let on_disk = folder.on_disk();
    assert_eq!(on_disk.len(), 5 * PIECE + 1);
    assert_eq!(on_disk.values().filter(|json| json.contains("again")).count(), 2);
}

#[test]
fn nothing_of_a_batch_is_on_disk_before_all_of_it_is() {
    let folder = TestFolder::new();
    let store = folder.open().store;
    let records = (0..=3 * PIECE).map(|number| {
        if number > 0 && number % PIECE == 0 {
            // a piece is taken after the one before it was written
            until("what came before is taken", || store.queue.is_empty());
        }
        if number == 3 * PIECE {
            assert_eq!(folder.on_disk().len(), 0);
        }
        RecordChange::Put(post(&format!("post-{number:05}"), "x"))
    });
    assert!(store.write_now(records, PATIENCE));
    assert_eq!(folder.on_disk().len(), 3 * PIECE + 1);
}

#[test]
fn a_killed_process_leaves_its_jobs_to_the_next() {
    let folder = TestFolder::new();
    let store = folder.open().store;
    let due: Timestamp = "2026-01-31T09:00:00Z".parse().unwrap();
    let lease = Duration::from_hours(1);
    let job = store.enqueue("push", "x", due).unwrap();
    let done = store.enqueue("push", "y", due).unwrap();
    assert!(store.done(&done));
    assert_eq!(store.claim("push", due, lease).unwrap().id, job.id);
    assert!(store.write_now(Vec::new(), PATIENCE));
    // the files of a process that is killed between the claim and the end of its work
    let after = TestFolder::new();
    fs::create_dir_all(&after.dir).unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        fs::copy(folder.path(name), after.path(name)).unwrap();
    }
    let next = after.open();
    assert_eq!((next.records.len(), next.notes, next.store.job_count()), (0, vec![], 1));
    let again = next.store.claim("push", due, lease).unwrap();
    assert_eq!((again.id, again.attempts), (job.id, 2));
}

#[test]
fn jobs_outlive_a_database_that_is_deleted_or_not_writable() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    let due: Timestamp = "2026-01-31T09:00:00Z".parse().unwrap();
    store.enqueue("push", "x", due).unwrap();
    assert!(store.write_now(Vec::new(), PATIENCE));
    fs::remove_dir_all(&folder.dir).unwrap();
    fs::write(&folder.dir, "in its place").unwrap();
    assert!(problem(&store).contains("cannot be created"));
    store.enqueue("push", "y", due).unwrap();
    fs::remove_file(&folder.dir).unwrap();
    until("it is made anew", || store.take_late_records().is_some());
    until_written(&store);
    assert!(store.close());
    assert_eq!(folder.open().store.job_count(), 2);
}

#[test]
fn rows_that_contain_no_job_are_reported_and_stay() {
    let folder = TestFolder::new();
    let store = folder.open().store;
    store.enqueue("push", "x", Timestamp::UNIX_EPOCH).unwrap();
    assert!(store.close());
    let large = format!(r#"{{"id":"large","payload":"{}"}}"#, "x".repeat(300_000));
    for row in [("a", "not JSON"), ("b", r#"{"id":"another"}"#), ("large", &large)] {
        folder.shell().execute("INSERT INTO job VALUES (?1, ?2)", row).unwrap();
    }
    let opened = folder.open();
    assert_eq!(opened.store.job_count(), 1);
    assert_eq!(opened.notes, ["3 stored jobs are not understood, and stay as they are"]);
    assert!(opened.store.close());
    let rows: i64 = folder
        .shell()
        .query_row("SELECT count(*) FROM job", (), |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 4);
}

/// A feedmill that knows no jobs checks these three things when it opens a ledger.
#[test]
fn a_feedmill_that_knows_no_jobs_reads_the_ledger() {
    let folder = TestFolder::of(&[post("a", "1")]);
    let store = folder.open().store;
    store.enqueue("push", "x", Timestamp::UNIX_EPOCH).unwrap();
    assert!(store.close());
    let shell = folder.shell();
    let pragma = |name: &str| -> i64 { shell.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!((pragma("user_version"), pragma("application_id")), (1, 0x6664_6d6c));
    assert_eq!(folder.on_disk().len(), 1);
    assert!(
        folder.names().iter().all(|name| !name.contains(".bak")),
        "it was not migrated"
    );
}
