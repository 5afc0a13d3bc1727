use super::*;
use crate::config::Config;
use crate::diagnostic::Severity;
use crate::post::{Status, Visibility, read_with};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        bytes: text.as_bytes().into(),
        modified: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// Reads the post at `path` with `text` beside `companion`.
fn read_beside(companion: (&str, CompanionKind, &str), path: &str, text: &str) -> ParsedPost {
    let (name, kind, content) = companion;
    let companion = Arc::new(Companion::parse(&source(name, content), kind));
    let mut inherited = Inherited::default();
    inherited.add(&companion, path.into(), "posts", |_| true);
    read_with(&source(path, text), &inherited, &Config::default()).unwrap()
}

fn section(content: &str) -> (&str, CompanionKind, &str) {
    ("notes/_index.md", CompanionKind::Section, content)
}

fn data(content: &str) -> (&str, CompanionKind, &str) {
    ("notes/notes.json", CompanionKind::Data { is_certain: true }, content)
}

fn folder_data(content: &str) -> (&str, CompanionKind, &str) {
    ("notes/notes.json", CompanionKind::Data { is_certain: false }, content)
}

fn settings(content: &str) -> (&str, CompanionKind, &str) {
    (
        "../_config.yml",
        CompanionKind::SiteSettings { below: "_posts".into() },
        content,
    )
}

const OWN: &str = "---\ntitle: x\ndate: 2026-01-02\n---\nText.\n";
const PUBLIC_POST: &str = "---\ntitle: x\ndate: 2026-01-02\ndraft: false\npublished: true\n---\nText.\n";

#[test]
fn every_kind_of_companion() {
    use Visibility::{Draft, Expired, Held, Private, Public, Scheduled, Unlisted};
    let script = |content| ("notes/notes.11tydata.js", CompanionKind::Script, content);
    let hugo = |path, content| (path, CompanionKind::HugoSettings, content);
    let folder_meta = |content| ("notes/.meta.yml", CompanionKind::FolderMeta, content);
    let meta = |content| ("notes/a.meta", CompanionKind::Meta, content);
    let large = |key: &str| format!("{{\"{key}\": true, \"items\": \"{}\"}}", "x".repeat(70_000));
    let (export, large_draft, large_embargo) = (large("words"), large("draft"), large("embargo"));
    let bundle = |is_draft| ("notes/index.md", CompanionKind::Bundle { is_draft }, "");
    let cases = [
        // sections
        (section("---\ntitle: Notes\n---\n"), OWN, Public),
        (section("+++\ndraft = true\n+++\n"), OWN, Draft),
        (section("+++\ndraft = true\n+++\n"), PUBLIC_POST, Draft),
        (section("+++\ndraft = false\n+++\n"), OWN, Public),
        (section("---\ncascade:\n  draft: true\n---\n"), OWN, Draft),
        (section("---\ncascade:\n  draft: true\n---\n"), PUBLIC_POST, Public),
        (section("---\ncascade:\n  params:\n    private: true\n---\n"), OWN, Private),
        (section("---\ncascade: {publishDate: 2030-01-01}\n---\n"), OWN, Scheduled),
        (section("---\ncascade: {expiryDate: 2026-02-01}\n---\n"), OWN, Expired),
        (section("---\ncascade: {build: {list: never}}\n---\n"), OWN, Unlisted),
        (section("---\ncascade: {_build: {render: never}}\n---\n"), OWN, Private),
        (section("---\ncascade: {type: post, color: red}\n---\n"), OWN, Public),
        (section("+++\n[cascade]\ndraft = true\n+++\n"), OWN, Draft),
        (
            section("+++\n[[cascade]]\ndraft = true\n[cascade._target]\npath = '/notes/**'\n+++\n"),
            OWN,
            Draft,
        ),
        (
            section("+++\n[[cascade]]\ndraft = true\n[cascade._target]\npath = '/other/**'\n+++\n"),
            OWN,
            Public,
        ),
        (
            section("---\ncascade:\n- target: {path: '{/a/**,/notes/*}'}\n  draft: true\n---\n"),
            OWN,
            Draft,
        ),
        (
            section("---\ncascade:\n- _target: {kind: section}\n  draft: true\n---\n"),
            OWN,
            Public,
        ),
        (
            section("---\ncascade:\n- _target: {kind: page}\n  draft: true\n---\n"),
            OWN,
            Draft,
        ),
        (
            section("---\ncascade:\n  target: {path: '/notes/**'}\n  build: {render: never, list: never}\n---\n"),
            OWN,
            Private,
        ),
        (
            section("---\ncascade:\n- _target: {environment: development}\n  draft: true\n---\n"),
            OWN,
            Public,
        ),
        (
            section("---\ncascade:\n- target: {sites: {matrix: {versions: [v1]}}}\n  draft: true\n---\n"),
            OWN,
            Draft,
        ),
        (section("---\ncascade: {build: {render: link}}\n---\n"), OWN, Private),
        (section("---\ncascade:\n- draft: false\n- draft: true\n---\n"), OWN, Draft),
        (section("---\ncascade:\n  draft: true\n"), OWN, Held),
        // data
        (data("{\"draft\": true}"), OWN, Draft),
        (data("{\"draft\": true}"), PUBLIC_POST, Public),
        (data("{\"tags\": \"posts\", \"layout\": \"x\"}"), OWN, Public),
        (data("{\"permalink\": false}"), OWN, Private),
        (data("{\"permalink\": \"/x/{{ page.fileSlug }}/\"}"), OWN, Public),
        (data("{\"eleventyExcludeFromCollections\": true}"), OWN, Unlisted),
        (data("{\"draft\": true"), OWN, Held),
        (data("[1, 2]"), OWN, Public),
        (folder_data("{\"draft\": true"), OWN, Held),
        (folder_data("{\"draft\":tru"), OWN, Held),
        (folder_data("{\"draft\":tru"), PUBLIC_POST, Held),
        (folder_data("{\"draft\": true,}"), OWN, Held),
        (folder_data("{\"layout\": \"x\",}"), OWN, Held),
        (folder_data("// for all\n{\"draft\": true}"), OWN, Held),
        (folder_data("/* for all */ {\"draft\": true}"), OWN, Held),
        (folder_data("{draft: true}"), OWN, Held),
        (folder_data("{\"draft\": true} x"), OWN, Held),
        (folder_data("draft: true"), OWN, Held),
        (folder_data("\u{feff}{\"draft\":tru"), OWN, Held),
        (folder_data("\u{feff}{\"draft\": true}"), OWN, Draft),
        (folder_data("{\"draft\": true}\n"), OWN, Draft),
        (folder_data("[{\"draft\": true}]"), OWN, Public),
        (folder_data("\"draft\""), OWN, Public),
        (folder_data("42"), OWN, Public),
        (folder_data("{}"), OWN, Public),
        (folder_data(""), OWN, Public),
        (folder_data(" \n"), OWN, Public),
        (folder_data(&export), OWN, Public),
        (folder_data(&large_draft), OWN, Held),
        (folder_data(&large_embargo), OWN, Held),
        (script("export default { draft: true }"), OWN, Draft),
        (script("export default { draft: hides() }"), OWN, Held),
        (script("export default { tags: [] }"), OWN, Public),
        // the settings of a Hugo site
        (
            hugo(
                "../hugo.toml",
                "title = 'x'\n[[cascade]]\ndraft = true\n[cascade.target]\npath = '/notes/**'\n",
            ),
            OWN,
            Draft,
        ),
        (
            hugo(
                "../hugo.toml",
                "[[cascade]]\ndraft = true\n[cascade.target]\npath = '/other/**'\n",
            ),
            OWN,
            Public,
        ),
        (hugo("../hugo.toml", "[[cascade]]\ndraft = true\n"), PUBLIC_POST, Public),
        (hugo("../hugo.toml", "draft = true\n"), OWN, Public),
        (hugo("../hugo.yaml", "cascade: {build: {render: never}}\n"), OWN, Private),
        (hugo("../hugo.json", "{\"cascade\": {\"draft\": true}}"), OWN, Draft),
        (hugo("../hugo.toml", "= broken\n"), OWN, Public),
        // data in YAML for a folder
        (folder_meta("draft: true\n"), OWN, Draft),
        (folder_meta("---\ndraft: true\n"), OWN, Draft),
        (folder_meta("---\ndraft: true\n---\n"), OWN, Draft),
        (folder_meta("\u{feff}draft: true\n"), OWN, Draft),
        (folder_meta("draft: true\n"), PUBLIC_POST, Public),
        (folder_meta("draft: false\n"), OWN, Public),
        (folder_meta("publish: false\n"), OWN, Draft),
        (folder_meta("publishDate: 2030-01-01\n"), OWN, Scheduled),
        (folder_meta("expiryDate: 2026-02-01\n"), OWN, Expired),
        (folder_meta("visibility: private\n"), OWN, Private),
        (folder_meta("unlisted: true\n"), OWN, Unlisted),
        (folder_meta("draft: perhaps\n"), OWN, Held),
        (folder_meta("tags: [a]\nhide: [toc]\n"), OWN, Public),
        (folder_meta("# nothing\n"), OWN, Public),
        (folder_meta(""), OWN, Public),
        (folder_meta("{draft: true\n"), OWN, Held),
        (folder_meta("a few words\n"), OWN, Held),
        // a front matter in a file of its own
        (meta(".. title: A\n.. status: draft\n"), "Text.\n", Draft),
        (meta(".. title: A\n.. status: private\n"), "Text.\n", Private),
        (meta(".. title: A\n.. date: 2030-01-01\n"), "Text.\n", Scheduled),
        (meta("---\ntitle: A\nstatus: draft\n---\n"), "Text.\n", Draft),
        (meta(".. status: draft\n"), PUBLIC_POST, Draft),
        (meta("A title\na-slug\n2030-01-01\n"), "Text.\n", Scheduled),
        // the page of a folder
        (bundle(true), PUBLIC_POST, Draft),
        (bundle(false), OWN, Public),
        // Jekyll's defaults, of a folder of posts called `_posts`
        (
            settings("title: x\ndefaults:\n- scope: {path: ''}\n  values: {published: false}\n"),
            OWN,
            Draft,
        ),
        (
            settings("defaults:\n  - scope:\n      path: _posts/notes\n    values:\n      published: false\n"),
            OWN,
            Draft,
        ),
        (
            settings("defaults:\n- scope: {path: _posts/other}\n  values: {published: false}\n"),
            OWN,
            Public,
        ),
        (
            settings("defaults:\n- scope: {path: '', type: posts}\n  values: {published: false}\n"),
            OWN,
            Draft,
        ),
        (
            settings("defaults:\n- scope: {path: '', type: pages}\n  values: {published: false}\n"),
            OWN,
            Public,
        ),
        (
            settings("defaults:\n- scope: {path: ''}\n  values: {published: false}\n"),
            PUBLIC_POST,
            Public,
        ),
        (
            settings("defaults:\n- scope: {path: ''}\n  values: {layout: post}\n"),
            OWN,
            Public,
        ),
    ];
    for (companion, text, expected) in cases {
        let shown = format!("{:?} beside {text:?}", companion.2);
        let reading = read_beside(companion, "notes/a.md", text);
        assert_eq!(reading.post.visibility(now()), expected, "{shown}: {:?}", reading.remarks);
        assert_eq!(reading.held.is_some(), expected == Held, "{shown}");
    }
}

#[test]
fn front_matter_in_its_own_file_belongs_to_the_post() {
    let meta = ".. title: The title\n.. slug: the-slug\n.. date: 2026-01-31 10:20\n.. tags: a, b\n.. description: In short.\n";
    let post = read_beside(("notes/a.meta", CompanionKind::Meta, meta), "notes/a.md", "Text.\n").post;
    let date = post.date.rfc3339();
    assert_eq!(
        (
            post.title.as_str(),
            post.slug.as_str(),
            date.as_str(),
            post.summary.as_str(),
            post.tags.len()
        ),
        ("The title", "the-slug", "2026-01-31T10:20:00Z", "In short.", 2)
    );
    let own = read_beside(
        ("notes/a.meta", CompanionKind::Meta, meta),
        "notes/a.md",
        "---\ntitle: Own\n---\nText.\n",
    )
    .post;
    assert_eq!((own.title.as_str(), own.slug.as_str()), ("Own", "the-slug"));
}

#[test]
fn origins_name_the_companion() {
    let cases = [
        (
            section("---\ntitle: x\ncascade:\n  draft: true\n---\n"),
            "cascade in notes/_index.md, line 4",
        ),
        (section("+++\ndraft = true\n+++\n"), "section in notes/_index.md, line 2"),
        (data("{\n  \"draft\": true\n}"), "data in notes/notes.json, line 2"),
        (
            settings("a: b\ndefaults:\n- values: {published: false}\n"),
            "defaults in ../_config.yml, line 3",
        ),
        (
            ("notes/.meta.yml", CompanionKind::FolderMeta, "a: b\ndraft: true\n"),
            "data in notes/.meta.yml, line 2",
        ),
        (
            ("notes/.meta.yml", CompanionKind::FolderMeta, "---\ndraft: true\n"),
            "data in notes/.meta.yml, line 2",
        ),
        (
            ("notes/index.md", CompanionKind::Bundle { is_draft: true }, ""),
            "its page: notes/index.md",
        ),
    ];
    for (companion, expected) in cases {
        let reading = read_beside(companion, "notes/a.md", OWN);
        assert_eq!(reading.post.status, Status::Draft);
        assert_eq!(reading.post.origins.status.to_string(), expected);
    }
    // the post's own field says the opposite, but the stricter counts
    let stricter = read_beside(section("+++\ndraft = true\n+++\n"), "notes/a.md", PUBLIC_POST);
    assert_eq!(stricter.post.origins.status.to_string(), "section in notes/_index.md, line 2");
    let own = read_beside(section("+++\ndraft = true\n+++\n"), "notes/a.md", "---\ndraft: true\n---\n");
    assert_eq!(own.post.origins.status.to_string(), "front matter: draft");
    let own = read_beside(
        section("---\ncascade: {draft: true}\n---\n"),
        "notes/a.md",
        "---\ndraft: true\n---\n",
    );
    assert_eq!(own.post.origins.status.to_string(), "front matter: draft");
}

#[test]
fn errors_name_the_companion() {
    let reading = read_beside(section("---\ncascade:\n  draft: perhaps\n---\n"), "notes/a.md", OWN);
    assert!(!reading.post.is_readable(now()));
    let remark = reading
        .remarks
        .iter()
        .find(|remark| remark.path == "notes/_index.md")
        .unwrap();
    assert_eq!(remark.position, Some(Position { line: 3, column: 10 }));
    assert_eq!(remark.source_line.as_deref(), Some("  draft: perhaps"));

    let reading = read_beside(data("{\"draft\": true"), "notes/a.md", OWN);
    let held = reading.held.unwrap();
    assert_eq!((held.path.as_str(), held.severity), ("notes/notes.json", Severity::Error));
    assert!(reading.remarks.contains(&held));

    let reading = read_beside(folder_data("{\"a\": 1,\n \"draft\": tru}"), "notes/a.md", OWN);
    let held = reading.held.unwrap();
    assert_eq!(
        (held.path.as_str(), held.code, held.severity),
        ("notes/notes.json", "json-syntax", Severity::Error)
    );
    assert_eq!(held.position.map(|position| position.line), Some(2));
    assert!(reading.remarks.contains(&held));
}

#[test]
fn a_rule_about_folders_holds_without_a_diagnostic() {
    for (hold, text, is_held) in [
        (HoldReason::Always, OWN, true),
        (HoldReason::IfUndated, OWN, false),
        (HoldReason::IfUndated, "Text.\n", true),
    ] {
        let mut inherited = Inherited::default();
        inherited.set_hold(hold, &"x");
        let reading = read_with(&source("_x/a.md", text), &inherited, &Config::default()).unwrap();
        assert_eq!((reading.post.is_held, reading.held), (is_held, None), "{hold:?} {text:?}");
    }
}

#[test]
fn the_nearest_companion_wins_and_hashes_differ() {
    let read = |name, content| Arc::new(Companion::parse(&source(name, content), CompanionKind::Section));
    let near = read("a/b/_index.md", "---\ncascade: {draft: false}\n---\n");
    let far = read("a/_index.md", "---\ncascade: {draft: true}\n---\n");
    let both = |first: &Arc<Companion>, second: &Arc<Companion>| {
        let mut inherited = Inherited::default();
        inherited.add(first, "a/b/c.md".into(), "posts", |_| true);
        inherited.add(second, "a/b/c.md".into(), "posts", |_| true);
        let reading = read_with(&source("a/b/c.md", OWN), &inherited, &Config::default()).unwrap();
        (reading.post.status, inherited.hash())
    };
    assert_eq!(both(&near, &far).0, Status::Published);
    assert_eq!(both(&far, &near).0, Status::Draft);
    assert_ne!(both(&near, &far).1, both(&far, &near).1);
    assert_eq!(Inherited::default().hash(), 0);
}
