//! Parses front matter in TOML 1.0 into fields that keep their spelling.
//!
//! A text that the strict parser refuses is parsed again, one `key = value` at a time.

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::key::KeyLine;
use super::lenient;
use super::mapping::{DEEPEST, KeyValue, MOST_WARNINGS, ParsedFields, merge_repeated, warn_of_repeated};
use super::parts::{FrontMatterText, lines};
use crate::diagnostic::{Diagnostic, Position};
use crate::post::node::{Node, Value};

/// Parses `block`.
pub(super) fn parse_toml(block: FrontMatterText<'_, '_>) -> Result<ParsedFields, Diagnostic> {
    let source = TomlSource::new(block.text, block.line);
    match DeTable::parse(block.text) {
        Ok(table) => {
            let entries = source.entries(table.into_inner(), DEEPEST).map_err(|at| refuse(block, at))?;
            let fields = merge_repeated(entries, &mut Vec::new());
            Ok(ParsedFields {
                fields,
                remarks: Vec::new(),
            })
        }
        Err(error) if is_limit(&error) => Err(refuse(block, source.error_position(&error))),
        Err(error) => parse_leniently(block, &source, &error),
    }
}

fn refuse(block: FrontMatterText<'_, '_>, at: Position) -> Diagnostic {
    let message = "arrays and tables are nested too deep".to_owned();
    let mend = "write it without nesting, as in other posts".to_owned();
    block.file.refuse("front-matter-too-complex", at, message, mend)
}

/// Whether the parser stopped at its own limit, which is beyond [`DEEPEST`].
fn is_limit(error: &Error) -> bool {
    error.message().contains("recurs")
}

/// A text with the offsets of its lines.
struct TomlSource<'a> {
    text: &'a str,
    /// The number of the first line in the file.
    line: usize,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> TomlSource<'a> {
    fn new(text: &'a str, line: usize) -> TomlSource<'a> {
        let starts = lines(text).map(|(at, _)| at).collect();
        TomlSource { text, line, starts }
    }

    fn position(&self, offset: usize) -> Position {
        let following = self.starts.partition_point(|&start| start <= offset);
        let start = following
            .checked_sub(1)
            .and_then(|line| self.starts.get(line))
            .copied()
            .unwrap_or(0);
        Position {
            line: self.line + following.saturating_sub(1),
            column: self.text.get(start..offset).unwrap_or("").chars().count() + 1,
        }
    }

    fn error_position(&self, error: &Error) -> Position {
        self.position(error.span().map_or(0, |span| span.start))
    }

    /// The entries of `table`, in the author's order, or the position of what is nested too deep.
    fn entries(&self, table: DeTable<'_>, depth: usize) -> Result<Vec<KeyValue>, Position> {
        let mut fields: Vec<_> = table.into_iter().collect();
        fields.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (Spanned<_>, _)| {
            let at = self.position(key.span().start);
            let key = std::borrow::Cow::into_owned(key.into_inner());
            Ok(KeyValue {
                key,
                at,
                node: self.node(value, depth)?,
            })
        };
        fields.into_iter().map(entry).collect()
    }

    fn node(&self, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Position> {
        let span = value.span();
        let position = self.position(span.start);
        let depth = depth.checked_sub(1).ok_or(position)?;
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Scalar {
                text: text.into_owned(),
                plain: false,
            },
            DeValue::Array(items) => {
                let items = items.into_iter().map(|item| self.node(item, depth));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Value::Map(merge_repeated(self.entries(table, depth)?, &mut Vec::new())),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Value::Scalar {
                text: self.text.get(span).unwrap_or("").to_owned(),
                plain: true,
            },
        };
        Ok(Node { value, position })
    }
}

/// Parses a `block` that is not valid TOML, with one warning for each key with a mistake.
fn parse_leniently(block: FrontMatterText<'_, '_>, source: &TomlSource<'_>, error: &Error) -> Result<ParsedFields, Diagnostic> {
    let mut entries = Vec::new();
    let mut table: Option<KeyValue> = None;
    let mut remarks = Vec::new();
    let mut repeated = Vec::new();
    for part in split_keys(block)? {
        if let Some(name) = part.name {
            entries.extend(table.take());
            let at = Position {
                line: part.line,
                column: 1,
            };
            let node = Node {
                value: Value::Map(Vec::new()),
                position: at,
            };
            table = Some(KeyValue {
                key: name.to_owned(),
                at,
                node,
            });
        } else {
            let parsed = parse_part(block, &part, &mut remarks)?;
            match table.as_mut().map(|table| &mut table.node.value) {
                Some(Value::Map(fields)) => fields.extend(parsed.into_iter().map(|entry| (entry.key, entry.node))),
                _ => entries.extend(parsed),
            }
        }
    }
    entries.extend(table);
    let fields = merge_repeated(entries, &mut repeated);
    remarks.extend(warn_of_repeated(block.file, "toml-duplicate-key", &repeated));
    if remarks.is_empty() {
        let at = source.error_position(error);
        let message = format!("this is not TOML: {}; each key is read by itself", first_line(error));
        remarks.push(block.file.warn("toml-syntax", at, message, "write it as TOML".to_owned()));
    }
    Ok(ParsedFields { fields, remarks })
}

/// A key with its lines, or the line that begins a table.
struct TomlLines<'a> {
    line: usize,
    /// The table's name.
    name: Option<&'a str>,
    text: &'a str,
    /// The offset of the text in the front matter.
    start: usize,
    /// Whether the value may continue on the following lines.
    is_multiline: bool,
}

/// Splits `block` before each line with a key or a table's name.
fn split_keys<'a>(block: FrontMatterText<'_, 'a>) -> Result<Vec<TomlLines<'a>>, Diagnostic> {
    let mut parts: Vec<TomlLines<'a>> = Vec::new();
    for (number, (start, text)) in lines(block.text).enumerate() {
        let trimmed = text.trim();
        let line = block.line + number;
        let name = table_name(trimmed);
        let key = KeyLine::split(trimmed);
        match parts.last_mut() {
            _ if name.is_some() || key.is_some() => {
                let opens = |value: &str| ["[", "{", "\"\"\"", "'''"].iter().any(|open| value.starts_with(open));
                let is_multiline = key.is_some_and(|key| opens(key.value));
                parts.push(TomlLines {
                    line,
                    name,
                    text,
                    start,
                    is_multiline,
                });
            }
            _ if trimmed.is_empty() || trimmed.starts_with('#') => {}
            Some(part) if part.is_multiline => part.text = block.text.get(part.start..start + text.len()).unwrap_or(part.text),
            _ => {
                let at = Position { line, column: 1 };
                let message = "this line of the front matter is neither a key with a value nor part of the one before".to_owned();
                let mend = "write `key = \"value\"`, or close the front matter above this line".to_owned();
                return Err(block.file.refuse("toml-syntax", at, message, mend));
            }
        }
    }
    Ok(parts)
}

/// Returns `extra` for `[extra]`.
fn table_name(line: &str) -> Option<&str> {
    let name = lenient::without_comment(line).strip_prefix('[')?.strip_suffix(']')?;
    let name = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
        .trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// Parses one part, leniently if it is not valid TOML.
fn parse_part(
    block: FrontMatterText<'_, '_>,
    part: &TomlLines<'_>,
    remarks: &mut Vec<Diagnostic>,
) -> Result<Vec<KeyValue>, Diagnostic> {
    let source = TomlSource::new(part.text, part.line);
    let error = match DeTable::parse(part.text) {
        Ok(table) => return source.entries(table.into_inner(), DEEPEST).map_err(|at| refuse(block, at)),
        Err(error) => error,
    };
    let line = part.text.trim();
    let Some(key) = KeyLine::split(line) else {
        return Ok(Vec::new());
    };
    let indent = part.text.len() - part.text.trim_start().len();
    let text: Vec<&str> = line
        .get(key.value_at..)
        .unwrap_or("")
        .lines()
        .map(|line| lenient::without_comment(line.trim()))
        .collect();
    let text = text.join(" ");
    let (at, value_at) = (source.position(indent), source.position(indent + key.value_at));
    let value = lenient::list(&text, value_at).unwrap_or_else(|| lenient::scalar_of(key.key, &text));
    if remarks.len() < MOST_WARNINGS {
        let at = source.error_position(&error);
        let message = format!(
            "this is not TOML: {}; {}",
            first_line(&error),
            lenient::understood(key.key, &value)
        );
        let mend = lenient::mend(key.key, " =", &value);
        remarks.push(block.file.warn("toml-syntax", at, message, mend));
    }
    let key = key.key.to_owned();
    Ok(vec![KeyValue {
        key,
        at,
        node: Node {
            value,
            position: value_at,
        },
    }])
}

fn first_line(error: &Error) -> &str {
    error.message().lines().next().unwrap_or("a mistake")
}
