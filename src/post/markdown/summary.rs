//! Makes a post's summary from its prose alone: its first paragraph before the author's "more" marker, else its first sentence.
//!
//! No prose are pictures, tables of contents, lists of links, an address alone, alerts, captions, tags of templates, and what HTML does
//! not show.

use std::collections::HashMap;

use comrak::Node;
use comrak::nodes::NodeValue;
use memchr::memchr_iter;

use super::super::html::token::{Tag, is_void, start_tag};
use super::bound::MAX_DEPTH;
use super::code::UNKNOWN_TAG;
use super::shortcode::EMBED;

/// In characters: the longest summary, about two sentences, as in search results.
const MAX_LENGTH: usize = 300;

/// Abbreviations after which a sentence continues, without their last full stop, in lower case.
#[rustfmt::skip]
const ABBREVIATIONS: [&str; 38] = [
    "a.k.a", "approx", "bzw", "ca", "capt", "cf", "co", "col", "corp", "d.h", "dr", "e.g", "eg", "est", "evtl", "gen", "gov", "i.e", "ie",
    "inc", "ltd", "mme", "mr", "mrs", "ms", "mt", "mx", "p.ex", "prof", "rev", "sen", "sgt", "st", "u.a", "v", "viz", "vs", "z.b",
];

/// Abbreviations that are followed by a number.
const NUMBERED: [&str; 9] = ["art", "fig", "no", "nos", "nr", "op", "p", "pp", "vol"];

/// The part of a post from which its summary is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The text before the author's "more" marker. Its whole first paragraph is the summary.
    BeforeMore,
    /// The first lines: a later paragraph may be better than a list or a quote in them.
    FirstLines,
    /// The start of the text.
    Start,
}

/// Returns the summary of the part of a post in `root`: its first paragraph of prose. A text without one has its first list item or quote.
pub(super) fn summarise(root: Node<'_>, part: Part) -> String {
    let mut asides = Asides::default();
    let mut other = None;
    for block in root.children() {
        if asides.contain(block) {
            continue;
        }
        match block.data().value {
            NodeValue::Paragraph if is_prose(block) => {
                let text = plain_text(block);
                if !text.is_empty() {
                    return shorten(if part == Part::BeforeMore {
                        &text
                    } else {
                        first_sentence(&text)
                    });
                }
            }
            NodeValue::List(_) | NodeValue::BlockQuote if other.is_none() => other = first_prose_below(block),
            _ => {}
        }
    }
    let other = other.filter(|_| part != Part::FirstLines).unwrap_or_default();
    shorten(first_sentence(&other))
}

/// The plain text of the first paragraph of prose in `block`, a list or a quote.
fn first_prose_below(block: Node<'_>) -> Option<String> {
    let is_own = |node: &Node<'_>| {
        !node
            .ancestors()
            .any(|above| matches!(above.data().value, NodeValue::Alert(_)))
    };
    let paragraphs = block
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph));
    let prose = paragraphs
        .take(MOST_ITEMS)
        .filter(|node| is_own(node) && is_prose(node) && !is_contents_entry(node));
    prose.map(plain_text).find(|text| !text.is_empty())
}

/// The number of paragraphs in a list or a quote that are read.
const MOST_ITEMS: usize = 50;

/// Whether a paragraph is only a link to a part of the same page.
fn is_contents_entry(node: Node<'_>) -> bool {
    let link = node.first_child().filter(|_| node.children().count() == 1);
    link.is_some_and(|link| matches!(&link.data().value, NodeValue::Link(link) if link.url.starts_with('#')))
}

/// Elements whose content is not part of the post's own prose, or not shown at all.
const ASIDES: [&str; 17] = [
    "script", "style", "svg", "canvas", "applet", "datalist", "iframe", "noembed", "noframes", "noscript", "template", "video",
    "audio", "figure", "table", "nav", "aside",
];

/// The elements of HTML that are open between blocks and whose content does not belong to a summary.
#[derive(Default)]
struct Asides {
    /// The names of the open elements, the outermost first.
    open: Vec<String>,
}

impl Asides {
    /// Returns whether `block` is in such an element, or is HTML, which may begin or end one.
    fn contain(&mut self, block: Node<'_>) -> bool {
        let data = block.data();
        let NodeValue::HtmlBlock(html) = &data.value else {
            let is_aside = !self.open.is_empty();
            // the end tags of several elements on one line are a paragraph
            block.descendants().for_each(|node| match &node.data().value {
                NodeValue::HtmlInline(tag) if is_aside => self.close(tag),
                _ => {}
            });
            return is_aside;
        };
        // not as tokens: `<style>` that ends in another block is text there
        for at in memchr_iter(b'<', html.literal.as_bytes()) {
            let rest = html.literal.get(at..).unwrap_or_default();
            match start_tag(rest) {
                Some(tag) => self.open(tag),
                None => self.close(rest),
            }
        }
        true
    }

    /// Opens the element that `tag` begins, if it is such an element or in one.
    fn open(&mut self, tag: Tag<'_>) {
        let is_alert = tag
            .attribute("class")
            .is_some_and(|class| class.starts_with("markdown-alert"));
        let is_aside = is_alert || !self.open.is_empty() || ASIDES.contains(&tag.name.as_str());
        if is_aside && self.open.len() < MAX_DEPTH && !is_void(&tag.name) && !tag.closes_itself {
            self.open.push(tag.name);
        }
    }

    /// Closes the element that the end tag at the start of `text` ends, and what was left open in it.
    fn close(&mut self, text: &str) {
        if let (true, name) = tag_name(text)
            && let Some(at) = self.open.iter().rposition(|open| *open == name)
        {
            self.open.truncate(at);
        }
    }
}

/// Whether a paragraph has text of its own: more than a picture, an address, a list of links or a tag of a template.
fn is_prose(node: Node<'_>) -> bool {
    let mut links = 0;
    for child in node.children() {
        match &child.data().value {
            NodeValue::Link(link) => {
                let text = plain_text(child);
                let is_address = text.is_empty() || text == link.url || link.url.ends_with(&text);
                links += usize::from(!is_address);
            }
            NodeValue::Text(text) if !text.chars().any(char::is_alphanumeric) => {}
            NodeValue::Image(_)
            | NodeValue::FootnoteReference(_)
            | NodeValue::HtmlInline(_)
            | NodeValue::SoftBreak
            | NodeValue::LineBreak => {}
            _ if plain_text(child).is_empty() => {}
            _ => return !plain_text(node).is_empty(),
        }
    }
    links == 1
}

/// Returns the plain text of `node` on one line, without pictures, footnotes and tags of templates.
pub(super) fn plain_text(node: Node<'_>) -> String {
    let mut text = String::new();
    let mut nodes = vec![node];
    let ends = last_end_tags(node);
    let mut hidden_element: Option<String> = None;
    let mut number = 0;
    while let Some(node) = nodes.pop() {
        let data = node.data();
        if let NodeValue::HtmlInline(tag) = &data.value {
            number += 1;
            let (closes, name) = tag_name(tag);
            if hidden_element.is_some() {
                if closes && hidden_element.as_deref() == Some(&name) {
                    hidden_element = None;
                }
                continue;
            }
            let is_hidden = HIDDEN_ELEMENTS.contains(&name.as_str()) || tag == UNKNOWN_TAG || tag.starts_with(EMBED);
            if !closes && is_hidden && ends.get(&name).is_some_and(|&end| end > number) {
                hidden_element = Some(name);
                continue;
            }
        }
        if hidden_element.is_some() && node.first_child().is_none() {
            continue;
        }
        match &data.value {
            NodeValue::Text(literal) => text.push_str(literal),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::Math(math) => text.push_str(&math.literal),
            NodeValue::SoftBreak => text.push('\n'),
            NodeValue::LineBreak => text.push(' '),
            NodeValue::HtmlInline(tag) if tag.starts_with("<br") => text.push(' '),
            NodeValue::Image(_) | NodeValue::FootnoteReference(_) => {}
            _ => nodes.extend(node.reverse_children()),
        }
    }
    // control characters are removed from every text
    let text = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    join_lines(&text)
}

/// `text` on one line, with single spaces; there is none where a line ends between two characters of a script without spaces.
fn join_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(first) = line.chars().next() else {
            continue;
        };
        let last = out.chars().next_back();
        if last.is_some_and(|last| !(is_unspaced(last) && is_unspaced(first))) {
            out.push(' ');
        }
        out.push_str(&line);
    }
    out
}

/// Whether `c` belongs to a script that has no spaces between words: Chinese and Japanese, with their punctuation.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{312f}' | '\u{31a0}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff65}' | '\u{20000}'..='\u{3ffff}')
}

/// Elements whose content is not shown, if they end.
const HIDDEN_ELEMENTS: [&str; 12] = [
    "script", "style", "svg", "canvas", "applet", "datalist", "iframe", "noembed", "noframes", "noscript", "video", "audio",
];

/// The number of the last end tag of `code`, `a` and each of [`HIDDEN_ELEMENTS`] below `node`, counting all tags from 1.
fn last_end_tags(node: Node<'_>) -> HashMap<String, usize> {
    let mut ends = HashMap::new();
    let mut number = 0;
    for node in node.descendants() {
        if let NodeValue::HtmlInline(tag) = &node.data().value {
            number += 1;
            let (closes, name) = tag_name(tag);
            if closes && (matches!(name.as_str(), "code" | "a") || HIDDEN_ELEMENTS.contains(&name.as_str())) {
                ends.insert(name, number);
            }
        }
    }
    ends
}

/// Whether `tag` is an end tag, and its name in lower case.
fn tag_name(tag: &str) -> (bool, String) {
    let tag = tag.strip_prefix('<').unwrap_or(tag);
    let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    (closes, tag[..end].to_ascii_lowercase())
}

/// The first sentence of `text`, a single line.
fn first_sentence(text: &str) -> &str {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '۔') {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(at, next)) = chars.peek() {
            if !is_closing(next) {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        let wide = matches!(c, '。' | '！' | '？');
        let after = &text[end..];
        if (wide || after.starts_with(' ')) && ends_sentence(&text[..at], c, after.trim_start()) {
            return &text[..end];
        }
    }
    text
}

/// Whether `c` belongs to the end of a sentence: another mark, a closing quote or bracket.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '"' | '\'' | '”' | '’' | '»' | '」' | '』' | '）' | ')' | ']'
    )
}

/// Whether the mark `mark` between `before` and `after` ends a sentence.
fn ends_sentence(before: &str, mark: char, after: &str) -> bool {
    // "e.g. the", "Yahoo! was", "and so on … until"
    if after.starts_with(char::is_lowercase) {
        return false;
    }
    if mark != '.' {
        return true;
    }
    let word = before
        .rsplit([' ', '(', '[', '"', '“', '‘', '-', '/'])
        .next()
        .unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    // "U.S. Government", "J.R.R. Tolkien"
    let initials = word.contains('.') && word.split('.').all(|part| part.chars().count() <= 1);
    let number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) && before.len() == word.len();
    let word = word.to_lowercase();
    let numbered = NUMBERED.contains(&word.as_str()) && after.starts_with(|c: char| c.is_ascii_digit());
    !(initial || initials || number || numbered || ABBREVIATIONS.contains(&word.as_str()))
}

/// Cuts `text` after a word if it is too long, and adds an ellipsis.
fn shorten(text: &str) -> String {
    let Some((limit, _)) = text.char_indices().nth(MAX_LENGTH) else {
        return text.to_owned();
    };
    let start = &text[..limit];
    // a text with few spaces, such as Chinese, is cut anywhere
    let cut = start.rfind(' ').filter(|&space| space > limit / 2).unwrap_or(limit);
    let kept = start[..cut].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '('));
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        // the first sentence ends at `|`
        let cases = [
            ("plain", "One. |Two."),
            ("question", "Why? |Because."),
            ("one alone", "One without an end"),
            ("at the end", "One.|"),
            (
                "abbreviations",
                "See e.g. the list of Dr. Vogel vs. Mr. Stein at approx. 3. |Next.",
            ),
            ("initials", "By J. R. Pond and the U.S. Office. |Next."),
            ("numbers", "See no. 3 of vol. 2, but say no. |Next."),
            ("versions", "It is v1.2 of a.b.c now. |Next."),
            ("a name with a mark", "The Yahoo! search is gone. |Next."),
            ("quotes", "He said “no.” |Next."),
            ("brackets", "It ends (here.) |Next."),
            ("many marks", "What?! |Next."),
            ("ellipsis within", "It went on … and on. |Next."),
            ("a number first", "1. One is first. |Next."),
            ("Chinese", "你好。|再见。"),
            ("Chinese quotes", "他说：「好。」|走了。"),
            ("Hindi", "एक वाक्य। |दूसरा।"),
        ];
        for (name, marked) in cases {
            let text = marked.replace('|', "");
            let expected = marked.split('|').next().unwrap().trim_end();
            assert_eq!(first_sentence(&text), expected, "{name}");
        }
    }

    #[test]
    fn long_ones_are_cut_at_a_word() {
        let long = shorten(&"word, ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= MAX_LENGTH + 1, "{long}");
        assert_eq!(shorten(&"字".repeat(400)).chars().count(), MAX_LENGTH + 1);
        assert_eq!(shorten("short"), "short");
    }
}
