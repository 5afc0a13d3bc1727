//! The command line: one file for each command.
//!
//! Results go to the standard output, messages for a person to the standard error stream.

mod check;
mod heap;
mod import;
mod last_good;
mod ledger;
mod log;
mod serve;
mod settings;
mod share;
mod terminal;
mod theme;
mod why;

use std::io;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::LogFormat;

/// Publish a folder of Markdown files as RSS, Atom, JSON Feed, a JSON listing and pages.
#[derive(Debug, Parser)]
#[command(name = "feedmill", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Watch a folder of posts and serve it
    Serve(serve::Arguments),
    /// List every problem in a folder of posts, with its place and how to fix it
    ///
    /// Exit status: 0 if there are no problems, 1 if there are, 2 if it could not run.
    Check(check::Arguments),
    /// Show whether a post is public, and if not, why; its id, address and date, and where each comes from
    Why(why::Arguments),
    /// Keep the ids of a blog's old feed, so that its readers do not see old posts as new
    ///
    /// Exit status: 0 if every item of the feed was matched to a post here, 1 if not, 2 if it could not run.
    Import(import::Arguments),
    /// Export or import the ledger, which keeps the ids of posts, as JSON lines
    Ledger(ledger::Arguments),
    /// Print a secret address at which a draft can be read for some days
    Share(share::Arguments),
    /// Change how the pages look
    Theme(theme::Arguments),
}

/// The exit status of a command that could not run.
const COULD_NOT_RUN: u8 = 2;

/// Runs the command that the process was started with, to its end.
#[must_use]
pub fn run() -> ExitCode {
    heap::give_back();
    let arguments = match Arguments::from_arg_matches(&without_empty_variables(Arguments::command()).get_matches()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    // `serve` starts its log itself, once it has read its configuration
    if !matches!(arguments.verb, Verb::Serve(_)) {
        log::start(LogFormat::Text, false);
    }
    let done = match arguments.verb {
        Verb::Serve(arguments) => serve::run(arguments),
        Verb::Check(arguments) => check::run(arguments),
        Verb::Why(arguments) => why::run(arguments),
        Verb::Import(arguments) => import::run(arguments),
        Verb::Ledger(arguments) => ledger::run(arguments),
        Verb::Share(arguments) => share::run(arguments),
        Verb::Theme(arguments) => theme::run(&arguments),
    };
    done.unwrap_or_else(|error| match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        // the reader of the output has closed it
        Some(io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        _ => {
            terminal::say(&format!("feedmill: {}\n", terminal::error(&error)));
            ExitCode::from(COULD_NOT_RUN)
        }
    })
}

/// `command` without the environment variables that are set to nothing, as `FEEDMILL_LISTEN=` in a compose file is: they count as unset.
fn without_empty_variables(command: Command) -> Command {
    fn is_empty(argument: &Arg) -> bool {
        let value = argument.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    }
    command
        .mut_args(|argument| {
            if is_empty(&argument) {
                argument.env(None::<&str>)
            } else {
                argument
            }
        })
        .mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
