//! Calls that can't be bound, with what is said.

use super::typed::result;

#[test]
fn wrong_arguments() {
    for (call, error) in [
        ("ABS()", "ABS takes 1 argument, 0 given: ABS(number)"),
        ("ABS(true)", "argument 1 of ABS is BOOLEAN; allowed is a number"),
        ("ROUND(date:2021-04-08)", "argument 1 of ROUND is DATE; allowed is a number"),
        ("ROUND(1, 2, 3)", "ROUND takes 1 or 2 arguments, 3 given: ROUND(number[, digits])"),
        ("ROUND(1.5, true)", "argument 2 of ROUND is BOOLEAN; allowed is a number"),
        ("CEIL(1, 2)", "CEIL takes 1 argument, 2 given: CEIL(number)"),
        ("PI(1)", "PI takes no arguments, 1 given: PI()"),
        ("LOG()", "LOG takes 1 or 2 arguments, 0 given: LOG([base, ]number)"),
        ("NOW(1)", "NOW takes no arguments, 1 given: CURRENT_TIMESTAMP[()]"),
        ("YEAR(7)", "argument 1 of YEAR is INT; allowed is a date, a time or a timestamp"),
        ("YEAR(time:13:34:45)", "argument 1 of YEAR is TIME; allowed is a date or a timestamp"),
        (
            "YEAR('soon')",
            "argument 1 of YEAR is \"soon\", which is no timestamp like 2021-04-08 13:34:45 and no date",
        ),
        (
            "DATEADD(date:2021-04-08, 1, 'MONHT')",
            "DATEADD knows no unit \"MONHT\" (did you mean MONTH?); allowed are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, \
             MINUTE, SECOND, MILLISECOND, MICROSECOND",
        ),
        (
            "DATEDIFF(date:2021-04-08, time:13:34:45)",
            "DATEDIFF can't compare DATE with TIME; CAST one of them",
        ),
        (
            "DATEDIFF(timestamp:2021-04-08 13:34:45, tz:2021-04-08T13:34:45Z)",
            "DATEDIFF can't compare TIMESTAMP with TIMESTAMP_TZ; CAST one of them",
        ),
        ("DATE_TRUNC(time:13:34:45)", "argument 1 of DATE_TRUNC is TIME; allowed is a date or a timestamp"),
        (
            "FORMATDATETIME(date:2021-04-08, 'yyyy HH')",
            "format \"yyyy HH\" has the letter H, for which DATE has nothing",
        ),
        (
            "FORMATDATETIME(date:2021-04-08, 'YYYY-mb')",
            "\"YYYY-mb\" is no time pattern: \"b\" is not known; known are G y u Y Q q M L w W D d E e c a H k K h m s \
             S A n N X x Z O; other letters are written in quotes",
        ),
        (
            "FROM_UNIXTIME(0, 'HH:mm X')",
            "format \"HH:mm X\" has the letter X, for which FROM_UNIXTIME has nothing",
        ),
        (
            "FROM_UNIXTIME(0, 'HH', 'Mars')",
            "\"Mars\" is no time zone; allowed are Asia/Shanghai, UTC, UTC+8, GMT+08:00, +08:00",
        ),
        (
            "FROM_UNIXTIME(9223372036854775807, 'HH')",
            "FROM_UNIXTIME: \"9223372036854775807\" seconds are beyond the range of timestamps",
        ),
        ("PARSEDATETIME('2021', 'yyyy')", "format \"yyyy\" does not describe a whole date"),
        ("PARSEDATETIME('1', 'hh:mm')", "format \"hh:mm\" does not describe a whole time of day"),
        ("TO_DATE('1', ''x'')", "format \"'x'\" has no letter of a date or a time"),
        ("IS_DATE('1', 'w')", "format \"w\" has the letter w, which can be written, not read"),
        (
            "PARSEDATETIME('2021-13-01', 'yyyy-MM-dd')",
            "\"2021-13-01\" by \"yyyy-MM-dd\" has month 13, which there is not",
        ),
        ("TO_CHAR(date:2021-04-08)", "TO_CHAR of DATE needs a format: TO_CHAR(value, 'yyyy-MM-dd HH:mm:ss')"),
        (
            "AT_TIME_ZONE(date:2021-04-08, 'UTC')",
            "argument 1 of AT_TIME_ZONE is DATE; allowed is a timestamp",
        ),
        (
            "EXTRACT('YAER', date:2021-04-08)",
            "EXTRACT knows no field \"YAER\" (did you mean YEAR?); allowed are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, \
             MINUTE, SECOND, MILLISECOND, MILLISECONDS, MICROSECOND, MICROSECONDS, DAYOFWEEK, ISODOW, DOW, DAYOFYEAR, \
             DOY, ISOYEAR, DECADE, CENTURY, MILLENNIUM, EPOCH",
        ),
        ("COALESCE()", "COALESCE takes at least 1 argument, 0 given: COALESCE(value, …)"),
        ("IFNULL(1)", "IFNULL takes 2 arguments, 1 given: IFNULL(value, other)"),
        (
            "IFNULL(1, date:2021-04-08)",
            "argument 2 of IFNULL is DATE, which can't be made INT like the first one; CAST one of them",
        ),
        (
            "MULTI_IF(true, 1)",
            "MULTI_IF takes at least 3 arguments, 2 given: MULTI_IF(condition, value, …, otherwise)",
        ),
        (
            "MULTI_IF(true, 1, true, 2)",
            "MULTI_IF takes an odd number of arguments, 4 given: the last one is for no condition",
        ),
        ("MULTI_IF(1, 1, 2)", "argument 1 of MULTI_IF is INT; allowed is a boolean"),
        ("MULTI_IF(true, 1, array<int>:[1])", "the values of MULTI_IF have no common type; CAST them"),
        ("ARRAY(1, array<int>:[1])", "the values of ARRAY have no common type; CAST them"),
        ("MAP()", "MAP takes an even number of arguments, at least 2, 0 given: MAP(key, value, …)"),
        ("MAP(NULL, 1)", "argument 1 of MAP is null; no key may be null"),
        ("ARRAY_MAX(1)", "argument 1 of ARRAY_MAX is INT; allowed is an array"),
        (
            "VECTOR_NORM('x')",
            "argument 1 of VECTOR_NORM is STRING; allowed is a FLOAT_VECTOR or an array of numbers",
        ),
        (
            "L2_DISTANCE(vector:[1 2], vector:[1 2 3])",
            "L2_DISTANCE takes vectors of one dimension, 2 and 3 given",
        ),
        (
            "VECTOR_REDUCE(vector:[1 2], 0, 'TRUNCATE')",
            "the dimension of VECTOR_REDUCE must be a literal from 1 on",
        ),
        (
            "VECTOR_REDUCE(vector:[1 2], 1, 'TRUNC')",
            "VECTOR_REDUCE knows no method \"TRUNC\" (did you mean TRUNCATE?); allowed are TRUNCATE, \
             RANDOM_PROJECTION, SPARSE_RANDOM_PROJECTION",
        ),
    ] {
        assert_eq!(result(call), Err(error.to_owned()), "{call}");
    }
}
