//! The program: see [`feedmill::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    feedmill::cli::run()
}
