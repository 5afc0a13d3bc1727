//! Tables: which of them Markdown can say.
//!
//! A table of Markdown (GitHub Flavored Markdown, section 4.10) has exactly one header row and no caption. The crate `htmd` writes other
//! tables as lines that are no table, but it keeps a table as HTML if that has an attribute. So such a table gets one for a while.

use crate::post::html::token::{self, Token};

/// The attribute of a table that stays HTML. The noncharacter is in no text.
pub(super) const KEPT: &str = " data-kept=\"\u{fdd0}\"";

/// An open table, and its last row.
#[derive(Default)]
pub(super) struct OpenTable {
    /// Whether it has one header row, as in Markdown.
    pub(super) is_markdown: bool,
    rows: usize,
    /// Whether the last row has a cell that is no heading.
    has_data: bool,
}

impl OpenTable {
    /// The table whose start tag is followed by `content`. What comes after the first rows is not looked at.
    pub(super) fn new(content: &str) -> OpenTable {
        OpenTable {
            is_markdown: has_header_row(content),
            ..OpenTable::default()
        }
    }

    /// Adds a row whose start tag is followed by `content`.
    pub(super) fn add_row(&mut self, content: &str) {
        self.rows += 1;
        let cells = token::tokens(content).take_while(|token| !is_end_of_row(token));
        self.has_data = cells.into_iter().any(|token| is_start(&token, "td"));
    }

    /// Whether a heading in the last row is the heading of a row: tables of Markdown have headings of columns only.
    pub(super) fn has_row_headings(&self) -> bool {
        self.is_markdown && (self.has_data || self.rows > 1)
    }
}

/// Whether the table with this `content` begins with one header row, and has no caption.
fn has_header_row(content: &str) -> bool {
    let (mut rows, mut headings, mut data) = (0, 0, 0);
    let mut is_head = false;
    for token in token::tokens(content) {
        match &token {
            Token::Start(tag) => match tag.name.as_str() {
                "caption" | "table" => return false,
                "thead" => is_head = true,
                "tbody" | "tfoot" if rows > 0 => break,
                "tr" if rows > 0 && !is_head => break,
                "tr" => rows += 1,
                "th" => headings += 1,
                "td" => data += 1,
                _ => {}
            },
            Token::End(name) if name == "thead" || name == "table" => break,
            _ => {}
        }
    }
    rows <= 1 && (is_head && data > 0 || headings > 0 && data == 0)
}

fn is_end_of_row(token: &Token) -> bool {
    matches!(token, Token::End(name) if name == "tr" || name == "table") || is_start(token, "tr")
}

fn is_start(token: &Token, name: &str) -> bool {
    matches!(token, Token::Start(tag) if tag.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_header_row_is_found() {
        for (content, expected) in [
            ("<thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody>", true),
            ("<thead><tr><td>A</td></tr></thead>", true),
            ("<THEAD><TR><TH>A</TH><TD>B</TD></TR></THEAD>", true),
            ("<tr><th>A<th>B<tr><td>1<td>2", true),
            ("<tbody><tr><th>A</th></tr><tr><td>1</td></tr>", true),
            ("<tbody><tr><td>A</td></tr><tr><td>1</td></tr>", false),
            ("<tr><th>A</th><td>1</td></tr>", false),
            ("<thead><tr><th>A</th></tr><tr><th>B</th></tr></thead>", false),
            ("<caption>C</caption><tr><th>A</th></tr>", false),
            ("<thead></thead><tr><td>1</td></tr>", false),
            ("</table><tr><th>A</th></tr>", false),
            ("", false),
        ] {
            assert_eq!(OpenTable::new(content).is_markdown, expected, "{content}");
        }
    }

    #[test]
    fn a_heading_below_the_header_is_one_of_a_row() {
        let mut table = OpenTable::new("<tr><th>A</th></tr><tr><th>B</th></tr>");
        table.add_row("<th>A</th></tr><tr><td>1</td></tr>");
        assert!(!table.has_row_headings());
        table.add_row("<th>B</th></tr>");
        assert!(table.has_row_headings());
    }
}
