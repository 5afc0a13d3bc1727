//! Keys that no tool knows and that are one letter from a word about who may read the post: `draf`, `publisched`, `expiryDat`.

use super::super::date_field::{self, DateField};
use super::super::dating::{self, Guard};
use super::super::fields::{self, Fields};
use super::super::front_matter::Node;
use super::super::remarks::Remarks;
use super::table::{Effect, TABLE};
use super::{ROWS, effect_of};
use crate::config::Config;
use crate::diagnostic::is_secret;
use crate::source_file::SourceFile;

/// In letters: a shorter word is one letter from too many others.
const SHORTEST: usize = 5;

/// Keys that are one letter from such a word and mean something else, without `-`, `_` and capitals.
const ORDINARY: [&str; 39] = [
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

/// Holds the post back for every key that nothing here knows and that is one letter from a word about who may read it or when,
/// unless its value plainly says that all may. To be called when everything else was read.
pub(in crate::post) fn hold_for_slips(fields: &Fields, file: &SourceFile, config: &Config, says: &mut Remarks) {
    for key in fields.keys().filter(|key| !key.is_known()) {
        let folded = key.folded();
        let length = folded.chars().count();
        if length + 1 < SHORTEST || ROWS.contains_key(folded) || fields::is_blank(key.node()) {
            continue;
        }
        let mut doubtful = meant(folded).filter(|meant| !is_plainly_public(meant, key.node(), file, config));
        let Some(meant) = doubtful.next() else {
            continue;
        };
        // `stats: [3, 5]`, but `statues: draft`
        let is_state = || {
            matches!(
                effect_of("status", key.node()),
                Some(Effect::Draft | Effect::Private | Effect::Unlisted)
            )
        };
        if ORDINARY.contains(&folded) && !(meant == "status" && is_state()) {
            continue;
        }
        let message = format!("no tool knows `{}`; `{meant}` may be meant", key.name());
        let mend = format!("write `{meant}`, or give the key another name");
        match offset_of(key.name(), key.node(), says.text()) {
            Some(offset) => says.hold_at("key-misspelled", offset, key.name().chars().count(), message, &mend),
            None => says.hold("key-misspelled", key.node(), message, &mend),
        }
        if is_secret(meant) {
            says.hide_line_of_last();
        }
    }
}

/// Where in `text` the key `name` stands, if it is on the line where its value `node` begins.
fn offset_of(name: &str, node: &Node, text: &str) -> Option<usize> {
    let before = node.position.line.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    Some(start + line.find(name)?)
}

/// Whether `key`, without `-`, `_` and capitals, is one letter from a word about who may read a post or when, and means nothing else.
pub(super) fn is_slip(key: &str) -> bool {
    key.chars().count() + 1 >= SHORTEST && !ROWS.contains_key(key) && !ORDINARY.contains(&key) && meant(key).next().is_some()
}

/// The words that `key` is one letter from.
fn meant(key: &str) -> impl Iterator<Item = &'static str> {
    let words = TABLE
        .iter()
        .filter(|row| row.is_guarded)
        .flat_map(|row| row.keys.iter().copied());
    let words = words.chain(dating::guarding_keys()).filter(|word| word.len() >= SHORTEST);
    words.filter(move |word| is_one_edit(key, word))
}

/// Whether one inserted, missing, other or swapped letter makes `key` of `word`.
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

/// Whether `node`, as the value of `meant`, says that all may read the post.
fn is_plainly_public(meant: &str, node: &Node, file: &SourceFile, config: &Config) -> bool {
    match dating::guards(meant) {
        Some(Guard::Expiry) => false,
        Some(Guard::Date) => match date_field::read(node, &config.timezone(), config.posts.day_first) {
            DateField::At(moment) => dating::had_passed(moment, file),
            _ => false,
        },
        None => effect_of(meant, node) == Some(Effect::Public),
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
    fn ordinary_keys_are_needed_and_no_words_of_visibility() {
        assert!(ORDINARY.is_sorted());
        for key in ORDINARY {
            assert!(
                key == "state" || !ROWS.contains_key(key) || effect_of(key, &scalar("x")) == Some(Effect::Nothing),
                "{key}"
            );
        }
    }

    fn scalar(text: &str) -> Node {
        Node {
            value: super::super::super::front_matter::Value::Scalar {
                text: text.to_owned(),
                plain: true,
            },
            position: crate::diagnostic::Position { line: 1, column: 1 },
        }
    }
}
