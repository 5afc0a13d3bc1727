//! Translates the additions of other tools to plain Markdown: [`translate`].
//!
//! These are shortcodes and Liquid, "more" markers, Obsidian's wikilinks, embeds and callouts, kramdown's attribute lists, MDX's imports,
//! containers between `:::`, and tables of contents. Code does not change, except that Liquid's `raw` tags are removed. Unknown tags are
//! shown as code and reported. What the author hides ([`hidden`]) is removed first.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::{memchr3_iter, memmem, memrchr, memrchr2};

use super::code;
use super::hidden::{self, Remark};
use super::line::{self, SpecialLine};
use super::shortcode::{self, Meaning};
use super::spaced;
use super::wikilink;

/// A text translated to plain Markdown.
#[derive(Debug)]
pub(super) struct Translation<'a> {
    /// The Markdown.
    pub(super) markdown: Cow<'a, str>,
    /// The offset of the author's "more" marker in it.
    pub(super) more: Option<usize>,
    /// Unknown shortcodes, with their offsets in the original text.
    pub(super) unknown: Vec<(usize, String)>,
    /// Other remarks for the author.
    pub(super) remarks: Vec<Remark>,
}

/// In bytes. Braces that are further apart are not a tag.
const MAX_TAG: usize = 2048;

/// In bytes: the longest wikilink or attribute list.
const MAX_SPAN: usize = 300;

/// In bytes: the longest item above a table of contents, with the line breaks around it.
const MAX_CONTENTS_ITEM: usize = 64;

/// Translates `text` to plain Markdown.
pub(super) fn translate(text: &str) -> Translation<'_> {
    let mut edits = hidden::find_edits(text);
    let repaired = edits.apply_repairs(text);
    let mut translation = match &repaired {
        Cow::Borrowed(_) => translate_visible(text),
        Cow::Owned(repaired) => {
            let translation = translate_visible(repaired);
            Translation {
                markdown: Cow::Owned(translation.markdown.into_owned()),
                more: translation.more,
                unknown: translation.unknown,
                remarks: Vec::new(),
            }
        }
    };
    edits.to_original_offsets(translation.unknown.iter_mut().map(|(offset, _)| offset));
    translation.remarks = std::mem::take(&mut edits.remarks);
    translation
}

/// Translates `text`, which has no hidden parts.
fn translate_visible(text: &str) -> Translation<'_> {
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
        // skips code inside a tag
        while code.next_if(|range| range.start < translator.at).is_some() {}
        match code.peek() {
            Some(range) if range.start == translator.at => translator.copy_code(range),
            Some(range) => translator.translate_prose(range.start),
            None => translator.translate_prose(text.len()),
        }
    }
    Translation {
        markdown: Cow::Owned(translator.out),
        more: translator.more,
        unknown: translator.unknown,
        remarks: Vec::new(),
    }
}

/// Whether `text` may have anything to translate. This is quick: it searches for bytes that are rare in most texts.
fn has_signs(text: &str) -> bool {
    let text = text.as_bytes();
    let braces = memchr3_iter(b'{', b'[', b'<', text);
    let others = memchr3_iter(b'%', b':', b'#', text);
    let scripts = memmem::find_iter(text, b"port ");
    if spaced::may_have(text) {
        return true;
    }
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
    unknown: Vec<(usize, String)>,
    /// The labels of link definitions; found when first needed.
    labels: Option<HashSet<String>>,
    /// The next offset of each sign that was searched for, so that nothing is searched twice for the same sign.
    ahead: HashMap<&'static str, usize>,
    /// The names of blocks without an end in the rest of the text.
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
        let sign = |byte| matches!(byte, b'\\' | b'{' | b'[' | b']' | b'!' | b'<' | b'%' | b'\n');
        let plain = plain.bytes().position(sign).unwrap_or(plain.len());
        self.copy(length + plain);
    }

    /// Translates the construct that begins here, if there is one, and returns its length.
    fn translate_construct(&mut self, prose: &str) -> Option<usize> {
        match prose.as_bytes() {
            [b'{', b'{' | b'%', ..] => self.translate_tag(),
            [b'{', b':', ..] => self.skip_attributes(prose),
            [b'{', b'/', b'*', ..] => self.skip_script_comment(),
            [b'[', b'[', ..] | [b'!', b'[', b'[', ..] => self.translate_wikilink(prose),
            [b']', b'(', ..] => self.translate_spaced_address(prose),
            [b'<', b'!', b'-', b'-', ..] => self.copy_comment(),
            _ => None,
        }
    }

    /// Translates a line that has a meaning as a whole; returns `false` if it has none.
    fn translate_line(&mut self, end: usize) -> bool {
        let rest = self.text.get(self.at..end).unwrap_or_default();
        let (content, newline) = match rest.split_once('\n') {
            Some((content, _)) => (content, "\n"),
            None if end == self.text.len() => (rest, ""),
            // the line continues with code
            None => return false,
        };
        let after_blank = matches!(self.out.as_str(), "" | "\n") || self.out.ends_with("\n\n");
        match line::classify(content, after_blank) {
            SpecialLine::Plain => return false,
            SpecialLine::More => self.mark_more(),
            SpecialLine::Contents => self.drop_contents_item(),
            SpecialLine::Dropped => {}
            SpecialLine::Script => {
                let script = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
                self.at += script;
                return true;
            }
            SpecialLine::Replaced(text) => self.out.push_str(&text),
        }
        self.out.push_str(newline);
        self.at += content.len() + newline.len();
        true
    }

    /// Removes the list of one item above kramdown's table of contents, which replaces it.
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
            _ if tag.closes && !matches!(meaning, Meaning::Unknown) => Some(length),
            Meaning::Raw => Some(self.translate_block(length, &["raw", "verbatim"], String::push_str)),
            Meaning::Comment => Some(self.translate_block(length, &["comment"], |_, _| {})),
            Meaning::Code(language) => {
                let names = ["highlight", "codeblock", "code", "code-block"];
                Some(self.translate_block(length, &names, |out, content| code::push_block(out, &language, content)))
            }
            Meaning::Unknown => {
                let written = rest.get(..length)?;
                if !tag.closes {
                    self.unknown.push((self.at, written.to_owned()));
                }
                if self.in_html_tag() {
                    self.out.push_str(written);
                } else {
                    self.out.push_str(&code::code_span(written));
                }
                Some(length)
            }
        }
    }

    /// Whether the braces here belong to a template, not to a workflow's `${{ }}`, a JSX attribute or arithmetic.
    fn may_be_tag(&self, inner: &str, expression: bool) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        if before.ends_with(['$', '=']) {
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

    /// Returns the length of kramdown's attributes after a span: `[a](b){:target="_blank"}`.
    fn skip_attributes(&self, prose: &str) -> Option<usize> {
        let after_span = self.out.ends_with([')', ']', '*', '_', '`', '>']);
        let inner = bounded(prose, MAX_SPAN).strip_prefix("{:")?;
        let end = inner.find(['}', '\n'])?;
        let listed = inner.starts_with([' ', '.', '#']) || inner[..end].contains('=');
        (after_span && listed && inner[end..].starts_with('}')).then_some(end + 3)
    }

    /// Skips a comment of MDX: `{/* … */}`.
    fn skip_script_comment(&mut self) -> Option<usize> {
        let end = self.find("*/}", 3).filter(|&end| end <= MAX_TAG)?;
        if self.rest().get(3..end).is_some_and(line::is_more) {
            self.mark_more();
        }
        Some(end + 3)
    }

    /// Copies an HTML comment, but skips a "more" marker.
    fn copy_comment(&mut self) -> Option<usize> {
        let end = self.find("-->", 4)?;
        let rest = self.rest();
        if rest.get(4..end).is_some_and(line::is_more) {
            self.mark_more();
        } else {
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

    /// Translates a link or an embed of Obsidian. A link whose label is defined is one of Markdown.
    fn translate_wikilink(&mut self, prose: &str) -> Option<usize> {
        let link = wikilink::parse(bounded(prose, MAX_SPAN))?;
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
