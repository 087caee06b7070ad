//! Our type of a parquet column, from the Arrow type that the file's schema alone gives it.

use crate::table::{DataType, Field};
use arrow::datatypes::DataType as Arrow;

/// Nesting beyond this is refused.
const MAX_DEPTH: usize = 32;

/// Our type for a column; `Err` is what is wrong with it.
pub(super) fn of_arrow(arrow: &Arrow) -> Result<DataType, String> {
    nested(arrow, 0)
}

fn nested(arrow: &Arrow, depth: usize) -> Result<DataType, String> {
    if depth > MAX_DEPTH {
        return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(match arrow {
        Arrow::Null => DataType::Null,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 => DataType::TinyInt,
        Arrow::Int16 | Arrow::UInt8 => DataType::SmallInt,
        Arrow::Int32 | Arrow::UInt16 => DataType::Int,
        Arrow::Int64 | Arrow::UInt32 => DataType::BigInt,
        Arrow::UInt64 => DataType::Decimal(20, 0),
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal32(precision, scale)
        | Arrow::Decimal64(precision, scale)
        | Arrow::Decimal128(precision, scale)
        | Arrow::Decimal256(precision, scale) => DataType::Decimal(*precision, *scale),
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        // twelve bytes without annotation are what other writers make of INT96
        Arrow::FixedSizeBinary(12) if depth == 0 => DataType::Timestamp,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => DataType::Bytes,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time,
        Arrow::Timestamp(_, _) => DataType::Timestamp,
        Arrow::List(element) | Arrow::LargeList(element) | Arrow::FixedSizeList(element, _) => {
            DataType::Array(Box::new(nested(element.data_type(), depth + 1)?))
        }
        Arrow::Map(entries, _) => match entries.data_type() {
            Arrow::Struct(fields) if fields.len() == 2 => DataType::Map(
                Box::new(nested(fields[0].data_type(), depth + 1)?),
                Box::new(nested(fields[1].data_type(), depth + 1)?),
            ),
            other => return Err(format!("is a map of {other}, which can't be read")),
        },
        Arrow::Struct(fields) => DataType::Row(
            fields
                .iter()
                .map(|f| Ok(Field { name: f.name().clone(), data_type: nested(f.data_type(), depth + 1)? }))
                .collect::<Result<_, String>>()?,
        ),
        other => return Err(format!("has the type {other}, which can't be read")),
    })
}
