//! `DataValidator`.

use super::{batch, build, run_on, table_of, wrong};
use crate::format::json::ColumnBuilder;
use crate::options::Tree;
use crate::table::{Batch, DataType, Field};

/// A column `v` of a type.
fn column(data_type: &DataType, values: &[&str]) -> Batch {
    let mut builder = ColumnBuilder::new(data_type);
    for value in values {
        builder.push(&serde_json::from_str::<Tree>(value).unwrap()).unwrap();
    }
    table_of("db.t", vec![("v", data_type.clone(), builder.finish())])
}

/// How many of the values pass a rule.
fn passed(data_type: &DataType, rule: &str, values: &[&str]) -> usize {
    let options =
        format!(r#"{{"row_error_handle_way": "SKIP", "field_rules": [{{"field_name": "v", {rule}}}]}}"#);
    run_on("DataValidator", &options, vec![column(data_type, values)]).unwrap().rows.len()
}

#[test]
fn rules() {
    use DataType::{Array, BigInt, Bytes, Date, Decimal, Double, Int, String, TinyInt};
    let long = "\"abc\"";
    for (data_type, rule, values, wanted) in [
        (Int, r#""rule_type": "NOT_NULL""#, &["1", "null", "2"][..], 2),
        (Int, r#""rule_type": "RANGE", "min_value": 2"#, &["1", "2", "null"], 2),
        (Int, r#""rule_type": "RANGE", "max_value": 1"#, &["1", "2", "null"], 2),
        (Int, r#""rule_type": "RANGE", "min_value": 1, "min_inclusive": false"#, &["1", "2"], 1),
        (Int, r#""rule_type": "RANGE", "max_value": 2, "max_inclusive": false"#, &["1", "2"], 1),
        (Int, r#""rule_type": "RANGE", "min_value": 0.5"#, &["0", "1"], 1),
        (TinyInt, r#""rule_type": "RANGE", "max_value": 1000"#, &["127", "-128"], 2),
        (
            BigInt,
            r#""rule_type": "RANGE", "min_value": "9007199254740993""#,
            &["9007199254740992", "9007199254740993"],
            1,
        ),
        (Decimal(10, 2), r#""rule_type": "RANGE", "max_value": 1.005"#, &["1.00", "1.01"], 1),
        (
            Double,
            r#""rule_type": "RANGE", "min_value": 0.1, "max_value": 1e3"#,
            &["0.05", "0.1", "1000", "1001"],
            2,
        ),
        (String, r#""rule_type": "RANGE", "min_value": "b""#, &["\"a\"", "\"b\"", "\"c\""], 2),
        (
            Date,
            r#""rule_type": "RANGE", "min_value": "2024-01-02""#,
            &["\"2024-01-01\"", "\"2024-01-02\""],
            1,
        ),
        (String, r#""rule_type": "LENGTH", "min_length": 2"#, &["\"a\"", long, "null"], 2),
        (String, r#""rule_type": "LENGTH", "max_length": 2"#, &["\"äö\"", long], 1),
        (String, r#""rule_type": "LENGTH", "exact_length": 3"#, &["\"a\"", long, "\"abcd\""], 1),
        (Bytes, r#""rule_type": "LENGTH", "exact_length": 2"#, &["\"aGk=\"", "\"\""], 1),
        (Array(Box::new(Int)), r#""rule_type": "LENGTH", "max_length": 1"#, &["[1]", "[1,2]", "[]"], 2),
        (Int, r#""rule_type": "LENGTH", "exact_length": 2"#, &["10", "7"], 1),
        (String, r#""rule_type": "REGEX", "pattern": "[a-c]+""#, &[long, "\"xabc\"", "\"ABC\"", "null"], 2),
        (
            String,
            r#""rule_type": "REGEX", "pattern": "[a-c]+", "case_sensitive": false"#,
            &[long, "\"ABC\""],
            2,
        ),
        (String, r#""rule_type": "UDF", "function_name": "email""#, &["\"a@b.c\"", long, "null"], 2),
        (
            String,
            r#""rules": [{"rule_type": "NOT_NULL"}, {"rule_type": "LENGTH", "max_length": 2}]"#,
            &["null", long, "\"a\""],
            1,
        ),
    ] {
        assert_eq!(passed(&data_type, rule, values), wanted, "{data_type} {rule}");
    }
}

#[test]
fn what_happens_to_rows_that_break_rules() {
    let rules = r#""field_rules": [{"field_name": "name", "rule_type": "NOT_NULL"},
        {"field_name": "score", "rules": [{"rule_type": "NOT_NULL", "custom_message": "where is it?"},
            {"rule_type": "RANGE", "max_value": 100}]}]"#;
    let fault = wrong("DataValidator", &format!("{{{rules}}}"), vec![batch()]);
    assert!(
        fault.contains(
            "row 2 of table db.t (id = 2): not valid: column \"score\": \"1.0E10\" is above the maximum 100"
        ),
        "{fault}"
    );
    let skip =
        run_on("DataValidator", &format!(r#"{{"row_error_handle_way": "SKIP", {rules}}}"#), vec![batch()])
            .unwrap();
    assert_eq!(
        (skip.rows, skip.dropped),
        (vec!["db.t +I 1|Joy Ding|1.0".into(), "db.t -D 4||0.5".into()], 2)
    );
    for (name, path) in [("bad", "db.bad"), ("e.s.bad", "e.s.bad")] {
        let options = format!(
            r#"{{"row_error_handle_way": "ROUTE_TO_TABLE", "row_error_handle_way.error_table": "{name}", {rules}}}"#
        );
        let routed = run_on("DataValidator", &options, vec![batch()]).unwrap();
        let names: Vec<&str> = routed.tables[1].columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            names,
            ["source_table_id", "source_table_path", "original_data", "validation_errors", "create_time"]
        );
        assert_eq!((routed.tables[1].path.to_string().as_str(), routed.dropped), (path, 0));
        let row = |row: usize| routed.rows[row].rsplit_once('|').unwrap().0.to_owned();
        assert_eq!(
            row(0),
            format!(
                r#"{path} +I Test.db.t|db.t|{{"id":2,"name":"a b c","score":1.0E10}}|[{{"field_name":"score","error_message":"\"1.0E10\" is above the maximum 100"}}]"#
            )
        );
        assert_eq!(
            row(1),
            format!(
                r#"{path} +I Test.db.t|db.t|{{"id":3,"name":null,"score":null}}|[{{"field_name":"name","error_message":"is null"}},{{"field_name":"score","error_message":"where is it?"}}]"#
            )
        );
        assert_eq!(routed.rows[2..], ["db.t +I 1|Joy Ding|1.0", "db.t -D 4||0.5"]);
    }
}

#[test]
fn rules_that_cannot_be_used() {
    let row = DataType::Row(vec![Field { name: "a".into(), data_type: DataType::Int }]);
    for (options, part) in [
        ("{}", "t.field_rules: is required"),
        (r#"{"field_rules": [{"rule_type": "NOT_NULL"}]}"#, "t.field_rules[0].field_name: is required"),
        (r#"{"field_rules": [{"field_name": "v"}]}"#, "t.field_rules[0].rule_type: is required"),
        (r#"{"field_rules": [{"field_name": "v", "rule_type": "NOTNULL"}]}"#, "did you mean \"NOT_NULL\"?"),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "RANGE"}]}"#,
            "a RANGE needs min_value or max_value",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rules": [{"rule_type": "LENGTH"}]}]}"#,
            "t.field_rules[0].rules[0]: a LENGTH needs min_length, max_length or exact_length",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "LENGTH", "min_length": -1}]}"#,
            "min_length: -1 is not allowed",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "LENGTH", "min_length": 3, "max_length": 2}]}"#,
            "t.field_rules[0].min_length: 3 is above max_length 2, so no value passes",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "LENGTH", "max_length": 2, "exact_length": 3}]}"#,
            "t.field_rules[0].exact_length: 3 is not between min_length and max_length",
        ),
        (r#"{"field_rules": [{"field_name": "v", "rule_type": "REGEX"}]}"#, "pattern: is required"),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "REGEX", "pattern": "a("}]}"#,
            "no regular expression",
        ),
        (r#"{"field_rules": [{"field_name": "v", "rule_type": "UDF"}]}"#, "function_name: is required"),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "UDF", "function_name": "PHONE"}]}"#,
            "allowed: EMAIL",
        ),
        (
            r#"{"field_rules": [{"field_name": "w", "rule_type": "NOT_NULL"}]}"#,
            "field_rules[0].field_name: table db.t has no column \"w\"",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "RANGE", "min_value": 1}]}"#,
            "field_rules[0].min_value: a column of ROW<a INT> has no range",
        ),
        (
            r#"{"field_rules": [{"field_name": "v", "rule_type": "UDF", "function_name": "EMAIL"}]}"#,
            "field_rules[0]: column \"v\" is ROW<a INT>; texts, numbers",
        ),
        (r#"{"row_error_handle_way": "ROUTE_TO_TABLE", "field_rules": []}"#, "error_table: is required with"),
        (
            r#"{"row_error_handle_way": "ROUTE_TO_TABLE", "row_error_handle_way.error_table": "a.b.c.d", "field_rules": []}"#,
            "\"a.b.c.d\" is no table path",
        ),
        (
            r#"{"row_error_handle_way": "ROUTE_TO_TABLE", "row_error_handle_way.error_table": "t", "field_rules": []}"#,
            "\"t\" is the checked table itself",
        ),
        (r#"{"row_error_handle_way": "ROUTE", "field_rules": []}"#, "allowed: FAIL, SKIP, ROUTE_TO_TABLE"),
    ] {
        let problems = wrong("DataValidator", options, vec![column(&row, &[])]);
        assert!(problems.contains(part), "{options}: {problems}");
    }
    for (bound, part) in
        [("x", "\"x\" is no plain number"), ("1e400", "no plain number"), ("-", "no plain number")]
    {
        let options = format!(
            r#"{{"field_rules": [{{"field_name": "v", "rule_type": "RANGE", "max_value": "{bound}"}}]}}"#
        );
        let problems = wrong("DataValidator", &options, vec![column(&DataType::Int, &[])]);
        assert!(problems.contains(part), "{bound}: {problems}");
    }
    let endless = r#"{"field_rules": [{"field_name": "v", "rule_type": "REGEX", "pattern": "(a+)+\\1b"}]}"#;
    let value = format!("\"{}\"", "a".repeat(60));
    let problems = wrong("DataValidator", endless, vec![column(&DataType::String, &[&value])]);
    assert!(problems.contains("was given up on"), "{problems}");
}

#[test]
fn lengths_of_what_is_no_text_are_noted() {
    let notes = |field: &str| {
        let rules = format!(
            r#"{{"field_rules": [{{"field_name": "{field}", "rule_type": "LENGTH", "max_length": 2}}]}}"#
        );
        build("DataValidator", &rules).unwrap().oddities(&["in"], &[&batch().table])
    };
    assert_eq!(notes("name"), [""; 0]);
    let wanted =
        "field_rules[0]: LENGTH counts the characters of the values' text, as column \"score\" is DOUBLE";
    assert!(notes("score")[0].starts_with(wanted), "{:?}", notes("score"));
}
