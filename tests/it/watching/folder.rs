//! Scans of the disk: files that are found and refused.

use super::*;
use feedmill::config;
use feedmill::source::folder::{Folder, Scan, ScanScope};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

fn look(posts: &Posts) -> Scan {
    let folder = Folder::new(posts.root.clone(), &config::PostSettings::default());
    folder.look(&ScanScope::Everywhere).unwrap()
}

fn found(sight: &Scan) -> Vec<&str> {
    sight.files.paths().map(Utf8Path::as_str).collect()
}

fn codes(sight: &Scan) -> Vec<(&str, &str)> {
    sight.diagnostics.iter().map(|said| (said.path.as_str(), said.code)).collect()
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
    let sight = look(&posts);
    assert_eq!(
        found(&sight),
        ["2026/01/c.md", "_posts/d.md", "a.md", "b.markdown", "folder.md/e.md"]
    );
    assert_eq!(codes(&sight), []);
}

#[test]
fn a_pipe_with_a_posts_name_does_not_block() {
    let posts = Posts::of(&["a.md"]);
    fifo(&posts.path("pipe.md"));
    let sight = look(&posts);
    assert_eq!(found(&sight), ["a.md"]);
    assert_eq!(codes(&sight), [("pipe.md", "not-a-file")]);
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let posts = Posts::of(&["a.md", "line\nbreak.md"]);
    fs::write(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff.md")), "# No").unwrap();
    fs::write(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff.txt")), "no").unwrap();
    fs::create_dir(posts.root.as_std_path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    fs::create_dir(posts.root.as_std_path().join(OsStr::from_bytes(b".\xff"))).unwrap();
    let sight = look(&posts);
    assert_eq!(found(&sight), ["a.md"]);
    let mut said = codes(&sight);
    said.sort_unstable();
    let expected = [
        ("line\nbreak.md", "file-name"),
        ("\u{fffd}", "file-name"),
        ("\u{fffd}.md", "file-name"),
    ];
    assert_eq!(said, expected, "a folder of posts is as much as a post");
}

#[test]
fn files_beyond_the_limits_are_refused_and_known_ones_stay() {
    let posts = Posts::of(&["a.md", "1/b.md", "1/2/c.md", "1/2/3/d.md"]);
    fs::File::create(posts.path("sparse.md")).unwrap().set_len(1 << 40).unwrap();
    let limits = config::PostSettings {
        max_depth: 2,
        ..config::PostSettings::default()
    };
    let sight = Folder::new(posts.root.clone(), &limits).look(&ScanScope::Everywhere).unwrap();
    assert_eq!(found(&sight), ["1/2/c.md", "1/b.md", "a.md"]);
    let mut said = codes(&sight);
    said.sort_unstable();
    assert_eq!(said, [("1/2/3", "too-deep"), ("sparse.md", "too-large")]);
    assert!(sight.is_blind_to("sparse.md".into()));

    let limits = config::PostSettings {
        max_files: 2,
        ..config::PostSettings::default()
    };
    let sight = Folder::new(posts.root.clone(), &limits).look(&ScanScope::Everywhere).unwrap();
    assert_eq!(sight.files.len(), 2);
    assert!(
        sight.is_blind_to("anything.md".into()),
        "no known post is believed to be gone"
    );
}

#[test]
fn links_are_followed_only_within_the_folder_and_no_post_is_found_twice() {
    let posts = Posts::of(&["a.md", "in/b.md", ".hidden/c.md", ".hidden/sub/d.md", "README.md"]);
    fs::create_dir(posts.beside("outside")).unwrap();
    fs::write(posts.beside("outside/secret.md"), "# Secret").unwrap();
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
    let sight = look(&posts);
    assert_eq!(
        found(&sight),
        ["a.md", "c-again.md", "in/b.md", "read.md", "second-name.md", "sub/d.md"]
    );
    let mut said = codes(&sight);
    said.sort_unstable();
    let expected = [
        ("above", "link-outside"),
        ("dangling.md", "link-dangling"),
        ("leak", "link-outside"),
        ("leak.md", "link-outside"),
        ("passwd.md", "link-outside"),
        ("turns.md", "link-dangling"),
    ];
    assert_eq!(said, expected);
    let folder = Folder::new(posts.root.clone(), &config::PostSettings::default());
    let entry = sight.files.get(Utf8Path::new("sub/d.md")).unwrap();
    let source = folder.read("sub/d.md".into(), entry).unwrap();
    assert_eq!(
        (source.path.as_str(), &*source.bytes),
        ("sub/d.md", &b"# .hidden/sub/d.md\n\nText.\n"[..])
    );
}

#[test]
fn a_partial_scan_finds_the_same_as_a_full_scan() {
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
        let sight = folder.look(&places).unwrap();
        assert_eq!(found(&sight), expected, "{places:?}");
        assert_eq!(sight.places, places);
    }
    posts.link("in", "linked");
    let sight = folder.look(&ScanScope::At(["linked/b.md".into()].into())).unwrap();
    assert_eq!(sight.places, ScanScope::Everywhere, "links join distant places");
}

#[test]
fn a_folder_that_cannot_be_read_is_not_an_empty_folder() {
    let posts = Posts::of(&["a.md", "shut/b.md"]);
    fs::set_permissions(posts.path("shut"), fs::Permissions::from_mode(0o0)).unwrap();
    let is_shut = fs::read_dir(posts.path("shut")).is_err();
    let sight = look(&posts);
    fs::set_permissions(posts.path("shut"), fs::Permissions::from_mode(0o755)).unwrap();
    if is_shut {
        assert_eq!(found(&sight), ["a.md"]);
        assert_eq!(codes(&sight), [("shut", "unreadable")]);
        assert!(sight.is_blind_to("shut/b.md".into()));
    } else {
        assert_eq!(
            found(&sight),
            ["a.md", "shut/b.md"],
            "whoever may read everything is shut out of nothing"
        );
    }
    let folder = Folder::new(posts.beside("nowhere"), &config::PostSettings::default());
    assert!(folder.look(&ScanScope::Everywhere).is_err());
    let folder = Folder::new(posts.path("a.md"), &config::PostSettings::default());
    assert!(folder.look(&ScanScope::Everywhere).is_err());
}
