//! What can be typed.

use crate::config;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Seikan: runs SeaTunnel jobs in one binary, and never forgets one.
#[derive(Debug, Parser)]
#[command(name = "seikan", version, disable_help_subcommand = true)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the REST API on a data directory.
    Serve(ServeOptions),
    /// Run one job in this process; the exit code tells its result.
    Run(RunOptions),
    /// Say everything that is wrong with a job, without running it.
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// Configuration file (a seatunnel.yaml).
    #[arg(long, value_name = "FILE", env = "SEATUNNEL_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Address to listen on, such as 127.0.0.1:8080 or localhost:8080; port 0 takes any.
    #[arg(long, value_name = "HOST:PORT", value_parser = config::listen_address)]
    pub(super) listen: Option<SocketAddr>,
    /// Submit this job at the start, show its progress and result, and go on serving. A job that can't be read or is
    /// refused ends the program before it serves.
    #[arg(long, value_name = "FILE")]
    pub(super) submit: Option<PathBuf>,
    /// This data directory is a copy: run the jobs of its original from now on.
    #[arg(long)]
    pub(super) resume: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// The job: .conf (HOCON) or .json.
    pub(super) file: PathBuf,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The job: .conf (HOCON) or .json; - reads standard input.
    pub(super) file: PathBuf,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
    /// The text is strict JSON, whatever the file's name.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the parsed text as JSON, and stop there.
    #[arg(long)]
    pub(super) tree: bool,
}
