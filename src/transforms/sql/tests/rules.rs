//! The rules of binding: types, values, errors.

use super::{check, table, value};
use crate::table::Batch;

/// One row, and a second one that is all null.
fn rows() -> Batch {
    table(&[
        ("name", "string", r#"["Joy Ding", null]"#),
        ("t", "tinyint", "[117, null]"),
        ("sm", "smallint", "[-300, null]"),
        ("i", "int", "[7, null]"),
        ("z", "int", "[0, null]"),
        ("big", "bigint", "[9007199254740993, null]"),
        ("f", "float", "[1.1, null]"),
        ("d", "double", "[2.5, null]"),
        ("dec", "decimal(20, 4)", r#"["1234.5678", null]"#),
        ("wide", "decimal(40, 2)", r#"["12345678901234567890123456789012345678.91", null]"#),
        ("b", "boolean", "[true, null]"),
        ("dt", "date", r#"["2021-04-08", null]"#),
        ("ts", "timestamp", r#"["2021-04-08T13:34:45", null]"#),
        ("tm", "time", r#"["13:34:45", null]"#),
        ("bin", "bytes", r#"["bWlJWmo=", null]"#),
        ("arr", "array<int>", "[[1, 2], null]"),
        ("mp", "map<string, int>", r#"[{"a": 1}, null]"#),
        (
            "r",
            r#"{"x": "int", "name": "string", "in": {"y": "string", "m": "map<string, int>"}}"#,
            r#"[{"x": 1, "name": "inner", "in": {"y": "deep", "m": {"k": 5}}}, null]"#,
        ),
    ])
}

/// What is behind the first value need not fit its type.
#[test]
fn coalesce_converts_only_what_it_needs() {
    check(
        &[
            ("coalesce(i, big, -1)", "INT", "7 -1"),
            ("ifnull(i, big)", "INT", "7 null"),
            ("coalesce(i, name, 5)", "INT", "7 5"),
        ],
        &rows(),
    );
}

#[test]
fn literals() {
    check(
        &[
            ("1", "INT", "1 1"),
            ("-2147483648", "INT", "-2147483648 -2147483648"),
            ("2147483648", "BIGINT", "2147483648 2147483648"),
            ("-9223372036854775808", "BIGINT", "-9223372036854775808 -9223372036854775808"),
            ("9223372036854775808", "!", "too large"),
            ("1.5", "DOUBLE", "1.5 1.5"),
            ("1e3", "DOUBLE", "1000.0 1000.0"),
            ("'it''s'", "STRING", "\"it's\" \"it's\""),
            ("'a\\b'", "STRING", "\"a\\\\b\" \"a\\\\b\""),
            ("NULL", "NULL", "null null"),
            ("true", "BOOLEAN", "true true"),
            ("FALSE", "BOOLEAN", "false false"),
            ("DATE '2021-04-08'", "DATE", "\"2021-04-08\" \"2021-04-08\""),
            ("+5", "INT", "5 5"),
            ("INTERVAL '1' DAY", "!", "DATEADD"),
        ],
        &rows(),
    );
}

#[test]
fn arithmetic() {
    check(
        &[
            ("t + t", "INT", "234 null"),
            ("i / 2", "INT", "3 null"),
            ("-i / 2", "INT", "-3 null"),
            ("-i % 4", "INT", "-3 null"),
            ("i + big", "BIGINT", "9007199254741000 null"),
            ("i + d", "DOUBLE", "9.5 null"),
            ("i / 2.0", "DOUBLE", "3.5 null"),
            ("f + t", "DOUBLE", "118.10000002384186 null"),
            ("i + NULL", "INT", "null null"),
            ("d / z", "DOUBLE", "\"Infinity\" null"),
            ("2 + 3 * 4 - 1", "INT", "13 13"),
            ("dec + 1", "Decimal(20, 4)", "1235.5678 null"),
            ("dec * 1.1", "Decimal(20, 4)", "1358.0246 null"),
            ("dec / 3", "Decimal(20, 4)", "411.5226 null"),
            ("0 - dec / 8", "Decimal(20, 4)", "-154.321 null"),
            ("dec % 1000", "Decimal(20, 4)", "234.5678 null"),
            ("dec + wide", "Decimal(40, 4)", "12345678901234567890123456789012346913.4778 null"),
            ("wide - 1", "Decimal(40, 2)", "12345678901234567890123456789012345677.91 null"),
            ("wide * 2", "Decimal(40, 2)", "24691357802469135780246913578024691357.82 null"),
            (
                "wide * wide",
                "!",
                "345678.91 and 12345678901234567890123456789012345678.91 doesn't fit Decimal(40, 2)",
            ),
            ("i / z", "!", "i / z: division by zero"),
            ("dec / z", "!", "division by zero"),
            ("i * 2147483647", "!", "i * 2147483647: the result is too large"),
            ("big * big", "!", "too large"),
            ("name + 1", "!", "STRING and INT are not both numbers"),
            ("-name", "!", "needs a number"),
            ("-dec", "Decimal(20, 4)", "-1234.5678 null"),
            ("1 / 0", "!", "1 / 0: division by zero"),
        ],
        &rows(),
    );
}

#[test]
fn texts_side_by_side() {
    check(
        &[
            ("name || '_' || i", "STRING", "\"Joy Ding_7\" null"),
            ("'a' || NULL", "STRING", "null null"),
            ("name || ts || d", "STRING", "\"Joy Ding2021-04-08T13:34:452.5\" null"),
            ("bin || 'x'", "STRING", "\"miIZjx\" null"),
            ("'a' || 'b'", "STRING", "\"ab\" \"ab\""),
        ],
        &rows(),
    );
}

#[test]
fn names_and_paths() {
    check(
        &[
            ("`name`", "STRING", "\"Joy Ding\" null"),
            ("\"name\"", "STRING", "\"Joy Ding\" null"),
            ("t.name", "STRING", "\"Joy Ding\" null"),
            // the last part alone is a column
            ("r.name", "STRING", "\"Joy Ding\" null"),
            ("r.x", "INT", "1 null"),
            ("r.in.y", "STRING", "\"deep\" null"),
            ("r.`in`.m.k", "INT", "5 null"),
            ("r.in.m.none", "INT", "null null"),
            ("r.in.m", "Map<STRING, INT>", "{\"k\":5} null"),
            ("mp.a", "INT", "1 null"),
            ("mp.zz", "INT", "null null"),
            ("mp.a + 1", "INT", "2 null"),
            ("NAME", "!", "can't find field [NAME]; did you mean \"name\"?"),
            ("r.inn.y", "!", "can't find field [r.inn.y]; did you mean \"in\"?"),
            ("r.in.m.k.l", "!", "must be the last part"),
            (
                "mp['a']",
                "!",
                "mp['a']: [ ] is not known here; a map's value is mp.key, with backticks around",
            ),
            (
                "arr[0]",
                "!",
                "arr[0]: [ ] is not known here; LATERAL VIEW EXPLODE(arr) AS x makes a row of each",
            ),
            ("r['x']", "!", "a field of a row is r.field"),
            ("name[1]", "!", "SUBSTRING"),
            ("arr.x", "!", "no [x] in a value of ARRAY<INT>"),
            ("zzz.x", "!", "can't find field [zzz.x]"),
        ],
        &rows(),
    );
}

#[test]
fn comparisons() {
    check(
        &[
            ("i > 5", "BOOLEAN", "true false"),
            ("i = 7", "BOOLEAN", "true false"),
            ("i != 8", "BOOLEAN", "true true"),
            ("i <> 7", "BOOLEAN", "false true"),
            ("i != i", "BOOLEAN", "false false"),
            ("NULL = NULL", "BOOLEAN", "false false"),
            ("name != NULL", "BOOLEAN", "true false"),
            ("t = 117", "BOOLEAN", "true false"),
            ("big = 9007199254740992", "BOOLEAN", "false false"),
            ("big > 9007199254740992.5", "BOOLEAN", "true false"),
            ("dec = 1234.5678", "BOOLEAN", "true false"),
            ("dec > i", "BOOLEAN", "true false"),
            ("wide > dec", "BOOLEAN", "true false"),
            ("f = 1.1", "BOOLEAN", "false false"),
            ("d >= 2.5", "BOOLEAN", "true false"),
            ("0.0 = -0.0", "BOOLEAN", "true true"),
            ("i = '7'", "BOOLEAN", "true false"),
            ("dt = '2021-04-08'", "BOOLEAN", "true false"),
            ("ts > '2021-01-01 00:00:00'", "BOOLEAN", "true false"),
            ("ts > '2021-04-08'", "BOOLEAN", "true false"),
            ("ts < '20210408'", "BOOLEAN", "false false"),
            ("ts BETWEEN '2021-04-08' AND '2021-04-09'", "BOOLEAN", "true false"),
            ("ts IN ('2021-04-08', '2021-04-08 13:34:45')", "BOOLEAN", "true false"),
            ("ts > 'soon'", "!", "\"soon\" is not a timestamp"),
            ("ts > dt", "BOOLEAN", "true false"),
            ("tm < '14:00:00'", "BOOLEAN", "true false"),
            ("b = true", "BOOLEAN", "true false"),
            ("b = 'false'", "BOOLEAN", "false false"),
            ("name < 'K'", "BOOLEAN", "true false"),
            ("name = i", "!", "can't compare STRING with INT; CAST one of them"),
            (
                "name = 5",
                "!",
                "STRING with INT; CAST one of them, or write the number as a text to compare texts",
            ),
            ("i = 'x'", "!", "'x' is not a number"),
            ("dt = 'x'", "!", "dt = 'x'"),
            ("arr = arr", "!", "can't be compared"),
            ("b > false", "!", "no order"),
            ("i ^ 2", "!", "operator ^"),
        ],
        &rows(),
    );
}

#[test]
fn lists_and_ranges() {
    check(
        &[
            ("i IN (1, 7)", "BOOLEAN", "true false"),
            ("i NOT IN (1, 2)", "BOOLEAN", "true false"),
            ("i IN (1, NULL)", "BOOLEAN", "false false"),
            ("i NOT IN (1, NULL)", "BOOLEAN", "true false"),
            ("NOT i IN (7)", "BOOLEAN", "false false"),
            ("i IN (7.0)", "BOOLEAN", "true false"),
            ("t IN (1, 117, 3000000000)", "BOOLEAN", "true false"),
            ("i IN ('7')", "BOOLEAN", "true false"),
            ("i IN (z, t - 110)", "BOOLEAN", "true false"),
            ("i NOT IN (z, t)", "BOOLEAN", "true false"),
            ("d IN (2.5, 3)", "BOOLEAN", "true false"),
            ("name IN ('Joy Ding', 'x')", "BOOLEAN", "true false"),
            ("dt IN ('2021-04-08')", "BOOLEAN", "true false"),
            ("7 IN (7)", "BOOLEAN", "true true"),
            ("name IN (1)", "!", "can't compare"),
            ("i BETWEEN 7 AND 9", "BOOLEAN", "true false"),
            ("i NOT BETWEEN 1 AND 5", "BOOLEAN", "true false"),
            ("NOT i BETWEEN 1 AND 9", "BOOLEAN", "false false"),
            ("dt BETWEEN '2021-01-01' AND '2021-12-31'", "BOOLEAN", "true false"),
            ("i IN (SELECT 1)", "!", "sub-query"),
        ],
        &rows(),
    );
}

#[test]
fn like_takes_marks_anywhere_and_the_rest_as_it_is() {
    let rows = table(&[
        ("s", "string", r#"["a.c%d", "abc\nd", "A.C_D", null]"#),
        ("p", "string", r#"["a%", "%d", "x", "%"]"#),
    ]);
    check(
        &[
            ("s LIKE 'a%d'", "BOOLEAN", "true true false false"),
            ("s LIKE 'a.c%'", "BOOLEAN", "true false false false"),
            ("s LIKE 'a_c%'", "BOOLEAN", "true true false false"),
            ("s LIKE '%c%'", "BOOLEAN", "true true false false"),
            ("s LIKE 'a.c\\%d'", "BOOLEAN", "true false false false"),
            ("s LIKE '%c!%d' ESCAPE '!'", "BOOLEAN", "true false false false"),
            ("s LIKE 'A.C!_D' ESCAPE '!'", "BOOLEAN", "false false true false"),
            ("s LIKE '(a|b)+.*[c]'", "BOOLEAN", "false false false false"),
            ("s LIKE ''", "BOOLEAN", "false false false false"),
            ("s LIKE '%'", "BOOLEAN", "true true true false"),
            ("s NOT LIKE 'a%'", "BOOLEAN", "false false true false"),
            ("NOT s LIKE 'a%'", "BOOLEAN", "false false true false"),
            ("s ILIKE 'a.c%'", "BOOLEAN", "true false true false"),
            ("s LIKE p", "BOOLEAN", "true true false false"),
            ("s LIKE NULL", "BOOLEAN", "false false false false"),
            ("'abc' LIKE 'a_c'", "BOOLEAN", "true true true true"),
            ("117 LIKE '1%'", "BOOLEAN", "true true true true"),
            ("s LIKE 5", "!", "the pattern is INT"),
            ("s LIKE 'a' ESCAPE 'ab'", "!", "not one character"),
        ],
        &rows,
    );
}

#[test]
fn truth_has_three_values_where_a_boolean_is_null() {
    check(
        &[
            ("b AND i > 5", "BOOLEAN", "true false"),
            ("b AND true", "BOOLEAN", "true null"),
            ("b OR true", "BOOLEAN", "true true"),
            ("b OR false", "BOOLEAN", "true null"),
            ("NOT b", "BOOLEAN", "false null"),
            ("NOT (i > 5)", "BOOLEAN", "false false"),
            ("NOT (i = 7)", "BOOLEAN", "false true"),
            ("NOT (i > 5 AND i < 6)", "BOOLEAN", "true false"),
            ("NOT (i > 5 OR b)", "BOOLEAN", "false false"),
            ("b IS NULL", "BOOLEAN", "false true"),
            ("NOT (b IS NULL)", "BOOLEAN", "true false"),
            ("i IS NOT NULL", "BOOLEAN", "true false"),
            ("b IS TRUE", "BOOLEAN", "true false"),
            ("b IS NOT TRUE", "BOOLEAN", "false true"),
            ("b IS FALSE", "BOOLEAN", "false false"),
            ("NULL AND false", "BOOLEAN", "false false"),
            ("i AND b", "!", "i is INT, not a condition"),
            // the right side is not computed for rows that the left side decides
            ("z != 0 AND i / z > 1", "BOOLEAN", "false false"),
            ("z = 0 OR i / z > 1", "BOOLEAN", "true false"),
            ("z != 0 AND 1 / 0 > 1", "BOOLEAN", "!"),
        ]
        .map(|case| if case.2 == "!" { (case.0, "!", "division by zero") } else { case }),
        &rows(),
    );
}

#[test]
fn case_computes_only_the_branch_that_is_taken() {
    check(
        &[
            ("CASE WHEN i > 5 THEN 'big' ELSE 'small' END", "STRING", "\"big\" \"small\""),
            ("CASE i WHEN 7 THEN 'seven' END", "STRING", "\"seven\" null"),
            ("CASE i WHEN 1 THEN 'a' WHEN 7 THEN 'b' ELSE 'c' END", "STRING", "\"b\" \"c\""),
            ("CASE d WHEN 2.5 THEN 1 ELSE 0 END", "INT", "1 0"),
            ("CASE i WHEN 7.0 THEN 1 ELSE 0 END", "INT", "1 0"),
            ("CASE i WHEN '7' THEN 1 ELSE 0 END", "INT", "1 0"),
            ("CASE name WHEN NULL THEN 1 ELSE 0 END", "INT", "0 0"),
            ("CASE WHEN b THEN 1 ELSE 2.5 END", "DOUBLE", "1.0 2.5"),
            ("CASE WHEN b THEN i ELSE big END", "BIGINT", "7 null"),
            ("CASE WHEN b THEN dec ELSE 1 END", "Decimal(20, 4)", "1234.5678 1"),
            ("CASE WHEN b THEN NULL ELSE i END", "INT", "null null"),
            ("CASE WHEN b THEN NULL END", "NULL", "null null"),
            ("CASE WHEN z = 0 THEN 0 WHEN z IS NULL THEN -1 ELSE i / z END", "INT", "0 -1"),
            ("CASE WHEN i > 5 THEN 1 ELSE 1 / 0 END", "INT", "!"),
            ("CASE WHEN i > 5 OR i IS NULL THEN 1 ELSE 1 / 0 END", "INT", "1 1"),
            ("CASE WHEN i > 5 OR i IS NULL THEN 1 ELSE CAST(name AS INT) END", "INT", "1 1"),
            ("CASE WHEN b THEN i ELSE 'x' END", "!", "branches of CASE are INT and STRING"),
            ("CASE WHEN i THEN 1 END", "!", "not a condition"),
        ]
        .map(|case| if case.2 == "!" { (case.0, "!", "division by zero") } else { case }),
        &rows(),
    );
}

#[test]
fn calls_that_sql_writes_in_ways_of_their_own() {
    check(
        &[
            ("trim(both 'J' from name)", "STRING", "\"oy Ding\" null"),
            ("TRIM(LEADING 'J' FROM name)", "STRING", "\"oy Ding\" null"),
            ("TRIM(TRAILING 'g' FROM name)", "STRING", "\"Joy Din\" null"),
            ("TRIM(name, 'J')", "STRING", "\"oy Ding\" null"),
            ("POSITION('D' IN name)", "INT", "5 0"),
            ("POSITION('D', name)", "INT", "5 0"),
            ("SUBSTRING(name FROM 5 FOR 2)", "STRING", "\"Di\" null"),
            ("SUBSTR(name, 5)", "STRING", "\"Ding\" null"),
            ("OVERLAY(name PLACING 'X' FROM 1 FOR 3)", "STRING", "\"X Ding\" \"X\""),
            ("CEIL(2.5)", "INT", "3 3"),
            ("floor(d)", "INT", "2 null"),
            ("EXTRACT(YEAR FROM ts)", "INT", "2021 null"),
            ("EXTRACT('year' FROM ts)", "INT", "2021 null"),
            ("CURRENT_DATE = CURRENT_DATE()", "BOOLEAN", "true true"),
            ("NOW() >= CURRENT_TIMESTAMP", "BOOLEAN", "true true"),
            ("ts AT TIME ZONE 'UTC' IS NULL", "BOOLEAN", "false true"),
            ("ARRAY[1, 2]", "ARRAY<INT>", "[1,2] [1,2]"),
            ("ARRAY(1, 2)", "ARRAY<INT>", "[1,2] [1,2]"),
            ("name RLIKE '^J'", "BOOLEAN", "true null"),
            ("LEFT(name, 1) || RIGHT(name, 1)", "STRING", "\"Jg\" null"),
            ("REPLACE(INSERT(name, 1, 3, CHAR(65)), ' ', '')", "STRING", "\"ADing\" \"A\""),
            ("UUID() = UUID()", "BOOLEAN", "false false"),
            (
                "DES_ENCRYPT('12345678', 'Joy Ding')",
                "STRING",
                "\"+jXI7ngL1UzB8yoBYEVgoQ==\" \"+jXI7ngL1UzB8yoBYEVgoQ==\"",
            ),
            ("DES_DECRYPT('1234567890', DES_ENCRYPT('1234567890', name))", "STRING", "\"Joy Ding\" null"),
            ("DES_DECRYPT('12345678', name)", "STRING", "\"Joy Ding\" null"),
            ("DES_ENCRYPT('123', name)", "!", "at least 8"),
        ],
        &rows(),
    );
}

#[test]
fn calls_that_are_not_known() {
    check(
        &[
            ("UPPR(name)", "!", "there is no function UPPR; did you mean UPPER("),
            ("COUNT(i)", "!", "row by row"),
            ("COUNT(*)", "!", "row by row"),
            ("SUM(i) OVER (PARTITION BY name)", "!", "OVER"),
            ("(SELECT 1)", "!", "sub-query"),
            ("EXISTS (SELECT 1)", "!", "sub-query"),
        ],
        &rows(),
    );
}

#[test]
fn nesting_has_a_limit_and_never_ends_the_process() {
    let deep = |front: &str, middle: &str, back: &str, levels: usize| {
        format!("{}{middle}{}", front.repeat(levels), back.repeat(levels))
    };
    for (expr, is_right) in [
        (deep("(", "i", ")", 20), true),
        (deep("(", "i", ")", 5_000), false),
        (deep("-(", "i", ")", 500), false),
        (deep("NOT (", "b", ")", 1_000), false),
        (deep("CASE WHEN b THEN ", "i", " END", 500), false),
        (deep("CAST(", "i", " AS INT)", 500), false),
        (deep("ARRAY[", "i", "]", 500), false),
        (deep("ARRAY[", "i", "", 30), false),
        (deep("POSITION(name, ", "name", ")", 10), true),
        (deep("POSITION(name, ", "name", ")", 500), false),
        (deep("POSITION('a' IN ", "name", "", 30), false),
        (format!("i{}", " + 0".repeat(60)), true),
        (format!("i{}", " + 0".repeat(1_900)), false),
        (format!("i{}", " + 0".repeat(50_000)), false),
        (format!("i = 7{}", " OR i = 9".repeat(1_500)), true),
        (format!("name{}", " || 'x'".repeat(1_500)), true),
    ] {
        let found = value(&expr, &rows());
        assert_eq!(found.is_ok(), is_right, "{} … {found:?}", &expr[..20]);
    }
}
