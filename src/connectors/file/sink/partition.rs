//! Splits rows by the directory that their partition columns choose.

use super::table::Partitions;
use crate::format::JavaText;
use crate::model::{Fault, MASK, shown};
use arrow::array::UInt32Array;
use arrow::record_batch::RecordBatch;
use indexmap::IndexMap;

/// Rows of one directory.
pub(super) struct Group {
    /// The directory, relative to the target.
    pub(super) dir: String,
    /// Their indexes in rising order; `None`: all.
    pub(super) rows: Option<UInt32Array>,
}

/// Groups rows by directory, in the order in which the directories first appear.
pub(super) fn group_rows(partitions: &Partitions, rows: &RecordBatch) -> Result<Vec<Group>, Fault> {
    let mut texts = Vec::new();
    for (index, column) in &partitions.columns {
        let array = rows.column(*index).as_ref();
        if array.null_count() > 0 {
            return Err(Fault::user(format!(
                "partition column \"{}\" is null in a row; every row needs a value there",
                column.name
            )));
        }
        texts.push(JavaText::new(array, &column.data_type));
    }
    let mut groups: IndexMap<String, Vec<u32>> = IndexMap::new();
    let mut values = vec![String::new(); texts.len()];
    let mut dir = String::new();
    let mut last: Option<usize> = None;
    for row in 0..rows.num_rows() {
        for (text, value) in texts.iter().zip(&mut values) {
            value.clear();
            text.push(row, value);
        }
        dir.clear();
        partitions.dir.fill(&values, &mut dir);
        // rows often come sorted by partition
        let known = last.filter(|index| groups.get_index(*index).is_some_and(|(name, _)| *name == dir));
        let index = match known.or_else(|| groups.get_index_of(dir.as_str())) {
            Some(index) => index,
            None => {
                check(&dir, partitions)?;
                groups.insert_full(dir.clone(), Vec::new()).0
            }
        };
        if let Some((_, rows)) = groups.get_index_mut(index) {
            rows.push(row as u32);
        }
        last = Some(index);
    }
    let only = groups.len() == 1;
    Ok(groups
        .into_iter()
        .map(|(dir, rows)| Group { dir, rows: (!only).then(|| UInt32Array::from(rows)) })
        .collect())
}

fn check(dir: &str, partitions: &Partitions) -> Result<(), Fault> {
    if dir.split('/').any(|part| part == "..") || dir.contains('\0') {
        let is_secret = partitions.columns.iter().any(|(_, column)| column.secret().is_some());
        let dir = if is_secret { MASK.to_owned() } else { shown(dir) };
        return Err(Fault::user(format!("partition directory {dir} would lead out of the target directory")));
    }
    Ok(())
}
