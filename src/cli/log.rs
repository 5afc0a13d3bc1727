//! Where logs go and how they are written: to the standard error stream, as `FEEDMILL_LOG` filters them.

use std::collections::HashSet;
use std::io;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;
use crate::diagnostic::{Diagnostic, Severity, printable};
use crate::http::access;

/// Starts logging in `format`; with a line for each answer if `each_answer`.
///
/// Without `FEEDMILL_LOG` a person is told of what goes wrong, for the rest is said in words; a machine is told all that happens.
/// Neither is told what the HTML parser thinks of the HTML in posts: it is mended.
pub(super) fn start(format: LogFormat, each_answer: bool) {
    let default = match format {
        LogFormat::Text => "warn,html5ever=error",
        LogFormat::Json => "warn,html5ever=error,feedmill=info",
    };
    let filter = EnvFilter::try_from_env("FEEDMILL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let answers = format!("{}={}", access::TARGET, if each_answer { "info" } else { "off" });
    let filter = match answers.parse() {
        Ok(answers) => filter.add_directive(answers),
        Err(_) => filter,
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            log.with_target(false).with_ansi(colour).init();
        }
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .init(),
    }
}

/// Logs what is said `now` of files and was not `before`: an event for each, at the level of what it says.
pub(super) fn diagnostics(before: &[Diagnostic], now: &[Diagnostic]) {
    let known: HashSet<&Diagnostic> = before.iter().collect();
    for diagnostic in now.iter().filter(|diagnostic| !known.contains(diagnostic)) {
        let Diagnostic { code, message, mend, .. } = diagnostic;
        let file = printable(diagnostic.path.as_str());
        let (line, column) = (diagnostic.position.map(|at| at.line), diagnostic.position.map(|at| at.column));
        let (message, mend) = (printable(message), printable(mend));
        let mend = Some(mend).filter(|mend| !mend.is_empty());
        // a level is part of what an event is, and known when this is compiled
        match diagnostic.severity {
            Severity::Error => tracing::error!(code, %file, line, column, mend, "{message}"),
            Severity::Warning => tracing::warn!(code, %file, line, column, mend, "{message}"),
            Severity::Note => tracing::info!(code, %file, line, column, mend, "{message}"),
        }
    }
}
