//! The status as a page for people: problems first.

use std::fmt::Write as _;
use std::time::Duration;

use html_escape::encode_double_quoted_attribute as attribute;
use html_escape::encode_text as escaped;

use super::status::ServerStatus;
use crate::diagnostic::{Position, Severity};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
                     table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;\
                     border-bottom:1px solid #8884;overflow-wrap:anywhere}.error,.degraded{color:#c22}.warning{color:#a60}\
                     code{font-family:ui-monospace,monospace}";

/// Returns the page.
#[must_use]
pub fn page(status: &ServerStatus) -> String {
    let mut body = String::new();
    health(&mut body, status);
    push(&mut body, status);
    problems(&mut body, status);
    let hubs = status.outside_hubs.iter().map(|hub| {
        let counts = format!(
            "{} accepted, {} failed, {} waiting, {} given up",
            hub.accepted, hub.failed, hub.waiting, hub.given_up
        );
        let last = hub.last.as_ref().map_or_else(
            || "none yet".to_owned(),
            |last| format!("{}: {}", last.at.strftime("%Y-%m-%d %H:%M:%S UTC"), last.answer),
        );
        [code(&hub.hub), text(&counts), text(&last)]
    });
    table(&mut body, "Hubs", ["Hub", "Pings", "Last answer"], hubs);
    let scheduled = status.scheduled.iter().map(|post| {
        let left = u64::try_from(post.in_seconds).unwrap_or(0);
        let when = format!(
            "{} (in {})",
            post.appears.strftime("%Y-%m-%d %H:%M UTC"),
            format_duration(Duration::from_secs(left))
        );
        [code(&post.path), text(&post.title), text(&when)]
    });
    table(&mut body, "Scheduled", ["File", "Title", "Appears"], scheduled);
    let held = status
        .held_back
        .iter()
        .map(|post| [code(&post.path), text(&post.title), text(&post.why)]);
    table(&mut body, "Held back", ["File", "Title", "Why"], held);
    let published = status.published.iter().map(|post| {
        let note = if post.unlisted { " (unlisted)" } else { "" };
        let link = format!("<a href=\"{}\">{}</a>{note}", attribute(&post.url), escaped(&post.title));
        [code(&post.path), link, text(&post.date)]
    });
    table(&mut body, "Published, the newest", ["File", "Title", "Date"], published);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <link rel=\"alternate\" type=\"application/atom+xml\" title=\"Problems\" href=\"status.atom\">\n\
         <title>feedmill status</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\
         <p>A feed reader on this machine can follow the problems: <a href=\"status.atom\">status.atom</a>.</p>\n</body>\n</html>\n"
    )
}

fn health(body: &mut String, status: &ServerStatus) {
    let watch = status.watch();
    let counts: Vec<String> = status
        .counts()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let scanned = status
        .full_scan_age()
        .map_or_else(|| "never".to_owned(), |age| format!("{} ago", format_duration(age)));
    let how = if watch.mode == "native" {
        "by the system's events"
    } else {
        "by scanning at intervals"
    };
    let _ = writeln!(body, "<h1>feedmill {}</h1>", env!("CARGO_PKG_VERSION"));
    if let Some(why) = &watch.degraded {
        let _ = writeln!(
            body,
            "<p class=\"degraded\"><strong>The last good site stays: {}</strong></p>",
            escaped(why)
        );
    }
    for why in [&watch.ledger, &watch.ledger_warning].into_iter().flatten() {
        let _ = writeln!(body, "<p class=\"degraded\"><strong>{}</strong></p>", escaped(why));
    }
    let _ = writeln!(
        body,
        "<p>{} at <a href=\"{}/\">{}</a>. Running for {}; changes are noticed {how}; the whole folder was last looked at {scanned}; \
         {} scans, {} builds.{}</p>",
        if counts.is_empty() {
            "No posts".to_owned()
        } else {
            counts.join(", ")
        },
        attribute(status.base()),
        escaped(status.base()),
        format_duration(status.uptime()),
        watch.scans,
        watch.builds,
        match &watch.ledger_folder {
            Some(folder) => format!(" The ledger is in {}.", code(folder)),
            None => String::new(),
        },
    );
}

/// Says what the hub does, if somebody subscribes.
fn push(body: &mut String, status: &ServerStatus) {
    let Some(push) = status.push.as_ref().filter(|push| push.subscriptions > 0) else {
        return;
    };
    let failing: Vec<&str> = push.failing_hosts.iter().map(|(host, _)| host.as_str()).collect();
    let _ = writeln!(
        body,
        "<p>{} subscriptions to {} feeds; {} deliveries wait.{}</p>",
        push.subscriptions,
        push.topics.len(),
        push.waiting,
        if failing.is_empty() {
            String::new()
        } else {
            format!(" Hosts that fail: {}.", escaped(&failing.join(", ")))
        },
    );
}

fn problems(body: &mut String, status: &ServerStatus) {
    if status.problems.is_empty() {
        body.push_str("<h2>Problems</h2>\n<p>None.</p>\n");
    }
    let rows = status.problems.iter().map(|problem| {
        let place = problem
            .position
            .map_or_else(String::new, |Position { line, column }| format!(":{line}:{column}"));
        let (class, name) = match problem.severity {
            Severity::Error => ("error", "error"),
            Severity::Warning => ("warning", "warning"),
            Severity::Note => ("note", "note"),
        };
        let message = format!("<span class=\"{class}\">{name}</span>: {}", escaped(&problem.message));
        [code(&format!("{}{place}", problem.path)), message, text(&problem.mend)]
    });
    table(body, "Problems", ["Where", "What", "Fix"], rows);
}

/// Adds a table under a heading, if it has rows. Cells are HTML.
fn table(body: &mut String, heading: &str, columns: [&str; 3], rows: impl Iterator<Item = [String; 3]>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(
        body,
        "<h2>{heading}</h2>\n<table>\n<tr><th>{}</th></tr>",
        columns.join("</th><th>")
    );
    for row in rows {
        let _ = writeln!(body, "<tr><td>{}</td></tr>", row.join("</td><td>"));
    }
    body.push_str("</table>\n");
}

fn text(text: &str) -> String {
    escaped(text).into_owned()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Formats a duration in its two largest units: `3 d 4 h`.
fn format_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut words = Vec::new();
    for (size, name) in units {
        if left / size > 0 {
            words.push(format!("{} {name}", left / size));
        }
        left %= size;
    }
    words.truncate(2);
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (3661, "1 h 1 min"),
            (90_000, "1 d 1 h"),
            (86_401, "1 d 1 s"),
        ] {
            assert_eq!(format_duration(Duration::from_secs(seconds)), expected);
        }
    }
}
