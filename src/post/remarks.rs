//! What there is to say about one file while it is read.

use camino::Utf8Path;

use super::characters::first_forbidden;
use super::fields;
use super::front_matter::Node;
use crate::diagnostic::{Diagnostic, Position, Severity};

/// How the message of each error ends that holds a post back.
pub const HELD_BACK: &str = ", so this is held back";

/// What is to be said about one file.
pub(super) struct Remarks<'a> {
    path: &'a Utf8Path,
    text: &'a str,
    said: Vec<Diagnostic>,
    /// Which of them hold the post back, in the order in which they were found.
    holding: Vec<usize>,
}

impl<'a> Remarks<'a> {
    /// Remarks about the file `path`, whose whole text is `text`, after what is `said` already.
    pub(super) fn new(path: &'a Utf8Path, text: &'a str, said: Vec<Diagnostic>) -> Remarks<'a> {
        Remarks {
            path,
            text,
            said,
            holding: Vec::new(),
        }
    }

    /// All of them, and the first that holds the post back; none does where `is_hidden`, for then nobody reads it anyway.
    pub(super) fn finish(mut self, is_hidden: bool) -> (Vec<Diagnostic>, Option<Diagnostic>) {
        for &place in &self.holding {
            if let Some(diagnostic) = self.said.get_mut(place) {
                if is_hidden {
                    diagnostic.severity = Severity::Warning;
                } else {
                    diagnostic.message.push_str(HELD_BACK);
                }
            }
        }
        let first = self.holding.first().filter(|_| !is_hidden);
        let held = first.and_then(|&place| self.said.get(place)).cloned();
        (self.said, held)
    }

    /// The whole text of the file.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// A warning about the file as a whole.
    pub(super) fn whole(&mut self, code: &'static str, message: impl Into<String>, mend: &str) {
        self.said
            .push(Diagnostic::new(Severity::Warning, code, self.path, message).mend(mend));
    }

    /// An error that holds the post back, about the file as a whole.
    pub(super) fn hold_whole(&mut self, code: &'static str, message: impl Into<String>, mend: &str) {
        self.whole(code, message, mend);
        self.have_last_hold();
    }

    /// An error about a value of the front matter that holds the post back.
    pub(super) fn hold(&mut self, code: &'static str, node: &Node, message: impl Into<String>, mend: &str) {
        self.about(code, node, message, mend);
        self.have_last_hold();
    }

    /// An error about what begins at byte `offset` of the text that holds the post back.
    pub(super) fn hold_at(&mut self, code: &'static str, offset: usize, length: usize, message: impl Into<String>, mend: &str) {
        self.at(code, offset, length, message, mend);
        self.have_last_hold();
    }

    /// Does not draw the line of what was said last: it shows a secret.
    pub(super) fn hide_line_of_last(&mut self) {
        if let Some(last) = self.said.last_mut() {
            last.source_line = None;
        }
    }

    /// Says in the place of what was said with `code`, or else anew, an error about the file as a whole that holds the post back.
    pub(super) fn hold_instead(&mut self, code: &str, better: Diagnostic) {
        let place = self.said.iter().position(|diagnostic| diagnostic.code == code);
        let place = place.unwrap_or(self.said.len());
        match self.said.get_mut(place) {
            Some(said) => *said = better,
            None => self.said.push(better),
        }
        self.holding.push(place);
    }

    fn have_last_hold(&mut self) {
        if let Some(last) = self.said.last_mut() {
            last.severity = Severity::Error;
            self.holding.push(self.said.len() - 1);
        }
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
