//! `feedmill why`: is this post public, and if not, why not; and where what it says of itself came from.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::json;

use super::last_good::LastGood;
use super::settings::{self, Settings};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity, one_line};
use crate::identity::{PostRecord, Registry};
use crate::post::{HELD_BACK, Post, Visibility};
use crate::publisher::snapshot;
use crate::render::post_url;
use crate::site::Site;
use crate::source::rules::companions::is_companion;
use crate::source::rules::left_out::FOLDER_CODE;
use crate::source_file::file_type::is_markdown;
use crate::time::{Moment, Timestamp};

/// The options of `why`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
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
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let is_there = !is_missing(&arguments.file);
    if is_there {
        file_of_a_post(&arguments.file)?;
    }
    let (config, root, path) = match arguments.settings.load_for(&arguments.file, arguments.posts) {
        Err(error) if !is_there => return Err(error.context(missing(&arguments.file))),
        loaded => loaded?,
    };
    let now = Timestamp::now();
    let mut ledger = settings::ledger(&config, &root, now)?;
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let post = site.post(&path);
    let is_held = post.is_some_and(|post| post.is_held);
    let about_it = |diagnostic: &&Diagnostic| diagnostic.path == path || (is_held && holds_others(diagnostic, &path));
    let said: Vec<&Diagnostic> = site.diagnostics.iter().filter(about_it).collect();
    let record = match post {
        Some(post) => ledger.post(&post.id),
        None if is_there => None,
        None => Some(last_read_from(&path, &ledger).with_context(|| missing(&arguments.file))?),
    };
    let absent = match record {
        Some(record) if post.is_none() => gone(record, &site),
        _ => absent(&path, &said).to_owned(),
    };
    let is_refused = post.map_or(is_there, |post| post.visibility(now) == Visibility::Held);
    let is_last_good = is_refused && LastGood::of(&config, &root)?.is_kept(&path);
    let mut why = post.map_or(format!("no: {absent}"), |post| verdict(post, &said, now));
    if is_last_good {
        why = format!(
            "readers see its last good version; what the file holds now is not public: {}",
            why.trim_start_matches("no: ")
        );
    }
    let mut out = anstream::stdout().lock();
    if arguments.json {
        writeln!(
            out,
            "{:#}",
            as_json(
                &path,
                post.map(AsRef::as_ref),
                (if post.is_some() || is_last_good { &why } else { &absent }, is_last_good),
                record,
                &said,
                &config,
                now
            )
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", one_line(arguments.file.as_str()))?;
    writeln!(out, "  {:<9} {}", "public", one_line(&why))?;
    match post {
        Some(post) => {
            for (name, value, origin) in facts(post, &config) {
                writeln!(out, "  {name:<9} {}  ({origin})", one_line(&value))?;
            }
            let more = [
                ("atom id", post.atom_id.as_deref().map(str::to_owned)),
                ("section", post.section.as_deref().map(str::to_owned)),
                ("tags", joined(&post.tags)),
                ("aliases", joined(&post.aliases)),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    writeln!(out, "  {name:<9} {}", one_line(&value))?;
                }
            }
        }
        None => {
            for (name, value) in record.iter().flat_map(|record| was(record, &config)) {
                writeln!(out, "  {name:<9} {}", one_line(&value))?;
            }
        }
    }
    if post.is_some() || record.is_some() {
        for (name, value) in remembered(record) {
            writeln!(out, "  {name:<9} {}", one_line(&value))?;
        }
    }
    for diagnostic in said {
        writeln!(out, "\n{}", diagnostic.draw(true))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks that `file` is there and is no folder.
pub(super) fn file_of_a_post(file: &Utf8Path) -> anyhow::Result<()> {
    let metadata = file.symlink_metadata().with_context(|| missing(file))?;
    if metadata.is_dir() {
        bail!("{file} is a folder; name the file of a post");
    }
    Ok(())
}

fn is_missing(file: &Utf8Path) -> bool {
    let found = file.symlink_metadata();
    found.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn missing(file: &Utf8Path) -> String {
    format!("{file} cannot be found")
}

/// The post that was last read from the file at `path`: of several the one that stayed longest.
fn last_read_from<'a>(path: &Utf8Path, ledger: &'a Registry) -> Option<&'a PostRecord> {
    let records = ledger.posts().filter(|record| record.source == path);
    records.max_by_key(|record| record.withdrawn.unwrap_or(Timestamp::MAX))
}

/// Why there is nothing at the place of `record`.
fn gone(record: &PostRecord, site: &Site) -> String {
    let elsewhere = site.all().iter().find(|post| post.id == *record.id);
    elsewhere.map_or_else(
        || "its file is gone".to_owned(),
        |post| format!("its file is gone, and the post is in {} now", &post.source),
    )
}

/// Whether `diagnostic`, which is about another file or a folder, is why the post at `path` is held back.
fn holds_others(diagnostic: &Diagnostic, path: &Utf8Path) -> bool {
    if matches!(diagnostic.code, FOLDER_CODE | "bundle-resources") {
        return path.starts_with(&diagnostic.path);
    }
    let is_beside_or_above = diagnostic.path.parent().is_some_and(|folder| path.starts_with(folder));
    diagnostic.severity == Severity::Error && is_companion(&diagnostic.path) && is_beside_or_above
}

/// What a post that has no file was.
fn was(record: &PostRecord, config: &Config) -> Vec<(&'static str, String)> {
    let mut was = vec![
        ("title", record.title.clone()),
        ("address", post_url(&config.base(), &record.address)),
        ("id", record.id.clone()),
    ];
    was.extend(record.atom_id.clone().map(|id| ("atom id", id)));
    was
}

/// Whether the post is public, and if not, why not; `said` is what there is to say about its file.
fn verdict(post: &Post, said: &[&Diagnostic], now: Timestamp) -> String {
    let origin = &post.origins.status;
    match post.visibility(now) {
        Visibility::Public if post.in_feeds => "yes".to_owned(),
        Visibility::Public => "yes, but in no feed".to_owned(),
        Visibility::Unlisted => format!("only to who knows its address: it is unlisted ({origin})"),
        Visibility::Draft => format!("no: it is a draft ({origin})"),
        Visibility::Private => format!("no: it is private ({origin})"),
        Visibility::Held => format!("no: it is held back: {}", reason(said)),
        Visibility::Scheduled => format!("not before {} ({})", post.date.rfc3339(), post.origins.date),
        Visibility::Expired => format!(
            "no: it expired {}",
            post.expires.map_or_else(String::new, super::super::time::Moment::rfc3339)
        ),
    }
}

/// What holds a post back, and where.
fn reason(said: &[&Diagnostic]) -> String {
    let first = said.iter().find(|diagnostic| diagnostic.message.ends_with(HELD_BACK));
    if let Some(reason) = said
        .iter()
        .find_map(|diagnostic| left_out(diagnostic))
        .filter(|_| first.is_none())
    {
        return reason;
    }
    let Some(first) = first.or_else(|| said.iter().find(|diagnostic| diagnostic.severity == Severity::Error)) else {
        return "something in its file is not understood".to_owned();
    };
    let message = first.message.trim_end_matches(HELD_BACK);
    match first.position {
        Some(position) => format!("line {}: {message} ({})", position.line, first.mend),
        None => format!("{message} ({})", first.mend),
    }
}

/// Why the post is left out by its name or a folder that it is in, if that is what `diagnostic` says.
fn left_out(diagnostic: &Diagnostic) -> Option<String> {
    let Diagnostic { path, message, mend, .. } = diagnostic;
    let reason = message
        .split_once("left out: ")
        .map_or(message.as_str(), |(_, reason)| reason);
    let reason = match diagnostic.code {
        FOLDER_CODE => format!("it is in the folder `{path}/`: {reason}"),
        "bundle-resources" => format!("it is beside the page of the folder `{path}/`: {reason}"),
        "about-folder" | "drawing" => reason.to_owned(),
        "conflict-copy" => format!("it {reason}"),
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
        ("title", post.title.clone(), origins.title.to_string()),
        (
            "address",
            post_url(&config.base(), &post.address),
            origins.address.to_string(),
        ),
        ("id", post.id.clone(), origins.id.to_string()),
        ("date", post.date.rfc3339(), origins.date.to_string()),
        ("summary", post.summary.clone(), origins.summary.to_string()),
    ]
}

/// What the ledger knows of the post.
fn remembered(record: Option<&PostRecord>) -> Vec<(&'static str, String)> {
    let Some(record) = record else {
        return vec![("known", "not yet: the world has not seen it".to_owned())];
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

fn joined<T: AsRef<str>>(words: &[T]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Why there is no post of this file.
fn absent(path: &Utf8Path, said: &[&Diagnostic]) -> &'static str {
    if !said.is_empty() {
        "the file is refused"
    } else if is_markdown(path.as_str()) {
        "its name, or the name of a folder it is in, is one that is ignored"
    } else {
        "only Markdown files are posts: .md, .markdown, .mdx, .mkd, .mdown and the like"
    }
}

fn as_json(
    path: &Utf8Path,
    post: Option<&Post>,
    (why, is_last_good): (&str, bool),
    record: Option<&PostRecord>,
    said: &[&Diagnostic],
    config: &Config,
    now: Timestamp,
) -> serde_json::Value {
    json!({
        "file": path,
        "public": post.is_some_and(|post| post.visibility(now) == Visibility::Public),
        "visibility": post.map(|post| post.visibility(now)),
        "why": why,
        "last_good_version": is_last_good,
        "id": post.map(|post| &post.id),
        "atom_id": post.map(Post::atom_id),
        "url": post.map(|post| post_url(&config.base(), &post.address)),
        "title": post.map(|post| &post.title),
        "date": post.map(|post| post.date),
        "tags": post.map(|post| &post.tags),
        "aliases": post.map(|post| &post.aliases),
        "origins": post.map(|post| &post.origins),
        "ledger": record,
        "problems": said,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_that_is_left_out_is_held_back_for_that_reason() {
        let note = |code, path: &str, message: &str| Diagnostic::new(Severity::Note, code, Utf8Path::new(path), message);
        let cases = [
            (
                note(
                    FOLDER_CODE,
                    "_archive",
                    "2 posts in it are left out: a folder whose name begins with `_` holds parts of a site",
                ),
                "it is in the folder `_archive/`: a folder whose name begins with `_` holds parts of a site",
            ),
            (
                note(
                    "about-folder",
                    "README.md",
                    "is left out: an undated file of this name is about the folder",
                )
                .mend("write a `date` to publish it"),
                "an undated file of this name is about the folder (write a `date` to publish it)",
            ),
            (
                note(
                    "conflict-copy",
                    "a (1).md",
                    "was left by a tool as a copy of a post, and is not published",
                ),
                "it was left by a tool as a copy of a post, and is not published",
            ),
        ];
        for (said, expected) in &cases {
            assert_eq!(reason(&[said]), *expected);
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
