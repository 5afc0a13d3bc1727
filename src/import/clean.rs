//! Makes the HTML of other tools plain before it becomes Markdown: wrappers, styles and scripts go; words, structure and media stay.
//!
//! What Markdown cannot say stays as HTML, so each attribute that is kept costs readability. Attributes that feedmill would not serve, or
//! that only an old theme's style sheet understands, go here. Addresses are given to a [`Rewriter`], which may change them.

use std::collections::HashSet;

use html_escape::{decode_html_entities, encode_double_quoted_attribute};

use super::picture;
use super::table::{self, OpenTable};
use crate::post::html::{
    self,
    token::{self, Tag, Token},
};

/// The deepest nesting of elements that is kept.
const DEEPEST: usize = 100;

/// The bytes around a tag that are looked at, so that the time stays linear.
const LOOK_AROUND: usize = 16 * 1024;

/// Boxes of a page's layout. They become paragraphs, which the HTML parser ends where a block begins.
const BOXES: [&str; 12] = [
    "div", "section", "article", "header", "footer", "main", "center", "aside", "address", "nav", "hgroup", "form",
];
/// Elements without a meaning of their own.
const WRAPPERS: [&str; 11] = [
    "span", "font", "picture", "html", "body", "noscript", "button", "nobr", "xmp", "noembed", "noframes",
];
/// Elements whose content is not shown. An element that its author hid is left out too.
const HIDDEN: [&str; 6] = ["script", "style", "template", "head", "title", "textarea"];
/// Elements in which a box is only white space, because a paragraph would break them.
const INLINE_ONLY: [&str; 14] = [
    "a",
    "th-of-row",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "figcaption",
    "caption",
    "summary",
    "p",
];
/// Elements that an element of the same name ends.
const ENDED_BY_THEMSELVES: [&str; 10] = ["p", "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody"];

/// Attributes that are kept.
const ATTRIBUTES: [(&str, &[&str]); 16] = [
    ("a", &["href", "title", "hreflang"]),
    ("img", &["src", "alt", "title"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("ol", &["start", "reversed", "type"]),
    ("li", &["value"]),
    ("iframe", &["src", "title", "width", "height", "allowfullscreen"]),
    ("video", &["src", "controls", "poster"]),
    ("audio", &["src", "controls"]),
    ("source", &["src", "type"]),
    ("track", &["src", "kind", "srclang", "label"]),
    ("blockquote", &["cite"]),
    ("q", &["cite"]),
    ("time", &["datetime"]),
    ("details", &["open"]),
    ("abbr", &["title"]),
];

/// Gets every address of a text.
pub(crate) trait Rewriter {
    /// The address to which a link leads.
    fn link(&mut self, address: &str) -> String;
    /// The address of a picture, sound or video; `None` if it is to be left out.
    fn media(&mut self, address: &str) -> Option<String>;
}

/// The plain form of `html`, whose addresses `rewriter` changes.
pub(crate) fn clean_html(html: &str, rewriter: &mut dyn Rewriter) -> String {
    let mut cleaner = Cleaner {
        html,
        out: String::with_capacity(html.len()),
        open: Vec::new(),
        dropped: Vec::new(),
        hidden: None,
        skips_raw: false,
        targets: fragment_targets(html),
        link_pictures: Vec::new(),
        tables: Vec::new(),
        rewriter,
    };
    for token in token::tokens(html) {
        cleaner.add_token(&token);
    }
    cleaner.out
}

/// The ids to which links within `html` lead.
fn fragment_targets(html: &str) -> HashSet<String> {
    let starts = token::tokens(html).filter_map(|token| match token {
        Token::Start(tag) => Some(tag),
        _ => None,
    });
    let fragments = starts.filter_map(|tag| Some(tag.attribute("href")?.strip_prefix('#')?.to_owned()));
    fragments.filter(|id| !id.is_empty()).take(1000).collect()
}

struct Cleaner<'a> {
    html: &'a str,
    out: String,
    /// The names of open elements that were written, outermost first.
    open: Vec<String>,
    /// The names of open elements that were not written.
    dropped: Vec<String>,
    /// The name of the open element whose content is left out, and the open elements of that name in it.
    hidden: Option<(String, usize)>,
    /// Whether the raw text that comes next is left out.
    skips_raw: bool,
    /// Ids that are kept.
    targets: HashSet<String>,
    /// The targets of the open links, if they are pictures: the original of the picture in the link.
    link_pictures: Vec<Option<String>>,
    /// The open tables, outermost first.
    tables: Vec<OpenTable>,
    rewriter: &'a mut dyn Rewriter,
}

impl<'a> Cleaner<'a> {
    fn add_token(&mut self, token: &Token) {
        if let Some((name, depth)) = &mut self.hidden {
            match token {
                Token::Start(tag) if tag.name == *name && !tag.closes_itself => *depth += 1,
                Token::End(ended) if ended == name => {
                    *depth -= 1;
                    if *depth == 0 {
                        self.hidden = None;
                    }
                }
                _ => {}
            }
            return;
        }
        match token {
            // white space at the start of a line would be seen
            Token::Text(text) => {
                let text = if self.out.ends_with("<br>") { text.trim_start() } else { text };
                // the next parser must not take it for markup
                self.out.push_str(&text.replace('<', "&lt;"));
            }
            Token::Raw(text) => {
                if !self.skips_raw {
                    self.out.push_str(&html_escape::encode_text(text));
                }
            }
            Token::Start(tag) => {
                self.skips_raw = HIDDEN.contains(&tag.name.as_str()) || tag.name == "iframe" || tag.is_hidden();
                self.start(tag);
            }
            Token::End(name) => self.end(name),
        }
    }

    fn start(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if HIDDEN.contains(&name) || tag.is_hidden() || self.is_fallback(tag) {
            // the tokenizer leaves out the end of raw text
            let is_raw = matches!(
                name,
                "script" | "style" | "title" | "textarea" | "iframe" | "xmp" | "noembed" | "noframes"
            );
            if !is_raw && !tag.closes_itself && !token::is_void(name) {
                self.hidden = Some((name.to_owned(), 1));
            }
            return;
        }
        if token::is_void(name) {
            self.write_void(tag);
        } else {
            self.start_element(tag);
        }
    }

    /// Writes the start tag of an element with content, or what takes its place.
    fn start_element(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if name == "iframe" {
            self.write_tag(tag);
            self.out.push_str("</iframe>");
            return;
        }
        let is_box = BOXES.contains(&name) || name == "figure" && !self.has_caption(tag);
        if WRAPPERS.contains(&name) || name.contains(':') || self.open.len() >= DEEPEST || is_box && self.is_inline() {
            if is_box {
                self.out.push(' ');
            }
            self.write_anchor(tag);
            // the tokenizer leaves out the end of raw text
            if !matches!(name, "xmp" | "noembed" | "noframes") {
                self.dropped.push(name.to_owned());
            }
            return;
        }
        if ENDED_BY_THEMSELVES.contains(&name) && self.open.last().is_some_and(|last| last == name) {
            self.open.pop();
        }
        if name == "table" {
            self.tables.push(OpenTable::new(self.after(tag)));
        }
        if name == "tr" {
            let content = self.after(tag);
            if let Some(table) = self.tables.last_mut() {
                table.add_row(content);
            }
        }
        if name == "th" && self.tables.last().is_some_and(OpenTable::has_row_headings) {
            self.write_tag_as("td", tag);
            self.open.push("th-of-row".to_owned());
            return;
        }
        if name == "a" {
            self.link_pictures.push(
                tag.attribute("href")
                    .filter(|href| picture::is_picture(href))
                    .map(|href| decode_html_entities(href).into_owned()),
            );
        }
        if is_box {
            self.out.push_str("<p>");
            self.write_anchor(tag);
        } else if name == "pre" {
            self.out.push_str("<pre>");
        } else {
            self.write_tag(tag);
        }
        if name == "pre" && !self.after(tag).trim_start().starts_with("<code") {
            // Markdown knows only code in it
            let language = tag.attribute("class").and_then(language_class);
            let language = language.map(|class| format!(" class=\"{class}\"")).unwrap_or_default();
            self.out.push_str("<code");
            self.out.push_str(&language);
            self.out.push('>');
            self.open.push("pre-with-code".to_owned());
            return;
        }
        // what was written as a paragraph ends as one
        self.open.push(if is_box && name == "figure" {
            "div".to_owned()
        } else {
            name.to_owned()
        });
    }

    /// What follows `tag`, as far as it is looked at.
    fn after(&self, tag: &Tag) -> &'a str {
        let at = tag.written.as_ptr() as usize - self.html.as_ptr() as usize + tag.written.len();
        let rest = self.html.get(at..).unwrap_or_default();
        rest.get(..rest.floor_char_boundary(LOOK_AROUND)).unwrap_or_default()
    }

    /// Whether `tag` begins what browsers without scripts show in place of a picture that comes next.
    fn is_fallback(&self, tag: &Tag) -> bool {
        if tag.name != "noscript" {
            return false;
        }
        let content = self.after(tag).split_once("</noscript>").map_or("", |(content, _)| content);
        let pictures = token::tokens(content).filter_map(|token| match token {
            Token::Start(tag) if tag.name == "img" => tag.attribute("src").map(str::to_owned),
            _ => None,
        });
        let first = pictures.into_iter().next();
        // the picture comes before or after it
        let start = (tag.written.as_ptr() as usize - self.html.as_ptr() as usize).saturating_sub(LOOK_AROUND);
        let start = (start..=start + 3).find(|&at| self.html.is_char_boundary(at)).unwrap_or(0);
        let around = self.html.get(start..).unwrap_or_default();
        let around = around.get(..around.floor_char_boundary(2 * LOOK_AROUND)).unwrap_or_default();
        first.is_some_and(|src| around.matches(src.as_str()).take(2).count() > 1)
    }

    /// Whether the figure that `tag` begins has a caption. Without one it is only its picture.
    fn has_caption(&self, tag: &Tag) -> bool {
        let rest = self.after(tag);
        let content = rest.split_once("</figure>").map_or(rest, |(content, _)| content);
        let caption = content.split_once("<figcaption").and_then(|(_, rest)| rest.split_once('>'));
        caption.is_some_and(|(_, text)| !html::text(text.split("</figcaption>").next().unwrap_or_default()).is_empty())
    }

    /// Whether the open elements allow no paragraph.
    fn is_inline(&self) -> bool {
        self.open
            .iter()
            .any(|name| INLINE_ONLY.contains(&name.as_str()) && name != "p")
            || self.open.last().is_some_and(|name| name == "p")
    }

    fn end(&mut self, name: &str) {
        if name == "a" {
            self.link_pictures.pop();
        }
        if name == "table" {
            self.tables.pop();
        }
        if name == "th" && self.open.last().is_some_and(|open| open == "th-of-row") {
            self.open.pop();
            self.out.push_str("</td>");
            return;
        }
        if self.dropped.last().is_some_and(|last| last == name) {
            self.dropped.pop();
            if BOXES.contains(&name) {
                self.out.push(' ');
            }
            return;
        }
        if name == "pre"
            && let Some(at) = self.open.iter().rposition(|open| open == "pre-with-code")
        {
            self.open.truncate(at);
            self.out.push_str("</code></pre>");
            return;
        }
        let is_plain_figure = name == "figure" && !self.open.iter().any(|open| open == name);
        let name = if is_plain_figure { "div" } else { name };
        match self.open.iter().rposition(|open| open == name) {
            Some(at) => {
                self.open.truncate(at);
                let written = if BOXES.contains(&name) { "p" } else { name };
                self.out.push_str("</");
                self.out.push_str(written);
                self.out.push('>');
            }
            // it is of no use, but of a paragraph it separates what comes before from what comes after
            None if name == "p" => self.out.push_str("<p></p>"),
            None => {}
        }
    }

    fn write_void(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "img" => self.write_picture(tag),
            "br" if self.open.iter().any(|name| name.starts_with("pre")) => self.out.push('\n'),
            "br" | "hr" | "wbr" => {
                self.out.push('<');
                self.out.push_str(&tag.name);
                self.out.push('>');
            }
            "source" | "track" | "col" if self.open.iter().any(|name| matches!(name.as_str(), "video" | "audio")) => {
                self.write_tag(tag);
            }
            _ => {}
        }
    }

    fn write_picture(&mut self, tag: &Tag) {
        let attribute = |name: &str| tag.attribute(name).map(|value| decode_html_entities(value).into_owned());
        let linked = self.link_pictures.last().cloned().flatten();
        let Some(source) = picture::original(&attribute, linked.as_deref()) else {
            return;
        };
        let alt = attribute("alt").unwrap_or_default();
        let Some(source) = self.rewriter.media(&source) else {
            self.out.push_str(&html_escape::encode_text(&alt));
            return;
        };
        self.out.push_str("<img");
        self.write_attribute("src", &source);
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        self.write_attribute("alt", &alt);
        if let Some(title) = attribute("title").filter(|title| !title.is_empty() && *title != alt) {
            self.write_attribute("title", &title.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        self.out.push('>');
    }

    fn write_tag(&mut self, tag: &Tag) {
        self.write_tag_as(&tag.name, tag);
    }

    /// Writes `tag` with another name, and the attributes that are kept.
    fn write_tag_as(&mut self, name: &str, tag: &Tag) {
        let known = ATTRIBUTES
            .iter()
            .find(|(element, _)| *element == name)
            .map_or(&[] as &[&str], |(_, known)| known);
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in &tag.attributes {
            let value = decode_html_entities(value).into_owned();
            let value = match key.as_str() {
                "href" if name == "a" => self.rewriter.link(value.trim()),
                "src" if name == "iframe" => value,
                "src" | "poster" if known.contains(&key.as_str()) => match self.rewriter.media(value.trim()) {
                    Some(value) => value,
                    None => continue,
                },
                "class" if name == "code" => match language_class(&value) {
                    Some(class) => class,
                    None => continue,
                },
                "id" if self.targets.contains(&value) => value,
                "dir" | "lang" => value,
                "colspan" | "rowspan" if value.trim() == "1" => continue,
                key if known.contains(&key) => value,
                _ => continue,
            };
            self.write_attribute(key, &value);
        }
        if name == "table" && self.tables.last().is_some_and(|table| !table.is_markdown) {
            self.out.push_str(table::KEPT);
        }
        self.out.push('>');
    }

    /// Keeps the id of a wrapper to which a link in the text leads.
    fn write_anchor(&mut self, tag: &Tag) {
        if let Some(id) = tag.attribute("id").filter(|id| self.targets.contains(*id)) {
            self.out.push_str("<a");
            self.write_attribute("id", id);
            self.out.push_str("></a>");
        }
    }

    fn write_attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.out.push_str(&encode_double_quoted_attribute(value));
        self.out.push('"');
    }
}

/// The class that names the language of code, in the form that Markdown knows.
fn language_class(classes: &str) -> Option<String> {
    let mut names = classes.split_whitespace().filter_map(|class| {
        let name = class
            .strip_prefix("language-")
            .or_else(|| class.strip_prefix("lang-"))
            .or_else(|| class.strip_prefix("brush:"))?;
        let name = name.trim_end_matches(';');
        (!name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '#')))
        .then(|| name.to_owned())
    });
    names.next().map(|name| format!("language-{name}"))
}
