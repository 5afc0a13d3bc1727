//! JSON (RFC 8259) → fields; strictly, for where JSON is broken nothing tells keys from text.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::key::KeyLine;
use super::{
    Block, DEEPEST, Diagnostic, Dialect, Entry, File, LARGEST, Node, Parts, Position, Reading, Repeated, Value, keep_last,
    warn_of_repeated,
};

/// The parts of a file that begins with a JSON object.
pub(super) fn read_unfenced<'a>(file: File<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let text = file.from(start);
    if !opens(text) {
        return Ok(None);
    }
    let at = Position::of(file.text, start);
    let mut largest = text.len().min(LARGEST);
    while !text.is_char_boundary(largest) {
        largest -= 1;
    }
    let read = text.get(..largest).unwrap_or(text);
    let mut stream = serde_json::Deserializer::from_str(read).into_iter::<Unplaced>();
    let tree = match stream.next() {
        Some(Ok(tree)) => tree,
        Some(Err(error)) if error.is_eof() && largest < text.len() => {
            let message = format!("the front matter does not end within {LARGEST} bytes");
            return Err(file.refuse("front-matter-too-large", at, message, "close it with `}`".to_owned()));
        }
        Some(Err(error)) => return Err(refuse(file, start, read, 0, &error)),
        None => return Ok(None),
    };
    let end = stream.byte_offset();
    let after = text.get(end..).unwrap_or("");
    let line = after.split_inclusive('\n').next().unwrap_or("");
    let body_at = if line.trim().is_empty() { end + line.len() } else { end };
    let block = file.block(start, start + end)?;
    let Reading { fields, remarks } = settle(block, tree)?;
    Ok(Some(Parts {
        dialect: Dialect::Json,
        fields,
        body: file.from(start + body_at),
        remarks,
    }))
}

/// Whether `text` is an object from its first sign on: `{"title":`, `{}`, or one whose keys lack their quotes. Template tags, which
/// posts begin with more often, are none.
fn opens(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{').map(str::trim_start) else {
        return false;
    };
    if let Some(rest) = inner.strip_prefix('}') {
        return rest.lines().next().is_none_or(|line| line.trim().is_empty());
    }
    match inner.strip_prefix('"').and_then(|key| key.split_once('"')) {
        Some((_, after)) => after.trim_start().starts_with(':'),
        None => KeyLine::split(inner.lines().next().unwrap_or("")).is_some_and(|key| key.is_known()),
    }
}

/// The fields of `block`.
pub(super) fn read(block: Block<'_, '_>) -> Result<Reading, Diagnostic> {
    if block.text.trim().is_empty() {
        return Ok(Reading {
            fields: Vec::new(),
            remarks: Vec::new(),
        });
    }
    let bare = is_bare(block.text);
    let text = if bare {
        format!("{{{}}}", block.text)
    } else {
        block.text.to_owned()
    };
    match serde_json::from_str::<Unplaced>(&text) {
        Ok(tree) => settle(block, tree),
        Err(error) => Err(refuse(block.file, block.start, &text, usize::from(bare), &error)),
    }
}

/// Whether the outer braces are left out, as Hexo has it.
fn is_bare(text: &str) -> bool {
    !text.trim_start().starts_with(['{', '['])
}

/// Where the keys and values of `text` begin, which is JSON and begins at `at`: a list before its items, a key before its value.
fn places(text: &str, mut at: Position) -> Vec<Position> {
    enum Within {
        Nothing,
        Text,
        Escape,
        Word,
    }
    let mut places = Vec::new();
    let mut within = Within::Nothing;
    for c in text.chars() {
        within = match (within, c) {
            (Within::Text, '\\') => Within::Escape,
            (Within::Text, '"') => Within::Nothing,
            (Within::Text | Within::Escape, _) => Within::Text,
            (_, '"') => {
                places.push(at);
                Within::Text
            }
            (_, '{' | '[') => {
                places.push(at);
                Within::Nothing
            }
            (_, '}' | ']' | ',' | ':' | ' ' | '\t' | '\n') => Within::Nothing,
            (Within::Nothing, _) => {
                places.push(at);
                Within::Word
            }
            (Within::Word, _) => Within::Word,
        };
        at = if c == '\n' {
            Position {
                line: at.line + 1,
                column: 1,
            }
        } else {
            Position {
                column: at.column + 1,
                ..at
            }
        };
    }
    places
}

/// The fields of `block` if it is a JSON object without mistakes.
pub(super) fn read_if_strict(block: Block<'_, '_>) -> Option<Reading> {
    if !block.text.trim_start().starts_with('{') {
        return None;
    }
    let tree = serde_json::from_str(block.text).ok()?;
    settle(block, tree).ok()
}

/// The refusal of `text`, which is the file's from `start` on, but for so many bytes `added` before it.
fn refuse(file: File<'_, '_>, start: usize, text: &str, added: usize, error: &serde_json::Error) -> Diagnostic {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let offset = (line_start + error.column().saturating_sub(1)).saturating_sub(added);
    let at = Position::of(file.text, start + offset);
    let message = error.to_string();
    if message.contains("recursion limit") {
        return too_deep(file, at);
    }
    let message = message.split(" at line ").next().unwrap_or_default();
    let mend = "write keys and texts in double quotes, a comma between two of them, none after the last".to_owned();
    file.refuse("json-syntax", at, format!("this is not JSON: {message}"), mend)
}

fn too_deep(file: File<'_, '_>, at: Position) -> Diagnostic {
    let mend = "write it flat, as other posts have it".to_owned();
    let message = "lists and objects are nested too deep".to_owned();
    file.refuse("front-matter-too-complex", at, message, mend)
}

fn settle(block: Block<'_, '_>, tree: Unplaced) -> Result<Reading, Diagnostic> {
    let at = Position::of(block.file.text, block.start);
    let mut repeated = Vec::new();
    let mut places = places(block.text, at).into_iter();
    if is_bare(block.text) {
        places = [vec![at], places.collect()].concat().into_iter();
    }
    let Some(node) = tree.place(&mut places, DEEPEST, &mut repeated) else {
        return Err(too_deep(block.file, at));
    };
    let Value::Map(fields) = node.value else {
        let mend = "write `{` before the first key and `}` after the last".to_owned();
        return Err(block
            .file
            .refuse("json-syntax", at, "the front matter is not a JSON object".to_owned(), mend));
    };
    let remarks = warn_of_repeated(block.file, "json-duplicate-key", &repeated).collect();
    Ok(Reading { fields, remarks })
}

/// A JSON value, with keys that come twice.
enum Unplaced {
    Null,
    Scalar { text: String, plain: bool },
    List(Vec<Unplaced>),
    Map(Vec<(String, Unplaced)>),
}

impl Unplaced {
    /// The value as a node, at the next of `places`; `None` where it goes deeper than `depth`.
    fn place(self, places: &mut impl Iterator<Item = Position>, depth: usize, repeated: &mut Vec<Repeated>) -> Option<Node> {
        let position = places.next()?;
        let value = match self {
            Unplaced::Null => Value::Null,
            Unplaced::Scalar { text, plain } => Value::Scalar { text, plain },
            Unplaced::List(items) => {
                let depth = depth.checked_sub(1)?;
                let items = items.into_iter().map(|item| item.place(places, depth, repeated));
                Value::List(items.collect::<Option<_>>()?)
            }
            Unplaced::Map(fields) => {
                let depth = depth.checked_sub(1)?;
                let mut entries = Vec::with_capacity(fields.len());
                for (key, value) in fields {
                    let at = places.next()?;
                    let node = value.place(places, depth, repeated)?;
                    entries.push(Entry { key, at, node });
                }
                Value::Map(keep_last(entries, repeated))
            }
        };
        Some(Node { value, position })
    }
}

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unplaced, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

/// Takes any JSON value. Numbers with a point are spelled as Rust spells them.
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Unplaced;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Unplaced, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Unplaced;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Unplaced, E> {
        Ok(Unplaced::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unplaced, E> {
        Ok(Unplaced::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unplaced, E> {
        Ok(Unplaced::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unplaced, E> {
        Ok(Unplaced::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unplaced, E> {
        Ok(Unplaced::Scalar {
            text: format!("{value:?}"),
            plain: true,
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Unplaced, E> {
        Ok(Unplaced::Scalar {
            text: value.to_owned(),
            plain: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unplaced, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Unplaced::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Unplaced, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(Unplaced::Map(map))
    }
}
