//! CAST from every type to every type.

use super::{check, table};

#[test]
fn to_texts() {
    let rows = table(&[
        ("i", "int", "[-5, null]"),
        ("f", "float", "[1.1, null]"),
        ("d", "double", "[1e10, null]"),
        ("dec", "decimal(10, 2)", r#"["1.50", null]"#),
        ("b", "boolean", "[true, null]"),
        ("ts", "timestamp", r#"["2021-04-08T13:30:00", null]"#),
        ("dt", "date", r#"["2021-04-08", null]"#),
        ("tm", "time", r#"["13:34:45", null]"#),
        ("bin", "bytes", r#"["bWlJWmo=", null]"#),
        ("arr", "array<int>", "[[1, 2], null]"),
    ]);
    let cases = [
        ("i", "-5"),
        ("f", "1.1"),
        ("d", "1.0E10"),
        ("dec", "1.50"),
        ("b", "true"),
        ("ts", "2021-04-08T13:30"),
        ("dt", "2021-04-08"),
        ("tm", "13:34:45"),
        ("bin", "miIZj"),
        ("arr", "[1, 2]"),
    ];
    for (column, wanted) in cases {
        for name in ["STRING", "VARCHAR", "varchar(10)", "TEXT"] {
            let wanted = format!("\"{wanted}\" null");
            check(&[(&format!("CAST({column} AS {name})"), "STRING", &wanted)], &rows);
        }
    }
}

#[test]
fn texts_to_all_types() {
    let texts = table(&[("s", "string", r#"["42", null, "x", ""]"#)]);
    for (name, data_type, value) in [
        ("TINYINT", "TINYINT", "42"),
        ("BYTE", "TINYINT", "42"),
        ("SMALLINT", "SMALLINT", "42"),
        ("INT", "INT", "42"),
        ("INTEGER", "INT", "42"),
        ("BIGINT", "BIGINT", "42"),
        ("LONG", "BIGINT", "42"),
        ("FLOAT", "FLOAT", "42.0"),
        ("DOUBLE", "DOUBLE", "42.0"),
        ("DECIMAL(10, 2)", "Decimal(10, 2)", "42"),
        ("DECIMAL(50, 1)", "Decimal(50, 1)", "42"),
        ("BOOLEAN", "BOOLEAN", "null"),
        ("TIMESTAMP", "TIMESTAMP", "null"),
        ("DATE", "DATE", "null"),
        ("TIME", "TIME", "null"),
        ("TIMESTAMP_TZ", "TIMESTAMP_TZ", "null"),
    ] {
        let wanted = format!("{value} null null null");
        check(&[(&format!("TRY_CAST(s AS {name})"), data_type, &wanted)], &texts);
        let expr = format!("CAST(s AS {name})");
        // the value is named, whichever of the bad ones comes first
        check(&[(&expr, "!", "\"")], &texts);
    }
    check(
        &[
            ("CAST('x' AS INT)", "!", "CAST('x' AS INT): \"x\" is not an integer"),
            ("CAST('' AS INT)", "!", "\"\" is no value"),
            ("CAST(' 5' AS INT)", "!", "\" 5\""),
            ("CAST('128' AS TINYINT)", "!", "out of range"),
            ("CAST('1e400' AS DOUBLE)", "DOUBLE", "\"Infinity\" \"Infinity\" \"Infinity\" \"Infinity\""),
            ("CAST('12.345' AS DECIMAL(4,2))", "Decimal(4, 2)", "12.35 12.35 12.35 12.35"),
            ("CAST('-12.345' AS DECIMAL(4,2))", "Decimal(4, 2)", "-12.34 -12.34 -12.34 -12.34"),
            (
                "CAST('123.45' AS DECIMAL(4,2))",
                "!",
                "123.45 doesn't fit Decimal(4, 2) (digits before the point: at most 2)",
            ),
            ("TRY_CAST('123.45' AS DECIMAL(4,2))", "Decimal(4, 2)", "null null null null"),
            ("CAST('TRUE' AS BOOLEAN)", "BOOLEAN", "true true true true"),
            ("CAST('yes' AS BOOLEAN)", "!", "not true or false"),
            (
                "CAST('2021-04-08 13:34:45' AS DATETIME)",
                "TIMESTAMP",
                &["\"2021-04-08T13:34:45\""; 4].join(" "),
            ),
            ("CAST('ab' AS BYTES)", "BYTES", "\"YWI=\" \"YWI=\" \"YWI=\" \"YWI=\""),
            ("CAST(s AS NUMBR)", "!", "NUMBR is not a type that CAST knows"),
            ("CAST(s AS INTT)", "!", "did you mean INT?"),
            ("CAST(s AS DECIMAL(99, 2))", "!", "a precision of 1 to 76"),
            ("CAST(s AS DECIMAL(4, 5))", "!", "a precision of 1 to 76"),
        ],
        &texts,
    );
}

#[test]
fn numbers_to_numbers() {
    let rows = table(&[
        ("i", "int", "[300, null]"),
        ("big", "bigint", "[7084913402530365000, null]"),
        ("d", "double", "[-2.567, null]"),
        ("f", "float", "[1.1, null]"),
        ("dec", "decimal(20, 4)", r#"["1234.5678", null]"#),
        ("wide", "decimal(40, 2)", r#"["1e30", null]"#),
        ("b", "boolean", "[true, null]"),
    ]);
    check(
        &[
            ("CAST(i AS BIGINT)", "BIGINT", "300 null"),
            ("CAST(i AS BYTE)", "!", "300 is out of the range of TINYINT"),
            ("TRY_CAST(i AS BYTE)", "TINYINT", "null null"),
            ("CAST(300 AS BYTE)", "!", "300 is out of the range"),
            ("CAST(big AS INT)", "!", "7084913402530365000 is out of the range of INT"),
            ("CAST(d AS INT)", "INT", "-2 null"),
            ("CAST(dec AS INT)", "INT", "1234 null"),
            ("CAST(wide AS BIGINT)", "!", "out of the range of BIGINT"),
            ("TRY_CAST(wide AS BIGINT)", "BIGINT", "null null"),
            ("CAST(1e300 AS INT)", "!", "out of the range of INT"),
            ("CAST(f AS DOUBLE)", "DOUBLE", "1.1 null"),
            ("CAST(dec AS DOUBLE)", "DOUBLE", "1234.5678 null"),
            ("CAST(i AS DECIMAL(5, 1))", "Decimal(5, 1)", "3E+2 null"),
            ("CAST(d AS DECIMAL(5, 2))", "Decimal(5, 2)", "-2.56 null"),
            ("CAST(f AS DECIMAL(5, 2))", "Decimal(5, 2)", "1.1 null"),
            ("CAST(dec AS DECIMAL(10, 1))", "Decimal(10, 1)", "1234.6 null"),
            ("CAST(dec AS DECIMAL(3, 1))", "!", "doesn't fit Decimal(3, 1)"),
            ("CAST(b AS INT)", "INT", "1 null"),
            ("CAST(1 AS BOOLEAN)", "BOOLEAN", "true true"),
            ("CAST(i AS BOOLEAN)", "!", "300 is not 0 or 1"),
            ("CAST(NULL AS INT)", "INT", "null null"),
            ("CAST(NULL AS DECIMAL(4, 1))", "Decimal(4, 1)", "null null"),
            ("i::BIGINT", "BIGINT", "300 null"),
        ],
        &rows,
    );
}

#[test]
fn dates_and_times() {
    let rows = table(&[
        ("ts", "timestamp", r#"["2021-04-08T13:34:45.5"]"#),
        ("old", "timestamp", r#"["1969-12-31T23:00:00"]"#),
        ("dt", "date", r#"["2021-04-08"]"#),
        ("tm", "time", r#"["13:34:45"]"#),
        ("n", "int", "[20210408]"),
        ("ms", "bigint", "[1617888885123]"),
        ("arr", "array<int>", "[[1]]"),
    ]);
    check(
        &[
            ("CAST(ts AS DATE)", "DATE", "\"2021-04-08\""),
            ("CAST(old AS DATE)", "DATE", "\"1969-12-31\""),
            ("CAST(old AS TIME)", "TIME", "\"23:00:00\""),
            ("CAST(ts AS TIME)", "TIME", "\"13:34:45.5\""),
            ("CAST(dt AS TIMESTAMP)", "TIMESTAMP", "\"2021-04-08T00:00:00\""),
            ("CAST(n AS DATE)", "DATE", "\"2021-04-08\""),
            ("CAST(20211399 AS DATE)", "!", "20211399 is not a date of the form yyyymmdd"),
            ("TRY_CAST(20211399 AS DATE)", "DATE", "null"),
            (
                "CAST(CAST(CAST(ts AS TIMESTAMP_TZ) AS TIMESTAMP) AS STRING)",
                "STRING",
                "\"2021-04-08T13:34:45.500\"",
            ),
            ("CAST(CAST(ms AS TIMESTAMP_TZ) AS TIMESTAMP) = CAST(ms AS TIMESTAMP)", "BOOLEAN", "true"),
            ("CAST(CAST(tm AS TIMESTAMP) AS TIME)", "TIME", "\"13:34:45\""),
            ("CAST(9223372036854775807 AS TIMESTAMP)", "!", "out of range"),
            ("CAST(n AS TIMESTAMP)", "!", "INT can't be cast to TIMESTAMP; milliseconds"),
            ("CAST(ms AS DATE)", "!", "BIGINT can't be cast to DATE"),
            ("CAST(dt AS TIME)", "!", "DATE can't be cast to TIME"),
            ("CAST(ts AS INT)", "!", "TIMESTAMP can't be cast to INT"),
            ("CAST(arr AS INT)", "!", "ARRAY<INT> can't be cast to INT"),
            ("TRY_CAST(arr AS INT)", "!", "can't be cast"),
        ],
        &rows,
    );
}

#[test]
fn moments_in_utc() {
    let rows = table(&[
        ("z", "timestamp_tz", r#"["2021-04-08T13:34:45.5+02:00"]"#),
        ("y", "timestamp_tz", r#"["2021-04-08T11:34:45.5Z"]"#),
        ("s", "string", r#"["2021-04-08 13:34:45+02:00"]"#),
    ]);
    check(
        &[
            ("z", "TIMESTAMP_TZ", "\"2021-04-08T11:34:45.5Z\""),
            ("CAST('2024-01-02T03:04:05+02:00' AS TIMESTAMP_TZ)", "TIMESTAMP_TZ", "\"2024-01-02T01:04:05Z\""),
            ("CAST(s AS TIMESTAMP_TZ)", "TIMESTAMP_TZ", "\"2021-04-08T11:34:45Z\""),
            ("CAST(z AS STRING)", "STRING", "\"2021-04-08T11:34:45.500Z\""),
            ("CAST(CAST(z AS STRING) AS TIMESTAMP_TZ) = z", "BOOLEAN", "true"),
            ("CONCAT(z, '')", "STRING", "\"2021-04-08T11:34:45.500Z\""),
            ("z = y", "BOOLEAN", "true"),
            ("z > '2021-04-08T13:34:45+02:00'", "BOOLEAN", "true"),
            ("z IN ('2021-04-08T13:34:45.5+02:00')", "BOOLEAN", "true"),
            ("z BETWEEN '2021-04-08T00:00:00Z' AND '2021-04-08T11:34:45Z'", "BOOLEAN", "false"),
            ("CAST('2024-01-02' AS TIMESTAMP_TZ)", "!", "\"2024-01-02\" is not a timestamp with an offset"),
            ("z = CAST(z AS TIMESTAMP)", "!", "can't compare TIMESTAMP_TZ with TIMESTAMP; CAST one of them"),
        ],
        &rows,
    );
}
