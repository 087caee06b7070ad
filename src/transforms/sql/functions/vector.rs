//! Functions of vectors: FLOAT_VECTOR, or an array of numbers. A vector with a null element counts as null.

use super::arguments::{self, value};
use super::columns::converted;
use super::java_random::JavaRandom;
use super::unify::is_number;
use crate::model::nearest;
use crate::model::shown;
use crate::table::{DataType, VectorKind};
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Float32Builder, Float64Array, Int32Array,
    ListArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as ArrowType, Float64Type};
use datafusion_expr::ColumnarValue;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["COSINE_DISTANCE"],
        usage: "COSINE_DISTANCE(vector, vector)",
        about: "1 less the cosine of the angle between two vectors; 1 if one of them is zero.",
        bind: |call| distance(call, cosine_distance),
    },
    Function {
        names: &["L1_DISTANCE"],
        usage: "L1_DISTANCE(vector, vector)",
        about: "The sum of the differences of two vectors' elements.",
        bind: |call| distance(call, |a, b| pairs(a, b).map(|(x, y)| (x - y).abs()).sum()),
    },
    Function {
        names: &["L2_DISTANCE"],
        usage: "L2_DISTANCE(vector, vector)",
        about: "The length of the line between two vectors.",
        bind: |call| distance(call, |a, b| pairs(a, b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()),
    },
    Function {
        names: &["INNER_PRODUCT"],
        usage: "INNER_PRODUCT(vector, vector)",
        about: "The sum of the products of two vectors' elements.",
        bind: |call| distance(call, inner_product),
    },
    Function {
        names: &["VECTOR_DIMS"],
        usage: "VECTOR_DIMS(vector)",
        about: "How many elements a vector has.",
        bind: dims,
    },
    Function {
        names: &["VECTOR_NORM"],
        usage: "VECTOR_NORM(vector)",
        about: "The length of a vector: the root of the sum of its elements' squares.",
        bind: norm,
    },
    Function {
        names: &["VECTOR_NORMALIZE"],
        usage: "VECTOR_NORMALIZE(vector)",
        about: "The vector of length 1 in the same direction; a zero vector stays as it is.",
        bind: normalize,
    },
    Function {
        names: &["VECTOR_REDUCE"],
        usage: "VECTOR_REDUCE(vector, dimension, method)",
        about: "A vector of fewer elements, by TRUNCATE (the first ones), RANDOM_PROJECTION or SPARSE_RANDOM_PROJECTION, \
                which project all vectors by the same random matrix; a vector that is short enough stays as it is.",
        bind: reduce,
    },
];

fn pairs<'a>(a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    a.iter().copied().zip(b.iter().copied())
}

fn inner_product(a: &[f64], b: &[f64]) -> f64 {
    pairs(a, b).map(|(x, y)| x * y).sum()
}

fn length(vector: &[f64]) -> f64 {
    inner_product(vector, vector).sqrt()
}

fn cosine_distance(a: &[f64], b: &[f64]) -> f64 {
    let lengths = length(a) * length(b);
    if lengths == 0.0 { 1.0 } else { 1.0 - inner_product(a, b) / lengths }
}

/// Whether an argument is a vector; false if it is null.
fn is_vector(call: &Call<'_>, index: usize) -> Result<bool, String> {
    match call.type_of(index) {
        DataType::Null => Ok(false),
        DataType::Vector(VectorKind::Float, _) => Ok(true),
        DataType::Array(element) if is_number(element) => Ok(true),
        _ => Err(call.wrong_type(index, "a FLOAT_VECTOR or an array of numbers")),
    }
}

/// The vectors of a batch.
struct Vectors {
    elements: Float64Array,
    places: Places,
    nulls: Option<NullBuffer>,
    is_literal: bool,
}

enum Places {
    /// So many elements each, from so many on.
    Fixed(usize, usize),
    Offsets(OffsetBuffer<i32>),
}

impl Vectors {
    fn of(values: &Values<'_>, index: usize) -> Result<Self, String> {
        let given = value(values, index)?;
        let is_literal = matches!(given, ColumnarValue::Scalar(_));
        let array = match given {
            ColumnarValue::Array(array) => array.clone(),
            ColumnarValue::Scalar(scalar) => scalar.to_array().map_err(|e| e.to_string())?,
        };
        let (elements, places) = if let Some(list) = array.as_fixed_size_list_opt() {
            let from = usize::try_from(list.value_offset(0)).unwrap_or(0);
            (list.values(), Places::Fixed(usize::try_from(list.value_length()).unwrap_or(0), from))
        } else if let Some(list) = array.as_list_opt::<i32>() {
            (list.values(), Places::Offsets(list.offsets().clone()))
        } else {
            return Err(format!("{} is no vector", array.data_type()));
        };
        let elements = converted(elements, &ArrowType::Float64)?.as_primitive::<Float64Type>().clone();
        Ok(Self { elements, places, nulls: array.nulls().cloned(), is_literal })
    }

    fn get(&self, row: usize) -> Option<&[f64]> {
        let row = if self.is_literal { 0 } else { row };
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let (from, to) = match &self.places {
            Places::Fixed(length, from) => (from + row * length, from + (row + 1) * length),
            Places::Offsets(offsets) => (*offsets.get(row)? as usize, *offsets.get(row + 1)? as usize),
        };
        if self.elements.null_count() > 0 && (from..to).any(|at| self.elements.is_null(at)) {
            return None;
        }
        self.elements.values().get(from..to)
    }
}

fn distance(call: &Call<'_>, compute: fn(&[f64], &[f64]) -> f64) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let are_vectors = is_vector(call, 0)? & is_vector(call, 1)?;
    if !are_vectors {
        return Ok(arguments::always_null(DataType::Double));
    }
    let name = call.name.to_owned();
    Ok(Bound::new(DataType::Double, move |values| {
        let (left, right) = (Vectors::of(values, 0)?, Vectors::of(values, 1)?);
        let row = |row| {
            let (a, b) = (left.get(row)?, right.get(row)?);
            Some(if a.len() == b.len() {
                Ok(compute(a, b))
            } else {
                Err(format!("{name} takes vectors of one dimension, {} and {} given", a.len(), b.len()))
            })
        };
        let distances: Float64Array =
            (0..values.rows).map(|at| row(at).transpose()).collect::<Result<_, _>>()?;
        Ok(Arc::new(distances) as ArrayRef)
    }))
}

fn dims(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    if !is_vector(call, 0)? {
        return Ok(arguments::always_null(DataType::Int));
    }
    Ok(Bound::new(DataType::Int, |values| {
        let vectors = Vectors::of(values, 0)?;
        let dims = |row| vectors.get(row).and_then(|vector| i32::try_from(vector.len()).ok());
        Ok(Arc::new((0..values.rows).map(dims).collect::<Int32Array>()))
    }))
}

fn norm(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    if !is_vector(call, 0)? {
        return Ok(arguments::always_null(DataType::Double));
    }
    Ok(Bound::new(DataType::Double, |values| {
        let vectors = Vectors::of(values, 0)?;
        Ok(Arc::new((0..values.rows).map(|row| vectors.get(row).map(length)).collect::<Float64Array>()))
    }))
}

fn normalize(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(1..=1)?;
    let result = match call.type_of(0) {
        DataType::Array(_) => DataType::Array(Box::new(DataType::Float)),
        other => other.clone(),
    };
    if !is_vector(call, 0)? {
        return Ok(arguments::always_null(result));
    }
    let arrow = result.to_arrow();
    Ok(Bound::new(result, move |values| {
        let vectors = Vectors::of(values, 0)?;
        built(&arrow, values.rows, |row, out| {
            let vector = vectors.get(row)?;
            let length = length(vector);
            let divisor = if length == 0.0 { 1.0 } else { length };
            out.extend(vector.iter().map(|x| (x / divisor) as f32));
            Some(())
        })
    }))
}

/// A column of vectors; `push` appends the elements of a row, or none for null.
fn built(
    arrow: &ArrowType,
    rows: usize,
    push: impl Fn(usize, &mut Vec<f32>) -> Option<()>,
) -> Result<ArrayRef, String> {
    let mut elements = Float32Builder::new();
    let mut lengths = Vec::with_capacity(rows);
    let mut valid = Vec::with_capacity(rows);
    let mut vector = Vec::new();
    for row in 0..rows {
        vector.clear();
        let is_valid = push(row, &mut vector).is_some();
        if let (false, ArrowType::FixedSizeList(_, length)) = (is_valid, arrow) {
            vector.clear();
            vector.resize(usize::try_from(*length).unwrap_or(0), 0.0);
        }
        elements.append_slice(&vector);
        lengths.push(vector.len());
        valid.push(is_valid);
    }
    let elements: Arc<Float32Array> = Arc::new(elements.finish());
    let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
    let built: Result<ArrayRef, _> = match arrow {
        ArrowType::FixedSizeList(field, length) => {
            FixedSizeListArray::try_new_with_length(field.clone(), *length, elements, nulls, rows)
                .map(|list| Arc::new(list) as ArrayRef)
        }
        ArrowType::List(field) => {
            ListArray::try_new(field.clone(), OffsetBuffer::from_lengths(lengths), elements, nulls)
                .map(|list| Arc::new(list) as ArrayRef)
        }
        other => return Err(format!("{other} is no type of vectors")),
    };
    built.map_err(|e| e.to_string())
}

/// How a vector is made shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Truncate,
    Gaussian,
    Sparse,
}

const METHODS: [(&str, Method); 3] = [
    ("TRUNCATE", Method::Truncate),
    ("RANDOM_PROJECTION", Method::Gaussian),
    ("SPARSE_RANDOM_PROJECTION", Method::Sparse),
];

fn reduce(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(3..=3)?;
    let is_vector = is_vector(call, 0)?;
    if call.any_null(&[1, 2]) {
        return Ok(arguments::always_null(call.type_of(0).clone()));
    }
    let target =
        call.literal_integer(1).and_then(|target| u32::try_from(target).ok()).filter(|target| *target > 0);
    let target = target.ok_or("the dimension of VECTOR_REDUCE must be a literal from 1 on")?;
    let name = call.literal_text(2).ok_or("the method of VECTOR_REDUCE must be a literal text")?;
    let Some((_, method)) = METHODS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) else {
        let names = METHODS.map(|(known, _)| known);
        let hint = nearest(&name, names).map_or(String::new(), |known| format!(" (did you mean {known}?)"));
        let given = shown(&name);
        return Err(format!("VECTOR_REDUCE knows no method {given}{hint}; allowed are {}", names.join(", ")));
    };
    let method = *method;
    let result = match call.type_of(0) {
        DataType::Vector(kind, dimension) => DataType::Vector(*kind, target.min(*dimension)),
        DataType::Array(_) => DataType::Array(Box::new(DataType::Float)),
        other => other.clone(),
    };
    if !is_vector {
        return Ok(arguments::always_null(result));
    }
    let arrow = result.to_arrow();
    let target = target as usize;
    // a vector's dimension is known, an array's is seen in its rows
    let known = match call.type_of(0) {
        DataType::Vector(_, dimension) => {
            HashMap::from([(*dimension as usize, matrix(method, *dimension as usize, target))])
        }
        _ => HashMap::new(),
    };
    Ok(Bound::new(result, move |values| {
        let vectors = Vectors::of(values, 0)?;
        let mut seen = HashMap::new();
        for length in (0..values.rows).filter_map(|row| vectors.get(row).map(<[f64]>::len)) {
            if !known.contains_key(&length) {
                seen.entry(length).or_insert_with(|| matrix(method, length, target));
            }
        }
        built(&arrow, values.rows, |row, out| {
            let vector = vectors.get(row)?;
            if vector.len() <= target {
                out.extend(vector.iter().map(|x| *x as f32));
            } else if method == Method::Truncate {
                out.extend(vector.iter().take(target).map(|x| *x as f32));
            } else {
                let matrix = known.get(&vector.len()).or_else(|| seen.get(&vector.len()))?;
                out.extend(matrix.chunks_exact(vector.len()).map(|line| inner_product(line, vector) as f32));
            }
            Some(())
        })
    }))
}

/// The lines of a random matrix, one per element of the result; the same for all calls.
fn matrix(method: Method, source: usize, target: usize) -> Vec<f64> {
    const SEED: i64 = 42;
    if source <= target {
        return Vec::new();
    }
    let mut random = JavaRandom::new(SEED);
    let draw: Box<dyn FnMut() -> f64> = match method {
        Method::Truncate => return Vec::new(),
        Method::Gaussian => {
            let scale = (1.0 / target as f64).sqrt();
            Box::new(move || random.next_gaussian() * scale)
        }
        Method::Sparse => Box::new(move || match random.next_double() {
            x if x < 1.0 / 6.0 => 3f64.sqrt(),
            x if x < 2.0 / 6.0 => -(3f64.sqrt()),
            _ => 0.0,
        }),
    };
    std::iter::repeat_with(draw).take(source * target).collect()
}
