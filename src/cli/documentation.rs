//! `feedmill completions` and `feedmill man`: what shells and manual readers show of the commands.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context;
use camino::Utf8PathBuf;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::terminal;

/// The options of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The options of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder that they are written to, such as /usr/local/share/man/man1
    folder: Utf8PathBuf,
}

/// Prints the script for the shell.
pub(super) fn print_completions(arguments: &CompletionArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "feedmill", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the program and for each command.
pub(super) fn write_manual(arguments: &ManArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("the folder {folder} cannot be created"))?;
    // `feedmill help` prints what the pages say
    command = command.disable_help_subcommand(true);
    command.build();
    let mut written = 0;
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = folder.join(format!("{name}.1"));
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        fs::write(&path, page).with_context(|| format!("{path} cannot be written"))?;
        written += 1;
    }
    terminal::print_message(&format!(
        "{} written to {folder}\n",
        terminal::counted(written, "manual page")
    ));
    Ok(ExitCode::SUCCESS)
}
