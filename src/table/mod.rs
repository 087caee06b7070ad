//! Tables: their types, their schemas, and the batches of rows that flow between plug-ins.
//!
//! A [`Batch`] is an Arrow record batch of one table with the row kinds beside it; types map to Arrow by
//! [`DataType::to_arrow`]. `schema` reads the job language's schema block, `type_text` its type names.

mod batch;
mod catalog;
mod row_kind;
pub mod schema;
pub mod size;
mod type_text;
mod types;

pub use batch::{Batch, FileOrigin};
pub use catalog::{CatalogTable, Column, ConstraintKey, ConstraintKind, PrimaryKey, TablePath};
pub use row_kind::RowKind;
pub use types::{DataType, Field, VectorKind};
