//! Changes to the folder while feedmill was stopped, and a ledger that is deleted while feedmill runs.

use std::fs;

use serde_json::Value;

use crate::commands::{Serving, feedmill, folder, run};
use crate::server::write;

const WALK: &str = "All of the harbour wall, the crane, the nets drying on the quay and the gulls above them.\n";
const BREAD: &str = "Flour, water, salt and a spoon of the starter; knead it, fold it thrice and leave it overnight.\n";

/// The title and id of each record.
fn ids(state: &std::path::Path) -> Vec<(String, String)> {
    let (status, out, err) = run(&mut feedmill(state, &["ledger", "export", "--state", "state"]));
    assert_eq!(status, 0, "{err}");
    let records = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let posts = records.filter(|record| record["record"] == "post");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    posts.map(|post| (text(&post["title"]), text(&post["id"]))).collect()
}

#[test]
fn posts_that_swapped_files_and_were_edited_keep_their_ids() {
    let site = folder(&[
        ("posts/one.md", &format!("# A walk\n\n{WALK}")),
        ("posts/two.md", &format!("---\ntitle: Bread\ndate: 2026-01-31\n---\n{BREAD}")),
    ]);
    let serve = || Serving::start(site.path(), &["--state", "state", "--base-url", "http://blog.example"]);
    serve().until("Ctrl-C ends it");
    let before = ids(site.path());
    assert_eq!(before.len(), 2);

    fs::remove_file(site.path().join("posts/one.md")).unwrap();
    write(site.path(), "posts/two.md", &format!("# A walk\n\n{WALK}Fog.\n"));
    write(
        site.path(),
        "posts/one.md",
        &format!("---\ntitle: Bread\ndate: 2026-01-31\n---\n{BREAD}Bake it.\n"),
    );
    serve().until("Ctrl-C ends it");
    assert_eq!(ids(site.path()), before);
}

#[test]
fn a_ledger_that_is_deleted_while_in_use_is_written_again_in_full() {
    let site = folder(&[
        ("posts/one.md", &format!("# A walk\n\n{WALK}")),
        ("posts/two.md", &format!("# Bread\n\n{BREAD}")),
    ]);
    let mut serving = Serving::start(site.path(), &["--state", "state"]);
    serving.until("Ctrl-C ends it");
    fs::rename(site.path().join("posts/one.md"), site.path().join("posts/other.md")).unwrap();
    serving.until("is now other.md");
    let before = ids(site.path());

    fs::remove_dir_all(site.path().join("state")).unwrap();
    write(site.path(), "posts/two.md", &format!("# Bread\n\n{BREAD}Bake it.\n"));
    serving.until("two.md");
    assert_eq!(ids(site.path()), before, "at once");

    fs::remove_dir_all(site.path().join("state")).unwrap();
    write(site.path(), "posts/two.md", &format!("# Bread\n\n{BREAD}Bake it well.\n"));
    serving.until("two.md");
    serving.signal(rustix::process::Signal::TERM);
    assert_eq!(serving.ended(), Some(0));
    assert_eq!(ids(site.path()), before, "after a stop");
}

#[test]
fn a_folder_that_is_empty_at_the_start_withdraws_nothing_and_is_reported() {
    let site = folder(&[("posts/one.md", &format!("# A walk\n\n{WALK}")), ("posts/two.md", "# Two\n")]);
    let serve = || Serving::start(site.path(), &["--state", "state"]);
    serve().until("Ctrl-C ends it");
    let before = ids(site.path());
    fs::rename(site.path().join("posts"), site.path().join("away")).unwrap();
    fs::create_dir(site.path().join("posts")).unwrap();
    let said = serve().until("Ctrl-C ends it").join("\n");
    assert!(said.contains("2 published posts are remembered"), "{said}");
    let (_, out, _) = run(&mut feedmill(site.path(), &["ledger", "export", "--state", "state"]));
    assert!(!out.contains("withdrawn"), "{out}");
    assert_eq!(ids(site.path()), before);
}
