//! A text taken from its start to its end, piece by piece.
//!
//! Whatever a scanner's user asks for, each piece is at least one character and the pieces put together are the text.

use super::Class;

/// A part of a text, and what it is, where that has a class.
pub(super) type Piece<'a> = (Option<Class>, &'a str);

/// What is left of a text.
pub(super) struct Scanner<'a, 'p> {
    rest: &'a str,
    pieces: &'p mut Vec<Piece<'a>>,
    /// The character before the rest.
    before: Option<char>,
    /// Whether nothing but blanks stands before the rest on its line.
    line_start: bool,
}

impl<'a, 'p> Scanner<'a, 'p> {
    /// A scanner of `text` that adds what it takes to `pieces`.
    pub(super) fn new(text: &'a str, pieces: &'p mut Vec<Piece<'a>>) -> Scanner<'a, 'p> {
        Scanner {
            rest: text,
            pieces,
            before: None,
            line_start: true,
        }
    }

    /// What is left.
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

    /// Whether the rest begins its line, but for blanks.
    pub(super) fn at_line_start(&self) -> bool {
        self.line_start
    }

    /// What is left of the line, without its end.
    pub(super) fn line(&self) -> &'a str {
        self.rest.split('\n').next().unwrap_or_default()
    }

    /// Takes `length` bytes as `class`: at least a character, and no part of one.
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
            self.pieces.push((class.into(), taken));
        }
        taken
    }

    /// Takes what is left of the line as `class`, without its end; nothing where that is nothing.
    pub(super) fn take_line(&mut self, class: impl Into<Option<Class>>) {
        let length = self.line().len();
        if length > 0 {
            self.take(length, class);
        }
    }

    /// Takes what begins with `open` up to and with `close`, or to the end where it is not closed, as `class`.
    pub(super) fn take_block(&mut self, open: &str, close: &str, class: Class) {
        let from = open.len().min(self.rest.len());
        let end = self.rest.get(from..).and_then(|inner| inner.find(close));
        self.take(end.map_or(self.rest.len(), |at| from + at + close.len()), class);
    }

    /// Takes a string that is open after `opened` bytes, up to and with `close`, as `class`. A backslash takes what comes after it along
    /// if it `escapes`. One that is not closed ends with its line, or with the text if it has `lines`.
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

    /// Lets `lex` take the next `length` bytes.
    pub(super) fn within(&mut self, length: usize, lex: impl FnOnce(&'a str, &mut Vec<Piece<'a>>)) {
        let Some((part, rest)) = self.rest.split_at_checked(length) else {
            return;
        };
        lex(part, self.pieces);
        self.rest = rest;
        self.before = part.chars().next_back().or(self.before);
        self.line_start = part.ends_with('\n');
    }
}

/// How many bytes at the start of `text` are of characters that `belongs` passes.
pub(super) fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Whether `word` is one of `words`, which blanks part.
pub(super) fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|known| known == word)
}
