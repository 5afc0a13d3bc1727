//! Holds back posts with a misspelled key of visibility or date: one that no tool knows and that is one letter from a known key (`draf`,
//! `publisched`, `expiryDat`).

use super::table::{Effect, ROWS, TABLE, effect_of};
use crate::config::Config;
use crate::diagnostic::is_secret;
use crate::post::date_field::{self, DateField};
use crate::post::dating::{self, DateLimit};
use crate::post::fields::{self, Fields};
use crate::post::node::Node;
use crate::post::remarks::Remarks;
use crate::source_file::SourceFile;

/// In letters, of a known key: a shorter one is one letter from too many other words.
const SHORTEST: usize = 5;

/// Keys that are one letter from such a key and have another meaning, without `-`, `_` and capitals.
const OTHER_WORDS: [&str; 39] = [
    "bidden",
    "chidden",
    "craft",
    "crated",
    "create",
    "creates",
    "crested",
    "daft",
    "drafty",
    "drift",
    "empires",
    "encrypts",
    "enlisted",
    "expire",
    "expired",
    "graft",
    "kraft",
    "lasted",
    "lifted",
    "linted",
    "listen",
    "lister",
    "misted",
    "passwords",
    "primate",
    "privates",
    "projected",
    "protests",
    "publisher",
    "publishes",
    "raft",
    "ridden",
    "state",
    "states",
    "stats",
    "statue",
    "statues",
    "statute",
    "treated",
];

/// Holds the post back for every unknown key that is one letter from a key of visibility or date, unless its value clearly makes the post
/// public. To be called after everything else was read, when all known keys are marked.
pub(in crate::post) fn hold_misspelled_keys(fields: &Fields, file: &SourceFile, config: &Config, remarks: &mut Remarks) {
    for key in fields.keys().filter(|key| !key.is_known()) {
        let folded = key.folded();
        if ROWS.contains_key(folded) || fields::is_blank(key.node()) {
            continue;
        }
        let mut similar = similar_keys(folded).filter(|similar| !is_clearly_public(similar, key.node(), file, config));
        let Some(similar) = similar.next() else {
            continue;
        };
        // `stats: [3, 5]` is something else, `statues: draft` is not
        let is_status = || {
            matches!(
                effect_of("status", key.node()),
                Some(Effect::Draft | Effect::Private | Effect::Unlisted)
            )
        };
        if OTHER_WORDS.contains(&folded) && !(similar == "status" && is_status()) {
            continue;
        }
        let message = format!("no tool knows `{}`; `{similar}` may be meant", key.name());
        let mend = format!("write `{similar}`, or give the key another name");
        match offset_of(key.name(), key.node(), remarks.text()) {
            Some(offset) => remarks.hold_at("key-misspelled", offset, key.name().chars().count(), message, &mend),
            None => remarks.hold_value("key-misspelled", key.node(), message, &mend),
        }
        if is_secret(similar) {
            remarks.hide_line_of_last();
        }
    }
}

/// The offset in `text` of the key `name`, if it is on the line on which its value `node` begins.
fn offset_of(name: &str, node: &Node, text: &str) -> Option<usize> {
    let before = node.position.line.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    Some(start + line.find(name)?)
}

/// Returns whether `key`, without `-`, `_` and capitals, is one letter from a key of visibility or date, and has no other meaning.
pub(super) fn is_misspelled(key: &str) -> bool {
    !ROWS.contains_key(key) && !OTHER_WORDS.contains(&key) && similar_keys(key).next().is_some()
}

/// The known keys that are one letter from `key`.
fn similar_keys(key: &str) -> impl Iterator<Item = &'static str> {
    let words = TABLE
        .iter()
        .filter(|row| row.catches_misspellings)
        .flat_map(|row| row.keys.iter().copied());
    let words = words
        .chain(dating::limiting_date_keys())
        .filter(|word| word.len() >= SHORTEST);
    words.filter(move |word| is_one_edit(key, word))
}

/// Whether `key` is `word` with one letter inserted, removed, replaced or swapped.
fn is_one_edit(key: &str, word: &str) -> bool {
    let (key, word): (Vec<char>, Vec<char>) = (key.chars().collect(), word.chars().collect());
    if key.len().abs_diff(word.len()) > 1 {
        return false;
    }
    let same = key.iter().zip(&word).take_while(|(one, other)| one == other).count();
    let (key, word) = (&key[same..], &word[same..]);
    match (key, word) {
        ([_, rest @ ..], _) if rest == word => true,
        (_, [_, rest @ ..]) if rest == key => true,
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([a, b, one @ ..], [c, d, other @ ..]) => (a, b) == (d, c) && one == other,
        _ => false,
    }
}

/// Whether the value `node` of the known key `key` would make the post public.
fn is_clearly_public(key: &str, node: &Node, file: &SourceFile, config: &Config) -> bool {
    match dating::date_limit(key) {
        Some(DateLimit::Expiry) => false,
        Some(DateLimit::Start) => match date_field::read_date_field(node, &config.timezone(), config.posts.day_first) {
            DateField::Date(moment) => dating::had_passed(moment, file),
            _ => false,
        },
        None => effect_of(key, node) == Some(Effect::Public),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit() {
        for key in [
            "draf", "drat", "raft", "drraft", "drafts", "darft", "dragt", "drfat", "draftt", "xdraft",
        ] {
            assert!(is_one_edit(key, "draft"), "{key}");
        }
        for key in ["draft", "dra", "drafted", "tfard", "dtfra", "", "drtaf", "daftr"] {
            assert!(!is_one_edit(key, "draft"), "{key}");
        }
    }

    #[test]
    fn other_words_are_sorted_and_have_no_effect() {
        assert!(OTHER_WORDS.is_sorted());
        for key in OTHER_WORDS {
            assert!(
                key == "state" || !ROWS.contains_key(key) || effect_of(key, &scalar("x")) == Some(Effect::Nothing),
                "{key}"
            );
        }
    }

    fn scalar(text: &str) -> Node {
        Node {
            value: crate::post::node::Value::Scalar {
                text: text.to_owned(),
                plain: true,
            },
            position: crate::diagnostic::Position { line: 1, column: 1 },
        }
    }
}
