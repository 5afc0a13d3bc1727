//! Repairs HTML: the result is properly nested, has known elements only, and is no deeper than [`MAX_DEPTH`].
//!
//! A browser's parser would also repair unclosed and crossed tags and cells outside tables, but its time grows with the square of the depth
//! (50 kB of block quotes took 11 s), and formatting left open is repeated in every following paragraph. Here the time is proportional to
//! the length. This module does not make HTML safe: the cleaner does.

#[cfg(test)]
mod tests;

use super::entities::{self, TextPosition};
use super::extent::{extents, is_left_out};
use super::object::{self, ObjectReplacement};
use super::picture;
use super::token::{Tag, Token, Tokens, tokens};

/// Deeper elements are left out, but not their content: no text needs them, and the parser's time grows with the depth.
pub(super) const MAX_DEPTH: usize = 100;

/// The elements that are kept.
#[rustfmt::skip]
pub(super) const ELEMENTS: [&str; 86] = [
    "a", "abbr", "address", "article", "aside", "audio", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "data", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "input", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p",
    "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "source", "span", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "track", "tt", "u", "ul", "var", "video", "wbr",
    "big", "font", "menu", "search", "acronym",
];

/// In tokens: the longest content of a button that is left out.
const MAX_BUTTON: usize = 50;

/// Elements that have no content.
const VOID: [&str; 8] = ["br", "col", "hr", "img", "input", "source", "track", "wbr"];

/// Elements of HTML, also former ones, that are neither kept nor hidden: some become something else.
#[rustfmt::skip]
const OTHER_ELEMENTS: [&str; 37] = [
    "area", "base", "basefont", "body", "button", "dialog", "dir", "embed", "fieldset", "form", "frame", "html", "iframe", "label",
    "legend", "link", "listing", "map", "marquee", "math", "meta", "meter", "nobr", "noembed", "noframes", "noscript", "object",
    "option", "output", "param", "progress", "script", "select", "style", "textarea", "title", "xmp",
];

/// Block elements: an open paragraph ends before them.
#[rustfmt::skip]
const BLOCKS: [&str; 40] = [
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section",
    "summary", "table", "ul", "form", "fieldset", "dir", "listing", "xmp", "dialog",
];

/// The kind of document for which HTML is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HtmlUse {
    /// A feed: readers do not allow form controls.
    Feed,
    /// The post's own page.
    Page,
}

/// Returns whether the element `name` separates the text before it from the text after it.
#[must_use]
pub(crate) fn separates(name: &str) -> bool {
    BLOCKS.contains(&name)
        || matches!(
            name,
            "br" | "tr" | "td" | "th" | "caption" | "iframe" | "video" | "audio" | "option"
        )
}

/// Returns whether HTML has an element `name`.
pub(in crate::post) fn is_known(name: &str) -> bool {
    ELEMENTS.contains(&name) || super::extent::HIDDEN.contains(&name) || OTHER_ELEMENTS.contains(&name)
}

/// Repairs `html`. The result has marks in place of character references ([`entities`]).
pub(super) fn repair(html: &str, html_use: HtmlUse) -> String {
    let mut repairer = Repairer {
        out: String::with_capacity(html.len() + html.len() / 8),
        open: Vec::new(),
        renamed: Vec::new(),
        dropped: 0,
        content: RawContent::Nothing,
        source: None,
        html_use,
    };
    // only few texts need it
    let mut left_out = None;
    let mut stream = tokens(html);
    let mut number = 0;
    while let Some(token) = stream.next() {
        let mut used = 1;
        match &token {
            Token::Start(tag) if is_left_out(tag) => {
                let extents = left_out.get_or_insert_with(|| extents(html, |name| BLOCKS.contains(&name)));
                match extents.get(&number) {
                    Some(&end) => used = end - number,
                    // a word in a sentence about HTML
                    None if tag.name == "template" => repairer.text(tag.written),
                    None => {}
                }
            }
            // separates the options of a list, which are text
            Token::Start(tag) if tag.name == "option" => repairer.text(" "),
            Token::Start(tag) if is_icon_of_card(tag) => used = tokens_of_button(&stream),
            Token::Start(tag) if tag.name == "img" => used = repairer.picture(tag, &stream),
            Token::Start(tag) if tag.name == "object" => used = repairer.object(tag, &stream),
            _ => repairer.token(&token),
        }
        (1..used).for_each(|_| drop(stream.next()));
        number += used;
    }
    repairer.close_down_to(0);
    repairer.out
}

/// Writes repaired HTML, and knows which elements are open.
struct Repairer<'a> {
    out: String,
    open: Vec<&'static str>,
    /// The positions in `open` of elements that are written as another element, with their own names.
    renamed: Vec<(usize, &'static str)>,
    /// The number of open elements that were left out because they are too deep.
    dropped: usize,
    /// What the content of the raw-text element that begins becomes.
    content: RawContent,
    /// The first alternative of the open picture.
    source: Option<&'a str>,
    html_use: HtmlUse,
}

/// What the content of a raw-text element becomes.
#[derive(Default)]
enum RawContent {
    /// Nothing: scripts and styles are left out.
    #[default]
    Nothing,
    /// Text, as it is written.
    Text,
    /// Text, with its character references decoded.
    Decoded,
}

impl<'a> Repairer<'a> {
    fn token(&mut self, token: &Token<'a>) {
        match token {
            Token::Text(text) => self.text(text),
            Token::Start(tag) => self.start(tag),
            Token::End(name) => self.end(name),
            Token::Raw(content) => self.raw(content),
        }
    }

    /// Writes text, in a new cell if it is between the parts of a table: the parser would move it out of the table.
    fn text(&mut self, text: &str) {
        if !text.trim_ascii().is_empty() {
            self.open_cell();
        }
        push_decoded(&mut self.out, text, TextPosition::Content);
    }

    /// Opens a cell, if text here would be between the parts of a table.
    fn open_cell(&mut self) {
        if self.open.last() == Some(&"colgroup") {
            self.close_down_to(self.open.len() - 1);
        }
        if matches!(self.open.last(), Some(&("table" | "thead" | "tbody" | "tfoot"))) {
            self.out.push_str("<tr>");
            self.open.push("tr");
        }
        if self.open.last() == Some(&"tr") {
            self.out.push_str("<td>");
            self.open.push("td");
        }
    }

    fn raw(&mut self, content: &str) {
        match std::mem::take(&mut self.content) {
            RawContent::Nothing => {}
            RawContent::Text => {
                self.open_cell();
                entities::push_marked(&mut self.out, content, TextPosition::Content);
            }
            RawContent::Decoded => self.text(content),
        }
    }

    fn start(&mut self, tag: &Tag<'a>) {
        let name = tag.name.as_str();
        match name {
            "iframe" | "frame" | "embed" => return self.embedded(tag),
            "script" => {
                if let Some(url) = tag.attribute("src").and_then(page_of_script) {
                    self.link(&url, None);
                }
                return;
            }
            // a title outside a head would not be shown
            "textarea" | "title" if !tag.closes_itself => self.content = RawContent::Decoded,
            "xmp" if !tag.closes_itself => self.content = RawContent::Text,
            "input" => return self.checkbox(tag),
            "source" if self.open.last() == Some(&"picture") => return self.alternative(tag),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.close_nearest("p");
        }
        let Some(&own) = ELEMENTS.iter().find(|&&known| known == name) else {
            return;
        };
        let name = element_of_card(tag).unwrap_or(own);
        if self.open.len() >= MAX_DEPTH {
            self.dropped += usize::from(!VOID.contains(&name) && !tag.closes_itself);
            return;
        }
        if !self.prepare_for(name) {
            return;
        }
        self.push_tag(name, tag, |attribute, value| {
            (!picture::SET_ATTRIBUTES.contains(&attribute)).then_some(value)
        });
        // a player without controls cannot be used, and a sound without them cannot be seen
        if matches!(name, "audio" | "video") && tag.attribute("controls").is_none() && self.out.pop().is_some() {
            self.out.push_str(" controls=\"\">");
        }
        if VOID.contains(&name) {
            return;
        }
        if name != own {
            self.renamed.push((self.open.len(), own));
        }
        self.open.push(name);
        if name == "picture" {
            self.source = None;
        }
        if tag.closes_itself {
            self.close_down_to(self.open.len() - 1);
        }
    }

    /// Writes the start tag `tag`, with the values of its attributes that `value` returns.
    fn push_tag(&mut self, name: &str, tag: &Tag<'a>, value: impl Fn(&str, &'a str) -> Option<&'a str>) {
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, written) in &tag.attributes {
            if attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && let Some(value) = value(attribute, written)
            {
                self.out.push(' ');
                self.out.push_str(attribute);
                self.out.push_str("=\"");
                push_decoded(&mut self.out, value, TextPosition::Attribute);
                self.out.push('"');
            }
        }
        self.out.push('>');
    }

    /// Writes a picture, or its description if it has no address. `after` are the following tokens. Returns the number of tokens used.
    fn picture(&mut self, tag: &Tag<'a>, after: &Tokens<'a>) -> usize {
        let fallback = picture::noscript_picture(after);
        let used = fallback.as_ref().map_or(1, |(used, _)| used + 1);
        let source = self.source.filter(|_| self.open.contains(&"picture"));
        let Some(address) = picture::address(tag, fallback.as_ref().map(|(_, tag)| tag), source) else {
            self.text(tag.attribute("alt").unwrap_or_default());
            return used;
        };
        if self.open.len() < MAX_DEPTH && self.prepare_for("img") {
            if tag.attribute("src").is_some() {
                let value = |name: &str, value| Some(if name == "src" { address } else { value });
                self.push_tag("img", tag, value);
            } else {
                let mut tag = tag.clone();
                tag.attributes.insert(0, ("src".to_owned(), address));
                self.push_tag("img", &tag, |_, value| Some(value));
            }
        }
        used
    }

    /// Writes an alternative of a picture, which browsers choose for the screen and its colours. Feeds have none.
    fn alternative(&mut self, tag: &Tag<'a>) {
        let Some(set) = picture::SET_ATTRIBUTES.iter().find_map(|name| tag.attribute(name)) else {
            return;
        };
        self.source = self.source.or_else(|| picture::largest(set));
        if self.html_use == HtmlUse::Feed || self.open.len() >= MAX_DEPTH {
            return;
        }
        let mut tag = tag.clone();
        tag.attributes
            .retain(|(name, _)| matches!(name.as_str(), "media" | "sizes" | "type"));
        tag.attributes.insert(0, ("srcset".to_owned(), set));
        self.push_tag("source", &tag, |_, value| Some(value));
    }

    /// Writes what is shown for an `object`. `after` are the following tokens. Returns the number of tokens used.
    fn object(&mut self, tag: &Tag<'a>, after: &Tokens<'a>) -> usize {
        let label = ["title", "aria-label", "alt"]
            .into_iter()
            .find_map(|name| tag.attribute(name));
        let label = label.map(str::trim).filter(|label| !label.is_empty());
        match object::shown(tag, after) {
            ObjectReplacement::Content => 1,
            ObjectReplacement::Picture(address, used) => {
                let mut picture = tag.clone();
                picture
                    .attributes
                    .retain(|(name, _)| matches!(name.as_str(), "width" | "height"));
                picture.attributes.insert(0, ("src".to_owned(), address));
                picture.attributes.extend(label.map(|label| ("alt".to_owned(), label)));
                if self.open.len() < MAX_DEPTH && self.prepare_for("img") {
                    self.push_tag("img", &picture, |_, value| Some(value));
                }
                used
            }
            ObjectReplacement::Link(address, used) => {
                self.link(&video_page(address), label);
                used
            }
        }
    }

    /// Writes a link in place of an embedded page.
    fn embedded(&mut self, tag: &Tag<'a>) {
        let source = tag
            .attribute("src")
            .or_else(|| tag.attribute("data-src"))
            .unwrap_or_default()
            .trim();
        let url = video_page(source);
        let title = tag.attribute("title").map(str::trim).filter(|title| !title.is_empty());
        self.link(&url, title);
    }

    /// Writes a link to `url` with this label, or with its address.
    fn link(&mut self, url: &str, label: Option<&str>) {
        let label = label.unwrap_or_else(|| url.split_once("//").map_or(url, |(_, rest)| rest));
        if url.is_empty() || url.starts_with("about:") || !self.prepare_for("a") {
            return;
        }
        self.out.push_str("<a href=\"");
        push_decoded(&mut self.out, url, TextPosition::Attribute);
        self.out.push_str("\">");
        let label = entities::decode(label, TextPosition::Attribute);
        entities::push_marked(&mut self.out, &label, TextPosition::Content);
        self.out.push_str("</a>");
    }

    /// Writes the checkbox of a task: a disabled control on a page, a character in a feed. All other controls are left out.
    fn checkbox(&mut self, tag: &Tag<'a>) {
        if !tag
            .attribute("type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"))
        {
            return;
        }
        self.open_cell();
        let checked = tag.attribute("checked").is_some();
        self.out.push_str(match (self.html_use, checked) {
            (HtmlUse::Feed, true) => "☑",
            (HtmlUse::Feed, false) => "☐",
            (HtmlUse::Page, true) => r#"<input type="checkbox" checked="" disabled="">"#,
            (HtmlUse::Page, false) => r#"<input type="checkbox" disabled="">"#,
        });
    }

    /// Closes the elements that must end before `name` begins; returns `false` if it cannot begin here at all.
    fn prepare_for(&mut self, name: &str) -> bool {
        match name {
            "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => return self.return_to(&["table"]),
            "col" => return self.return_to(&["table", "colgroup"]),
            "tr" => return self.return_to(&["table", "thead", "tbody", "tfoot"]),
            "td" | "th" => return self.return_to(&["tr"]),
            "source" | "track" => return self.open.iter().any(|open| matches!(*open, "audio" | "video")),
            "li" => self.close_sibling(&["li"]),
            "dt" | "dd" => self.close_sibling(&["dt", "dd"]),
            "a" => self.close_nearest("a"),
            _ if is_heading(name) && self.open.last().is_some_and(|open| is_heading(open)) => {
                self.close_down_to(self.open.len() - 1);
            }
            _ => {}
        }
        // nothing else is allowed between the parts of a table
        !matches!(
            self.open.last(),
            Some(&("table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup"))
        )
    }

    /// Closes the elements in the nearest of `parents`, which a part of a table needs; returns `false` if there is none.
    fn return_to(&mut self, parents: &[&str]) -> bool {
        for at in (0..self.open.len()).rev() {
            let open = self.open[at];
            if parents.contains(&open) {
                self.close_down_to(at + 1);
                return true;
            }
            if open == "table" {
                return false;
            }
        }
        false
    }

    /// Closes the previous item, one of `names`, unless a block is between.
    fn close_sibling(&mut self, names: &[&str]) {
        for at in (0..self.open.len()).rev() {
            let open = self.open[at];
            if names.contains(&open) {
                return self.close_down_to(at);
            }
            let is_boundary = BLOCKS.contains(&open) || matches!(open, "td" | "th" | "caption" | "tr");
            if is_boundary && !matches!(open, "address" | "div" | "p") {
                return;
            }
        }
    }

    fn end(&mut self, name: &str) {
        if VOID.contains(&name) {
            return;
        }
        if self.dropped > 0 && ELEMENTS.contains(&name) {
            self.dropped -= 1;
            return;
        }
        self.close_nearest(name);
    }

    /// Closes the nearest open `name` and the elements in it, unless a cell or a table is between. The end of a heading closes a heading of
    /// any level.
    fn close_nearest(&mut self, name: &str) {
        let is_table_part = matches!(
            name,
            "table" | "caption" | "colgroup" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th"
        );
        for at in (0..self.open.len()).rev() {
            let open = self.open[at];
            let own = self
                .renamed
                .iter()
                .find(|(index, _)| *index == at)
                .map_or(open, |(_, own)| own);
            if own == name || (is_heading(own) && is_heading(name)) {
                return self.close_down_to(at);
            }
            if open == "table" || (!is_table_part && matches!(open, "td" | "th" | "caption")) {
                return;
            }
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        self.renamed.retain(|(index, _)| *index < depth);
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            }
        }
    }
}

/// The element that is written for `tag` of a card of Ghost that opens and closes, which needs a script there.
fn element_of_card(tag: &Tag<'_>) -> Option<&'static str> {
    let has = |class: &str| {
        let classes = tag.attribute("class").unwrap_or_default();
        classes.contains("kg-toggle") && classes.split_ascii_whitespace().any(|own| own == class)
    };
    match tag.name.as_str() {
        "div" if has("kg-toggle-card") => Some("details"),
        "div" if has("kg-toggle-heading") => Some("summary"),
        "h4" if has("kg-toggle-heading-text") => Some("span"),
        _ => None,
    }
}

/// Whether `tag` begins the sign of a card of Ghost that opens and closes; browsers show their own.
fn is_icon_of_card(tag: &Tag<'_>) -> bool {
    tag.name == "button"
        && tag
            .attribute("class")
            .is_some_and(|classes| classes.contains("kg-toggle-card-icon"))
}

/// The number of tokens of a button with the tokens `after` its start tag; 1 if it does not end soon.
fn tokens_of_button(after: &Tokens<'_>) -> usize {
    let end = after
        .clone()
        .take(MAX_BUTTON)
        .position(|token| matches!(token, Token::End(name) if name == "button"));
    end.map_or(1, |end| end + 2)
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The page that the script at `url` would embed, if that is known: a gist, a recording of a terminal.
fn page_of_script(url: &str) -> Option<String> {
    let page = url.split(['?', '#']).next()?.strip_suffix(".js")?;
    let hosts = ["https://gist.github.com/", "https://asciinema.org/a/"];
    hosts.iter().any(|host| page.starts_with(host)).then(|| page.to_owned())
}

/// The page of a video, if `url` is that of its player; else `url`.
fn video_page(url: &str) -> String {
    let id = |prefix: &str| {
        let rest = url.split_once(prefix)?.1;
        let id = rest.split(['?', '&', '#', '/']).next()?;
        (!id.is_empty() && id != "videoseries").then_some(id)
    };
    let youtube = id("youtube.com/embed/").or_else(|| id("youtube-nocookie.com/embed/"));
    if let Some(video) = youtube {
        return format!("https://www.youtube.com/watch?v={video}");
    }
    id("player.vimeo.com/video/").map_or_else(|| url.to_owned(), |video| format!("https://vimeo.com/{video}"))
}

/// Writes `text` with its character references decoded and with marks, so that it is not markup.
fn push_decoded(out: &mut String, text: &str, position: TextPosition) {
    entities::push_marked(out, &entities::decode(text, position), position);
}
