//! Waits for the end of a job on a server, by asking now and then.
//!
//! A server that is started anew keeps its jobs, so a moment without an answer is no failure. An interrupt ends the
//! waiting, and says what becomes of the job.

use super::client::{Failure, known_job};
use super::job_view::JobView;
use super::progress::Shown;
use super::remote::{Remote, RemoteError};
use super::{INTERRUPTED, tell};
use crate::app::block_on;
use crate::model::JobId;
use crate::runtime;
use serde_json::{Value, json};
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Pauses between two questions: short after a change, longer when nothing happens.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);
/// A bar moves this often at least.
const BAR: Duration = Duration::from_millis(250);
/// How long a server may be away.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a job is waited for, which also says what an interrupt (Ctrl-C, SIGTERM) does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Its end; it goes on when nobody waits any more.
    End,
    /// Its end; an interrupt stops it, and its end is waited for. A second interrupt ends the waiting.
    EndOrInterrupt,
    /// The stop that was asked for.
    Stop,
    /// The stop with a savepoint that was asked for: when it fails and the job goes on, the waiting is over.
    Savepoint,
}

/// Waits until a job has ended; answers what is known of it then. With `progress` it shows more than the states.
pub(super) fn until_end(
    remote: &Remote,
    id: JobId,
    awaited: Awaited,
    progress: bool,
) -> Result<Value, Failure> {
    let mut done = Err(Failure::failed("the waiting could not begin"));
    let _code = block_on(async {
        done = end_or_signal(remote, id, awaited, progress).await;
        ExitCode::SUCCESS
    });
    done
}

async fn end_or_signal(
    remote: &Remote,
    id: JobId,
    awaited: Awaited,
    progress: bool,
) -> Result<Value, Failure> {
    let mut waiting = pin!(end(remote, id, awaited, progress));
    let signal = tokio::select! {
        ended = &mut waiting => return ended,
        signal = runtime::stop_signal() => signal,
    };
    if awaited == Awaited::EndOrInterrupt {
        tell(&format!("{signal}: job {id} is stopped"));
        aside(remote, move |remote| stop(remote, id, false)).await?;
        tokio::select! {
            ended = &mut waiting => return ended,
            _second = runtime::stop_signal() => {}
        }
    }
    let still = if awaited == Awaited::End { "goes on" } else { "is being stopped" };
    let message = format!("{signal}: job {id} is no longer waited for; it {still} at {}", remote.url());
    Err(Failure::Said(INTERRUPTED, message))
}

/// Asks the server while signals are still heard.
async fn aside<T: Send + 'static>(
    remote: &Remote,
    ask: impl FnOnce(&Remote) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let remote = remote.clone();
    let asked = runtime::blocking(move || ask(&remote)).await;
    asked.unwrap_or_else(|error| Err(Failure::failed(format!("the waiting {error}"))))
}

async fn end(remote: &Remote, id: JobId, awaited: Awaited, progress: bool) -> Result<Value, Failure> {
    let mut shown = progress.then(Shown::new);
    let has_bar = shown.as_ref().is_some_and(Shown::is_bar);
    let longest = if has_bar { BAR } else { LONGEST };
    let (mut last, mut pause, mut away) = (String::new(), SHORTEST, None::<Instant>);
    loop {
        match aside(remote, move |remote| known_job(remote, id)).await {
            Ok(found) => {
                away = None;
                let job = JobView(&found);
                if last != job.state_name() {
                    last = job.state_name().to_owned();
                    pause = SHORTEST;
                    if !has_bar {
                        let waits = Some(job.run().text("waitingFor")).filter(|why| !why.is_empty());
                        let waits = waits.map(|why| format!(" ({why})")).unwrap_or_default();
                        tell(&format!("job {id}: {last}{waits}"));
                    }
                }
                if job.end().is_some() {
                    return Ok(found);
                }
                if let (Awaited::Savepoint, "RUNNING", Some(why)) =
                    (awaited, job.state_name(), found["run"]["savepointFailure"].as_str())
                {
                    let message = format!("job {id}: the savepoint failed, and the job goes on: {why}");
                    return Err(Failure::failed(message));
                }
                if let (Some(shown), Some(state)) = (&mut shown, job.state()) {
                    shown.show(state, &job.counts());
                }
            }
            Err(failure) if passes(&failure) => match away {
                Some(since) if since.elapsed() > PATIENCE => return Err(failure),
                Some(_) => {}
                None => {
                    away = Some(Instant::now());
                    let seconds = PATIENCE.as_secs();
                    tell(&format!("job {id}: the server is away; it is asked again for {seconds} s"));
                }
            },
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Whether the server may be back soon.
fn passes(failure: &Failure) -> bool {
    match failure {
        Failure::Remote(RemoteError::Unreachable(_)) => true,
        Failure::Remote(RemoteError::Refused(refusal)) => refusal.status == 503,
        Failure::Remote(RemoteError::Odd(_)) | Failure::Said(..) => false,
    }
}

/// Asks for the stop of a job.
pub(super) fn stop(remote: &Remote, id: JobId, savepoint: bool) -> Result<Value, Failure> {
    let body = json!({"jobId": id.0, "isStopWithSavePoint": savepoint}).to_string();
    Ok(remote.send("/stop-job", body.as_bytes())?)
}
