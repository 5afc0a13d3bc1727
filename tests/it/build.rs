//! `feedmill build`: the site as a folder of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::site::Site;
use feedmill::source::Source;
use feedmill::static_site::hosts::Host;
use feedmill::static_site::{self, BuildReport, Options, WriteError, WrittenSite};
use percent_encoding::percent_decode_str;

use crate::commands::{feedmill, folder, run};
use crate::server::{TestSite, write};
use crate::still::files;

const CONFIG: &str = "[site]\ntitle = \"Tide\"\nbase_url = \"https://example.com\"\n[list]\nper_page = 2\n[feed]\nlimit = 2\n\
    [[redirect]]\nfrom = \"/start\"\nto = \"/posts/one\"\n";

/// Posts with tags, an author, a section, an old address, a language that is not ASCII, a picture, and posts that are not public.
const POSTS: &[(&str, &str)] = &[
    (
        "one.md",
        "---\ntitle: One\ndate: 2026-01-01\ntags: [sea, \"C++\"]\nauthor: Ann\naliases: [/2026/one, /old/one.html]\n---\nFirst, with ![a mill](mill.png).\n",
    ),
    (
        "two.md",
        "---\ntitle: Two\ndate: 2026-01-02\ntags: sea\n---\nSee [one](one.md).\n",
    ),
    ("notes/three.md", "---\ntitle: Three\ndate: 2025-01-03\n---\nThird.\n"),
    ("four.md", "---\ntitle: Four\ndate: 2026-01-04\nslug: café\n---\nFourth.\n"),
    (
        "five.md",
        "---\ntitle: Five\ndate: 2026-01-05\npermalink: /2026/five/\n---\nFifth.\n",
    ),
    ("draft.md", "---\ntitle: Secretdraft\ndraft: true\n---\nSecretdraft.\n"),
    ("later.md", "---\ntitle: Secretlater\ndate: 2999-01-01\n---\nSecretlater.\n"),
    (
        "hidden.md",
        "---\ntitle: Hiddenpost\ndate: 2026-01-03\nslug: hidden-away\nvisibility: unlisted\naliases: /hidden-before\n---\nHiddenpost.\n",
    ),
    ("mill.png", "not really a picture"),
    ("draft/secret.png", "a picture of a draft"),
];

/// A folder for output beside others.
fn out_folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let out = Utf8Path::from_path(dir.path()).unwrap().join("out");
    (dir, out)
}

/// Writes the files of `site` to `out`.
fn write_site(site: &TestSite, out: &Utf8Path, options: &Options) -> Result<BuildReport, WriteError> {
    write_instant(site, &site.site(), None, out, options).map(|(report, _)| report)
}

/// Writes the files of `site` as it was at one instant, after it wrote `previous` there.
fn write_instant(
    site: &TestSite,
    still: &Arc<Site>,
    previous: Option<&WrittenSite>,
    out: &Utf8Path,
    options: &Options,
) -> Result<(BuildReport, WrittenSite), WriteError> {
    let root = Utf8PathBuf::from_path_buf(site.path().to_owned()).unwrap();
    let source = Source::folder(root, &still.config().posts);
    static_site::write(still, previous, &source, out, options, &AtomicUsize::new(0))
}

/// The addresses on the site in a document, without query and fragment.
fn addresses_in(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (marker, end) in [
        ("href=\"", '"'),
        ("src=\"", '"'),
        ("action=\"", '"'),
        ("<loc>", '<'),
        ("<link>", '<'),
        ("\"https://example.com", '"'),
    ] {
        for part in text.split(marker).skip(1) {
            let address = part.split(end).next().unwrap();
            let path = address.strip_prefix("https://example.com").unwrap_or(address);
            let path = path.split(['?', '#', '\\']).next().unwrap();
            if path.starts_with('/') && !path.starts_with("//") {
                found.insert(path.to_owned());
            }
        }
    }
    found
}

/// The file that hosts send for the address `path`.
fn file_at(out: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    let path = percent_decode_str(path).decode_utf8().unwrap().trim_matches('/').to_owned();
    let tries = [
        path.clone(),
        format!("{path}.html"),
        format!("{path}/index.html"),
        format!("{path}.json"),
    ];
    let tries = tries.iter().map(|path| out.join(path.trim_start_matches('/')));
    tries.into_iter().find(|file| file.is_file())
}

#[test]
fn every_file_is_what_the_server_answers() {
    let site = TestSite::start(POSTS, CONFIG);
    let (_dir, out) = out_folder();
    write_site(&site, &out, &Options::default()).unwrap();
    let (mut open, mut seen) = (
        vec![
            "/".to_owned(),
            "/sitemap.xml".to_owned(),
            "/feeds.opml".to_owned(),
            "/api/posts".to_owned(),
        ],
        BTreeSet::new(),
    );
    let mut compared = 0;
    while let Some(path) = open.pop() {
        // one answers nothing without a query, the other takes forms
        if !seen.insert(path.clone()) || path == "/search" || path == "/hub" {
            continue;
        }
        let answer = site.get_bytes(&path, &[]);
        if answer.status != 200 {
            continue;
        }
        let file = file_at(&out, &path).unwrap_or_else(|| panic!("{path} has no file"));
        assert!(fs::read(&file).unwrap() == answer.body, "{path} differs from {file}");
        compared += 1;
        let is_text = !answer.header("content-type").starts_with("image/");
        if is_text && !answer.header("content-type").starts_with("text/markdown") {
            open.extend(addresses_in(&String::from_utf8(answer.body).unwrap()));
        }
    }
    assert!(compared > 40, "{compared}");
    for page in [2, 3] {
        let answer = site.get(&format!("/api/posts?page={page}"));
        assert_eq!(
            fs::read_to_string(out.join(format!("api/posts/page/{page}.json"))).unwrap(),
            answer.body
        );
    }
    let missing = site.get_with("/nothing", &[("accept", "text/html")]);
    assert_eq!(fs::read_to_string(out.join("404.html")).unwrap(), missing.body);
    for path in ["/old/one.html", "/2026/one", "/start"] {
        assert_eq!(site.get(path).status, 301, "{path}");
        let page = fs::read_to_string(file_at(&out, path).unwrap()).unwrap();
        assert!(page.contains("url=https://example.com/posts/one\""), "{page}");
    }
}

#[test]
fn a_static_site_links_only_to_its_files() {
    let site = folder(&[("feedmill.toml", CONFIG)]);
    for (path, text) in POSTS {
        write(site.path(), &format!("posts/{path}"), text);
    }
    let (status, _, err) = run(&mut feedmill(site.path(), &["build", "out"]));
    assert_eq!(status, 0, "{err}");
    let out = Utf8Path::from_path(site.path()).unwrap().join("out");
    let mut links = 0;
    for path in files(&out) {
        let Ok(text) = fs::read_to_string(out.join(&path)) else {
            continue;
        };
        if path.as_str() == "robots.txt" || path.extension() == Some("md") {
            continue;
        }
        for address in addresses_in(&text) {
            assert!(file_at(&out, &address).is_some(), "{path} links to {address}");
            links += 1;
        }
        assert!(!text.contains("/search"), "{path}");
        assert!(!text.contains("/api/posts?"), "{path}");
    }
    assert!(links > 500, "{links}");
}

#[test]
fn what_is_held_back_is_in_no_file() {
    let site = folder(&[("feedmill.toml", CONFIG)]);
    for (path, text) in POSTS {
        write(site.path(), &format!("posts/{path}"), text);
    }
    for host in ["netlify", "cloudflare", "github", "gitlab", "nginx", "caddy", "apache"] {
        let (status, _, err) = run(&mut feedmill(site.path(), &["build", "out", "--for", host]));
        assert_eq!(status, 0, "{host}: {err}");
        let out = Utf8Path::from_path(site.path()).unwrap().join("out");
        for path in files(&out) {
            let text = String::from_utf8_lossy(&fs::read(out.join(&path)).unwrap()).into_owned();
            for secret in ["secretdraft", "secretlater", "a picture of a draft"] {
                assert!(!text.to_lowercase().contains(secret), "{host}: {secret} is in {path}");
            }
            // an unlisted post is only where its address leads
            let is_its_own = path.as_str().starts_with("posts/hidden-away") || path == "hidden-before.html";
            if !is_its_own {
                assert!(
                    !text.to_lowercase().contains("hidden"),
                    "{host}: the unlisted post is in {path}"
                );
            }
        }
        let page = fs::read_to_string(out.join("posts/hidden-away.html")).unwrap();
        assert!(
            page.contains("name=\"robots\" content=\"noindex\""),
            "no header can say it: {page}"
        );
        fs::remove_dir_all(&out).unwrap();
    }
}

/// Every file with its bytes and its time.
type Tree = BTreeMap<Utf8PathBuf, (Vec<u8>, i64)>;

fn tree(out: &Utf8Path) -> Tree {
    let all = files(out).into_iter().map(|path| {
        let at = out.join(&path);
        let time = fs::metadata(&at).unwrap().mtime();
        (path, (fs::read(at).unwrap(), time))
    });
    all.collect()
}

/// Checks that both have the same files with the same bytes and times.
fn assert_same(one: &Tree, other: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<BTreeSet<_>>();
    let differing: Vec<_> = names(one).symmetric_difference(&names(other)).cloned().collect();
    assert!(differing.is_empty(), "only one has {differing:?}");
    for (path, (bytes, time)) in one {
        let (other_bytes, other_time) = &other[path];
        assert!(
            bytes == other_bytes,
            "{path}: {} and {}",
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(other_bytes)
        );
        assert_eq!(time, other_time, "the time of {path}");
    }
}

#[test]
fn two_builds_are_equal_and_the_second_writes_nothing() {
    let site = TestSite::start(POSTS, CONFIG);
    let options = Options {
        compresses: true,
        hosts: vec![Host::Nginx, Host::Netlify],
        ..Options::default()
    };
    let (_dir, out) = out_folder();
    let (_other_dir, other) = out_folder();
    // one instant: the next scan may make another site
    let still = site.site();
    let write_site = |site: &TestSite, out: &Utf8Path, options: &Options| {
        write_instant(site, &still, None, out, options).map(|(report, _)| report)
    };
    let first = write_site(&site, &out, &options).unwrap();
    write_site(&site, &other, &options).unwrap();
    assert_same(&tree(&out), &tree(&other));
    let inode = |path: &str| fs::metadata(out.join(path)).unwrap().ino();
    let before = inode("posts/one.html");
    let again = write_site(&site, &out, &options).unwrap();
    assert_eq!((again.files, again.written, again.removed), (first.files, 0, 0));
    assert_eq!(inode("posts/one.html"), before);
    assert_same(&tree(&out), &tree(&other));
}

#[test]
fn a_change_writes_what_it_touches_and_gives_it_another_time() {
    let site = TestSite::start(POSTS, CONFIG);
    let (_dir, out) = out_folder();
    write_site(&site, &out, &Options::default()).unwrap();
    let before = tree(&out);
    site.write(
        "two.md",
        "---\ntitle: Two\ndate: 2026-01-02\ntags: sea\n---\nSee [two](two.md).\n",
    );
    site.wait_for("/posts/two", |answer| answer.body.contains("See <a href=\"/posts/two\">"));
    let report = write_site(&site, &out, &Options::default()).unwrap();
    let after = tree(&out);
    let changed: Vec<_> = after
        .iter()
        .filter(|(path, file)| before.get(*path) != Some(*file))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(
        changed.contains(&"posts/two.html") && changed.contains(&"tags/sea/rss.xml"),
        "{changed:?}"
    );
    assert!(
        !changed.contains(&"posts/one.md") && !changed.contains(&"media/mill.png"),
        "{changed:?}"
    );
    // the manifest is not counted
    assert_eq!(report.written, changed.len() - 1, "{changed:?}");
    for path in changed {
        if let Some((_, time)) = before.get(Utf8Path::new(path)) {
            assert!(
                after[Utf8Path::new(path)].1 > *time || path.starts_with('.'),
                "{path} has the time of other bytes"
            );
        }
    }
}

/// A change of a file (deleted without a text), and what shows that it is published: an address, a text, and whether that is there.
type Change = (&'static str, Option<&'static str>, (&'static str, &'static str, bool));

/// Changes after which pages, feeds and lists differ that do not have the changed post in them.
const CHANGES: [Change; 20] = [
    (
        "one.md",
        Some("---\ntitle: First of all\ndate: 2026-01-01\ntags: [sea, \"C++\"]\n---\nFirst, with ![a mill](mill.png).\n"),
        ("/posts/one", "First of all", true),
    ),
    (
        "six.md",
        Some("---\ntitle: Six\ndate: 2026-02-01\ntags: [sea, new]\n---\nSixth: [seven](seven.md), ![b](b.png).\n"),
        ("/posts/six", "Sixth", true),
    ),
    // the link of another post leads somewhere now, and so does a picture
    (
        "seven.md",
        Some("---\ntitle: Seven\ndate: 2020-02-01\n---\nSeventh.\n"),
        ("/posts/six", "href=\"/posts/seven\"", true),
    ),
    ("b.png", Some("a picture"), ("/posts/six", "src=\"/media/b.png", true)),
    // another order, other years, other related posts
    (
        "seven.md",
        Some("---\ntitle: Seven\ndate: 2026-01-03\ntags: C++\n---\nSeventh.\n"),
        ("/tags/c%2B%2B", "Seven", true),
    ),
    (
        "seven.md",
        Some("---\ntitle: Seven\ndate: 2026-01-03\ntags: C++\nslug: sept\n---\nSeventh.\n"),
        ("/posts/six", "href=\"/posts/sept\"", true),
    ),
    (
        "seven.md",
        Some("---\ntitle: Seven\ndate: 2026-01-03\ntags: C++\nslug: sept\nvisibility: unlisted\n---\nSeventh.\n"),
        ("/tags/c%2B%2B", "Seven", false),
    ),
    (
        "one.md",
        Some("---\ntitle: One\ndate: 2026-01-01\ndraft: true\n---\nFirst.\n"),
        ("/posts/two", "href=\"/posts/one\"", false),
    ),
    (
        "about.md",
        Some("---\ntitle: About\ntype: page\n---\nSee [one](one.md) and [two](two.md).\n"),
        ("/about", "See", true),
    ),
    (
        "two.md",
        Some("---\ntitle: Two\ndate: 2026-01-02\ntags: sea\nslug: deux\n---\nSecond.\n"),
        ("/about", "href=\"/posts/deux\"", true),
    ),
    // a link to a tag's page, one that needs the language of its post, and pictures that belong to other posts
    (
        "six.md",
        Some("---\ntitle: Six\ndate: 2026-02-01\n---\nSixth again: [t]({tag}rust), [d](/de/neun), ![p](p.png), ![q](q.png).\n"),
        ("/posts/six", "Sixth again", true),
    ),
    (
        "nine.md",
        Some("---\ntitle: Neun\ndate: 2020-01-01\nlang: de\ntags: rust\n---\nNinth.\n"),
        ("/posts/six", "href=\"/tags/rust\"", true),
    ),
    (
        "nine.md",
        Some("---\ntitle: Neun\ndate: 2020-01-01\nlang: fr\n---\nNinth.\n"),
        ("/posts/six", "href=\"/posts/neun\"", false),
    ),
    ("y/p.png", Some("a picture"), ("/posts/six", "src=\"/media/y/p.png", true)),
    (
        "y/index.md",
        Some("---\ntitle: never finished\n"),
        ("/posts/six", "src=\"/media/y/p.png", false),
    ),
    (
        "hello.md",
        Some("---\ntitle: Hello\ndraft: true\n---\nHello.\n"),
        ("/posts/hello", "Hello", false),
    ),
    (
        "hello/q.png",
        Some("a picture"),
        ("/posts/six", "src=\"/media/hello/q.png", false),
    ),
    (
        "hello/x.md",
        Some("---\ntitle: X\ndate: 2020-01-01\n---\nX.\n"),
        ("/posts/six", "src=\"/media/hello/q.png", true),
    ),
    ("six.md", None, ("/page/1", "Six", false)),
    ("b.png", None, ("/", "Four", true)),
];

#[test]
fn a_watching_build_writes_what_a_new_one_would() {
    let site = TestSite::start(POSTS, CONFIG);
    let options = Options {
        compresses: true,
        hosts: vec![Host::Nginx],
        max_deletes: Some(1000),
        ..Options::default()
    };
    let again = Options {
        writes_again: true,
        ..options.clone()
    };
    let ((_dir, out), (_other_dir, other)) = (out_folder(), out_folder());
    let mut last: Option<WrittenSite> = None;
    let mut kept = Vec::new();
    let mut write_both = |last: &mut Option<WrittenSite>| {
        let still = site.site();
        // files of others come, change and go, also where a file of the site was or will be
        for out in [&out, &other].into_iter().filter(|out| out.exists()) {
            let run = kept.len();
            let path = format!("others/{}.txt", run / 2);
            write(out.as_std_path(), &path, &format!("{run}"));
            let file = fs::File::options().write(true).open(out.join(path)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            let _ = fs::remove_file(out.join(format!("others/{}.txt", (run / 2).wrapping_sub(2))));
            fs::create_dir_all(out.join(format!("empty/{run}"))).unwrap();
        }
        // another process writes there meanwhile
        if kept.len() == 4 {
            write_instant(&site, &still, None, &out, &options).unwrap();
        }
        // what somebody removed is written again
        for out in [&out, &other] {
            let _ = fs::remove_file(out.join("posts/café.html"));
            let _ = fs::remove_file(out.join("posts/three.html.gz"));
        }
        let (report, written) = write_instant(&site, &still, last.as_ref(), &out, &again).unwrap();
        write_instant(&site, &still, None, &other, &options).unwrap();
        assert_same(&tree(&out), &tree(&other));
        *last = Some(written);
        kept.push(report.kept);
    };
    write_both(&mut last);
    for (path, text, (address, shown, is_there)) in CHANGES {
        match text {
            Some(text) => site.write(path, text),
            None => fs::remove_file(site.path().join(path)).unwrap(),
        }
        site.wait_for(address, |answer| answer.body.contains(shown) == is_there);
        write_both(&mut last);
    }
    // an edit of a text touches its page, its feeds and lists; by chance the site is built twice for a change, and all is made again
    for number in 0..10 {
        site.write(
            "notes/three.md",
            &format!("---\ntitle: Three\ndate: 2025-01-03\n---\nText {number}.\n"),
        );
        site.wait_for("/posts/three", |answer| answer.body.contains(&format!("Text {number}.")));
        write_both(&mut last);
    }
    let [.., first, second, third] = kept[..] else {
        panic!("{kept:?}")
    };
    assert!(first.max(second).max(third) > 15, "{kept:?}");
    let beside = |out: &Utf8Path| fs::read_dir(out.parent().unwrap()).unwrap().count();
    assert_eq!(
        (beside(&out), beside(&other)),
        (2, 1),
        "the folder of the next run is beside it"
    );
    drop(last);
    assert_eq!(beside(&out), 1);
}

#[test]
fn files_of_others_stay_and_old_files_go() {
    let site = TestSite::start(POSTS, CONFIG);
    let (_dir, out) = out_folder();
    write_site(&site, &out, &Options::default()).unwrap();
    write(out.as_std_path(), ".git/config", "[core]");
    write(out.as_std_path(), "CNAME", "example.com");
    write(out.as_std_path(), "posts/by-hand.html", "by hand");
    fs::create_dir(out.join("empty")).unwrap();
    symlink("CNAME", out.join("link")).unwrap();
    fs::remove_file(site.path().join("two.md")).unwrap();
    site.wait_for("/posts/two", |answer| answer.status == 410);
    let report = write_site(&site, &out, &Options::default()).unwrap();
    assert!(report.removed > 0);
    assert!(!out.join("posts/two.html").exists() && !out.join("posts/two.md").exists());
    for (path, text) in [
        (".git/config", "[core]"),
        ("CNAME", "example.com"),
        ("posts/by-hand.html", "by hand"),
    ] {
        assert_eq!(fs::read_to_string(out.join(path)).unwrap(), text);
    }
    assert!(out.join("empty").is_dir());
    assert_eq!(fs::read_link(out.join("link")).unwrap(), Path::new("CNAME"));
}

#[test]
fn a_folder_of_others_is_not_taken_over() {
    let site = TestSite::start(POSTS, CONFIG);
    let (_dir, out) = out_folder();
    write(out.as_std_path(), "index.html", "mine");
    write(out.as_std_path(), "other.txt", "mine too");
    let result = write_site(&site, &out, &Options::default());
    assert!(matches!(result, Err(WriteError::NotOurs(_))), "{result:?}");
    assert_eq!(files(&out).len(), 2);
    let options = Options {
        takes_over: true,
        ..Options::default()
    };
    write_site(&site, &out, &options).unwrap();
    assert!(
        fs::read_to_string(out.join("index.html"))
            .unwrap()
            .contains("<!doctype html>")
    );
    assert_eq!(fs::read_to_string(out.join("other.txt")).unwrap(), "mine too");
    // a file of others that a new post would replace
    write(out.as_std_path(), "posts/six.html", "mine");
    site.write("six.md", "---\ntitle: Six\ndate: 2026-01-06\n---\nSixth.\n");
    site.wait_for("/posts/six", |answer| answer.status == 200);
    let result = write_site(&site, &out, &Options::default());
    assert!(matches!(result, Err(WriteError::ForeignFile(_))), "{result:?}");
    assert_eq!(fs::read_to_string(out.join("posts/six.html")).unwrap(), "mine");
}

#[test]
fn a_build_that_would_empty_the_folder_stops() {
    let site = folder(&[("posts/a.md", "---\ntitle: A\ndate: 2026-01-01\n---\nText.\n")]);
    let build = ["build", "out", "--base-url", "https://example.com"];
    assert_eq!(run(&mut feedmill(site.path(), &build)).0, 0);
    fs::remove_file(site.path().join("posts/a.md")).unwrap();
    let (status, _, err) = run(&mut feedmill(site.path(), &build));
    assert_eq!(status, 2, "{err}");
    assert!(
        err.contains("would be removed, so nothing was changed") && err.contains("--max-deletes"),
        "{err}"
    );
    assert!(site.path().join("out/posts/a.html").exists());
    let (status, _, err) = run(&mut feedmill(site.path(), &[&build[..], &["--max-deletes", "100"]].concat()));
    assert_eq!(status, 0, "{err}");
    assert!(!site.path().join("out/posts/a.html").exists());
}

#[test]
fn the_folder_is_whole_whenever_a_build_is_killed() {
    let site = folder(&[]);
    for n in 0..60 {
        write(
            site.path(),
            &format!("posts/{n}.md"),
            &format!("---\ntitle: Post {n}\ndate: 2026-01-01\n---\nOld.\n"),
        );
    }
    let build = ["build", "out", "--base-url", "https://example.com", "--quiet"];
    let started = Instant::now();
    assert_eq!(run(&mut feedmill(site.path(), &build)).0, 0);
    // at so many points of a run; `FEEDMILL_TEST_KILLS=200` for more
    let kills = std::env::var("FEEDMILL_TEST_KILLS").map_or(40, |kills| kills.parse().unwrap());
    let step = started.elapsed() / kills;
    let out = Utf8Path::from_path(site.path()).unwrap().join("out");
    write(out.as_std_path(), ".git/HEAD", "ref");
    let old = tree(&out);
    for n in 0..60 {
        write(
            site.path(),
            &format!("posts/{n}.md"),
            &format!("---\ntitle: Post {n}\ndate: 2026-01-01\n---\nNew.\n"),
        );
    }
    let is_new = |tree: &Tree| {
        let pages = (0..60).map(|n| String::from_utf8(tree[Utf8Path::new(&format!("posts/{n}.html"))].0.clone()).unwrap());
        let new = pages.filter(|page| page.contains("<p>New.</p>")).count();
        assert!(new == 0 || new == 60, "{new} of 60 are new");
        new == 60
    };
    let mut killed = 0;
    // each run gets a little further
    for delay in (0..).map(|n| step * n) {
        let mut child = feedmill(site.path(), &build).spawn().unwrap();
        std::thread::sleep(delay);
        let has_ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        let now = tree(&out);
        assert_eq!(now.len(), old.len());
        assert_eq!(now[Utf8Path::new(".git/HEAD")].0, b"ref");
        if is_new(&now) && has_ended {
            break;
        }
        killed += 1;
        assert!(delay < Duration::from_mins(1), "no build ends");
    }
    assert!(killed > 3, "{killed}");
    assert_eq!(run(&mut feedmill(site.path(), &build)).0, 0);
    let left = fs::read_dir(site.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("feedmill-new"));
    assert_eq!(left.count(), 0, "what a killed run left is removed");
}

#[test]
fn mistakes_are_refused_with_the_fix() {
    let site = folder(&[("posts/a.md", "---\ntitle: A\ndate: 2026-01-01\n---\nText.\n"), ("file", "")]);
    for (arguments, expected) in [
        (&["build", "out"][..], "--base-url https://example.com"),
        (
            &["build", "posts/out", "--base-url", "https://example.com"],
            "contain one another",
        ),
        (&["build", ".", "--base-url", "https://example.com"], "contain one another"),
        (
            &["build", "file", "--base-url", "https://example.com"],
            "is a file; name a folder",
        ),
        (
            &["build", "out", "--posts", "none", "--base-url", "https://example.com"],
            "there is no folder none",
        ),
    ] {
        let (status, _, err) = run(&mut feedmill(site.path(), arguments));
        assert_eq!((status, err.contains(expected)), (2, true), "{arguments:?}: {err}");
    }
}

#[test]
fn a_watching_build_follows_changes() {
    let site = folder(&[("posts/a.md", "---\ntitle: A\ndate: 2026-01-01\n---\nText.\n")]);
    let arguments = ["build", "out", "--base-url", "https://example.com", "--watch", "--quiet"];
    let mut child = feedmill(site.path(), &arguments).spawn().unwrap();
    let wait = |path: &str, wanted: &dyn Fn(Option<String>) -> bool| {
        let since = std::time::Instant::now();
        while !wanted(fs::read_to_string(site.path().join(path)).ok()) {
            assert!(since.elapsed() < Duration::from_secs(20), "{path}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait("out/posts/a.html", &|text| text.is_some());
    write(site.path(), "posts/b.md", "---\ntitle: B\ndate: 2026-01-02\n---\nMore.\n");
    wait("out/posts/b.html", &|text| text.is_some());
    write(site.path(), "posts/a.md", "---\ntitle: A\ndate: 2026-01-01\n---\nChanged.\n");
    wait("out/posts/a.html", &|text| text.is_some_and(|text| text.contains("Changed.")));
    wait("out/rss.xml", &|text| text.is_some_and(|text| text.contains("Changed.")));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn hosts_get_redirects_and_headers() {
    let site = TestSite::start(POSTS, CONFIG);
    fs::remove_file(site.path().join("two.md")).unwrap();
    site.wait_for("/posts/two", |answer| answer.status == 410);
    for (hosts, file, expected, unexpected) in [
        (
            Host::Netlify,
            "_redirects",
            &[
                "/2026/one /posts/one 301\n",
                "/index.xml /rss.xml 301\n",
                "/start /posts/one 301",
            ][..],
            &["hidden"][..],
        ),
        (
            Host::Cloudflare,
            "_headers",
            &[
                "/tags/:tag/feed.json\n  content-type: application/feed+json",
                "/*\n  x-content-type-options: nosniff",
            ],
            &[],
        ),
        (Host::Gitlab, "_redirects", &["/old/one.html /posts/one 301"], &[]),
        (Host::Github, ".nojekyll", &[], &[]),
        (
            Host::Nginx,
            ".feedmill-nginx-maps.conf",
            &["\"/2026/one\" \"/posts/one\";", "\"/posts/two\" 1;"],
            &["hidden"],
        ),
        (
            Host::Nginx,
            ".feedmill-nginx-server.conf",
            &["default_type \"application/rss+xml; charset=utf-8\""],
            &[],
        ),
        (
            Host::Caddy,
            ".feedmill-caddy",
            &["\"/2026/one\" \"/posts/one\" \"\"", "\"/posts/two\" \"\" gone"],
            &["hidden"],
        ),
        (
            Host::Apache,
            ".htaccess",
            &[
                "RedirectMatch 301 \"^(/2026/one|/2026/one/|/2026/one/index\\\\.html)$\" \"/posts/one\"",
                "RedirectMatch gone \"^(/posts/two|/posts/two/|/posts/two/index\\\\.html)$\"",
            ],
            &["hidden"],
        ),
    ] {
        let (_dir, out) = out_folder();
        let options = Options {
            hosts: vec![hosts],
            ..Options::default()
        };
        write_site(&site, &out, &options).unwrap();
        let text = fs::read_to_string(out.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for expected in expected {
            assert!(text.contains(expected), "{file}: {expected:?} is not in {text}");
        }
        for unexpected in unexpected {
            assert!(!text.contains(unexpected), "{file}: {unexpected:?} is in {text}");
        }
        // a host that redirects needs no page for it
        assert_eq!(out.join("2026/one.html").exists(), hosts == Host::Github, "{file}");
    }
}
