//! `feedmill ledger`: exports and imports the ledger as JSON lines, one record on each line.

mod lines;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};

use super::settings::{self, Settings};
use super::terminal::{counted, print_message};
use crate::identity::record::Record;
use crate::storage::{RecordChange, Storage, StorageError};

/// The options of `ledger`.
#[derive(Debug, Args)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
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
    options: LedgerOptions,
}

#[derive(Debug, Args)]
struct Import {
    /// The file to read; - for the standard input
    file: Utf8PathBuf,
    /// Delete records that the file does not have
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    options: LedgerOptions,
}

/// The options that select the ledger.
#[derive(Debug, Args)]
struct LedgerOptions {
    /// The folder of posts [default: posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl LedgerOptions {
    fn storage(self) -> anyhow::Result<Storage> {
        let (config, _) = self.settings.load(self.posts, |_| ())?;
        settings::storage(&config)
    }

    /// The storage. A folder of posts that is named must be there, or have been: else its name may be mistyped.
    fn existing_storage(self) -> anyhow::Result<Storage> {
        let is_named = self.posts.is_some();
        let (config, root) = self.settings.load(self.posts, |_| ())?;
        let storage = settings::storage(&config)?;
        if is_named && !storage.exists() && !root.is_dir() {
            bail!("there is no folder {root}, and it has no ledger; name the folder of posts with `--posts DIR`");
        }
        Ok(storage)
    }
}

/// Runs the command.
pub(super) fn run(arguments: LedgerArgs) -> anyhow::Result<ExitCode> {
    match arguments.command {
        LedgerCommand::Export(Export { file, options }) => export(file.as_deref(), &options.existing_storage()?),
        LedgerCommand::Import(Import { file, replace, options }) => import(&file, replace, &options.storage()?),
    }
}

/// `None` for `-`, which means a standard stream.
fn unless_standard_stream(file: &Utf8Path) -> Option<&Utf8Path> {
    (file != "-").then_some(file)
}

fn export(file: Option<&Utf8Path>, storage: &Storage) -> anyhow::Result<ExitCode> {
    let contents = storage.load().map_err(|error| ledger_error("read", storage, &error))?;
    for note in &contents.notes {
        print_message(&format!("feedmill: {note}\n"));
    }
    if contents.records.is_empty() {
        print_message(&format!("feedmill: the ledger in {storage} is empty\n"));
    }
    match file.and_then(unless_standard_stream) {
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

/// Writes to a file beside `file` and renames it, so that `file` is never half of an export.
fn write_file(records: &[Record], file: &Utf8Path) -> io::Result<()> {
    if file.metadata().is_ok_and(|there| !there.is_file()) {
        // a pipe or a device must not be replaced
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
    let read = match unless_standard_stream(file) {
        None => lines::read_records(file, io::stdin().lock()),
        Some(path) => File::open(path).and_then(|opened| lines::read_records(file, BufReader::new(opened))),
    };
    let records = match read.with_context(|| format!("{file} cannot be read"))? {
        Ok(records) => records,
        Err(problems) => {
            for problem in problems {
                print_message(&format!("{}\n\n", problem.draw(true)));
            }
            print_message("feedmill: nothing was imported\n");
            return Ok(ExitCode::FAILURE);
        }
    };
    let (mut exclusive, contents) = storage
        .open_exclusive()
        .map_err(|error| ledger_error("changed", storage, &error))?;
    for note in &contents.notes {
        print_message(&format!("feedmill: {note}\n"));
    }
    let counts = count_by_kind(&records);
    let plan = ImportPlan::new(records, contents.records, replace);
    let summary = plan.summary();
    exclusive
        .write(plan.changes)
        .map_err(|error| ledger_error("changed", storage, &error))?;
    print_message(&format!("{counts}: {summary}\n"));
    Ok(ExitCode::SUCCESS)
}

fn ledger_error(what: &str, storage: &Storage, error: &StorageError) -> anyhow::Error {
    anyhow::anyhow!("the ledger in {storage} cannot be {what}: {error}; {}", error.mend())
}

/// The changes that an import makes.
#[derive(Debug, Default)]
struct ImportPlan {
    changes: Vec<RecordChange>,
    added: usize,
    replaced: usize,
    kept: usize,
    deleted: Option<usize>,
}

impl ImportPlan {
    fn new(records: Vec<Record>, before: Vec<Record>, replace: bool) -> ImportPlan {
        let mut plan = ImportPlan::default();
        let mut before: BTreeMap<(&'static str, String), Record> =
            before.into_iter().map(|record| (lines::key(&record), record)).collect();
        for record in records {
            match before.remove(&lines::key(&record)) {
                None => plan.added += 1,
                // dates of one instant are equal even if their offsets differ, but here a changed offset counts
                Some(old) if serde_json::to_string(&old).ok() == serde_json::to_string(&record).ok() => {
                    plan.kept += 1;
                    continue;
                }
                Some(_) => plan.replaced += 1,
            }
            plan.changes.push(RecordChange::Put(record));
        }
        if replace {
            plan.deleted = Some(before.len());
            plan.changes
                .extend(before.into_keys().map(|(kind, key)| RecordChange::Delete(kind, key)));
        }
        plan
    }

    fn summary(&self) -> String {
        let ImportPlan {
            added, replaced, kept, ..
        } = self;
        let deleted = self
            .deleted
            .map_or_else(String::new, |deleted| format!(", {deleted} deleted"));
        format!("{added} added, {replaced} replaced, {kept} unchanged{deleted}")
    }
}

/// `12 posts, 1 site, 9 documents`.
fn count_by_kind(records: &[Record]) -> String {
    let count = |kind| records.iter().filter(|record| record.key().0 == kind).count();
    ["post", "site", "document"].map(|kind| counted(count(kind), kind)).join(", ")
}
