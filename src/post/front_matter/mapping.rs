//! The fields of a front matter while it is parsed, with repeated keys.

use std::collections::HashMap;

use super::key::keeps_all_values;
use super::parts::FileText;
use crate::diagnostic::{Diagnostic, Position};
use crate::post::node::Node;

/// How deep lists and mappings may be nested: real posts have four levels, and recursion over the tree is safe.
pub(super) const DEEPEST: usize = 32;
/// The most warnings of one kind about one front matter.
pub(super) const MOST_WARNINGS: usize = 8;

/// The fields of a front matter, and warnings.
pub(super) struct ParsedFields {
    pub(super) fields: Vec<(String, Node)>,
    pub(super) remarks: Vec<Diagnostic>,
}

/// A key with its value. The key may be repeated.
pub(super) struct KeyValue {
    pub(super) key: String,
    /// The position of the key.
    pub(super) at: Position,
    pub(super) node: Node,
}

/// A key that was written before.
pub(super) struct RepeatedKey {
    pub(super) key: String,
    pub(super) at: Position,
}

/// Makes a mapping of `entries`. The last value of a repeated key counts, as in most parsers of YAML and JSON. A key that decides who may
/// read the post, in any case, keeps all its values, because it is unknown which of them the author forgot.
pub(super) fn merge_repeated(entries: Vec<KeyValue>, repeated: &mut Vec<RepeatedKey>) -> Vec<(String, Node)> {
    if are_keys_unique(&entries) {
        return entries.into_iter().map(|KeyValue { key, node, .. }| (key, node)).collect();
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut fields: Vec<(String, Node)> = Vec::with_capacity(entries.len());
    for KeyValue { key, at, node } in entries {
        let keeps_all = keeps_all_values(&key);
        let name = if keeps_all { key.to_ascii_lowercase() } else { key.clone() };
        if let Some((_, kept)) = places.get(&name).and_then(|&place| fields.get_mut(place)) {
            repeated.push(RepeatedKey { key: key.clone(), at });
            if !keeps_all {
                *kept = node;
            } else if kept.value != node.value {
                fields.push((key, node));
            }
        } else {
            places.insert(name, fields.len());
            fields.push((key, node));
        }
    }
    fields
}

/// Whether no key is repeated, in any case. This is usual, and quick to check.
fn are_keys_unique(entries: &[KeyValue]) -> bool {
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable_by(|one, other| in_lower_case(one).cmp(in_lower_case(other)));
    keys.is_sorted_by(|one, other| in_lower_case(one).lt(in_lower_case(other)))
}

fn in_lower_case(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Returns warnings about repeated keys.
pub(super) fn warn_of_repeated<'f>(
    file: FileText<'f, 'f>,
    code: &'static str,
    repeated: &'f [RepeatedKey],
) -> impl Iterator<Item = Diagnostic> + 'f {
    repeated.iter().take(MOST_WARNINGS).map(move |RepeatedKey { key, at }| {
        let counts = if keeps_all_values(key) {
            "the stricter counts"
        } else {
            "this one counts"
        };
        let message = format!("`{key}` is written a second time; {counts}");
        file.warn(code, *at, message, "delete one of the two".to_owned())
    })
}
