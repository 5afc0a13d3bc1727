//! The YAML that nearly all posts have, read without its grammar: a key and a short value on each line.
//!
//! The grammar takes several times as long as all else that is read of a front matter. What is read here reads the same there, and
//! what is not plainly of this kind is left to it: a property holds both.

use saphyr_parser::ScalarStyle;

use super::tree::{Tree, scalar};
use crate::post::front_matter::{Entry, Node, Position, Value};

/// Longer keys, and keys of other letters, are left to the grammar.
const LONGEST_KEY: usize = 64;

/// Reads `text`, whose first line is number `line` of the file, if it is of this kind.
pub(super) fn read(text: &str, line: usize) -> Option<Tree> {
    let lines = text.lines().enumerate().filter(|(_, written)| !written.is_empty());
    let entries = lines
        .map(|(number, written)| entry(written, line + number))
        .collect::<Option<_>>()?;
    Some(Tree {
        entries,
        repeated: Vec::new(),
    })
}

/// `key: value`, where all of it stands on line number `line`.
fn entry(written: &str, line: usize) -> Option<Entry> {
    let (key, after) = written.split_once(": ")?;
    let is_key = key.len() <= LONGEST_KEY && key.starts_with(|first: char| first.is_ascii_alphabetic());
    if !is_key
        || !key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        return None;
    }
    let value = after.trim_start_matches(' ');
    let at = |column| Position { line, column };
    let position = at(1 + written.len() - value.len());
    let value = value.trim_end_matches(' ');
    let node = match value.strip_prefix('[') {
        Some(items) => Node {
            value: Value::List(list(items.strip_suffix(']')?, position)?),
            position,
        },
        None => one(value, position, is_plain)?,
    };
    Some(Entry {
        key: key.to_owned(),
        at: at(1),
        node,
    })
}

/// The elements of a list, `written` between its brackets, of which the first stands at `bracket`.
fn list(written: &str, bracket: Position) -> Option<Vec<Node>> {
    let mut column = bracket.column + 1;
    let mut nodes = Vec::new();
    for element in written.split(',') {
        let inner = element.trim_start_matches(' ');
        let position = Position {
            column: column + element.len() - inner.len(),
            ..bracket
        };
        nodes.push(one(inner.trim_end_matches(' '), position, is_plain_in_list)?);
        column += element.chars().count() + 1;
    }
    Some(nodes)
}

/// A text between quotes that hold no other, or without quotes where it `is_plain`.
fn one(written: &str, position: Position, is_plain: fn(&str) -> bool) -> Option<Node> {
    let quoted = |quote| written.strip_prefix(quote)?.strip_suffix(quote);
    let (text, style) = match (quoted('"'), quoted('\'')) {
        (Some(text), _) if is_bare(text, &['"', '\\']) => (text, ScalarStyle::DoubleQuoted),
        (_, Some(text)) if is_bare(text, &['\'']) => (text, ScalarStyle::SingleQuoted),
        (None, None) if is_bare(written, &[]) && is_plain(written) => (written, ScalarStyle::Plain),
        _ => return None,
    };
    Some(Node {
        value: scalar(text.into(), style, None),
        position,
    })
}

/// Whether `text` holds nothing that lines end with, nobody sees, or is one of `signs`.
fn is_bare(text: &str, signs: &[char]) -> bool {
    let is_odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') || signs.contains(&c);
    !text.contains(is_odd)
}

/// Whether `text` means itself without quotes: nothing in it is a sign of the grammar, where it stands.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric) && !text.contains(": ") && !text.contains(" #") && !text.ends_with(':')
}

/// Whether it does so in a list.
fn is_plain_in_list(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    text.chars().all(is_word) && text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::strict;
    use super::*;

    fn shown(tree: &Tree) -> String {
        let entries: Vec<String> = tree
            .entries
            .iter()
            .map(|Entry { key, at, node }| format!("{key:?} {at:?} {node:?}"))
            .collect();
        entries.join("\n")
    }

    #[test]
    fn what_is_read_without_the_grammar() {
        let cases = [
            ("", true),
            ("title: Reeds, and [rushes]\n\ndate: 2026-01-31T09:00:00+02:00\n", true),
            ("title:   \"Reeds: a #1\" \nslug: 'the \"reeds\"'\nempty: ''", true),
            ("tags: [reeds, 'dune, grass', \"été\" , a-b_c.d 1]\ndraft: null", false),
            ("tags: [reeds, 'dune grass', \"été\" , a-b_c.d 1]\ndraft: null", true),
            ("été: a", false),
            ("tags: []", false),
            ("tags: [a,]", false),
            ("tags: [a -]", false),
            ("title:", false),
            ("title: a\n  b", false),
            ("title: 'it''s'", false),
            ("title: \"a\\tb\"", false),
            ("title: a: b", false),
            ("title: a #b", false),
            ("title: a:", false),
            ("title: *a", false),
            ("title: |\n  a", false),
            ("title: \"", false),
            ("# a: b", false),
            ("tags:\n- a", false),
        ];
        for (text, is_read) in cases {
            let read = read(text, 3);
            assert_eq!(read.is_some(), is_read, "{text}");
            if let Some(tree) = read {
                let expected = strict(text, 3).map_err(|mistake| mistake.why).unwrap();
                assert_eq!(shown(&tree), shown(&expected), "{text}");
            }
        }
    }

    /// One line or two, of what means something to the grammar.
    const LINES: &str = "((a|b-1|title|a|b-1|title|é|- a|#)(: |: |: |:  |:)((\\[|\"|'|)(a|1|é|null|~| | | |# |: |, |[,:#'\"&*!|>%@`?{}=.\\\\\t\u{a0}\u{85}\u{2028}\u{feff}-]){0,5}(\\]|\"|'|))\n){1,2}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn it_reads_the_same_as_the_grammar(text in LINES) {
            if let Some(tree) = read(&text, 2) {
                let expected = strict(&text, 2).map_err(|mistake| TestCaseError::fail(format!("{text:?}: {}", mistake.why)))?;
                prop_assert_eq!(shown(&tree), shown(&expected), "{:?}", text);
            }
        }
    }
}
