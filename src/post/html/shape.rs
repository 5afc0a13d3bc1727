//! Any HTML → HTML that nests properly, holds known elements only, and is no deeper than [`MAX_DEPTH`].
//!
//! What a browser's parser would repair (unclosed and crossed tags, cells outside tables) is repaired here first, in time
//! proportional to the length: the real parser's time grows with the square of the depth (50 kB of block quotes took it 11 s), and
//! formatting left open is repeated in every paragraph after it. This is about form; that the result is safe is the cleaner's work.

#[cfg(test)]
mod tests;

use super::entities::{self, Place};
use super::extent::{extents, is_left_out};
use super::picture;
use super::token::{Tag, Token, Tokens, tokens};

/// Elements deeper than this are left out, their content kept: no text needs more, and the parser's time grows with it.
pub(super) const MAX_DEPTH: usize = 100;

/// Elements that are kept.
#[rustfmt::skip]
pub(super) const ELEMENTS: [&str; 86] = [
    "a", "abbr", "address", "article", "aside", "audio", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "data", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "input", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p",
    "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "source", "span", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "track", "tt", "u", "ul", "var", "video", "wbr",
    "big", "font", "menu", "search", "acronym",
];

/// Elements that have no content.
const VOID: [&str; 8] = ["br", "col", "hr", "img", "input", "source", "track", "wbr"];

/// Elements that HTML has or had, and that are neither kept nor hidden: some become something else.
#[rustfmt::skip]
const OTHERS: [&str; 37] = [
    "area", "base", "basefont", "body", "button", "dialog", "dir", "embed", "fieldset", "form", "frame", "html", "iframe", "label",
    "legend", "link", "listing", "map", "marquee", "math", "meta", "meter", "nobr", "noembed", "noframes", "noscript", "object",
    "option", "output", "param", "progress", "script", "select", "style", "textarea", "title", "xmp",
];

/// Elements before which an open paragraph ends; text apart from what stands before and after it.
#[rustfmt::skip]
const BLOCKS: [&str; 40] = [
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section",
    "summary", "table", "ul", "form", "fieldset", "dir", "listing", "xmp", "dialog",
];

/// For whom a text is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Feed readers, which allow no form controls.
    Feed,
    /// The post's own page.
    Page,
}

/// Whether text before and after the element `name` stands apart.
#[must_use]
pub fn separates(name: &str) -> bool {
    BLOCKS.contains(&name)
        || matches!(
            name,
            "br" | "tr" | "td" | "th" | "caption" | "iframe" | "video" | "audio" | "option"
        )
}

/// Whether HTML has an element `name`.
pub(in crate::post) fn is_known(name: &str) -> bool {
    ELEMENTS.contains(&name) || super::extent::HIDDEN.contains(&name) || OTHERS.contains(&name)
}

/// `html` in proper shape. It holds no character references: [`entities`] writes them when it is clean.
pub(super) fn shape(html: &str, audience: Audience) -> String {
    let mut shaper = Shaper {
        out: String::with_capacity(html.len() + html.len() / 8),
        open: Vec::new(),
        dropped: 0,
        content: Content::Nothing,
        source: None,
        audience,
    };
    // made for the texts that need it, which are few
    let mut left_out = None;
    let mut stream = tokens(html);
    let mut number = 0;
    while let Some(token) = stream.next() {
        let mut taken = 1;
        match &token {
            Token::Start(tag) if is_left_out(tag) => {
                let extents = left_out.get_or_insert_with(|| extents(html, |name| BLOCKS.contains(&name)));
                match extents.get(&number) {
                    Some(&end) => taken = end - number,
                    // a word in a sentence about elements
                    None if tag.name == "template" => shaper.text(tag.written),
                    None => {}
                }
            }
            // its list would be a list of one, and nobody can choose
            Token::Start(tag) if tag.name == "option" => shaper.text(" "),
            Token::Start(tag) if tag.name == "img" => taken = shaper.picture(tag, &stream),
            _ => shaper.token(&token),
        }
        (1..taken).for_each(|_| drop(stream.next()));
        number += taken;
    }
    shaper.close_down_to(0);
    shaper.out
}

struct Shaper<'a> {
    out: String,
    open: Vec<&'static str>,
    /// How many elements are open that were left out for being too deep.
    dropped: usize,
    /// What the content of the raw-text element just begun becomes.
    content: Content,
    /// The first alternative of the picture that is open.
    source: Option<&'a str>,
    audience: Audience,
}

/// What the content of a raw-text element becomes.
#[derive(Default)]
enum Content {
    /// Scripts and styles are left out.
    #[default]
    Nothing,
    /// What a browser would show as it is written.
    Text,
    /// The same, but for its character references.
    Readable,
}

impl<'a> Shaper<'a> {
    fn token(&mut self, token: &Token<'a>) {
        match token {
            Token::Text(text) => self.text(text),
            Token::Start(tag) => self.start(tag),
            Token::End(name) => self.end(name),
            Token::Raw(content) => self.raw(content),
        }
    }

    /// Text, and where it stands between the parts of a table a cell for it: the parser would repair that too, but not in silence.
    fn text(&mut self, text: &str) {
        if !text.trim_ascii().is_empty() {
            self.make_cell();
        }
        push_read(&mut self.out, text, Place::Content);
    }

    fn make_cell(&mut self) {
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
            Content::Nothing => {}
            Content::Text => {
                self.make_cell();
                entities::push_marked(&mut self.out, content, Place::Content);
            }
            Content::Readable => self.text(content),
        }
    }

    fn start(&mut self, tag: &Tag<'a>) {
        let name = tag.name.as_str();
        match name {
            "iframe" | "frame" | "embed" => return self.embedded(tag),
            // a title outside a head is a heading that nobody would see
            "textarea" | "title" if !tag.closes_itself => self.content = Content::Readable,
            "xmp" if !tag.closes_itself => self.content = Content::Text,
            "input" => return self.checkbox(tag),
            "source" if self.open.last() == Some(&"picture") => return self.alternative(tag),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.close_nearest("p");
        }
        let Some(&name) = ELEMENTS.iter().find(|&&known| known == name) else {
            return;
        };
        if self.open.len() >= MAX_DEPTH {
            self.dropped += usize::from(!VOID.contains(&name) && !tag.closes_itself);
            return;
        }
        if !self.make_place(name) {
            return;
        }
        self.emit(name, tag, |attribute, value| {
            (!picture::SETS.contains(&attribute)).then_some(value)
        });
        if VOID.contains(&name) {
            return;
        }
        self.open.push(name);
        if name == "picture" {
            self.source = None;
        }
        if tag.closes_itself {
            self.close_down_to(self.open.len() - 1);
        }
    }

    /// Writes the start tag `tag`, its attributes' values as `value` gives them.
    fn emit(&mut self, name: &str, tag: &Tag<'a>, value: impl Fn(&str, &'a str) -> Option<&'a str>) {
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, written) in &tag.attributes {
            if attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && let Some(value) = value(attribute, written)
            {
                self.out.push(' ');
                self.out.push_str(attribute);
                self.out.push_str("=\"");
                push_read(&mut self.out, value, Place::Attribute);
                self.out.push('"');
            }
        }
        self.out.push('>');
    }

    /// A picture, or the words for it where nothing says which it is; `after` is what follows. Says how many tokens it takes.
    fn picture(&mut self, tag: &Tag<'a>, after: &Tokens<'a>) -> usize {
        let twin = picture::twin(after);
        let taken = twin.as_ref().map_or(1, |(taken, _)| taken + 1);
        let source = self.source.filter(|_| self.open.contains(&"picture"));
        let Some(address) = picture::address(tag, twin.as_ref().map(|(_, tag)| tag), source) else {
            self.text(tag.attribute("alt").unwrap_or_default());
            return taken;
        };
        if self.open.len() < MAX_DEPTH && self.make_place("img") {
            if tag.attribute("src").is_some() {
                let value = |name: &str, value| Some(if name == "src" { address } else { value });
                self.emit("img", tag, value);
            } else {
                let mut tag = tag.clone();
                tag.attributes.insert(0, ("src".to_owned(), address));
                self.emit("img", &tag, |_, value| Some(value));
            }
        }
        taken
    }

    /// An alternative of a picture, which pages show where it suits the reader's screen or its colours.
    fn alternative(&mut self, tag: &Tag<'a>) {
        let Some(set) = picture::SETS.iter().find_map(|name| tag.attribute(name)) else {
            return;
        };
        self.source = self.source.or_else(|| picture::largest(set));
        if self.audience == Audience::Feed || self.open.len() >= MAX_DEPTH {
            return;
        }
        let mut tag = tag.clone();
        tag.attributes
            .retain(|(name, _)| matches!(name.as_str(), "media" | "sizes" | "type"));
        tag.attributes.insert(0, ("srcset".to_owned(), set));
        self.emit("source", &tag, |_, value| Some(value));
    }

    /// A frame becomes a link to what it would have shown.
    fn embedded(&mut self, tag: &Tag<'a>) {
        let source = tag
            .attribute("src")
            .or_else(|| tag.attribute("data-src"))
            .unwrap_or_default()
            .trim();
        let url = watchable(source);
        let title = tag.attribute("title").map(str::trim).filter(|title| !title.is_empty());
        let label = title.unwrap_or_else(|| url.split_once("//").map_or(url.as_str(), |(_, rest)| rest));
        if url.is_empty() || url.starts_with("about:") || !self.make_place("a") {
            return;
        }
        self.out.push_str("<a href=\"");
        push_read(&mut self.out, &url, Place::Attribute);
        self.out.push_str("\">");
        let label = entities::read(label, Place::Attribute);
        entities::push_marked(&mut self.out, &label, Place::Content);
        self.out.push_str("</a>");
    }

    /// A task's box: a disabled control on a page, a character in a feed; all other controls are left out.
    fn checkbox(&mut self, tag: &Tag<'a>) {
        if !tag
            .attribute("type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"))
        {
            return;
        }
        self.make_cell();
        let checked = tag.attribute("checked").is_some();
        self.out.push_str(match (self.audience, checked) {
            (Audience::Feed, true) => "☑",
            (Audience::Feed, false) => "☐",
            (Audience::Page, true) => r#"<input type="checkbox" checked="" disabled="">"#,
            (Audience::Page, false) => r#"<input type="checkbox" disabled="">"#,
        });
    }

    /// Closes what has to be closed before `name` can start; `false` where it cannot start here at all.
    fn make_place(&mut self, name: &str) -> bool {
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
        // between the parts of a table nothing else has a place
        !matches!(
            self.open.last(),
            Some(&("table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup"))
        )
    }

    /// Closes what is open inside the nearest of `parents`, which a part of a table needs; `false` where there is none.
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

    /// Closes the item before, one of `names`, unless a block stands between.
    fn close_sibling(&mut self, names: &[&str]) {
        for at in (0..self.open.len()).rev() {
            let open = self.open[at];
            if names.contains(&open) {
                return self.close_down_to(at);
            }
            let bounds = BLOCKS.contains(&open) || matches!(open, "td" | "th" | "caption" | "tr");
            if bounds && !matches!(open, "address" | "div" | "p") {
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

    /// Closes the nearest open `name` and what is open in it, unless a cell or a table stands between. Any heading's end ends any.
    fn close_nearest(&mut self, name: &str) {
        let of_table = matches!(
            name,
            "table" | "caption" | "colgroup" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th"
        );
        for at in (0..self.open.len()).rev() {
            let open = self.open[at];
            if open == name || (is_heading(open) && is_heading(name)) {
                return self.close_down_to(at);
            }
            if open == "table" || (!of_table && matches!(open, "td" | "th" | "caption")) {
                return;
            }
        }
    }

    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            }
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The address to watch a video at, where `url` is that of its player; else `url`.
fn watchable(url: &str) -> String {
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

/// Writes `text` with its character references read, so that it cannot be read as markup.
fn push_read(out: &mut String, text: &str, place: Place) {
    entities::push_marked(out, &entities::read(text, place), place);
}
