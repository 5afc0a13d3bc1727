//! Style sheets: CSS (CSS Syntax Module Level 3) and similar languages.

use super::class::Class;
use super::scan::{CodeScanner, Span, is_one_of, length_while};

/// Cuts `text` into spans.
pub(super) fn lex<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut lexer = StyleLexer {
        scanner: CodeScanner::new(text, spans),
        text,
        lookahead: Lookahead::default(),
        in_value: false,
    };
    while let Some(next) = lexer.scanner.peek() {
        lexer.take_token(next);
    }
}

struct StyleLexer<'a, 'p> {
    scanner: CodeScanner<'a, 'p>,
    text: &'a str,
    lookahead: Lookahead,
    /// Whether the next token is in the value of a declaration, or after an at-keyword.
    in_value: bool,
}

impl StyleLexer<'_, '_> {
    fn take_token(&mut self, next: char) {
        let rest = self.scanner.rest();
        let name = length_while(rest, is_name);
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        let name_after = length_while(after, is_name);
        let sign = match next {
            '/' if rest.starts_with("/*") => return self.scanner.take_block("/*", "*/", Class::Comment),
            '/' if rest.starts_with("//") => return self.scanner.take_line(Class::Comment),
            '"' => return self.scanner.take_string(1, "\"", true, false, Class::String),
            '\'' => return self.scanner.take_string(1, "'", true, false, Class::String),
            '{' | '}' | ';' => {
                self.in_value = false;
                (1, None)
            }
            ':' => return self.take_colon(),
            '@' => {
                // neither a selector nor a property follows
                self.in_value = true;
                (1 + name_after, Some(Class::Keyword))
            }
            '!' => (1 + name_after, Some(Class::Keyword)),
            '$' => (1 + name_after, Some(Class::Variable)),
            '#' if self.in_value => {
                let digits = length_while(after, |c| c.is_ascii_alphanumeric());
                (1 + digits, Some(Class::Number))
            }
            '#' | '.' if !self.in_value => (1 + name_after, Some(Class::Attribute)),
            c if c.is_ascii_digit() => {
                let number = length_while(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '%');
                (number, Some(Class::Number))
            }
            _ if name > 0 => (name, self.name_class(rest, name)),
            '>' | '+' | '~' | '*' | '=' | '&' => (1, Some(Class::Operator)),
            c => (c.len_utf8(), None),
        };
        self.scanner.take(sign.0, sign.1);
    }

    /// Takes a colon, with the name of a pseudo-class if it is in a selector.
    fn take_colon(&mut self) {
        self.in_value = !self.is_in_selector();
        self.scanner.take(1, None);
        let name = length_while(self.scanner.rest(), |c| c == ':' || is_name(c));
        if !self.in_value && name > 0 {
            self.scanner.take(name, Class::Keyword);
        }
    }

    /// The class of the name of `length` bytes at the start of `rest`.
    fn name_class(&mut self, rest: &str, length: usize) -> Option<Class> {
        let (word, after) = rest.split_at(length);
        match () {
            () if word.starts_with("--") => Some(Class::Variable),
            () if after.starts_with('(') => Some(Class::Function),
            () if self.in_value => None,
            () if is_one_of("and or not only from to", word) => Some(Class::Keyword),
            () if self.is_in_selector() => Some(Class::Tag),
            () => Some(Class::Attribute),
        }
    }

    fn is_in_selector(&mut self) -> bool {
        let at = self.text.len() - self.scanner.rest().len();
        self.lookahead.is_selector(self.text, at)
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// The next sign that distinguishes a selector from a declaration, found once for all tokens before it.
#[derive(Default)]
struct Lookahead {
    /// The offset of the sign.
    end: usize,
    is_selector: bool,
}

impl Lookahead {
    /// Whether the token at `at` of `text` is in a selector: a brace opens before a declaration ends.
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
