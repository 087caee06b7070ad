//! The command line: what runs here (`serve`, `run`, `check`, `encrypt`, `decrypt`, `backup`, `prune`, `token`), and what asks a server
//! (`submit`, `jobs`, `job`, `stop`, `logs`, `rerun`, `tags`, `overview`, and `seatunnel` with the flags of the Java client's script).
//!
//! Parses arguments and shows results; everything else is done by `app` or by the server. A terminal gets a progress
//! bar and tables, a pipe gets plain lines. Exit codes: 0 done, 1 the job or the server failed, 2 the arguments or the
//! job's text are wrong, 3 the server can't be reached, 130 interrupted while it waited for a job on a server.

mod arguments;
mod backup;
mod check;
mod client;
mod client_arguments;
mod crypt;
mod explain;
mod job_view;
mod jobs;
mod logs;
mod pages;
mod progress;
mod prune;
mod remote;
mod run;
mod script;
mod script_arguments;
mod serve;
mod stop;
mod submit;
mod table;
mod tags;
mod token;
mod watch;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code of a failed job or server.
const FAILED: u8 = 1;
/// Exit code of arguments, configuration or a job text that can't be used.
const WRONG: u8 = 2;
/// Exit code when nobody answers at the server's address.
const UNREACHABLE: u8 = 3;

/// Exit code when an interrupt ended the waiting for a job.
const INTERRUPTED: u8 = 130;

/// A line on the standard output. Whoever read it may have gone; that is no reason to end.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _written = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A line on the standard error, which nobody has to read.
fn tell(line: &str) {
    let _written = writeln!(std::io::stderr(), "{line}");
}

/// The declared commands, for their documentation.
#[must_use]
pub fn commands() -> clap::Command {
    Arguments::command()
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse_from(script_arguments::rewritten(std::env::args_os().collect()));
    match arguments.command {
        Command::Serve(options) => serve::serve(options),
        Command::Run(options) => run::run(options),
        Command::Check(options) => check::check(options),
        Command::Encrypt(options) => crypt::encrypt(&options),
        Command::Decrypt(options) => crypt::decrypt(&options),
        Command::Submit(options) => submit::submit(options),
        Command::Jobs(options) => jobs::jobs(options),
        Command::Job(options) => jobs::job(options),
        Command::Stop(options) => stop::stop(options),
        Command::Logs(options) => logs::logs(options),
        Command::Rerun(options) => submit::rerun(options),
        Command::Tags(options) => tags::tags(options),
        Command::Overview(options) => jobs::overview(options),
        Command::Seatunnel(options) => script::seatunnel(*options),
        Command::Backup(command) => backup::backup(command),
        Command::Prune(options) => prune::prune(options),
        Command::Token(command) => token::token(command),
        Command::Completion(options) => pages::completion(options),
        Command::Man(options) => pages::man(options),
    }
}
