//! `seikan submit` and `seikan rerun`: a job for a server, and, if wanted, its end.

use super::client::{Failure, connect, end};
use super::client_arguments::{Format, Printing, RerunOptions, SubmitOptions, Until};
use super::job_view::{JobView, scalar};
use super::progress;
use super::remote::{Remote, RemoteError, encoded};
use super::table::clean;
use super::watch::{self, Awaited};
use super::{FAILED, say, tell};
use crate::app::JobText;
use crate::model::{JobId, JobState, TextFormat};
use serde_json::Value;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// A job that a server has taken.
pub(super) struct Accepted {
    pub(super) id: JobId,
    name: String,
    /// The server's own words.
    answer: Value,
}

impl Accepted {
    fn of(remote: &Remote, answer: Value) -> Result<Self, Failure> {
        let id = scalar(&answer["jobId"]).parse().map_err(|_| {
            Failure::failed(format!("{}: the answer holds no job id: {answer}", remote.url()))
        })?;
        let name = clean(answer["jobName"].as_str().unwrap_or_default());
        Ok(Self { id, name, answer })
    }
}

pub(super) fn submit(options: SubmitOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        let accepted = send(&remote, &options)?;
        tell_and_wait(&remote, accepted, options.until, options.printing)
    });
    end(options.printing, done)
}

/// Sends a job's text.
pub(super) fn send(remote: &Remote, options: &SubmitOptions) -> Result<Accepted, Failure> {
    let (text, path) = request(options)?;
    Accepted::of(remote, remote.send(&path, &text)?)
}

/// The text, and the path with all that goes beside it.
fn request(options: &SubmitOptions) -> Result<(Vec<u8>, String), Failure> {
    let text = match options.file.as_deref().or(options.config.as_deref()) {
        Some(file) if file != Path::new("-") => JobText::read(file, false),
        Some(_) | None => JobText::from_stdin(false),
    };
    let text = text.map_err(|problems| {
        Failure::wrong(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let format = match (options.format, text.format) {
        (Some(Format::Hocon), _) | (None, TextFormat::Hocon) => "hocon",
        (Some(Format::Json), _) | (None, TextFormat::Json) => "json",
        (Some(Format::Sql), _) | (None, TextFormat::Sql) => "sql",
    };
    let mut path = format!("/submit-job?format={format}");
    let mut add = |name: &str, value: &str| path.push_str(&format!("&{name}={}", encoded(value)));
    if let Some(name) = &options.name {
        add("jobName", name);
    }
    for variable in &options.variables {
        add("variables", variable);
    }
    if let Some(id) = options.restore.or(options.id) {
        add("jobId", &id.to_string());
    }
    if options.restore.is_some() {
        add("isStartWithSavePoint", "true");
    }
    Ok((text.bytes, path))
}

pub(super) fn rerun(options: RerunOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| {
        let answer = remote.post(&format!("/jobs/{}/rerun", options.id)).map_err(|error| match error {
            RemoteError::Refused(refusal) if refusal.is_unknown_path() => Failure::wrong(format!(
                "{} can't run a job again: it has no POST /jobs/ID/rerun; submit the job's file instead",
                remote.url()
            )),
            other => other.into(),
        })?;
        let accepted = Accepted::of(&remote, answer)?;
        tell_and_wait(&remote, accepted, options.until, options.printing)
    });
    end(options.printing, done)
}

/// Says a job's id, and waits if that is wanted.
fn tell_and_wait(
    remote: &Remote,
    accepted: Accepted,
    until: Until,
    printing: Printing,
) -> Result<u8, Failure> {
    let Accepted { id, name, answer } = accepted;
    let waits = until.wait || until.follow || until.cancel_on_interrupt;
    match (printing.json, std::io::stdout().is_terminal()) {
        (true, _) if waits => {}
        (true, _) => say(&answer.to_string()),
        (false, true) => say(&format!("job {id} ({name}) is submitted")),
        (false, false) => say(&id.to_string()),
    }
    if !waits {
        return Ok(0);
    }
    let (ended, state) = wait_for(remote, id, until)?;
    tell(&progress::result(&JobView(&ended).outcome(id, state)));
    if printing.json {
        say(&ended.to_string());
    }
    Ok(if state == JobState::Finished { 0 } else { FAILED })
}

/// Waits as it is wanted; answers the job, and the state in which it ended.
pub(super) fn wait_for(remote: &Remote, id: JobId, until: Until) -> Result<(Value, JobState), Failure> {
    let awaited = if until.cancel_on_interrupt { Awaited::EndOrInterrupt } else { Awaited::End };
    let ended = watch::until_end(remote, id, awaited, until.follow)?;
    let state = JobView(&ended).end().unwrap_or(JobState::Unknowable);
    Ok((ended, state))
}
