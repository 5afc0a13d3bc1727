//! What the commands print for the person who started them.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use camino::Utf8Path;

use super::settings::Misconfigured;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity, one_line, plain_error};
use crate::post::{HELD_BACK, Origin, Post, Visibility};
use crate::publisher::{Health, PostEvent, PostEventKind};
use crate::render::{Format, Place, feed_path, post_url};
use crate::site::Site;
use crate::source::rules::left_out::FOLDER_CODE;
use crate::time::Timestamp;

/// How many problems are drawn at the start; the others are counted.
const DRAWN_PROBLEMS: usize = 5;
/// A batch of more changes than this is a move or a checkout: its first few are told, and the others counted.
const TOLD_CHANGES: usize = 20;
/// How many changes of a larger batch are told.
const FIRST_CHANGES: usize = 5;
/// In a batch of more changes than this warnings are counted and not drawn.
const DRAWN_CHANGES: usize = 3;

/// Writes `text` to the standard error stream, in colour only where that is wanted. It is no reason to stop serving that nobody reads it.
pub(super) fn say(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const END: &str = "\x1b[0m";

/// `error` with its causes, on one line; where it is one of the configuration file, as it is drawn.
pub(super) fn error(error: &anyhow::Error) -> String {
    if error.is::<Misconfigured>() {
        return error.to_string();
    }
    let causes = error.chain().map(|cause| match cause.downcast_ref() {
        Some(error) => plain_error(error),
        None => cause.to_string(),
    });
    one_line(&causes.collect::<Vec<_>>().join(": ")).into_owned()
}

/// A warning that is not to be overlooked, as one line.
pub(super) fn warning(text: &str) -> String {
    format!("{YELLOW}{BOLD}warning:{END} {YELLOW}{}{END}\n", one_line(text))
}

/// What the first lines say beside what the site does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Welcome<'a> {
    /// The address of the preview.
    pub(super) preview: Option<&'a str>,
    /// Why the ledger's folder will not stay.
    pub(super) ledger_warning: Option<&'a str>,
}

/// The first lines: what was found, and what to open.
pub(super) fn welcome(root: &Utf8Path, config: &Config, site: &Site, health: &Health, said: Welcome) -> String {
    let base = config.base();
    let mut text = format!("{BOLD}feedmill {}{END}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "  posts    {} in {}", in_words(site), one_line(root.as_str()));
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
    if let Some(address) = said.preview {
        let _ = writeln!(text, "  preview  {BOLD}{address}{END}");
        let _ = writeln!(text, "           {DIM}shows drafts: keep this address to yourself{END}");
    }
    if let Some(dir) = &config.state.dir {
        let trouble = if health.ledger.is_some() {
            format!(" {YELLOW}{BOLD}cannot be written: see the warning below{END}")
        } else {
            String::new()
        };
        let _ = writeln!(text, "  ledger   {}{trouble}", one_line(near(dir).as_str()));
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
    for why in health.ledger.as_deref().into_iter().chain(said.ledger_warning) {
        text.push_str(&warning(why));
    }
    if let Some(trouble) = &health.degraded {
        let _ = writeln!(text, "{YELLOW}{}{END}", one_line(trouble));
    }
    problems(&mut text, site, root);
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

/// How far a start has come after `elapsed`: nothing in its first second. One short line of ASCII, so that as many
/// blanks cover it again.
pub(super) fn progress(found: usize, read: usize, elapsed: Duration) -> Option<String> {
    if elapsed < Duration::from_secs(1) {
        return None;
    }
    if found == 0 {
        return Some("looking through the folder".to_owned());
    }
    if read >= found {
        return Some(format!("read {}, building the site", number(read, "post")));
    }
    let milliseconds = elapsed.as_millis().max(1);
    let rate = read as u128 * 1000 / milliseconds;
    if rate == 0 {
        return Some(format!("read {read} of {}", number(found, "post")));
    }
    let left = ((found - read) as u128).div_ceil(rate);
    Some(format!(
        "read {read} of {}, {rate} a second, {left} s left",
        number(found, "post")
    ))
}

/// `path` as seen from the folder that the program was started in, where it is below it.
fn near(path: &Utf8Path) -> &Utf8Path {
    let here = std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(Utf8Path::from_path(&here)?).ok());
    here.unwrap_or(path)
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
            "{YELLOW}{}{END}: `feedmill check {}` lists them",
            counted.join(" and "),
            one_line(root.as_str())
        );
    }
}

/// A line for each change; of many, what went wrong, a few of the others, and how many more there are.
pub(super) fn changes(batch: &[PostEvent], root: &Utf8Path, site: &Site) -> String {
    let now = Timestamp::now();
    let mut text = String::new();
    let is_trouble = |report: &&PostEvent| matches!(report.event, PostEventKind::Held { .. } | PostEventKind::Broken { .. });
    let limit = if batch.len() > TOLD_CHANGES {
        FIRST_CHANGES
    } else {
        TOLD_CHANGES
    };
    let (wrong, right): (Vec<&PostEvent>, Vec<&PostEvent>) = batch.iter().partition(is_trouble);
    for report in right.iter().take(limit) {
        let _ = writeln!(text, "{}", change(report, site, now));
        let is_edit = batch.len() <= DRAWN_CHANGES
            && !matches!(
                report.event,
                PostEventKind::Appeared | PostEventKind::Expired | PostEventKind::Removed | PostEventKind::Withdrawn { .. }
            );
        // the line itself says where the date came from
        let is_new = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Warning && diagnostic.code != "date-missing";
        for diagnostic in about(report, site).filter(is_new).filter(|_| is_edit).take(DRAWN_PROBLEMS) {
            let _ = writeln!(text, "{}", diagnostic.draw(true));
        }
    }
    for report in wrong.iter().take(limit) {
        let _ = writeln!(text, "{}", change(report, site, now));
        let is_new = |diagnostic: &&Diagnostic| matches!(&report.event, PostEventKind::Broken { why } | PostEventKind::Held { why } if diagnostic.message.starts_with(why.trim_end_matches(HELD_BACK)));
        for diagnostic in about(report, site).filter(is_new).take(DRAWN_PROBLEMS) {
            let _ = writeln!(text, "{}", diagnostic.draw(true));
        }
    }
    let untold: Vec<&PostEvent> = right.into_iter().skip(limit).chain(wrong.into_iter().skip(limit)).collect();
    if !untold.is_empty() {
        let _ = writeln!(text, "{DIM}… and more: {}{END}", in_numbers(&untold));
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
                number(warnings, "warning"),
                one_line(root.as_str())
            );
        }
    }
    text
}

fn about<'a>(report: &'a PostEvent, site: &'a Site) -> impl Iterator<Item = &'a Diagnostic> {
    site.diagnostics.iter().filter(|diagnostic| diagnostic.path == report.path)
}

/// `290 added, 5 moved`.
fn in_numbers(reports: &[&PostEvent]) -> String {
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

fn change(report: &PostEvent, site: &Site, now: Timestamp) -> String {
    let path = if report.path.as_str().is_empty() {
        "the posts folder".to_owned()
    } else {
        one_line(report.path.as_str()).into_owned()
    };
    let post = site.post(&report.path);
    let stands = post.map(|post| standing(post, site.config(), now)).unwrap_or_default();
    match &report.event {
        PostEventKind::Added | PostEventKind::Found { .. } | PostEventKind::Published => format!("{GREEN}+ {path}{END} {stands}"),
        PostEventKind::Changed => format!("{GREEN}~ {path}{END} {stands}"),
        PostEventKind::Moved { from } => format!("{GREEN}> {}{END} is now {GREEN}{path}{END} {stands}", one_line(from.as_str())),
        PostEventKind::Removed => format!("{YELLOW}- {path}{END}"),
        PostEventKind::Withdrawn { .. } if post.is_none() => format!("{YELLOW}- {path}{END}"),
        PostEventKind::Appeared => format!("{GREEN}+ {path}{END} {stands} {DIM}its time has come{END}"),
        PostEventKind::Expired => format!("{YELLOW}- {path}{END} its time is over"),
        PostEventKind::Withdrawn { why } => format!("{YELLOW}- {path}{END} is withdrawn: {}", one_line(why)),
        PostEventKind::Held { why } if report.path.as_str().is_empty() => {
            format!("{RED}!{END} {}; what was published stays", one_line(why))
        }
        // what is not understood is drawn below
        PostEventKind::Held { .. } => format!("{RED}! {path}{END} {stands}"),
        // what is wrong with it is drawn below
        PostEventKind::Broken { .. } if post.is_some() => format!("{RED}! {path}{END} is refused; its last good version stays"),
        PostEventKind::Broken { .. } => format!("{RED}! {path}{END} is refused"),
        PostEventKind::Mended if post.is_some() => format!("{GREEN}✓ {path}{END} is well again {stands}"),
        PostEventKind::Mended => format!("{GREEN}✓ {path}{END} is well again"),
    }
}

/// `→ /posts/hello "Hello" dated 2026-01-31 (file name)`, or why the world does not see it.
fn standing(post: &Post, config: &Config, now: Timestamp) -> String {
    let address = post_url(&config.base(), &post.address);
    let address = address.strip_prefix(&config.base()).unwrap_or(&address);
    let title = if post.title.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", one_line(&post.title))
    };
    let advice = if post.origins.date == Origin::FileTime {
        format!("; write `date: {}` into the file to keep it", post.date.date())
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
        Visibility::Unlisted => format!("→ {address}{title} {DIM}unlisted{END}"),
        Visibility::Draft => format!("is a draft ({}){preview}", post.origins.status),
        Visibility::Private => format!("is private ({}){preview}", post.origins.status),
        Visibility::Held => format!("is held back until that is mended{preview}"),
        Visibility::Scheduled => format!(
            "is scheduled for {}, in {}{preview}",
            post.date.rfc3339(),
            wait(post.date.timestamp(), now)
        ),
        Visibility::Expired => format!(
            "expired {}{preview}",
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
    for post in site.all().iter() {
        let name = match post.visibility(now) {
            Visibility::Public => "public",
            Visibility::Unlisted => "unlisted",
            Visibility::Draft => "draft",
            Visibility::Private => "private",
            Visibility::Held => "held",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_start_has_come() {
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
            let line = progress(found, read, Duration::from_millis(elapsed));
            assert_eq!(line.as_deref(), expected, "{name}");
        }
    }
}
