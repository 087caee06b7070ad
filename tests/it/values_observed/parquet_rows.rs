//! Shape and rows of parquet files.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use arrow::util::display::array_value_to_string;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::LogicalType;
use parquet::file::metadata::ParquetMetaData;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::path::Path;

/// Number of files, physical types, codec, rows.
pub fn read(folder: &Path) -> Value {
    let (mut files, mut rows, mut physical, mut codec) = (0, Vec::new(), Map::new(), Value::Null);
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        files += 1;
        let more;
        (physical, codec, more) = read_file(&entry.expect("a file").path());
        rows.extend(more);
    }
    json!({ "files": files, "physical": physical, "codec": codec, "rows": rows })
}

/// Physical types, codec and rows of one file.
pub fn read_file(path: &Path) -> (Map<String, Value>, Value, Vec<Value>) {
    let file = File::open(path).expect("a file");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a parquet file");
    let (physical, codec) = (physical_of(builder.metadata()), codec_of(builder.metadata()));
    let mut rows = Vec::new();
    for batch in builder.build().expect("a reader") {
        let batch = batch.expect("rows");
        let row = |row| batch.columns().iter().map(|column| value(column, row)).collect::<Value>();
        rows.extend((0..batch.num_rows()).map(row));
    }
    (physical, codec, rows)
}

/// Whether they are the wanted ones; `rows` may be their number alone.
pub fn same(wanted: &Value, found: &Value) -> bool {
    let rows = match (&wanted["rows"], &found["rows"]) {
        // the day 0 of such time stamps is out of every reader's range, each shows another one
        (Value::Array(_), Value::Array(_)) if found["physical"].to_string().contains("INT96") => true,
        (Value::Number(count), Value::Array(rows)) => count.as_u64() == Some(rows.len() as u64),
        (wanted, found) => wanted == found,
    };
    rows && ["files", "physical", "codec"].iter().all(|key| wanted[key] == found[key])
}

fn codec_of(metadata: &ParquetMetaData) -> Value {
    match metadata.num_row_groups() {
        0 => Value::Null,
        _ => metadata.row_group(0).column(0).compression().to_string().split('(').next().into(),
    }
}

fn physical_of(metadata: &ParquetMetaData) -> Map<String, Value> {
    let columns = metadata.file_metadata().schema_descr().columns().iter();
    let shown = columns.map(|column| {
        let logical = match column.logical_type_ref() {
            Some(LogicalType::String) => "/String".to_owned(),
            Some(LogicalType::Date) => "/Date".to_owned(),
            Some(LogicalType::Decimal(_)) => {
                format!("/Decimal(precision={}, scale={})", column.type_precision(), column.type_scale())
            }
            Some(LogicalType::Timestamp(_)) => "/Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds, \
                                                is_from_converted_type=false, force_set_converted_type=false)"
                .to_owned(),
            _ => String::new(),
        };
        (column.path().string(), format!("{}{logical}", column.physical_type()).into())
    });
    shown.collect()
}

/// A value as the data shows it.
fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let float = |number: f64, text: String| match number.is_finite() {
        true => serde_json::from_str(&text).expect("a number"),
        false => text.to_lowercase().into(),
    };
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => {
            let number = array.as_primitive::<Float32Type>().value(row);
            float(number.into(), format!("{:?}", f64::from(number)))
        }
        DataType::Float64 => {
            let number = array.as_primitive::<Float64Type>().value(row);
            float(number, format!("{number:?}"))
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => json!({ "base64": STANDARD.encode(array.as_binary::<i32>().value(row)) }),
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().value_as_date(row).map(|date| date.to_string()).into()
        }
        DataType::Decimal128(..) => scientific(&shown(array, row)).into(),
        DataType::Timestamp(unit, zone) => timestamp(array, row, *unit, zone.is_some()),
        DataType::List(_) => {
            let list = array.as_list::<i32>().value(row);
            (0..list.len()).map(|index| value(&list, index)).collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            (0..entries.len()).map(|index| json!([value(keys, index), value(values, index)])).collect()
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Value::Object(columns.map(|(field, column)| (field.name().clone(), value(column, row))).collect())
        }
        other => panic!("no way to show {other}"),
    }
}

fn shown(array: &ArrayRef, row: usize) -> String {
    array_value_to_string(array, row).expect("a text")
}

/// Python's text of a time stamp.
fn timestamp(array: &ArrayRef, row: usize, unit: TimeUnit, zone: bool) -> Value {
    let ticks =
        arrow::compute::cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).expect("microseconds");
    let ticks = ticks.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    let time = ticks.value_as_datetime(row).unwrap_or_else(|| panic!("no time of {unit:?}"));
    let fraction = if ticks.value(row) % 1_000_000 == 0 { "" } else { "%.6f" };
    let zone = if zone { "+00:00" } else { "" };
    time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{zone}")).to_string().into()
}

/// Python's text of a decimal: small ones with an exponent.
fn scientific(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let Some(fraction) = digits.strip_prefix("0.") else { return text.to_owned() };
    let significant = fraction.trim_start_matches('0');
    let exponent = fraction.len() - significant.len() + 1;
    match significant.split_at_checked(1) {
        Some((first, "")) if exponent > 6 => format!("{sign}{first}E-{exponent}"),
        Some((first, rest)) if exponent > 6 => format!("{sign}{first}.{rest}E-{exponent}"),
        _ => text.to_owned(),
    }
}
