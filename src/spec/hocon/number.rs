//! Numbers as the job language reads them, with the spelling of the text kept.

use crate::options::Tree;

/// A number and how it was written: joined with other text, the spelling counts (`v${a}` with `a = 1.50`).
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    text: String,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Long(i64),
    Double(f64),
}

impl Number {
    /// The number that `text` (digits, signs, points, exponents) spells, if it spells one: `007`, `1.`, `-.5` and
    /// `1.e3` do; integers beyond 64 bits and doubles beyond all bounds don't, they stay text.
    pub fn parse(text: &str) -> Option<Self> {
        let value = if text.contains(['.', 'e', 'E']) {
            let double: f64 = text.parse().ok()?;
            if double.is_infinite() {
                return None;
            }
            Value::Double(double)
        } else {
            Value::Long(text.parse().ok()?)
        };
        Some(Self { text: text.to_owned(), value })
    }

    /// Its spelling.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its value.
    pub fn to_tree(&self) -> Tree {
        match self.value {
            Value::Long(value) => Tree::Int(value),
            Value::Double(value) => Tree::Double(value),
        }
    }
}

/// Whether JSON's own grammar allows this number.
pub fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| -> usize { text.bytes().take_while(u8::is_ascii_digit).count() };
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_numbers() {
        for (text, value) in [
            ("007", Some(Tree::Int(7))),
            ("-0", Some(Tree::Int(0))),
            ("1.", Some(Tree::Double(1.0))),
            ("-.5", Some(Tree::Double(-0.5))),
            ("1.e3", Some(Tree::Double(1000.0))),
            ("1e+3", Some(Tree::Double(1000.0))),
            ("1e", None),
            ("-", None),
            ("1-2", None),
            ("1.2.3", None),
            ("9223372036854775808", None),
            ("1e400", None),
        ] {
            assert_eq!(Number::parse(text).map(|n| n.to_tree()), value, "{text}");
        }
    }

    #[test]
    fn json_is_stricter() {
        for text in ["0", "-0", "10", "1.5", "1e3", "1.5E-3"] {
            assert!(is_json_number(text), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "1.5.1", "--1"] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
