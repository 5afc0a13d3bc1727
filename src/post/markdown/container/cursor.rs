//! A position in a line, and the marks of quotes and items there.

use super::leaf::is_break;

/// A position in a line.
pub(super) struct LineCursor<'a> {
    rest: &'a str,
    /// The column of `rest`.
    column: usize,
    /// The columns of white space in `rest` that were skipped.
    spaces: usize,
    /// The text after the white space, and its column.
    content: (&'a str, usize),
}

impl<'a> LineCursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let mut cursor = Self {
            rest: line.trim_end(),
            column: 0,
            spaces: 0,
            content: ("", 0),
        };
        cursor.find_content();
        cursor
    }

    /// Sets `content`.
    fn find_content(&mut self) {
        let content = self.rest.trim_start_matches([' ', '\t']);
        let white = self.rest.get(..self.rest.len() - content.len()).unwrap_or_default();
        let column = white.bytes().fold(self.column, |column, byte| match byte {
            b'\t' => column / 4 * 4 + 4,
            _ => column + 1,
        });
        self.content = (content, column);
    }

    pub(super) fn content(&self) -> &'a str {
        self.content.0
    }

    pub(super) fn is_blank(&self) -> bool {
        self.content().is_empty()
    }

    pub(super) fn indent(&self) -> usize {
        self.content.1.saturating_sub(self.column + self.spaces)
    }

    /// Skips columns of white space.
    pub(super) fn skip_columns(&mut self, columns: usize) {
        self.spaces += columns;
    }

    /// Skips `length` bytes of the content.
    fn skip_bytes(&mut self, length: usize) {
        let (content, column) = self.content;
        self.rest = content.get(length..).unwrap_or_default();
        self.column = column + length;
        self.spaces = 0;
        self.find_content();
    }

    /// Skips the mark of a quote, if one is next, and returns whether there was one.
    pub(super) fn skip_quote_mark(&mut self) -> bool {
        let is_quote = self.indent() < 4 && self.content().starts_with('>');
        if is_quote {
            self.skip_bytes(1);
            self.skip_columns(self.indent().min(1));
        }
        is_quote
    }

    /// Skips the mark of an item, and returns the columns by which its lines are indented.
    pub(super) fn skip_item_mark(&mut self, mark: &ItemMark) -> usize {
        let indent = self.indent();
        self.skip_bytes(mark.length);
        if mark.is_note {
            self.skip_columns(self.indent());
            return 4;
        }
        let spaces = if self.is_blank() || self.indent() > 4 {
            1
        } else {
            self.indent()
        };
        self.skip_columns(spaces);
        indent + mark.length + spaces
    }
}

/// The mark of a list item or footnote.
pub(super) struct ItemMark {
    length: usize,
    is_note: bool,
    /// Whether it may follow a paragraph directly.
    pub(super) may_interrupt: bool,
}

/// Parses the mark of an item at the start of `content`.
pub(super) fn item_mark(content: &str) -> Option<ItemMark> {
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
    (is_note || after.is_empty() || after.starts_with([' ', '\t'])).then(|| ItemMark {
        length,
        is_note,
        may_interrupt: !after.is_empty()
            && (length == 1 || is_note || content.trim_start_matches('0').starts_with(['1']) && length == 2),
    })
}
