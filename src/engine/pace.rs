//! Read limits: how many rows may be sent now, and when the next ones.

use crate::plan::ReadLimit;
use crate::table::{Batch, size};
use std::time::{Duration, Instant};

/// Parts of a second that one portion is made for: small enough for an even stream, large enough to cost nothing.
const PORTIONS_PER_SECOND: u64 = 10;

/// Throttle of one reader: a portion is sent at once, and the next one when the time that it is worth has passed.
#[derive(Debug)]
pub(super) struct Pacer {
    limit: ReadLimit,
    next: Instant,
}

impl Pacer {
    /// `None`: no limit.
    pub(super) fn new(limit: ReadLimit, now: Instant) -> Option<Self> {
        (limit != ReadLimit::default()).then_some(Self { limit, next: now })
    }

    /// When the next portion may be sent, if not yet.
    pub(super) fn wait_until(&self, now: Instant) -> Option<Instant> {
        (self.next > now).then_some(self.next)
    }

    /// Rows of the next portion of `batch`; at least one.
    pub(super) fn portion(&self, batch: &Batch) -> usize {
        let rows = batch.len();
        let mut portion = rows as u64;
        if let Some(limit) = self.limit.rows {
            portion = portion.min(u64::from(limit) / PORTIONS_PER_SECOND);
        }
        if let Some(limit) = self.limit.bytes {
            let each = (size::estimate(batch) / (rows as u64).max(1)).max(1);
            portion = portion.min(u64::from(limit) / PORTIONS_PER_SECOND / each);
        }
        (portion.max(1) as usize).min(rows)
    }

    /// A portion was sent.
    pub(super) fn sent(&mut self, rows: u64, bytes: u64, now: Instant) {
        let worth = |amount: u64, limit: Option<u32>| {
            limit.map_or(0.0, |limit| amount as f64 / f64::from(limit.max(1)))
        };
        let seconds = worth(rows, self.limit.rows).max(worth(bytes, self.limit.bytes));
        self.next = self.next.max(now) + Duration::from_secs_f64(seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{CatalogTable, Column, DataType, TablePath};
    use arrow::array::{Int64Array, RecordBatch};
    use std::sync::Arc;

    fn batch(rows: i64) -> Batch {
        let columns = vec![Column::new("id", DataType::BigInt)];
        let table = CatalogTable::new("Test", TablePath::default_path(), columns);
        let ids = Arc::new(Int64Array::from_iter_values(0..rows));
        let rows = RecordBatch::try_new(table.arrow_schema(), vec![ids]).unwrap();
        Batch::inserts(Arc::new(table), rows)
    }

    #[test]
    fn one_row_a_second() {
        let start = Instant::now();
        let limit = ReadLimit { rows: Some(1), bytes: None };
        let mut pacer = Pacer::new(limit, start).unwrap();
        assert_eq!(pacer.wait_until(start), None, "the first row goes at once");
        assert_eq!(pacer.portion(&batch(5)), 1);
        pacer.sent(1, 8, start);
        assert_eq!(pacer.wait_until(start), Some(start + Duration::from_secs(1)));
        let later = start + Duration::from_secs(1);
        assert_eq!(pacer.wait_until(later), None);
        pacer.sent(1, 8, later);
        assert_eq!(pacer.wait_until(later), Some(start + Duration::from_secs(2)));
    }

    #[test]
    fn the_tighter_limit_counts() {
        let start = Instant::now();
        let limit = ReadLimit { rows: Some(10_000), bytes: Some(100) };
        let mut pacer = Pacer::new(limit, start).unwrap();
        let portion = pacer.portion(&batch(1000));
        assert!((1..=10).contains(&portion), "a tenth of a second, {portion} rows");
        pacer.sent(100, 200, start);
        assert_eq!(pacer.wait_until(start), Some(start + Duration::from_secs(2)));
        assert!(Pacer::new(ReadLimit::default(), start).is_none());
    }
}
