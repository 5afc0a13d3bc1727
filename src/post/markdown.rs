//! Markdown → HTML, and what can be told from Markdown without that: [`render`], [`outline`].
//!
//! `CommonMark` 0.31.2 with GitHub's extensions (tables, task lists, strikethrough, bare links, alerts, footnotes), by comrak, after
//! `dialect` has turned what other tools added into it. Quotes and dashes stay as they were typed, and so does mathematics. The HTML is
//! what the author wrote, whatever it is: [`super::html`] makes it safe.

mod bound;
mod code;
mod container;
mod dialect;
mod hidden;
mod line;
mod math;
mod shortcode;
mod summary;
mod wikilink;

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::nodes::{NodeHeading, NodeValue, Sourcepos};
use comrak::options::Plugins;
use comrak::{Anchorizer, Arena, Node, Options, format_html_with_plugins, parse_document};

use super::html::token::unfinished;
use bound::Limited;
pub use hidden::{Remark, searchable, without_hidden};

/// A post's Markdown, rendered but not yet cleaned: what [`super::html`] makes safe.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// HTML as the author's Markdown and raw HTML gave it. Never to be served as it is.
    pub html: String,
    /// Whether something had to be cut to stay within bounds, in words for the author.
    pub cut: Option<String>,
    /// Whether all of the text is there.
    pub is_whole: bool,
}

/// What a look at the Markdown tells without rendering the whole of it.
#[derive(Debug)]
pub struct Outline<'a> {
    translation: dialect::Translation<'a>,
    /// The heading and the summary, once either was asked for: most posts have both in their front matter.
    start: OnceCell<(Option<String>, String)>,
}

impl Outline<'_> {
    /// The text of the first `#` heading, if that is the first block.
    #[must_use]
    pub fn heading(&self) -> Option<&str> {
        self.start().0.as_deref()
    }

    /// The text up to the author's "more" marker, else the first sentence of the first real paragraph; as plain text.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.start().1
    }

    /// Leftover shortcodes and Liquid that feedmill does not know: byte offset in the body, and the text.
    #[must_use]
    pub fn unknown_shortcodes(&self) -> &[(usize, String)] {
        &self.translation.unknown
    }

    /// What its author should know of the HTML in it.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.translation.remarks
    }

    fn start(&self) -> &(Option<String>, String) {
        self.start.get_or_init(|| {
            let dialect::Translation { markdown, more, .. } = &self.translation;
            let before_more = more.map(|more| look(markdown, more, true)).unwrap_or_default();
            // a marker at the very top, or below a picture, leaves nothing to say
            if before_more.1.is_empty() {
                glance(markdown).unwrap_or_else(|| look(markdown, markdown.len(), false))
            } else {
                before_more
            }
        })
    }
}

/// An outline reads this much of a text, in bytes: the first paragraph lies well within.
const OUTLINE_LENGTH: usize = 8 * 1024;

/// An outline reads no more than this, in bytes and up to the next blank line, where that holds the first paragraph.
const GLANCE_LENGTH: usize = 256;

/// Definitions of links and footnotes further on, of which an outline reads this much, in bytes.
const OUTLINE_DEFINITIONS: usize = 16 * 1024;

/// Renders `body`. A first heading that says what `title` says is left out: the title stands above already.
#[must_use]
pub fn render(body: &str, title: &str) -> Rendered {
    let translation = dialect::translate(body);
    let (markdown, mut too_deep) = bound::containers(&translation.markdown);
    let arena = Arena::new();
    let options = options(&markdown);
    let root = parse_document(&arena, &markdown, &options);
    close_blocks(root);
    too_deep |= bound::tree(root);
    math::mark(root, &arena);
    if let Some(heading) = first_heading(root)
        && same_words(&summary::text(heading), title)
    {
        heading.detach();
    }
    let headings = Headings::of(root);
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&headings);
    let mut html = Limited {
        text: String::new(),
        limit: bound::html_length(&markdown),
    };
    let too_long = format_html_with_plugins(root, &options, &mut html, &plugins).is_err();
    if too_long {
        // not in the middle of a tag
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

/// Why `body` cannot be shown as a whole, in words for its author: its HTML would be longer than any text of its size needs, or its page
/// would need more work than any text does.
#[must_use]
pub fn overflow(body: &str, title: &str) -> Option<String> {
    let may_have_headings = bound::may_have_too_many_headings(body);
    if !may_have_headings && !bound::may_be_too_long(body) {
        return None;
    }
    let rendered = render(body, title);
    if may_have_headings && bound::headings(&rendered.html) > bound::MAX_HEADINGS {
        return Some(format!("it has more than {} headings", bound::MAX_HEADINGS));
    }
    rendered.cut.filter(|_| !rendered.is_whole)
}

/// Looks through `body`.
#[must_use]
pub fn outline(body: &str) -> Outline<'_> {
    Outline {
        translation: dialect::translate(body),
        start: OnceCell::new(),
    }
}

/// What [`look`] would find in all of `markdown`, where its first lines tell; `None` where they do not.
///
/// A paragraph ends at a blank line, and what follows changes nothing in it but by the definitions that brackets may refer to.
fn glance(markdown: &str) -> Option<(Option<String>, String)> {
    let start = start_of(markdown);
    let after = start.as_bytes().get(GLANCE_LENGTH..)?;
    let end = GLANCE_LENGTH + after.windows(2).position(|two| two == b"\n\n")? + 2;
    let first = start.get(..end)?;
    if first.contains('[') && markdown.contains("]:") {
        return None;
    }
    let (heading, summary) = outlined(first, false);
    (!summary.is_empty()).then_some((heading, summary))
}

/// The heading and the summary of `markdown` up to `end`: of all of that if `whole`, else of its first paragraph.
fn look(markdown: &str, end: usize, whole: bool) -> (Option<String>, String) {
    let start = start_of(markdown.get(..end).unwrap_or(markdown));
    let mut part = format!("{start}\n\n");
    for (_, definition) in line::definitions(markdown.get(start.len()..).unwrap_or_default()) {
        if part.len() + definition.len() > start.len() + OUTLINE_DEFINITIONS {
            break;
        }
        part.push_str(definition);
        part.push('\n');
    }
    outlined(&part, whole)
}

/// The heading and the summary of `part`: of all of that if `whole`, else of its first paragraph.
fn outlined(part: &str, whole: bool) -> (Option<String>, String) {
    let (part, _) = bound::containers(part);
    let arena = Arena::new();
    let root = parse_document(&arena, &part, &options(&part));
    math::show(root);
    let heading = first_heading(root).map(|heading| {
        take_id(heading);
        summary::text(heading)
    });
    (heading.filter(|text| !text.is_empty()), summary::of(root, whole))
}

/// Ends the tags and comments that a block of HTML leaves open, for what follows is not theirs: a tag is text then, and a comment goes.
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

fn options(markdown: &str) -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.strikethrough = true;
    extension.table = true;
    extension.autolink = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.inline_footnotes = bound::can_hold_notes(markdown);
    extension.alerts = true;
    // read so that nothing in it is taken for emphasis, then shown as it was typed
    extension.math_dollars = true;
    // emphasis beside Chinese, Japanese and Korean, which have no spaces between words
    extension.cjk_friendly_emphasis = true;
    options.render.r#unsafe = true;
    options.render.tasklist_classes = true;
    options
}

/// The start of `markdown`, up to a blank line where there is one.
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

/// The explicit id at the end of a heading, `## A title {#so}`, taken out of its text.
fn take_id(heading: Node<'_>) -> Option<String> {
    let last = heading.last_child()?;
    let mut data = last.data_mut();
    let NodeValue::Text(text) = &mut data.value else {
        return None;
    };
    let (before, id) = text.trim_end().strip_suffix('}')?.rsplit_once("{#")?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if id.is_empty() || !id.chars().all(plain) {
        return None;
    }
    let id = id.to_owned();
    let before = before.trim_end().to_owned();
    *text = before.into();
    Some(id)
}

/// Writes headings with their ids, as GitHub makes them: unique in the text.
struct Headings {
    /// In order; empty for a heading that has none.
    ids: Vec<String>,
    next: AtomicUsize,
}

impl Headings {
    fn of(root: Node<'_>) -> Headings {
        let mut ids = Vec::new();
        let mut taken = HashSet::new();
        let mut anchors = Anchorizer::new();
        for node in root.descendants() {
            if !matches!(node.data().value, NodeValue::Heading(_)) {
                continue;
            }
            let id = take_id(node).filter(|id| taken.insert(id.clone())).unwrap_or_else(|| {
                let text = node.collect_text();
                if !text.chars().any(char::is_alphanumeric) {
                    return String::new();
                }
                loop {
                    let id = anchors.anchorize(text.trim());
                    if taken.insert(id.clone()) {
                        return id;
                    }
                }
            });
            ids.push(id);
        }
        Headings {
            ids,
            next: AtomicUsize::new(0),
        }
    }
}

impl HeadingAdapter for Headings {
    fn enter(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        match self.ids.get(next).filter(|id| !id.is_empty()) {
            Some(id) => write!(output, "<h{} id=\"{id}\">", heading.level),
            None => write!(output, "<h{}>", heading.level),
        }
    }

    fn exit(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta) -> fmt::Result {
        writeln!(output, "</h{}>", heading.level)
    }
}

#[cfg(test)]
mod tests;
