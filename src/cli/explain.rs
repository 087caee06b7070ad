//! A compiled job and sampled rows, for people.

use crate::model::Sample;
use crate::plan::Plan;

/// Pipelines, then the schema of each edge.
pub(super) fn plan(plan: &Plan) -> String {
    let mut out = String::new();
    let last = plan.dag.vertices.iter().map(|vertex| vertex.pipeline).max().unwrap_or(0);
    for pipeline in 1..=last {
        out.push_str(&format!("pipeline {pipeline}\n"));
        let name_of = |id: u32| {
            let vertex = plan.dag.vertices.iter().find(|vertex| vertex.id == id);
            vertex.map(|v| format!("{} ×{}", v.action, v.parallelism)).unwrap_or_default()
        };
        for edge in plan.dag.edges.iter().filter(|edge| edge.pipeline == pipeline) {
            out.push_str(&format!("  {} -> {}\n", name_of(edge.from), name_of(edge.to)));
        }
    }
    for edge in plan.edges() {
        out.push_str(&format!("{} -> {}\n", edge.from, edge.to));
        for table in edge.tables {
            out.push_str(&format!("  {}\n", table.path));
            let width = table.columns.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
            for column in &table.columns {
                let null = if column.nullable { "" } else { " NOT NULL" };
                out.push_str(&format!("    {:width$}  {}{null}\n", column.name, column.data_type));
            }
            if let Some(key) = &table.primary_key {
                out.push_str(&format!("    primary key: {}\n", key.columns.join(", ")));
            }
        }
    }
    out
}

/// The rows of each sink and table, one a line.
pub(super) fn sample(sample: &Sample) -> String {
    let mut out = String::new();
    for table in &sample.tables {
        let rows = table.rows.len();
        out.push_str(&format!(
            "{} gets of {}: {rows} row{}\n",
            table.sink,
            table.table,
            if rows == 1 { "" } else { "s" }
        ));
        for (kind, row) in &table.rows {
            out.push_str(&format!("  {kind} {row}\n"));
        }
        if let Some(note) = &table.note {
            out.push_str(&format!("  {note}\n"));
        }
    }
    if sample.tables.is_empty() {
        out.push_str("no rows reach a sink\n");
    }
    for name in &sample.asked {
        out.push_str(&format!("{name} asked its service for these rows\n"));
    }
    if sample.cut_off {
        out.push_str("time was up before the end\n");
    }
    out
}
