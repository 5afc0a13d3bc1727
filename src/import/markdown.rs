//! Turns HTML into Markdown by the crate `htmd`, in the mode that keeps as HTML what Markdown cannot say.
//!
//! The words of both are compared, and the number of tables: if the Markdown lost any, the text stays HTML. The nesting of the HTML is limited before that ([`clean`](super::clean)): `htmd` walks it recursively.

use std::collections::HashMap;

use htmd::HtmlToMarkdown;
use htmd::options::{BrStyle, BulletListMarker, HrStyle, Options, TranslationMode};

use super::clean::{Rewriter, clean_html};
use super::table;
use crate::post::{html, markdown};

/// Stands for `<!--more-->`, which HTML parsers drop. It is a noncharacter, so it is in no text.
pub(crate) const MORE: &str = "\u{fdd0}more\u{fdd0}";

/// Markdown, and whether it is HTML for the most part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Converted {
    pub(crate) markdown: String,
    /// Whether the conversion lost words, so that all of it stays HTML.
    pub(crate) is_html: bool,
}

/// The Markdown of `html`, with the addresses that `rewriter` returns. No word is lost.
pub(crate) fn to_markdown(html: &str, rewriter: &mut dyn Rewriter) -> Converted {
    let html: String = html
        .chars()
        .filter(|&c| !crate::post::is_forbidden(c) || c == '\u{fdd0}')
        .collect();
    let plain = clean_html(&html, rewriter);
    let converter = HtmlToMarkdown::builder()
        .options(Options {
            translation_mode: TranslationMode::Faithful,
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            br_style: BrStyle::Backslash,
            hr_style: HrStyle::Asterisks,
            ..Options::default()
        })
        .build();
    // it reads from memory, so there is no error
    let convert = |plain: &str| protect_markup(&finish(&converter.convert(plain).unwrap_or_default()));
    let mut markdown = convert(&plain);
    let mut shown = markdown::render(&markdown, "").html;
    if count_tables(&shown) < count_tables(&plain) {
        // the lines of a table are none, for example where a column is empty
        markdown = convert(&plain.replace("<table>", &format!("<table{}>", table::KEPT)));
        shown = markdown::render(&markdown, "").html;
    }
    if has_words_of(&html::text(&shown), &html::text(&plain.replace(MORE, " "))) {
        return Converted {
            markdown,
            is_html: false,
        };
    }
    Converted {
        markdown: protect_all(&finish(&html_block(&plain))),
        is_html: true,
    }
}

/// `text` without the marks that it got for the conversion.
fn finish(text: &str) -> String {
    text.replace(MORE, "<!--more-->")
        .replace(table::KEPT, "")
        .replace('\u{fdd0}', "")
}

fn count_tables(html: &str) -> usize {
    html.matches("<table").count()
}

/// Whether the text `shown` has every word of `text`, as often.
fn has_words_of(shown: &str, text: &str) -> bool {
    let mut missing: HashMap<&str, isize> = HashMap::new();
    for word in words(text) {
        *missing.entry(word).or_default() += 1;
    }
    for word in words(shown) {
        if let Some(count) = missing.get_mut(word) {
            *count -= 1;
        }
    }
    missing.values().all(|&count| count <= 0)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// `html` as one block of HTML in Markdown: a blank line would end it.
fn html_block(html: &str) -> String {
    let mut out = "<div>\n".to_owned();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<pre") {
        push_without_blank_lines(before, "", &mut out);
        let (pre, after) = after.split_at(after.find("</pre>").unwrap_or(after.len()));
        out.push_str("<pre");
        push_without_blank_lines(pre, "&#10;", &mut out);
        rest = after;
    }
    push_without_blank_lines(rest, "", &mut out);
    out.push_str("\n</div>");
    out
}

/// Adds the lines of `text`, and `blank` for each blank one.
fn push_without_blank_lines(text: &str, blank: &str, out: &mut String) {
    for (number, line) in text.split('\n').enumerate() {
        let is_blank = line.trim().is_empty();
        if number > 0 && !(is_blank && blank.is_empty()) {
            out.push('\n');
        }
        out.push_str(if is_blank && number > 0 { blank } else { line });
    }
}

/// Escapes what feedmill reads as markup of other tools and the text does not mean: `{{`, `{%`, `%%` and so on outside code.
fn protect_markup(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut fence: Option<String> = None;
    for line in markdown.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let mark: String = trimmed.chars().take_while(|&c| c == '`' || c == '~').collect();
        match &fence {
            Some(open) => {
                if mark.len() >= open.len() && trimmed.trim_end() == mark {
                    fence = None;
                }
                out.push_str(line);
            }
            None if mark.len() >= 3 => {
                fence = Some(mark);
                out.push_str(line);
            }
            None => protect_part(line, true, &mut out),
        }
    }
    out
}

/// Escapes the same everywhere in a block of HTML, which has no code of Markdown.
fn protect_all(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for line in html.split_inclusive('\n') {
        protect_part(line, false, &mut out);
    }
    out
}

/// Escapes it in `line`, but not in the code of Markdown, if it `has_code`.
fn protect_part(line: &str, has_code: bool, out: &mut String) {
    let mut in_code = false;
    let mut rest = line;
    if let Some(after) = line.trim_start().strip_prefix(":::") {
        out.push_str("&#58;::");
        rest = after;
    }
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '`' if has_code => in_code = !in_code,
            '{' if !in_code && after.starts_with(['{', '%', '#', ':', '/']) => {
                out.push_str("&#123;");
                rest = after;
                continue;
            }
            '%' if !in_code && after.starts_with('%') => {
                out.push_str("&#37;");
                rest = after;
                continue;
            }
            _ => {}
        }
        out.push(c);
        rest = after;
    }
}

#[cfg(test)]
mod tests;
