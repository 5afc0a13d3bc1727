//! Which posts are public, and what authors are told of fields that hold a post back.

mod table;
mod typos;

use super::*;
use crate::config::Config;
use crate::diagnostic::Severity;
use crate::post::{ParsedPost, Post, Visibility, read};
use crate::source_file::SourceFile;

fn reading(path: &str, text: &str) -> ParsedPost {
    let file = SourceFile {
        path: path.into(),
        bytes: text.as_bytes().into(),
        modified: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    read(&file, &Config::default()).unwrap()
}

/// The visibility of a post with these lines of front matter and a valid date.
fn visibility(front_matter: &str) -> Visibility {
    let text = format!("---\ntitle: x\ndate: 2020-01-01\n{front_matter}\n---\nText.\n");
    reading("a.md", &text)
        .post
        .visibility("2026-01-01T00:00:00Z".parse().unwrap())
}

const P: Visibility = Visibility::Public;
const U: Visibility = Visibility::Unlisted;
const D: Visibility = Visibility::Draft;
const X: Visibility = Visibility::Private;
const H: Visibility = Visibility::Held;

#[test]
fn the_strictest_of_several_keys_counts() {
    let cases = [
        ("draft: false\npublished: false", P),
        ("Draft: no\nPublished: no", P),
        ("draft: false\npublish: false", D),
        ("public: true\npublished: false", D),
        ("draft: maybe\npublished: false", D),
        ("draft: false\ndg-publish: false", D),
        ("draft: false\npublished: soon", H),
        ("draft:\npublished: false", D),
        ("draft: true\npublished: true", D),
        ("draft: true\ndraft: false", D),
        ("draft: false\nDraft: true", D),
        ("status: draft\nstatus: published", D),
        ("status: published\nStatus: draft", D),
        ("password: x\npassword: ''", X),
        ("status: \"published", H),
        ("b: &b {draft: true}\n<<: *b", D),
        ("<<: {draft: true}", D),
        ("<<: [{tags: x}, {draft: true}]", D),
        ("<<: [{draft: false}, {draft: true}]", P),
        ("<<: [{draft: true}, {draft: false}]", D),
        ("draft: false\n<<: {draft: true}", P),
        ("<<: {draft: true}\ndraft: false", P),
        ("<<: {a: b}\n<<: {private: true}", X),
        ("b: &b {publishDate: 2099-01-01}\n<<: *b", Visibility::Scheduled),
        ("b: &b\n  draft: true\nc: &c\n  <<: *b\n<<: *c", D),
        ("params:\n  <<: {private: true}", X),
        ("private: true\nprivate: false", X),
        ("unlisted: true\ndraft: true", D),
        ("unlisted: true\ndraft: maybe", H),
        ("draft: true\nvisibility: some", D),
        ("private: true\ndraft: maybe", X),
        ("\u{feff}draft: true", D),
        ("\u{a0}draft: true", D),
    ];
    for (front_matter, expected) in cases {
        assert_eq!(visibility(front_matter), expected, "{front_matter}");
    }
}

#[test]
fn the_origin_of_a_status_is_the_first_of_the_strictest_fields() {
    let field = |key: &str| Origin::Field(key.into());
    let cases = [
        ("a.md", "title: x", Status::Published, Origin::Default),
        ("a.md", "draft: false", Status::Published, Origin::Default),
        ("a.md", "draft: true\nwip: true", Status::Draft, field("draft")),
        ("a.md", "unlisted: true\nwip: true\ndraft: true", Status::Draft, field("wip")),
        ("a.md", "private: true\ndraft: true", Status::Private, field("private")),
        ("_drafts/a.md", "title: x", Status::Draft, Origin::FileName),
        ("_drafts/a.md", "unlisted: true", Status::Draft, Origin::FileName),
        ("_drafts/a.md", "draft: true", Status::Draft, field("draft")),
        ("_drafts/a.md", "private: true", Status::Private, field("private")),
    ];
    for (path, front_matter, status, origin) in cases {
        let post = reading(path, &format!("---\n{front_matter}\n---\nText.\n")).post;
        assert_eq!((post.status, post.origins.status), (status, origin), "{path}: {front_matter}");
    }
}

/// The diagnostics with this code.
fn remarks_with(code: &str, text: &str) -> Vec<String> {
    let remarks = reading("2020-01-01-a.md", text).remarks;
    let remarks = remarks.iter().filter(|remark| remark.code == code);
    remarks.map(ToString::to_string).collect()
}

#[test]
fn text_to_be_encrypted_is_reported_where_it_is_unless_the_post_is_private() {
    let body = "Text.\n\n  {{% hugo-encryptor x %}}\nSecret.\n";
    let found = remarks_with("encrypted-text", &format!("---\ntitle: x\n---\n{body}"));
    assert!(found.len() == 1 && found[0].contains(":6:3: "), "{found:?}");
    let private = format!("---\nprivate: true\n---\n{body}");
    assert_eq!(remarks_with("encrypted-text", &private), [""; 0]);
    assert_eq!(reading("a.md", &private).post.origins.status, Origin::Field("private".into()));
}

#[test]
fn a_misplaced_draft_is_reported_where_it_is() {
    let found = remarks_with(
        "draft-astray",
        "---\ntitle: x\ntags: [a, b]\nother:\n  more:\n    draft: true\n---\nText.\n",
    );
    assert!(found.len() == 1 && found[0].contains(":6:5: "), "{found:?}");
    for text in [
        "---\nextra: |\n  draft: true\ndraft: false\n---\n",
        "---\ntitle: x\n---\ndraft: true\n",
    ] {
        assert_eq!(remarks_with("draft-astray", text), [""; 0], "{text}");
    }
}

#[test]
fn a_scheduled_post_needs_a_date() {
    for front_matter in [
        "status: scheduled",
        "scheduled: true",
        "published: future",
        "post-status: queued",
    ] {
        let text = format!("---\ntitle: x\n{front_matter}\n---\nText.\n");
        assert!(reading("a.md", &text).post.is_held, "{front_matter}");
        assert!(!reading("2020-01-01-a.md", &text).post.is_held, "{front_matter}");
    }
}

#[test]
fn a_draft_with_fields_that_are_not_understood_is_a_draft() {
    for front_matter in [
        "draft: true\ndate: soon",
        "password: x\nstatus: whatever",
        "draft: true\nexpiryDate: soon",
    ] {
        let ParsedPost { post, remarks, held } = reading("a.md", &format!("---\n{front_matter}\n---\nText.\n"));
        assert!(!post.is_held && held.is_none(), "{front_matter}");
        let severest = remarks.iter().map(|remark| remark.severity).min();
        assert_eq!(severest, Some(Severity::Warning), "{front_matter}");
    }
}

#[test]
fn fields_that_are_not_understood_are_reported() {
    let cases = [
        (
            "draft: maybe",
            "a.md:4:8: error: `draft: maybe` is not understood, so this is held back (write `draft: true` or `draft: false`)",
        ),
        (
            "Draft: {x: y}",
            "a.md:4:8: error: `Draft` does not have exactly one value, so this is held back (write `Draft: true` or `Draft: false`)",
        ),
        (
            "visibility: some",
            "a.md:4:13: error: `visibility: some` is not understood, so this is held back (write `visibility: public`, \
             `visibility: unlisted` or `visibility: private`)",
        ),
        (
            "post-status: half",
            "a.md:4:14: error: `post-status: half` is not understood, so this is held back (write `post-status: draft` or \
             `post-status: published`)",
        ),
        (
            "publishState: half",
            "a.md:4:15: error: `publishState: half` is not understood, so this is held back (write `publishState: draft` or \
             `publishState: published`)",
        ),
        (
            "embargo: true",
            "a.md:4:10: error: it is under an embargo, and nothing says until when, so this is held back (write `embargo_until` \
             with a date, or delete the line)",
        ),
        (
            "draft: a value of sixty characters, after which the message stops to quote it",
            "a.md:4:8: error: `draft: a value of sixty characters, after which the message stops t…` is not understood, so this is \
             held back (write `draft: true` or `draft: false`)",
        ),
        (
            "extra:\n  draf: true",
            "a.md:5:3: error: no tool knows `draf`; `draft` may be meant, so this is held back (write `draft`, or give the key \
             another name)",
        ),
        (
            "draf: true",
            "a.md:4:1: error: no tool knows `draf`; `draft` may be meant, so this is held back (write `draft`, or give the key \
             another name)",
        ),
    ];
    for (front_matter, expected) in cases {
        let text = format!("---\ntitle: x\ndate: 2020-01-01\n{front_matter}\n---\nText.\n");
        let ParsedPost { post, remarks, held } = reading("a.md", &text);
        let held = held.unwrap();
        assert_eq!(held.to_string(), expected);
        assert!(post.is_held && remarks.contains(&held), "{front_matter}");
    }
    let held = reading("a.md", "---\nstatus: scheduled\n---\nText.\n").held.unwrap();
    assert_eq!(
        held.to_string(),
        "a.md:2:9: error: it is to be published at a time that nothing names, so this is held back (write a `date`)"
    );
}

/// Neither the author's diagnostics nor the public fields contain a password.
#[test]
fn secrets_are_not_shown() {
    let secret = "hunter2";
    for key in [
        "password",
        "pasword",
        "post_password",
        "passwort",
        "api_key",
        "accessToken",
        "client-secret",
        "Token",
    ] {
        for (value, more) in [
            (secret.to_owned(), ""),
            (format!("{secret}: x"), "draft: maybe"),
            (format!("[{secret}"), "status: [x"),
            (format!("{{a: {secret}}}"), "tags: [a"),
            (format!("\"{secret}"), "summary: a: b"),
            (format!("|\n  {secret}: x\n {secret}"), "a b c"),
        ] {
            let text = format!("---\ntitle: x\n{key}: {value}\n{more}\nextra: {{deep: {{{key}: {secret}}}}}\n---\nText.\n");
            let file = SourceFile {
                path: "a.md".into(),
                bytes: text.as_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let (diagnostics, post): (Vec<_>, Option<Post>) = match read(&file, &Config::default()) {
                Ok(reading) => (reading.remarks, Some(reading.post)),
                Err(refused) => (vec![refused], None),
            };
            for diagnostic in diagnostics {
                let shown = format!("{}{diagnostic}", diagnostic.draw(false));
                assert!(!shown.contains(secret), "{text}\n{shown}");
            }
            if let Some(post) = post {
                let extra = serde_json::to_string(&post.extra).unwrap();
                assert!(!extra.contains(secret), "{text}\n{extra}");
            }
        }
    }
}

#[test]
fn keys_without_an_effect_stay_unknown() {
    let text = "---\nstate: Ohio\nshare: false\nhide: [toc]\ndraft: false\nbuild: fast\nkeywords2: a\nmy_password_hint: x\n---\n";
    let extra = reading("2020-01-01-a.md", text).post.extra.unwrap();
    let keys: Vec<&str> = extra.keys().map(String::as_str).collect();
    assert_eq!(keys, ["state", "share", "hide", "build", "keywords2"]);
}

#[test]
fn misplaced_drafts_are_found() {
    let cases = [
        ("tags: [a, b]\n  draft: true", Some("draft: true")),
        ("title: x\n draft:yes", Some("draft:yes")),
        ("[taxonomies]\ndraft = true # not yet", Some("draft = true # not yet")),
        ("- draft: true", Some("draft: true")),
        ("{\"post\": {\n  \"draft\": true}}", Some("\"draft\": true}}")),
        ("text: |\n  draft: false", None),
        ("# draft: true", None),
        ("drafty: true", None),
        ("title: a draft: true", None),
    ];
    for (front_matter, expected) in cases {
        assert_eq!(
            find_misplaced_draft(front_matter).map(|(_, line)| line),
            expected,
            "{front_matter}"
        );
    }
    assert_eq!(find_misplaced_draft("a: b\n  draft: 1").unwrap().0, 7);
}

#[test]
fn posts_kept_out_of_feeds() {
    let cases = [
        ("title: x", true),
        ("feed: false", false),
        ("hiddenInRss: true", false),
        ("rss: {exclude: true}", false),
        ("feed: {excerpt_only: true}", true),
        ("disable_feed: yes", false),
        ("hiddenFromRss: true", false),
        ("hiddenFromRss: false", true),
        ("feed: true", true),
        ("rss: false", false),
    ];
    for (front_matter, expected) in cases {
        assert_eq!(
            reading("a.md", &format!("---\n{front_matter}\n---\n")).post.in_feeds,
            expected,
            "{front_matter}"
        );
    }
}
