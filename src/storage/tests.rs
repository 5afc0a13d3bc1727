//! What the store promises: what it acknowledged is there, and whatever is wrong, it says so, goes on and mends itself.

mod damage;
mod failing;
mod faults;
mod law;
mod neighbours;
mod versions;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// What anything is waited for at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A state folder that does not exist yet.
struct Folder {
    _above: TempDir,
    dir: Utf8PathBuf,
}

impl Folder {
    fn new() -> Folder {
        let above = TempDir::new().unwrap();
        let dir = Utf8Path::from_path(above.path()).unwrap().join("state/posts");
        Folder { _above: above, dir }
    }

    /// One that holds `records`.
    fn of(records: &[Record]) -> Folder {
        let folder = Folder::new();
        let store = folder.open().store;
        assert!(store.keep_now(records.iter().cloned().map(Change::Put), PATIENCE));
        assert!(store.close());
        folder
    }

    fn open(&self) -> Opening {
        Folder::open_at(Place::new(&self.dir))
    }

    fn open_at(place: Place) -> Opening {
        let pauses = Pauses {
            first: Duration::from_millis(2),
            longest: Duration::from_millis(20),
            idle: Duration::from_millis(5),
        };
        Store::open_at(place, pauses)
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

    /// A connection that knows nothing of the lock.
    fn shell(&self) -> Connection {
        Connection::open(self.path("ledger.db")).unwrap()
    }

    /// What is on disk, read by nothing of this module.
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

fn put(record: &Record) -> Vec<Change> {
    vec![Change::Put(record.clone())]
}

/// Waits for `condition`.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until everything handed over is on disk.
fn until_written(store: &Store) {
    until("everything is written", || store.keep_now(Vec::new(), PATIENCE));
    assert_eq!(store.trouble(), None);
}

/// The trouble that the store says it has, once it has some.
fn trouble(store: &Store) -> String {
    until("it says what is wrong", || store.trouble().is_some());
    store.trouble().unwrap_or_default()
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = Folder::new();
    let opening = folder.open();
    assert_eq!(
        (opening.records.len(), opening.notes, opening.store.trouble()),
        (0, vec![], None)
    );
    let store = opening.store;
    store.keep(vec![
        Change::Put(post("b", "first")),
        Change::Put(document("/rss.xml", "1")),
        Change::Put(post("gone", "")),
    ]);
    store.keep(vec![
        Change::Put(post("b", "second")),
        Change::Forget("post", "gone".to_owned()),
    ]);
    assert!(store.keep_now(put(&post("a", "x")), PATIENCE));
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
    assert_eq!((opening.notes, opening.store.take_found()), (vec![], None));
}

#[test]
fn the_folder_is_made_for_nobody_else_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    drop(folder.open());
    for made in [folder.dir.as_path(), folder.dir.parent().unwrap()] {
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{made}");
    }
}

#[test]
fn what_is_too_large_is_refused_and_said_until_it_fits() {
    let folder = Folder::new();
    let store = folder.open().store;
    let large = post("a", &"x".repeat(MAX_RECORD_BYTES));
    assert!(!store.keep_now(vec![Change::Put(large), Change::Put(post("b", ""))], PATIENCE));
    let said = store.trouble().unwrap();
    assert!(
        said.contains("the post `a`") && said.contains("more than 65536 bytes"),
        "{said}"
    );
    assert!(store.keep_now(put(&post("a", "short")), PATIENCE));
    assert_eq!(store.trouble(), None);
    assert!(store.close());
    assert_eq!(folder.open().records.len(), 2);
}

#[test]
fn a_command_has_the_file_alone_or_not_at_all() {
    let folder = Folder::of(&[post("a", "1")]);
    let store = folder.open().store;
    let refused = Exclusive::open(&folder.dir).map(|_| ()).unwrap_err();
    assert_eq!(refused, Failure::Locked(Some(std::process::id())));
    assert!(store.close());

    let (mut alone, contents) = Exclusive::open(&folder.dir).unwrap();
    assert_eq!(contents.records, [post("a", "1")]);
    let large = Change::Put(post("large", &"x".repeat(MAX_RECORD_BYTES)));
    assert!(alone.write(vec![Change::Put(post("c", "")), large]).is_err());
    alone
        .write(vec![Change::Put(post("b", "2")), Change::Forget("post", "a".to_owned())])
        .unwrap();
    let other = folder.open();
    assert!(trouble(&other.store).contains("another feedmill"), "it has it alone");
    drop(alone);
    until("it is let go", || other.store.trouble().is_none());
    assert_eq!(read(&folder.dir).unwrap().records, [post("b", "2")]);
}

#[test]
fn the_sites_own_record_is_had_alone() {
    let folder = TempDir::new().unwrap();
    let dir = Utf8Path::from_path(folder.path()).unwrap();
    assert_eq!(read_site(dir), None, "nothing is there");
    let site = Record::Site(crate::identity::SiteRecord {
        since: crate::time::Timestamp::UNIX_EPOCH,
        identity: Some("https://first.example/".parse().unwrap()),
    });
    let (mut file, _) = Exclusive::open(dir).unwrap();
    file.write(put(&post("x:1", "One"))).unwrap();
    assert_eq!(read_site(dir), None, "a post is no site");
    file.write(put(&site)).unwrap();
    assert_eq!(read_site(dir), Some(site.clone()), "while it is open");
    drop(file);
    assert_eq!(read_site(dir), Some(site));
    std::fs::write(dir.join("ledger.db"), "this is no database").unwrap();
    assert_eq!(read_site(dir), None, "what is damaged is for others to mend");
}

#[test]
fn of_more_than_one_piece_nothing_is_lost() {
    let named = |number: usize, title: &str| Change::Put(post(&format!("post-{number:05}"), title));
    let folder = Folder::new();
    let store = folder.open().store;
    let all = (0..=3 * PIECE).map(|number| named(number, "x"));
    // of one key the last counts, wherever it comes
    let again = [named(0, "again"), named(2 * PIECE, "again")];
    assert!(store.keep_now(all.chain(again), PATIENCE));
    let large = "x".repeat(MAX_RECORD_BYTES);
    let others = (4 * PIECE..6 * PIECE).map(|number| named(number, "x"));
    assert!(!store.keep_now(std::iter::once(named(0, &large)).chain(others), PATIENCE));
    until("the others are written", || store.keep_now(Vec::new(), PATIENCE));
    assert!(!store.close(), "one is too large");
    let on_disk = folder.on_disk();
    assert_eq!(on_disk.len(), 5 * PIECE + 1);
    assert_eq!(on_disk.values().filter(|json| json.contains("again")).count(), 2);
}

#[test]
fn of_what_is_written_as_one_nothing_is_there_before_all_is() {
    let folder = Folder::new();
    let store = folder.open().store;
    let records = (0..=3 * PIECE).map(|number| {
        if number > 0 && number % PIECE == 0 {
            // whoever takes a piece has written the one before it
            until("what came before is taken", || store.queue.is_clear());
        }
        if number == 3 * PIECE {
            assert_eq!(folder.on_disk().len(), 0);
        }
        Change::Put(post(&format!("post-{number:05}"), "x"))
    });
    assert!(store.keep_now(records, PATIENCE));
    assert_eq!(folder.on_disk().len(), 3 * PIECE + 1);
}
