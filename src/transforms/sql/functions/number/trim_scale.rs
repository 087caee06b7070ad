//! `TRIM_SCALE`.

use super::{number_type, of_number};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::columns::{converted, typed};
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["TRIM_SCALE"],
    usage: "TRIM_SCALE(number)",
    about: "The number as text, without exponent and without zeros at the end of its fraction: 1.50 gives 1.5.",
    bind: trim_scale,
}];

fn trim_scale(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let kind = number_type(call, 0)?;
    of_number(call, DataType::String, move |array| {
        let texts: StringArray = match &kind {
            DataType::Float => typed::<Float32Type>(array)?
                .iter()
                .map(|value| value.map(|value| value.to_string()))
                .collect(),
            DataType::Double => typed::<Float64Type>(array)?
                .iter()
                .map(|value| value.map(|value| value.to_string()))
                .collect(),
            _ => {
                let texts = converted(array, &ArrowType::Utf8)?;
                texts.as_string::<i32>().iter().map(|text| text.map(trimmed)).collect()
            }
        };
        Ok(Arc::new(texts) as ArrayRef)
    })
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
