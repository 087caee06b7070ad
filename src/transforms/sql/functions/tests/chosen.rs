//! Tables of functions that choose, and of arrays and maps.

use super::typed::{check, column, over};
use crate::table::DataType;

#[test]
fn the_first_that_is_not_null() {
    check(&[
        ("COALESCE(NULL, 'x')", "STRING", "x"),
        ("COALESCE(int:NULL, 7)", "INT", "7"),
        ("COALESCE(int:NULL, bigint:NULL, tinyint:3, 4)", "INT", "3"),
        ("COALESCE(NULL)", "NULL", "NULL"),
        ("COALESCE(string:NULL, 7)", "STRING", "7"),
        ("COALESCE(string:NULL, date:2021-04-08)", "STRING", "2021-04-08"),
        ("COALESCE(int:NULL, 2.9)", "INT", "2"),
        ("COALESCE(timestamp:NULL, date:2021-04-08)", "TIMESTAMP", "2021-04-08T00:00"),
        ("COALESCE(date:NULL, timestamp:2021-04-08 13:34:45)", "DATE", "2021-04-08"),
        ("COALESCE(array<int>:NULL, array<int>:[1 NULL])", "ARRAY<INT>", "[1, null]"),
        ("COALESCE(decimal(5,2):NULL, 1)", "Decimal(5, 2)", "1.00"),
        ("IFNULL(int:NULL, 5)", "INT", "5"),
        ("IFNULL(3, 5)", "INT", "3"),
        ("IFNULL(int:NULL, '12')", "INT", "12"),
    ]);
    let of = |texts: [Option<&str>; 3]| column(DataType::String, &texts.map(|text| text.map(str::to_owned)));
    let found = over("COALESCE", &[of([Some("a"), None, None]), of([None, Some("b"), None])]);
    assert_eq!(found, Ok(vec![Some("a".into()), Some("b".into()), None]));
}

#[test]
fn null_if_equal() {
    check(&[
        ("NULLIF(7, 7)", "INT", "NULL"),
        ("NULLIF(7, 8)", "INT", "7"),
        ("NULLIF(7, bigint:7)", "INT", "NULL"),
        ("NULLIF(7, decimal(5,2):7.00)", "INT", "NULL"),
        ("NULLIF(7, 7.5)", "INT", "7"),
        ("NULLIF(7, NULL)", "INT", "7"),
        ("NULLIF(int:NULL, 7)", "INT", "NULL"),
        ("NULLIF(NULL, 7)", "NULL", "NULL"),
        ("NULLIF('a', 'a')", "STRING", "NULL"),
        ("NULLIF(7, '7')", "INT", "7"),
        ("NULLIF(double:NaN, double:NaN)", "DOUBLE", "NULL"),
        ("NULLIF(date:2021-04-08, timestamp:2021-04-08 00:00:00)", "DATE", "NULL"),
        ("NULLIF(array<int>:[1 2], array<int>:[1 2])", "ARRAY<INT>", "NULL"),
        ("NULLIF(array<int>:[1 2], array<int>:[1 3])", "ARRAY<INT>", "[1, 2]"),
    ]);
}

#[test]
fn the_first_true_condition() {
    check(&[
        ("MULTI_IF(true, 'a', 'b')", "STRING", "a"),
        ("MULTI_IF(false, 'a', true, 'b', 'c')", "STRING", "b"),
        ("MULTI_IF(boolean:NULL, 'a', false, 'b', 'c')", "STRING", "c"),
        ("MULTI_IF(true, NULL, 'c')", "STRING", "NULL"),
        ("MULTI_IF(true, 1, 2.5)", "DOUBLE", "1.0"),
        ("MULTI_IF(false, 1, 3000000000)", "BIGINT", "3000000000"),
        ("MULTI_IF(true, 1, 'x')", "STRING", "1"),
        ("MULTI_IF(true, float:1.5, 1)", "DOUBLE", "1.5"),
        ("MULTI_IF(true, decimal(5,2):1.50, 1)", "Decimal(12, 2)", "1.50"),
    ]);
}

#[test]
fn arrays_and_maps() {
    check(&[
        ("ARRAY(1, 2, 3)", "ARRAY<INT>", "[1, 2, 3]"),
        ("ARRAY('c_1', 2, 3.12)", "ARRAY<STRING>", "[c_1, 2, 3.12]"),
        ("ARRAY(1, NULL, 3000000000)", "ARRAY<BIGINT>", "[1, null, 3000000000]"),
        (
            "ARRAY(date:2021-04-08, timestamp:2021-04-08 13:34:45)",
            "ARRAY<TIMESTAMP>",
            "[2021-04-08T00:00, 2021-04-08T13:34:45]",
        ),
        ("ARRAY()", "ARRAY<STRING>", "[]"),
        ("ARRAY(NULL)", "ARRAY<STRING>", "[null]"),
        ("ARRAY(array<int>:[1], array<int>:[2 3])", "ARRAY<ARRAY<INT>>", "[[1], [2, 3]]"),
        ("MAP('a', 1, 'b', 2)", "Map<STRING, INT>", "{\"a\":1,\"b\":2}"),
        ("MAP('a', 1, 'b', 2, 'a', 3)", "Map<STRING, INT>", "{\"a\":3,\"b\":2}"),
        ("MAP('a', NULL)", "Map<STRING, STRING>", "{\"a\":null}"),
        ("MAP(1, 'x', 2.5, 'y')", "Map<DOUBLE, STRING>", "{\"1.0\":\"x\",\"2.5\":\"y\"}"),
        ("ARRAY_MAX(array<int>:[1 3 2])", "INT", "3"),
        ("ARRAY_MIN(array<int>:[1 NULL -3 2])", "INT", "-3"),
        ("ARRAY_MAX(array<double>:[1 NaN 2])", "DOUBLE", "NaN"),
        ("ARRAY_MAX(array<string>:[b c a])", "STRING", "c"),
        ("ARRAY_MAX(array<int>:[])", "INT", "NULL"),
        ("ARRAY_MAX(array<int>:[NULL])", "INT", "NULL"),
        ("ARRAY_MAX(array<int>:NULL)", "INT", "NULL"),
        ("ARRAY_MAX(NULL)", "NULL", "NULL"),
    ]);
    let keys = column(DataType::String, &[Some("k".into()), None]);
    let error = over("MAP", &[keys.clone(), keys]).unwrap_err();
    assert_eq!(error, "argument 1 of MAP is null in a row; no key may be null");
}
