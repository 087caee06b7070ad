//! The way in: messages to the scheduler's task.

use super::overlay::Overlay;
use super::prune::Over;
use super::retention::Retention;
use crate::model::Checkpoint;
use crate::model::{Epoch, JobId, JobRecord, JobTexts, Origin, Problem, StopRequest, SubmitKey};
use crate::plan::{self, Plan, Rejection};
use crate::runtime::LogLimits;
use crate::store::{Loading, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How the scheduler works.
#[derive(Clone, Debug)]
pub struct SchedulerSettings {
    /// Slots; `None`: dynamic, as many as the jobs need.
    pub slots: Option<u32>,
    /// Whether a job that would have to wait is refused instead.
    pub reject_when_full: bool,
    /// How many jobs may run at once.
    pub max_running_jobs: u32,
    /// Where job logs go.
    pub logs: JobLogs,
    /// How large they may grow.
    pub log_limits: LogLimits,
    /// For recompiling recorded jobs.
    pub plan_defaults: plan::Defaults,
    /// Whether to run the jobs of the original, when the data directory is a copy.
    pub resume: bool,
    /// What is kept of ended jobs.
    pub retention: Retention,
    /// Tags of the node, until others are stored.
    pub tags: Vec<(String, String)>,
}

/// Where the logs of jobs go.
#[derive(Clone, Debug)]
pub enum JobLogs {
    /// To `job-<id>.log` in this directory, which is made if it is not there.
    Directory(PathBuf),
    /// To standard output.
    Stdout,
}

/// A job to be accepted.
pub struct Submission {
    /// Id chosen by the caller.
    pub id: Option<JobId>,
    /// Effective name.
    pub name: String,
    /// Whether to go on from the checkpoint stored under the id.
    pub from_savepoint: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// Under which key the caller will recognise it, if any.
    pub key: Option<SubmitKey>,
    /// Its texts.
    pub texts: JobTexts,
    /// The compiled job.
    pub plan: Plan,
    /// What is odd about it; written into its log.
    pub warnings: Vec<Problem>,
}

/// An accepted job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its id.
    pub id: JobId,
    /// Its effective name.
    pub name: String,
}

/// Why a submission was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The id belongs to a job that has ended.
    #[error(
        "The job id {id} has already been submitted and is not starting with a savepoint. \
         To go on from its checkpoint set isStartWithSavePoint=true; else choose another id, or delete that job"
    )]
    AlreadySubmitted {
        /// The id.
        id: JobId,
    },
    /// The id was derived from a key, or comes with one, and belongs to another submission.
    #[error(
        "Idempotency-Key: it was used for another request already, which made job {id}; use another key for each job"
    )]
    OtherRequest {
        /// The id.
        id: JobId,
    },
    /// There is nothing to start from.
    #[error("no checkpoint for job {id}; {}", listed(with))]
    NoCheckpoint {
        /// The id.
        id: JobId,
        /// Ids that have one.
        with: Vec<JobId>,
    },
    /// The job can never run here.
    #[error("the job needs {needed} slots, this server has {total}")]
    NoSlots {
        /// What it needs: per pipeline its parallelism.
        needed: u32,
        /// What there is.
        total: u32,
    },
    /// The job wants a node with other tags.
    #[error("env.tag_filter: this node doesn't have {missing}; its tags: {tags}")]
    OtherTags {
        /// What the node lacks.
        missing: String,
        /// What it has.
        tags: String,
    },
    /// It would have to wait, and waiting is not wanted.
    #[error("{0} (job-schedule-strategy is REJECT)")]
    Full(String),
    /// The server is going down.
    #[error("the server is going down and takes no new jobs")]
    Closing,
    /// What is stored under the id is not known yet.
    #[error("job id {id}: {}; or submit the job without an id", StoreError::Loading(*loading))]
    Loading {
        /// The id.
        id: JobId,
        /// How far the history is loaded.
        loading: Loading,
    },
    /// There is too little space for new jobs: why.
    #[error("{0}")]
    NoSpace(String),
    /// The record could not be stored; nothing was started.
    #[error("the job could not be recorded: {0}")]
    Store(String),
}

fn listed(ids: &[JobId]) -> String {
    const SHOWN: usize = 20;
    if ids.is_empty() {
        return "no job has one".to_owned();
    }
    let shown: Vec<String> = ids.iter().take(SHOWN).map(JobId::to_string).collect();
    let more = ids.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("jobs that have one: {}{rest}", shown.join(", "))
}

/// Why a request could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchedulerError {
    /// The scheduler has ended.
    #[error("the server is going down")]
    Closing,
    /// It could not be stored.
    #[error("it could not be recorded: {0}")]
    Store(String),
    /// Only a job that has ended can be deleted.
    #[error("job {0} has not ended: stop it first")]
    Lives(JobId),
    /// The same is under way.
    #[error("job {0} is being deleted")]
    IsBeingDeleted(JobId),
}

pub(super) type SubmitAnswer = oneshot::Sender<Result<Submitted, SubmitError>>;
pub(super) type Answer<T> = oneshot::Sender<Result<T, SchedulerError>>;

/// What the store has under an id.
pub(super) struct Found {
    pub record: Option<JobRecord>,
    pub checkpoint: Option<(Checkpoint, Epoch)>,
    /// The resolved text of the job that stored the checkpoint.
    pub resolved: Option<String>,
    /// Ids that have a checkpoint; looked up when this one has none and one is wanted.
    pub with_checkpoint: Vec<JobId>,
}

/// What the scheduler's task is told.
pub(super) enum Message {
    Submit(Box<Submission>, SubmitAnswer),
    /// The answer of the store about an id that a caller chose.
    Found(JobId, Result<Box<Found>, StoreError>),
    Stop(JobId, StopRequest, Answer<()>),
    Delete(JobId, Answer<()>),
    SetTags(Vec<(String, String)>, Answer<()>),
    ResumeHeld(Answer<usize>),
    /// What is over of ended jobs.
    Over(Result<Over, StoreError>),
    /// A recorded job is compiled again.
    Compiled(JobId, Result<Box<Plan>, Rejection>),
    /// The append of that number has ended.
    Landed(u64, Result<(), StoreError>),
    Shutdown(Duration, oneshot::Sender<()>),
}

/// The way in. Every answer comes after what it says is durable.
#[derive(Clone)]
pub struct SchedulerHandle {
    pub(super) inbox: mpsc::UnboundedSender<Message>,
    pub(super) overlay: Arc<Overlay>,
}

impl SchedulerHandle {
    /// Submits a job. An id that lives already is answered as it is; nothing is started then.
    ///
    /// # Errors
    /// See [`SubmitError`]; nothing was recorded then.
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, SubmitError> {
        self.ask(|answer| Message::Submit(Box::new(submission), answer))
            .await
            .unwrap_or(Err(SubmitError::Closing))
    }

    /// Stops a job, with a savepoint if wanted. Ids that are unknown or have ended are fine.
    ///
    /// # Errors
    /// The request could not be recorded.
    pub async fn stop(&self, id: JobId, savepoint: bool) -> Result<(), SchedulerError> {
        let request = if savepoint { StopRequest::Savepoint } else { StopRequest::Cancel };
        self.ask(|answer| Message::Stop(id, request, answer)).await.unwrap_or(Err(SchedulerError::Closing))
    }

    /// Deletes all that is kept of an ended job: record, texts, checkpoint, log.
    ///
    /// # Errors
    /// It lives, is being deleted already, or the deletion could not be recorded.
    pub async fn delete(&self, id: JobId) -> Result<(), SchedulerError> {
        self.ask(|answer| Message::Delete(id, answer)).await.unwrap_or(Err(SchedulerError::Closing))
    }

    /// Replaces the node's tags.
    ///
    /// # Errors
    /// They could not be recorded.
    pub async fn set_tags(&self, tags: Vec<(String, String)>) -> Result<(), SchedulerError> {
        self.ask(|answer| Message::SetTags(tags, answer)).await.unwrap_or(Err(SchedulerError::Closing))
    }

    /// Lets the held jobs of a copied data directory run; answers how many they are.
    ///
    /// # Errors
    /// It could not be recorded.
    pub async fn resume_held(&self) -> Result<usize, SchedulerError> {
        self.ask(Message::ResumeHeld).await.unwrap_or(Err(SchedulerError::Closing))
    }

    /// Suspends the jobs, drops those that have not ended by the deadline, and closes the store.
    pub async fn shutdown(&self, deadline: Duration) {
        let _ended = self.ask(|answer| Message::Shutdown(deadline, answer)).await;
    }

    /// The live view; reading it never waits for the scheduler.
    #[must_use]
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.inbox.send(message(sender)).ok()?;
        answer.await.ok()
    }
}
