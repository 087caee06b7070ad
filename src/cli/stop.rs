//! `seikan stop`: one job after the other; the worst result is the exit code.

use super::client::{Failure, connect, end, known_job};
use super::client_arguments::StopOptions;
use super::job_view::JobView;
use super::remote::Remote;
use super::watch::{self, Awaited};
use super::{FAILED, say};
use crate::model::{JobId, JobState};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(super) fn stop(options: StopOptions) -> ExitCode {
    let done = connect(&options.target).map(|remote| {
        let (mut worst, mut told) = (0, Vec::new());
        for id in &options.ids {
            let (code, element) = match stop_one(&remote, *id, options.savepoint, options.wait) {
                Ok((code, state, message)) => {
                    if !options.printing.json {
                        say(&message);
                    }
                    (code, json!({"jobId": id.to_string(), "jobStatus": state, "message": message}))
                }
                Err(failure) => {
                    failure.tell();
                    let mut element = failure.to_json();
                    element["jobId"] = json!(id.to_string());
                    (failure.code(), element)
                }
            };
            worst = worst.max(code);
            told.push(element);
        }
        if options.printing.json {
            say(&Value::from(told).to_string());
        }
        worst
    });
    end(options.printing, done)
}

/// Stops a job, and waits until it has ended, if that is wanted; answers the exit code, its state, and what to say.
fn stop_one(
    remote: &Remote,
    id: JobId,
    savepoint: bool,
    wait: bool,
) -> Result<(u8, String, String), Failure> {
    let before = known_job(remote, id)?;
    if let Some(state) = JobView(&before).end() {
        let message = format!("job {id} has ended already: {state}");
        return Ok((code_of(state, savepoint), state.to_string(), message));
    }
    watch::stop(remote, id, savepoint)?;
    if !wait {
        let now = known_job(remote, id)?;
        let how = if savepoint { " with a savepoint" } else { "" };
        return Ok((0, JobView(&now).state_name().to_owned(), format!("job {id} is being stopped{how}")));
    }
    let ended =
        watch::until_end(remote, id, if savepoint { Awaited::Savepoint } else { Awaited::Stop }, false)?;
    let state = JobView(&ended).end().unwrap_or(JobState::Unknowable);
    Ok((code_of(state, savepoint), state.to_string(), format!("job {id} has ended: {state}")))
}

/// A stop that comes too late is no failure; a savepoint that can't be had any more is.
fn code_of(state: JobState, savepoint: bool) -> u8 {
    let is_well = match state {
        JobState::SavepointDone => true,
        JobState::Canceled | JobState::Finished => !savepoint,
        _ => false,
    };
    if is_well { 0 } else { FAILED }
}
