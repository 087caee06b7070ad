//! Decimal numbers as the digits of their texts.

/// A decimal text rounded half away from zero to places behind the point (or zeros before it); as many places are
/// written as were given.
pub(crate) fn round(text: &str, places: i32) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let (whole, behind) = text.split_once('.').unwrap_or((text, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(behind.bytes()).map(|digit| digit - b'0').collect();
    let kept = whole.len() as i32 + places;
    if kept < digits.len() as i32 {
        let mut carry = kept >= 0 && digits[kept as usize] >= 5;
        let from = kept.max(0) as usize;
        digits[from..].fill(0);
        for digit in digits[..from].iter_mut().rev() {
            if carry {
                carry = *digit == 9;
                *digit = if carry { 0 } else { *digit + 1 };
            }
        }
        if carry {
            digits.insert(0, 1);
        }
    }
    let point = digits.len() - behind.len();
    let shown: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    let (whole, behind) = shown.split_at(point);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let is_zero = digits.iter().all(|digit| *digit == 0);
    let sign = if is_zero { "" } else { sign };
    if behind.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{behind}") }
}

/// What is left of a number when the divisor has been taken away as often as it fits.
pub(crate) fn remainder(value: i64, divisor: i64) -> i64 {
    let size = i128::from(divisor).abs();
    let mut rest = i128::from(value).abs();
    for shift in (0..64).rev() {
        let step = size << shift;
        while rest >= step {
            rest -= step;
        }
    }
    (if value < 0 { -rest } else { rest }) as i64
}
