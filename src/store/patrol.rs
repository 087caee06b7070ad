//! A slow walk over all ended jobs, after a start that trusted the index and so read none of their bytes.
//!
//! Each job is read as a reader would, and what is damaged is told in the same way (`Overlay::damaged`): so damage is
//! known within hours and not only when somebody asks for the job. The walk begins a while after the start, reads a few
//! jobs at a time with long pauses between, and gives up when the index can't answer: a load reads every byte anyway.

use super::error::StoreError;
use super::reader::{Cursor, StoreReader};
use crate::model::JobState;
use crate::runtime;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that are read without a pause.
const AT_ONCE: usize = 32;
/// The pause between: some 300 jobs a second.
const PAUSE: Duration = Duration::from_millis(100);

/// The thread that walks.
#[derive(Debug)]
pub struct Patrol {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Patrol {
    /// Begins the walk after `delay`.
    pub fn start(reader: StoreReader, dir: &Path, delay: Duration) -> Result<Self, StoreError> {
        let (stop, stopped) = mpsc::channel();
        let thread = runtime::thread("store-patrol", move || {
            if pause(&stopped, delay)
                && let Err(error) = walk(&reader, &stopped)
            {
                tracing::debug!(%error, "the walk over all jobs is given up");
            }
        });
        let thread = thread.map_err(|error| StoreError::io("start a thread for", dir, error))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Ends the walk.
    pub fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that walks over all jobs panicked");
        }
    }
}

impl Drop for Patrol {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether to go on after a pause.
fn pause(stopped: &Receiver<()>, time: Duration) -> bool {
    matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

fn walk(reader: &StoreReader, stopped: &Receiver<()>) -> Result<(), StoreError> {
    // Those that can't be known are known to be damaged.
    for state in JobState::ALL.into_iter().filter(|state| state.is_end() && *state != JobState::Unknowable) {
        let mut after: Option<Cursor> = None;
        loop {
            let jobs = reader.indexed_as(state, after, AT_ONCE)?;
            for job in &jobs {
                reader.check(job.id)?;
            }
            let Some(last) = jobs.last() else { break };
            after = Some(*last);
            if !pause(stopped, PAUSE) {
                return Ok(());
            }
        }
    }
    Ok(())
}
