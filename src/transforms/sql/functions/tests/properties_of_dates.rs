//! Functions of dates against chrono's calendar.

use super::reference;
use super::typed::{Given, column, over, run};
use crate::table::DataType;
use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use proptest::prelude::*;

const UNITS: [&str; 10] =
    ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];

/// Seconds of the years 1 to 9999.
fn seconds() -> impl Strategy<Value = i64> {
    -62_000_000_000i64..253_000_000_000
}

fn time(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0).unwrap().naive_utc()
}

fn timestamps(times: &[NaiveDateTime]) -> Given {
    let texts: Vec<_> =
        times.iter().map(|time| Some(time.format("%Y-%m-%d %H:%M:%S%.f").to_string())).collect();
    column(DataType::Timestamp, &texts)
}

fn texts(text: &str, rows: usize) -> Given {
    column(DataType::String, &vec![Some(text.to_owned()); rows])
}

proptest! {
    #[test]
    fn parts(rows in prop::collection::vec(seconds(), 1..20)) {
        let times: Vec<NaiveDateTime> = rows.iter().map(|row| time(*row)).collect();
        type Part = fn(&NaiveDateTime) -> u32;
        let wanted: [(&str, Part); 11] = [
            ("YEAR", |time| time.year() as u32),
            ("QUARTER", |time| time.quarter()),
            ("MONTH", |time| time.month()),
            ("WEEK", |time| reference::week_of_year(time.date())),
            ("DAY_OF_MONTH", |time| time.day()),
            ("DAY_OF_WEEK", |time| time.weekday().number_from_monday()),
            ("DAY_OF_YEAR", |time| time.ordinal()),
            ("HOUR", |time| time.hour()),
            ("MINUTE", |time| time.minute()),
            ("SECOND", |time| time.second()),
            ("DAY_OF_WEEK", |time| time.weekday().num_days_from_monday() + 1),
        ];
        for (name, part) in wanted {
            let wanted: Vec<_> = times.iter().map(|time| Some(part(time).to_string())).collect();
            prop_assert_eq!(over(name, &[timestamps(&times)]), Ok(wanted), "{}", name);
        }
        let names: Vec<_> = times.iter().map(|time| Some(time.format("%A").to_string())).collect();
        prop_assert_eq!(over("DAYNAME", &[timestamps(&times)]), Ok(names));
        let names: Vec<_> = times.iter().map(|time| Some(time.format("%B").to_string())).collect();
        prop_assert_eq!(over("MONTHNAME", &[timestamps(&times)]), Ok(names));
        let years: Vec<_> = times.iter().map(|time| Some(reference::iso_week(time.date()).0.to_string())).collect();
        for (time, year) in times.iter().zip(years) {
            let field = Given::new(DataType::String, "ISOYEAR");
            prop_assert_eq!(run("EXTRACT", &[field, timestamps(&[*time])]).map(|(_, year)| year), Ok(year));
        }
    }

    #[test]
    fn added(at in -30_000_000_000i64..100_000_000_000, count in -1000i32..1000, unit in prop::sample::select(&UNITS[..])) {
        let given = time(at);
        let wanted = reference::add(given, count, unit);
        let count = column(DataType::Int, &[Some(count.to_string())]);
        let found = over("DATEADD", &[timestamps(&[given]), count, texts(unit, 1)]).unwrap();
        let wanted = over("DATE_TRUNC", &[timestamps(&[wanted]), texts("MICROSECOND", 1)]).unwrap();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn differences(from in 0i64..4_000_000_000, to in 0i64..4_000_000_000) {
        let (from, to) = (time(from), time(to));
        for unit in ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYTIME", "HOUR", "MINUTE", "SECOND", "MILLISECOND"] {
            let found = over("DATEDIFF", &[timestamps(&[from]), timestamps(&[to]), texts(unit, 1)]).unwrap();
            prop_assert_eq!(found, vec![Some(reference::between(from, to, unit).to_string())], "{} {} {}", from, to, unit);
        }
    }

    #[test]
    fn truncated(rows in prop::collection::vec(seconds(), 1..10)) {
        let times: Vec<NaiveDateTime> = rows.iter().map(|row| time(*row)).collect();
        for unit in ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"] {
            let found = over("DATE_TRUNC", &[timestamps(&times), texts(unit, times.len())]).unwrap();
            let wanted: Vec<_> = times.iter().map(|time| reference::trunc(*time, unit)).collect();
            let wanted = over("TO_CHAR", &[timestamps(&wanted), texts("uuuu-MM-dd'T'HH:mm:ss", times.len())]).unwrap();
            let found_texts: Vec<_> = found.iter().map(|text| {
                let text = text.clone().unwrap();
                Some(if text.len() == 16 { format!("{text}:00") } else { text })
            }).collect();
            prop_assert_eq!(found_texts, wanted, "{}", unit);
        }
    }

    #[test]
    fn formatted_as_chrono_does(at in seconds(), offset in -18i32..=18) {
        let zone = chrono::FixedOffset::east_opt(offset * 3600).unwrap();
        let wanted = DateTime::from_timestamp(at, 0).unwrap().with_timezone(&zone);
        let given = [
            column(DataType::BigInt, &[Some(at.to_string())]),
            texts("uuuu-MM-dd HH:mm:ss EEE MMM h a DDD", 1),
            texts(&format!("UTC{offset:+}"), 1),
        ];
        let wanted = wanted.format("%Y-%m-%d %H:%M:%S %a %b %-I %p %j").to_string();
        prop_assert_eq!(over("FROM_UNIXTIME", &given), Ok(vec![Some(wanted)]));
    }

    #[test]
    fn no_date_panics(days: i32, micros: i64, count: i64, unit in prop::sample::select(&UNITS[..])) {
        let dates = Given { data_type: DataType::Date, one: std::sync::Arc::new(arrow::array::Date32Array::from(vec![days])) };
        let of = std::sync::Arc::new(arrow::array::TimestampMicrosecondArray::from(vec![micros]));
        let times = Given { data_type: DataType::Timestamp, one: of };
        for given in [&dates, &times] {
            for name in ["YEAR", "WEEK", "DAY_OF_YEAR", "HOUR", "DAYNAME", "MONTHNAME", "QUARTER"] {
                prop_assert!(over(name, std::slice::from_ref(given)).is_ok(), "{}", name);
            }
            let count = column(DataType::BigInt, &[Some(count.to_string())]);
            let beyond = "beyond the range";
            for found in [
                over("DATEADD", &[given.clone(), count, texts(unit, 1)]),
                over("DATE_TRUNC", &[given.clone(), texts(unit, 1)]),
                over("DATEDIFF", &[given.clone(), times.clone(), texts(unit, 1)]),
            ] {
                prop_assert!(found.as_ref().is_ok_and(|rows| rows.len() == 1) || found.clone().is_err_and(|e| e.contains(beyond)), "{:?}", found);
            }
            let format = texts("uuuu-MM-dd DDD w YYYY EEEE", 1);
            prop_assert!(over("TO_CHAR", &[given.clone(), format]).is_ok());
        }
    }
}
