//! The flags of the Java client's script, `seatunnel.sh`.

use super::client_arguments::Target;
use crate::model::JobId;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct ScriptOptions {
    /// The job to run: .conf (HOCON), .json or .sql.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The job's name; otherwise the text's job.name.
    #[arg(short, long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// A variable, NAME=VALUE; several with commas or by repeating.
    #[arg(short = 'i', long = "variable", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<String>,
    /// Where the job runs: on the server, or in this process, as `seikan run` does (also -e).
    #[arg(
        short,
        long,
        short_alias = 'e',
        visible_alias = "deploy-mode",
        value_enum,
        ignore_case = true,
        value_name = "MODE",
        default_value_t = Master::Cluster
    )]
    pub(super) master: Master,
    /// Return as soon as the job is submitted; otherwise its end is waited for, and the exit code tells the result.
    #[arg(long = "async")]
    pub(super) is_async: bool,
    /// Only say what is wrong with the job, as `seikan check` does.
    #[arg(long)]
    pub(super) check: bool,
    /// Only print the job with its secrets encoded, as `seikan encrypt` does.
    #[arg(long)]
    pub(super) encrypt: bool,
    /// Only print the job with its secrets decoded, as `seikan decrypt` does.
    #[arg(long)]
    pub(super) decrypt: bool,
    /// Go on from the last checkpoint of this job; wants --config.
    #[arg(short, long, visible_alias = "restore-job", value_name = "ID", requires = "config")]
    pub(super) restore: Option<JobId>,
    /// The new job's id; wants --config.
    #[arg(long, value_name = "ID", requires = "config", conflicts_with = "restore")]
    pub(super) set_job_id: Option<JobId>,
    /// List the jobs.
    #[arg(short, long)]
    pub(super) list: bool,
    /// Print one job as JSON.
    #[arg(short, long, value_name = "ID")]
    pub(super) job_id: Option<JobId>,
    /// Stop jobs (also -can).
    #[arg(long, visible_alias = "cancel", value_name = "ID", num_args = 1..)]
    pub(super) cancel_job: Vec<JobId>,
    /// Stop a job with a savepoint, and wait until it is made.
    #[arg(short, long, visible_alias = "savepoint-job", value_name = "ID")]
    pub(super) savepoint: Option<JobId>,
    /// Let the job go on when this client is interrupted; without it, the job is stopped then (also -cj).
    #[arg(long)]
    pub(super) close_job: bool,
    /// Has no meaning here: --server names the server (also -cn).
    #[arg(long, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    /// Options of a Java machine (-DJvmOption=…); there is none, they are ignored.
    #[arg(short = 'D', value_name = "OPTION")]
    pub(super) jvm: Vec<String>,
    #[command(flatten)]
    pub(super) target: Target,
}

/// Where a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Master {
    /// In this process.
    Local,
    /// On the server.
    Cluster,
}

/// What the flags ask for. Of several, the first in this order counts, as in the script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The table of jobs.
    List,
    /// One job.
    Tell(JobId),
    /// Stop the named ones.
    Cancel,
    /// Stop one with a savepoint.
    Savepoint(JobId),
    /// Print a job's text with its secrets encoded.
    Encrypt(PathBuf),
    /// Print it with its secrets decoded.
    Decrypt(PathBuf),
    /// Look at a job's text.
    Check(PathBuf),
    /// Run it in this process.
    RunHere(PathBuf),
    /// Send it to the server.
    Submit(PathBuf),
}

impl ScriptOptions {
    /// What is asked for.
    ///
    /// # Errors
    /// Nothing is, or what can't go together.
    pub(super) fn action(&self) -> Result<Action, String> {
        if self.list {
            return Ok(Action::List);
        }
        if let Some(id) = self.job_id {
            return Ok(Action::Tell(id));
        }
        if !self.cancel_job.is_empty() {
            return Ok(Action::Cancel);
        }
        if let Some(id) = self.savepoint {
            return Ok(Action::Savepoint(id));
        }
        let Some(config) = self.config.clone() else {
            let wanted = "--config FILE, --list, --job-id ID, --cancel-job ID or --savepoint ID";
            return Err(format!("nothing is asked for; give {wanted}"));
        };
        match self.master {
            _ if self.encrypt => Ok(Action::Encrypt(config)),
            _ if self.decrypt => Ok(Action::Decrypt(config)),
            _ if self.check => Ok(Action::Check(config)),
            Master::Local if self.restore.is_some() || self.set_job_id.is_some() => {
                Err("--restore and --set-job-id can't go with --master local, which keeps nothing".to_owned())
            }
            Master::Local => Ok(Action::RunHere(config)),
            Master::Cluster => Ok(Action::Submit(config)),
        }
    }
}

/// The arguments with the script's flags of one dash and several letters as flags of two dashes. Only those behind
/// `seatunnel` and `stop` change.
pub(super) fn rewritten(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|command| command == "seatunnel" || command == "stop") {
        for argument in arguments.iter_mut().skip(2) {
            let long = match argument.to_str() {
                Some("-can") => "--cancel-job",
                Some("-cj") => "--close-job",
                Some("-cn") => "--cluster",
                _ => continue,
            };
            *argument = long.into();
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use clap::Parser;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn flags_of_one_dash_and_several_letters() {
        for (typed, wanted) in [
            ("seikan", "seikan"),
            ("seikan seatunnel", "seikan seatunnel"),
            ("seikan seatunnel -can 1 2", "seikan seatunnel --cancel-job 1 2"),
            ("seikan seatunnel -c a.conf -cj", "seikan seatunnel -c a.conf --close-job"),
            ("seikan seatunnel -cn x -l", "seikan seatunnel --cluster x -l"),
            ("seikan seatunnel -c an", "seikan seatunnel -c an"),
            ("seikan seatunnel -cancel", "seikan seatunnel -cancel"),
            ("seikan stop -can 1", "seikan stop --cancel-job 1"),
            ("seikan jobs -can 1", "seikan jobs -can 1"),
            ("-can seatunnel -can", "-can seatunnel --cancel-job"),
        ] {
            assert_eq!(rewritten(words(typed)), words(wanted), "{typed}");
        }
    }

    #[test]
    fn what_the_flags_ask_for() {
        let conf = || PathBuf::from("a.conf");
        for (typed, wanted) in [
            ("-l -j 5 -can 6", Ok(Action::List)),
            ("-j 5 -can 6", Ok(Action::Tell(JobId(5)))),
            ("-can 6 7 -s 8", Ok(Action::Cancel)),
            ("--cancel 6", Ok(Action::Cancel)),
            ("-s 8 -c a.conf", Ok(Action::Savepoint(JobId(8)))),
            ("-c a.conf", Ok(Action::Submit(conf()))),
            ("--config a.conf -m cluster --async -n x -i a=1 -i b=2", Ok(Action::Submit(conf()))),
            ("--config a.conf -r 5 -DJvmOption=-Xms1G", Ok(Action::Submit(conf()))),
            ("-c a.conf -m LOCAL", Ok(Action::RunHere(conf()))),
            ("-c a.conf -e local", Ok(Action::RunHere(conf()))),
            ("-c a.conf --deploy-mode Local", Ok(Action::RunHere(conf()))),
            ("-c a.conf -e local --check", Ok(Action::Check(conf()))),
            ("-c a.conf --encrypt --decrypt", Ok(Action::Encrypt(conf()))),
            ("-c a.conf --decrypt --check", Ok(Action::Decrypt(conf()))),
            ("-c a.conf -e local -r 5", Err("keeps nothing")),
            ("--async", Err("give --config FILE")),
        ] {
            let arguments = rewritten(words(&format!("seikan seatunnel {typed}")));
            let Command::Seatunnel(options) = Arguments::try_parse_from(arguments).unwrap().command else {
                panic!("{typed}");
            };
            match (options.action(), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{typed}"),
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{typed}: {found}"),
                (found, _) => panic!("{typed}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_flag_of_the_script_is_refused() {
        for typed in ["", "-r 5", "-m mars -c a", "-can", "-can x", "--nothing", "--set-job-id 1 -r 2 -c a"] {
            let arguments = rewritten(words(format!("seikan seatunnel {typed}").trim_end()));
            assert!(Arguments::try_parse_from(arguments).is_err(), "{typed}");
        }
    }
}
