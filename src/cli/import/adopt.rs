//! `feedmill import --adopt FEED`: keeps the ids of a blog's old feed, so that no post appears new to its readers.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use ipnet::IpNet;

use super::report::AdoptionReport;
use crate::cli::settings::{self, Settings};
use crate::cli::terminal::{self, counted};
use crate::config::Config;
use crate::diagnostic::one_line;
use crate::identity::{Record, Registry};
use crate::import::OldFeed;
use crate::import::adoption::{self, KnownPosts, LedgerChanges};
use crate::import::matching::{self, Matching};
use crate::import::origin::FeedSource;
use crate::publisher::snapshot;
use crate::storage::{ExclusiveStorage, RecordChange, Storage};
use crate::time::Timestamp;

/// Which feeds are adopted for which posts.
#[derive(Debug)]
pub(super) struct AdoptionRun {
    /// The old feeds.
    pub(super) feeds: Vec<FeedSource>,
    /// The folder of posts.
    pub(super) posts: Option<Utf8PathBuf>,
    /// Whether nothing is written.
    pub(super) dry_run: bool,
    /// Whether the result is printed as JSON.
    pub(super) json: bool,
    pub(super) settings: Settings,
    /// Private networks from which feeds may be fetched.
    pub(super) networks: Vec<IpNet>,
}

/// Adopts feeds and prints the result.
pub(super) fn run(adoption: AdoptionRun) -> anyhow::Result<ExitCode> {
    let (config, root) = adoption.settings.load(adoption.posts, |_| ())?;
    root.read_dir_utf8()
        .with_context(|| format!("the posts in {root} cannot be read"))?;
    // if another feedmill has the ledger open, this fails before anything is fetched
    let ledger = LedgerAccess::open(settings::storage(&config)?, adoption.dry_run)?;
    let feeds = read_feeds(&adoption.feeds, &adoption.networks)?;
    let adopted = adopt_feeds(&config, &root, ledger, &adoption.feeds, &feeds)?;
    let mut out = anstream::stdout().lock();
    if adoption.json {
        writeln!(out, "{:#}", serde_json::to_value(&adopted.report)?)?;
    } else {
        write!(out, "{}", adopted.report.in_words())?;
    }
    out.flush()?;
    writeln!(io::stderr(), "{}\n{}", adopted.report.summary(), adopted.remembered)?;
    Ok(if adopted.report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The result of an adoption.
pub(super) struct Adopted {
    pub(super) report: AdoptionReport,
    /// What was written to the ledger, in words.
    pub(super) remembered: String,
}

/// Reads the feeds at `sources`.
pub(super) fn read_feeds(sources: &[FeedSource], networks: &[IpNet]) -> anyhow::Result<Vec<OldFeed>> {
    sources.iter().map(|source| read_feed(source, networks)).collect()
}

/// Takes the ids of `feeds`, which were read from `sources`, into the ledger for the posts in `root`.
pub(super) fn adopt_feeds(
    config: &Arc<Config>,
    root: &Utf8Path,
    ledger: LedgerAccess,
    sources: &[FeedSource],
    feeds: &[OldFeed],
) -> anyhow::Result<Adopted> {
    let now = Timestamp::now();
    let mut registry = Registry::from_records(ledger.records.clone(), now);
    let site = snapshot(config, root, &mut registry, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let known = KnownPosts::new(ledger.records.clone(), config);
    let posts: &[_] = &site.all().iter().cloned().collect::<Vec<_>>();
    let matched = |feed| matching::match_items(feed, posts, site.texts(), config);
    let matchings: Vec<Matching> = feeds.iter().map(matched).collect();
    let pairs: Vec<(&OldFeed, &Matching)> = feeds.iter().zip(&matchings).collect();
    let plan = adoption::plan_adoptions(&pairs, posts, &known, config);
    let changes = adoption::ledger_changes(&plan.adoptions, posts, &known, now);
    let report = AdoptionReport::new(sources, &pairs, &plan, posts, &site);
    let remembered = ledger.write(changes)?;
    Ok(Adopted { report, remembered })
}

fn read_feed(origin: &FeedSource, networks: &[IpNet]) -> anyhow::Result<OldFeed> {
    origin
        .read_feed(networks)
        .map_err(|why| anyhow!("the feed {origin} cannot be read: {why}"))
}

/// The ledger to which ids are written. In a dry run it is only read.
pub(super) struct LedgerAccess {
    storage: Storage,
    exclusive: Option<ExclusiveStorage>,
    /// All records in it.
    records: Vec<Record>,
}

impl LedgerAccess {
    /// Opens the ledger and reads all records.
    pub(super) fn open(storage: Storage, dry_run: bool) -> anyhow::Result<LedgerAccess> {
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
        Ok(LedgerAccess {
            storage,
            exclusive,
            records: contents.records,
        })
    }

    /// Writes `changes`. Returns a message about what was written.
    fn write(self, changes: LedgerChanges) -> anyhow::Result<String> {
        let posts = counted(changes.put.len(), "post");
        let Some(mut exclusive) = self.exclusive else {
            return Ok(format!(
                "dry run: nothing was written; without --dry-run, the ids and old addresses of {posts} would be written to the ledger in {}",
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
        Ok(format!(
            "the ids and old addresses of {posts} were written to the ledger in {storage}"
        ))
    }
}
