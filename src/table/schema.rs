//! Reads the job language's `schema { … }` block (fields, columns, keys, table).

use super::CatalogTable;
use crate::options::Options;

/// Reads the `schema` of a source block: `fields` or `columns`, `primaryKey`, `constraintKeys`, `table`,
/// `schema_first`, `comment`. `output` is the block's output id, the table's name when the schema gives none
/// (it is split at dots by the same rule); without both it is `default.default.default`.
///
/// Answers `None` after noting every problem.
#[must_use]
pub fn read(schema: &Options<'_>, catalog: &str, output: Option<&str>) -> Option<CatalogTable> {
    let _ = (schema, catalog, output);
    None
}
