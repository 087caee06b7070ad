//! Builder of text and bytes columns.

use arrow::array::{ArrayRef, BinaryArray, NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use std::sync::Arc;

/// Gathers byte strings; whether they are UTF-8 is checked once per column, not per value.
#[derive(Debug)]
pub(crate) struct Strings {
    values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Strings {
    pub(super) fn new() -> Self {
        Self { values: Vec::new(), offsets: vec![0], nulls: NullBufferBuilder::new(1024) }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Appends a value. Callers keep a batch far below 2 GB (`lines::MAX_BATCH_BYTES`).
    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.close();
    }

    /// Appends the value that `write` appends to the bytes; nothing when it fails.
    pub(crate) fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.values.len();
        match write(&mut self.values) {
            Ok(()) => {
                self.close();
                Ok(())
            }
            Err(error) => {
                self.values.truncate(before);
                Err(error)
            }
        }
    }

    fn close(&mut self) {
        self.offsets.push(self.values.len() as i32);
        self.nulls.append_non_null();
    }

    #[inline]
    pub(super) fn push_null(&mut self) {
        self.offsets.push(self.values.len() as i32);
        self.nulls.append_null();
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer, Option<arrow::buffer::NullBuffer>) {
        let mut offsets = Vec::with_capacity(self.offsets.capacity());
        offsets.push(0);
        let offsets = std::mem::replace(&mut self.offsets, offsets);
        let capacity = self.values.capacity();
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(capacity.min(1 << 24)));
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(values), self.nulls.finish())
    }

    /// The column as text; invalid UTF-8 becomes U+FFFD.
    pub(super) fn finish_text(&mut self) -> ArrayRef {
        let (offsets, values, nulls) = self.take();
        match StringArray::try_new(offsets.clone(), values.clone(), nulls.clone()) {
            Ok(array) => Arc::new(array),
            Err(_) => {
                let texts = offsets.windows(2).enumerate().map(|(row, range)| {
                    let valid = nulls.as_ref().is_none_or(|n| n.is_valid(row));
                    let value = &values[range[0] as usize..range[1] as usize];
                    valid.then(|| String::from_utf8_lossy(value))
                });
                Arc::new(texts.collect::<StringArray>())
            }
        }
    }

    /// The column as bytes.
    pub(super) fn finish_bytes(&mut self) -> ArrayRef {
        let (offsets, values, nulls) = self.take();
        Arc::new(BinaryArray::new(offsets, values, nulls))
    }
}
