//! A line at a terminal that says how far a command is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use super::terminal;

/// How often the line is written.
const INTERVAL: Duration = Duration::from_millis(200);

/// The line. It is written only where the standard error stream is a terminal.
pub(super) struct ProgressLine {
    is_shown: bool,
    last: Instant,
    width: usize,
}

impl ProgressLine {
    /// A line that is not written yet.
    pub(super) fn new() -> ProgressLine {
        ProgressLine {
            is_shown: io::stderr().is_terminal(),
            last: Instant::now(),
            width: 0,
        }
    }

    /// Writes what `text` returns in place of what was written before, unless that was a moment ago.
    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        if !self.is_shown || self.last.elapsed() < INTERVAL {
            return;
        }
        self.last = Instant::now();
        let text = text();
        terminal::print_message(&format!("\r{text:<width$}", width = self.width));
        self.width = text.chars().count();
    }

    /// Erases the line.
    pub(super) fn erase(&mut self) {
        if self.width > 0 {
            terminal::print_message(&format!("\r{:width$}\r", "", width = self.width));
            self.width = 0;
        }
    }
}
