//! Data types, and what they are in Arrow.

use crate::model::is_secret;
use arrow::datatypes as arrow_types;
use arrow::datatypes::TimeUnit;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Element type of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VectorKind {
    /// Bits.
    Binary,
    /// 32-bit floats.
    Float,
    /// 16-bit floats.
    Float16,
    /// bfloat16.
    BFloat16,
    /// Index → value.
    Sparse,
}

/// A named part of a row type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub data_type: DataType,
}

/// Type of a column or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DataType {
    /// Always null.
    Null,
    /// `boolean`.
    Boolean,
    /// 8 bits.
    TinyInt,
    /// 16 bits.
    SmallInt,
    /// 32 bits.
    Int,
    /// 64 bits.
    BigInt,
    /// IEEE 32 bits.
    Float,
    /// IEEE 64 bits.
    Double,
    /// Precision and scale, each 0–76.
    Decimal(u8, i8),
    /// UTF-8 text.
    String,
    /// Bytes.
    Bytes,
    /// Days since 1970.
    Date,
    /// Microseconds of the day.
    Time,
    /// Microseconds since 1970, no zone.
    Timestamp,
    /// Microseconds since 1970 UTC.
    TimestampTz,
    /// Elements may be null.
    Array(Box<DataType>),
    /// Keys, values.
    Map(Box<DataType>, Box<DataType>),
    /// Nested row.
    Row(Vec<Field>),
    /// Vector of a fixed dimension; 0: not known, each value brings its own.
    Vector(VectorKind, u32),
}

impl DataType {
    /// The name of a field at any depth whose values must not be shown.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        match self {
            DataType::Array(element) => element.secret(),
            DataType::Map(key, value) => key.secret().or_else(|| value.secret()),
            DataType::Row(fields) => fields.iter().find_map(|field| {
                if is_secret(&field.name) { Some(field.name.as_str()) } else { field.data_type.secret() }
            }),
            _ => None,
        }
    }

    /// The Arrow type that carries it.
    #[must_use]
    pub fn to_arrow(&self) -> arrow_types::DataType {
        use arrow_types::DataType as A;
        match self {
            DataType::Null => A::Null,
            DataType::Boolean => A::Boolean,
            DataType::TinyInt => A::Int8,
            DataType::SmallInt => A::Int16,
            DataType::Int => A::Int32,
            DataType::BigInt => A::Int64,
            DataType::Float => A::Float32,
            DataType::Double => A::Float64,
            // Arrow wants precision ≥ 1 and ≥ scale; the job language allows decimal(0, 0) and decimal(5, 7)
            DataType::Decimal(precision, scale) => {
                let carried = (*precision).max(scale.unsigned_abs()).max(1);
                if carried <= 38 { A::Decimal128(carried, *scale) } else { A::Decimal256(carried, *scale) }
            }
            DataType::String => A::Utf8,
            DataType::Bytes => A::Binary,
            DataType::Date => A::Date32,
            DataType::Time => A::Time64(TimeUnit::Microsecond),
            DataType::Timestamp => A::Timestamp(TimeUnit::Microsecond, None),
            DataType::TimestampTz => A::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            DataType::Array(element) => A::List(Arc::new(Self::element_field(element))),
            DataType::Map(key, value) => A::Map(Arc::new(Self::entries_field(key, value)), false),
            DataType::Row(fields) => A::Struct(Self::arrow_fields(fields)),
            DataType::Vector(VectorKind::Float, 0) => A::List(Arc::new(Self::vector_field())),
            DataType::Vector(VectorKind::Float, dimension) => A::FixedSizeList(
                Arc::new(Self::vector_field()),
                i32::try_from(*dimension).unwrap_or(i32::MAX),
            ),
            DataType::Vector(_, _) => A::Binary,
        }
    }

    /// The Arrow field of an array's elements.
    #[must_use]
    pub fn element_field(element: &DataType) -> arrow_types::Field {
        arrow_types::Field::new("item", element.to_arrow(), true)
    }

    /// The Arrow field of a float vector's numbers.
    #[must_use]
    pub fn vector_field() -> arrow_types::Field {
        arrow_types::Field::new("item", arrow_types::DataType::Float32, false)
    }

    /// The Arrow field of a map's entries: a struct `entries` of `keys` and `values`.
    #[must_use]
    pub fn entries_field(key: &DataType, value: &DataType) -> arrow_types::Field {
        let fields = vec![
            arrow_types::Field::new("keys", key.to_arrow(), false),
            arrow_types::Field::new("values", value.to_arrow(), true),
        ];
        arrow_types::Field::new("entries", arrow_types::DataType::Struct(fields.into()), false)
    }

    /// The Arrow fields of a row; all nullable.
    #[must_use]
    pub fn arrow_fields(fields: &[Field]) -> arrow_types::Fields {
        fields.iter().map(|f| arrow_types::Field::new(&f.name, f.data_type.to_arrow(), true)).collect()
    }
}

/// The text of the Java engine's type, as in Console's header line: `BIGINT`, `Decimal(10, 2)`, `ARRAY<INT>`,
/// `Map<STRING, INT>`, `ROW<a INT,b STRING>`.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Null => f.write_str("NULL"),
            DataType::Boolean => f.write_str("BOOLEAN"),
            DataType::TinyInt => f.write_str("TINYINT"),
            DataType::SmallInt => f.write_str("SMALLINT"),
            DataType::Int => f.write_str("INT"),
            DataType::BigInt => f.write_str("BIGINT"),
            DataType::Float => f.write_str("FLOAT"),
            DataType::Double => f.write_str("DOUBLE"),
            DataType::Decimal(precision, scale) => write!(f, "Decimal({precision}, {scale})"),
            DataType::String => f.write_str("STRING"),
            DataType::Bytes => f.write_str("BYTES"),
            DataType::Date => f.write_str("DATE"),
            DataType::Time => f.write_str("TIME"),
            DataType::Timestamp => f.write_str("TIMESTAMP"),
            DataType::TimestampTz => f.write_str("TIMESTAMP_TZ"),
            DataType::Array(element) => write!(f, "ARRAY<{element}>"),
            DataType::Map(key, value) => write!(f, "Map<{key}, {value}>"),
            DataType::Row(fields) => {
                f.write_str("ROW<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{} {}", field.name, field.data_type)?;
                }
                f.write_str(">")
            }
            DataType::Vector(VectorKind::Binary, _) => f.write_str("BINARY_VECTOR"),
            DataType::Vector(VectorKind::Float, _) => f.write_str("FLOAT_VECTOR"),
            DataType::Vector(VectorKind::Float16, _) => f.write_str("FLOAT16_VECTOR"),
            DataType::Vector(VectorKind::BFloat16, _) => f.write_str("BFLOAT16_VECTOR"),
            DataType::Vector(VectorKind::Sparse, _) => f.write_str("SPARSE_FLOAT_VECTOR"),
        }
    }
}
