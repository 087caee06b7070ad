//! Reads a text by a pattern into field values; strict in its form, as Java's formatter is.

use super::field::{FIELDS, Field, Length};
use super::pattern::{Form, Item, Number, Sign, TimePattern};

/// The values that were read, one per field.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values([Option<i64>; FIELDS]);

impl Values {
    pub(super) fn get(&self, field: Field) -> Option<i64> {
        self.0.get(field as usize).copied().flatten()
    }

    /// False if the field has another value already.
    fn set(&mut self, field: Field, value: i64) -> bool {
        match self.0.get_mut(field as usize) {
            Some(slot @ None) => {
                *slot = Some(value);
                true
            }
            Some(Some(known)) => *known == value,
            None => false,
        }
    }
}

/// A text that is being read: how far, and what was found.
struct Reading<'a> {
    text: &'a str,
    at: usize,
    values: Values,
}

impl TimePattern {
    /// The values in a text, which has nothing but what the pattern describes.
    ///
    /// # Errors
    /// The byte where the text is not as the pattern says.
    pub(super) fn read(&self, text: &str) -> Result<Values, usize> {
        let mut reading = Reading { text, at: 0, values: Values::default() };
        if read_all(&self.items, &mut reading).is_none() || reading.at < text.len() {
            return Err(reading.at);
        }
        Ok(reading.values)
    }
}

fn read_all(items: &[Item], reading: &mut Reading<'_>) -> Option<()> {
    items.iter().try_for_each(|item| read(item, reading))
}

fn read(item: &Item, reading: &mut Reading<'_>) -> Option<()> {
    match item {
        Item::Text(text) => {
            if !reading.rest().starts_with(text.as_str()) {
                return None;
            }
            reading.at += text.len();
            Some(())
        }
        Item::Field(_, field, form) => {
            let (value, length) = match form {
                Form::Number(number) => signed(reading.rest(), *number)?,
                Form::TwoDigitYear { reserved } => {
                    let digits = Number { min: 2, max: 2, sign: Sign::Never, reserved: *reserved };
                    let (value, length) = signed(reading.rest(), digits)?;
                    (2000 + value, length)
                }
                Form::Fraction(width) => {
                    let digits = digits_of(reading.rest(), *width);
                    if digits.len() < *width {
                        return None;
                    }
                    (format!("{digits:0<9}").parse().ok()?, *width)
                }
                // more than one month begins with the same letter: Java reads the number instead
                Form::Name(Length::Narrow) => {
                    signed(reading.rest(), Number { min: 1, max: 19, sign: Sign::Negative, reserved: 0 })?
                }
                Form::Name(length) => field.value_of(reading.rest(), *length)?,
            };
            if !reading.values.set(*field, value) {
                return None;
            }
            reading.at += length;
            Some(())
        }
        Item::Offset(letter, count) => {
            reading.at += offset_length(reading.rest(), *letter, *count)?;
            Some(())
        }
        Item::Optional(items) => {
            let (at, values) = (reading.at, reading.values);
            if read_all(items, reading).is_none() {
                (reading.at, reading.values) = (at, values);
            }
            Some(())
        }
    }
}

impl<'a> Reading<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn digits_of(text: &str, most: usize) -> &str {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    text.get(..end).unwrap_or_default()
}

/// A number with its sign, and how long it is.
fn signed(text: &str, number: Number) -> Option<(i64, usize)> {
    let sign = text.bytes().next().filter(|byte| matches!(byte, b'+' | b'-'));
    let is_allowed = match sign {
        None => true,
        Some(b'-') => number.sign != Sign::Never,
        Some(_) => number.sign == Sign::NegativeOrLong,
    };
    let skipped = usize::from(sign.is_some());
    let text = text.get(skipped..).filter(|_| is_allowed)?;
    let mut digits = digits_of(text, number.max + number.reserved);
    if number.reserved > 0 {
        // what follows has a fixed width, and this one the rest
        let length = digits.len().saturating_sub(number.reserved).max(number.min);
        digits = digits_of(text, length);
    }
    if digits.len() < number.min {
        return None;
    }
    let value: i64 = digits.parse().ok()?;
    let value = match sign {
        Some(b'-') if value == 0 => return None,
        Some(b'-') => -value,
        // a plus says that there are more digits than the least, and they need it
        _ if number.sign == Sign::NegativeOrLong && sign.is_some() != (digits.len() > number.min) => {
            return None;
        }
        _ => value,
    };
    Some((value, skipped + digits.len()))
}

/// How long an offset from UTC is; its value has no effect on a local date or time.
fn offset_length(text: &str, letter: char, count: usize) -> Option<usize> {
    if text.starts_with('Z') && (letter == 'X' || (letter, count) == ('Z', 5)) {
        return Some(1);
    }
    let has_colons = matches!((letter, count), ('X' | 'x', 3 | 5) | ('Z', 5));
    let rest = text.strip_prefix(['+', '-'])?;
    let (hours, mut rest) = two_digits(rest).filter(|(hours, _)| *hours <= 18)?;
    let mut parts = 1;
    while parts < 3 {
        let part = if has_colons { rest.strip_prefix(':').and_then(two_digits) } else { two_digits(rest) };
        let is_allowed = parts == 1 || ((letter, count) != ('X', 1) && count >= 4);
        match part.filter(|(value, _)| is_allowed && *value < 60) {
            Some((_, behind)) => rest = behind,
            None => break,
        }
        parts += 1;
    }
    let needed = if matches!((letter, count), ('X' | 'x', 1)) { 1 } else { 2 };
    (parts >= needed && hours <= 18).then_some(text.len() - rest.len())
}

fn two_digits(text: &str) -> Option<(u32, &str)> {
    let digits = Some(digits_of(text, 2)).filter(|digits| digits.len() == 2)?;
    Some((digits.parse().ok()?, text.get(2..)?))
}
