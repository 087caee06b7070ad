//! Which writer of a sink a row goes to.
//!
//! Instance `i` of a source feeds writer `i mod n`. Where the two parallelisms differ, rows of a table with a primary
//! key are spread by its hash instead, all of them and not only the changes, so that the rows of one key pass through
//! one writer in order.

use super::pipe::{Outlet, Parcel};
use crate::model::{Epoch, Fault};
use crate::plan::SinkNode;
use crate::table::{Batch, CatalogTable};
use arrow::array::{Array, AsArray, UInt32Array};
use arrow::compute::{take, take_record_batch};
use arrow::row::{RowConverter, SortField};
use std::hash::{DefaultHasher, Hasher};

/// The way from one instance of a source to a sink.
pub(super) struct Port {
    /// One outlet, or one per writer where rows are spread by key.
    outlets: Vec<Outlet>,
    /// The outlet of rows without a key.
    home: usize,
}

/// Whether rows from a source of that parallelism are spread over the sink's writers by key.
pub(super) fn is_keyed(parallelism: usize, sink: &SinkNode) -> bool {
    parallelism != sink.parallelism
        && sink.parallelism > 1
        && sink.tables.iter().any(|table| table.primary_key.is_some())
}

impl Port {
    /// `home`: the index in `outlets` of rows without a key.
    pub(super) fn new(outlets: Vec<Outlet>, home: usize) -> Self {
        Self { outlets, home }
    }

    /// Sends rows; waits for room.
    pub(super) async fn send(&self, parcel: Parcel) -> Result<(), Fault> {
        if self.outlets.len() > 1
            && let Some(columns) = key_columns(&parcel.batch.table)
        {
            for (writer, batch) in spread(&parcel.batch, &columns, self.outlets.len())? {
                self.outlets[writer].send(Parcel { edge: parcel.edge, batch, estimate: None }).await;
            }
        } else if let Some(outlet) = self.outlets.get(self.home) {
            outlet.send(parcel).await;
        }
        Ok(())
    }

    /// Sends a barrier; never waits.
    pub(super) fn barrier(&self, epoch: Epoch) {
        self.outlets.iter().for_each(|outlet| outlet.barrier(epoch));
    }

    /// Says that nothing follows; never waits.
    pub(super) fn end(&self) {
        self.outlets.iter().for_each(Outlet::end);
    }
}

/// Indexes of the primary key's columns.
fn key_columns(table: &CatalogTable) -> Option<Vec<usize>> {
    let key = table.primary_key.as_ref()?;
    key.columns.iter().map(|name| table.index_of(name)).collect()
}

/// The rows of each writer that gets any, in order.
fn spread(batch: &Batch, key: &[usize], writers: usize) -> Result<Vec<(usize, Batch)>, Fault> {
    let broken = |error| Fault::internal("rows can't be spread by key").caused_by(&error);
    let columns: Vec<_> = key.iter().map(|index| batch.rows.column(*index).clone()).collect();
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(&columns))
        .map_err(broken)?;
    let mut chosen: Vec<Vec<u32>> = vec![Vec::new(); writers];
    for (index, row) in rows.iter().enumerate() {
        let mut hasher = DefaultHasher::new();
        hasher.write(row.as_ref());
        chosen[(hasher.finish() % writers as u64) as usize].push(index as u32);
    }
    let mut parts = Vec::with_capacity(writers);
    for (writer, indexes) in chosen.into_iter().enumerate().filter(|(_, indexes)| !indexes.is_empty()) {
        let indexes = UInt32Array::from(indexes);
        let kinds = match &batch.kinds {
            Some(kinds) => Some(take(kinds, &indexes, None).map_err(broken)?.as_primitive().clone()),
            None => None,
        };
        let rows = take_record_batch(&batch.rows, &indexes).map_err(broken)?;
        parts.push((writer, Batch { table: batch.table.clone(), kinds, rows, origin: batch.origin.clone() }));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, DataType, PrimaryKey, TablePath};
    use arrow::array::{Int8Array, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    #[test]
    fn rows_of_one_key_go_one_way_in_order() {
        let columns = vec![Column::new("id", DataType::BigInt), Column::new("text", DataType::String)];
        let mut table = CatalogTable::new("Test", TablePath::default_path(), columns);
        table.primary_key = Some(PrimaryKey { name: "pk".into(), columns: vec!["id".into()] });
        let ids: Vec<i64> = (0..900).map(|n| n % 30).collect();
        let texts: Vec<String> = (0..900).map(|n| n.to_string()).collect();
        let rows = RecordBatch::try_new(
            table.arrow_schema(),
            vec![Arc::new(Int64Array::from(ids)), Arc::new(StringArray::from(texts))],
        )
        .unwrap();
        let kinds = Some(Int8Array::from_iter_values((0..900).map(|n| (n % 4) as i8)));
        let batch = Batch { table: Arc::new(table), kinds, rows, origin: None };
        let key = key_columns(&batch.table).unwrap();
        let parts = spread(&batch, &key, 3).unwrap();
        assert_eq!(parts.len(), 3, "30 keys over 3 writers");
        assert_eq!(parts.iter().map(|(_, part)| part.len()).sum::<usize>(), 900);
        let mut owner = std::collections::HashMap::new();
        for (writer, part) in &parts {
            let ids = part.rows.column(0).as_primitive::<arrow::datatypes::Int64Type>();
            let texts = part.rows.column(1).as_string::<i32>();
            let mut last = -1;
            for row in 0..part.len() {
                assert_eq!(owner.entry(ids.value(row)).or_insert(*writer), writer);
                let number: i64 = texts.value(row).parse().unwrap();
                assert!(number > last);
                assert_eq!(part.kind(row) as i64, number % 4);
                last = number;
            }
        }
    }
}
