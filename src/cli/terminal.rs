//! What `serve` says to the person who started it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use camino::Utf8Path;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity, printable};
use crate::post::{Origin, Post, Visibility};
use crate::publisher::{Event, Health, Report};
use crate::render::{Format, Place, feed_path, post_url};
use crate::site::Site;
use crate::time::Timestamp;

/// How many problems are drawn at the start; the others are counted.
const DRAWN_PROBLEMS: usize = 5;
/// How many changes of one batch are told one by one; the others are counted.
const TOLD_CHANGES: usize = 20;
/// In a batch of more changes than this no warnings are drawn: it is a move, not an edit.
const DRAWN_CHANGES: usize = 3;

/// Writes `text` to the standard error stream, in colour only where that is wanted. That nobody can read it any more is no reason
/// to stop serving.
pub(super) fn say(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const END: &str = "\x1b[0m";

/// The first lines: what was found, and what to open.
pub(super) fn welcome(root: &Utf8Path, config: &Config, site: &Site, health: &Health) -> String {
    let base = config.base();
    let mut text = format!("{BOLD}feedmill {}{END}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  posts    {} in {}", in_words(site), printable(root.as_str()));
    let _ = writeln!(text, "  read     {BOLD}{base}/{END}");
    for format in Format::ALL {
        let name = match format {
            Format::Rss => "rss",
            Format::Atom => "atom",
            Format::Json => "json",
        };
        let _ = writeln!(text, "  {name:<8} {base}{}", feed_path("", Place::Newest, format));
    }
    let _ = writeln!(text, "  listing  {base}/api/posts");
    if config.site.base_url.is_some() {
        let _ = writeln!(text, "  listens  http://{}", config.server.listen);
    } else {
        let _ = writeln!(
            text,
            "  {DIM}set `base_url` to the address the world uses before you let it in{END}"
        );
    }
    problems(&mut text, site, root);
    if site.all.is_empty() {
        text.push_str("Drop a .md file into the folder: it is published as soon as it is saved. ");
    }
    let _ = writeln!(
        text,
        "Watching {} ({}). Ctrl-C ends it.",
        printable(root.as_str()),
        health.watching
    );
    text
}

fn problems(text: &mut String, site: &Site, root: &Utf8Path) {
    let errors: Vec<_> = site
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    for diagnostic in errors.iter().take(DRAWN_PROBLEMS) {
        let _ = writeln!(text, "{}", diagnostic.draw(true));
    }
    let warnings = site
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Warning)
        .count();
    if errors.len() + warnings > 0 {
        let counted = [(errors.len(), "error"), (warnings, "warning")];
        let counted: Vec<_> = counted
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| number(n, what))
            .collect();
        let _ = writeln!(
            text,
            "{YELLOW}{}{END}: `feedmill check {}` says each",
            counted.join(" and "),
            printable(root.as_str())
        );
    }
}

/// A line for each change.
pub(super) fn changes(batch: &[Report], site: &Site) -> String {
    let now = Timestamp::now();
    let mut text = String::new();
    for report in batch.iter().take(TOLD_CHANGES) {
        let _ = writeln!(text, "{}", change(report, site, now));
        let is_edit = batch.len() <= DRAWN_CHANGES && !matches!(report.event, Event::Appeared | Event::Expired | Event::Removed);
        let about = site.diagnostics.iter().filter(|diagnostic| diagnostic.path == report.path);
        let matters = |diagnostic: &&Diagnostic| match diagnostic.severity {
            Severity::Error => true,
            // the line itself says where the date came from
            Severity::Warning => is_edit && diagnostic.code != "date-missing",
            Severity::Note => false,
        };
        for diagnostic in about.filter(matters).take(DRAWN_PROBLEMS) {
            let _ = writeln!(text, "{}", diagnostic.draw(true));
        }
    }
    if let Some(more) = batch.len().checked_sub(TOLD_CHANGES).filter(|&more| more > 0) {
        let _ = writeln!(text, "{DIM}… and {}{END}", number(more, "more change"));
    }
    text
}

fn change(report: &Report, site: &Site, now: Timestamp) -> String {
    let path = if report.path.as_str().is_empty() {
        "the folder".to_owned()
    } else {
        printable(report.path.as_str())
    };
    let post = site.post(&report.path);
    let stands = post.map(|post| standing(post, site.config(), now)).unwrap_or_default();
    match &report.event {
        Event::Added => format!("{GREEN}+ {path}{END} {stands}"),
        Event::Changed => format!("{GREEN}~ {path}{END} {stands}"),
        Event::Moved { from } => format!("{GREEN}> {} → {path}{END} {stands}", printable(from.as_str())),
        Event::Removed => format!("{YELLOW}- {path}{END}"),
        Event::Appeared => format!("{GREEN}+ {path}{END} {stands} {DIM}its time has come{END}"),
        Event::Expired => format!("{YELLOW}- {path}{END} its time is over"),
        Event::Held { why } | Event::Broken { why } => format!("{RED}! {path}{END} {}", printable(why)),
        Event::Mended => format!("{GREEN}✓ {path}{END} is well again"),
    }
}

/// `→ /posts/hello "Hello" dated 2026-01-31 (file name)`, or why the world does not see it.
fn standing(post: &Post, config: &Config, now: Timestamp) -> String {
    let address = post_url(&config.base(), &post.address);
    let address = address.strip_prefix(&config.base()).unwrap_or(&address);
    let title = if post.title.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", printable(&post.title))
    };
    let advice = if post.origins.date == Origin::FileTime {
        "; write a `date` to keep it"
    } else {
        ""
    };
    let dated = format!("{DIM}dated {} ({}{advice}){END}", post.date.date(), post.origins.date);
    match post.visibility(now) {
        Visibility::Public => format!("→ {address}{title} {dated}"),
        Visibility::Unlisted => format!("→ {address}{title} {DIM}unlisted{END}"),
        Visibility::Draft => format!("is a draft ({})", post.origins.standing),
        Visibility::Private => format!("is private ({})", post.origins.standing),
        Visibility::Scheduled => format!(
            "is scheduled for {}, in {}",
            post.date.rfc3339(),
            wait(post.date.timestamp(), now)
        ),
        Visibility::Expired => format!(
            "expired {}",
            post.expires.map_or_else(String::new, super::super::time::Moment::rfc3339)
        ),
    }
}

/// The time from `now` to `at`, in its two largest units: `3 d 4 h`.
fn wait(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs().max(0);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(units.len() - 1);
    let mut left = seconds;
    let parts: Vec<String> = units[first..]
        .iter()
        .take(2)
        .map(|(unit, name)| {
            let n = left / unit;
            left %= unit;
            format!("{n} {name}")
        })
        .filter(|part| !part.starts_with("0 "))
        .collect();
    if parts.is_empty() {
        "less than a second".to_owned()
    } else {
        parts.join(" ")
    }
}

/// How many posts there are of each visibility.
pub(super) fn counts(site: &Site) -> BTreeMap<&'static str, usize> {
    let now = Timestamp::now();
    let mut counts = BTreeMap::from([("public", 0)]);
    for post in &site.all {
        let name = match post.visibility(now) {
            Visibility::Public => "public",
            Visibility::Unlisted => "unlisted",
            Visibility::Draft => "draft",
            Visibility::Private => "private",
            Visibility::Scheduled => "scheduled",
            Visibility::Expired => "expired",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// `41 posts (2 drafts, 1 scheduled)`.
fn in_words(site: &Site) -> String {
    let counts = counts(site);
    let others: Vec<String> = counts
        .iter()
        .filter(|(name, _)| **name != "public")
        .map(|(name, &n)| {
            if *name == "draft" {
                number(n, name)
            } else {
                format!("{n} {name}")
            }
        })
        .collect();
    let posts = number(counts.get("public").copied().unwrap_or_default(), "post");
    if others.is_empty() {
        posts
    } else {
        format!("{posts} ({})", others.join(", "))
    }
}

/// `1 post`, `2 posts`.
pub(super) fn number(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
