//! Fills lists, maps, rows and vectors: all elements of a batch at once, then the offsets.

use super::Generator;
use super::draw::unit_f32;
use super::fill::offsets;
use crate::table::VectorKind;
use arrow::array::{
    Array, ArrayRef, BinaryArray, FixedSizeListArray, Float32Array, ListArray, MapArray, StructArray,
    UInt32Array, make_comparator,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{ArrowPrimitiveType, DataType as ArrowType, FieldRef, Fields, Float16Type};
use arrow::error::ArrowError;
use rand::RngCore;
use rand::rngs::SmallRng;
use std::cmp::Ordering;
use std::sync::Arc;

/// Lists of `size` elements.
pub(super) fn list(
    element: &Generator,
    size: usize,
    field: &FieldRef,
    rows: usize,
    rng: &mut SmallRng,
) -> Result<ArrayRef, ArrowError> {
    let elements = element.fill(rows * size, 0, rng)?;
    Ok(Arc::new(ListArray::try_new(field.clone(), offsets(rows, size), elements, None)?))
}

/// Maps of at most `size` entries.
pub(super) fn map(
    key: &Generator,
    value: &Generator,
    size: usize,
    entries: &FieldRef,
    rows: usize,
    rng: &mut SmallRng,
) -> Result<ArrayRef, ArrowError> {
    let mut keys = key.fill(rows * size, 0, rng)?;
    let mut values = value.fill(rows * size, 0, rng)?;
    let mut ends = offsets(rows, size);
    if let Some((kept, lengths)) = distinct(&keys, rows, size)? {
        keys = take(&keys, &kept, None)?;
        values = take(&values, &kept, None)?;
        ends = OffsetBuffer::from_lengths(lengths);
    }
    let ArrowType::Struct(fields) = entries.data_type() else {
        return Err(ArrowError::SchemaError("entries of a map are no struct".into()));
    };
    let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(entries.clone(), ends, pairs, None, false)?))
}

/// The entries that stay when equal keys of a row collapse and null keys go, and how many each row has; `None` when
/// all stay.
fn distinct(
    keys: &ArrayRef,
    rows: usize,
    size: usize,
) -> Result<Option<(UInt32Array, Vec<usize>)>, ArrowError> {
    let compare = make_comparator(keys.as_ref(), keys.as_ref(), SortOptions::default())?;
    let mut kept: Vec<u32> = Vec::with_capacity(rows * size);
    let mut lengths = Vec::with_capacity(rows);
    let mut row_keys: Vec<usize> = Vec::with_capacity(size);
    for row in 0..rows {
        row_keys.clear();
        row_keys.extend((row * size..(row + 1) * size).filter(|at| keys.is_valid(*at)));
        row_keys.sort_by(|a, b| compare(*a, *b));
        row_keys.dedup_by(|a, b| compare(*a, *b) == Ordering::Equal);
        row_keys.sort_unstable();
        kept.extend(row_keys.iter().map(|at| *at as u32));
        lengths.push(row_keys.len());
    }
    Ok((kept.len() < rows * size).then(|| (kept.into(), lengths)))
}

/// Rows.
pub(super) fn row(
    fields: &Fields,
    parts: &[Generator],
    rows: usize,
    rng: &mut SmallRng,
) -> Result<ArrayRef, ArrowError> {
    if parts.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(rows, None)));
    }
    let columns = parts.iter().map(|part| part.fill(rows, 0, rng)).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns, None)?))
}

/// Float vectors.
pub(super) fn float_vector(
    range: (f32, f32),
    dimension: usize,
    field: &FieldRef,
    rows: usize,
    rng: &mut SmallRng,
) -> Result<ArrayRef, ArrowError> {
    let elements: ArrayRef = Arc::new(Float32Array::from(floats(range, rows * dimension, rng)));
    let dimension = i32::try_from(dimension).unwrap_or(i32::MAX);
    Ok(Arc::new(FixedSizeListArray::try_new(field.clone(), dimension, elements, None)?))
}

/// Vectors that are bytes, little endian: bits; 16-bit floats; bfloat16; sparse as (32-bit index, 32-bit float) pairs.
pub(super) fn byte_vector(
    kind: VectorKind,
    range: (f32, f32),
    dimension: usize,
    rows: usize,
    rng: &mut SmallRng,
) -> Result<ArrayRef, ArrowError> {
    let (width, bytes) = match kind {
        VectorKind::Binary => {
            let width = dimension.div_ceil(8);
            let mut bytes = vec![0; rows * width];
            rng.fill_bytes(&mut bytes);
            (width, bytes)
        }
        VectorKind::Float16 => {
            let highest = <Float16Type as ArrowPrimitiveType>::Native::MAX;
            let range = (range.0, range.1.min(highest.to_f32()));
            let halves = floats(range, rows * dimension, rng)
                .into_iter()
                .flat_map(|v| <Float16Type as ArrowPrimitiveType>::Native::from_f32(v).to_le_bytes());
            (dimension * 2, halves.collect())
        }
        VectorKind::BFloat16 => {
            // A bfloat16 is the upper half of a float.
            let halves = floats(range, rows * dimension, rng)
                .into_iter()
                .flat_map(|v| ((v.to_bits() >> 16) as u16).to_le_bytes());
            (dimension * 2, halves.collect())
        }
        VectorKind::Float | VectorKind::Sparse => {
            let values = floats(range, rows * dimension, rng);
            let pairs = values.into_iter().enumerate().flat_map(|(at, v)| {
                let index = (at % dimension) as u32;
                index.to_le_bytes().into_iter().chain(v.to_le_bytes())
            });
            (dimension * 8, pairs.collect())
        }
    };
    Ok(Arc::new(BinaryArray::try_new(offsets(rows, width), Buffer::from_vec(bytes), None)?))
}

fn floats((min, max): (f32, f32), count: usize, rng: &mut SmallRng) -> Vec<f32> {
    (0..count).map(|_| min + unit_f32(rng) * (max - min)).collect()
}
