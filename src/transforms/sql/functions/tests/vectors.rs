//! Tables of functions of vectors, and each against plain loops.

use super::typed::{Given, check, check_nulls, run};
use crate::table::{DataType, VectorKind};
use proptest::prelude::*;

#[test]
fn distances() {
    check(&[
        ("COSINE_DISTANCE(vector:[1 0], vector:[0 2])", "DOUBLE", "1.0"),
        ("COSINE_DISTANCE(vector:[1 0], vector:[3 0])", "DOUBLE", "0.0"),
        ("COSINE_DISTANCE(vector:[0 0], vector:[3 0])", "DOUBLE", "1.0"),
        ("L1_DISTANCE(vector:[1 2], vector:[4 -2])", "DOUBLE", "7.0"),
        ("L2_DISTANCE(vector:[1 2], vector:[4 6])", "DOUBLE", "5.0"),
        ("L2_DISTANCE(array<int>:[1 2], vector:[4 6])", "DOUBLE", "5.0"),
        ("INNER_PRODUCT(vector:[1 2 3], vector:[4 5 6])", "DOUBLE", "32.0"),
        ("INNER_PRODUCT(array<double>:[1 NULL], array<double>:[1 2])", "DOUBLE", "NULL"),
        ("VECTOR_DIMS(vector:[1 2 3])", "INT", "3"),
        ("VECTOR_DIMS(array<float>:[])", "INT", "0"),
        ("VECTOR_NORM(vector:[3 4])", "DOUBLE", "5.0"),
        ("VECTOR_NORMALIZE(vector:[3 4])", "FLOAT_VECTOR", "[0.6, 0.8]"),
        ("VECTOR_NORMALIZE(vector:[0 0])", "FLOAT_VECTOR", "[0.0, 0.0]"),
        ("VECTOR_NORMALIZE(array<int>:[3 4])", "ARRAY<FLOAT>", "[0.6, 0.8]"),
        ("VECTOR_REDUCE(vector:[1 2 3], 2, 'truncate')", "FLOAT_VECTOR", "[1.0, 2.0]"),
        ("VECTOR_REDUCE(vector:[1 2 3], 5, 'RANDOM_PROJECTION')", "FLOAT_VECTOR", "[1.0, 2.0, 3.0]"),
        ("VECTOR_REDUCE(array<int>:[1 2 3], 2, 'TRUNCATE')", "ARRAY<FLOAT>", "[1.0, 2.0]"),
        ("VECTOR_REDUCE(vector:[1 0], 1, 'RANDOM_PROJECTION')", "FLOAT_VECTOR", "[1.1419053]"),
        ("VECTOR_REDUCE(vector:[1 0 0], 2, 'SPARSE_RANDOM_PROJECTION')", "FLOAT_VECTOR", "[0.0, -1.7320508]"),
    ]);
    check_nulls(&[
        "L1_DISTANCE(vector:[1 2], vector:[4 -2])",
        "VECTOR_DIMS(vector:[1 2])",
        "VECTOR_NORM(array<int>:[3 4])",
        "VECTOR_NORMALIZE(vector:[3 4])",
    ]);
}

fn given(elements: &[f32]) -> Given {
    let data_type = DataType::Vector(VectorKind::Float, elements.len() as u32);
    let texts: Vec<String> = elements.iter().map(f32::to_string).collect();
    Given::new(data_type, &format!("[{}]", texts.join(" ")))
}

proptest! {
    #[test]
    fn as_plain_loops_have_it(pairs in prop::collection::vec((-100f32..100.0, -100f32..100.0), 1..8)) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
        let (mut l1, mut l2, mut product) = (0.0, 0.0, 0.0);
        for (x, y) in &pairs {
            let (x, y) = (f64::from(*x), f64::from(*y));
            l1 += (x - y).abs();
            l2 += (x - y).powi(2);
            product += x * y;
        }
        for (name, wanted) in [("L1_DISTANCE", l1), ("L2_DISTANCE", l2.sqrt()), ("INNER_PRODUCT", product)] {
            let found: f64 = run(name, &[given(&a), given(&b)]).unwrap().1.unwrap().parse().unwrap();
            prop_assert!((found - wanted).abs() <= 1e-9 * (1.0 + wanted.abs()), "{} {} {}", name, found, wanted);
        }
    }
}
