//! What there is to say about one file while it is read.

use camino::Utf8Path;

use super::characters::first_forbidden;
use super::fields;
use super::front_matter::Node;
use crate::diagnostic::{Diagnostic, Position, Severity};

/// What is to be said about one file.
pub(super) struct Remarks<'a> {
    path: &'a Utf8Path,
    text: &'a str,
    said: Vec<Diagnostic>,
}

impl<'a> Remarks<'a> {
    /// Remarks about the file `path`, whose whole text is `text`, after what is `said` already.
    pub(super) fn new(path: &'a Utf8Path, text: &'a str, said: Vec<Diagnostic>) -> Remarks<'a> {
        Remarks { path, text, said }
    }

    /// All of them.
    pub(super) fn into_said(self) -> Vec<Diagnostic> {
        self.said
    }

    /// A warning about the file as a whole.
    pub(super) fn whole(&mut self, code: &'static str, message: impl Into<String>, mend: &str) {
        self.said
            .push(Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend));
    }

    /// What was said with `code` is only worth knowing.
    pub(super) fn soften(&mut self, code: &str) {
        for diagnostic in self.said.iter_mut().filter(|diagnostic| diagnostic.code == code) {
            diagnostic.severity = Severity::Note;
        }
    }

    /// A warning about a value of the front matter.
    pub(super) fn about(&mut self, code: &'static str, node: &Node, message: impl Into<String>, mend: &str) {
        let length = fields::text(node).map_or(1, |text| text.lines().next().unwrap_or_default().chars().count());
        let diagnostic = Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend);
        self.said.push(diagnostic.at(self.text, node.position, length));
    }

    /// A warning about what begins at byte `offset` of the text.
    pub(super) fn at(&mut self, code: &'static str, offset: usize, length: usize, message: impl Into<String>, mend: &str) {
        let diagnostic = Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend);
        self.said
            .push(diagnostic.at(self.text, Position::of(self.text, offset), length));
    }

    /// Characters that no feed can carry are left out of every output: the author should know where the first one is.
    pub(super) fn control_characters(&mut self) {
        if let Some((offset, c)) = first_forbidden(self.text) {
            let message = format!("the control character U+{:04X} is kept out of every output", u32::from(c));
            self.at("control-character", offset, 1, message, "delete it");
        }
    }
}
