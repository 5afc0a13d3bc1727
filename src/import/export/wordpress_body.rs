//! The text of a WordPress post as HTML: paragraphs from blank lines, shortcodes, comments of the block editor.

use std::fmt::Write as _;

use html_escape::{encode_double_quoted_attribute, encode_text};

use crate::import::imported::ImportedPost;
use crate::import::markdown::MORE;

/// Elements that are blocks: text in them has its own paragraphs or none.
const BLOCKS: [&str; 34] = [
    "table",
    "thead",
    "tfoot",
    "caption",
    "col",
    "colgroup",
    "tbody",
    "tr",
    "td",
    "th",
    "div",
    "dl",
    "dd",
    "dt",
    "ul",
    "ol",
    "li",
    "pre",
    "form",
    "blockquote",
    "address",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "fieldset",
    "section",
    "article",
    "figure",
    "details",
];
/// The longest name of a shortcode.
const LONGEST_NAME: usize = 40;
/// The most pictures of a gallery.
const MOST_PICTURES: usize = 500;

/// Where pictures are found by their number.
pub(super) trait Attachments {
    /// The address of the attachment with the number `id`.
    fn address(&self, id: &str) -> Option<String>;
    /// The addresses of all attachments of the post with the number `parent`.
    fn of_post(&self, parent: &str) -> Vec<String>;
}

/// Turns the text `content` of the post with the number `id` into HTML. Losses and unknown shortcodes are added to `post`.
pub(super) fn html_of(content: &str, id: &str, attachments: &dyn Attachments, post: &mut ImportedPost) -> String {
    let content = content.replace("\r\n", "\n").replace('\u{fdd0}', "");
    // of a text without an end: a parser of HTML would take what follows for a comment
    let content = content.replace("<![CDATA[", "&lt;![CDATA[");
    let content = mark_more(&content, post);
    let is_blocks = content.contains("<!-- wp:");
    let content = replace_shortcodes(&content, id, attachments, post);
    if is_blocks { content } else { add_paragraphs(&content) }
}

/// Replaces `<!--more-->`, and ends the paragraph at `<!--nextpage-->`.
fn mark_more(content: &str, post: &mut ImportedPost) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    let mut is_marked = false;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        let Some((inside, after)) = comment.split_once("-->") else {
            out.push_str("<!--");
            rest = comment;
            continue;
        };
        let name = inside.trim();
        if !is_marked && (name == "more" || name.starts_with("more ")) {
            is_marked = true;
            let _ = write!(out, "\n\n<p>{MORE}</p>\n\n");
        } else if name == "nextpage" {
            // the words beside it belong to different paragraphs
            out.push_str("\n\n");
            post.losses.push("a page break (`<!--nextpage-->`) was left out".to_owned());
        } else if name.starts_with("wp:") {
            // says whether paragraphs have to be added
            let _ = write!(out, "<!--{inside}-->");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A shortcode: `[name key="value"]content[/name]`.
struct OldShortcode<'a> {
    name: &'a str,
    attributes: Vec<(String, String)>,
    content: Option<&'a str>,
    /// What follows it.
    after: &'a str,
    /// What follows its first tag.
    after_tag: &'a str,
    has_attributes: bool,
}

impl OldShortcode<'_> {
    fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

fn replace_shortcodes(content: &str, id: &str, attachments: &dyn Attachments, post: &mut ImportedPost) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        // `[[gallery]]` shows the shortcode
        if let Some((inside, next)) = after.strip_prefix('[').and_then(|inside| inside.split_once("]]"))
            && !inside.contains(['[', '\n'])
        {
            let _ = write!(out, "[{inside}]");
            rest = next;
            continue;
        }
        let Some(code) = parse_shortcode(after) else {
            out.push('[');
            rest = after;
            continue;
        };
        match replacement(&code, id, attachments, &mut post.losses) {
            Some(html) => {
                out.push_str(&html);
                rest = code.after;
            }
            None => {
                let is_known = code.has_attributes || code.content.is_some() || code.name == "gallery";
                if is_known && !post.shortcodes.iter().any(|known| known == code.name) {
                    post.shortcodes.push(code.name.to_owned());
                }
                out.push('[');
                out.push_str(&after[..after.len() - code.after_tag.len()]);
                rest = code.after_tag;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Parses the shortcode after its `[`.
fn parse_shortcode(text: &str) -> Option<OldShortcode<'_>> {
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')))?;
    let name = text
        .get(..end)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= LONGEST_NAME)?;
    let (inside, after_tag) = split_at_bracket(text.get(end..)?)?;
    if !(inside.is_empty() || inside.starts_with([' ', '\n', '/', '='])) {
        return None;
    }
    let attributes = parse_attributes(inside);
    let has_attributes = inside.contains('=');
    let closing = format!("[/{name}]");
    let (content, after) = match after_tag.split_once(closing.as_str()) {
        Some((content, after)) if !inside.trim_end().ends_with('/') => (Some(content), after),
        _ => (None, after_tag),
    };
    Some(OldShortcode {
        name,
        attributes,
        content,
        after,
        after_tag,
        has_attributes,
    })
}

/// Splits `text` at the `]` that is in no quotes.
fn split_at_bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices().take(4000) {
        match (quote, c) {
            (None, ']') => return Some((&text[..at], &text[at + 1..])),
            (None, '[') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn parse_attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    let mut rest = text.trim_end_matches('/').trim();
    while !rest.is_empty() && attributes.len() < 32 {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            // a value without a name
            attributes.push((String::new(), name.trim_matches(['"', '\'']).to_owned()));
            rest = after.trim_start();
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        attributes.push((name.to_lowercase(), value.to_owned()));
        rest = after.trim_start();
    }
    attributes
}

/// The HTML of a shortcode; `None` if it is not known. What it does not have of the shortcode is added to `losses`.
fn replacement(code: &OldShortcode, id: &str, attachments: &dyn Attachments, losses: &mut Vec<String>) -> Option<String> {
    match code.name {
        "caption" | "wp_caption" => Some(caption(code)),
        "gallery" => gallery(code, id, attachments, losses),
        "embed" => {
            let address = code.content?.trim();
            address.starts_with("http").then(|| link_paragraph(address))
        }
        "audio" | "video" => {
            let keys = ["src", "mp3", "m4a", "ogg", "wav", "mp4", "m4v", "webm", "ogv", ""];
            let address = keys.iter().map(|key| code.attribute(key)).find(|value| !value.is_empty())?;
            let name = code.name;
            let address = encode_double_quoted_attribute(address);
            Some(format!("\n\n<{name} src=\"{address}\" controls></{name}>\n\n"))
        }
        _ => None,
    }
}

fn link_paragraph(address: &str) -> String {
    format!(
        "\n\n<p><a href=\"{}\">{}</a></p>\n\n",
        encode_double_quoted_attribute(address),
        encode_text(address)
    )
}

/// A picture with a caption: the caption is an attribute (before WordPress 3.4), or what follows the picture.
fn caption(code: &OldShortcode) -> String {
    let content = code.content.unwrap_or_default().trim();
    let end = ["</a>", "/>", ">"]
        .iter()
        .find_map(|end| content.find(end).map(|at| at + end.len()))
        .unwrap_or(0);
    let (picture, text) = content.split_at(end);
    let written = code.attribute("caption");
    let text = if written.is_empty() { text.trim() } else { written };
    if text.is_empty() {
        return format!("\n\n<p>{picture}</p>\n\n");
    }
    let text = text.replace('\n', " ");
    format!("\n\n<figure>{picture}<figcaption>{text}</figcaption></figure>\n\n")
}

/// The pictures of a gallery; `None` if none of them is in the export.
fn gallery(code: &OldShortcode, id: &str, attachments: &dyn Attachments, losses: &mut Vec<String>) -> Option<String> {
    let ids = [code.attribute("ids"), code.attribute("include")]
        .into_iter()
        .find(|ids| !ids.is_empty());
    let found: Vec<Option<String>> = match ids {
        Some(ids) => ids.split(',').map(|id| attachments.address(id.trim())).collect(),
        None => attachments.of_post(id).into_iter().map(Some).collect(),
    };
    let addresses: Vec<&String> = found.iter().flatten().take(MOST_PICTURES).collect();
    if addresses.is_empty() {
        return None;
    }
    let missing = found.len() - addresses.len();
    if missing > 0 {
        losses.push(format!(
            "{missing} of the {} pictures of a gallery were left out: they are not in the export, or more than {MOST_PICTURES}",
            found.len()
        ));
    }
    let pictures = addresses.into_iter().map(|address| {
        let name = address.rsplit('/').next().unwrap_or_default();
        let alt = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        format!(
            "<p><img src=\"{}\" alt=\"{}\"></p>\n",
            encode_double_quoted_attribute(address),
            encode_double_quoted_attribute(alt)
        )
    });
    Some(format!("\n\n{}\n\n", pictures.collect::<String>()))
}

/// Adds paragraphs where a blank line is, and line breaks where a line ends, as `wpautop` of WordPress does. Not in `<pre>`.
fn add_paragraphs(content: &str) -> String {
    let mut out = String::with_capacity(content.len() + content.len() / 8);
    let mut rest = content;
    while let Some(at) = find_tag(rest, "pre") {
        let (before, pre) = rest.split_at(at);
        add_paragraphs_outside_pre(before, &mut out);
        let end = pre.find("</pre>").map_or(pre.len(), |end| end + "</pre>".len());
        out.push_str(&pre[..end]);
        rest = &pre[end..];
    }
    add_paragraphs_outside_pre(rest, &mut out);
    out
}

/// The offset of the start tag `name` in `text`.
fn find_tag(text: &str, name: &str) -> Option<usize> {
    memchr::memchr_iter(b'<', text.as_bytes()).find(|&at| is_tag(&text[at..], &[name]) && !text[at..].starts_with("</"))
}

/// Whether `text` begins with a start or end tag of one of `names`.
fn is_tag(text: &str, names: &[&str]) -> bool {
    let Some(rest) = text.strip_prefix("</").or_else(|| text.strip_prefix('<')) else {
        return false;
    };
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    names.iter().any(|name| rest[..end].eq_ignore_ascii_case(name))
}

fn add_paragraphs_outside_pre(text: &str, out: &mut String) {
    let separated = separate_blocks(text);
    for piece in separated.split("\n\n") {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        if is_tag(piece, &BLOCKS) {
            out.push_str(piece);
        } else {
            out.push_str("<p>");
            if piece.starts_with("http") && !piece.contains(char::is_whitespace) && !piece.contains('<') {
                let _ = write!(
                    out,
                    "<a href=\"{}\">{}</a>",
                    encode_double_quoted_attribute(piece),
                    encode_text(piece)
                );
            } else {
                out.push_str(
                    &piece
                        .replace("<br />\n", "<br>")
                        .replace("<br>\n", "<br>")
                        .replace('\n', "<br>"),
                );
            }
            out.push_str("</p>");
        }
        out.push('\n');
    }
}

/// `text` with blank lines around the tags of blocks, and without white space in blank lines.
fn separate_blocks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(if line.trim().is_empty() { "" } else { line });
        out.push('\n');
    }
    let mut separated = String::with_capacity(out.len());
    let mut rest = out.as_str();
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (before, tag) = rest.split_at(at);
        separated.push_str(before);
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let (tag_text, after) = tag.split_at(end);
        // within tables and lists a blank line would begin a paragraph
        let is_outer = is_tag(
            tag_text,
            &[
                "p",
                "div",
                "h1",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "hr",
                "figure",
                "table",
                "ul",
                "ol",
                "blockquote",
                "pre",
            ],
        );
        let ends = tag_text.starts_with("</");
        if is_outer && !ends {
            separated.push_str("\n\n");
        }
        separated.push_str(tag_text);
        if is_outer && (ends || is_tag(tag_text, &["hr"])) {
            separated.push_str("\n\n");
        }
        rest = after;
    }
    separated.push_str(rest);
    while separated.contains("\n\n\n") {
        separated = separated.replace("\n\n\n", "\n\n");
    }
    separated
}
