//! `feedmill why`: shows whether a post is public, and if not, why; its properties, and where each comes from.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::json;

use super::last_good::LastGood;
use super::settings::{self, Settings};
use super::terminal::ConfigError;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity, one_line};
use crate::identity::{PostRecord, Registry};
use crate::post::{HELD_BACK, Kind, Post, Visibility};
use crate::publisher::snapshot;
use crate::render::post_url;
use crate::site::Site;
use crate::source::rules::companions::may_apply;
use crate::source::rules::ignore::Ignore;
use crate::source::rules::left_out::FOLDER_CODE;
use crate::source_file::file_type::is_markdown;
use crate::time::{Moment, Timestamp};

/// The options of `why`.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The file of the post
    file: Utf8PathBuf,
    /// The folder of posts [default: the one above the file that has a ledger or a feedmill.toml, else posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command.
pub(super) fn run(arguments: WhyArgs) -> anyhow::Result<ExitCode> {
    let is_there = !is_missing(&arguments.file);
    if is_there {
        check_is_file(&arguments.file)?;
    }
    let (config, root, path) = match arguments.settings.load_for(&arguments.file, arguments.posts) {
        Err(error) if !is_there && !error.is::<ConfigError>() => bail!(
            "{}; if it is the file of a post that is gone, name the folder of posts with --posts DIR",
            not_found_message(&arguments.file)
        ),
        loaded => loaded?,
    };
    let now = Timestamp::now();
    let mut ledger = settings::load_ledger(&config, now)?;
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let post = site.post(&path).map(AsRef::as_ref);
    let is_held = post.is_some_and(|post| post.is_held);
    let concerns_it = |diagnostic: &&Diagnostic| diagnostic.path == path || (is_held && may_hold_post(diagnostic, &path));
    let diagnostics: Vec<&Diagnostic> = site.diagnostics.iter().filter(concerns_it).collect();
    let record = match post {
        Some(post) => ledger.post(&post.id),
        None if is_there => None,
        None => Some(last_read_from(&path, &ledger).with_context(|| not_found_message(&arguments.file))?),
    };
    let absence = match &record {
        Some(record) if post.is_none() => why_file_is_gone(record, &site),
        _ => why_no_post(&path, &diagnostics, &Ignore::configured(&config.posts)),
    };
    let is_refused = post.map_or(is_there, |post| post.visibility(now) == Visibility::Held);
    let is_last_good = is_refused && LastGood::load(&config, &root)?.is_stored(&path);
    let mut why = post.map_or(format!("no: {absence}"), |post| describe_visibility(post, &diagnostics, now));
    if is_last_good {
        why = format!(
            "readers see its last good version; what the file holds now is not public: {}",
            why.trim_start_matches("no: ")
        );
    }
    let answer = FileExplanation {
        path: &path,
        post,
        record,
        diagnostics,
        is_last_good,
        why,
        absence,
        config: &config,
        now,
    };
    let mut out = anstream::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", answer.as_json())?;
    } else {
        writeln!(out, "{}", one_line(arguments.file.as_str()))?;
        answer.write_text(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is known about a post's file.
struct FileExplanation<'a> {
    path: &'a Utf8Path,
    post: Option<&'a Post>,
    record: Option<&'a PostRecord>,
    diagnostics: Vec<&'a Diagnostic>,
    /// Whether readers see the last good version.
    is_last_good: bool,
    /// Whether the post is public, and if not, why.
    why: String,
    /// Why the file is not a post, if it is not.
    absence: String,
    config: &'a Config,
    now: Timestamp,
}

impl FileExplanation<'_> {
    fn as_json(&self) -> serde_json::Value {
        let FileExplanation { post, config, now, .. } = *self;
        let has_version = post.is_some() || self.is_last_good;
        json!({
            "file": self.path,
            "public": post.is_some_and(|post| matches!(post.visibility(now), Visibility::Public | Visibility::Page)),
            "kind": post.map(|post| post.kind.name()),
            "visibility": post.map(|post| post.visibility(now)),
            "why": if has_version { &self.why } else { &self.absence },
            "last_good_version": self.is_last_good,
            "id": post.map(|post| &post.id),
            "atom_id": post.map(Post::atom_id),
            "url": post.map(|post| post_url(&config.base(), &post.address)),
            "title": post.map(|post| &post.title),
            "date": post.map(|post| post.date),
            "tags": post.map(|post| &post.tags),
            "aliases": post.map(|post| &post.aliases),
            "origins": post.map(|post| &post.origins),
            "ledger": self.record,
            "problems": self.diagnostics,
        })
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let mut write_fact = |name: &str, value: &str| writeln!(out, "  {name:<9} {}", one_line(value));
        write_fact("public", &self.why)?;
        if let Some(post) = self.post {
            for (name, value, origin) in facts(post, self.config) {
                if value.is_empty() {
                    write_fact(name, "none")?;
                } else {
                    write_fact(name, &format!("{value}  ({origin})"))?;
                }
            }
            let aliases: Vec<&String> = post.aliases.iter().chain(post.names.iter()).collect();
            let more = [
                ("atom id", post.atom_id.as_deref().map(str::to_owned)),
                ("section", post.section.as_deref().map(str::to_owned)),
                ("tags", comma_separated(&post.tags)),
                ("aliases", comma_separated(&aliases)),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    write_fact(name, &value)?;
                }
            }
        } else if let Some(record) = self.record {
            for (name, value) in former_facts(record, self.config) {
                write_fact(name, &value)?;
            }
        }
        if self.post.is_some() || self.record.is_some() {
            for (name, value) in ledger_facts(self.record) {
                write_fact(name, &value)?;
            }
        }
        for diagnostic in &self.diagnostics {
            writeln!(out, "\n{}", diagnostic.draw(true))?;
        }
        Ok(())
    }
}

/// Checks that `file` is there and is not a folder.
pub(super) fn check_is_file(file: &Utf8Path) -> anyhow::Result<()> {
    let metadata = file.symlink_metadata().with_context(|| not_found_message(file))?;
    if metadata.is_dir() {
        bail!("{file} is a folder; name the file of a post");
    }
    Ok(())
}

fn is_missing(file: &Utf8Path) -> bool {
    let found = file.symlink_metadata();
    found.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn not_found_message(file: &Utf8Path) -> String {
    format!("there is no file {file}")
}

/// The post that was last read from the file at `path`. Of several it is the one that was withdrawn last.
fn last_read_from<'a>(path: &Utf8Path, ledger: &'a Registry) -> Option<&'a PostRecord> {
    let records = ledger.posts().filter(|record| record.source == path);
    records.max_by_key(|record| record.withdrawn.unwrap_or(Timestamp::MAX))
}

/// Says that the file of `record` is gone, and where the post is now.
fn why_file_is_gone(record: &PostRecord, site: &Site) -> String {
    let elsewhere = site.all().iter().find(|post| post.id == *record.id);
    elsewhere.map_or_else(
        || "its file is gone".to_owned(),
        |post| format!("its file is gone, and the post is in {} now", &post.source),
    )
}

/// Whether `diagnostic`, which is for another file or a folder, may be why the post at `path` is held back.
fn may_hold_post(diagnostic: &Diagnostic, path: &Utf8Path) -> bool {
    if matches!(diagnostic.code, FOLDER_CODE | "bundle-resources") {
        return path.starts_with(&diagnostic.path);
    }
    diagnostic.severity == Severity::Error && may_apply(&diagnostic.path, path)
}

/// The properties of a post that has no file now.
fn former_facts(record: &PostRecord, config: &Config) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("title", record.title.to_string()),
        ("address", post_url(&config.base(), &record.address)),
        ("id", record.id.to_string()),
    ];
    facts.extend(record.atom_id.iter().map(|id| ("atom id", id.to_string())));
    facts
}

/// Whether the post is public, and if not, why. `diagnostics` are those for its file.
fn describe_visibility(post: &Post, diagnostics: &[&Diagnostic], now: Timestamp) -> String {
    let origin = &post.origins.status;
    match post.visibility(now) {
        Visibility::Public if post.in_feeds => "yes".to_owned(),
        Visibility::Public => "yes, but in no feed".to_owned(),
        Visibility::Page => "yes, as a page: it is in no feed and no list".to_owned(),
        Visibility::Unlisted if post.kind == Kind::NotFound => "yes, as the page for addresses where there is nothing".to_owned(),
        Visibility::Unlisted => format!("only to people who know its address: it is unlisted ({origin})"),
        Visibility::Draft => format!("no: it is a draft ({origin})"),
        Visibility::Private => format!("no: it is private ({origin})"),
        Visibility::Held => format!("no: it is held back: {}", reason(diagnostics)),
        Visibility::Scheduled => format!("not before {} ({})", post.date.rfc3339(), post.origins.date),
        Visibility::Expired => format!(
            "no: it expired {}",
            post.expires.map_or_else(String::new, super::super::time::Moment::rfc3339)
        ),
    }
}

/// Why a post is held back, with the line.
fn reason(diagnostics: &[&Diagnostic]) -> String {
    let first = diagnostics.iter().find(|diagnostic| diagnostic.message.ends_with(HELD_BACK));
    if let Some(reason) = diagnostics
        .iter()
        .find_map(|diagnostic| left_out(diagnostic))
        .filter(|_| first.is_none())
    {
        return reason;
    }
    let Some(first) = first.or_else(|| diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error)) else {
        return "something in its file is not understood".to_owned();
    };
    let message = first.message.trim_end_matches(HELD_BACK);
    match first.position {
        Some(position) => format!("line {}: {message} ({})", position.line, first.mend),
        None => format!("{message} ({})", first.mend),
    }
}

/// Why the post is left out because of its name or its folder, if `diagnostic` says so.
fn left_out(diagnostic: &Diagnostic) -> Option<String> {
    let Diagnostic { path, message, mend, .. } = diagnostic;
    let reason = message
        .split_once("left out: ")
        .map_or(message.as_str(), |(_, reason)| reason);
    let reason = match diagnostic.code {
        FOLDER_CODE => format!("it is in the folder `{path}/`: {reason}"),
        "bundle-resources" => format!("it is beside the page of the folder `{path}/`: {reason}"),
        "about-folder" | "drawing" | "conflict-copy" => reason.to_owned(),
        _ => return None,
    };
    Some(if mend.is_empty() {
        reason
    } else {
        format!("{reason} ({mend})")
    })
}

fn facts(post: &Post, config: &Config) -> [(&'static str, String, String); 5] {
    let origins = &post.origins;
    [
        ("title", post.title.to_string(), origins.title.to_string()),
        (
            "address",
            post_url(&config.base(), &post.address),
            origins.address.to_string(),
        ),
        ("id", post.id.to_string(), origins.id.to_string()),
        ("date", post.date.rfc3339(), origins.date.to_string()),
        ("summary", post.summary.to_string(), origins.summary.to_string()),
    ]
}

/// What the ledger stores about the post.
fn ledger_facts(record: Option<&PostRecord>) -> Vec<(&'static str, String)> {
    let Some(record) = record else {
        return vec![("known", "not yet: it was never public".to_owned())];
    };
    let at = |instant: Timestamp| Moment::utc(instant).rfc3339();
    let mut known = vec![("known", format!("since {}", at(record.first_served)))];
    known.extend(record.changed.map(|changed| ("edited", format!("last seen {}", at(changed)))));
    known.extend(record.withdrawn.map(|withdrawn| ("withdrawn", at(withdrawn))));
    known.extend(record.returned.map(|returned| ("back", format!("since {}", at(returned)))));
    known.extend(
        record
            .earlier
            .iter()
            .map(|former| ("was at", format!("{} until {}", former.address, at(former.until)))),
    );
    known
}

fn comma_separated<T: AsRef<str>>(words: &[T]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Why the file at `path` is not a post.
fn why_no_post(path: &Utf8Path, diagnostics: &[&Diagnostic], ignore: &Ignore) -> String {
    if !diagnostics.is_empty() {
        return "the file is refused".to_owned();
    }
    if !is_markdown(path.as_str()) {
        return "only Markdown files are posts: .md, .markdown, .mdx, .mkd, .mdown and the like".to_owned();
    }
    match ignore.reason(path) {
        Some((name, reason)) => format!("`{name}` is ignored: {reason}"),
        None => "it is no post; `feedmill check` lists what is wrong in the folder".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_post_that_is_left_out() {
        let note = |code, path: &str, message: &str| Diagnostic::new(Severity::Note, code, Utf8Path::new(path), message);
        let cases = [
            (
                note(
                    FOLDER_CODE,
                    "_archive",
                    "2 posts in this folder are left out: a folder whose name begins with `_` holds parts of a site",
                ),
                "it is in the folder `_archive/`: a folder whose name begins with `_` holds parts of a site",
            ),
            (
                note(
                    "about-folder",
                    "README.md",
                    "it is left out: an undated file of this name is about the folder",
                )
                .mend("write a `date` to publish it"),
                "an undated file of this name is about the folder (write a `date` to publish it)",
            ),
            (
                note(
                    "conflict-copy",
                    "a (1).md",
                    "it was left by a tool as a copy of a post, and is not published",
                ),
                "it was left by a tool as a copy of a post, and is not published",
            ),
        ];
        for (diagnostic, expected) in &cases {
            assert_eq!(reason(&[diagnostic]), *expected);
        }
        let held = note(
            "standing-unclear",
            "_archive/a.md",
            &format!("`draft: x` is not understood{HELD_BACK}"),
        );
        assert!(reason(&[&cases[0].0, &held]).starts_with("`draft: x` is not understood"));
        assert_eq!(reason(&[]), "something in its file is not understood");
    }
}
