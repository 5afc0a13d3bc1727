//! `feedmill import`: posts from an export of another tool or from a feed, and the ids of a blog's old feed.

mod adopt;
mod counts;
mod posts;
mod report;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use ipnet::IpNet;
use url::Url;

use super::settings::Settings;
use crate::import::media::MediaMode;
use crate::import::origin::FeedSource;

/// The options of `import`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct ImportArgs {
    /// The export: a file of WordPress, Squarespace, Ghost, Blogger, a zip of Substack, Medium or micro.blog, or a feed (a file or an
    /// http(s) address)
    ///
    /// What it is follows from its content. Posts become Markdown files with their ids, dates, authors, tags and old addresses. What was
    /// not for everybody becomes a draft or private. No file is overwritten, and a second import writes only what is new. With `--adopt`
    /// and without an export, this is the folder of posts.
    source: Option<String>,
    /// The folder of posts [default: posts]
    posts: Option<Utf8PathBuf>,
    /// The old feed, whose ids the posts keep: RSS, Atom or JSON Feed; a file, an http(s) address, or - for standard input
    ///
    /// Its items are matched to the posts here by id, address, title, date and text, and their ids are kept as the ids of these posts.
    /// If it is fetched from an address, the archives that the feed links to are read too. Repeat the option for several feeds of the
    /// same blog; if they have different ids for a post, the first one is taken.
    #[arg(long, value_name = "FEED")]
    adopt: Vec<FeedSource>,
    /// What happens to pictures, sound and video: `fetch` puts them beside the posts, `link` leaves them where they are, `none` leaves
    /// them out
    #[arg(long, value_name = "HOW", default_value = "link", value_parser = ["fetch", "link", "none"].map(clap::builder::PossibleValue::new))]
    media: String,
    /// Write the HTML of each post beside it too, as `NAME.original.html`: it is not served, and a later conversion can begin with it
    #[arg(long)]
    keep_html: bool,
    /// The address of the old site, such as `https://old.example`, where the export does not say it
    #[arg(long, value_name = "URL")]
    from_url: Option<Url>,
    /// Import a feed that has only summaries
    #[arg(long)]
    summaries: bool,
    /// A private network from which media and archives of feeds may be fetched, such as `192.168.0.0/16`; repeat it for several. An address
    /// that you type needs none
    #[arg(long, value_name = "NETWORK")]
    allow_network: Vec<IpNet>,
    /// Print what would be written, and write nothing
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
    let (source, posts) = source_and_posts(&arguments)?;
    let media: MediaMode = arguments.media.parse().map_err(|why: String| anyhow!(why))?;
    let adoption = adopt::AdoptionRun {
        feeds: arguments.adopt,
        posts: posts.clone(),
        dry_run: arguments.dry_run,
        json: arguments.json,
        settings: arguments.settings,
        networks: arguments.allow_network,
    };
    let Some(source) = source else {
        return adopt::run(adoption);
    };
    let import = posts::PostsImport {
        source,
        media,
        keeps_html: arguments.keep_html,
        home: arguments.from_url,
        with_summaries: arguments.summaries,
    };
    posts::run(&import, adoption)
}

/// The export and the folder of posts. With `--adopt` alone, the only argument is the folder.
fn source_and_posts(arguments: &ImportArgs) -> anyhow::Result<(Option<String>, Option<Utf8PathBuf>)> {
    let from_environment = || {
        std::env::var("FEEDMILL_POSTS")
            .ok()
            .filter(|posts| !posts.is_empty())
            .map(Utf8PathBuf::from)
    };
    match (&arguments.source, &arguments.posts) {
        (None, _) if arguments.adopt.is_empty() => bail!(
            "name an export of another tool or a feed, such as `feedmill import export.xml posts`; or the old feed whose ids are kept, such as \
             `feedmill import --adopt https://old.example/feed.xml posts`"
        ),
        (None, posts) => Ok((None, posts.clone().or_else(from_environment))),
        (Some(folder), None) if !arguments.adopt.is_empty() && !is_export(folder) => Ok((None, Some(folder.into()))),
        (Some(source), posts) => Ok((Some(source.clone()), posts.clone().or_else(from_environment))),
    }
}

/// Whether `text` is a file or an address, and not a folder.
fn is_export(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://") || Utf8Path::new(text).is_file()
}
