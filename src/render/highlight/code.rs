//! The lexer for programming languages, driven by a [`Grammar`].

use std::collections::HashMap;

use super::class::Class;
use super::grammar::{Feature, Grammar, Quote};
use super::scan::{CodeScanner, Span, is_one_of, length_while};

/// The most characters of a regular expression or an attribute. This bounds the search for its end.
const MAX_LOOKAHEAD: usize = 256;

/// The most `#` before a raw string.
const MAX_HASHES: usize = 16;

/// Cuts `text` into spans by `grammar`.
pub(super) fn lex<'a>(text: &'a str, grammar: &Grammar, spans: &mut Vec<Span<'a>>) {
    let mut lexer = Lexer {
        scanner: CodeScanner::new(text, spans),
        grammar,
        words: words(grammar),
        last: "",
        last_class: None,
    };
    while let Some(next) = lexer.scanner.peek() {
        lexer.token(next);
    }
}

struct Lexer<'g, 'a, 'p> {
    scanner: CodeScanner<'a, 'p>,
    grammar: &'g Grammar,
    /// The words of the grammar, hashed because a hostile text can have a word every other byte.
    words: HashMap<&'static str, Class>,
    /// The last token that was neither a blank nor a comment.
    last: &'a str,
    last_class: Option<Class>,
}

impl Lexer<'_, '_, '_> {
    fn has(&self, feature: Feature) -> bool {
        self.grammar.features.contains(&feature)
    }

    /// Takes `length` bytes as `class`, and notes them as the last token.
    fn take(&mut self, length: usize, class: impl Into<Option<Class>>) {
        self.last_class = class.into();
        self.last = self.scanner.take(length, self.last_class);
    }

    fn token(&mut self, next: char) {
        if next.is_whitespace() {
            self.scanner
                .take(length_while(self.scanner.rest(), char::is_whitespace), None);
        } else if !(self.comment() || self.string() || self.sigil(next)) {
            if next.is_ascii_digit() {
                self.number();
            } else if next.is_alphabetic() || next == '_' || (next == '$' && self.grammar.name_signs.contains('$')) {
                self.word();
            } else {
                self.sign(next);
            }
        }
    }

    fn comment(&mut self) -> bool {
        let rest = self.scanner.rest();
        if let Some((open, close)) = self.grammar.block_comment
            && rest.starts_with(open)
        {
            if self.has(Feature::NestedComments) {
                let length = nested(rest, open, close);
                self.scanner.take(length, Class::Comment);
            } else {
                self.scanner.take_block(open, close, Class::Comment);
            }
            return true;
        }
        let begins = self.grammar.line_comments.iter().any(|mark| rest.starts_with(mark));
        let is_attribute = self.has(Feature::Attributes) && rest.starts_with("#[");
        let is_tight = self.has(Feature::LooseComments) && !self.scanner.before().is_none_or(char::is_whitespace);
        if begins && !is_attribute && !is_tight {
            self.scanner.take_line(Class::Comment);
            return true;
        }
        false
    }

    /// Takes a string without a prefix.
    fn string(&mut self) -> bool {
        self.string_after(0, true)
    }

    /// Takes a string after `prefix` bytes. If it may not `escape`, a backslash is an ordinary character.
    fn string_after(&mut self, prefix: usize, escape: bool) -> bool {
        let rest = self.scanner.rest();
        let opens = rest.get(prefix..).unwrap_or_default();
        let hashes = opens.chars().take(MAX_HASHES).take_while(|&c| c == '#').count();
        if self.has(Feature::Hashes)
            && hashes > 0
            && let Some(quote) = opens.get(hashes..).filter(|quote| quote.starts_with('"'))
        {
            let quotes = if quote.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
            // the same number of `#` closes it
            let close = format!("{quotes}{}", "#".repeat(hashes));
            self.remember_string();
            self.scanner
                .take_string(prefix + hashes + quotes.len(), &close, false, true, Class::String);
            return true;
        }
        let Some(&Quote {
            open,
            close,
            escapes,
            lines,
        }) = self.grammar.strings.iter().find(|quote| opens.starts_with(quote.open))
        else {
            return false;
        };
        let from = prefix + open.len();
        let class = if self.has(Feature::Keys) && is_key(rest.get(from..).unwrap_or_default(), close) {
            Class::Attribute
        } else {
            Class::String
        };
        self.remember_string();
        self.scanner.take_string(from, close, escapes && escape, lines, class);
        true
    }

    fn remember_string(&mut self) {
        self.last = "\"";
        self.last_class = Some(Class::String);
    }

    /// Takes a token that begins with a sign to which the language gives a meaning.
    fn sigil(&mut self, next: char) -> bool {
        let rest = self.scanner.rest();
        let after = rest.get(next.len_utf8()..).unwrap_or_default();
        let name = length_while(after, |c| c.is_alphanumeric() || c == '_');
        let starts_name = after.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let taken = match next {
            '\'' if self.has(Feature::Ticks) => tick(after),
            '#' if self.has(Feature::Attributes) && after.starts_with(['[', '!']) => {
                attribute(rest).map(|end| (end, Class::Attribute))
            }
            '#' if self.has(Feature::Directives) && self.scanner.at_line_start() => {
                let blanks = length_while(after, |c| c == ' ' || c == '\t');
                let word = length_while(after.get(blanks..).unwrap_or_default(), |c| c.is_ascii_alphabetic());
                Some((1 + blanks + word, Class::Attribute))
            }
            '<' if self.last_class == Some(Class::Attribute)
                && matches!(self.last.trim_start_matches(['#', ' ']), "include" | "import") =>
            {
                let line = self.scanner.line();
                line.find('>').map(|end| (end + 1, Class::String))
            }
            '<' if self.has(Feature::Islands) && after.starts_with('?') => {
                let word = length_while(after.get(1..).unwrap_or_default(), |c| c.is_ascii_alphabetic() || c == '=');
                Some((2 + word, Class::Tag))
            }
            '?' if self.has(Feature::Islands) && after.starts_with('>') => Some((2, Class::Tag)),
            '@' if starts_name && self.has(Feature::Annotations) => {
                let dotted = length_while(after, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                Some((1 + dotted, Class::Attribute))
            }
            '@' if self.has(Feature::Fields) => {
                let second = usize::from(after.starts_with('@'));
                let name = length_while(after.get(second..).unwrap_or_default(), |c| c.is_alphanumeric() || c == '_');
                (name > 0).then_some((1 + second + name, Class::Variable))
            }
            '$' if name > 0 && self.has(Feature::Dollars) => Some((1 + name, Class::Variable)),
            ':' if starts_name && self.has(Feature::Symbols) && !matches!(self.scanner.before(), Some(':' | '?')) => {
                Some((1 + name, Class::Constant))
            }
            '/' if self.has(Feature::Expressions) && self.wants_value() => {
                expression(self.scanner.line()).map(|end| (end, Class::String))
            }
            _ => None,
        };
        match taken {
            Some((length, class)) => {
                self.take(length, class);
                true
            }
            None => false,
        }
    }

    /// Whether a value comes next and not an operator, judging by the last token.
    fn wants_value(&self) -> bool {
        match self.last_class {
            Some(Class::Keyword | Class::Operator) => true,
            Some(_) => false,
            None => self.last.is_empty() || self.last.ends_with(['(', '[', '{', ',', ';', ':', '}']),
        }
    }

    fn number(&mut self) {
        let rest = self.scanner.rest();
        let is_hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
        let mut before = ' ';
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let goes_on = c.is_alphanumeric()
                || c == '_'
                || (c == '.'
                    && rest
                        .get(at + 1..)
                        .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit())))
                || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !is_hexadecimal);
            if !goes_on {
                break;
            }
            before = c;
            end = at + c.len_utf8();
        }
        self.take(end, Class::Number);
    }

    fn word(&mut self) {
        let rest = self.scanner.rest();
        let signs = self.grammar.name_signs;
        let length = length_while(rest, |c| c.is_alphanumeric() || c == '_' || signs.contains(c));
        let word = rest.get(..length).unwrap_or_default();
        let escapes = !word.contains(['r', 'R']);
        if is_one_of(self.grammar.prefixes, word) && self.string_after(length, escapes) {
            return;
        }
        let after = rest.get(length..).unwrap_or_default();
        if self.has(Feature::Ticks)
            && is_one_of(self.grammar.prefixes, word)
            && let Some((character, Class::String)) = after.strip_prefix('\'').and_then(tick)
        {
            return self.take(length + character, Class::String);
        }
        if self.has(Feature::Macros) && after.starts_with('!') && !after.starts_with("!=") {
            return self.take(length + 1, Class::Function);
        }
        let class = self.word_class(word, after);
        self.take(length, class);
    }

    fn word_class(&self, word: &str, after: &str) -> Option<Class> {
        let folded;
        let known = if self.has(Feature::AnyCase) {
            folded = word.to_ascii_lowercase();
            &folded
        } else {
            word
        };
        let is_member = self.last == "." && self.scanner.before() == Some('.');
        if is_one_of(self.grammar.definers, self.last) {
            return Some(Class::Function);
        }
        if (!is_member || word == "await")
            && let Some(&class) = self.words.get(known)
        {
            return Some(class);
        }
        if self.has(Feature::Capitals) && word.starts_with(char::is_uppercase) {
            let shouts = word.len() > 1 && !word.contains(char::is_lowercase);
            return Some(if shouts { Class::Constant } else { Class::Type });
        }
        after.starts_with('(').then_some(Class::Function)
    }

    fn sign(&mut self, next: char) {
        let is_operator = |c: char| "+-*/%=<>!&|^~?".contains(c);
        if is_operator(next) {
            // one at a time, because the next one could begin a comment or a string
            self.take(1, Class::Operator);
        } else {
            self.take(next.len_utf8(), None);
        }
    }
}

fn words(grammar: &Grammar) -> HashMap<&'static str, Class> {
    let lists = [
        (grammar.types, Class::Type),
        (grammar.constants, Class::Constant),
        (grammar.keywords, Class::Keyword),
    ];
    let words = lists
        .into_iter()
        .flat_map(|(list, class)| list.split_ascii_whitespace().map(move |word| (word, class)));
    words.collect()
}

/// The length and the class of the token that begins with a tick before `after`: a character between ticks, or a name.
fn tick(after: &str) -> Option<(usize, Class)> {
    let mut chars = after.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        // at most as long as `\u{10ffff}`
        let (end, _) = chars.skip(1).take(10).find(|&(_, c)| c == '\'')?;
        return Some((end + 2, Class::String));
    }
    if chars.next().is_some_and(|(_, second)| second == '\'') {
        return Some((2 + first.len_utf8(), Class::String));
    }
    let name = length_while(after, |c| c.is_alphanumeric() || c == '_');
    (name > 0).then_some((1 + name, Class::Variable))
}

/// The length of the comment at the start of `text`, which may contain others.
fn nested(text: &str, open: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(open) {
            depth += 1;
            at += open.len();
        } else if rest.starts_with(close) {
            depth = depth.saturating_sub(1);
            at += close.len();
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Whether the string whose content begins `text` is followed by a colon.
fn is_key(text: &str, close: &str) -> bool {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return false,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if text.get(at..).is_some_and(|rest| rest.starts_with(close)) => {
                let after = text.get(at + close.len()..).unwrap_or_default();
                let blanks = length_while(after, |c| c == ' ' || c == '\t');
                return after.get(blanks..).is_some_and(|after| after.starts_with(':'));
            }
            _ => {}
        }
    }
    false
}

/// The length of the attribute `#[…]` at the start of `text`.
fn attribute(text: &str) -> Option<usize> {
    let start = if text.starts_with("#![") { 3 } else { 2 };
    text.get(..start).filter(|open| open.ends_with('['))?;
    let mut depth = 1_usize;
    for (at, c) in text.char_indices().skip(start).take(MAX_LOOKAHEAD) {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The length of the regular expression at the start of `line`, with its flags.
fn expression(line: &str) -> Option<usize> {
    let (mut escaped, mut in_set) = (false, false);
    for (at, c) in line.char_indices().skip(1).take(MAX_LOOKAHEAD) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_set = true,
            ']' => in_set = false,
            '/' if !in_set => {
                let flags = length_while(line.get(at + 1..).unwrap_or_default(), |c| c.is_ascii_lowercase());
                return Some(at + 1 + flags);
            }
            _ => {}
        }
    }
    None
}
