//! The byte estimate behind the metrics, as the Java engine makes it.

use super::Batch;
use super::types::{DataType, VectorKind};
use arrow::array::{Array, AsArray, OffsetSizeTrait};

/// Estimated bytes of all rows: string = UTF-16 units, boolean and tinyint 1, smallint 2, int and float 4, bigint
/// and double 8, decimal 36, date 24, time 12, timestamp 48, bytes = length, null 0, arrays = elements, maps = keys
/// and values, rows = sum.
#[must_use]
pub fn estimate(batch: &Batch) -> u64 {
    let columns = batch.rows.columns().iter().zip(&batch.table.columns);
    columns.map(|(array, column)| column_size(array.as_ref(), &column.data_type)).sum()
}

/// Bytes of all values of one column.
fn column_size(array: &dyn Array, data_type: &DataType) -> u64 {
    let valid = (array.len() - array.null_count()) as u64;
    match data_type {
        DataType::Null => 0,
        DataType::Boolean | DataType::TinyInt => valid,
        DataType::SmallInt => 2 * valid,
        DataType::Int | DataType::Float => 4 * valid,
        DataType::BigInt | DataType::Double => 8 * valid,
        DataType::Decimal(..) => 36 * valid,
        DataType::Date => 24 * valid,
        DataType::Time => 12 * valid,
        DataType::Timestamp | DataType::TimestampTz => 48 * valid,
        DataType::String => array.as_string_opt::<i32>().map_or(0, |texts| {
            let bytes = used(texts.value_data(), texts.value_offsets());
            utf16_units(bytes)
        }),
        DataType::Bytes => array
            .as_binary_opt::<i32>()
            .map_or(0, |values| used(values.value_data(), values.value_offsets()).len() as u64),
        DataType::Array(element) => array.as_list_opt::<i32>().map_or(0, |list| {
            let offsets = list.value_offsets();
            sliced_size(list.values().as_ref(), offsets, element)
        }),
        DataType::Map(key, value) => array.as_map_opt().map_or(0, |map| {
            let offsets = map.value_offsets();
            sliced_size(map.keys().as_ref(), offsets, key)
                + sliced_size(map.values().as_ref(), offsets, value)
        }),
        DataType::Row(fields) => array.as_struct_opt().map_or(0, |row| {
            let columns = row.columns().iter().zip(fields);
            columns.map(|(column, field)| column_size(column.as_ref(), &field.data_type)).sum()
        }),
        DataType::Vector(VectorKind::Float, 0) => array
            .as_list_opt::<i32>()
            .map_or(0, |list| sliced_size(list.values().as_ref(), list.value_offsets(), &DataType::Float)),
        DataType::Vector(..) => match array.as_fixed_size_list_opt() {
            Some(list) => 4 * u64::try_from(list.value_length()).unwrap_or(0) * valid,
            None => array
                .as_binary_opt::<i32>()
                .map_or(0, |values| used(values.value_data(), values.value_offsets()).len() as u64),
        },
    }
}

/// The part of the values that the offsets use; what lies under nulls is empty in arrays that are built here.
fn used<'a, O: OffsetSizeTrait>(values: &'a [u8], offsets: &[O]) -> &'a [u8] {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => &values[first.as_usize()..last.as_usize()],
        _ => &[],
    }
}

fn sliced_size(values: &dyn Array, offsets: &[i32], data_type: &DataType) -> u64 {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => {
            let part = values.slice(*first as usize, (*last - *first) as usize);
            column_size(part.as_ref(), data_type)
        }
        _ => 0,
    }
}

/// UTF-16 units of UTF-8 text: one per character, two per character of four bytes.
fn utf16_units(text: &[u8]) -> u64 {
    if text.is_ascii() {
        return text.len() as u64;
    }
    text.iter().map(|b| u64::from(b & 0xC0 != 0x80) + u64::from(*b >= 0xF0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{CatalogTable, Column, TablePath};
    use arrow::array::{ArrayRef, Decimal128Array, Int32Array, ListArray, StringArray};
    use arrow::compute::cast;
    use arrow::datatypes::{Float32Type, Int32Type};
    use arrow::record_batch::RecordBatch;
    use std::sync::Arc;

    #[test]
    fn vectors_count_their_numbers_whether_their_dimension_is_known_or_not() {
        let vectors = ListArray::from_iter_primitive::<Float32Type, _, _>([
            Some(vec![Some(1.0), Some(2.0)]),
            None,
            Some(vec![Some(3.0), Some(4.0)]),
        ]);
        for dimension in [0, 2] {
            let vector = DataType::Vector(VectorKind::Float, dimension);
            let array = cast(&vectors, &vector.to_arrow()).unwrap();
            let table = CatalogTable::new("c", TablePath::default_path(), vec![Column::new("v", vector)]);
            let rows = RecordBatch::try_new(table.arrow_schema(), vec![array]).unwrap();
            assert_eq!(estimate(&Batch::inserts(Arc::new(table), rows)), 16, "dimension {dimension}");
        }
    }

    #[test]
    fn sizes_by_type() {
        let types = ["string", "int", "array<int>", "decimal(5,2)"];
        let columns = types.map(|t| Column::new(t, DataType::parse(t).unwrap()));
        let table = Arc::new(CatalogTable::new("c", TablePath::default_path(), columns.to_vec()));
        let decimals =
            Decimal128Array::from(vec![Some(1), None, Some(3)]).with_precision_and_scale(5, 2).unwrap();
        let lists: ListArray = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![Some(2)]),
        ]);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![Some("ab"), None, Some("日😀")])),
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(lists),
            Arc::new(decimals),
        ];
        let rows = RecordBatch::try_new(table.arrow_schema(), arrays).unwrap();
        let batch = Batch::inserts(table.clone(), rows.clone());
        assert_eq!(estimate(&batch), (2 + 3) + 8 + 8 + 72);
        // a part of a batch counts for itself alone
        let last = Batch::inserts(table, rows.slice(2, 1));
        assert_eq!(estimate(&last), 3 + 4 + 4 + 36);
    }
}
