//! The parts of a post's file, and the text of its front matter while it is parsed.

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::characters::is_invisible;
use crate::post::node::Node;

/// The form of a front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `---` … `---` or `...`; also without the opening line.
    Yaml,
    /// `+++` … `+++`
    Toml,
    /// `{ … }`, `---json`, `;;;`, or JSON between `---`.
    Json,
    /// `Key: value` lines up to an empty line, or in HTML comments.
    Header,
    /// There is no front matter.
    None,
}

/// The parts of a post's file.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The form of the front matter.
    pub dialect: Dialect,
    /// The keys, as they were written, and values, in the author's order. A key comes twice only if it decides who may read the post and
    /// has different values.
    pub fields: Vec<(String, Node)>,
    /// The text after the front matter.
    pub body: &'a str,
    /// Warnings about what was parsed leniently.
    pub remarks: Vec<Diagnostic>,
}

/// In bytes: a hundred times what real posts have, and so little that every parser here is quick.
pub(super) const LARGEST_FRONT_MATTER: usize = 64 * 1024;

/// Returns whether a line of such characters is blank: spaces, and also a second byte order mark.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// The file that is parsed.
#[derive(Clone, Copy)]
pub(super) struct FileText<'p, 'a> {
    pub(super) path: &'p Utf8Path,
    pub(super) text: &'a str,
}

impl<'p, 'a> FileText<'p, 'a> {
    /// Returns the text from `offset`.
    pub(super) fn from(self, offset: usize) -> &'a str {
        self.text.get(offset..).unwrap_or("")
    }

    /// Returns the front matter from the byte `start`, which begins a line, to `end`, unless it is too large.
    pub(super) fn front_matter(self, start: usize, end: usize) -> Result<FrontMatterText<'p, 'a>, Diagnostic> {
        let text = self.text.get(start..end).unwrap_or("");
        let line = Position::of(self.text, start).line;
        if text.len() > LARGEST_FRONT_MATTER {
            let message = format!(
                "the front matter has {} bytes, and {LARGEST_FRONT_MATTER} at most are read",
                text.len()
            );
            let mend = "move what is not about the post into its text".to_owned();
            return Err(self.refuse("front-matter-too-large", Position { line, column: 1 }, message, mend));
        }
        Ok(FrontMatterText {
            file: self,
            text,
            start,
            line,
        })
    }

    /// Returns a warning about the text at `at`.
    pub(super) fn warn(self, code: &'static str, at: Position, message: String, mend: String) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, self.path, message)
            .at(self.text, at, 1)
            .mend(mend)
    }

    /// Returns an error about the text at `at`.
    pub(super) fn refuse(self, code: &'static str, at: Position, message: String, mend: String) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, self.path, message)
            .at(self.text, at, 1)
            .mend(mend)
    }
}

/// The text of a front matter.
#[derive(Clone, Copy)]
pub(super) struct FrontMatterText<'p, 'a> {
    pub(super) file: FileText<'p, 'a>,
    pub(super) text: &'a str,
    /// Its offset in the file.
    pub(super) start: usize,
    /// The number of its first line in the file.
    pub(super) line: usize,
}

/// Returns the lines of `text`, each with its offset.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |offset, line| {
        let at = *offset;
        *offset += line.len();
        Some((at, line.strip_suffix('\n').unwrap_or(line)))
    })
}
