//! Functions of numbers against plain readings of their definitions.

use super::reference;
use super::typed::{column, over};
use crate::table::DataType;
use proptest::prelude::*;

fn scaled(unscaled: i64, scale: usize) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, behind) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{behind}") }
}

proptest! {
    #[test]
    fn decimals_are_rounded_by_their_digits(
        rows in prop::collection::vec(prop::option::of(-1_000_000_000_000i64..1_000_000_000_000), 1..20),
        scale in 0usize..7,
        places in -6i32..10,
        wide: bool,
    ) {
        let data_type = DataType::Decimal(if wide { 60 } else { 30 }, scale as i8);
        let texts: Vec<Option<String>> = rows.iter().map(|row| row.map(|row| scaled(row, scale))).collect();
        let digits = column(DataType::Int, &vec![Some(places.to_string()); rows.len()]);
        let found = over("ROUND", &[column(data_type, &texts), digits]).unwrap();
        let wanted: Vec<_> = texts.iter().map(|text| text.as_ref().map(|text| reference::round(text, places))).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn doubles_are_rounded_by_the_digits_of_their_text(unscaled in -10_000_000i64..10_000_000, places in 0i32..5) {
        let text = scaled(unscaled, 4);
        let found = over("ROUND", &[
            column(DataType::Double, &[Some(text.clone())]),
            column(DataType::Int, &[Some(places.to_string())]),
        ]).unwrap();
        let wanted: f64 = reference::round(&text, places).parse().unwrap();
        prop_assert_eq!(found[0].as_ref().unwrap().parse::<f64>().unwrap(), wanted, "{} {}", text, places);
    }

    #[test]
    fn whole_numbers_are_rounded_by_their_digits(rows in prop::collection::vec(any::<i32>(), 1..20), places in -12i32..3) {
        let texts: Vec<Option<String>> = rows.iter().map(|row| Some(row.to_string())).collect();
        let digits = column(DataType::Int, &vec![Some(places.to_string()); rows.len()]);
        let found = over("ROUND", &[column(DataType::BigInt, &texts), digits]).unwrap();
        let wanted: Vec<_> = texts.iter().map(|text| text.as_ref().map(|text| reference::round(text, places))).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn remainders_are_what_is_left(rows in prop::collection::vec((any::<i64>(), any::<i64>().prop_filter("zero", |x| *x != 0)), 1..20)) {
        let texts = |pick: fn(&(i64, i64)) -> i64| rows.iter().map(|row| Some(pick(row).to_string())).collect::<Vec<_>>();
        let (values, divisors) = (texts(|row| row.0), texts(|row| row.1));
        let wanted: Vec<_> = rows.iter().map(|(value, divisor)| Some(reference::remainder(*value, *divisor).to_string())).collect();
        let found = over("MOD", &[column(DataType::BigInt, &values), column(DataType::BigInt, &divisors)]);
        prop_assert_eq!(found, Ok(wanted.clone()));
        let decimal = DataType::Decimal(20, 0);
        let found = over("MOD", &[column(decimal.clone(), &values), column(decimal, &divisors)]);
        prop_assert_eq!(found, Ok(wanted));
    }

    #[test]
    fn no_number_panics(value: i64, other: i64, double: f64) {
        for name in ["ABS", "SIGN", "CEIL", "FLOOR", "ROUND", "TRUNC", "SQRT", "LN", "COT", "RAND", "TRIM_SCALE", "EXP"] {
            for data_type in [DataType::BigInt, DataType::Decimal(38, 19), DataType::Decimal(76, 30)] {
                if over(name, &[column(data_type, &[Some(value.to_string())])]).is_err() {
                    prop_assert!(["ABS", "CEIL", "FLOOR", "ROUND", "COT"].contains(&name), "{}", name);
                }
            }
            let given = column(DataType::Double, &[Some(double.to_string())]);
            let is_whole = double.abs() < 2e9;
            prop_assert!(over(name, &[given]).is_ok() || !is_whole || name == "COT", "{} {}", name, double);
        }
        for name in ["ROUND", "TRUNC", "MOD", "POWER", "ATAN2", "LOG"] {
            for data_type in [DataType::BigInt, DataType::Decimal(38, 19), DataType::Double] {
                let given = [
                    column(data_type.clone(), &[Some(value.to_string())]),
                    column(DataType::BigInt, &[Some(other.to_string())]),
                ];
                let is_fine = over(name, &given).is_ok();
                prop_assert!(is_fine || name == "ROUND" || other == 0, "{} {} {}", name, value, other);
            }
        }
    }
}
