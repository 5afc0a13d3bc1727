//! Rules for imports between modules, and for access to the clock and the disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, bottom up. A module imports from lower floors only.
const FLOORS: [&[&str]; 10] = [
    &["config", "diagnostic", "shared_vec", "source_file", "time"],
    &["post"],
    &["index", "identity"],
    &["render"],
    &["site"],
    &["import", "metrics", "outgoing", "storage"],
    &["push", "source"],
    &["http", "publisher"],
    &["static_site"],
    &["cli", "main"],
];

/// Allowed imports on one floor.
const SIDEWAYS: [(&str, &str); 5] = [
    ("config", "diagnostic"),
    ("config", "source_file"),
    ("source_file", "diagnostic"),
    ("source_file", "time"),
    ("import", "outgoing"),
];

/// Calls that are allowed only from a floor on.
const EDGES: [(&str, usize); 7] = [
    ("Timestamp::now", 5),
    ("SystemTime::now", 5),
    ("Instant::now", 5),
    ("std::fs", 5),
    ("fs::", 5),
    ("std::env", 9),
    ("std::net", 5),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), found);
            } else if entry.path().extension().is_some_and(|ending| ending == "rs") {
                found.push(entry.path());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&root).unwrap();
            let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            (module, below.to_owned(), fs::read_to_string(&path).unwrap())
        })
        .filter(|(module, path, _)| module != "lib" && !path.ends_with("tests.rs"))
        .collect()
}

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&module))
        .unwrap_or_else(|| panic!("{module} is on no floor: add it to FLOORS"))
}

/// The code without its tests, for which these rules do not apply.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The modules that `text` names after `crate::`, with braces expanded.
fn imported(text: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect::<String>()
    };
    let mut found = BTreeSet::new();
    for after in text.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => found.extend(list.split('}').next().unwrap_or("").split(',').map(|part| word(part.trim()))),
            None => {
                found.insert(word(after));
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn modules_import_from_lower_floors_only() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for other in imported(code(&text)) {
            let allowed =
                other == module || floor(&other) < floor(&module) || SIDEWAYS.contains(&(module.as_str(), other.as_str()));
            if !allowed {
                wrong.push(format!(
                    "{}: floor {} imports {other} of floor {}",
                    path.display(),
                    floor(&module),
                    floor(&other)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_clock_and_the_disk_are_used_only_on_upper_floors() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for (line, number) in code(&text)
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim_start().starts_with("//"))
        {
            let too_low = |(what, from): &&(&str, usize)| floor(&module) < *from && line.contains(what);
            if let Some((what, _)) = EDGES.iter().find(too_low) {
                wrong.push(format!("{}:{number}: {what}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_one_module_uses_each_of_these_crates() {
    for (name, home) in [
        (" notify::", "source/watch"),
        ("saphyr_parser", "post/front_matter"),
        ("ammonia", "post/html"),
        ("comrak", "post/markdown"),
        ("ureq", "outgoing"),
        (" ring::", "push/calls"),
    ] {
        for (_, path, text) in sources() {
            let at_home = path.with_extension("").starts_with(home);
            let names_it = code(&text)
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(name));
            assert!(
                at_home || !names_it,
                "{} names {name}, which is at home in {home}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_has_a_module_doc() {
    for (_, path, text) in sources() {
        let is_tests = path.ends_with("tests.rs");
        assert!(
            is_tests || text.starts_with("//! "),
            "{} does not open with a module doc",
            path.display()
        );
    }
}

#[test]
fn every_test_file_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("main.rs") {
            let line = format!("mod {};", path.file_stem().unwrap().to_str().unwrap());
            assert!(
                main.lines().any(|named| named == line),
                "main.rs has no `{line}`, so nothing in that file runs"
            );
        }
    }
}
