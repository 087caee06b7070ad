//! What can be typed.

use super::client_arguments::{
    Access, CompletionOptions, JobOptions, JobsOptions, LogsOptions, ManOptions, OverviewOptions,
    RerunOptions, StopOptions, SubmitOptions, TagsOptions,
};
use super::script_arguments::ScriptOptions;
use super::token::TokenCommand;
use crate::config;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the program's end tells.
const EXIT_CODES: &str = "\
Exit codes:
  0    done; the job finished
  1    the job failed or was stopped, or the server can't do it now
  2    the arguments, the configuration or the job can't be used; the server refused it
  3    the server can't be reached
  130  Ctrl-C or SIGTERM ended the waiting for a job on a server; the message says what becomes of it";

/// Seikan: runs SeaTunnel jobs in one binary, and never forgets one.
#[derive(Debug, Parser)]
#[command(name = "seikan", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
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
    /// Print a job as JSON with its secrets encoded, by the codec that env."shade.identifier" names.
    Encrypt(CryptOptions),
    /// Print a job as JSON with its secrets decoded.
    Decrypt(CryptOptions),
    /// Send a job to a server.
    Submit(SubmitOptions),
    /// The jobs of a server: those that have not ended, the newest first, then those that have, the last to end first.
    Jobs(JobsOptions),
    /// One job: state, times, error, rows of each table, pipelines.
    Job(JobOptions),
    /// Stop jobs.
    Stop(StopOptions),
    /// The log of a job.
    Logs(LogsOptions),
    /// Run a job's text again, as a new job.
    Rerun(RerunOptions),
    /// The tags of a server's node; with KEY=VALUE, replaces them.
    Tags(TagsOptions),
    /// Slots, workers and counts of jobs of a server.
    Overview(OverviewOptions),
    /// The flags of the Java client's script: `seikan seatunnel` takes the place of `seatunnel.sh`.
    Seatunnel(Box<ScriptOptions>),
    /// Make, list, verify, restore backups; carry jobs in and out as lines of JSON.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Delete what the configuration no longer keeps of ended jobs, in a data directory whose server is stopped. A
    /// running server does so by itself.
    Prune(PruneOptions),
    /// Make a token, which lets a client in.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print a script that completes commands and flags in a shell.
    Completion(CompletionOptions),
    /// Print manual pages (roff).
    Man(ManOptions),
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
    /// The job: .conf (HOCON), .json or .sql.
    pub(super) file: PathBuf,
    /// The job's name; otherwise the text's job.name.
    #[arg(short, long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CryptOptions {
    /// The job: .conf (HOCON), .json or .sql; - reads standard input.
    pub(super) file: PathBuf,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The job: .conf (HOCON), .json or .sql; - reads standard input.
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
    /// Print what would run: pipelines, and the schema on each edge.
    #[arg(long)]
    pub(super) explain: bool,
    /// Run the first ten rows of each source's tables through the transforms, and print what the sinks would get. Sinks
    /// are not opened; LLM and Embedding really ask their service.
    #[arg(long)]
    pub(super) sample: bool,
    /// How to print it all: as text, or as the JSON that POST /submit-job?dryRun answers.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORMAT")]
    pub(super) output: OutputFormat,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct PruneOptions {
    /// Only say what would be deleted; also while a server runs.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The data directory; by default the one of the configuration.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Configuration file (a seatunnel.yaml).
    #[arg(long, value_name = "FILE", env = "SEATUNNEL_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Copy a data directory, also while its server runs.
    Create(CreateOptions),
    /// The backups in a directory, by the presence and sizes of their files: `verify` reads every byte. Exit code 1 when one
    /// is damaged, 2 when the directory can't be read.
    List(ListOptions),
    /// Check copies of data directories, made with any tool, without changing them. Exit code 0: sound; 1: damaged;
    /// 2: not a data directory, or it can't be read.
    Verify(VerifyOptions),
    /// Copy a backup into an empty or new directory.
    Restore(RestoreOptions),
    /// Write all jobs of a data directory as lines of JSON.
    Export(ExportOptions),
    /// Make a data directory from the lines of an export.
    Import(ImportOptions),
}

#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    /// The data directory; by default the one of the configuration.
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub(super) data_dir: Option<PathBuf>,
    /// Let this server make it, in its store.backup-dir; such as http://127.0.0.1:8080, with its context path.
    #[arg(long, value_name = "URL")]
    pub(super) server: Option<String>,
    #[command(flatten)]
    pub(super) access: Access,
    /// Where backups go; by default store.backup-dir of the configuration.
    #[arg(long, value_name = "DIR")]
    pub(super) to: Option<PathBuf>,
    /// Configuration file (a seatunnel.yaml).
    #[arg(long, value_name = "FILE", env = "SEATUNNEL_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListOptions {
    /// Where backups are.
    pub(super) dir: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// Copies of data directories.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Print the results as a JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// A backup, or any other copy of a data directory.
    pub(super) backup: PathBuf,
    /// The new data directory; must be empty or missing.
    pub(super) target: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    /// A data directory.
    pub(super) dir: PathBuf,
    /// Where the lines go: a new file outside the data directory; by default, and for -, standard output.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Replace the file, if there is one; only a regular file is replaced.
    #[arg(long, requires = "out")]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    /// An export; - reads standard input.
    pub(super) file: PathBuf,
    /// The new data directory; must be empty or missing.
    pub(super) target: PathBuf,
}
