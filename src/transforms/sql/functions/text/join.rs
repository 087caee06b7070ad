//! Texts put together.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use crate::transforms::sql::functions::arguments::{Text, TextArgument, always_null, texts_of, value};
use crate::transforms::sql::functions::output::{fits, push_repeated, texts, try_texts};
use arrow::array::{Array, AsArray, ListArray, StringArray};
use datafusion_expr::ColumnarValue;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["CONCAT"],
        usage: "CONCAT(value, …)",
        about: "All values one behind the other as text; nulls are left out, so that the result is never null.",
        bind: concat,
    },
    Function {
        names: &["CONCAT_WS"],
        usage: "CONCAT_WS(separator, value, …)",
        about: "All values as text with a separator between them; nulls are left out, elements of arrays count each.",
        bind: concat_ws,
    },
    Function {
        names: &["REPEAT"],
        usage: "REPEAT(text, times)",
        about: "A text several times one behind the other; empty for 0 and less.",
        bind: repeat,
    },
    Function { names: &["SPACE"], usage: "SPACE(length)", about: "That many blanks.", bind: space },
];

fn concat(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=usize::MAX)?;
    let parts: Vec<Text> = (0..call.arguments.len()).map(|index| call.text(index)).collect();
    Ok(Bound::new(DataType::String, move |values| {
        let parts: Vec<TextArgument<'_>> =
            parts.iter().map(|part| part.of(values)).collect::<Result<_, _>>()?;
        let bytes = parts.iter().map(|part| part.bytes(values.rows)).sum();
        texts(values.rows, bytes, |row, out| {
            parts.iter().filter_map(|part| part.get(row)).for_each(|part| out.push_str(part));
            Some(())
        })
    }))
}

/// A value of `CONCAT_WS`.
enum Part {
    Text(Text),
    /// An array of such elements.
    Elements(usize, DataType),
}

/// The values of a part.
enum PartValues<'a> {
    Texts(TextArgument<'a>),
    /// The lists, their elements' texts, and whether there is one list for all rows.
    Elements {
        lists: ListArray,
        texts: StringArray,
        is_scalar: bool,
    },
}

impl Part {
    fn bind(call: &Call<'_>, index: usize) -> Self {
        match call.type_of(index) {
            DataType::Array(element) => Part::Elements(index, element.as_ref().clone()),
            _ => Part::Text(call.text(index)),
        }
    }

    fn of<'a>(&self, values: &Values<'a>) -> Result<PartValues<'a>, String> {
        let (index, element) = match self {
            Part::Text(text) => return Ok(PartValues::Texts(text.of(values)?)),
            Part::Elements(index, element) => (*index, element),
        };
        let (array, is_scalar) = match value(values, index)? {
            ColumnarValue::Array(array) => (array.clone(), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array().map_err(|e| e.to_string())?, true),
        };
        let Some(lists) = array.as_list_opt::<i32>() else {
            return Err(format!("{} is no array", array.data_type()));
        };
        Ok(PartValues::Elements { lists: lists.clone(), texts: texts_of(lists.values(), element), is_scalar })
    }
}

impl PartValues<'_> {
    /// Appends the value of a row, if it isn't null; `between` once it began to be written.
    fn push(&self, row: usize, separator: &str, begun: &mut bool, out: &mut String) {
        match self {
            PartValues::Texts(texts) => {
                if let Some(text) = texts.get(row) {
                    begin(separator, begun, out);
                    out.push_str(text);
                }
            }
            PartValues::Elements { lists, texts, is_scalar } => {
                let row = if *is_scalar { 0 } else { row };
                if lists.is_null(row) {
                    return;
                }
                begin(separator, begun, out);
                let (start, end) =
                    (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
                let mut inner = false;
                for element in (start..end).filter(|element| texts.is_valid(*element)) {
                    begin(separator, &mut inner, out);
                    out.push_str(texts.value(element));
                }
            }
        }
    }
}

fn begin(separator: &str, begun: &mut bool, out: &mut String) {
    if std::mem::replace(begun, true) {
        out.push_str(separator);
    }
}

fn concat_ws(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=usize::MAX)?;
    let separator = call.text(0);
    let parts: Vec<Part> = (1..call.arguments.len()).map(|index| Part::bind(call, index)).collect();
    Ok(Bound::new(DataType::String, move |values| {
        let separator = separator.of(values)?;
        let parts: Vec<PartValues<'_>> =
            parts.iter().map(|part| part.of(values)).collect::<Result<_, _>>()?;
        texts(values.rows, values.rows * parts.len() * 8, |row, out| {
            let separator = separator.get(row).unwrap_or("");
            let mut begun = false;
            parts.iter().for_each(|part| part.push(row, separator, &mut begun, out));
            Some(())
        })
    }))
}

fn repeat(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (text, times) = (call.text(0), call.integer(1)?);
    if call.any_null(&[0, 1]) {
        return Ok(always_null(DataType::String));
    }
    Ok(Bound::new(DataType::String, move |values| {
        let (text, times) = (text.of(values)?, times.of(values)?);
        try_texts(values.rows, text.bytes(values.rows), |row, out| {
            let (Some(text), Some(times)) = (text.get(row), times.get(row)) else {
                return Ok(None);
            };
            let times = if text.is_empty() { 0 } else { usize::try_from(times).unwrap_or(0) };
            fits("REPEAT", text.len() as u128 * times as u128)?;
            push_repeated(text, times, out);
            Ok(Some(()))
        })
    }))
}

fn space(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let length = call.integer(0)?;
    Ok(Bound::new(DataType::String, move |values| {
        let length = length.of(values)?;
        try_texts(values.rows, values.rows * 8, |row, out| {
            let Some(length) = length.get(row) else {
                return Ok(None);
            };
            let length = usize::try_from(length).unwrap_or(0);
            fits("SPACE", length as u128)?;
            push_repeated(" ", length, out);
            Ok(Some(()))
        })
    }))
}
