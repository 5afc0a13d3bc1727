//! Attributes in braces after an element, as in kramdown, Python-Markdown, Pandoc and markdown-it: `## A {#a .b}`, `![](a.png){width=50%}`,
//! `{: .wide}`.
//!
//! An id stays, as the element's or as an anchor at its place; classes and other attributes are left out. A list has at least one id, class
//! or value, so braces in a sentence (`{:?}`, `{x}`) are none. Obsidian's ids of blocks (`^abc`) are treated in the same way, and icons of
//! Material for `MkDocs` are left out.

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use comrak::{Arena, Node};

/// In bytes: the longest list.
const MAX_LENGTH: usize = 300;

/// A list of attributes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AttributeList<'a> {
    /// The first id.
    pub(super) id: Option<&'a str>,
    /// In bytes, with its braces.
    pub(super) length: usize,
}

/// Parses the list at the start of `text`; `None` if there is none.
pub(super) fn parse(text: &str) -> Option<AttributeList<'_>> {
    let inner = text.strip_prefix('{')?;
    let is_kramdown = inner.starts_with(':');
    let mut rest = inner.strip_prefix(':').unwrap_or(inner);
    let mut id = None;
    let mut count = 0;
    loop {
        rest = rest.trim_start();
        if text.len() - rest.len() > MAX_LENGTH {
            return None;
        }
        if let Some(after) = rest.strip_prefix('}') {
            let length = text.len() - after.len();
            return (count > 0).then_some(AttributeList { id, length });
        }
        let (sign, name) = match rest.strip_prefix(['#', '.']) {
            Some(name) => rest.split_at(rest.len() - name.len()),
            None => ("", rest),
        };
        let end = name.find(|c: char| !is_name(c)).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        if name.is_empty() {
            return None;
        }
        rest = match (sign, after.strip_prefix('=')) {
            ("", Some(value)) => skip_value(value)?,
            // a word alone is the name of another list in kramdown
            ("", None) if !is_kramdown => return None,
            ("#", _) => {
                id = id.or(Some(name));
                after
            }
            _ => after,
        };
        count += 1;
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '%' | '/')
}

/// The text after the value at the start of `text`.
fn skip_value(text: &str) -> Option<&str> {
    match text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => text.get(1..)?.split_once(quote).map(|(_, after)| after),
        None => {
            let end = text.find(|c: char| c.is_whitespace() || matches!(c, '{' | '}'))?;
            text.get(end..).filter(|_| end > 0)
        }
    }
}

/// Removes the list at the end of a heading, `## A title {#so .wide}`, and returns its id.
pub(super) fn take_id(heading: Node<'_>) -> Option<String> {
    let last = heading.last_child()?;
    let mut data = last.data_mut();
    let NodeValue::Text(text) = &mut data.value else {
        return None;
    };
    let (before, attributes) = list_at_end(text)?;
    let id = attributes.id.map(str::to_owned);
    *text = before.to_owned().into();
    id
}

/// The text before the list at the end of `text`, and the list.
fn list_at_end(text: &str) -> Option<(&str, AttributeList<'_>)> {
    let text = text.trim_end();
    let start = text.strip_suffix('}')?.rfind('{')?;
    let (before, list) = text.split_at(start);
    let list = parse(list).filter(|parsed| parsed.length == list.len())?;
    Some((before.trim_end(), list))
}

/// Removes the lists and ids of blocks below `root`, except those of headings, and writes their ids as anchors.
pub(super) fn remove<'a>(root: Node<'a>, arena: &'a Arena<'a>) {
    let texts: Vec<Node<'a>> = root.descendants().filter(|node| may_have_list(node)).collect();
    for node in texts {
        remove_after_span(node, arena);
        remove_after_icon(node);
        remove_line(node, arena);
        remove_at_end(node, arena);
    }
}

fn may_have_list(node: Node<'_>) -> bool {
    matches!(&node.data().value, NodeValue::Text(text) if text.contains(['{', '^']) || text.contains(":material-") || text.contains("-brands-"))
}

fn text_of(node: Node<'_>) -> Option<String> {
    match &node.data().value {
        NodeValue::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn set_text(node: Node<'_>, text: &str) {
    node.data_mut().value = NodeValue::Text(text.to_owned().into());
}

fn anchor<'a>(id: &str, arena: &'a Arena<'a>) -> Node<'a> {
    let html = format!("<a id=\"{}\"></a>", html_escape::encode_double_quoted_attribute(id));
    arena.alloc(AstNode::from(NodeValue::HtmlInline(html)))
}

/// Removes the list directly after a link, a picture, code or emphasis.
fn remove_after_span<'a>(node: Node<'a>, arena: &'a Arena<'a>) {
    let Some(span) = node.previous_sibling() else {
        return;
    };
    let is_span = matches!(
        span.data().value,
        NodeValue::Link(_)
            | NodeValue::Image(_)
            | NodeValue::Emph
            | NodeValue::Strong
            | NodeValue::Code(_)
            | NodeValue::Strikethrough
            | NodeValue::Highlight
            | NodeValue::HtmlInline(_)
    );
    let Some(text) = text_of(node).filter(|_| is_span) else {
        return;
    };
    let Some(list) = parse(&text) else {
        return;
    };
    if let Some(id) = list.id {
        span.insert_before(anchor(id, arena));
    }
    set_text(node, text.get(list.length..).unwrap_or_default());
}

/// Removes icons of Material for `MkDocs`, and the lists after them: `:material-check:{ .green }`.
fn remove_after_icon(node: Node<'_>) {
    let Some(text) = text_of(node).filter(|text| text.contains(':')) else {
        return;
    };
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(':') {
        out.push_str(before);
        let name = after
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .next()
            .unwrap_or_default();
        let is_icon = ["material-", "fontawesome-", "octicons-", "simple-"]
            .iter()
            .any(|set| name.starts_with(set));
        let end = after
            .get(name.len()..)
            .and_then(|end| end.strip_prefix(':'))
            .filter(|_| is_icon);
        rest = match end {
            Some(end) => end.get(parse(end).map_or(0, |list| list.length)..).unwrap_or_default(),
            None => {
                out.push(':');
                after
            }
        };
    }
    out.push_str(rest);
    if out != text {
        set_text(node, &out);
    }
}

/// Removes a list that is a line of a paragraph.
fn remove_line<'a>(node: Node<'a>, arena: &'a Arena<'a>) {
    let is_break = |node: Option<Node<'_>>| node.is_some_and(|node| matches!(node.data().value, NodeValue::SoftBreak));
    let Some(text) = text_of(node) else {
        return;
    };
    let text = text.trim();
    // kramdown allows a list above its block, too
    let is_first = node.previous_sibling().is_none() && text.starts_with("{:") && is_break(node.next_sibling());
    let is_later = is_break(node.previous_sibling()) && (is_break(node.next_sibling()) || node.next_sibling().is_none());
    if !is_first && !is_later {
        return;
    }
    let Some(list) = parse(text).filter(|list| list.length == text.len()) else {
        return;
    };
    if let (Some(id), Some(first)) = (list.id, node.parent().and_then(comrak::arena_tree::Node::first_child)) {
        first.insert_before(anchor(id, arena));
    }
    let line_break = if is_first {
        node.next_sibling()
    } else {
        node.previous_sibling()
    };
    if let Some(line_break) = line_break {
        line_break.detach();
    }
    node.detach();
}

/// Removes the list or the id at the end of a paragraph or a cell, and the paragraph if it has nothing else.
fn remove_at_end<'a>(node: Node<'a>, arena: &'a Arena<'a>) {
    let Some(block) = node.parent().filter(|_| node.next_sibling().is_none()) else {
        return;
    };
    let is_paragraph = matches!(block.data().value, NodeValue::Paragraph);
    if !is_paragraph && !matches!(block.data().value, NodeValue::TableCell) {
        return;
    }
    let Some(text) = text_of(node) else {
        return;
    };
    let (before, id) = if let Some((before, list)) = list_at_end(&text) {
        let is_apart = text
            .get(before.len()..)
            .is_some_and(|after| after.starts_with(char::is_whitespace))
            || before.is_empty();
        if !is_apart {
            return;
        }
        (before, list.id)
    } else if let Some((before, id)) = block_id(&text).filter(|_| is_paragraph) {
        (before, Some(id))
    } else {
        return;
    };
    let is_alone = before.is_empty() && node.previous_sibling().is_none();
    if is_alone && is_paragraph {
        node.detach();
        match id {
            Some(id) => {
                let literal = format!("<div id=\"{}\"></div>\n", html_escape::encode_double_quoted_attribute(id));
                block.data_mut().value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
            }
            None => block.detach(),
        }
        return;
    }
    if let (Some(id), Some(first)) = (id, block.first_child()) {
        first.insert_before(anchor(id, arena));
    }
    set_text(node, before);
    if before.is_empty() {
        let line_break = node
            .previous_sibling()
            .filter(|before| matches!(before.data().value, NodeValue::SoftBreak));
        if let Some(line_break) = line_break {
            line_break.detach();
        }
        node.detach();
    }
}

/// The text before the id of a block at the end of `text`, as Obsidian writes it, and the id with its sign: `^b15695`.
fn block_id(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_end();
    let start = text.rfind('^')?;
    let (before, id) = text.split_at(start);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name = id.get(1..)?;
    let is_id = name.len() > 1 && name.chars().all(is_name) && name.contains(|c: char| c.is_ascii_alphabetic());
    let is_apart = before.is_empty() || before.ends_with(char::is_whitespace);
    (is_id && is_apart).then(|| (before.trim_end(), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let found = |id, length| Some(AttributeList { id, length });
        let cases = [
            ("{#a}", found(Some("a"), 4)),
            ("{: #a .b}c", found(Some("a"), 9)),
            ("{ .b #a_1 #c }", found(Some("a_1"), 14)),
            ("{.b}", found(None, 4)),
            ("{width=50%}", found(None, 11)),
            ("{ width=\"5 0\" loading=lazy }", found(None, 28)),
            ("{:target='_blank'}", found(None, 18)),
            ("{:.a.b}", found(None, 7)),
            ("{:toc}", found(None, 6)),
            ("{}", None),
            ("{:}", None),
            ("{:?}", None),
            ("{x}", None),
            ("{a b}", None),
            ("{#a", None),
            ("{#}", None),
            ("{a=}", None),
            ("{a={b}}", None),
            ("{a=\"b}", None),
            ("{#if a}", None),
            ("a {#b}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse(&format!("{{.a {}}}", ".b ".repeat(200))), None);
    }

    #[test]
    fn ids_of_blocks() {
        let cases = [
            ("a ^b15695", Some(("a", "^b15695"))),
            ("^quote-of-the-day ", Some(("", "^quote-of-the-day"))),
            ("2 ^10", None),
            ("a^bc", None),
            ("a ^b", None),
            ("a ^b c", None),
            ("a ^bc!", None),
        ];
        for (text, expected) in cases {
            assert_eq!(block_id(text), expected, "{text}");
        }
    }
}
