//! `seikan logs`: a job's log, as the server keeps it.

use super::client::{Failure, connect, end, known_job};
use super::client_arguments::{LogsOptions, Printing};
use super::job_view::JobView;
use super::remote::{Remote, RemoteError};
use crate::model::JobId;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

/// How often a followed log is asked for.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) fn logs(options: LogsOptions) -> ExitCode {
    let done = connect(&options.target).and_then(|remote| print(&remote, options.id, options.follow));
    end(Printing::default(), done)
}

fn print(remote: &Remote, id: JobId, follow: bool) -> Result<u8, Failure> {
    let path = format!("/log/job-{id}.log");
    let mut printed = 0;
    loop {
        // The job is asked for before its log is read: so the last lines are printed, too.
        let job = known_job(remote, id)?;
        let fresh = remote.get_from(&path, printed).map_err(|error| match error {
            RemoteError::Refused(refusal) if refusal.is_unknown_path() => {
                Failure::wrong(format!("{} doesn't serve logs: it has no GET {path}", remote.url()))
            }
            other => other.into(),
        })?;
        if let Some((start, bytes)) = fresh {
            let length = start + bytes.len() as u64;
            let mut known = printed.saturating_sub(start);
            if length < printed {
                // It was begun anew; what came before stands in its predecessor, as long as that is kept.
                if let Ok(Some((start, rest))) = remote.get_from(&format!("{path}.1"), printed) {
                    let known = printed.saturating_sub(start);
                    write(rest.get(known as usize..).unwrap_or_default())?;
                }
                known = 0;
            }
            if !write(bytes.get(known as usize..).unwrap_or_default())? {
                return Ok(0);
            }
            printed = length;
        }
        if !follow || JobView(&job).end().is_some() {
            return Ok(0);
        }
        sleep(PAUSE);
    }
}

/// Whether somebody still reads.
fn write(bytes: &[u8]) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(format!("standard output: {error}"))),
    }
}
