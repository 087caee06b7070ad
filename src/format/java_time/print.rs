//! Prints a moment by a pattern.

use super::field::Field;
use super::moment::Moment;
use super::pattern::{Form, Item, Number, Sign, TimePattern};
use std::fmt::Write;

impl TimePattern {
    /// Appends the text of a moment. A field that the moment doesn't have is left out; ask [`TimePattern::missing`]
    /// before.
    pub fn print(&self, moment: &Moment, out: &mut String) {
        for item in &self.items {
            // what is missing here was refused by who asked
            push(item, moment, out).unwrap_or_default();
        }
    }

    /// The text of a moment, as [`TimePattern::print`] writes it.
    #[must_use]
    pub fn text_of(&self, moment: &Moment) -> String {
        let mut out = String::new();
        self.print(moment, &mut out);
        out
    }
}

/// None if the moment lacks the field.
fn push(item: &Item, moment: &Moment, out: &mut String) -> Option<()> {
    match item {
        Item::Text(text) => out.push_str(text),
        Item::Field(_, field, form) => push_field(out, *field, *form, moment.value(*field)?),
        Item::Offset(letter, count) => push_offset(out, *letter, *count, moment.offset?),
        Item::Optional(items) => {
            let before = out.len();
            if items.iter().try_for_each(|item| push(item, moment, out)).is_none() {
                out.truncate(before);
            }
        }
    }
    Some(())
}

fn push_field(out: &mut String, field: Field, form: Form, value: i64) {
    let written = match form {
        Form::Name(length) => {
            out.push_str(field.name(value, length));
            Ok(())
        }
        Form::TwoDigitYear { .. } => write!(out, "{:02}", value.unsigned_abs() % 100),
        Form::Fraction(width) => {
            let dropped = u32::try_from(9usize.saturating_sub(width)).unwrap_or(0);
            write!(out, "{:0width$}", value / 10i64.pow(dropped))
        }
        Form::Number(Number { min, sign, .. }) => {
            if value < 0 {
                out.push('-');
            } else if sign == Sign::NegativeOrLong && digits_of(value) > min {
                out.push('+');
            }
            write!(out, "{:0min$}", value.unsigned_abs())
        }
    };
    // writing to a String can't fail
    written.unwrap_or_default();
}

fn digits_of(value: i64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// `+08`, `+0800`, `+08:00`, `GMT+8`; `X` and `ZZZZZ` write `Z` for zero.
fn push_offset(out: &mut String, letter: char, count: usize, offset: i32) {
    if offset == 0 && (letter == 'X' || (letter, count) == ('Z', 5)) {
        return out.push('Z');
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
    let written = match (letter, count) {
        ('O', _) | ('Z', 4) if offset == 0 => write!(out, "GMT"),
        ('O', 1) if minutes == 0 && seconds == 0 => write!(out, "GMT{sign}{hours}"),
        ('O', 1) => write!(out, "GMT{sign}{hours}:{minutes:02}"),
        ('O', _) | ('Z', 4) => write!(out, "GMT{sign}{hours:02}:{minutes:02}"),
        ('X' | 'x', 1) if minutes == 0 => write!(out, "{sign}{hours:02}"),
        ('X' | 'x', 3 | 5) | ('Z', 5) => write!(out, "{sign}{hours:02}:{minutes:02}"),
        _ => write!(out, "{sign}{hours:02}{minutes:02}"),
    };
    let has_seconds = seconds != 0 && (letter == 'O' || count >= 4);
    let with_seconds = match (letter, count) {
        _ if !has_seconds => Ok(()),
        ('X' | 'x', 4) => write!(out, "{seconds:02}"),
        _ => write!(out, ":{seconds:02}"),
    };
    // writing to a String can't fail
    written.and(with_seconds).unwrap_or_default();
}
