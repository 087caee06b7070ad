//! What can be typed to a server.

use crate::model::{JobId, JobState};
use clap::{Args, ValueEnum};
use clap_complete::Shell;
use std::fmt;
use std::path::PathBuf;

/// Where a server is taken to be.
const SERVER: &str = "http://127.0.0.1:8080";

/// Where help shows the flags that name a server and who asks it.
const HEADING: &str = "Server";

/// Which server, and who asks.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The server, with its context path; a user may stand in it: `http://NAME:PASSWORD@HOST:PORT`.
    #[arg(help_heading = HEADING, long, value_name = "URL", env = "SEIKAN_SERVER", hide_env_values = true, default_value = SERVER)]
    pub(super) server: String,
    #[command(flatten)]
    pub(super) access: Access,
}

/// Who asks, and whom to trust. It holds secrets, and never shows them.
#[derive(Clone, Default, Args)]
pub(super) struct Access {
    /// The token that the server wants. Other users of the machine can see flags, but not the variable.
    #[arg(help_heading = HEADING, long, value_name = "TOKEN", env = "SEIKAN_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// The user that the server wants; counts before a token, as both do before a user in the URL.
    #[arg(help_heading = HEADING, long, value_name = "NAME:PASSWORD")]
    pub(super) user: Option<String>,
    /// Certificates (PEM) to trust instead of the system's, for an https:// URL.
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

/// How a command prints.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct Printing {
    /// Print exactly one JSON document on standard output, also when the server says no; everything else goes to
    /// standard error.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SubmitOptions {
    /// The job: .conf (HOCON), .json or .sql; - reads standard input. It is sent as it is: paths in it are the server's,
    /// and only -i fills in variables.
    #[arg(required_unless_present = "config")]
    pub(super) file: Option<PathBuf>,
    /// The same as FILE, spelled as for the Java client.
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    pub(super) config: Option<PathBuf>,
    /// The job's name; otherwise the text's job.name.
    #[arg(short, long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
    /// How the text is written, whatever the file's name; standard input is HOCON otherwise.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// The job's id; otherwise the server makes one.
    #[arg(long, visible_alias = "set-job-id", value_name = "ID", conflicts_with = "restore")]
    pub(super) id: Option<JobId>,
    /// Go on from the last checkpoint of this job, under its id.
    #[arg(short, long, visible_alias = "restore-job", value_name = "ID")]
    pub(super) restore: Option<JobId>,
    /// Where the job runs; here it is always `cluster`, the server. `seikan run` runs one in its own process.
    #[arg(short, long, short_alias = 'e', visible_alias = "deploy-mode", value_name = "MODE", hide = true, value_parser = cluster)]
    pub(super) master: Option<()>,
    /// Don't wait, as is done anyhow.
    #[arg(long = "async", hide = true, conflicts_with_all = ["wait", "follow", "cancel_on_interrupt"])]
    pub(super) is_async: bool,
    #[command(flatten)]
    pub(super) until: Until,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

/// Reads the only place where a submitted job runs.
fn cluster(typed: &str) -> Result<(), String> {
    match typed.eq_ignore_ascii_case("cluster") {
        true => Ok(()),
        false => Err("allowed: cluster; `seikan run FILE` runs a job in its own process".to_owned()),
    }
}

/// Whether to stay until a job has ended.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct Until {
    /// Wait until the job has ended, and say its states. The exit code tells the result.
    #[arg(long)]
    pub(super) wait: bool,
    /// Wait, and show the progress. Ctrl-C ends the waiting, not the job.
    #[arg(long)]
    pub(super) follow: bool,
    /// Wait, and stop the job when the waiting is interrupted (Ctrl-C, SIGTERM); otherwise it goes on.
    #[arg(long)]
    pub(super) cancel_on_interrupt: bool,
}

/// How a job's text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// As in .conf and .config files.
    Hocon,
    /// As in .json files.
    Json,
    /// As in .sql files.
    Sql,
}

#[derive(Debug, Args)]
pub(super) struct JobsOptions {
    /// Only jobs in this state, such as RUNNING, PENDING, FINISHED or FAILED, in any letter case.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub(super) state: Option<JobState>,
    /// At most this many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) limit: u32,
    /// List them, as is done anyhow.
    #[arg(short, long, hide = true)]
    pub(super) list: bool,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

/// Reads the name of a state.
fn state(typed: &str) -> Result<JobState, String> {
    JobState::of_name(typed).ok_or_else(|| {
        let names: Vec<&str> = JobState::ALL.iter().map(|state| state.name()).collect();
        format!("allowed: {}", names.join(", "))
    })
}

#[derive(Debug, Args)]
pub(super) struct JobOptions {
    /// The job.
    pub(super) id: JobId,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct StopOptions {
    /// The jobs.
    #[arg(required = true, value_name = "ID")]
    pub(super) ids: Vec<JobId>,
    /// Stop them, as is done anyhow (also -can).
    #[arg(long, alias = "cancel", hide = true)]
    pub(super) cancel_job: bool,
    /// Make a checkpoint first, from which `submit --restore ID` goes on.
    #[arg(short, long, alias = "savepoint-job")]
    pub(super) savepoint: bool,
    /// Wait until the jobs have ended as asked.
    #[arg(long)]
    pub(super) wait: bool,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct LogsOptions {
    /// The job.
    pub(super) id: JobId,
    /// Go on printing until the job has ended.
    #[arg(short, long)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) target: Target,
}

#[derive(Debug, Args)]
pub(super) struct RerunOptions {
    /// The job whose text runs again, as a new job.
    pub(super) id: JobId,
    #[command(flatten)]
    pub(super) until: Until,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct TagsOptions {
    /// The node's new tags; they take the place of all that it has.
    #[arg(value_name = "KEY=VALUE", value_parser = tag)]
    pub(super) tags: Vec<(String, String)>,
    /// Take away all tags.
    #[arg(long, conflicts_with = "tags")]
    pub(super) clear: bool,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

/// Reads `KEY=VALUE`.
fn tag(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("KEY=VALUE is wanted".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(super) struct OverviewOptions {
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct CompletionOptions {
    /// The shell.
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// Write a page for each command into this directory; otherwise all go to standard output.
    pub(super) dir: Option<PathBuf>,
}
