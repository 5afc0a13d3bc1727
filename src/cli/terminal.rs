//! The messages of the commands for people.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::Duration;

use camino::Utf8Path;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity, one_line, plain_error};
use crate::http::server::Address;
use crate::post::{HELD_BACK, Kind, Origin, Post, Visibility};
use crate::publisher::{Health, PostEvent, PostEventKind};
use crate::render::{Format, Place, feed_path, post_url};
use crate::site::Site;
use crate::source::rules::left_out::{FOLDER_CODE, is_about_left_out};
use crate::time::Timestamp;

/// The exit status of a command that could not run.
pub(super) const COULD_NOT_RUN: u8 = 2;

/// The most problems that are drawn at the start. The others are counted.
const DRAWN_PROBLEMS: usize = 5;
/// The most changes of a batch that are all listed. A larger batch is a move or a checkout: its first few are listed, and the
/// others counted.
const LISTED_CHANGES: usize = 20;
/// The number of changes of a larger batch that are listed.
const FIRST_CHANGES: usize = 5;
/// The most changes of a batch whose warnings are drawn. In a larger batch they are counted.
const DRAWN_CHANGES: usize = 3;

/// Writes `text` to the standard error stream, in colour only if that is supported. Errors are ignored: serving goes on without
/// a terminal.
pub(super) fn print_message(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const END: &str = "\x1b[0m";

/// An error in the configuration file.
#[derive(Debug)]
pub(super) struct ConfigError(pub(super) Diagnostic);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration file has an error\n{}", self.0.draw(true))
    }
}

impl std::error::Error for ConfigError {}

/// `error` with its causes on one line. An error in the configuration file is drawn with its line.
pub(super) fn error_message(error: &anyhow::Error) -> String {
    if error.is::<ConfigError>() {
        return error.to_string();
    }
    let causes = error.chain().map(|cause| match cause.downcast_ref() {
        Some(error) => plain_error(error),
        None => cause.to_string(),
    });
    one_line(&causes.collect::<Vec<_>>().join(": ")).into_owned()
}

/// A prominent warning, as one line.
pub(super) fn warning_line(text: &str) -> String {
    format!("{YELLOW}{BOLD}warning:{END} {YELLOW}{}{END}\n", one_line(text))
}

/// The parts of the startup message that come neither from the site nor from the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StartupInfo<'a> {
    /// The address of the preview.
    pub(super) preview: Option<&'a str>,
    /// Where the operator's addresses are, if they are served.
    pub(super) admin: Option<&'a Address>,
    /// The configuration file, if there is one.
    pub(super) file: Option<&'a Utf8Path>,
    /// Why the ledger's folder does not outlive the container.
    pub(super) durability_warning: Option<&'a str>,
}

/// The first lines that `serve` prints: the posts, the addresses and the problems.
pub(super) fn startup_message(root: &Utf8Path, config: &Config, site: &Site, health: &Health, info: StartupInfo) -> String {
    let base = config.base();
    let mut text = format!("{BOLD}feedmill {}{END}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  posts    {}", count_posts(site, root));
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
    let _ = writeln!(text, "  feeds    {base}/subscribe");
    if let Some(Address::Tcp(address)) = info.admin {
        let _ = writeln!(text, "  status   http://{address}/status");
    }
    if let Some(address) = info.preview {
        let _ = writeln!(text, "  preview  {BOLD}{address}{END}");
        let _ = writeln!(text, "           {DIM}shows drafts: keep this address to yourself{END}");
    }
    if let Some(file) = info.file {
        let _ = writeln!(text, "  config   {}", one_line(relative(file).as_str()));
    }
    if let Some(dir) = &config.state.dir {
        let trouble = if health.ledger.is_some() {
            format!(" {YELLOW}{BOLD}cannot be written: see the warning below{END}")
        } else {
            String::new()
        };
        let _ = writeln!(text, "  ledger   {}{trouble}", one_line(relative(dir).as_str()));
    }
    if config.site.base_url.is_some() {
        let listen = &config.server.listen;
        let scheme = if listen.starts_with("unix:") { "" } else { "http://" };
        let _ = writeln!(text, "  listens  {scheme}{}", one_line(listen));
    } else {
        let _ = writeln!(
            text,
            "  {DIM}before others subscribe, set the public address of the site: --base-url https://example.com{END}"
        );
    }
    for why in health.ledger.as_deref().into_iter().chain(info.durability_warning) {
        text.push_str(&warning_line(why));
    }
    if let Some(trouble) = &health.degraded {
        let _ = writeln!(text, "{YELLOW}{}{END}", one_line(trouble));
    }
    write_problems(&mut text, site, root);
    let left_out = site.diagnostics.iter().filter(|diagnostic| diagnostic.code == FOLDER_CODE);
    for diagnostic in left_out.take(DRAWN_PROBLEMS) {
        let _ = writeln!(text, "{YELLOW}{diagnostic}{END}");
    }
    if site.all().is_empty() {
        text.push_str("Save a .md file in the folder: it is published at once.\n");
    }
    let _ = writeln!(
        text,
        "Watching {} ({}). Ctrl-C ends it.",
        one_line(root.as_str()),
        health.watching
    );
    text
}

/// The progress of a start after `elapsed`; `None` in the first second. The line is short and ASCII, so that the same number of
/// blanks erases it.
pub(super) fn progress_line(found: usize, read: usize, elapsed: Duration) -> Option<String> {
    if elapsed < Duration::from_secs(1) {
        return None;
    }
    if found == 0 {
        return Some("looking through the folder".to_owned());
    }
    if read >= found {
        return Some(format!("read {}, building the site", counted(read, "post")));
    }
    let milliseconds = elapsed.as_millis().max(1);
    let rate = read as u128 * 1000 / milliseconds;
    if rate == 0 {
        return Some(format!("read {read} of {}", counted(found, "post")));
    }
    let left = ((found - read) as u128).div_ceil(rate);
    Some(format!(
        "read {read} of {}, {rate} a second, {left} s left",
        counted(found, "post")
    ))
}

/// `path` relative to the current folder, if it is below it.
fn relative(path: &Utf8Path) -> &Utf8Path {
    let here = std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(Utf8Path::from_path(&here)?).ok());
    here.unwrap_or(path)
}

/// The errors in the posts of `site`, and how many warnings there are.
pub(super) fn problems(site: &Site, root: &Utf8Path) -> String {
    let mut text = String::new();
    write_problems(&mut text, site, root);
    text
}

fn write_problems(text: &mut String, site: &Site, root: &Utf8Path) {
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
        let counts = [(errors.len(), "error"), (warnings, "warning")];
        let counts: Vec<_> = counts
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| counted(n, what))
            .collect();
        let _ = writeln!(
            text,
            "{YELLOW}{}{END}: `feedmill check {}` lists them",
            counts.join(" and "),
            one_line(root.as_str())
        );
    }
}

/// A line for each change. Of many changes, only a few failures and a few of the others have lines, and the rest is counted.
pub(super) fn change_lines(batch: &[PostEvent], root: &Utf8Path, site: &Site) -> String {
    let now = Timestamp::now();
    let mut text = String::new();
    let is_failure = |report: &&PostEvent| matches!(report.event, PostEventKind::Held { .. } | PostEventKind::Broken { .. });
    let limit = if batch.len() > LISTED_CHANGES {
        FIRST_CHANGES
    } else {
        LISTED_CHANGES
    };
    let (failures, others): (Vec<&PostEvent>, Vec<&PostEvent>) = batch.iter().partition(is_failure);
    for report in others.iter().take(limit) {
        let _ = writeln!(text, "{}", change_line(report, site, now));
        let is_edit = batch.len() <= DRAWN_CHANGES
            && !matches!(
                report.event,
                PostEventKind::Appeared | PostEventKind::Expired | PostEventKind::Removed | PostEventKind::Withdrawn { .. }
            );
        // the line itself shows where the date came from
        let is_new = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Warning && diagnostic.code != "date-missing";
        for diagnostic in about(report, site).filter(is_new).filter(|_| is_edit).take(DRAWN_PROBLEMS) {
            let _ = writeln!(text, "{}", diagnostic.draw(true));
        }
    }
    for report in failures.iter().take(limit) {
        let _ = writeln!(text, "{}", change_line(report, site, now));
        let is_new = |diagnostic: &&Diagnostic| matches!(&report.event, PostEventKind::Broken { why } | PostEventKind::Held { why } if diagnostic.message.starts_with(why.trim_end_matches(HELD_BACK)));
        for diagnostic in about(report, site).filter(is_new).take(DRAWN_PROBLEMS) {
            let _ = writeln!(text, "{}", diagnostic.draw(true));
        }
    }
    let unlisted: Vec<&PostEvent> = others
        .into_iter()
        .skip(limit)
        .chain(failures.into_iter().skip(limit))
        .collect();
    if !unlisted.is_empty() {
        let _ = writeln!(text, "{DIM}… and more: {}{END}", count_events(&unlisted));
    }
    if batch.len() > DRAWN_CHANGES {
        let changed: HashSet<&Utf8Path> = batch.iter().map(|report| &*report.path).collect();
        let warnings = site
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Warning && changed.contains(&*diagnostic.path))
            .count();
        if warnings > 0 {
            let _ = writeln!(
                text,
                "{YELLOW}{}{END} in these: `feedmill check {}` lists them",
                counted(warnings, "warning"),
                one_line(root.as_str())
            );
        }
    }
    text
}

/// The diagnostics for the file of `report`.
fn about<'a>(report: &'a PostEvent, site: &'a Site) -> impl Iterator<Item = &'a Diagnostic> {
    site.diagnostics.iter().filter(|diagnostic| diagnostic.path == report.path)
}

/// `290 added, 5 moved`.
fn count_events(reports: &[&PostEvent]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for report in reports {
        let what = match report.event {
            PostEventKind::Added => "added",
            PostEventKind::Found { .. } => "not published",
            PostEventKind::Changed => "changed",
            PostEventKind::Moved { .. } => "moved",
            PostEventKind::Removed => "removed",
            PostEventKind::Published => "published",
            PostEventKind::Withdrawn { .. } => "withdrawn",
            PostEventKind::Held { .. } => "held",
            PostEventKind::Appeared => "appeared",
            PostEventKind::Expired => "expired",
            PostEventKind::Broken { .. } => "refused",
            PostEventKind::Mended => "mended",
        };
        *counts.entry(what).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(what, n)| format!("{n} {what}")).collect();
    counts.join(", ")
}

fn change_line(report: &PostEvent, site: &Site, now: Timestamp) -> String {
    let path = if report.path.as_str().is_empty() {
        "the posts folder".to_owned()
    } else {
        one_line(report.path.as_str()).into_owned()
    };
    let post = site.post(&report.path);
    let state = post.map(|post| post_state(post, site.config(), now)).unwrap_or_default();
    match &report.event {
        PostEventKind::Added | PostEventKind::Found { .. } | PostEventKind::Published => format!("{GREEN}+ {path}{END} {state}"),
        PostEventKind::Changed => format!("{GREEN}~ {path}{END} {state}"),
        PostEventKind::Moved { from } => format!("{GREEN}> {}{END} is now {GREEN}{path}{END} {state}", one_line(from.as_str())),
        PostEventKind::Removed => format!("{YELLOW}- {path}{END} is gone"),
        PostEventKind::Withdrawn { .. } if post.is_none() => format!("{YELLOW}- {path}{END} is gone"),
        PostEventKind::Appeared => format!("{GREEN}+ {path}{END} {state}{DIM}: it is scheduled for now{END}"),
        PostEventKind::Expired => format!("{YELLOW}- {path}{END} has expired"),
        PostEventKind::Withdrawn { why } => format!("{YELLOW}- {path}{END} is withdrawn: {}", one_line(why)),
        PostEventKind::Held { why } if report.path.as_str().is_empty() => {
            format!("{RED}!{END} {}; what was published stays", one_line(why))
        }
        // the diagnostic follows
        PostEventKind::Held { .. } => format!("{RED}! {path}{END} {state}"),
        // the diagnostic follows
        PostEventKind::Broken { .. } if post.is_some() => format!("{RED}! {path}{END} is refused; its last good version stays"),
        PostEventKind::Broken { .. } => format!("{RED}! {path}{END} is refused"),
        PostEventKind::Mended if post.is_some() => format!("{GREEN}✓ {path}{END} is fixed {state}"),
        PostEventKind::Mended => format!("{GREEN}✓ {path}{END} is fixed"),
    }
}

/// `→ /posts/hello "Hello" dated 2026-01-31 (file name)`, or why the post is not public.
fn post_state(post: &Post, config: &Config, now: Timestamp) -> String {
    let address = post_url(&config.base(), &post.address);
    let address = address.strip_prefix(&config.base()).unwrap_or(&address);
    let title = if post.title.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", one_line(&post.title))
    };
    let advice = if post.origins.date == Origin::FileTime {
        format!(
            "; write `date: {}` into the file to keep it without the ledger",
            post.date.date()
        )
    } else {
        String::new()
    };
    let preview = if config.server.preview && post.address.starts_with('/') {
        format!(", in the preview at {address}")
    } else {
        String::new()
    };
    let dated = format!("{DIM}dated {} ({}{advice}){END}", post.date.date(), post.origins.date);
    match post.visibility(now) {
        Visibility::Public => format!("→ {address}{title} {dated}"),
        Visibility::Page => format!("→ {address}{title} {DIM}a page{END}"),
        Visibility::Unlisted => format!("→ {address}{title} {DIM}unlisted{END}"),
        Visibility::Draft => format!("is a draft ({}){preview}", post.origins.status),
        Visibility::Private => format!("is private ({}){preview}", post.origins.status),
        Visibility::Held => format!("is held back until its file is fixed{preview}"),
        Visibility::Scheduled => format!(
            "is scheduled for {}, in {}{preview}",
            post.date.rfc3339(),
            time_until(post.date.timestamp(), now)
        ),
        Visibility::Expired => format!(
            "expired {}{preview}",
            post.expires.map_or_else(String::new, super::super::time::Moment::rfc3339)
        ),
    }
}

/// The time from `now` to `at`, in its two largest units: `3 d 4 h`.
fn time_until(at: Timestamp, now: Timestamp) -> String {
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

/// The number of posts of each visibility. Files that are left out, and the page for addresses where there is nothing, are not counted.
fn counts(site: &Site) -> BTreeMap<&'static str, usize> {
    let now = Timestamp::now();
    let left_out = site
        .diagnostics
        .iter()
        .filter(|diagnostic| is_about_left_out(diagnostic.code));
    let left_out: HashSet<&Utf8Path> = left_out.map(|diagnostic| diagnostic.path.as_path()).collect();
    let mut counts = BTreeMap::from([("public", 0)]);
    for post in site.all().iter().filter(|post| post.kind != Kind::NotFound) {
        let name = match post.visibility(now) {
            Visibility::Public => "public",
            Visibility::Page => "page",
            Visibility::Unlisted => "unlisted",
            Visibility::Draft => "draft",
            Visibility::Private => "private",
            Visibility::Held if post.source.ancestors().any(|path| left_out.contains(path)) => continue,
            Visibility::Held => "held back",
            Visibility::Scheduled => "scheduled",
            Visibility::Expired => "expired",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// `41 posts in notes; not among them: 2 drafts, 1 scheduled`.
fn count_posts(site: &Site, root: &Utf8Path) -> String {
    let counts = counts(site);
    let others: Vec<String> = counts
        .iter()
        .filter(|(name, _)| **name != "public")
        .map(|(name, &n)| {
            if matches!(*name, "draft" | "page") {
                counted(n, name)
            } else {
                format!("{n} {name}")
            }
        })
        .collect();
    let posts = counted(counts.get("public").copied().unwrap_or_default(), "post");
    let posts = format!("{posts} in {}", one_line(root.as_str()));
    if others.is_empty() {
        posts
    } else {
        format!("{posts}; not among them: {}", others.join(", "))
    }
}

/// `1 post`, `2 posts`.
pub(super) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_of_a_start() {
        let cases = [
            ("the first second is silent", 10_000, 5_000, 999, None),
            ("nothing found yet", 0, 0, 1000, Some("looking through the folder")),
            ("nothing read yet", 10_000, 0, 1000, Some("read 0 of 10000 posts")),
            (
                "halfway",
                10_000,
                4_000,
                2000,
                Some("read 4000 of 10000 posts, 2000 a second, 3 s left"),
            ),
            ("slower than one a second", 2, 1, 3000, Some("read 1 of 2 posts")),
            ("all read", 10_000, 10_000, 5000, Some("read 10000 posts, building the site")),
        ];
        for (name, found, read, elapsed, expected) in cases {
            let line = progress_line(found, read, Duration::from_millis(elapsed));
            assert_eq!(line.as_deref(), expected, "{name}");
        }
    }
}
