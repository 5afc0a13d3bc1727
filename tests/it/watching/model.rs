//! After any operations in a folder and any hints, right or wrong, a full scan gives the same posts as a new start.

use super::*;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

/// Names of files and folders: few, so that operations affect the same ones.
const NAMES: [&str; 6] = ["a.md", "b.md", "c.txt", "in", "out", ".hidden"];

/// An operation in the folder. Paths are chosen by number among the names, one or two levels deep.
#[derive(Clone, Debug)]
enum Operation {
    Write(u8, u8),
    Rename(u8, u8),
    Delete(u8),
    Touch(u8),
    MakeFolder(u8),
    MoveOut(u8),
    MoveIn(u8),
    Link(u8, u8),
    SwapLink(u8, u8),
    Shut(u8),
    Open(u8),
    ReplaceRoot,
    /// Time passes, in milliseconds, and the folder is scanned with the hints so far, in any order.
    Look(u16),
}

/// What happens to the hints of an operation.
#[derive(Clone, Copy, Debug)]
enum HintDelivery {
    Sent,
    Unavailable,
    Doubled,
    Late,
    Everything,
}

fn operation() -> impl Strategy<Value = (Operation, HintDelivery)> {
    use Operation as O;
    let path = || 0..42_u8;
    let operation = prop_oneof![
        6 => (path(), any::<u8>()).prop_map(|(path, text)| O::Write(path, text)),
        3 => (path(), path()).prop_map(|(from, to)| O::Rename(from, to)),
        2 => path().prop_map(O::Delete),
        1 => path().prop_map(O::Touch),
        2 => path().prop_map(O::MakeFolder),
        1 => path().prop_map(O::MoveOut),
        1 => path().prop_map(O::MoveIn),
        1 => (path(), path()).prop_map(|(target, path)| O::Link(target, path)),
        1 => (path(), path()).prop_map(|(target, path)| O::SwapLink(target, path)),
        1 => path().prop_map(O::Shut),
        1 => path().prop_map(O::Open),
        1 => Just(O::ReplaceRoot),
        6 => (0..3000_u16).prop_map(O::Look),
    ];
    let fate = prop_oneof![
        6 => Just(HintDelivery::Sent),
        2 => Just(HintDelivery::Unavailable),
        1 => Just(HintDelivery::Doubled),
        2 => Just(HintDelivery::Late),
        1 => Just(HintDelivery::Everything),
    ];
    (operation, fate)
}

fn path_of(number: u8) -> Utf8PathBuf {
    let (first, second) = (usize::from(number) % 6, usize::from(number) / 6);
    let name = NAMES[first];
    match second.checked_sub(1).map(|folder| NAMES[folder]) {
        Some(folder) => Utf8Path::new(folder).join(name),
        None => name.into(),
    }
}

/// Performs `operation` as far as possible. Returns the hints that the system would send.
fn perform(posts: &Posts, operation: &Operation, count: usize) -> Vec<(Utf8PathBuf, HintKind)> {
    use Operation as O;
    let beside = posts.path_outside("aside");
    let mode = |path: u8, mode: u32| fs::set_permissions(posts.root.join(path_of(path)), fs::Permissions::from_mode(mode));
    let one = |path: u8, how| vec![(path_of(path), how)];
    match *operation {
        O::Write(path, text) => {
            let _ = fs::write(posts.root.join(path_of(path)), format!("# Text {}\n", text % 4));
            vec![(path_of(path), HintKind::Modified), (path_of(path), HintKind::Closed)]
        }
        O::Rename(from, to) => {
            let _ = fs::rename(posts.root.join(path_of(from)), posts.root.join(path_of(to)));
            vec![(path_of(from), HintKind::Seen), (path_of(to), HintKind::Moved)]
        }
        O::Delete(path) => {
            let path = posts.root.join(path_of(path));
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            vec![(path.strip_prefix(&posts.root).unwrap().to_owned(), HintKind::Seen)]
        }
        O::Touch(path) => {
            if let Ok(file) = fs::File::options().append(true).open(posts.root.join(path_of(path))) {
                let _ = file.set_modified(std::time::SystemTime::now());
            }
            one(path, HintKind::Seen)
        }
        O::MakeFolder(path) => {
            let _ = fs::create_dir(posts.root.join(path_of(path)));
            one(path, HintKind::Seen)
        }
        O::MoveOut(path) => {
            let _ = fs::remove_dir_all(&beside);
            let _ = fs::rename(posts.root.join(path_of(path)), &beside);
            one(path, HintKind::Seen)
        }
        O::MoveIn(path) => {
            let _ = fs::rename(&beside, posts.root.join(path_of(path)));
            one(path, HintKind::Moved)
        }
        O::Link(target, path) => {
            let _ = symlink(posts.root.join(path_of(target)), posts.root.join(path_of(path)));
            one(path, HintKind::Modified)
        }
        O::SwapLink(target, path) => {
            let next = posts.root.join(".next");
            let _ = symlink(posts.root.join(path_of(target)), &next);
            let _ = fs::rename(&next, posts.root.join(path_of(path)));
            one(path, HintKind::Moved)
        }
        O::Shut(path) => {
            let _ = mode(path, 0);
            one(path, HintKind::Seen)
        }
        O::Open(path) => {
            let _ = mode(path, 0o755);
            one(path, HintKind::Seen)
        }
        O::ReplaceRoot => {
            let _ = fs::rename(&posts.root, posts.path_outside(&format!("root{count}")));
            fs::create_dir(&posts.root).unwrap();
            posts.write("a.md", "# In another folder");
            vec![(Utf8PathBuf::new(), HintKind::Seen)]
        }
        O::Look(_) => Vec::new(),
    }
}

fn open_everything(folder: &Utf8Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    for entry in folder.read_dir_utf8().unwrap().flatten() {
        let file_type = entry.file_type().unwrap();
        if file_type.is_dir() {
            open_everything(entry.path());
        } else if file_type.is_file() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

fn contents(tracker: &FileTracker) -> Vec<(String, String)> {
    let texts = tracker.texts();
    let content = |post: &Arc<feedmill::post::Post>| {
        let text = texts.text(post).map(|text| text.to_string());
        (post.source.to_string(), text.unwrap_or_default())
    };
    tracker.posts().map(content).collect()
}

fn run(operations: &[(Operation, HintDelivery)]) -> Result<(), TestCaseError> {
    let posts = Posts::of(&["a.md", "b.md", "in/a.md", "in/b.md"]);
    let mut tracker = FileTracker::new(Arc::default(), posts.root.clone());
    let mut tick = Duration::ZERO;
    tracker.scan(&Hints::everything(), Timestamp::now(), tick);
    let mut hints = Hints::default();
    let mut late = Hints::default();
    for (count, (operation, fate)) in operations.iter().enumerate() {
        if let Operation::Look(after) = operation {
            tick += Duration::from_millis(u64::from(*after));
            tracker.scan(
                &std::mem::replace(&mut hints, std::mem::take(&mut late)),
                Timestamp::now(),
                tick,
            );
            continue;
        }
        for (path, how) in perform(&posts, operation, count) {
            match fate {
                HintDelivery::Sent => hints.add(path, how),
                HintDelivery::Unavailable => {}
                HintDelivery::Doubled => {
                    hints.add(path.clone(), how);
                    late.add(path, how);
                }
                HintDelivery::Late => late.add(path, how),
                HintDelivery::Everything => hints.everything = true,
            }
        }
    }
    open_everything(&posts.root);
    let mut looks = 0;
    let mut wait = Some(Duration::from_secs(5));
    while let Some(after) = wait {
        looks += 1;
        prop_assert!(looks < 20, "it never comes to rest");
        tick += after;
        wait = tracker.scan(&Hints::everything(), Timestamp::now(), tick).again_in;
    }
    let mut fresh = FileTracker::new(Arc::default(), posts.root.clone());
    fresh.scan(&Hints::everything(), later(), Duration::ZERO);
    prop_assert_eq!(contents(&tracker), contents(&fresh));
    prop_assert_eq!(tracker.diagnostics(), fresh.diagnostics());
    prop_assert_eq!(tracker.degraded_reason(), None);
    Ok(())
}

#[test]
fn a_full_scan_corrects_all_hints() {
    const LENGTH: usize = 30;
    let operations = std::env::var("FEEDMILL_TEST_OPERATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3000);
    let cases = Cases {
        cases: u32::try_from(operations / LENGTH).unwrap().max(1),
        failure_persistence: None,
        ..Cases::default()
    };
    let sequences = prop::collection::vec(operation(), LENGTH);
    let outcome = TestRunner::new(cases).run(&sequences, |operations| run(&operations));
    if let Err(error) = outcome {
        let mut text = String::new();
        let _ = write!(text, "{error}");
        panic!("{text}");
    }
}
