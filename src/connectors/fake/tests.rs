use crate::connectors::trial::{batch_context, fake, open, rest, rows, splits, start};
use crate::plugin::{Assignment, Read};
use crate::table::{Batch, RowKind};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Decimal256Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use futures::executor::block_on;
use std::collections::BTreeSet;

fn joined(batches: &[Batch]) -> RecordBatch {
    concat_batches(&batches[0].rows.schema(), batches.iter().map(|batch| &batch.rows)).unwrap()
}

fn count(batches: &[Batch]) -> usize {
    batches.iter().map(Batch::len).sum()
}

#[test]
fn batches_are_full_and_of_the_declared_types() {
    let batches = rows(
        r#"{"row.num": 20000, "schema": {"fields": {"a": "bigint", "b": "string", "c": "decimal(50,4)",
            "d": "map<string,array<int>>", "e": {"x": "time", "y": "bytes"}, "f": "null", "g": "boolean",
            "h": "timestamp", "i": "float_vector", "j": "binary_vector", "k": "sparse_float_vector",
            "l": "float16_vector", "m": "bfloat16_vector"}}}"#,
    );
    assert_eq!(count(&batches), 20_000);
    assert!(batches[0].len() > 4000, "{} rows in a batch", batches[0].len());
    for batch in &batches {
        assert_eq!(batch.rows.schema(), batch.table.arrow_schema());
        assert!(batch.kinds.is_none());
    }
    let all = joined(&batches);
    let texts = all.column(1).as_string::<i32>();
    assert!((0..all.num_rows()).all(|row| {
        let text = texts.value(row);
        text.len() == 5 && text.bytes().all(|letter| letter.is_ascii_alphabetic())
    }));
    let wide = all.column(2).as_primitive::<Decimal256Type>();
    assert!(wide.iter().flatten().any(|value| value.to_i128().is_none_or(|v| v > 10i128.pow(37))));
    assert_eq!(all.column(8).as_fixed_size_list().value_length(), 4);
    assert_eq!(all.column(9).as_binary::<i32>().value(0).len(), 1);
    assert_eq!(all.column(11).as_binary::<i32>().value(0).len(), 8);
}

#[test]
fn wide_rows_make_small_batches() {
    let batches = rows(r#"{"row.num": 5, "string.length": 5000000, "schema": {"fields": {"a": "string"}}}"#);
    assert_eq!(count(&batches), 5);
    assert!(batches.len() > 1);
    let error = fake(r#"{"string.length": 2000000000, "schema": {"fields": {"a": "string"}}}"#).error();
    assert!(error.contains("one row would take"), "{error}");
}

#[test]
fn a_restored_split_goes_on_at_its_row() {
    let def = fake(r#"{"row.num": 20000, "schema": {"fields": {"a": "int"}}}"#).ok();
    let run = start(&def, 1).unwrap();
    let split = &splits(run.as_ref())[0];
    let mut reader = open(run.as_ref(), split, None);
    let Read::Batch(first) = block_on(reader.next()).unwrap() else { panic!("no rows") };
    let position = reader.position().unwrap();
    let mut second = open(run.as_ref(), split, Some(&position));
    assert_eq!(first.len() + count(&rest(second.as_mut())), 20_000);
    assert_eq!(second.done(), 20_000 - first.len() as u64);
    let end = second.position().unwrap();
    assert!(rest(open(run.as_ref(), split, Some(&end)).as_mut()).is_empty());
}

#[test]
fn fixed_rows_are_the_same_after_a_restore() {
    let many: Vec<String> =
        (0..10_000).map(|n| format!(r#"{{"kind": "UPDATE_AFTER", "fields": [{n}]}}"#)).collect();
    let def =
        fake(&format!(r#"{{"schema": {{"fields": {{"a": "int"}}}}, "rows": [{}]}}"#, many.join(","))).ok();
    let run = start(&def, 1).unwrap();
    assert_eq!(run.total(), Some(10_000));
    let split = &splits(run.as_ref())[0];
    let mut reader = open(run.as_ref(), split, None);
    let Read::Batch(first) = block_on(reader.next()).unwrap() else { panic!("no rows") };
    assert_eq!(first.kind(0), RowKind::UpdateAfter);
    let position = reader.position().unwrap();
    let batches = rest(open(run.as_ref(), split, Some(&position)).as_mut());
    let numbers = joined(&batches);
    assert_eq!(numbers.column(0).as_primitive::<Int32Type>().value(0), first.len() as i32);
    assert_eq!(first.len() + count(&batches), 10_000);
}

#[test]
fn the_enumerator_goes_on_where_it_was() {
    let def = fake(
        r#"{"tables_configs": [{"row.num": 600, "split.num": 600, "schema": {"table": "a", "fields": {"x": "int"}}},
            {"row.num": 3, "schema": {"table": "b", "fields": {"x": "int"}}}]}"#,
    )
    .ok();
    let run = start(&def, 2).unwrap();
    let all = splits(run.as_ref());
    assert_eq!(all.len(), 1202);
    assert_eq!(all.iter().map(|split| &split.id).collect::<BTreeSet<_>>().len(), 1202);
    let mut enumerator = block_on(run.enumerator(None)).unwrap();
    let Assignment::Splits(mut found) = block_on(enumerator.next()).unwrap() else { panic!("none") };
    let state = enumerator.snapshot().unwrap();
    // Restored with another parallelism: the splits stay what they were.
    let other = start(&def, 5).unwrap();
    let mut restored = block_on(other.enumerator(Some(state))).unwrap();
    while let Assignment::Splits(more) = block_on(restored.next()).unwrap() {
        found.extend(more);
    }
    assert_eq!(found, all);
}

#[test]
fn splits_of_a_reader_keep_their_distance() {
    let def = fake(
        r#"{"row.num": 2, "split.num": 2, "split.read-interval": 600000, "schema": {"fields": {"a": "int"}}}"#,
    )
    .ok();
    let run = start(&def, 1).unwrap();
    let splits = splits(run.as_ref());
    let mut reader = open(run.as_ref(), &splits[0], None);
    assert_eq!(count(&rest(reader.as_mut())), 1);
    block_on(reader.open(&splits[1], None)).unwrap();
    let Read::Idle(until) = block_on(reader.next()).unwrap() else { panic!("no pause") };
    assert!(until > std::time::Instant::now() + std::time::Duration::from_secs(500));
}

#[test]
fn keys_count_up_over_all_readers_and_splits() {
    let options = r#"{"row.num": 5, "split.num": 2, "auto.increment.enabled": true, "auto.increment.start": 100,
        "schema": {"fields": {"n": "string", "k": "bigint"}, "primaryKey": {"name": "pk", "columnNames": ["k"]}}}"#;
    let def = fake(options).ok();
    let run = start(&def, 2).unwrap();
    let batches: Vec<Batch> = splits(run.as_ref())
        .iter()
        .flat_map(|split| rest(open(run.as_ref(), split, None).as_mut()))
        .collect();
    let all = joined(&batches);
    let keys: BTreeSet<i64> = all.column(1).as_primitive::<Int64Type>().values().iter().copied().collect();
    assert_eq!(keys, (100..110).collect());
    let useless = fake(r#"{"auto.increment.enabled": true, "schema": {"fields": {"n": "string"}}}"#);
    assert!(useless.warnings[0].to_string().contains("FakeSource.auto.increment.enabled: has no effect"));
}

#[test]
fn equal_keys_of_a_map_collapse() {
    let batches = rows(
        r#"{"row.num": 50, "map.size": 9, "string.template": ["a", "b", null], "schema": {"fields": {"m": "map<string,int>"}}}"#,
    );
    let maps = batches[0].rows.column(0).as_map();
    for row in 0..maps.len() {
        let entry = maps.value(row);
        let keys: BTreeSet<_> = entry.column(0).as_string::<i32>().iter().flatten().collect();
        assert!(keys.len() == entry.len() && (1..=2).contains(&keys.len()), "{keys:?}");
    }
}

#[test]
fn floats_are_rounded_to_their_scale() {
    let batches = rows(
        r#"{"row.num": 100, "float.max": 10, "double.max": 10, "schema": {"columns": [
            {"name": "f", "type": "float", "columnScale": 1}, {"name": "d", "type": "double", "columnScale": 2}]}}"#,
    );
    let rows = &batches[0].rows;
    let floats = rows.column(0).as_primitive::<Float32Type>();
    assert!(floats.values().iter().all(|value| value.to_string().len() <= 4), "{floats:?}");
    let doubles = rows.column(1).as_primitive::<arrow::datatypes::Float64Type>();
    assert!(doubles.values().iter().all(|value| value.to_string().len() <= 4), "{doubles:?}");
}

#[test]
fn wrong_options_are_refused_with_their_place() {
    let schema = r#""schema": {"fields": {"a": "int"}}"#;
    for (given, wanted) in [
        (format!(r#"{{"split.num": -1, {schema}}}"#), "FakeSource.split.num: -1 splits cannot be"),
        (
            format!(r#"{{"tinyint.max": 128, {schema}}}"#),
            "tinyint.max: 128 is out of range; allowed: 0 to 127",
        ),
        (format!(r#"{{"int.template": [1, "x"], {schema}}}"#), "int.template[1]: \"x\" is not an integer"),
        (
            format!(r#"{{"tinyint.template": [1, 300], {schema}}}"#),
            "tinyint.template[1]: 300 is out of range",
        ),
        (format!(r#"{{"string.fake.mode": "template", {schema}}}"#), "string.template: is required, because"),
        (format!(r#"{{"rows": [{{"fields": [1]}}], {schema}}}"#), "rows[0].kind: is required"),
        (format!(r#"{{"rows": [{{"kind": "INSERT"}}], {schema}}}"#), "rows[0].fields: is required"),
        (format!(r#"{{"rows": [[1]], {schema}}}"#), "rows[0]: a list is no row"),
        (r#"{"row.num": 1}"#.into(), "FakeSource.schema: is required"),
        (r#"{"tables_configs": []}"#.into(), "tables_configs: is an empty list"),
        (
            format!(r#"{{"tables_configs": [{{{schema}, "row.num": "x"}}]}}"#),
            "tables_configs[0].row.num: \"x\"",
        ),
        (format!(r#"{{"tables_configs": [{{{schema}}}, {{{schema}}}]}}"#), "must be unique"),
    ] {
        let error = fake(&given).error();
        assert!(error.starts_with("source[0].FakeSource.") && error.contains(wanted), "{error}");
    }
    let unknown = fake(&format!(r#"{{"tables_configs": [{{"row_num": 3, {schema}}}]}}"#));
    assert!(unknown.warnings[0].to_string().contains("did you mean \"row.num\"?"), "{:?}", unknown.warnings);
}

#[test]
fn what_every_run_would_fail_with_is_refused() {
    for (given, wanted) in [
        (
            r#"{"int.min": 9, "int.max": 5, "schema": {"fields": {"a": "int"}}}"#,
            "FakeSource.int.min: 9 is larger than int.max, 5",
        ),
        (
            r#"{"schema": {"columns": [{"name": "a", "type": "int", "defaultValue": "x"}]}}"#,
            "FakeSource.schema.columns[0].defaultValue: column \"a\": \"x\"",
        ),
        (
            r#"{"rows": [{"kind": "+I", "fields": [1]}], "schema": {"fields": {"a": "int"}}}"#,
            "rows[0].kind: \"+I\"",
        ),
        (
            r#"{"rows": [{"kind": "INSERT", "fields": ["q"]}], "schema": {"fields": {"a": "int"}}}"#,
            "FakeSource.rows[0].fields[0]: column \"a\": \"q\"",
        ),
        (r#"{"rows": [], "schema": {"fields": {"a": "float_vector"}}}"#, "column a is a vector"),
        (
            r#"{"date.day.template": [30], "schema": {"fields": {"a": "date"}}}"#,
            "FakeSource.date.day.template: ",
        ),
        (
            r#"{"time.hour.template": [24], "schema": {"fields": {"a": "time", "b": "timestamp"}}}"#,
            "FakeSource.time.hour.template: 24 is not allowed; allowed: 0 to 23",
        ),
        (r#"{"string.length": -1, "schema": {"fields": {"a": "int"}}}"#, "string.length: -1 is not allowed"),
    ] {
        let error = fake(given).error();
        assert!(error.starts_with("source[0].FakeSource") && error.contains(wanted), "{error}");
    }
    let second = r#"{"schema": {"table": "b", "fields": {"a": "int"}}, "int.min": 9, "int.max": 5}"#;
    let error =
        fake(&format!(r#"{{"tables_configs": [{{"schema": {{"fields": {{"a": "int"}}}}}}, {second}]}}"#))
            .error();
    assert!(error.starts_with("source[0].FakeSource.tables_configs[1].int.min: 9"), "{error}");
    // Nothing is wrong with rows that are never made.
    let none = fake(r#"{"row.num": 0, "int.min": 9, "int.max": 5, "schema": {"fields": {"a": "int"}}}"#);
    assert!(none.warnings.is_empty());
    assert!(splits(start(&none.ok(), 1).unwrap().as_ref()).is_empty());
}

#[test]
fn all_that_is_wrong_with_rows_is_said_at_once() {
    let built = fake(
        r#"{"row.num": "x", "schema": {"fields": {"a": "int", "b": {"c": "date"}}}, "rows": [
            {"kind": "INSERT", "fields": [1, null]}, {"kind": "insert"}, 7,
            {"kind": "INSERT", "fields": ["q", {"c": "no date"}, "beyond"]},
            {"kind": "DELETE", "fields": {"a": 99999999999, "x": 1}}]}"#,
    );
    let said: Vec<String> = built.errors.iter().map(ToString::to_string).collect();
    let wanted = [
        "rows[1].kind: \"insert\" is no row kind",
        "rows[1].fields: is required",
        "rows[2]: an integer is no row",
        "row.num: \"x\"",
        "rows[3].fields[0]: column \"a\": \"q\"",
        "rows[3].fields[1]: column \"b\": field \"c\"",
        "rows[4].fields.a: column \"a\": \"99999999999\" is out of range",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.starts_with(&format!("source[0].FakeSource.{wanted}")), "{said} {wanted}");
    }
    let many = vec![r#"{"kind": "INSERT", "fields": ["q"]}"#; 120].join(",");
    let built = fake(&format!(r#"{{"schema": {{"fields": {{"a": "int"}}}}, "rows": [{many}]}}"#));
    assert_eq!(built.errors.len(), 101);
    assert!(built.errors[100].to_string().ends_with("rows: 20 further values can't be used"));
}

#[test]
fn what_counts_as_another_number_is_a_warning() {
    let built = fake(
        r#"{"row.num": -1, "map.size": -2, "split.read-interval": -3, "split.num": 1.5,
            "schema": {"fields": {"a": "int"}}}"#,
    );
    let said: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "source[0].FakeSource.split.num: 1.5 counts as 1: only whole numbers are allowed",
            "source[0].FakeSource.row.num: -1 counts as 0; allowed: 0 or more",
            "source[0].FakeSource.split.read-interval: -3 counts as 0; allowed: 0 or more",
            "source[0].FakeSource.map.size: -2 counts as 0; allowed: 0 or more",
        ]
    );
    assert!(built.def.is_some());
}

#[test]
fn current_values_stand_among_fixed_ones() {
    let batches = rows(
        r#"{"schema": {"fields": {"a": "date", "b": "timestamp"}}, "rows": [
            {"kind": "INSERT", "fields": ["2024-01-02", "2024-01-02 03:04:05"]},
            {"kind": "INSERT", "fields": {"b": "current_timestamp", "a": "CURRENT_DATE"}},
            {"kind": "INSERT", "fields": ["2024-01-03", null]}]}"#,
    );
    let rows = &batches[0].rows;
    let dates = rows.column(0).as_primitive::<arrow::datatypes::Date32Type>();
    assert_eq!((dates.value(0), dates.value(2)), (19_724, 19_725));
    assert!(dates.value(1) > 20_000);
    assert!(rows.column(1).is_valid(1) && rows.column(1).is_null(2));
}

#[test]
fn tables_given_to_an_attempt_must_be_its_own() {
    let def = fake(r#"{"schema": {"fields": {"a": "int"}}}"#).ok();
    assert!(block_on(def.start(&batch_context(1), &[])).is_err());
}

#[test]
fn moments_in_utc_are_random_fixed_or_now() {
    let batches = rows(
        r#"{"row.num": 50, "date.year.template": [2001], "schema": {"columns": [
            {"name": "r", "type": "timestamp_tz"},
            {"name": "d", "type": "timestamp_tz", "defaultValue": "2024-01-02T03:04+02:00"},
            {"name": "n", "type": "timestamp_tz", "defaultValue": "current_timestamp"}]}}"#,
    );
    let all = joined(&batches);
    assert_eq!(all.schema(), batches[0].table.arrow_schema());
    let column = |index: usize| all.column(index).as_primitive::<TimestampMicrosecondType>().values();
    assert!(column(0).iter().all(|micros| (978_307_200_000_000..1_009_843_200_000_000).contains(micros)));
    assert!(column(1).iter().all(|micros| *micros == 1_704_157_440_000_000));
    assert!(column(2).iter().all(|micros| *micros > 1_700_000_000_000_000));
    let error = fake(
        r#"{"schema": {"fields": {"t": "timestamp_tz"}}, "rows": [{"kind": "INSERT", "fields": ["2024-01-02"]}]}"#,
    )
    .error();
    assert!(error.contains("is not a timestamp with an offset"), "{error}");
}
