//! Makes a post's summary: the text before its author's "more" marker, else its first sentence.

use std::collections::HashMap;

use comrak::Node;
use comrak::nodes::NodeValue;

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

/// Returns the summary of the part of a post in `root`; `whole` says that this part is the text before the "more" marker.
pub(super) fn summarise(root: Node<'_>, whole: bool) -> String {
    let mut paragraphs = root
        .children()
        .filter(|node| is_prose(node))
        .map(plain_text)
        .filter(|text| !text.is_empty());
    if whole {
        shorten(&paragraphs.collect::<Vec<_>>().join(" "))
    } else {
        shorten(first_sentence(&paragraphs.next().unwrap_or_default()))
    }
}

/// Whether a block is a paragraph with text, not only with a picture, a template tag or a table of contents.
fn is_prose(node: Node<'_>) -> bool {
    if !matches!(node.data().value, NodeValue::Paragraph) {
        return false;
    }
    node.children().any(|child| match &child.data().value {
        NodeValue::Text(text) => text.chars().any(char::is_alphanumeric),
        NodeValue::Code(code) => !(code.literal.starts_with("{{") || code.literal.starts_with("{%")),
        NodeValue::Image(_)
        | NodeValue::FootnoteReference(_)
        | NodeValue::HtmlInline(_)
        | NodeValue::SoftBreak
        | NodeValue::LineBreak => false,
        _ => !plain_text(child).is_empty(),
    })
}

/// Returns the plain text of `node` on one line, without pictures and footnotes.
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
            if !closes && ends.get(&name).is_some_and(|&end| end > number) {
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
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            NodeValue::HtmlInline(tag) if tag.starts_with("<br") => text.push(' '),
            NodeValue::Image(_) | NodeValue::FootnoteReference(_) => {}
            _ => nodes.extend(node.reverse_children()),
        }
    }
    // control characters are removed from every text
    let text = text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Elements whose content is not shown, if they end.
const HIDDEN_ELEMENTS: [&str; 9] = [
    "script", "style", "svg", "canvas", "applet", "datalist", "iframe", "noembed", "noframes",
];

/// The number of the last end tag of each of [`HIDDEN_ELEMENTS`] below `node`, counting all tags from 1.
fn last_end_tags(node: Node<'_>) -> HashMap<String, usize> {
    let mut ends = HashMap::new();
    let mut number = 0;
    for node in node.descendants() {
        if let NodeValue::HtmlInline(tag) = &node.data().value {
            number += 1;
            let (closes, name) = tag_name(tag);
            if closes && HIDDEN_ELEMENTS.contains(&name.as_str()) {
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
