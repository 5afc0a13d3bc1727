//! Translates the additions of other tools to plain Markdown: [`translate`].
//!
//! What the author hides ([`hidden`]) is removed first, then blocks are translated ([`blocks`]), then what stands in a line: shortcodes and
//! tags of Liquid, "more" markers, Obsidian's wikilinks and embeds, JSX. Code does not change, except that Liquid's `raw` tags are removed.
//! Unknown tags are shown as code and reported.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem, memrchr, memrchr2};
use percent_encoding::utf8_percent_encode;

use super::super::PATH_PART;
use super::code;
use super::hidden::{self, Remark};
use super::shortcode::{self, Meaning, Shortcode};
use super::spaced;
use super::wikilink;
use super::{blocks, bound, jsx, keys, line};
use crate::config::Shortcodes;

/// A text translated to plain Markdown.
#[derive(Debug)]
pub(super) struct Translation<'a> {
    /// The Markdown.
    pub(super) markdown: Cow<'a, str>,
    /// The offset of the author's "more" marker in it.
    pub(super) more: Option<usize>,
    /// Unknown tags, by their offsets in the original text.
    pub(super) unknown: Vec<ForeignTag>,
    /// Other remarks for the author.
    pub(super) remarks: Vec<Remark>,
}

/// A tag of another tool that has no translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignTag {
    /// The byte offset in the text.
    pub offset: usize,
    /// The tag as it is written.
    pub written: String,
    /// Whether readers see it as code; else it is left out.
    pub is_shown: bool,
}

impl ForeignTag {
    /// Returns the name: `gallery` of `{{< gallery "a" >}}`.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = shortcode::name_of(&self.written);
        if name.is_empty() {
            // `<<< a.js`
            self.written.split_whitespace().next().unwrap_or_default()
        } else {
            name
        }
    }
}

/// In bytes. Braces that are further apart are not a tag.
const MAX_TAG: usize = 2048;

/// In bytes: the longest wikilink or attribute list.
const MAX_SPAN: usize = 300;

/// Translates `text` to plain Markdown: first what the author hides, then blocks, then what stands in a line.
pub(super) fn translate<'a>(text: &'a str, shortcodes: &Shortcodes) -> Translation<'a> {
    let mut edits = hidden::find_edits(text);
    let visible = edits.apply_repairs(text);
    let blocks = blocks::translate(&visible);
    let (markdown, more, mut unknown) = match translate_inline(&blocks.markdown, shortcodes, 0) {
        Some(TranslatedInline { out, more, unknown }) => (Some(out), more, unknown),
        None => (None, None, Vec::new()),
    };
    for tag in &mut unknown {
        tag.offset = blocks.original_offset(tag.offset);
    }
    unknown.extend(blocks.left_out.iter().map(|(offset, written)| ForeignTag {
        offset: *offset,
        written: written.clone(),
        is_shown: false,
    }));
    unknown.sort_by_key(|tag| tag.offset);
    let markdown = match (markdown, blocks.markdown) {
        (Some(markdown), _) | (None, Cow::Owned(markdown)) => Some(markdown),
        (None, Cow::Borrowed(_)) => None,
    };
    edits.to_original_offsets(unknown.iter_mut().map(|tag| &mut tag.offset));
    Translation {
        markdown: match (markdown, visible) {
            (Some(markdown), _) | (None, Cow::Owned(markdown)) => Cow::Owned(markdown),
            (None, Cow::Borrowed(text)) => Cow::Borrowed(text),
        },
        more,
        unknown,
        remarks: std::mem::take(&mut edits.remarks),
    }
}

/// A text whose blocks are translated, with its lines translated.
struct TranslatedInline {
    out: String,
    more: Option<usize>,
    unknown: Vec<ForeignTag>,
}

/// Translates the lines of `text`, which has no hidden parts and is inside `depth` taught tags; `None` if there is nothing to translate.
fn translate_inline(text: &str, shortcodes: &Shortcodes, depth: usize) -> Option<TranslatedInline> {
    if !has_signs(text) {
        return None;
    }
    let mut translator = Translator {
        text,
        at: 0,
        out: String::with_capacity(text.len() + 64),
        more: None,
        unknown: Vec::new(),
        labels: None,
        ahead: HashMap::new(),
        endless: HashSet::new(),
        open: Vec::new(),
        ends: None,
        dead_until: 0,
        link_ends: Vec::new(),
        shortcodes,
        depth,
        expanded: 0,
    };
    let code = code::ranges(text);
    let mut code = code.iter().peekable();
    while translator.at < text.len() {
        // skips code inside a tag
        while code.next_if(|range| range.start < translator.at).is_some() {}
        match code.peek() {
            Some(range) if range.start == translator.at => translator.copy_code(range),
            Some(range) => translator.translate_prose(range.start),
            None => translator.translate_prose(text.len()),
        }
    }
    translator.close_to(0);
    Some(TranslatedInline {
        out: translator.out,
        more: translator.more,
        unknown: translator.unknown,
    })
}

/// Whether `text` may have anything to translate. This is quick: it searches for bytes that are rare in most texts.
fn has_signs(text: &str) -> bool {
    let text = text.as_bytes();
    let braces = memchr3_iter(b'{', b'[', b'<', text);
    if spaced::may_have(text) {
        return true;
    }
    let others = memchr2_iter(b'#', b':', text);
    let dollars = memchr_iter(b'$', text)
        .take(1)
        .filter(|_| memmem::find(text, b"](").is_some());
    let keys = memmem::find_iter(text, b"++").map(|place| place + 1);
    if keys
        .filter_map(|place| text.get(place + 1))
        .any(|byte| byte.is_ascii_alphanumeric() || *byte == b'"')
    {
        return true;
    }
    braces.chain(others).chain(dollars).any(|place| {
        let (before, after) = text.split_at(place);
        match after {
            [b'{', b'{' | b'%' | b':', ..]
            | [b'{', b'/', b'*', ..]
            | [b'{', b'+', b'+', ..]
            | [b'{', b'-', b'-', ..]
            | [b'{', b'~', b'~', ..]
            | [b'{', b'=', b'=', ..]
            | [b'[', b'[', ..]
            | [b'$', ..]
            | [b'<', b'!', b'-', b'-', ..] => true,
            [b'<', letter, ..] => letter.is_ascii_uppercase(),
            [b'{', ..] => before.ends_with(b"=") || before.ends_with(b" ") && after.starts_with(b"{..."),
            [b':', b'/', b'/', rest @ ..] => is_swallowed(rest),
            [b'#', rest @ ..] => begins_with(rest, " more"),
            _ => false,
        }
    })
}

/// Whether the address whose part after `://` is at the start of `rest` seems to contain more than itself: emphasis, or words after
/// punctuation of Chinese or Japanese.
fn is_swallowed(rest: &[u8]) -> bool {
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"'))
        .unwrap_or(rest.len());
    let run = rest.get(..end.min(MAX_TAG)).unwrap_or_default();
    memmem::find(run, b"**").is_some() || run.iter().any(|&byte| matches!(byte, 0xe3 | 0xef))
}

/// Whether `text` begins with `start`, without regard to case.
fn begins_with(text: &[u8], start: &str) -> bool {
    let found = text.get(..start.len());
    found.is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
}

/// Translates a text front to back.
struct Translator<'a> {
    text: &'a str,
    /// The offset of the next character.
    at: usize,
    out: String,
    more: Option<usize>,
    unknown: Vec<ForeignTag>,
    /// The labels of link definitions; found when first needed.
    labels: Option<HashSet<String>>,
    /// The next offset of each sign that was searched for, so that nothing is searched twice for the same sign.
    ahead: HashMap<&'static str, usize>,
    /// The names of blocks without an end in the rest of the text.
    endless: HashSet<&'static str>,
    /// The open tags around content.
    open: Vec<OpenTag>,
    /// The offset of the last closing tag of each name; found when first needed.
    ends: Option<HashMap<String, usize>>,
    /// No tag of JSX that begins before this offset ends.
    dead_until: usize,
    /// The offsets of the end tags of the open links of JSX.
    link_ends: Vec<usize>,
    /// The tags that the author taught.
    shortcodes: &'a Shortcodes,
    /// The number of taught tags around the text.
    depth: usize,
    /// In bytes: what their templates have written so far.
    expanded: usize,
}

/// A tag whose content is translated on its own.
struct OpenTag {
    name: String,
    /// What its closing tag becomes.
    end: String,
    /// The marks before its line, if it is a block.
    marks: Option<String>,
}

/// The most taught tags in each other. What is in further ones is not translated.
const MAX_TAUGHT: usize = 4;

/// The most tags in each other. Further ones are left out.
const MAX_OPEN: usize = 20;

impl<'a> Translator<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(self.rest().get(..length).unwrap_or_default());
        self.at += length;
    }

    /// The distance to the next `sign`, after at least `skip` bytes.
    fn find(&mut self, sign: &'static str, skip: usize) -> Option<usize> {
        let from = self.at + skip;
        let known = self.ahead.get(sign).copied().filter(|&place| place >= from);
        let place = known.unwrap_or_else(|| {
            let rest = self.text.get(from..).unwrap_or_default();
            rest.find(sign).map_or(usize::MAX, |place| from + place)
        });
        self.ahead.insert(sign, place);
        (place < self.text.len()).then(|| place - self.at)
    }

    /// Copies code, without Liquid's `raw` tags in it.
    fn copy_code(&mut self, range: &Range<usize>) {
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

    /// Translates the next line or construct of prose that ends at `end`, or copies the text before the next one.
    fn translate_prose(&mut self, end: usize) {
        let begins_line = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
        if begins_line && self.translate_line(end) {
            return;
        }
        let prose = self.text.get(self.at..end).unwrap_or_default();
        if let Some(length) = self.translate_construct(prose) {
            self.at += length;
            return;
        }
        let mut chars = prose.chars();
        let length = match (chars.next(), chars.next()) {
            (Some('\n'), _) => return self.copy(1),
            // an escaped character begins no construct
            (Some('\\'), Some(escaped)) if escaped != '\n' => 1 + escaped.len_utf8(),
            (first, _) => first.map_or(1, char::len_utf8),
        };
        let plain = prose.get(length..).unwrap_or_default();
        let sign = |byte| matches!(byte, b'\\' | b'{' | b'[' | b']' | b'!' | b'<' | b':' | b'$' | b'+' | b'\n');
        let plain = plain.bytes().position(sign).unwrap_or(plain.len());
        self.copy(length + plain);
    }

    /// Translates the construct that begins here, if there is one, and returns its length.
    fn translate_construct(&mut self, prose: &str) -> Option<usize> {
        match prose.as_bytes() {
            [b'{', b'{' | b'%', ..] => self.translate_tag(),
            [b'{', b'+' | b'-' | b'~' | b'=', ..] => self.translate_change(prose),
            [b'+', b'+', ..] => self.translate_keys(prose),
            [b'{', b':', b':' | b'/', ..] => skip_extension(prose),
            [b'{', b'/', b'*', ..] => self.skip_script_comment(),
            [b'{', b'\'' | b'"', ..] => self.skip_script_space(prose),
            [b'[', b'[', ..] | [b'!', b'[', b'[', ..] => self.translate_wikilink(),
            [b']', b'(', ..] => self.translate_spaced_address(prose),
            [b'<', b'!', b'-', b'-', ..] => self.copy_comment(),
            [b'<', letter, ..] if letter.is_ascii_alphabetic() => self.translate_jsx(),
            [b'<', b'/', ..] => self.end_jsx_link(),
            [b':', b'/', b'/', rest @ ..] if is_swallowed(rest) => self.end_address(prose),
            [b'$', next, ..] if *next != b'$' => self.escape_dollar(prose),
            _ => None,
        }
    }

    /// Translates a line that has a meaning as a whole; returns `false` if it has none.
    fn translate_line(&mut self, end: usize) -> bool {
        let rest = self.text.get(self.at..end).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let is_whole = line.ends_with('\n') || end == self.text.len();
        if !is_whole || !line::is_more_line(line) {
            return false;
        }
        self.mark_more();
        self.out
            .push_str(line.get(line.trim_end_matches('\n').len()..).unwrap_or_default());
        self.at += line.len();
        true
    }

    fn mark_more(&mut self) {
        self.more.get_or_insert(self.out.len());
    }

    /// Translates a tag or an expression.
    fn translate_tag(&mut self) -> Option<usize> {
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
        let inner = if self.depth < MAX_TAUGHT {
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

    fn push_unknown(&mut self, length: usize, is_shown: bool) {
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
    fn close_to(&mut self, kept: usize) {
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

    /// Whether the output ends inside an HTML tag.
    fn in_html_tag(&self) -> bool {
        // only the end of the line is read, because a line may be as long as the text
        let start = self.out.len().saturating_sub(MAX_SPAN);
        let near = &self.out.as_bytes()[start..];
        let line = memrchr(b'\n', near).map_or(near, |newline| &near[newline + 1..]);
        memrchr2(b'<', b'>', line).is_some_and(|at| matches!(&line[at..], [b'<', letter, ..] if letter.is_ascii_alphabetic()))
    }

    /// Whether the output ends inside the address of a link or of a link's definition.
    fn in_address(&self) -> bool {
        let mut start = self.out.len().saturating_sub(MAX_SPAN);
        while !self.out.is_char_boundary(start) {
            start += 1;
        }
        let line = self.out[start..].rsplit('\n').next().unwrap_or_default();
        let is_open = |address: &str| !address.trim_start().contains([')', ' ', '\t']);
        let in_link = line.rsplit_once("](").is_some_and(|(_, address)| is_open(address));
        let definition = line.trim_start().strip_prefix('[').and_then(|line| line.split_once("]:"));
        in_link || definition.is_some_and(|(_, address)| is_open(address))
    }

    fn translate_keys(&mut self, prose: &str) -> Option<usize> {
        let (html, length) = keys::translate_keys(bounded(prose, MAX_SPAN), self.out.chars().next_back())?;
        self.out.push_str(&html);
        Some(length)
    }

    fn translate_change(&mut self, prose: &str) -> Option<usize> {
        let (markdown, length) = keys::translate_change(bounded(prose, MAX_TAG))?;
        self.out.push_str(&markdown);
        Some(length)
    }

    /// Skips a comment of MDX: `{/* … */}`.
    fn skip_script_comment(&mut self) -> Option<usize> {
        let end = self.find("*/}", 3).filter(|&end| end <= MAX_TAG)?;
        if self.rest().get(3..end).is_some_and(line::is_more) {
            self.mark_more();
        }
        Some(end + 3)
    }

    /// Replaces an expression of MDX that is only white space, `{' '}`, by a space.
    fn skip_script_space(&mut self, prose: &str) -> Option<usize> {
        let space = ["{' '}", "{\" \"}"].into_iter().find(|space| prose.starts_with(space))?;
        self.out.push(' ');
        Some(space.len())
    }

    /// Translates a tag of JSX inside a line, which has braces that HTML does not know.
    fn translate_jsx(&mut self) -> Option<usize> {
        if self.at < self.dead_until {
            return None;
        }
        let tag = match jsx::parse(self.rest()) {
            Ok(tag) => tag,
            Err(jsx::TagError::Endless(length)) => {
                self.dead_until = self.at + length;
                return None;
            }
            Err(jsx::TagError::Other) => return None,
        };
        if let Some(start) = tag.link()
            && let Some(end) = self.end_of_link(&tag)
        {
            self.link_ends.push(end);
            self.out.push_str(&start);
            return Some(tag.length);
        }
        let meaning = tag.is_component().then(|| Shortcode::of_component(&tag).meaning());
        match meaning {
            Some(Meaning::Markdown(markdown)) => self.out.push_str(&markdown),
            Some(_) if tag.closes_itself => self.push_unknown(tag.length, false),
            _ if !tag.has_braces => return None,
            Some(_) => {}
            None => self.out.push_str(&tag.html()),
        }
        Some(tag.length)
    }

    /// The offset of the end tag of `tag`, which begins here; `None` if it is not in the same paragraph or another one begins before it.
    fn end_of_link(&self, tag: &jsx::JsxTag<'_>) -> Option<usize> {
        let near = bounded(self.rest(), MAX_TAG).get(tag.length..)?;
        let near = near.split("\n\n").next()?;
        let end = near.find(&format!("</{}>", tag.name))?;
        let is_only = !near.get(..end)?.contains(&format!("<{}", tag.name));
        is_only.then_some(self.at + tag.length + end)
    }

    /// Translates the end tag of a link whose start tag was translated.
    fn end_jsx_link(&mut self) -> Option<usize> {
        self.link_ends.pop_if(|end| *end == self.at)?;
        self.out.push_str("</a>");
        Some(self.rest().find('>')? + 1)
    }

    /// Ends the bare address here before emphasis or punctuation of Chinese or Japanese, which do not belong to it.
    fn end_address(&mut self, prose: &str) -> Option<usize> {
        let scheme = ["https", "http"].into_iter().find(|scheme| self.out.ends_with(scheme))?;
        let before = self.out.get(..self.out.len() - scheme.len())?;
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '<' | '"' | '\'' | '=' | '/'))
            || before.ends_with("](")
        {
            return None;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"') || is_wide_punctuation(c);
        let run = prose.get(..prose.find(ends).unwrap_or(prose.len()))?;
        if before.ends_with('[') || run.contains(['[', ']']) {
            // the text of a link
            return None;
        }
        let run = run.split("**").next()?;
        let run = run.trim_end_matches(['.', ',', ':', ';', '!', '?', '*', '_', '~', ')', '\'']);
        if run.len() <= "://".len() || self.in_address() || self.in_html_tag() {
            return None;
        }
        self.out.truncate(before.len());
        let address = format!("<{scheme}{run}>");
        self.out.push_str(&address);
        Some(run.len())
    }

    /// Escapes a dollar sign that would begin a formula across a link.
    fn escape_dollar(&mut self, prose: &str) -> Option<usize> {
        if self.out.ends_with('$') {
            return None;
        }
        let near = bounded(prose.get(1..)?, MAX_TAG);
        let (formula, _) = near.split_once('$')?;
        let is_across = formula.contains("](") && !formula.contains("\n\n");
        is_across.then(|| {
            self.out.push_str("\\$");
            1
        })
    }

    /// Copies an HTML comment, but skips a "more" marker.
    fn copy_comment(&mut self) -> Option<usize> {
        let end = self.find("-->", 4)?;
        let rest = self.rest();
        let comment = rest.get(4..end).unwrap_or_default().trim();
        if line::is_more(comment) {
            self.mark_more();
        } else if comment.starts_with("@include:") {
            self.push_unknown(end + 3, false);
        } else if let Some(label) = comment.strip_prefix("tab ").filter(|_| rest.contains("<!-- endtab")) {
            // the label of a tab of Hexo's themes, without its sign
            let has_tag = label.contains("{%") && !label.contains("<!--");
            let label = if has_tag {
                label
            } else {
                label.split('@').next().unwrap_or_default()
            };
            let inline = has_tag
                .then(|| translate_inline(label, self.shortcodes, self.depth))
                .flatten();
            let label = inline.as_ref().map_or(label, |inline| inline.out.as_str()).trim();
            let _ = writeln!(self.out, "**{label}**");
        } else if comment != "endtab" {
            self.out.push_str(rest.get(..end + 3)?);
        }
        Some(end + 3)
    }

    /// Writes the spaces in an address so that it is one.
    fn translate_spaced_address(&mut self, prose: &str) -> Option<usize> {
        let (address, length) = spaced::parse(prose)?;
        self.out.push_str("](");
        self.out.push_str(&address.replace(' ', "%20"));
        Some(length)
    }

    /// Translates a link or an embed of Obsidian, which may contain code. A link whose label is defined is one of Markdown.
    fn translate_wikilink(&mut self) -> Option<usize> {
        let link = wikilink::parse(bounded(self.rest(), MAX_SPAN))?;
        if self.is_defined(link.inner) {
            return None;
        }
        self.out.push_str(&link.markdown());
        Some(link.length)
    }

    /// Whether there is a link definition for `label`.
    fn is_defined(&mut self, label: &str) -> bool {
        let text = self.text;
        let labels = self
            .labels
            .get_or_insert_with(|| line::definitions(text).map(|(label, _)| fold_label(label)).collect());
        labels.contains(&fold_label(label))
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

/// Whether `c` is a mark of Chinese or Japanese, which is not part of an address.
fn is_wide_punctuation(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// The length of the start or the end of an extension of kramdown inside a line: `{::nomarkdown}`, `{:/}`.
fn skip_extension(prose: &str) -> Option<usize> {
    let names = ["{::nomarkdown}", "{:/nomarkdown}", "{:/}", "{::markdown}", "{:/markdown}"];
    names.into_iter().find(|name| prose.starts_with(name)).map(str::len)
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

/// `label` in the form in which labels are compared (`CommonMark`, section 4.7): without regard to case and white space.
fn fold_label(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The first `length` bytes of `text`, or a few less to end between characters.
fn bounded(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
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
