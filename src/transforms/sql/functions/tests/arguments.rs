//! The views of arguments: what each type is as text, integer, double, boolean, bytes.

use super::calls::{Given, column};
use crate::table::DataType;
use crate::transforms::sql::function::{Argument, Call, Values};
use arrow::array::{ArrayRef, Decimal256Array, Float32Array, Int8Array, NullArray};
use arrow::datatypes::i256;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

/// Applies `with` to a call of one argument, with its one-row column and then with the same as a literal.
fn each(array: &ArrayRef, data_type: &DataType, with: impl Fn(&Call<'_>, &Values<'_>)) {
    let scalar = ScalarValue::try_from_array(array, 0).unwrap();
    for (literal, value) in [
        (None, ColumnarValue::Array(array.clone())),
        (Some(scalar.clone()), ColumnarValue::Scalar(scalar.clone())),
    ] {
        let arguments = [Argument { data_type: data_type.clone(), literal }];
        let values = [value];
        with(&Call { name: "F", arguments: &arguments }, &Values { arguments: &values, rows: 1 });
    }
}

#[test]
fn numbers_of_any_type() {
    let given = |value: Given| column(&[value]);
    let huge = Decimal256Array::from(vec![i256::MIN]).with_precision_and_scale(76, 2).unwrap();
    for ((array, data_type), whole, double) in [
        (given(Given::Whole(-7)), Some(-7), Some(-7.0)),
        (given(Given::Whole(i64::MAX)), Some(i64::MAX), Some(i64::MAX as f64)),
        (given(Given::Double(-2.9)), Some(-2), Some(-2.9)),
        (given(Given::Double(1e300)), Some(i64::MAX), Some(1e300)),
        (given(Given::Double(f64::NEG_INFINITY)), Some(i64::MIN), Some(f64::NEG_INFINITY)),
        (given(Given::Decimal(-299)), Some(-2), Some(-2.99)),
        (given(Given::Text(" 12 ".into())), Some(12), Some(12.0)),
        (given(Given::Text("-2.9".into())), Some(-2), Some(-2.9)),
        (given(Given::Null), None, None),
        ((Arc::new(Int8Array::from(vec![-128])), DataType::TinyInt), Some(-128), Some(-128.0)),
        ((Arc::new(Float32Array::from(vec![1.5])), DataType::Float), Some(1), Some(1.5)),
        ((Arc::new(NullArray::new(1)), DataType::Null), None, None),
        (
            (Arc::new(huge) as ArrayRef, DataType::Decimal(76, 2)),
            Some(i64::MIN),
            Some(-5.789_604_461_865_81e74),
        ),
    ] {
        each(&array, &data_type, |call, values| {
            assert_eq!(call.integer(0).unwrap().of(values).unwrap().get(0), whole, "{data_type}");
            let got = call.double(0).unwrap().of(values).unwrap().get(0);
            match (got, double) {
                (Some(got), Some(double)) if double.is_finite() => {
                    assert!(
                        (got - double).abs() <= double.abs() * 1e-12,
                        "{data_type}: {got} is not {double}"
                    );
                }
                _ => assert_eq!(got, double, "{data_type}"),
            }
            if call.literal(0).is_some() {
                assert_eq!(call.literal_integer(0), whole, "{data_type}");
            }
        });
    }
}

#[test]
fn texts_and_bytes_of_any_type() {
    let time = 1_617_888_840_000_000;
    for (value, text, bytes) in [
        (Given::Text("é".into()), Some("é"), "é".as_bytes()),
        (Given::Bytes(vec![0x61, 0xFF]), Some("a\u{fffd}"), &[0x61, 0xFF]),
        (Given::Whole(7), Some("7"), b"7"),
        (Given::Double(1e10), Some("1.0E10"), b"1.0E10"),
        (Given::Decimal(150), Some("1.50"), b"1.50"),
        (Given::Bool(true), Some("true"), b"true"),
        (Given::Timestamp(time), Some("2021-04-08T13:34"), b"2021-04-08T13:34"),
        (Given::Null, None, b""),
    ] {
        let (array, data_type) = column(std::slice::from_ref(&value));
        each(&array, &data_type, |call, values| {
            assert_eq!(call.text(0).of(values).unwrap().get(0), text, "{data_type}");
            let found = call.bytes(0).of(values).unwrap();
            assert_eq!(found.get(0), text.map(|_| bytes), "{data_type}");
            let plain = if value == Given::Timestamp(time) { Some("2021-04-08 13:34:00") } else { text };
            assert_eq!(call.plain_text(0).of(values).unwrap().get(0), plain, "{data_type}");
            if call.literal(0).is_some() {
                assert_eq!(call.literal_text(0).as_deref(), text, "{data_type}");
            }
        });
    }
}

#[test]
fn booleans_are_booleans_alone() {
    for (value, wanted) in [(Given::Bool(false), Some(false)), (Given::Bool(true), Some(true))] {
        let (array, data_type) = column(&[value]);
        each(&array, &data_type, |call, values| {
            assert_eq!(call.boolean(0).unwrap().of(values).unwrap().get(0), wanted);
            assert_eq!(call.integer(0).unwrap_err(), "argument 1 of F is BOOLEAN; allowed is a number");
        });
    }
    let null: ArrayRef = Arc::new(NullArray::new(1));
    each(&null, &DataType::Null, |call, values| {
        assert_eq!(call.boolean(0).unwrap().of(values).unwrap().get(0), None);
        assert!(call.is_null(0) && call.any_null(&[3, 0]) && !call.is_null(1));
    });
    let (array, data_type) = column(&[Given::Text("true".into())]);
    each(&array, &data_type, |call, _| {
        assert_eq!(call.boolean(0).unwrap_err(), "argument 1 of F is STRING; allowed is a boolean");
    });
}
