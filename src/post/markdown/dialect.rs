//! Translates the additions of other tools to plain Markdown: [`translate`].
//!
//! What the author hides ([`hidden`]) is removed first, then blocks are translated ([`blocks`]), then what stands in a line: shortcodes and
//! tags of Liquid ([`template_tags`]), "more" markers, links ([`links`]), JSX. Code does not change, except that Liquid's `raw` tags are removed.
//! Unknown tags are shown as code and reported.

mod links;
mod template_tags;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem, memrchr, memrchr2};

use self::links::contains_more_than_address;
use self::template_tags::OpenTag;
use super::code;
use super::hidden::{self, Remark};
use super::shortcode::{self, Meaning, Shortcode};
use super::spaced;
use super::{blocks, jsx, keys, line};
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

/// Translates the lines of `text`, which has no hidden parts and is inside `depth` tags with a template; `None` if there is nothing to translate.
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
        no_tag_until: 0,
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
            [b':', b'/', b'/', rest @ ..] => contains_more_than_address(rest),
            [b'#', rest @ ..] => begins_with(rest, " more"),
            _ => false,
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
    no_tag_until: usize,
    /// The offsets of the end tags of the open links of JSX.
    link_ends: Vec<usize>,
    /// The tags for which the author wrote a template.
    shortcodes: &'a Shortcodes,
    /// The number of tags with a template around the text.
    depth: usize,
    /// In bytes: what their templates have written so far.
    expanded: usize,
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
            [b':', b'/', b'/', rest @ ..] if contains_more_than_address(rest) => self.end_address(prose),
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
        if self.at < self.no_tag_until {
            return None;
        }
        let tag = match jsx::parse(self.rest()) {
            Ok(tag) => tag,
            Err(jsx::TagError::Endless(length)) => {
                self.no_tag_until = self.at + length;
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
}

/// The length of the start or the end of an extension of kramdown inside a line: `{::nomarkdown}`, `{:/}`.
fn skip_extension(prose: &str) -> Option<usize> {
    let names = ["{::nomarkdown}", "{:/nomarkdown}", "{:/}", "{::markdown}", "{:/markdown}"];
    names.into_iter().find(|name| prose.starts_with(name)).map(str::len)
}

/// The first `length` bytes of `text`, or a few less to end between characters.
fn bounded(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
