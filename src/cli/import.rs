//! `feedmill import --adopt FEED`: keeps the ids of a blog's old feed, so that no post appears new to its readers.

mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use camino::Utf8PathBuf;
use clap::Args;

use self::report::Report;
use super::settings::{self, Settings};
use super::terminal::{self, counted};
use crate::diagnostic::one_line;
use crate::identity::{Record, Registry};
use crate::import::OldFeed;
use crate::import::adoption::{self, KnownPosts, LedgerChanges};
use crate::import::matching::{self, Matching};
use crate::import::origin::FeedSource;
use crate::publisher::snapshot;
use crate::storage::{ExclusiveStorage, RecordChange, Storage};
use crate::time::Timestamp;

/// The options of `import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The old feed: RSS, Atom or JSON Feed; a file, an http(s) address, or - for standard input
    ///
    /// Its items are matched to the posts here by id, address, title, date and text, and their ids are kept as the ids of these posts.
    /// If it is fetched from an address, the archives that the feed links to are read too. Repeat the option for several feeds of the
    /// same blog; if they have different ids for a post, the first one is taken.
    #[arg(long, value_name = "FEED", required = true)]
    adopt: Vec<FeedSource>,
    /// The folder of posts [default: posts]
    #[arg(env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Print what would be written to the ledger, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command.
pub(super) fn run(arguments: ImportArgs) -> anyhow::Result<ExitCode> {
    let (config, root) = arguments.settings.load(arguments.posts, |_| ())?;
    let now = Timestamp::now();
    root.read_dir_utf8()
        .with_context(|| format!("the posts in {root} cannot be read"))?;
    // if another feedmill has the ledger open, this fails before anything is fetched
    let storage = settings::storage(&config)?;
    let (ledger_access, records) = LedgerAccess::open(storage, arguments.dry_run)?;
    let mut ledger = Registry::from_records(records.clone(), now);
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let feeds: Vec<OldFeed> = arguments.adopt.iter().map(read_feed).collect::<anyhow::Result<_>>()?;
    let known = KnownPosts::new(records, &config);
    let posts: &[_] = &site.all().iter().cloned().collect::<Vec<_>>();
    let matched = |feed| matching::match_items(feed, posts, site.texts(), &config);
    let matchings: Vec<Matching> = feeds.iter().map(matched).collect();
    let pairs: Vec<(&OldFeed, &Matching)> = feeds.iter().zip(&matchings).collect();
    let plan = adoption::plan_adoptions(&pairs, posts, &known, &config);
    let changes = adoption::ledger_changes(&plan.adoptions, posts, &known, now);
    let report = Report::new(&arguments.adopt, &pairs, &plan, posts, &site);
    let remembered = ledger_access.write(changes)?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", serde_json::to_value(&report)?)?;
    } else {
        write!(out, "{}", report.in_words())?;
    }
    out.flush()?;
    writeln!(io::stderr(), "{}\n{remembered}", report.summary())?;
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read_feed(origin: &FeedSource) -> anyhow::Result<OldFeed> {
    origin
        .read_feed()
        .map_err(|why| anyhow!("the feed {origin} cannot be read: {why}"))
}

/// The ledger to which ids are written. In a dry run it is only read.
struct LedgerAccess {
    storage: Storage,
    exclusive: Option<ExclusiveStorage>,
}

impl LedgerAccess {
    /// Opens the ledger and reads all records.
    fn open(storage: Storage, dry_run: bool) -> anyhow::Result<(LedgerAccess, Vec<Record>)> {
        let opened = if dry_run {
            storage.load().map(|contents| (None, contents))
        } else {
            let opened = storage.open_exclusive();
            opened.map(|(exclusive, contents)| (Some(exclusive), contents))
        };
        let (exclusive, contents) =
            opened.map_err(|error| anyhow!("the ledger in {storage} cannot be opened: {error}; {}", error.mend()))?;
        for note in contents.notes {
            terminal::print_message(&format!("{}\n", one_line(&note)));
        }
        Ok((LedgerAccess { storage, exclusive }, contents.records))
    }

    /// Writes `changes`. Returns a message about what was written.
    fn write(self, changes: LedgerChanges) -> anyhow::Result<String> {
        let posts = counted(changes.put.len(), "post");
        let Some(mut exclusive) = self.exclusive else {
            return Ok(format!(
                "dry run: nothing was written; without --dry-run, the ids of {posts} would be written to the ledger in {}",
                self.storage
            ));
        };
        if changes.put.is_empty() {
            return Ok(format!("nothing new for the ledger in {}", self.storage));
        }
        let deletes = changes.delete.into_iter().map(|id| RecordChange::Delete("post", id));
        let puts = changes
            .put
            .into_iter()
            .map(|record| RecordChange::Put(Record::Post(Box::new(record))));
        let storage = self.storage;
        exclusive.write(deletes.chain(puts).collect()).map_err(|error| {
            anyhow!(
                "the ledger in {storage} cannot be written, so no ids were taken over: {error}; {}",
                error.mend()
            )
        })?;
        Ok(format!("the ids of {posts} were written to the ledger in {storage}"))
    }
}
