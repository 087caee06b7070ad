//! Functions of arrays and maps: `ARRAY`, `MAP`, `ARRAY_MAX`, `ARRAY_MIN`.

use super::arguments;
use super::columns::per_value;
use super::unify::{Operand, Operands, common, is_number};
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt32Array, make_comparator, new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::kernels::interleave::interleave;
use arrow::compute::{SortOptions, take};
use arrow::datatypes::DataType as ArrowType;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ARRAY"],
        usage: "ARRAY(value, …)",
        about: "An array of the values; numbers become the widest of their types, values of different kinds STRING.",
        bind: array,
    },
    Function {
        names: &["MAP"],
        usage: "MAP(key, value, …)",
        about: "A map of keys and values; no key may be null, of equal ones the last value counts.",
        bind: map,
    },
    Function {
        names: &["ARRAY_MAX"],
        usage: "ARRAY_MAX(array)",
        about: "The largest element that is not null; null for an empty array.",
        bind: |call| extreme(call, Ordering::Greater),
    },
    Function {
        names: &["ARRAY_MIN"],
        usage: "ARRAY_MIN(array)",
        about: "The smallest element that is not null; null for an empty array.",
        bind: |call| extreme(call, Ordering::Less),
    },
];

/// The type of all these arguments: STRING if there is none.
fn element_type(call: &Call<'_>, places: &[usize]) -> Result<DataType, String> {
    let common = common(places.iter().map(|index| call.type_of(*index)));
    let common =
        common.ok_or_else(|| format!("the values of {} have no common type; CAST them", call.name))?;
    Ok(if common == DataType::Null { DataType::String } else { common })
}

fn operands(call: &Call<'_>, places: &[usize], to: &DataType) -> Result<Vec<Operand>, String> {
    places.iter().map(|index| Operand::bind(call, *index, to)).collect()
}

fn all_of(operands: &[Operand], values: &Values<'_>) -> Result<Vec<Operands>, String> {
    operands.iter().map(|operand| operand.of(values)).collect()
}

/// The values at these places: of which operand, and where in it.
fn interleaved(
    operands: &[Operands],
    places: &[(usize, usize)],
    arrow: &ArrowType,
) -> Result<ArrayRef, String> {
    let arrays: Vec<&dyn Array> = operands.iter().map(|operand| &*operand.array as &dyn Array).collect();
    if arrays.is_empty() || places.is_empty() {
        return Ok(new_empty_array(arrow));
    }
    interleave(&arrays, places).map_err(|e| e.to_string())
}

fn array(call: &Call<'_>) -> Result<Bound, String> {
    let places: Vec<usize> = (0..call.arguments.len()).collect();
    let element = element_type(call, &places)?;
    let operands = operands(call, &places, &element)?;
    let field = Arc::new(DataType::element_field(&element));
    Ok(Bound::new(DataType::Array(Box::new(element)), move |values| {
        let given = all_of(&operands, values)?;
        let places: Vec<(usize, usize)> = (0..values.rows)
            .flat_map(|row| given.iter().enumerate().map(move |(index, operand)| (index, operand.at(row))))
            .collect();
        let elements = interleaved(&given, &places, field.data_type())?;
        let offsets = OffsetBuffer::from_repeated_length(given.len(), values.rows);
        let lists = ListArray::try_new(field.clone(), offsets, elements, None).map_err(|e| e.to_string())?;
        Ok(Arc::new(lists) as ArrayRef)
    }))
}

fn map(call: &Call<'_>) -> Result<Bound, String> {
    let count = call.arguments.len();
    if count < 2 || !count.is_multiple_of(2) {
        return Err(format!(
            "MAP takes an even number of arguments, at least 2, {count} given: MAP(key, value, …)"
        ));
    }
    let places_of = |first: usize| (first..count).step_by(2).collect::<Vec<usize>>();
    let (key_places, value_places) = (places_of(0), places_of(1));
    if let Some(index) = key_places.iter().find(|index| call.is_null(**index)) {
        return Err(format!("argument {} of MAP is null; no key may be null", index + 1));
    }
    let (key, value) = (element_type(call, &key_places)?, element_type(call, &value_places)?);
    let (keys, items) = (operands(call, &key_places, &key)?, operands(call, &value_places, &value)?);
    let (key_arrow, value_arrow) = (key.to_arrow(), value.to_arrow());
    let entries = Arc::new(DataType::entries_field(&key, &value));
    Ok(Bound::new(DataType::Map(Box::new(key), Box::new(value)), move |values| {
        let (keys, items) = (all_of(&keys, values)?, all_of(&items, values)?);
        let pairs = pairs(&keys, values.rows)?;
        let places = |operands: &[Operands], pick: fn(&(usize, usize)) -> usize| -> Vec<(usize, usize)> {
            let of_row = |(row, pairs): (usize, &Vec<(usize, usize)>)| {
                let place =
                    |pair| (pick(pair), operands.get(pick(pair)).map_or(0, |operand| operand.at(row)));
                pairs.iter().map(place).collect::<Vec<_>>()
            };
            pairs.iter().enumerate().flat_map(of_row).collect()
        };
        let key_column = interleaved(&keys, &places(&keys, |pair| pair.0), &key_arrow)?;
        let value_column = interleaved(&items, &places(&items, |pair| pair.1), &value_arrow)?;
        let ArrowType::Struct(fields) = entries.data_type() else {
            return Err("a map's entries are no pairs".into());
        };
        let offsets = OffsetBuffer::from_lengths(pairs.iter().map(Vec::len));
        let columns = StructArray::try_new(fields.clone(), vec![key_column, value_column], None);
        let maps =
            columns.and_then(|columns| MapArray::try_new(entries.clone(), offsets, columns, None, false));
        Ok(Arc::new(maps.map_err(|e| e.to_string())?) as ArrayRef)
    }))
}

/// Per row, which key goes with which value: of equal keys the first place and the last value.
fn pairs(keys: &[Operands], rows: usize) -> Result<Vec<Vec<(usize, usize)>>, String> {
    for (index, key) in keys.iter().enumerate() {
        if key.array.null_count() > 0 {
            return Err(format!("argument {} of MAP is null in a row; no key may be null", 2 * index + 1));
        }
    }
    let mut comparators = Vec::new();
    for key in keys {
        for other in keys {
            let compare = make_comparator(&key.array, &other.array, SortOptions::default());
            comparators.push(compare.map_err(|e| e.to_string())?);
        }
    }
    let are_equal = |one: usize, other: usize, row: usize| {
        let compare = comparators.get(one * keys.len() + other);
        let places = keys.get(one).zip(keys.get(other)).map(|(one, other)| (one.at(row), other.at(row)));
        compare.zip(places).is_some_and(|(compare, (one, other))| compare(one, other).is_eq())
    };
    let pairs_of = |row: usize| {
        let mut pairs: Vec<(usize, usize)> = Vec::with_capacity(keys.len());
        for index in 0..keys.len() {
            match pairs.iter_mut().find(|(key, _)| are_equal(*key, index, row)) {
                Some((_, value)) => *value = index,
                None => pairs.push((index, index)),
            }
        }
        pairs
    };
    // keys that are all literals are the same in all rows
    if keys.iter().all(|key| key.is_literal) {
        return Ok(vec![pairs_of(0); rows]);
    }
    Ok((0..rows).map(pairs_of).collect())
}

fn extreme(call: &Call<'_>, wanted: Ordering) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let element = match call.type_of(0) {
        DataType::Null => return Ok(arguments::always_null(DataType::Null)),
        DataType::Array(element) => (**element).clone(),
        _ => return Err(call.wrong_type(0, "an array")),
    };
    let has_order = is_number(&element)
        || matches!(
            element,
            DataType::String
                | DataType::Boolean
                | DataType::Date
                | DataType::Time
                | DataType::Timestamp
                | DataType::TimestampTz
                | DataType::Null
        );
    if !has_order {
        return Err(call.wrong_type(0, "an array of numbers, texts or dates"));
    }
    Ok(Bound::new(element, move |values| {
        per_value(values, 0, |array| {
            let Some(lists) = array.as_list_opt::<i32>() else {
                return Err(format!("{} is no array", array.data_type()));
            };
            let elements = lists.values();
            let compare =
                make_comparator(elements, elements, SortOptions::default()).map_err(|e| e.to_string())?;
            let extreme = |row: usize| {
                let offsets = lists.value_offsets();
                let (from, to) = (*offsets.get(row)?, *offsets.get(row + 1)?);
                let given = (from as usize..to as usize).filter(|at| elements.is_valid(*at));
                given.reduce(|best, at| if compare(at, best) == wanted { at } else { best })
            };
            let places: UInt32Array = (0..lists.len())
                .map(|row| lists.is_valid(row).then(|| extreme(row)).flatten().map(|at| at as u32))
                .collect();
            take(elements, &places, None).map_err(|e| e.to_string())
        })
    }))
}
