//! Translates Obsidian's links and embeds: `[[note]]`, `[[note#part|shown]]`, `![[picture.png|300]]`.
//!
//! It does not know the file of a note: a link gets an address ([`WIKILINK`]) that is resolved when the HTML is cleaned. If it leads to no
//! public post or file, only its text stays. Embedded pictures, sound and video are shown; an embedded note becomes a link.

use std::fmt::Write as _;

use comrak::Anchorizer;
use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::shortcode;
use crate::post::PATH_PART;
use crate::post::reference::WIKILINK;

/// Extensions of pictures, in lower case.
const PICTURES: [&str; 8] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp"];

/// The characters that are percent-encoded in the part of a document.
const PART: &AsciiSet = &PATH_PART.remove(b'=').remove(b'&');

/// A link or an embed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wikilink<'a> {
    /// The text between the brackets.
    pub(super) inner: &'a str,
    /// Its length with the brackets, in bytes.
    pub(super) length: usize,
    embed: bool,
}

/// Parses the link at the start of `text`; `None` if the brackets are plain Markdown.
pub(super) fn parse(text: &str) -> Option<Wikilink<'_>> {
    let (embed, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let (inner, after) = text.strip_prefix("[[")?.split_once("]]")?;
    // code ends where it began
    let is_cut = inner.matches('`').count() % 2 == 1;
    let plain = inner.trim().is_empty() || inner.contains(['[', ']', '\n']) || after.starts_with(['(', '[']) || is_cut;
    (!plain).then_some(Wikilink {
        inner,
        length: inner.len() + 4 + usize::from(embed),
        embed,
    })
}

impl Wikilink<'_> {
    /// Returns it in plain Markdown.
    pub(super) fn markdown(&self) -> String {
        let (target, label) = self.inner.split_once('|').unwrap_or((self.inner, ""));
        // in a table the bar is escaped
        let target = target.trim_end_matches('\\').trim();
        let label = label.trim();
        let is_size = label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
        let lower = target.to_ascii_lowercase();
        if self.embed && PICTURES.iter().any(|ending| lower.ends_with(ending)) {
            return shortcode::image(target, Some(if is_size { target } else { label }));
        }
        let file = target.split('#').next().unwrap_or_default();
        let kind = mime_guess::from_path(file).first();
        match kind.as_ref().map(|kind| kind.type_().as_str()) {
            Some(player @ ("audio" | "video")) if self.embed => {
                return format!("<{player} controls src=\"{}\"></{player}>", shortcode::destination(file));
            }
            _ => {}
        }
        let is_document = kind.is_some_and(|kind| kind.type_() != "text");
        let shown = if label.is_empty() || (self.embed && is_size) {
            let target = if is_document { file } else { target };
            target.trim_start_matches('#').replace("#^", "#").replace('#', " > ")
        } else {
            label.to_owned()
        };
        format!("<a href=\"{}\">{shown}</a>", address(target, is_document))
    }
}

/// The address that stands for `target`: a note, a file or a part of one. The part of a document is not a heading: `#page=2`.
fn address(target: &str, is_document: bool) -> String {
    let (name, part) = target.split_once('#').unwrap_or((target, ""));
    let mut address = String::new();
    if !name.is_empty() {
        let _ = write!(address, "{WIKILINK}{}", utf8_percent_encode(name.trim(), PATH_PART));
    }
    // the innermost heading, by the id that it has on the page; blocks have none
    let heading = part.rsplit('#').next().unwrap_or_default().trim();
    if is_document && !heading.is_empty() {
        let _ = write!(address, "#{}", utf8_percent_encode(heading, PART));
    } else if !heading.is_empty() && !heading.starts_with('^') {
        let id = Anchorizer::new().anchorize(heading);
        let _ = write!(address, "#{}", utf8_percent_encode(&id, PATH_PART));
    }
    address
}
