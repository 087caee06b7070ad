//! Typed views of a call's arguments.
//!
//! While a call is bound, [`Call`] checks how many arguments there are and of which types, and gives a handle for each
//! ([`Text`], [`Integer`], [`Double`], [`Boolean`]). The kernel applies the handle to the values of a batch and reads
//! the view row by row: a literal stays one value, a column of the wanted type is shared, any other is converted once
//! per batch. Null is `None` in every view.

use super::find;
use crate::format::JavaText;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Values};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray,
    StringArray, StringBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Decimal256Type, Float64Type, Int64Type,
    TimestampMicrosecondType, i256,
};
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::borrow::Cow;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// Characters of a value that an error shows.
const SHOWN: usize = 60;

/// A value as an error shows it: quoted and cut.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A call that is null for every row, whatever its other arguments are.
pub(super) fn always_null(result: DataType) -> Bound {
    let arrow = result.to_arrow();
    Bound::new(result, move |values| Ok(new_null_array(&arrow, values.rows)))
}

impl Call<'_> {
    /// Checks how many arguments there are.
    ///
    /// # Errors
    /// Too few or too many: names the function's usage.
    pub(super) fn arity(&self, allowed: RangeInclusive<usize>) -> Result<(), String> {
        let (given, least, most) = (self.arguments.len(), *allowed.start(), *allowed.end());
        if allowed.contains(&given) {
            return Ok(());
        }
        let mut error = format!("{} takes ", self.name);
        let written = match (least, most) {
            (0, 0) => write!(error, "no arguments"),
            (1, 1) => write!(error, "1 argument"),
            (_, usize::MAX) => {
                write!(error, "at least {least} argument{}", if least == 1 { "" } else { "s" })
            }
            _ if least == most => write!(error, "{least} arguments"),
            _ if least + 1 == most => write!(error, "{least} or {most} arguments"),
            _ => write!(error, "{least} to {most} arguments"),
        };
        let usage = find(self.name).map_or("", |function| function.usage);
        let written = written.and_then(|()| write!(error, ", {given} given: {usage}"));
        Err(written.map_or_else(|e| e.to_string(), |()| error))
    }

    /// Whether an argument is given.
    pub(super) fn has(&self, index: usize) -> bool {
        index < self.arguments.len()
    }

    /// Type of an argument; [`DataType::Null`] when it isn't given.
    pub(super) fn type_of(&self, index: usize) -> &DataType {
        self.arguments.get(index).map_or(&DataType::Null, |argument| &argument.data_type)
    }

    /// Whether an argument is the literal null, or a column that is always null.
    pub(super) fn is_null(&self, index: usize) -> bool {
        let literal = self.arguments.get(index).and_then(|argument| argument.literal.as_ref());
        literal.is_some_and(ScalarValue::is_null)
            || (self.has(index) && *self.type_of(index) == DataType::Null)
    }

    /// Whether one of these arguments is the literal null.
    pub(super) fn any_null(&self, indexes: &[usize]) -> bool {
        indexes.iter().any(|index| self.is_null(*index))
    }

    /// The value of an argument, if it is a literal and not null.
    pub(super) fn literal(&self, index: usize) -> Option<&ScalarValue> {
        self.arguments.get(index)?.literal.as_ref().filter(|value| !value.is_null())
    }

    /// The text of an argument, if it is a literal and not null.
    pub(super) fn literal_text(&self, index: usize) -> Option<String> {
        let array = self.literal(index)?.to_array().ok()?;
        texts_of(&array, self.type_of(index)).iter().next().flatten().map(str::to_owned)
    }

    /// The integer of an argument, if it is a literal and not null.
    pub(super) fn literal_integer(&self, index: usize) -> Option<i64> {
        let array = self.literal(index)?.to_array().ok()?;
        integers(&array, self.name, index).ok()?.iter().next().flatten()
    }

    /// An argument as text: what is no text takes its Java text, bytes are read as UTF-8.
    pub(super) fn text(&self, index: usize) -> Text {
        Text { index, data_type: self.type_of(index).clone(), is_plain: false }
    }

    /// An optional argument as text.
    pub(super) fn text_if_given(&self, index: usize) -> Option<Text> {
        self.has(index).then(|| self.text(index))
    }

    /// An argument as text in which a timestamp is `yyyy-MM-dd HH:mm:ss`.
    pub(super) fn plain_text(&self, index: usize) -> Text {
        Text { is_plain: true, ..self.text(index) }
    }

    /// An argument as bytes: what is none is its text in UTF-8.
    pub(super) fn bytes(&self, index: usize) -> Bytes {
        Bytes { text: self.text(index) }
    }

    /// An argument as integer: any number (what is behind the point is cut off), or text that holds one.
    ///
    /// # Errors
    /// An argument of another type.
    pub(super) fn integer(&self, index: usize) -> Result<Integer, String> {
        self.numeric(index)?;
        Ok(Integer { index, name: self.name.to_owned() })
    }

    /// An optional argument as integer.
    ///
    /// # Errors
    /// An argument of another type.
    pub(super) fn integer_if_given(&self, index: usize) -> Result<Option<Integer>, String> {
        self.has(index).then(|| self.integer(index)).transpose()
    }

    /// An argument as double: any number, or text that holds one.
    ///
    /// # Errors
    /// An argument of another type.
    pub(super) fn double(&self, index: usize) -> Result<Double, String> {
        self.numeric(index)?;
        Ok(Double { index, name: self.name.to_owned() })
    }

    /// An argument as boolean.
    ///
    /// # Errors
    /// An argument of another type.
    pub(super) fn boolean(&self, index: usize) -> Result<Boolean, String> {
        match self.type_of(index) {
            DataType::Boolean | DataType::Null => Ok(Boolean { index }),
            _ => Err(self.wrong_type(index, "a boolean")),
        }
    }

    /// What is said of an argument of a type that can't be used.
    pub(super) fn wrong_type(&self, index: usize, allowed: &str) -> String {
        format!("argument {} of {} is {}; allowed is {allowed}", index + 1, self.name, self.type_of(index))
    }

    fn numeric(&self, index: usize) -> Result<(), String> {
        match self.type_of(index) {
            DataType::Null
            | DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal(_, _)
            | DataType::String => Ok(()),
            _ => Err(self.wrong_type(index, "a number")),
        }
    }
}

/// The argument of that index.
///
/// # Errors
/// A batch with fewer arguments than the call was bound for.
pub(super) fn value<'a>(values: &Values<'a>, index: usize) -> Result<&'a ColumnarValue, String> {
    values.arguments.get(index).ok_or_else(|| format!("argument {} is missing", index + 1))
}

/// An argument that is read as text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    index: usize,
    data_type: DataType,
    is_plain: bool,
}

impl Text {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(super) fn of<'a>(&self, values: &Values<'a>) -> Result<TextArgument<'a>, String> {
        Ok(match value(values, self.index)? {
            ColumnarValue::Scalar(ScalarValue::Utf8(text)) => {
                TextArgument::Scalar(text.as_deref().map(Cow::Borrowed))
            }
            ColumnarValue::Scalar(scalar) if scalar.is_null() => TextArgument::Scalar(None),
            ColumnarValue::Scalar(scalar) => {
                let texts = self.converted(&scalar.to_array().map_err(|e| e.to_string())?);
                TextArgument::Scalar(texts.iter().next().flatten().map(|text| Cow::Owned(text.to_owned())))
            }
            ColumnarValue::Array(array) => TextArgument::Array(self.converted(array)),
        })
    }

    fn converted(&self, array: &ArrayRef) -> StringArray {
        match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(times) if self.is_plain => (0..times.len())
                .map(|row| times.is_valid(row).then(|| times.value_as_datetime(row)).flatten())
                .map(|time| time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()))
                .collect(),
            _ => texts_of(array, &self.data_type),
        }
    }
}

/// The texts of an argument.
#[derive(Clone, Debug)]
pub(super) enum TextArgument<'a> {
    /// One for all rows.
    Scalar(Option<Cow<'a, str>>),
    /// One for each row.
    Array(StringArray),
}

impl TextArgument<'_> {
    /// The text of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            TextArgument::Scalar(text) => text.as_deref(),
            TextArgument::Array(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }

    /// Bytes of all its texts: how much a result of about the same size needs.
    pub(super) fn bytes(&self, rows: usize) -> usize {
        match self {
            TextArgument::Scalar(text) => {
                text.as_deref().map_or(0, str::len).saturating_mul(rows).min(1 << 20)
            }
            TextArgument::Array(texts) => {
                texts.value_data().len().min(texts.offsets().last().map_or(0, |o| *o as usize))
            }
        }
    }
}

/// An argument that is read as bytes.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    text: Text,
}

/// The bytes of an argument.
#[derive(Clone, Debug)]
pub(super) enum BytesArgument<'a> {
    /// One for each row.
    Array(BinaryArray),
    /// One for all rows.
    Scalar(Option<Cow<'a, [u8]>>),
    /// Of texts.
    Text(TextArgument<'a>),
}

impl Bytes {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(super) fn of<'a>(&self, values: &Values<'a>) -> Result<BytesArgument<'a>, String> {
        Ok(match value(values, self.text.index)? {
            ColumnarValue::Scalar(ScalarValue::Binary(bytes)) => {
                BytesArgument::Scalar(bytes.as_deref().map(Cow::Borrowed))
            }
            ColumnarValue::Array(array) => match array.as_binary_opt::<i32>() {
                Some(bytes) => BytesArgument::Array(bytes.clone()),
                None => BytesArgument::Text(self.text.of(values)?),
            },
            ColumnarValue::Scalar(_) => BytesArgument::Text(self.text.of(values)?),
        })
    }
}

impl BytesArgument<'_> {
    /// The bytes of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<&[u8]> {
        match self {
            BytesArgument::Array(bytes) => bytes.is_valid(row).then(|| bytes.value(row)),
            BytesArgument::Scalar(bytes) => bytes.as_deref(),
            BytesArgument::Text(texts) => texts.get(row).map(str::as_bytes),
        }
    }
}

/// An argument that is read as integer.
#[derive(Clone, Debug)]
pub(super) struct Integer {
    index: usize,
    name: String,
}

/// The integers of an argument.
pub(super) type IntegerArgument = NumberArgument<Int64Type>;

impl Integer {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A text that is no number.
    pub(super) fn of(&self, values: &Values<'_>) -> Result<IntegerArgument, String> {
        NumberArgument::of(value(values, self.index)?, |array| integers(array, &self.name, self.index))
    }
}

/// An argument that is read as double.
#[derive(Clone, Debug)]
pub(super) struct Double {
    index: usize,
    name: String,
}

/// The doubles of an argument.
pub(super) type DoubleArgument = NumberArgument<Float64Type>;

impl Double {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A text that is no number.
    pub(super) fn of(&self, values: &Values<'_>) -> Result<DoubleArgument, String> {
        NumberArgument::of(value(values, self.index)?, |array| doubles(array, &self.name, self.index))
    }
}

/// The numbers of an argument.
#[derive(Clone, Debug)]
pub(super) enum NumberArgument<T: ArrowPrimitiveType> {
    /// One for all rows.
    Scalar(Option<T::Native>),
    /// One for each row.
    Array(PrimitiveArray<T>),
}

impl<T: ArrowPrimitiveType> NumberArgument<T> {
    fn of(
        value: &ColumnarValue,
        convert: impl FnOnce(&ArrayRef) -> Result<PrimitiveArray<T>, String>,
    ) -> Result<Self, String> {
        Ok(match value {
            ColumnarValue::Scalar(scalar) => {
                let array = scalar.to_array().map_err(|e| e.to_string())?;
                Self::Scalar(convert(&array)?.iter().next().flatten())
            }
            ColumnarValue::Array(array) => Self::Array(convert(array)?),
        })
    }

    /// The number of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<T::Native> {
        match self {
            NumberArgument::Scalar(number) => *number,
            NumberArgument::Array(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
        }
    }
}

/// An argument that is read as boolean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boolean {
    index: usize,
}

/// The booleans of an argument.
#[derive(Clone, Debug)]
pub(super) enum BooleanArgument {
    /// One for all rows.
    Scalar(Option<bool>),
    /// One for each row.
    Array(BooleanArray),
}

impl Boolean {
    /// Its values of a batch.
    ///
    /// # Errors
    /// A value of another type than the call was bound for.
    pub(super) fn of(self, values: &Values<'_>) -> Result<BooleanArgument, String> {
        Ok(match value(values, self.index)? {
            ColumnarValue::Scalar(ScalarValue::Boolean(value)) => BooleanArgument::Scalar(*value),
            ColumnarValue::Scalar(scalar) if scalar.is_null() => BooleanArgument::Scalar(None),
            ColumnarValue::Array(array) if *array.data_type() == ArrowType::Null => {
                BooleanArgument::Scalar(None)
            }
            ColumnarValue::Array(array) => match array.as_boolean_opt() {
                Some(values) => BooleanArgument::Array(values.clone()),
                None => return Err(format!("{} is no boolean", array.data_type())),
            },
            ColumnarValue::Scalar(scalar) => return Err(format!("{scalar} is no boolean")),
        })
    }
}

impl BooleanArgument {
    /// The boolean of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<bool> {
        match self {
            BooleanArgument::Scalar(value) => *value,
            BooleanArgument::Array(values) => values.is_valid(row).then(|| values.value(row)),
        }
    }
}

/// The texts of any values: text is shared, bytes are read as UTF-8, all else takes its Java text.
pub(super) fn texts_of(array: &ArrayRef, data_type: &DataType) -> StringArray {
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.clone();
    }
    if let Some(bytes) = array.as_binary_opt::<i32>() {
        return bytes.iter().map(|value| value.map(String::from_utf8_lossy)).collect();
    }
    let texts = JavaText::new(array, data_type);
    let mut column = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut text = String::new();
    for row in 0..array.len() {
        if texts.is_null(row) {
            column.append_null();
        } else {
            text.clear();
            texts.push(row, &mut text);
            column.append_value(&text);
        }
    }
    column.finish()
}

fn integers(array: &ArrayRef, name: &str, index: usize) -> Result<Int64Array, String> {
    match array.data_type() {
        ArrowType::Int64 => Ok(array.as_primitive::<Int64Type>().clone()),
        ArrowType::Float32 | ArrowType::Float64 => {
            Ok(doubles(array, name, index)?.unary::<_, Int64Type>(|value| value as i64))
        }
        ArrowType::Decimal128(_, scale) => {
            let scale = *scale;
            let whole = |value: i128| clamp(whole_of_decimal(i256::from_i128(value), scale));
            Ok(array.as_primitive::<Decimal128Type>().unary::<_, Int64Type>(whole))
        }
        ArrowType::Decimal256(_, scale) => {
            let scale = *scale;
            let whole = |value: i256| clamp(whole_of_decimal(value, scale));
            Ok(array.as_primitive::<Decimal256Type>().unary::<_, Int64Type>(whole))
        }
        ArrowType::Utf8 => parsed(array, name, index, |text| {
            text.parse::<i64>().ok().or_else(|| text.parse::<f64>().ok().map(|value| value as i64))
        }),
        _ => Ok(converted(array, &ArrowType::Int64)?.as_primitive::<Int64Type>().clone()),
    }
}

fn doubles(array: &ArrayRef, name: &str, index: usize) -> Result<Float64Array, String> {
    match array.data_type() {
        ArrowType::Float64 => Ok(array.as_primitive::<Float64Type>().clone()),
        ArrowType::Utf8 => parsed(array, name, index, |text| text.parse().ok()),
        _ => Ok(converted(array, &ArrowType::Float64)?.as_primitive::<Float64Type>().clone()),
    }
}

fn converted(array: &ArrayRef, wanted: &ArrowType) -> Result<ArrayRef, String> {
    cast(array, wanted).map_err(|e| format!("{} can't be made a number: {e}", array.data_type()))
}

fn parsed<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    name: &str,
    index: usize,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, String> {
    let number = |text: &str| {
        parse(text.trim())
            .ok_or_else(|| format!("argument {} of {name} is {}, which is no number", index + 1, shown(text)))
    };
    array.as_string::<i32>().iter().map(|text| text.map(number).transpose()).collect()
}

/// The digits in front of the point.
fn whole_of_decimal(value: i256, scale: i8) -> i256 {
    let power = i256::from_i128(10).checked_pow(u32::from(scale.unsigned_abs()));
    match power {
        Some(power) if scale >= 0 => value.checked_div(power).unwrap_or(i256::ZERO),
        Some(power) => {
            value.checked_mul(power).unwrap_or(if value.is_negative() { i256::MIN } else { i256::MAX })
        }
        None => i256::ZERO,
    }
}

fn clamp(value: i256) -> i64 {
    value.to_i128().and_then(|value| i64::try_from(value).ok()).unwrap_or(if value.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    })
}
