//! The wire shapes. Names, numbers or strings, and time texts live here and nowhere else.
//!
//! Shapes are supersets: where the API document and the engine that it describes disagree on a name, both are sent
//! (`finishTime` and `finishedTime`, `sourceReceivedCount` and `SourceReceivedCount`, `vertices` beside
//! `vertexInfoMap`).

mod backup;
mod dag;
mod event;
mod examined;
mod job;
mod loading;
mod metrics;
mod rules;
mod text;

pub use backup::{backup, created, inspected};
pub use event::{Event, LastWord};
pub use examined::{Examined, examined};
pub use job::{Job, Moment, id_value};
pub use loading::{loading, retry_after, starting};
pub use rules::option_rule;
pub use text::local_time;
