//! A post's text → its front matter and its body: [`parse`].
//!
//! Every form that the common tools write is read: YAML, TOML and JSON between fences, JSON without any, Hexo's YAML that lacks the
//! opening fence, header lines above an empty line, and the same within HTML comments. The strict reading of a format comes first;
//! what it refuses is read again, one key at a time, so that a mistake costs one key its meaning and never the post, and is said.
//! What the keys mean is the caller's business.

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

use self::key::keeps_both;
use super::characters::is_invisible;
use crate::diagnostic::{Diagnostic, Position, Severity};

/// A value as its author wrote it: scalars keep their spelling (`1.10`, `no`, `007`), for the reader of a field knows its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What was written.
    pub value: Value,
    /// Where, in the whole file.
    pub position: Position,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: `title:`, `title: ~`, `null`.
    Null,
    /// A text, number, boolean or date.
    Scalar {
        /// Its spelling, unquoted and unescaped.
        text: String,
        /// Whether it stood there without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the author's order.
    Map(Vec<(String, Node)>),
}

/// Which form a front matter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `---` … `---` or `...`; also without the opening line.
    Yaml,
    /// `+++` … `+++`
    Toml,
    /// `{ … }`, `---json`, `;;;`, or JSON between `---`.
    Json,
    /// `Key: value` lines up to an empty line, or HTML comments of them.
    Header,
    /// There is none.
    None,
}

/// A post's text, taken apart.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The form the front matter has.
    pub dialect: Dialect,
    /// Its keys and values, in the author's order, keys as they were written. No key stands there twice, but one that says who may
    /// read the post and does not say the same each time.
    pub fields: Vec<(String, Node)>,
    /// What follows the front matter.
    pub body: &'a str,
    /// What was understood leniently.
    pub remarks: Vec<Diagnostic>,
}

/// In bytes: a hundred times what real posts have, and little enough for every parser here to be quick with.
const LARGEST: usize = 64 * 1024;
/// Lists in maps in lists: real posts stop at four, and no reader of the tree need fear for its stack.
pub(super) const DEEPEST: usize = 32;
/// A front matter that is wrong all over is said to be so a few times, not ten thousand.
const MOST_REMARKS: usize = 8;

/// Takes `text`, the whole text of the file `path`, apart.
///
/// # Errors
///
/// A front matter that not even the lenient reading understands: one that never ends, is larger than 64 KiB or nested deeper than 32,
/// holds lines that belong to no key, or is broken JSON.
pub fn parse<'a>(path: &Utf8Path, text: &'a str) -> Result<Parts<'a>, Diagnostic> {
    let file = File { path, text };
    let start = start(text);
    let forms = [
        fence::read,
        json::read_unfenced,
        header::read_comments,
        header::read_dotted,
        header::read_lines,
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

/// Where the front matter of `text` begins, if there is any: with the first line that is not blank. Comments before a fence that hold
/// no fields are passed over: taken for a text, what follows would be published whatever it says of drafts.
fn start(text: &str) -> usize {
    let after = |at: usize| {
        let rest = text.get(at..).unwrap_or("");
        let first = lines(rest).find(|(_, line)| !line.trim_matches(is_blank).is_empty());
        first.map_or(at, |(offset, line)| {
            at + offset + line.len() - line.trim_start_matches(is_invisible).len()
        })
    };
    let first = after(0);
    let mut start = first;
    loop {
        let rest = text.get(start..).unwrap_or("");
        if fence::opens(rest) {
            return start;
        }
        let comment = rest.strip_prefix("<!--").filter(|_| !header::begins(rest));
        match comment.and_then(|comment| comment.split_once("-->")) {
            Some((_, others)) => start = after(text.len() - others.len()),
            None => return first,
        }
    }
}

/// Whether `c` leaves a line blank: a second byte order mark does, as a space does.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// The file being read.
#[derive(Clone, Copy)]
struct File<'p, 'a> {
    path: &'p Utf8Path,
    text: &'a str,
}

impl<'p, 'a> File<'p, 'a> {
    fn from(self, offset: usize) -> &'a str {
        self.text.get(offset..).unwrap_or("")
    }

    /// The front matter from the byte `start`, where a line begins, to `end`, unless it is too large.
    fn block(self, start: usize, end: usize) -> Result<Block<'p, 'a>, Diagnostic> {
        let text = self.text.get(start..end).unwrap_or("");
        let line = Position::of(self.text, start).line;
        if text.len() > LARGEST {
            let message = format!("the front matter has {} bytes, and {LARGEST} at most are read", text.len());
            let mend = "move what is not about the post into its text".to_owned();
            return Err(self.refuse("front-matter-too-large", Position { line, column: 1 }, message, mend));
        }
        Ok(Block {
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

/// The lines of a file that are its front matter.
#[derive(Clone, Copy)]
struct Block<'p, 'a> {
    file: File<'p, 'a>,
    text: &'a str,
    /// Where it begins in the file, in bytes.
    start: usize,
    /// The number of its first line in the file.
    line: usize,
}

/// What a format's reader made of a [`Block`].
struct Reading {
    fields: Vec<(String, Node)>,
    remarks: Vec<Diagnostic>,
}

/// A key with its value, before it is known whether the key comes again.
struct Entry {
    key: String,
    /// Where the key stands.
    at: Position,
    node: Node,
}

/// A key that stood there already.
struct Repeated {
    key: String,
    at: Position,
}

/// `entries` as a mapping: where a key comes twice, the last value is taken, as most readers of YAML and JSON do. A key that says who
/// may read the post, in whatever capitals, is kept with each of its values, for nobody knows which of them was forgotten.
fn keep_last(entries: Vec<Entry>, repeated: &mut Vec<Repeated>) -> Vec<(String, Node)> {
    if have_own_keys(&entries) {
        return entries.into_iter().map(|Entry { key, node, .. }| (key, node)).collect();
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    let mut fields: Vec<(String, Node)> = Vec::with_capacity(entries.len());
    for Entry { key, at, node } in entries {
        let keeps_both = keeps_both(&key);
        let name = if keeps_both { key.to_ascii_lowercase() } else { key.clone() };
        if let Some((_, kept)) = places.get(&name).and_then(|&place| fields.get_mut(place)) {
            repeated.push(Repeated { key: key.clone(), at });
            if !keeps_both {
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

/// Whether no key comes twice, in whatever capitals: as a rule none does, and none need be looked for.
fn have_own_keys(entries: &[Entry]) -> bool {
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable_by(|one, other| in_lower_case(one).cmp(in_lower_case(other)));
    keys.is_sorted_by(|one, other| in_lower_case(one).lt(in_lower_case(other)))
}

fn in_lower_case(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// One warning for each key that comes again.
fn warn_of_repeated<'f>(
    file: File<'f, 'f>,
    code: &'static str,
    repeated: &'f [Repeated],
) -> impl Iterator<Item = Diagnostic> + 'f {
    repeated.iter().take(MOST_REMARKS).map(move |Repeated { key, at }| {
        let counts = if keeps_both(key) {
            "the stricter counts"
        } else {
            "this one counts"
        };
        let message = format!("`{key}` is written a second time; {counts}");
        file.warn(code, *at, message, "delete one of the two".to_owned())
    })
}

/// The lines of `text`, each with the offset of its first byte.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |offset, line| {
        let at = *offset;
        *offset += line.len();
        Some((at, line.strip_suffix('\n').unwrap_or(line)))
    })
}
