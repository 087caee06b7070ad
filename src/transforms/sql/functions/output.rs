//! Builds the columns that functions give, row by row, into one buffer per column.
//!
//! A text is written straight behind the one before it; the limits here keep a small query (`REPEAT(x, 2147483647)`)
//! from taking all memory.

use arrow::array::{ArrayRef, NullBufferBuilder, PrimitiveArray, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ArrowPrimitiveType;
use std::sync::Arc;

/// Bytes that a text which a function makes longer may have.
pub(super) const VALUE_LIMIT: usize = 64 << 20;

/// Bytes of all texts that a function gives for one batch.
const COLUMN_LIMIT: usize = 1 << 30;

/// Whether a value was written; null if not.
pub(super) type Written = Result<Option<()>, String>;

/// A text column: `write` appends the text of a row, or says that it is null; what it appended before that is taken
/// back. `bytes` is how much the whole is likely to take.
///
/// # Errors
/// What `write` says, or texts that are too much for one batch.
pub(super) fn try_texts(
    rows: usize,
    bytes: usize,
    mut write: impl FnMut(usize, &mut String) -> Written,
) -> Result<ArrayRef, String> {
    let mut values = String::with_capacity(bytes.min(COLUMN_LIMIT));
    let mut offsets: Vec<i32> = Vec::with_capacity(rows + 1);
    let mut nulls = NullBufferBuilder::new(rows);
    offsets.push(0);
    for row in 0..rows {
        let start = values.len();
        match write(row, &mut values)? {
            Some(()) => nulls.append_non_null(),
            None => {
                values.truncate(start);
                nulls.append_null();
            }
        }
        match i32::try_from(values.len()) {
            Ok(end) if values.len() <= COLUMN_LIMIT => offsets.push(end),
            _ => return Err(format!("the texts of one batch take more than {} MiB", COLUMN_LIMIT >> 20)),
        }
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let texts = StringArray::try_new(offsets, Buffer::from(values.into_bytes()), nulls.finish());
    texts.map(|texts| Arc::new(texts) as ArrayRef).map_err(|e| e.to_string())
}

/// As [`try_texts`], of a `write` that can't fail.
///
/// # Errors
/// Texts that are too much for one batch.
pub(super) fn texts(
    rows: usize,
    bytes: usize,
    mut write: impl FnMut(usize, &mut String) -> Option<()>,
) -> Result<ArrayRef, String> {
    try_texts(rows, bytes, |row, out| Ok(write(row, out)))
}

/// A column of numbers.
///
/// # Errors
/// None; the type is that of a kernel.
pub(super) fn numbers<T: ArrowPrimitiveType>(
    rows: usize,
    number: impl FnMut(usize) -> Option<T::Native>,
) -> Result<ArrayRef, String> {
    let column: PrimitiveArray<T> = (0..rows).map(number).collect();
    Ok(Arc::new(column))
}

/// Checks the size of a value before it is made.
///
/// # Errors
/// One of more than [`VALUE_LIMIT`] bytes.
pub(super) fn fits(name: &str, bytes: usize) -> Result<(), String> {
    if bytes <= VALUE_LIMIT {
        return Ok(());
    }
    let size = if bytes == usize::MAX { "far more".to_owned() } else { format!("{bytes} bytes") };
    Err(format!(
        "{name} would give a text of {size}; a text that a function makes may have {} MiB",
        VALUE_LIMIT >> 20
    ))
}
