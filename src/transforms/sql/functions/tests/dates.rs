//! Tables of functions of dates and times. What the Java engine was seen to give is among them.

use super::typed::{Given, bind, check, check_nulls, column, over, parse, run};
use crate::table::DataType;
use crate::transforms::sql::function::Values;
use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

#[test]
fn parts() {
    check(&[
        ("YEAR(date:2021-04-08)", "INT", "2021"),
        ("YEAR(timestamp:1969-12-31 23:59:59)", "INT", "1969"),
        ("YEAR('2021-04-08 13:34:45')", "INT", "2021"),
        ("YEAR('2021-04-08')", "INT", "2021"),
        ("YEAR(tz:2021-12-31T23:00:00Z)", "INT", "2021"),
        ("QUARTER(date:2024-02-29)", "INT", "1"),
        ("QUARTER(date:2024-10-01)", "INT", "4"),
        ("MONTH(date:2021-04-08)", "INT", "4"),
        ("WEEK(timestamp:2023-12-31 23:59:59)", "INT", "53"),
        ("WEEK(date:2021-04-08)", "INT", "15"),
        ("WEEK(date:2021-01-03)", "INT", "2"),
        ("WEEK(date:2024-12-30)", "INT", "53"),
        ("WEEK(date:2023-01-07)", "INT", "1"),
        ("WEEK(date:2000-12-31)", "INT", "54"),
        ("DAY_OF_MONTH(timestamp:2021-04-08 13:34:45)", "INT", "8"),
        ("DAY_OF_WEEK(timestamp:2023-12-31 23:59:59)", "INT", "7"),
        ("DAY_OF_WEEK(date:2024-01-01)", "INT", "1"),
        ("DAY_OF_YEAR(date:2024-02-29)", "INT", "60"),
        ("DAY_OF_YEAR(date:2024-12-31)", "INT", "366"),
        ("HOUR(timestamp:2021-04-08 13:34:45)", "INT", "13"),
        ("HOUR(time:13:34:45)", "INT", "13"),
        ("HOUR(date:2021-04-08)", "INT", "0"),
        ("MINUTE(timestamp:1969-12-31 23:59:59)", "INT", "59"),
        ("SECOND(time:13:34:45.9)", "INT", "45"),
        ("DAYNAME(date:2024-02-29)", "STRING", "Thursday"),
        ("MONTHNAME(date:2024-02-29)", "STRING", "February"),
    ]);
    check_nulls(&[
        "YEAR(date:2021-04-08)",
        "HOUR(time:13:34:45)",
        "DAYNAME('2021-04-08')",
        "WEEK(date:2021-04-08)",
    ]);
}

#[test]
fn extracted() {
    let timestamp = "timestamp:2021-04-08 13:34:45.678901";
    for (field, argument, data_type, value) in [
        ("YEAR", "date:2021-04-08", "INT", "2021"),
        ("year", timestamp, "INT", "2021"),
        ("QUARTER", timestamp, "INT", "2"),
        ("MONTH", timestamp, "INT", "4"),
        ("WEEK", "timestamp:2023-12-31 23:59:59", "INT", "52"),
        ("DAY", timestamp, "INT", "8"),
        ("HOUR", "time:13:34:45", "INT", "13"),
        ("MINUTE", timestamp, "INT", "34"),
        ("SECOND", timestamp, "INT", "45"),
        ("MILLISECOND", timestamp, "INT", "678"),
        ("MILLISECONDS", timestamp, "INT", "45678"),
        ("MICROSECOND", timestamp, "INT", "678901"),
        ("MICROSECONDS", timestamp, "INT", "45678901"),
        ("DAYOFWEEK", "date:2023-12-31", "INT", "7"),
        ("ISODOW", "date:2023-12-31", "INT", "7"),
        ("DOW", "date:2023-12-31", "INT", "0"),
        ("DOY", "date:2024-02-29", "INT", "60"),
        ("DAYOFYEAR", "date:2024-02-29", "INT", "60"),
        ("ISOYEAR", "date:2021-01-03", "INT", "2020"),
        ("DECADE", timestamp, "INT", "202"),
        ("CENTURY", "date:2000-12-31", "INT", "20"),
        ("CENTURY", timestamp, "INT", "21"),
        ("MILLENNIUM", timestamp, "INT", "3"),
        ("EPOCH", timestamp, "BIGINT", "1617888885"),
        ("EPOCH", "timestamp:1969-12-31 23:59:59.5", "BIGINT", "-1"),
        ("EPOCH", "date:2100-01-01", "BIGINT", "4102444800"),
        ("HOUR", "date:2021-04-08", "INT", "NULL"),
        ("YEAR", "time:13:34:45", "INT", "NULL"),
        ("EPOCH", "time:13:34:45", "BIGINT", "NULL"),
        ("YEAR", "date:NULL", "INT", "NULL"),
        ("YEAR", "NULL", "INT", "NULL"),
    ] {
        check(&[(&format!("EXTRACT('{field}', {argument})"), data_type, value)]);
    }
}

#[test]
fn added() {
    check(&[
        ("DATEADD(date:2024-02-29, 1, 'YEAR')", "DATE", "2025-02-28"),
        ("DATEADD(date:2021-04-08, 1, 'DAY')", "DATE", "2021-04-09"),
        ("DATEADD(timestamp:2021-04-08 13:34:45, 2, 'HOUR')", "TIMESTAMP", "2021-04-08T15:34:45"),
        ("DATEADD(date:2021-04-08, 1, 'week')", "DATE", "2021-04-15"),
        ("DATEADD(timestamp:2021-04-08 13:34:45, 1)", "TIMESTAMP", "2021-04-09T13:34:45"),
        ("TIMESTAMPADD(timestamp:2021-04-08 13:34:45, 1, 'DAY')", "TIMESTAMP", "2021-04-09T13:34:45"),
        ("DATEADD(date:2021-01-31, 1, 'MONTH')", "DATE", "2021-02-28"),
        ("DATEADD(date:2021-01-31, -2, 'MONTH')", "DATE", "2020-11-30"),
        ("DATEADD(date:2021-01-31, 1, 'QUARTER')", "DATE", "2021-04-30"),
        ("DATEADD(date:2021-01-31, 1, 'HOUR')", "DATE", "2021-01-31"),
        ("DATEADD(time:23:30:00, 1, 'HOUR')", "TIME", "00:30"),
        ("DATEADD(time:00:30:00, -9223372036854775808, 'MINUTE')", "TIME", "06:22"),
        ("DATEADD(time:23:30:00, 1, 'DAY')", "TIME", "23:30"),
        (
            "DATEADD(timestamp:2021-04-08 13:34:45, -1500, 'MILLISECOND')",
            "TIMESTAMP",
            "2021-04-08T13:34:43.500",
        ),
        ("DATEADD(tz:2021-04-08T13:34:45Z, 1, 'MONTH')", "TIMESTAMP_TZ", "2021-05-08T13:34:45Z"),
        ("DATEADD('2021-04-08', 1)", "TIMESTAMP", "2021-04-09T00:00"),
        ("DATEADD(date:2021-04-08, 2.9)", "DATE", "2021-04-10"),
        ("DATEADD(date:2021-04-08, 1, NULL)", "DATE", "2021-04-09"),
        ("DATEADD(date:2021-04-08, NULL)", "DATE", "NULL"),
        ("DATEADD(date:NULL, 1, 'DAY')", "DATE", "NULL"),
    ]);
    for call in [
        "DATEADD(date:2021-04-08, 3000000000)",
        "DATEADD(date:2021-04-08, 9223372036854775807, 'YEAR')",
        "DATEADD(date:2021-04-08, 5799000, 'YEAR')",
        "DATEADD(timestamp:2021-04-08 13:34:45, 300000, 'YEAR')",
        "DATEADD(timestamp:2021-04-08 13:34:45, 9223372036854775807, 'MILLISECOND')",
        "DATEADD(timestamp:2021-04-08 13:34:45, 9223372036854775807, 'MICROSECOND')",
    ] {
        let (name, given) = parse(call);
        let found = run(name, &given);
        if call.contains("5799000") {
            assert_eq!(found.unwrap().1.as_deref(), Some("+5801021-04-08"));
            continue;
        }
        let error = "DATEADD: the result is beyond the range of its type";
        assert_eq!(found, Err(error.into()), "{call}");
    }
}

#[test]
fn differences() {
    let (a, b) = ("timestamp:2021-04-08 13:34:45", "timestamp:2023-12-31 23:59:59");
    for (from, to, unit, value) in [
        (a, b, ", 'DAY'", "997"),
        (b, a, ", 'HOUR'", "-23938"),
        ("date:2021-04-08", "date:2024-02-29", ", 'DAY'", "1057"),
        (a, b, "", "997"),
        (a, b, ", NULL", "997"),
        (a, b, ", 'WEEK'", "142"),
        (a, b, ", 'MONTH'", "32"),
        (b, a, ", 'MONTH'", "-32"),
        (a, b, ", 'YEAR'", "2"),
        (a, b, ", 'QUARTER'", "10"),
        ("date:2021-01-31", "date:2021-02-28", ", 'MONTH'", "0"),
        ("date:2024-02-29", "date:2025-02-28", ", 'YEAR'", "0"),
        ("timestamp:2021-04-08 23:00:00", "timestamp:2021-04-09 01:00:00", ", 'DAY'", "1"),
        ("timestamp:2021-04-08 23:00:00", "timestamp:2021-04-09 01:00:00", ", 'DAYTIME'", "0"),
        ("timestamp:2021-04-08 23:00:00", "timestamp:2021-04-09 01:00:00.5", ", 'MILLISECOND'", "7200500"),
        ("timestamp:2021-04-08 01:00:00.5", "timestamp:2021-04-08 00:00:00", ", 'SECOND'", "-3600"),
        ("timestamp:2021-04-08 00:59:59.5", "timestamp:2021-04-08 00:00:00", ", 'HOUR'", "-1"),
        ("time:13:34:45", "time:14:00:00", ", 'MINUTE'", "25"),
        ("time:13:34:45", "time:14:00:00", ", 'DAY'", "NULL"),
        ("time:13:34:45", "time:14:00:00", ", 'DAYTIME'", "0"),
        ("date:2021-04-08", a, ", 'HOUR'", "13"),
        ("'2021-04-08'", "'2021-04-09 12:00:00'", ", 'HOUR'", "36"),
        ("date:NULL", a, "", "NULL"),
        (a, "NULL", ", 'HOUR'", "NULL"),
    ] {
        check(&[(&format!("DATEDIFF({from}, {to}{unit})"), "BIGINT", value)]);
    }
}

#[test]
fn truncated() {
    for (unit, value) in [
        ("", "2021-08-12T00:00"),
        (", NULL", "2021-08-12T00:00"),
        (", 'YEAR'", "2021-01-01T00:00"),
        (", 'QUARTER'", "2021-07-01T00:00"),
        (", 'MONTH'", "2021-08-01T00:00"),
        (", 'WEEK'", "2021-08-09T00:00"),
        (", 'DAY'", "2021-08-12T00:00"),
        (", 'HOUR'", "2021-08-12T13:00"),
        (", 'MINUTE'", "2021-08-12T13:34"),
        (", 'SECOND'", "2021-08-12T13:34:45"),
        (", 'MILLISECOND'", "2021-08-12T13:34:45.678"),
        (", 'MICROSECOND'", "2021-08-12T13:34:45.678901"),
    ] {
        check(&[(&format!("DATE_TRUNC(timestamp:2021-08-12 13:34:45.678901{unit})"), "TIMESTAMP", value)]);
    }
    check(&[
        ("DATE_TRUNC(date:2021-04-08, 'MONTH')", "TIMESTAMP", "2021-04-01T00:00"),
        ("DATE_TRUNC(date:2021-04-08, 'HOUR')", "TIMESTAMP", "2021-04-08T00:00"),
        ("DATE_TRUNC(timestamp:1969-12-31 23:59:59, 'MINUTE')", "TIMESTAMP", "1969-12-31T23:59"),
        ("DATE_TRUNC(timestamp:NULL, 'MINUTE')", "TIMESTAMP", "NULL"),
        ("DATE_TRUNC('2021-04-08 13:34:45', 'HOUR')", "TIMESTAMP", "2021-04-08T13:00"),
    ]);
}

#[test]
fn as_text() {
    check(&[
        ("FORMATDATETIME(date:2021-04-08, 'yyyyMMdd')", "STRING", "20210408"),
        ("FORMATDATETIME(time:13:34:45, 'HH.mm')", "STRING", "13.34"),
        (
            "FORMATDATETIME(timestamp:2021-04-08 13:34:45, 'EEE d MMM yyyy h:mm a')",
            "STRING",
            "Thu 8 Apr 2021 1:34 PM",
        ),
        ("FORMATDATETIME(tz:2021-04-08T13:34:45Z, 'HH:mmX')", "STRING", "13:34Z"),
        ("FORMATDATETIME('2021-04-08', 'dd.MM.yyyy HH')", "STRING", "08.04.2021 00"),
        ("TO_CHAR(timestamp:2021-04-08 13:34:45, 'yyyy-MM-dd HH:mm:ss')", "STRING", "2021-04-08 13:34:45"),
        ("TO_CHAR(date:2021-04-08, 'yyyy/MM/dd')", "STRING", "2021/04/08"),
        ("TO_CHAR(2.5)", "STRING", "2.5"),
        ("TO_CHAR(1e10, 'ignored')", "STRING", "1.0E10"),
        ("TO_CHAR(decimal(20,4):1234.5678)", "STRING", "1234.5678"),
        ("TO_CHAR(true)", "STRING", "true"),
        ("TO_CHAR('text')", "STRING", "text"),
        ("TO_CHAR(NULL)", "STRING", "NULL"),
    ]);
    check_nulls(&[
        "FORMATDATETIME(date:2021-04-08, 'yyyyMMdd')",
        "TO_CHAR(date:2021-04-08, 'yyyyMMdd')",
        "FROM_UNIXTIME(0, 'HH', 'UTC')",
    ]);
    let dates = column(DataType::Date, &["2021-04-08", "2021-04-09"].map(|text| Some(text.to_owned())));
    let formats = column(DataType::String, &["yyyy", "dd"].map(|text| Some(text.to_owned())));
    let found = over("FORMATDATETIME", &[dates.clone(), formats]);
    assert_eq!(found, Ok(vec![Some("2021".into()), Some("09".into())]));
    let formats = column(DataType::String, &["yyyy", "HH"].map(|text| Some(text.to_owned())));
    let error = over("FORMATDATETIME", &[dates, formats]).unwrap_err();
    assert_eq!(error, "format \"HH\" has the letter H, for which DATE has nothing");
}

#[test]
fn from_text() {
    check(&[
        ("PARSEDATETIME('2021-04-08 13:34:45', 'yyyy-MM-dd HH:mm:ss')", "TIMESTAMP", "2021-04-08T13:34:45"),
        ("TO_DATE('2021-04-08 13:34:45', 'yyyy-MM-dd HH:mm:ss')", "TIMESTAMP", "2021-04-08T13:34:45"),
        ("PARSEDATETIME('13:34', 'HH:mm')", "TIME", "13:34"),
        ("TO_DATE('20210408', 'yyyyMMdd')", "DATE", "2021-04-08"),
        ("TO_DATE(20210408, 'yyyyMMdd')", "DATE", "2021-04-08"),
        ("TO_DATE('2021-02-30', 'yyyy-MM-dd')", "DATE", "2021-02-28"),
        ("TO_DATE(NULL, 'yyyy-MM-dd')", "DATE", "NULL"),
        ("TO_DATE(string:NULL, 'yyyy-MM-dd')", "DATE", "NULL"),
        ("TO_DATE('2021-02-28', NULL)", "TIMESTAMP", "NULL"),
        ("IS_DATE('2021-04-08 13:34:45', 'yyyy-MM-dd HH:mm:ss')", "BOOLEAN", "true"),
        ("IS_DATE('Joy Ding', 'yyyy-MM-dd')", "BOOLEAN", "false"),
        ("IS_DATE('2021-02-30', 'yyyy-MM-dd')", "BOOLEAN", "true"),
        ("IS_DATE('2021-02-32', 'yyyy-MM-dd')", "BOOLEAN", "false"),
        ("IS_DATE('', 'yyyy-MM-dd')", "BOOLEAN", "false"),
        ("IS_DATE('13:34', 'HH:mm')", "BOOLEAN", "true"),
        ("IS_DATE(NULL, 'HH:mm')", "BOOLEAN", "false"),
        ("IS_DATE('13:34', NULL)", "BOOLEAN", "false"),
    ]);
}

#[test]
fn zones() {
    check(&[
        ("FROM_UNIXTIME(1672502400, 'yyyy-MM-dd HH:mm:ss', 'UTC+6')", "STRING", "2022-12-31 22:00:00"),
        ("FROM_UNIXTIME(1672502400, 'yyyy-MM-dd HH:mm:ss', 'UTC')", "STRING", "2022-12-31 16:00:00"),
        ("FROM_UNIXTIME(1672502400, 'yyyy-MM-dd HH:mm:ss', 'GMT+08:00')", "STRING", "2023-01-01 00:00:00"),
        ("FROM_UNIXTIME(bigint:1672502400, 'HH', 'Asia/Shanghai')", "STRING", "00"),
        ("FROM_UNIXTIME(1711846800, 'HH', 'Europe/Berlin')", "STRING", "03"),
        ("FROM_UNIXTIME(-1.9, 'yyyy HH:mm:ss', 'Z')", "STRING", "1969 23:59:59"),
        ("FROM_UNIXTIME(0, 'HH', NULL)", "STRING", "NULL"),
        ("AT_TIME_ZONE(tz:2021-04-08T13:34:45Z, 'Asia/Shanghai')", "TIMESTAMP_TZ", "2021-04-08T13:34:45Z"),
        ("AT_TIME_ZONE(timestamp:NULL, 'Asia/Shanghai')", "TIMESTAMP_TZ", "NULL"),
        ("AT_TIME_ZONE(timestamp:2021-04-08 13:34:45, NULL)", "TIMESTAMP_TZ", "NULL"),
    ]);
    let zones = ["UTC", "UTC+1"].map(|text| Some(text.to_owned()));
    let given = [
        column(DataType::Int, &["0", "0"].map(|text| Some(text.to_owned()))),
        Given {
            data_type: DataType::String,
            one: column(DataType::String, &zones.clone().map(|_| Some("HH".into()))).one,
        },
        column(DataType::String, &zones),
    ];
    assert_eq!(over("FROM_UNIXTIME", &given), Ok(vec![Some("00".into()), Some("01".into())]));
}

#[test]
fn now_is_local_and_the_same_for_a_batch() {
    let now = |name| {
        let bound = bind(name, &[], 0).unwrap();
        assert!(bound.is_volatile, "{name}");
        let result = (bound.kernel)(&Values { arguments: &[], rows: 3 }).unwrap();
        assert_eq!((result.len(), result.data_type()), (3, &bound.result.to_arrow()));
        result
    };
    // a day may end between the two
    let before = chrono::Local::now().naive_local();
    let date = now("CURRENT_DATE").as_primitive::<Date32Type>().value_as_date(2).unwrap();
    let time = now("CURRENT_TIME");
    let timestamps = now("NOW");
    let after = chrono::Local::now().naive_local();
    assert!(before.date() <= date && date <= after.date());
    assert_eq!(time.len(), 3);
    let timestamps = timestamps.as_primitive::<TimestampMicrosecondType>();
    let timestamp = timestamps.value_as_datetime(0).unwrap();
    let second = chrono::TimeDelta::seconds(1);
    assert!(before - second <= timestamp && timestamp <= after + second);
    assert_eq!(timestamps.value(0), timestamps.value(2));
    assert_eq!(now("CURRENT_TIMESTAMP").len(), 3);
}
