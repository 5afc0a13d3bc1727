//! Data that posts inherit from other files, with the real publisher: at a start, while it runs, and after a restart.

use std::fs;

use crate::commands::{Serving, feedmill, folder, run};
use crate::server::{TestSite, write};
use crate::still::{TestFolder, codes, listed, said};

const POST: &str = "---\ntitle: Kelp words\ndate: 2026-01-02\n---\nKelp.\n";

/// A kind of companion file: the paths of the post and the companion, a text that hides the post, and one that does not.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

const CASES: [Case; 12] = [
    (
        "zola",
        "zola/deep/a.md",
        "zola/_index.md",
        "+++\ndraft = true\n+++\n",
        "+++\ntitle = 'x'\n+++\n",
    ),
    (
        "cascade",
        "cascade/deep/a.md",
        "cascade/_index.md",
        "---\ncascade:\n  draft: true\n---\n",
        "---\ntitle: x\n---\n",
    ),
    (
        "target",
        "target/a.md",
        "target/_index.md",
        "---\ncascade:\n- _target: {path: /target/**}\n  private: true\n---\n",
        "---\ncascade:\n- _target: {path: /other/**}\n  private: true\n---\n",
    ),
    (
        "data",
        "data/deep/a.md",
        "data/data.json",
        "{\"draft\": true}",
        "{\"draft\": false}",
    ),
    (
        "sure-data",
        "sure/a.md",
        "sure/sure.11tydata.json",
        "{\"permalink\": false}",
        "{\"tags\": [\"x\"]}",
    ),
    (
        "script",
        "script/a.md",
        "script/script.11tydata.js",
        "export default { draft: true }",
        "export default { layout: 'x' }",
    ),
    (
        "folder-meta",
        "foldermeta/deep/a.md",
        "foldermeta/.meta.yml",
        "draft: true\n",
        "tags: [x]\n",
    ),
    (
        "content",
        "content/notes/deep/a.md",
        "content/notes/_index.md",
        "---\ncascade:\n- target: {path: /notes/**}\n  build: {render: never}\n---\n",
        "---\ncascade:\n- target: {path: /other/**}\n  build: {render: never}\n---\n",
    ),
    ("file-data", "file/a.md", "file/a.json", "{\"draft\": true}", "{\"x\": 1}"),
    (
        "settings",
        "settings/a.md",
        "_config.yml",
        "defaults:\n- scope: {path: settings}\n  values: {published: false}\n",
        "title: x\n",
    ),
    (
        "meta",
        "meta/a.md",
        "meta/a.meta",
        ".. status: draft\n",
        ".. status: published\n",
    ),
    (
        "bundle",
        "leaf/a.md",
        "leaf/index.md",
        "---\ndraft: true\n---\nx",
        "---\ndate: 2026-01-01\n---\nx",
    ),
];

/// The post of each case, with its own title and address.
fn post(name: &str) -> String {
    format!("---\ntitle: Kelp {name}\nslug: {name}\ndate: 2026-01-02\n---\nKelp.\n")
}

#[test]
fn a_companion_hides_posts_at_the_start_and_shows_and_hides_them_live() {
    for pair in CASES.chunks(5) {
        let posts: Vec<String> = pair.iter().map(|(name, ..)| post(name)).collect();
        let mut files: Vec<(&str, &str)> = vec![("open.md", POST)];
        for ((_, path, companion, hides, _), text) in pair.iter().zip(&posts) {
            files.extend([(*path, text.as_str()), (*companion, *hides)]);
        }
        let site = TestSite::start(&files, "");
        for (name, ..) in pair {
            assert_eq!(site.get(&format!("/posts/{name}")).status, 404, "{name} at the start");
            assert!(!site.get("/feed.json").body.contains(&format!("Kelp {name}")), "{name}");
        }
        for (_, _, companion, _, shows) in pair {
            site.write(companion, shows);
        }
        for (name, ..) in pair {
            site.wait_for(&format!("/posts/{name}"), |answer| answer.status == 200);
        }
        for (_, _, companion, hides, _) in pair {
            site.write(companion, hides);
        }
        for (name, ..) in pair {
            site.wait_for(&format!("/posts/{name}"), |answer| answer.status == 410);
        }
        // after its deletion is accepted, its posts are shown
        for (_, _, companion, ..) in pair {
            fs::remove_file(site.path().join(companion)).unwrap();
        }
        for (name, ..) in pair {
            site.wait_for(&format!("/posts/{name}"), |answer| answer.status == 200);
        }
        // and a new one hides them, with a new post beside it
        for (_, path, companion, hides, _) in pair {
            site.write(companion, hides);
            let folder = camino::Utf8Path::new(path).parent().unwrap();
            site.write(folder.join("a.md").as_str(), &post("changed"));
        }
        for (name, ..) in pair {
            site.wait_for(&format!("/posts/{name}"), |answer| answer.status == 410);
        }
    }
}

#[test]
fn a_broken_companion_withdraws_and_publishes_nothing() {
    for name in ["a/a.11tydata.json", "a/a.json"] {
        let site = TestSite::start(&[("a/a.md", POST), (name, "{\"x\": 1}")], "");
        assert_eq!(site.get("/posts/a").status, 200);
        site.write(name, "{\"draft\": ");
        site.write("b.md", "---\ndate: 2026-01-03\n---\n");
        site.wait_for("/posts/b", |answer| answer.status == 200);
        site.write("a/new.md", "---\ntitle: Newkelp\ndate: 2026-01-03\n---\n");
        site.write("c.md", "---\ndate: 2026-01-03\n---\n");
        site.wait_for("/posts/c", |answer| answer.status == 200);
        assert_eq!(site.get("/posts/a").status, 200, "readers have it");
        assert_eq!(site.get("/posts/new").status, 404, "they do not have it");
        site.write(name, "{\"x\": 2}");
        site.wait_for("/posts/new", |answer| answer.status == 200);
    }
}

#[test]
fn a_start_hides_posts_that_became_drafts_while_it_was_stopped_and_why_explains_it() {
    let site = folder(&[("posts/notes/a.md", POST), ("posts/open.md", "---\ndate: 2026-01-01\n---\nx")]);
    let serve = || Serving::start(site.path(), &["--state", "state", "--base-url", "http://blog.example"]);
    serve().until("2 posts");
    write(
        site.path(),
        "posts/notes/_index.md",
        "---\ntitle: x\ncascade:\n  draft: true\n---\n",
    );
    serve().until("not among them: 1 draft");
    let (status, out, err) = run(&mut feedmill(site.path(), &["why", "posts/notes/a.md", "--state", "state"]));
    assert_eq!(status, 0, "{err}");
    assert!(
        out.contains("no: it is a draft (cascade in notes/_index.md, line 4)"),
        "{out}"
    );
}

#[test]
fn folders_that_begin_with_an_underscore_are_left_out_with_one_note() {
    let folder = TestFolder::new();
    for path in [
        "open.md",
        "_archive/a.md",
        "_archive/b.md",
        "_archive/deep/c.md",
        "_posts/d.md",
        "_pages/e.md",
    ] {
        folder.write(path, POST);
    }
    folder.write("_drafts/f.md", POST);
    let site = folder.site("");
    assert_eq!(listed(&site).len(), 2, "what is in `_pages` is a page");
    let notes: Vec<String> = said(&site, "_archive").map(ToString::to_string).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("3 posts in this folder are left out") && notes[0].contains("posts.include = [\"_archive\"]"),
        "{notes:?}"
    );
    let site = folder.site("[posts]\ninclude = ['_archive']");
    assert_eq!(listed(&site).len(), 5);
    assert!(codes(&site, "_archive").is_empty());
}

#[test]
fn files_that_are_not_posts_are_not_listed() {
    let folder = TestFolder::new();
    folder.write("open.md", POST);
    folder.write("hugo.toml", "baseURL = 'x'");
    let undated = "# Undated words\n\nText.\n";
    for path in [
        "archetypes/default.md",
        "themes/x/README.markdown",
        "notes/a_LOCAL_1234.md",
        "notes/a_conflict-20260131-090000.md",
        "drawing.excalidraw.md",
        "bundle/part.md",
        "bundle/deep/part.md",
    ] {
        folder.write(path, POST);
    }
    folder.write("bundle/index.md", POST);
    for path in ["LICENSE.md", "CONTRIBUTING.md", "SUMMARY.md", "README.mkd"] {
        folder.write(path, undated);
    }
    folder.write("CHANGELOG.md", POST);
    folder.write("changes.md", undated);
    let site = folder.site("");
    let mut sources: Vec<String> = listed(&site)
        .iter()
        .map(|post| {
            site.all()
                .iter()
                .find(|read| read.id == *post["id"].as_str().unwrap())
                .unwrap()
                .source
                .to_string()
        })
        .collect();
    sources.sort();
    assert_eq!(sources, ["CHANGELOG.md", "bundle/index.md", "changes.md", "open.md"]);
    for (path, code) in [
        ("archetypes", "folder-left-out"),
        ("bundle", "bundle-resources"),
        ("LICENSE.md", "about-folder"),
        ("notes/a_LOCAL_1234.md", "conflict-copy"),
        ("drawing.excalidraw.md", "drawing"),
    ] {
        assert!(codes(&site, path).contains(&code), "{path}: {:?}", codes(&site, path));
    }
}

#[test]
fn posts_beside_an_index_are_posts_without_the_configuration_of_a_tool() {
    let folder = TestFolder::new();
    for path in [
        "notes/index.md",
        "notes/a.md",
        "notes/deep/index.md",
        "notes/deep/b.md",
        "templates/c.md",
        "public/d.md",
    ] {
        folder.write(path, POST);
    }
    assert_eq!(listed(&folder.site("")).len(), 6);
    folder.write("notes/index.md", "---\ndraft: true\n---\nx");
    // a folder with its own page does not belong to the draft
    assert_eq!(listed(&folder.site("")).len(), 4);
}

/// The files of a folder, and the posts that are public.
type Folder<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn an_index_is_a_page_of_its_folder_or_of_its_parts() {
    let undated = "---\ntitle: All posts\n---\nWords.\n";
    let zola = "base_url = 'https://example.com'";
    let cases: [Folder<'_>; 3] = [
        (
            &[("_index.md", undated), ("posts/index.md", undated), ("posts/a.md", POST)],
            &["posts/a.md", "posts/index.md"],
        ),
        (
            &[("_index.md", undated), ("posts/index.md", POST), ("posts/a.md", POST)],
            &["posts/index.md"],
        ),
        (
            &[
                ("config.toml", zola),
                ("posts/index.md", POST),
                ("posts/a.md", POST),
                ("posts/b/index.md", POST),
            ],
            &["posts/b/index.md", "posts/index.md"],
        ),
    ];
    for (files, public) in cases {
        let folder = TestFolder::new();
        for (path, text) in files {
            folder.write(path, text);
        }
        let site = folder.site("");
        let mut sources: Vec<&str> = site.index.posts().iter().map(|post| post.source.as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, public);
    }
}

#[test]
fn a_link_to_a_file_that_is_not_served_is_reported_with_its_line() {
    let folder = TestFolder::new();
    let links =
        "[code](demo.py) [page](page.html) [text](notes.txt) ![x](cat.png) [draft](copy.txt) [old](_old/a.zip) [gone](gone.py)";
    folder.write(
        "a.md",
        format!("---\ndate: 2026-01-02\nimage: pic.xyz\n---\nWords.\n{links}\n"),
    );
    for path in ["demo.py", "page.html", "notes.txt", "cat.png", "_old/a.zip", "pic.xyz"] {
        folder.write(path, "words");
    }
    folder.write("copy.txt", "---\ndraft: true\n---\nx");
    let site = folder.site("");
    let found: Vec<String> = said(&site, "a.md")
        .filter(|diagnostic| diagnostic.code == "media-not-served")
        .map(|diagnostic| {
            let file = diagnostic.message.split(' ').nth(2).unwrap().trim_end_matches(',');
            format!("{}: {file}", diagnostic.position.unwrap().line)
        })
        .collect();
    assert_eq!(
        found,
        ["3: pic.xyz", "6: demo.py", "6: page.html", "6: copy.txt", "6: _old/a.zip"]
    );
    let site = folder.site("[posts]\nmedia = ['py', 'html', 'xyz']\ninclude = ['_old']");
    let left: Vec<_> = codes(&site, "a.md")
        .into_iter()
        .filter(|code| *code == "media-not-served")
        .collect();
    assert_eq!(left.len(), 1, "a copy of a post is served under no setting");
}
