//! Looks up keys of a front matter in any spelling that the common tools use.
//!
//! Keys are compared without case, `-` and `_`: `pubDate`, `pub_date` and `Pub-Date` are the same key. A dotted name reaches into a
//! mapping (`taxonomies.tags`). A key that is not at the top is looked up below `extra` (Zola) and `params` (Hugo).

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Number};

use super::characters::{is_forbidden, is_invisible};
use super::node::{Node, Value};
use crate::diagnostic::is_secret;

/// The fields of one front matter. Records which keys were looked up: the others are the author's own.
pub struct Fields<'a> {
    keys: Vec<FieldKey<'a>>,
    /// The keys below [`NESTED_KEYS`], in their order, each list with the index of its key in `keys`.
    nested: Vec<(usize, Vec<FieldKey<'a>>)>,
    /// The first characters of all keys, one bit for each ASCII character: most keys that are looked up begin with another one.
    initials: u128,
}

/// A key of the front matter with its value.
pub struct FieldKey<'a> {
    folded: Cow<'a, str>,
    name: &'a str,
    node: &'a Node,
    is_known: Cell<bool>,
}

/// Keys of mappings whose own keys are used where the top level has none.
const NESTED_KEYS: [&str; 2] = ["extra", "params"];

/// Keys that mean something only to other tools.
const IGNORED_KEYS: [&str; 2] = ["layout", "template"];

impl<'a> Fields<'a> {
    /// Creates the fields of a front matter, given in the author's order.
    pub fn new(fields: &'a [(String, Node)]) -> Fields<'a> {
        let keys = FieldKey::all(fields);
        let mut nested = Vec::new();
        for name in NESTED_KEYS {
            for (index, key) in keys.iter().enumerate().filter(|(_, key)| key.folded == name) {
                if let Value::Map(map) = &key.node.value {
                    nested.push((index, FieldKey::all(map)));
                }
            }
        }
        let all = keys.iter().chain(nested.iter().flat_map(|(_, keys)| keys));
        let initials = all.fold(0, |initials, key| initials | initial(&key.folded));
        Fields { keys, nested, initials }
    }

    /// Returns the first of `keys` that exists and is not null, with the key as the author wrote it.
    pub fn first(&self, keys: &[&str]) -> Option<(&'a str, &'a Node)> {
        let mut first = None;
        self.each(keys, |key, node| first = first.or(Some((key, node))));
        first
    }

    /// Returns the first of `keys` whose value is a text that is not blank, with the key as the author wrote it.
    pub fn first_text(&self, keys: &[&str]) -> Option<(&'a str, &'a Node, &'a str)> {
        let mut first = None;
        self.each(keys, |key, node| {
            first = first.or_else(|| Some((key, node, text(node)?)));
        });
        first
    }

    /// Returns all of `keys` that exist and are not null, in the order of `keys`, with the keys as the author wrote them. A key written in
    /// two spellings comes twice.
    pub fn all(&self, keys: &[&str]) -> Vec<(&'a str, &'a Node)> {
        let mut found = Vec::new();
        self.each(keys, |key, node| found.push((key, node)));
        found
    }

    /// Calls `visit` with each of the fields that [`Fields::all`] returns.
    fn each(&self, keys: &[&str], mut visit: impl FnMut(&'a str, &'a Node)) {
        for key in keys {
            self.find(key, &mut visit);
        }
    }

    /// Calls `visit` with the values of `key` on the first level that has it. The key becomes known on all levels.
    fn find(&self, key: &str, visit: &mut impl FnMut(&'a str, &'a Node)) {
        if self.initials & initial(key) == 0 {
            return;
        }
        let (head, rest) = key.split_once('.').map_or((key, None), |(head, rest)| (head, Some(rest)));
        let mut is_found = false;
        let nested = self.nested.iter().map(|(_, keys)| keys);
        for keys in std::iter::once(&self.keys).chain(nested) {
            let is_missing = !is_found;
            for key in keys.iter().filter(|key| key.is(head)) {
                key.is_known.set(true);
                let value = match rest {
                    None => Some((key.name, key.node)).filter(|(_, node)| node.value != Value::Null),
                    Some(rest) => find_in(key.node, rest),
                };
                if let Some((name, node)) = value.filter(|_| is_missing) {
                    is_found = true;
                    visit(name, node);
                }
            }
        }
    }

    /// Returns every key in the author's order, then those of `extra` and `params`.
    pub fn keys(&self) -> impl Iterator<Item = &FieldKey<'a>> {
        self.keys.iter().chain(self.nested.iter().flat_map(|(_, keys)| keys))
    }

    /// Returns the fields that were not looked up, as JSON, without secrets. The content of `extra` and `params` is on the same level as
    /// the other fields.
    pub fn unknown_fields(&self) -> Map<String, serde_json::Value> {
        let mut rest = Map::new();
        let mut keep = |keys: &[FieldKey]| {
            for key in keys.iter().filter(|key| !key.is_known.get() && !is_secret(key.name)) {
                rest.entry(key.name).or_insert_with(|| to_json(key.node));
            }
        };
        for (index, key) in self.keys.iter().enumerate() {
            match self.nested.iter().find(|(nested, _)| *nested == index) {
                Some((_, keys)) => keep(keys),
                None => keep(std::slice::from_ref(key)),
            }
        }
        rest
    }
}

impl<'a> FieldKey<'a> {
    /// Returns the key in lower case, without `-`, `_`, spaces and invisible characters.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Returns the key as it was written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the value.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Returns whether the key was looked up, so that it has a meaning.
    pub fn is_known(&self) -> bool {
        self.is_known.get()
    }

    /// Marks the key as known, so that it is not among [`Fields::unknown_fields`].
    pub fn set_known(&self) {
        self.is_known.set(true);
    }

    fn all(fields: &'a [(String, Node)]) -> Vec<FieldKey<'a>> {
        fields.iter().map(|(name, node)| FieldKey::new(name, node)).collect()
    }

    fn new(name: &'a str, node: &'a Node) -> FieldKey<'a> {
        let is_folded = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let folded = if is_folded {
            Cow::Borrowed(name)
        } else {
            fold_key(name).collect()
        };
        FieldKey {
            is_known: Cell::new(IGNORED_KEYS.contains(&&*folded)),
            folded,
            name,
            node,
        }
    }

    /// Whether the key is a spelling of `name`.
    fn is(&self, name: &str) -> bool {
        if initial(name) & initial(&self.folded) == 0 {
            return false;
        }
        if name.is_ascii() {
            let bytes = name.bytes().filter(|&byte| is_significant(char::from(byte)));
            bytes.map(|byte| byte.to_ascii_lowercase()).eq(self.folded.bytes())
        } else {
            fold_key(name).eq(self.folded.chars())
        }
    }
}

/// The bit for the first character of `key`; all bits if it is not an ASCII letter or digit, because folding may remove or replace it.
fn initial(key: &str) -> u128 {
    match key.bytes().next() {
        Some(first) if first.is_ascii_alphanumeric() => 1 << first.to_ascii_lowercase(),
        _ => u128::MAX,
    }
}

/// Returns the first of `keys` in the mapping `node`.
pub fn first_in<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a Node> {
    keys.iter().find_map(|key| find_in(node, key)).map(|(_, node)| node)
}

/// The first field of the mapping `node` that is not null and whose name is a spelling of `key`.
fn find_in<'a>(node: &'a Node, key: &str) -> Option<(&'a str, &'a Node)> {
    let Value::Map(map) = &node.value else {
        return None;
    };
    let (name, node) = map
        .iter()
        .find(|(name, node)| node.value != Value::Null && fold_key(name).eq(fold_key(key)))?;
    Some((name, node))
}

/// Returns the significant characters of `key`, in lower case.
pub(super) fn fold_key(key: &str) -> impl Iterator<Item = char> + '_ {
    key.chars().filter(|&c| is_significant(c)).flat_map(char::to_lowercase)
}

/// Whether `c` distinguishes two keys. White space does not, because editors paste no-break spaces, and neither do invisible characters.
fn is_significant(c: char) -> bool {
    !matches!(c, '-' | '_') && !c.is_whitespace() && !is_invisible(c)
}

/// Returns a scalar's text without the white space around it; `None` for lists, mappings and blank texts.
pub fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// Returns `text` on one line: white space collapsed, without the characters that are left out of every output.
pub fn single_line(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == ' ' || !(c.is_whitespace() || is_forbidden(c));
    let is_folded = !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ");
    if is_folded && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let text = text.replace(|c: char| is_forbidden(c) && !c.is_whitespace(), "");
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns whether a value is empty: null, a blank text, or a list of empty values.
pub fn is_blank(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Scalar { text, .. } => text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c)).is_empty(),
        Value::List(list) => list.iter().all(is_blank),
        Value::Map(map) => map.is_empty(),
    }
}

/// Returns whether a value is written in `text` where `node` was read as null: in YAML `&true` and `!true` are an anchor and a tag, and
/// `|true` is nothing, but the author meant something else.
pub fn has_unread_value(node: &Node, text: &str) -> bool {
    if !is_blank(node) {
        return false;
    }
    let line = text.split('\n').nth(node.position.line.saturating_sub(1)).unwrap_or_default();
    // a list may begin on the line after its key
    let value = line.split_once([':', '=', '：']).map_or(line, |(_, value)| value);
    let value = value.split(" #").next().unwrap_or_default();
    let words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let has_words = words.into_iter().any(|word| !word.eq_ignore_ascii_case("null"));
    has_words || value.trim_start().starts_with(['&', '!', '*', '|', '>', '%', '@', '`'])
}

/// Returns a text that names something; `None` also for a boolean, with which tools switch such things on and off (`cover: false`).
pub fn name(node: &Node) -> Option<&str> {
    text(node).filter(|_| boolean(node).is_none())
}

/// Returns the boolean in any of the words that the common tools accept; `None` for every other text.
pub fn boolean(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Null => Some(false),
        Value::Scalar { text, .. } => parse_boolean(text),
        _ => None,
    }
}

/// Parses a boolean.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" | "t" => Some(true),
        "false" | "no" | "off" | "0" | "n" | "f" | "" => Some(false),
        _ => None,
    }
}

/// Returns the elements of a list, with nested lists flattened; a single value is a list of one.
pub fn elements(node: &Node) -> Vec<&Node> {
    let mut found = Vec::new();
    find_elements(node, &mut found);
    found
}

fn find_elements<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| find_elements(node, found)),
        Value::Null => {}
        _ => found.push(node),
    }
}

fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar { text, plain: true } => plain_json(text),
        Value::Scalar { text, plain: false } => text.as_str().into(),
        Value::List(list) => list.iter().map(to_json).collect(),
        Value::Map(map) => map
            .iter()
            .filter(|(key, _)| !is_secret(key))
            .map(|(key, node)| (key.clone(), to_json(node)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// An unquoted scalar with its type in YAML 1.2; a number only if it keeps its spelling (`007` and `1.10` are texts).
fn plain_json(text: &str) -> serde_json::Value {
    match text {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let number = text
        .parse::<i64>()
        .ok()
        .map(Number::from)
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    match number {
        Some(number) if number.to_string() == text => serde_json::Value::Number(number),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    /// The first of `keys`, and the fields that were not looked up.
    fn look_up(front_matter: &str, keys: &[&str]) -> (Option<String>, String) {
        let text = format!("---\n{front_matter}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        let fields = Fields::new(&parts.fields);
        let found = fields.first(keys).and_then(|(_, node)| super::text(node).map(str::to_owned));
        (found, serde_json::to_string(&fields.unknown_fields()).unwrap())
    }

    #[test]
    fn keys_are_found_in_any_spelling_and_place() {
        let cases: [(&str, &[&str], Option<&str>, &str); 17] = [
            ("pubDate: x", &["pub_date"], Some("x"), "{}"),
            ("Last-Modified: x", &["lastmodified"], Some("x"), "{}"),
            ("taxonomies: {tags: x}", &["taxonomies.tags"], Some("x"), "{}"),
            ("extra: {lang: x, b: 1}", &["lang"], Some("x"), r#"{"b":1}"#),
            ("lang: x\nparams: {lang: y}", &["lang"], Some("x"), "{}"),
            ("b: x\na: y", &["a", "b"], Some("y"), "{}"),
            ("a: ~\nb: x", &["a", "b"], Some("x"), "{}"),
            ("pub_date: ~\npubDate: x", &["pubDate"], Some("x"), "{}"),
            ("mood: 1\n\u{a0}lang\u{200b}: x", &["lang"], Some("x"), r#"{"mood":1}"#),
            ("layout: post\nmood: fine", &["a"], None, r#"{"mood":"fine"}"#),
            ("params: {a: x}\nextra: {a: y, b: 1}", &["a"], Some("y"), r#"{"b":1}"#),
            ("extra: {a: ~}\nEx-tra: {A_: x}", &["a"], Some("x"), "{}"),
            ("extra: x\nparams: {layout: y, c: 1}", &["a"], None, r#"{"extra":"x","c":1}"#),
            ("a: x", &["a.b"], None, "{}"),
            ("extra: {a: {B-b: x, c: 1}}", &["a.bb"], Some("x"), "{}"),
            ("ÜBER: x\nb: 1", &["ü_ber"], Some("x"), r#"{"b":1}"#),
            ("\u{212a}ind: x\nKind-s: y", &["kind"], Some("x"), r#"{"Kind-s":"y"}"#),
        ];
        for (front_matter, keys, found, left) in cases {
            assert_eq!(
                look_up(front_matter, keys),
                (found.map(str::to_owned), left.to_owned()),
                "{front_matter}"
            );
        }
    }

    #[test]
    fn blank_values_are_skipped() {
        let parts = front_matter::parse("a.md".into(), "---\na: ''\nb: [x]\nc: y\n---\n").unwrap();
        let fields = Fields::new(&parts.fields);
        let (key, _, text) = fields.first_text(&["a", "b", "c"]).unwrap();
        assert_eq!((key, text), ("c", "y"));
    }

    #[test]
    fn unknown_values_keep_their_spelling() {
        let (_, rest) = look_up("a: 007\nb: 1.10\nc: 12\nd: 'true'\ne: true\nf: [1, x]\ng: 1.5", &[]);
        assert_eq!(
            rest,
            r#"{"a":"007","b":"1.10","c":12,"d":"true","e":true,"f":[1,"x"],"g":1.5}"#
        );
    }
}
