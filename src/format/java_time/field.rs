//! The fields that letters stand for, and their English names.

/// Names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Names of the days of the week, from Monday.
pub const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];
const SHORT_QUARTERS: [&str; 4] = ["Q1", "Q2", "Q3", "Q4"];
const ERAS: [&str; 2] = ["Before Christ", "Anno Domini"];
const SHORT_ERAS: [&str; 2] = ["BC", "AD"];
const HALVES: [&str; 2] = ["AM", "PM"];

/// What a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    YearOfEra,
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Weekday,
    /// From Sunday, 1.
    LocalWeekday,
    WeekOfMonth,
    WeekOfYear,
    WeekYear,
    Half,
    Hour,
    ClockHour,
    HourOfHalf,
    ClockHourOfHalf,
    Minute,
    Second,
    Nano,
    NanoOfDay,
    MilliOfDay,
}

/// Count of the fields.
pub(super) const FIELDS: usize = Field::MilliOfDay as usize + 1;

/// How long a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Short,
    Full,
    /// One letter.
    Narrow,
}

impl Field {
    pub(super) fn of_letter(letter: char) -> Option<Field> {
        Some(match letter {
            'G' => Field::Era,
            'y' => Field::YearOfEra,
            'u' => Field::Year,
            'Q' | 'q' => Field::Quarter,
            'M' | 'L' => Field::Month,
            'D' => Field::DayOfYear,
            'd' => Field::Day,
            'E' => Field::Weekday,
            'e' | 'c' => Field::LocalWeekday,
            'W' => Field::WeekOfMonth,
            'w' => Field::WeekOfYear,
            'Y' => Field::WeekYear,
            'a' => Field::Half,
            'H' => Field::Hour,
            'k' => Field::ClockHour,
            'K' => Field::HourOfHalf,
            'h' => Field::ClockHourOfHalf,
            'm' => Field::Minute,
            's' => Field::Second,
            'S' | 'n' => Field::Nano,
            'N' => Field::NanoOfDay,
            'A' => Field::MilliOfDay,
            _ => return None,
        })
    }

    /// Whether it is of the date, not of the time of day.
    pub(super) fn is_of_date(self) -> bool {
        (self as usize) < Field::Half as usize
    }

    /// Whether it can be printed only: where a week begins differs from place to place.
    pub(super) fn is_print_only(self) -> bool {
        matches!(self, Field::LocalWeekday | Field::WeekOfMonth | Field::WeekOfYear | Field::WeekYear)
    }

    /// What it is called in a refusal.
    pub(super) fn title(self) -> &'static str {
        match self {
            Field::Era => "era",
            Field::YearOfEra => "year of era",
            Field::Year | Field::WeekYear => "year",
            Field::Quarter => "quarter",
            Field::Month => "month",
            Field::DayOfYear => "day of year",
            Field::Day => "day",
            Field::Weekday | Field::LocalWeekday => "day of week",
            Field::WeekOfMonth | Field::WeekOfYear => "week",
            Field::Half => "half of the day",
            Field::Hour | Field::ClockHour | Field::HourOfHalf | Field::ClockHourOfHalf => "hour",
            Field::Minute => "minute",
            Field::Second => "second",
            Field::Nano => "fraction of a second",
            Field::NanoOfDay => "nanosecond of the day",
            Field::MilliOfDay => "millisecond of the day",
        }
    }

    /// Its names and the value of the first one.
    fn names(self, length: Length) -> (&'static [&'static str], i64) {
        match (self, length) {
            (Field::Month, _) => (&MONTHS, 1),
            (Field::Weekday, _) => (&WEEKDAYS, 1),
            (Field::Quarter, Length::Full) => (&QUARTERS, 1),
            (Field::Quarter, _) => (&SHORT_QUARTERS, 1),
            (Field::Era, Length::Full) => (&ERAS, 0),
            (Field::Era, _) => (&SHORT_ERAS, 0),
            (Field::Half, _) => (&HALVES, 0),
            _ => (&[], 0),
        }
    }

    /// The name of a value.
    pub(super) fn name(self, value: i64, length: Length) -> &'static str {
        let (names, first) = self.names(length);
        let at = usize::try_from(value - first).unwrap_or(usize::MAX);
        names.get(at).map_or("", |name| self.cut(name, length))
    }

    /// The value whose name the text begins with, and the name's length.
    pub(super) fn value_of(self, text: &str, length: Length) -> Option<(i64, usize)> {
        let (names, first) = self.names(length);
        names
            .iter()
            .zip(first..)
            .map(|(name, value)| (value, self.cut(name, length)))
            .filter(|(_, name)| text.starts_with(name))
            .max_by_key(|(_, name)| name.len())
            .map(|(value, name)| (value, name.len()))
    }

    fn cut(self, name: &'static str, length: Length) -> &'static str {
        let short = match (self, length) {
            (Field::Month | Field::Weekday, Length::Short) => name.get(..3),
            (Field::Quarter, Length::Narrow) => name.get(1..),
            (Field::Month | Field::Weekday | Field::Era, Length::Narrow) => name.get(..1),
            _ => None,
        };
        short.unwrap_or(name)
    }
}
