//! Unpublished posts, drafts above all, are in no document (item 5).

use super::{CONFIG, NEIGHBOUR, assert_published, everything};
use crate::still::{NOW, TestFolder, listed};

/// A name and a front matter with which some tool does not publish a post.
const HIDDEN: [(&str, &str); 108] = [
    ("true", "---\ndraft: true\n---\n"),
    ("yes", "---\ndraft: yes\n---\n"),
    ("on", "---\ndraft: on\n---\n"),
    ("one", "---\ndraft: 1\n---\n"),
    ("y", "---\ndraft: y\n---\n"),
    ("quoted", "---\ndraft: \"true\"\n---\n"),
    ("quoted once", "---\ndraft: 'yes'\n---\n"),
    ("capitals", "---\nDraft: Yes\n---\n"),
    ("all capitals", "---\nDRAFT: TRUE\n---\n"),
    ("quoted key", "---\n\"draft\": true\n---\n"),
    ("comment behind", "---\ndraft: true # not yet\n---\n"),
    ("on the next line", "---\ndraft:\n  true\n---\n"),
    ("tab", "---\ndraft:\ttrue\n---\n"),
    ("spaces before the colon", "---\ndraft  : true\n---\n"),
    ("no space", "---\ndraft:true\n---\n"),
    ("no space, after others", "---\ntags: [a]\ndraft:true\n---\n"),
    ("no-break space", "---\ndraft:\u{a0}true\n---\n"),
    ("no-break space in the value", "---\ndraft: \u{a0}true\n---\n"),
    ("no-break space first", "---\n\u{a0}draft: true\n---\n"),
    ("invisible character first", "---\n\u{200b}draft: true\n---\n"),
    ("byte order mark within", "---\n\u{feff}draft: true\n---\n"),
    ("invisible character in the value", "---\ndraft: true\u{200b}\n---\n"),
    ("wide colon", "---\ndraft：true\n---\n"),
    ("equals", "---\ndraft = true\n---\n"),
    ("indented", "---\ntags: [a]\n  draft: true\n---\n"),
    ("all indented", "---\n  draft: true\n  tags: [a]\n---\n"),
    ("fences indented", "  ---\n  draft: true\n  ---\n"),
    ("list", "---\ndraft: [true]\n---\n"),
    ("text", "---\ndraft: maybe\n---\n"),
    ("folded", "---\ndraft: >\n  true\n---\n"),
    ("tagged", "---\ndraft: !!bool yes\n---\n"),
    ("alias", "---\na: &a true\ndraft: *a\n---\n"),
    ("twice", "---\ndraft: true\ndraft: false\n---\n"),
    ("twice, the other way", "---\ndraft: false\ndraft: true\n---\n"),
    ("twice in two spellings", "---\ndraft: false\nDraft: true\n---\n"),
    ("beside a mistake", "---\nsummary: a: b\ndraft: true\n---\n"),
    ("below an open quote", "---\nsummary: \"open\ndraft: true\n---\n"),
    ("below an open list", "---\ntags: [a, b\ndraft: true\n---\n"),
    ("below an open list of lines", "---\ntags: [\n  a,\ndraft: true\n---\n"),
    ("below a block of text", "---\nsummary: |\n  text\ndraft: true\n---\n"),
    ("in extra", "---\nextra:\n  draft: true\n---\n"),
    ("in params", "---\nparams: {draft: true}\n---\n"),
    ("published false", "---\npublished: false\n---\n"),
    ("published no", "---\npublished: no\n---\n"),
    ("published False", "---\nPublished: False\n---\n"),
    ("published quoted", "---\npublished: 'false'\n---\n"),
    ("published soon", "---\npublished: soon\n---\n"),
    ("publish", "---\npublish: false\n---\n"),
    ("status draft", "---\nstatus: draft\n---\n"),
    ("status Draft", "---\nStatus: Draft\n---\n"),
    ("status private", "---\nstatus: private\n---\n"),
    ("status skip", "---\nstatus: skip\n---\n"),
    ("status unknown", "---\nstatus: half way\n---\n"),
    ("visibility", "---\nvisibility: private\n---\n"),
    ("private", "---\nprivate: true\n---\n"),
    ("no page", "---\npermalink: false\n---\n"),
    ("dots", "---\ndraft: true\n...\n"),
    ("blank lines first", "\n \n---\ndraft: true\n---\n"),
    ("no-break space above", "\u{a0}\n---\ndraft: true\n---\n"),
    ("two byte order marks", "\u{feff}\u{feff}---\ndraft: true\n---\n"),
    ("invisible line above", "\u{200b}\n---\ndraft: true\n---\n"),
    ("spaces after the fence", "---   \ndraft: true\n---   \n"),
    ("many dashes", "------\ndraft: true\n------\n"),
    ("long dashes", "—-\ndraft: true\n—-\n"),
    ("longer dashes", "———\ndraft: true\n---\n"),
    ("status twice", "---\nstatus: draft\nstatus: published\n---\n"),
    ("named fence", "--- yaml\ndraft: true\n---\n"),
    ("no opening fence", "draft: true\ntitle: x\n---\n"),
    ("no fences", "Draft: yes\nTitle: x\n\n"),
    ("a header of one line", "draft: true\n\n"),
    ("comments", "<!-- Draft: yes -->\n<!-- Title: x -->\n"),
    ("below the title of a header", "Title: x\nStatus: draft\nText at once.\n"),
    ("TOML", "+++\ndraft = true\n+++\n"),
    ("TOML text", "+++\ndraft = \"yes\"\n+++\n"),
    ("TOML that is none", "+++\ndraft = yes\n+++\n"),
    ("TOML with capitals", "+++\nDraft = True\n+++\n"),
    ("TOML below a mistake", "+++\ntags = [a, b]\ndraft = true\n+++\n"),
    ("TOML in extra", "+++\ntags = ['a']\n[extra]\ndraft = true\n+++\n"),
    ("JSON", "{\"draft\": true}\n"),
    ("JSON text", "{\"draft\": \"yes\"}\n"),
    ("JSON number", "---json\n{\"draft\": 1}\n---\n"),
    ("JSON in semicolons", ";;;\n\"draft\": true\n;;;\n"),
    ("one letter less", "---\ndraf: true\n---\n"),
    ("one letter more", "---\npublisched: false\n---\n"),
    ("two letters swapped", "---\ndarft: yes\n---\n"),
    ("post-status", "---\npost-status: draft\n---\n"),
    ("post_status", "---\npost_status: private\n---\n"),
    ("state", "---\nstate: draft\n---\n"),
    ("dg-publish", "---\ndg-publish: false\n---\n"),
    ("public", "---\npublic: false\n---\n"),
    ("headless", "---\nheadless: true\n---\n"),
    ("no page of Hugo's", "---\n_build: {render: never, list: never}\n---\n"),
    ("render", "+++\nrender = false\n+++\n"),
    ("password", "---\npassword: hunter2\n---\n"),
    ("post_password", "---\npost_password: '1234'\n---\n"),
    ("encrypted", "---\nencrypted: true\n---\n"),
    ("protected", "---\nprotected: true\n---\n"),
    ("saved as a draft", "---\nsaveAsDraft: true\n---\n"),
    ("published on a day to come", "---\npublish: 2099-01-01\n---\n"),
    ("an embargo", "---\nembargo_until: 2099-01-01\n---\n"),
    (
        "a merge not done",
        "---\ntitle: x\n<<<<<<< HEAD\ntags: [a]\n=======\ntags: [b]\n>>>>>>> other\n---\n",
    ),
    (
        "a merge not done in the text",
        "---\ntitle: x\n---\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n",
    ),
    ("a template's title", "---\ntitle: \"{{title}}\"\n---\n"),
    ("a template's title without quotes", "---\ntitle: {{title}}\n---\n"),
    ("a template's date", "---\ntitle: x\ndate: {{date}}\n---\n"),
    ("a template of Templater's", "---\ntitle: <% tp.file.title %>\n---\n"),
    ("a drawing", "---\nexcalidraw-plugin: parsed\n---\n"),
    ("a board", "---\nkanban-plugin: basic\n---\n"),
];

/// Paths that make any post a draft.
const PLACES: [&str; 5] = [
    "_drafts/plan.md",
    "Drafts/plan.md",
    "notes/drafts/plan.md",
    "_drafts/plan/index.md",
    "_drafts/2020-01-02-plan.md",
];

/// A word that is only in the text of hidden post `number`.
fn secret(number: usize) -> String {
    format!("secret{number}word")
}

#[test]
fn item_5_no_spelling_of_a_draft_is_in_any_response() {
    let folder = TestFolder::new();
    folder.write("neighbour.md", NEIGHBOUR);
    for (number, (_, front_matter)) in HIDDEN.iter().enumerate() {
        let path = format!("2020-01-02-{}.md", secret(number));
        folder.write(path, format!("{front_matter}# Of {0}\n\nText with {0}.\n", secret(number)));
    }
    let first = HIDDEN.len();
    for (number, place) in PLACES.iter().enumerate() {
        folder.write(place, format!("---\ntitle: x\n---\nText with {}.\n", secret(first + number)));
    }
    let site = folder.site(CONFIG);
    assert_published(&site, "neighbour.md");
    let answers = everything(&site);
    let mut leaks = Vec::new();
    for number in 0..first + PLACES.len() {
        let name = HIDDEN.get(number).map_or_else(|| PLACES[number - first], |(name, _)| name);
        let secret = secret(number);
        let found: Vec<&str> = answers
            .iter()
            .filter(|(_, text)| text.contains(&secret))
            .map(|(path, _)| path.as_str())
            .collect();
        if !found.is_empty() {
            leaks.push(format!("{name}: {found:?}"));
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    assert_eq!(listed(&site).len(), 1);
}

#[test]
fn item_5_a_post_that_only_looks_like_a_draft_is_published() {
    let cases = [
        ("false", "---\ndraft: false\n---\n"),
        ("no", "---\ndraft: no\n---\n"),
        ("quoted", "---\ndraft: 'false'\n---\n"),
        ("nothing", "---\ndraft:\n---\n"),
        ("published", "---\npublished: true\n---\n"),
        ("published on a day", "---\npublished: 2020-01-02\n---\n"),
        ("published on no day", "---\npublished: 2017-02-29\n---\n"),
        ("status", "---\nstatus: Published\n---\n"),
        ("a tag", "---\ntags: [draft]\n---\n"),
        ("a word of the text", "---\ntags: [a]\n---\ndraft: true\n"),
        ("a word of the title", "---\ntitle: draft\n---\n"),
    ];
    let folder = TestFolder::new();
    for (number, (_, content)) in cases.iter().enumerate() {
        folder.write(format!("2020-01-02-post-{number}.md"), format!("{content}Text.\n"));
    }
    let site = folder.site(CONFIG);
    for (number, (name, _)) in cases.iter().enumerate() {
        let post = site.post(format!("2020-01-02-post-{number}.md").as_str().into()).unwrap();
        let is_listed = site.index.by_slug(&post.slug).is_some();
        assert!(is_listed, "{name}: {:?} by {}", post.status, post.origins.status);
    }
}

#[test]
fn scheduled_and_expired_posts_are_in_no_response_and_unlisted_ones_only_at_their_address() {
    let folder = TestFolder::new();
    folder.write("neighbour.md", NEIGHBOUR);
    let hidden = [
        ("future.md", "date: 2026-06-01T12:00:01Z"),
        ("far.md", "date: 9998-12-31"),
        ("last.md", "date: 9999-12-31"),
        ("unknown.md", "date: 5. Januar"),
        ("open.md", "date: 2020-01-02\npublishDate: TBD"),
        ("for-ever.md", "date: 2020-01-02\nexpiryDate: soon"),
        ("held.md", "date: 2020-01-02\npublishDate: 2027-01-01"),
        ("expired.md", "date: 2020-01-02\nexpiryDate: 2026-06-01T12:00:00Z"),
        ("unlisted.md", "date: 2020-01-02\nunlisted: true"),
    ];
    for (path, fields) in hidden {
        folder.write(
            path,
            format!("---\ntitle: secret\ntags: [secret]\n{fields}\n---\nText with a secret.\n"),
        );
    }
    folder.write("now.md", format!("---\ndate: {NOW}\n---\nText.\n"));
    folder.write("today.md", "---\ndate: 2026-06-01\n---\nText.\n");
    let site = folder.site(CONFIG);
    let revealing: Vec<String> = everything(&site)
        .into_iter()
        .filter(|(_, text)| text.contains("secret"))
        .map(|(path, _)| path)
        .collect();
    assert!(
        revealing
            .iter()
            .all(|path| ["/posts/unlisted", "/posts/unlisted.md"].contains(&path.as_str())),
        "{revealing:?}"
    );
    assert!(!revealing.is_empty(), "an unlisted post is read at its address");
    for path in ["now.md", "today.md"] {
        assert_published(&site, path);
    }
    assert_eq!(listed(&site).len(), 3);
}
