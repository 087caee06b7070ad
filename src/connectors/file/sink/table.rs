//! What a sink does with one table: which columns it writes, and where.

use super::content::Content;
use super::naming::PartitionDir;
use super::options::{PARTITION_BY, PATH, SINK_COLUMNS, SinkOptions};
use crate::connectors::file::format::local_path;
use crate::model::nearest;
use crate::options::Options;
use crate::plugin::fill_placeholders;
use crate::table::{CatalogTable, Column, DataType};

/// A table as it is written.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    /// Text of its path: the id of its rows.
    pub(super) id: String,
    /// Target directory, placeholders filled in.
    pub(super) path: String,
    /// Indexes of the columns in the file.
    pub(super) written: Vec<usize>,
    /// What the file holds.
    pub(super) content: Content,
    /// Partition columns, if there are any.
    pub(super) partitions: Option<Partitions>,
    /// Number of this table among those that write to the same directory, and how many there are.
    pub(super) share: (u64, u64),
}

/// Partition columns of a table.
#[derive(Clone, Debug)]
pub(super) struct Partitions {
    /// The columns, with their indexes.
    pub(super) columns: Vec<(usize, Column)>,
    /// The directory of their values.
    pub(super) dir: PartitionDir,
}

/// Plans every table; notes all problems.
pub(super) fn plan(options: &Options<'_>, sink: &SinkOptions, tables: &[&CatalogTable]) -> Vec<TablePlan> {
    let mut plans: Vec<TablePlan> =
        tables.iter().filter_map(|table| plan_table(options, sink, table)).collect();
    let paths: Vec<String> = plans.iter().map(|plan| plan.path.clone()).collect();
    for (index, plan) in plans.iter_mut().enumerate() {
        let same = |path: &&String| **path == plan.path;
        let before = paths[..index].iter().filter(same).count();
        plan.share = (before as u64, paths.iter().filter(same).count() as u64);
    }
    plans
}

fn plan_table(options: &Options<'_>, sink: &SinkOptions, table: &CatalogTable) -> Option<TablePlan> {
    let before = options.problems().error_count();
    let path = local_path(&fill_placeholders(&sink.path, table)).to_owned();
    if path.is_empty() {
        options.error(PATH.key, format!("is empty for table {}", table.path));
    }
    let mut selected: Vec<usize> = (0..table.columns.len()).collect();
    if !sink.sink_columns.is_empty() {
        selected = sink.sink_columns.iter().filter_map(|name| find(options, table, name)).collect();
    }
    let mut partitions = Vec::new();
    for name in &sink.partition_by {
        match selected.iter().find(|index| table.columns[**index].name == *name) {
            Some(index) => {
                let column = &table.columns[*index];
                if matches!(column.data_type, DataType::Bytes | DataType::Vector(_, _)) {
                    options.error(
                        PARTITION_BY.key,
                        format!(
                            "{name:?} has the type {}, whose values are no directory names",
                            column.data_type
                        ),
                    );
                }
                partitions.push((*index, column.clone()));
            }
            None => {
                let names = selected.iter().map(|index| table.columns[*index].name.as_str());
                let hint =
                    nearest(name, names).map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
                options.error(
                    PARTITION_BY.key,
                    format!("{name:?} is not among the written columns of table {}{hint}", table.path),
                );
            }
        }
    }
    let written: Vec<usize> = selected
        .iter()
        .copied()
        .filter(|index| sink.keep_partition_fields || partitions.iter().all(|(i, _)| i != index))
        .collect();
    if written.is_empty() && !table.columns.is_empty() {
        options.error(PARTITION_BY.key, format!("no column of table {} is left to write", table.path));
    }
    let columns: Vec<Column> = written.iter().map(|index| table.columns[*index].clone()).collect();
    let content = Content::new(sink, columns)
        .map_err(|problems| {
            for (key, problem) in problems {
                options.error(key, format!("table {}: {problem}", table.path));
            }
        })
        .ok()?;
    (options.problems().error_count() == before).then(|| TablePlan {
        id: table.path.to_string(),
        path,
        written,
        content,
        partitions: (!partitions.is_empty()).then(|| {
            let keys: Vec<String> = partitions.iter().map(|(_, column)| column.name.clone()).collect();
            Partitions { dir: PartitionDir::new(&sink.partition_dir, &keys), columns: partitions }
        }),
        share: (0, 1),
    })
}

/// A column by its name: exactly, else in any letter case.
fn find(options: &Options<'_>, table: &CatalogTable, name: &str) -> Option<usize> {
    let found = table
        .index_of(name)
        .or_else(|| table.columns.iter().position(|c| c.name.to_lowercase() == name.to_lowercase()));
    if found.is_none() {
        let names = table.columns.iter().map(|c| c.name.as_str());
        let hint = nearest(name, names).map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
        options.error(SINK_COLUMNS.key, format!("table {} has no column {name:?}{hint}", table.path));
    }
    found
}
