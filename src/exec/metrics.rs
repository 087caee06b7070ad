//! Live counts of an attempt: plain atomics, added to once per batch.

use crate::model::{MetricsSnapshot, TableCount};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Rows and bytes of one table at one end.
#[derive(Debug)]
pub struct LiveCount {
    table: String,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl LiveCount {
    /// Adds a batch.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Text of the table's path.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    fn snapshot(&self) -> TableCount {
        TableCount {
            table: self.table.clone(),
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Live counts of an attempt; every table of the plan has an entry from the first moment. Counters go on from `base`
/// (the counts of the checkpoint that the attempt was restored from).
#[derive(Debug)]
pub struct LiveMetrics {
    /// Per source table.
    pub read: Vec<LiveCount>,
    /// Per sink table.
    pub written: Vec<LiveCount>,
    /// Rows made visible.
    pub committed: AtomicU64,
    /// Rows that a sink rejected.
    pub rejected: AtomicU64,
    /// Whether a writer was given rows, be they written or not.
    pub touched: AtomicBool,
    /// Done and total of the sources, in one unit, where the total is known (total 0: not known).
    pub progress: (AtomicU64, AtomicU64),
    base_ms: u64,
    since: Instant,
    frozen: Mutex<Option<u64>>,
}

impl LiveMetrics {
    /// Counts for these tables, going on from `base`.
    #[must_use]
    pub fn new(read: &[String], written: &[String], base: Option<&MetricsSnapshot>) -> Self {
        let counts = |tables: &[String], before: &[TableCount]| {
            let start =
                |table: &String| before.iter().find(|c| c.table == *table).cloned().unwrap_or_default();
            let live = |table: &String| {
                let start = start(table);
                LiveCount { table: table.clone(), rows: start.rows.into(), bytes: start.bytes.into() }
            };
            tables.iter().map(live).collect()
        };
        let nothing = MetricsSnapshot::default();
        let base = base.unwrap_or(&nothing);
        Self {
            read: counts(read, &base.read),
            written: counts(written, &base.written),
            committed: base.committed.into(),
            rejected: base.rejected.into(),
            touched: false.into(),
            progress: (0.into(), 0.into()),
            base_ms: base.running_ms,
            since: Instant::now(),
            frozen: Mutex::new(None),
        }
    }

    /// Stops the clock of the rates.
    pub fn freeze(&self) {
        let elapsed = self.since.elapsed().as_millis() as u64;
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(elapsed);
    }

    /// Rows read and written so far, of all tables.
    #[must_use]
    pub fn rows(&self) -> (u64, u64) {
        let sum = |counts: &[LiveCount]| counts.iter().map(|count| count.rows.load(Ordering::Relaxed)).sum();
        (sum(&self.read), sum(&self.written))
    }

    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> MetricsSnapshot {
        let frozen = *self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = frozen.unwrap_or_else(|| self.since.elapsed().as_millis() as u64);
        let total = self.progress.1.load(Ordering::Relaxed);
        MetricsSnapshot {
            read: self.read.iter().map(LiveCount::snapshot).collect(),
            written: self.written.iter().map(LiveCount::snapshot).collect(),
            committed: self.committed.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            running_ms: self.base_ms + elapsed,
            progress: (total > 0).then(|| (self.progress.0.load(Ordering::Relaxed), total)),
        }
    }
}
