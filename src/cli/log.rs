//! Logging to the standard error stream, filtered by `FEEDMILL_LOG`; and the access log in the combined format to the standard output.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{AccessLogFormat, LogFormat};
use crate::diagnostic::{Diagnostic, Severity, changes_display};
use crate::http::{access, base_path};
use crate::publisher;

/// The target of the events of diagnostics.
const DIAGNOSTICS: &str = "feedmill::diagnostic";

/// Starts logging in `format`; with a line for each request if there is a format of `requests`.
///
/// Without `FEEDMILL_LOG`, text contains only warnings, because other events are printed as messages; JSON contains all events.
/// Warnings of the HTML parser about the HTML in posts are left out, because it repairs that HTML.
pub(super) fn start(format: LogFormat, requests: Option<AccessLogFormat>) {
    let default = match format {
        LogFormat::Text => "warn,html5ever=error",
        LogFormat::Json => "warn,html5ever=error,feedmill=info",
    };
    let mut filter = EnvFilter::try_from_env("FEEDMILL_LOG").unwrap_or_else(|_| {
        EnvFilter::new(format!(
            "{default},{}=info,{}=info",
            publisher::LEDGER_EVENTS,
            base_path::EVENTS
        ))
    });
    for (target, requested) in [
        (access::TARGET, AccessLogFormat::Event),
        (access::COMBINED_TARGET, AccessLogFormat::Combined),
    ] {
        let level = if requests == Some(requested) { "info" } else { "off" };
        if let Ok(directive) = format!("{target}={level}").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(LogOutput(format));
    match format {
        LogFormat::Text => {
            let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            let log = log.with_target(false).with_ansi(colour);
            log.map_event_format(CombinedOr).init();
        }
        LogFormat::Json => {
            let log = log.json().flatten_event(true).with_current_span(false).with_span_list(false);
            log.map_event_format(CombinedOr).init();
        }
    }
}

/// Whether an event is a line of the access log in the combined format.
fn is_combined(metadata: &Metadata<'_>) -> bool {
    metadata.target() == access::COMBINED_TARGET
}

/// Formats a line of the combined format as it is, and other events as `F` does.
///
/// A layer for these lines alone, with a filter, would not do: after a question whether they are on (`tracing::enabled!`) such filters lose
/// the next event of the thread.
struct CombinedOr<F>(F);

impl<S, N, F> FormatEvent<S, N> for CombinedOr<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !is_combined(event.metadata()) {
            return self.0.format_event(context, writer, event);
        }
        let mut message = EventMessage(String::new());
        event.record(&mut message);
        writeln!(writer, "{}", message.0)
    }
}

/// The message of an event.
struct EventMessage(String);

impl Visit for EventMessage {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Writes lines of the combined format to the standard output, and other events to the standard error stream.
struct LogOutput(LogFormat);

impl MakeWriter<'_> for LogOutput {
    type Writer = Escaping<Box<dyn Write>>;

    fn make_writer(&self) -> Self::Writer {
        Escaping(Box::new(io::stderr()), self.0)
    }

    fn make_writer_for(&self, metadata: &Metadata<'_>) -> Self::Writer {
        if is_combined(metadata) {
            // its lines have no characters to escape; without a reader of them requests are answered all the same
            Escaping(Box::new(io::stdout()), LogFormat::Text)
        } else {
            self.make_writer()
        }
    }
}

/// Logs `diagnostic` as one event with its code, file, line, column and fix.
pub(super) fn diagnostic(diagnostic: &Diagnostic) {
    let Diagnostic { code, message, mend, .. } = diagnostic;
    let file = diagnostic.path.as_str();
    let line = diagnostic.position.map(|position| position.line);
    let column = diagnostic.position.map(|position| position.column);
    let fix = (!mend.is_empty()).then_some(mend.as_str());
    match diagnostic.severity {
        Severity::Error => tracing::error!(target: DIAGNOSTICS, code, file, line, column, fix, "{message}"),
        Severity::Warning => tracing::warn!(target: DIAGNOSTICS, code, file, line, column, fix, "{message}"),
        Severity::Note => tracing::info!(target: DIAGNOSTICS, code, file, line, column, fix, "{message}"),
    }
}

/// Writes events to `W`, each as one line without characters that change how others are displayed.
///
/// Titles, paths and headers can contain such characters. The log writes an event at once, so each write is one line.
struct Escaping<W>(W, LogFormat);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match str::from_utf8(bytes) {
            Ok(text) if text.trim_end_matches('\n').contains(changes_display) => {
                self.0.write_all(escaped(text, self.1).as_bytes())?;
            }
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A line of the log, with characters that change the display as escapes of its format. The escape character itself stays in text,
/// because the log's own colours begin with it; the log already escapes that of others.
fn escaped(text: &str, format: LogFormat) -> String {
    let (line, end) = match text.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (text, ""),
    };
    let mut written = String::with_capacity(text.len() + 16);
    for c in line.chars() {
        match format {
            LogFormat::Text if changes_display(c) && c != '\u{1b}' => written.extend(c.escape_default()),
            // in JSON they occur only in strings, where an escape means the same
            LogFormat::Json if changes_display(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(written, "\\u{unit:04x}");
                }
            }
            _ => written.push(c),
        }
    }
    written + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_json_means_the_same() {
        let title = "a\u{202e}b\u{2028}c\u{e0001}d\u{85}e\u{7f}f";
        let line = serde_json::json!({ "message": title }).to_string() + "\n";
        let written = escaped(&line, LogFormat::Json);
        assert!(
            written.ends_with("\"}\n") && !written.trim_end_matches('\n').contains(changes_display),
            "{written}"
        );
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["message"], title);
        assert_eq!(
            escaped("\u{1b}[33m WARN\u{1b}[0m a\nINFO b\u{202e}\n", LogFormat::Text),
            "\u{1b}[33m WARN\u{1b}[0m a\\nINFO b\\u{202e}\n"
        );
        let mut out = Vec::new();
        Escaping(&mut out, LogFormat::Text).write_all(b"as it is\n").unwrap();
        Escaping(&mut out, LogFormat::Text)
            .write_all("x\u{200f}y\n".as_bytes())
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "as it is\nx\\u{200f}y\n");
    }
}
