//! `feedmill import SOURCE`: posts from the exports of other tools and from feeds.

mod archives;
mod feeds;
mod media;
mod wordpress;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use camino::Utf8Path;
use feedmill::identity::Registry;
use feedmill::publisher::snapshot;
use feedmill::site::Site;
use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use serde_json::Value;

use crate::commands::{feedmill, run};

/// Runs `feedmill import` in `folder`. Returns exit status, standard output and standard error.
pub fn import(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = feedmill(folder, &["import"]);
    run(command.args(arguments).args(["--state", "state"]))
}

/// Runs it with `--json`, and returns the part about posts.
pub fn import_json(folder: &Path, arguments: &[&str]) -> Value {
    let (status, out, err) = import(folder, &[arguments, &["--json"]].concat());
    assert!(status < 2, "{out}{err}");
    let value: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    value["import"].clone()
}

/// The counts of a report, as `type state → result`.
pub fn counts(report: &Value) -> BTreeMap<String, u64> {
    let counts = report["counts"].as_array().unwrap().iter();
    let line = |count: &Value| {
        format!(
            "{} {} → {}",
            count["kind"].as_str().unwrap(),
            count["state"].as_str().unwrap(),
            count["became"].as_str().unwrap()
        )
    };
    counts.map(|count| (line(count), count["count"].as_u64().unwrap())).collect()
}

/// The site of the posts in `posts` of `folder`, as it is published.
pub fn site(folder: &Path) -> Site {
    let root = Utf8Path::from_path(folder).unwrap();
    let now = Timestamp::now();
    let mut ledger = Registry::from_records(Storage::sqlite(&root.join("state")).load().unwrap().records, now);
    snapshot(&Arc::default(), &root.join("posts"), &mut ledger, now).unwrap()
}

/// The text of `posts/FILE`.
pub fn post(folder: &Path, file: &str) -> String {
    let path = folder.join("posts").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; there are {:?}",
            path.display(),
            files_below(&folder.join("posts"))
        )
    })
}

/// Fails if a post has an error, or a warning that is not in `but`.
pub fn check(folder: &Path, but: &[&str]) {
    let site = site(folder);
    let unexpected: Vec<_> = site
        .diagnostics
        .iter()
        .filter(|diagnostic| !but.contains(&diagnostic.code))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// The paths of the files below `folder`, in order.
pub fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        for entry in fs::read_dir(&path).into_iter().flatten().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
