//! Counts: those of each instance, exact at its barriers, and the live ones beside them.

use crate::exec::LiveCount;
use crate::model::{MetricsSnapshot, TableCount};
use crate::runtime::JobLog;
use crate::table::CatalogTable;
use std::sync::Arc;

/// Rows and estimated bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub rows: u64,
    pub bytes: u64,
}

/// Rows at one place; see [`Flow`](crate::model::Flow).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FlowCount {
    pub sent: u64,
    pub received: u64,
    pub dropped: u64,
}

/// What one instance counted since its attempt began. Plain numbers of one owner; sums of them are the counts of a
/// checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// By index in `LiveMetrics::read`.
    pub read: Vec<Amount>,
    /// By index in `LiveMetrics::written`.
    pub written: Vec<Amount>,
    /// By index in `Layout`.
    pub flows: Vec<FlowCount>,
    /// Of the source's total.
    pub done: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        let amount = |own: &mut Amount, more: &Amount| {
            own.rows += more.rows;
            own.bytes += more.bytes;
        };
        add_all(&mut self.read, &other.read, amount);
        add_all(&mut self.written, &other.written, amount);
        add_all(&mut self.flows, &other.flows, |own, more| {
            own.sent += more.sent;
            own.received += more.received;
            own.dropped += more.dropped;
        });
        self.done += other.done;
    }

    /// The place of that index, made if it has no count yet.
    pub(super) fn flow(&mut self, index: usize) -> &mut FlowCount {
        at(&mut self.flows, index)
    }

    /// `base` and these counts; `live` gives names, clock and total.
    pub(super) fn metrics(&self, base: &MetricsSnapshot, live: &MetricsSnapshot) -> MetricsSnapshot {
        let counts = |tables: &[TableCount], before: &[TableCount], more: &[Amount]| {
            let count = |(index, live): (usize, &TableCount)| {
                let before = before.iter().find(|count| count.table == live.table);
                let more = more.get(index).copied().unwrap_or_default();
                TableCount {
                    table: live.table.clone(),
                    rows: before.map_or(0, |count| count.rows) + more.rows,
                    bytes: before.map_or(0, |count| count.bytes) + more.bytes,
                }
            };
            tables.iter().enumerate().map(count).collect()
        };
        MetricsSnapshot {
            read: counts(&live.read, &base.read, &self.read),
            written: counts(&live.written, &base.written, &self.written),
            committed: base.committed,
            rejected: base.rejected,
            running_ms: live.running_ms,
            progress: live.progress.map(|(_, total)| (base.progress.map_or(0, |p| p.0) + self.done, total)),
        }
    }
}

fn add_all<T: Default + Clone>(own: &mut Vec<T>, more: &[T], add: impl Fn(&mut T, &T)) {
    if own.len() < more.len() {
        own.resize(more.len(), T::default());
    }
    own.iter_mut().zip(more).for_each(|(own, more)| add(own, more));
}

fn at<T: Default + Clone>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}

/// Counts batches per table at one end of an instance: into its own tally and into the live counts.
pub(super) struct TableMeter {
    /// Every row counts under this entry.
    fixed: Option<usize>,
    /// Tables seen so far; looked up by identity first.
    seen: Vec<(Arc<CatalogTable>, usize)>,
    log: Arc<JobLog>,
}

impl TableMeter {
    /// `count_as`: the path that every row counts under.
    pub(super) fn new(count_as: Option<&str>, live: &[LiveCount], log: &Arc<JobLog>) -> Self {
        let fixed = count_as.and_then(|path| live.iter().position(|count| count.table() == path));
        Self { fixed, seen: Vec::new(), log: Arc::clone(log) }
    }

    /// Counts a batch of `table`.
    pub(super) fn count(
        &mut self,
        table: &Arc<CatalogTable>,
        batch: Amount,
        own: &mut Vec<Amount>,
        live: &[LiveCount],
    ) {
        let index = self.fixed.unwrap_or_else(|| self.index_of(table, live));
        let amount = at(own, index);
        amount.rows += batch.rows;
        amount.bytes += batch.bytes;
        if let Some(live) = live.get(index) {
            live.add(batch.rows, batch.bytes);
        }
    }

    fn index_of(&mut self, table: &Arc<CatalogTable>, live: &[LiveCount]) -> usize {
        if let Some((_, index)) = self.seen.iter().find(|(seen, _)| Arc::ptr_eq(seen, table)) {
            return *index;
        }
        let known = self.seen.iter().find(|(seen, _)| seen.path == table.path).map(|(_, index)| *index);
        let index = known.unwrap_or_else(|| {
            let path = table.path.to_string();
            live.iter().position(|count| count.table() == path).unwrap_or_else(|| {
                self.log.warn(&format!(
                    "rows of table {path} were not declared; they are counted under the first table"
                ));
                0
            })
        });
        // A plug-in that makes a new description per batch must not make this list grow.
        if self.seen.len() < 64 || known.is_none() {
            self.seen.push((Arc::clone(table), index));
        } else if let Some(entry) = self.seen.iter_mut().find(|(seen, _)| seen.path == table.path) {
            entry.0 = Arc::clone(table);
        }
        index
    }
}
