//! Where the quotes, list items and notes of a text end: [`Containers`].
//!
//! It reads lines as `CommonMark` 0.31.2 does (sections 5.1 and 5.2), but keeps no tree. What is in doubt stands in no container.

use std::collections::HashMap;

use super::super::html::token::start_tag;
use super::bound::MAX_DEPTH;

/// The ends of elements whose content is text.
const TEXT: &[&str] = &["</pre>", "</script>", "</style>", "</textarea>"];

/// The containers that the lines of a text stand in.
pub(super) struct Containers {
    /// Where each line begins, and the innermost container it stands in.
    lines: Vec<(usize, Option<usize>)>,
    /// For each line, the block it belongs to.
    blocks: Vec<Block>,
    found: Vec<Container>,
    length: usize,
}

/// The block that a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Block {
    /// The same for all lines of one block.
    number: usize,
    /// Whether it is HTML as it is written.
    is_html: bool,
    is_table_row: bool,
}

struct Container {
    is_item: bool,
    /// How many quotes it stands in.
    quotes: usize,
    /// Where the first line begins that is no part of it.
    end: usize,
    /// Where its lines end at the latest, if its author forgot marks or did not indent enough; `None` before it is looked for.
    late_end: Option<usize>,
}

/// A container that is open.
#[derive(Clone, Copy)]
enum Kind {
    Quote,
    /// A list item or a note, whose lines are indented by so many columns.
    Item(usize),
}

/// The block that the last line left open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaf {
    None,
    Paragraph,
    Fence(char, usize),
    /// HTML up to one of these.
    Until(&'static [&'static str]),
    /// HTML up to a blank line.
    Html,
}

impl Containers {
    /// The containers of `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut walk = Walk {
            found: Vec::new(),
            open: Vec::new(),
            leaf: Leaf::None,
            text,
            text_ends: None,
            ahead: HashMap::new(),
            block: 0,
            is_html: false,
        };
        let mut lines = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            walk.line(at, line);
            lines.push((at, walk.open.last().map(|&(id, _)| id)));
            let mut block = Block {
                number: walk.block,
                is_html: walk.is_html,
                is_table_row: false,
            };
            if let Some(before) = blocks.last_mut().filter(|before| before.number == block.number) {
                before.is_table_row |= is_delimiter_row(line);
                block.is_table_row = before.is_table_row;
            }
            blocks.push(block);
            at += line.len();
        }
        walk.close(0, at);
        Self {
            lines,
            blocks,
            found: walk.found,
            length: text.len(),
        }
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|&(start, _)| start <= at).saturating_sub(1)
    }

    fn innermost(&self, at: usize) -> Option<usize> {
        self.lines.get(self.line_of(at)).and_then(|&(_, id)| id)
    }

    /// Whether the line at `at` stands in a container.
    pub(super) fn holds(&self, at: usize) -> bool {
        self.innermost(at).is_some()
    }

    /// Where the innermost container ends that the line at `at` stands in, or the text.
    pub(super) fn end(&self, at: usize) -> usize {
        let found = self.innermost(at).and_then(|id| self.found.get(id));
        found.map_or(self.length, |container| container.end)
    }

    /// Whether the line at `at` belongs to a block of HTML as it is written.
    pub(super) fn is_html(&self, at: usize) -> bool {
        self.blocks.get(self.line_of(at)).is_some_and(|block| block.is_html)
    }

    /// Whether the line at `at` is the first of its block.
    pub(super) fn begins_block(&self, at: usize) -> bool {
        let line = self.line_of(at);
        let before = line.checked_sub(1).and_then(|before| self.blocks.get(before));
        before.is_none_or(|before| self.blocks.get(line).is_none_or(|block| block.number != before.number))
    }

    /// Where the block ends that `at` stands in: a paragraph, a heading, a cell of a table.
    pub(super) fn block_end(&self, at: usize, text: &str) -> usize {
        let line = self.line_of(at);
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
        // the numbers of blocks grow from line to line
        let next = self.blocks.partition_point(|other| other.number <= block.number);
        self.lines.get(next).map_or(self.length, |&(start, _)| start)
    }

    /// Like [`end`](Self::end), with the lines after it that its author may have meant as its own: those that follow without a mark, and
    /// after an item those that are indented less than it asks for. No comment begins there.
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
        // a blank line may have marks of quotes
        let last = text.get(..end).unwrap_or_default().lines().next_back().unwrap_or_default();
        let mut is_next = !last.trim_start_matches(['>', ' ', '\t']).is_empty();
        for line in text.get(end..).unwrap_or_default().split_inclusive('\n') {
            let inner = (0..container.quotes).try_fold(line, |rest, _| {
                let quoted = rest.trim_start_matches([' ', '\t']).strip_prefix('>').ok_or(rest)?;
                Ok::<_, &str>(quoted.strip_prefix(' ').unwrap_or(quoted))
            });
            let (Ok(inner) | Err(inner)) = inner;
            let content = inner.trim();
            let is_mark = content.starts_with('>') || item(content).is_some() || begins_fence(content).is_some();
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

struct Walk<'a> {
    found: Vec<Container>,
    open: Vec<(usize, Kind)>,
    leaf: Leaf,
    text: &'a str,
    /// Where end tags of elements stand whose content is text; collected when first needed.
    text_ends: Option<Vec<usize>>,
    /// Where each end that was looked for comes next.
    ahead: HashMap<&'static str, usize>,
    /// The number of the block that the last line belongs to, and whether it is HTML.
    block: usize,
    is_html: bool,
}

impl Walk<'_> {
    /// Whether one of `ends` comes at `from` or later: what does not end is text.
    fn ends_after(&mut self, ends: &'static [&'static str], from: usize) -> bool {
        let text = self.text;
        if ends == TEXT {
            let places = self.text_ends.get_or_insert_with(|| {
                let places = memchr::memmem::find_iter(text.as_bytes(), b"</");
                let is_end = |&place: &usize| {
                    let is = |end: &&str| {
                        let found = text.get(place..place + end.len());
                        found.is_some_and(|found| found.eq_ignore_ascii_case(end))
                    };
                    TEXT.iter().any(is)
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

    /// Closes all containers but the first `kept`.
    fn close(&mut self, kept: usize, at: usize) {
        for (id, _) in self.open.drain(kept..) {
            if let Some(container) = self.found.get_mut(id) {
                container.end = at;
            }
        }
    }

    fn open(&mut self, kind: Kind) {
        let is_quote = |(_, kind): &&(usize, Kind)| matches!(kind, Kind::Quote);
        let quotes = self.open.iter().filter(is_quote).count();
        self.open.push((self.found.len(), kind));
        self.found.push(Container {
            is_item: matches!(kind, Kind::Item(_)),
            quotes,
            end: usize::MAX,
            late_end: None,
        });
    }

    fn line(&mut self, at: usize, line: &str) {
        let mut cursor = Cursor::of(line);
        let mut kept = 0;
        for &(_, kind) in &self.open {
            let is_own = match kind {
                Kind::Quote => cursor.quote(),
                Kind::Item(_) if cursor.is_blank() => true,
                Kind::Item(width) => cursor.indent() >= width && cursor.skip(width),
            };
            if !is_own {
                break;
            }
            kept += 1;
        }
        let is_whole = kept == self.open.len();
        if !is_whole && self.leaf != Leaf::Paragraph {
            self.close(kept, at);
            self.leaf = Leaf::None;
        }
        if self.goes_on(&cursor) {
            return;
        }
        let mut is_paragraph = self.leaf == Leaf::Paragraph;
        let mut is_opened = false;
        while cursor.indent() < 4 && self.open.len() < MAX_DEPTH.max(kept + 1) {
            let content = cursor.content();
            let kind = if content.starts_with('>') {
                cursor.quote();
                Kind::Quote
            } else if let Some(item) = item(content).filter(|item| !is_paragraph || !is_whole || item.may_interrupt) {
                Kind::Item(cursor.item(&item))
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
        let content = cursor.content();
        let was_paragraph = is_paragraph && !is_opened;
        let is_lazy = is_paragraph && !is_whole && !content.is_empty() && (cursor.indent() >= 4 || !begins_block(content));
        if is_lazy {
            return;
        }
        if !is_opened && !is_whole {
            self.close(kept, at);
            is_paragraph = false;
        }
        self.leaf = match opened_by(content, is_paragraph) {
            _ if content.is_empty() => Leaf::None,
            Leaf::Until(ends) if cursor.indent() < 4 && is_mended(content) && !self.ends_after(ends, at) => Leaf::Paragraph,
            leaf if cursor.indent() < 4 => leaf,
            _ if is_paragraph => Leaf::Paragraph,
            _ => Leaf::None,
        };
        if !(was_paragraph && is_paragraph && self.leaf == Leaf::Paragraph) {
            self.block += 1;
            let is_indented = cursor.indent() >= 4;
            self.is_html = !is_indented && content.starts_with('<') && self.leaf != Leaf::Paragraph;
        }
    }

    /// Whether the block that is open takes the line too.
    fn goes_on(&mut self, cursor: &Cursor<'_>) -> bool {
        let content = cursor.content();
        let is_last = match self.leaf {
            Leaf::None | Leaf::Paragraph => return false,
            Leaf::Fence(mark, length) => {
                let is_fence = cursor.indent() < 4 && content.chars().all(|c| c == mark);
                is_fence && content.len() >= length
            }
            Leaf::Until(ends) => contains_any(content, ends),
            Leaf::Html => content.is_empty(),
        };
        if is_last {
            self.leaf = Leaf::None;
        }
        true
    }
}

/// A place in a line.
struct Cursor<'a> {
    rest: &'a str,
    /// The column that `rest` begins in.
    column: usize,
    /// Columns of a tab that are read already.
    spaces: usize,
    /// What follows the white space, and its column.
    content: (&'a str, usize),
}

impl<'a> Cursor<'a> {
    fn of(line: &'a str) -> Self {
        let mut cursor = Self {
            rest: line.trim_end(),
            column: 0,
            spaces: 0,
            content: ("", 0),
        };
        cursor.look();
        cursor
    }

    fn look(&mut self) {
        let content = self.rest.trim_start_matches([' ', '\t']);
        let white = self.rest.get(..self.rest.len() - content.len()).unwrap_or_default();
        let column = white.bytes().fold(self.column, |column, byte| match byte {
            b'\t' => column / 4 * 4 + 4,
            _ => column + 1,
        });
        self.content = (content, column);
    }

    fn content(&self) -> &'a str {
        self.content.0
    }

    fn is_blank(&self) -> bool {
        self.content().is_empty()
    }

    fn indent(&self) -> usize {
        self.content.1.saturating_sub(self.column + self.spaces)
    }

    /// Passes over so many columns of white space.
    fn skip(&mut self, columns: usize) -> bool {
        self.spaces += columns;
        true
    }

    /// Passes over `length` bytes of the content.
    fn pass(&mut self, length: usize) {
        let (content, column) = self.content;
        self.rest = content.get(length..).unwrap_or_default();
        self.column = column + length;
        self.spaces = 0;
        self.look();
    }

    /// Passes over the mark of a quote, if one is next.
    fn quote(&mut self) -> bool {
        let is_quote = self.indent() < 4 && self.content().starts_with('>');
        if is_quote {
            self.pass(1);
            self.skip(self.indent().min(1));
        }
        is_quote
    }

    /// Passes over the mark of an item; how many columns its lines are indented by.
    fn item(&mut self, item: &Item) -> usize {
        let indent = self.indent();
        self.pass(item.length);
        if item.is_note {
            self.skip(self.indent());
            return 4;
        }
        let spaces = if self.is_blank() || self.indent() > 4 {
            1
        } else {
            self.indent()
        };
        self.skip(spaces);
        indent + item.length + spaces
    }
}

/// The mark of a list item or note.
struct Item {
    length: usize,
    is_note: bool,
    may_interrupt: bool,
}

fn item(content: &str) -> Option<Item> {
    let is_note = content.starts_with("[^");
    let length = match content.as_bytes().first()? {
        b'-' | b'+' | b'*' if !is_break(content) => 1,
        b'0'..=b'9' => {
            let digits = content.bytes().take_while(u8::is_ascii_digit).count();
            (digits < 10 && content.get(digits..)?.starts_with(['.', ')'])).then_some(digits + 1)?
        }
        b'[' if is_note => content.find("]:").filter(|&end| !content[..end].contains([' ', '`']))? + 2,
        _ => return None,
    };
    let after = content.get(length..)?;
    (is_note || after.is_empty() || after.starts_with([' ', '\t'])).then(|| Item {
        length,
        is_note,
        may_interrupt: !after.is_empty()
            && (length == 1 || is_note || content.trim_start_matches('0').starts_with(['1']) && length == 2),
    })
}

/// Whether `content` is a line across the page.
fn is_break(content: &str) -> bool {
    ['-', '*', '_'].iter().any(|&mark| {
        content.starts_with(mark)
            && content.chars().all(|c| c == mark || c == ' ' || c == '\t')
            && content.matches(mark).count() >= 3
    })
}

fn begins_fence(content: &str) -> Option<Leaf> {
    let mark = content.chars().next().filter(|&c| c == '`' || c == '~')?;
    let length = content.chars().take_while(|&c| c == mark).count();
    (length >= 3 && !(mark == '`' && content[length..].contains('`'))).then_some(Leaf::Fence(mark, length))
}

/// Whether a line that begins so cannot go on with a paragraph. Tags of templates are gone before Markdown is read.
fn begins_block(content: &str) -> bool {
    content.starts_with(['#', '<', '{', '%', '}']) || is_break(content) || begins_fence(content).is_some()
}

/// What a line of `content` leaves open.
fn opened_by(content: &str, is_paragraph: bool) -> Leaf {
    if let Some(fence) = begins_fence(content) {
        return fence;
    }
    let is_underline = is_paragraph && content.bytes().all(|byte| byte == b'=');
    if content.starts_with('#') || is_break(content) || is_underline {
        return Leaf::None;
    }
    let Some(named) = content.strip_prefix('<') else {
        return Leaf::Paragraph;
    };
    let until = |ends: &'static [&'static str], rest: &str| {
        if contains_any(rest, ends) {
            Leaf::None
        } else {
            Leaf::Until(ends)
        }
    };
    if let Some(rest) = named.strip_prefix("!--") {
        return until(&["-->"], rest);
    }
    if let Some(rest) = named.strip_prefix("![CDATA[") {
        return until(&["]]>"], rest);
    }
    if let Some(rest) = named.strip_prefix('?') {
        return until(&["?>"], rest);
    }
    let length = named.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = named.get(..length).unwrap_or_default();
    if ["pre", "script", "style", "textarea"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    {
        let closes_itself = named.split('>').next().is_some_and(|tag| tag.ends_with('/'));
        return if closes_itself { Leaf::Html } else { until(TEXT, named) };
    }
    if begins_html(content) || (!is_paragraph && is_tag_alone(content)) {
        Leaf::Html
    } else {
        Leaf::Paragraph
    }
}

/// Elements that begin a block of HTML (section 4.6, kind 6).
#[rustfmt::skip]
pub(super) const HTML_BLOCKS: [&str; 62] = [
    "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col", "colgroup", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2", "h3",
    "h4", "h5", "h6", "head", "header", "hr", "html", "iframe", "legend", "li", "link", "main", "menu", "menuitem", "nav", "noframes",
    "ol", "optgroup", "option", "p", "param", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title",
    "tr", "track", "ul",
];

/// Whether a line begins a block of HTML by the name of its tag.
fn begins_html(content: &str) -> bool {
    let Some(named) = content.strip_prefix('<') else {
        return false;
    };
    let named = named.strip_prefix('/').unwrap_or(named);
    let length = named.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = named.split_at(length);
    let is_known = HTML_BLOCKS.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_known && (rest.is_empty() || rest.starts_with([' ', '\t', '>']) || rest.starts_with("/>"))
}

/// Whether a line is a tag and nothing else.
fn is_tag_alone(content: &str) -> bool {
    let is_end = content.strip_prefix("</").is_some_and(|named| {
        let named = named.trim_end();
        named.starts_with(|c: char| c.is_ascii_alphabetic()) && named.find('>') == Some(named.len() - 1)
    });
    is_end || start_tag(content).is_some_and(|tag| content.get(tag.written.len()..).is_some_and(|rest| rest.trim().is_empty()))
}

/// Whether a line says how the columns of a table are aligned.
fn is_delimiter_row(line: &str) -> bool {
    let cells = line.trim_start_matches(['>', ' ', '\t']).trim_end();
    let is_sign = |byte: u8| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t');
    cells.contains('-') && cells.contains(['|', ':']) && cells.bytes().all(is_sign)
}

/// Whether `content` is shown as it is written where what it begins does not end.
fn is_mended(content: &str) -> bool {
    let is_pre = content.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("<pre"));
    !content.starts_with("<!--") && !is_pre
}

fn contains_any(text: &str, signs: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    signs.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_ends_before_the_first_line_that_is_not_its_own() {
        // `@` stands in the container, which ends at `|`
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
            assert_eq!(Containers::of(&text).end(at), end, "{marked}");
        }
    }

    #[test]
    fn lines_that_their_author_may_have_meant_follow() {
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
                Containers::of(&text).late_end(at, &text),
                marked.find('|').unwrap() - 1,
                "{marked}"
            );
        }
    }
}
