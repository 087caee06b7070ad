//! Numbers that values are compared with, exactly.

use crate::options::{Tree, convert};
use arrow::datatypes::i256;
use std::fmt;

/// A number of a rule: whole numbers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// A whole number.
    Int(i64),
    /// Any other.
    Double(f64),
}

/// Which end of a range a bound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Values must not be smaller.
    Min,
    /// Values must not be larger.
    Max,
}

impl Bound {
    /// Reads a number, or a text that holds one.
    ///
    /// # Errors
    /// Anything else.
    pub(super) fn read(value: &Tree) -> Result<Self, String> {
        match value {
            Tree::Int(number) => Ok(Bound::Int(*number)),
            Tree::Text(text) => match text.trim().parse() {
                Ok(number) => Ok(Bound::Int(number)),
                Err(_) => convert::to_double(value).map(Bound::Double),
            },
            other => convert::to_double(other).map(Bound::Double),
        }
    }

    /// As a double.
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Bound::Int(number) => number as f64,
            Bound::Double(number) => number,
        }
    }

    /// The outermost whole number that passes, in units of 10^-`scale`; far out for bounds beyond all values.
    pub(super) fn whole(self, end: End, scale: u32) -> i256 {
        let ten = i256::from_i128(10);
        match self {
            Bound::Int(number) => {
                let unit = ten.checked_pow(scale).unwrap_or(i256::MAX);
                let beyond = if number < 0 { i256::MIN } else { i256::MAX };
                i256::from_i128(number.into()).checked_mul(unit).unwrap_or(beyond)
            }
            Bound::Double(number) => whole_of_double(number, end, scale),
        }
    }
}

/// Counts with the shortest decimal digits that mean this double, as the author wrote them.
fn whole_of_double(number: f64, end: End, scale: u32) -> i256 {
    if !number.is_finite() {
        return if number < 0.0 { i256::MIN } else { i256::MAX };
    }
    let text = format!("{}", number.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept = fraction.len().min(scale as usize);
    let (kept, cut) = fraction.split_at(kept);
    let digits = format!("{whole}{kept}{}", "0".repeat(scale as usize - kept.len()));
    let Some(mut value) = i256::from_string(&digits) else {
        return if number < 0.0 { i256::MIN } else { i256::MAX };
    };
    let negative = number < 0.0;
    // Cutting digits off goes towards zero; the bound must not let more pass than was asked for.
    let outwards = matches!((end, negative), (End::Min, false) | (End::Max, true));
    if outwards && cut.bytes().any(|digit| digit != b'0') {
        value = value.wrapping_add(i256::ONE);
    }
    if negative { value.wrapping_neg() } else { value }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::model::java::double_text(self.as_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_become_whole_numbers_that_let_nothing_more_pass() {
        for (bound, end, scale, expected) in [
            (Bound::Double(4.5), End::Min, 0, 5),
            (Bound::Double(4.5), End::Max, 0, 4),
            (Bound::Double(-4.5), End::Min, 0, -4),
            (Bound::Double(-4.5), End::Max, 0, -5),
            (Bound::Double(1.15), End::Max, 2, 115),
            (Bound::Double(1.15), End::Min, 1, 12),
            (Bound::Int(7), End::Max, 2, 700),
            (Bound::Double(3.0), End::Min, 3, 3000),
        ] {
            assert_eq!(bound.whole(end, scale), i256::from_i128(expected), "{bound:?} {end:?} {scale}");
        }
        assert_eq!(Bound::Double(f64::INFINITY).whole(End::Max, 0), i256::MAX);
        assert_eq!(Bound::Double(-1e300).whole(End::Min, 0), i256::MIN);
    }
}
