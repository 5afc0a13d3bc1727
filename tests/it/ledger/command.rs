//! `feedmill ledger`: export, import and check.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use camino::Utf8Path;
use feedmill::storage::Storage;

use crate::commands::{feedmill, folder, run};

const SITE: &str = r#"{"record":"site","since":"2026-01-31T07:00:00Z","identity":"https://example.com/"}"#;
const DOCUMENT: &str =
    r#"{"record":"document","path":"/rss.xml","tag":"1","modified":"2026-01-31T07:00:00Z","updated":"2026-01-31T07:00:00Z"}"#;

fn post(id: &str, title: &str) -> String {
    let date = "2026-01-31T09:00:00+02:00";
    format!(
        r#"{{"record":"post","id":"{id}","source":"{id}.md","title":"{title}","slug":"a","wanted":"/a","address":"/a","date":"{date}","is_dated":true,"first_served":"2026-01-31T07:00:00Z","in_feeds":true}}"#
    )
}

fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn ledger(site: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(feedmill(site, &["ledger"]).args(arguments))
}

#[test]
fn an_export_can_be_imported_byte_for_byte() {
    let site = folder(&[]);
    let (status, out, err) = ledger(site.path(), &["export"]);
    assert_eq!((status, out.as_str()), (0, ""));
    assert!(err.contains("the ledger in "), "{err}");
    assert!(!site.path().join(".feedmill").exists(), "an export creates nothing");

    // in any order, and with changes that an editor may make
    let unsorted = lines(&[SITE, "", &post("b", "B"), DOCUMENT, &post("a", "A")]).replace('\n', "\r\n");
    fs::write(site.path().join("in.jsonl"), unsorted).unwrap();
    let (status, out, err) = ledger(site.path(), &["import", "in.jsonl"]);
    let said = "2 posts, 1 site, 1 document: 4 added, 0 replaced, 0 unchanged\n";
    assert_eq!((status, out.as_str(), err.as_str()), (0, "", said));
    assert!(site.path().join(".feedmill/posts/ledger.db").exists());

    let sorted = lines(&[DOCUMENT, &post("a", "A"), &post("b", "B"), SITE]);
    for arguments in [&["export"][..], &["export", "-"]] {
        assert_eq!(ledger(site.path(), arguments), (0, sorted.clone(), String::new()));
    }
    assert_eq!(
        ledger(site.path(), &["export", "out.jsonl"]),
        (0, String::new(), String::new())
    );
    assert_eq!(fs::read_to_string(site.path().join("out.jsonl")).unwrap(), sorted);

    // into another folder, set in each of the three ways
    let mut import = feedmill(site.path(), &["ledger", "import", "-", "--state", "flagged"]);
    let mut child = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(sorted.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(ledger(site.path(), &["export", "--state", "flagged"]).1, sorted);
    let (_, out, _) = run(feedmill(site.path(), &["ledger", "export"]).env("FEEDMILL_STATE", "flagged"));
    assert_eq!(out, sorted);
    fs::create_dir(site.path().join("conf")).unwrap();
    fs::write(site.path().join("conf/feedmill.toml"), "[state]\ndir = '../flagged'\n").unwrap();
    assert_eq!(ledger(site.path(), &["export", "--config", "conf/feedmill.toml"]).1, sorted);

    // a mistyped folder is no empty ledger
    let (status, out, err) = ledger(site.path(), &["export", "--posts", "nope"]);
    assert_eq!(
        (status, out.as_str(), err.contains("there is no folder")),
        (2, "", true),
        "{err}"
    );
}

#[test]
fn an_import_adds_and_replaces_and_deletes_only_with_the_flag() {
    let site = folder(&[
        ("first.jsonl", &lines(&[&post("a", "A"), &post("b", "B"), DOCUMENT])),
        (
            "second.jsonl",
            &lines(&[&post("a", "A"), &post("b", "Changed"), &post("c", "C")]),
        ),
    ]);
    let path = site.path();
    assert_eq!(ledger(path, &["import", "first.jsonl"]).0, 0);
    let (status, _, err) = ledger(path, &["import", "second.jsonl"]);
    assert_eq!(
        (status, err.as_str()),
        (0, "3 posts, 0 sites, 0 documents: 1 added, 1 replaced, 1 unchanged\n")
    );
    let merged = lines(&[DOCUMENT, &post("a", "A"), &post("b", "Changed"), &post("c", "C")]);
    assert_eq!(ledger(path, &["export"]).1, merged);
    let (status, _, err) = ledger(path, &["import", "--replace", "second.jsonl"]);
    assert_eq!(
        (status, err.as_str()),
        (
            0,
            "3 posts, 0 sites, 0 documents: 0 added, 0 replaced, 3 unchanged, 1 deleted\n"
        )
    );
    assert_eq!(ledger(path, &["export"]).1, merged.replacen(&format!("{DOCUMENT}\n"), "", 1));
}

#[test]
fn an_import_with_an_error_changes_nothing() {
    let wrong = lines(&[&post("a", "A"), "{\"record\":\"post\"}", &post("b", "B"), "{"]);
    let site = folder(&[("wrong.jsonl", &wrong)]);
    let (status, _, err) = ledger(site.path(), &["import", "wrong.jsonl"]);
    assert_eq!(status, 1);
    assert!(
        err.contains("missing field `id`")
            && err.contains("wrong.jsonl:2")
            && err.contains("wrong.jsonl:4")
            && err.contains("help:"),
        "{err}"
    );
    assert!(err.ends_with("feedmill: nothing was imported\n"), "{err}");
    assert!(!site.path().join(".feedmill").exists());
    let (status, _, err) = ledger(site.path(), &["import", "none.jsonl"]);
    assert_eq!((status, err.contains("none.jsonl cannot be read")), (2, true), "{err}");
}

#[test]
fn a_ledger_in_use_can_be_read_and_not_changed() {
    let site = folder(&[("in.jsonl", &lines(&[SITE]))]);
    assert_eq!(ledger(site.path(), &["import", "in.jsonl"]).0, 0);
    let state = site.path().join(".feedmill/posts");
    let serving = Storage::sqlite(Utf8Path::from_path(&state).unwrap()).open().writer;
    assert_eq!(ledger(site.path(), &["export"]), (0, lines(&[SITE]), String::new()));
    let (status, _, err) = ledger(site.path(), &["import", "--replace", "in.jsonl"]);
    let holder = format!(
        "another feedmill (process {}) uses it; stop the other one",
        std::process::id()
    );
    assert_eq!((status, err.contains(&holder)), (2, true), "{err}");
    assert!(serving.close());
    assert_eq!(ledger(site.path(), &["import", "in.jsonl"]).0, 0);
}

#[test]
fn a_damaged_ledger_is_reported_and_replaced_by_an_import() {
    let site = folder(&[
        ("in.jsonl", &lines(&[SITE])),
        (".feedmill/posts/ledger.db", &"no database ".repeat(100)),
    ]);
    let (status, _, err) = ledger(site.path(), &["export"]);
    assert_eq!((status, err.contains("it is damaged")), (2, true), "{err}");
    let (status, _, err) = ledger(site.path(), &["import", "in.jsonl"]);
    assert_eq!(
        (status, err.contains("it was renamed to") && err.contains("1 added")),
        (0, true),
        "{err}"
    );
    assert_eq!(ledger(site.path(), &["export"]).1, lines(&[SITE]));
}

#[test]
fn a_check_lists_the_posts_that_a_start_would_withdraw() {
    let post = |title: &str, head: &str| {
        format!("---\ntitle: {title}\ndate: 2026-01-31\n{head}---\nReeds along the creek of {title}.\n")
    };
    let files = ["a", "b", "c", "d", "e", "f"].map(|name| (format!("posts/{name}.md"), post(name, "")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let site = folder(&files);
    let check = || run(&mut feedmill(site.path(), &["check", "--state", "state"]));
    let check_json = || {
        let (_, out, _) = run(&mut feedmill(site.path(), &["check", "--json", "--state", "state"]));
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        let problems = document["problems"].as_array().unwrap().iter();
        let codes = problems.map(|said| {
            (
                said["path"].as_str().unwrap().to_owned(),
                said["code"].as_str().unwrap().to_owned(),
            )
        });
        codes.filter(|(_, code)| code.starts_with("would-")).collect::<Vec<_>>()
    };
    let mut serving = crate::commands::Serving::start(site.path(), &["--state", "state", "--base-url", "http://blog.example"]);
    serving.until("Ctrl-C ends it");
    let (status, _, err) = check();
    assert_eq!(status, 0, "a ledger in use can be read: {err}");
    let write = |path: &str, text: &str| crate::server::write(site.path(), path, text);
    // these are broken while the server runs, which keeps their last good versions
    for name in ["e", "f"] {
        write(&format!("posts/{name}.md"), &format!("---\ntitle: half a\nname: {name}\n"));
        let version = || fs::read_dir(site.path().join("state/last-good")).map_or(0, Iterator::count);
        let expected = if name == "e" { 1 } else { 2 };
        let begun = std::time::Instant::now();
        while version() != expected {
            assert!(begun.elapsed() < Duration::from_mins(1), "no version of {name} is kept");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    serving.signal(rustix::process::Signal::TERM);
    assert_eq!(serving.ended(), Some(0));

    fs::rename(site.path().join("posts/f.md"), site.path().join("posts/g.md")).unwrap();
    write("posts/a.md", &post("a", "draft: true\n"));
    write("posts/b.md", "---\ntitle: half a\n");
    fs::remove_file(site.path().join("posts/d.md")).unwrap();
    let (status, out, err) = check();
    assert_eq!(status, 1, "{out}{err}");
    for said in [
        "a start would withdraw these 2 posts that readers have: a.md, d.md",
        "a start could not show this post that readers have: b.md",
        "a start would go on with the last good version of these 2 posts that readers have: e.md, g.md",
    ] {
        assert!(err.contains(said), "{err}");
    }
    assert!(
        out.contains("no last good version of it is stored") && out.contains("they go on seeing its last good version"),
        "{out}"
    );
    for (file, is_last_good) in [("b", false), ("e", true), ("g", true), ("c", false)] {
        let (_, out, err) = run(&mut feedmill(
            site.path(),
            &["why", "--state", "state", &format!("posts/{file}.md")],
        ));
        assert_eq!(
            out.contains("public    readers see its last good version"),
            is_last_good,
            "{file}: {out}{err}"
        );
        let (_, out, _) = run(&mut feedmill(
            site.path(),
            &["why", "--json", "--state", "state", &format!("posts/{file}.md")],
        ));
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["last_good_version"], is_last_good, "{file}: {out}");
    }
    let expected = [
        ("a.md", "would-withdraw"),
        ("b.md", "would-hold"),
        ("d.md", "would-withdraw"),
        ("e.md", "would-hold"),
        ("g.md", "would-hold"),
    ];
    assert_eq!(check_json(), expected.map(|(path, code)| (path.to_owned(), code.to_owned())));
    assert_eq!(check_json().len(), 5, "a check changes nothing");

    write("posts/a.md", &post("a", ""));
    write("posts/b.md", &post("b", ""));
    write("posts/d.md", &post("d", ""));
    write("posts/e.md", &post("e", ""));
    write("posts/f.md", &post("f", ""));
    fs::remove_file(site.path().join("posts/g.md")).unwrap();
    let (status, _, err) = check();
    assert_eq!((status, check_json()), (0, Vec::new()), "{err}");
}
