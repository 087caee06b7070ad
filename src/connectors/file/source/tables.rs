//! From a table's options to its columns, its files and its decoders.

use super::listing::{FoundFile, Selection, list, partition_values};
use super::options::TableOptions;
use crate::connectors::file::format::FileFormat;
use crate::connectors::file::sink::failed;
use crate::format::{Decoder, csv, json, parquet, text};
use crate::model::{Blame, Fault};
use crate::table::{CatalogTable, Column, DataType};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A regular expression that matches nowhere: the whole line is one field.
const NOWHERE: &str = "(?!)";

impl TableOptions {
    /// Its files; relative paths are taken from `dir`.
    pub(super) fn files(&self, dir: &Path) -> Result<Vec<FoundFile>, Fault> {
        list(&Selection {
            path: dir.join(&self.path),
            pattern: self.pattern.clone(),
            partitions: self.read_partitions.clone(),
        })
    }

    /// The table as it is read: the wanted columns of the files, then the partition columns that the first file's
    /// path names.
    pub(super) fn discover(&self, dir: &Path) -> Result<CatalogTable, Fault> {
        let files = self.files(dir)?;
        let in_file = match self.format {
            FileFormat::Parquet => self.parquet_columns(files.first())?,
            FileFormat::Text | FileFormat::Csv | FileFormat::Json => self.table.columns.clone(),
        };
        let mut columns = Vec::new();
        for index in self.projection(&in_file)? {
            columns.extend(in_file.get(index).cloned());
        }
        let first = files.first().filter(|_| self.parse_partition);
        for (name, _) in first.map(|file| partition_values(&file.path)).unwrap_or_default() {
            if in_file.iter().any(|c| c.name == name) {
                return Err(Fault::user(format!(
                    "{}: table {} has a column {name:?}, and the path names a partition so; \
                     set parse_partition_from_path = false or rename one of them",
                    self.path, self.table.path
                )));
            }
            columns.push(Column::new(name, DataType::String));
        }
        let table = CatalogTable { columns: in_file, ..self.table.clone() };
        Ok(table.with_columns(columns))
    }

    fn parquet_columns(&self, first: Option<&FoundFile>) -> Result<Vec<Column>, Fault> {
        let Some(file) = first else {
            if self.table.columns.is_empty() {
                return Err(Fault::user(format!(
                    "{}: there is no parquet file to take the columns from; give a schema, or a file",
                    self.path
                )));
            }
            return Ok(self.table.columns.clone());
        };
        let path = Path::new(&file.path);
        let opened = File::open(path).map_err(|e| {
            let mut fault = failed("can't be read", path, &e);
            fault.blame = Blame::User;
            fault
        })?;
        let mut columns =
            parquet::columns(&opened).map_err(|problem| Fault::user(format!("{}: {problem}", file.path)))?;
        for given in &self.table.columns {
            let Some(found) = columns.iter_mut().find(|c| c.name == given.name) else { continue };
            if !parquet::may_be_read_as(&found.data_type, &given.data_type) {
                return Err(Fault::user(format!(
                    "{}: column {:?} has the type {}, and the schema says {}; leave the schema out",
                    file.path, given.name, found.data_type, given.data_type
                )));
            }
            found.data_type = given.data_type.clone();
        }
        Ok(columns)
    }

    /// Indexes of the wanted columns among those of the file.
    fn projection(&self, in_file: &[Column]) -> Result<Vec<usize>, Fault> {
        let Some(names) = &self.read_columns else {
            return Ok((0..in_file.len()).collect());
        };
        let find = |name: &String| {
            in_file.iter().position(|c| c.name == *name).ok_or_else(|| {
                let known: Vec<&str> = in_file.iter().map(|c| c.name.as_str()).collect();
                let known = known.join(", ");
                Fault::user(format!(
                    "{}: read_columns: there is no column {name:?}; the files have {known}",
                    self.path
                ))
            })
        };
        names.iter().map(find).collect()
    }

    /// A decoder for one file of text, csv or json.
    pub(super) fn decoder(&self) -> Result<Box<dyn Decoder>, String> {
        let columns = &self.table.columns;
        let projection = match &self.read_columns {
            Some(_) => Some(self.projection(columns).map_err(|fault| fault.message)?),
            None => None,
        };
        let (delimiter, skip_header) = (self.delimiter.clone(), self.skip_header);
        match self.format {
            FileFormat::Text | FileFormat::Csv if self.whole_lines => text::decoder(
                columns,
                &text::ReadOptions { delimiter: NOWHERE.into(), skip_header, projection },
            ),
            FileFormat::Text => {
                text::decoder(columns, &text::ReadOptions { delimiter, skip_header, projection })
            }
            FileFormat::Csv => {
                csv::decoder(columns, &csv::ReadOptions { delimiter, skip_header, projection })
            }
            FileFormat::Json => json::decoder(columns, &json::ReadOptions { projection }),
            FileFormat::Parquet => Err("parquet files are not read by lines".into()),
        }
    }
}

/// A table within one attempt.
#[derive(Debug)]
pub(super) struct RunTable {
    pub(super) options: TableOptions,
    /// As it was discovered.
    pub(super) table: Arc<CatalogTable>,
    /// How many of its last columns are partition columns.
    pub(super) partitions: usize,
}

impl RunTable {
    /// `keys`: partition columns that paths of its files name.
    pub(super) fn new(options: TableOptions, table: Arc<CatalogTable>, keys: &BTreeSet<String>) -> Self {
        let partitions = match (options.parse_partition, options.format, &options.read_columns) {
            (false, _, _) => 0,
            (_, _, Some(names)) => table.columns.len().saturating_sub(names.len()),
            (_, FileFormat::Parquet, None) => {
                table.columns.iter().rev().take_while(|c| keys.contains(&c.name)).count()
            }
            (_, _, None) => table.columns.len().saturating_sub(options.table.columns.len()),
        };
        Self { options, table, partitions }
    }

    /// The columns that come from the files.
    pub(super) fn in_file(&self) -> &[Column] {
        &self.table.columns[..self.table.columns.len() - self.partitions]
    }

    /// The values of the partition columns for one file, by name; a path without one has null.
    pub(super) fn partition_values(&self, path: &str) -> Vec<Option<String>> {
        let values = partition_values(path);
        self.table.columns[self.in_file().len()..]
            .iter()
            .map(|column| {
                values.iter().find(|(key, _)| *key == column.name).map(|(_, value)| (*value).to_owned())
            })
            .collect()
    }
}
