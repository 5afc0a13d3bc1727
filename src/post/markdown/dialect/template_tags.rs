//! Translates the tags of templates in a line: those of Liquid, Hugo and Zola, and the ones that the author's templates define.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memrchr;
use percent_encoding::utf8_percent_encode;

use super::super::super::PATH_PART;
use super::super::bound;
use super::super::code;
use super::super::shortcode::{self, Meaning, Shortcode};
use super::{ForeignTag, MAX_SPAN, MAX_TAG, Translator, bounded, translate_inline};

/// The most tags with a template nested in each other. The content of deeper ones is not translated.
const MAX_TEMPLATE_DEPTH: usize = 4;

/// The most tags nested in each other. Deeper ones are left out.
const MAX_OPEN: usize = 20;

/// A tag whose content is translated on its own.
pub(super) struct OpenTag {
    name: String,
    /// What its closing tag becomes.
    end: String,
    /// The marks before its line, if it is a block.
    marks: Option<String>,
}

impl Translator<'_> {
    /// Copies code, without Liquid's `raw` tags in it.
    pub(super) fn copy_code(&mut self, range: &Range<usize>) {
        let code = self.text.get(range.clone()).unwrap_or_default();
        self.at = range.end;
        if !(code.contains("raw") && code.contains("{%")) {
            return self.out.push_str(code);
        }
        let mut rest = code;
        while let Some((before, tag, after)) = next_tag(rest) {
            self.out.push_str(before);
            if !matches!(shortcode::parse_tag(tag).meaning(), Meaning::Raw) {
                self.out.push_str(&rest[before.len()..rest.len() - after.len()]);
            }
            rest = after;
        }
        self.out.push_str(rest);
    }

    /// Translates a tag or an expression.
    pub(super) fn translate_tag(&mut self) -> Option<usize> {
        let rest = self.rest();
        let (open, close) = [("{{<", ">}}"), ("{{%", "%}}"), ("{{", "}}"), ("{%", "%}")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open))?;
        let end = self.find(close, open.len()).filter(|&end| end <= MAX_TAG)?;
        let inner = rest.get(open.len()..end)?;
        if inner.contains("\n\n") || !self.may_be_tag(inner, open == "{{") {
            return None;
        }
        let length = end + close.len();
        if let Some(quoted) = inner.strip_prefix("/*").and_then(|inner| inner.strip_suffix("*/")) {
            // how Hugo shows a shortcode as text
            if open != "{{" {
                self.out.push_str(&code::code_span(&format!("{open}{quoted}{close}")));
            }
            return Some(length);
        }
        let tag = shortcode::parse_tag(inner);
        if let Some(length) = self.expand_tag(inner, length) {
            return Some(length);
        }
        let meaning = if open == "{{" {
            shortcode::parse_expression(inner)
        } else {
            tag.meaning()
        };
        match meaning {
            Meaning::Address { address, shown } => {
                if self.in_html_tag() || self.in_address() {
                    self.out.push_str(&address);
                } else {
                    self.out.push_str(&shortcode::link(&address, &shown));
                }
                Some(length)
            }
            Meaning::Markdown(markdown) => {
                if inner.trim().eq_ignore_ascii_case("more") {
                    self.mark_more();
                }
                self.out.push_str(&markdown);
                Some(length)
            }
            _ if tag.closes => Some(self.close_tag(&tag, length, &meaning)),
            Meaning::Raw => Some(self.translate_block(length, &["raw", "verbatim"], String::push_str)),
            Meaning::Comment if tag.name.eq_ignore_ascii_case("capture") => {
                Some(self.translate_block(length, &["capture"], |_, _| {}))
            }
            Meaning::Comment => Some(self.translate_block(length, &["comment"], |_, _| {})),
            Meaning::Code(language) => {
                // Zola closes a call by `{% end %}`
                let call = if inner.contains('(') { "" } else { "highlight" };
                let names = ["highlight", "codeblock", "code", "code-block", "mermaid", "plantuml", call];
                Some(self.translate_block(length, &names, |out, content| code::push_block(out, &language, content)))
            }
            Meaning::Block { start, end } => Some(self.open_block(&tag, length, &start, end)),
            Meaning::Span { start, end } => {
                self.open_tag(&tag, length, &start, end.to_owned(), None);
                Some(length)
            }
            Meaning::LeftOut => {
                self.push_unknown(length, false);
                Some(length)
            }
            Meaning::Unknown => Some(self.show_unknown(length)),
        }
    }

    /// Writes what the author's template makes of the tag with the content `inner`, `length` bytes long, and returns its length with its
    /// closing tag, if it has one. `None` if there is no template, or too much is written.
    fn expand_tag(&mut self, inner: &str, length: usize) -> Option<usize> {
        // a call of Zola is an expression
        let tag = shortcode::parse_tag(inner);
        if tag.closes || !self.shortcodes.contains(tag.name) {
            return None;
        }
        let text = self.text;
        let ends = self.ends.get_or_insert_with(|| closing_tags(text));
        let is_closed = ends
            .get(&tag.name.to_ascii_lowercase())
            .is_some_and(|&last| last >= self.at + length);
        let after = self.rest().get(length..).unwrap_or_default();
        let content = is_closed.then(|| content_of(after, tag.name)).flatten();
        let (content, whole) = content.map_or(("", length), |(content, end)| (content, length + end));
        let inner = if self.depth < MAX_TEMPLATE_DEPTH {
            translate_inline(content, self.shortcodes, self.depth + 1)
        } else {
            None
        };
        let translated = inner.as_ref().map_or(content, |inner| &inner.out);
        let written = self.shortcodes.expand(tag.name, &tag.call(translated))?;
        self.expanded += written.len();
        if self.expanded > bound::html_length(text) {
            return None;
        }
        self.out.push_str(&written);
        let begin = self.at + length;
        self.unknown
            .extend(inner.into_iter().flat_map(|inner| inner.unknown).map(|tag| ForeignTag {
                offset: begin + tag.offset,
                ..tag
            }));
        Some(whole)
    }

    pub(super) fn push_unknown(&mut self, length: usize, is_shown: bool) {
        self.unknown.push(ForeignTag {
            offset: self.at,
            written: self.rest().get(..length).unwrap_or_default().to_owned(),
            is_shown,
        });
    }

    /// Shows the unknown tag here, `length` bytes long, as code. Returns its length.
    fn show_unknown(&mut self, length: usize) -> usize {
        let written = self.rest().get(..length).unwrap_or_default();
        let closes = shortcode::closes(written);
        if !closes {
            self.push_unknown(length, true);
        }
        if self.in_html_tag() {
            self.out.push_str(written);
        } else if self.in_address() {
            // cleaning removes the address, and the text of the link stays
            self.out.extend(utf8_percent_encode(written, PATH_PART));
        } else {
            self.out.push_str(&code::unknown_tag(written));
        }
        length
    }

    /// Begins the block of `tag`, if the tag begins a line and is closed later; else only the tag is left out. Returns its length.
    fn open_block(&mut self, tag: &Shortcode<'_>, length: usize, start: &str, end: String) -> usize {
        let line = memrchr(b'\n', self.out.as_bytes()).map_or(0, |newline| newline + 1);
        let marks = self.out.get(line..).unwrap_or_default().to_owned();
        let is_first = marks.len() <= MAX_SPAN && marks.chars().all(|c| matches!(c, ' ' | '\t' | '>'));
        if !is_first {
            self.open_tag(tag, length, "", String::new(), None);
            return length;
        }
        let start = if start.is_empty() {
            String::new()
        } else {
            between_blank_lines(start, &marks)
        };
        self.open_tag(tag, length, &start, end, Some(marks));
        length
    }

    /// Writes `start` and remembers `end`, if `tag`, `length` bytes long, is closed later.
    fn open_tag(&mut self, tag: &Shortcode<'_>, length: usize, start: &str, end: String, marks: Option<String>) {
        let after = self.at + length;
        let text = self.text;
        let ends = self.ends.get_or_insert_with(|| closing_tags(text));
        let last = ends.get(&tag.name.to_ascii_lowercase()).max(ends.get(""));
        if last.is_some_and(|&last| last >= after) && self.open.len() < MAX_OPEN {
            self.out.push_str(start);
            self.open.push(OpenTag {
                name: tag.name.to_ascii_lowercase(),
                end,
                marks,
            });
        }
    }

    /// Ends what the closing `tag`, `length` bytes long, closes. Returns its length.
    fn close_tag(&mut self, tag: &Shortcode<'_>, length: usize, meaning: &Meaning) -> usize {
        let name = tag.name.to_ascii_lowercase();
        let index = self.open.iter().rposition(|open| open.name == name || name.is_empty());
        if let Some(index) = index {
            self.close_to(index);
        } else if *meaning == Meaning::Unknown {
            self.show_unknown(length);
        }
        length
    }

    /// Ends all open tags except the first `kept`.
    pub(super) fn close_to(&mut self, kept: usize) {
        for open in self.open.split_off(kept).into_iter().rev() {
            match open.marks {
                Some(_) if open.end.is_empty() => {}
                Some(marks) => {
                    self.out.push('\n');
                    self.out.push_str(&marks);
                    self.out.push_str(&between_blank_lines(&open.end, &marks));
                }
                None => self.out.push_str(&open.end),
            }
        }
    }

    /// Whether the braces here belong to a template, not to a workflow's `${{ }}`, a JSX attribute or arithmetic.
    fn may_be_tag(&self, inner: &str, expression: bool) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        if before.ends_with('$') || before.ends_with('=') && !self.in_address() {
            return false;
        }
        let first = inner.trim_start_matches(['-', ' ', '\t', '\n']).chars().next();
        let starts = first.is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '/' | '.' | '!' | '$' | '"' | '\''));
        if expression { starts } else { first.is_some() }
    }

    /// Writes the content of the block that begins here with a tag of one of `names`, `length` bytes long, and returns the block's length.
    /// If the block does not end, only the tag is left out.
    fn translate_block(&mut self, length: usize, names: &[&'static str], write: impl FnOnce(&mut String, &str)) -> usize {
        let content = self.rest().get(length..).unwrap_or_default();
        let key = names.first().copied().unwrap_or_default();
        if self.endless.contains(key) {
            return length;
        }
        let mut from = 0;
        while let Some((before, inner, after)) = content.get(from..).and_then(next_tag) {
            let tag = shortcode::parse_tag(inner);
            if tag.closes && names.contains(&tag.name) {
                write(&mut self.out, &content[..from + before.len()]);
                return length + content.len() - after.len();
            }
            from = content.len() - after.len();
        }
        self.endless.insert(key);
        length
    }
}

/// The text up to the next tag that closes `name`, and the length with that tag.
fn content_of<'t>(text: &'t str, name: &str) -> Option<(&'t str, usize)> {
    let mut from = 0;
    while let Some((before, inner, after)) = text.get(from..).and_then(next_tag) {
        let tag = shortcode::parse_tag(inner);
        if tag.closes && tag.name == name {
            return Some((text.get(..from + before.len())?, text.len() - after.len()));
        }
        from = text.len() - after.len();
    }
    None
}

/// `lines` after and before a blank line, each line with `marks` before it, which already stand before the first line.
fn between_blank_lines(lines: &str, marks: &str) -> String {
    let mut out = format!("\n{marks}");
    for line in lines.lines().chain([""]) {
        out.push_str(line);
        out.push('\n');
        out.push_str(marks);
    }
    out
}

/// The offset of the last closing tag of each name in `text`.
fn closing_tags(text: &str) -> HashMap<String, usize> {
    let mut ends = HashMap::new();
    let mut from = 0;
    while let Some((before, inner, after)) = text.get(from..).and_then(next_tag) {
        let tag = shortcode::parse_tag(inner);
        if tag.closes {
            ends.insert(tag.name.to_ascii_lowercase(), from + before.len());
        }
        from = text.len() - after.len();
    }
    ends
}

/// The next tag of any kind in `text`: the text before it, its content, and the text after it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('{')?;
        let rest = &text[start..];
        let kind = [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        if let Some((open, close)) = kind {
            let inner = &bounded(rest, MAX_TAG)[open.len()..];
            if let Some(end) = inner.find(close) {
                return Some((&text[..start], &inner[..end], &rest[open.len() + end + close.len()..]));
            }
        }
        from = start + 1;
    }
}
