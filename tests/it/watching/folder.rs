//! What a scan of the disk finds and refuses, and the errors that it handles.

use super::*;
use feedmill::config;
use feedmill::source::{Folder, Scan, ScanScope};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

fn scan_all(posts: &Posts) -> Scan {
    let folder = Folder::new(posts.root.clone(), &config::PostSettings::default());
    folder.scan(&ScanScope::Everywhere, &|_| false).unwrap()
}

fn found(scan: &Scan) -> Vec<&str> {
    scan.files.paths().map(Utf8Path::as_str).collect()
}

fn codes(scan: &Scan) -> Vec<(&str, &str)> {
    scan.diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.path.as_str(), diagnostic.code))
        .collect()
}

fn fifo(path: &Utf8Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path.as_std_path(), rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn posts_are_found_and_other_files_are_not() {
    let posts = Posts::of(&[
        "a.md",
        "b.markdown",
        "2026/01/c.md",
        "_posts/d.md",
        "folder.md/e.md",
        ".git/no.md",
        "node_modules/no.md",
        "README.md",
        "_index.md",
        "no.txt",
        ".#no.md",
    ]);
    let scan = scan_all(&posts);
    assert_eq!(
        found(&scan),
        ["2026/01/c.md", "_posts/d.md", "a.md", "b.markdown", "folder.md/e.md"]
    );
    assert_eq!(codes(&scan), []);
}

#[test]
fn a_pipe_with_the_name_of_a_post_does_not_block() {
    let posts = Posts::of(&["a.md"]);
    fifo(&posts.path("pipe.md"));
    let scan = scan_all(&posts);
    assert_eq!(found(&scan), ["a.md"]);
    assert_eq!(codes(&scan), [("pipe.md", "not-a-file")]);
}

#[test]
fn names_that_cannot_be_written_are_refused() {
    let posts = Posts::of(&["a.md", "line\nbreak.md"]);
    fs::write(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff.md")), "# No").unwrap();
    fs::write(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff.txt")), "no").unwrap();
    fs::create_dir(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    fs::create_dir(posts.root.as_std_path().join(OsStr::from_bytes(b".\xff"))).unwrap();
    let scan = scan_all(&posts);
    assert_eq!(found(&scan), ["a.md"]);
    let mut refused = codes(&scan);
    refused.sort_unstable();
    let expected = [
        ("line\nbreak.md", "file-name"),
        ("\u{fffd}", "file-name"),
        ("\u{fffd}.md", "file-name"),
    ];
    assert_eq!(refused, expected, "a folder is refused like a post");
}

#[test]
fn files_beyond_a_limit_are_refused_and_known_ones_stay() {
    let posts = Posts::of(&["a.md", "1/b.md", "1/2/c.md", "1/2/3/d.md"]);
    fs::File::create(posts.path("sparse.md")).unwrap().set_len(1 << 40).unwrap();
    let limits = config::PostSettings {
        max_depth: 2,
        ..config::PostSettings::default()
    };
    let scan = Folder::new(posts.root.clone(), &limits)
        .scan(&ScanScope::Everywhere, &|_| false)
        .unwrap();
    assert_eq!(found(&scan), ["1/2/c.md", "1/b.md", "a.md"]);
    let mut refused = codes(&scan);
    refused.sort_unstable();
    assert_eq!(refused, [("1/2/3", "too-deep"), ("sparse.md", "too-large")]);
    assert!(scan.is_blind_to("sparse.md".into()));

    let limits = config::PostSettings {
        max_files: 2,
        ..config::PostSettings::default()
    };
    let scan = Folder::new(posts.root.clone(), &limits)
        .scan(&ScanScope::Everywhere, &|_| false)
        .unwrap();
    assert_eq!(scan.files.len(), 2);
    assert!(scan.is_blind_to("anything.md".into()), "no known post is believed to be gone");
}

#[test]
fn links_are_followed_only_inside_and_no_post_is_found_twice() {
    let posts = Posts::of(&["a.md", "in/b.md", ".hidden/c.md", ".hidden/sub/d.md", "README.md"]);
    fs::create_dir(posts.path_outside("outside")).unwrap();
    fs::write(posts.path_outside("outside/secret.md"), "# Secret").unwrap();
    let links = [
        ("a.md", "to-a.md"),
        ("in", "to-in"),
        (".", "loop"),
        ("..", "above"),
        ("../outside/secret.md", "leak.md"),
        ("../outside", "leak"),
        ("/etc/passwd", "passwd.md"),
        ("nowhere", "dangling.md"),
        ("turns.md", "turns.md"),
        (".hidden/c.md", "c.md"),
        (".hidden/c.md", "c-again.md"),
        (".hidden/sub", "sub"),
        ("README.md", "read.md"),
        ("user@host.1:2", ".#a.md"),
    ];
    for (target, path) in links {
        posts.link(target, path);
    }
    posts.link("../../.hidden/sub", ".hidden/sub/back");
    fs::hard_link(posts.path("a.md"), posts.path("second-name.md")).unwrap();
    let scan = scan_all(&posts);
    assert_eq!(
        found(&scan),
        ["a.md", "c-again.md", "in/b.md", "read.md", "second-name.md", "sub/d.md"]
    );
    let mut refused = codes(&scan);
    refused.sort_unstable();
    let expected = [
        ("above", "link-outside"),
        ("dangling.md", "link-dangling"),
        ("leak", "link-outside"),
        ("leak.md", "link-outside"),
        ("passwd.md", "link-outside"),
        ("turns.md", "link-dangling"),
    ];
    assert_eq!(refused, expected);
    let folder = Folder::new(posts.root.clone(), &config::PostSettings::default());
    let entry = scan.files.get(Utf8Path::new("sub/d.md")).unwrap();
    let source = folder.read("sub/d.md".into(), entry).unwrap();
    assert_eq!(
        (source.path.as_str(), &*source.bytes),
        ("sub/d.md", &b"# .hidden/sub/d.md\n\nText.\n"[..])
    );
}

#[test]
fn a_scan_of_some_paths_finds_the_same_files_there_as_a_full_scan() {
    let posts = Posts::of(&["a.md", "in/b.md", "in/deep/c.md", ".hidden/d.md", "inner/e.md"]);
    let folder = Folder::new(posts.root.clone(), &config::PostSettings::default());
    let cases: [(&[&str], &[&str]); 7] = [
        (&["a.md"], &["a.md"]),
        (&["in"], &["in/b.md", "in/deep/c.md"]),
        (&["in", "in/b.md"], &["in/b.md", "in/deep/c.md"]),
        (&["in/deep/c.md"], &["in/deep/c.md"]),
        (&["gone.md", "in/gone/x.md", "a.md/x.md"], &[]),
        (&[".hidden/d.md", ".hidden"], &[]),
        (&["../posts/a.md", "/etc"], &[]),
    ];
    for (places, expected) in cases {
        let places = ScanScope::At(places.iter().map(Utf8PathBuf::from).collect());
        let scan = folder.scan(&places, &|_| false).unwrap();
        assert_eq!(found(&scan), expected, "{places:?}");
        assert_eq!(scan.scope, places);
    }
    posts.link("in", "linked");
    let scan = folder
        .scan(&ScanScope::At(["linked/b.md".into()].into()), &|_| false)
        .unwrap();
    assert_eq!(scan.scope, ScanScope::Everywhere, "links join distant places");
}

#[test]
fn an_unreadable_folder_does_not_count_as_empty() {
    let posts = Posts::of(&["a.md", "shut/b.md"]);
    fs::set_permissions(posts.path("shut"), fs::Permissions::from_mode(0o0)).unwrap();
    let is_shut = fs::read_dir(posts.path("shut")).is_err();
    let scan = scan_all(&posts);
    fs::set_permissions(posts.path("shut"), fs::Permissions::from_mode(0o755)).unwrap();
    if is_shut {
        assert_eq!(found(&scan), ["a.md"]);
        assert_eq!(codes(&scan), [("shut", "unreadable")]);
        assert!(scan.is_blind_to("shut/b.md".into()));
    } else {
        assert_eq!(
            found(&scan),
            ["a.md", "shut/b.md"],
            "a user with permission to read everything can read it"
        );
    }
    let folder = Folder::new(posts.path_outside("nowhere"), &config::PostSettings::default());
    assert!(folder.scan(&ScanScope::Everywhere, &|_| false).is_err());
    let folder = Folder::new(posts.path("a.md"), &config::PostSettings::default());
    assert!(folder.scan(&ScanScope::Everywhere, &|_| false).is_err());
}
