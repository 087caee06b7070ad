//! CAST and TRY_CAST.

use super::binder::{Binder, Effect};
use crate::model::nearest;
use crate::table::DataType;
use crate::transforms::sql::expression::{Typed, shown};
use crate::transforms::sql::kernel::cast;
use sqlparser::ast::Expr;

/// The types that a value can be cast to, by their names.
const TYPES: &[(&str, DataType)] = &[
    ("STRING", DataType::String),
    ("VARCHAR", DataType::String),
    ("CHAR", DataType::String),
    ("TEXT", DataType::String),
    ("TINYINT", DataType::TinyInt),
    ("BYTE", DataType::TinyInt),
    ("SMALLINT", DataType::SmallInt),
    ("INT", DataType::Int),
    ("INTEGER", DataType::Int),
    ("BIGINT", DataType::BigInt),
    ("LONG", DataType::BigInt),
    ("FLOAT", DataType::Float),
    ("REAL", DataType::Float),
    ("DOUBLE", DataType::Double),
    ("DOUBLE PRECISION", DataType::Double),
    ("DECIMAL", DataType::Decimal(38, 18)),
    ("NUMERIC", DataType::Decimal(38, 18)),
    ("BOOLEAN", DataType::Boolean),
    ("BOOL", DataType::Boolean),
    ("BYTES", DataType::Bytes),
    ("BINARY", DataType::Bytes),
    ("VARBINARY", DataType::Bytes),
    ("TIMESTAMP", DataType::Timestamp),
    ("DATETIME", DataType::Timestamp),
    ("TIMESTAMP_TZ", DataType::TimestampTz),
    ("TIMESTAMPTZ", DataType::TimestampTz),
    ("TIMESTAMP WITH TIME ZONE", DataType::TimestampTz),
    ("DATE", DataType::Date),
    ("TIME", DataType::Time),
];

/// The type of that name; a length is of no meaning, precision and scale of a decimal are.
fn type_of(name: &str) -> Result<DataType, String> {
    let (base, arguments) = match name.split_once('(') {
        Some((base, rest)) => (base.trim(), rest.split_once(')').map(|(arguments, _)| arguments)),
        None => (name.trim(), None),
    };
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(base)).ok_or_else(|| {
        let hint = match nearest(base, TYPES.iter().map(|(known, _)| *known)) {
            Some(near) => format!("did you mean {near}?"),
            None => "allowed: STRING, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p, s), BOOLEAN, BYTES, \
                     DATE, TIME, TIMESTAMP, TIMESTAMP_TZ"
                .into(),
        };
        format!("{base} is not a type that CAST knows; {hint}")
    })?;
    match (&found.1, arguments) {
        (DataType::Decimal(..), Some(arguments)) => decimal(arguments),
        (data_type, _) => Ok(data_type.clone()),
    }
}

fn decimal(arguments: &str) -> Result<DataType, String> {
    let wrong = || {
        format!("DECIMAL({arguments}) is not a type; allowed: a precision of 1 to 76 and a scale up to it")
    };
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().map_err(|_| wrong())?;
    let scale: i8 = scale.trim().parse().map_err(|_| wrong())?;
    let fits = (1..=76).contains(&precision) && scale >= 0 && scale.unsigned_abs() <= precision;
    if fits { Ok(DataType::Decimal(precision, scale)) } else { Err(wrong()) }
}

impl Binder<'_> {
    pub(super) fn cast(
        &mut self,
        whole: &Expr,
        value: &Expr,
        to: &str,
        is_try: bool,
    ) -> Result<Typed, String> {
        let value = self.bind(value)?;
        self.cast_value(&shown(&whole.to_string()), value, to, is_try)
    }

    pub(super) fn cast_value(
        &mut self,
        text: &str,
        value: Typed,
        to: &str,
        is_try: bool,
    ) -> Result<Typed, String> {
        let to = type_of(to).map_err(|e| format!("{text}: {e}"))?;
        self.convert(text, value, &to, is_try)
    }

    /// The value in another type; what can't be converted fails, or is null with `is_try`.
    pub(super) fn convert(
        &self,
        text: &str,
        value: Typed,
        to: &DataType,
        is_try: bool,
    ) -> Result<Typed, String> {
        if value.data_type == *to {
            return Ok(value);
        }
        let kernel = cast::kernel(&value.data_type, to, is_try).map_err(|e| format!("{text}: {e}"))?;
        let effect = if is_try { Effect::Total } else { Effect::MayFail };
        self.apply(text, vec![value], to.clone(), kernel, effect)
    }
}
