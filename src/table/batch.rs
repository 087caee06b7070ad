//! The unit that flows in a pipe.

use super::catalog::CatalogTable;
use super::row_kind::RowKind;
use arrow::array::{Array, Int8Array};
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// The file that rows came from, as it was when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOrigin {
    /// Its path.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was made, in milliseconds since 1970; `None` where the file system doesn't tell.
    pub created: Option<i64>,
    /// When it was changed last, in milliseconds since 1970.
    pub modified: Option<i64>,
}

impl FileOrigin {
    /// What follows the last point of its name; empty without one.
    #[must_use]
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Some rows (about 8k) of one table.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The table that the rows belong to; its columns are those of `rows`, in order.
    pub table: Arc<CatalogTable>,
    /// Row kinds as numbers of [`RowKind`], one per row, never null; `None` means that all are inserts.
    pub kinds: Option<Int8Array>,
    /// The columns.
    pub rows: RecordBatch,
    /// Where the rows came from, where that is known.
    pub origin: Option<Arc<FileOrigin>>,
}

impl Batch {
    /// Inserts of unknown origin.
    #[must_use]
    pub fn inserts(table: Arc<CatalogTable>, rows: RecordBatch) -> Self {
        Self { table, kinds: None, rows, origin: None }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.num_rows()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the rows, which are not copied.
    #[must_use]
    pub fn slice(&self, from: usize, length: usize) -> Self {
        Self {
            table: Arc::clone(&self.table),
            kinds: self.kinds.as_ref().map(|kinds| kinds.slice(from, length)),
            rows: self.rows.slice(from, length),
            origin: self.origin.clone(),
        }
    }

    /// Kind of one row.
    #[must_use]
    pub fn kind(&self, row: usize) -> RowKind {
        self.kinds.as_ref().map_or(RowKind::Insert, |kinds| RowKind::of_number(kinds.value(row)))
    }

    /// Bytes that the batch keeps in memory: what pipes are bounded by.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.rows.get_array_memory_size() + self.kinds.as_ref().map_or(0, Array::get_array_memory_size)
    }
}
