//! Translates blocks of other tools, line by line: [`translate`].
//!
//! These are admonitions with an indented body (`!!! note`, `??? tip`), tabs (`=== "A"`), containers between `:::`, callouts of Obsidian,
//! tags of JSX that stand alone on their lines, elements with `markdown="1"`, imports and exports of MDX, kramdown's attribute lists,
//! tables and options, and tables of contents. A body that is indented for its block loses that indent. What stands in code stays.
//!
//! An admonition becomes a `<div>` between blank lines, so that its body is Markdown and its lines need no marks.

mod containers;
mod elements;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use memchr::memmem;

use super::admonition;
use super::line::{self, SpecialLine};

/// The most blocks nested in each other. Deeper ones lose only their first and last line.
const MAX_OPEN: usize = 20;

/// The most blocks that become HTML, which is many times longer than their lines. Further ones lose only their first and last line.
const MAX_HTML: usize = 400;

/// In lines: the longest import or export.
const MAX_SCRIPT: usize = 400;

/// A text with its blocks translated.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    /// The Markdown.
    pub(super) markdown: Cow<'a, str>,
    /// The components that show nothing, because only a program could run them, with their offsets in the original text.
    pub(super) left_out: Vec<(usize, String)>,
    /// Offsets in the Markdown and in the original text, ascending.
    places: Vec<(usize, usize)>,
}

impl Blocks<'_> {
    /// Returns the offset in the original text of `offset` in the Markdown.
    pub(super) fn original_offset(&self, offset: usize) -> usize {
        let next = self.places.partition_point(|&(here, _)| here <= offset);
        let Some(&(here, original)) = next.checked_sub(1).and_then(|at| self.places.get(at)) else {
            return offset;
        };
        let end = self.places.get(next).map_or(usize::MAX, |&(_, end)| end);
        (original + offset - here).min(end)
    }
}

/// Translates the blocks of `text`.
pub(super) fn translate(text: &str) -> Blocks<'_> {
    if !has_signs(text) {
        return Blocks {
            markdown: Cow::Borrowed(text),
            left_out: Vec::new(),
            places: Vec::new(),
        };
    }
    let mut translator = BlockTranslator {
        text,
        at: 0,
        out: String::with_capacity(text.len() + 64),
        places: Vec::new(),
        open: Vec::new(),
        leaf: Leaf::None,
        is_leaf_quoted: false,
        after_blank: true,
        in_list: false,
        begun: 0,
        no_tag_until: 0,
        ends: HashMap::new(),
        left_out: Vec::new(),
    };
    while translator.at < text.len() {
        translator.translate_line();
    }
    translator.close_to(0);
    Blocks {
        markdown: Cow::Owned(translator.out),
        left_out: translator.left_out,
        places: translator.places,
    }
}

/// Whether `text` may have blocks to translate. This is quick.
fn has_signs(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |sign: &str| memmem::find(bytes, sign.as_bytes()).is_some();
    has("!!!")
        || has("???")
        || has("===")
        || has(":::")
        || has("[!")
        || has("import ")
        || has("export ")
        || has("{:")
        || has("markdown")
        || has("-+-")
        || has("|=")
        || has("<<< ")
        || has("--8<")
        || has("]: ") && has("*[")
        || [
            "[toc]",
            "${toc}",
            "{{toc}}",
            "[[_toc_]]",
            "[TOC]",
            "${TOC}",
            "{{TOC}}",
            "[[_TOC_]]",
        ]
        .iter()
        .any(|sign| has(sign))
        || memchr::memchr_iter(b'<', bytes).any(|at| match &bytes[at + 1..] {
            [b'/' | b'>', ..] => has("<>"),
            [letter, ..] if letter.is_ascii_uppercase() => true,
            [letter, rest @ ..] if letter.is_ascii_lowercase() => {
                let end = memchr::memchr2(b'>', b'{', rest);
                end.is_some_and(|end| rest.get(end) == Some(&b'{'))
            }
            _ => false,
        })
}

/// A block in which the following lines are.
struct OpenBlock {
    kind: BlockKind,
    /// The columns before its first line.
    margin: usize,
    /// The columns that its lines lose.
    indent: usize,
    /// What is written at its end.
    end: String,
    /// Whether a list was open before it.
    in_list: bool,
}

#[derive(PartialEq, Eq)]
enum BlockKind {
    /// It ends before a line with less indent.
    Indented,
    /// It ends at a line of at least so many colons.
    Colons(usize),
    /// It ends at the end tag with this name. The number counts the elements with the same name that are open inside it.
    Element(String, usize),
}

/// The open block in which nothing is translated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaf {
    None,
    /// Code up to a fence of this character, at least so long.
    Fence(char, usize),
    /// HTML up to a line with this.
    Html(&'static str),
}

struct BlockTranslator<'a> {
    text: &'a str,
    /// The offset of the next line.
    at: usize,
    out: String,
    places: Vec<(usize, usize)>,
    open: Vec<OpenBlock>,
    leaf: Leaf,
    /// Whether the leaf began in a quote.
    is_leaf_quoted: bool,
    after_blank: bool,
    in_list: bool,
    /// The number of blocks that became HTML.
    begun: usize,
    /// No tag of JSX that begins before this offset ends.
    no_tag_until: usize,
    /// The offset of the last end tag of each element, found when first needed.
    ends: HashMap<String, Option<usize>>,
    left_out: Vec<(usize, String)>,
}

impl BlockTranslator<'_> {
    /// Copies `text`, which is at `offset` of the original text.
    fn copy(&mut self, text: &str, offset: usize) {
        self.places.push((self.out.len(), offset));
        self.out.push_str(text);
    }

    /// Writes lines of HTML or Markdown between blank lines, with an indent of `margin` columns.
    fn write_apart(&mut self, lines: &str, margin: usize) {
        self.places.push((self.out.len(), self.at));
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        for line in lines.lines() {
            self.out.extend(std::iter::repeat_n(' ', margin));
            self.out.push_str(line);
            self.out.push('\n');
        }
        if !lines.is_empty() {
            self.out.push('\n');
        }
        self.after_blank = true;
    }

    /// Translates the line at `at`.
    fn translate_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        if self.is_leaf_quoted && !line.trim_start().starts_with('>') {
            // code in a quote ends with the quote
            self.leaf = Leaf::None;
            self.is_leaf_quoted = false;
        }
        if line.trim().is_empty() {
            self.copy(line, self.at);
            self.after_blank = true;
            self.at += line.len();
            return;
        }
        let mut columns = indent_of(line);
        let removed = self.leave_indented(columns);
        let (blank, content_start) = remove_columns(line, removed);
        columns -= removed.min(columns);
        let own = line.get(content_start..).unwrap_or_default();
        if self.leaf == Leaf::None && self.translate_block(own, content_start, columns) {
            return;
        }
        self.update_leaf(own, columns);
        self.places.push((self.out.len(), self.at + content_start));
        self.out.extend(std::iter::repeat_n(' ', blank));
        self.copy(own, self.at + content_start);
        self.at += line.len();
    }

    /// Closes the indented blocks that a line with this indent does not belong to. Returns the columns that the line loses.
    fn leave_indented(&mut self, columns: usize) -> usize {
        let mut removed = 0;
        for index in 0..self.open.len() {
            let Some(block) = self.open.get(index) else { break };
            let own = columns.saturating_sub(removed);
            if block.kind == BlockKind::Indented && own < block.margin + block.indent {
                self.leaf = Leaf::None;
                self.close_to(index);
                break;
            }
            removed += block.indent.min(own);
        }
        removed
    }

    /// Closes all blocks except the first `kept`.
    fn close_to(&mut self, kept: usize) {
        while self.open.len() > kept {
            if let Some(block) = self.open.pop() {
                self.in_list = block.in_list;
                self.write_apart(&block.end, block.margin);
            }
        }
    }

    /// Whether no further block may begin.
    fn is_full(&self) -> bool {
        self.open.len() >= MAX_OPEN || self.begun >= MAX_HTML
    }

    fn open_block(&mut self, kind: BlockKind, margin: usize, indent: usize, start: &str, end: &str) {
        self.begun += usize::from(!end.is_empty());
        self.write_apart(start, margin);
        self.open.push(OpenBlock {
            kind,
            margin,
            indent,
            end: end.to_owned(),
            in_list: self.in_list,
        });
        self.in_list = false;
    }

    /// Follows code and HTML, in which nothing is translated, and lists, in which an indent is not code.
    fn update_leaf(&mut self, own: &str, columns: usize) {
        let content = own.trim();
        let is_quoted = content.starts_with('>');
        if self.leaf == Leaf::None && self.is_indented_code(content, columns) {
            // the next line is code too if it is indented as much
            return;
        }
        match self.leaf {
            Leaf::Fence(mark, length) => {
                let content = content.trim_start_matches(['>', ' ']);
                if content.len() >= length && content.chars().all(|c| c == mark) {
                    self.leaf = Leaf::None;
                }
            }
            Leaf::Html(end) => {
                if content.to_ascii_lowercase().contains(end) {
                    self.leaf = Leaf::None;
                }
            }
            Leaf::None => {
                let inner = content.trim_start_matches(['>', ' ', '-', '*', '+']);
                self.leaf = opened_leaf(inner);
                self.is_leaf_quoted = is_quoted;
                if is_item(content) {
                    self.in_list = true;
                } else if columns == 0 && self.after_blank {
                    self.in_list = false;
                }
            }
        }
        // a comment is not a paragraph
        self.after_blank &= content.starts_with("<!--") && content.ends_with("-->");
    }

    /// Whether a line with this content and indent is indented code.
    fn is_indented_code(&self, content: &str, columns: usize) -> bool {
        let in_element = content.starts_with('<') && !self.open.is_empty();
        columns >= 4 && !self.in_list && self.after_blank && !in_element
    }

    /// Translates the block that begins or ends with `own`, the line without the indent of the open blocks; `start` is its offset in the
    /// line. Returns `false` if there is none.
    fn translate_block(&mut self, own: &str, start: usize, columns: usize) -> bool {
        let content = own.trim();
        if self.is_indented_code(content, columns) {
            return false;
        }
        let length = start + own.len();
        match content.as_bytes() {
            [b'!', b'!', ..] | [b'?', b'?', ..] | [b'=', b'=', ..] => self.begin_indented(content, columns, length),
            [b':', b':', b':', ..] => self.translate_container(content, columns, length),
            [b'<', b'<', b'<', b' ', ..] | [b'-', b'-', b'8', b'<', ..] => self.skip_include(content, start, length),
            [b'<', ..] => self.translate_element(start, columns) || self.translate_one_line(own, start, columns),
            [b'i' | b'e', ..] if columns == 0 && (self.after_blank || self.out.is_empty()) => self.skip_script(start),
            [b'{' | b'[' | b'$', ..] => self.translate_special(content, columns, length),
            [b'*', b'[', ..] => {
                let is_abbreviation = content
                    .get(2..)
                    .and_then(|rest| rest.split_once("]:"))
                    .is_some_and(|(label, _)| !label.contains(']'));
                self.at += if is_abbreviation { length } else { 0 };
                is_abbreviation
            }
            [b'|', ..] => self.translate_table_rule(own, start, length),
            _ => match admonition::callout(own.trim_end()) {
                Some(callout) => {
                    self.copy(&callout, self.at + start);
                    self.out.push('\n');
                    self.at += length;
                    self.after_blank = false;
                    true
                }
                None => false,
            },
        }
    }

    /// The indent of the next line that is not blank, after `length` bytes.
    fn next_indent(&self, length: usize) -> usize {
        let rest = self.text.get(self.at + length..).unwrap_or_default();
        let next = rest.lines().find(|line| !line.trim().is_empty());
        let lost: usize = self.open.iter().map(|block| block.indent).sum();
        next.map_or(0, |line| indent_of(line).saturating_sub(lost))
    }

    /// Begins an admonition or a tab with an indented body.
    fn begin_indented(&mut self, content: &str, columns: usize, length: usize) -> bool {
        let tab = content
            .strip_prefix("===")
            .map(|rest| rest.trim_start_matches(['!', '+']).trim());
        let label = tab.and_then(|label| label.strip_prefix('"')?.strip_suffix('"'));
        let label = label.map(|label| format!("**{}**", label.trim()));
        if self.next_indent(length) < columns + 4 || self.is_full() {
            // a tab whose body is not indented
            let Some(label) = label else { return false };
            self.at += length;
            self.write_apart(&label, columns);
            return true;
        }
        let (start, end) = if tab.is_some() {
            let Some(label) = label else { return false };
            (label, "")
        } else {
            let Some(admonition) = admonition::parse(content) else {
                return false;
            };
            (admonition::start(admonition.kind, admonition.title), admonition::END)
        };
        self.at += length;
        self.open_block(BlockKind::Indented, columns, 4, &start, end);
        true
    }

    /// Leaves out the import or the export of JavaScript that begins here.
    fn skip_script(&mut self, start: usize) -> bool {
        let rest = self.text.get(self.at + start..).unwrap_or_default();
        let Some(length) = line::script_length(rest, MAX_SCRIPT) else {
            return false;
        };
        self.at += start + length;
        true
    }

    /// Leaves out a line that only another tool needs, or replaces it.
    fn translate_special(&mut self, content: &str, columns: usize, length: usize) -> bool {
        match line::classify(content) {
            SpecialLine::Plain => return false,
            SpecialLine::Contents => line::drop_contents_item(&mut self.out),
            SpecialLine::Dropped => self.translate_notice(content, columns, length),
            SpecialLine::Id(id) => self.write_id(id, columns),
        }
        // the second line of a list of attributes
        let rest = self.text.get(self.at + length..).unwrap_or_default();
        let next = rest.split_inclusive('\n').next().unwrap_or_default();
        let continues = content.starts_with("{:") && !content.contains('}') && next.trim_end().ends_with('}');
        self.at += length + if continues { next.len() } else { 0 };
        true
    }

    /// Translates the class of a notice, which some themes of Jekyll write above or below a quote or a paragraph: `{: .prompt-tip }`.
    fn translate_notice(&mut self, content: &str, columns: usize, length: usize) {
        let Some(class) = admonition::notice_class(content).filter(|_| !self.is_full()) else {
            return;
        };
        self.begun += 1;
        let alert = format!("{}> [!{}]\n", " ".repeat(columns), class.kind.to_ascii_uppercase());
        let begins_quote = |line: &str| line.trim_start().starts_with('>');
        if self.after_blank {
            let rest = self.text.get(self.at + length..).unwrap_or_default();
            let next = rest.lines().next().unwrap_or_default();
            if begins_quote(next) {
                self.out.push_str(&alert);
            } else if begins_paragraph(next) {
                // the other lines of the paragraph need no sign
                self.out.push_str(&alert);
                self.out.push_str("> ");
            }
            return;
        }
        let block = self.out.trim_end().rfind("\n\n").map_or(0, |blank| blank + 2);
        let written = self.out.get(block..).unwrap_or_default();
        if written.lines().all(begins_quote) {
            self.insert(block, &alert);
        } else if !class.is_of_quote && begins_paragraph(written) {
            self.insert(block, &format!("{}\n\n", admonition::start(class.kind, Some(""))));
            self.write_apart(admonition::END, columns);
        }
    }

    /// Inserts `lines` at `at` of what is written.
    fn insert(&mut self, at: usize, lines: &str) {
        self.out.insert_str(at, lines);
        let later = self.places.iter_mut().filter(|(here, _)| *here >= at);
        later.for_each(|(here, _)| *here += lines.len());
    }

    /// Writes the id of the block before this line: that of a heading at its end, any other as an anchor.
    fn write_id(&mut self, id: &str, columns: usize) {
        let last = memchr::memrchr(b'\n', self.out.trim_end().as_bytes()).map_or(0, |newline| newline + 1);
        let is_heading = self.out.get(last..).is_some_and(|line| line.starts_with('#'));
        if is_heading && !self.after_blank {
            self.out.truncate(self.out.trim_end().len());
            let _ = writeln!(self.out, " {{#{id}}}");
        } else {
            self.write_apart(
                &format!("<div id=\"{}\"></div>", html_escape::encode_double_quoted_attribute(id)),
                columns,
            );
        }
    }

    /// Writes the rule of a table of kramdown, `|---+---|`, with bars, and leaves out the rule above its foot, `|===|`.
    fn translate_table_rule(&mut self, own: &str, start: usize, length: usize) -> bool {
        let is_footer = own.contains('=') && own.trim().chars().all(|c| matches!(c, '|' | '=' | ':' | '+' | ' '));
        if is_footer {
            self.at += length;
            return true;
        }
        let is_rule = own.contains("-+-") && own.trim().chars().all(|c| matches!(c, '|' | '-' | ':' | '+' | ' '));
        if is_rule {
            self.copy(&own.replace('+', "|"), self.at + start);
            self.at += length;
            self.after_blank = false;
        }
        is_rule
    }

    /// Leaves out a line that includes another file: `<<< @/a.js`, `--8<-- "a.md"`.
    fn skip_include(&mut self, content: &str, start: usize, length: usize) -> bool {
        let name = content.split_whitespace().next().unwrap_or_default();
        let is_include = content.len() > name.len() && matches!(name, "<<<" | "--8<--");
        if is_include {
            self.left_out.push((self.at + start, content.to_owned()));
            self.at += length;
        }
        is_include
    }
}

/// The leaf that a line with this content, without marks of quotes and items, opens.
fn opened_leaf(content: &str) -> Leaf {
    for mark in ['`', '~'] {
        let length = content.chars().take_while(|&c| c == mark).count();
        if length >= 3 && !(mark == '`' && content.get(length..).is_some_and(|info| info.contains('`'))) {
            return Leaf::Fence(mark, length);
        }
    }
    let lower = content.get(..content.len().min(200)).unwrap_or(content).to_ascii_lowercase();
    let ends = [
        ("<pre", "</pre>"),
        ("<script", "</script>"),
        ("<style", "</style>"),
        ("<textarea", "</textarea>"),
        ("<!--", "-->"),
    ];
    let opened = ends.into_iter().find(|(start, _)| lower.starts_with(start));
    let end = opened
        .map(|(_, end)| end)
        .filter(|end| !content.to_ascii_lowercase().contains(end));
    end.map_or(Leaf::None, Leaf::Html)
}

/// Whether the line begins a list item or a footnote.
fn is_item(content: &str) -> bool {
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    match content.as_bytes().first() {
        Some(b'-' | b'+' | b'*') => content.get(1..).is_some_and(|rest| rest.starts_with([' ', '\t'])),
        Some(b'0'..=b'9') => content
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") ")),
        Some(b'[') => content.starts_with("[^") && content.contains("]:"),
        _ => false,
    }
}

/// Whether `text` begins with words, and not with the sign of another block.
fn begins_paragraph(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '*' | '_' | '[')) && !is_item(text)
}

/// The columns of white space at the start of `line`.
fn indent_of(line: &str) -> usize {
    let blank = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t'));
    blank.fold(0, |column, byte| if byte == b'\t' { column / 4 * 4 + 4 } else { column + 1 })
}

/// The number of columns that stay of a tab, and the offset of the rest, if `line` loses `columns` of white space.
fn remove_columns(line: &str, columns: usize) -> (usize, usize) {
    let mut column = 0;
    let mut at = 0;
    for byte in line.bytes() {
        if column >= columns || !matches!(byte, b' ' | b'\t') {
            break;
        }
        column = if byte == b'\t' { column / 4 * 4 + 4 } else { column + 1 };
        at += 1;
    }
    (column.saturating_sub(columns), at)
}
