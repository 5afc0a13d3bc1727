//! HTML of unknown origin → HTML that is safe to serve, in feeds and on pages; or plain text.
//!
//! Safety is ammonia's allow-list over a real HTML parser; `shape` before it bounds depth and repairs nesting. The result is balanced,
//! holds nothing that XML 1.0 forbids (section 2.2, `Char`), and cleaning it again changes nothing.
//!
//! In feeds every address is absolute (W3C feed validator, `ContainsRelRef`) and form controls are characters; on pages addresses stay as
//! they were written. Embedded players become links in both. A picture that is loaded late gets its address back (`picture`), one in
//! its own address stays if it is small, and none is without an address. Nothing here fetches or measures pictures.

mod entities;
mod extent;
mod picture;
mod shape;
pub mod token;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use ammonia::{Builder, Url, UrlRelative};
use camino::{Utf8Path, Utf8PathBuf};

use super::characters::{first_forbidden, is_forbidden};
use entities::Place;
pub(super) use shape::is_known;
pub use shape::separates;
use shape::{Audience, ELEMENTS};
use token::Token;

use super::reference::{References, Role, linked_post};

/// Schemes an address may have. None of them runs anything or carries content of its own.
const SCHEMES: [&str; 9] = ["http", "https", "mailto", "tel", "sms", "xmpp", "irc", "magnet", "geo"];

/// Attributes any element may have. An `id` is needed by links to it.
const ATTRIBUTES: [&str; 5] = ["class", "dir", "id", "lang", "title"];

/// Attributes that some elements may have besides.
const ELEMENT_ATTRIBUTES: [(&str, &[&str]); 19] = [
    ("a", &["aria-label", "href", "hreflang", "name"]),
    ("audio", &["controls", "loop", "muted", "preload", "src"]),
    ("blockquote", &["cite"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("data", &["value"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("img", &["alt", "height", "loading", "src", "width"]),
    ("input", &["checked", "disabled", "type"]),
    ("ins", &["cite", "datetime"]),
    ("li", &["value"]),
    ("ol", &["reversed", "start", "type"]),
    ("q", &["cite"]),
    ("source", &["media", "sizes", "src", "srcset", "type"]),
    ("td", &["align", "colspan", "headers", "rowspan"]),
    ("th", &["align", "colspan", "headers", "rowspan", "scope"]),
    ("time", &["datetime"]),
    ("track", &["default", "kind", "label", "src", "srclang"]),
];

/// Attributes of `video`, which are too many for one line above.
const VIDEO_ATTRIBUTES: [&str; 9] = [
    "controls",
    "height",
    "loop",
    "muted",
    "playsinline",
    "poster",
    "preload",
    "src",
    "width",
];

/// `html` cleaned for feeds: every URL absolute, as `references` says what it means. What means nothing is left out.
#[must_use]
pub fn for_feed(html: &str, references: &References) -> String {
    let references = references.clone();
    let absolute = move |address: &str, role| {
        let url = references.resolved(address, role)?;
        SCHEMES.contains(&url.scheme()).then(|| url.into())
    };
    clean(html, Audience::Feed, &cleaner(absolute))
}

/// `html` cleaned for the post's page: links to posts and files of this site as `references` says, other URLs as they are.
#[must_use]
pub fn for_page(html: &str, references: &References) -> String {
    let references = references.clone();
    let placed = move |address: &str, role| references.on_page(address, role).or_else(|| as_written(address));
    clean(html, Audience::Page, &cleaner(placed))
}

/// The other posts that `html`, the text of the post read from `source`, links to: their paths below the posts folder, there or not.
#[must_use]
pub fn linked_posts(html: &str, source: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    token::tokens(html)
        .filter_map(|token| match token {
            Token::Start(tag) => linked_post(source, &entities::read(tag.attribute("href")?, Place::Attribute)),
            _ => None,
        })
        .collect()
}

/// The addresses that `html` links to, or shows what is at.
#[must_use]
pub fn linked_addresses(html: &str) -> BTreeSet<String> {
    let addresses = token::tokens(html).flat_map(|token| match token {
        Token::Start(tag) => ["href", "src", "poster"]
            .into_iter()
            .filter_map(|name| Some(entities::read(tag.attribute(name)?, Place::Attribute).into_owned()))
            .collect(),
        _ => Vec::new(),
    });
    addresses.collect()
}

/// Elements that cleaning takes out with what they do; what stands for an embedded page stays.
const REMOVED: [&str; 16] = [
    "applet", "base", "button", "canvas", "form", "link", "meta", "object", "script", "select", "style", "svg", "template",
    "textarea", "datalist", "frameset",
];

/// What cleaning takes out of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// How many elements and attributes.
    pub count: usize,
    /// How the first begins in the text: `<script`, `onclick=`.
    pub first: String,
}

/// What cleaning takes out of `html` that its author may miss; `None` where that is nothing. Classes and the like are not counted.
#[must_use]
pub fn removed(html: &str) -> Option<Removed> {
    let mut removed: Option<Removed> = None;
    let mut add = |first: String| match &mut removed {
        Some(removed) => removed.count += 1,
        None => removed = Some(Removed { count: 1, first }),
    };
    for token in token::tokens(html) {
        let Token::Start(tag) = token else {
            continue;
        };
        let name = tag.name.as_str();
        let is_control = name == "input"
            && !tag
                .attribute("type")
                .is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
        if REMOVED.contains(&name) || is_control {
            add(format!("<{name}"));
        }
        for (attribute, value) in &tag.attributes {
            let runs = attribute.starts_with("on") && !value.is_empty();
            let address = || entities::read(value, Place::Attribute);
            let is_refused = matches!(attribute.as_str(), "href" | "src")
                && address()
                    .trim_start()
                    .get(..11)
                    .is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
            if runs || is_refused || matches!(attribute.as_str(), "style" | "srcdoc") {
                add(format!("{attribute}="));
            }
        }
    }
    removed
}

/// The text of `html`: no tags, entities read, white space folded.
#[must_use]
pub fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for token in token::tokens(html) {
        match token {
            Token::Text(piece) => text.push_str(&entities::read(piece, Place::Content)),
            Token::Start(tag) if separates(&tag.name) => text.push(' '),
            Token::End(name) if separates(&name) => text.push(' '),
            _ => {}
        }
    }
    let text = without_forbidden(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `html` with what only looks like a tag as text: in a sentence, the `<T>` of `Vec<T>` is a word.
#[must_use]
pub fn with_unknown_shown(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let name = piece.strip_prefix('/').unwrap_or(piece);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        shown.push_str(if name.is_empty() || is_known(&name.to_ascii_lowercase()) {
            "<"
        } else {
            "&lt;"
        });
        shown.push_str(piece);
    }
    shown
}

fn clean(html: &str, audience: Audience, cleaner: &Builder<'_>) -> String {
    let shaped = shape::shape(&without_forbidden(html), audience);
    let safe = entities::written(cleaner.clean(&shaped).to_string());
    let safe = without_forbidden(&safe).replace("&nbsp;", "\u{a0}");
    without_first_line_feeds(&with_words_for_pictures(&safe))
}

/// `html`, as the cleaner writes it, with its words for each picture whose address had to go.
fn with_words_for_pictures(html: &str) -> Cow<'_, str> {
    let starts = || memchr::memmem::find_iter(html.as_bytes(), b"<img");
    // no attribute's value holds a bare `>` or `"`
    let tag = |start: usize| html[start..].split_inclusive('>').next().unwrap_or_default();
    if starts().all(|start| tag(start).contains(" src=\"")) {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for start in starts() {
        let tag = tag(start);
        if !tag.contains(" src=\"") {
            out.push_str(&html[done..start]);
            let words = tag.split_once(" alt=\"").and_then(|(_, rest)| rest.split_once('"'));
            out.push_str(words.map_or("", |(words, _)| words));
            done = start + tag.len();
        }
    }
    out.push_str(&html[done..]);
    Cow::Owned(out)
}

/// `html`, as the cleaner writes it, with no line feed first in a `pre`: a parser drops one there, so each cleaning would take another.
fn without_first_line_feeds(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut parts = html.split_inclusive("<pre");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        // no attribute's value holds a bare `>`
        let (tag, content) = part.split_at(part.find('>').map_or(part.len(), |end| end + 1));
        out.push_str(tag);
        out.push_str(content.trim_start_matches('\n'));
    }
    out
}

/// The allow-list; `address` gives what is written for an address, or `None` where it has to go.
fn cleaner(address: impl Fn(&str, Role) -> Option<String> + Send + Sync + 'static) -> Builder<'static> {
    let mut attributes: HashMap<&str, HashSet<&str>> = ELEMENT_ATTRIBUTES
        .iter()
        .map(|&(element, attributes)| (element, attributes.iter().copied().collect()))
        .collect();
    attributes.insert("video", VIDEO_ATTRIBUTES.into());
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.into())
        .generic_attributes(ATTRIBUTES.into())
        .tag_attributes(attributes)
        .clean_content_tags(["script", "style"].into())
        // `attribute_value` says which pictures may be in their own address
        .url_schemes(SCHEMES.into_iter().chain(["data"]).collect())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(move |element, attribute, value| attribute_value(element, attribute, value, &address));
    builder
}

/// What is written for an attribute's `value`, or `None` where the attribute has to go.
fn attribute_value<'v>(
    element: &str,
    attribute: &str,
    value: &'v str,
    address: &impl Fn(&str, Role) -> Option<String>,
) -> Option<Cow<'v, str>> {
    match attribute {
        // taking out characters can make a scheme of what was none, so it comes before the look at the scheme
        "href" | "cite" => address(&without_forbidden(&entities::signs(value)), Role::Link).map(Cow::Owned),
        "src" if element == "img" && is_small_picture(value) => Some(Cow::Borrowed(value)),
        // an empty one would fetch the page itself
        "src" | "poster" => {
            let value = entities::signs(value);
            let value = without_forbidden(&value);
            (!value.trim().is_empty())
                .then(|| address(&value, Role::Part))
                .flatten()
                .map(Cow::Owned)
        }
        "srcset" => {
            let value = entities::signs(value);
            let value = without_forbidden(&value);
            let mut set = String::new();
            for (picture, size) in picture::sizes(&value) {
                if let Some(picture) = address(picture, Role::Part).filter(|picture| !picture.contains([' ', ','])) {
                    let comma = if set.is_empty() { "" } else { ", " };
                    let blank = if size.is_empty() { "" } else { " " };
                    let _ = write!(set, "{comma}{picture}{blank}{size}");
                }
            }
            (!set.is_empty()).then_some(Cow::Owned(set))
        }
        "class" => {
            let kept: Vec<&str> = value.split_ascii_whitespace().filter(|class| has_meaning(class)).collect();
            (!kept.is_empty()).then(|| Cow::Owned(kept.join(" ")))
        }
        "type" if element == "input" => (value == "checkbox").then_some(Cow::Borrowed(value)),
        _ => Some(Cow::Borrowed(value)),
    }
}

/// A picture in its own address may be so long, in bytes: an icon or a small drawing, which every reader of the feed fetches each time.
const MOST_PICTURE: usize = 64 * 1024;

/// Whether `value` is a small picture in its own address: of pixels, so that nothing in it can run.
fn is_small_picture(value: &str) -> bool {
    let kinds = ["png", "jpeg", "jpg", "gif", "webp", "avif", "bmp"];
    let content = value
        .get(..11)
        .filter(|start| start.eq_ignore_ascii_case("data:image/"))
        .and_then(|start| value[start.len()..].split_once(";base64,"));
    value.len() <= MOST_PICTURE
        && content.is_some_and(|(kind, content)| {
            let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)) && !content.is_empty() && content.bytes().all(is_base64)
        })
}

/// Whether `class` says something that style sheets, highlighters or readers act on.
fn has_meaning(class: &str) -> bool {
    ["language-", "markdown-alert", "task-list-item", "footnote"]
        .iter()
        .any(|prefix| class.starts_with(prefix))
        || matches!(class, "contains-task-list" | "math" | "math-display")
}

/// `address` as it is, if it is harmless.
fn as_written(address: &str) -> Option<String> {
    match Url::parse(address) {
        Ok(url) => SCHEMES.contains(&url.scheme()).then(|| address.to_owned()),
        Err(ammonia::url::ParseError::RelativeUrlWithoutBase) => Some(address.to_owned()),
        Err(_) => None,
    }
}

/// `text` without the characters that no document shows.
fn without_forbidden(text: &str) -> Cow<'_, str> {
    if first_forbidden(text).is_some() {
        Cow::Owned(text.replace(is_forbidden, ""))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
