//! Reads the options.

use super::extract::{Extract, JsonPath, OnError};
use super::path::Path;
use crate::options::{Kind, OptionDef, Options, Tree, convert};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::DataType;
use crate::transforms::object_list::read_list;
use crate::transforms::row_errors::{ROW_ERRORS, RowErrors};
use crate::transforms::stateless::Stateless;
use std::collections::HashSet;
use std::sync::Arc;

const COLUMNS: OptionDef =
    OptionDef::new("columns", Kind::List, "what to take: src_field, path, dest_field, dest_type")
        .required()
        .of(&[SRC_FIELD, PATH, DEST_FIELD, DEST_TYPE, COLUMN_ERRORS]);
const SRC_FIELD: OptionDef = OptionDef::new("src_field", Kind::Text, "the column with the JSON").required();
// these three take a list too, side by side
const PATH: OptionDef =
    OptionDef::new("path", Kind::Text, "the JSON path, or a list of paths: $.a.b[0]").required();
const DEST_FIELD: OptionDef =
    OptionDef::new("dest_field", Kind::Text, "name of the new column, or a list of names").required();
const DEST_TYPE: OptionDef =
    OptionDef::new("dest_type", Kind::Text, "its type, or a list of types").default("string");
const COLUMN_ERRORS: OptionDef = OptionDef::new(
    "column_error_handle_way",
    Kind::Choice(&["FAIL", "SKIP", "SKIP_ROW"]),
    "what happens when the path leads nowhere or the value is none of the type: the job fails, the column is null, \
     or the row is dropped; without it row_error_handle_way counts",
);

pub(in crate::transforms) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "JsonPath"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[COLUMNS, ROW_ERRORS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let row_errors = RowErrors::read(options);
        let good_so_far = options.problems().error_count();
        let columns = read_list(options, &COLUMNS, |column| read_column(column, row_errors));
        if columns.is_empty() && options.problems().error_count() == good_so_far {
            options.error(COLUMNS.key, "lists no column");
        }
        let extracts: Vec<Extract> = columns.into_iter().flatten().collect();
        let mut seen = HashSet::new();
        if let Some(twice) = extracts.iter().find(|extract| !seen.insert(&extract.name)) {
            options.error(COLUMNS.key, format!("\"{}\" is the dest_field of two columns", twice.name));
        }
        (options.problems().error_count() == before)
            .then(|| Arc::new(Stateless(JsonPath { extracts })) as Arc<dyn TransformDef>)
    }
}

/// Reads one entry of `columns`: one column, or several side by side.
fn read_column(options: &Options<'_>, row_errors: Option<RowErrors>) -> Option<Vec<Extract>> {
    options.warn_unknown(&[COLUMNS.of]);
    let source = options.text(&SRC_FIELD);
    let own = options.has(&COLUMN_ERRORS);
    let own_way = options.choice(&COLUMN_ERRORS);
    let on_error = match own_way {
        Some("SKIP") => OnError::Null,
        Some("SKIP_ROW") => OnError::DropRow,
        None if !own && row_errors == Some(RowErrors::Skip) => OnError::DropRow,
        _ => OnError::Fail,
    };
    let (paths, names) = (side_by_side(options, &PATH), side_by_side(options, &DEST_FIELD));
    let types = match options.raw(&DEST_TYPE) {
        Some(_) => side_by_side(options, &DEST_TYPE)?,
        None => vec![Tree::text("string"); names.as_ref().map_or(0, Vec::len)],
    };
    let (paths, names) = (paths?, names?);
    if paths.len() != names.len() || types.len() != names.len() {
        let message = format!(
            "there are {} paths, {} dest_fields and {} dest_types; as many of each are wanted",
            paths.len(),
            names.len(),
            types.len()
        );
        options.error(PATH.key, message);
        return None;
    }
    let before = options.problems().error_count();
    let mut extracts = Vec::new();
    for ((path, name), data_type) in paths.iter().zip(&names).zip(&types) {
        let text = convert::to_text(path);
        let path = Path::parse(&text).map_err(|e| options.error(PATH.key, e));
        let data_type = DataType::from_tree(data_type).and_then(|data_type| match data_type {
            DataType::Vector(..) | DataType::Null => Err(format!("{data_type} can't be read from JSON")),
            _ => Ok(data_type),
        });
        let data_type = data_type.map_err(|e| options.error(DEST_TYPE.key, e));
        let (Ok(path), Ok(data_type), Some(source)) = (path, data_type, &source) else {
            continue;
        };
        let name = convert::to_text(name);
        let text = text.trim().to_owned();
        extracts.push(Extract { source: source.clone(), path, text, name, data_type, on_error });
    }
    (options.problems().error_count() == before).then_some(extracts)
}

/// An option that is one value or a list of them. A text is one value: paths and types have commas in them.
fn side_by_side(options: &Options<'_>, option: &OptionDef) -> Option<Vec<Tree>> {
    match options.raw(option) {
        Some(Tree::List(list)) => Some(list.clone()),
        Some(one) => Some(vec![one.clone()]),
        None => {
            options.error(option.key, format!("is required ({})", option.about));
            None
        }
    }
}
