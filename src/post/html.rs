//! Makes HTML of unknown origin safe to serve, in feeds ([`for_feed`]) and on pages ([`for_page`]), or turns it into plain [`text`].
//!
//! The allow-list of ammonia, on a complete HTML parser, makes it safe; `shape` limits its depth and repairs its nesting before that. The
//! result is balanced, contains nothing that XML 1.0 forbids (section 2.2, `Char`), and does not change if it is cleaned again.
//!
//! In feeds every address is absolute (W3C feed validator, `ContainsRelRef`) and checkboxes are characters; on pages addresses on this
//! site are paths. Embedded players become links. A lazily loaded picture gets its address back (`picture`), a picture in a `data:` URL
//! stays if it is small, and pictures without an address become their description. This module does not fetch or measure pictures.
//!
//! ```
//! use feedmill::post::html;
//! use feedmill::post::reference::References;
//!
//! let references = References::new("https://example.com", "https://example.com/posts/hello", "hello.md".into());
//! let unsafe_html = r#"<p onclick="run()">See <a href="/about">us</a>.<script>run()</script>"#;
//! assert_eq!(
//!     html::for_feed(unsafe_html, &references),
//!     r#"<p>See <a href="https://example.com/about">us</a>.</p>"#
//! );
//! assert_eq!(html::text(unsafe_html), "See us.");
//! ```

mod entities;
mod extent;
mod object;
mod picture;
mod shape;
pub(crate) mod token;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use ammonia::{Builder, Url, UrlRelative};

use super::characters::{first_forbidden, is_forbidden};
use entities::TextPosition;
pub(super) use shape::is_known;
pub(crate) use shape::separates;
use shape::{ELEMENTS, HtmlUse};
use token::Token;

use super::reference::{References, Role, WIKILINK};

/// Schemes that an address may have. None of them runs code or contains content itself.
const SCHEMES: [&str; 9] = ["http", "https", "mailto", "tel", "sms", "xmpp", "irc", "magnet", "geo"];

/// Schemes of addresses that are resolved, or removed: `data:image/png,…`, `wikilink:A%20note`, `link://slug/a` (Nikola) and
/// `pathname:///a.zip` (Docusaurus).
const FORMS: [&str; 4] = ["data", WIKILINK.split_at(WIKILINK.len() - 1).0, "link", "pathname"];

/// Attributes that every element may have. Links need `id`.
const ATTRIBUTES: [&str; 5] = ["class", "dir", "id", "lang", "title"];

/// The attribute of a block of code on a page with the numbers of the lines to mark: `1,3-5`. In a feed nothing reads it.
pub(crate) const MARKED_LINES: &str = "data-lines";

/// Additional attributes of some elements.
const ELEMENT_ATTRIBUTES: [(&str, &[&str]); 20] = [
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
    ("pre", &[MARKED_LINES]),
    ("q", &["cite"]),
    ("source", &["media", "sizes", "src", "srcset", "type"]),
    ("td", &["align", "colspan", "headers", "rowspan"]),
    ("th", &["align", "colspan", "headers", "rowspan", "scope"]),
    ("time", &["datetime"]),
    ("track", &["default", "kind", "label", "src", "srclang"]),
];

/// Additional attributes of `video`: too many for one line above.
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

/// Returns `html` cleaned for feeds: every address is absolute, resolved by `references`. An address that cannot be resolved is removed.
#[must_use]
pub fn for_feed(html: &str, references: &References) -> String {
    let references = references.clone();
    let absolute = move |address: &str, role| {
        let url = references
            .resolve(address, role)
            .filter(|_| !references.is_lost(address, role))?;
        SCHEMES.contains(&url.scheme()).then(|| url.into())
    };
    clean(html, HtmlUse::Feed, &cleaner(absolute, HtmlUse::Feed))
}

/// Returns `html` cleaned for the post's page: addresses of posts and files of this site are resolved by `references`, others stay as they
/// are.
#[must_use]
pub fn for_page(html: &str, references: &References) -> String {
    let references = references.clone();
    let on_page = move |address: &str, role| {
        let own = references.on_page(address, role);
        own.or_else(|| as_written(address).filter(|_| !references.is_lost(address, role)))
    };
    clean(html, HtmlUse::Page, &cleaner(on_page, HtmlUse::Page))
}

/// Returns the addresses in `html` of links, pictures and media, each with its role.
#[must_use]
pub(crate) fn addresses(html: &str) -> BTreeSet<(String, Role)> {
    let mut found = BTreeSet::new();
    let mut add = |address: &str, role| {
        let address = entities::decode(address, TextPosition::Attribute);
        found.insert((address.trim().to_owned(), role));
    };
    for token in token::tokens(html) {
        let Token::Start(tag) = token else { continue };
        match tag.name.as_str() {
            "a" | "area" => tag.attribute("href").into_iter().for_each(|href| add(href, Role::Link)),
            "img" => picture::address(&tag, None, None)
                .into_iter()
                .for_each(|src| add(src, Role::Part)),
            "object" => object::address(&tag).into_iter().for_each(|data| add(data, Role::Part)),
            "audio" | "video" | "source" | "track" => {
                let parts = ["src", "poster"].into_iter().filter_map(|name| tag.attribute(name));
                parts.for_each(|src| add(src, Role::Part));
                let sets = tag.attribute("srcset").into_iter().flat_map(picture::parse_set);
                sets.for_each(|(src, _)| add(src, Role::Part));
            }
            _ => {}
        }
    }
    found
}

/// Returns the ids in `html`, to which links can lead; `None` if it has a heading whose id is not known before its page is made.
#[must_use]
pub(crate) fn ids(html: &str) -> Option<HashSet<String>> {
    let mut ids = HashSet::new();
    for token in token::tokens(html) {
        let Token::Start(tag) = token else { continue };
        let named = ["id", "name"].into_iter().filter_map(|name| tag.attribute(name));
        ids.extend(named.map(|id| entities::decode(id, TextPosition::Attribute).into_owned()));
        if matches!(tag.name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6") && tag.attribute("id").is_none() {
            return None;
        }
    }
    Some(ids)
}

/// Elements that cleaning removes, so that something is lost; embedded pages are not among them, because they become links.
const REMOVED: [&str; 16] = [
    "applet", "base", "button", "canvas", "form", "link", "meta", "object", "script", "select", "style", "svg", "template",
    "textarea", "datalist", "frameset",
];

/// The elements and attributes that cleaning removes from a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemovedMarkup {
    /// The number of elements and attributes.
    pub(crate) count: usize,
    /// The start of the first one in the text: `<script`, `onclick=`.
    pub(crate) first: String,
}

/// Returns what cleaning removes from `html` that the author may miss; `None` if there is nothing. Classes and the like are not counted.
#[must_use]
pub(crate) fn removed(html: &str) -> Option<RemovedMarkup> {
    let mut removed: Option<RemovedMarkup> = None;
    let mut add = |first: String| match &mut removed {
        Some(removed) => removed.count += 1,
        None => removed = Some(RemovedMarkup { count: 1, first }),
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
        let is_shown = name == "object" && object::address(&tag).is_some();
        if REMOVED.contains(&name) && !is_shown || is_control {
            add(format!("<{name}"));
        }
        for (attribute, value) in &tag.attributes {
            let is_script = attribute.starts_with("on") && !value.is_empty();
            let address = || entities::decode(value, TextPosition::Attribute);
            let is_refused = matches!(attribute.as_str(), "href" | "src")
                && address()
                    .trim_start()
                    .get(..11)
                    .is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
            if is_script || is_refused || matches!(attribute.as_str(), "style" | "srcdoc") {
                add(format!("{attribute}="));
            }
        }
    }
    removed
}

/// Returns the plain text of `html`: without tags, character references decoded, white space collapsed.
#[must_use]
pub fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for token in token::tokens(html) {
        match token {
            Token::Text(part) => text.push_str(&entities::decode(part, TextPosition::Content)),
            Token::Start(tag) if separates(&tag.name) => text.push(' '),
            Token::End(name) if separates(&name) => text.push(' '),
            _ => {}
        }
    }
    let text = without_forbidden(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `html` with unknown tags escaped as text: in a sentence, the `<T>` of `Vec<T>` is a word.
#[must_use]
pub(super) fn escape_unknown_tags(html: &str) -> String {
    let mut parts = html.split('<');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.strip_prefix('/').unwrap_or(part);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        shown.push_str(if name.is_empty() || is_known(&name.to_ascii_lowercase()) {
            "<"
        } else {
            "&lt;"
        });
        shown.push_str(part);
    }
    shown
}

/// Cleans `html` in all steps.
fn clean(html: &str, html_use: HtmlUse, cleaner: &Builder<'_>) -> String {
    let shaped = shape::repair(&without_forbidden(html), html_use);
    let safe = entities::marks_to_references(cleaner.clean(&shaped).to_string());
    let safe = without_forbidden(&safe).replace("&nbsp;", "\u{a0}");
    let safe = without_first_line_feeds(&replace_lost_pictures(&safe));
    // wikilinks, and links to Markdown files
    let may_be_lost = [WIKILINK, ".m", ".M"].iter().any(|sign| html.contains(sign));
    if may_be_lost && safe.contains("<a>") {
        unwrap_lost_links(&safe)
    } else {
        safe
    }
}

/// Replaces each picture without an address in `html`, the output of the cleaner, by its description.
fn replace_lost_pictures(html: &str) -> Cow<'_, str> {
    let starts = || memchr::memmem::find_iter(html.as_bytes(), b"<img");
    // no attribute's value contains a bare `>` or `"`
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
            let description = tag.split_once(" alt=\"").and_then(|(_, rest)| rest.split_once('"'));
            out.push_str(description.map_or("", |(description, _)| description));
            done = start + tag.len();
        }
    }
    out.push_str(&html[done..]);
    Cow::Owned(out)
}

/// Replaces each link without any attribute in `html`, the output of the cleaner, by its text: one that leads nowhere.
fn unwrap_lost_links(html: &str) -> String {
    let mut parts = html.split("<a>");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // links are not nested
        let (text, after) = part.split_once("</a>").unwrap_or((part, ""));
        out.push_str(text);
        out.push_str(after);
    }
    out
}

/// Removes line feeds at the start of each `pre` in `html`, the output of the cleaner. A parser drops the first one, so each cleaning would
/// remove another.
fn without_first_line_feeds(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut parts = html.split_inclusive("<pre");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        // no attribute's value contains a bare `>`
        let (tag, content) = part.split_at(part.find('>').map_or(part.len(), |end| end + 1));
        out.push_str(tag);
        out.push_str(content.trim_start_matches('\n'));
    }
    out
}

/// The cleaner with the allow-list. `address` returns what is written for an address, or `None` to remove it.
fn cleaner(address: impl Fn(&str, Role) -> Option<String> + Send + Sync + 'static, html_use: HtmlUse) -> Builder<'static> {
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
        // `attribute_value` decides which pictures may be in `data:` URLs, and resolves the forms of other tools
        .url_schemes(SCHEMES.into_iter().chain(FORMS).collect())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(move |element, attribute, value| match (attribute, html_use) {
            (MARKED_LINES, HtmlUse::Feed) => None,
            _ => attribute_value(element, attribute, value, &address),
        });
    builder
}

/// What is written for an attribute's `value`, or `None` to remove the attribute.
fn attribute_value<'v>(
    element: &str,
    attribute: &str,
    value: &'v str,
    address: &impl Fn(&str, Role) -> Option<String>,
) -> Option<Cow<'v, str>> {
    match attribute {
        "href" | "cite" | "src" | "poster" if contains_template_tag(value) => None,
        // removing characters can create a scheme, so it comes before the check of the scheme
        "href" | "cite" => address(&without_forbidden(&entities::marks_to_signs(value)), Role::Link).map(Cow::Owned),
        "src" if element == "img" && is_small_picture(value) => Some(Cow::Borrowed(value)),
        // an empty address would fetch the page itself
        "src" | "poster" => {
            let value = entities::marks_to_signs(value);
            let value = without_forbidden(&value);
            (!value.trim().is_empty())
                .then(|| address(&value, Role::Part))
                .flatten()
                .map(Cow::Owned)
        }
        "srcset" => {
            let value = entities::marks_to_signs(value);
            let value = without_forbidden(&value);
            let mut set = String::new();
            for (picture, size) in picture::parse_set(&value) {
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

/// Whether an address contains a template tag, as it is written or percent-encoded.
pub(crate) fn contains_template_tag(address: &str) -> bool {
    ["{{", "{%", "%7B%7B", "%7B%25"].iter().any(|sign| address.contains(sign))
}

/// In bytes: the longest picture in a `data:` URL, an icon or a small drawing. Every reader of the feed fetches it each time.
const LARGEST_DATA_URL: usize = 64 * 1024;

/// Whether `value` is a `data:` URL of a small picture. SVG is not allowed, because it may contain scripts.
fn is_small_picture(value: &str) -> bool {
    let kinds = ["png", "jpeg", "jpg", "gif", "webp", "avif", "bmp"];
    let content = value
        .get(..11)
        .filter(|start| start.eq_ignore_ascii_case("data:image/"))
        .and_then(|start| value[start.len()..].split_once(";base64,"));
    value.len() <= LARGEST_DATA_URL
        && content.is_some_and(|(kind, content)| {
            let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)) && !content.is_empty() && content.bytes().all(is_base64)
        })
}

/// Whether `class` has a meaning for style sheets, highlighters or readers.
fn has_meaning(class: &str) -> bool {
    ["language-", "markdown-alert", "task-list-item", "footnote"]
        .iter()
        .any(|prefix| class.starts_with(prefix))
        || matches!(class, "contains-task-list" | "math" | "math-display")
}

/// Returns `address` as it is, if its scheme is allowed.
fn as_written(address: &str) -> Option<String> {
    match Url::parse(address) {
        Ok(url) => SCHEMES.contains(&url.scheme()).then(|| address.to_owned()),
        Err(ammonia::url::ParseError::RelativeUrlWithoutBase) => Some(address.to_owned()),
        Err(_) => None,
    }
}

/// `text` without the characters that are left out of every output.
fn without_forbidden(text: &str) -> Cow<'_, str> {
    if first_forbidden(text).is_some() {
        Cow::Owned(text.replace(is_forbidden, ""))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
