//! `metrics`: the sixteen names, values as texts, a key per table from the first moment, and the two names of the
//! API document beside them.

use crate::model::{DagInfo, MetricsSnapshot, TableCount, VertexKind};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Counts are plain integers; rates are plain decimals, averaged over the time that attempts have run.
#[must_use]
pub fn metrics(counts: &MetricsSnapshot, dag: &DagInfo) -> Value {
    let seconds = counts.running_ms as f64 / 1000.0;
    let read = counted(&counts.read, dag, VertexKind::Source);
    let written = counted(&counts.written, dag, VertexKind::Sink);
    let mut out = Map::new();
    for (end, word, tables) in [("Source", "Received", &read), ("Sink", "Write", &written)] {
        let name = format!("{end}{word}");
        let per_table = |value: &dyn Fn(&TableCount) -> String| -> Value {
            tables.iter().map(|t| (t.table.clone(), json!(value(t)))).collect::<Map<_, _>>().into()
        };
        out.insert(format!("Table{name}Count"), per_table(&|t| t.rows.to_string()));
        out.insert(format!("Table{name}QPS"), per_table(&|t| rate(t.rows, seconds)));
        out.insert(format!("Table{name}Bytes"), per_table(&|t| t.bytes.to_string()));
        out.insert(format!("Table{name}BytesPerSeconds"), per_table(&|t| rate(t.bytes, seconds)));
        let rows: u64 = tables.iter().map(|t| t.rows).sum();
        let bytes: u64 = tables.iter().map(|t| t.bytes).sum();
        out.insert(format!("{name}Count"), json!(rows.to_string()));
        out.insert(format!("{name}QPS"), json!(rate(rows, seconds)));
        out.insert(format!("{name}Bytes"), json!(bytes.to_string()));
        out.insert(format!("{name}BytesPerSeconds"), json!(rate(bytes, seconds)));
        out.insert(format!("{}{}Count", end.to_lowercase(), word), json!(rows.to_string()));
    }
    Value::Object(out)
}

/// The counts of one end. A record without any (of a job that never ran, written before records held zeros from the
/// start) has a zero for each table of the graph.
fn counted<'c>(counts: &'c [TableCount], dag: &DagInfo, kind: VertexKind) -> Cow<'c, [TableCount]> {
    if !counts.is_empty() {
        return Cow::Borrowed(counts);
    }
    let mut tables: Vec<&String> =
        dag.vertices.iter().filter(|v| v.kind == kind).flat_map(|v| &v.tables).collect();
    tables.sort();
    tables.dedup();
    tables.into_iter().map(|table| TableCount { table: table.clone(), ..TableCount::default() }).collect()
}

fn rate(count: u64, seconds: f64) -> String {
    if count == 0 || seconds <= 0.0 {
        return "0.0".to_owned();
    }
    let rate = format!("{:.3}", count as f64 / seconds);
    let trimmed = rate.trim_end_matches('0');
    if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VertexInfo;

    #[test]
    fn all_names_are_there_from_the_first_moment() {
        let zero = TableCount { table: "db.a".into(), ..TableCount::default() };
        let counts = MetricsSnapshot { read: vec![zero.clone()], written: vec![zero], ..Default::default() };
        let view = metrics(&counts, &DagInfo::default());
        assert_eq!(view.as_object().map(Map::len), Some(18));
        assert_eq!(view["TableSourceReceivedQPS"]["db.a"], "0.0");
        assert_eq!(view["SinkWriteCount"], "0");
        assert_eq!(view["sinkWriteCount"], "0");
    }

    #[test]
    fn a_record_without_counts_shows_the_tables_of_its_graph() {
        let vertex = |id, kind, tables: &[&str]| VertexInfo {
            id,
            kind,
            action: String::new(),
            pipeline: 1,
            parallelism: 1,
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        };
        let dag = DagInfo {
            vertices: vec![
                vertex(1, VertexKind::Source, &["b", "a"]),
                vertex(2, VertexKind::Sink, &["a"]),
                vertex(3, VertexKind::Sink, &["a"]),
            ],
            edges: Vec::new(),
        };
        let view = metrics(&MetricsSnapshot::default(), &dag);
        assert_eq!(view["TableSourceReceivedCount"], json!({"a": "0", "b": "0"}));
        assert_eq!(view["TableSinkWriteQPS"], json!({"a": "0.0"}));
        assert_eq!(view["SinkWriteCount"], "0");
    }

    #[test]
    fn rates_are_plain_decimals() {
        assert_eq!(rate(5, 1.25), "4.0");
        assert_eq!(rate(1, 3.0), "0.333");
        assert_eq!(rate(30_000_000, 1.0), "30000000.0");
    }
}
