//! Encodes batches into a parquet file, row group by row group.

use super::layout::Layout;
use super::{int96, physical};
use crate::model::said_of;
use crate::table::DataType;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::data_type::{Int96, Int96Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::Arc;

/// Memory of an open row group at which it is ended.
pub const GROUP_BYTES: usize = 32 << 20;
/// Rows at which a row group is ended.
const GROUP_ROWS: usize = 1 << 20;
/// A dictionary larger than this is given up: a column without repetition must not pay for one.
const DICTIONARY_BYTES: usize = 128 << 10;

/// Writes one file.
pub struct Writer<W: Write + Send> {
    layout: Arc<Layout>,
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    group: Option<Group>,
}

/// An open row group: the encoders of its columns, in order.
struct Group {
    columns: Vec<ColumnEncoder>,
    rows: usize,
}

enum ColumnEncoder {
    /// One encoder per leaf.
    Leaves(Vec<ArrowColumnWriter>),
    /// Values and definition levels of an INT96 column, which the Arrow encoders don't know.
    Int96 { values: Vec<Int96>, levels: Vec<i16> },
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// `out` fails.
    pub fn new(layout: Arc<Layout>, out: W) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(layout.codec.compression())
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("seikan ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let file = SerializedFileWriter::new(out, Arc::clone(&layout.root), Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&layout.arrow));
        Ok(Self { layout, file, factory, group: None })
    }

    /// Encodes a batch of the layout's columns.
    ///
    /// # Errors
    /// A value that parquet can't hold (names the column), or `out` fails.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        if self.group.is_none() {
            self.group = Some(self.begin_group()?);
        }
        let Some(group) = &mut self.group else {
            return Ok(());
        };
        let layout = Arc::clone(&self.layout);
        for ((column, field), (encoder, array)) in
            layout.columns.iter().zip(layout.arrow.fields()).zip(group.columns.iter_mut().zip(rows.columns()))
        {
            let named = |problem: String| {
                let problem = said_of(&column.name, problem);
                ParquetError::General(format!("column {:?}: {problem}", column.name))
            };
            match encoder {
                ColumnEncoder::Leaves(encoders) => {
                    let array = physical::to_physical(array, &column.data_type).map_err(named)?;
                    for (encoder, leaf) in encoders.iter_mut().zip(compute_leaves(field, &array)?) {
                        encoder.write(&leaf)?;
                    }
                }
                ColumnEncoder::Int96 { values, levels } => {
                    push_int96(array, &column.data_type, values, levels).map_err(named)?;
                }
            }
        }
        group.rows += rows.num_rows();
        if group.rows >= GROUP_ROWS || group.memory() >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// Bytes that the open row group keeps in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.group.as_ref().map_or(0, Group::memory)
    }

    /// Ends the open row group, if there is one, and frees its memory.
    ///
    /// # Errors
    /// `out` fails.
    pub fn end_group(&mut self) -> Result<(), ParquetError> {
        let Some(group) = self.group.take() else {
            return Ok(());
        };
        let mut out = self.file.next_row_group()?;
        for column in group.columns {
            match column {
                ColumnEncoder::Leaves(encoders) => {
                    for encoder in encoders {
                        encoder.close()?.append_to_row_group(&mut out)?;
                    }
                }
                ColumnEncoder::Int96 { values, levels } => {
                    if let Some(mut column) = out.next_column()? {
                        column.typed::<Int96Type>().write_batch(&values, Some(&levels), None)?;
                        column.close()?;
                    }
                }
            }
        }
        out.close()?;
        Ok(())
    }

    /// Ends the file and gives `out` back.
    ///
    /// # Errors
    /// `out` fails.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        self.end_group()?;
        self.file.into_inner()
    }

    /// What the file is written to; what is buffered is not there yet.
    pub fn out_mut(&mut self) -> &mut W {
        self.file.inner_mut()
    }

    /// Hands everything that is encoded to `out`.
    ///
    /// # Errors
    /// `out` fails.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn begin_group(&self) -> Result<Group, ParquetError> {
        let index = self.file.flushed_row_groups().len();
        let mut encoders = self.factory.create_column_writers(index)?.into_iter();
        let columns = self
            .layout
            .int96
            .iter()
            .zip(self.layout.root.get_fields())
            .map(|(is_int96, parquet)| {
                let leaves: Vec<ArrowColumnWriter> = encoders.by_ref().take(leaves_of(parquet)).collect();
                match is_int96 {
                    true => ColumnEncoder::Int96 { values: Vec::new(), levels: Vec::new() },
                    false => ColumnEncoder::Leaves(leaves),
                }
            })
            .collect();
        Ok(Group { columns, rows: 0 })
    }
}

impl Group {
    fn memory(&self) -> usize {
        self.columns
            .iter()
            .map(|column| match column {
                ColumnEncoder::Leaves(encoders) => encoders.iter().map(ArrowColumnWriter::memory_size).sum(),
                ColumnEncoder::Int96 { values, levels } => {
                    values.capacity() * size_of::<Int96>() + levels.capacity() * size_of::<i16>()
                }
            })
            .sum()
    }
}

fn leaves_of(parquet: &parquet::schema::types::Type) -> usize {
    match parquet.is_primitive() {
        true => 1,
        false => parquet.get_fields().iter().map(|field| leaves_of(field)).sum(),
    }
}

fn push_int96(
    array: &ArrayRef,
    data_type: &DataType,
    values: &mut Vec<Int96>,
    levels: &mut Vec<i16>,
) -> Result<(), String> {
    let bytes = matches!(data_type, DataType::Bytes);
    for row in 0..array.len() {
        levels.push(i16::from(array.is_valid(row)));
        if array.is_null(row) {
            continue;
        }
        let value = if bytes {
            let bytes = array.as_binary::<i32>().value(row);
            int96::of_bytes(bytes)
                .ok_or_else(|| format!("INT96 takes 12 bytes, given are {}", bytes.len()))?
        } else {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            int96::of_micros(micros)
                .ok_or_else(|| format!("timestamp {micros} µs is out of INT96's range"))?
        };
        values.push(value);
    }
    Ok(())
}
