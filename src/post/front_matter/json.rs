//! Parses front matter in JSON (RFC 8259). There is no lenient parser: in invalid JSON, keys cannot be distinguished from text.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::key::KeyLine;
use super::mapping::{DEEPEST, KeyValue, ParsedFields, RepeatedKey, merge_repeated, warn_of_repeated};
use super::parts::{Dialect, FileText, FrontMatterText, LARGEST_FRONT_MATTER, Parts};
use crate::diagnostic::{Diagnostic, Position};
use crate::post::node::{Node, Value};

/// Parses a file that begins with a JSON object.
pub(super) fn parse_unfenced<'a>(file: FileText<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let text = file.from(start);
    if !begins_with_object(text) {
        return Ok(None);
    }
    let at = Position::of(file.text, start);
    let mut largest = text.len().min(LARGEST_FRONT_MATTER);
    while !text.is_char_boundary(largest) {
        largest -= 1;
    }
    let bounded = text.get(..largest).unwrap_or(text);
    let mut stream = serde_json::Deserializer::from_str(bounded).into_iter::<JsonValue>();
    let tree = match stream.next() {
        Some(Ok(tree)) => tree,
        Some(Err(error)) if error.is_eof() && largest < text.len() => {
            let message = format!("the front matter does not end within {LARGEST_FRONT_MATTER} bytes");
            return Err(file.refuse("front-matter-too-large", at, message, "close it with `}`".to_owned()));
        }
        Some(Err(error)) => return Err(refuse(file, start, bounded, 0, &error)),
        None => return Ok(None),
    };
    let end = stream.byte_offset();
    let after = text.get(end..).unwrap_or("");
    let line = after.split_inclusive('\n').next().unwrap_or("");
    let body_at = if line.trim().is_empty() { end + line.len() } else { end };
    let block = file.front_matter(start, start + end)?;
    let ParsedFields { fields, remarks } = into_fields(block, tree)?;
    Ok(Some(Parts {
        dialect: Dialect::Json,
        fields,
        body: file.from(start + body_at),
        remarks,
    }))
}

/// Whether `text` begins with an object: `{"title":`, `{}`, or one with unquoted keys. Template tags, with which posts begin more often,
/// are not objects.
fn begins_with_object(text: &str) -> bool {
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

/// Parses `block`.
pub(super) fn parse_json(block: FrontMatterText<'_, '_>) -> Result<ParsedFields, Diagnostic> {
    if block.text.trim().is_empty() {
        return Ok(ParsedFields {
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
    match serde_json::from_str::<JsonValue>(&text) {
        Ok(tree) => into_fields(block, tree),
        Err(error) => Err(refuse(block.file, block.start, &text, usize::from(bare), &error)),
    }
}

/// Whether the outer braces are missing, as in Hexo.
fn is_bare(text: &str) -> bool {
    !text.trim_start().starts_with(['{', '['])
}

/// The positions of the keys and values of `text`, JSON that begins at `at`: a list before its items, a key before its value.
fn positions(text: &str, mut at: Position) -> Vec<Position> {
    enum JsonState {
        Nothing,
        Text,
        Escape,
        Word,
    }
    let mut positions = Vec::new();
    let mut state = JsonState::Nothing;
    for c in text.chars() {
        state = match (state, c) {
            (JsonState::Text, '\\') => JsonState::Escape,
            (JsonState::Text, '"') => JsonState::Nothing,
            (JsonState::Text | JsonState::Escape, _) => JsonState::Text,
            (_, '"') => {
                positions.push(at);
                JsonState::Text
            }
            (_, '{' | '[') => {
                positions.push(at);
                JsonState::Nothing
            }
            (_, '}' | ']' | ',' | ':' | ' ' | '\t' | '\n') => JsonState::Nothing,
            (JsonState::Nothing, _) => {
                positions.push(at);
                JsonState::Word
            }
            (JsonState::Word, _) => JsonState::Word,
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
    positions
}

/// Parses `block` if it is a valid JSON object.
pub(super) fn parse_strict(block: FrontMatterText<'_, '_>) -> Option<ParsedFields> {
    if !block.text.trim_start().starts_with('{') {
        return None;
    }
    let tree = serde_json::from_str(block.text).ok()?;
    into_fields(block, tree).ok()
}

/// The error for `text`, which is the file's text from `start`, with `added` bytes before it.
fn refuse(file: FileText<'_, '_>, start: usize, text: &str, added: usize, error: &serde_json::Error) -> Diagnostic {
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

fn too_deep(file: FileText<'_, '_>, at: Position) -> Diagnostic {
    let mend = "write it without nesting, as in other posts".to_owned();
    let message = "lists and objects are nested too deep".to_owned();
    file.refuse("front-matter-too-complex", at, message, mend)
}

/// Makes fields of `tree`, the JSON of `block`.
fn into_fields(block: FrontMatterText<'_, '_>, tree: JsonValue) -> Result<ParsedFields, Diagnostic> {
    let at = Position::of(block.file.text, block.start);
    let mut repeated = Vec::new();
    let mut positions = positions(block.text, at).into_iter();
    if is_bare(block.text) {
        positions = [vec![at], positions.collect()].concat().into_iter();
    }
    let Some(node) = tree.into_node(&mut positions, DEEPEST, &mut repeated) else {
        return Err(too_deep(block.file, at));
    };
    let Value::Map(fields) = node.value else {
        let mend = "write `{` before the first key and `}` after the last".to_owned();
        return Err(block
            .file
            .refuse("json-syntax", at, "the front matter is not a JSON object".to_owned(), mend));
    };
    let remarks = warn_of_repeated(block.file, "json-duplicate-key", &repeated).collect();
    Ok(ParsedFields { fields, remarks })
}

/// A JSON value without positions, with repeated keys.
enum JsonValue {
    Null,
    Scalar { text: String, plain: bool },
    List(Vec<JsonValue>),
    Map(Vec<(String, JsonValue)>),
}

impl JsonValue {
    /// Makes a node of the value, with the next of `positions`; `None` if it is nested deeper than `depth`.
    fn into_node(
        self,
        positions: &mut impl Iterator<Item = Position>,
        depth: usize,
        repeated: &mut Vec<RepeatedKey>,
    ) -> Option<Node> {
        let position = positions.next()?;
        let value = match self {
            JsonValue::Null => Value::Null,
            JsonValue::Scalar { text, plain } => Value::Scalar { text, plain },
            JsonValue::List(items) => {
                let depth = depth.checked_sub(1)?;
                let items = items.into_iter().map(|item| item.into_node(positions, depth, repeated));
                Value::List(items.collect::<Option<_>>()?)
            }
            JsonValue::Map(fields) => {
                let depth = depth.checked_sub(1)?;
                let mut entries = Vec::with_capacity(fields.len());
                for (key, value) in fields {
                    let at = positions.next()?;
                    let node = value.into_node(positions, depth, repeated)?;
                    entries.push(KeyValue { key, at, node });
                }
                Value::Map(merge_repeated(entries, repeated))
            }
        };
        Some(Node { value, position })
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonValue, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// Deserializes any JSON value. Numbers with a decimal point are written as in Rust.
struct JsonVisitor;

impl<'de> DeserializeSeed<'de> for JsonVisitor {
    type Value = JsonValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonValue, E> {
        Ok(JsonValue::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonValue, E> {
        Ok(JsonValue::Scalar {
            text: value.to_string(),
            plain: true,
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<JsonValue, E> {
        Ok(JsonValue::Scalar {
            text: format!("{value:?}"),
            plain: true,
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<JsonValue, E> {
        Ok(JsonValue::Scalar {
            text: value.to_owned(),
            plain: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(JsonValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<JsonValue, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(JsonValue::Map(map))
    }
}
