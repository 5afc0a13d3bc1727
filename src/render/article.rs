//! The text of a post as HTML for its page.
//!
//! [`Article::render`] returns what the page of one post needs. It takes HTML that [`crate::post::html`] has cleaned and adds
//! what only pages have: links from headings to themselves, regions in which wide tables scroll, figures, pictures that load
//! when the reader scrolls near them, and highlighted code. It adds no text and removes none, and no text of an author becomes
//! markup here. Feeds do not get this markup.

mod label;

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{escaped, highlight};
use crate::config::Shortcodes;
use crate::post::html::MARKED_LINES;
use crate::post::html::token::{Tag, Token, tokens};
use crate::post::markdown::parse_ranges;
use crate::post::reference::References;
use crate::post::{Post, html, markdown, reading_time};

/// The most bytes of code that are highlighted on a page; the rest stays plain.
const MAX_CODE: usize = 256 * 1024;

/// The prefix of ids in templates. No id in a text begins with it, because ids of headings do not contain a colon.
const PAGE_IDS: &str = "page:";

/// The number of characters of code that fit into a line on the narrowest pages.
const NARROWEST: usize = 30;

/// The text of a post for its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// HTML, the content of a block element.
    pub html: String,
    /// The reading time in minutes, at least one.
    pub minutes: usize,
}

impl Article {
    /// Renders `text`, the text of `post`, with the author's `shortcodes`; `references` resolves the addresses in it.
    #[must_use]
    pub fn render(post: &Post, text: &str, references: &References, shortcodes: &Shortcodes) -> Article {
        let rendered = markdown::render_with(text, &post.title, shortcodes);
        let clean = html::for_page(&rendered.html, references);
        Article {
            minutes: reading_time::minutes(&html::text(&clean)),
            html: add_page_markup(&clean),
        }
    }
}

/// Adds the markup of pages to `clean`, which is HTML as [`html::for_page`] returns it.
fn add_page_markup(clean: &str) -> String {
    let tokens: Vec<Token<'_>> = tokens(clean).collect();
    let mut writer = PageWriter {
        out: String::with_capacity(clean.len() + clean.len() / 4),
        open: Vec::new(),
        headings: Vec::new(),
        ids: HashMap::new(),
        labels: HashMap::new(),
        label: None,
        images: 0,
        code: 0,
    };
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = writer.token(token, after);
    }
    writer.end_label();
    writer.out
}

struct PageWriter<'t> {
    out: String,
    /// The open elements.
    open: Vec<&'t str>,
    /// For each open heading the text to write at its end.
    headings: Vec<String>,
    /// The ids in use, each with the number for the next id of that name.
    ids: HashMap<String, usize>,
    /// The names of regions in use, each with its count.
    labels: HashMap<String, usize>,
    /// The number of open elements where the open label of a checkbox began; `None` if no label is open.
    label: Option<usize>,
    images: usize,
    /// The bytes of code highlighted so far.
    code: usize,
}

impl<'t> PageWriter<'t> {
    /// Writes `token`, and the tokens of `after` that belong to it. Returns the rest.
    fn token(&mut self, token: &'t Token<'t>, after: &'t [Token<'t>]) -> &'t [Token<'t>] {
        match token {
            Token::Text(text) => self.out.push_str(text),
            // clean HTML has none
            Token::Raw(_) => {}
            Token::End(name) => self.end(name),
            Token::Start(tag) => {
                if tag.name == "input" || html::separates(&tag.name) {
                    self.end_label();
                }
                return self.element(tag, after);
            }
        }
        after
    }

    /// Writes the element that `tag` begins, or only its start tag. Returns the rest.
    fn element(&mut self, tag: &'t Tag<'t>, after: &'t [Token<'t>]) -> &'t [Token<'t>] {
        match tag.name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading(tag, after),
            "table" if !self.is_inside(&["table", "a", "summary"]) => self.table(tag, after),
            "img" => self.image(tag, true),
            "input" => self.checkbox(tag),
            "p" => return self.figure(after).unwrap_or_else(|| self.start(tag, after)),
            "pre" => {
                self.pre(tag, after);
                return self.code(tag, after).unwrap_or(after);
            }
            _ => return self.start(tag, after),
        }
        after
    }

    fn is_inside(&self, names: &[&str]) -> bool {
        self.open.iter().any(|open| names.contains(open))
    }

    /// Writes the start tag `tag` unchanged, and opens its element.
    fn start(&mut self, tag: &'t Tag<'t>, after: &'t [Token<'t>]) -> &'t [Token<'t>] {
        let id = self.id(tag);
        self.write(tag, id.as_deref(), &[]);
        self.push(&tag.name);
        after
    }

    fn push(&mut self, name: &'t str) {
        let is_void = ["br", "col", "hr", "img", "input", "source", "track", "wbr"].contains(&name);
        if !is_void {
            self.open.push(name);
        }
    }

    fn end(&mut self, name: &str) {
        self.end_label();
        self.open.pop();
        if is_heading(name) {
            self.out.push_str(&self.headings.pop().unwrap_or_default());
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        if name == "table" && !self.is_inside(&["table", "a", "summary"]) {
            self.out.push_str("</div>");
        }
    }

    /// Writes the start tag `tag` with the id `id`. Attributes in `more` replace those with the same names.
    fn write(&mut self, tag: &Tag<'_>, id: Option<&str>, more: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(&tag.name);
        let kept = tag.attributes.iter().map(|(name, value)| (name.as_str(), *value));
        let kept = kept.filter(|(name, _)| *name != "id" && more.iter().all(|(other, _)| name != other));
        for (name, value) in id.map(|id| ("id", id)).into_iter().chain(kept).chain(more.iter().copied()) {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// The id that the author gave `tag`, unless it begins like the ids of the page around the text.
    fn author_id<'a>(tag: &'a Tag<'_>) -> Option<&'a str> {
        tag.attribute("id").filter(|id| !id.starts_with(PAGE_IDS))
    }

    /// The id of `tag`, if no earlier element has it and it is valid (HTML standard, section 3.2.6).
    fn id(&mut self, tag: &Tag<'_>) -> Option<String> {
        let id = Self::author_id(tag)?;
        let is_id = !id.is_empty() && !id.contains(char::is_whitespace) && !self.ids.contains_key(id);
        is_id.then(|| {
            self.ids.insert(id.to_owned(), 1);
            id.to_owned()
        })
    }

    /// `wanted`, with a number if an earlier element has that id.
    fn unique_id(&mut self, wanted: &str) -> String {
        loop {
            let Some(next) = self.ids.get_mut(wanted) else {
                self.ids.insert(wanted.to_owned(), 1);
                return wanted.to_owned();
            };
            let id = format!("{wanted}-{next}");
            *next += 1;
            if !self.ids.contains_key(&id) {
                self.ids.insert(id.clone(), 1);
                return id;
            }
        }
    }

    /// Writes the start of a heading that links to itself. The link contains the whole text, so that it is read aloud once and
    /// is easy to hit. Links cannot be nested, so a heading that contains links gets an empty link at its end. The style sheet
    /// adds the visible sign.
    fn heading(&mut self, tag: &'t Tag<'t>, after: &'t [Token<'t>]) {
        let content = after.iter().take_while(|token| match token {
            Token::End(name) => !is_heading(name),
            Token::Start(tag) => !is_heading(&tag.name),
            _ => true,
        });
        let mut text = String::new();
        let mut is_shown = false;
        let mut has_link = false;
        for token in content {
            match token {
                Token::Text(piece) => text.push_str(piece),
                Token::Start(tag) => {
                    is_shown |= tag.name == "img";
                    has_link |= ["a", "audio", "video", "input", "details"].contains(&tag.name.as_str());
                }
                _ => {}
            }
        }
        is_shown |= !text.trim().is_empty();
        let wanted = Self::author_id(tag).map_or_else(|| label::fragment(&text), str::to_owned);
        let wanted: String = wanted.split_whitespace().collect::<Vec<_>>().join("-");
        let id = (!wanted.is_empty()).then(|| self.unique_id(&wanted));
        self.write(tag, id.as_deref(), &[]);
        let can_link = is_shown && !self.is_inside(&["a", "summary"]);
        self.open.push(&tag.name);
        self.headings.push(match id.filter(|_| can_link) {
            None => String::new(),
            Some(id) if has_link => format!("<a class=\"anchor\" href=\"#{}\" aria-label=\"#\"></a>", label::href(&id)),
            Some(id) => {
                let _ = write!(self.out, "<a class=\"anchor\" href=\"#{}\">", label::href(&id));
                "</a>".to_owned()
            }
        });
    }

    /// Writes the start of a table in a region of its own, which scrolls, also by keyboard, if the table is wider than the
    /// page.
    fn table(&mut self, tag: &'t Tag<'t>, after: &[Token<'_>]) {
        let label = label::of_table(after);
        let count = self.labels.entry(label.clone()).or_insert(0);
        *count += 1;
        // screen readers distinguish regions by their names
        let label = if *count == 1 { label } else { format!("{label} ({count})") };
        let label = escaped(&label);
        let _ = write!(
            self.out,
            "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">"
        );
        let id = self.id(tag);
        self.write(tag, id.as_deref(), &[]);
        self.open.push(&tag.name);
    }

    /// Writes a picture. It loads when the reader scrolls near it, except the first one, which is probably visible at once.
    fn image(&mut self, tag: &Tag<'_>, with_title: bool) {
        let id = self.id(tag);
        self.images += 1;
        let mut more = vec![("decoding", "async")];
        if self.images > 1 && tag.attribute("loading").is_none() {
            more.push(("loading", "lazy"));
        }
        if tag.attribute("alt").is_none() {
            // without `alt` a screen reader reads the file's name
            more.push(("alt", ""));
        }
        if with_title {
            return self.write(tag, id.as_deref(), &more);
        }
        let untitled = Tag {
            name: tag.name.clone(),
            attributes: tag.attributes.iter().filter(|(name, _)| name != "title").cloned().collect(),
            ..Tag::default()
        };
        self.write(&untitled, id.as_deref(), &more);
    }

    /// Writes a figure with a caption for a picture with a title that is alone in its paragraph, or alone in a link there.
    /// Returns the rest.
    fn figure(&mut self, after: &'t [Token<'t>]) -> Option<&'t [Token<'t>]> {
        let mut rest = without_blanks(after);
        let mut link = None;
        if let Some((Token::Start(tag), next)) = rest.split_first()
            && tag.name == "a"
        {
            link = Some(tag);
            rest = without_blanks(next);
        }
        let (Token::Start(image), next) = rest.split_first()? else {
            return None;
        };
        let title = image.attribute("title").filter(|title| !title.trim().is_empty())?;
        if image.name != "img" {
            return None;
        }
        let mut rest = without_blanks(next);
        for expected in link.map(|_| "a").into_iter().chain(["p"]) {
            let (Token::End(name), next) = rest.split_first()? else {
                return None;
            };
            rest = if name == "p" { next } else { without_blanks(next) };
            if name != expected {
                return None;
            }
        }
        self.out.push_str("<figure>");
        if let Some(link) = link {
            let id = self.id(link);
            self.write(link, id.as_deref(), &[]);
        }
        self.image(image, false);
        self.out.push_str(if link.is_some() { "</a>" } else { "" });
        let _ = write!(self.out, "<figcaption>{}</figcaption></figure>", label::text(title));
        Some(rest)
    }

    /// Writes a checkbox. Its label is the text after it, up to the next line or block (HTML standard, section 4.10.4).
    fn checkbox(&mut self, tag: &Tag<'_>) {
        let can_be_labelled = self.label.is_none() && !self.is_inside(&["a", "summary", "label", "button"]);
        if can_be_labelled {
            self.out.push_str("<label>");
            self.label = Some(self.open.len());
        }
        let id = self.id(tag);
        self.write(tag, id.as_deref(), &[]);
    }

    /// Ends the open label if it began in the innermost open element.
    fn end_label(&mut self) {
        if self.label == Some(self.open.len()) {
            self.label = None;
            self.out.push_str("</label>");
        }
    }

    /// Writes the start of a block of code. If it scrolls on a narrow page, it can be scrolled by keyboard.
    fn pre(&mut self, tag: &'t Tag<'t>, after: &[Token<'_>]) {
        let mut column = 0;
        let content = after
            .iter()
            .take_while(|token| !matches!(token, Token::End(name) if name == "pre"));
        let text = content.filter_map(|token| match token {
            Token::Text(text) => Some(*text),
            _ => None,
        });
        let scrolls = text.flat_map(str::chars).any(|c| {
            column = if c == '\n' { 0 } else { column + 1 };
            column > NARROWEST
        });
        let id = self.id(tag);
        let shown = Tag {
            name: tag.name.clone(),
            attributes: tag
                .attributes
                .iter()
                .filter(|(name, _)| name != MARKED_LINES)
                .cloned()
                .collect(),
            ..Tag::default()
        };
        self.write(&shown, id.as_deref(), if scrolls { &[("tabindex", "0")] } else { &[] });
        self.open.push(&tag.name);
    }

    /// Writes the code in `pre` highlighted if it names a known language, and with the lines marked that `pre` names. Returns the rest.
    fn code(&mut self, pre: &Tag<'_>, after: &'t [Token<'t>]) -> Option<&'t [Token<'t>]> {
        let [Token::Start(code), Token::Text(text), Token::End(end), rest @ ..] = after else {
            return None;
        };
        if code.name != "code" || end != "code" || !matches!(rest.first(), Some(Token::End(name)) if name == "pre") {
            return None;
        }
        let mut classes = code.attribute("class").unwrap_or_default().split_ascii_whitespace();
        let language = classes.find_map(|class| class.strip_prefix("language-"));
        let lines = pre.attribute(MARKED_LINES).map(parse_ranges).unwrap_or_default();
        if self.code + text.len() > MAX_CODE {
            return None;
        }
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let html = match language.and_then(|language| highlight::html(&plain, language)) {
            None if lines.is_empty() => return None,
            html => highlight::mark_lines(html.as_deref().unwrap_or(text), &lines),
        };
        self.code += text.len();
        let id = self.id(code);
        self.write(code, id.as_deref(), &[]);
        self.out.push_str(&html);
        self.out.push_str("</code>");
        Some(rest)
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn without_blanks<'t>(tokens: &'t [Token<'t>]) -> &'t [Token<'t>] {
    match tokens.split_first() {
        Some((Token::Text(text), rest)) if text.trim().is_empty() => rest,
        _ => tokens,
    }
}

#[cfg(test)]
mod tests;
