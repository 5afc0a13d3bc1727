//! No typing mistake in a key or a value makes a post public.

use proptest::prelude::*;

use super::{P, visibility};
use crate::config::Config;
use crate::post::{Visibility, read};
use crate::source_file::SourceFile;

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
    #![proptest_config(ProptestConfig::with_cases(1500))]

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
