//! From a job's text to a [`JobSpec`].
//!
//! Route: [`parse_tree`] reads the text (`hocon` does HOCON and JSON, with includes and references; `sql_job`
//! translates SQL for it) and fills variables in (`variables`); the [`Tree`](crate::options::Tree) that it answers is what is stored with a job, its
//! secrets still as they were submitted. [`job_spec`] decodes them (`shade`) and gives the blocks.
//!
//! Invariants: every problem carries a place, `line L, column C` of a text or the path of an option; secrets never
//! stand in a message; nothing but [`Resolve::CommandLine`] reads files or the whole environment; no tree is
//! nested deeper than [`MAX_DEPTH`].

mod changes;
mod encoding;
mod hocon;
mod job_spec;
mod json;
mod shade;
mod source;
mod sql_job;
mod variables;

pub use changes::changes;
pub use encoding::{decode_lossy, no_utf8};
pub use hocon::MAX_DEPTH;
pub use job_spec::{Block, JobSpec, job_spec};
pub use json::{JsonMode, parse_json};
pub use shade::Shade;
pub use source::{Environment, Resolve, Source, locate, missing_includes, parse_tree, parse_tree_in};
pub use variables::variables;
