//! A call that is being bound: its arguments are counted, their types checked, a handle made for each.

use super::boolean::Boolean;
use super::number::{Double, Integer, integers};
use super::text::{Bytes, Text, texts_of};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Values};
use crate::transforms::sql::functions::find;
use arrow::array::new_null_array;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// A call that is null for every row, whatever its other arguments are.
pub(in crate::transforms::sql::functions) fn always_null(result: DataType) -> Bound {
    let arrow = result.to_arrow();
    Bound::new(result, move |values| Ok(new_null_array(&arrow, values.rows)))
}

impl Call<'_> {
    /// Checks how many arguments there are.
    ///
    /// # Errors
    /// Too few or too many: names the function's usage.
    pub(in crate::transforms::sql::functions) fn arity(
        &self,
        allowed: RangeInclusive<usize>,
    ) -> Result<(), String> {
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
    pub(in crate::transforms::sql::functions) fn has(&self, index: usize) -> bool {
        index < self.arguments.len()
    }

    /// Type of an argument; [`DataType::Null`] when it isn't given.
    pub(in crate::transforms::sql::functions) fn type_of(&self, index: usize) -> &DataType {
        self.arguments.get(index).map_or(&DataType::Null, |argument| &argument.data_type)
    }

    /// Whether an argument is the literal null, or a column that is always null.
    pub(in crate::transforms::sql::functions) fn is_null(&self, index: usize) -> bool {
        let literal = self.arguments.get(index).and_then(|argument| argument.literal.as_ref());
        literal.is_some_and(ScalarValue::is_null)
            || (self.has(index) && *self.type_of(index) == DataType::Null)
    }

    /// Whether one of these arguments is the literal null.
    pub(in crate::transforms::sql::functions) fn any_null(&self, indexes: &[usize]) -> bool {
        indexes.iter().any(|index| self.is_null(*index))
    }

    /// The value of an argument, if it is a literal and not null.
    pub(in crate::transforms::sql::functions) fn literal(&self, index: usize) -> Option<&ScalarValue> {
        self.arguments.get(index)?.literal.as_ref().filter(|value| !value.is_null())
    }

    /// The text of an argument, if it is a literal and not null.
    pub(in crate::transforms::sql::functions) fn literal_text(&self, index: usize) -> Option<String> {
        let array = self.literal(index)?.to_array().ok()?;
        texts_of(&array, self.type_of(index)).iter().next().flatten().map(str::to_owned)
    }

    /// The integer of an argument, if it is a literal and not null.
    pub(in crate::transforms::sql::functions) fn literal_integer(&self, index: usize) -> Option<i64> {
        let array = self.literal(index)?.to_array().ok()?;
        integers(&array, self.name, index).ok()?.iter().next().flatten()
    }

    /// An argument as text: what is no text takes its Java text, bytes are read as UTF-8.
    pub(in crate::transforms::sql::functions) fn text(&self, index: usize) -> Text {
        Text { index, data_type: self.type_of(index).clone(), is_plain: false }
    }

    /// An optional argument as text.
    pub(in crate::transforms::sql::functions) fn text_if_given(&self, index: usize) -> Option<Text> {
        self.has(index).then(|| self.text(index))
    }

    /// An argument as text in which a timestamp is `yyyy-MM-dd HH:mm:ss`.
    pub(in crate::transforms::sql::functions) fn plain_text(&self, index: usize) -> Text {
        Text { is_plain: true, ..self.text(index) }
    }

    /// An argument as bytes: what is none is its text in UTF-8.
    pub(in crate::transforms::sql::functions) fn bytes(&self, index: usize) -> Bytes {
        Bytes { text: self.text(index) }
    }

    /// An argument as integer: any number (what is behind the point is cut off), or text that holds one.
    ///
    /// # Errors
    /// An argument of another type.
    pub(in crate::transforms::sql::functions) fn integer(&self, index: usize) -> Result<Integer, String> {
        self.numeric(index)?;
        Ok(Integer { index, name: self.name.to_owned() })
    }

    /// An optional argument as integer.
    ///
    /// # Errors
    /// An argument of another type.
    pub(in crate::transforms::sql::functions) fn integer_if_given(
        &self,
        index: usize,
    ) -> Result<Option<Integer>, String> {
        self.has(index).then(|| self.integer(index)).transpose()
    }

    /// An argument as double: any number, or text that holds one.
    ///
    /// # Errors
    /// An argument of another type.
    pub(in crate::transforms::sql::functions) fn double(&self, index: usize) -> Result<Double, String> {
        self.numeric(index)?;
        Ok(Double { index, name: self.name.to_owned() })
    }

    /// An argument as boolean.
    ///
    /// # Errors
    /// An argument of another type.
    pub(in crate::transforms::sql::functions) fn boolean(&self, index: usize) -> Result<Boolean, String> {
        match self.type_of(index) {
            DataType::Boolean | DataType::Null => Ok(Boolean { index }),
            _ => Err(self.wrong_type(index, "a boolean")),
        }
    }

    /// What is said of an argument of a type that can't be used.
    pub(in crate::transforms::sql::functions) fn wrong_type(&self, index: usize, allowed: &str) -> String {
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
pub(in crate::transforms::sql::functions) fn value<'a>(
    values: &Values<'a>,
    index: usize,
) -> Result<&'a ColumnarValue, String> {
    values.arguments.get(index).ok_or_else(|| format!("argument {} is missing", index + 1))
}
