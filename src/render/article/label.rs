//! Ids of headings and names of tables, made from a text's own words, so that they are in its language.

use crate::post::html;
use crate::post::html::token::Token;
use crate::render::escaped;

/// The most characters of a name: it is read aloud, so a longer one is cut.
const LONGEST: usize = 80;

/// The fragment that links to the element with this id. Both are escaped for an attribute.
pub(super) fn href(id: &str) -> String {
    id.replace('%', "%25")
}

/// The id of a heading with this text, which is HTML without tags: its letters and digits, with `-` for spaces. Empty if it has
/// none.
pub(super) fn fragment(text: &str) -> String {
    let text = html::text(text);
    let mut id = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_alphanumeric() || matches!(c, '-' | '_') {
            id.extend(c.to_lowercase());
        } else if c.is_whitespace() {
            id.push('-');
        }
    }
    if id.contains(char::is_alphanumeric) {
        id
    } else {
        String::new()
    }
}

/// Escapes `value`, which is escaped for an attribute, for element content.
pub(super) fn text(value: &str) -> String {
    // in an attribute a bare `<` is text
    escaped(&html::text(&value.replace('<', "&lt;")))
}

/// The name of a table as plain text: its caption, or the heads of its columns. `tokens` follow its start tag.
pub(super) fn of_table(tokens: &[Token<'_>]) -> String {
    let mut caption = String::new();
    let mut heads: Vec<String> = Vec::new();
    let mut within = "";
    for token in tokens {
        match token {
            Token::Start(tag) => match tag.name.as_str() {
                "caption" => within = "caption",
                "th" => {
                    within = "th";
                    heads.push(String::new());
                }
                "td" | "table" => break,
                _ => {}
            },
            Token::Text(text) if within == "caption" => caption.push_str(text),
            Token::Text(text) if within == "th" => {
                if let Some(head) = heads.last_mut() {
                    head.push_str(text);
                }
            }
            Token::End(name) => match name.as_str() {
                "caption" | "th" => within = "",
                // the first row of heads names the columns
                "tr" | "table" => break,
                _ => {}
            },
            Token::Text(_) | Token::Raw(_) => {}
        }
    }
    let heads = heads.iter().map(|head| head.trim()).filter(|head| !head.is_empty());
    let label = if caption.trim().is_empty() {
        heads.collect::<Vec<_>>().join(", ")
    } else {
        caption
    };
    let label = shortened(&html::text(&label));
    if label.is_empty() { "Table".to_owned() } else { label }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}
