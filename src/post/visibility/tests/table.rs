//! Every key about visibility with every kind of value.

use super::super::table::{Effect, TABLE};
use super::super::{decides_visibility, is_about_visibility, is_visibility_key};
use super::{D, H, P, U, X, visibility};
use crate::post::Visibility;

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
fn every_row_with_an_effect_has_values() {
    for row in TABLE {
        assert!(!row.values.is_empty() || row.otherwise == Effect::Nothing, "{:?}", row.keys);
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
