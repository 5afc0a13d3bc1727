//! What other tools added to Markdown, turned into plain Markdown: [`translate`].
//!
//! Shortcodes and Liquid, "more" markers, Obsidian's wikilinks, embeds and callouts, kramdown's attribute lists, MDX's
//! imports, containers between `:::`, tables of contents. Code is left alone, but for Liquid's `raw` tags, which no reader was
//! meant to see. What is not known is shown as code and reported. What the author hides ([`hidden`]) goes first.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::{memchr3_iter, memmem, memrchr, memrchr2};

use super::code;
use super::hidden::{self, Remark};
use super::line::{self, Line};
use super::shortcode::{self, Meaning};
use super::wikilink;

/// A text in plain Markdown.
#[derive(Debug)]
pub(super) struct Translation<'a> {
    /// The Markdown.
    pub(super) markdown: Cow<'a, str>,
    /// Where in it the author's "more" marker stood.
    pub(super) more: Option<usize>,
    /// Shortcodes that are not known: where they began in the text, and how they read.
    pub(super) unknown: Vec<(usize, String)>,
    /// What else its author should know.
    pub(super) remarks: Vec<Remark>,
}

/// No tag is longer: braces further apart have nothing to do with each other.
const MAX_TAG: usize = 2048;

/// No wikilink or attribute list is longer.
const MAX_SPAN: usize = 300;

/// The item above a table of contents is at most so long, with the line breaks around it.
const MAX_CONTENTS_ITEM: usize = 64;

/// `text` in plain Markdown.
pub(super) fn translate(text: &str) -> Translation<'_> {
    let mut edits = hidden::look(text);
    let mended = edits.mended(text);
    let mut translation = match &mended {
        Cow::Borrowed(_) => translated(text),
        Cow::Owned(mended) => {
            let translation = translated(mended);
            Translation {
                markdown: Cow::Owned(translation.markdown.into_owned()),
                more: translation.more,
                unknown: translation.unknown,
                remarks: Vec::new(),
            }
        }
    };
    edits.trace_back(translation.unknown.iter_mut().map(|(offset, _)| offset));
    translation.remarks = std::mem::take(&mut edits.remarks);
    translation
}

/// `text`, which hides nothing, in plain Markdown.
fn translated(text: &str) -> Translation<'_> {
    if !has_signs(text) {
        return Translation {
            markdown: Cow::Borrowed(text),
            more: None,
            unknown: Vec::new(),
            remarks: Vec::new(),
        };
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
    };
    let code = code::ranges(text);
    let mut code = code.iter().peekable();
    while translator.at < text.len() {
        // a tag may have swallowed some
        while code.next_if(|range| range.start < translator.at).is_some() {}
        match code.peek() {
            Some(range) if range.start == translator.at => translator.code(range),
            Some(range) => translator.prose(range.start),
            None => translator.prose(text.len()),
        }
    }
    Translation {
        markdown: Cow::Owned(translator.out),
        more: translator.more,
        unknown: translator.unknown,
        remarks: Vec::new(),
    }
}

/// Whether there may be anything to do in `text`. Most texts have few of the bytes that are looked for, many bytes at once.
fn has_signs(text: &str) -> bool {
    let text = text.as_bytes();
    let braces = memchr3_iter(b'{', b'[', b'<', text);
    let others = memchr3_iter(b'%', b':', b'#', text);
    let scripts = memmem::find_iter(text, b"port ");
    braces.chain(others).chain(scripts).any(|place| {
        let (before, after) = text.split_at(place);
        match after {
            [b'{', b'{' | b'%' | b':', ..] | [b'{', b'/', b'*', ..] | [b'[', b'[', ..] => true,
            [b'{', ..] => before.ends_with(b"$"),
            [b'[', b'!', ..] => before.ends_with(b" ") || before.ends_with(b">"),
            [b'[', rest @ ..] => begins_with(rest, "toc]"),
            [b'<', rest @ ..] => rest.starts_with(b"!--"),
            [b'%', rest @ ..] => rest.starts_with(b"%"),
            [b':', rest @ ..] => rest.starts_with(b"::"),
            [b'#', rest @ ..] => begins_with(rest, " more"),
            _ => before.ends_with(b"im") || before.ends_with(b"ex"),
        }
    })
}

/// Whether `text` begins with `start`, in any case.
fn begins_with(text: &[u8], start: &str) -> bool {
    let found = text.get(..start.len());
    found.is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
}

struct Translator<'a> {
    text: &'a str,
    /// All before is done.
    at: usize,
    out: String,
    more: Option<usize>,
    unknown: Vec<(usize, String)>,
    /// The labels that links are defined for; collected when first needed.
    labels: Option<HashSet<String>>,
    /// Where each sign that was looked for comes next, so that no stretch is searched twice for the same.
    ahead: HashMap<&'static str, usize>,
    /// Blocks whose end was looked for in vain.
    endless: HashSet<&'static str>,
}

impl<'a> Translator<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(self.rest().get(..length).unwrap_or_default());
        self.at += length;
    }

    /// How far ahead `sign` comes next, `skip` bytes on or more.
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

    /// Copies code; Liquid's `raw` tags in it were never for readers.
    fn code(&mut self, range: &Range<usize>) {
        let code = self.text.get(range.clone()).unwrap_or_default();
        self.at = range.end;
        if !(code.contains("raw") && code.contains("{%")) {
            return self.out.push_str(code);
        }
        let mut rest = code;
        while let Some((before, tag, after)) = next_tag(rest) {
            self.out.push_str(before);
            if !matches!(shortcode::tag(tag).meaning(), Meaning::Raw) {
                self.out.push_str(&rest[before.len()..rest.len() - after.len()]);
            }
            rest = after;
        }
        self.out.push_str(rest);
    }

    /// Goes on by one step, through prose that ends at `end`.
    fn prose(&mut self, end: usize) {
        let begins_line = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
        if begins_line && self.line(end) {
            return;
        }
        let prose = self.text.get(self.at..end).unwrap_or_default();
        if let Some(length) = self.construct(prose) {
            self.at += length;
            return;
        }
        let mut chars = prose.chars();
        let length = match (chars.next(), chars.next()) {
            (Some('\n'), _) => return self.copy(1),
            // what is escaped begins nothing
            (Some('\\'), Some(escaped)) if escaped != '\n' => 1 + escaped.len_utf8(),
            (first, _) => first.map_or(1, char::len_utf8),
        };
        let plain = prose.get(length..).unwrap_or_default();
        let sign = |byte| matches!(byte, b'\\' | b'{' | b'[' | b'!' | b'<' | b'%' | b'\n');
        let plain = plain.bytes().position(sign).unwrap_or(plain.len());
        self.copy(length + plain);
    }

    /// Deals with what begins here, if it means something to a tool; says how long it is.
    fn construct(&mut self, prose: &str) -> Option<usize> {
        match prose.as_bytes() {
            [b'{', b'{' | b'%', ..] => self.tag(),
            [b'{', b':', ..] => self.attributes(prose),
            [b'{', b'/', b'*', ..] => self.script_comment(),
            [b'[', b'[', ..] | [b'!', b'[', b'[', ..] => self.wikilink(prose),
            [b'<', b'!', b'-', b'-', ..] => self.comment(),
            _ => None,
        }
    }

    /// Deals with a line that means something as a whole; `false` where it does not.
    fn line(&mut self, end: usize) -> bool {
        let rest = self.text.get(self.at..end).unwrap_or_default();
        let (content, newline) = match rest.split_once('\n') {
            Some((content, _)) => (content, "\n"),
            None if end == self.text.len() => (rest, ""),
            // code follows on the same line
            None => return false,
        };
        let after_blank = matches!(self.out.as_str(), "" | "\n") || self.out.ends_with("\n\n");
        match line::read(content, after_blank) {
            Line::Plain => return false,
            Line::More => self.mark(),
            Line::Contents => self.drop_contents_item(),
            Line::Dropped => {}
            Line::Script => {
                let script = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
                self.at += script;
                return true;
            }
            Line::Instead(text) => self.out.push_str(&text),
        }
        self.out.push_str(newline);
        self.at += content.len() + newline.len();
        true
    }

    /// kramdown writes its table of contents over a list of one item, which goes with it.
    fn drop_contents_item(&mut self) {
        let mut nearby = self.out.len().saturating_sub(MAX_CONTENTS_ITEM);
        while !self.out.is_char_boundary(nearby) {
            nearby += 1;
        }
        let before = self.out[nearby..].trim_end_matches('\n');
        let Some(start) = before.rfind('\n').map(|newline| newline + 1).or((nearby == 0).then_some(0)) else {
            return;
        };
        let item = before.get(start..).unwrap_or_default();
        let start = nearby + start;
        if item.len() < 40 && (item.starts_with("* ") || item.starts_with("- ") || item.starts_with("1. ")) {
            self.out.truncate(start);
        }
    }

    fn mark(&mut self) {
        self.more.get_or_insert(self.out.len());
    }

    /// A tag or an expression.
    fn tag(&mut self) -> Option<usize> {
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
            // Hugo's way of showing a shortcode
            if open != "{{" {
                self.out.push_str(&code::span(&format!("{open}{quoted}{close}")));
            }
            return Some(length);
        }
        let tag = shortcode::tag(inner);
        let meaning = if open == "{{" {
            shortcode::expression(inner)
        } else {
            tag.meaning()
        };
        match meaning {
            Meaning::Markdown(markdown) => {
                if inner.trim().eq_ignore_ascii_case("more") {
                    self.mark();
                }
                self.out.push_str(&markdown);
                Some(length)
            }
            _ if tag.closes && !matches!(meaning, Meaning::Unknown) => Some(length),
            Meaning::Raw => Some(self.block(length, &["raw", "verbatim"], String::push_str)),
            Meaning::Comment => Some(self.block(length, &["comment"], |_, _| {})),
            Meaning::Code(language) => {
                let names = ["highlight", "codeblock", "code", "code-block"];
                Some(self.block(length, &names, |out, content| code::push_block(out, &language, content)))
            }
            Meaning::Unknown => {
                let written = rest.get(..length)?;
                if !tag.closes {
                    self.unknown.push((self.at, written.to_owned()));
                }
                if self.in_html_tag() {
                    self.out.push_str(written);
                } else {
                    self.out.push_str(&code::span(written));
                }
                Some(length)
            }
        }
    }

    /// Whether the braces here are a template's: not a workflow's `${{ }}`, not a JSX attribute, not arithmetic.
    fn may_be_tag(&self, inner: &str, expression: bool) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        if before.ends_with(['$', '=']) {
            return false;
        }
        let first = inner.trim_start_matches(['-', ' ', '\t', '\n']).chars().next();
        let starts = first.is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '/' | '.' | '!' | '$' | '"' | '\''));
        if expression { starts } else { first.is_some() }
    }

    /// Goes past the block that a tag of one of `names`, `length` bytes long, begins here, and writes its content. Where the block does
    /// not end, the tag alone is left out.
    fn block(&mut self, length: usize, names: &[&'static str], write: impl FnOnce(&mut String, &str)) -> usize {
        let content = self.rest().get(length..).unwrap_or_default();
        let key = names.first().copied().unwrap_or_default();
        if self.endless.contains(key) {
            return length;
        }
        let mut from = 0;
        while let Some((before, inner, after)) = content.get(from..).and_then(next_tag) {
            let tag = shortcode::tag(inner);
            if tag.closes && names.contains(&tag.name) {
                write(&mut self.out, &content[..from + before.len()]);
                return length + content.len() - after.len();
            }
            from = content.len() - after.len();
        }
        self.endless.insert(key);
        length
    }

    /// Whether what is written here stands inside an HTML tag.
    fn in_html_tag(&self) -> bool {
        // no more is looked at, for a line may be as long as the text
        let start = self.out.len().saturating_sub(MAX_SPAN);
        let near = &self.out.as_bytes()[start..];
        let line = memrchr(b'\n', near).map_or(near, |newline| &near[newline + 1..]);
        memrchr2(b'<', b'>', line).is_some_and(|at| matches!(&line[at..], [b'<', letter, ..] if letter.is_ascii_alphabetic()))
    }

    /// kramdown's attributes after a span: `[a](b){:target="_blank"}`.
    fn attributes(&self, prose: &str) -> Option<usize> {
        let after_span = self.out.ends_with([')', ']', '*', '_', '`', '>']);
        let inner = bounded(prose, MAX_SPAN).strip_prefix("{:")?;
        let end = inner.find(['}', '\n'])?;
        let listed = inner.starts_with([' ', '.', '#']) || inner[..end].contains('=');
        (after_span && listed && inner[end..].starts_with('}')).then_some(end + 3)
    }

    /// MDX's comments: `{/* … */}`.
    fn script_comment(&mut self) -> Option<usize> {
        let end = self.find("*/}", 3).filter(|&end| end <= MAX_TAG)?;
        if self.rest().get(3..end).is_some_and(line::is_more) {
            self.mark();
        }
        Some(end + 3)
    }

    /// An HTML comment: a "more" marker goes, any other stays as it is, and so does what it holds.
    fn comment(&mut self) -> Option<usize> {
        let end = self.find("-->", 4)?;
        let rest = self.rest();
        if rest.get(4..end).is_some_and(line::is_more) {
            self.mark();
        } else {
            self.out.push_str(rest.get(..end + 3)?);
        }
        Some(end + 3)
    }

    /// Obsidian's links and embeds; a link whose label is defined stays what Markdown makes of it.
    fn wikilink(&mut self, prose: &str) -> Option<usize> {
        let link = wikilink::read(bounded(prose, MAX_SPAN))?;
        if self.defined(link.inner) {
            return None;
        }
        self.out.push_str(&link.markdown());
        Some(link.length)
    }

    /// Whether a link is defined for `label`.
    fn defined(&mut self, label: &str) -> bool {
        let text = self.text;
        let labels = self
            .labels
            .get_or_insert_with(|| line::definitions(text).map(|(label, _)| fold(label)).collect());
        labels.contains(&fold(label))
    }
}

/// Labels match without regard to case and white space (`CommonMark`, section 4.7).
fn fold(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// `text` up to about `length` bytes.
fn bounded(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The next tag of either kind in `text`: what is before, what it says, what is after.
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
