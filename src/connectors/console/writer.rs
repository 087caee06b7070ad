//! The run loop of Console: a batch becomes one block of lines.

use super::cell::Cell;
use crate::model::{Epoch, Fault};
use crate::plugin::{Staged, Writer};
use crate::runtime::JobLog;
use crate::table::{Batch, CatalogTable, RowKind};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// What the options say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Whether rows are printed.
    pub print: bool,
    /// Sleep after each row.
    pub delay: Duration,
    /// Writers of each table that this instance stands for: each prints the header, the last one prints the rows.
    pub replicas: usize,
}

/// Prints rows.
pub(super) struct ConsoleWriter {
    log: Arc<JobLog>,
    settings: Settings,
    subtask: usize,
    tables: Vec<Shown>,
}

/// A table that was announced.
struct Shown {
    table: Arc<CatalogTable>,
    id: String,
    /// Rows printed so far.
    rows: u64,
}

impl ConsoleWriter {
    /// The writer of one instance; announces the tables.
    pub(super) fn new(
        log: Arc<JobLog>,
        settings: Settings,
        instance: usize,
        tables: &[Arc<CatalogTable>],
    ) -> Self {
        let subtask = instance * settings.replicas + settings.replicas - 1;
        let mut writer = Self { log, settings, subtask, tables: Vec::new() };
        for table in tables {
            if !writer.tables.iter().any(|shown| shown.table.path == table.path) {
                writer.announce(table);
            }
        }
        writer
    }

    fn announce(&mut self, table: &Arc<CatalogTable>) -> usize {
        let header = format!("output rowType: {}", row_type(table));
        (0..self.settings.replicas).for_each(|_| self.log.info(&header));
        self.tables.push(Shown { table: table.clone(), id: table.path.to_string(), rows: 0 });
        self.tables.len() - 1
    }

    /// The entry of the batch's table; announces one that is new or has changed.
    fn shown(&mut self, table: &Arc<CatalogTable>) -> usize {
        if let Some(at) = self.tables.iter().position(|shown| Arc::ptr_eq(&shown.table, table)) {
            return at;
        }
        let Some(at) = self.tables.iter().position(|shown| shown.table.path == table.path) else {
            return self.announce(table);
        };
        let before = std::mem::replace(&mut self.tables[at].table, table.clone());
        if before.columns != table.columns {
            self.log.info(&format!("changed rowType before: {}", row_type(&before)));
            self.log.info(&format!("changed rowType after: {}", row_type(table)));
        }
        at
    }

    fn print(&mut self, at: usize, batch: &Batch) {
        let shown = &mut self.tables[at];
        let mut block = Block::new(self.subtask, &shown.id, batch);
        for row in 0..batch.len() {
            shown.rows += 1;
            block.line(row, shown.rows);
        }
        self.log.block(block.text.as_bytes(), batch.len() as u64);
    }

    async fn print_slowly(&mut self, at: usize, batch: &Batch) {
        for row in 0..batch.len() {
            let shown = &mut self.tables[at];
            shown.rows += 1;
            let line = {
                let mut block = Block::new(self.subtask, &shown.id, batch);
                block.line(row, shown.rows);
                block.text
            };
            self.log.block(line.as_bytes(), 1);
            tokio::time::sleep(self.settings.delay).await;
        }
    }
}

#[async_trait]
impl Writer for ConsoleWriter {
    async fn write(&mut self, batch: Batch) -> Result<(), Fault> {
        let at = self.shown(&batch.table);
        if self.settings.print && self.settings.delay.is_zero() {
            self.print(at, &batch);
        } else if self.settings.print {
            self.print_slowly(at, &batch).await;
        }
        Ok(())
    }

    async fn prepare(&mut self, _epoch: Epoch) -> Result<Vec<Staged>, Fault> {
        Ok(Vec::new())
    }
}

/// `id<BIGINT>, name<STRING>`.
fn row_type(table: &CatalogTable) -> String {
    table.columns.iter().map(|c| format!("{}<{}>", c.name, c.data_type)).collect::<Vec<_>>().join(", ")
}

/// Lines of one batch.
struct Block<'a> {
    batch: &'a Batch,
    cells: Vec<Cell<'a>>,
    /// Up to the row's number: time stamp, level, subtask.
    head: String,
    /// From the row's number to its values, by row kind.
    middles: [String; 4],
    text: String,
}

impl<'a> Block<'a> {
    fn new(subtask: usize, table_id: &str, batch: &'a Batch) -> Self {
        let types = batch.table.columns.iter().map(|c| &c.data_type);
        let columns = batch.rows.columns().iter();
        Self {
            cells: columns.zip(types).map(|(array, data_type)| Cell::new(array, data_type)).collect(),
            head: format!("{}subtaskIndex={subtask}  rowIndex=", JobLog::prefix("INFO")),
            middles: RowKind::ALL.map(|kind| {
                format!(":  SeaTunnelRow#tableId={table_id} SeaTunnelRow#kind={} : ", kind.name())
            }),
            text: String::new(),
            batch,
        }
    }

    fn line(&mut self, row: usize, number: u64) {
        self.text.push_str(&self.head);
        self.text.push_str(itoa::Buffer::new().format(number));
        self.text.push_str(&self.middles[self.batch.kind(row) as usize]);
        for (at, cell) in self.cells.iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            cell.push_top(row, &mut self.text);
        }
        self.text.push('\n');
    }
}
