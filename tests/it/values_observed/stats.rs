//! Numbers about generated rows: how many, how long, how different.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The columns of JSON lines: name and values.
pub fn read(lines: &str) -> Value {
    let mut columns: Map<String, Value> = Map::new();
    let mut rows = 0;
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let row: Map<String, Value> = serde_json::from_str(line).expect("a row of JSON");
        rows += 1;
        for (name, value) in row {
            let values = columns.entry(name).or_insert(json!([]));
            values.as_array_mut().expect("a list").push(value);
        }
    }
    json!({ "rows": rows, "columns": columns })
}

/// Whether all values lie between the bounds.
pub fn ranges(ranges: &Value, found: &Value) -> Result<(), String> {
    for (name, range) in ranges.as_object().into_iter().flatten() {
        for value in values(found, name) {
            let number = number(value);
            if !(self::number(&range[0])..=self::number(&range[1])).contains(&number) {
                return Err(format!("{name}: {number} is not in {range}"));
            }
        }
    }
    Ok(())
}

/// Whether the rows have the wanted look; with `now`, their values are not compared.
pub fn same(wanted: &Value, found: &Value, now: bool) -> Result<(), String> {
    equal("rows", &wanted["rows"], &found["rows"])?;
    let wanted = wanted["columns"].as_object().ok_or("no columns")?;
    equal("columns", &wanted.len(), &found["columns"].as_object().map_or(0, Map::len))?;
    for (name, wanted) in wanted {
        column(wanted, values(found, name), now).map_err(|message| format!("{name}: {message}"))?;
    }
    Ok(())
}

fn column(wanted: &Value, found: &[Value], now: bool) -> Result<(), String> {
    let int = |key: &str| wanted[key].as_u64().unwrap_or_default() as usize;
    let values: Vec<&Value> = found.iter().filter(|value| !value.is_null()).collect();
    let nulls = found.len() - values.len();
    equal("whether there are nulls", &(int("nulls") > 0), &(nulls > 0))?;
    if now {
        return Ok(());
    }
    let texts: BTreeSet<String> = values.iter().map(|value| value.to_string()).collect();
    // random values are equal now and then
    let least = int("distinct").saturating_sub(nulls.min(1)) / 2;
    if texts.len() < least {
        return Err(format!("{} distinct values, less than {least}", texts.len()));
    }
    // long texts are random, however few there are
    let listed = wanted["values"].as_array().map_or(&[][..], Vec::as_slice);
    if !listed.is_empty() && listed.iter().all(|value| value.to_string().len() < 42) {
        let listed: BTreeSet<String> = listed.iter().map(plain).collect();
        equal("values", &listed, &values.iter().map(|value| plain(value)).collect())?;
    }
    let lengths: BTreeSet<usize> = values.iter().filter_map(|value| length(value)).collect();
    if let (Some(least), Some(most), [low, high]) =
        (lengths.first(), lengths.last(), wanted["length"].as_array().map_or(&[][..], Vec::as_slice))
    {
        equal("lengths", &(low.as_u64(), high.as_u64()), &(Some(*least as u64), Some(*most as u64)))?;
    }
    Ok(())
}

/// A number or a text, in one spelling.
fn plain(value: &Value) -> String {
    let number = number(value);
    if number.is_nan() {
        value.as_str().map_or_else(|| value.to_string(), |text| text.trim_matches('"').to_owned())
    } else {
        number.to_string()
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(list) => Some(list.len()),
        Value::Object(map) => Some(map.len()),
        _ => None,
    }
}

fn values<'a>(found: &'a Value, name: &str) -> &'a [Value] {
    found["columns"][name].as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.trim_matches('"').parse().ok()).unwrap_or(f64::NAN)
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, found: &T) -> Result<(), String> {
    if wanted == found { Ok(()) } else { Err(format!("{what}: {found:?} instead of {wanted:?}")) }
}
