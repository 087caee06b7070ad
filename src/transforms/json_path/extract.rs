//! Takes the values of all paths from each row.

use super::path::Path;
use crate::format::json::{ColumnBuilder, Document, ValueText};
use crate::model::{Fault, is_secret, unfit};
use crate::table::{Batch, CatalogTable, Column, DataType};
use crate::transforms::row_errors::column_fault;
use crate::transforms::rows::marked;
use crate::transforms::stateless::{Columns, all, column, put_array, put_columns, with_columns};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use std::sync::Arc;

/// What a value does that can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    Fail,
    Null,
    DropRow,
}

/// One new column.
#[derive(Clone)]
pub(super) struct Extract {
    pub source: String,
    pub path: Path,
    /// The path as the job has it.
    pub text: String,
    pub name: String,
    pub data_type: DataType,
    pub on_error: OnError,
}

impl Extract {
    /// Whether the path leads to something that a secret's name stands before.
    fn path_is_secret(&self) -> bool {
        self.text.split(['.', '[', ']', '\'', '"', '$', ' ']).any(is_secret)
    }
}

/// See the module.
#[derive(Clone)]
pub(super) struct JsonPath {
    pub extracts: Vec<Extract>,
}

/// Where the values are taken from, and where they go.
pub(super) struct Step {
    /// Place of a source column, and numbers of the extracts that are taken from it.
    sources: Vec<(usize, Vec<usize>)>,
    /// Per extract: the place of its column.
    to: Vec<usize>,
    /// Per extract: whether what it finds may be a secret.
    hidden: Vec<bool>,
}

impl Columns for JsonPath {
    type Step = Step;

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Step), Vec<String>> {
        let place = |extract: &Extract| {
            let place = column(input, "columns", &extract.source)?;
            match input.columns[place].data_type {
                DataType::String
                | DataType::Bytes
                | DataType::Array(_)
                | DataType::Map(_, _)
                | DataType::Row(_) => Ok(place),
                ref other => Err(format!(
                    "columns: src_field \"{}\" is {other}; allowed: STRING, BYTES, ARRAY, MAP, ROW",
                    extract.source
                )),
            }
        };
        let from = all(self.extracts.iter().map(place))?;
        let hidden = |(extract, place): (&Extract, &usize)| {
            is_secret(&extract.name) || input.columns[*place].secret().is_some() || extract.path_is_secret()
        };
        let hidden = self.extracts.iter().zip(&from).map(hidden).collect();
        let mut sources: Vec<(usize, Vec<usize>)> = Vec::new();
        for (extract, place) in from.into_iter().enumerate() {
            match sources.iter_mut().find(|(known, _)| *known == place) {
                Some((_, extracts)) => extracts.push(extract),
                None => sources.push((place, vec![extract])),
            }
        }
        let new = self.extracts.iter().map(|extract| Column::new(&extract.name, extract.data_type.clone()));
        let (output, to) = put_columns(input, new);
        Ok((output, Step { sources, to, hidden }))
    }

    fn apply(&self, step: &Step, output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let mut keep = vec![true; batch.len()];
        let mut builders: Vec<ColumnBuilder> =
            self.extracts.iter().map(|extract| ColumnBuilder::new(&extract.data_type)).collect();
        for (place, extracts) in &step.sources {
            let source = Source::of(batch.rows.column(*place), &batch.table.columns[*place].data_type);
            let mut text = Vec::new();
            for (row, kept) in keep.iter_mut().enumerate() {
                let Some(text) = source.value(row, &mut text) else {
                    extracts.iter().for_each(|extract| builders[*extract].push_null());
                    continue;
                };
                let document = Document::parse(text);
                for number in extracts {
                    let (extract, builder) = (&self.extracts[*number], &mut builders[*number]);
                    let taken = match &document {
                        Ok(document) => take(document, extract, step.hidden[*number], builder),
                        Err(message) => Err(message.clone()),
                    };
                    let Err(message) = taken else {
                        continue;
                    };
                    match extract.on_error {
                        OnError::Fail => {
                            let (path, source) = (&extract.text, &extract.source);
                            let message = format!("path {path} of \"{source}\": {message}");
                            return Err(column_fault(&extract.name, &message));
                        }
                        OnError::Null => {}
                        OnError::DropRow => *kept = false,
                    }
                    builder.push_null();
                }
            }
        }
        let mut columns: Vec<ArrayRef> = batch.rows.columns().to_vec();
        for (place, mut builder) in step.to.iter().zip(builders) {
            put_array(&mut columns, *place, builder.finish());
        }
        marked(with_columns(&batch, output, columns)?, &BooleanArray::from(keep))
    }
}

/// Appends what stands at the path; nothing if it fails. The message shows the value, or the part of it that is
/// wrong, unless it is `hidden`.
fn take(
    document: &Document<'_>,
    extract: &Extract,
    hidden: bool,
    builder: &mut ColumnBuilder,
) -> Result<(), String> {
    let nowhere = "the path leads nowhere";
    match &extract.path {
        Path::Plain(path) => {
            let pushed = builder.push_json(document.find(path).ok_or(nowhere)?);
            pushed.map_err(|message| if hidden { unfit() } else { message })
        }
        Path::Query(query) => {
            let tree: serde_json::Value = serde_json::from_slice(document.text())
                .map_err(|e| format!("the JSON can't be searched: {e}"))?;
            let found = serde_json::to_vec(&query.query(&tree).all()).map_err(|e| e.to_string())?;
            let list = Document::parse(&found)?;
            // What it found may be anything in the document.
            builder
                .push_json(list.root().ok_or(nowhere)?)
                .map_err(|_| format!("what the path finds is no {}", extract.data_type))
        }
    }
}

/// The values of a source column as JSON texts.
enum Source<'a> {
    Text(&'a arrow::array::StringArray),
    Bytes(&'a arrow::array::BinaryArray),
    Nested(&'a ArrayRef, ValueText<'a>),
}

impl<'a> Source<'a> {
    fn of(array: &'a ArrayRef, data_type: &DataType) -> Self {
        match (array.as_string_opt::<i32>(), array.as_binary_opt::<i32>()) {
            (Some(texts), _) => Self::Text(texts),
            (_, Some(bytes)) => Self::Bytes(bytes),
            _ => Self::Nested(array, ValueText::of(array.as_ref(), data_type)),
        }
    }

    /// The text of a row's value, made in `scratch` where it isn't there; `None`: null.
    fn value<'t>(&self, row: usize, scratch: &'t mut Vec<u8>) -> Option<&'t [u8]>
    where
        'a: 't,
    {
        match self {
            Self::Text(texts) => texts.is_valid(row).then(|| texts.value(row).as_bytes()),
            Self::Bytes(bytes) => bytes.is_valid(row).then(|| bytes.value(row)),
            Self::Nested(array, text) => {
                scratch.clear();
                text.push(row, scratch);
                array.is_valid(row).then_some(scratch.as_slice())
            }
        }
    }
}
