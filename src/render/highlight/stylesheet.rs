//! Style sheets: CSS (CSS Syntax Module Level 3) and what is written like it.

use super::Class;
use super::scan::{Piece, Scanner, is_one_of, span};

/// Cuts `text` into `pieces`.
pub(super) fn lex<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let mut scanner = Scanner::new(text, pieces);
    // how far the look for what ends a declaration has gone, and what it found there
    let mut ahead = Ahead::default();
    let mut at = 0;
    let mut in_value = false;
    while let Some(next) = scanner.peek() {
        let rest = scanner.rest();
        let name = span(rest, is_name);
        let word = rest.get(..name).unwrap_or_default();
        match next {
            '/' if rest.starts_with("/*") => scanner.take_block("/*", "*/", Class::Comment),
            '/' if rest.starts_with("//") => scanner.take_line(Class::Comment),
            '"' => scanner.take_string(1, "\"", true, false, Class::String),
            '\'' => scanner.take_string(1, "'", true, false, Class::String),
            '@' => {
                let keyword = span(rest.get(1..).unwrap_or_default(), is_name);
                scanner.take(1 + keyword, Class::Keyword);
                // what follows it is neither selector nor property
                in_value = true;
            }
            '$' => {
                let name = span(rest.get(1..).unwrap_or_default(), is_name);
                scanner.take(1 + name, Class::Variable);
            }
            '#' if in_value => {
                let digits = span(rest.get(1..).unwrap_or_default(), |c| c.is_ascii_alphanumeric());
                scanner.take(1 + digits, Class::Number);
            }
            '#' | '.' if !in_value => {
                let name = span(rest.get(1..).unwrap_or_default(), is_name);
                scanner.take(1 + name, Class::Attribute);
            }
            '!' => {
                let word = span(rest.get(1..).unwrap_or_default(), is_name);
                scanner.take(1 + word, Class::Keyword);
            }
            '{' | '}' | ';' => {
                in_value = false;
                scanner.take(1, None);
            }
            ':' => {
                in_value = !ahead.is_selector(text, at);
                scanner.take(1, None);
                if !in_value {
                    // a pseudo-class is part of its selector
                    let colons = span(scanner.rest(), |c| c == ':' || is_name(c));
                    if colons > 0 {
                        scanner.take(colons, Class::Keyword);
                    }
                }
            }
            c if c.is_ascii_digit() => {
                scanner.take(
                    span(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '%'),
                    Class::Number,
                );
            }
            _ if name > 0 => {
                let is_call = rest.get(name..).is_some_and(|after| after.starts_with('('));
                let class = match () {
                    () if word.starts_with("--") => Some(Class::Variable),
                    () if is_call => Some(Class::Function),
                    () if in_value => None,
                    () if is_one_of("and or not only from to", word) => Some(Class::Keyword),
                    () if ahead.is_selector(text, at) => Some(Class::Tag),
                    () => Some(Class::Attribute),
                };
                scanner.take(name, class);
            }
            '>' | '+' | '~' | '*' | '=' | '&' => {
                scanner.take(1, Class::Operator);
            }
            c => {
                scanner.take(c.len_utf8(), None);
            }
        }
        at = text.len() - scanner.rest().len();
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// The next sign that tells a selector from a declaration, found once for all that stands before it.
#[derive(Default)]
struct Ahead {
    /// Where the sign is.
    end: usize,
    is_selector: bool,
}

impl Ahead {
    /// Whether what stands at `at` of `text` belongs to a selector: a brace opens before a declaration ends.
    fn is_selector(&mut self, text: &str, at: usize) -> bool {
        if at >= self.end {
            let rest = text.get(at..).unwrap_or_default();
            let found = rest.char_indices().find(|&(_, c)| matches!(c, '{' | '}' | ';'));
            self.end = found.map_or(text.len(), |(sign, _)| at + sign);
            self.is_selector = found.is_some_and(|(_, sign)| sign == '{');
        }
        self.is_selector
    }
}
