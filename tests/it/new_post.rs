//! `feedmill new`.

use crate::commands::{feedmill, folder, run};
use crate::server::write;

const GOOD: &str = "---\ntitle: Good\ndate: 2026-01-31\n---\nText.\n";

#[test]
fn new_writes_a_post_as_the_others_are() {
    let arguments = ["new", "A new: \"Post\"", "--date", "2026-03-01", "--tag", "sea"];
    for (name, others, path, expected) in [
        (
            "an empty folder",
            &[][..],
            "posts/a-new-post.md",
            "---\ntitle: \"A new: \\\"Post\\\"\"\ndate: 2026-03-01\ntags: [\"sea\"]\ndraft: true\n---\n\n",
        ),
        (
            "dated names, TOML, an author",
            &[
                ("posts/2026-01-01-a.md", "+++\ntitle = 'A'\nauthor = 'Ann'\n+++\nText.\n"),
                ("posts/2026-01-02-b.md", "+++\ntitle = 'B'\nauthor = 'Ann'\n+++\nText.\n"),
            ],
            "posts/2026-03-01-a-new-post.md",
            "+++\ntitle = \"A new: \\\"Post\\\"\"\ndate = 2026-03-01\ntags = [\"sea\"]\nauthor = 'Ann'\ndraft = true\n+++\n\n",
        ),
        (
            "Zola's taxonomies, in folders of years and months",
            &[
                (
                    "posts/2026/01/a.md",
                    "+++\ntitle = 'A'\ndate = 2026-01-01\n[taxonomies]\ntags = ['x']\n+++\nText.\n",
                ),
                (
                    "posts/2026/02/b.md",
                    "+++\ntitle = 'B'\ndate = 2026-02-01\n[taxonomies]\ntags = ['x']\n+++\nText.\n",
                ),
            ],
            "posts/2026/03/a-new-post.md",
            "+++\ntitle = \"A new: \\\"Post\\\"\"\ndate = 2026-03-01\ndraft = true\n\n[taxonomies]\ntags = [\"sea\"]\n+++\n\n",
        ),
        (
            "Pelican's lines",
            &[("posts/a.md", "Title: A\nDate: 2026-01-01 10:00\nAuthor: Ann\n\nText.\n")],
            "posts/a-new-post.md",
            "Title: A new: \"Post\"\nDate: 2026-03-01 00:00:00\nTags: sea\nAuthor: Ann\nStatus: draft\n\n",
        ),
        (
            "a folder for each, in a section, with times and two authors",
            &[
                (
                    "posts/notes/a/index.mdx",
                    "---\ntitle: A\ndate: 2026-01-01T09:30:00Z\nauthor: Ann\n---\nText.\n",
                ),
                (
                    "posts/notes/b/index.mdx",
                    "---\ntitle: B\ndate: 2026-01-02T10:30:00Z\nauthor: Bob\n---\nText.\n",
                ),
            ],
            "posts/notes/a-new-post/index.mdx",
            "---\ntitle: \"A new: \\\"Post\\\"\"\ndate: 2026-03-01T00:00:00\ntags: [\"sea\"]\ndraft: true\n---\n\n",
        ),
    ] {
        let site = folder(others);
        let (status, _, err) = run(&mut feedmill(site.path(), &arguments));
        assert_eq!(status, 0, "{name}: {err}");
        let made = if others.is_empty() { "made the folder posts\n" } else { "" };
        assert!(err.starts_with(&format!("{made}{path}")), "{name}: {err}");
        let file = site.path().join(path);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected, "{name}");
        let (_, out, _) = run(&mut feedmill(site.path(), &["why", path, "--posts", "posts"]));
        assert!(out.contains("no: it is a draft"), "{name}: {out}");
        // nothing is overwritten
        std::fs::write(&file, "mine").unwrap();
        let (status, _, err) = run(&mut feedmill(site.path(), &arguments));
        assert_eq!((status, err.contains("exists already")), (2, true), "{name}: {err}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine", "{name}");
        let names: Vec<_> = std::fs::read_dir(file.parent().unwrap())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{names:?}");
    }
}

#[test]
fn new_opens_the_editor_and_publishes_what_it_wrote() {
    let site = folder(&[("posts/a.md", GOOD)]);
    write(
        site.path(),
        "editor",
        "#!/bin/sh\nls posts > seen\necho \"Edited: $1.\" >> \"$2\"\n",
    );
    let mut command = feedmill(site.path(), &["new", "Hello", "--publish", "--edit"]);
    let (status, _, err) = run(command.env_remove("VISUAL").env("EDITOR", "sh ./editor one"));
    assert_eq!(status, 0, "{err}");
    let seen = std::fs::read_to_string(site.path().join("seen")).unwrap();
    assert_eq!(seen, "a.md\n", "it is not a post before the editor ends");
    let text = std::fs::read_to_string(site.path().join("posts/hello.md")).unwrap();
    assert!(
        text.contains("title: \"Hello\"") && text.ends_with("Edited: one.\n") && !text.contains("draft"),
        "{text}"
    );
    // an editor that fails loses nothing and publishes nothing
    let mut command = feedmill(site.path(), &["new", "Again", "--publish", "--edit"]);
    let (status, _, err) = run(command.env_remove("VISUAL").env("EDITOR", "false"));
    assert_eq!(
        (status, err.contains("what you wrote is in posts/.again.md.unfinished.md")),
        (2, true),
        "{err}"
    );
    assert!(!site.path().join("posts/again.md").exists());
    assert!(site.path().join("posts/.again.md.unfinished.md").exists());
    let mut command = feedmill(site.path(), &["new", "Never", "--publish", "--edit"]);
    let (status, _, err) = run(command.env_remove("VISUAL").env("EDITOR", "true"));
    assert_eq!(
        (status, err.contains("the editor changed nothing, so no file was made")),
        (2, true),
        "{err}"
    );
    let left = std::fs::read_dir(site.path().join("posts")).unwrap().flatten();
    assert!(
        !left
            .map(|entry| entry.file_name())
            .any(|name| name.to_string_lossy().contains("never"))
    );
    let (status, _, err) = run(&mut feedmill(
        site.path(),
        &["new", "Later", "--publish", "--date", "2999-01-02", "--posts", "elsewhere"],
    ));
    assert_eq!(
        (status, err.as_str()),
        (
            0,
            "made the folder elsewhere\nelsewhere/later.md\n  it appears at 2999-01-02T00:00:00Z\n"
        )
    );
    // a time that is given is written, in any form, although the other posts have days only
    for (number, given) in ["2999-01-02T09:00", "2999-01-02 09:00:00Z", "2999-01-02T10:00+01:00"]
        .iter()
        .enumerate()
    {
        let title = format!("At {number}");
        let arguments = ["new", title.as_str(), "--publish", "--date", given];
        let (status, _, err) = run(&mut feedmill(site.path(), &arguments));
        assert_eq!(
            (status, err.contains("it appears at 2999-01-02T09:00:00Z")),
            (0, true),
            "{err}"
        );
        let (_, out, _) = run(&mut feedmill(site.path(), &["why", &format!("posts/at-{number}.md")]));
        assert!(out.contains("2999-01-02T09:00:00Z"), "{given}: {out}");
    }
    for (arguments, expected) in [
        (&["new", "?!"][..], "a post needs a title"),
        (&["new", "Hello", "--date", "soon"], "`soon` is not a date"),
    ] {
        let (status, _, err) = run(&mut feedmill(site.path(), arguments));
        assert_eq!((status, err.contains(expected)), (2, true), "{err}");
    }
}
