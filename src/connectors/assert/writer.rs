//! The run loop of Assert.

use super::compile::TableChecks;
use super::counts::Counts;
use super::rules::Rules;
use crate::model::{Epoch, Fault};
use crate::plugin::{Staged, State, Writer, decode, encode};
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const VERSION: u8 = 1;

/// Checks rows and counts them.
pub(super) struct AssertWriter {
    rules: Arc<Rules>,
    counts: Arc<Counts>,
    tables: Vec<Checked>,
    /// Counts of tables that a restored writer has not seen again.
    restored: BTreeMap<String, u64>,
}

/// A table of this writer.
struct Checked {
    checks: TableChecks,
    id: String,
    /// Rows that this writer took, over all attempts.
    rows: u64,
    /// Rows of all writers.
    shared: Arc<AtomicU64>,
}

impl AssertWriter {
    /// A writer that knows these tables, restored from `state`.
    ///
    /// # Errors
    /// A state of another version; a rule about a column that a table does not have.
    pub(super) fn new(
        rules: Arc<Rules>,
        counts: Arc<Counts>,
        tables: &[Arc<CatalogTable>],
        state: Option<State>,
    ) -> Result<Self, Fault> {
        let restored: BTreeMap<String, u64> =
            state.map_or_else(|| Ok(BTreeMap::new()), |state| decode(VERSION, &state))?;
        for (table, rows) in &restored {
            counts.of(table).fetch_add(*rows, Ordering::AcqRel);
        }
        let mut writer = Self { rules, counts, tables: Vec::new(), restored };
        for table in tables {
            writer.checked(table)?;
        }
        Ok(writer)
    }

    /// The entry of a table; compiles its rules when it is new or has changed.
    fn checked(&mut self, table: &Arc<CatalogTable>) -> Result<usize, Fault> {
        if let Some(at) = self.tables.iter().position(|known| Arc::ptr_eq(&known.checks.table, table)) {
            return Ok(at);
        }
        let id = table.path.to_string();
        let checks = TableChecks::compile(table, self.rules.of(&id))?;
        if let Some(at) = self.tables.iter().position(|known| known.id == id) {
            self.tables[at].checks = checks;
            return Ok(at);
        }
        let rows = self.restored.remove(&id).unwrap_or(0);
        let shared = self.counts.of(&id);
        self.tables.push(Checked { checks, id, rows, shared });
        Ok(self.tables.len() - 1)
    }
}

#[async_trait]
impl Writer for AssertWriter {
    async fn write(&mut self, batch: Batch) -> Result<(), Fault> {
        let at = self.checked(&batch.table)?;
        let table = &mut self.tables[at];
        table.checks.run(&batch)?;
        table.rows += batch.len() as u64;
        table.shared.fetch_add(batch.len() as u64, Ordering::AcqRel);
        Ok(())
    }

    async fn prepare(&mut self, _epoch: Epoch) -> Result<Vec<Staged>, Fault> {
        Ok(Vec::new())
    }

    fn snapshot(&self) -> Result<Option<State>, Fault> {
        let mut counts = self.restored.clone();
        counts.extend(self.tables.iter().map(|table| (table.id.clone(), table.rows)));
        encode(VERSION, &counts).map(Some)
    }
}
