//! Row counts per table, shared by the writers of an attempt.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts of all writers. The lock is taken once per writer and table, a batch only adds to an atomic.
#[derive(Debug, Default)]
pub(super) struct Counts {
    tables: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

impl Counts {
    /// The counter of a table.
    pub(super) fn of(&self, table: &str) -> Arc<AtomicU64> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        match tables.get(table) {
            Some(count) => count.clone(),
            None => tables.entry(table.to_owned()).or_default().clone(),
        }
    }

    /// All counts.
    pub(super) fn snapshot(&self) -> BTreeMap<String, u64> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.iter().map(|(table, count)| (table.clone(), count.load(Ordering::Acquire))).collect()
    }
}
