//! `feedmill share`: makes a secret address at which a draft can be read for some days.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;
use clap::Args;

use super::settings::{self, Settings};
use super::{terminal, why};
use crate::http::shared_drafts::{self, ShareToken};
use crate::publisher::snapshot;
use crate::render::post_url;
use crate::storage::Storage;
use crate::time::{Moment, Timestamp};

/// The options of `share`.
#[derive(Debug, Args)]
pub(super) struct ShareArgs {
    /// The file of the post
    #[arg(required_unless_present = "revoke_all")]
    file: Option<Utf8PathBuf>,
    /// For how many days the address works
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = parse_days)]
    days: u16,
    /// Cancel every address that was shared so far
    #[arg(long, conflicts_with_all = ["file", "days"])]
    revoke_all: bool,
    /// The folder of posts [default: the one above the file that has a ledger or a feedmill.toml, else posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Parses the value of `--days`.
fn parse_days(text: &str) -> Result<u16, &'static str> {
    let days = text.parse().ok().filter(|days| (1..=90).contains(days));
    days.ok_or("write a whole number from 1 to 90")
}

/// Runs the command.
pub(super) fn run(arguments: ShareArgs) -> anyhow::Result<ExitCode> {
    let Some(file) = arguments.file else {
        let storage = existing_storage(arguments.settings, arguments.posts)?;
        storage
            .replace_share_key()
            .with_context(|| format!("no new key can be written to {storage}"))?;
        terminal::print_message("every address that was shared so far is cancelled\n");
        return Ok(ExitCode::SUCCESS);
    };
    why::check_is_file(&file)?;
    let (config, root, path) = arguments.settings.load_for(&file, arguments.posts)?;
    let now = Timestamp::now();
    let mut ledger = settings::load_ledger(&config, now)?;
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let Some(post) = site.post(&path) else {
        bail!("{file} is not a readable post; `feedmill why {file}` shows why");
    };
    if site.is_readable(post) {
        bail!("{file} is public already, at {}", post_url(&config.base(), &post.address));
    }
    let storage = settings::storage(&config)?;
    let key = storage
        .get_or_create_share_key()
        .with_context(|| format!("the key of shared drafts cannot be written to {storage}"))?;
    let (token, until) = ShareToken::create(&key, &path, arguments.days, now).context("that is too far ahead")?;
    writeln!(anstream::stdout(), "{}{}{token}", config.base(), shared_drafts::PATH)?;
    let until = Moment::utc(until).in_zone(&config.timezone()).rfc3339();
    terminal::print_message(&format!("everybody who has this address can read the draft until {until}\n"));
    if config.site.base_url.is_none() {
        let address = config.base();
        terminal::print_message(&format!(
            "this address works on this machine only, while `feedmill serve` listens at {address}; give the public address of the site with \
             --base-url\n"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The storage of the folder of posts that is named or is in the current folder, or of one around the current folder. It must exist.
fn existing_storage(options: Settings, posts: Option<Utf8PathBuf>) -> anyhow::Result<Storage> {
    let is_named = posts.is_some();
    let (config, root) = options.clone().load(posts, |_| ())?;
    let storage = settings::storage(&config)?;
    if storage.exists() {
        return Ok(storage);
    }
    if !is_named {
        // as for a post in the current folder
        let around = options.load_for("post.md".into(), None).ok();
        let around = around.map(|(config, ..)| settings::storage(&config)).transpose()?;
        if let Some(around) = around.filter(Storage::exists) {
            return Ok(around);
        }
    }
    bail!("no address was shared from {root}: there is no state folder {storage}; name the folder of posts with `--posts DIR`")
}
