//! From a parsed job to a plan: wiring, schemas of every edge, pipelines and names for the views.
//!
//! Three hops (design: 3a validate, 3b discover, 3c compile). `validate` and `compile` are pure: no I/O, no clock;
//! each answers **all** problems at once, with their paths. `discover` is the only I/O before a job is recorded.
//!
//! ```text
//! JobSpec ─validate─► ValidJob ─discover─► Catalogues ─compile─► Plan
//!   env · blocks · wiring      (sources, 30 s)     schema · naming · pipelines
//! ```
//!
//! Invariants of a [`Plan`]: it is acyclic; every table that can reach a transform or sink is listed there; every
//! output leads to a sink; ids, names and pipelines of its `dag` are those that the Java engine gives.

mod blocks;
mod compile;
mod discover;
mod edges;
mod env;
mod examine;
mod graph;
mod naming;
mod pipelines;
mod rejection;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod validate;
mod wiring;

pub use blocks::{SINK_OPTIONS, SOURCE_OPTIONS, TRANSFORM_OPTIONS};
pub use compile::{Compiled, compile, prepare, recompile, recompile_spec};
pub use discover::{Catalogues, DISCOVERY_DEADLINE, discover};
pub use edges::Edge;
pub use env::{Defaults, ENV_OPTIONS};
pub use examine::{Findings, examine};
pub use graph::{JobSettings, Output, Plan, ReadLimit, SinkNode, SourceNode, TransformNode};
pub use rejection::Rejection;
pub use rules::{BlockKind, BlockRules, block_rules};
pub use validate::{ValidJob, validate};
