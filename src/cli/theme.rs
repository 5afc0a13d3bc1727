//! `feedmill theme export`: writes the built-in templates and the style sheet to files, as a start for a custom theme.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

use super::terminal::counted;
use crate::render::pages::theme::FILES;

/// The options of `theme`.
#[derive(Debug, Args)]
pub(super) struct ThemeArgs {
    #[command(subcommand)]
    command: ThemeCommand,
}

#[derive(Debug, Subcommand)]
enum ThemeCommand {
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
pub(super) fn run(arguments: &ThemeArgs) -> anyhow::Result<ExitCode> {
    let ThemeCommand::Export { dir, force } = &arguments.command;
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
    writeln!(io::stderr(), "{} written to {dir}", counted(FILES.len(), "file"))?;
    Ok(ExitCode::SUCCESS)
}
