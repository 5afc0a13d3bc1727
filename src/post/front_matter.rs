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
mod mapping;
mod parts;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

use camino::Utf8Path;

pub use self::parts::{Dialect, Parts};
use self::parts::{FileText, is_blank, lines};
use super::characters::is_invisible;
pub use super::node::{Node, Value};
use crate::diagnostic::Diagnostic;

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
