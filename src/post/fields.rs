//! The keys of a front matter, found whoever's habit they follow.
//!
//! Keys compare without regard to case, `-` and `_`: `pubDate`, `pub_date` and `Pub-Date` are one. A dotted name reaches into a
//! mapping (`taxonomies.tags`). What is not found at the top is looked for below `extra` (Zola) and `params` (Hugo).

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Number};

use super::characters::{is_forbidden, is_invisible};
use super::front_matter::{Node, Value};
use crate::diagnostic::is_secret;

/// The fields of one front matter. Remembers which keys were asked for: the others are the post's own.
pub struct Fields<'a> {
    keys: Vec<Key<'a>>,
    /// What [`SECOND_PLACES`] hold, in their order, and which of the keys each is.
    second: Vec<(usize, Vec<Key<'a>>)>,
    /// What any of the keys begins with, a bit for each character of ASCII: nearly all that are asked for begin with another.
    initials: u128,
}

/// A key as it was written, and what it leads to.
pub struct Key<'a> {
    folded: Cow<'a, str>,
    name: &'a str,
    node: &'a Node,
    asked: Cell<bool>,
}

/// Mappings whose keys count as the post's own where the top has none.
const SECOND_PLACES: [&str; 2] = ["extra", "params"];

/// Keys that say something to other tools only.
const OTHERS: [&str; 2] = ["layout", "template"];

impl<'a> Fields<'a> {
    /// The fields `fields`, in their author's order.
    pub fn new(fields: &'a [(String, Node)]) -> Fields<'a> {
        let keys = Key::all(fields);
        let mut second = Vec::new();
        for place in SECOND_PLACES {
            for (at, key) in keys.iter().enumerate().filter(|(_, key)| key.folded == place) {
                if let Value::Map(map) = &key.node.value {
                    second.push((at, Key::all(map)));
                }
            }
        }
        let all = keys.iter().chain(second.iter().flat_map(|(_, keys)| keys));
        let initials = all.fold(0, |initials, key| initials | initial(&key.folded));
        Fields { keys, second, initials }
    }

    /// The first of `keys` that is there and not null, with the key as its author wrote it.
    pub fn first(&self, keys: &[&str]) -> Option<(&'a str, &'a Node)> {
        let mut first = None;
        self.each(keys, |key, node| first = first.or(Some((key, node))));
        first
    }

    /// The first of `keys` that holds a text which is not blank, with the key as its author wrote it.
    pub fn first_text(&self, keys: &[&str]) -> Option<(&'a str, &'a Node, &'a str)> {
        let mut first = None;
        self.each(keys, |key, node| {
            first = first.or_else(|| Some((key, node, text(node)?)));
        });
        first
    }

    /// All of `keys` that are there and not null, in the order of `keys`, with the key as its author wrote it; one that is written
    /// in two spellings comes twice.
    pub fn all(&self, keys: &[&str]) -> Vec<(&'a str, &'a Node)> {
        let mut found = Vec::new();
        self.each(keys, |key, node| found.push((key, node)));
        found
    }

    /// Has `take` take all of `keys`, as [`Fields::all`] gives them.
    fn each(&self, keys: &[&str], mut take: impl FnMut(&'a str, &'a Node)) {
        for key in keys {
            self.find(key, &mut take);
        }
    }

    /// Has `take` take what `key` leads to in the first place that has it. It is asked for in all of them.
    fn find(&self, key: &str, take: &mut impl FnMut(&'a str, &'a Node)) {
        if self.initials & initial(key) == 0 {
            return;
        }
        let (head, rest) = key.split_once('.').map_or((key, None), |(head, rest)| (head, Some(rest)));
        let mut is_found = false;
        let second = self.second.iter().map(|(_, keys)| keys);
        for keys in std::iter::once(&self.keys).chain(second) {
            let is_missing = !is_found;
            for key in keys.iter().filter(|key| key.is(head)) {
                key.asked.set(true);
                let led_to = match rest {
                    None => Some((key.name, key.node)).filter(|(_, node)| node.value != Value::Null),
                    Some(rest) => find_in(key.node, rest),
                };
                if let Some((name, node)) = led_to.filter(|_| is_missing) {
                    is_found = true;
                    take(name, node);
                }
            }
        }
    }

    /// Every key that is written, in its author's order, and after them those of `extra` and `params`.
    pub fn keys(&self) -> impl Iterator<Item = &Key<'a>> {
        self.keys.iter().chain(self.second.iter().flat_map(|(_, keys)| keys))
    }

    /// What nothing asked for, as JSON. The content of `extra` and `params` stands beside the rest. No secret is among it.
    pub fn rest(&self) -> Map<String, serde_json::Value> {
        let mut rest = Map::new();
        let mut keep = |keys: &[Key]| {
            for key in keys.iter().filter(|key| !key.asked.get() && !is_secret(key.name)) {
                rest.entry(key.name).or_insert_with(|| json(key.node));
            }
        };
        for (at, key) in self.keys.iter().enumerate() {
            match self.second.iter().find(|(place, _)| *place == at) {
                Some((_, keys)) => keep(keys),
                None => keep(std::slice::from_ref(key)),
            }
        }
        rest
    }
}

impl<'a> Key<'a> {
    /// It in lower case, without `-`, `_`, spaces and what nobody sees.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// As it was written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// What it leads to.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Whether it has been asked for, so that it means something here.
    pub fn is_known(&self) -> bool {
        self.asked.get()
    }

    /// Says that it means something here, so that it is not among [`Fields::rest`].
    pub fn set_known(&self) {
        self.asked.set(true);
    }

    fn all(fields: &'a [(String, Node)]) -> Vec<Key<'a>> {
        fields.iter().map(|(name, node)| Key::new(name, node)).collect()
    }

    fn new(name: &'a str, node: &'a Node) -> Key<'a> {
        let is_folded = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let folded = if is_folded {
            Cow::Borrowed(name)
        } else {
            fold(name).collect()
        };
        Key {
            asked: Cell::new(OTHERS.contains(&&*folded)),
            folded,
            name,
            node,
        }
    }

    /// Whether it is a spelling of `name`.
    fn is(&self, name: &str) -> bool {
        if initial(name) & initial(&self.folded) == 0 {
            return false;
        }
        if name.is_ascii() {
            let bytes = name.bytes().filter(|&byte| counts(char::from(byte)));
            bytes.map(|byte| byte.to_ascii_lowercase()).eq(self.folded.bytes())
        } else {
            fold(name).eq(self.folded.chars())
        }
    }
}

/// The bit for what `key` begins with; all of them where that is no letter or digit of ASCII, and may be left out or become one.
fn initial(key: &str) -> u128 {
    match key.bytes().next() {
        Some(first) if first.is_ascii_alphanumeric() => 1 << first.to_ascii_lowercase(),
        _ => u128::MAX,
    }
}

/// The first of `keys` in the mapping `node`.
pub fn first_in<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a Node> {
    keys.iter().find_map(|key| find_in(node, key)).map(|(_, node)| node)
}

/// The first field of the mapping `node` called `key` in any spelling that is not null.
fn find_in<'a>(node: &'a Node, key: &str) -> Option<(&'a str, &'a Node)> {
    let Value::Map(map) = &node.value else {
        return None;
    };
    let (name, node) = map
        .iter()
        .find(|(name, node)| node.value != Value::Null && fold(name).eq(fold(key)))?;
    Some((name, node))
}

/// The characters of `key` that tell it from another, in lower case.
pub(super) fn fold(key: &str) -> impl Iterator<Item = char> + '_ {
    key.chars().filter(|&c| counts(c)).flat_map(char::to_lowercase)
}

/// Neither spaces, which editors paste without a break, nor signs of no width tell one key from another.
fn counts(c: char) -> bool {
    !matches!(c, '-' | '_') && !c.is_whitespace() && !is_invisible(c)
}

/// A scalar's text, white space around it removed; `None` for lists, mappings and what is blank.
pub fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// `text` on one line: white space folded, and nothing in it that is left out of every output.
pub fn line(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == ' ' || !(c.is_whitespace() || is_forbidden(c));
    let is_folded = !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ");
    if is_folded && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let text = text.replace(|c: char| is_forbidden(c) && !c.is_whitespace(), "");
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether nothing is written: null, a blank text, or a list of nothing.
pub fn is_blank(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Scalar { text, .. } => text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c)).is_empty(),
        Value::List(list) => list.iter().all(is_blank),
        Value::Map(map) => map.is_empty(),
    }
}

/// A text that names a thing; `None` for a truth value too, with which tools switch such things on and off (`cover: false`).
pub fn name(node: &Node) -> Option<&str> {
    text(node).filter(|_| truth(node).is_none())
}

/// A truth value in any of the words that tools take for one; `None` for every other text.
pub fn truth(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Null => Some(false),
        Value::Scalar { text, .. } => truth_in(text),
        _ => None,
    }
}

/// The truth value that `text` is a word for.
pub fn truth_in(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" | "t" => Some(true),
        "false" | "no" | "off" | "0" | "n" | "f" | "" => Some(false),
        _ => None,
    }
}

/// The elements of a list, lists within it opened; a single value is a list of itself.
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

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar { text, plain: true } => plain_json(text),
        Value::Scalar { text, plain: false } => text.as_str().into(),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Map(map) => map
            .iter()
            .filter(|(key, _)| !is_secret(key))
            .map(|(key, node)| (key.clone(), json(node)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// An unquoted scalar as YAML 1.2 and JSON would type it; a number only where its spelling survives (`007` and `1.10` are texts).
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

    fn rest(front_matter: &str, keys: &[&str]) -> (Option<String>, String) {
        let text = format!("---\n{front_matter}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        let fields = Fields::new(&parts.fields);
        let found = fields.first(keys).and_then(|(_, node)| super::text(node).map(str::to_owned));
        (found, serde_json::to_string(&fields.rest()).unwrap())
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
                rest(front_matter, keys),
                (found.map(str::to_owned), left.to_owned()),
                "{front_matter}"
            );
        }
    }

    #[test]
    fn what_is_blank_hides_nothing() {
        let parts = front_matter::parse("a.md".into(), "---\na: ''\nb: [x]\nc: y\n---\n").unwrap();
        let fields = Fields::new(&parts.fields);
        let (key, _, text) = fields.first_text(&["a", "b", "c"]).unwrap();
        assert_eq!((key, text), ("c", "y"));
    }

    #[test]
    fn unknown_values_keep_their_spelling() {
        let (_, rest) = rest("a: 007\nb: 1.10\nc: 12\nd: 'true'\ne: true\nf: [1, x]\ng: 1.5", &[]);
        assert_eq!(
            rest,
            r#"{"a":"007","b":"1.10","c":12,"d":"true","e":true,"f":[1,"x"],"g":1.5}"#
        );
    }
}
