//! By places.

use super::{text, units};

pub(in crate::transforms::sql::functions::tests) fn left(s: &str, n: i64) -> String {
    text(
        &units(s)
            .into_iter()
            .enumerate()
            .filter(|(i, _)| (*i as i64) < n)
            .map(|(_, u)| u)
            .collect::<Vec<_>>(),
    )
}

pub(in crate::transforms::sql::functions::tests) fn right(s: &str, n: i64) -> String {
    let all = units(s);
    let length = all.len() as i64;
    let kept = all.into_iter().enumerate().filter(|(i, _)| length - (*i as i64) <= n);
    text(&kept.map(|(_, u)| u).collect::<Vec<_>>())
}

/// Places from `start` on, as far as there are any; `None` for nothing.
pub(in crate::transforms::sql::functions::tests) fn substring(
    s: &str,
    start: i64,
    length: Option<i64>,
) -> Option<String> {
    let all = units(s);
    let first = match start {
        0 => 1,
        start if start < 0 => all.len() as i128 + i128::from(start) + 1,
        start => i128::from(start),
    };
    let inside =
        |place: i128| place >= first && length.is_none_or(|length| place < first + i128::from(length));
    let kept: Vec<u16> = (1..).zip(all).filter(|(place, _)| inside(*place)).map(|(_, unit)| unit).collect();
    (!kept.is_empty()).then(|| text(&kept))
}

pub(in crate::transforms::sql::functions::tests) fn insert(
    s: &str,
    start: i64,
    length: i64,
    new: &str,
) -> String {
    let all = units(s);
    if start < 1 || start > all.len() as i64 + 1 || length < 1 || new.is_empty() {
        return s.to_owned();
    }
    let end = i128::from(start) + i128::from(length);
    let before = text(&all[..start as usize - 1]);
    let after: Vec<u16> = (1..).zip(all).filter(|(place, _)| *place >= end).map(|(_, unit)| unit).collect();
    before + new + &text(&after)
}

/// Tries every place.
pub(in crate::transforms::sql::functions::tests) fn locate(search: &str, s: &str, start: i64) -> i64 {
    let (all, search) = (units(s), units(search));
    let is_at = |place: &usize| all[*place..].starts_with(&search);
    let found = if start < 0 {
        let last = all.len() as i128 + i128::from(start);
        (0..=all.len()).rev().filter(|place| *place as i128 <= last).find(is_at)
    } else {
        // behind the end is the end
        let first = ((start - 1).max(0) as usize).min(all.len());
        (first..=all.len()).find(is_at)
    };
    found.map_or(0, |place| place as i64 + 1)
}

pub(in crate::transforms::sql::functions::tests) fn pad(
    s: &str,
    n: i64,
    pad: Option<&str>,
    is_left: bool,
) -> String {
    let (all, pad) = (units(s), units(pad.filter(|pad| !pad.is_empty()).unwrap_or(" ")));
    let n = n.max(0) as usize;
    if n <= all.len() {
        return text(&all[..n]);
    }
    let fill: Vec<u16> = (0..n - all.len()).map(|at| pad[at % pad.len()]).collect();
    text(&if is_left { [fill, all].concat() } else { [all, fill].concat() })
}
