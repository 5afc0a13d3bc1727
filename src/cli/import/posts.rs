//! `feedmill import SOURCE`: posts from an export of another tool or from a feed.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::anyhow;
use camino::Utf8Path;
use ipnet::IpNet;
use serde_json::json;
use url::Url;

use super::adopt::{self, Adopted, AdoptionRun, LedgerAccess};
use super::counts;
use crate::cli::progress_line::ProgressLine;
use crate::cli::settings;
use crate::diagnostic::one_line;
use crate::import::OldFeed;
use crate::import::export::{self, OpenOptions};
use crate::import::importing::{self, ImportOptions, ImportReport};
use crate::import::media::MediaMode;
use crate::import::old_ids::OldIds;
use crate::import::origin::FeedSource;
use crate::outgoing::{Client, address};
use crate::time::Timestamp;

/// What is imported.
#[derive(Debug)]
pub(super) struct PostsImport {
    /// A file or an address.
    pub(super) source: String,
    pub(super) media: MediaMode,
    /// Whether the HTML of the export is kept too.
    pub(super) keeps_html: bool,
    /// The address of the old site.
    pub(super) home: Option<Url>,
    /// Whether a feed with summaries only is imported.
    pub(super) with_summaries: bool,
}

/// Imports posts, adopts the old feeds in the same run, and prints the results.
pub(super) fn run(import: &PostsImport, adoption: AdoptionRun) -> anyhow::Result<ExitCode> {
    let (config, root) = adoption.settings.load(adoption.posts, |_| ())?;
    let failed = |why: String| anyhow!("{} cannot be imported: {why}", import.source);
    let mut line = ProgressLine::new();
    let mut progress = |bytes, items| line.show(|| reading(bytes, items));
    let networks = allowed_networks(&import.source, &adoption.networks);
    let client = Client::new(networks.clone());
    let now = Timestamp::now();
    let opening = OpenOptions {
        now,
        home: import.home.as_ref(),
        with_summaries: import.with_summaries,
        client: &client,
    };
    let export = export::open(&import.source, opening, &mut progress).map_err(failed)?;
    let (sources, feeds) = old_feeds(&adoption.feeds, &import.source, export.is_feed(), &adoption.networks)?;
    // if another feedmill has the ledger open, this fails before anything is written
    let ledger = if sources.is_empty() {
        None
    } else {
        Some(LedgerAccess::open(settings::storage(&config)?, adoption.dry_run)?)
    };
    let options = ImportOptions {
        posts: root.clone(),
        media: import.media,
        keeps_html: import.keeps_html,
        dry_run: adoption.dry_run,
        old_ids: OldIds::new(&feeds),
        home: import.home.clone(),
        client: client.clone(),
        now,
    };
    let report = importing::import_posts(&export, &options, &mut progress).map_err(failed)?;
    line.erase();
    // a dry run has written no posts to which the feeds could be matched
    let adopted = match ledger.filter(|_| !adoption.dry_run) {
        Some(ledger) => Some(adopt::adopt_feeds(&config, &root, ledger, &sources, &feeds)?),
        None => None,
    };
    print(&report, adopted.as_ref(), &root, &options, adoption.json)?;
    let is_complete =
        report.mistakes.is_empty() && report.media_failed == 0 && adopted.is_none_or(|adopted| adopted.report.is_complete());
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The old feeds: those that were named, else the source, if that is a feed. If the source cannot be read again as a feed, none are adopted.
fn old_feeds(
    named: &[FeedSource],
    source: &str,
    is_feed: bool,
    networks: &[IpNet],
) -> anyhow::Result<(Vec<FeedSource>, Vec<OldFeed>)> {
    if !named.is_empty() || !is_feed {
        return Ok((named.to_vec(), adopt::read_feeds(named, networks)?));
    }
    let own: Vec<FeedSource> = source.parse().into_iter().collect();
    Ok(match adopt::read_feeds(&own, networks) {
        Ok(feeds) => (own, feeds),
        Err(_) => (Vec::new(), Vec::new()),
    })
}

/// The private networks from which media and feeds may be fetched: those that are allowed, and that of an address that was typed.
fn allowed_networks(source: &str, networks: &[IpNet]) -> Vec<IpNet> {
    let typed = source
        .parse::<Url>()
        .map(|url| address::named_networks(&url))
        .unwrap_or_default();
    networks.iter().copied().chain(typed).collect()
}

fn print(
    report: &ImportReport,
    adopted: Option<&Adopted>,
    root: &Utf8Path,
    options: &ImportOptions,
    json: bool,
) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    if json {
        let mut value = json!({"import": report});
        if let (Some(adopted), Some(object)) = (adopted, value.as_object_mut()) {
            object.insert("adopt".to_owned(), serde_json::to_value(&adopted.report)?);
        }
        writeln!(out, "{value:#}")?;
    } else {
        write!(out, "{}", counts::in_words(report, options))?;
        if let Some(adopted) = adopted {
            write!(out, "{}", adopted.report.in_words())?;
        }
    }
    out.flush()?;
    let mut err = io::stderr();
    writeln!(err, "{}", counts::summary(report, root, options.dry_run))?;
    match (adopted, &report.feed) {
        (Some(adopted), _) => writeln!(err, "{}\n{}", adopted.report.kept(), adopted.remembered)?,
        (None, Some(feed)) => writeln!(
            err,
            "next: keep the ids that subscribers know: feedmill import --adopt {} {}",
            one_line(feed.as_str()),
            one_line(root.as_str())
        )?,
        (None, None) => {}
    }
    Ok(())
}

/// How far the reading is.
fn reading(bytes: u64, items: usize) -> String {
    let mebibytes = bytes / (1024 * 1024);
    if items == 0 {
        format!("reading the export: {mebibytes} MiB")
    } else {
        format!("read {mebibytes} MiB, {items} items")
    }
}
