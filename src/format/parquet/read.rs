//! Streams the rows of a parquet file.

use super::{int96, types};
use crate::model::said_of;
use crate::table::{Column, DataType};
use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType as Arrow, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as Physical;
use parquet::schema::types::SchemaDescriptor;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::sync::Arc;

/// A place in a file: behind `row` rows of row group `group`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Row group.
    pub group: usize,
    /// Rows of it that were read.
    pub row: usize,
}

/// Reads one file.
pub struct Reader {
    file: File,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    /// Per wanted column: its index among the projected ones, whether it is INT96, and its type.
    wanted: Vec<(usize, bool, DataType)>,
    schema: SchemaRef,
    place: Place,
    before: u64,
    open: Option<ParquetRecordBatchReader>,
    batch_rows: usize,
}

/// The columns of a file, by its own schema.
///
/// # Errors
/// A file that is no parquet file, or a column whose type can't be read.
pub fn columns(file: &File) -> Result<Vec<Column>, String> {
    let metadata = load(file)?;
    metadata
        .schema()
        .fields()
        .iter()
        .map(|field| {
            types::of_arrow(field.data_type())
                .map(|data_type| Column {
                    nullable: field.is_nullable(),
                    ..Column::new(field.name(), data_type)
                })
                .map_err(|problem| format!("column {:?} {problem}", field.name()))
        })
        .collect()
}

/// Metadata with the types that the file's schema alone gives; INT96 in microseconds, so that early and late years fit.
fn load(file: &File) -> Result<ArrowReaderMetadata, String> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(file, options.clone()).map_err(|e| text(&e))?;
    let int96 = int96_roots(metadata.parquet_schema());
    if !int96.contains(&true) {
        return Ok(metadata);
    }
    let fields: Vec<Field> = metadata
        .schema()
        .fields()
        .iter()
        .zip(&int96)
        .map(|(field, is_int96)| match is_int96 {
            true => field.as_ref().clone().with_data_type(Arrow::Timestamp(TimeUnit::Microsecond, None)),
            false => field.as_ref().clone(),
        })
        .collect();
    let options = options.with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(|e| text(&e))
}

/// Which root columns are plain INT96.
fn int96_roots(schema: &SchemaDescriptor) -> Vec<bool> {
    schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| field.is_primitive() && field.get_physical_type() == Physical::INT96)
        .collect()
}

fn text(error: &dyn std::error::Error) -> String {
    format!("is no readable parquet file: {error}")
}

impl Reader {
    /// Reads `wanted` (names and types as [`columns`] gives them) from `file`, from `place` on, in batches of at most
    /// `batch_rows`.
    ///
    /// # Errors
    /// A file that is no parquet file, or whose columns differ from `wanted`.
    pub fn open(file: File, wanted: &[Column], place: Place, batch_rows: usize) -> Result<Self, String> {
        let metadata = load(&file)?;
        let int96 = int96_roots(metadata.parquet_schema());
        let mut roots = Vec::new();
        for column in wanted {
            let (root, field) = metadata
                .schema()
                .fields()
                .find(&column.name)
                .ok_or_else(|| format!("has no column {:?}", column.name))?;
            let found = types::of_arrow(field.data_type());
            if !found.as_ref().is_ok_and(|found| may_be_read_as(found, &column.data_type)) {
                let found =
                    found.map_or_else(|problem| problem, |data_type| format!("has the type {data_type}"));
                return Err(format!("column {:?} {found}; {} was expected", column.name, column.data_type));
            }
            roots.push(root);
        }
        let mut projected = roots.clone();
        projected.sort_unstable();
        projected.dedup();
        let index = |root: &usize| projected.binary_search(root).unwrap_or_default();
        let fields: Vec<Field> =
            wanted.iter().map(|c| Field::new(&c.name, c.data_type.to_arrow(), true)).collect();
        let before =
            metadata.metadata().row_groups().iter().take(place.group).map(|g| g.num_rows()).sum::<i64>();
        Ok(Self {
            projection: ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied()),
            wanted: roots
                .iter()
                .zip(wanted)
                .map(|(root, column)| (index(root), int96[*root], column.data_type.clone()))
                .collect(),
            schema: Arc::new(Schema::new(fields)),
            file,
            metadata,
            place,
            before: before.unsigned_abs(),
            open: None,
            batch_rows,
        })
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// A damaged file, or a value that our type can't hold.
    pub fn read(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            let groups = self.metadata.metadata().row_groups();
            let Some(group) = groups.get(self.place.group) else {
                return Ok(None);
            };
            if self.open.is_none() {
                self.open = Some(self.group()?);
            }
            let next = self.open.as_mut().and_then(Iterator::next).transpose();
            match next.map_err(|e| format!("row {}: {e}", self.rows_read() + 1))? {
                Some(batch) => {
                    let rows = self.convert(&batch)?;
                    self.place.row += rows.num_rows();
                    return Ok(Some(rows));
                }
                None => {
                    self.before += group.num_rows().unsigned_abs();
                    self.place = Place { group: self.place.group + 1, row: 0 };
                    self.open = None;
                }
            }
        }
    }

    /// The place behind the rows answered so far.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Rows of the file in front of the place.
    #[must_use]
    pub fn rows_read(&self) -> u64 {
        self.before + self.place.row as u64
    }

    /// Rows of the file.
    #[must_use]
    pub fn rows_total(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().unsigned_abs()
    }

    fn group(&self) -> Result<ParquetRecordBatchReader, String> {
        let file = self.file.try_clone().map_err(|e| e.to_string())?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![self.place.group])
            .with_offset(self.place.row)
            .with_projection(self.projection.clone())
            .with_batch_size(self.batch_rows)
            .build()
            .map_err(|e| text(&e))
    }

    fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch, String> {
        let arrays = self
            .wanted
            .iter()
            .zip(self.schema.fields())
            .map(|((index, is_int96, data_type), field)| {
                to_ours(batch.column(*index), *is_int96, data_type).map_err(|problem| {
                    let problem = said_of(field.name(), problem);
                    format!("rows from {}: column {:?}: {problem}", self.rows_read() + 1, field.name())
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|e| e.to_string())
    }
}

/// Whether a column of the type `found`, which the file gives, can be read as `wanted`. That a timestamp is a moment
/// in UTC no file says reliably: ours and the Java engine's mark every timestamp so.
#[must_use]
pub fn may_be_read_as(found: &DataType, wanted: &DataType) -> bool {
    found == wanted || (found, wanted) == (&DataType::Timestamp, &DataType::TimestampTz)
}

/// The array in our type. INT96 is cut to milliseconds, finer units to microseconds, both downwards.
fn to_ours(array: &ArrayRef, is_int96: bool, data_type: &DataType) -> Result<ArrayRef, String> {
    let wanted = data_type.to_arrow();
    if *data_type == DataType::TimestampTz {
        let clock = to_ours(array, is_int96, &DataType::Timestamp)?;
        let moments = clock.as_primitive::<TimestampMicrosecondType>().clone();
        return Ok(Arc::new(moments.with_timezone("UTC")));
    }
    match array.data_type() {
        found if *found == wanted && !is_int96 => Ok(Arc::clone(array)),
        Arrow::Timestamp(TimeUnit::Microsecond, _) if *data_type == DataType::Timestamp => {
            let micros =
                array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(None::<Arc<str>>);
            Ok(match is_int96 {
                true => Arc::new(micros.unary::<_, TimestampMicrosecondType>(|v| v.div_euclid(1000) * 1000)),
                false => Arc::new(micros),
            })
        }
        Arrow::Timestamp(TimeUnit::Nanosecond, _) if *data_type == DataType::Timestamp => {
            let nanos = array.as_primitive::<TimestampNanosecondType>();
            Ok(Arc::new(nanos.unary::<_, TimestampMicrosecondType>(|v| v.div_euclid(1000))))
        }
        Arrow::Timestamp(TimeUnit::Millisecond, _) if *data_type == DataType::Timestamp => {
            let millis = array.as_primitive::<TimestampMillisecondType>();
            let micros = millis.try_unary::<_, TimestampMicrosecondType, _>(|v| {
                v.checked_mul(1000).ok_or_else(|| {
                    arrow::error::ArrowError::ComputeError(format!("timestamp {v} ms is out of range"))
                })
            });
            Ok(Arc::new(micros.map_err(|e| e.to_string())?))
        }
        Arrow::FixedSizeBinary(12) if *data_type == DataType::Timestamp => {
            let micros = array.as_fixed_size_binary().iter().map(|v| v.map(int96::to_micros));
            let micros = micros.map(|v| v.map(|v| v.ok_or("twelve bytes that are no timestamp")).transpose());
            Ok(Arc::new(micros.collect::<Result<TimestampMicrosecondArray, _>>()?))
        }
        _ => {
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(array, &wanted, &strict).map_err(|e| e.to_string())
        }
    }
}
