//! The second reading, of what a format's grammar refused: one key at a time.
//!
//! The text is parted where a line begins with a key. Every part that the grammar accepts by itself keeps its strict meaning; of the
//! others the rest of the line is the value, with the lists and lines that follow it. Lines that belong to no key are not guessed at,
//! and an alias does not find what another part anchors.

use std::borrow::Cow;

use super::key::{KeyLine, Separator, keeps_both};
use super::yaml::{self, Mistake, Tree};
use super::{Block, Diagnostic, Entry, MOST_REMARKS, Node, Position, Reading, Value, keep_last, lines, warn_of_repeated};
use crate::diagnostic::is_secret;

/// A line with a key, and the lines that belong to it.
struct Part<'a> {
    /// The number of the first line in the file.
    line: usize,
    /// How many spaces it begins with.
    indent: usize,
    key: KeyLine<'a>,
    /// All its lines.
    text: &'a str,
    /// Where they begin in the whole.
    start: usize,
}

impl Part<'_> {
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

    /// `at`, unless the reader noticed the mistake only after the last line: then where the value begins.
    fn within(&self, at: Position) -> Position {
        if at.line < self.line + self.text.lines().count() {
            at
        } else {
            self.value_at()
        }
    }

    fn following(&self) -> impl Iterator<Item = &str> {
        let is_text = |line: &&str| !line.is_empty() && !line.starts_with('#');
        self.text.lines().skip(1).map(str::trim).filter(is_text)
    }
}

/// The fields of `block`, whose `text`, without tabs, holds the `mistake`.
pub(super) fn read_yaml(block: Block<'_, '_>, text: &str, mistake: &Mistake) -> Result<Reading, Diagnostic> {
    let mut entries = Vec::new();
    let mut repeated = Vec::new();
    let mut remarks = Vec::new();
    for part in parts(block, text)? {
        match yaml::strict(part.text, part.line) {
            Ok(tree) => {
                let Tree {
                    entries: more,
                    repeated: again,
                } = tree;
                entries.extend(more);
                repeated.extend(again);
            }
            Err(mistake) if mistake.is_limit => return Err(yaml::refuse(block, &mistake)),
            Err(mistake) => {
                let value = value(&part);
                if remarks.len() < MOST_REMARKS {
                    remarks.push(remark(block, &part, &mistake, &value));
                }
                entries.push(Entry {
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
    let fields = keep_last(entries, &mut repeated);
    remarks.extend(warn_of_repeated(block.file, "yaml-duplicate-key", &repeated));
    if remarks.is_empty() {
        let message = format!("{}; each key is read by itself", mistake.why);
        let mend = "write each key at the start of a line".to_owned();
        remarks.push(block.file.warn("yaml-syntax", mistake.at, message, mend));
    }
    Ok(Reading { fields, remarks })
}

/// The fields of `text`, the `block`'s own or that of its comments: `Key: value` lines, of which the indented ones go on with the
/// line before them, unless `each_line` has a key. Signs that mean something to YAML mean nothing here.
pub(super) fn read_header(block: Block<'_, '_>, text: &str, each_line: bool) -> Reading {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let trimmed = trimmed
            .strip_prefix(".. ")
            .filter(|_| each_line)
            .unwrap_or(trimmed)
            .trim_end();
        let start = line.len() - line.trim_start().len();
        let indent = line.find(trimmed).unwrap_or(start);
        let place = |bytes: usize| Position {
            line: block.line + number,
            column: line.get(..indent + bytes).unwrap_or(line).chars().count() + 1,
        };
        match KeyLine::split(trimmed).filter(|_| each_line || indent == 0) {
            Some(key) => entries.push(Entry {
                key: key.key.to_owned(),
                at: place(0),
                node: Node {
                    value: plain(key.value),
                    position: place(key.value_at),
                },
            }),
            None => {
                if let Some(entry) = entries.last_mut() {
                    go_on(&mut entry.node, trimmed, place(0));
                }
            }
        }
    }
    let mut repeated = Vec::new();
    let fields = keep_last(entries, &mut repeated);
    let remarks = warn_of_repeated(block.file, "header-duplicate-key", &repeated).collect();
    Reading { fields, remarks }
}

/// Adds a line of a header to the value before it: `- item` to a list, any other to a text.
fn go_on(node: &mut Node, line: &str, at: Position) {
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

/// Parts `text` at its keys.
///
/// # Errors
///
/// A line that belongs to no key.
fn parts<'a>(block: Block<'_, '_>, text: &'a str) -> Result<Vec<Part<'a>>, Diagnostic> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (number, (offset, line)) in lines(text).enumerate() {
        let trimmed = line.trim_start_matches(' ');
        let indent = line.len() - trimmed.len();
        let line_number = block.line + number;
        let is_silent = trimmed.is_empty() || trimmed.starts_with('#');
        let key = KeyLine::split(trimmed).filter(|key| match parts.last() {
            _ if is_silent => false,
            None => true,
            Some(_) if indent == 0 => true,
            // `title: Hello` and, further in by mistake, `draft: true`
            Some(before) => is_complete(without_comment(before.key.value)) && key.is_known(),
        });
        let end = offset + line.len();
        match (key, parts.last_mut()) {
            (Some(key), _) => parts.push(Part {
                line: line_number,
                indent,
                key,
                text: text.get(offset..end).unwrap_or(""),
                start: offset,
            }),
            (None, Some(part)) if is_silent || indent > 0 || trimmed.starts_with(['-', ']', '}']) => {
                part.text = text.get(part.start..end).unwrap_or(part.text);
            }
            (None, None) if is_silent => {}
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

/// Whether a value is complete on its line: a text, or a list, a mapping or a quoted text that ends as it begins.
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

/// What `part` says.
fn value(part: &Part<'_>) -> Value {
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
        let fields: Option<Vec<Entry>> = part
            .following()
            .enumerate()
            .map(|(number, line)| {
                let key = KeyLine::split(line)?;
                let at = position(number + 1);
                let node = Node {
                    value: scalar_of(key.key, without_comment(key.value)),
                    position: at,
                };
                Some(Entry {
                    key: key.key.to_owned(),
                    at,
                    node,
                })
            })
            .collect();
        if let Some(fields) = fields {
            return Value::Map(keep_last(fields, &mut Vec::new()));
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
    // a title that begins with a bracket and does not close it is half a text, not a list
    let is_half = part.key.is_title() && !text.ends_with(']');
    list(&text, part.value_at()).filter(|_| !is_half).unwrap_or(value)
}

/// `text` without what follows a `#` that has a space before it, unless that stands within quotes.
pub(super) fn without_comment(text: &str) -> &str {
    let quoted = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let quoted = quoted
        .and_then(|quote| text.get(1..)?.find(quote))
        .map_or(0, |length| length + 2);
    let comment = text.get(quoted..).and_then(|rest| rest.find(" #")).map(|at| at + quoted);
    let end = if text.starts_with('#') { Some(0) } else { comment };
    end.and_then(|end| text.get(..end)).unwrap_or(text).trim_end()
}

/// `text` as a scalar, without the quotes around it, or the one before it that nothing closes.
pub(super) fn scalar(text: &str) -> Value {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    // a single one may well be an apostrophe: 'tis
    let open = || text.strip_prefix('"').filter(|rest| !rest.is_empty() && !rest.contains('"'));
    let unquoted = within('"')
        .or_else(open)
        .map(|text| text.replace("\\\"", "\""))
        .or_else(|| within('\'').map(|text| text.replace("''", "'")));
    match unquoted {
        Some(text) => Value::Scalar { text, plain: false },
        None => plain(text),
    }
}

/// `text` as the value of `key`. A quote that nothing closes stays where the key says who may read the post: `draft: "false` may be
/// half a value.
pub(super) fn scalar_of(key: &str, text: &str) -> Value {
    let is_open = text.starts_with('"') && !text.get(1..).unwrap_or_default().contains('"');
    if is_open && keeps_both(key) {
        return plain(text);
    }
    scalar(text)
}

/// `[a, "b, c"]` as a list; also without its end, where no other bracket closes it.
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

/// What the strict reading disliked about `part`, and what is made of it.
fn remark(block: Block<'_, '_>, part: &Part<'_>, mistake: &Mistake, value: &Value) -> Diagnostic {
    let key = part.key.key;
    let why: Cow<'_, str> = match part.key.separator {
        Separator::Colon => mistake.why.as_ref().into(),
        Separator::TightColon => "a space is missing after `:`".into(),
        Separator::WideColon => "`：` is not the colon of YAML".into(),
        Separator::Equals => "`=` is not YAML".into(),
    };
    let (at, mend) = match (part.key.separator, value) {
        (Separator::Colon, _) => (part.within(mistake.at), mend(key, ":", value)),
        (_, _) => (part.key_at(), format!("write `{key}: ` and the value")),
    };
    block
        .file
        .warn("yaml-syntax", at, format!("{why}; {}", understood(key, value)), mend)
}

/// In characters: what of a value a message repeats.
const MOST_QUOTED: usize = 60;

/// How `value` was understood.
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

/// How to write `value` so that the format whose `separator` this is reads the same.
pub(super) fn mend(key: &str, separator: &str, value: &Value) -> String {
    match value {
        Value::Scalar { text, .. } if text.chars().count() <= MOST_QUOTED && !is_secret(key) && !text.contains('\n') => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("quote the value: {key}{separator} \"{text}\"")
        }
        Value::Scalar { .. } => format!("quote the value: {key}{separator} \"…\""),
        Value::List(_) => format!("write the list as {key}{separator} [\"…\", \"…\"]"),
        Value::Map(_) => "quote the value that is to blame".to_owned(),
        Value::Null => "write a value, or delete the line".to_owned(),
    }
}
