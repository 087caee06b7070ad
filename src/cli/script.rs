//! `seikan seatunnel`: takes the place of the Java client's script, with its flags, its tables and its texts.

use super::arguments::{CheckOptions, CryptOptions, OutputFormat, RunOptions};
use super::client::{Failure, connect, end, known_job};
use super::client_arguments::{Printing, StopOptions, SubmitOptions, Target, Until};
use super::job_view::JobView;
use super::jobs::list;
use super::script_arguments::{Action, ScriptOptions};
use super::submit::{send, wait_for};
use super::table::Table;
use super::{FAILED, check, crypt, progress, run, say, stop, tell};
use crate::model::{JobId, JobState};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Jobs that a list shows at most.
const LISTED: usize = 1000;

pub(super) fn seatunnel(options: ScriptOptions) -> ExitCode {
    let printing = Printing::default();
    let action = match options.action() {
        Ok(action) => action,
        Err(message) => return end(printing, Err(Failure::wrong(message))),
    };
    if options.cluster.is_some() {
        tell("warning: --cluster has no meaning here; --server (or SEIKAN_SERVER) names the server");
    }
    if !options.jvm.is_empty() {
        tell("warning: -D has no meaning here: there is no Java machine");
    }
    match action {
        Action::List => end(printing, list_all(&options.target)),
        Action::Tell(id) => end(printing, tell_job(&options.target, id)),
        Action::Cancel => stop::stop(stopping(options.cancel_job, false, options.target)),
        Action::Savepoint(id) => stop::stop(stopping(vec![id], true, options.target)),
        Action::Encrypt(file) => crypt::encrypt(&CryptOptions { file, variables: options.variables }),
        Action::Decrypt(file) => crypt::decrypt(&CryptOptions { file, variables: options.variables }),
        Action::Check(file) => check::check(CheckOptions {
            file,
            variables: options.variables,
            json: false,
            tree: false,
            explain: false,
            sample: false,
            output: OutputFormat::Text,
        }),
        Action::RunHere(file) => {
            if options.is_async {
                tell("warning: --async has no meaning with --master local");
            }
            run::run(RunOptions { file, name: options.name, variables: options.variables })
        }
        Action::Submit(file) => end(printing, submit(options, file)),
    }
}

/// A stop; one with a savepoint is waited for, as the script does.
fn stopping(ids: Vec<JobId>, savepoint: bool, target: Target) -> StopOptions {
    StopOptions { ids, cancel_job: true, savepoint, wait: savepoint, target, printing: Printing::default() }
}

fn list_all(target: &Target) -> Result<u8, Failure> {
    let found = list(&connect(target)?, None, LISTED)?;
    let mut table = Table::new(&["Job ID", "Job Name", "Job Status", "Submit Time", "Finished Time"]);
    for job in found.iter().map(JobView) {
        let texts = ["jobName", "jobStatus", "createTime", "finishTime"].map(|key| job.text(key).to_owned());
        table.row([job.id()].into_iter().chain(texts));
    }
    say(&table.aligned(true));
    if found.len() == LISTED {
        tell(&format!("only {LISTED} jobs are shown; `seikan jobs --limit N` shows more"));
    }
    Ok(0)
}

fn tell_job(target: &Target, id: JobId) -> Result<u8, Failure> {
    let found = match known_job(&connect(target)?, id) {
        Err(Failure::Said(code, _)) => {
            say(&json!({"err": format!("jobId : {id} not found")}).to_string());
            return Ok(code);
        }
        found => found?,
    };
    let job = JobView(&found);
    let told = json!({
        "jobId": job.id(),
        "jobName": job.text("jobName"),
        "jobStatus": job.state_name(),
        "submitTime": job.text("createTime"),
        "finishTime": job.text("finishTime"),
        // The REST API tells no states of single pipelines.
        "pipelineStateMapperMap": {},
        "errorMessage": found["errorMsg"],
    });
    say(&told.to_string());
    Ok(0)
}

fn submit(options: ScriptOptions, file: PathBuf) -> Result<u8, Failure> {
    let waits = !options.is_async;
    let until = Until { wait: waits, follow: waits, cancel_on_interrupt: waits && !options.close_job };
    let options = SubmitOptions {
        file: Some(file),
        config: None,
        name: options.name,
        variables: options.variables,
        format: None,
        id: options.set_job_id,
        restore: options.restore,
        master: None,
        is_async: false,
        until,
        target: options.target,
        printing: Printing::default(),
    };
    let remote = connect(&options.target)?;
    let id = send(&remote, &options)?.id;
    say(&format!("job {id} is submitted"));
    if !waits {
        return Ok(0);
    }
    let (ended, state) = wait_for(&remote, id, until)?;
    let job = JobView(&ended);
    tell(&progress::result(&job.outcome(id, state)));
    say(&statistics(job));
    Ok(if state == JobState::Finished { 0 } else { FAILED })
}

/// What the script prints at the end of a job.
fn statistics(job: JobView<'_>) -> String {
    let (read, written) = (job.rows("SourceReceivedCount"), job.rows("SinkWriteCount"));
    let rule = "*".repeat(47);
    let lines = [
        ("Start Time", job.text("createTime").to_owned()),
        ("End Time", job.text("finishTime").to_owned()),
        ("Total Time(s)", (job.counts().running_ms / 1000).to_string()),
        ("Total Read Count", read.to_string()),
        ("Total Write Count", written.to_string()),
        ("Total Failed Count", read.saturating_sub(written).to_string()),
    ]
    .map(|(name, value)| format!("{name:26}: {value:>19}"));
    let title = format!("{:>36}", "Job Statistic Information");
    [rule.clone(), title, rule.clone(), lines.join("\n"), rule].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistics_look_like_the_scripts() {
        let job = json!({
            "createTime": "2026-01-01 00:00:00", "finishTime": "2026-01-01 00:00:02",
            "metrics": {"SourceReceivedCount": "32", "SourceReceivedQPS": "16.0", "SinkWriteCount": "30"},
        });
        let text = statistics(JobView(&job));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "           Job Statistic Information");
        assert_eq!(lines[3], "Start Time                : 2026-01-01 00:00:00");
        assert_eq!(lines[5], "Total Time(s)             :                   2");
        assert_eq!(lines[8], "Total Failed Count        :                   2");
        assert_eq!((lines.len(), lines[0].len()), (10, 47));
    }
}
