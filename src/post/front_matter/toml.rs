//! TOML (1.0) → fields that keep their spelling.
//!
//! What the grammar refuses is read again, one `key = value` at a time.

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::key::KeyLine;
use super::{
    Block, DEEPEST, Diagnostic, Entry, MOST_REMARKS, Node, Position, Reading, Value, keep_last, lenient, lines, warn_of_repeated,
};

/// The fields of `block`.
pub(super) fn read(block: Block<'_, '_>) -> Result<Reading, Diagnostic> {
    let source = Source::new(block.text, block.line);
    match DeTable::parse(block.text) {
        Ok(table) => {
            let entries = source.entries(table.into_inner(), DEEPEST).map_err(|at| refuse(block, at))?;
            let fields = keep_last(entries, &mut Vec::new());
            Ok(Reading {
                fields,
                remarks: Vec::new(),
            })
        }
        Err(error) if is_limit(&error) => Err(refuse(block, source.blame(&error))),
        Err(error) => read_again(block, &source, &error),
    }
}

fn refuse(block: Block<'_, '_>, at: Position) -> Diagnostic {
    let message = "arrays and tables are nested too deep".to_owned();
    let mend = "write it flat, as other posts have it".to_owned();
    block.file.refuse("front-matter-too-complex", at, message, mend)
}

/// Whether the parser gave up at its own limit, which is past [`DEEPEST`].
fn is_limit(error: &Error) -> bool {
    error.message().contains("recurs")
}

/// A text with the places of its lines.
struct Source<'a> {
    text: &'a str,
    /// The number of the first line in the file.
    line: usize,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str, line: usize) -> Source<'a> {
        let starts = lines(text).map(|(at, _)| at).collect();
        Source { text, line, starts }
    }

    fn place(&self, offset: usize) -> Position {
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

    fn blame(&self, error: &Error) -> Position {
        self.place(error.span().map_or(0, |span| span.start))
    }

    /// The entries of `table`, in the author's order; else the place that is too deep.
    fn entries(&self, table: DeTable<'_>, depth: usize) -> Result<Vec<Entry>, Position> {
        let mut fields: Vec<_> = table.into_iter().collect();
        fields.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (Spanned<_>, _)| {
            let at = self.place(key.span().start);
            let key = std::borrow::Cow::into_owned(key.into_inner());
            Ok(Entry {
                key,
                at,
                node: self.node(value, depth)?,
            })
        };
        fields.into_iter().map(entry).collect()
    }

    fn node(&self, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Position> {
        let span = value.span();
        let position = self.place(span.start);
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
            DeValue::Table(table) => Value::Map(keep_last(self.entries(table, depth)?, &mut Vec::new())),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Value::Scalar {
                text: self.text.get(span).unwrap_or("").to_owned(),
                plain: true,
            },
        };
        Ok(Node { value, position })
    }
}

/// The fields of a `block` that is not TOML, with one warning for each key that is to blame.
fn read_again(block: Block<'_, '_>, source: &Source<'_>, error: &Error) -> Result<Reading, Diagnostic> {
    let mut entries = Vec::new();
    let mut table: Option<Entry> = None;
    let mut remarks = Vec::new();
    let mut repeated = Vec::new();
    for part in parts(block)? {
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
            table = Some(Entry {
                key: name.to_owned(),
                at,
                node,
            });
        } else {
            let read = part_entries(block, &part, &mut remarks)?;
            match table.as_mut().map(|table| &mut table.node.value) {
                Some(Value::Map(fields)) => fields.extend(read.into_iter().map(|entry| (entry.key, entry.node))),
                _ => entries.extend(read),
            }
        }
    }
    entries.extend(table);
    let fields = keep_last(entries, &mut repeated);
    remarks.extend(warn_of_repeated(block.file, "toml-duplicate-key", &repeated));
    if remarks.is_empty() {
        let at = source.blame(error);
        let message = format!("this is not TOML: {}; each key is read by itself", first_line(error));
        remarks.push(block.file.warn("toml-syntax", at, message, "write it as TOML".to_owned()));
    }
    Ok(Reading { fields, remarks })
}

/// A key with its lines, or the line that begins a table.
struct Part<'a> {
    line: usize,
    /// The table's name.
    name: Option<&'a str>,
    text: &'a str,
    /// Where the text begins in the block.
    start: usize,
    /// Whether the value is of a kind that goes on over several lines.
    goes_on: bool,
}

fn parts<'a>(block: Block<'_, 'a>) -> Result<Vec<Part<'a>>, Diagnostic> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (number, (start, text)) in lines(block.text).enumerate() {
        let trimmed = text.trim();
        let line = block.line + number;
        let name = table_name(trimmed);
        let key = KeyLine::split(trimmed);
        match parts.last_mut() {
            _ if name.is_some() || key.is_some() => {
                let opens = |value: &str| ["[", "{", "\"\"\"", "'''"].iter().any(|open| value.starts_with(open));
                let goes_on = key.is_some_and(|key| opens(key.value));
                parts.push(Part {
                    line,
                    name,
                    text,
                    start,
                    goes_on,
                });
            }
            _ if trimmed.is_empty() || trimmed.starts_with('#') => {}
            Some(part) if part.goes_on => part.text = block.text.get(part.start..start + text.len()).unwrap_or(part.text),
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

/// `extra` of `[extra]`
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

fn part_entries(block: Block<'_, '_>, part: &Part<'_>, remarks: &mut Vec<Diagnostic>) -> Result<Vec<Entry>, Diagnostic> {
    let source = Source::new(part.text, part.line);
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
    let (at, value_at) = (source.place(indent), source.place(indent + key.value_at));
    let value = lenient::list(&text, value_at).unwrap_or_else(|| lenient::scalar_of(key.key, &text));
    if remarks.len() < MOST_REMARKS {
        let at = source.blame(&error);
        let message = format!(
            "this is not TOML: {}; {}",
            first_line(&error),
            lenient::understood(key.key, &value)
        );
        let mend = lenient::mend(key.key, " =", &value);
        remarks.push(block.file.warn("toml-syntax", at, message, mend));
    }
    let key = key.key.to_owned();
    Ok(vec![Entry {
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
