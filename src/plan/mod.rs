//! From a parsed job to a plan: wiring, schemas of every edge, pipelines and names for the views.
//!
//! Three hops (design: 3a validate, 3b discover, 3c compile). `validate` and `compile` are pure: no I/O, no clock;
//! each answers **all** problems at once, with their paths. `discover` is the only I/O before a job is recorded.

mod graph;

pub use graph::{JobSettings, Output, Plan, ReadLimit, SinkNode, SourceNode, TransformNode};
