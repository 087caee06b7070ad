//! What a dry run and `check --output json` say of a job: problems, graph, the schema of each edge, sampled rows.

use crate::api::ApiError;
use crate::model::{PipelineEdge, Problem, Sample, VertexInfo, VertexKind};
use crate::plan::{Edge, Plan};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// What was found.
#[derive(Clone, Copy)]
pub struct Examined<'a> {
    /// What has to be mended.
    pub errors: &'a [Problem],
    /// What is odd.
    pub warnings: &'a [Problem],
    /// The compiled job.
    pub plan: Option<&'a Plan>,
    /// The rows of a trial.
    pub sample: Option<&'a Sample>,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    severity: &'static str,
}

/// The whole answer as JSON.
pub fn examined(examined: &Examined<'_>) -> String {
    let mut body = Map::new();
    if examined.errors.is_empty() {
        body.insert("status".into(), json!("ok"));
    } else {
        body.insert("status".into(), json!("fail"));
        body.insert("message".into(), json!(ApiError::problems(examined.errors.to_vec()).message));
    }
    let view = |severity| move |problem| ProblemView { problem, severity };
    let problems = examined.errors.iter().map(view("error"));
    let problems: Vec<_> = problems.chain(examined.warnings.iter().map(view("warning"))).collect();
    body.insert("problems".into(), json!(problems));
    if let Some(plan) = examined.plan {
        body.insert("graph".into(), graph(plan));
        body.insert("schemas".into(), plan.edges().iter().map(schema).collect());
    }
    if let Some(sample) = examined.sample {
        body.insert("cutOff".into(), json!(sample.cut_off));
        if !sample.asked.is_empty() {
            body.insert("askedServices".into(), json!(sample.asked));
        }
    }
    let mut text = Value::Object(body).to_string();
    if let Some(sample) = examined.sample {
        text.pop();
        push_rows(&mut text, sample);
        text.push('}');
    }
    text
}

fn graph(plan: &Plan) -> Value {
    let vertex = |v: &VertexInfo| {
        let kind = match v.kind {
            VertexKind::Source => "source",
            VertexKind::Transform => "transform",
            VertexKind::Sink => "sink",
        };
        json!({"id": v.id, "type": kind, "name": v.action, "pipeline": v.pipeline,
               "parallelism": v.parallelism, "tables": v.tables})
    };
    let edge = |e: &PipelineEdge| json!({"pipeline": e.pipeline, "from": e.from, "to": e.to});
    let pipelines = plan.dag.vertices.iter().map(|v| v.pipeline).max().unwrap_or(0);
    json!({
        "pipelines": pipelines,
        "slots": plan.slots,
        "vertices": plan.dag.vertices.iter().map(vertex).collect::<Vec<_>>(),
        "edges": plan.dag.edges.iter().map(edge).collect::<Vec<_>>(),
    })
}

fn schema(edge: &Edge<'_>) -> Value {
    let tables = edge.tables.iter().map(|table| {
        let columns = table.columns.iter().map(|column| {
            json!({"name": column.name, "type": column.data_type.to_string(), "nullable": column.nullable})
        });
        json!({
            "table": table.path.to_string(),
            "columns": columns.collect::<Vec<_>>(),
            "primaryKey": table.primary_key.as_ref().map(|key| &key.columns),
        })
    });
    json!({"from": edge.from, "to": edge.to, "tables": tables.collect::<Vec<_>>()})
}

/// Rows are JSON already, with all the digits of their decimals. Kinds are said where not all rows are inserts.
fn push_rows(out: &mut String, sample: &Sample) {
    out.push_str(",\"rows\":[");
    for (index, table) in sample.tables.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // Writing to a text can't fail.
        let _written = write!(
            out,
            "{comma}{{\"sink\":{},\"table\":{},\"rows\":[",
            json!(table.sink),
            json!(table.table)
        );
        for (index, (_, row)) in table.rows.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            out.push_str(row);
        }
        out.push(']');
        if table.rows.iter().any(|(kind, _)| *kind != "+I") {
            let kinds: Vec<&str> = table.rows.iter().map(|(kind, _)| *kind).collect();
            let _written = write!(out, ",\"kinds\":{}", json!(kinds));
        }
        if let Some(note) = &table.note {
            let _written = write!(out, ",\"note\":{}", json!(note));
        }
        out.push('}');
    }
    out.push(']');
}
