//! `metrics`: the sixteen names, values as texts, a key per table from the first moment, and the two names of the
//! API document beside them.

use crate::model::{MetricsSnapshot, TableCount};
use serde_json::{Map, Value, json};

/// Counts are plain integers; rates are plain decimals, averaged over the time that attempts have run.
#[must_use]
pub fn metrics(counts: &MetricsSnapshot) -> Value {
    let seconds = counts.running_ms as f64 / 1000.0;
    let mut out = Map::new();
    for (end, word, tables) in [("Source", "Received", &counts.read), ("Sink", "Write", &counts.written)] {
        let name = format!("{end}{word}");
        let per_table = |value: &dyn Fn(&TableCount) -> String| -> Value {
            tables.iter().map(|t| (t.table.clone(), json!(value(t)))).collect::<Map<_, _>>().into()
        };
        out.insert(format!("Table{name}Count"), per_table(&|t| t.rows.to_string()));
        out.insert(format!("Table{name}QPS"), per_table(&|t| rate(t.rows, seconds)));
        out.insert(format!("Table{name}Bytes"), per_table(&|t| t.bytes.to_string()));
        out.insert(format!("Table{name}BytesPerSeconds"), per_table(&|t| rate(t.bytes, seconds)));
        let rows: u64 = tables.iter().map(|t| t.rows).sum();
        let bytes: u64 = tables.iter().map(|t| t.bytes).sum();
        out.insert(format!("{name}Count"), json!(rows.to_string()));
        out.insert(format!("{name}QPS"), json!(rate(rows, seconds)));
        out.insert(format!("{name}Bytes"), json!(bytes.to_string()));
        out.insert(format!("{name}BytesPerSeconds"), json!(rate(bytes, seconds)));
        out.insert(format!("{}{}Count", end.to_lowercase(), word), json!(rows.to_string()));
    }
    Value::Object(out)
}

fn rate(count: u64, seconds: f64) -> String {
    if count == 0 || seconds <= 0.0 {
        return "0.0".to_owned();
    }
    let rate = format!("{:.3}", count as f64 / seconds);
    let trimmed = rate.trim_end_matches('0');
    if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_there_from_the_first_moment() {
        let zero = TableCount { table: "db.a".into(), ..TableCount::default() };
        let counts = MetricsSnapshot { read: vec![zero.clone()], written: vec![zero], ..Default::default() };
        let view = metrics(&counts);
        assert_eq!(view.as_object().map(Map::len), Some(18));
        assert_eq!(view["TableSourceReceivedQPS"]["db.a"], "0.0");
        assert_eq!(view["SinkWriteCount"], "0");
        assert_eq!(view["sinkWriteCount"], "0");
    }

    #[test]
    fn rates_are_plain_decimals() {
        assert_eq!(rate(5, 1.25), "4.0");
        assert_eq!(rate(1, 3.0), "0.333");
        assert_eq!(rate(30_000_000, 1.0), "30000000.0");
    }
}
