//! Removes the parts of a text that the author hides ([`without_hidden`]), and repairs tags that would hide more.
//!
//! Hidden are comments of HTML, Markdown (definitions of links), Obsidian, Liquid, Nunjucks, ERB, Hugo, Handlebars, kramdown and MDX, and
//! elements with `hidden`, `display: none` or `visibility: hidden`, outside code. Each is removed only if there is no doubt what it is.
//!
//! A tag that would hide the following text is repaired: `<title>` in a sentence becomes text if it does not end (GFM, section 6.11), and
//! `<script … />` is closed at once. A comment that begins a block and does not end hides the following text, as in all tools that
//! implement `CommonMark` (section 4.6): to show the text could publish a secret, which cannot be undone, and the author sees the same in
//! other tools. Every such case is reported.

mod scan;

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr3_iter, memmem};

use super::super::html::token::{RAW_TEXT, is_void};

/// An empty comment. It replaces a comment, and separates the texts around it in the same way.
const EMPTY: &str = "<!-- -->";

/// Returns `markdown` without the parts that the author hides.
#[must_use]
pub fn without_hidden(markdown: &str) -> Cow<'_, str> {
    find_edits(markdown).apply(markdown, |edit| {
        matches!(edit.reason, EditReason::Hidden | EditReason::Definition)
    })
}

/// Returns `markdown` for the search index: without the parts that the author hides, scripts and style sheets.
#[must_use]
pub fn searchable(markdown: &str) -> Cow<'_, str> {
    find_edits(markdown).apply(markdown, |edit| edit.reason != EditReason::Repair)
}

/// A remark for the author about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// The diagnostic's code.
    pub(crate) code: &'static str,
    /// The byte offset in the text.
    pub(crate) offset: usize,
    /// The number of characters that it is about.
    pub(crate) length: usize,
    /// What is wrong.
    pub(crate) message: String,
    /// How to fix it.
    pub(crate) mend: String,
}

/// The changes to a text before it is translated, and remarks about them.
#[derive(Debug, Default)]
pub(super) struct Edits {
    edits: Vec<Edit>,
    pub(super) remarks: Vec<Remark>,
}

/// A change to a text.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    replacement: Cow<'static, str>,
    reason: EditReason,
}

/// The reason for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EditReason {
    /// The author hides this part.
    Hidden,
    /// The author hides this part in a definition of a link that is not used.
    Definition,
    /// It would hide the following text.
    Repair,
    /// It is a script or a style sheet. It stays in the HTML, and is left out of the search index.
    Program,
}

impl Edits {
    /// Returns `text` with all changes that its HTML needs.
    pub(super) fn apply_repairs<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.apply(text, |edit| edit.reason != EditReason::Program)
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
            out.push_str(&edit.replacement);
            done = edit.range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Converts `offsets`, which ascend, from the changed text to the original text.
    pub(super) fn to_original_offsets<'o>(&self, offsets: impl Iterator<Item = &'o mut usize>) {
        let mut edits = self.edits.iter().filter(|edit| edit.reason != EditReason::Program).peekable();
        // bytes removed and added by the edits so far, and the offset of the last one
        let (mut removed, mut added, mut last) = (0, 0, 0);
        for offset in offsets {
            loop {
                let is_before = |edit: &&Edit| {
                    let (start, place) = (edit.range.start + added, *offset + removed);
                    start < place || (start == place && edit.replacement.is_empty())
                };
                let Some(edit) = edits.next_if(is_before) else {
                    break;
                };
                removed += edit.range.len();
                added += edit.replacement.len();
                last = edit.range.start;
            }
            *offset = (*offset + removed).saturating_sub(added).max(last);
        }
    }
}

/// Finds the changes that `text` needs.
pub(super) fn find_edits(text: &str) -> Edits {
    if has_signs(text) { scan::scan(text) } else { Edits::default() }
}

/// Whether `text` may need changes. This is quick.
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
        | [b'{', b':', b':', ..]
        | [b'{', b'>', b'>', ..] => true,
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

/// Whether the tag whose name is at the start of `named` may hide something or the following text; `rest` is the text after its first
/// letter.
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
