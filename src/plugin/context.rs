//! What a plug-in is told about the run that it is part of.

use crate::model::{AttemptId, JobId};
use crate::runtime::JobLog;
use std::path::PathBuf;
use std::sync::Arc;

/// Whether a job ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum JobMode {
    /// Ends when its sources do.
    Batch,
    /// Goes on until it is stopped.
    Streaming,
}

/// One attempt, as its plug-ins see it.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// Job.
    pub job: JobId,
    /// Attempt; part of every staging name.
    pub attempt: AttemptId,
    /// Mode.
    pub mode: JobMode,
    /// Parallel instances of this plug-in.
    pub parallelism: usize,
    /// Whether the attempt goes on from a checkpoint (save modes are skipped then).
    pub is_restore: bool,
    /// The job's own log.
    pub log: Arc<JobLog>,
    /// Directory that relative paths of the job are taken from.
    pub working_dir: PathBuf,
}
