//! SQLite storage in a process that is killed while it writes, on a disk that is full, and on a read-only disk.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::identity::Record;
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;
use serde_json::json;
use tempfile::TempDir;

/// The environment variable with the folder of a test that another test runs in its own process.
const FOLDER: &str = "FEEDMILL_TEST_STORE";
/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(1);
/// The exit status of a shell that is not allowed to mount.
const NO_MOUNT: i32 = 77;

fn document(path: &str, tag: &str) -> Record {
    serde_json::from_value(json!({
        "record": "document", "path": path, "tag": tag, "modified": "2026-01-31T07:00:00Z", "updated": "2026-01-31T07:00:00Z",
    }))
    .unwrap()
}

fn tag(records: &[Record], path: &str) -> Option<String> {
    records.iter().find_map(|record| match record {
        Record::Document(document) if document.path == path => Some(document.tag.clone()),
        _ => None,
    })
}

/// The folder that this process has to use; `None` if no other test started it.
fn named_folder() -> Option<Utf8PathBuf> {
    std::env::var(FOLDER).ok().map(Utf8PathBuf::from)
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The command that runs one ignored test of this program.
fn command_of_test(test: &str) -> [String; 4] {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    [
        program,
        format!("storage::{test}"),
        "--exact".to_owned(),
        "--include-ignored".to_owned(),
    ]
}

/// Starts one ignored test of this program on the folder `dir`, with its output in a pipe.
fn start_test(test: &str, dir: &Utf8Path) -> Child {
    let [program, arguments @ ..] = command_of_test(test);
    Command::new(program)
        .args(arguments)
        .arg("--nocapture")
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run by `acknowledged_changes_survive_a_kill`"]
fn writes_until_it_is_killed() {
    let Some(dir) = named_folder() else { return };
    let opening = Storage::sqlite(&dir).open();
    let first = tag(&opening.records, "/last").map_or(0, |tag| tag.parse::<u64>().unwrap());
    for n in first + 1.. {
        let text = n.to_string();
        let changes = vec![
            RecordChange::Put(document("/last", &text)),
            RecordChange::Put(document(&format!("/{}", n % 50), &text)),
            RecordChange::Delete("document", format!("/{}", (n + 25) % 50)),
        ];
        // some are waited for, others are followed by more at once
        if n % 3 == 0 {
            opening.writer.write(changes);
        } else {
            assert!(opening.writer.write_now(changes, PATIENCE), "{:?}", opening.writer.problem());
            println!("{n}");
        }
    }
}

#[test]
fn acknowledged_changes_survive_a_kill() {
    let above = TempDir::new().unwrap();
    let dir = Utf8Path::from_path(above.path()).unwrap().join("state");
    let rounds = std::env::var("FEEDMILL_TEST_KILLS").map_or(50, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let mut child = start_test("writes_until_it_is_killed", &dir);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // at the first write, in the middle, after many
        let wanted = [1, 2, 5, 11, 23][round % 5];
        let mut acknowledged: Vec<u64> = Vec::new();
        while acknowledged.len() < wanted {
            acknowledged.extend(lines.next().unwrap().unwrap().parse::<u64>());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // what it printed before it died was acknowledged as well
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok()));
        let acknowledged = acknowledged.pop().unwrap();

        let records = Storage::sqlite(&dir).load().unwrap().records;
        let last: u64 = tag(&records, "/last").unwrap().parse().unwrap();
        assert!(
            last >= acknowledged,
            "round {round}: {acknowledged} was acknowledged, and {last} is the last"
        );
        for back in 0..last.min(25) {
            let n = last - back;
            assert_eq!(
                tag(&records, &format!("/{}", n % 50)),
                Some(n.to_string()),
                "round {round}: whole batches only"
            );
        }
        assert_eq!(records.len() as u64, 1 + last.min(25), "round {round}");
        let database = rusqlite::Connection::open(dir.join("ledger.db")).unwrap();
        let sound: String = database.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok", "round {round}");
    }
}

#[test]
#[ignore = "run by `every_job_is_processed_though_workers_are_killed`"]
fn works_on_jobs_until_it_is_killed() {
    let Some(dir) = named_folder() else { return };
    let writer = Storage::sqlite(&dir).open().writer;
    let now = Timestamp::UNIX_EPOCH;
    for _ in 0.. {
        let added = writer.enqueue("push", "x", now).unwrap();
        assert!(writer.write_now([], PATIENCE), "{:?}", writer.problem());
        println!("added {}", added.id);
        // half of the jobs are left over
        if writer.job_count().is_multiple_of(2) {
            let job = writer.claim("push", now, PATIENCE).unwrap();
            println!("done {}", job.id);
            assert!(writer.done(&job));
        }
    }
}

#[test]
fn every_job_is_processed_though_workers_are_killed() {
    let above = TempDir::new().unwrap();
    let dir = Utf8Path::from_path(above.path()).unwrap().join("state");
    let (mut added, mut done) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..10 {
        let mut child = start_test("works_on_jobs_until_it_is_killed", &dir);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let wanted = [1, 2, 5, 12][round % 4];
        let mut seen = 0;
        let mut note = |line: String| match line.split_once(' ') {
            Some(("added", id)) => added.insert(id.to_owned()),
            Some(("done", id)) => done.insert(id.to_owned()),
            _ => false,
        };
        while seen < wanted {
            seen += usize::from(note(lines.next().unwrap()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            note(line);
        }
    }
    let writer = Storage::sqlite(&dir).open().writer;
    let left: BTreeSet<String> = std::iter::from_fn(|| writer.claim("push", Timestamp::UNIX_EPOCH, PATIENCE))
        .map(|job| job.id)
        .collect();
    assert!(left.len() > 1 && done.len() > 1, "{} left, {} done", left.len(), done.len());
    let lost: Vec<&String> = added.iter().filter(|id| !done.contains(*id) && !left.contains(*id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Runs `test` in its own process, in a folder that is a file system in memory with these options. It is unmounted when the process
/// ends.
fn mounted(test: &str, options: &str) {
    let folder = TempDir::new().unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let run = Command::new("unshare")
        .arg(if is_root { "-m" } else { "-Urm" })
        .args(["sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o {options} none \"${FOLDER}\" || exit {NO_MOUNT}; exec \"$@\""
        ))
        .arg("sh")
        .args(command_of_test(test))
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut run = match run {
        Ok(run) => run,
        Err(error) => return println!("skipped: unshare cannot be run: {error}"),
    };
    let (mut out, mut err) = (String::new(), String::new());
    run.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    run.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let status = run.wait().unwrap();
    if status.code() == Some(NO_MOUNT) || err.starts_with("unshare:") {
        println!("skipped: nothing may be mounted here: {err}");
    } else {
        assert!(status.success() && out.contains("1 passed"), "{out}\n{err}");
    }
}

#[test]
fn a_full_disk_loses_nothing_and_is_written_once_there_is_space() {
    for size in ["64k", "160k", "256k", "1m"] {
        mounted("fills_its_disk", &format!("size={size}"));
    }
}

#[test]
#[ignore = "run by `a_full_disk_loses_nothing_and_is_written_once_there_is_space`"]
fn fills_its_disk() {
    let Some(folder) = named_folder() else { return };
    let ballast = folder.join("ballast");
    // to empty its log, SQLite first needs space for its pages
    let disk = rustix::fs::statvfs(folder.as_std_path()).unwrap();
    let half = usize::try_from(disk.f_blocks * disk.f_frsize / 2).unwrap();
    std::fs::write(&ballast, vec![0; half]).unwrap();
    let dir = folder.join("state");
    let store = Storage::sqlite(&dir).open().writer;
    let mut acknowledged = Vec::new();
    let record = |n: usize| document(&format!("/{n:03}"), &"x".repeat(1000));
    let mut n = 0;
    while store.write_now(vec![RecordChange::Put(record(n))], PATIENCE) {
        acknowledged.push(record(n));
        n += 1;
        assert!(n < 300, "the disk is never full");
    }
    let said = store.problem().unwrap();
    assert!(said.contains("disk"), "{said}");
    // it goes on accepting changes
    store.write(vec![RecordChange::Put(document("/while-full", "1"))]);
    assert!(acknowledged.is_empty() || Storage::sqlite(&dir).load().unwrap().records.starts_with(&acknowledged));

    std::fs::remove_file(&ballast).unwrap();
    // on the smallest disk not even that is enough
    let found = store.take_late_records();
    assert!(found.is_none_or(|found| found.is_empty()));
    if acknowledged.len() > 5 {
        until("it is written", || store.write_now(Vec::new(), PATIENCE));
        assert_eq!(store.problem(), None);
        assert!(store.close());
        let records = Storage::sqlite(&dir).open().records;
        assert_eq!((records.len(), tag(&records, "/while-full")), (n + 2, Some("1".to_owned())));
        assert!(records.starts_with(&acknowledged));
    }
}

#[test]
fn a_read_only_disk_is_read_and_written_once_it_may_be() {
    mounted("meets_a_read_only_disk", "size=4m");
}

#[test]
#[ignore = "run by `a_read_only_disk_is_read_and_written_once_it_may_be`"]
fn meets_a_read_only_disk() {
    let Some(folder) = named_folder() else { return };
    let remount = |how: &str| {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&folder)
            .status()
            .unwrap();
        assert!(done.success());
    };
    let (dir, killed, missing) = (folder.join("state"), folder.join("killed"), folder.join("missing"));
    let store = Storage::sqlite(&dir).open().writer;
    assert!(store.write_now(vec![RecordChange::Put(document("/a", "1"))], PATIENCE));
    assert!(store.close());
    // the files of a killed process: the second record is in the log only
    std::fs::create_dir(&killed).unwrap();
    let store = Storage::sqlite(&dir).open().writer;
    assert!(store.write_now(vec![RecordChange::Put(document("/b", "1"))], PATIENCE));
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        std::fs::copy(dir.join(name), killed.join(name)).unwrap();
    }
    assert!(store.close());

    remount("ro");
    assert_eq!(Storage::sqlite(&dir).load().unwrap().records.len(), 2);
    assert_eq!(Storage::sqlite(&missing).load().unwrap().records.len(), 0);
    let after_kill = Storage::sqlite(&killed).load().unwrap();
    assert!(
        after_kill.records.len() == 2 || !after_kill.notes.is_empty(),
        "{after_kill:?}"
    );
    let opening = Storage::sqlite(&dir).open();
    assert_eq!(opening.records.len(), 2);
    let said = opening.writer.problem().unwrap();
    assert!(said.contains("it is read-only") && said.contains("--state"), "{said}");
    assert!(
        !opening
            .writer
            .write_now(vec![RecordChange::Put(document("/c", "1"))], PATIENCE)
    );
    let nowhere = Storage::sqlite(&missing).open().writer;
    assert!(nowhere.problem().is_some());

    remount("rw");
    until("it is written", || opening.writer.write_now(Vec::new(), PATIENCE));
    assert_eq!((opening.writer.problem(), opening.writer.take_late_records()), (None, None));
    assert!(opening.writer.close());
    assert_eq!(Storage::sqlite(&dir).load().unwrap().records.len(), 3);
    until("the folder is made", || nowhere.problem().is_none());
}
