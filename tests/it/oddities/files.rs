//! Encodings, sizes, links and special files: each has a defined result and does not affect the rest of the site.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use feedmill::diagnostic::Severity;

use super::{CONFIG, NEIGHBOUR, Odd, assert_published};
use crate::still::{TestFolder, codes, said};

const TEXT: &str = "---\ntitle: Café\ndate: 2020-01-02\ntags: [tea]\n---\nOne.\n\nTwo.\n";

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn item_25_every_encoding_gives_the_same_post() {
    let with_mark = |text: &str| format!("\u{feff}{text}");
    let mixed = TEXT.replacen('\n', "\r\n", 3);
    let cases: [(&str, Vec<u8>); 8] = [
        ("plain", TEXT.into()),
        ("CRLF", TEXT.replace('\n', "\r\n").into()),
        ("lone CR", TEXT.replace('\n', "\r").into()),
        ("mixed", mixed.into()),
        ("byte order mark", with_mark(TEXT).into()),
        ("UTF-16, little end first", utf16(&with_mark(TEXT), u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&with_mark(TEXT), u16::to_be_bytes)),
        ("no last line feed", TEXT.trim_end().into()),
    ];
    for (name, bytes) in cases {
        let odd = Odd::new("a.md", bytes);
        let listed = odd.listed().unwrap_or_else(|| panic!("{name}: {:?}", odd.site.diagnostics));
        assert_eq!(
            (&listed["title"], &listed["tags"][0]),
            (&"Café".into(), &"tea".into()),
            "{name}"
        );
        assert_eq!(odd.html().trim(), "<p>One.</p>\n<p>Two.</p>", "{name}");
        assert_eq!(odd.codes(), "", "{name}");
    }
}

#[test]
fn item_25_a_file_that_is_not_text_is_refused_with_a_position() {
    let cases: [(&str, &[u8], &str); 5] = [
        ("Latin-1", b"---\ntitle: Caf\xe9\n---\n", "2:11 not-utf8"),
        ("half a character at the end", b"# A\n\nText \xe2\x82", "3:6 not-utf8"),
        ("UTF-16 cut short", b"\xff\xfea\0b", "not-utf16"),
        ("nothing", b"", "empty"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "1:1 not-utf8"),
    ];
    for (name, bytes, expected) in cases {
        let odd = Odd::new("a.md", bytes);
        assert!(odd.read().is_none(), "{name}");
        let said: Vec<String> = said(&odd.site, "a.md")
            .map(|said| {
                let place = said.position.map(|place| format!("{}:{} ", place.line, place.column));
                format!("{}{}", place.unwrap_or_default(), said.code)
            })
            .collect();
        assert_eq!(said, [expected], "{name}");
    }
    let odd = Odd::new("a.md", "---\ntitle: Nul\ndate: 2020-01-02\n---\nA\0B\n");
    assert_eq!(
        (odd.html().trim(), odd.codes().as_str()),
        ("<p>A\u{fffd}B</p>", "control-character")
    );
    let odd = Odd::new("2020-01-02-blank.md", "\n \n");
    assert!(odd.listed().is_some(), "a file of blanks is a post without a text");
}

#[test]
fn files_too_large_to_be_posts_are_not_read() {
    let folder = TestFolder::new();
    folder.write("just.md", format!("{TEXT}{}", "x".repeat((1 << 20) - TEXT.len())));
    folder.write("over.md", format!("{TEXT}{}", "x".repeat((1 << 20) - TEXT.len() + 1)));
    File::create(folder.root().join("huge.md")).unwrap().set_len(1 << 40).unwrap();
    folder.write("neighbour.md", NEIGHBOUR);
    let site = folder.site(CONFIG);
    assert_eq!(
        [codes(&site, "just.md"), codes(&site, "over.md"), codes(&site, "huge.md")].concat(),
        ["too-large", "too-large"]
    );
    assert_published(&site, "just.md");
    assert_published(&site, "neighbour.md");
    let all: Vec<&str> = site.all().iter().map(|post| post.source().as_str()).collect();
    assert_eq!(all, ["just.md", "neighbour.md"]);
}

#[test]
fn more_files_than_the_limit() {
    let folder = TestFolder::new();
    for number in 0..5 {
        folder.write(format!("{number}.md"), "---\ndate: 2020-01-02\n---\n");
    }
    let site = folder.site("[posts]\nmax_files = 3");
    assert_eq!(site.all().len(), 3);
    let codes: Vec<&str> = site.diagnostics.iter().map(|said| said.code).collect();
    assert_eq!(codes, ["too-many-files"], "said once");
}

#[test]
fn folders_that_are_too_deep_are_not_scanned() {
    let folder = TestFolder::new();
    let folders = |depth: usize| vec!["d"; depth].join("/");
    for depth in [31, 32, 33, 34] {
        folder.write(format!("{}/{depth}.md", folders(depth)), TEXT);
    }
    folder.write("neighbour.md", NEIGHBOUR);
    let site = folder.site(CONFIG);
    assert_published(&site, "neighbour.md");
    let said: Vec<(&str, &str)> = site
        .diagnostics
        .iter()
        .filter(|said| said.severity != Severity::Note)
        .map(|said| (said.code, said.path.as_str()))
        .collect();
    assert_eq!(said, [("too-deep", folders(33).as_str())]);
    for depth in [31, 32] {
        assert_published(&site, &format!("{}/{depth}.md", folders(depth)));
    }
}

#[test]
fn special_files_are_not_opened() {
    let folder = TestFolder::new();
    let root = folder.root().to_owned();
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe.md").as_std_path(),
        pipe,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.md")).unwrap();
    fs::create_dir(root.join("folder.md")).unwrap();
    folder.write("folder.md/inner.md", TEXT);
    symlink("/dev/zero", root.join("endless.md")).unwrap();
    let odd = Odd::within(&folder, "folder.md/inner.md");
    for (path, expected) in [
        ("pipe.md", "not-a-file"),
        ("socket.md", "not-a-file"),
        ("folder.md", ""),
        ("endless.md", "link-outside"),
    ] {
        assert_eq!(codes(&odd.site, path).join(" "), expected, "{path}");
    }
    assert_published(&odd.site, "folder.md/inner.md");
}

#[test]
fn broken_outside_and_circular_links_are_not_followed() {
    let outside = TestFolder::new();
    outside.write("secret.md", "---\ntitle: secret\ndate: 2020-01-02\n---\n");
    let folder = TestFolder::new();
    let root = folder.root();
    symlink("nowhere.md", root.join("dangling.md")).unwrap();
    symlink(outside.root().join("secret.md"), root.join("out.md")).unwrap();
    symlink("../../../../../../../../../../etc/passwd", root.join("up.md")).unwrap();
    symlink(outside.root(), root.join("out")).unwrap();
    symlink("circle.md", root.join("circle.md")).unwrap();
    symlink(".", root.join("again")).unwrap();
    folder.write(".data/kept.md", TEXT);
    symlink(".data/kept.md", root.join("kept.md")).unwrap();
    let odd = Odd::within(&folder, "kept.md");
    for (path, expected) in [
        ("dangling.md", "link-dangling"),
        ("out.md", "link-outside"),
        ("up.md", "link-outside"),
        ("out", "link-outside"),
        ("circle.md", "link-dangling"),
        ("again", ""),
        ("kept.md", ""),
    ] {
        assert_eq!(codes(&odd.site, path).join(" "), expected, "{path}");
    }
    let all: Vec<&str> = odd.site.all().iter().map(|post| post.source().as_str()).collect();
    assert_eq!(all, ["kept.md", "neighbour.md"]);
    assert_published(&odd.site, "kept.md");
}

#[test]
fn names_that_cannot_be_addresses_are_reported() {
    let folder = TestFolder::new();
    for name in [&b"caf\xe9.md"[..], b"two\nlines.md", b"bell\x07.md"] {
        fs::write(folder.root().as_std_path().join(OsStr::from_bytes(name)), TEXT).unwrap();
    }
    fs::write(folder.root().as_std_path().join(OsStr::from_bytes(b"picture\xe9.png")), "").unwrap();
    folder.write("neighbour.md", NEIGHBOUR);
    let site = folder.site(CONFIG);
    assert_published(&site, "neighbour.md");
    assert_eq!(site.all().len(), 1);
    let codes: Vec<&str> = site.diagnostics.iter().map(|said| said.code).collect();
    assert_eq!(codes, ["file-name", "file-name", "file-name"]);
    for said in site.diagnostics.iter() {
        assert!(
            !said.draw(false).contains('\u{7}') && !said.to_string().contains('\n'),
            "{said}"
        );
    }
}

#[test]
fn copies_of_synchronisers_are_reported_and_not_published() {
    let folder = TestFolder::new();
    for name in [
        "a.sync-conflict-20260131-090000-ABCDEFG.md",
        "a (conflicted copy 2026-01-31).md",
        ".a.md.icloud",
    ] {
        folder.write(name, TEXT);
    }
    folder.write("a.md", TEXT);
    let site = folder.site(CONFIG);
    assert_published(&site, "a.md");
    assert_eq!(site.all().len(), 1);
    let codes: Vec<&str> = site.diagnostics.iter().map(|said| said.code).collect();
    assert_eq!(codes, ["conflict-copy", "conflict-copy", "conflict-copy"]);
}
