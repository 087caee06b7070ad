//! `RAND`.

use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function};
use crate::transforms::sql::functions::java_random::JavaRandom;
use arrow::array::{ArrayRef, Float64Array};
use rand::Rng;
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[Function {
    names: &["RAND", "RANDOM"],
    usage: "RAND([seed])",
    about: "A random number from 0 to below 1, another one for each row; the same one for the same seed.",
    bind: rand,
}];

fn rand(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(0..=1)?;
    let seed = call.integer_if_given(0)?;
    let is_volatile = seed.is_none() || call.is_null(0);
    let bound = Bound::new(DataType::Double, move |values| {
        let mut random = rand::rng();
        let numbers: Float64Array = match &seed {
            None => (0..values.rows).map(|_| Some(random.random::<f64>())).collect(),
            Some(seed) => {
                let seeds = seed.of(values)?;
                // the engine takes a seed's low 32 bits
                let number = |seed: i64| JavaRandom::new(i64::from(seed as i32)).next_double();
                (0..values.rows)
                    .map(|row| Some(seeds.get(row).map_or_else(|| random.random::<f64>(), number)))
                    .collect()
            }
        };
        Ok(Arc::new(numbers) as ArrayRef)
    });
    Ok(Bound { is_volatile, ..bound })
}
