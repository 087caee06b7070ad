//! Tables of functions of numbers. What the Java engine was seen to give is among them.

use super::typed::{check, check_nulls, parse, result, run};
use crate::table::DataType;
use crate::transforms::sql::function::Values;

#[test]
fn abs_and_sign() {
    check(&[
        ("ABS(-3)", "INT", "3"),
        ("ABS(tinyint:-128)", "TINYINT", "ABS(-128) doesn't fit TINYINT; CAST the argument to a wider type"),
        ("ABS(smallint:-300)", "SMALLINT", "300"),
        (
            "ABS(int:-2147483648)",
            "INT",
            "ABS(-2147483648) doesn't fit INT; CAST the argument to a wider type",
        ),
        ("ABS(-9223372036854775807)", "BIGINT", "9223372036854775807"),
        ("ABS(float:-1.5)", "FLOAT", "1.5"),
        ("ABS(double:-Infinity)", "DOUBLE", "Infinity"),
        ("ABS(decimal(10,2):-3.14)", "Decimal(10, 2)", "3.14"),
        ("ABS(decimal(50,2):-3.14)", "Decimal(50, 2)", "3.14"),
        ("ABS('-2.5')", "DOUBLE", "2.5"),
        ("ABS(NULL)", "NULL", "NULL"),
        ("SIGN(-3)", "INT", "-1"),
        ("SIGN(2.5)", "INT", "1"),
        ("SIGN(0)", "INT", "0"),
        ("SIGN(double:NaN)", "INT", "0"),
        ("SIGN(float:-0.0)", "INT", "0"),
        ("SIGN(decimal(10,2):-0.01)", "INT", "-1"),
        ("SIGN(decimal(50,2):0.00)", "INT", "0"),
        ("SIGN(tinyint:-128)", "INT", "-1"),
    ]);
}

#[test]
fn rounding() {
    check(&[
        ("ROUND(-2.567, 2)", "DOUBLE", "-2.57"),
        ("ROUND(-2.567)", "DOUBLE", "-3.0"),
        ("ROUND(-2.5)", "DOUBLE", "-3.0"),
        ("ROUND(1.005, 2)", "DOUBLE", "1.01"),
        ("ROUND(2.675, 2)", "DOUBLE", "2.68"),
        ("ROUND(-0.4)", "DOUBLE", "0.0"),
        ("ROUND(1234.5, -2)", "DOUBLE", "1200.0"),
        ("ROUND(1e300, 2)", "DOUBLE", "1.0E300"),
        ("ROUND(double:NaN, 2)", "DOUBLE", "NaN"),
        ("ROUND(2.5, NULL)", "DOUBLE", "3.0"),
        ("ROUND(2.5, 400)", "DOUBLE", "2.5"),
        ("ROUND(2.5, -400)", "DOUBLE", "0.0"),
        ("ROUND(float:2.25, 1)", "FLOAT", "2.3"),
        ("ROUND(decimal(10,2):-3.14)", "Decimal(10, 2)", "-3.00"),
        ("ROUND(decimal(20,4):1234.5678, 2)", "Decimal(20, 4)", "1234.5700"),
        ("ROUND(decimal(20,4):1234.5678, -2)", "Decimal(20, 4)", "1200.0000"),
        ("ROUND(decimal(20,4):1234.5678, -99)", "Decimal(20, 4)", "0.0000"),
        ("ROUND(decimal(50,4):1234.5678, 9)", "Decimal(50, 4)", "1234.5678"),
        (
            "ROUND(decimal(4,2):99.99)",
            "",
            "ROUND(99.99, 0) doesn't fit Decimal(4, 2); CAST the argument to a wider DECIMAL",
        ),
        ("ROUND(15, -1)", "INT", "20"),
        ("ROUND(-15, -1)", "INT", "-20"),
        ("ROUND(15, 3)", "INT", "15"),
        ("ROUND(15, -40)", "INT", "0"),
        ("ROUND(tinyint:125, -1)", "", "ROUND(125, -1) doesn't fit TINYINT"),
        ("ROUND(9223372036854775807, -1)", "", "ROUND(9223372036854775807, -1) doesn't fit BIGINT"),
        ("ROUND('2.5')", "DOUBLE", "3.0"),
        ("TRUNC(-2.567, 2)", "DOUBLE", "-2.56"),
        ("TRUNCATE(-2.567)", "DOUBLE", "-2.0"),
        ("TRUNC(7, -1)", "DOUBLE", "0.0"),
        ("TRUNC(decimal(20,4):1234.5678, 1)", "DOUBLE", "1234.5"),
        ("TRUNC(0.29, 2)", "DOUBLE", "0.29"),
        ("TRUNC(NULL)", "DOUBLE", "NULL"),
        ("CEILING(-2.567)", "INT", "-2"),
        ("CEIL(decimal(20,4):1234.5678)", "INT", "1235"),
        ("CEIL(decimal(50,4):-0.5)", "INT", "0"),
        ("CEIL('2.1')", "INT", "3"),
        ("CEIL(2147483647.5)", "", "CEIL(2147483647.5) doesn't fit INT; ROUND and TRUNC keep larger numbers"),
        ("CEIL(double:NaN)", "", "CEIL(NaN) doesn't fit INT; ROUND and TRUNC keep larger numbers"),
        ("FLOOR(-2.567)", "INT", "-3"),
        ("FLOOR(7)", "INT", "7"),
        ("FLOOR(decimal(10,2):-3.14)", "INT", "-4"),
        ("floor(3000000000)", "", "floor(3000000000) doesn't fit INT; ROUND and TRUNC keep larger numbers"),
    ]);
    check_nulls(&["ABS(-3)", "SIGN(2.5)", "CEIL(2.5)", "FLOOR(decimal(5,2):2.5)", "TRIM_SCALE(1.50)"]);
}

#[test]
fn remainders() {
    check(&[
        ("MOD(7, 4)", "INT", "3"),
        ("MOD(-7, 4)", "INT", "-3"),
        ("MOD(7084913402530365000, 10)", "INT", "0"),
        ("MOD(7, tinyint:4)", "TINYINT", "3"),
        ("MOD(2.5, 2)", "DOUBLE", "0.5"),
        ("MOD(0.3, 0.1)", "DOUBLE", "0.0"),
        ("MOD(1e300, 0.1)", "DOUBLE", "0.0"),
        ("MOD(1e300, 7)", "DOUBLE", "1.0"),
        ("MOD(-7.5, 1e300)", "DOUBLE", "-7.5"),
        ("MOD(double:NaN, 2)", "DOUBLE", "NaN"),
        ("MOD(7.5, double:Infinity)", "DOUBLE", "7.5"),
        ("MOD(2.5, float:2)", "FLOAT", "0.5"),
        ("MOD(decimal(20,4):1234.5678, 10)", "Decimal(20, 4)", "4.5678"),
        ("MOD(7, decimal(10,2):-3.14)", "Decimal(10, 2)", "0.72"),
        ("MOD(decimal(20,4):1.2345, decimal(10,2):0.10)", "Decimal(12, 4)", "0.0345"),
        ("MOD(decimal(50,4):1.2345, decimal(10,2):0.10)", "Decimal(12, 4)", "0.0345"),
        ("MOD(int:-2147483648, -1)", "INT", "0"),
        ("MOD(-9223372036854775808, -1)", "INT", "0"),
        ("MOD('7.5', 2)", "DOUBLE", "1.5"),
        ("MOD(7, 0)", "", "MOD(7, 0): division by zero"),
        ("MOD(7.5, 0.0)", "", "MOD(7.5, 0): division by zero"),
        ("MOD(decimal(5,2):7.5, 0)", "", "MOD(7.50, 0): division by zero"),
    ]);
    check_nulls(&["MOD(7, 4)", "MOD(2.5, 2)", "MOD(decimal(5,2):7.5, 2)"]);
}

/// The last digit is the platform's: Java allows for it, too.
#[test]
fn curves() {
    for (call, wanted) in [
        ("ACOS(0.5)", "1.0471975511965979"),
        ("ASIN(0.5)", "0.5235987755982989"),
        ("ATAN(1)", "0.7853981633974483"),
        ("ATAN2(1, -1)", "2.356194490192345"),
        ("COS(2.5)", "-0.8011436155469337"),
        ("COSH(2.5)", "6.132289479663686"),
        ("COT(1)", "0.6420926159343306"),
        ("SIN(2.5)", "0.5984721441039564"),
        ("SINH(2.5)", "6.0502044810397875"),
        ("TANH(2.5)", "0.9866142981514303"),
        ("EXP(1)", "2.718281828459045"),
        ("LN(2.5)", "0.9162907318741551"),
    ] {
        let (data_type, found) = result(call).unwrap();
        let found: f64 = found.unwrap().parse().unwrap();
        let wanted: f64 = wanted.parse().unwrap();
        assert_eq!(data_type, DataType::Double, "{call}");
        assert!((found - wanted).abs() <= f64::EPSILON * wanted.abs(), "{call}: {found}");
    }
}

#[test]
fn real_numbers() {
    check(&[
        ("ACOS(2)", "DOUBLE", "NaN"),
        ("COT(0)", "", "COT(0): the tangent is 0"),
        ("TAN(0)", "DOUBLE", "0.0"),
        ("EXP(1000)", "DOUBLE", "Infinity"),
        ("LN(0)", "DOUBLE", "NULL"),
        ("LN(double:NaN)", "DOUBLE", "NaN"),
        ("LOG(2, 8)", "DOUBLE", "3.0"),
        ("LOG(10, 1000)", "DOUBLE", "3.0"),
        ("LOG(0, 8)", "DOUBLE", "NULL"),
        ("LOG(2, -8)", "DOUBLE", "NULL"),
        ("LOG(1)", "DOUBLE", "0.0"),
        ("LOG10(1000)", "DOUBLE", "3.0"),
        ("LOG10(-1)", "DOUBLE", "NULL"),
        ("RADIANS(180)", "DOUBLE", "3.141592653589793"),
        ("DEGREES(0)", "DOUBLE", "0.0"),
        ("SQRT(16)", "DOUBLE", "4.0"),
        ("SQRT(-1)", "DOUBLE", "NaN"),
        ("SQRT(decimal(5,2):2.25)", "DOUBLE", "1.5"),
        ("SQRT('16')", "DOUBLE", "4.0"),
        ("SQRT('x')", "", "argument 1 of SQRT is \"x\", which is no number"),
        ("PI()", "DOUBLE", "3.141592653589793"),
        ("POWER(2, 10)", "DOUBLE", "1024.0"),
        ("POWER(0, -1)", "DOUBLE", "Infinity"),
        ("POWER(-8, 0.5)", "DOUBLE", "NaN"),
        ("POWER(1, double:NaN)", "DOUBLE", "NaN"),
        ("POWER(-1, double:Infinity)", "DOUBLE", "NaN"),
        ("POWER(1e200, 2)", "DOUBLE", "Infinity"),
        ("RAND(42)", "DOUBLE", "0.7275636800328681"),
        ("RAND(4294967338)", "DOUBLE", "0.7275636800328681"),
        ("TRIM_SCALE(decimal(10,4):1.5000)", "STRING", "1.5"),
        ("TRIM_SCALE(decimal(10,4):100.0000)", "STRING", "100"),
        ("TRIM_SCALE(decimal(10,2):0.00)", "STRING", "0"),
        ("TRIM_SCALE(100)", "STRING", "100"),
        ("TRIM_SCALE(1e10)", "STRING", "10000000000"),
        ("TRIM_SCALE(float:0.1)", "STRING", "0.1"),
        ("TRIM_SCALE('1.50')", "STRING", "1.5"),
    ]);
    check_nulls(&["ACOS(0.5)", "ATAN2(1, 2)", "LOG(2, 8)", "LOG(8)", "POWER(2, 2)", "SQRT(decimal(5,2):4)"]);
}

#[test]
fn random_numbers() {
    for (call, is_volatile) in
        [("RAND()", true), ("RANDOM()", true), ("RAND(NULL)", true), ("RAND(7)", false)]
    {
        let (name, given) = parse(call);
        let bound = super::typed::bind(name, &given, 0).unwrap();
        assert_eq!(bound.is_volatile, is_volatile, "{call}");
    }
    let bound = super::typed::bind("RAND", &[], 0).unwrap();
    let drawn = (bound.kernel)(&Values { arguments: &[], rows: 100 }).unwrap();
    let drawn = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&drawn).clone();
    assert!(drawn.values().iter().all(|x| (0.0..1.0).contains(x)));
    let first = drawn.value(0);
    assert!(drawn.values().iter().any(|x| *x != first));
    assert_eq!(run("RAND", &parse("RAND(int:0)").1).unwrap().1.as_deref(), Some("0.730967787376657"));
}
