//! The behaviour of every source: each test runs over a folder on a disk and over files in memory.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::config::PostSettings;
use crate::time::Timestamp;

/// A source, with methods that change its files.
struct Fixture {
    source: Source,
    /// The path on the disk, for a folder.
    folder: Option<(tempfile::TempDir, Utf8PathBuf)>,
}

impl Fixture {
    fn folder(posts: &PostSettings) -> Fixture {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        Fixture {
            source: Source::folder(root.clone(), posts),
            folder: Some((temporary, root)),
        }
    }

    fn memory(posts: &PostSettings) -> Fixture {
        Fixture {
            source: Source::Memory(MemorySource::new(posts)),
            folder: None,
        }
    }

    fn change(&self, on_disk: impl FnOnce(&Utf8Path), in_memory: impl FnOnce(&MemorySource)) {
        match (&self.folder, &self.source) {
            (Some((_, root)), _) => on_disk(root),
            (None, Source::Memory(memory)) => in_memory(memory),
            (None, Source::Folder(_)) => panic!("the folder has no path"),
        }
    }

    fn insert(&self, path: &str, text: &str) {
        let write = |root: &Utf8Path| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        self.change(write, |memory| memory.insert(path, text, Timestamp::now()));
    }

    fn remove(&self, path: &str) {
        self.change(|root| fs::remove_file(root.join(path)).unwrap(), |memory| memory.remove(path));
    }

    fn rename(&self, from: &str, to: &str) {
        let rename = |root: &Utf8Path| fs::rename(root.join(from), root.join(to)).unwrap();
        self.change(rename, |memory| memory.rename(from, to));
    }

    /// Makes the file unreadable. Returns `false` if the tests run with permission to read everything.
    fn make_unreadable(&self, path: &str) -> bool {
        let shut = |root: &Utf8Path| fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o0)).unwrap();
        self.change(shut, |memory| memory.set_unreadable(path, true));
        self.folder
            .as_ref()
            .is_none_or(|(_, root)| fs::read(root.join(path)).is_err())
    }

    fn scan(&self) -> Scan {
        self.source.scan(&ScanScope::Everywhere, &|_| false).unwrap()
    }

    fn entry(&self, path: &str) -> FileEntry {
        self.scan().files.get(path.into()).cloned().unwrap()
    }
}

/// Runs `test` over an empty source of every kind.
fn on_every_source(posts: &PostSettings, test: impl Fn(&Fixture)) {
    test(&Fixture::folder(posts));
    test(&Fixture::memory(posts));
}

fn paths(scan: &Scan) -> Vec<&str> {
    scan.files.paths().map(Utf8Path::as_str).collect()
}

fn codes(scan: &Scan) -> Vec<(&str, &str)> {
    let mut codes: Vec<_> = scan
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.path.as_str(), diagnostic.code))
        .collect();
    codes.sort_unstable();
    codes
}

#[test]
fn a_scan_finds_posts_and_companions_by_name_and_place() {
    on_every_source(&PostSettings::default(), |fixture| {
        let scan = fixture.scan();
        assert!(scan.is_empty && scan.files.is_empty());
        for path in [
            "a.md",
            "b.markdown",
            "2026/01/c.md",
            "notes/_index.md",
            "notes/d.md",
            ".git/no.md",
            "no.txt",
            ".#no.md",
            "a.sync-conflict-20260131-090000-ABCDEFG.md",
        ] {
            fixture.insert(path, "# Text");
        }
        let scan = fixture.scan();
        assert_eq!(paths(&scan), ["2026/01/c.md", "a.md", "b.markdown", "notes/d.md"]);
        assert_eq!(scan.companions.keys().collect::<Vec<_>>(), ["notes/_index.md"]);
        assert_eq!(
            codes(&scan),
            [("a.sync-conflict-20260131-090000-ABCDEFG.md", "conflict-copy")]
        );
        assert!(!scan.is_empty && !scan.has_aliases);
        assert_eq!(scan.doubt(scan.identity), None);
    });
}

#[test]
fn a_scan_of_some_paths_finds_the_same_files_there_as_a_full_scan() {
    on_every_source(&PostSettings::default(), |fixture| {
        for path in ["a.md", "in/b.md", "in/deep/c.md", ".hidden/d.md", "inner/e.md"] {
            fixture.insert(path, "# Text");
        }
        let cases: [(&[&str], &[&str]); 5] = [
            (&["a.md"], &["a.md"]),
            (&["in"], &["in/b.md", "in/deep/c.md"]),
            (&["in", "in/b.md"], &["in/b.md", "in/deep/c.md"]),
            (&["gone.md", "in/gone/x.md", "a.md/x.md"], &[]),
            (&[".hidden/d.md", ".hidden"], &[]),
        ];
        for (places, expected) in cases {
            let scope = ScanScope::At(places.iter().map(Utf8PathBuf::from).collect());
            let scan = fixture.source.scan(&scope, &|_| false).unwrap();
            assert_eq!((paths(&scan), &scan.scope), (expected.to_vec(), &scope));
        }
        let top = ScanScope::At(BTreeSet::from([Utf8PathBuf::new()]));
        let scan = fixture.source.scan(&top, &|_| false).unwrap();
        assert_eq!((scan.files.len(), scan.scope), (4, ScanScope::Everywhere));
    });
}

#[test]
fn files_left_out_by_a_limit_do_not_count_as_missing() {
    let posts = PostSettings {
        max_file_bytes: 10,
        max_depth: 1,
        max_files: 2,
        ..PostSettings::default()
    };
    on_every_source(&posts, |fixture| {
        fixture.insert("a.md", "# A");
        fixture.insert("large.md", "# More than ten bytes");
        fixture.insert("1/2/deep.md", "# Deep");
        let scan = fixture.scan();
        assert_eq!(paths(&scan), ["a.md"]);
        assert_eq!(codes(&scan), [("1/2", "too-deep"), ("large.md", "too-large")]);
        assert!(scan.is_blind_to("large.md".into()) && !scan.is_blind_to("a.md".into()));
        fixture.insert("b.md", "# B");
        fixture.insert("c.md", "# C");
        let scan = fixture.scan();
        assert_eq!(scan.files.len(), 2);
        assert!(scan.is_blind_to("anything.md".into()));
        let scan = fixture.source.scan(&ScanScope::Everywhere, &|_| true).unwrap();
        assert_eq!(scan.files.len(), 3, "no known file is one too many");
    });
}

#[test]
fn only_the_version_that_was_found_is_read() {
    on_every_source(&PostSettings::default(), |fixture| {
        fixture.insert("a.md", "# A");
        let entry = fixture.entry("a.md");
        let file = fixture.source.read("a.md".into(), &entry).unwrap();
        assert_eq!((file.path.as_str(), &*file.bytes), ("a.md", &b"# A"[..]));
        assert_eq!(file.modified, entry.version.modified());
        fixture.insert("a.md", "# A, longer");
        assert_eq!(fixture.source.read("a.md".into(), &entry), Err(ReadError::Changed));
        assert_eq!(&*fixture.source.read_latest("a.md".into()).unwrap().bytes, b"# A, longer");
        fixture.remove("a.md");
        assert_eq!(fixture.source.read("a.md".into(), &entry), Err(ReadError::Gone));
        assert_eq!(fixture.source.read_latest("a.md".into()), None);
    });
}

#[test]
fn an_unreadable_file_is_refused() {
    on_every_source(&PostSettings::default(), |fixture| {
        fixture.insert("a.md", "# A");
        if !fixture.make_unreadable("a.md") {
            return;
        }
        let Err(ReadError::Refused(why)) = fixture.source.read("a.md".into(), &fixture.entry("a.md")) else {
            panic!("it is read");
        };
        assert_eq!(
            (why.code, why.message.as_str()),
            ("unreadable", "it cannot be read: permission denied")
        );
        assert_eq!(fixture.source.read_latest("a.md".into()), None);
    });
}

#[test]
fn a_version_distinguishes_an_edit_from_a_move() {
    on_every_source(&PostSettings::default(), |fixture| {
        fixture.insert("a.md", "# A");
        fixture.insert("other.md", "# A");
        let (before, other) = (fixture.entry("a.md").version, fixture.entry("other.md").version);
        assert_eq!(fixture.entry("a.md").version, before, "nothing happened");
        assert!(!before.is_same_file_moved(&other), "the same text in another file");
        fixture.rename("a.md", "b.md");
        let moved = fixture.entry("b.md").version;
        assert!(before.is_same_file_moved(&moved) && before.file() == moved.file());
        fixture.insert("b.md", "# A and more");
        assert!(!moved.is_same_file_moved(&fixture.entry("b.md").version));
        let now = Timestamp::now();
        let written = fixture.entry("b.md").version;
        assert!(written.is_recent(now) && !written.is_recent(now + Duration::from_mins(1)));
    });
}

#[test]
fn media_are_opened_and_sources_of_posts_are_not() {
    on_every_source(&PostSettings::default(), |fixture| {
        for (path, text) in [
            ("a.png", "picture"),
            ("in/b.txt", "A transcript."),
            ("draft.txt", "---\ntitle: Not yet\n---\n"),
            ("a.md", "# A"),
            (".hidden/c.png", "picture"),
            ("_site/d.png", "picture"),
        ] {
            fixture.insert(path, text);
        }
        let media = fixture.source.open_media("a.png".into()).unwrap();
        let mut buffer = [0; 4];
        media.read_exact_at(&mut buffer, 3).unwrap();
        assert_eq!((&buffer, media.version.size(), media.is_unchanged()), (b"ture", 7, true));
        assert!(media.read_exact_at(&mut buffer, 4).is_err(), "past the end");
        assert!(fixture.source.open_media("in/b.txt".into()).is_ok());
        for path in ["draft.txt", "a.md", ".hidden/c.png", "_site/d.png", "none.png", "in"] {
            let error = fixture.source.open_media(path.into()).unwrap_err();
            assert!(matches!(error, MediaError::NotFound), "{path}: {error:?}");
        }
        assert!(fixture.source.has_file("a.md".into()) && !fixture.source.has_file("in".into()));
    });
}

#[tokio::test]
async fn a_watch_sends_hints_about_changes() {
    for fixture in [
        Fixture::folder(&PostSettings::default()),
        Fixture::memory(&PostSettings::default()),
    ] {
        let watch = fixture.source.watch(&config::WatchSettings::default()).ready();
        fixture.insert("a.md", "# A");
        let mut hints = watch::Hints::default();
        while !hints.everything && !hints.paths.contains_key(Utf8Path::new("a.md")) {
            let next = tokio::time::timeout(Duration::from_secs(10), watch.next()).await;
            hints.merge(next.expect("a hint in time"));
        }
    }
}
