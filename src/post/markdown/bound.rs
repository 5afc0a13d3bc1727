//! The bounds of a text: how deep it nests and how much comes out of it.
//!
//! Parsing and cleaning take time proportional to length times depth, and a few bytes of Markdown (an empty table row, a footnote used
//! again) can become hundreds of HTML. Both are held here, so that no file costs more than its size allows.

use std::borrow::Cow;
use std::fmt;

use comrak::Node;
use comrak::nodes::{AstNode, NodeValue};

/// Quotes, lists and emphasis deeper than this are flattened: no text needs more.
pub(super) const MAX_DEPTH: usize = 100;

/// The HTML of a text may be this many times its length: the densest honest Markdown (`-` lists, quotes of `&`) comes to five or six.
const MAX_GROWTH: usize = 8;

/// What even a small text may come to.
const FREE_LENGTH: usize = 64 * 1024;

/// So much work, in bytes looked at, notes in the text (`^[so]`) may cost: the parser looks for the end of each.
const MAX_NOTES: usize = 32 * 1024 * 1024;

/// Whether the notes in the text of `markdown` cost no more than they may: each is looked for up to the end of its paragraph.
pub(super) fn can_hold_notes(markdown: &str) -> bool {
    if !markdown.contains("^[") {
        return true;
    }
    let work = markdown
        .split("\n\n")
        .map(|paragraph| paragraph.matches("^[").count().saturating_mul(paragraph.len()));
    work.fold(0, usize::saturating_add) <= MAX_NOTES
}

/// So long is the HTML of a cell, in bytes, where little stands in it.
const CELL: usize = 12;

/// So long is the HTML of a note's mark and of the way back to it, in bytes.
const NOTE: usize = 250;

/// How long the HTML of `markdown` may be, in bytes.
pub(super) fn html_length(markdown: &str) -> usize {
    markdown.len() * MAX_GROWTH + FREE_LENGTH
}

/// Whether the HTML of `markdown` may be longer than [`html_length`]: a cell that is not written and a note that is named again are what
/// a few bytes of Markdown make hundreds of HTML of. Rendering says for certain.
pub(super) fn may_be_too_long(markdown: &str) -> bool {
    let bytes = markdown.as_bytes();
    let bars = |line: &str| memchr::memchr_iter(b'|', line.as_bytes()).count();
    let cells = if memchr::memchr(b'|', bytes).is_some() {
        let widest = markdown.lines().map(bars).max().unwrap_or(0) + 1;
        widest.saturating_mul(memchr::memchr_iter(b'\n', bytes).count())
    } else {
        0
    };
    let notes = memchr::memmem::find_iter(bytes, b"[^").count();
    let most = cells
        .saturating_mul(CELL)
        .saturating_add(notes.saturating_mul(NOTE))
        .saturating_add(markdown.len().saturating_mul(MAX_GROWTH - 2));
    most > html_length(markdown)
}

/// A text may have this many headings. Each has an id and a place in the page's table of contents, so that a page costs more for each
/// heading than for any other block.
pub(super) const MAX_HEADINGS: usize = 10_000;

/// Whether `markdown` may have more than [`MAX_HEADINGS`]. Rendering says for certain.
pub(super) fn may_have_too_many_headings(markdown: &str) -> bool {
    // no heading is shorter than its mark and the end of its line
    if markdown.len() < 2 * MAX_HEADINGS {
        return false;
    }
    let is_mark = |line: &str| {
        let content =
            line.trim_start_matches(|c: char| matches!(c, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')') || c.is_ascii_digit());
        content.starts_with('#') || line.trim_end().ends_with(['=', '-'])
    };
    markdown.lines().filter(|line| is_mark(line)).count() + headings(markdown) > MAX_HEADINGS
}

/// How many headings begin in `html`.
pub(super) fn headings(html: &str) -> usize {
    let bytes = html.as_bytes();
    memchr::memchr_iter(b'<', bytes)
        .filter(|&at| matches!(bytes.get(at + 1..at + 3), Some([b'h' | b'H', b'1'..=b'6'])))
        .count()
}

/// `markdown` with no line that begins more than [`MAX_DEPTH`] quotes, items and notes; and whether any did.
///
/// Each following line is held against each of them by the parser, which makes that the one thing to bound before it.
pub(super) fn containers(markdown: &str) -> (Cow<'_, str>, bool) {
    let shallow = |line: &str| line.len() <= MAX_DEPTH || excess(line).is_none();
    if markdown.lines().all(shallow) {
        return (Cow::Borrowed(markdown), false);
    }
    let lines = markdown.split_inclusive('\n').map(|line| match excess(line) {
        Some((kept, content)) => Cow::Owned(format!("{kept} {content}")),
        None => Cow::Borrowed(line),
    });
    (Cow::Owned(lines.collect()), true)
}

/// The part of `line` up to the last container mark it may have, and the part after the last it has; `None` where it has no more than it
/// may.
fn excess(line: &str) -> Option<(&str, &str)> {
    let mut rest = line;
    let mut kept = None;
    let mut depth = 0;
    while let Some(after) = after_mark(rest) {
        rest = after;
        depth += 1;
        if depth == MAX_DEPTH {
            kept = Some(line.len() - rest.len());
        }
    }
    let kept = kept.filter(|_| depth > MAX_DEPTH)?;
    Some((line.get(..kept)?, rest))
}

/// What follows the mark of a quote, an item or a note at the start of `text`.
fn after_mark(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t']);
    let spaced = |rest: &str| rest.starts_with([' ', '\t']);
    match text.as_bytes().first()? {
        b'>' => text.get(1..),
        b'-' | b'+' | b'*' => text.get(1..).filter(|rest| spaced(rest)),
        b'0'..=b'9' => {
            let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
            number.strip_prefix(['.', ')']).filter(|rest| spaced(rest))
        }
        b'[' if text.starts_with("[^") => {
            let (label, rest) = text.split_once("]:")?;
            (label.len() < 1000 && !label.contains('\n')).then_some(rest)
        }
        _ => None,
    }
}

/// Flattens what lies deeper than [`MAX_DEPTH`] below `root` to its text; says whether anything did.
pub(super) fn tree<'a>(root: Node<'a>) -> bool {
    let mut cut = false;
    let mut depth = 0;
    let mut next = root.first_child();
    while let Some(node) = next {
        if depth >= MAX_DEPTH && node.first_child().is_some() && can_be_text(node) {
            let text = node.collect_text();
            node.children()
                .collect::<Vec<&'a AstNode<'a>>>()
                .into_iter()
                .for_each(AstNode::detach);
            node.data_mut().value = NodeValue::Text(text.into());
            cut = true;
        }
        if let Some(child) = node.first_child() {
            depth += 1;
            next = Some(child);
            continue;
        }
        let mut at = node;
        next = loop {
            if let Some(sibling) = at.next_sibling() {
                break Some(sibling);
            }
            match at.parent() {
                Some(parent) if !parent.same_node(root) => {
                    depth -= 1;
                    at = parent;
                }
                _ => break None,
            }
        };
    }
    cut
}

/// Whether a node may be replaced by text: the parts of lists and tables may not, their content may.
fn can_be_text(node: Node<'_>) -> bool {
    use NodeValue::{Item, TableCell, TableRow, TaskItem};
    !matches!(node.data().value, Item(_) | TaskItem(_) | TableRow(_) | TableCell)
}

/// Text that grows up to a length and then refuses.
pub(super) struct Limited {
    /// What was written.
    pub(super) text: String,
    /// How long it may become, in bytes.
    pub(super) limit: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_counted_by_what_they_cost() {
        assert!(can_hold_notes(&"a^[b] c\n\n".repeat(100_000)));
        assert!(can_hold_notes(&"a^[b] c ".repeat(500)));
        assert!(!can_hold_notes(&"^[".repeat(50_000)));
    }

    #[test]
    fn headings_are_counted() {
        for heading in [
            "# a\n",
            "> # a\n",
            "1. # a\n",
            "#\n",
            "a\n=\n\n",
            "a\n-\n\n",
            "<h1>a</h1>",
            "<H2 id=x>a</H2>\n\n",
        ] {
            let enough = heading.repeat(MAX_HEADINGS);
            assert_eq!(super::super::overflow(&enough, "b"), None, "{heading:?}");
            let why = super::super::overflow(&(enough + "\n" + heading), "b");
            assert_eq!(why.as_deref(), Some("it has more than 10000 headings"), "{heading:?}");
        }
        // neither is a heading
        for other in ["#a\n", "- a\n-\n", "    # a\n"] {
            assert_eq!(
                super::super::overflow(&other.repeat(MAX_HEADINGS + 1), "b"),
                None,
                "{other:?}"
            );
        }
    }

    #[test]
    fn containers_are_counted() {
        let deep = format!("{}text\nnext", "> ".repeat(500));
        let (bounded, cut) = containers(&deep);
        assert!(cut);
        assert_eq!(bounded.matches('>').count(), MAX_DEPTH);
        assert!(bounded.ends_with("text\nnext"));
        for line in ["- ".repeat(200), "1. ".repeat(200), "[^a]: ".repeat(200), ">- ".repeat(200)] {
            let (bounded, cut) = containers(&line);
            assert!(cut && bounded.len() < line.len(), "{line}");
        }
        for honest in ["> - 1. a", &"-".repeat(500), &"a - ".repeat(500)] {
            assert_eq!(containers(honest), (Cow::Borrowed(honest), false));
        }
    }
}
