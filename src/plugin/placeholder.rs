//! Placeholders of tables in sink options: `${table_name}` and its kin.

use crate::table::{CatalogTable, ConstraintKind};

/// `text` with `${database_name}`, `${schema_name}`, `${table_name}`, `${schema_full_name}`, `${table_full_name}`,
/// `${primary_key}`, `${unique_key}`, `${field_names}` and `${comment}` filled in from `table`; `${x:default}` takes
/// the default where the part is missing, other `${…}` stay as they are.
#[must_use]
pub fn fill_placeholders(text: &str, table: &CatalogTable) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = from.find('}') else {
            rest = from;
            break;
        };
        let (name, default) = match from[2..end].split_once(':') {
            Some((name, default)) => (name, default),
            None => (&from[2..end], ""),
        };
        match value_of(name, table) {
            Some(value) if value.is_empty() => out.push_str(default),
            Some(value) => out.push_str(&value),
            None => out.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    out
}

/// The text of a placeholder; `None` for a name that is no placeholder, empty for a missing part.
fn value_of(name: &str, table: &CatalogTable) -> Option<String> {
    let path = &table.path;
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    Some(match name {
        "database_name" => part(&path.database),
        "schema_name" => part(&path.schema),
        "table_name" => path.table.clone(),
        "schema_full_name" => {
            [&path.database, &path.schema].into_iter().flatten().cloned().collect::<Vec<_>>().join(".")
        }
        "table_full_name" => path.to_string(),
        "primary_key" => table.primary_key.as_ref().map(|key| key.columns.join(",")).unwrap_or_default(),
        "unique_key" => table
            .constraint_keys
            .iter()
            .find(|key| key.kind == ConstraintKind::Unique)
            .map(|key| key.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(","))
            .unwrap_or_default(),
        "field_names" => table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(","),
        "comment" => part(&table.comment),
        _ => return None,
    })
}
