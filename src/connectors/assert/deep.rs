//! Looks into nested values: do they have a type, are they equal.
//!
//! Recursion follows the type, whose depth is limited where its text is read.

use crate::options::Tree;
use crate::table::{DataType, VectorKind};
use arrow::array::{Array, ArrayData, ArrayRef, AsArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType, i256,
};
use std::ops::Range;

/// Whether every value of type `found` has type `wanted`, so that no value must be looked at. Names of row fields and
/// dimensions of vectors don't count. Maps and rows must be looked at: nulls inside of them have no type.
pub(super) fn always_typed(found: &DataType, wanted: &DataType) -> bool {
    match (found, wanted) {
        (DataType::Decimal(precision, scale), DataType::Decimal(most, exact)) => {
            scale == exact && precision <= most
        }
        (DataType::Array(found), DataType::Array(wanted)) => always_typed(found, wanted),
        (DataType::Vector(found, _), DataType::Vector(wanted, _)) => found == wanted,
        (DataType::Map(_, _) | DataType::Row(_), _) => false,
        (found, wanted) => found == wanted,
    }
}

/// Whether the value at `row`, which is not null, has type `wanted`.
pub(super) fn typed(array: &ArrayRef, row: usize, found: &DataType, wanted: &DataType) -> bool {
    if always_typed(found, wanted) {
        return true;
    }
    match (found, wanted) {
        (DataType::Decimal(_, scale), DataType::Decimal(most, exact)) => {
            scale == exact && unscaled(array, row).is_some_and(|value| has_digits(value, *most))
        }
        (DataType::Array(found), DataType::Array(wanted)) => {
            let Some(list) = array.as_list_opt::<i32>() else { return false };
            span(list.value_offsets(), row)
                .all(|at| list.values().is_null(at) || typed(list.values(), at, found, wanted))
        }
        (DataType::Map(found_key, found), DataType::Map(wanted_key, wanted)) => {
            let Some(map) = array.as_map_opt() else { return false };
            span(map.value_offsets(), row).all(|at| {
                typed(map.keys(), at, found_key, wanted_key)
                    && (*wanted == Box::new(DataType::Null) || map.values().is_valid(at))
                    && typed(map.values(), at, found, wanted)
            })
        }
        (DataType::Row(found), DataType::Row(wanted)) => {
            let Some(fields) = array.as_struct_opt() else { return false };
            found.len() == wanted.len()
                && fields.columns().iter().zip(found.iter().zip(wanted)).all(|(column, (found, wanted))| {
                    let null = column.is_null(row) || found.data_type == DataType::Null;
                    if null {
                        wanted.data_type == DataType::Null
                    } else {
                        typed(column, row, &found.data_type, &wanted.data_type)
                    }
                })
        }
        _ => false,
    }
}

/// Whether `value` has at most that many digits.
pub(super) fn has_digits(value: i256, most: u8) -> bool {
    match i256::from_i128(10).checked_pow(most.into()) {
        Some(limit) => value.wrapping_abs() < limit,
        None => true,
    }
}

/// The unscaled value of a decimal.
pub(super) fn unscaled(array: &ArrayRef, row: usize) -> Option<i256> {
    match array.as_primitive_opt::<Decimal128Type>() {
        Some(decimals) => Some(i256::from_i128(decimals.value(row))),
        None => array.as_primitive_opt::<Decimal256Type>().map(|decimals| decimals.value(row)),
    }
}

/// A value: array, row, type.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(pub &'a ArrayRef, pub usize, pub &'a DataType);

/// Whether two values are equal: nulls are, NaN is; decimals by number, maps in any order, rows by position.
pub(super) fn same(a: At<'_>, b: At<'_>) -> bool {
    let (At(left, i, left_type), At(right, j, right_type)) = (a, b);
    let null = |array: &ArrayRef, at: usize| array.is_null(at) || array.data_type().is_null();
    if null(left, i) || null(right, j) {
        return null(left, i) && null(right, j);
    }
    macro_rules! primitive {
        ($kind:ty) => {
            left.as_primitive_opt::<$kind>()
                .zip(right.as_primitive_opt::<$kind>())
                .is_some_and(|(left, right)| left.value(i) == right.value(j))
        };
    }
    match (left_type, right_type) {
        (DataType::Boolean, DataType::Boolean) => left
            .as_boolean_opt()
            .zip(right.as_boolean_opt())
            .is_some_and(|(left, right)| left.value(i) == right.value(j)),
        (DataType::TinyInt, DataType::TinyInt) => primitive!(Int8Type),
        (DataType::SmallInt, DataType::SmallInt) => primitive!(Int16Type),
        (DataType::Int, DataType::Int) => primitive!(Int32Type),
        (DataType::BigInt, DataType::BigInt) => primitive!(Int64Type),
        (DataType::Float, DataType::Float) => floats_same(
            left.as_primitive_opt::<Float32Type>().map(|a| f64::from(a.value(i))),
            right.as_primitive_opt::<Float32Type>().map(|a| f64::from(a.value(j))),
        ),
        (DataType::Double, DataType::Double) => floats_same(
            left.as_primitive_opt::<Float64Type>().map(|a| a.value(i)),
            right.as_primitive_opt::<Float64Type>().map(|a| a.value(j)),
        ),
        (DataType::Decimal(_, left_scale), DataType::Decimal(_, right_scale)) => {
            left_scale == right_scale && unscaled(left, i) == unscaled(right, j)
        }
        (DataType::String, DataType::String) => left
            .as_string_opt::<i32>()
            .zip(right.as_string_opt::<i32>())
            .is_some_and(|(left, right)| left.value(i) == right.value(j)),
        (DataType::Bytes, DataType::Bytes) => bytes_same(left, i, right, j),
        (DataType::Date, DataType::Date) => primitive!(Date32Type),
        (DataType::Time, DataType::Time) => primitive!(Time64MicrosecondType),
        (DataType::Timestamp, DataType::Timestamp) | (DataType::TimestampTz, DataType::TimestampTz) => {
            primitive!(TimestampMicrosecondType)
        }
        (DataType::Array(left_type), DataType::Array(right_type)) => {
            let Some((left, right)) = left.as_list_opt::<i32>().zip(right.as_list_opt::<i32>()) else {
                return false;
            };
            let (left_span, right_span) = (span(left.value_offsets(), i), span(right.value_offsets(), j));
            left_span.len() == right_span.len()
                && left_span
                    .zip(right_span)
                    .all(|(i, j)| same(At(left.values(), i, left_type), At(right.values(), j, right_type)))
        }
        (DataType::Map(left_key, left_type), DataType::Map(right_key, right_type)) => {
            let Some((left, right)) = left.as_map_opt().zip(right.as_map_opt()) else { return false };
            let (left_span, right_span) = (span(left.value_offsets(), i), span(right.value_offsets(), j));
            left_span.len() == right_span.len()
                && left_span.into_iter().all(|i| {
                    right_span.clone().any(|j| {
                        same(At(left.keys(), i, left_key), At(right.keys(), j, right_key))
                            && same(At(left.values(), i, left_type), At(right.values(), j, right_type))
                    })
                })
        }
        (DataType::Row(left_fields), DataType::Row(right_fields)) => {
            let Some((left, right)) = left.as_struct_opt().zip(right.as_struct_opt()) else { return false };
            left_fields.len() == right_fields.len()
                && left_fields.iter().zip(right_fields).enumerate().all(|(at, (left_field, right_field))| {
                    same(
                        At(left.column(at), i, &left_field.data_type),
                        At(right.column(at), j, &right_field.data_type),
                    )
                })
        }
        (DataType::Vector(VectorKind::Float, _), DataType::Vector(VectorKind::Float, _)) => {
            let (left, right) = (numbers(left, i), numbers(right, j));
            left.is_some() && left == right
        }
        (DataType::Vector(left_kind, _), DataType::Vector(right_kind, _)) => {
            left_kind == right_kind && bytes_same(left, i, right, j)
        }
        _ => false,
    }
}

/// The numbers of a float vector, whether its dimension was known beforehand or not.
fn numbers(vectors: &ArrayRef, at: usize) -> Option<ArrayData> {
    let fixed = vectors.as_fixed_size_list_opt().map(|vectors| vectors.value(at));
    let numbers = fixed.or_else(|| vectors.as_list_opt::<i32>().map(|vectors| vectors.value(at)));
    numbers.map(|numbers| numbers.to_data())
}

/// As Java compares boxed numbers: NaN equals itself, the two zeros differ.
fn floats_same(left: Option<f64>, right: Option<f64>) -> bool {
    left.zip(right)
        .is_some_and(|(left, right)| (left.is_nan() && right.is_nan()) || left.to_bits() == right.to_bits())
}

fn bytes_same(left: &ArrayRef, i: usize, right: &ArrayRef, j: usize) -> bool {
    left.as_binary_opt::<i32>()
        .zip(right.as_binary_opt::<i32>())
        .is_some_and(|(left, right)| left.value(i) == right.value(j))
}

fn span(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

/// The field of a row type that a literal leaves out, if there is one: such a literal equals nothing.
pub(super) fn missing_field(literal: &Tree, data_type: &DataType) -> Option<String> {
    match (literal, data_type) {
        (Tree::Map(map), DataType::Row(fields)) => {
            fields.iter().find_map(|field| match map.get(&field.name) {
                Some(part) => missing_field(part, &field.data_type),
                None => Some(field.name.clone()),
            })
        }
        (Tree::List(list), DataType::Row(fields)) => {
            fields.iter().enumerate().find_map(|(at, field)| match list.get(at) {
                Some(part) => missing_field(part, &field.data_type),
                None => Some(field.name.clone()),
            })
        }
        (Tree::List(list), DataType::Array(element)) => {
            list.iter().find_map(|part| missing_field(part, element))
        }
        (Tree::Map(map), DataType::Map(_, value)) => map.values().find_map(|part| missing_field(part, value)),
        _ => None,
    }
}
