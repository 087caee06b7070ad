//! Our arrays as parquet holds them: small integers as 32 bits, timestamps as milliseconds, decimals checked.

use crate::table::{DataType, Field, VectorKind};
use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as Arrow, Decimal128Type, Decimal256Type, Field as ArrowField, Fields, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType,
};
use std::sync::Arc;

/// The Arrow type that is handed to the encoder.
pub(super) fn arrow_type(data_type: &DataType) -> Arrow {
    match data_type {
        DataType::TinyInt | DataType::SmallInt => Arrow::Int32,
        DataType::Timestamp | DataType::TimestampTz => {
            Arrow::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
        }
        DataType::Array(element) => Arrow::List(Arc::new(element_field(element))),
        // The elements of every list in the file are optional, those of vectors too.
        DataType::Vector(VectorKind::Float, _) => Arrow::List(Arc::new(element_field(&DataType::Float))),
        DataType::Map(key, value) => Arrow::Map(Arc::new(entries_field(key, value)), false),
        DataType::Row(fields) => Arrow::Struct(struct_fields(fields)),
        other => other.to_arrow(),
    }
}

fn element_field(element: &DataType) -> ArrowField {
    ArrowField::new("item", arrow_type(element), true)
}

fn entries_field(key: &DataType, value: &DataType) -> ArrowField {
    ArrowField::new("entries", Arrow::Struct(entry_fields(key, value)), false)
}

fn entry_fields(key: &DataType, value: &DataType) -> Fields {
    vec![ArrowField::new("keys", arrow_type(key), false), ArrowField::new("values", arrow_type(value), true)]
        .into()
}

fn struct_fields(fields: &[Field]) -> Fields {
    fields.iter().map(|f| ArrowField::new(&f.name, arrow_type(&f.data_type), true)).collect()
}

/// The array in [`arrow_type`]. Timestamps are cut downwards to milliseconds.
pub(super) fn to_physical(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, String> {
    match data_type {
        DataType::TinyInt | DataType::SmallInt => cast(array, &Arrow::Int32).map_err(|e| e.to_string()),
        DataType::Timestamp | DataType::TimestampTz => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            let millis = micros.unary::<_, TimestampMillisecondType>(|v| v.div_euclid(1000));
            Ok(Arc::new(millis.with_timezone("UTC")))
        }
        DataType::Vector(VectorKind::Float, _) => {
            cast(array, &arrow_type(data_type)).map_err(|e| e.to_string())
        }
        DataType::Decimal(precision, _) => {
            let checked = match array.data_type() {
                Arrow::Decimal256(_, _) => {
                    array.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision)
                }
                _ => array.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision),
            };
            checked.map(|()| Arc::clone(array)).map_err(|e| e.to_string())
        }
        DataType::Array(element) => {
            let list = array.as_list::<i32>();
            let values = to_physical(list.values(), element)?;
            let list = ListArray::try_new(
                Arc::new(element_field(element)),
                list.offsets().clone(),
                values,
                list.nulls().cloned(),
            );
            list.map(|list| Arc::new(list) as ArrayRef).map_err(|e| e.to_string())
        }
        DataType::Map(key, value) => {
            let map = array.as_map();
            let keys = to_physical(map.keys(), key)?;
            if keys.null_count() > 0 {
                return Err("a map key is null, which parquet doesn't take".into());
            }
            let entries = StructArray::try_new(
                entry_fields(key, value),
                vec![keys, to_physical(map.values(), value)?],
                None,
            )
            .map_err(|e| e.to_string())?;
            let map = MapArray::try_new(
                Arc::new(entries_field(key, value)),
                map.offsets().clone(),
                entries,
                map.nulls().cloned(),
                false,
            );
            map.map(|map| Arc::new(map) as ArrayRef).map_err(|e| e.to_string())
        }
        DataType::Row(fields) => {
            let row = array.as_struct();
            let columns = fields
                .iter()
                .zip(row.columns())
                .map(|(field, column)| to_physical(column, &field.data_type))
                .collect::<Result<Vec<_>, _>>()?;
            let row = StructArray::try_new(struct_fields(fields), columns, row.nulls().cloned());
            row.map(|row| Arc::new(row) as ArrayRef).map_err(|e| e.to_string())
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// Bytes of a fixed-length decimal of that precision.
pub(super) fn decimal_bytes(precision: u8) -> i32 {
    let bits = f64::from(precision) * std::f64::consts::LOG2_10 + 1.0;
    (bits / 8.0).ceil() as i32
}
