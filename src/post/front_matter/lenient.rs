//! The lenient parser, for front matter that the strict parser of its format refuses: one key at a time.
//!
//! The text is split before each line with a key. A part that the strict parser accepts keeps its strict meaning. In the other parts the
//! rest of the line is the value, with the lists and lines that follow it. A line that belongs to no key is an error, and an alias does not
//! find an anchor in another part.

use std::borrow::Cow;

use super::key::{KeyLine, Separator, keeps_all_values};
use super::mapping::{KeyValue, MOST_WARNINGS, ParsedFields, merge_repeated, warn_of_repeated};
use super::parts::{FrontMatterText, lines};
use super::yaml::tree::{YamlError, parse_strict, refuse};
use crate::diagnostic::{Diagnostic, Position, is_secret};
use crate::post::node::{Node, Value};

/// A line with a key, and the lines that belong to it.
struct KeyLines<'a> {
    /// The number of the first line in the file.
    line: usize,
    /// The number of spaces before the key.
    indent: usize,
    key: KeyLine<'a>,
    /// All its lines.
    text: &'a str,
    /// Their offset in the front matter.
    start: usize,
}

impl KeyLines<'_> {
    fn key_at(&self) -> Position {
        Position {
            line: self.line,
            column: self.indent + 1,
        }
    }

    fn value_at(&self) -> Position {
        let line = self.text.trim_start_matches(' ');
        let before = line.get(..self.key.value_at).unwrap_or("");
        Position {
            line: self.line,
            column: self.indent + before.chars().count() + 1,
        }
    }

    /// Returns `at`, or the position of the value if the parser noticed the error only after the last line.
    fn error_position(&self, at: Position) -> Position {
        if at.line < self.line + self.text.lines().count() {
            at
        } else {
            self.value_at()
        }
    }

    /// The lines after the first, without blank lines and comments.
    fn following(&self) -> impl Iterator<Item = &str> {
        let is_text = |line: &&str| !line.is_empty() && !line.starts_with('#');
        self.text.lines().skip(1).map(str::trim).filter(is_text)
    }
}

/// Parses `text`, the text of `block` without tabs, which the strict parser refused with `error`.
pub(super) fn parse_yaml(block: FrontMatterText<'_, '_>, text: &str, error: &YamlError) -> Result<ParsedFields, Diagnostic> {
    let mut entries = Vec::new();
    let mut repeated = Vec::new();
    let mut remarks = Vec::new();
    let mut indented = None;
    for part in split_keys(block, text)? {
        if part.indent > 0 && indented.is_none() {
            indented = Some((
                part.key_at(),
                format!("the key `{}` is not at the start of its line", part.key.key),
            ));
        }
        match parse_strict(part.text, part.line) {
            Ok(mapping) => {
                entries.extend(mapping.entries);
                repeated.extend(mapping.repeated);
            }
            Err(error) if error.is_limit => return Err(refuse(block, &error)),
            Err(error) => {
                let value = lenient_value(&part);
                if remarks.len() < MOST_WARNINGS {
                    remarks.push(warning(block, &part, &error, &value));
                }
                entries.push(KeyValue {
                    key: part.key.key.to_owned(),
                    at: part.key_at(),
                    node: Node {
                        value,
                        position: part.value_at(),
                    },
                });
            }
        }
    }
    let fields = merge_repeated(entries, &mut repeated);
    remarks.extend(warn_of_repeated(block.file, "yaml-duplicate-key", &repeated));
    if remarks.is_empty() {
        let (at, why) = indented.unwrap_or_else(|| (error.at, error.why.to_string()));
        let message = format!("{why}; each key is read by itself");
        let mend = "write each key at the start of a line".to_owned();
        remarks.push(block.file.warn("yaml-syntax", at, message, mend));
    }
    Ok(ParsedFields { fields, remarks })
}

/// Parses `Key: value` lines in `text`, the text of `block` or of its comments. An indented line continues the line before it, unless
/// `each_line` has a key. The syntax of YAML has no meaning here.
pub(super) fn parse_header(block: FrontMatterText<'_, '_>, text: &str, each_line: bool) -> ParsedFields {
    let mut entries: Vec<KeyValue> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let trimmed = trimmed
            .strip_prefix(".. ")
            .filter(|_| each_line)
            .unwrap_or(trimmed)
            .trim_end();
        let start = line.len() - line.trim_start().len();
        let indent = line.find(trimmed).unwrap_or(start);
        let position = |bytes: usize| Position {
            line: block.line + number,
            column: line.get(..indent + bytes).unwrap_or(line).chars().count() + 1,
        };
        match KeyLine::split(trimmed).filter(|_| each_line || indent == 0) {
            Some(key) => entries.push(KeyValue {
                key: key.key.to_owned(),
                at: position(0),
                node: Node {
                    value: plain(key.value),
                    position: position(key.value_at),
                },
            }),
            None => {
                if let Some(entry) = entries.last_mut() {
                    continue_value(&mut entry.node, trimmed, position(0));
                }
            }
        }
    }
    let mut repeated = Vec::new();
    let fields = merge_repeated(entries, &mut repeated);
    let remarks = warn_of_repeated(block.file, "header-duplicate-key", &repeated).collect();
    ParsedFields { fields, remarks }
}

/// Adds a line of a header to the value before it: `- item` to a list, any other line to a text.
fn continue_value(node: &mut Node, line: &str, at: Position) {
    let item = line.strip_prefix("- ").map(|item| Node {
        value: plain(item.trim()),
        position: at,
    });
    match (&mut node.value, item) {
        (Value::List(items), Some(item)) => items.push(item),
        (Value::Null, Some(item)) => node.value = Value::List(vec![item]),
        (Value::Null, None) => node.value = plain(line),
        (Value::Scalar { text, .. }, _) if !line.is_empty() => {
            text.push(' ');
            text.push_str(line);
        }
        _ => {}
    }
}

/// Splits `text` before each line with a key.
///
/// # Errors
///
/// A line that belongs to no key.
fn split_keys<'a>(block: FrontMatterText<'_, '_>, text: &'a str) -> Result<Vec<KeyLines<'a>>, Diagnostic> {
    let mut parts: Vec<KeyLines<'a>> = Vec::new();
    for (number, (offset, line)) in lines(text).enumerate() {
        let trimmed = line.trim_start_matches(' ');
        let indent = line.len() - trimmed.len();
        let line_number = block.line + number;
        let is_ignored = trimmed.is_empty() || trimmed.starts_with('#');
        let key = KeyLine::split(trimmed).filter(|key| match parts.last() {
            _ if is_ignored => false,
            None => true,
            Some(_) if indent == 0 => true,
            // `title: Hello`, and below it `draft: true`, indented by mistake
            Some(before) => is_complete(without_comment(before.key.value)) && key.is_known(),
        });
        let end = offset + line.len();
        match (key, parts.last_mut()) {
            (Some(key), _) => parts.push(KeyLines {
                line: line_number,
                indent,
                key,
                text: text.get(offset..end).unwrap_or(""),
                start: offset,
            }),
            (None, Some(part)) if is_ignored || indent > 0 || trimmed.starts_with(['-', ']', '}']) => {
                part.text = text.get(part.start..end).unwrap_or(part.text);
            }
            (None, None) if is_ignored => {}
            (None, _) => {
                let at = Position {
                    line: line_number,
                    column: indent + 1,
                };
                let message = "this line of the front matter is neither a key with a value nor part of the one before".to_owned();
                let mend = "write `key: value`, or close the front matter above this line".to_owned();
                return Err(block.file.refuse("yaml-syntax", at, message, mend));
            }
        }
    }
    Ok(parts)
}

/// Whether a value is complete on its line: a text, or a list, a mapping or a quoted text that is closed.
fn is_complete(value: &str) -> bool {
    let closed_by = |close: char| value.len() > 1 && value.ends_with(close);
    match value.chars().next() {
        None | Some('|' | '>' | '&' | '*' | '!' | '#') => false,
        Some('[') => closed_by(']'),
        Some('{') => closed_by('}'),
        Some(quote @ ('"' | '\'')) => closed_by(quote),
        Some(_) => true,
    }
}

/// The value of `part`.
fn lenient_value(part: &KeyLines<'_>) -> Value {
    let first = without_comment(part.key.value);
    let position = |line: usize| Position {
        line: part.line + line,
        column: 1,
    };
    if let Some(mark) = first.chars().next().filter(|mark| matches!(mark, '|' | '>'))
        && first.len() <= 3
    {
        let joint = if mark == '|' { "\n" } else { " " };
        let text = part.following().collect::<Vec<_>>().join(joint);
        return Value::Scalar { text, plain: false };
    }
    if first.is_empty() && part.following().next().is_some() {
        if part.following().all(|line| line.starts_with('-')) {
            let items = part.following().enumerate().map(|(number, line)| Node {
                value: scalar(without_comment(line.trim_start_matches('-').trim())),
                position: position(number + 1),
            });
            return Value::List(items.collect());
        }
        let fields: Option<Vec<KeyValue>> = part
            .following()
            .enumerate()
            .map(|(number, line)| {
                let key = KeyLine::split(line)?;
                let at = position(number + 1);
                let node = Node {
                    value: scalar_of(key.key, without_comment(key.value)),
                    position: at,
                };
                Some(KeyValue {
                    key: key.key.to_owned(),
                    at,
                    node,
                })
            })
            .collect();
        if let Some(fields) = fields {
            return Value::Map(merge_repeated(fields, &mut Vec::new()));
        }
    }
    let mut text = Cow::Borrowed(first);
    for line in part.following() {
        if !text.is_empty() {
            text.to_mut().push(' ');
        }
        text.to_mut().push_str(without_comment(line));
    }
    let value = scalar_of(part.key.key, &text);
    // a title with an unclosed bracket at its start is a text, not a list
    let is_title = part.key.is_title() && !text.ends_with(']');
    list(&text, part.value_at()).filter(|_| !is_title).unwrap_or(value)
}

/// Returns `text` without the comment after a ` #` outside quotes.
pub(super) fn without_comment(text: &str) -> &str {
    let quoted = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let quoted = quoted
        .and_then(|quote| text.get(1..)?.find(quote))
        .map_or(0, |length| length + 2);
    let comment = text.get(quoted..).and_then(|rest| rest.find(" #")).map(|at| at + quoted);
    let end = if text.starts_with('#') { Some(0) } else { comment };
    end.and_then(|end| text.get(..end)).unwrap_or(text).trim_end()
}

/// Returns `text` as a scalar, without the quotes around it, or without an unclosed double quote before it.
pub(super) fn scalar(text: &str) -> Value {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    // a single quote may be an apostrophe: 'tis
    let open = || text.strip_prefix('"').filter(|rest| !rest.is_empty() && !rest.contains('"'));
    let unquoted = inside('"')
        .or_else(open)
        .map(|text| text.replace("\\\"", "\""))
        .or_else(|| inside('\'').map(|text| text.replace("''", "'")));
    match unquoted {
        Some(text) => Value::Scalar { text, plain: false },
        None => plain(text),
    }
}

/// Returns `text` as the value of `key`. An unclosed quote stays if the key decides who may read the post: `draft: "false` may be an
/// incomplete value.
pub(super) fn scalar_of(key: &str, text: &str) -> Value {
    let is_open = text.starts_with('"') && !text.get(1..).unwrap_or_default().contains('"');
    if is_open && keeps_all_values(key) {
        return plain(text);
    }
    scalar(text)
}

/// Parses a list such as `[a, "b, c"]`, also without its closing bracket if there is no other one.
pub(super) fn list(text: &str, at: Position) -> Option<Value> {
    let inner = text.strip_prefix('[')?;
    let inner = match inner.strip_suffix(']') {
        Some(inner) => inner,
        None if inner.contains(']') => return None,
        None => inner,
    };
    let mut quote = None;
    let items = inner.split(|c: char| {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        c == ',' && quote.is_none()
    });
    let items = items.map(str::trim).filter(|item| !item.is_empty()).map(|item| Node {
        value: scalar(item),
        position: at,
    });
    Some(Value::List(items.collect()))
}

/// `text` as an unquoted scalar.
fn plain(text: &str) -> Value {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Scalar {
            text: text.to_owned(),
            plain: true,
        }
    }
}

/// The warning about `part`: why the strict parser refused it, and how it was understood.
fn warning(block: FrontMatterText<'_, '_>, part: &KeyLines<'_>, error: &YamlError, value: &Value) -> Diagnostic {
    let key = part.key.key;
    let why: Cow<'_, str> = match part.key.separator {
        Separator::Colon => error.why.as_ref().into(),
        Separator::TightColon => "a space is missing after `:`".into(),
        Separator::WideColon => "`：` is not the colon of YAML".into(),
        Separator::Equals => "`=` is not YAML".into(),
    };
    let (at, mend) = match (part.key.separator, value) {
        (Separator::Colon, _) => (part.error_position(error.at), mend(key, ":", value)),
        (_, _) => (part.key_at(), format!("write `{key}: ` and the value")),
    };
    block
        .file
        .warn("yaml-syntax", at, format!("{why}; {}", understood(key, value)), mend)
}

/// In characters: the longest part of a value that a message quotes.
const MOST_QUOTED: usize = 60;

/// Returns how `value` was understood, for a message.
pub(super) fn understood(key: &str, value: &Value) -> String {
    match value {
        Value::Scalar { .. } if is_secret(key) => format!("`{key}` is read as a text"),
        Value::Null => format!("`{key}` is left empty"),
        Value::Scalar { text, .. } if text.chars().count() > MOST_QUOTED => {
            let start: String = text.chars().take(MOST_QUOTED).collect();
            format!("`{key}` is read as `{start}…`")
        }
        Value::Scalar { text, .. } => format!("`{key}` is read as `{text}`"),
        Value::List(items) => format!("`{key}` is read as a list of {}", items.len()),
        Value::Map(fields) => format!("`{key}` is read as a mapping of {}", fields.len()),
    }
}

/// Returns how to write `value` in the format with this `separator`, so that it is understood in the same way.
pub(super) fn mend(key: &str, separator: &str, value: &Value) -> String {
    match value {
        Value::Scalar { text, .. } if text.chars().count() <= MOST_QUOTED && !is_secret(key) && !text.contains('\n') => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("quote the value: {key}{separator} \"{text}\"")
        }
        Value::Scalar { .. } => format!("quote the value: {key}{separator} \"…\""),
        Value::List(_) => format!("write the list as {key}{separator} [\"…\", \"…\"]"),
        Value::Map(_) => "put the value that causes this in quotes".to_owned(),
        Value::Null => "write a value, or delete the line".to_owned(),
    }
}
