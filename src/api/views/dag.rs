//! `jobDag`.

use crate::model::{DagInfo, JobId, VertexInfo, VertexKind};
use serde_json::{Map, Value, json};

/// The graph: `jobId`, `pipelineEdges` (ids as strings, keyed by pipeline), `envOptions`, `vertexInfoMap` (an array,
/// ids as numbers), and the older `vertices` and `edges`.
pub(super) fn dag(id: JobId, dag: &DagInfo, env: &Value) -> Value {
    let mut pipelines = Map::new();
    for edge in &dag.edges {
        let edges = pipelines.entry(edge.pipeline.to_string()).or_insert_with(|| json!([]));
        if let Value::Array(edges) = edges {
            edges.push(json!({
                "inputVertexId": edge.from.to_string(),
                "targetVertexId": edge.to.to_string(),
            }));
        }
    }
    let vertices: Vec<Value> = dag.vertices.iter().map(vertex).collect();
    let name_of = |id: u32| dag.vertices.iter().find(|v| v.id == id).map_or("", |v| v.action.as_str());
    json!({
        "jobId": id.to_string(),
        "pipelineEdges": pipelines,
        "envOptions": env,
        "vertexInfoMap": vertices,
        "vertices": dag.vertices.iter().map(|v| json!({
            "id": v.id,
            "name": format!("{}(id={})", v.action, v.id),
            "parallelism": v.parallelism,
        })).collect::<Vec<_>>(),
        "edges": dag.edges.iter().map(|e| json!({
            "inputVertex": name_of(e.from),
            "targetVertex": name_of(e.to),
        })).collect::<Vec<_>>(),
    })
}

fn vertex(vertex: &VertexInfo) -> Value {
    let kind = match vertex.kind {
        VertexKind::Source => "source",
        VertexKind::Transform => "transform",
        VertexKind::Sink => "sink",
    };
    json!({
        "vertexId": vertex.id,
        "type": kind,
        "vertexName": format!("pipeline-{} [{}]", vertex.pipeline, vertex.action),
        "tablePaths": vertex.tables,
    })
}
