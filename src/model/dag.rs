//! The graph of a job as the views show it: the Java engine's pipelines, vertex numbers and names.

use serde::{Deserialize, Serialize};

/// Kind of a vertex; lower case on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VertexKind {
    /// A source.
    Source,
    /// A chain of transforms.
    Transform,
    /// A sink.
    Sink,
}

/// One vertex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VertexInfo {
    /// Number within the job.
    pub id: u32,
    /// Kind.
    pub kind: VertexKind,
    /// Action name without its pipeline prefix: `Source[0]-FakeSource`.
    pub action: String,
    /// The pipeline it belongs to, from 1.
    pub pipeline: u32,
    /// Parallel instances.
    pub parallelism: u32,
    /// Paths of the tables it produces or writes; empty for transforms.
    pub tables: Vec<String>,
}

/// One edge within a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineEdge {
    /// Pipeline, from 1.
    pub pipeline: u32,
    /// Vertex that gives.
    pub from: u32,
    /// Vertex that takes.
    pub to: u32,
}

/// The whole graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DagInfo {
    /// Vertices, by rising id.
    pub vertices: Vec<VertexInfo>,
    /// Edges, by pipeline.
    pub edges: Vec<PipelineEdge>,
}

impl DagInfo {
    /// The numbers of its pipelines, rising.
    #[must_use]
    pub fn pipelines(&self) -> Vec<u32> {
        let mut pipelines: Vec<u32> = self.vertices.iter().map(|vertex| vertex.pipeline).collect();
        pipelines.sort_unstable();
        pipelines.dedup();
        pipelines
    }
}
