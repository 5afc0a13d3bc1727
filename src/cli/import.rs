//! `feedmill import --adopt FEED`: takes over the ids of a blog's old feed, so that nothing appears new to its readers.

mod report;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use self::report::Report;
use super::settings::{Settings, state_dir};
use super::terminal::{self, number};
use crate::diagnostic::one_line;
use crate::identity::{Record, Registry};
use crate::import::OldFeed;
use crate::import::adoption::{self, Changes, Known};
use crate::import::matching::{self, Matching};
use crate::import::origin::Origin;
use crate::publisher::snapshot;
use crate::storage::{self, Change, Exclusive};
use crate::time::Timestamp;

/// The options of `import`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The old feed: RSS, Atom or JSON Feed; a file, an http(s) address, or - for standard input
    ///
    /// Its items are matched to the posts here by id, address, title, date and text, and their ids are kept as the ids of these posts.
    /// If it is fetched from an address, the archives that the feed links to are read too. Repeat the option for several feeds of the
    /// same blog; if they have different ids for a post, the first one is taken.
    #[arg(long, value_name = "FEED", required = true)]
    adopt: Vec<Origin>,
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
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (config, root) = arguments.settings.load(arguments.posts, |_| ())?;
    let now = Timestamp::now();
    root.read_dir_utf8()
        .with_context(|| format!("the posts in {root} cannot be read"))?;
    // what another feedmill holds is refused before anything is fetched
    let state = state_dir(&config, &root)?;
    let (memory, records) = Memory::open(&state, arguments.dry_run)?;
    let mut ledger = Registry::remembering(records.clone(), now);
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let feeds: Vec<OldFeed> = arguments.adopt.iter().map(read).collect::<anyhow::Result<_>>()?;
    let known = Known::new(records, &config);
    let posts: &[_] = &site.all().iter().cloned().collect::<Vec<_>>();
    let matched = |feed| matching::matched(feed, posts, site.texts(), &config);
    let matchings: Vec<Matching> = feeds.iter().map(matched).collect();
    let pairs: Vec<(&OldFeed, &Matching)> = feeds.iter().zip(&matchings).collect();
    let settled = adoption::settled(&pairs, posts, &known, &config);
    let changes = adoption::changes(&settled.adoptions, posts, &known, now);
    let report = Report::new(&arguments.adopt, &pairs, &settled, posts, &site);
    let remembered = memory.keep(changes)?;
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

fn read(origin: &Origin) -> anyhow::Result<OldFeed> {
    origin
        .read()
        .map_err(|why| anyhow!("the feed {origin} cannot be read: {why}"))
}

/// What is remembered between runs, to be changed by this one; or, with nothing behind it, to be looked at only.
struct Memory<'a> {
    folder: &'a Utf8Path,
    store: Option<Exclusive>,
}

impl<'a> Memory<'a> {
    /// Opens what is remembered in `folder`, and gives it.
    fn open(folder: &'a Utf8Path, dry_run: bool) -> anyhow::Result<(Memory<'a>, Vec<Record>)> {
        let opened = if dry_run {
            storage::read(folder).map(|contents| (None, contents))
        } else {
            Exclusive::open(folder).map(|(store, contents)| (Some(store), contents))
        };
        let (store, contents) =
            opened.map_err(|failure| anyhow!("the ledger in {folder} cannot be opened: {failure}; {}", failure.mend()))?;
        for note in contents.notes {
            terminal::say(&format!("{}\n", one_line(&note)));
        }
        Ok((Memory { folder, store }, contents.records))
    }

    /// Keeps `changes`, and says what that comes to.
    fn keep(self, changes: Changes) -> anyhow::Result<String> {
        let posts = number(changes.put.len(), "post");
        let Some(mut store) = self.store else {
            return Ok(format!(
                "dry run: nothing was written; without --dry-run, the ids of {posts} would be written to the ledger in {}",
                self.folder
            ));
        };
        if changes.put.is_empty() {
            return Ok(format!("nothing new for the ledger in {}", self.folder));
        }
        let forget = changes.forget.into_iter().map(|id| Change::Forget("post", id));
        let put = changes
            .put
            .into_iter()
            .map(|record| Change::Put(Record::Post(Box::new(record))));
        let folder = self.folder;
        store.write(forget.chain(put).collect()).map_err(|failure| {
            anyhow!(
                "the ledger in {folder} cannot be written, so no ids were taken over: {failure}; {}",
                failure.mend()
            )
        })?;
        Ok(format!("the ids of {posts} were written to the ledger in {folder}"))
    }
}
