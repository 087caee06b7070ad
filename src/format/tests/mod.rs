//! Tests of the formats as a whole: observed cases of the Java engine, properties.

mod cases;
mod observed;
mod properties;

use super::Decoder;
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;

/// All rows of `bytes`, offered in pieces of the given sizes (then the rest), at most `max_rows` at a time.
fn decode_all(
    decoder: &mut dyn Decoder,
    bytes: &[u8],
    sizes: &[usize],
    max_rows: usize,
) -> Result<Option<RecordBatch>, super::FormatError> {
    let mut batches = Vec::new();
    let (mut start, mut end) = (0, 0);
    let mut sizes = sizes.iter();
    loop {
        let last = end == bytes.len();
        let decoded = decoder.decode(&bytes[start..end], last, max_rows)?;
        start += decoded.used;
        let idle = decoded.used == 0 && decoded.rows.is_none();
        batches.extend(decoded.rows);
        if idle {
            if last {
                break;
            }
            end = sizes.next().map_or(bytes.len(), |size| (end + size).min(bytes.len()));
        }
    }
    let Some(first) = batches.first() else { return Ok(None) };
    Ok(Some(concat_batches(&first.schema(), &batches).unwrap()))
}
