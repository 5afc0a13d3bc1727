//! Front matter without an opening fence: header lines above an empty line (Blot, Pelican), header lines within HTML comments (Blot,
//! Nikola) or with two dots before each (Nikola), and Hexo's YAML, which ends with `---`.
//!
//! A text may begin like any of them, so the first line must have a known key.

use super::key::KeyLine;
use super::mapping::ParsedFields;
use super::parts::{Dialect, FileText, Parts, lines};
use super::{lenient, yaml};
use crate::diagnostic::{Diagnostic, Position};

/// Parses a file that begins with comments of `key: value` lines.
pub(super) fn parse_comments<'a>(file: FileText<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let mut end = start;
    while let Some(length) = comment_length(file.from(end)) {
        end += length;
    }
    if end == start {
        return Ok(None);
    }
    let block = file.front_matter(start, end)?;
    // spaces in place of the comment's delimiters, so that positions stay the same
    let blanked = block
        .text
        .replace("<!--", "    ")
        .replace("-->", "   ")
        .replace("\n.. ", "\n   ");
    let ParsedFields { fields, remarks } = lenient::parse_header(block, &blanked, true);
    Ok(Some(Parts {
        dialect: Dialect::Header,
        fields,
        body: file.from(end),
        remarks,
    }))
}

/// Parses a file that begins with lines such as `.. title: Hello`, which Nikola also allows without a comment.
pub(super) fn parse_dotted<'a>(file: FileText<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let text = file.from(start);
    let field = |line: &'a str| KeyLine::split(line.strip_prefix(".. ")?.trim_start());
    let is_header = text.lines().next().and_then(field).is_some_and(|first| first.is_known());
    if !is_header {
        return Ok(None);
    }
    let fields = lines(text).take_while(|(_, line)| field(line).is_some());
    let end = fields.last().map_or(0, |(at, line)| at + line.len() + 1).min(text.len());
    let block = file.front_matter(start, start + end)?;
    let ParsedFields { fields, remarks } = lenient::parse_header(block, block.text, true);
    Ok(Some(Parts {
        dialect: Dialect::Header,
        fields,
        body: file.from(start + end),
        remarks,
    }))
}

/// Returns whether `text` begins with a comment of fields.
pub(super) fn begins_with_comment(text: &str) -> bool {
    comment_length(text).is_some()
}

/// The length of the comment at the start of `text`, with the rest of its last line, if it contains only fields.
fn comment_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("<!--")?;
    let (inner, after) = inner.split_once("-->")?;
    let mut fields = inner.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let line = line.strip_prefix(".. ").unwrap_or(line);
        KeyLine::split(line)
    });
    let first = fields.next()??;
    let line_end = after.find('\n').map_or(after.len(), |newline| newline + 1);
    let (rest_of_line, _) = after.split_at_checked(line_end)?;
    let fits = first.is_known() && fields.all(|field| field.is_some()) && rest_of_line.trim().is_empty();
    fits.then_some(text.len() - after.len() + line_end)
}

/// Parses a file that begins with `key: value` lines.
pub(super) fn parse_lines<'a>(file: FileText<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let Some(extent) = find_extent(file.from(start)) else {
        return Ok(None);
    };
    let block = file.front_matter(start, start + extent.fields)?;
    let body = file.from(start + extent.body);
    let (dialect, ParsedFields { fields, mut remarks }) = match extent.end {
        HeaderEnd::Fence => (Dialect::Yaml, yaml::parse_yaml(block)?),
        HeaderEnd::Empty | HeaderEnd::Prose => (Dialect::Header, lenient::parse_header(block, block.text, false)),
    };
    if extent.end == HeaderEnd::Prose {
        let at = Position {
            line: block.line + block.text.lines().count(),
            column: 1,
        };
        let message = "the header ends here, because this is not a key with a value".to_owned();
        remarks.push(file.warn(
            "header-unclosed",
            at,
            message,
            "put an empty line between header and text".to_owned(),
        ));
    }
    Ok(Some(Parts {
        dialect,
        fields,
        body,
        remarks,
    }))
}

/// The extent of a front matter without an opening fence.
struct HeaderExtent {
    /// The length of the lines with fields.
    fields: usize,
    /// The offset of the text.
    body: usize,
    end: HeaderEnd,
}

/// How a header ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderEnd {
    /// With the closing fence of Hexo's form.
    Fence,
    /// With an empty line, or the end of the file.
    Empty,
    /// With a line that does not belong to a header.
    Prose,
}

/// The line before, which decides what may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PreviousLine {
    Value,
    /// A list may follow.
    KeyAlone,
    Item,
    EmptyLine,
}

/// Finds the extent of a header at the start of `text`.
fn find_extent(text: &str) -> Option<HeaderExtent> {
    let mut previous = PreviousLine::EmptyLine;
    let mut known = 0;
    let mut is_certain = false;
    let mut empty = None;
    let mut prose = None;
    for (at, line) in lines(text) {
        let indented = line.starts_with([' ', '\t']);
        let field = KeyLine::split(line).filter(|_| !indented);
        previous = if line.trim().is_empty() {
            empty = empty.or(Some(HeaderExtent {
                fields: at,
                body: at + line.len() + 1,
                end: HeaderEnd::Empty,
            }));
            PreviousLine::EmptyLine
        } else if known > 0 && line.trim_end() == "---" {
            return Some(HeaderExtent {
                fields: at,
                body: at + line.len() + 1,
                end: HeaderEnd::Fence,
            });
        } else if let Some(field) = field.filter(|field| field.is_known() || previous != PreviousLine::EmptyLine) {
            if empty.is_none() {
                known += usize::from(field.is_known());
                is_certain |= field.is_certain_header();
            }
            if field.value.is_empty() {
                PreviousLine::KeyAlone
            } else {
                PreviousLine::Value
            }
        } else if line.starts_with("- ") && matches!(previous, PreviousLine::KeyAlone | PreviousLine::Item) {
            PreviousLine::Item
        } else if indented && previous != PreviousLine::EmptyLine {
            previous
        } else {
            prose = Some(HeaderExtent {
                fields: at,
                body: at,
                end: HeaderEnd::Prose,
            });
            break;
        };
    }
    let whole = HeaderExtent {
        fields: text.len(),
        body: text.len(),
        end: HeaderEnd::Empty,
    };
    let is_closed = empty.is_some() || prose.is_none();
    // a text may begin with one line such as `Summary: …`, and with any line that prose follows directly
    let fits = if is_closed { known > 1 || is_certain } else { known > 1 };
    (fits && known > 0).then(|| empty.or(prose).unwrap_or(whole))
}
