//! Counts of a run, as they are stored and shown.

use serde::{Deserialize, Serialize};

/// Rows and bytes of one table at one end of the job. Bytes are the estimate of `table::size`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    /// Text of the table path.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Estimated bytes.
    pub bytes: u64,
}

/// What a run has read and written so far. Every table of the plan has an entry from the first moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsSnapshot {
    /// Per source table: rows that sources emitted, before transforms.
    pub read: Vec<TableCount>,
    /// Per sink table: rows that writers took; several sinks each count.
    pub written: Vec<TableCount>,
    /// Rows made visible by a commit; of a sink without commits, those that it took in epochs that are decided.
    pub committed: u64,
    /// Rows that a sink rejected.
    pub rejected: u64,
    /// Milliseconds that attempts have run, all together: the divisor of the rates.
    pub running_ms: u64,
    /// Estimated total rows or bytes of the sources, where it is known, and how much of it is done.
    pub progress: Option<(u64, u64)>,
}

impl MetricsSnapshot {
    /// Nothing read and nothing written, of these tables.
    #[must_use]
    pub fn zero(read: Vec<String>, written: Vec<String>) -> Self {
        let zeros = |tables: Vec<String>| {
            tables.into_iter().map(|table| TableCount { table, ..TableCount::default() }).collect()
        };
        Self { read: zeros(read), written: zeros(written), ..Self::default() }
    }
}

/// Rows that passed one edge or vertex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// `Source[0]-FakeSource -> Sink[0]-Console-MultiTableSink`, or the name of a transform or sink.
    pub place: String,
    /// Rows that went in (for an edge: sent); for a transform that makes several of one, with those that it added.
    pub sent: u64,
    /// Rows that came out (for an edge: received; for a sink: committed).
    pub received: u64,
    /// Rows dropped (transform) or rejected (sink).
    pub dropped: u64,
}

impl Flow {
    /// Whether nothing appeared or vanished here.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.sent == self.received + self.dropped
    }
}

/// The row accounting of a run, checked at its end and stored with the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// Every edge, transform and sink.
    pub flows: Vec<Flow>,
}

impl Accounting {
    /// Whether every place is balanced.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.flows.iter().all(Flow::is_balanced)
    }
}
