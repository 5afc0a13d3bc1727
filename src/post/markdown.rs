//! Renders Markdown to HTML ([`render`]), and finds a text's heading and summary without rendering all of it ([`outline`]).
//!
//! It is `CommonMark` 0.31.2 with GitHub's extensions (tables, task lists, strikethrough, bare links, alerts, footnotes), by comrak, after
//! `dialect` has translated the additions of other tools. Quotes, dashes and mathematics stay as they were typed. It does not make the HTML
//! safe, which may contain anything that the author wrote: [`super::html`] does.
//!
//! ```
//! use feedmill::post::markdown::{outline, render};
//!
//! let text = "# Hello\n\nA *first* sentence. A second.\n";
//! let outline = outline(text);
//! assert_eq!(outline.heading(), Some("Hello"));
//! assert_eq!(outline.summary(), "A first sentence.");
//!
//! // a heading with the post's title is left out
//! assert_eq!(render(text, "Hello").html, "<p>A <em>first</em> sentence. A second.</p>\n");
//! ```

mod admonition;
mod attributes;
mod blocks;
mod bound;
mod code;
mod code_block;
mod container;
mod dialect;
mod fence;
mod hidden;
mod jsx;
mod keys;
mod line;
mod math;
mod picture;
mod shortcode;
mod signs;
mod spaced;
mod summary;
mod wikilink;

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::nodes::{AstNode, NodeHeading, NodeHtmlBlock, NodeValue, Sourcepos};
use comrak::options::Plugins;
use comrak::{Anchorizer, Arena, Node, Options, format_html_with_plugins, parse_document};

use super::html::token::unfinished;
use super::slug;
use crate::config::Shortcodes;
use bound::LimitedText;
pub use dialect::ForeignTag;
pub(crate) use fence::parse_ranges;
pub(crate) use hidden::Remark;
pub use hidden::{searchable, without_hidden};
use signs::Signs;
use summary::Part;

/// The HTML of a post's Markdown before [`super::html`] makes it safe.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The HTML, which may contain anything that the author wrote. It must not be served as it is.
    pub html: String,
    /// What was cut or flattened because of a limit, in words for the author.
    pub cut: Option<String>,
    /// Whether the whole text is there.
    pub is_whole: bool,
}

/// The properties of a text that are known without rendering all of it.
#[derive(Debug)]
pub struct Outline<'a> {
    translation: dialect::Translation<'a>,
    /// The heading and the summary, found when first needed: most posts have both in their front matter.
    start: OnceCell<(Option<String>, String)>,
}

impl Outline<'_> {
    /// Returns the text of the first block if it is a `#` heading.
    #[must_use]
    pub fn heading(&self) -> Option<&str> {
        self.start().0.as_deref()
    }

    /// Returns the first paragraph before the author's "more" marker, else the first sentence of the first paragraph, as plain text.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.start().1
    }

    /// Returns the shortcodes, tags and components that feedmill does not know, with their byte offsets in the body.
    #[must_use]
    pub fn unknown_tags(&self) -> &[ForeignTag] {
        &self.translation.unknown
    }

    /// Returns remarks for the author about the HTML in the text.
    #[must_use]
    pub(crate) fn remarks(&self) -> &[Remark] {
        &self.translation.remarks
    }

    fn start(&self) -> &(Option<String>, String) {
        self.start.get_or_init(|| {
            let dialect::Translation { markdown, more, .. } = &self.translation;
            let signs = signs::find(markdown);
            let before_more = more
                .map(|more| outline_start(markdown, more, Part::BeforeMore, signs))
                .unwrap_or_default();
            // there may be no text before the marker
            if before_more.1.is_empty() {
                outline_first_lines(markdown, signs)
                    .unwrap_or_else(|| outline_start(markdown, markdown.len(), Part::Start, signs))
            } else {
                before_more
            }
        })
    }
}

/// In bytes: the part of a text that an outline needs, which contains the first paragraph.
const OUTLINE_LENGTH: usize = 8 * 1024;

/// In bytes, up to the next blank line: the part that an outline tries first.
const FIRST_LINES_LENGTH: usize = 256;

/// In bytes: how much of the definitions of links and footnotes in the rest of the text an outline uses.
const OUTLINE_DEFINITIONS: usize = 16 * 1024;

/// Renders `body`. A first heading with the words of `title` is left out, because the title is shown above the text.
#[must_use]
pub fn render(body: &str, title: &str) -> Rendered {
    render_with(body, title, &Shortcodes::default())
}

/// Renders `body` like [`render`], with the author's own `shortcodes`.
#[must_use]
pub fn render_with(body: &str, title: &str, shortcodes: &Shortcodes) -> Rendered {
    let translation = dialect::translate(body, shortcodes);
    let (markdown, mut too_deep) = bound::flatten_containers(&translation.markdown);
    let arena = Arena::new();
    let options = options(&markdown, signs::find(&markdown));
    let root = parse_document(&arena, &markdown, &options);
    close_blocks(root);
    too_deep |= bound::flatten_tree(root);
    attributes::remove(root, &arena);
    math::mark_formulas(root, &arena);
    format_titles(root, &arena);
    code_block::tidy(root);
    picture::tidy(root);
    if let Some(heading) = first_heading(root)
        && same_words(&summary::plain_text(heading), title)
    {
        heading.detach();
    }
    let headings = HeadingIds::new(root);
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&headings);
    let mut html = LimitedText {
        text: String::new(),
        limit: bound::html_length(&markdown),
    };
    let too_long = format_html_with_plugins(root, &options, &mut html, &plugins).is_err();
    if too_long {
        // does not end in the middle of a tag
        html.text.truncate(html.text.rfind('\n').unwrap_or(0));
    }
    let cut = match (too_long, too_deep) {
        (true, _) => Some(format!(
            "the text ends early: its HTML is longer than {} bytes",
            bound::html_length(&markdown)
        )),
        (false, true) => Some(format!("what nests deeper than {} levels is flattened", bound::MAX_DEPTH)),
        (false, false) => None,
    };
    Rendered {
        html: html.text,
        cut,
        is_whole: !too_long,
    }
}

/// Returns why `body` exceeds a limit, in words for the author: its HTML would be longer than any text of its size needs, or its page would
/// need too much work.
#[must_use]
pub(crate) fn overflow(body: &str, title: &str, shortcodes: &Shortcodes) -> Option<String> {
    let may_have_headings = bound::may_have_too_many_headings(body);
    if !may_have_headings && !bound::may_be_too_long(body) {
        return None;
    }
    let rendered = render_with(body, title, shortcodes);
    if may_have_headings && bound::count_headings(&rendered.html) > bound::MAX_HEADINGS {
        return Some(format!("it has more than {} headings", bound::MAX_HEADINGS));
    }
    rendered.cut.filter(|_| !rendered.is_whole)
}

/// Returns the outline of `body`.
#[must_use]
pub fn outline(body: &str) -> Outline<'_> {
    outline_with(body, &Shortcodes::default())
}

/// Returns the outline of `body`, with the author's own `shortcodes`.
#[must_use]
pub fn outline_with<'a>(body: &'a str, shortcodes: &Shortcodes) -> Outline<'a> {
    Outline {
        translation: dialect::translate(body, shortcodes),
        start: OnceCell::new(),
    }
}

/// Returns the result of [`outline_start`] for all of `markdown` if its first lines are enough, else `None`.
///
/// A paragraph ends at a blank line. The rest of the text can change it only by definitions for brackets.
fn outline_first_lines(markdown: &str, signs: Signs) -> Option<(Option<String>, String)> {
    let start = start_of(markdown);
    let after = start.as_bytes().get(FIRST_LINES_LENGTH..)?;
    let end = FIRST_LINES_LENGTH + after.windows(2).position(|two| two == b"\n\n")? + 2;
    let first = start.get(..end)?;
    if first.contains('[') && markdown.contains("]:") {
        return None;
    }
    let (heading, summary) = outline_part(first, Part::FirstLines, signs);
    (!summary.is_empty()).then_some((heading, summary))
}

/// The heading and the summary of `markdown` up to `end`, a part of this `kind`.
fn outline_start(markdown: &str, end: usize, kind: Part, signs: Signs) -> (Option<String>, String) {
    let start = start_of(markdown.get(..end).unwrap_or(markdown));
    let mut part = format!("{start}\n\n");
    for (_, definition) in line::definitions(markdown.get(start.len()..).unwrap_or_default()) {
        if part.len() + definition.len() > start.len() + OUTLINE_DEFINITIONS {
            break;
        }
        part.push_str(definition);
        part.push('\n');
    }
    outline_part(&part, kind, signs)
}

/// The heading and the summary of `part`, which is of this `kind`.
fn outline_part(part: &str, kind: Part, signs: Signs) -> (Option<String>, String) {
    let (part, _) = bound::flatten_containers(part);
    let arena = Arena::new();
    let root = parse_document(&arena, &part, &options(&part, signs));
    attributes::remove(root, &arena);
    math::restore_text(root);
    let heading = first_heading(root).map(|heading| {
        attributes::take_id(heading);
        summary::plain_text(heading)
    });
    (heading.filter(|text| !text.is_empty()), summary::summarise(root, kind))
}

/// Ends tags and comments that a block of HTML leaves open, so that they do not include the following blocks: a tag becomes text, a comment
/// is removed.
fn close_blocks(root: Node<'_>) {
    for node in root.descendants() {
        let mut data = node.data_mut();
        let NodeValue::HtmlBlock(block) = &mut data.value else {
            continue;
        };
        if let Some(at) = unfinished(&block.literal) {
            if block.literal[at..].starts_with("<!--") {
                block.literal.truncate(at);
                block.literal.push('\n');
            } else {
                block.literal.replace_range(at..=at, "&lt;");
            }
        }
    }
}

fn options(markdown: &str, signs: Signs) -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.strikethrough = true;
    extension.table = true;
    extension.autolink = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.inline_footnotes = bound::allows_inline_notes(markdown);
    extension.alerts = true;
    // parsed, so that nothing in it becomes emphasis, then shown as it was typed
    extension.math_dollars = true;
    // emphasis beside Chinese, Japanese and Korean, which have no spaces between words
    extension.cjk_friendly_emphasis = true;
    extension.highlight = signs.marks;
    extension.superscript = signs.superscripts;
    extension.subscript = signs.subscripts;
    extension.description_lists = signs.definitions;
    options.render.r#unsafe = true;
    options.render.tasklist_classes = true;
    options
}

/// The start of `markdown`, up to a blank line if there is one.
fn start_of(markdown: &str) -> &str {
    if markdown.len() <= OUTLINE_LENGTH {
        return markdown;
    }
    let mut end = OUTLINE_LENGTH;
    while !markdown.is_char_boundary(end) {
        end -= 1;
    }
    let start = &markdown[..end];
    start.rfind("\n\n").map_or(start, |blank| &start[..blank])
}

/// The first block, if it is a heading of the first level.
fn first_heading(root: Node<'_>) -> Option<Node<'_>> {
    let first = root.first_child()?;
    let is_title = matches!(first.data().value, NodeValue::Heading(NodeHeading { level: 1, .. }));
    is_title.then_some(first)
}

fn same_words(one: &str, other: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(one) == words(other)
}

/// Returns `text`, a line of Markdown, as HTML without a paragraph around it.
fn inline_html(text: &str) -> String {
    let text = text.trim();
    let arena = Arena::new();
    let mut html = String::new();
    if text.len() <= LONGEST_LINE && !text.contains('\n') {
        let options = options("", Signs::default());
        let root = parse_document(&arena, text, &options);
        math::restore_text(root);
        // cannot fail: a string has no limit
        let _ = comrak::format_html(root, &options, &mut html);
    }
    let inner = html.trim_end().strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    match inner.filter(|inner| !inner.contains("<p") && !inner.contains('\n')) {
        Some(inner) => inner.to_owned(),
        None => html_escape::encode_text(text).replace('\n', " "),
    }
}

/// In bytes: the longest line that [`inline_html`] parses.
const LONGEST_LINE: usize = 1000;

/// Writes the titles of alerts as Markdown, if they contain any of its marks.
fn format_titles<'a>(root: Node<'a>, arena: &'a Arena<'a>) {
    let alerts: Vec<Node<'a>> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Alert(_)))
        .collect();
    for node in alerts {
        let start = match &node.data().value {
            NodeValue::Alert(alert) => match &alert.title {
                Some(title) if title.contains(['*', '_', '`', '[', '<', '~', '&', '\\']) => {
                    let kind = alert.alert_type.default_title().to_ascii_lowercase();
                    format!("{}\n", admonition::start(&kind, Some(title)))
                }
                _ => continue,
            },
            _ => continue,
        };
        let html = |literal: String| {
            let block = NodeHtmlBlock { block_type: 6, literal };
            arena.alloc(AstNode::from(NodeValue::HtmlBlock(block)))
        };
        node.prepend(html(start));
        node.append(html(format!("{}\n", admonition::END)));
        // writes nothing itself
        node.data_mut().value = NodeValue::Document;
    }
}

/// Writes headings with ids in the form of GitHub, unique in the text. Where the id in the form of Zola and `VitePress` is another,
/// links may lead to that too.
struct HeadingIds {
    /// In order; empty for a heading without an id.
    ids: Vec<String>,
    /// The other id of each heading; empty if there is none.
    others: Vec<String>,
    next: AtomicUsize,
}

impl HeadingIds {
    fn new(root: Node<'_>) -> HeadingIds {
        let mut ids = Vec::new();
        let mut texts = Vec::new();
        let mut taken = HashSet::new();
        let mut anchors = Anchorizer::new();
        for node in root.descendants() {
            if !matches!(node.data().value, NodeValue::Heading(_)) {
                continue;
            }
            let own = attributes::take_id(node).filter(|id| taken.insert(id.clone()));
            let text = if own.is_some() { String::new() } else { node.collect_text() };
            ids.push(own.unwrap_or_else(|| github_id(&text, &mut anchors, &mut taken)));
            texts.push(text);
        }
        let other = |text: &String| other_id(text).filter(|id| taken.insert(id.clone())).unwrap_or_default();
        HeadingIds {
            others: texts.iter().map(other).collect(),
            ids,
            next: AtomicUsize::new(0),
        }
    }
}

/// The id of a heading with this `text` in the form of GitHub, which is not `taken` yet; empty if there is none.
fn github_id(text: &str, anchors: &mut Anchorizer, taken: &mut HashSet<String>) -> String {
    if !text.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    loop {
        let id = anchors.anchorize(text.trim());
        if taken.insert(id.clone()) {
            return id;
        }
    }
}

/// The id of a heading with this `text` in the form of Zola and `VitePress`, which write `-` for a sign that GitHub leaves out (`What's` is
/// `what-s`); `None` if the letters are not Latin.
fn other_id(text: &str) -> Option<String> {
    let is_latin = text.chars().all(|c| c < '\u{250}' || !c.is_alphanumeric());
    // `slugify` leaves apostrophes out
    let id = slug::slugify(&text.replace(['\'', '’'], "-"));
    (is_latin && !id.is_empty()).then_some(id)
}

impl HeadingAdapter for HeadingIds {
    fn enter(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        match self.ids.get(next).filter(|id| !id.is_empty()) {
            Some(id) => write!(output, "<h{} id=\"{id}\">", heading.level)?,
            None => write!(output, "<h{}>", heading.level)?,
        }
        match self.others.get(next).filter(|id| !id.is_empty()) {
            Some(id) => write!(output, "<span id=\"{id}\"></span>"),
            None => Ok(()),
        }
    }

    fn exit(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta) -> fmt::Result {
        writeln!(output, "</h{}>", heading.level)
    }
}

#[cfg(test)]
mod tests;
