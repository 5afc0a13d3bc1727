//! Splits a post's file into its front matter and its body: [`parse`].
//!
//! It reads every form that the common tools write: YAML 1.2, TOML 1.0 and JSON (RFC 8259) between fences, JSON without fences, Hexo's
//! YAML without an opening fence, header lines above an empty line, and header lines within HTML comments. The strict parser of a format
//! comes first. What it refuses is parsed again one key at a time, so that a mistake costs one key and a warning, not the post. This module
//! does not know what the keys mean.
//!
//! ```
//! use feedmill::post::front_matter::{Dialect, Value, parse};
//!
//! let parts = parse("hello.md".into(), "---\ntitle: Hello\nversion: 1.10\n---\nText.\n").unwrap();
//! assert_eq!(parts.dialect, Dialect::Yaml);
//! assert_eq!(parts.body, "Text.\n");
//!
//! // scalars keep their spelling
//! let (key, node) = &parts.fields[1];
//! assert_eq!(key, "version");
//! assert_eq!(node.value, Value::Scalar { text: "1.10".to_owned(), plain: true });
//! ```

mod fence;
mod header;
mod json;
mod key;
mod lenient;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use camino::Utf8Path;

use self::key::keeps_all_values;
use super::characters::is_invisible;
pub use super::node::{Node, Value};
use crate::diagnostic::{Diagnostic, Position, Severity};

/// The form of a front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `---` … `---` or `...`; also without the opening line.
    Yaml,
    /// `+++` … `+++`
    Toml,
    /// `{ … }`, `---json`, `;;;`, or JSON between `---`.
    Json,
    /// `Key: value` lines up to an empty line, or in HTML comments.
    Header,
    /// There is no front matter.
    None,
}

/// The parts of a post's file.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The form of the front matter.
    pub dialect: Dialect,
    /// The keys, as they were written, and values, in the author's order. A key comes twice only if it decides who may read the post and has
    /// different values.
    pub fields: Vec<(String, Node)>,
    /// The text after the front matter.
    pub body: &'a str,
    /// Warnings about what was parsed leniently.
    pub remarks: Vec<Diagnostic>,
}

/// In bytes: a hundred times what real posts have, and so little that every parser here is quick.
const LARGEST_FRONT_MATTER: usize = 64 * 1024;
/// How deep lists and mappings may be nested: real posts have four levels, and recursion over the tree is safe.
pub(super) const DEEPEST: usize = 32;
/// The most warnings of one kind about one front matter.
const MOST_WARNINGS: usize = 8;

/// Splits `text`, the whole text of the file `path`, into front matter and body.
///
/// # Errors
///
/// A front matter that not even the lenient parser understands: one that never ends, is larger than 64 KiB or nested deeper than 32
/// levels, contains lines that belong to no key, or is invalid JSON.
pub fn parse<'a>(path: &Utf8Path, text: &'a str) -> Result<Parts<'a>, Diagnostic> {
    let file = FileText { path, text };
    let start = find_start(text);
    let forms = [
        fence::parse_fenced,
        json::parse_unfenced,
        header::parse_comments,
        header::parse_dotted,
        header::parse_lines,
    ];
    for form in forms {
        if let Some(parts) = form(file, start)? {
            return Ok(parts);
        }
    }
    Ok(Parts {
        dialect: Dialect::None,
        fields: Vec::new(),
        body: text,
        remarks: Vec::new(),
    })
}

/// The offset at which a front matter of `text` begins: the first line that is not blank. Comments without fields before a fence are
/// skipped: if they were taken for the text, the post would be published whatever the front matter says about drafts.
fn find_start(text: &str) -> usize {
    let next_line = |at: usize| {
        let rest = text.get(at..).unwrap_or("");
        let first = lines(rest).find(|(_, line)| !line.trim_matches(is_blank).is_empty());
        first.map_or(at, |(offset, line)| {
            at + offset + line.len() - line.trim_start_matches(is_invisible).len()
        })
    };
    let first = next_line(0);
    let mut start = first;
    loop {
        let rest = text.get(start..).unwrap_or("");
        if fence::is_fence(rest) {
            return start;
        }
        let comment = rest.strip_prefix("<!--").filter(|_| !header::begins_with_comment(rest));
        match comment.and_then(|comment| comment.split_once("-->")) {
            Some((_, others)) => start = next_line(text.len() - others.len()),
            None => return first,
        }
    }
}

/// Whether a line of such characters is blank: spaces, and also a second byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// The file that is parsed.
#[derive(Clone, Copy)]
struct FileText<'p, 'a> {
    path: &'p Utf8Path,
    text: &'a str,
}

impl<'p, 'a> FileText<'p, 'a> {
    fn from(self, offset: usize) -> &'a str {
        self.text.get(offset..).unwrap_or("")
    }

    /// The front matter from the byte `start`, which begins a line, to `end`, unless it is too large.
    fn front_matter(self, start: usize, end: usize) -> Result<FrontMatterText<'p, 'a>, Diagnostic> {
        let text = self.text.get(start..end).unwrap_or("");
        let line = Position::of(self.text, start).line;
        if text.len() > LARGEST_FRONT_MATTER {
            let message = format!(
                "the front matter has {} bytes, and {LARGEST_FRONT_MATTER} at most are read",
                text.len()
            );
            let mend = "move what is not about the post into its text".to_owned();
            return Err(self.refuse("front-matter-too-large", Position { line, column: 1 }, message, mend));
        }
        Ok(FrontMatterText {
            file: self,
            text,
            start,
            line,
        })
    }

    fn warn(self, code: &'static str, at: Position, message: String, mend: String) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, self.path, message)
            .at(self.text, at, 1)
            .mend(mend)
    }

    fn refuse(self, code: &'static str, at: Position, message: String, mend: String) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, self.path, message)
            .at(self.text, at, 1)
            .mend(mend)
    }
}

/// The text of a front matter.
#[derive(Clone, Copy)]
struct FrontMatterText<'p, 'a> {
    file: FileText<'p, 'a>,
    text: &'a str,
    /// Its offset in the file.
    start: usize,
    /// The number of its first line in the file.
    line: usize,
}

/// The fields of a front matter, and warnings.
struct ParsedFields {
    fields: Vec<(String, Node)>,
    remarks: Vec<Diagnostic>,
}

/// A key with its value. The key may be repeated.
struct KeyValue {
    key: String,
    /// The position of the key.
    at: Position,
    node: Node,
}

/// A key that was written before.
struct RepeatedKey {
    key: String,
    at: Position,
}

/// Makes a mapping of `entries`. The last value of a repeated key counts, as in most parsers of YAML and JSON. A key that decides who may
/// read the post, in any case, keeps all its values, because it is unknown which of them the author forgot.
fn merge_repeated(entries: Vec<KeyValue>, repeated: &mut Vec<RepeatedKey>) -> Vec<(String, Node)> {
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

/// Warnings about repeated keys.
fn warn_of_repeated<'f>(
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

/// The lines of `text`, each with its offset.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |offset, line| {
        let at = *offset;
        *offset += line.len();
        Some((at, line.strip_suffix('\n').unwrap_or(line)))
    })
}
