//! Functions of real numbers: the result is DOUBLE.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::arguments::{self, NumberArgument};
use arrow::array::{ArrayRef, Float64Array};
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ACOS"],
        usage: "ACOS(number)",
        about: "The arc cosine, in radians; NaN outside of -1 to 1.",
        bind: |call| one(call, |x| Ok(Some(x.acos()))),
    },
    Function {
        names: &["ASIN"],
        usage: "ASIN(number)",
        about: "The arc sine, in radians; NaN outside of -1 to 1.",
        bind: |call| one(call, |x| Ok(Some(x.asin()))),
    },
    Function {
        names: &["ATAN"],
        usage: "ATAN(number)",
        about: "The arc tangent, in radians.",
        bind: |call| one(call, |x| Ok(Some(x.atan()))),
    },
    Function {
        names: &["ATAN2"],
        usage: "ATAN2(y, x)",
        about: "The angle of the point (x, y), in radians.",
        bind: |call| two(call, |y, x| Ok(Some(y.atan2(x)))),
    },
    Function {
        names: &["COS"],
        usage: "COS(angle)",
        about: "The cosine of an angle in radians.",
        bind: |call| one(call, |x| Ok(Some(x.cos()))),
    },
    Function {
        names: &["COSH"],
        usage: "COSH(number)",
        about: "The hyperbolic cosine.",
        bind: |call| one(call, |x| Ok(Some(x.cosh()))),
    },
    Function {
        names: &["COT"],
        usage: "COT(angle)",
        about: "The cotangent of an angle in radians; an error for 0.",
        bind: |call| {
            one(call, |x| match x.tan() {
                0.0 => Err(format!("COT({x}): the tangent is 0")),
                tangent => Ok(Some(1.0 / tangent)),
            })
        },
    },
    Function {
        names: &["SIN"],
        usage: "SIN(angle)",
        about: "The sine of an angle in radians.",
        bind: |call| one(call, |x| Ok(Some(x.sin()))),
    },
    Function {
        names: &["SINH"],
        usage: "SINH(number)",
        about: "The hyperbolic sine.",
        bind: |call| one(call, |x| Ok(Some(x.sinh()))),
    },
    Function {
        names: &["TAN"],
        usage: "TAN(angle)",
        about: "The tangent of an angle in radians.",
        bind: |call| one(call, |x| Ok(Some(x.tan()))),
    },
    Function {
        names: &["TANH"],
        usage: "TANH(number)",
        about: "The hyperbolic tangent.",
        bind: |call| one(call, |x| Ok(Some(x.tanh()))),
    },
    Function {
        names: &["EXP"],
        usage: "EXP(number)",
        about: "The number e raised to a power; infinity if that is too large.",
        bind: |call| one(call, |x| Ok(Some(x.exp()))),
    },
    Function {
        names: &["LN"],
        usage: "LN(number)",
        about: "The natural logarithm; null for 0 and below.",
        bind: |call| one(call, |x| Ok(logarithm(x, f64::ln))),
    },
    Function {
        names: &["LOG"],
        usage: "LOG([base, ]number)",
        about: "The logarithm to a base, the natural one without a base; null for a number or a base of 0 or below.",
        bind: log,
    },
    Function {
        names: &["LOG10"],
        usage: "LOG10(number)",
        about: "The logarithm to base 10; null for 0 and below.",
        bind: |call| one(call, |x| Ok(logarithm(x, f64::log10))),
    },
    Function {
        names: &["RADIANS"],
        usage: "RADIANS(degrees)",
        about: "An angle in radians, from degrees.",
        bind: |call| one(call, |x| Ok(Some(x.to_radians()))),
    },
    Function {
        names: &["DEGREES"],
        usage: "DEGREES(radians)",
        about: "An angle in degrees, from radians.",
        bind: |call| one(call, |x| Ok(Some(x.to_degrees()))),
    },
    Function {
        names: &["SQRT"],
        usage: "SQRT(number)",
        about: "The square root; NaN below 0.",
        bind: |call| one(call, |x| Ok(Some(x.sqrt()))),
    },
    Function { names: &["PI"], usage: "PI()", about: "The number π.", bind: pi },
    Function {
        names: &["POWER"],
        usage: "POWER(number, exponent)",
        about: "A number raised to a power; infinity if that is too large, NaN for a root of a number below 0.",
        bind: |call| two(call, |x, y| Ok(Some(power(x, y)))),
    },
];

/// What a function of real numbers gives: null for none.
type Real = Result<Option<f64>, String>;

fn one(call: &Call<'_>, compute: fn(f64) -> Real) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let number = call.double(0)?;
    if call.is_null(0) {
        return Ok(arguments::always_null(DataType::Double));
    }
    Ok(Bound::new(DataType::Double, move |values| {
        let computed: Float64Array = match number.of(values)? {
            NumberArgument::Array(numbers) => {
                numbers.iter().map(|x| x.map_or(Ok(None), compute)).collect::<Result<_, _>>()?
            }
            NumberArgument::Scalar(x) => scalar(x.map_or(Ok(None), compute)?, values.rows),
        };
        Ok(Arc::new(computed) as ArrayRef)
    }))
}

fn scalar(value: Option<f64>, rows: usize) -> Float64Array {
    value.map_or_else(|| Float64Array::new_null(rows), |value| Float64Array::from_value(value, rows))
}

fn two(call: &Call<'_>, compute: fn(f64, f64) -> Real) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (left, right) = (call.double(0)?, call.double(1)?);
    if call.any_null(&[0, 1]) {
        return Ok(arguments::always_null(DataType::Double));
    }
    Ok(Bound::new(DataType::Double, move |values| {
        let (left, right) = (left.of(values)?, right.of(values)?);
        let computed = (0..values.rows)
            .map(|row| left.get(row).zip(right.get(row)).map_or(Ok(None), |(x, y)| compute(x, y)))
            .collect::<Result<Float64Array, _>>()?;
        Ok(Arc::new(computed) as ArrayRef)
    }))
}

fn logarithm(x: f64, compute: fn(f64) -> f64) -> Option<f64> {
    // NaN stays NaN
    if x <= 0.0 { None } else { Some(compute(x)) }
}

fn log(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=2)?;
    if !call.has(1) {
        return one(call, |x| Ok(logarithm(x, f64::ln)));
    }
    two(call, |base, x| {
        if base <= 0.0 || x <= 0.0 {
            return Ok(None);
        }
        Ok(Some(if base == 10.0 {
            x.log10()
        } else if base == std::f64::consts::E {
            x.ln()
        } else {
            x.ln() / base.ln()
        }))
    })
}

/// As Java has it: NaN stays NaN, and 1 raised to infinity is none.
fn power(x: f64, y: f64) -> f64 {
    if y.is_nan() || (x.abs() == 1.0 && y.is_infinite()) { f64::NAN } else { x.powf(y) }
}

fn pi(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(0..=0)?;
    Ok(Bound::new(DataType::Double, |values| {
        Ok(Arc::new(Float64Array::from_value(std::f64::consts::PI, values.rows)))
    }))
}
