//! How long a text is.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::always_null;
use crate::transforms::sql::functions::output::numbers;
use crate::transforms::sql::functions::utf16;
use arrow::datatypes::Int64Type;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["CHAR_LENGTH", "LENGTH"],
        usage: "CHAR_LENGTH(text)",
        about: "How many characters a text has; one beyond U+FFFF counts as two.",
        bind: char_length,
    },
    Function {
        names: &["OCTET_LENGTH"],
        usage: "OCTET_LENGTH(text)",
        about: "How many bytes a text takes in UTF-8, or how many there are.",
        bind: octet_length,
    },
    Function {
        names: &["BIT_LENGTH"],
        usage: "BIT_LENGTH(text)",
        about: "How many bits a text takes in UTF-8.",
        bind: bit_length,
    },
];

fn char_length(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let text = call.text(0);
    Ok(Bound::new(DataType::BigInt, move |values| {
        let text = text.of(values)?;
        numbers::<Int64Type>(values.rows, |row| Some(utf16::length(text.get(row)?) as i64))
    }))
}

fn octet_length(call: &Call<'_>) -> Result<Bound, String> {
    bytes_times(call, 1)
}

fn bit_length(call: &Call<'_>) -> Result<Bound, String> {
    bytes_times(call, 8)
}

fn bytes_times(call: &Call<'_>, factor: i64) -> Result<Bound, String> {
    call.arity(1..=1)?;
    if call.is_null(0) {
        return Ok(always_null(DataType::BigInt));
    }
    let bytes = call.bytes(0);
    Ok(Bound::new(DataType::BigInt, move |values| {
        let bytes = bytes.of(values)?;
        numbers::<Int64Type>(values.rows, |row| Some(bytes.get(row)?.len() as i64 * factor))
    }))
}
