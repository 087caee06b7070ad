//! Builds the columns that functions give, row by row, into one buffer per column.
//!
//! A text is written straight behind the one before it; the limits here keep a small query (`REPEAT(x, 2147483647)`)
//! from taking all memory.

use arrow::array::{ArrayRef, NullBufferBuilder, PrimitiveArray, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ArrowPrimitiveType;
use std::sync::Arc;

/// Bytes that a text which a function makes longer may have.
const VALUE_LIMIT: usize = 64 << 20;

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
    write: impl FnMut(usize, &mut String) -> Written,
) -> Result<ArrayRef, String> {
    texts_within(COLUMN_LIMIT, rows, bytes, write)
}

fn texts_within(
    limit: usize,
    rows: usize,
    bytes: usize,
    mut write: impl FnMut(usize, &mut String) -> Written,
) -> Result<ArrayRef, String> {
    let mut values = String::with_capacity(bytes.min(limit));
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
            Ok(end) if values.len() <= limit => offsets.push(end),
            _ => return Err(format!("the texts of one batch take more than {} MiB", limit >> 20)),
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
pub(super) fn fits(name: &str, bytes: u128) -> Result<(), String> {
    if bytes <= VALUE_LIMIT as u128 {
        return Ok(());
    }
    Err(format!(
        "{name} would give a text of {bytes} bytes; a text that a function makes may have {} MiB",
        VALUE_LIMIT >> 20
    ))
}

/// Appends a text several times.
pub(super) fn push_repeated(text: &str, times: usize, out: &mut String) {
    let (start, total) = (out.len(), text.len() * times);
    if total == 0 {
        return;
    }
    out.reserve(total);
    out.push_str(text);
    let mut done = text.len();
    while done < total {
        let next = done.min(total - done);
        out.extend_from_within(start..start + next);
        done += next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;

    #[test]
    fn what_a_null_row_wrote_is_taken_back() {
        let column = texts(3, 0, |row, out| {
            out.push_str("ab");
            (row != 1).then_some(())
        });
        let column = column.unwrap();
        let rows: Vec<_> = column.as_string::<i32>().iter().collect();
        assert_eq!(rows, [Some("ab"), None, Some("ab")]);
        assert_eq!(column.as_string::<i32>().value_data(), b"abab");
    }

    #[test]
    fn a_batch_has_a_limit() {
        let write = |_, out: &mut String| {
            out.push_str("four");
            Ok(Some(()))
        };
        assert!(texts_within(8, 2, 0, write).is_ok());
        assert!(
            texts_within(8, 3, 0, write).unwrap_err().starts_with("the texts of one batch take more than")
        );
    }

    #[test]
    fn repeated() {
        for (text, times) in [("ab", 0), ("ab", 1), ("你", 2), ("ab", 7), ("", 9)] {
            let mut out = "x".to_owned();
            push_repeated(text, times, &mut out);
            assert_eq!(out, "x".to_owned() + &text.repeat(times));
        }
    }
}
