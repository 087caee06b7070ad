//! What the Java engine was seen to give, with its types. Two lines are as they should be: `RPAD` repeats its whole pad,
//! `REGEXP_SUBSTR` takes three to five arguments too.

use super::calls::{Argued, bind, parse, result};
use crate::table::DataType;

const OBSERVED: &[(&str, DataType, Option<&str>)] = &[
    ("ASCII('Joy Ding')", DataType::Int, Some("74")),
    ("BIT_LENGTH('Joy Ding')", DataType::BigInt, Some("64")),
    ("BIT_LENGTH('你好abc')", DataType::BigInt, Some("72")),
    ("CHAR_LENGTH('你好abc')", DataType::BigInt, Some("5")),
    ("LENGTH(NULL)", DataType::BigInt, None),
    ("OCTET_LENGTH('你好abc')", DataType::BigInt, Some("9")),
    ("CHAR(65)", DataType::String, Some("A")),
    ("CONCAT('Joy Ding', '_')", DataType::String, Some("Joy Ding_")),
    ("CONCAT('Joy Ding', NULL, 'x')", DataType::String, Some("Joy Dingx")),
    ("CONCAT('Joy Ding', 7)", DataType::String, Some("Joy Ding7")),
    ("CONCAT_WS(',', 'Joy Ding', '_')", DataType::String, Some("Joy Ding,_")),
    ("CONCAT_WS('-', 'Joy Ding', NULL, 'x')", DataType::String, Some("Joy Ding-x")),
    ("HEXTORAW('00410042')", DataType::String, Some("AB")),
    ("RAWTOHEX(x'6d69495a6a')", DataType::String, Some("6d69495a6a")),
    ("INSERT('Joy Ding', 1, 1, ' ')", DataType::String, Some(" oy Ding")),
    ("INSERT('Joy Ding', 100, 3, 'XX')", DataType::String, Some("Joy Ding")),
    ("LOWER('Joy Ding')", DataType::String, Some("joy ding")),
    ("UPPER('Joy Ding')", DataType::String, Some("JOY DING")),
    ("UCASE('你好abc')", DataType::String, Some("你好ABC")),
    ("LEFT('Joy Ding', 100)", DataType::String, Some("Joy Ding")),
    ("RIGHT('Joy Ding', 0)", DataType::String, Some("")),
    ("LOCATE('i', 'Joy Ding')", DataType::Int, Some("6")),
    ("LOCATE('i', 'Joy Ding', -1)", DataType::Int, Some("6")),
    ("LOCATE('zz', 'Joy Ding')", DataType::Int, Some("0")),
    ("INSTR('Joy Ding', 'n', 3)", DataType::Int, Some("7")),
    ("POSITION('D', 'Joy Ding')", DataType::Int, Some("5")),
    ("LPAD('Joy Ding', 3, '*')", DataType::String, Some("Joy")),
    ("LPAD('42', 5)", DataType::String, Some("   42")),
    ("RPAD('Joy Ding', 2)", DataType::String, Some("Jo")),
    ("RPAD('42', 7, 'ab')", DataType::String, Some("42ababa")),
    ("RTRIM('  pad  ')", DataType::String, Some("  pad")),
    ("TRIM('  pad  ')", DataType::String, Some("pad")),
    ("RTRIM('xxabcxx', 'x')", DataType::String, Some("xxabc")),
    ("TRIM('xxabcxx', 'x')", DataType::String, Some("abc")),
    ("REGEXP_REPLACE('Hello WWWWorld', 'w+', 'W', 'i')", DataType::String, Some("Hello World")),
    ("REGEXP_REPLACE('Joy Ding', '(\\w+) (\\w+)', '$2 $1')", DataType::String, Some("Ding Joy")),
    ("REGEXP_LIKE('Joy Ding', '^Joy')", DataType::Boolean, Some("true")),
    ("REGEXP_LIKE(NULL, 'x')", DataType::Boolean, None),
    (
        "REGEXP_SUBSTR('2020-10-01', '(\\d{4})-(\\d{2})-(\\d{2})', 1, 1, NULL, 2)",
        DataType::String,
        Some("10"),
    ),
    ("REGEXP_SUBSTR('2020-10-01', '\\d{2}', 1, 2)", DataType::String, Some("20")),
    ("REPEAT('Joy Ding', 0)", DataType::String, Some("")),
    ("REPLACE('Joy Ding', 'o', '0')", DataType::String, Some("J0y Ding")),
    ("SOUNDEX('Joy Ding')", DataType::String, Some("J352")),
    ("SPACE(8)", DataType::String, Some("        ")),
    ("SUBSTRING('[Hello]', 2)", DataType::String, Some("Hello]")),
    ("SUBSTR('Joy Ding', -4)", DataType::String, Some("Ding")),
    ("SUBSTR('Joy Ding', 0, 3)", DataType::String, Some("Joy")),
    ("TRANSLATE('Hello world', 'eo', 'EO')", DataType::String, Some("HEllO wOrld")),
    ("TRANSLATE('Joy Ding', 'oy', 'X')", DataType::String, Some("JXy Ding")),
];

#[test]
fn as_the_engine() {
    for (call, data_type, wanted) in OBSERVED {
        assert_eq!(result(call).as_ref().map(Option::as_deref), Ok(*wanted), "{call}");
        let (name, given) = parse(call);
        let arguments: Vec<Argued> = given.into_iter().map(Argued::Literal).collect();
        assert_eq!(bind(name, &arguments).map(|(bound, _)| bound.result).as_ref(), Ok(data_type), "{call}");
    }
}
