//! Units of time, as texts name them.

use super::arguments::Text;
use crate::model::nearest;
use crate::model::shown;
use crate::transforms::sql::function::{Call, Values};

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub(super) const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub(super) const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    /// Whole days between two timestamps, not between their dates.
    DayTime,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

const UNITS: [(&str, Unit); 11] = [
    ("YEAR", Unit::Year),
    ("QUARTER", Unit::Quarter),
    ("MONTH", Unit::Month),
    ("WEEK", Unit::Week),
    ("DAY", Unit::Day),
    ("DAYTIME", Unit::DayTime),
    ("HOUR", Unit::Hour),
    ("MINUTE", Unit::Minute),
    ("SECOND", Unit::Second),
    ("MILLISECOND", Unit::Millisecond),
    ("MICROSECOND", Unit::Microsecond),
];

impl Unit {
    /// Microseconds of a unit that always has as many.
    pub(super) fn micros(self) -> Option<i64> {
        Some(match self {
            Unit::Year | Unit::Quarter | Unit::Month => return None,
            Unit::Week => 7 * MICROS_PER_DAY,
            Unit::Day | Unit::DayTime => MICROS_PER_DAY,
            Unit::Hour => MICROS_PER_HOUR,
            Unit::Minute => MICROS_PER_MINUTE,
            Unit::Second => MICROS_PER_SECOND,
            Unit::Millisecond => 1000,
            Unit::Microsecond => 1,
        })
    }

    /// Months of a unit that has months.
    pub(super) fn months(self) -> Option<i64> {
        match self {
            Unit::Year => Some(12),
            Unit::Quarter => Some(3),
            Unit::Month => Some(1),
            _ => None,
        }
    }

    /// Whether it is shorter than a day.
    pub(super) fn is_of_time(self) -> bool {
        self.micros().is_some_and(|micros| micros < MICROS_PER_DAY)
    }
}

/// An optional argument that names a unit; `DAY` if it isn't given or null.
#[derive(Clone, Debug)]
pub(super) enum UnitArgument {
    /// The same for all rows.
    Known(Unit),
    /// One for each row.
    Text { text: Text, function: String, excluded: &'static [Unit] },
}

impl UnitArgument {
    /// The unit argument of a call, one that isn't excluded.
    ///
    /// # Errors
    /// A literal that names no unit: with those that are allowed.
    pub(super) fn bind(call: &Call<'_>, index: usize, excluded: &'static [Unit]) -> Result<Self, String> {
        if !call.has(index) || call.is_null(index) {
            return Ok(UnitArgument::Known(Unit::Day));
        }
        if call.literal(index).is_none() {
            return Ok(UnitArgument::Text { text: call.text(index), function: call.name.into(), excluded });
        }
        let text = call.literal_text(index).unwrap_or_default();
        parse(call.name, &text, excluded).map(UnitArgument::Known)
    }

    /// The units of a batch.
    ///
    /// # Errors
    /// A text that names no unit.
    pub(super) fn of(&self, values: &Values<'_>) -> Result<Units, String> {
        match self {
            UnitArgument::Known(unit) => Ok(Units::Same(*unit)),
            UnitArgument::Text { text, function, excluded } => {
                let texts = text.of(values)?;
                let unit = |row| texts.get(row).map_or(Ok(Unit::Day), |text| parse(function, text, excluded));
                (0..values.rows).map(unit).collect::<Result<_, _>>().map(Units::Each)
            }
        }
    }
}

/// The units of a batch.
pub(super) enum Units {
    /// One for all rows.
    Same(Unit),
    /// One for each row.
    Each(Vec<Unit>),
}

impl Units {
    /// The unit of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Unit {
        match self {
            Units::Same(unit) => *unit,
            Units::Each(units) => units.get(row).copied().unwrap_or(Unit::Day),
        }
    }
}

fn parse(function: &str, text: &str, excluded: &[Unit]) -> Result<Unit, String> {
    let allowed = || UNITS.iter().filter(|(_, unit)| !excluded.contains(unit));
    if let Some((_, unit)) = allowed().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(*unit);
    }
    let names: Vec<&str> = allowed().map(|(name, _)| *name).collect();
    let hint =
        nearest(text, names.iter().copied()).map_or(String::new(), |name| format!(" (did you mean {name}?)"));
    Err(format!("{function} knows no unit {}{hint}; allowed are {}", shown(text), names.join(", ")))
}
