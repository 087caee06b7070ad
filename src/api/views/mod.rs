//! The wire shapes. Names, numbers or strings, and time texts live here and nowhere else.
//!
//! Shapes are supersets: where the API document and the engine that it describes disagree on a name, both are sent
//! (`finishTime` and `finishedTime`, `sourceReceivedCount` and `SourceReceivedCount`, `vertices` beside
//! `vertexInfoMap`).

mod backup;
mod checkpoint;
mod dag;
mod event;
mod examined;
mod job;
mod loading;
mod log;
mod metrics;
mod pending;
mod rules;
mod text;

pub use backup::{backup, created, inspected};
pub use checkpoint::{Checkpoints, checkpoint_history};
pub use event::{Event, LastWord};
pub use examined::{Examined, examined};
pub use job::{Job, Moment, id_value};
pub use loading::{loading, retry_after, starting};
pub use log::{LogLink, Logger, log_page, logger};
pub use pending::{Pending, pending_jobs};
pub use rules::option_rule;
pub use text::local_time;
