//! `feedmill theme export`: writes the built-in templates and style sheet to files, as a start for your own.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

use super::terminal::number;
use crate::render::pages::theme::FILES;

/// The options of `theme`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the templates and the style sheet to a folder
    ///
    /// Files in `templates` beside feedmill.toml replace the built-in ones, file by file. Delete those that you do not change: then later
    /// versions of feedmill can improve them.
    Export {
        /// The folder, which is created if it is missing
        #[arg(default_value = "templates")]
        dir: Utf8PathBuf,
        /// Replace files that exist
        #[arg(long)]
        force: bool,
    },
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Verb::Export { dir, force } = &arguments.verb;
    let there: Vec<&str> = FILES
        .map(|(name, _)| name)
        .into_iter()
        .filter(|name| dir.join(name).exists())
        .collect();
    if !force && !there.is_empty() {
        bail!(
            "{dir} has {} already, and nothing was written; replace them with --force, or name another folder",
            there.join(", ")
        );
    }
    fs::create_dir_all(dir).with_context(|| format!("the folder {dir} cannot be created"))?;
    for (name, text) in FILES {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("{path} cannot be written"))?;
    }
    writeln!(io::stderr(), "{} written to {dir}", number(FILES.len(), "file"))?;
    Ok(ExitCode::SUCCESS)
}
