//! Limits the depth of a text and the length of its HTML.
//!
//! Parsing and cleaning take time proportional to length times depth, and a few bytes of Markdown (an empty table row, a repeated footnote)
//! can become hundreds of bytes of HTML. The limits keep the cost of a file proportional to its size.

use std::borrow::Cow;
use std::fmt;

use comrak::Node;
use comrak::nodes::{AstNode, NodeValue};

/// Quotes, lists and emphasis that are deeper are flattened: no text needs more.
pub(super) const MAX_DEPTH: usize = 100;

/// How many times longer than a text its HTML may be: five or six times is the most in real Markdown (`-` lists, quotes of `&`).
const MAX_GROWTH: usize = 8;

/// In bytes: added to the limit, so that small texts never reach it.
const FREE_LENGTH: usize = 64 * 1024;

/// The most bytes that the parser may scan for the ends of inline notes (`^[so]`).
const MAX_NOTE_SCAN: usize = 32 * 1024 * 1024;

/// Returns whether inline notes can be parsed in `markdown` within the limit: the end of each is searched for up to the end of its
/// paragraph.
pub(super) fn allows_inline_notes(markdown: &str) -> bool {
    if !markdown.contains("^[") {
        return true;
    }
    let work = markdown
        .split("\n\n")
        .map(|paragraph| paragraph.matches("^[").count().saturating_mul(paragraph.len()));
    work.fold(0, usize::saturating_add) <= MAX_NOTE_SCAN
}

/// In bytes: the length of the HTML of an empty cell.
const CELL_LENGTH: usize = 12;

/// In bytes: the length of the HTML of a footnote's mark and of the link back to it.
const NOTE_LENGTH: usize = 250;

/// Returns the most bytes that the HTML of `markdown` may have.
pub(super) fn html_length(markdown: &str) -> usize {
    markdown.len() * MAX_GROWTH + FREE_LENGTH
}

/// Returns whether the HTML of `markdown` may be longer than [`html_length`]. Missing cells of tables and repeated footnotes make hundreds
/// of bytes of HTML from a few of Markdown. Only rendering tells for certain.
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
        .saturating_mul(CELL_LENGTH)
        .saturating_add(notes.saturating_mul(NOTE_LENGTH))
        .saturating_add(markdown.len().saturating_mul(MAX_GROWTH - 2));
    most > html_length(markdown)
}

/// The most headings of a text. Each has an id and an entry in the page's table of contents, so headings cost more than other blocks.
pub(super) const MAX_HEADINGS: usize = 10_000;

/// Returns whether `markdown` may have more than [`MAX_HEADINGS`]. Only rendering tells for certain.
pub(super) fn may_have_too_many_headings(markdown: &str) -> bool {
    // the shortest heading is a mark and a line end
    if markdown.len() < 2 * MAX_HEADINGS {
        return false;
    }
    let is_mark = |line: &str| {
        let content =
            line.trim_start_matches(|c: char| matches!(c, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')') || c.is_ascii_digit());
        content.starts_with('#') || line.trim_end().ends_with(['=', '-'])
    };
    markdown.lines().filter(|line| is_mark(line)).count() + count_headings(markdown) > MAX_HEADINGS
}

/// Returns the number of headings in `html`.
pub(super) fn count_headings(html: &str) -> usize {
    let bytes = html.as_bytes();
    memchr::memchr_iter(b'<', bytes)
        .filter(|&at| matches!(bytes.get(at + 1..at + 3), Some([b'h' | b'H', b'1'..=b'6'])))
        .count()
}

/// Removes the marks of quotes, items and notes beyond [`MAX_DEPTH`] in each line of `markdown`; returns whether there were any.
///
/// The parser compares each following line with each of them, so this limit must come before parsing.
pub(super) fn flatten_containers(markdown: &str) -> (Cow<'_, str>, bool) {
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

/// The part of `line` up to the last allowed container mark, and the part after its last mark; `None` if it does not exceed the limit.
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

/// The text after the mark of a quote, an item or a note at the start of `text`.
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

/// Replaces everything deeper than [`MAX_DEPTH`] below `root` by its text; returns whether there was anything.
pub(super) fn flatten_tree<'a>(root: Node<'a>) -> bool {
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

/// Whether a node may be replaced by text: not the parts of lists and tables, but their content.
fn can_be_text(node: Node<'_>) -> bool {
    use NodeValue::{Item, TableCell, TableRow, TaskItem};
    !matches!(node.data().value, Item(_) | TaskItem(_) | TableRow(_) | TableCell)
}

/// A text with a limited length: writing more is an error.
pub(super) struct LimitedText {
    /// The text written so far.
    pub(super) text: String,
    /// In bytes.
    pub(super) limit: usize,
}

impl fmt::Write for LimitedText {
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
    fn the_cost_of_inline_notes_is_limited() {
        assert!(allows_inline_notes(&"a^[b] c\n\n".repeat(100_000)));
        assert!(allows_inline_notes(&"a^[b] c ".repeat(500)));
        assert!(!allows_inline_notes(&"^[".repeat(50_000)));
    }

    #[test]
    fn the_number_of_headings_is_limited() {
        let shortcodes = crate::config::Shortcodes::default();
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
            assert_eq!(super::super::overflow(&enough, "b", &shortcodes), None, "{heading:?}");
            let why = super::super::overflow(&(enough + "\n" + heading), "b", &shortcodes);
            assert_eq!(why.as_deref(), Some("it has more than 10000 headings"), "{heading:?}");
        }
        // these are not headings
        for other in ["#a\n", "- a\n-\n", "    # a\n"] {
            assert_eq!(
                super::super::overflow(&other.repeat(MAX_HEADINGS + 1), "b", &shortcodes),
                None,
                "{other:?}"
            );
        }
    }

    #[test]
    fn the_depth_of_containers_is_limited() {
        let deep = format!("{}text\nnext", "> ".repeat(500));
        let (bounded, cut) = flatten_containers(&deep);
        assert!(cut);
        assert_eq!(bounded.matches('>').count(), MAX_DEPTH);
        assert!(bounded.ends_with("text\nnext"));
        for line in ["- ".repeat(200), "1. ".repeat(200), "[^a]: ".repeat(200), ">- ".repeat(200)] {
            let (bounded, cut) = flatten_containers(&line);
            assert!(cut && bounded.len() < line.len(), "{line}");
        }
        for shallow in ["> - 1. a", &"-".repeat(500), &"a - ".repeat(500)] {
            assert_eq!(flatten_containers(shallow), (Cow::Borrowed(shallow), false));
        }
    }
}
