//! What the commands to a server share: how they reach it, how they fail, how they print.
//!
//! With `--json` exactly one document goes to standard output, also for a failure; people read standard error.

use super::client_arguments::{Printing, Target};
use super::remote::{Refusal, Remote, RemoteError};
use super::{FAILED, UNREACHABLE, WRONG, say, tell};
use crate::model::JobId;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Why a command has no result.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The server is not there, or says no.
    Remote(RemoteError),
    /// Anything else: the exit code, and what to say.
    Said(u8, String),
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Failure::Remote(error)
    }
}

impl Failure {
    /// What was asked for can't be had.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Failure::Said(WRONG, message.into())
    }

    /// It was tried, and failed.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Failure::Said(FAILED, message.into())
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Failure::Said(code, _) => *code,
            Failure::Remote(RemoteError::Unreachable(_)) => UNREACHABLE,
            // That the same is being done already, or too much at once, passes; any other 4xx is about what was asked.
            Failure::Remote(RemoteError::Refused(Refusal { status: 409 | 429, .. })) => FAILED,
            Failure::Remote(RemoteError::Refused(Refusal { status: 400..=499, .. })) => WRONG,
            Failure::Remote(RemoteError::Refused(_) | RemoteError::Odd(_)) => FAILED,
        }
    }

    /// Says it, each problem in a line of its own.
    pub(super) fn tell(&self) {
        match self {
            Failure::Said(_, message) => tell(&format!("error: {message}")),
            Failure::Remote(RemoteError::Refused(refusal)) if refusal.problems.is_empty() => {
                tell(&format!("error: {}", refusal.message));
            }
            Failure::Remote(RemoteError::Refused(refusal)) => {
                refusal.problems.iter().for_each(|problem| tell(&format!("error: {problem}")));
            }
            Failure::Remote(error) => tell(&format!("error: {error}")),
        }
    }

    /// As a server's own answer would say it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Failure::Remote(error) => error.to_json(),
            Failure::Said(_, message) => json!({"status": "fail", "message": message}),
        }
    }
}

/// The server that is meant.
pub(super) fn connect(target: &Target) -> Result<Remote, Failure> {
    Remote::new(&target.server, &target.access).map_err(Failure::wrong)
}

/// What the server knows of a job.
pub(super) fn known_job(remote: &Remote, id: JobId) -> Result<Value, Failure> {
    let found = remote.get(&format!("/job-info/{id}"))?;
    // An unknown id is answered with itself.
    match found["jobStatus"].is_string() {
        true => Ok(found),
        false => Err(Failure::wrong(format!("there is no job {id} at {}", remote.url()))),
    }
}

/// Ends a command: says why it failed; the exit code.
pub(super) fn end(printing: Printing, done: Result<u8, Failure>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell();
            if printing.json {
                say(&failure.to_json().to_string());
            }
            ExitCode::from(failure.code())
        }
    }
}
