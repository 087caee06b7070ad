//! From a job's text to a [`JobSpec`]: HOCON dialect, JSON, variables, secrets.

mod job_spec;

pub use job_spec::{Block, JobSpec};
