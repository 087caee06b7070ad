//! The words that every layer shares: ids, states, faults, problems, and what is recorded of a job.
//!
//! Owns plain data only: no I/O, no clock, nothing that another module of this crate defines. Times are UTC
//! milliseconds since 1970; durations are milliseconds unless a name says otherwise.
#![deny(clippy::wildcard_enum_match_arm)]

mod dag;
mod fault;
mod ids;
pub mod java;
mod job;
mod metrics;
mod problem;
mod sample;
mod shown;
mod state;

pub use dag::{DagInfo, PipelineEdge, VertexInfo, VertexKind};
pub use fault::{Blame, Fault, Retry};
pub use ids::{AttemptId, Epoch, JobId, Millis};
pub use job::{
    Checkpoint, Counters, EventKind, JobEvent, JobRecord, JobTexts, Op, Origin, Prepared, RECENT_EVENTS,
    StopRequest, SubmitKey, TextFormat,
};
pub use metrics::{Accounting, Flow, MetricsSnapshot, TableCount};
pub use problem::{Place, Problem, Problems, nearest};
pub use sample::{Sample, SampledTable};
pub use shown::{
    MASK, SHADED, is_document, is_secret, quoted, said_of, shown, shown_bare, shown_bytes, shown_of, unfit,
};
pub use state::JobState;
