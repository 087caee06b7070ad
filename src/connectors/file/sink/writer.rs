//! Writes the rows of one parallel instance: into parts, partitions and staged files.

use super::commit::{Handle, StagedFile, blocking};
use super::naming;
use super::output::OpenFile;
use super::partition::{Group, group_rows};
use super::run::Shared;
use super::staging::NON_PARTITION;
use super::table::TablePlan;
use crate::connectors::file::durable;
use crate::model::{Epoch, Fault};
use crate::plugin::{self, Staged, State, Writer};
use crate::runtime::{self, Task, failpoint};
use crate::table::Batch;
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of the state's bytes.
const VERSION: u8 = 1;
/// Open files of one table at which all are flushed and their handles closed for a while.
const MAX_OPEN: usize = 128;
/// Bytes in memory over all open files of one table at which all are flushed.
const MAX_MEMORY: usize = 48 << 20;

/// The writer of one instance.
pub(super) struct FileWriter {
    tables: Vec<TableWriter>,
}

/// Numbers of the next parts, by table.
#[derive(Serialize, Deserialize)]
struct Parts(Vec<(String, u64)>);

impl FileWriter {
    pub(super) fn new(
        shared: &Arc<Shared>,
        instance: usize,
        next: Epoch,
        state: Option<State>,
    ) -> Result<Self, Fault> {
        let parts = state.map(|state| plugin::decode::<Parts>(VERSION, &state)).transpose()?;
        let part_of = |table: &str| Some(parts.as_ref()?.0.iter().find(|(id, _)| id == table)?.1);
        let tables = (0..shared.tables.len())
            .map(|table| {
                let mut writer = TableWriter::new(Arc::clone(shared), table, instance, next);
                writer.part = part_of(&writer.plan().id).unwrap_or(writer.part);
                writer
            })
            .collect();
        Ok(Self { tables })
    }
}

#[async_trait]
impl Writer for FileWriter {
    async fn write(&mut self, batch: Batch) -> Result<(), Fault> {
        // all rows are those of the only table, whatever they are called: a union is written as its first table
        if let [only] = self.tables.as_mut_slice() {
            return only.write(&batch.rows);
        }
        let id = batch.table.path.to_string();
        match self.tables.iter_mut().find(|table| table.plan().id == id) {
            Some(table) => table.write(&batch.rows),
            None => Err(Fault::internal(format!("rows of table {id}, which this sink doesn't know"))),
        }
    }

    async fn prepare(&mut self, epoch: Epoch) -> Result<Vec<Staged>, Fault> {
        let mut staged = Vec::new();
        for table in &mut self.tables {
            staged.extend(table.prepare(epoch).await?);
        }
        Ok(staged)
    }

    fn snapshot(&self) -> Result<Option<State>, Fault> {
        let parts = Parts(self.tables.iter().map(|table| (table.plan().id.clone(), table.part)).collect());
        plugin::encode(VERSION, &parts).map(Some)
    }
}

/// Writes the rows of one table.
struct TableWriter {
    shared: Arc<Shared>,
    table: usize,
    instance: usize,
    epoch: Epoch,
    hex: String,
    part: u64,
    rows_in_part: u64,
    /// Open files of the current part, by partition directory.
    open: IndexMap<String, OpenFile>,
    finished: Vec<StagedFile>,
    /// Syncs under way, or done; [`prepare`](Self::prepare) looks at each.
    syncing: Vec<Task<Result<(), Fault>>>,
}

impl TableWriter {
    fn new(shared: Arc<Shared>, table: usize, instance: usize, epoch: Epoch) -> Self {
        let mut writer = Self {
            shared,
            table,
            instance,
            epoch,
            hex: naming::hex10(),
            part: 0,
            rows_in_part: 0,
            open: IndexMap::new(),
            finished: Vec::new(),
            syncing: Vec::new(),
        };
        if !writer.shared.names.are_unique() {
            // writers whose names could be equal take turns with the numbers
            let (number, tables) = writer.plan().share;
            writer.part = instance as u64 * tables + number;
        }
        writer
    }

    fn plan(&self) -> &TablePlan {
        &self.shared.tables[self.table].plan
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let mut from = 0;
        while from < rows.num_rows() {
            if self.rows_in_part >= self.shared.batch_size {
                self.next_part()?;
            }
            let room = self.shared.batch_size.max(1) - self.rows_in_part;
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(rows.num_rows() - from);
            self.write_part(&rows.slice(from, count))?;
            self.rows_in_part += count as u64;
            from += count;
        }
        Ok(())
    }

    /// Writes rows that belong to the current part.
    fn write_part(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let plan = &shared.tables[self.table].plan;
        let written = rows.project(&plan.written);
        let written =
            written.map_err(|e| Fault::internal("columns differ from the table's").caused_by(&e))?;
        let Some(partitions) = &plan.partitions else {
            return self.append(NON_PARTITION, &written);
        };
        for Group { dir, rows } in group_rows(partitions, rows)? {
            match rows {
                None => self.append(&dir, &written)?,
                Some(rows) => {
                    let taken = take_record_batch(&written, &rows)
                        .map_err(|e| Fault::internal("rows can't be split by partition").caused_by(&e))?;
                    self.append(&dir, &taken)?;
                }
            }
        }
        self.bound_memory()
    }

    /// Writes rows into the file of a partition directory, and keeps the disk busy with what is written of it already.
    fn append(&mut self, dir: &str, rows: &RecordBatch) -> Result<(), Fault> {
        let is_idle = self.syncing.last().is_none_or(Task::is_finished);
        let file = self.file(dir)?;
        file.write(rows)?;
        if is_idle && let Some(unsynced) = file.sync_ahead() {
            self.syncing.push(runtime::blocking(move || unsynced.sync()));
        }
        Ok(())
    }

    /// The open file of a partition directory; begun if there is none.
    fn file(&mut self, dir: &str) -> Result<&mut OpenFile, Fault> {
        let index = match self.open.get_index_of(dir) {
            Some(index) => index,
            None => {
                if self.open.len() % MAX_OPEN == MAX_OPEN - 1 {
                    for file in self.open.values_mut() {
                        file.release()?;
                    }
                }
                let (staged, target) = self.paths(dir);
                let content = &self.shared.tables[self.table].plan.content;
                let file = OpenFile::begin(content, staged, target)?;
                self.open.insert_full(dir.to_owned(), file).0
            }
        };
        match self.open.get_index_mut(index) {
            Some((_, file)) => Ok(file),
            None => Err(Fault::internal("an open file vanished")),
        }
    }

    /// Where the file of a partition directory is staged, and where it belongs.
    fn paths(&self, dir: &str) -> (PathBuf, PathBuf) {
        let shared = &self.shared;
        let table = &shared.tables[self.table];
        let transaction = naming::transaction(shared.owner.job, &self.hex, self.instance, self.epoch);
        let name = shared.names.name(&transaction, self.part);
        let parts = |text: &str| text.split('/').filter(|part| !part.is_empty()).collect::<PathBuf>();
        let staged = table
            .root
            .join(shared.owner.dir(&self.hex))
            .join(transaction)
            .join(parts(dir))
            .join(parts(&name));
        let target = match dir {
            NON_PARTITION => table.target.join(parts(&name)),
            _ => table.target.join(parts(dir)).join(parts(&name)),
        };
        (staged, target)
    }

    /// Many partitions share one bound of memory.
    fn bound_memory(&mut self) -> Result<(), Fault> {
        if self.open.len() > 1 && self.open.values().map(OpenFile::memory).sum::<usize>() > MAX_MEMORY {
            for file in self.open.values_mut() {
                file.flush()?;
            }
        }
        Ok(())
    }

    fn next_part(&mut self) -> Result<(), Fault> {
        self.finish_files()?;
        let turns = match self.shared.names.are_unique() {
            true => 1,
            false => self.shared.parallelism as u64 * self.plan().share.1,
        };
        self.part += turns;
        self.rows_in_part = 0;
        Ok(())
    }

    /// Ends the open files and starts syncing them.
    fn finish_files(&mut self) -> Result<(), Fault> {
        for (_, file) in self.open.drain(..) {
            let (staged, unsynced) = file.finish()?;
            self.finished.push(staged);
            self.syncing.push(runtime::blocking(move || unsynced.sync()));
        }
        Ok(())
    }

    async fn prepare(&mut self, epoch: Epoch) -> Result<Option<Staged>, Fault> {
        failpoint::reach("file.prepare.before_sync").map_err(|e| Fault::external(e.to_string()))?;
        self.finish_files()?;
        for task in self.syncing.drain(..) {
            task.await.map_err(|e| Fault::internal("syncing didn't end").caused_by(&e))??;
        }
        self.epoch = epoch.next();
        if self.finished.is_empty() {
            return Ok(None);
        }
        let table = &self.shared.tables[self.table];
        let files = std::mem::take(&mut self.finished);
        let (dirs, uppermost) = (dirs_above(&files, &table.root), table.uppermost.clone());
        blocking(move || sync_dirs(&dirs)).await?;
        failpoint::reach("file.prepare.synced").map_err(|e| Fault::external(e.to_string()))?;
        self.rows_in_part = 0;
        if !self.shared.names.are_unique() {
            self.next_part()?;
        }
        let rows = files.iter().map(|file| file.rows).sum();
        let handle = Handle { root: uppermost, replace: self.shared.replace, files };
        Ok(Some(Staged { rows, data: handle.encode()? }))
    }
}

/// The directories that hold the files, up to the one that holds the root.
fn dirs_above(files: &[StagedFile], root: &Path) -> BTreeSet<PathBuf> {
    let last = root.parent().unwrap_or(root);
    let mut dirs = BTreeSet::new();
    for file in files {
        let above = file.staged.ancestors().skip(1).take_while(|dir| dir.starts_with(last));
        for dir in above {
            if !dirs.insert(dir.to_owned()) {
                break;
            }
        }
    }
    dirs
}

/// Syncs directories, the deepest first.
fn sync_dirs(dirs: &BTreeSet<PathBuf>) -> Result<(), Fault> {
    for dir in dirs.iter().rev() {
        durable::sync_dir(dir)
            .map_err(|e| super::commit::failed("the directory can't be synced", dir, &e))?;
    }
    Ok(())
}
