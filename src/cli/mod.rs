//! The command line: `serve`, `run`, `check`, `backup`, `prune`, `token`.
//!
//! Parses arguments and shows results; everything else is done by `app`. A terminal gets a progress bar, a pipe gets
//! plain lines. Exit codes: 0 done, 1 the job or the server failed, 2 the arguments or the job's text are wrong.

mod arguments;
mod backup;
mod check;
mod explain;
mod progress;
mod prune;
mod remote;
mod run;
mod serve;
mod token;

use arguments::{Arguments, Command};
use clap::Parser;
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code of a failed job or server.
const FAILED: u8 = 1;
/// Exit code of arguments, configuration or a job text that can't be used.
const WRONG: u8 = 2;

/// A line on the standard output. Whoever read it may have gone; that is no reason to end.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _written = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Serve(options) => serve::serve(options),
        Command::Run(options) => run::run(options),
        Command::Check(options) => check::check(options),
        Command::Backup(command) => backup::backup(command),
        Command::Prune(options) => prune::prune(options),
        Command::Token(command) => token::token(command),
    }
}
