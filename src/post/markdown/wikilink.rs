//! Translates Obsidian's links and embeds: `[[note]]`, `[[note#part|shown]]`, `![[picture.png|300]]`.
//!
//! It does not know the file of a note: a link becomes its text, an embedded picture an image.

use super::shortcode;

/// Extensions of pictures, in lower case.
const PICTURES: [&str; 8] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp"];

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
    let plain = inner.trim().is_empty() || inner.contains(['[', ']', '\n']) || after.starts_with(['(', '[', ':']);
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
        let lower = target.to_ascii_lowercase();
        if self.embed && PICTURES.iter().any(|ending| lower.ends_with(ending)) {
            let is_size = label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
            return shortcode::image(target, Some(if is_size { target } else { label }));
        }
        if label.is_empty() {
            target.trim_start_matches('#').replace("#^", "#").replace('#', " > ")
        } else {
            label.to_owned()
        }
    }
}
