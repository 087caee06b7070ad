//! Who may run, when, and what becomes of it: the only writer of job state.
//!
//! ```text
//! submit, stop ─► handle ─► core ─► transition (pure) ─► store ─► flight: show, answer, launch
//!                             ▲                                        │
//!                             └──────── events of attempts ◄───────────┘
//! ```
//!
//! One task (`core`) receives requests, events of attempts, answers of the store and timers, decides each by a pure table
//! (`transition`; at the start `recover`), appends, and goes on: it never waits for the disk. What follows from a change
//! (an answer, a launch, a command) follows when the change is durable, in order (`flight`). Readers look into `overlay`,
//! which shows what is durable.
//!
//! Invariants: an attempt is recorded before it starts; events of an attempt that is not the latest are dropped; a job
//! leaves the overlay only when the store's reader shows its end; slots in use never exceed those that there are, and
//! whoever waits is served in order.
#![deny(clippy::wildcard_enum_match_arm)]

mod attempts;
mod boot;
mod checkpoints;
mod closing;
mod core;
mod delete;
mod flight;
mod followers;
mod handle;
mod ids;
mod live;
mod overlay;
mod prune;
mod recover;
mod retention;
mod retry;
mod scribe;
mod slots;
mod submit;
mod tags;
#[cfg(test)]
mod tests;
mod timers;
mod transition;

pub use boot::start;
pub use checkpoints::{CheckpointBook, CheckpointNote};
pub use handle::{
    JobLogs, SchedulerError, SchedulerHandle, SchedulerSettings, Submission, SubmitError, Submitted,
};
pub use overlay::{LiveJob, Overlay, SlotView};
pub use prune::{logs_over, without_older_events};
pub use retention::{Item, Limits, Retention, Total};
