//! The hands: one file a verb.
//!
//! What was asked for goes to stdout, what is said to a person to stderr.

mod check;
mod heap;
mod import;
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

use clap::{Parser, Subcommand};

use crate::config::LogFormat;

/// Drop Markdown into a folder; the world gets RSS, Atom, JSON Feed and a listing, correct and at once.
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
    /// Say every problem in a folder of posts, with its place and its mend
    ///
    /// Exit status: 0 if there is none, 1 if there are any, 2 if it could not run.
    Check(check::Arguments),
    /// Say whether a post is public, and if not, why not; its id, address and date, and where they came from
    Why(why::Arguments),
    /// Take over the ids of a blog's old feed, so that nothing appears new to its readers
    ///
    /// Exit status: 0 if every item of the feed was matched to a post here, 1 if not, 2 if it could not run.
    Import(import::Arguments),
    /// Carry what files cannot remember, as JSON lines
    Ledger(ledger::Arguments),
    /// Print an address at which whoever has it can read a draft for some days
    Share(share::Arguments),
    /// Work on how the pages look
    Theme(theme::Arguments),
}

/// What a command that could not run ends with.
const COULD_NOT_RUN: u8 = 2;

/// Runs the command that the process was started with, to its end.
#[must_use]
pub fn run() -> ExitCode {
    heap::give_back();
    let arguments = Arguments::parse();
    // `serve` says itself how it logs, once it has read its configuration
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
        // whoever read the output has read enough
        Some(io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        _ => {
            terminal::say(&format!("feedmill: {error:#}\n"));
            ExitCode::from(COULD_NOT_RUN)
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
