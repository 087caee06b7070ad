//! What runs things: tasks and threads with owners, the pool that jobs run on, logs, and failpoints.
//!
//! Only this module may spawn. Every task has a name and an owner, ends when its owner is dropped, and a panic in it
//! becomes an error of the owner.

pub mod failpoint;
mod job_log;
mod log_levels;
mod logging;
mod pool;
mod signals;
mod tasks;

pub use job_log::{FoundLog, JobLog, LogLimits};
pub use log_levels::{LevelError, LevelOrigin, Levels, LogLevel};
pub use logging::{LogFormat, Logging};
pub use pool::{JobPool, PoolTask};
pub use signals::{Hangups, open_files, stop_signal};
pub use tasks::{Ended, Task, blocking, clock, spawn, thread};
