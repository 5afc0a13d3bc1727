//! Diagnostics for files: the position, the problem and the fix.

mod secret;

use std::borrow::Cow;
use std::fmt;
use std::io;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

pub(crate) use self::secret::is_secret;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file, or its newest version, is not published.
    Error,
    /// The file is published, and something in it was guessed or left out.
    Warning,
    /// The file is correct; the note is for information.
    Note,
}

/// A position in a text: lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset` of `text`; an offset past the end is the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A message about one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Diagnostic {
    /// The file, relative to the posts folder.
    pub path: Utf8PathBuf,
    /// The position in the file; `None` for the whole file.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Its severity.
    pub severity: Severity,
    /// A stable name of this kind of problem: `yaml-syntax`, `date-impossible`.
    pub code: &'static str,
    /// The problem: a fragment in lower case, without a full stop.
    pub message: String,
    /// The fix, in the imperative; empty if nothing needs to be done.
    pub mend: String,
    /// The source line at `position`.
    #[serde(skip)]
    pub source_line: Option<String>,
    /// The number of characters to mark, from the column on.
    #[serde(skip)]
    pub length: usize,
}

/// The most bytes of a line that is drawn.
const LONGEST_DRAWN_LINE: usize = 400;

impl Diagnostic {
    /// A diagnostic about the whole of `path`.
    pub fn new(severity: Severity, code: &'static str, path: &Utf8Path, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            path: path.to_owned(),
            position: None,
            severity,
            code,
            message: message.into(),
            mend: String::new(),
            source_line: None,
            length: 1,
        }
    }

    /// The same diagnostic with a fix.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Diagnostic {
        self.mend = mend.into();
        self
    }

    /// The same diagnostic for `length` characters at `position` of `text`, the whole text of the file. A line with a secret
    /// ([`is_secret`]) is not drawn.
    #[must_use]
    pub fn at(mut self, text: &str, position: Position, length: usize) -> Diagnostic {
        let number = position.line.saturating_sub(1);
        let line = text.split('\n').nth(number).unwrap_or("").trim_end_matches('\r');
        let is_drawn = line.len() <= LONGEST_DRAWN_LINE && !secret::is_shown(text, number);
        self.source_line = is_drawn.then(|| line.to_owned());
        self.position = Some(position);
        self.length = length.max(1);
        self
    }

    /// Draws it for people, with the source line if there is one; in colour if `colour`. There is no newline at the end.
    #[must_use]
    pub fn draw(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = one_line(&self.message);
        let mend = one_line(&self.mend);
        let path = one_line(self.path.as_str());
        let line = self.source_line.as_deref().map(|line| printable(line).replace('\t', " "));
        let mut group = Group::with_title(level.primary_title(&*title));
        match (&line, self.position) {
            (Some(line), Some(position)) => {
                let offset = |chars: usize| line.char_indices().nth(chars).map_or(line.len(), |(at, _)| at);
                let start = offset(position.column - 1);
                let end = offset(position.column - 1 + self.length);
                let mark = AnnotationKind::Primary.span(start..end);
                group = group.element(Snippet::source(line).line_start(position.line).path(&*path).annotation(mark));
            }
            (None, Some(position)) => {
                group = group.element(Origin::path(&*path).line(position.line).char_column(position.column));
            }
            (_, None) => group = group.element(Origin::path(&*path)),
        }
        if !self.mend.is_empty() {
            group = group.element(Level::HELP.message(&*mend));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    /// `path:line:column: error: message (mend)`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", one_line(self.path.as_str()))?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, ": {severity}: {}", one_line(&self.message))?;
        if self.mend.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", one_line(&self.mend))
        }
    }
}

/// Whether `c` can change how the text around it is displayed: it controls a terminal, ends a line, or changes the text direction.
///
/// The joiners U+200C and U+200D do not count, because Persian, Indic scripts and emoji need them.
#[must_use]
pub(crate) fn changes_display(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e001f}'
        )
}

/// Returns `text` as one line: a character that ends a line, controls a terminal, changes the text direction or is invisible is
/// written as an escape, `\n` or `\u{202e}`.
///
/// Use it for every text from an author, a client or a file name that goes to a terminal or a log. Otherwise the text can forge a line.
///
/// ```
/// use feedmill::diagnostic::one_line;
///
/// assert_eq!(one_line("Grüße"), "Grüße");
/// assert_eq!(one_line("a\nstopped\u{202e}"), r"a\nstopped\u{202e}");
/// ```
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(changes_display) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if changes_display(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

/// `error` for people, without the error number of the system.
#[must_use]
pub(crate) fn plain_error(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = text.chars();
    // "Permission denied", but not "IO error"
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => format!("{}{}", first.to_lowercase(), letters.as_str()),
        _ => text.to_owned(),
    }
}

/// `text` with one U+FFFD for each character that [`one_line`] escapes, so that columns stay the same. Tabs stay.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if changes_display(c) && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let text = "a\nbé: c\n";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, 6), Position { line: 2, column: 4 });
        assert_eq!(
            Position::of(text, 4),
            Position { line: 2, column: 2 },
            "inside a character is the character"
        );
        assert_eq!(Position::of(text, 99), Position { line: 3, column: 1 });
    }

    #[test]
    fn drawn_with_the_line_and_the_mend() {
        let text = "---\ntitle: A: B\n---\n";
        let drawn = Diagnostic::new(Severity::Warning, "yaml-syntax", "a.md".into(), "a value may not hold `: `")
            .at(text, Position { line: 2, column: 9 }, 2)
            .mend("quote the value")
            .draw(false);
        assert!(drawn.contains("--> a.md:2:9"), "{drawn}");
        assert!(drawn.contains("2 | title: A: B"), "{drawn}");
        assert!(drawn.contains("= help: quote the value"), "{drawn}");
    }

    #[test]
    fn printable_text_has_no_line_ends_and_direction_marks() {
        let cases = [
            ("Ebb\tand flow", "Ebb\tand flow"),
            ("two\nlines\r", "two\u{fffd}lines\u{fffd}"),
            ("\u{1b}[2Jgone\u{9b}", "\u{fffd}[2Jgone\u{fffd}"),
            ("a\u{2028}b\u{2029}c\u{85}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            ("\u{202e}dm.tfard\u{2066}x\u{2069}", "\u{fffd}dm.tfard\u{fffd}x\u{fffd}"),
            ("\u{200f}\u{61c}שלום عالم", "\u{fffd}\u{fffd}שלום عالم"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected, "{text:?}");
        }
    }

    #[test]
    fn control_characters_of_a_file_never_reach_the_terminal() {
        let text = "\u{1b}[31mred";
        let diagnostic = Diagnostic::new(Severity::Error, "x", "a\u{1b}.md".into(), "bad\nline").at(
            text,
            Position { line: 1, column: 400 },
            9,
        );
        assert!(!diagnostic.draw(false).contains('\u{1b}'));
        assert_eq!(diagnostic.to_string(), r"a\u{1b}.md:1:400: error: bad\nline");
    }

    #[test]
    fn one_line_escapes_line_ends_and_direction_marks() {
        let all = (0..=0x10_ffff).filter_map(char::from_u32);
        let text: String = all.clone().collect();
        let line = one_line(&text);
        assert!(!line.contains(char::is_control));
        let bidi = ["\u{061c}", "\u{200e}", "\u{200f}", "\u{feff}", "\u{2028}", "\u{2029}"];
        let ranges = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for c in bidi.into_iter().map(str::to_owned).chain(ranges.map(String::from)) {
            assert!(!line.contains(&c), "{c:?}");
            assert_eq!(one_line(&format!("a{c}b")), format!("a{}b", c.escape_default()));
        }
        for kept in [
            "نوشته\u{200c}ها",
            "👩\u{200d}💻",
            "שלום",
            "日本語",
            "naïve – “quoted”",
            r"C:\new",
            "\u{ad}",
        ] {
            assert_eq!(one_line(kept), kept);
        }
        assert_eq!(printable(&text).chars().count(), all.count(), "columns stay");
    }
}
