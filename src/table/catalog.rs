//! A table's name and schema, as sources declare and transforms derive them.

use super::types::DataType;
use crate::model::is_secret;
use crate::options::Tree;
use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Path of a table; its text (the parts that are there, joined with `.`) is the row's table id and keys the metrics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TablePath {
    /// Database.
    pub database: Option<String>,
    /// Schema.
    pub schema: Option<String>,
    /// Table.
    pub table: String,
}

impl TablePath {
    /// What a source's table is called when nothing names it.
    #[must_use]
    pub fn default_path() -> Self {
        Self { database: Some("default".into()), schema: Some("default".into()), table: "default".into() }
    }

    /// `table`, `database.table` (or `schema.table` with `schema_first`), `database.schema.table`; `None` for more
    /// than three parts.
    #[must_use]
    pub fn parse(text: &str, schema_first: bool) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let some = |part: &str| Some(part.to_owned());
        match *parts.as_slice() {
            [table] => Some(Self { database: None, schema: None, table: table.into() }),
            [schema, table] if schema_first => {
                Some(Self { database: None, schema: some(schema), table: table.into() })
            }
            [database, table] => Some(Self { database: some(database), schema: None, table: table.into() }),
            [database, schema, table] => {
                Some(Self { database: some(database), schema: some(schema), table: table.into() })
            }
            _ => None,
        }
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.database, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.table)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Whether nulls are allowed.
    pub nullable: bool,
    /// `columnLength`, if given.
    pub length: Option<i64>,
    /// `columnScale`, if given.
    pub scale: Option<i32>,
    /// `defaultValue`, if given.
    pub default: Option<Tree>,
    /// Comment.
    pub comment: Option<String>,
    /// The type that a sink's new table shall have here, in the target's own words, instead of the one that the sink
    /// would choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink_type: Option<String>,
}

impl Column {
    /// A nullable column with nothing but a name and a type.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            nullable: true,
            length: None,
            scale: None,
            default: None,
            comment: None,
            sink_type: None,
        }
    }

    /// What in the column must not be shown: its own name, or that of a field at any depth.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        if is_secret(&self.name) { Some(&self.name) } else { self.data_type.secret() }
    }
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimaryKey {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// Kind of a constraint key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// `INDEX_KEY`.
    Index,
    /// `UNIQUE_KEY`.
    Unique,
    /// `FOREIGN_KEY`.
    Foreign,
    /// `VECTOR_INDEX_KEY`.
    VectorIndex,
}

/// Another key of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintKey {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ConstraintKind,
    /// Columns, and whether each is ascending.
    pub columns: Vec<(String, bool)>,
}

/// A table as a source declares it, or as transforms left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogTable {
    /// Name of the catalogue: the plug-in that declared it (`FakeSource`).
    pub catalog: String,
    /// Path.
    pub path: TablePath,
    /// Columns, in order.
    pub columns: Vec<Column>,
    /// Primary key.
    pub primary_key: Option<PrimaryKey>,
    /// Other keys.
    pub constraint_keys: Vec<ConstraintKey>,
    /// Comment.
    pub comment: Option<String>,
}

impl CatalogTable {
    /// A table without keys.
    pub fn new(catalog: impl Into<String>, path: TablePath, columns: Vec<Column>) -> Self {
        Self {
            catalog: catalog.into(),
            path,
            columns,
            primary_key: None,
            constraint_keys: Vec::new(),
            comment: None,
        }
    }

    /// Index of the column of exactly that name.
    #[must_use]
    pub fn index_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// The Arrow schema of the table's batches; every field is nullable.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        let fields: Vec<ArrowField> =
            self.columns.iter().map(|c| ArrowField::new(&c.name, c.data_type.to_arrow(), true)).collect();
        Arc::new(Schema::new(fields))
    }

    /// The same table with other columns; keys stay only if all their columns do.
    #[must_use]
    pub fn with_columns(&self, columns: Vec<Column>) -> Self {
        let there = |name: &String| columns.iter().any(|c| c.name == *name);
        Self {
            catalog: self.catalog.clone(),
            path: self.path.clone(),
            primary_key: self.primary_key.clone().filter(|key| key.columns.iter().all(there)),
            constraint_keys: self
                .constraint_keys
                .iter()
                .filter(|key| key.columns.iter().all(|(name, _)| there(name)))
                .cloned()
                .collect(),
            comment: self.comment.clone(),
            columns,
        }
    }
}
