//! A job as a server's answer tells it, read leniently: what is missing counts as nothing, so that the answers of an
//! Apache SeaTunnel server can be read, too.

use super::progress::Outcome;
use crate::model::{JobId, JobState, MetricsSnapshot, Millis, TableCount};
use chrono::NaiveDateTime;
use serde_json::Value;

/// A job in an answer.
#[derive(Clone, Copy)]
pub(super) struct JobView<'a>(pub(super) &'a Value);

/// What one end of a job has done with a table.
pub(super) struct TableView<'a> {
    pub(super) name: &'a str,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// Rows a second.
    pub(super) rate: f64,
}

/// A part of a job that runs by itself: its edges, by the names of their ends.
pub(super) struct PipelineView<'a> {
    pub(super) number: &'a str,
    pub(super) edges: Vec<(String, String)>,
}

impl<'a> JobView<'a> {
    /// A text, or an empty one.
    pub(super) fn text(&self, key: &str) -> &'a str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// What only Seikan tells of it.
    pub(super) fn run(&self) -> JobView<'a> {
        JobView(&self.0["run"])
    }

    /// Its id, as a text.
    pub(super) fn id(&self) -> String {
        scalar(&self.0["jobId"])
    }

    /// The name of its state.
    pub(super) fn state_name(&self) -> &'a str {
        self.text("jobStatus")
    }

    /// Its state, if that is one that is known here.
    pub(super) fn state(&self) -> Option<JobState> {
        JobState::of_name(self.state_name())
    }

    /// The state in which it ended.
    pub(super) fn end(&self) -> Option<JobState> {
        self.state().filter(|state| state.is_end())
    }

    /// A count, which is a number or a text.
    pub(super) fn count(&self, key: &str) -> u64 {
        number(&self.0[key]) as u64
    }

    /// Rows in all: `SourceReceivedCount`, `SinkWriteCount`.
    pub(super) fn rows(&self, key: &str) -> u64 {
        number(&self.0["metrics"][key]) as u64
    }

    /// Rows per table: of `Source` what it `Received`, of `Sink` what it did `Write`.
    pub(super) fn tables(&self, end: &str, verb: &str) -> Vec<TableView<'a>> {
        let metrics = &self.0["metrics"];
        let of = |what: &str| &metrics[format!("Table{end}{verb}{what}").as_str()];
        let rows = of("Count").as_object().into_iter().flatten();
        rows.map(|(name, rows)| TableView {
            name,
            rows: number(rows) as u64,
            bytes: number(&of("Bytes")[name.as_str()]) as u64,
            rate: number(&of("QPS")[name.as_str()]),
        })
        .collect()
    }

    /// Its counts, as far as they are told.
    pub(super) fn counts(&self) -> MetricsSnapshot {
        let metrics = &self.0["metrics"];
        let counted = |end: &str, verb: &str| -> Vec<TableCount> {
            let count =
                |t: TableView<'_>| TableCount { table: t.name.to_owned(), rows: t.rows, bytes: t.bytes };
            self.tables(end, verb).into_iter().map(count).collect()
        };
        // The time that it has run is told by its rates alone.
        let time = |rows: &str, rate: &str| match number(&metrics[rate]) {
            rate if rate > 0.0 => Some((number(&metrics[rows]) * 1000.0 / rate) as u64),
            _ => None,
        };
        let run = self.run();
        let progress = &run.0["progress"];
        MetricsSnapshot {
            read: counted("Source", "Received"),
            written: counted("Sink", "Write"),
            committed: run.count("committedCount"),
            rejected: run.count("rejectedCount"),
            running_ms: time("SourceReceivedCount", "SourceReceivedQPS")
                .or_else(|| time("SinkWriteCount", "SinkWriteQPS"))
                .unwrap_or_default(),
            progress: progress["total"].as_u64().map(|total| (number(&progress["done"]) as u64, total)),
        }
    }

    /// How it ended.
    pub(super) fn outcome(&self, id: JobId, state: JobState) -> Outcome {
        let error = self.0["errorMsg"].as_str().filter(|text| !text.is_empty());
        Outcome {
            id,
            name: self.text("jobName").to_owned(),
            state,
            counts: self.counts(),
            took: self.took(),
            is_balanced: self.run().0["accounting"]["balanced"].as_bool(),
            fault: error.map(str::to_owned),
        }
    }

    /// From its first start to its end; answers tell whole seconds.
    fn took(&self) -> Millis {
        let time = |name: &str| NaiveDateTime::parse_from_str(self.text(name), "%Y-%m-%d %H:%M:%S").ok();
        let both = time("startTime").zip(time("finishTime"));
        both.map_or(0, |(started, finished)| (finished - started).num_milliseconds())
    }

    /// Its pipelines.
    pub(super) fn pipelines(&self) -> Vec<PipelineView<'a>> {
        let dag = &self.0["jobDag"];
        let vertices = dag["vertexInfoMap"].as_array().map_or(&[][..], Vec::as_slice);
        let name_of = |id: &Value| {
            let id = scalar(id);
            let found = vertices.iter().find(|vertex| scalar(&vertex["vertexId"]) == id);
            let name = found.and_then(|vertex| vertex["vertexName"].as_str()).unwrap_or(&id);
            // `pipeline-1 [Source[0]-FakeSource]`
            let inner = name.split_once(" [").and_then(|(_, rest)| rest.strip_suffix(']'));
            inner.unwrap_or(name).to_owned()
        };
        let edges = |list: &Value| {
            let list = list.as_array().into_iter().flatten();
            list.map(|edge| (name_of(&edge["inputVertexId"]), name_of(&edge["targetVertexId"]))).collect()
        };
        let pipelines = dag["pipelineEdges"].as_object().into_iter().flatten();
        pipelines.map(|(number, list)| PipelineView { number, edges: edges(list) }).collect()
    }
}

/// A text or a number, as a text.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A number, also one that is written as a text.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_and_time_come_from_the_texts_of_an_answer() {
        let job = json!({
            "jobId": "7", "jobName": "j", "jobStatus": "RUNNING",
            "metrics": {
                "SourceReceivedCount": "100", "SourceReceivedQPS": "50.0",
                "TableSourceReceivedCount": {"a": "60", "b": "40"}, "TableSourceReceivedBytes": {"a": "600"},
                "TableSinkWriteCount": {"a": 95}
            },
            "run": {"committedCount": "90", "progress": {"done": 1, "total": 4, "percent": 25.0}}
        });
        let counts = JobView(&job).counts();
        let count = |table: &str, rows, bytes| TableCount { table: table.into(), rows, bytes };
        assert_eq!(counts.read, [count("a", 60, 600), count("b", 40, 0)]);
        assert_eq!(counts.written, [count("a", 95, 0)]);
        assert_eq!((counts.running_ms, counts.committed, counts.progress), (2000, 90, Some((1, 4))));
    }

    #[test]
    fn what_is_missing_counts_as_nothing() {
        let job = json!({"jobId": 7});
        let view = JobView(&job);
        assert_eq!(
            (view.id().as_str(), view.state(), view.counts()),
            ("7", None, MetricsSnapshot::default())
        );
        assert!(view.pipelines().is_empty());
    }

    #[test]
    fn edges_are_named_after_their_ends() {
        let job = json!({"jobDag": {
            "vertexInfoMap": [
                {"vertexId": 1, "vertexName": "pipeline-1 [Source[0]-FakeSource]"},
                {"vertexId": 2, "vertexName": "odd"}
            ],
            "pipelineEdges": {"1": [
                {"inputVertexId": "1", "targetVertexId": "2"}, {"inputVertexId": "2", "targetVertexId": "9"}
            ]}
        }});
        let pipelines = JobView(&job).pipelines();
        let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(pipelines[0].number, "1");
        assert_eq!(pipelines[0].edges, [edge("Source[0]-FakeSource", "odd"), edge("odd", "9")]);
    }
}
