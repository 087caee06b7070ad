//! The wire shapes. Names, numbers or strings, and time texts live here and nowhere else.
//!
//! Shapes are supersets: where the API document and the engine that it describes disagree on a name, both are sent
//! (`finishTime` and `finishedTime`, `sourceReceivedCount` and `SourceReceivedCount`, `vertices` beside
//! `vertexInfoMap`).

mod backup;
mod dag;
mod job;
mod loading;
mod metrics;
mod time;

pub use backup::{backup, created, inspected};
pub use job::{ended, id_value, live};
pub use loading::{loading, retry_after, starting};
pub use metrics::metrics;
pub use time::local_time;
