//! Functions that choose: `COALESCE`, `IFNULL`, `NULLIF`, `MULTI_IF`.

use super::columns::repeat;
use super::unify::{Operand, Operands, common, is_number};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use arrow::array::{Array, ArrayRef, BooleanArray, Datum, make_comparator};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{SortOptions, is_not_null, nullif};
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["COALESCE"],
        usage: "COALESCE(value, …)",
        about: "The first value that is not null, made the type of the first argument.",
        bind: |call| {
            call.arity(1..=usize::MAX)?;
            coalesce(call)
        },
    },
    Function {
        names: &["IFNULL"],
        usage: "IFNULL(value, other)",
        about: "The value, or the other one if it is null, made the type of the first argument.",
        bind: |call| {
            call.arity(2..=2)?;
            coalesce(call)
        },
    },
    Function {
        names: &["NULLIF"],
        usage: "NULLIF(value, other)",
        about: "Null if both are equal, else the value; values of different kinds, like a number and a text, are never \
                equal.",
        bind: null_if,
    },
    Function {
        names: &["MULTI_IF"],
        usage: "MULTI_IF(condition, value, …, otherwise)",
        about: "The value behind the first condition that is true, else the last one; the type is the widest of the \
                values'.",
        bind: multi_if,
    },
];

fn coalesce(call: &Call<'_>) -> Result<Bound, String> {
    let types = call.arguments.iter().map(|argument| &argument.data_type);
    let result = types.into_iter().find(|data_type| **data_type != DataType::Null).unwrap_or(&DataType::Null);
    let operands: Vec<Operand> = (0..call.arguments.len())
        .map(|index| Operand::bind(call, index, result))
        .collect::<Result<_, _>>()?;
    let converts: Vec<bool> = call.arguments.iter().map(|argument| argument.data_type != *result).collect();
    Ok(Bound::new(result.clone(), move |values| {
        // what stands behind a column without nulls is not looked at
        let mut used: Vec<Operands> = Vec::new();
        for (index, operand) in operands.iter().enumerate() {
            // a value that is not needed must not fail to be converted
            let given = match values.arguments.get(index) {
                Some(ColumnarValue::Array(array)) if index > 0 && converts[index] => {
                    let mut arguments = values.arguments.to_vec();
                    arguments[index] = ColumnarValue::Array(needed(array, &used)?);
                    operand.of(&Values { arguments: &arguments, ..*values })?
                }
                _ => operand.of(values)?,
            };
            let is_complete =
                given.array.null_count() == 0 && *given.array.data_type() != arrow::datatypes::DataType::Null;
            used.push(given);
            if is_complete {
                break;
            }
        }
        let Some(last) = used.pop() else { return Err("COALESCE has no arguments".into()) };
        let chosen = used.into_iter().rev().try_fold(last, |otherwise, given| {
            if given.is_literal {
                return Ok(if given.array.is_valid(0) { given } else { otherwise });
            }
            let mask = is_not_null(&given.array).map_err(|e| e.to_string())?;
            choose(&mask, &given, &otherwise)
        })?;
        whole(&chosen, values.rows)
    }))
}

/// The values of the rows for which none of `before` has one; null in the others.
fn needed(array: &ArrayRef, before: &[Operands]) -> Result<ArrayRef, String> {
    let mut needed = Arc::clone(array);
    for given in before.iter().filter(|given| !given.is_literal) {
        let has_value = is_not_null(&given.array).map_err(|e| e.to_string())?;
        needed = nullif(&needed, &has_value).map_err(|e| e.to_string())?;
    }
    Ok(needed)
}

/// One of two values per row.
fn choose(mask: &BooleanArray, yes: &Operands, no: &Operands) -> Result<Operands, String> {
    let array = zip(mask, yes, no).map_err(|e| e.to_string())?;
    Ok(Operands { array, is_literal: false })
}

fn whole(operands: &Operands, rows: usize) -> Result<ArrayRef, String> {
    if operands.is_literal { repeat(&operands.array, rows) } else { Ok(operands.array.clone()) }
}

fn null_if(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let (one, other) = (call.type_of(0), call.type_of(1));
    let result = one.clone();
    let is_alike = one == other
        || (is_number(one) && is_number(other))
        || matches!(
            (one, other),
            (DataType::Date, DataType::Timestamp) | (DataType::Timestamp, DataType::Date)
        );
    let value = Operand::bind(call, 0, &result)?;
    let compared = common([one, other]).filter(|_| is_alike);
    let Some(compared) = compared.filter(|compared| *compared != DataType::Null) else {
        return Ok(Bound::new(result, move |values| whole(&value.of(values)?, values.rows)));
    };
    let sides = (Operand::bind(call, 0, &compared)?, Operand::bind(call, 1, &compared)?);
    Ok(Bound::new(result, move |values| {
        let (one, other) = (sides.0.of(values)?, sides.1.of(values)?);
        let given = value.of(values)?;
        let equal = equal(&one, &other, values.rows)?;
        nullif(&whole(&given, values.rows)?, &equal).map_err(|e| e.to_string())
    }))
}

/// Whether two values are equal, per row; null if one is.
fn equal(one: &Operands, other: &Operands, rows: usize) -> Result<BooleanArray, String> {
    if !one.array.data_type().is_nested() {
        let equal = eq(one, other).map_err(|e| e.to_string())?;
        // two literals give one row
        return Ok(if equal.len() == rows {
            equal
        } else {
            let same = equal.iter().next().flatten();
            std::iter::repeat_n(same, rows).collect()
        });
    }
    let compare =
        make_comparator(one.get().0, other.get().0, SortOptions::default()).map_err(|e| e.to_string())?;
    Ok((0..rows)
        .map(|row| {
            let (left, right) = (one.at(row), other.at(row));
            let are_given = one.array.is_valid(left) && other.array.is_valid(right);
            are_given.then(|| compare(left, right).is_eq())
        })
        .collect())
}

fn multi_if(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(3..=usize::MAX)?;
    let count = call.arguments.len();
    if count.is_multiple_of(2) {
        return Err(format!(
            "MULTI_IF takes an odd number of arguments, {count} given: the last one is for no condition"
        ));
    }
    let conditions =
        (0..count - 1).step_by(2).map(|index| call.boolean(index)).collect::<Result<Vec<_>, _>>()?;
    let places: Vec<usize> = (1..count - 1).step_by(2).chain([count - 1]).collect();
    let result = common(places.iter().map(|index| call.type_of(*index)))
        .ok_or("the values of MULTI_IF have no common type; CAST them")?;
    let operands: Vec<Operand> =
        places.iter().map(|index| Operand::bind(call, *index, &result)).collect::<Result<_, _>>()?;
    Ok(Bound::new(result, move |values| {
        let Some((otherwise, choices)) = operands.split_last() else {
            return Err("MULTI_IF has no arguments".into());
        };
        let mut chosen = otherwise.of(values)?;
        for (condition, operand) in conditions.iter().zip(choices).rev() {
            let condition = condition.of(values)?;
            let mask: BooleanArray =
                (0..values.rows).map(|row| Some(condition.get(row).unwrap_or(false))).collect();
            chosen = choose(&mask, &operand.of(values)?, &chosen)?;
        }
        whole(&chosen, values.rows)
    }))
}
