//! A start from what was kept gives what a start from files gives, and reads no file but those that changed.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Mutex;
use std::time::SystemTime;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::source::folder::kept;

/// Posts and the state folder of who publishes them.
struct ScanScope {
    posts: TempDir,
    state: TempDir,
}

/// So many posts are worth being kept.
const POSTS: usize = FEW + 16;
/// When the files of these tests were written, in seconds since 1970.
const WRITTEN: u64 = 1_767_225_600;

impl ScanScope {
    fn new() -> ScanScope {
        ScanScope {
            posts: TempDir::new().unwrap(),
            state: TempDir::new().unwrap(),
        }
    }

    fn of_posts(count: usize) -> ScanScope {
        let places = ScanScope::new();
        for number in 0..count {
            write(&places.path(&name(number)), &text(number, "first"), WRITTEN);
        }
        places
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.posts.path()).unwrap().join(name)
    }

    fn state(&self) -> &Utf8Path {
        Utf8Path::from_path(self.state.path()).unwrap()
    }

    /// A start that takes from `state` what it can, if that is given.
    fn start(&self, read: ReadPost, state: Option<&Utf8Path>) -> FileTracker {
        // texts are not kept in memory, so posts are kept however few they are
        let mut desk = on(&self.posts, read).keeping(0);
        if let Some(state) = state {
            desk.recall(state);
        }
        settle(&mut desk, Duration::ZERO);
        desk
    }

    /// Keeps what is on `desk`, much or little.
    fn keep(&self, desk: &FileTracker) {
        let posts: Vec<Keep> = desk.files.iter().filter_map(TrackedFile::to_keep).collect();
        kept::keep(self.state(), Ground::of(&desk.config), &posts).unwrap();
    }
}

/// Looks from `tick` on until nothing is waited for any more.
fn settle(desk: &mut FileTracker, mut tick: Duration) {
    while let Some(wait) = desk.look(&Hints::everything(), Timestamp::now(), tick).again_in {
        tick += wait;
    }
}

fn name(number: usize) -> String {
    format!("{}/{number:03}.md", ["a", "a-b"][number % 2])
}

fn text(number: usize, words: &str) -> String {
    format!("---\ntitle: Post {number}\ndate: 2026-01-31\ntags: [one, two]\n---\nThe {words} version.\n")
}

fn write(path: &Utf8Path, text: &str, written: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    date(path, written);
}

fn date(path: &Utf8Path, written: u64) {
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(written);
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(written)
        .unwrap();
}

/// All that is seen of the files; moments with their offsets, which are no part of what makes them equal.
fn seen(desk: &FileTracker) -> (String, Vec<Diagnostic>) {
    (format!("{:#?}", desk.posts().collect::<Vec<_>>()), desk.diagnostics())
}

type Harm = fn(&ScanScope);

/// What happens between two starts, and which files the second one reads; `*` is all of them.
const HARMS: [(&str, Harm, &[&str]); 12] = [
    ("nothing", |_| {}, &[]),
    (
        "a file is edited, and its size and time are as before",
        |places| {
            let path = places.path("a/000.md");
            until_it_shows(&path, || write(&path, &text(0, "other"), WRITTEN));
        },
        &["a/000.md"],
    ),
    (
        "one is touched",
        |places| date(&places.path("a/000.md"), WRITTEN + 9),
        &["a/000.md"],
    ),
    (
        "one gets other rights",
        |places| {
            let path = places.path("a/000.md");
            let mut rights = fs::metadata(&path).unwrap().permissions();
            rights.set_mode(0o640);
            until_it_shows(&path, || fs::set_permissions(&path, rights.clone()).unwrap());
        },
        &["a/000.md"],
    ),
    (
        "one is deleted",
        |places| fs::remove_file(places.path("a/000.md")).unwrap(),
        &[],
    ),
    (
        "a folder is deleted",
        |places| fs::remove_dir_all(places.path("a")).unwrap(),
        &[],
    ),
    (
        "one is new",
        |places| write(&places.path("a/000-b.md"), &text(0, "new"), WRITTEN),
        &["a/000-b.md"],
    ),
    (
        "one is renamed",
        |places| fs::rename(places.path("a/000.md"), places.path("b.md")).unwrap(),
        &["b.md"],
    ),
    (
        "two change places",
        |places| {
            let [one, other, aside] = ["a/000.md", "a-b/001.md", ".aside"].map(|name| places.path(name));
            fs::rename(&one, &aside).unwrap();
            fs::rename(&other, &one).unwrap();
            fs::rename(&aside, &other).unwrap();
        },
        &["a/000.md", "a-b/001.md"],
    ),
    (
        "a copy takes the place of one",
        |places| {
            let (path, copy) = (places.path("a/000.md"), places.path(".copy"));
            write(&copy, &text(0, "other"), WRITTEN);
            fs::rename(&copy, &path).unwrap();
        },
        &["a/000.md"],
    ),
    (
        "a link takes the place of one",
        |places| {
            fs::rename(places.path("a/000.md"), places.path(".moved")).unwrap();
            symlink(places.path(".moved"), places.path("a/000.md")).unwrap();
        },
        &["a/000.md"],
    ),
    (
        "what was kept is gone",
        |places| fs::remove_file(places.state().join("posts.cache")).unwrap(),
        &["*"],
    ),
];

/// Does `change` to the file at `path` until its times are others: the clock of the file system may stand still for some milliseconds.
fn until_it_shows(path: &Utf8Path, change: impl Fn()) {
    let changed = || fs::metadata(path).unwrap().ctime_nsec();
    let before = changed();
    while changed() == before {
        change();
    }
}

#[test]
fn a_start_reads_the_files_that_changed_and_no_other() {
    static READ: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let noting: ReadPost = |source, inherited, config| {
        READ.lock().unwrap().push(source.path.to_string());
        post::read_with(source, inherited, config)
    };
    for (name, harm, expected) in HARMS {
        let places = ScanScope::of_posts(POSTS);
        let mut desk = places.start(post::read_with, Some(places.state()));
        kept::keep(places.state(), Ground::of(&desk.config), &desk.to_keep().unwrap()).unwrap();
        assert!(desk.to_keep().is_none(), "it is kept once");
        harm(&places);

        READ.lock().unwrap().clear();
        let mut again = places.start(noting, Some(places.state()));
        let mut read = std::mem::take(&mut *READ.lock().unwrap());
        read.sort();
        if expected == ["*"] {
            assert_eq!(read.len(), POSTS, "{name}");
            assert!(again.to_keep().is_some(), "{name}");
        } else {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(read, expected, "{name}");
            assert!(again.to_keep().is_none(), "{name}: that is too little to keep all anew");
        }
        assert_eq!(seen(&again), seen(&places.start(post::read_with, None)), "{name}");
    }
}

#[test]
fn what_may_hide_another_version_or_has_remarks_is_read_again() {
    static READ: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let noting: ReadPost = |source, inherited, config| {
        READ.lock().unwrap().push(source.path.to_string());
        post::read_with(source, inherited, config)
    };
    let places = ScanScope::of_posts(POSTS);
    let fresh = places.path("fresh.md");
    // as if it had been written a second before the look, however long the rest takes
    let seen_at = Timestamp::now();
    write(&fresh, &text(0, "first"), u64::try_from(seen_at.as_second() - 1).unwrap());
    write(
        &places.path("remarked.md"),
        "---\ndate: the other day\n---\nWords.\n",
        WRITTEN,
    );
    write(&places.path("refused.md"), "---\ntitle: open\n", WRITTEN);
    fs::write(places.path("no-text.md"), b"caf\xe9").unwrap();
    date(&places.path("no-text.md"), WRITTEN);

    let mut desk = on(&places.posts, post::read_with).keeping(0);
    for second in 0..5 {
        desk.look(&Hints::everything(), seen_at, Duration::from_secs(second));
    }
    let posts = desk.to_keep().unwrap();
    assert_eq!(posts.len(), POSTS, "all others");
    kept::keep(places.state(), Ground::of(&desk.config), &posts).unwrap();

    let again = places.start(noting, Some(places.state()));
    let mut read = std::mem::take(&mut *READ.lock().unwrap());
    read.sort();
    assert_eq!(read, ["fresh.md", "no-text.md", "refused.md", "remarked.md"]);
    assert_eq!(seen(&again), seen(&places.start(post::read_with, None)));
    assert!(again.diagnostics().len() >= 3, "{:?}", again.diagnostics());
}

#[test]
fn what_only_gets_another_stamp_is_kept_anew() {
    let places = ScanScope::of_posts(POSTS);
    let mut desk = places.start(post::read_with, None);
    assert_eq!(desk.to_keep().map(|posts| posts.len()), Some(POSTS));
    settle(&mut desk, Duration::from_secs(10));
    assert!(desk.to_keep().is_none());
    for number in 0..POSTS {
        let path = places.path(&name(number));
        until_it_shows(&path, || date(&path, WRITTEN));
    }
    let unread: ReadPost = |_, _, _| panic!("they hold what they held");
    desk.read = unread;
    settle(&mut desk, Duration::from_secs(20));
    let posts = desk.to_keep().unwrap();
    kept::keep(places.state(), Ground::of(&desk.config), &posts).unwrap();
    let again = places.start(unread, Some(places.state()));
    assert_eq!(seen(&again), seen(&places.start(post::read_with, None)));
}

#[test]
fn what_has_room_in_memory_is_read() {
    let places = ScanScope::of_posts(POSTS);
    let mut desk = places.start(post::read_with, None);
    kept::keep(places.state(), Ground::of(&desk.config), &desk.to_keep().unwrap()).unwrap();

    let mut desk = on(&places.posts, post::read_with);
    desk.recall(places.state());
    desk.look(&Hints::everything(), Timestamp::now(), Duration::ZERO);
    assert!(desk.to_keep().is_none());
    for post in desk.posts() {
        fs::remove_file(places.path(post.source().as_str())).unwrap();
        assert!(
            desk.texts.text(post).is_some(),
            "{}: the text outlives the file",
            post.source()
        );
    }
}

/// What happens to the folder between two starts.
#[derive(Clone, Debug)]
enum Operation {
    Write(usize, usize),
    Remove(usize),
    Rename(usize, usize),
    Touch(usize),
}

const NAMES: [&str; 6] = ["a.md", "a/b.md", "a-b.md", "a/b/c.md", "b.md", "2026-01-31-c.md"];
const TEXTS: [&str; 6] = [
    "# One\n\nWords of one.\n",
    "---\ntitle: Two\ndate: 2026-02-01\nmood: [a, {b: 0.1}]\naliases: [/old]\n---\nWords.\n",
    "---\ntitle: Two\ndate: 2026-02-02\nmood: [a, {b: 0.1}]\naliases: [/old]\n---\nWords.\n",
    "---\ndate: never\ndraft: perhaps\n---\nWords.\n",
    "---\ntitle: open\n",
    "",
];

fn operation() -> impl Strategy<Value = Operation> {
    let file = || 0..NAMES.len();
    prop_oneof![
        4 => (file(), 0..TEXTS.len()).prop_map(|(file, text)| Operation::Write(file, text)),
        1 => file().prop_map(Operation::Remove),
        2 => (file(), file()).prop_map(|(from, to)| Operation::Rename(from, to)),
        1 => file().prop_map(Operation::Touch),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_start_from_what_was_kept_is_a_start_from_files(
        days in vec((vec(operation(), 0..8), any::<Option<bool>>()), 1..5),
    ) {
        let places = ScanScope::new();
        let mut written = WRITTEN;
        // it sees all that happens, and with it the last good versions of what was broken
        let mut running = places.start(post::read_with, None);
        for ((operations, keeps), day) in days.into_iter().zip(1..) {
            for operation in operations {
                // what cannot be done is not
                written += 1;
                let at = |file: usize| places.path(NAMES[file]);
                match operation {
                    Operation::Write(file, _) if at(file).is_dir() => {}
                    Operation::Write(file, text) => write(&at(file), TEXTS[text], written),
                    Operation::Remove(file) => drop(fs::remove_file(at(file))),
                    Operation::Rename(from, to) => drop(fs::rename(at(from), at(to))),
                    Operation::Touch(file) if at(file).is_file() => date(&at(file), written),
                    Operation::Touch(_) => {}
                }
            }
            settle(&mut running, Duration::from_hours(24 * day));
            let from_files = seen(&places.start(post::read_with, None));
            let from_kept = places.start(post::read_with, Some(places.state()));
            prop_assert_eq!(&seen(&from_kept), &from_files);
            match keeps {
                Some(true) => places.keep(&running),
                Some(false) => places.keep(&from_kept),
                None => {}
            }
            let again = places.start(post::read_with, Some(places.state()));
            prop_assert_eq!(&seen(&again), &from_files);
        }
    }
}

#[test]
fn a_post_that_has_something_from_another_file_is_not_kept() {
    let places = ScanScope::of_posts(POSTS);
    fs::create_dir(places.path("in")).unwrap();
    write(&places.path("in/a.md"), "---\ndate: 2026-01-02\n---\nWords.\n", WRITTEN);
    let desk = places.start(post::read_with, Some(places.state()));
    places.keep(&desk);
    let is_draft = |desk: &FileTracker| desk.post(Utf8Path::new("in/a.md")).unwrap().standing == post::Status::Draft;
    assert!(!is_draft(&desk));
    // its own file is as it was, and was kept
    write(&places.path("in/_index.md"), "---\ncascade: {draft: true}\n---\n", WRITTEN);
    let desk = places.start(post::read_with, Some(places.state()));
    assert!(is_draft(&desk));
    let kept = desk.to_keep_of_all();
    assert!(
        kept.iter().all(|keep| keep.post.source() != "in/a.md"),
        "not with what it had then"
    );
}
