//! Reads splits: opens a file in its format, and adds table, partition columns and origin to its rows.

use super::lines::{LinePlace, LineReader, Lines};
use super::run::FileSplit;
use super::tables::RunTable;
use crate::connectors::file::format::FileFormat;
use crate::connectors::file::sink::failed;
use crate::format::parquet;
use crate::model::Fault;
use crate::plugin::{self, Position, Read, Reader, Split};
use crate::table::{Batch, FileOrigin};
use arrow::array::{ArrayRef, StringArray, new_null_array};
use arrow::datatypes::DataType as Arrow;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Rows of one batch.
pub(super) const BATCH_ROWS: usize = 8192;
/// Version of the position's bytes.
const VERSION: u8 = 1;

/// A reader of one parallel instance.
pub(super) struct FileReader {
    tables: Arc<Vec<RunTable>>,
    open: Option<OpenSplit>,
    /// Bytes of splits that were read before the open one.
    done: u64,
}

struct OpenSplit {
    split: FileSplit,
    content: Content,
    origin: Arc<FileOrigin>,
    /// The partition columns of a whole batch.
    partitions: Vec<ArrayRef>,
}

enum Content {
    Lines(Box<LineReader>),
    Parquet(Box<parquet::Reader>),
}

/// A place within a split.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Lines(LinePlace),
    Parquet(parquet::Place),
}

impl FileReader {
    pub(super) fn new(tables: Arc<Vec<RunTable>>) -> Self {
        Self { tables, open: None, done: 0 }
    }

    fn table(&self, split: &FileSplit) -> Result<&RunTable, Fault> {
        self.tables.get(split.table as usize).ok_or_else(|| {
            Fault::internal(format!("{}: a split of table {}, which isn't there", split.path, split.table))
        })
    }
}

#[async_trait]
impl Reader for FileReader {
    async fn open(&mut self, split: &Split, position: Option<&Position>) -> Result<(), Fault> {
        self.open = None;
        let split = FileSplit::decode(split)?;
        let table = self.table(&split)?;
        let path = Path::new(&split.path);
        let file = File::open(path).map_err(|e| failed("can't be read", path, &e))?;
        let origin = origin_of(&file, &split.path).map_err(|e| failed("can't be read", path, &e))?;
        let place: Option<Place> = position.map(|position| plugin::decode(VERSION, position)).transpose()?;
        let wrong = || Fault::internal(format!("{}: a position of another format", split.path));
        let content = match table.options.format {
            FileFormat::Parquet => {
                let place = match place {
                    Some(Place::Parquet(place)) => place,
                    Some(Place::Lines(_)) => return Err(wrong()),
                    None => parquet::Place::default(),
                };
                let reader = parquet::Reader::open(file, table.in_file(), place, BATCH_ROWS);
                Content::Parquet(Box::new(reader.map_err(|e| Fault::user(format!("{}: {e}", split.path)))?))
            }
            FileFormat::Text | FileFormat::Csv | FileFormat::Json => {
                let place = match place {
                    Some(Place::Lines(place)) => Some(place),
                    Some(Place::Parquet(_)) => return Err(wrong()),
                    None => None,
                };
                Content::Lines(Box::new(LineReader::open(&table.options, file, &split.path, place)?))
            }
        };
        let partitions = table
            .partition_values(&split.path)
            .into_iter()
            .map(|value| match value {
                Some(value) => {
                    Arc::new(StringArray::from_iter_values((0..BATCH_ROWS).map(|_| &value))) as ArrayRef
                }
                None => new_null_array(&Arrow::Utf8, BATCH_ROWS),
            })
            .collect();
        self.open = Some(OpenSplit { split, content, origin: Arc::new(origin), partitions });
        Ok(())
    }

    async fn next(&mut self) -> Result<Read, Fault> {
        let Some(open) = &mut self.open else {
            return Err(Fault::internal("a file is read before it was opened"));
        };
        let read = match &mut open.content {
            Content::Lines(reader) => reader.next()?,
            Content::Parquet(reader) => {
                let next = reader.read().map_err(|e| Fault::user(format!("{}: {e}", open.split.path)))?;
                next.map_or(Lines::End, Lines::Rows)
            }
        };
        match read {
            Lines::Rows(rows) => {
                let table = self.tables.get(open.split.table as usize).map(|table| Arc::clone(&table.table));
                let table = table.ok_or_else(|| Fault::internal("a split of no table"))?;
                let rows = open.with_partitions(rows, &table)?;
                Ok(Read::Batch(Batch { table, kinds: None, rows, origin: Some(Arc::clone(&open.origin)) }))
            }
            Lines::NotYet => Ok(Read::Idle(Instant::now())),
            Lines::End => {
                self.done += open.split.bytes;
                // its place is still asked for
                open.split.bytes = 0;
                Ok(Read::SplitDone)
            }
        }
    }

    fn position(&self) -> Result<Position, Fault> {
        let place = match &self.open {
            Some(OpenSplit { content: Content::Lines(reader), .. }) => Place::Lines(reader.place()),
            Some(OpenSplit { content: Content::Parquet(reader), .. }) => Place::Parquet(reader.place()),
            None => return Err(Fault::internal("no file is open")),
        };
        plugin::encode(VERSION, &place)
    }

    fn done(&self) -> u64 {
        let of_open = self.open.as_ref().map_or(0, |open| match &open.content {
            Content::Lines(reader) => reader.bytes_read().min(open.split.bytes),
            Content::Parquet(reader) => {
                let (read, total) = (u128::from(reader.rows_read()), u128::from(reader.rows_total().max(1)));
                u64::try_from(u128::from(open.split.bytes) * read / total).unwrap_or(open.split.bytes)
            }
        });
        self.done + of_open
    }
}

fn origin_of(file: &File, path: &str) -> std::io::Result<FileOrigin> {
    let about = file.metadata()?;
    let millis = |time: std::io::Result<SystemTime>| {
        let since = time.ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    };
    let (created, modified) = (millis(about.created()), millis(about.modified()));
    Ok(FileOrigin { path: path.to_owned(), size: about.len(), created, modified })
}

impl OpenSplit {
    /// Rows of the file as rows of the table: partition columns appended.
    fn with_partitions(
        &self,
        rows: RecordBatch,
        table: &crate::table::CatalogTable,
    ) -> Result<RecordBatch, Fault> {
        if self.partitions.is_empty() {
            return Ok(rows);
        }
        let count = rows.num_rows();
        let mut columns = rows.columns().to_vec();
        columns.extend(self.partitions.iter().map(|array| array.slice(0, count.min(array.len()))));
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(table.arrow_schema(), columns, &options).map_err(|e| {
            Fault::internal(format!("{}: columns differ from the table's", self.split.path)).caused_by(&e)
        })
    }
}
