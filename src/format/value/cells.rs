//! The builder of one column.
//!
//! The parts of nested arrays fit by construction (every element, entry and field is pushed once, keys are never null);
//! where Arrow finds otherwise it panics, and no row is silently lost.

use super::strings::Strings;
use crate::table::{DataType, Field};
use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray, NullArray,
    NullBufferBuilder, StructArray, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Fields};
use std::sync::Arc;

/// Values of one column, in the Arrow form of [`DataType::to_arrow`].
#[derive(Debug)]
pub(crate) enum Cells {
    Null(usize),
    Boolean(BooleanBuilder),
    TinyInt(Int8Builder),
    SmallInt(Int16Builder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    String(Strings),
    Bytes(Strings),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, ArrowType),
    Array(Box<ArrayCells>),
    Map(Box<MapCells>),
    Row(Box<RowCells>),
    /// A type that no text can be read into; holds nulls only.
    Unreadable(DataType, usize),
}

#[derive(Debug)]
pub(crate) struct ArrayCells {
    element: Arc<ArrowField>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    pub(crate) elements: Cells,
}

#[derive(Debug)]
pub(crate) struct MapCells {
    entries: Arc<ArrowField>,
    entry: Fields,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    pub(crate) keys: Cells,
    pub(crate) values: Cells,
}

#[derive(Debug)]
pub(crate) struct RowCells {
    arrow: Fields,
    nulls: NullBufferBuilder,
    rows: usize,
    pub(crate) names: Vec<String>,
    pub(crate) fields: Vec<Cells>,
}

/// Applies one expression to the builder inside, whatever its type; nested and odd ones have arms of their own.
macro_rules! for_plain {
    ($cells:expr, $builder:ident => $body:expr, $($rest:tt)*) => {
        match $cells {
            Cells::Boolean($builder) => $body,
            Cells::TinyInt($builder) => $body,
            Cells::SmallInt($builder) => $body,
            Cells::Int($builder) => $body,
            Cells::BigInt($builder) => $body,
            Cells::Float($builder) => $body,
            Cells::Double($builder) => $body,
            Cells::Decimal128($builder, ..) => $body,
            Cells::Decimal256($builder, ..) => $body,
            Cells::Date($builder) => $body,
            Cells::Time($builder) => $body,
            Cells::Timestamp($builder, _) => $body,
            $($rest)*
        }
    };
}

impl Cells {
    pub(crate) fn new(data_type: &DataType) -> Self {
        let arrow = data_type.to_arrow();
        match data_type {
            DataType::Null => Cells::Null(0),
            DataType::Boolean => Cells::Boolean(BooleanBuilder::new()),
            DataType::TinyInt => Cells::TinyInt(Int8Builder::new()),
            DataType::SmallInt => Cells::SmallInt(Int16Builder::new()),
            DataType::Int => Cells::Int(Int32Builder::new()),
            DataType::BigInt => Cells::BigInt(Int64Builder::new()),
            DataType::Float => Cells::Float(Float32Builder::new()),
            DataType::Double => Cells::Double(Float64Builder::new()),
            DataType::Decimal(precision, scale) => match arrow {
                ArrowType::Decimal256(..) => {
                    Cells::Decimal256(Decimal256Builder::new().with_data_type(arrow), *precision, *scale)
                }
                _ => Cells::Decimal128(Decimal128Builder::new().with_data_type(arrow), *precision, *scale),
            },
            DataType::String => Cells::String(Strings::new()),
            DataType::Bytes => Cells::Bytes(Strings::new()),
            DataType::Date => Cells::Date(Date32Builder::new()),
            DataType::Time => Cells::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp | DataType::TimestampTz => {
                let builder = TimestampMicrosecondBuilder::new().with_data_type(arrow.clone());
                Cells::Timestamp(builder, arrow)
            }
            DataType::Array(element) => Cells::Array(Box::new(ArrayCells {
                element: Arc::new(DataType::element_field(element)),
                offsets: vec![0],
                nulls: NullBufferBuilder::new(64),
                elements: Cells::new(element),
            })),
            DataType::Map(key, value) => Cells::Map(Box::new(MapCells::new(key, value))),
            DataType::Row(fields) => Cells::Row(Box::new(RowCells::new(fields))),
            DataType::Vector(..) => Cells::Unreadable(data_type.clone(), 0),
        }
    }

    /// Number of values so far.
    pub(crate) fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        for_plain!(self, builder => builder.len(),
            Cells::Null(rows) | Cells::Unreadable(_, rows) => *rows,
            Cells::String(strings) | Cells::Bytes(strings) => strings.len(),
            Cells::Array(array) => array.offsets.len() - 1,
            Cells::Map(map) => map.offsets.len() - 1,
            Cells::Row(row) => row.rows,
        )
    }

    pub(crate) fn push_null(&mut self) {
        for_plain!(self, builder => builder.append_null(),
            Cells::Null(rows) | Cells::Unreadable(_, rows) => *rows += 1,
            Cells::String(strings) | Cells::Bytes(strings) => strings.push_null(),
            Cells::Array(array) => array.close(false),
            Cells::Map(map) => map.close(false),
            Cells::Row(row) => {
                row.fields.iter_mut().for_each(Cells::push_null);
                row.close(false);
            }
        )
    }

    /// The column so far; the builder begins anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            // a finished builder forgets its time zone
            Cells::Timestamp(builder, data_type) => {
                let array = builder.finish();
                *builder = TimestampMicrosecondBuilder::new().with_data_type(data_type.clone());
                return Arc::new(array);
            }
            Cells::Decimal128(builder, precision, scale) => {
                let array = builder.finish();
                let data_type = DataType::Decimal(*precision, *scale).to_arrow();
                *builder = Decimal128Builder::new().with_data_type(data_type);
                return Arc::new(array);
            }
            Cells::Decimal256(builder, precision, scale) => {
                let array = builder.finish();
                let data_type = DataType::Decimal(*precision, *scale).to_arrow();
                *builder = Decimal256Builder::new().with_data_type(data_type);
                return Arc::new(array);
            }
            _ => {}
        }
        for_plain!(self, builder => Arc::new(builder.finish()) as ArrayRef,
            Cells::Null(rows) => Arc::new(NullArray::new(std::mem::take(rows))),
            Cells::Unreadable(data_type, rows) => new_null_array(&data_type.to_arrow(), std::mem::take(rows)),
            Cells::String(strings) => strings.finish_text(),
            Cells::Bytes(strings) => strings.finish_bytes(),
            Cells::Array(array) => array.finish(),
            Cells::Map(map) => map.finish(),
            Cells::Row(row) => row.finish(),
        )
    }
}

/// Offsets of a list so far; the next one begins anew.
fn take_offsets(offsets: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])))
}

impl ArrayCells {
    /// Ends one array: all elements pushed since the last one are its own.
    pub(crate) fn close(&mut self, valid: bool) {
        self.offsets.push(self.elements.len() as i32);
        self.nulls.append(valid);
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, elements, nulls) =
            (take_offsets(&mut self.offsets), self.elements.finish(), self.nulls.finish());
        Arc::new(ListArray::new(self.element.clone(), offsets, elements, nulls))
    }
}

impl MapCells {
    fn new(key: &DataType, value: &DataType) -> Self {
        let entries = DataType::entries_field(key, value);
        let entry = match entries.data_type() {
            ArrowType::Struct(fields) => fields.clone(),
            _ => Fields::empty(),
        };
        Self {
            entries: Arc::new(entries),
            entry,
            offsets: vec![0],
            nulls: NullBufferBuilder::new(64),
            keys: Cells::new(key),
            values: Cells::new(value),
        }
    }

    /// Ends one map.
    pub(crate) fn close(&mut self, valid: bool) {
        self.offsets.push(self.keys.len() as i32);
        self.nulls.append(valid);
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, nulls) = (take_offsets(&mut self.offsets), self.nulls.finish());
        let columns = vec![self.keys.finish(), self.values.finish()];
        let entries = StructArray::new(self.entry.clone(), columns, None);
        Arc::new(MapArray::new(self.entries.clone(), offsets, entries, nulls, false))
    }
}

impl RowCells {
    fn new(fields: &[Field]) -> Self {
        Self {
            arrow: DataType::arrow_fields(fields),
            nulls: NullBufferBuilder::new(64),
            rows: 0,
            names: fields.iter().map(|f| f.name.clone()).collect(),
            fields: fields.iter().map(|f| Cells::new(&f.data_type)).collect(),
        }
    }

    /// Ends one row; each field must have got one value.
    pub(crate) fn close(&mut self, valid: bool) {
        self.rows += 1;
        self.nulls.append(valid);
    }

    fn finish(&mut self) -> ArrayRef {
        let rows = std::mem::take(&mut self.rows);
        let nulls = self.nulls.finish();
        let columns: Vec<ArrayRef> = self.fields.iter_mut().map(Cells::finish).collect();
        if columns.is_empty() {
            return Arc::new(StructArray::new_empty_fields(rows, nulls));
        }
        Arc::new(StructArray::new(self.arrow.clone(), columns, nulls))
    }
}

/// The Arrow schema field of a column.
pub(crate) fn arrow_field(name: &str, data_type: &DataType) -> ArrowField {
    ArrowField::new(name, data_type.to_arrow(), true)
}
