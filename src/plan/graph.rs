//! A compiled job: what the engine runs.

use crate::model::DagInfo;
use crate::plugin::{JobMode, SinkDef, SourceDef, TransformDef};
use crate::table::CatalogTable;
use std::sync::Arc;
use std::time::Duration;

/// Throttle of each parallel reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadLimit {
    /// Rows a second.
    pub rows: Option<u32>,
    /// Estimated bytes a second.
    pub bytes: Option<u32>,
}

/// The typed `env` of a job.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// `job.name`, if given.
    pub name: Option<String>,
    /// `job.mode`.
    pub mode: JobMode,
    /// `checkpoint.interval`; `None`: no periodic checkpoints.
    pub checkpoint_interval: Option<Duration>,
    /// `checkpoint.timeout`; `None`: the server's.
    pub checkpoint_timeout: Option<Duration>,
    /// `job.retry.times`.
    pub retry_times: u32,
    /// `job.retry.interval.seconds`.
    pub retry_interval: Duration,
    /// `read_limit.*`.
    pub read_limit: ReadLimit,
    /// `tag_filter`: the job runs only where a node has each of these tags.
    pub tag_filter: Vec<(String, String)>,
    /// The whole `env` for the views, each value as text.
    pub env: Vec<(String, String)>,
}

/// Where a vertex sends its rows: indexes into the plan's lists. An item goes to all outputs before the next is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To a transform, which runs in the same task.
    Transform(usize),
    /// To a sink, through pipes.
    Sink(usize),
}

/// A source.
pub struct SourceNode {
    /// Name for errors and accounting: `Source[0]-FakeSource`.
    pub name: String,
    /// What to run.
    pub def: Arc<dyn SourceDef>,
    /// Parallel readers.
    pub parallelism: usize,
    /// Tables that it declares.
    pub tables: Vec<Arc<CatalogTable>>,
    /// Where its rows go.
    pub outputs: Vec<Output>,
}

/// A transform. With several inputs (a union) it has one instance per source that reaches it.
pub struct TransformNode {
    /// Name: `Transform[0]-Copy`.
    pub name: String,
    /// What to run.
    pub def: Arc<dyn TransformDef>,
    /// Every table that can reach it, and what it makes of it (nothing: dropped).
    pub tables: Vec<(Arc<CatalogTable>, Vec<Arc<CatalogTable>>)>,
    /// Where its rows go.
    pub outputs: Vec<Output>,
}

/// A sink.
pub struct SinkNode {
    /// Name: `Sink[0]-Console-MultiTableSink`.
    pub name: String,
    /// What to run.
    pub def: Arc<dyn SinkDef>,
    /// Parallel writers.
    pub parallelism: usize,
    /// Every table that can reach it.
    pub tables: Vec<Arc<CatalogTable>>,
    /// Text of the path that every row is counted under (a union counts all under its first input); `None`: each
    /// row under its own table.
    pub count_as: Option<String>,
}

/// A compiled job.
pub struct Plan {
    /// Typed `env`.
    pub settings: JobSettings,
    /// Sources, in file order.
    pub sources: Vec<SourceNode>,
    /// Transforms, in file order.
    pub transforms: Vec<TransformNode>,
    /// Sinks, in file order.
    pub sinks: Vec<SinkNode>,
    /// The graph for the views.
    pub dag: DagInfo,
    /// Slots that the job needs: per pipeline its parallelism.
    pub slots: u32,
}

impl Plan {
    /// Texts of the paths of all source tables, each once.
    #[must_use]
    pub fn read_tables(&self) -> Vec<String> {
        unique(self.sources.iter().flat_map(|s| s.tables.iter().map(|t| t.path.to_string())))
    }

    /// Texts of the paths that sinks count under, each once.
    #[must_use]
    pub fn written_tables(&self) -> Vec<String> {
        unique(self.sinks.iter().flat_map(|sink| match &sink.count_as {
            Some(path) => vec![path.clone()],
            None => sink.tables.iter().map(|t| t.path.to_string()).collect(),
        }))
    }
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = indexmap::IndexSet::new();
    seen.extend(texts);
    seen.into_iter().collect()
}
