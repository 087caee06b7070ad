//! By characters.

use super::{text, units};

pub(in crate::transforms::sql::functions::tests) fn ascii(s: &str) -> Option<i64> {
    units(s).first().map(|unit| i64::from(*unit))
}

pub(in crate::transforms::sql::functions::tests) fn char_of(code: i64) -> String {
    text(&[code.rem_euclid(65536) as u16])
}

pub(in crate::transforms::sql::functions::tests) fn raw_to_hex(s: &str) -> String {
    units(s).iter().map(|unit| format!("{unit:04x}")).collect()
}

pub(in crate::transforms::sql::functions::tests) fn hex_to_raw(s: &str) -> Option<String> {
    let bytes = s.as_bytes();
    if !bytes.len().is_multiple_of(4) || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let unit = |at: usize| u16::from_str_radix(&s[at..at + 4], 16).unwrap();
    Some(text(&(0..bytes.len()).step_by(4).map(unit).collect::<Vec<_>>()))
}

pub(in crate::transforms::sql::functions::tests) fn repeat(s: &str, n: i64) -> String {
    (0..n).map(|_| s).collect()
}

pub(in crate::transforms::sql::functions::tests) fn trim(
    s: &str,
    c: Option<&str>,
    at_left: bool,
    at_right: bool,
) -> String {
    let c = c.and_then(|c| c.chars().next()).unwrap_or(' ');
    let mut all: Vec<char> = s.chars().collect();
    while at_left && all.first() == Some(&c) {
        all.remove(0);
    }
    while at_right && all.last() == Some(&c) {
        all.pop();
    }
    all.into_iter().collect()
}

pub(in crate::transforms::sql::functions::tests) fn replace(s: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = s;
    while let Some(c) = rest.chars().next() {
        match rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            Some(behind) => {
                out += to;
                rest = behind;
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

pub(in crate::transforms::sql::functions::tests) fn translate(s: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    s.chars()
        .map(|c| from.chars().position(|f| f == c).and_then(|at| to.get(at).copied()).unwrap_or(c))
        .collect()
}

pub(in crate::transforms::sql::functions::tests) fn concat_ws(
    separator: Option<&str>,
    parts: &[Option<&str>],
) -> String {
    parts.iter().copied().flatten().collect::<Vec<_>>().join(separator.unwrap_or(""))
}

/// Parts between a plain separator, without empty ones at the end.
pub(in crate::transforms::sql::functions::tests) fn split(s: &str, separator: &str) -> Option<Vec<String>> {
    if s.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = if separator.is_empty() {
        s.chars().map(String::from).collect()
    } else {
        s.split(separator).map(str::to_owned).collect()
    };
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Some(parts)
}

/// The rule as it is told: the first letter; then the groups of like consonants, each once where neighbours are alike
/// or only parted by H or W; vowels part them.
pub(in crate::transforms::sql::functions::tests) fn soundex(s: &str) -> String {
    let group = |c: char| match c {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        _ => '7',
    };
    let letters: Vec<char> =
        s.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    let Some(first) = letters.first() else {
        return "0000".into();
    };
    // H and W behind the first letter are not heard
    let heard = letters.iter().enumerate().filter(|(at, c)| *at == 0 || !matches!(c, 'H' | 'W'));
    let mut groups: Vec<char> =
        heard.map(|(_, c)| if matches!(c, 'H' | 'W') { '8' } else { group(*c) }).collect();
    groups.dedup();
    let digits: String =
        groups.into_iter().skip(1).filter(|group| *group < '7').chain("000".chars()).take(3).collect();
    format!("{first}{digits}")
}
