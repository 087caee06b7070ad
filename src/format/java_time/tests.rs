use super::*;
use chrono::DateTime;
use proptest::prelude::*;

fn pattern(text: &str) -> TimePattern {
    TimePattern::compile(text).unwrap()
}

/// 2024-01-02T15:04:05.123456789+08:00
fn moment() -> Moment {
    DateTime::parse_from_rfc3339("2024-01-02T15:04:05.123456789+08:00").unwrap().into()
}

#[test]
fn as_java_prints() {
    for (text, printed) in [
        ("yyyy.MM.dd", "2024.01.02"),
        ("yyyyMMddHHmmss", "20240102150405"),
        ("yyyy-MM-dd'T'HH", "2024-01-02T15"),
        ("yy-M-d", "24-1-2"),
        ("h:mm a", "3:04 PM"),
        ("EEE, d MMM uuuu", "Tue, 2 Jan 2024"),
        ("EEEE MMMM", "Tuesday January"),
        ("EEEEE MMMMM LLL", "T J Jan"),
        ("HH:mm:ss.SSS", "15:04:05.123"),
        ("ss.SSSSSSSSS n N A", "05.123456789 123456789 54245123456789 54245123"),
        ("DDD QQQ Q QQQQ", "002 Q1 1 1st quarter"),
        ("k K H h", "15 3 15 3"),
        ("G GGGG GGGGG", "AD Anno Domini A"),
        ("w W e YYYY ccc", "1 1 3 2024 Tue"),
        ("'o''clock' ''", "o'clock '"),
        ("HHXXX Z X ZZZZ O", "15+08:00 +0800 +08 GMT+08:00 GMT+8"),
        ("xx XXXXX ZZZZZ", "+0800 +08:00 +08:00"),
        ("[yyyy]中", "2024中"),
        ("yyyyy", "02024"),
        ("[HH", "15"),
    ] {
        assert_eq!(pattern(text).text_of(&moment()), printed, "{text}");
    }
    let utc = Moment::of_instant(0, 0);
    assert_eq!(pattern("X xxx Z ZZZZ O k h").text_of(&utc), "Z +00:00 +0000 GMT GMT 24 12");
    assert_eq!(pattern("XXX x").text_of(&Moment::of_instant(0, -12_600)), "-03:30 -0330");
}

#[test]
fn years_beyond_four_digits_have_a_sign() {
    for (days, text, printed) in [
        (2_932_897, "yyyy-MM-dd", "+10000-01-01"),
        (2_932_897, "y", "10000"),
        (-719_529, "uuuu G yyyy", "-0001 BC 0002"),
        (-719_528, "yyyy G uuuu", "0001 BC 0000"),
        (-719_162, "yyyy", "0001"),
        (i32::MAX, "yyyy-MM-dd DDD", "+5881580-07-11 193"),
        (i32::MIN, "uuuu-MM-dd", "-5877641-06-23"),
    ] {
        assert_eq!(pattern(text).text_of(&Moment::of_date(days)), printed, "{days} {text}");
    }
}

#[test]
fn weeks_begin_on_sunday() {
    // 2023-12-30, 31, 2024-01-06, 07, 2024-12-29
    for (days, printed) in [
        (19_721, "52 5 7 2023"),
        (19_722, "1 6 1 2024"),
        (19_728, "1 1 7 2024"),
        (19_729, "2 2 1 2024"),
        (20_086, "1 5 1 2025"),
    ] {
        assert_eq!(pattern("w W e YYYY").text_of(&Moment::of_date(days)), printed, "{days}");
    }
}

#[test]
fn what_a_value_lacks() {
    for (text, kind, letter) in [
        ("yyyy HH", Kind::Date, Some('H')),
        ("yyyy[ HH]", Kind::Date, None),
        ("HH:mm d", Kind::Time, Some('d')),
        ("HH:mm X", Kind::Timestamp, Some('X')),
        ("HH:mm X", Kind::Instant, None),
    ] {
        assert_eq!(pattern(text).missing(kind), letter, "{text}");
    }
    assert_eq!(pattern("yyyy[ HH:mm]").text_of(&Moment::of_date(0)), "1970");
    assert_eq!(pattern("[yyyy ]HH:mm").text_of(&Moment::of_time(60_000_000)), "00:01");
    assert_eq!(pattern("yyyy").kind(), Some(Kind::Date));
    assert_eq!(pattern("mm").kind(), Some(Kind::Time));
    assert_eq!(pattern("yyyy[ HH]").kind(), Some(Kind::Timestamp));
    assert_eq!(pattern("'text'").kind(), None);
    assert_eq!(pattern("yyyy [w]").print_only(), Some('w'));
    assert_eq!(pattern("HH O").print_only(), Some('O'));
}

#[test]
fn bad_patterns_are_refused() {
    for (text, why) in [
        ("bad format x", "\"b\" is not known"),
        ("yyyy{", "'{' is reserved"),
        ("'open", "a quote is not closed"),
        ("HHH", "\"HHH\" stands too often"),
        ("yyyy]", "a ] has no [ before it"),
        ("VV", "\"VV\" is not supported"),
        ("SSSSSSSSSS", "stands too often"),
        ("cc", "stands too often"),
        ("OO", "stands too often or too seldom"),
    ] {
        let error = TimePattern::compile(text).unwrap_err();
        assert!(error.starts_with(&format!("{text:?} is no time pattern: ")), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn dates_as_java_reads_them() {
    for (text, by, date) in [
        ("2021-04-08", "yyyy-MM-dd", "2021-04-08"),
        ("20210408", "yyyyMMdd", "2021-04-08"),
        ("2021-02-30", "yyyy-MM-dd", "2021-02-28"),
        ("2024-02-31", "yyyy-MM-dd", "2024-02-29"),
        ("2021-04-31", "yyyy-MM-dd", "2021-04-30"),
        ("21/4/8", "yy/M/d", "2021-04-08"),
        ("+120210408", "yyyyMMdd", "+12021-04-08"),
        ("120210408", "yMMdd", "+12021-04-08"),
        ("2021-366", "yyyy-DDD", "error"),
        ("2020-366", "yyyy-DDD", "2020-12-31"),
        ("8 Apr 2021", "d MMM yyyy", "2021-04-08"),
        ("8 apr 2021", "d MMM yyyy", "error"),
        ("Thursday, April 8, 2021", "EEEE, MMMM d, yyyy", "2021-04-08"),
        ("Friday, April 8, 2021", "EEEE, MMMM d, yyyy", "error"),
        ("0001 BC 3 1", "yyyy G M d", "0000-03-01"),
        ("-0001-03-01", "uuuu-MM-dd", "-0001-03-01"),
        ("0000-03-01", "yyyy-MM-dd", "error"),
        ("2021-13-01", "yyyy-MM-dd", "error"),
        ("2021-00-01", "yyyy-MM-dd", "error"),
        ("2021-04-08 ", "yyyy-MM-dd", "error"),
        ("2021-4-8", "yyyy-MM-dd", "error"),
        ("12021-04-08", "yyyy-MM-dd", "error"),
        ("2021-04", "yyyy-MM", "error"),
        ("2021-04-08", "yyyy-MM-dd[ HH:mm]", "2021-04-08"),
        ("2021-04-08 13:34", "yyyy-MM-dd[ HH:mm]", "2021-04-08"),
        ("2021-04-08 13:64", "yyyy-MM-dd HH:mm", "error"),
        ("2021-04-08+08:00", "yyyy-MM-ddXXX", "2021-04-08"),
        ("2021 Q1 04-08", "yyyy QQQ MM-dd", "error"),
        ("", "yyyy-MM-dd", "error"),
        ("２０２１-04-08", "yyyy-MM-dd", "error"),
    ] {
        let shown = match pattern(by).date_in(text) {
            Ok(days) => pattern("uuuu-MM-dd").text_of(&Moment::of_date(days)),
            Err(_) => "error".into(),
        };
        assert_eq!(shown, date, "{text:?} by {by:?}");
    }
}

#[test]
fn times_as_java_reads_them() {
    for (text, by, time) in [
        ("13:34", "HH:mm", "13:34:00.000000"),
        ("133445123", "HHmmssSSS", "13:34:45.123000"),
        ("13:34:45.123456789", "HH:mm:ss.SSSSSSSSS", "13:34:45.123456"),
        ("01:34 PM", "hh:mm a", "13:34:00.000000"),
        ("12:00 AM", "hh:mm a", "00:00:00.000000"),
        ("1 PM", "K a", "13:00:00.000000"),
        ("24:00", "HH:mm", "00:00:00.000000"),
        ("24:00", "kk:mm", "00:00:00.000000"),
        ("24:01", "HH:mm", "error"),
        ("25:00", "HH:mm", "error"),
        ("12:60", "HH:mm", "error"),
        ("12", "HH", "12:00:00.000000"),
        ("12:34", "hh:mm", "error"),
        ("13:34 PM", "hh:mm a", "error"),
        ("13 AM", "HH a", "error"),
        ("1200", "A", "00:00:01.200000"),
        ("1200000", "N", "00:00:00.001200"),
        ("12.5", "HH.S", "error"),
    ] {
        let shown = match pattern(by).time_in(text) {
            Ok(micros) => pattern("HH:mm:ss.SSSSSS").text_of(&Moment::of_time(micros)),
            Err(_) => "error".into(),
        };
        assert_eq!(shown, time, "{text:?} by {by:?}");
    }
}

#[test]
fn timestamps_as_java_reads_them() {
    for (text, by, shown) in [
        ("2021-04-08 13:34:45", "yyyy-MM-dd HH:mm:ss", "2021-04-08 13:34:45.000000"),
        ("2021-12-31 24:00:00", "yyyy-MM-dd HH:mm:ss", "2022-01-01 00:00:00.000000"),
        ("2021-04-08T13", "yyyy-MM-dd'T'HH", "2021-04-08 13:00:00.000000"),
        ("20210408133445123", "yyyyMMddHHmmssSSS", "2021-04-08 13:34:45.123000"),
        ("2021-04-08 13:34:45Z", "yyyy-MM-dd HH:mm:ssX", "2021-04-08 13:34:45.000000"),
        ("2021-04-08 13:34:45+0800", "yyyy-MM-dd HH:mm:ssZ", "2021-04-08 13:34:45.000000"),
        ("2021-04-08 13:34:45", "yyyy-MM-dd HH:mm:ss.SSS", "error"),
        ("2021-04-08", "yyyy-MM-dd", "error"),
        ("5000000-04-08 00", "yyyy-MM-dd HH", "error"),
    ] {
        let found = match pattern(by).timestamp_in(text) {
            Ok(micros) => pattern("yyyy-MM-dd HH:mm:ss.SSSSSS").text_of(&Moment::of_timestamp(micros)),
            Err(_) => "error".into(),
        };
        assert_eq!(found, shown, "{text:?} by {by:?}");
    }
}

#[test]
fn refusals_name_the_place() {
    for (text, by, error) in [
        ("2021/04/08", "yyyy-MM-dd", "\"2021/04/08\" is not as \"yyyy-MM-dd\" says, from character 5 on"),
        ("2021-13-08", "yyyy-MM-dd", "\"2021-13-08\" by \"yyyy-MM-dd\" has month 13, which there is not"),
        ("2021", "yyyy", "\"2021\" by \"yyyy\" is not a whole date"),
    ] {
        assert_eq!(pattern(by).date_in(text).unwrap_err(), error);
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
        for text in [
            "yyyy-MM-dd HH:mm:ss.SSSSSS G",
            "uuuuMMddHHmmssSSSSSS",
            "EEEE d MMMM uuuu K:mm:ss a n",
            "uuuu/DDD A.SSSSSS",
            "G y QQQ M/d k'h' m s [SSSSSS]",
        ] {
            let pattern = pattern(text);
            let printed = pattern.text_of(&Moment::of_timestamp(micros));
            prop_assert_eq!(pattern.timestamp_in(&printed), Ok(micros), "{}", printed);
        }
    }

    #[test]
    fn nothing_panics(text in ".{0,12}", by in "[yuMdDEaHhKkmsSnANQGXxZOweY'\\[\\] :-]{0,10}", days: i32, micros: i64) {
        if let Ok(pattern) = TimePattern::compile(&by) {
            prop_assert!(pattern.text_of(&Moment::of_date(days)).len() < 300);
            let printed = pattern.text_of(&Moment::of_timestamp(micros));
            for text in [&text, &printed] {
                let read = pattern.date_in(text).is_ok() || pattern.time_in(text).is_ok();
                prop_assert!(read || pattern.timestamp_in(text).is_err());
            }
        }
    }
}
