//! A source within a job: its plug-in, its attempts, its splits.

use super::listing::{FoundFile, partition_values};
use super::options::{self, ALL, TableOptions};
use super::reader::FileReader;
use super::tables::RunTable;
use crate::model::Fault;
use crate::options::{OptionDef, Options};
use crate::plugin::{
    self, Assignment, Enumerator, Reader, RunContext, SourceDef, SourceFactory, SourceRun, Split, State,
};
use crate::table::CatalogTable;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Version of the bytes of splits and of the enumerator's state.
const VERSION: u8 = 1;

/// Makes LocalFile sources.
pub(in crate::connectors) struct LocalFileSource;

impl SourceFactory for LocalFileSource {
    fn name(&self) -> &'static str {
        "LocalFile"
    }

    fn options(&self) -> &'static [OptionDef] {
        ALL
    }

    fn build(&self, options: &Options<'_>, output: Option<&str>) -> Option<Arc<dyn SourceDef>> {
        let tables = options::read(options, output)?;
        Some(Arc::new(FileSource { tables }))
    }
}

/// A configured source.
struct FileSource {
    tables: Vec<TableOptions>,
}

/// One file of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileSplit {
    /// Index of the table.
    pub(super) table: u32,
    /// Its path.
    pub(super) path: String,
    /// Its length when it was listed.
    pub(super) bytes: u64,
}

impl FileSplit {
    pub(super) fn decode(split: &Split) -> Result<Self, Fault> {
        plugin::decode(VERSION, &split.data)
    }
}

#[async_trait]
impl SourceDef for FileSource {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        self.tables.iter().map(|table| table.discover(Path::new(""))).collect()
    }

    async fn start(
        &self,
        context: &RunContext,
        tables: &[Arc<CatalogTable>],
    ) -> Result<Box<dyn SourceRun>, Fault> {
        let mut run = FileRun { tables: Arc::default(), splits: Vec::new(), bytes: 0 };
        let mut placed = Vec::new();
        for (index, (options, table)) in self.tables.iter().zip(tables).enumerate() {
            let files = match options.files(&context.working_dir) {
                Ok(files) => files,
                // the splits are in the checkpoint; the listing is for the progress only
                Err(_) if context.is_restore => Vec::new(),
                Err(fault) => return Err(fault),
            };
            let mut keys = BTreeSet::new();
            for FoundFile { path, bytes } in files {
                keys.extend(partition_values(&path).into_iter().map(|(key, _)| key.to_owned()));
                run.bytes += bytes;
                let data = FileSplit { table: index as u32, path: path.clone(), bytes };
                run.splits
                    .push(Split { id: format!("{index}:{path}"), data: plugin::encode(VERSION, &data)? });
            }
            placed.push(RunTable::new(options.clone(), Arc::clone(table), &keys));
        }
        run.tables = Arc::new(placed);
        Ok(Box::new(run))
    }
}

struct FileRun {
    tables: Arc<Vec<RunTable>>,
    splits: Vec<Split>,
    bytes: u64,
}

#[async_trait]
impl SourceRun for FileRun {
    async fn enumerator(&self, state: Option<State>) -> Result<Box<dyn Enumerator>, Fault> {
        let waiting = match state {
            Some(state) => plugin::decode(VERSION, &state)?,
            None => self.splits.clone(),
        };
        Ok(Box::new(FileEnumerator { waiting }))
    }

    async fn reader(&self, _instance: usize) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(FileReader::new(Arc::clone(&self.tables))))
    }

    fn total(&self) -> Option<u64> {
        Some(self.bytes)
    }
}

/// Gives out the files that were listed when the job began.
struct FileEnumerator {
    waiting: Vec<Split>,
}

#[async_trait]
impl Enumerator for FileEnumerator {
    async fn next(&mut self) -> Result<Assignment, Fault> {
        Ok(match self.waiting.is_empty() {
            true => Assignment::Done,
            false => Assignment::Splits(std::mem::take(&mut self.waiting)),
        })
    }

    fn snapshot(&self) -> Result<State, Fault> {
        plugin::encode(VERSION, &self.waiting)
    }
}
