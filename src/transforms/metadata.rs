//! `Metadata`: what is known of a row beside its columns becomes columns. What its source doesn't tell is null.

use super::stateless::{Columns, Stateless, with_columns};
use crate::model::{Fault, nearest};
use crate::options::{Kind, OptionDef, Options, convert};
use crate::plugin::{TransformDef, TransformFactory};
use crate::table::{Batch, CatalogTable, Column, DataType, FileOrigin, RowKind};
use arrow::array::{ArrayRef, Int64Array, StringArray, new_null_array};
use std::collections::HashSet;
use std::sync::Arc;

const FIELDS: OptionDef = OptionDef::new(
    "metadata_fields",
    Kind::Object,
    "key = name of the new column: Database, Table, RowKind, EventTime, Delay, Partition, FilePath …",
);

pub(super) struct Factory;

impl TransformFactory for Factory {
    fn name(&self) -> &'static str {
        "Metadata"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELDS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let before = options.problems().error_count();
        let mut fields: Vec<(Key, String)> = Vec::new();
        for (name, column) in options.object(&FIELDS).unwrap_or_default() {
            let (path, column) = (format!("{}.{name}", FIELDS.key), convert::to_text(&column));
            let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
                let known = Key::ALL.map(Key::name);
                let near = nearest(&name, known).map(|n| format!("; did you mean \"{n}\"?"));
                let near = near.unwrap_or_default();
                options.error(&path, format!("is no metadata; allowed: {}{near}", known.join(", ")));
                continue;
            };
            if column.trim().is_empty() {
                options.error(&path, "names no column");
            }
            fields.push((key, column));
        }
        let mut seen = HashSet::new();
        if let Some((key, twice)) = fields.iter().find(|(_, column)| !seen.insert(column)) {
            let path = format!("{}.{}", FIELDS.key, key.name());
            options.error(&path, format!("\"{twice}\" is the name of two columns"));
        }
        (options.problems().error_count() == before)
            .then(|| Arc::new(Stateless(Metadata { fields })) as Arc<dyn TransformDef>)
    }
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Database,
    Table,
    RowKind,
    EventTime,
    Delay,
    Partition,
    SourceTimestamp,
    BinlogFile,
    BinlogPos,
    BinlogRow,
    Gtid,
    FilePath,
    FileCreateTime,
    FileUpdateTime,
    FileSize,
    FileType,
}

impl Key {
    const ALL: [Key; 16] = [
        Key::Database,
        Key::Table,
        Key::RowKind,
        Key::EventTime,
        Key::Delay,
        Key::Partition,
        Key::SourceTimestamp,
        Key::BinlogFile,
        Key::BinlogPos,
        Key::BinlogRow,
        Key::Gtid,
        Key::FilePath,
        Key::FileCreateTime,
        Key::FileUpdateTime,
        Key::FileSize,
        Key::FileType,
    ];

    fn name(self) -> &'static str {
        match self {
            Key::Database => "Database",
            Key::Table => "Table",
            Key::RowKind => "RowKind",
            Key::EventTime => "EventTime",
            Key::Delay => "Delay",
            Key::Partition => "Partition",
            Key::SourceTimestamp => "SourceTimestamp",
            Key::BinlogFile => "BinlogFile",
            Key::BinlogPos => "BinlogPos",
            Key::BinlogRow => "BinlogRow",
            Key::Gtid => "Gtid",
            Key::FilePath => "FilePath",
            Key::FileCreateTime => "FileCreateTime",
            Key::FileUpdateTime => "FileUpdateTime",
            Key::FileSize => "FileSize",
            Key::FileType => "FileType",
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Key::EventTime
            | Key::Delay
            | Key::SourceTimestamp
            | Key::BinlogPos
            | Key::FileCreateTime
            | Key::FileUpdateTime
            | Key::FileSize => DataType::BigInt,
            Key::BinlogRow => DataType::Int,
            Key::Database
            | Key::Table
            | Key::RowKind
            | Key::Partition
            | Key::BinlogFile
            | Key::Gtid
            | Key::FilePath
            | Key::FileType => DataType::String,
        }
    }

    fn column(self, batch: &Batch) -> ArrayRef {
        let text = |text: Option<&str>| texts(text, batch.len());
        let number = |number: Option<i64>| numbers(number, batch.len());
        let file = batch.origin.as_deref();
        match self {
            Key::Database => text(batch.table.path.database.as_deref()),
            Key::Table => text(Some(&batch.table.path.table)),
            Key::RowKind => match &batch.kinds {
                None => text(Some(RowKind::Insert.short())),
                Some(kinds) => Arc::new(StringArray::from_iter_values(
                    kinds.values().iter().map(|number| RowKind::of_number(*number).short()),
                )),
            },
            Key::FilePath => text(file.map(|file| file.path.as_str())),
            Key::FileType => text(file.map(FileOrigin::extension)),
            Key::FileSize => number(file.and_then(|file| i64::try_from(file.size).ok())),
            Key::FileUpdateTime => number(file.and_then(|file| file.modified)),
            // not every file system keeps it
            Key::FileCreateTime => number(file.and_then(|file| file.created.or(file.modified))),
            Key::EventTime
            | Key::Delay
            | Key::Partition
            | Key::SourceTimestamp
            | Key::BinlogFile
            | Key::BinlogPos
            | Key::BinlogRow
            | Key::Gtid => new_null_array(&self.data_type().to_arrow(), batch.len()),
        }
    }
}

fn texts(text: Option<&str>, rows: usize) -> ArrayRef {
    match text {
        Some(text) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows))),
        None => Arc::new(StringArray::new_null(rows)),
    }
}

fn numbers(number: Option<i64>, rows: usize) -> ArrayRef {
    match number {
        Some(number) => Arc::new(Int64Array::from_value(number, rows)),
        None => Arc::new(Int64Array::new_null(rows)),
    }
}

/// Key, new column.
#[derive(Clone)]
struct Metadata {
    fields: Vec<(Key, String)>,
}

impl Columns for Metadata {
    type Step = ();

    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, ()), Vec<String>> {
        let taken = self.fields.iter().filter(|(_, name)| input.index_of(name).is_some());
        let problems: Vec<String> = taken
            .map(|(key, name)| {
                format!("{}.{}: table {} has a column \"{name}\" already", FIELDS.key, key.name(), input.path)
            })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut columns = input.columns.clone();
        columns.extend(self.fields.iter().map(|(key, name)| Column::new(name, key.data_type())));
        Ok((input.with_columns(columns), ()))
    }

    fn apply(&self, _step: &(), output: &Arc<CatalogTable>, batch: Batch) -> Result<Option<Batch>, Fault> {
        let mut columns = batch.rows.columns().to_vec();
        columns.extend(self.fields.iter().map(|(key, _)| key.column(&batch)));
        with_columns(&batch, output, columns).map(Some)
    }
}
