//! The result of `import SOURCE`, for people.

use std::fmt::Write as _;

use camino::Utf8Path;

use crate::cli::terminal::counted;
use crate::diagnostic::one_line;
use crate::import::importing::{Count, ImportOptions, ImportReport};
use crate::import::media::MediaMode;

/// The most lines of one kind. The others are counted.
const NAMED: usize = 20;

/// What was found, what became of it, and what could not be kept.
pub(super) fn in_words(report: &ImportReport, options: &ImportOptions) -> String {
    let mut text = report.format.clone();
    if !report.title.is_empty() {
        let _ = write!(text, ", \"{}\"", one_line(&report.title));
    }
    if let Some(home) = &report.home {
        let _ = write!(text, ", {}", one_line(home.as_str()));
    }
    text.push('\n');
    for count in &report.counts {
        let _ = writeln!(text, "  {}", count_line(count));
    }
    write_lines(&mut text, "could not be kept", &report.losses, |loss| {
        format!("{} ({}): {}", loss.file, loss.place, loss.what)
    });
    let shortcodes: Vec<(&String, &usize)> = report.shortcodes.iter().collect();
    write_lines(
        &mut text,
        "shortcodes stay in the text as they are written",
        &shortcodes,
        |(name, posts)| format!("[{name}] in {}", counted(**posts, "post")),
    );
    write_lines(&mut text, "mistakes in the export", &report.mistakes, |mistake| {
        format!("{}: {}", mistake.place, mistake.message)
    });
    if report.more_lines > 0 {
        let _ = writeln!(text, "  {} more are not listed", report.more_lines);
    }
    if report.comments > 0 {
        let _ = writeln!(
            text,
            "  {} left out: feedmill has no comments",
            counted(report.comments, "comment")
        );
    }
    if report.media_elsewhere > 0 && options.media == MediaMode::Link {
        let _ = writeln!(
            text,
            "  pictures and files on the old server: {}; import again with --media fetch to have them here",
            report.media_elsewhere
        );
    }
    if report.media_failed > 0 {
        let _ = writeln!(
            text,
            "  pictures and files that could not be fetched: {}; the same command tries them again",
            report.media_failed
        );
    }
    text
}

fn count_line(count: &Count) -> String {
    let state = if count.state.is_empty() {
        String::new()
    } else {
        format!(" ({})", one_line(&count.state))
    };
    let why = if count.why.is_empty() {
        String::new()
    } else {
        format!(": {}", one_line(&count.why))
    };
    let kind = if count.kind.is_empty() { "item" } else { &count.kind };
    let plural = if count.count == 1 || kind.ends_with('s') { "" } else { "s" };
    format!("{:>6} {}{plural}{state} → {}{why}", count.count, one_line(kind), count.became)
}

fn write_lines<T>(text: &mut String, title: &str, all: &[T], line: impl Fn(&T) -> String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {title}:");
    for one in all.iter().take(NAMED) {
        let _ = writeln!(text, "    {}", one_line(&line(one)));
    }
    if all.len() > NAMED {
        let _ = writeln!(text, "    … and {} more: --json names them all", all.len() - NAMED);
    }
}

/// One line: how many posts were written.
pub(super) fn summary(report: &ImportReport, root: &Utf8Path, dry_run: bool) -> String {
    let written = counted(report.written.len(), "file");
    let here = if report.already_here == 0 {
        String::new()
    } else {
        format!("; {} here already and left alone", counted(report.already_here, "post"))
    };
    if dry_run {
        format!(
            "dry run: nothing was written; without --dry-run, {written} would be written in {}{here}",
            one_line(root.as_str())
        )
    } else {
        let completed = match report.completed.len() {
            0 => String::new(),
            n => format!("; {} completed with pictures and files", counted(n, "post")),
        };
        format!("{written} written in {}{here}{completed}", one_line(root.as_str()))
    }
}
