//! The output of `feedmill check` for broken posts: `tests/fixtures/broken/{name}.txt` beside `{name}.md`.
//!
//! All of them are one site. With `FEEDMILL_ACCEPT=1` in the environment the texts are written again: read them as a new author would.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::diagnostic::Severity;
use feedmill::site::Site;

use crate::still::{TestFolder, files, fixtures, said};

/// Codes that no file in a repository can or should cause, and why.
const ELSEWHERE: [(&str, &str); 35] = [
    ("address-redirected", "about the configuration too: static_files"),
    ("static-file-hidden", "about a file that is no post: static_files"),
    ("html-removed", "said by `check` alone: words"),
    ("media-not-served", "said by `check` alone: inheritance"),
    ("link-nowhere", "where links lead: links"),
    ("link-part-missing", "where links lead: links"),
    ("link-not-public", "where links lead: links"),
    ("enclosure-missing", "where links lead: links"),
    ("old-addresses", "where links lead: links"),
    ("link-guessed", "where links lead: links"),
    ("external-moved", "about other sites: external"),
    ("external-gone", "about other sites: external"),
    ("external-error", "about other sites: external"),
    ("external-unreachable", "about other sites: external"),
    ("external-more", "about other sites: publisher::external_links"),
    ("script-data", "data that a script computes, beside posts: inheritance"),
    (
        "atom-id",
        "an id that an older version served in Atom: ledger::model::atom_ids",
    ),
    ("being-written", "a file that changes while it is read: watching::folder"),
    ("emptied", "a version that has lost title and text: publisher::tests::readers"),
    ("config", "about the configuration and not a post: config"),
    ("file-name", "a name that Git on some systems cannot hold: oddities::files"),
    ("front-matter-too-large", "64 KiB of front matter: post::front_matter"),
    ("id-ignored", "a post that readers know by another id: ledger"),
    ("id-changed", "a post that readers know by another id: ledger"),
    ("identity-unclear", "a post that may be one of several former ones: ledger"),
    ("internal", "a fault in feedmill: publisher"),
    ("ledger-line", "a line of an export, not a post: cli::ledger::lines"),
    ("link-dangling", "a symbolic link: oddities::files"),
    ("link-outside", "a symbolic link: oddities::files"),
    ("not-a-file", "a pipe: oddities::files"),
    ("template", "about a template and not a post: render::page"),
    ("too-deep", "more than 32 folders: oddities::files"),
    ("too-large", "more than a megabyte: oddities::files"),
    ("too-many-files", "more than a million files: oddities::files"),
    (
        "unreadable",
        "a file without the right to read it, which root has: folder::walk",
    ),
];

fn site() -> Site {
    TestFolder::of_fixtures("broken").site("[site]\nbase_url = 'https://example.com'")
}

fn posts() -> Vec<Utf8PathBuf> {
    files(&fixtures("broken"))
        .into_iter()
        .filter(|path| path.extension() == Some("md"))
        .collect()
}

fn drawn(site: &Site, path: &Utf8Path) -> String {
    let drawn: Vec<String> = said(site, path.as_str())
        .map(|diagnostic| diagnostic.draw(false) + "\n")
        .collect();
    drawn.join("\n")
}

#[test]
fn every_broken_post_has_the_expected_output() {
    let site = site();
    let accepts = env::var_os("FEEDMILL_ACCEPT").is_some();
    let mut wrong = Vec::new();
    for path in posts() {
        let promise = fixtures("broken").join(path.with_extension("txt"));
        let drawn = drawn(&site, &path);
        if accepts && !drawn.is_empty() {
            fs::write(&promise, &drawn).unwrap();
        }
        // a post without diagnostics has no text
        if fs::read_to_string(promise).unwrap_or_default() != drawn {
            wrong.push(format!("{path}:\n{drawn}"));
        }
    }
    assert!(wrong.is_empty(), "FEEDMILL_ACCEPT=1 accepts these:\n\n{}", wrong.join("\n"));
}

#[test]
fn every_diagnostic_has_a_position_or_is_about_the_whole_file_and_has_a_fix() {
    let whole = [
        "address-reserved",
        "address-taken",
        "alias-taken",
        "conflict-copy",
        "date-impossible",
        "date-missing",
        "empty",
        "id-taken",
        "not-utf16",
        "page-guessed",
        "template-only",
        "too-complex",
    ];
    for diagnostic in site().diagnostics.iter() {
        let needs_mend = diagnostic.severity != Severity::Note;
        assert!(!needs_mend || !diagnostic.mend.is_empty(), "{diagnostic} says no mend");
        assert!(
            diagnostic.position.is_some() || whole.contains(&diagnostic.code),
            "{diagnostic} has no place"
        );
        let first = diagnostic.message.chars().next().unwrap();
        assert!(
            !first.is_uppercase() && !diagnostic.message.ends_with('.'),
            "{diagnostic} is not a fragment"
        );
        assert!(!diagnostic.mend.ends_with('.'), "{diagnostic} is not a fragment");
    }
}

#[test]
fn every_code_has_a_broken_post_or_a_reason() {
    let shown: BTreeSet<String> = site()
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.to_owned())
        .collect();
    let written = written();
    let known: BTreeSet<String> = written.keys().cloned().collect();
    let excused: BTreeSet<String> = ELSEWHERE.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(
        shown.difference(&known).collect::<Vec<_>>(),
        [""; 0],
        "the search below finds every code"
    );
    let missing: Vec<_> = written
        .iter()
        .filter(|(code, _)| !shown.contains(*code) && !excused.contains(*code))
        .collect();
    assert!(missing.is_empty(), "no broken post shows {missing:?}");
    assert_eq!(
        excused.difference(&known).collect::<Vec<_>>(),
        [""; 0],
        "reasons for codes that do not exist"
    );
    assert_eq!(
        excused.intersection(&shown).collect::<Vec<_>>(),
        [""; 0],
        "reasons that are not needed"
    );
}

/// The codes in the source, each with the file.
fn written() -> BTreeMap<String, String> {
    // the text before a code, without white space
    const BEFORE: [&str; 15] = [
        "Severity::Error,\"",
        "Severity::Warning,\"",
        "Severity::Note,\"",
        ".refuse(\"",
        ".warn(\"",
        ".warn_value(\"",
        ".warn_at(\"",
        ".warn_file(\"",
        ".hold_value(\"",
        ".hold_at(\"",
        ".hold_file(\"",
        "=>(\"",
        "=said(\"",
        "Diagnostic::new(severity,\"",
        "repeated(block.file,\"",
    ];
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let is_source = |path: &camino::Utf8PathBuf| {
        path.extension() == Some("rs") && !path.as_str().ends_with("tests.rs") && !path.as_str().contains("/tests/")
    };
    let sources = files(&root).into_iter().filter(is_source);
    for path in sources {
        let source = fs::read_to_string(root.join(&path)).unwrap();
        let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code: String = code.split_whitespace().collect();
        if !code.contains("Diagnostic") && !code.contains("Remarks") {
            continue;
        }
        for before in BEFORE {
            for after in code.split(before).skip(1) {
                let (literal, _) = after.split_once('"').unwrap_or_default();
                let is_code = !literal.is_empty()
                    && literal
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte));
                if is_code {
                    found.insert(literal.to_owned(), path.to_string());
                }
            }
        }
    }
    found
}
