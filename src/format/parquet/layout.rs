//! What a table is in a parquet file: names, types, and the Arrow schema that is handed to the encoder.

use super::physical;
use crate::table::{Column, DataType, VectorKind};
use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{Type, TypePtr};
use std::collections::HashSet;
use std::sync::Arc;

/// Compression of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// None.
    #[default]
    None,
    /// Snappy.
    Snappy,
    /// LZ4, as blocks (`LZ4_RAW`).
    Lz4,
    /// Gzip.
    Gzip,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

impl Codec {
    pub(super) fn compression(self) -> Compression {
        match self {
            Codec::None => Compression::UNCOMPRESSED,
            Codec::Snappy => Compression::SNAPPY,
            Codec::Lz4 => Compression::LZ4_RAW,
            Codec::Gzip => Compression::GZIP(GzipLevel::default()),
            Codec::Brotli => Compression::BROTLI(BrotliLevel::default()),
            Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
        }
    }
}

/// How to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Compression of pages.
    pub codec: Codec,
    /// Whether top-level timestamps are INT96 instead of milliseconds.
    pub timestamp_as_int96: bool,
    /// Bytes columns (twelve bytes each) that are written as INT96.
    pub bytes_as_int96: Vec<String>,
}

/// A table as a parquet file holds it.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) columns: Vec<Column>,
    pub(super) int96: Vec<bool>,
    pub(super) root: TypePtr,
    pub(super) arrow: SchemaRef,
    pub(super) codec: Codec,
}

impl Layout {
    /// Lays out a table. Names become lower case.
    ///
    /// # Errors
    /// All problems: names with other characters than letters, digits and `_`, names that are equal in lower case,
    /// types that parquet doesn't take.
    pub fn new(columns: &[Column], options: &WriteOptions) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut seen = HashSet::new();
        let mut types = Vec::new();
        let mut int96 = Vec::new();
        for column in columns {
            let name = column.name.to_lowercase();
            if let Some(problem) = name_problem(&name) {
                problems.push(format!("parquet takes no column {:?}: {problem}", column.name));
            } else if !seen.insert(name.clone()) {
                problems.push(format!("parquet takes column {name:?} only once, in any letter case"));
            }
            let as_int96 = match column.data_type {
                DataType::Timestamp | DataType::TimestampTz => options.timestamp_as_int96,
                DataType::Bytes => options.bytes_as_int96.iter().any(|n| n.eq_ignore_ascii_case(&name)),
                _ => false,
            };
            let parquet = match as_int96 {
                true => leaf(&name, Physical::INT96, None, Repetition::OPTIONAL),
                false => of_type(&name, &column.data_type, Repetition::OPTIONAL),
            };
            match parquet {
                Ok(parquet) => types.push(Arc::new(parquet)),
                Err(problem) => problems.push(format!("column {:?} {problem}", column.name)),
            }
            int96.push(as_int96);
        }
        let root = Type::group_type_builder("SeaTunnelRecord").with_fields(types).build();
        match root {
            Ok(root) if problems.is_empty() => Ok(Self {
                arrow: Arc::new(Schema::new(
                    columns
                        .iter()
                        .map(|c| {
                            ArrowField::new(c.name.to_lowercase(), physical::arrow_type(&c.data_type), true)
                        })
                        .collect::<Vec<_>>(),
                )),
                columns: columns.to_vec(),
                int96,
                root: Arc::new(root),
                codec: options.codec,
            }),
            Ok(_) => Err(problems),
            Err(error) => {
                problems.push(error.to_string());
                Err(problems)
            }
        }
    }
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("a name must not start with a digit");
    }
    let fine = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (!fine).then_some("a name has letters, digits and _ only")
}

fn leaf(
    name: &str,
    physical: Physical,
    logical: Option<LogicalType>,
    repetition: Repetition,
) -> Result<Type, String> {
    Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .build()
        .map_err(|e| e.to_string())
}

fn of_type(name: &str, data_type: &DataType, repetition: Repetition) -> Result<Type, String> {
    let plain = |physical| leaf(name, physical, None, repetition);
    match data_type {
        DataType::Null => Err("has the type NULL, which parquet doesn't take".into()),
        DataType::Time => Err("has the type TIME, which can't be written to parquet".into()),
        DataType::Boolean => plain(Physical::BOOLEAN),
        DataType::TinyInt | DataType::SmallInt | DataType::Int => plain(Physical::INT32),
        DataType::BigInt => plain(Physical::INT64),
        DataType::Float => plain(Physical::FLOAT),
        DataType::Double => plain(Physical::DOUBLE),
        DataType::Decimal(precision, scale) => decimal(name, *precision, *scale, repetition),
        DataType::String => leaf(name, Physical::BYTE_ARRAY, Some(LogicalType::String), repetition),
        DataType::Bytes => plain(Physical::BYTE_ARRAY),
        DataType::Date => leaf(name, Physical::INT32, Some(LogicalType::Date), repetition),
        DataType::Timestamp | DataType::TimestampTz => {
            let millis = LogicalType::timestamp(true, TimeUnit::MILLIS);
            leaf(name, Physical::INT64, Some(millis), repetition)
        }
        DataType::Array(element) => list(name, element, repetition),
        DataType::Vector(VectorKind::Float, _) => list(name, &DataType::Float, repetition),
        DataType::Vector(_, _) => plain(Physical::BYTE_ARRAY),
        DataType::Map(key, value) => {
            let key = of_type("key", key, Repetition::REQUIRED)?;
            let value = of_type("value", value, Repetition::OPTIONAL)?;
            let entries = group("key_value", vec![key, value], None, Repetition::REPEATED)?;
            group(name, vec![entries], Some(LogicalType::Map), repetition)
        }
        DataType::Row(fields) => {
            let fields = fields
                .iter()
                .map(|f| of_type(&f.name, &f.data_type, Repetition::OPTIONAL))
                .collect::<Result<Vec<_>, _>>()?;
            if fields.is_empty() {
                return Err("is a row without fields, which parquet doesn't take".into());
            }
            group(name, fields, None, repetition)
        }
    }
}

fn decimal(name: &str, precision: u8, scale: i8, repetition: Repetition) -> Result<Type, String> {
    let length = physical::decimal_bytes(precision);
    Type::primitive_type_builder(name, Physical::FIXED_LEN_BYTE_ARRAY)
        .with_repetition(repetition)
        .with_length(length)
        .with_logical_type(Some(LogicalType::decimal(i32::from(scale), i32::from(precision))))
        .with_precision(i32::from(precision))
        .with_scale(i32::from(scale))
        .build()
        .map_err(|e| e.to_string())
}

fn list(name: &str, element: &DataType, repetition: Repetition) -> Result<Type, String> {
    let element = of_type("element", element, Repetition::OPTIONAL)?;
    let entries = group("list", vec![element], None, Repetition::REPEATED)?;
    group(name, vec![entries], Some(LogicalType::List), repetition)
}

fn group(
    name: &str,
    fields: Vec<Type>,
    logical: Option<LogicalType>,
    repetition: Repetition,
) -> Result<Type, String> {
    Type::group_type_builder(name)
        .with_fields(fields.into_iter().map(Arc::new).collect())
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
        .map_err(|e| e.to_string())
}
