//! `metrics`: the sixteen names, values as texts, a key per table from the first moment, and the two names of the
//! API document beside them.

use super::text::Text;
use crate::model::{DagInfo, MetricsSnapshot, TableCount, VertexKind};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// Counts are plain integers; rates are plain decimals, averaged over the time that attempts have run.
pub struct Metrics<'a> {
    seconds: f64,
    ends: [(&'static Names, Cow<'a, [TableCount]>); 2],
}

/// Names of one end: per table and in all of rows, rows a second, bytes, bytes a second; and the API document's own.
struct Names {
    tables: [&'static str; 4],
    all: [&'static str; 4],
    documented: &'static str,
}

const SOURCE: Names = Names {
    tables: [
        "TableSourceReceivedCount",
        "TableSourceReceivedQPS",
        "TableSourceReceivedBytes",
        "TableSourceReceivedBytesPerSeconds",
    ],
    all: ["SourceReceivedCount", "SourceReceivedQPS", "SourceReceivedBytes", "SourceReceivedBytesPerSeconds"],
    documented: "sourceReceivedCount",
};

const SINK: Names = Names {
    tables: [
        "TableSinkWriteCount",
        "TableSinkWriteQPS",
        "TableSinkWriteBytes",
        "TableSinkWriteBytesPerSeconds",
    ],
    all: ["SinkWriteCount", "SinkWriteQPS", "SinkWriteBytes", "SinkWriteBytesPerSeconds"],
    documented: "sinkWriteCount",
};

impl<'a> Metrics<'a> {
    /// Of these counts of a job with this graph.
    pub fn of(counts: &'a MetricsSnapshot, dag: &'a DagInfo) -> Self {
        let ends = [
            (&SOURCE, counted(&counts.read, dag, VertexKind::Source)),
            (&SINK, counted(&counts.written, dag, VertexKind::Sink)),
        ];
        Self { seconds: counts.running_ms as f64 / 1000.0, ends }
    }
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (names, tables) in &self.ends {
            let values = |count: u64, rate: bool| Figure { count, seconds: rate.then_some(self.seconds) };
            let of = |table: &TableCount, index: usize| match index {
                0 | 1 => values(table.rows, index == 1),
                _ => values(table.bytes, index == 3),
            };
            let all = TableCount {
                table: String::new(),
                rows: tables.iter().map(|t| t.rows).sum(),
                bytes: tables.iter().map(|t| t.bytes).sum(),
            };
            for (index, name) in names.tables.iter().enumerate() {
                out.serialize_entry(name, &PerTable(tables, |table: &TableCount| of(table, index)))?;
            }
            for (index, name) in names.all.iter().enumerate() {
                out.serialize_entry(name, &Text(of(&all, index)))?;
            }
            out.serialize_entry(names.documented, &Text(all.rows))?;
        }
        out.end()
    }
}

/// A figure for each table.
struct PerTable<'a, F>(&'a [TableCount], F);

impl<F: Fn(&TableCount) -> Figure> Serialize for PerTable<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|table| (&table.table, Text((self.1)(table)))))
    }
}

/// A count, or what of it came in a second.
struct Figure {
    count: u64,
    /// For a rate: the time that it took.
    seconds: Option<f64>,
}

impl Display for Figure {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.seconds {
            None => write!(out, "{}", self.count),
            Some(seconds) if self.count > 0 && seconds > 0.0 => {
                // Three digits at most, one at least.
                let rate = format!("{:.3}", self.count as f64 / seconds);
                let trimmed = rate.trim_end_matches('0');
                write!(out, "{trimmed}{}", if trimmed.ends_with('.') { "0" } else { "" })
            }
            Some(_) => out.write_str("0.0"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VertexInfo;
    use serde_json::{Map, Value, json};

    fn metrics(counts: &MetricsSnapshot, dag: &DagInfo) -> Value {
        serde_json::to_value(Metrics::of(counts, dag)).unwrap()
    }

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
        let rate = |count, seconds| Figure { count, seconds: Some(seconds) }.to_string();
        assert_eq!(rate(5, 1.25), "4.0");
        assert_eq!(rate(1, 3.0), "0.333");
        assert_eq!(rate(30_000_000, 1.0), "30000000.0");
    }
}
