//! Finds the ends of the quotes, list items and footnotes of a text: [`Containers`].
//!
//! It follows the rules of `CommonMark` 0.31.2 for lines (sections 5.1 and 5.2) without building a tree. In doubt a line is in no
//! container.

mod cursor;
mod leaf;

use std::collections::HashMap;

use self::cursor::{LineCursor, item_mark};
pub(super) use self::leaf::HTML_BLOCKS;
use self::leaf::{LeafBlock, TEXT_END_TAGS, begins_block, begins_fence, contains_any, is_text_unless_closed, opened_by};
use super::bound::MAX_DEPTH;

/// The containers and blocks of the lines of a text.
pub(super) struct Containers {
    /// The offset and the innermost container of each line.
    lines: Vec<(usize, Option<usize>)>,
    /// The block of each line.
    blocks: Vec<LineBlock>,
    found: Vec<Container>,
    length: usize,
}

/// The block of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
struct LineBlock {
    /// The same for all lines of one block.
    number: usize,
    /// Whether it is a block of HTML.
    is_html: bool,
    is_table_row: bool,
}

/// A quote, a list item or a footnote.
struct Container {
    is_item: bool,
    /// The number of quotes around it.
    quotes: usize,
    /// The offset of the first line after it.
    end: usize,
    /// Its latest possible end, if the author forgot marks or did not indent enough; found when first needed.
    late_end: Option<usize>,
}

/// The kind of an open container.
#[derive(Clone, Copy)]
enum ContainerKind {
    Quote,
    /// A list item or a footnote, whose lines are indented by this many columns.
    Item(usize),
}

impl Containers {
    /// Finds the containers of `text`.
    pub(super) fn find(text: &str) -> Self {
        let mut parser = ContainerParser {
            found: Vec::new(),
            open: Vec::new(),
            leaf: LeafBlock::None,
            text,
            text_ends: None,
            ahead: HashMap::new(),
            block: 0,
            is_html: false,
        };
        let mut lines = Vec::new();
        let mut blocks: Vec<LineBlock> = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            parser.parse_line(at, line);
            lines.push((at, parser.open.last().map(|&(id, _)| id)));
            let mut block = LineBlock {
                number: parser.block,
                is_html: parser.is_html,
                is_table_row: false,
            };
            if let Some(before) = blocks.last_mut().filter(|before| before.number == block.number) {
                before.is_table_row |= is_delimiter_row(line);
                block.is_table_row = before.is_table_row;
            }
            blocks.push(block);
            at += line.len();
        }
        parser.close(0, at);
        Self {
            lines,
            blocks,
            found: parser.found,
            length: text.len(),
        }
    }

    /// The index of the line at offset `at`.
    fn line_index(&self, at: usize) -> usize {
        self.lines.partition_point(|&(start, _)| start <= at).saturating_sub(1)
    }

    fn innermost(&self, at: usize) -> Option<usize> {
        self.lines.get(self.line_index(at)).and_then(|&(_, id)| id)
    }

    /// Returns whether the line at `at` is in a container.
    pub(super) fn is_in_container(&self, at: usize) -> bool {
        self.innermost(at).is_some()
    }

    /// Returns the end of the innermost container of the line at `at`, or of the text.
    pub(super) fn end(&self, at: usize) -> usize {
        let found = self.innermost(at).and_then(|id| self.found.get(id));
        found.map_or(self.length, |container| container.end)
    }

    /// Returns whether the line at `at` is in a block of HTML.
    pub(super) fn is_html(&self, at: usize) -> bool {
        self.blocks.get(self.line_index(at)).is_some_and(|block| block.is_html)
    }

    /// Returns whether the line at `at` is the first line of its block.
    pub(super) fn begins_block(&self, at: usize) -> bool {
        let line = self.line_index(at);
        let before = line.checked_sub(1).and_then(|before| self.blocks.get(before));
        before.is_none_or(|before| self.blocks.get(line).is_none_or(|block| block.number != before.number))
    }

    /// Returns the end of the block at `at`: a paragraph, a heading, a cell of a table.
    pub(super) fn block_end(&self, at: usize, text: &str) -> usize {
        let line = self.line_index(at);
        let Some(block) = self.blocks.get(line) else {
            return self.length;
        };
        if block.is_table_row {
            let rest = text.get(at..).unwrap_or_default();
            let mut is_escaped = false;
            let ends = |byte: u8| {
                let ends = byte == b'\n' || (byte == b'|' && !is_escaped);
                is_escaped = byte == b'\\' && !is_escaped;
                ends
            };
            return rest.bytes().position(ends).map_or(self.length, |end| at + end);
        }
        // the numbers of blocks ascend
        let next = self.blocks.partition_point(|other| other.number <= block.number);
        self.lines.get(next).map_or(self.length, |&(start, _)| start)
    }

    /// Like [`end`](Self::end), but includes the following lines that the author may have meant as part of the container: lines without a
    /// mark, and after an item lines with too little indent. They end before the next comment.
    pub(super) fn late_end(&mut self, at: usize, text: &str) -> usize {
        let Some(id) = self.innermost(at) else {
            return self.length;
        };
        let Some(container) = self.found.get(id) else {
            return self.length;
        };
        if let Some(known) = container.late_end {
            return known;
        }
        let mut end = container.end;
        // a blank line may contain marks of quotes
        let last = text.get(..end).unwrap_or_default().lines().next_back().unwrap_or_default();
        let mut is_next = !last.trim_start_matches(['>', ' ', '\t']).is_empty();
        for line in text.get(end..).unwrap_or_default().split_inclusive('\n') {
            let inner = (0..container.quotes).try_fold(line, |rest, _| {
                let quoted = rest.trim_start_matches([' ', '\t']).strip_prefix('>').ok_or(rest)?;
                Ok::<_, &str>(quoted.strip_prefix(' ').unwrap_or(quoted))
            });
            let (Ok(inner) | Err(inner)) = inner;
            let content = inner.trim();
            let is_mark = content.starts_with('>') || item_mark(content).is_some() || begins_fence(content).is_some();
            let is_own = if content.is_empty() {
                is_next = false;
                container.is_item
            } else {
                is_next || (container.is_item && inner.starts_with([' ', '\t']))
            };
            if is_mark || !is_own || content.contains("<!--") {
                break;
            }
            end += line.len();
        }
        if let Some(container) = self.found.get_mut(id) {
            container.late_end = Some(end);
        }
        end
    }
}

/// Parses lines into containers.
struct ContainerParser<'a> {
    found: Vec<Container>,
    open: Vec<(usize, ContainerKind)>,
    leaf: LeafBlock,
    text: &'a str,
    /// The offsets of [`TEXT_END_TAGS`]; found when first needed.
    text_ends: Option<Vec<usize>>,
    /// The next offset of each end that was searched for.
    ahead: HashMap<&'static str, usize>,
    /// The number of the last line's block, and whether it is HTML.
    block: usize,
    is_html: bool,
}

impl ContainerParser<'_> {
    /// Whether one of `ends` comes at `from` or later. An element without an end is text.
    fn ends_after(&mut self, ends: &'static [&'static str], from: usize) -> bool {
        let text = self.text;
        if ends == TEXT_END_TAGS {
            let places = self.text_ends.get_or_insert_with(|| {
                let places = memchr::memmem::find_iter(text.as_bytes(), b"</");
                let is_end = |&place: &usize| {
                    let is = |end: &&str| {
                        let found = text.get(place..place + end.len());
                        found.is_some_and(|found| found.eq_ignore_ascii_case(end))
                    };
                    TEXT_END_TAGS.iter().any(is)
                };
                places.filter(is_end).collect()
            });
            return places.last().is_some_and(|&last| last >= from);
        }
        ends.iter().any(|&end| {
            let known = self.ahead.get(end).copied().filter(|&place| place >= from);
            let place = known.unwrap_or_else(|| {
                let rest = text.get(from..).unwrap_or_default();
                rest.find(end).map_or(usize::MAX, |place| from + place)
            });
            self.ahead.insert(end, place);
            place < text.len()
        })
    }

    /// Closes all containers except the first `kept`.
    fn close(&mut self, kept: usize, at: usize) {
        for (id, _) in self.open.drain(kept..) {
            if let Some(container) = self.found.get_mut(id) {
                container.end = at;
            }
        }
    }

    fn open(&mut self, kind: ContainerKind) {
        let is_quote = |(_, kind): &&(usize, ContainerKind)| matches!(kind, ContainerKind::Quote);
        let quotes = self.open.iter().filter(is_quote).count();
        self.open.push((self.found.len(), kind));
        self.found.push(Container {
            is_item: matches!(kind, ContainerKind::Item(_)),
            quotes,
            end: usize::MAX,
            late_end: None,
        });
    }

    fn parse_line(&mut self, at: usize, line: &str) {
        let mut cursor = LineCursor::new(line);
        let kept = self.skip_container_marks(&mut cursor);
        let is_whole = kept == self.open.len();
        if !is_whole && self.leaf != LeafBlock::Paragraph {
            self.close(kept, at);
            self.leaf = LeafBlock::None;
        }
        if self.continues_leaf(&cursor) {
            return;
        }
        let is_opened = self.open_containers(at, kept, &mut cursor);
        let mut is_paragraph = self.leaf == LeafBlock::Paragraph && !is_opened;
        let content = cursor.content();
        let is_lazy = is_paragraph && !is_whole && !content.is_empty() && (cursor.indent() >= 4 || !begins_block(content));
        if is_lazy {
            return;
        }
        if !is_opened && !is_whole {
            self.close(kept, at);
            is_paragraph = false;
        }
        self.leaf = match opened_by(content, is_paragraph) {
            _ if content.is_empty() => LeafBlock::None,
            LeafBlock::Until(ends) if cursor.indent() < 4 && is_text_unless_closed(content) && !self.ends_after(ends, at) => {
                LeafBlock::Paragraph
            }
            leaf if cursor.indent() < 4 => leaf,
            _ if is_paragraph => LeafBlock::Paragraph,
            _ => LeafBlock::None,
        };
        if !(is_paragraph && self.leaf == LeafBlock::Paragraph) {
            self.block += 1;
            let is_indented = cursor.indent() >= 4;
            self.is_html = !is_indented && content.starts_with('<') && self.leaf != LeafBlock::Paragraph;
        }
    }

    /// Skips the marks and the indents of the open containers that continue on this line, and returns their number.
    fn skip_container_marks(&self, cursor: &mut LineCursor<'_>) -> usize {
        let mut kept = 0;
        for &(_, kind) in &self.open {
            let continues = match kind {
                ContainerKind::Quote => cursor.skip_quote_mark(),
                ContainerKind::Item(_) if cursor.is_blank() => true,
                ContainerKind::Item(width) => {
                    let is_indented = cursor.indent() >= width;
                    if is_indented {
                        cursor.skip_columns(width);
                    }
                    is_indented
                }
            };
            if !continues {
                break;
            }
            kept += 1;
        }
        kept
    }

    /// Opens the containers that begin on this line, after closing those that do not continue; returns whether there are any.
    fn open_containers(&mut self, at: usize, kept: usize, cursor: &mut LineCursor<'_>) -> bool {
        let is_whole = kept == self.open.len();
        let mut is_paragraph = self.leaf == LeafBlock::Paragraph;
        let mut is_opened = false;
        while cursor.indent() < 4 && self.open.len() < MAX_DEPTH.max(kept + 1) {
            let content = cursor.content();
            let kind = if content.starts_with('>') {
                cursor.skip_quote_mark();
                ContainerKind::Quote
            } else if let Some(mark) = item_mark(content).filter(|mark| !is_paragraph || !is_whole || mark.may_interrupt) {
                ContainerKind::Item(cursor.skip_item_mark(&mark))
            } else {
                break;
            };
            if !is_opened {
                self.close(kept, at);
                is_opened = true;
            }
            is_paragraph = false;
            self.open(kind);
        }
        is_opened
    }

    /// Whether the line continues the open block of code or HTML. Closes the block on its last line.
    fn continues_leaf(&mut self, cursor: &LineCursor<'_>) -> bool {
        let content = cursor.content();
        let is_last = match self.leaf {
            LeafBlock::None | LeafBlock::Paragraph => return false,
            LeafBlock::Fence(mark, length) => {
                let is_fence = cursor.indent() < 4 && content.chars().all(|c| c == mark);
                is_fence && content.len() >= length
            }
            LeafBlock::Until(ends) => contains_any(content, ends),
            LeafBlock::Html => content.is_empty(),
        };
        if is_last {
            self.leaf = LeafBlock::None;
        }
        true
    }
}

/// Whether a line is the delimiter row of a table, which sets the alignment of columns.
fn is_delimiter_row(line: &str) -> bool {
    let cells = line.trim_start_matches(['>', ' ', '\t']).trim_end();
    let is_sign = |byte: u8| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t');
    cells.contains('-') && cells.contains(['|', ':']) && cells.bytes().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_ends_before_the_first_line_that_is_not_its_own() {
        // `@` is in the container, which ends at `|`
        let cases = [
            "@a\n\nb|",
            "> @a\n> b\n|\nc",
            "> @a\nb\n|\nc",
            "> @a\n|# b",
            "> @a\n|- b",
            "> @a\n|```\nb",
            "> a\n\n@b|",
            "> # @a\n|b",
            "> <!-- @a\n|b",
            "> ```\n> @a\n|b",
            "> > @a\n> b\n|>\n> c",
            "> > @a\n|\n> c",
            "- @a\n\n  b\n\n|c",
            "- a\n\n  @b\n\n|c",
            "- a\n  - @b\n\n|  c\n\nd",
            "- a\n  - b\n\n  @c\n\n|d",
            "- @a\n|- b",
            "1. @a\n\n|  b",
            "10) @a\n\n    b\n|11) c",
            "- > @a\n  > b\n|\n  c",
            "> - @a\n>\n>   b\n>\n|> c",
            ">\t-\t@a\n|\nb",
            "-\t@a\n\n\tb\n\n|c",
            "[^a]: @b\n\n    c\n\n|d",
            "```\n- @a\n```\n\n  b|",
            "<!--\n- a\n  -->\n\n  @b|",
            "<div>\n- @a\n</div>|",
            "a\n2. @b|",
            "* * *\n  @a|",
            "    > @a|",
            "- a\n{% b %} @c|",
            "<script>\n- @a\n\n  b\n</script>|",
            "<script />\n\n- @a\n\n|b",
            "<style> a\n\n- @a\n\n|b",
        ];
        for marked in cases {
            let text = marked.replace(['@', '|'], "");
            let at = marked.find('@').unwrap();
            let end = marked.find('|').unwrap() - usize::from(marked.find('|') > Some(at));
            assert_eq!(Containers::find(&text).end(at), end, "{marked}");
        }
    }

    #[test]
    fn late_ends_include_lines_that_the_author_may_have_meant() {
        let cases = [
            "> @a\n> b\n|\nc",
            "> <!-- @a\nb\n|\nc",
            "> <!-- @a\n|- b",
            "> <!-- @a\n|<!-- b",
            "10. @a\n\n  b\n\n|c",
            "> > <!-- @a\n> b\n|>\n> c",
            "> 10. <!-- @a\n>\n>   b\n>\n|> c",
            "- > <!-- @a\n  b\n|\n  c",
            "- <!-- @a\nb\n\n|c",
        ];
        for marked in cases {
            let text = marked.replace(['@', '|'], "");
            let at = marked.find('@').unwrap();
            assert_eq!(
                Containers::find(&text).late_end(at, &text),
                marked.find('|').unwrap() - 1,
                "{marked}"
            );
        }
    }
}
