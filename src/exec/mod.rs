//! The words between the scheduler and whatever runs a job: requests, commands, events, handles.
//!
//! The scheduler knows these, not the engine. A [`Launcher`] is given a [`RunRequest`] and answers a [`RunHandle`];
//! from then on commands go down and [`RunEvent`]s, each with its attempt, come up. Events of an attempt that is no
//! longer the job's latest are dropped by the receiver.

mod event;
mod handle;
mod metrics;

pub use event::{Outcome, RunEvent, RunEvents, RunMessage, StoredAnswer};
pub use handle::{Launcher, RunCommand, RunHandle, RunRequest};
pub use metrics::{LiveCount, LiveMetrics};
