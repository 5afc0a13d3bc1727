//! Front matter without an opening fence: header lines above an empty line (Blot, Pelican), the same within HTML comments (Blot,
//! Nikola) or with two dots before each (Nikola), and Hexo's YAML that only a closing `---` ends.
//!
//! All of them begin like prose may begin, so that the first line has to have a key that tools know.

use super::key::KeyLine;
use super::{Diagnostic, Dialect, File, Parts, Reading, lenient, lines, yaml};

/// The parts of a file that begins with comments of `key: value` lines.
pub(super) fn read_comments<'a>(file: File<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let mut end = start;
    while let Some(length) = comment_of_fields(file.from(end)) {
        end += length;
    }
    if end == start {
        return Ok(None);
    }
    let block = file.block(start, end)?;
    // spaces instead of the comment's own signs: every place stays what it is in the file
    let blanked = block
        .text
        .replace("<!--", "    ")
        .replace("-->", "   ")
        .replace("\n.. ", "\n   ");
    let Reading { fields, remarks } = lenient::read_header(block, &blanked, true);
    Ok(Some(Parts {
        dialect: Dialect::Header,
        fields,
        body: file.from(end),
        remarks,
    }))
}

/// The parts of a file that begins with lines such as `.. title: Hello`, as Nikola has them also without a comment around.
pub(super) fn read_dotted<'a>(file: File<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let text = file.from(start);
    let field = |line: &'a str| KeyLine::split(line.strip_prefix(".. ")?.trim_start());
    let is_header = text.lines().next().and_then(field).is_some_and(|first| first.is_known());
    if !is_header {
        return Ok(None);
    }
    let fields = lines(text).take_while(|(_, line)| field(line).is_some());
    let end = fields.last().map_or(0, |(at, line)| at + line.len() + 1).min(text.len());
    let block = file.block(start, start + end)?;
    let Reading { fields, remarks } = lenient::read_header(block, block.text, true);
    Ok(Some(Parts {
        dialect: Dialect::Header,
        fields,
        body: file.from(start + end),
        remarks,
    }))
}

/// Whether `text` begins with a comment of fields.
pub(super) fn begins(text: &str) -> bool {
    comment_of_fields(text).is_some()
}

/// The length of the comment that `text` begins with, and of the rest of its last line, if there are only fields in it.
fn comment_of_fields(text: &str) -> Option<usize> {
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

/// The parts of a file that begins with `key: value` lines.
pub(super) fn read_lines<'a>(file: File<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let Some(extent) = extent(file.from(start)) else {
        return Ok(None);
    };
    let block = file.block(start, start + extent.fields)?;
    let body = file.from(start + extent.body);
    let (dialect, Reading { fields, mut remarks }) = match extent.end {
        End::Fence => (Dialect::Yaml, yaml::read(block)?),
        End::Empty | End::Prose => (Dialect::Header, lenient::read_header(block, block.text, false)),
    };
    if extent.end == End::Prose {
        let at = super::Position {
            line: block.line + block.text.lines().count(),
            column: 1,
        };
        let message = "the header ends here, for this is no key with a value".to_owned();
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

/// How far a front matter without an opening fence goes.
struct Extent {
    /// The length of the lines with fields.
    fields: usize,
    /// Where the text begins.
    body: usize,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Of Hexo's form.
    Fence,
    /// An empty line, or the end of the file.
    Empty,
    /// A line that is none of a header.
    Prose,
}

/// What the lines before may be followed by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Value,
    /// Here a list may begin.
    KeyAlone,
    Item,
    EmptyLine,
}

fn extent(text: &str) -> Option<Extent> {
    let mut after = After::EmptyLine;
    let mut known = 0;
    let mut telling = false;
    let mut empty = None;
    let mut prose = None;
    for (at, line) in lines(text) {
        let indented = line.starts_with([' ', '\t']);
        let field = KeyLine::split(line).filter(|_| !indented);
        after = if line.trim().is_empty() {
            empty = empty.or(Some(Extent {
                fields: at,
                body: at + line.len() + 1,
                end: End::Empty,
            }));
            After::EmptyLine
        } else if known > 0 && line.trim_end() == "---" {
            return Some(Extent {
                fields: at,
                body: at + line.len() + 1,
                end: End::Fence,
            });
        } else if let Some(field) = field.filter(|field| field.is_known() || after != After::EmptyLine) {
            if empty.is_none() {
                known += usize::from(field.is_known());
                telling |= field.is_telling();
            }
            if field.value.is_empty() {
                After::KeyAlone
            } else {
                After::Value
            }
        } else if line.starts_with("- ") && matches!(after, After::KeyAlone | After::Item) {
            After::Item
        } else if indented && after != After::EmptyLine {
            after
        } else {
            prose = Some(Extent {
                fields: at,
                body: at,
                end: End::Prose,
            });
            break;
        };
    }
    let whole = Extent {
        fields: text.len(),
        body: text.len(),
        end: End::Empty,
    };
    let is_closed = empty.is_some() || prose.is_none();
    // one line such as `Summary: …` may well be how a text begins, and so may any that prose follows at once
    let fits = if is_closed { known > 1 || telling } else { known > 1 };
    (fits && known > 0).then(|| empty.or(prose).unwrap_or(whole))
}
