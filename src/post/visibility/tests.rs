use proptest::prelude::*;

use super::table::TABLE;
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

/// Keys with the same meaning, and their values with the visibility of a post with each of them.
type Cells = (&'static [&'static str], &'static [(&'static str, Visibility)]);

/// All cells: keys, values, and the visibility of a post with each of them.
const CELLS: &[Cells] = &[
    (
        &[
            "draft",
            "Draft",
            "isDraft",
            "is_draft",
            "saveAsDraft",
            "unpublished",
            "wip",
            "ignorePost",
            "ignorePublish",
            "no_publish",
            "unpublish",
            "do_not_publish",
            "dont-publish",
            "notPublished",
        ],
        &[
            ("true", D),
            ("yes", D),
            ("on", D),
            ("1", D),
            ("\"true\"", D),
            ("'\"true\"'", D),
            ("True", D),
            ("[true]", D),
            ("[false, true]", D),
            ("draft", D),
            ("wip", D),
            ("private", X),
            ("false", P),
            ("no", P),
            ("off", P),
            ("0", P),
            ("[false]", P),
            ("", P),
            ("~", P),
            ("''", P),
            ("[]", P),
            ("\"false", H),
            ("'false", H),
            ("\"false\nlang: en", H),
            ("maybe", H),
            ("ture", H),
            ("falsch", H),
            ("2027-01-01", H),
            ("{a: b}", H),
            ("[false, x]", H),
        ],
    ),
    (
        &["drafts", "ignored", "deleted", "trashed"],
        &[("true", D), ("false", P), ("3", P), ("[a, b]", P), ("", P)],
    ),
    (
        &["published", "publish", "isPublished", "dg-publish", "dgPublish"],
        &[
            ("true", P),
            ("yes", P),
            ("public", P),
            ("2020-01-01", P),
            ("[[2020-01-01]]", P),
            ("", P),
            ("false", D),
            ("no", D),
            ("'false'", D),
            ("draft", D),
            ("never", D),
            ("private", X),
            ("unlisted", U),
            ("soon", H),
            ("TBD", H),
            ("{a: true}", H),
        ],
    ),
    (
        &["public", "isPublic"],
        &[
            ("true", P),
            ("", P),
            ("false", X),
            ("no", X),
            ("unlisted", U),
            ("draft", D),
            ("some", H),
        ],
    ),
    (
        &["private", "is_private", "members_only", "subscribersOnly", "emailOnly"],
        &[
            ("true", X),
            ("yes", X),
            ("private", X),
            ("false", P),
            ("", P),
            ("some", H),
            ("[a, b]", H),
        ],
    ),
    (
        &[
            "status",
            "Status",
            "post-status",
            "post_status",
            "postStatus",
            "publishStatus",
            "publication_status",
        ],
        &[
            ("published", P),
            ("Published", P),
            ("publish", P),
            ("public", P),
            ("featured", P),
            ("live", P),
            ("scheduled", P),
            ("future", P),
            ("", P),
            ("draft", D),
            ("Draft", D),
            ("pending", D),
            ("auto-draft", D),
            ("trash", D),
            ("skip", D),
            ("idea", D),
            ("in progress", D),
            ("In-Progress", D),
            ("Not started", D),
            ("private", X),
            ("members", X),
            ("sent", X),
            ("hidden", U),
            ("unlisted", U),
            ("deprecated", P),
            ("[deprecated, draft]", D),
            ("half way", H),
            ("[published, draft]", D),
            ("[draft, published]", D),
            ("[private, draft]", X),
            ("[half way, published]", H),
            ("{name: draft}", H),
        ],
    ),
    (
        &["visibility"],
        &[
            ("public", P),
            ("everyone", P),
            ("true", P),
            ("", P),
            ("unlisted", U),
            ("hidden", U),
            ("private", X),
            ("members", X),
            ("paid", X),
            ("tiers", X),
            ("followers", X),
            ("false", X),
            ("draft", D),
            ("some", H),
        ],
    ),
    (
        &["state", "stage", "audience", "access"],
        &[
            ("draft", D),
            ("pending", D),
            ("private", X),
            ("only_paid", X),
            ("unlisted", U),
            ("published", P),
            ("everyone", P),
            ("Ohio", P),
            ("beginners", P),
            ("{a: b}", P),
        ],
    ),
    (
        &["embargo", "embargoed", "is_embargoed", "under_embargo"],
        &[
            ("true", H),
            ("yes", H),
            ("false", P),
            ("2020-01-01", P),
            ("2099-01-01", Visibility::Scheduled),
            ("soon", H),
            ("2026-02-30", H),
            ("true\nembargo_until: 2099-01-01", Visibility::Scheduled),
            ("true\nembargo_until: soon", H),
        ],
    ),
    (
        &["embargo_until", "embargo-date", "release_date", "releaseDate", "go_live_on"],
        &[
            ("2020-01-01", P),
            ("2099-01-01", Visibility::Scheduled),
            ("", P),
            ("soon", H),
            ("2026-02-30", H),
        ],
    ),
    (
        &["scheduled", "is_scheduled"],
        &[
            ("true", P),
            ("false", P),
            ("2020-01-01", P),
            ("2099-01-01", Visibility::Scheduled),
            ("soon", H),
            ("2026-02-30", H),
        ],
    ),
    (
        &["unlisted", "hidden", "is_hidden"],
        &[
            ("true", U),
            ("yes", U),
            ("false", P),
            ("", P),
            ("private", X),
            ("draft", D),
            ("some", H),
        ],
    ),
    (&["listed"], &[("false", U), ("no", U), ("true", P), ("some", H)]),
    (
        &["eleventyExcludeFromCollections"],
        &[("true", U), ("[post]", U), ("false", P), ("", P)],
    ),
    (
        &["hide", "hiddenInHomeList", "hiddenFromHomePage", "hide_from_home"],
        &[("true", U), ("false", P), ("[toc]", P), ("[navigation, toc]", P), ("toc", P)],
    ),
    (&["article"], &[("false", U), ("true", P), ("a, an or the", P)]),
    (
        &["build", "_build"],
        &[
            ("{list: never}", U),
            ("{list: false}", U),
            ("{list: local}", U),
            ("{list: always}", P),
            ("{render: never}", X),
            ("{render: false, list: never}", X),
            ("{render: link}", X),
            ("{render: link, list: never}", X),
            ("{render: Link}", X),
            ("{render: never, list: always}", X),
            ("{list: never, render: always}", U),
            ("{list: true, render: true}", P),
            ("{list: always, render: always}", P),
            ("{publishResources: false}", P),
            ("{render: sometimes}", H),
            ("{list: sometimes}", H),
            ("false", X),
            ("fast", P),
        ],
    ),
    (
        &["render"],
        &[("false", X), ("never", X), ("true", P), ("link", P), ("blender", P)],
    ),
    (&["headless", "locked", "lock"], &[("true", X), ("false", P), ("cms", P)]),
    (&["permalink", "url"], &[("false", X), ("/a/", P), ("", P)]),
    (
        &["password", "Password", "post_password", "passwd", "passphrase"],
        &[
            ("hunter2", X),
            ("1234", X),
            ("no", X),
            ("[a, b]", X),
            ("{hash: x}", X),
            ("true", X),
            ("false", P),
            ("", P),
            ("''", P),
            ("~", P),
        ],
    ),
    (
        &[
            "encrypt",
            "encrypted",
            "protected",
            "password_protected",
            "isProtected",
            "encryption",
        ],
        &[
            ("true", X),
            ("yes", X),
            ("aes", X),
            ("{password: x}", X),
            ("false", P),
            ("no", P),
            ("none", P),
            ("", P),
        ],
    ),
    (
        &[
            "share",
            "comments",
            "visible",
            "toc",
            "nav_exclude",
            "navigation",
            "sitemap",
            "robots",
            "archived",
            "index",
            "dg-hide",
        ],
        &[
            ("false", P),
            ("true", P),
            ("{enable: true}", P),
            ("[toc]", P),
            ("noindex", P),
            ("", P),
        ],
    ),
    (
        &["extra: {draft", "params: {draft"],
        &[("true}", D), ("maybe}", H), ("false}", P)],
    ),
];

#[test]
fn every_cell_of_the_table() {
    let mut wrong = Vec::new();
    for (keys, values) in CELLS {
        for (key, (value, expected)) in keys.iter().flat_map(|key| values.iter().map(move |cell| (key, cell))) {
            let found = visibility(&format!("{key}: {value}"));
            if found != *expected {
                wrong.push(format!("{key}: {value} is {found:?} and not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_of_the_table_is_in_a_cell() {
    let folded = |key: &str| {
        let key = key.rsplit('{').next().unwrap_or(key);
        key.replace(['-', '_'], "").to_lowercase()
    };
    let shown: Vec<String> = CELLS
        .iter()
        .flat_map(|(keys, _)| keys.iter().map(|key| folded(key)))
        .collect();
    for row in TABLE {
        let is_shown = row
            .keys
            .iter()
            .any(|key| shown.iter().any(|shown| key.starts_with(shown.as_str())));
        assert!(is_shown, "{:?}", row.keys);
    }
}

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

/// What a key says about visibility: whether it decides it, whether it is clearly about it, and whether it may be about it.
#[test]
fn keys_about_visibility_are_recognised() {
    let cases = [
        ("draft", true, true, true),
        ("Is-Draft", true, true, true),
        ("dg-publish", true, true, true),
        ("hide", true, false, true),
        ("state", true, false, true),
        ("embargo", true, true, false),
        ("publishDate", true, true, false),
        ("expires", true, true, false),
        ("share", false, false, false),
        ("permalink", false, false, false),
        ("url", false, false, false),
        ("date", false, false, false),
        ("feed", false, false, true),
        ("disable_feed", false, false, true),
        ("rss.exclude", false, false, true),
        ("draf", false, false, true),
        ("pasword", false, false, true),
        ("craft", false, false, false),
        ("drafts", true, false, true),
        ("dra", false, false, false),
        ("title", false, false, false),
        ("", false, false, false),
    ];
    for (key, decides, is_certain, may_be_about) in cases {
        assert_eq!(decides_visibility(key), decides, "{key} decides");
        assert_eq!(is_visibility_key(key), is_certain, "{key} is certain");
        assert_eq!(is_about_visibility(key), may_be_about, "{key} may be about it");
    }
}

#[test]
fn every_row_with_an_effect_has_values() {
    for row in TABLE {
        assert!(!row.values.is_empty() || row.otherwise == Effect::Nothing, "{:?}", row.keys);
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

#[test]
fn a_misspelled_key_holds_unless_its_value_is_clearly_public() {
    let held = [
        "draf: true",
        "drat: true",
        "darft: true",
        "draaft: yes",
        "draf: maybe",
        "draf: draft",
        "publisched: false",
        "pubished: false",
        "publishd: no",
        "publishe: false",
        "publish_: false",
        "privat: true",
        "statuss: draft",
        "statues: draft",
        "stauts: whatever",
        "visibilty: private",
        "unlistd: true",
        "hiden: true",
        "pasword: hunter2",
        "pass-wort: x",
        "encryptd: true",
        "expiryDat: 2099-01-01",
        "expiryDat: 2020-01-01",
        "publishDat: 2099-01-01",
        "publishDat: soon",
        "pubdat: 2099-01-01",
        "dgpublis: false",
        "post-statu: draft",
        "dräft: true",
        "extra: {draf: true}",
    ];
    for front_matter in held {
        assert_ne!(visibility(front_matter), P, "{front_matter}");
    }
    let public = [
        "draf: false",
        "draf:",
        "draf: ''",
        "publisched: true",
        "statuss: published",
        "privat: no",
        "pasword: false",
        "publishDat: 2020-01-01",
        "crated: 2020-01-01",
        "dtae: 2099-01-01",
        "dates: 2099-01-01",
        "drafts: 3",
        "draft_of: x",
        "draughts: true",
        "update: 2099-01-01",
        "publisher: O'Reilly",
        "publishers: [a]",
        "publication: Nature",
        "stats: {views: 3}",
        "states: [Ohio]",
        "state: Ohio",
        "statue: Liberty",
        "statues: [David]",
        "private_key: x",
        "privacy: a notice",
        "listen: https://example.com/",
        "lists: [a]",
        "expired: some",
        "expire: 3",
        "craft: wood",
        "raft: x",
        "creator: Ann",
        "create: x",
        "show_date: false",
        "hidetitle: true",
        "gender: x",
    ];
    for front_matter in public {
        assert_eq!(visibility(front_matter), P, "{front_matter}");
    }
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

/// Whether a post with this line is public in 2026; `None` if its file is refused.
fn is_public(line: &str) -> Option<bool> {
    let text = format!("---\ntitle: x\ndate: 2020-01-01\n{line}\n---\nText.\n");
    let file = SourceFile {
        path: "a.md".into(),
        bytes: text.as_bytes().into(),
        modified: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let post = read(&file, &Config::default()).ok()?.post;
    Some(matches!(post.visibility(now), Visibility::Public | Visibility::Unlisted))
}

/// `value` without comments, quotes, brackets and invisible characters, in lower case.
fn normalised(value: &str) -> String {
    let value = if value.starts_with('#') { "" } else { value };
    let value = value.split(" #").next().unwrap_or(value);
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '[' | ']' | '{' | '}' | ',' | '\u{200b}');
    value.trim_matches(is_around).to_lowercase()
}

/// Whether `value` may make a post public with a key of this kind. It does not use the table.
fn may_be_public(kind: &str, value: &str) -> bool {
    let value = normalised(value);
    let value = value.as_str();
    let is_nothing = matches!(value, "" | "~" | "null");
    let runs = |least: usize| -> Vec<u64> {
        let digits = value.split(|c: char| !c.is_ascii_digit());
        digits
            .filter(|run| run.len() >= least)
            .map(|run| run.parse().unwrap_or(u64::MAX))
            .collect()
    };
    is_nothing
        || match kind {
            "draft" => ["false", "no", "off", "0", "n", "f"].contains(&value),
            "publish" => {
                let words = [
                    "true",
                    "yes",
                    "on",
                    "1",
                    "y",
                    "t",
                    "published",
                    "publish",
                    "public",
                    "live",
                    "all",
                    "unlisted",
                ];
                words.contains(&value) || runs(4).iter().any(|&run| run < 2027)
            }
            "status" => ["published", "publish", "public", "live", "final", "posted", "all", "hidden"].contains(&value),
            "password" => value == "false",
            "date" => runs(4).iter().any(|run| !(2027..=19_000_101).contains(run)),
            "expiry" => ["never", "none", "no", "false", "off", "n/a"].contains(&value) || runs(4).iter().any(|&run| run > 2024),
            _ => false,
        }
}

/// Kinds of keys, with the keys and values that keep a post from being public.
const HOLDING: [(&str, &[&str], &[&str]); 6] = [
    (
        "draft",
        &["draft", "private", "wip", "encrypted", "protected", "saveAsDraft"],
        &["true", "yes", "on", "maybe", "not yet"],
    ),
    (
        "publish",
        &["published", "publish", "dg-publish", "public"],
        &["false", "no", "soon", "TBD"],
    ),
    (
        "status",
        &["status", "post-status", "visibility"],
        &["draft", "private", "pending", "half way"],
    ),
    ("password", &["password", "post_password"], &["hunter2", "1234", "true"]),
    (
        "date",
        &["publishDate", "pubDate", "embargo_until"],
        &["2099-01-01", "TBD", "6. Mai 2099", "[[2099-05-06]]", "2027-02-30"],
    ),
    ("expiry", &["expiryDate", "expires"], &["2021-01-01", "soon", "1 May 2021"]),
];

fn holding() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    (0..HOLDING.len()).prop_flat_map(|kind| {
        let (kind, keys, values) = HOLDING[kind];
        (Just(kind), proptest::sample::select(keys), proptest::sample::select(values))
    })
}

/// `text` with letters inserted, removed, replaced or swapped.
fn mutated(text: &str, edits: &[(u8, usize, char)]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for &(edit, place, letter) in edits {
        let at = place % (letters.len() + 1);
        match edit % 5 {
            0 => letters.insert(at, letter),
            1 if at < letters.len() => drop(letters.remove(at)),
            2 if at < letters.len() => letters[at] = letter,
            3 if at + 1 < letters.len() => letters.swap(at, at + 1),
            _ if at < letters.len() => letters[at] = letters[at].to_ascii_uppercase(),
            _ => letters.push(letter),
        }
    }
    letters.into_iter().collect()
}

#[test]
fn a_value_that_yaml_reads_as_null_counts_as_written() {
    for line in [
        "draft: &true",
        "draft: !true",
        "draft: |true",
        "publishDate: [[&2099-05-06]]",
        "publishDate: [ &TBD ]",
        "publishDate:\n- &TBD",
        "publishDate: ['', &TBD]",
    ] {
        assert_ne!(is_public(line), Some(true), "{line}");
    }
    for line in [
        "publishDate:",
        "publishDate: null",
        "publishDate: [null]",
        "publishDate: []",
        "publishDate: '' # not yet",
        "publishDate:\n- ",
        "draft: ~",
    ] {
        assert_eq!(is_public(line), Some(true), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_typo_in_a_value_makes_a_post_public(
        (kind, key, value) in holding(),
        edits in proptest::collection::vec((any::<u8>(), any::<usize>(), "[-a-z0-9 .,:;'\"\\[\\]{}()/&*!|>@%`~?#+_=éя\u{200b}]"), 0..4),
    ) {
        let edits: Vec<_> = edits.into_iter().map(|(edit, place, letter)| (edit, place, letter.chars().next().unwrap())).collect();
        let value = mutated(value, &edits);
        let line = format!("{key}: {value}");
        prop_assert!(is_public(&line) != Some(true) || may_be_public(kind, &value), "{}", line);
    }

    #[test]
    fn no_typo_in_a_key_makes_a_post_public(
        (_, key, value) in holding(),
        edit: u8,
        place: usize,
        letter in "[a-z_-]",
    ) {
        // words of English that are keys with another meaning
        const OTHERS: [&str; 24] = ["drafts", "encrypts", "statues", "statute",
            "publisher", "publishes", "expire", "expired", "empires", "primate", "privates", "passwords", "protests", "projected", "statue",
            "states", "stats", "craft", "drift", "graft", "raft", "daft", "kraft", "drafty",
        ];
        let typo = mutated(key, &[(edit % 4, place, letter.chars().next().unwrap())]);
        let folded = typo.to_lowercase().replace(['-', '_'], "");
        prop_assume!(key.len() > 4 && !OTHERS.contains(&folded.as_str()) && !typo.starts_with('-'));
        let line = format!("{typo}: {value}");
        prop_assert!(is_public(&line) != Some(true), "{}", line);
    }
}
