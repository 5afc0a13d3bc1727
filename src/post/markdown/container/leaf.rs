//! The block that a line leaves open (`CommonMark`, chapter 4).

use super::super::super::html::token::start_tag;

/// The end tags of elements whose content is text.
pub(super) const TEXT_END_TAGS: &[&str] = &["</pre>", "</script>", "</style>", "</textarea>"];

/// The block that the last line left open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafBlock {
    None,
    Paragraph,
    Fence(char, usize),
    /// HTML up to one of these.
    Until(&'static [&'static str]),
    /// HTML up to a blank line.
    Html,
}

/// Whether `content` is a thematic break.
pub(super) fn is_break(content: &str) -> bool {
    ['-', '*', '_'].iter().any(|&mark| {
        content.starts_with(mark)
            && content.chars().all(|c| c == mark || c == ' ' || c == '\t')
            && content.matches(mark).count() >= 3
    })
}

/// The fence at the start of `content`.
pub(super) fn begins_fence(content: &str) -> Option<LeafBlock> {
    let mark = content.chars().next().filter(|&c| c == '`' || c == '~')?;
    let length = content.chars().take_while(|&c| c == mark).count();
    (length >= 3 && !(mark == '`' && content[length..].contains('`'))).then_some(LeafBlock::Fence(mark, length))
}

/// Whether a line with this `content` cannot continue a paragraph. Template tags are removed before Markdown is parsed.
pub(super) fn begins_block(content: &str) -> bool {
    content.starts_with(['#', '<', '{', '%', '}']) || is_break(content) || begins_fence(content).is_some()
}

/// The block that a line with this `content` leaves open.
pub(super) fn opened_by(content: &str, is_paragraph: bool) -> LeafBlock {
    if let Some(fence) = begins_fence(content) {
        return fence;
    }
    let is_underline = is_paragraph && content.bytes().all(|byte| byte == b'=');
    if content.starts_with('#') || is_break(content) || is_underline {
        return LeafBlock::None;
    }
    let Some(named) = content.strip_prefix('<') else {
        return LeafBlock::Paragraph;
    };
    let until = |ends: &'static [&'static str], rest: &str| {
        if contains_any(rest, ends) {
            LeafBlock::None
        } else {
            LeafBlock::Until(ends)
        }
    };
    if let Some(rest) = named.strip_prefix("!--") {
        return until(&["-->"], rest);
    }
    if let Some(rest) = named.strip_prefix("![CDATA[") {
        return until(&["]]>"], rest);
    }
    if let Some(rest) = named.strip_prefix('?') {
        return until(&["?>"], rest);
    }
    let length = named.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = named.get(..length).unwrap_or_default();
    if ["pre", "script", "style", "textarea"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    {
        let closes_itself = named.split('>').next().is_some_and(|tag| tag.ends_with('/'));
        return if closes_itself {
            LeafBlock::Html
        } else {
            until(TEXT_END_TAGS, named)
        };
    }
    if begins_html(content) || (!is_paragraph && is_tag_alone(content)) {
        LeafBlock::Html
    } else {
        LeafBlock::Paragraph
    }
}

/// The elements that begin a block of HTML (section 4.6, kind 6).
#[rustfmt::skip]
pub(in super::super) const HTML_BLOCKS: [&str; 62] = [
    "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col", "colgroup", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2", "h3",
    "h4", "h5", "h6", "head", "header", "hr", "html", "iframe", "legend", "li", "link", "main", "menu", "menuitem", "nav", "noframes",
    "ol", "optgroup", "option", "p", "param", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title",
    "tr", "track", "ul",
];

/// Whether a line begins a block of HTML because of the name of its tag.
fn begins_html(content: &str) -> bool {
    let Some(named) = content.strip_prefix('<') else {
        return false;
    };
    let named = named.strip_prefix('/').unwrap_or(named);
    let length = named.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = named.split_at(length);
    let is_known = HTML_BLOCKS.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_known && (rest.is_empty() || rest.starts_with([' ', '\t', '>']) || rest.starts_with("/>"))
}

/// Whether a line is only a tag.
fn is_tag_alone(content: &str) -> bool {
    let is_end = content.strip_prefix("</").is_some_and(|named| {
        let named = named.trim_end();
        named.starts_with(|c: char| c.is_ascii_alphabetic()) && named.find('>') == Some(named.len() - 1)
    });
    is_end || start_tag(content).is_some_and(|tag| content.get(tag.written.len()..).is_some_and(|rest| rest.trim().is_empty()))
}

/// Whether the element that `content` begins is shown as text if it does not end.
pub(super) fn is_text_unless_closed(content: &str) -> bool {
    let is_pre = content.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("<pre"));
    !content.starts_with("<!--") && !is_pre
}

pub(super) fn contains_any(text: &str, signs: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    signs.iter().any(|sign| text.contains(sign))
}
