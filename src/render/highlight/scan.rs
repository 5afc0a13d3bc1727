//! Cuts a text into spans, from its start to its end.
//!
//! Each span has at least one character, and all spans together are the text, however a scanner is used.

use super::class::Class;

/// A part of a text, and its class, if it has one.
pub(super) type Span<'a> = (Option<Class>, &'a str);

/// The rest of a text, and the spans before it.
pub(super) struct CodeScanner<'a, 'p> {
    rest: &'a str,
    spans: &'p mut Vec<Span<'a>>,
    /// The character before the rest.
    before: Option<char>,
    /// Whether only blanks precede the rest on its line.
    line_start: bool,
}

impl<'a, 'p> CodeScanner<'a, 'p> {
    /// A scanner of `text` that adds spans to `spans`.
    pub(super) fn new(text: &'a str, spans: &'p mut Vec<Span<'a>>) -> CodeScanner<'a, 'p> {
        CodeScanner {
            rest: text,
            spans,
            before: None,
            line_start: true,
        }
    }

    /// The rest of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The character before the rest.
    pub(super) fn before(&self) -> Option<char> {
        self.before
    }

    /// Whether only blanks precede the rest on its line.
    pub(super) fn at_line_start(&self) -> bool {
        self.line_start
    }

    /// The rest of the line, without its end.
    pub(super) fn line(&self) -> &'a str {
        self.rest.split('\n').next().unwrap_or_default()
    }

    /// Takes `length` bytes as `class`: at least one character, and only whole ones.
    pub(super) fn take(&mut self, length: usize, class: impl Into<Option<Class>>) -> &'a str {
        let mut length = length.max(1).min(self.rest.len());
        while !self.rest.is_char_boundary(length) {
            length += 1;
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.before = taken.chars().next_back().or(self.before);
        self.line_start = match taken.rsplit_once('\n') {
            Some((_, end)) => end.trim_ascii().is_empty(),
            None => self.line_start && taken.trim_ascii().is_empty(),
        };
        if !taken.is_empty() {
            self.spans.push((class.into(), taken));
        }
        taken
    }

    /// Takes the rest of the line as `class`, without its end. It may be empty.
    pub(super) fn take_line(&mut self, class: impl Into<Option<Class>>) {
        let length = self.line().len();
        if length > 0 {
            self.take(length, class);
        }
    }

    /// Takes a block from `open` to `close`, or to the end of the text, as `class`.
    pub(super) fn take_block(&mut self, open: &str, close: &str, class: Class) {
        let from = open.len().min(self.rest.len());
        let end = self.rest.get(from..).and_then(|inner| inner.find(close));
        self.take(end.map_or(self.rest.len(), |at| from + at + close.len()), class);
    }

    /// Takes a string, whose opening quote has `opened` bytes, to `close` as `class`. If it `escapes`, a backslash escapes the next
    /// character. A string without `close` ends with its line, or with the text if it has `lines`.
    pub(super) fn take_string(&mut self, opened: usize, close: &str, escapes: bool, lines: bool, class: Class) {
        let mut after_backslash = false;
        for (at, c) in self.rest.char_indices().skip_while(|&(at, _)| at < opened) {
            if after_backslash {
                after_backslash = false;
            } else if c == '\\' && escapes {
                after_backslash = true;
            } else if self.rest.get(at..).is_some_and(|rest| rest.starts_with(close)) {
                self.take(at + close.len(), class);
                return;
            } else if c == '\n' && !lines {
                self.take(at, class);
                return;
            }
        }
        self.take(self.rest.len(), class);
    }

    /// Calls `lex` for the next `length` bytes.
    pub(super) fn within(&mut self, length: usize, lex: impl FnOnce(&'a str, &mut Vec<Span<'a>>)) {
        let Some((part, rest)) = self.rest.split_at_checked(length) else {
            return;
        };
        lex(part, self.spans);
        self.rest = rest;
        self.before = part.chars().next_back().or(self.before);
        self.line_start = part.ends_with('\n');
    }
}

/// The number of bytes at the start of `text` whose characters fulfil `belongs`.
pub(super) fn length_while(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Whether `word` is one of `words`, which are separated by blanks.
pub(super) fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
