//! The command line: one file for each command.
//!
//! Results go to the standard output, messages for a person to the standard error stream.

mod build;
mod check;
mod documentation;
mod heap;
mod import;
mod last_good;
mod ledger;
mod log;
mod new;
mod progress_line;
mod push;
mod serve;
mod settings;
mod share;
mod terminal;
mod theme;
mod why;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::LogFormat;

/// Publish a folder of Markdown files as RSS, Atom, JSON Feed, a JSON listing and pages.
#[derive(Debug, Parser)]
#[command(name = "feedmill", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Watch a folder of posts and serve it
    Serve(serve::ServeArgs),
    /// Write the site to a folder, for a host that has only files
    ///
    /// Exit status: 0 if the folder is as it should be, 1 if `--strict` is given and a post has an error, 2 if nothing was written.
    Build(build::BuildArgs),
    /// Write the file of a new post, where and as the other posts are
    New(new::NewArgs),
    /// List every problem in a folder of posts, with its place and how to fix it
    ///
    /// Exit status: 0 if there are no problems, 1 if there are, 2 if it could not run.
    Check(check::CheckArgs),
    /// Show whether a post is public, and if not, why; its id, address and date, and where each comes from
    Why(why::WhyArgs),
    /// Move a blog here: posts from another tool's export or from a feed, and the ids of its old feed
    ///
    /// Exit status: 0 if everything was read, and every item of an adopted feed was matched to a post here, 1 if not, 2 if it could not run.
    Import(import::ImportArgs),
    /// Export or import the ledger, which keeps the ids of posts, as JSON lines
    Ledger(ledger::LedgerArgs),
    /// Print a secret address at which a draft can be read for some days
    Share(share::ShareArgs),
    /// Show who subscribes to the feeds, and end or test subscriptions
    Push(push::PushArgs),
    /// Change how the pages look
    Theme(theme::ThemeArgs),
    /// Print a script that completes the commands in a shell
    Completions(documentation::CompletionArgs),
    /// Write manual pages to a folder
    Man(documentation::ManArgs),
}

/// Runs the command line of the process. Returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    heap::limit_retained_memory();
    let command = without_empty_variables(CommandLine::command());
    let arguments = with_command(std::env::args_os().collect(), &command);
    let arguments = match CommandLine::from_arg_matches(&command.get_matches_from(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    // `serve` starts its log itself, once it has read its configuration
    if !matches!(arguments.command, Commands::Serve(_)) {
        log::start(LogFormat::Text, None);
    }
    let done = match arguments.command {
        Commands::Serve(arguments) => serve::run(arguments),
        Commands::Build(arguments) => build::run(arguments),
        Commands::New(arguments) => new::run(arguments),
        Commands::Check(arguments) => check::run(arguments),
        Commands::Why(arguments) => why::run(arguments),
        Commands::Import(arguments) => import::run(arguments),
        Commands::Ledger(arguments) => ledger::run(arguments),
        Commands::Share(arguments) => share::run(arguments),
        Commands::Push(arguments) => push::run(arguments),
        Commands::Theme(arguments) => theme::run(&arguments),
        Commands::Completions(arguments) => documentation::print_completions(&arguments, CommandLine::command()),
        Commands::Man(arguments) => documentation::write_manual(&arguments, CommandLine::command()),
    };
    done.unwrap_or_else(|error| match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        // the reader closed the output
        Some(io::ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        _ => {
            terminal::print_message(&format!("feedmill: {}\n", terminal::error_message(&error)));
            ExitCode::from(terminal::COULD_NOT_RUN)
        }
    })
}

/// `arguments` with the command `serve` if they begin with a folder instead: `feedmill FOLDER` serves it. What is written like a path is meant
/// as one, and `serve` says what is wrong with it.
fn with_command(mut arguments: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let is_folder = arguments.get(1).is_some_and(|first| {
        let is_command = first
            .to_str()
            .is_some_and(|name| command.find_subcommand(name).is_some() || name == "help");
        let is_path = first.as_encoded_bytes().contains(&b'/') && !first.as_encoded_bytes().starts_with(b"-");
        !is_command && (is_path || Path::new(first).is_dir())
    });
    if is_folder {
        arguments.insert(1, OsString::from("serve"));
    }
    arguments
}

/// `command` without environment variables that are set but empty, such as `FEEDMILL_LISTEN=` in a compose file: they count as unset.
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
    fn what_is_written_like_a_path_is_served() {
        let command = super::CommandLine::command();
        for (arguments, expected) in [
            (&["feedmill", "./none"][..], &["feedmill", "serve", "./none"][..]),
            (
                &["feedmill", "src", "--port", "0"],
                &["feedmill", "serve", "src", "--port", "0"],
            ),
            (&["feedmill", "none"], &["feedmill", "none"]),
            (&["feedmill", "check", "./none"], &["feedmill", "check", "./none"]),
            (&["feedmill", "--config=./x"], &["feedmill", "--config=./x"]),
            (&["feedmill"], &["feedmill"]),
        ] {
            let given = arguments.iter().map(Into::into).collect();
            assert_eq!(super::with_command(given, &command), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::CommandLine::command().debug_assert();
    }
}
