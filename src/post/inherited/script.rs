//! Reads the keys of visibility that a script sets, without running it. Literal values (`draft: true`) are read; a computed value is an
//! error.

use std::ops::Range;

use crate::diagnostic::Position;
use crate::post::node::{Node, Value};

/// A key whose value is computed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ComputedKey {
    pub(super) offset: usize,
    pub(super) word: String,
}

/// Keys that a script may set for all its posts.
const KEYS: [&str; 13] = [
    "draft",
    "drafts",
    "isDraft",
    "published",
    "publish",
    "private",
    "hidden",
    "unlisted",
    "status",
    "visibility",
    "password",
    "permalink",
    "eleventyExcludeFromCollections",
];

/// Returns the fields that `text` sets to literal values.
pub(super) fn parse_script(text: &str) -> Result<Vec<(String, Node)>, ComputedKey> {
    let code = without_comments(text);
    let mut fields = Vec::new();
    for Range { start, end } in words(&code) {
        let Some(word) = code.get(start..end).filter(|word| KEYS.contains(word)) else {
            continue;
        };
        let before = code.get(..start).unwrap_or_default();
        let before = before.strip_suffix(['"', '\'']).unwrap_or(before).trim_end();
        let after = code.get(end..).unwrap_or_default();
        let after = after.strip_prefix(['"', '\'']).unwrap_or(after).trim_start();
        // `data.draft` reads the post's own front matter
        let is_read = before.ends_with('.') && !before.ends_with("...");
        let value = if let Some(value) = after.strip_prefix(':') {
            value
        } else if let Some(value) = after.strip_prefix('=').filter(|value| !value.starts_with(['=', '>'])) {
            value
        } else if after.starts_with('(') && before.ends_with(['{', ',']) {
            // a method of an object
            after
        } else {
            continue;
        };
        if is_read && !after.starts_with('=') {
            continue;
        }
        match literal(value) {
            Some(text) if word == "permalink" && text != "false" => {}
            Some(text) => {
                let value = Value::Scalar {
                    text: text.to_owned(),
                    plain: true,
                };
                let position = Position::of(&code, start);
                fields.push((word.to_owned(), Node { value, position }));
            }
            None if is_computed_from_front_matter(&code, word) => {}
            None => {
                return Err(ComputedKey {
                    offset: start,
                    word: word.to_owned(),
                });
            }
        }
    }
    Ok(fields)
}

/// Whether the code reads the front matter of each post, or only computes addresses.
fn is_computed_from_front_matter(code: &str, word: &str) -> bool {
    let reads = [".draft", ".published", ".status", ".date", ".hidden", ".unlisted", ".private"];
    let is_plain_address = word == "permalink" && !code.contains("false");
    is_plain_address || reads.iter().any(|read| code.contains(read))
}

/// The literal at the start of `value`, if the value ends after it.
fn literal(value: &str) -> Option<&str> {
    let value = value.trim_start();
    let ends = |rest: &str| {
        let rest = rest.trim_start_matches([' ', '\t']);
        rest.is_empty() || rest.starts_with([',', '}', ';', '\n', '\r'])
    };
    for quote in ['"', '\'', '`'] {
        if let Some((text, rest)) = value.strip_prefix(quote).and_then(|value| value.split_once(quote)) {
            return ends(rest).then_some(text);
        }
    }
    let end = value.find(|c: char| !c.is_alphanumeric()).unwrap_or(value.len());
    let (word, rest) = value.split_at(end);
    match word {
        "true" | "false" if ends(rest) => Some(word),
        "null" | "undefined" if ends(rest) => Some("false"),
        _ => None,
    }
}

/// The ranges of the words in `code`.
fn words(code: &str) -> Vec<Range<usize>> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in code.char_indices().chain([(code.len(), ' ')]) {
        match (is_of_word(c), start) {
            (true, None) => start = Some(at),
            (false, Some(first)) => {
                words.push(first..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// `text` with spaces in place of comments, so that offsets stay the same.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c, chars.peek()) {
            (None, '/', Some('/')) => {
                code.push(' ');
                while let Some(c) = chars.next_if(|c| *c != '\n') {
                    code.extend(std::iter::repeat_n(' ', c.len_utf8()));
                }
            }
            (None, '/', Some('*')) => {
                code.push(' ');
                let mut last = ' ';
                for c in chars.by_ref() {
                    if c == '\n' {
                        code.push('\n');
                    } else {
                        code.extend(std::iter::repeat_n(' ', c.len_utf8()));
                    }
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            (None, '"' | '\'' | '`', _) => {
                quote = Some(c);
                code.push(c);
            }
            (Some(_), '\\', Some(_)) => {
                code.push(c);
                code.extend(chars.next());
            }
            (Some(open), c, _) => {
                if c == open || c == '\n' {
                    quote = None;
                }
                code.push(c);
            }
            (None, c, _) => code.push(c),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_values_are_read_and_computed_ones_refused() {
        let cases: [(&str, Result<&str, &str>); 17] = [
            ("module.exports = { tags: ['posts'], layout: 'post.njk' };", Ok("")),
            ("export default { draft: true };", Ok("draft=true")),
            ("export default { \"draft\": false, };", Ok("draft=false")),
            ("module.exports.draft = true;", Ok("draft=true")),
            ("export default { permalink: false }", Ok("permalink=false")),
            ("export default { permalink: '/blog/{{ page.fileSlug }}/' }", Ok("")),
            ("export default { permalink: (data) => `/x/${data.slug}/` }", Ok("")),
            (
                "export default { permalink: data => data.draft ? false : data.permalink }",
                Ok(""),
            ),
            (
                "export default { permalink: () => process.env.X ? false : '/x/' }",
                Err("permalink"),
            ),
            (
                "export default { eleventyExcludeFromCollections: true }",
                Ok("eleventyExcludeFromCollections=true"),
            ),
            (
                "export default { eleventyExcludeFromCollections: isProduction }",
                Err("eleventyExcludeFromCollections"),
            ),
            ("export default { draft: process.env.HIDE }", Err("draft")),
            ("export default { permalink(data) { return false } }", Err("permalink")),
            ("export default { // draft: true\n tags: [] }", Ok("")),
            ("/* draft: true */ export default {}", Ok("")),
            ("if (data.draft === true) { x() }", Ok("")),
            ("", Ok("")),
        ];
        for (text, expected) in cases {
            let found = parse_script(text).map(|fields| {
                let fields = fields.iter().map(|(key, node)| match &node.value {
                    Value::Scalar { text, .. } => format!("{key}={text}"),
                    _ => key.clone(),
                });
                fields.collect::<Vec<_>>().join(" ")
            });
            let found = found.as_deref().map_err(|computed| computed.word.as_str());
            assert_eq!(found, expected, "{text}");
        }
    }
}
