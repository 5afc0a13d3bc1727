//! HTML and XML: tags, attributes, comments and references, with scripts and style sheets in them.

use super::class::Class;
use super::scan::{CodeScanner, Span, length_while};
use super::{code, grammar, stylesheet};

/// Cuts `text` into `spans`.
pub(super) fn lex<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut scanner = CodeScanner::new(text, spans);
    while let Some(next) = scanner.peek() {
        let rest = scanner.rest();
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        match next {
            '<' if rest.starts_with("<!--") => scanner.take_block("<!--", "-->", Class::Comment),
            '<' if rest.starts_with("<![CDATA[") => scanner.take_block("<![CDATA[", "]]>", Class::String),
            '<' if after.starts_with(['!', '?']) => scanner.take_block("<", ">", Class::Keyword),
            '<' if after.starts_with(|c: char| c.is_alphabetic() || c == '/') => tag(&mut scanner),
            '&' => {
                let name = length_while(after, |c| c.is_ascii_alphanumeric() || c == '#');
                let ends = name > 0 && name < 40 && after.get(name..).is_some_and(|end| end.starts_with(';'));
                if ends {
                    scanner.take(name + 2, Class::Constant);
                } else {
                    scanner.take(1, None);
                }
            }
            _ => {
                scanner.take(length_while(rest, |c| c != '<' && c != '&'), None);
            }
        }
    }
}

/// Takes a tag. After the start tag of a script or a style sheet, this takes its content too.
fn tag(scanner: &mut CodeScanner<'_, '_>) {
    let is_end = scanner.rest().starts_with("</");
    scanner.take(if is_end { 2 } else { 1 }, Class::Punctuation);
    let length = length_while(scanner.rest(), |c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
    let mut name = "";
    if length > 0 {
        name = scanner.take(length, Class::Tag);
    }
    let mut closed = false;
    while let Some(next) = scanner.peek() {
        let rest = scanner.rest();
        match next {
            '>' => {
                closed = true;
                scanner.take(1, Class::Punctuation);
                break;
            }
            // the tag has no end
            '<' => break,
            '/' => {
                scanner.take(1, Class::Punctuation);
            }
            '"' => scanner.take_string(1, "\"", false, true, Class::String),
            '\'' => scanner.take_string(1, "'", false, true, Class::String),
            '=' => {
                scanner.take(1, Class::Operator);
                let value = length_while(scanner.rest(), |c| !c.is_whitespace() && !"\"'<>".contains(c));
                if value > 0 {
                    scanner.take(value, Class::String);
                }
            }
            c if c.is_whitespace() => {
                scanner.take(length_while(rest, char::is_whitespace), None);
            }
            _ => {
                scanner.take(
                    length_while(rest, |c| !c.is_whitespace() && !"\"'<>=/".contains(c)),
                    Class::Attribute,
                );
            }
        }
    }
    if closed && !is_end {
        raw(scanner, name);
    }
}

/// Takes the content of a script or a style sheet in its own language.
fn raw(scanner: &mut CodeScanner<'_, '_>, name: &str) {
    let end = match name {
        "script" => "</script",
        "style" => "</style",
        _ => return,
    };
    let length = scanner.rest().find(end).unwrap_or(scanner.rest().len());
    match grammar::named("javascript") {
        Some(javascript) if name == "script" => scanner.within(length, |text, spans| code::lex(text, javascript, spans)),
        _ => scanner.within(length, stylesheet::lex),
    }
}
