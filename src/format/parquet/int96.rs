//! INT96: eight bytes nanoseconds of the day, four bytes Julian day, little endian.

use parquet::data_type::Int96;

const JULIAN_DAY_OF_EPOCH: i64 = 2_440_588;
const MICROS_OF_DAY: i64 = 86_400_000_000;

/// Microseconds since 1970 as INT96; `None` outside of its range.
pub(super) fn of_micros(micros: i64) -> Option<Int96> {
    let day = u32::try_from(micros.div_euclid(MICROS_OF_DAY) + JULIAN_DAY_OF_EPOCH).ok()?;
    let nanos = micros.rem_euclid(MICROS_OF_DAY) as u64 * 1000;
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, day);
    Some(value)
}

/// The twelve bytes as they are.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<Int96> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    if bytes.len() != 12 {
        return None;
    }
    let mut value = Int96::new();
    value.set_data(word(0)?, word(4)?, word(8)?);
    Some(value)
}

/// Twelve bytes of INT96 as microseconds since 1970, cut to milliseconds.
pub(super) fn to_micros(bytes: &[u8]) -> Option<i64> {
    let value = of_bytes(bytes)?;
    let words = value.data();
    let nanos = (u64::from(*words.get(1)?) << 32) | u64::from(*words.first()?);
    let day = i64::from(*words.get(2)?) - JULIAN_DAY_OF_EPOCH;
    let millis = i64::try_from(nanos / 1_000_000).ok()?;
    day.checked_mul(MICROS_OF_DAY)?.checked_add(millis.checked_mul(1000)?)
}
