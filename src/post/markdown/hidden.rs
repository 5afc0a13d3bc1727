//! What an author hides in a text, and what would hide more than that: [`without_hidden`], [`look`].
//!
//! Comments of HTML, Markdown (definitions of links), Obsidian, Liquid, Nunjucks, ERB, Hugo, Handlebars, kramdown and MDX, and
//! elements with `hidden`, `display: none` or
//! `visibility: hidden`, are for no reader of any outlet, outside code. Each is taken out only where it is unmistakable.
//!
//! A tag that would swallow what follows is mended: `<title>` in a sentence is text (GFM, section 6.11, where it does not end), and
//! `<script … />` is closed where it stands. A comment that begins a block and does not end hides what follows, as all tools that know
//! `CommonMark` have it (section 4.6): to show it could tell a secret, which cannot be taken back, and the author sees the same in the own
//! tool. It is said in any case.

mod scan;

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr3_iter, memmem};

use super::super::html::token::{RAW_TEXT, is_void};

/// A comment that says nothing. It keeps apart what the one in its place kept apart.
const EMPTY: &str = "<!-- -->";

/// `markdown` without what its author hides in it.
#[must_use]
pub fn without_hidden(markdown: &str) -> Cow<'_, str> {
    look(markdown).apply(markdown, |edit| matches!(edit.why, Why::Hidden | Why::Definition))
}

/// `markdown` as a search reads it: without what its author hides in it, and without scripts and style sheets.
#[must_use]
pub fn searchable(markdown: &str) -> Cow<'_, str> {
    look(markdown).apply(markdown, |edit| edit.why != Why::Mended)
}

/// Something in a text that its author should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The name of this kind of problem.
    pub code: &'static str,
    /// Where in the text.
    pub offset: usize,
    /// How many characters are meant.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

/// What has to be changed in a text before it is read.
#[derive(Debug, Default)]
pub(super) struct Edits {
    edits: Vec<Edit>,
    pub(super) remarks: Vec<Remark>,
}

#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    instead: Cow<'static, str>,
    why: Why,
}

/// Why a stretch is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Its author hides it.
    Hidden,
    /// Its author hides it, as a definition of a link that nothing uses.
    Definition,
    /// It would swallow what follows.
    Mended,
    /// It is a script or a style sheet. It stays in the text, from which the HTML is made, and is left out of what is searched.
    Program,
}

impl Edits {
    /// `text` with all changes.
    pub(super) fn mended<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.apply(text, |edit| edit.why != Why::Program)
    }

    fn apply<'a>(&self, text: &'a str, wanted: impl Fn(&Edit) -> bool) -> Cow<'a, str> {
        let mut edits = self.edits.iter().filter(|edit| wanted(edit)).peekable();
        if edits.peek().is_none() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for edit in edits {
            out.push_str(text.get(done..edit.range.start).unwrap_or_default());
            out.push_str(&edit.instead);
            done = edit.range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Turns each of `offsets`, which ascend, from a place in the mended text into the place of the same in the text as it was written.
    pub(super) fn trace_back<'o>(&self, offsets: impl Iterator<Item = &'o mut usize>) {
        let mut edits = self.edits.iter().filter(|edit| edit.why != Why::Program).peekable();
        // what the edits before took out and put in, and where the last of them begins
        let (mut removed, mut added, mut last) = (0, 0, 0);
        for offset in offsets {
            loop {
                let is_before = |edit: &&Edit| {
                    let (start, place) = (edit.range.start + added, *offset + removed);
                    start < place || (start == place && edit.instead.is_empty())
                };
                let Some(edit) = edits.next_if(is_before) else {
                    break;
                };
                removed += edit.range.len();
                added += edit.instead.len();
                last = edit.range.start;
            }
            *offset = (*offset + removed).saturating_sub(added).max(last);
        }
    }
}

/// Looks through `text`.
pub(super) fn look(text: &str) -> Edits {
    if has_signs(text) { scan::scan(text) } else { Edits::default() }
}

/// Whether there may be anything to find in `text`.
fn has_signs(text: &str) -> bool {
    let bytes = text.as_bytes();
    if scan::comment_definitions(text).next().is_some() {
        return true;
    }
    memchr3_iter(b'<', b'{', b'%', bytes).any(|place| match &bytes[place..] {
        [b'<', b'!' | b'?', ..]
        | [b'<', b'%', b'#' | b'-', ..]
        | [b'%', b'%', ..]
        | [b'{', b'#' | b'/', ..]
        | [b'{', b':', b':', ..] => true,
        [b'{', b'{', rest @ ..] => rest
            .iter()
            .find(|byte| !b"- \t\n<%".contains(byte))
            .is_some_and(|next| b"/!c".contains(next)),
        [b'{', b'%', rest @ ..] => rest
            .iter()
            .find(|byte| !b"- \t\n".contains(byte))
            .is_some_and(|next| b"#crvh".contains(next)),
        [b'<', letter, rest @ ..] if letter.is_ascii_alphabetic() => may_matter(&bytes[place + 1..], rest),
        _ => false,
    })
}

/// Whether the tag whose name begins `named` may hide something or swallow what follows; `rest` is what follows its first letter.
fn may_matter(named: &[u8], rest: &[u8]) -> bool {
    let length = named.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = named.get(..length).unwrap_or_default();
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    if RAW_TEXT.iter().any(|known| is(known)) || is("template") || is("select") || is("plaintext") {
        return true;
    }
    let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
    let tag = rest.get(..end).unwrap_or_default();
    tag.len() > 512
        || (tag.ends_with(b"/") && !std::str::from_utf8(name).is_ok_and(|name| is_void(&name.to_ascii_lowercase())))
        || [&b"idden"[..], b"IDDEN", b"tyle", b"TYLE"]
            .iter()
            .any(|sign| memmem::find(tag, sign).is_some())
}

#[cfg(test)]
mod tests;
