use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::SystemTime;

use camino::Utf8PathBuf;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

fn own() -> Ground {
    Ground::of(&Config::default())
}

/// A state folder.
struct State(TempDir);

impl State {
    fn new() -> State {
        State(TempDir::new().unwrap())
    }

    fn dir(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    fn file(&self) -> Utf8PathBuf {
        self.dir().join(NAME)
    }

    fn keep(&self, posts: &[Keep]) -> Vec<u8> {
        keep(self.dir(), own(), posts).unwrap();
        fs::read(self.file()).unwrap()
    }

    fn recall(&self) -> Option<KeptPosts> {
        KeptPosts::recall(self.dir(), own())
    }

    /// Whether anything is recalled where the file holds `bytes`.
    fn recalls(&self, bytes: &[u8]) -> bool {
        fs::write(self.file(), bytes).unwrap();
        self.recall().is_some()
    }
}

fn stamp(inode: u64) -> Stamp {
    Stamp {
        device: 1,
        inode,
        size: u64::MAX,
        modified: -5,
        changed: i64::MAX,
    }
}

fn post(path: &str, inode: u64) -> Keep {
    let file = SourceFile {
        path: path.into(),
        bytes: format!("---\ntitle: Post {inode}\ndate: 2026-01-31\n---\nWords of {inode}.\n")
            .into_bytes()
            .into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    Keep {
        stamp: stamp(inode),
        digest: Digest::of(&file.bytes),
        post: Arc::new(post::read(&file, &Config::default()).unwrap().post),
    }
}

/// In the order of their paths, which is not that of their bytes.
fn posts() -> Vec<Keep> {
    let paths = ["a/b.md", "a-b.md", "a.md", "é.md"];
    paths.iter().zip(1..).map(|(path, inode)| post(path, inode)).collect()
}

/// What is found of each of `wanted`.
fn found(kept: &KeptPosts, wanted: &[(&str, u64)]) -> Vec<Option<String>> {
    let mut kept = kept.in_order();
    let mut title = |(path, inode): &(&str, u64)| Some(kept.find(Utf8Path::new(path), &stamp(*inode))?.post()?.title().into());
    wanted.iter().map(&mut title).collect()
}

#[test]
fn what_was_kept_is_found_by_path_and_stamp() {
    let state = State::new();
    assert!(state.recall().is_none(), "nothing is there");
    state.keep(&posts());
    let kept = state.recall().unwrap();
    let some = |title: &str| Some(title.to_owned());
    let all = [("a/b.md", 1), ("a-b.md", 2), ("a.md", 3), ("é.md", 4)];
    assert_eq!(found(&kept, &all), ["Post 1", "Post 2", "Post 3", "Post 4"].map(some));
    let others = [
        ("a", 1),
        ("a/a.md", 1),
        ("a/b.md", 2),
        ("a-b.md", 2),
        ("a-c.md", 2),
        ("b.md", 3),
        ("é.md", 4),
        ("ü.md", 4),
    ];
    let expected = [None, None, None, some("Post 2"), None, None, some("Post 4"), None];
    assert_eq!(found(&kept, &others), expected, "other files and other versions");
    let mut kept = kept.in_order();
    for Keep { stamp, digest, post } in posts() {
        let again = kept.find(post.source(), &stamp).unwrap();
        assert_eq!((again.digest(), again.post().as_ref()), (digest, Some(&*post)));
    }
}

#[test]
fn it_is_its_owners_alone_and_takes_the_place_of_what_was_there() {
    let state = State::new();
    fs::write(state.dir().join(UNFINISHED), "left behind").unwrap();
    state.keep(&posts());
    state.keep(&posts()[2..]);
    let mode = fs::metadata(state.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let wanted = [("a/b.md", 1), ("a.md", 3)];
    assert_eq!(found(&state.recall().unwrap(), &wanted), [None, Some("Post 3".to_owned())]);
    assert_eq!(fs::read_dir(state.dir()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let state = State::new();
    assert!(keep(&state.dir().join("none"), own(), &posts()).is_err());
    let before = state.keep(&posts());
    fs::create_dir_all(state.dir().join(UNFINISHED).join("in the way")).unwrap();
    assert!(keep(state.dir(), own(), &[]).is_err());
    assert_eq!(fs::read(state.file()).unwrap(), before);
}

#[test]
fn of_a_file_that_is_cut_or_changed_nothing_is_recalled() {
    let state = State::new();
    let whole = state.keep(&posts()[..2]);
    assert!(state.recalls(&whole));
    for length in 0..whole.len() {
        assert!(!state.recalls(&whole[..length]), "{length} bytes");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(!state.recalls(&bytes), "a bit of byte {at}");
    }
    assert!(!state.recalls(&[&whole[..], &[0]].concat()));
    assert!(!state.recalls(&[&whole[..], &whole[..]].concat()));
}

/// The file that holds `entries` under the ground `ground`, whole.
fn sealed(magic: &[u8], ground: &[u8], entries: &[u8]) -> Vec<u8> {
    let bytes = [magic, ground, entries].concat();
    let seal = blake3::hash(&bytes);
    [&bytes[..], seal.as_bytes()].concat()
}

#[test]
fn of_what_was_read_otherwise_nothing_is_recalled() {
    let state = State::new();
    let Ground(own) = own();
    state.keep(&[]);
    assert!(state.recalls(&sealed(&MAGIC, &own, &[])), "a file made by hand can be right");
    assert!(!state.recalls(&sealed(b"feedmill posts 0", &own, &[])), "another format");
    assert!(!state.recalls(&sealed(&MAGIC, &[7; 32], &[])), "another program");
    for toml in [
        "[site]\ntimezone = 'Asia/Tokyo'",
        "[site]\nbase_url = 'https://example.com'",
        "[posts]\nday_first = true",
    ] {
        let config = Config::parse("feedmill.toml".into(), toml).unwrap();
        let ground = Ground::of(&config);
        keep(state.dir(), ground, &posts()).unwrap();
        assert!(state.recall().is_none(), "{toml}");
        assert!(KeptPosts::recall(state.dir(), ground).is_some(), "{toml}");
    }
}

#[test]
fn a_program_of_the_same_size_and_date_is_another() {
    let state = State::new();
    let (path, other) = (state.dir().join("program"), state.dir().join("other"));
    for path in [&path, &other] {
        fs::write(path, "of one size").unwrap();
        // as those are that are packed reproducibly
        File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
    }
    let before = version(path.as_str());
    assert!(before.is_some() && before == version(path.as_str()));
    fs::rename(&other, &path).unwrap();
    assert!(before != version(path.as_str()));
}

#[test]
fn what_is_no_file_is_not_recalled() {
    let state = State::new();
    let whole = state.keep(&posts());
    let (file, aside) = (state.file(), state.dir().join("aside"));
    fs::write(&aside, &whole).unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&aside, &file).unwrap();
    assert!(state.recall().is_none(), "a link");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(state.recall().is_none(), "a folder");
    fs::remove_dir(&file).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, file.as_std_path(), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert!(state.recall().is_none(), "a pipe");
    fs::remove_file(&file).unwrap();
    let huge = File::create(&file).unwrap();
    huge.set_len(MOST_BYTES + 1).unwrap();
    assert!(state.recall().is_none(), "too large");
}

proptest! {
    #[test]
    fn what_stands_before_sealed_nonsense_is_still_found(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let state = State::new();
        // where the entries begin, and where each ends
        let ends: Vec<usize> = (0..=posts().len()).map(|count| state.keep(&posts()[..count]).len() - SEAL).collect();
        let mut bytes = state.keep(&posts())[ends[0]..ends[posts().len()]].to_vec();
        let mut first_wrong = bytes.len() - cut.index(bytes.len()) / 4;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            first_wrong = first_wrong.min(at);
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 4);
        fs::write(state.file(), sealed(&MAGIC, &own().0, &bytes)).unwrap();
        let kept = state.recall().unwrap();
        let all = [("a/b.md", 1), ("a-b.md", 2), ("a.md", 3), ("é.md", 4)];
        let found = found(&kept, &all);
        for (post, end) in ends[1..].iter().enumerate() {
            if end - ends[0] <= first_wrong {
                prop_assert_eq!(found[post].clone(), Some(format!("Post {}", post + 1)));
            }
        }
    }
}
