//! `feedmill ledger`: exports and imports the ledger as JSON lines, one record a line.

mod lines;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::process::ExitCode;

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};

use super::settings::{self, Settings};
use super::terminal::{number, say};
use crate::identity::record::Record;
use crate::storage::{RecordChange, Storage, StorageError};

/// The options of `ledger`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the ledger as JSON, one record a line, ordered by kind and key
    Export(Export),
    /// Read an export into the ledger: all of it, or nothing if a line is wrong
    ///
    /// Exit status: 0 if it was imported, 1 if a line is wrong, 2 if it could not run, for example while feedmill serves these posts.
    Import(Import),
}

#[derive(Debug, Args)]
struct Export {
    /// The file to write; it is replaced only when the export is complete [default: -, the standard output]
    file: Option<Utf8PathBuf>,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Args)]
struct Import {
    /// The file to read; - for the standard input
    file: Utf8PathBuf,
    /// Delete records that the file does not have
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    whose: Whose,
}

/// Which posts it is about.
#[derive(Debug, Args)]
struct Whose {
    /// The folder of posts [default: posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Whose {
    fn storage(self) -> anyhow::Result<Storage> {
        let (config, posts) = self.settings.load(self.posts, |_| ())?;
        settings::storage(&config, &posts)
    }
}

/// Runs the command.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.verb {
        Verb::Export(Export { file, whose }) => export(file.as_deref(), &whose.storage()?),
        Verb::Import(Import { file, replace, whose }) => import(&file, replace, &whose.storage()?),
    }
}

/// `-` means a standard stream.
fn named(file: &Utf8Path) -> Option<&Utf8Path> {
    (file != "-").then_some(file)
}

fn export(file: Option<&Utf8Path>, storage: &Storage) -> anyhow::Result<ExitCode> {
    let contents = storage.load().map_err(|error| cannot("read", storage, &error))?;
    for note in &contents.notes {
        say(&format!("feedmill: {note}\n"));
    }
    if contents.records.is_empty() {
        say(&format!("feedmill: the ledger in {storage} is empty\n"));
    }
    match file.and_then(named) {
        None => write_lines(&contents.records, io::stdout().lock())?,
        Some(file) => write_file(&contents.records, file).with_context(|| format!("{file} cannot be written"))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write_lines(records: &[Record], out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for record in records {
        serde_json::to_writer(&mut out, record)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes beside `file` first, so that under its name there is never half of an export.
fn write_file(records: &[Record], file: &Utf8Path) -> io::Result<()> {
    if file.metadata().is_ok_and(|there| !there.is_file()) {
        // a pipe or a device, whose name is not to be taken
        return write_lines(records, File::options().write(true).open(file)?);
    }
    let part = Utf8PathBuf::from(format!("{file}.part"));
    let written = File::create(&part).and_then(|out| {
        write_lines(records, &out)?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&part, file)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

fn import(file: &Utf8Path, replace: bool, storage: &Storage) -> anyhow::Result<ExitCode> {
    let read = match named(file) {
        None => lines::read(file, io::stdin().lock()),
        Some(path) => File::open(path).and_then(|opened| lines::read(file, BufReader::new(opened))),
    };
    let records = match read.with_context(|| format!("{file} cannot be read"))? {
        Ok(records) => records,
        Err(problems) => {
            for problem in problems {
                say(&format!("{}\n\n", problem.draw(true)));
            }
            say("feedmill: nothing was imported\n");
            return Ok(ExitCode::FAILURE);
        }
    };
    let (mut exclusive, contents) = storage.open_exclusive().map_err(|error| cannot("changed", storage, &error))?;
    for note in &contents.notes {
        say(&format!("feedmill: {note}\n"));
    }
    let said = in_words(&records);
    let plan = Plan::of(records, contents.records, replace);
    let summary = plan.summary();
    exclusive
        .write(plan.changes)
        .map_err(|error| cannot("changed", storage, &error))?;
    say(&format!("{said}: {summary}\n"));
    Ok(ExitCode::SUCCESS)
}

fn cannot(what: &str, storage: &Storage, error: &StorageError) -> anyhow::Error {
    anyhow::anyhow!("the ledger in {storage} cannot be {what}: {error}; {}", error.mend())
}

/// What an import does.
#[derive(Debug, Default)]
struct Plan {
    changes: Vec<RecordChange>,
    added: usize,
    replaced: usize,
    kept: usize,
    forgotten: Option<usize>,
}

impl Plan {
    fn of(records: Vec<Record>, before: Vec<Record>, replace: bool) -> Plan {
        let mut plan = Plan::default();
        let mut before: BTreeMap<(&'static str, String), Record> =
            before.into_iter().map(|record| (lines::key(&record), record)).collect();
        for record in records {
            match before.remove(&lines::key(&record)) {
                None => plan.added += 1,
                // dates of one instant are equal, whatever their offsets; here those count too
                Some(old) if serde_json::to_string(&old).ok() == serde_json::to_string(&record).ok() => {
                    plan.kept += 1;
                    continue;
                }
                Some(_) => plan.replaced += 1,
            }
            plan.changes.push(RecordChange::Put(record));
        }
        if replace {
            plan.forgotten = Some(before.len());
            plan.changes
                .extend(before.into_keys().map(|(kind, key)| RecordChange::Delete(kind, key)));
        }
        plan
    }

    fn summary(&self) -> String {
        let Plan {
            added, replaced, kept, ..
        } = self;
        let forgotten = self
            .forgotten
            .map_or_else(String::new, |forgotten| format!(", {forgotten} deleted"));
        format!("{added} added, {replaced} replaced, {kept} unchanged{forgotten}")
    }
}

/// `12 posts, 1 site, 9 documents`.
fn in_words(records: &[Record]) -> String {
    let count = |kind| records.iter().filter(|record| record.key().0 == kind).count();
    ["post", "site", "document"].map(|kind| number(count(kind), kind)).join(", ")
}
