//! `jobDag`: `jobId`, `pipelineEdges` (ids as strings, keyed by pipeline), `envOptions`, `vertexInfoMap` (an array, ids
//! as numbers), and the older `vertices` and `edges`.

use super::text::{Entries, Text};
use crate::model::{DagInfo, JobId, JobRecord, VertexInfo, VertexKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// The graph of a job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dag<'a> {
    job_id: Text<JobId>,
    pipeline_edges: BTreeMap<u32, Vec<PipelineEdge>>,
    env_options: Entries<'a>,
    vertex_info_map: Vec<VertexView<'a>>,
    vertices: Vec<OlderVertex>,
    edges: Vec<OlderEdge<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PipelineEdge {
    input_vertex_id: Text<u32>,
    target_vertex_id: Text<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VertexView<'a> {
    vertex_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    vertex_name: String,
    table_paths: &'a [String],
}

#[derive(Serialize)]
struct OlderVertex {
    id: u32,
    name: String,
    parallelism: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OlderEdge<'a> {
    input_vertex: &'a str,
    target_vertex: &'a str,
}

impl<'a> Dag<'a> {
    /// That of a record.
    pub fn of(record: &'a JobRecord) -> Self {
        let DagInfo { vertices, edges } = &record.dag;
        let mut pipeline_edges: BTreeMap<u32, Vec<PipelineEdge>> = BTreeMap::new();
        for edge in edges {
            let view = PipelineEdge { input_vertex_id: Text(edge.from), target_vertex_id: Text(edge.to) };
            pipeline_edges.entry(edge.pipeline).or_default().push(view);
        }
        let older = |v: &VertexInfo| OlderVertex {
            id: v.id,
            name: format!("{}(id={})", v.action, v.id),
            parallelism: v.parallelism,
        };
        let name_of = |id: u32| vertices.iter().find(|v| v.id == id).map_or("", |v| v.action.as_str());
        Self {
            job_id: Text(record.id),
            pipeline_edges,
            env_options: Entries(&record.env),
            vertex_info_map: vertices.iter().map(VertexView::of).collect(),
            vertices: vertices.iter().map(older).collect(),
            edges: edges
                .iter()
                .map(|e| OlderEdge { input_vertex: name_of(e.from), target_vertex: name_of(e.to) })
                .collect(),
        }
    }
}

impl<'a> VertexView<'a> {
    fn of(vertex: &'a VertexInfo) -> Self {
        let kind = match vertex.kind {
            VertexKind::Source => "source",
            VertexKind::Transform => "transform",
            VertexKind::Sink => "sink",
        };
        let vertex_name = format!("pipeline-{} [{}]", vertex.pipeline, vertex.action);
        Self { vertex_id: vertex.id, kind, vertex_name, table_paths: &vertex.tables }
    }
}
