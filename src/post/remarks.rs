//! Collects the diagnostics of one file while it is read.

use camino::Utf8Path;

use super::characters::first_forbidden;
use super::fields;
use super::node::Node;
use crate::diagnostic::{Diagnostic, Position, Severity};

/// The end of the message of each error that holds a post back.
pub const HELD_BACK: &str = ", so this is held back";

/// The diagnostics of one file, and which of them hold its post back.
pub(super) struct Remarks<'a> {
    path: &'a Utf8Path,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
    /// The indices of those that hold the post back, in the order found.
    holding: Vec<usize>,
}

impl<'a> Remarks<'a> {
    /// Starts with the `diagnostics` found so far in the file `path`, whose whole text is `text`.
    pub(super) fn new(path: &'a Utf8Path, text: &'a str, diagnostics: Vec<Diagnostic>) -> Remarks<'a> {
        Remarks {
            path,
            text,
            diagnostics,
            holding: Vec::new(),
        }
    }

    /// Returns all diagnostics, and the first that holds the post back. None does where `is_hidden`: readers do not see that post anyway.
    pub(super) fn into_diagnostics(mut self, is_hidden: bool) -> (Vec<Diagnostic>, Option<Diagnostic>) {
        for &index in &self.holding {
            if let Some(diagnostic) = self.diagnostics.get_mut(index) {
                if is_hidden {
                    diagnostic.severity = Severity::Warning;
                } else {
                    diagnostic.message.push_str(HELD_BACK);
                }
            }
        }
        let first = self.holding.first().filter(|_| !is_hidden);
        let held = first.and_then(|&index| self.diagnostics.get(index)).cloned();
        (self.diagnostics, held)
    }

    /// Returns the whole text of the file.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Adds a warning about the whole file.
    pub(super) fn warn_file(&mut self, code: &'static str, message: impl Into<String>, mend: &str) {
        self.diagnostics
            .push(Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend));
    }

    /// Adds an error about the whole file, which holds the post back.
    pub(super) fn hold_file(&mut self, code: &'static str, message: impl Into<String>, mend: &str) {
        self.warn_file(code, message, mend);
        self.hold_by_last();
    }

    /// Adds an error about a value of the front matter, which holds the post back.
    pub(super) fn hold_value(&mut self, code: &'static str, node: &Node, message: impl Into<String>, mend: &str) {
        self.warn_value(code, node, message, mend);
        self.hold_by_last();
    }

    /// Adds an error about the text at byte `offset`, which holds the post back.
    pub(super) fn hold_at(&mut self, code: &'static str, offset: usize, length: usize, message: impl Into<String>, mend: &str) {
        self.warn_at(code, offset, length, message, mend);
        self.hold_by_last();
    }

    /// Removes the source line from the last diagnostic: it contains a secret.
    pub(super) fn hide_line_of_last(&mut self) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.source_line = None;
        }
    }

    /// Replaces the diagnostic with `code` by `error`, or adds `error` where there is none. `error` holds the post back.
    pub(super) fn hold_instead_of(&mut self, code: &str, error: Diagnostic) {
        let index = self.diagnostics.iter().position(|diagnostic| diagnostic.code == code);
        let index = index.unwrap_or(self.diagnostics.len());
        match self.diagnostics.get_mut(index) {
            Some(diagnostic) => *diagnostic = error,
            None => self.diagnostics.push(error),
        }
        self.holding.push(index);
    }

    /// Makes the last diagnostic an error that holds the post back.
    fn hold_by_last(&mut self) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.severity = Severity::Error;
            self.holding.push(self.diagnostics.len() - 1);
        }
    }

    /// Removes the diagnostics with `code`, none of which holds the post back.
    pub(super) fn remove(&mut self, code: &str) {
        let mut kept = Vec::with_capacity(self.diagnostics.len());
        let mut holding = Vec::new();
        for (index, diagnostic) in std::mem::take(&mut self.diagnostics).into_iter().enumerate() {
            let is_holding = self.holding.contains(&index);
            if is_holding {
                holding.push(kept.len());
            }
            if is_holding || diagnostic.code != code {
                kept.push(diagnostic);
            }
        }
        (self.diagnostics, self.holding) = (kept, holding);
    }

    /// Makes notes of the diagnostics with `code`.
    pub(super) fn make_notes(&mut self, code: &str) {
        for diagnostic in self.diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == code) {
            diagnostic.severity = Severity::Note;
        }
    }

    /// Adds a warning about a value of the front matter.
    pub(super) fn warn_value(&mut self, code: &'static str, node: &Node, message: impl Into<String>, mend: &str) {
        let length = fields::text(node).map_or(1, |text| text.lines().next().unwrap_or_default().chars().count());
        let diagnostic = Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend);
        self.diagnostics.push(diagnostic.at(self.text, node.position, length));
    }

    /// Adds a warning about the text at byte `offset`.
    pub(super) fn warn_at(&mut self, code: &'static str, offset: usize, length: usize, message: impl Into<String>, mend: &str) {
        let diagnostic = Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend);
        self.diagnostics
            .push(diagnostic.at(self.text, Position::of(self.text, offset), length));
    }

    /// Adds a warning about the first character that no feed can contain: such characters are left out of every output.
    pub(super) fn check_control_characters(&mut self) {
        if let Some((offset, c)) = first_forbidden(self.text) {
            let message = format!("the control character U+{:04X} is left out of every output", u32::from(c));
            self.warn_at("control-character", offset, 1, message, "delete it");
        }
    }
}
