//! FakeSource as a plug-in: factory, definition, attempt.

use super::config::{self, TableConfig};
use super::generate::{BATCH_ROWS, TableGenerator};
use super::reader::FakeReader;
use super::splits::{FakeEnumerator, Spread};
use super::wrong::Wrong;
use super::{fixed, options};
use crate::model::{Fault, Problem};
use crate::options::{OptionDef, Options};
use crate::plugin::{Enumerator, Reader, RunContext, SourceDef, SourceFactory, SourceRun, State};
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Makes FakeSources.
pub struct Factory;

impl SourceFactory for Factory {
    fn name(&self) -> &'static str {
        "FakeSource"
    }

    fn options(&self) -> &'static [OptionDef] {
        options::ALL
    }

    fn build(&self, options: &Options<'_>, output: Option<&str>) -> Option<Arc<dyn SourceDef>> {
        let before = options.problems().error_count();
        let tables = config::read(options, output);
        let are_sound = options.problems().error_count() == before;
        // What could never be made is refused here, not found out by a run.
        for config in tables.iter().filter(|config| are_sound || config.rows.is_some()) {
            for Wrong { key, message } in
                prepare(config, &Arc::new(config.table.clone())).err().into_iter().flatten()
            {
                let dot = if key.is_empty() { "" } else { "." };
                options.problems().error(Problem::new(format!("{}{dot}{key}", config.path), message));
            }
        }
        (options.problems().error_count() == before)
            .then(|| -> Arc<dyn SourceDef> { Arc::new(FakeSource { tables }) })
    }
}

/// A configured FakeSource.
struct FakeSource {
    tables: Vec<TableConfig>,
}

#[async_trait]
impl SourceDef for FakeSource {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        Ok(self.tables.iter().map(|config| config.table.clone()).collect())
    }

    async fn start(
        &self,
        context: &RunContext,
        tables: &[Arc<CatalogTable>],
    ) -> Result<Box<dyn SourceRun>, Fault> {
        if tables.len() != self.tables.len() {
            let (given, own) = (tables.len(), self.tables.len());
            return Err(Fault::internal(format!("{given} tables given, FakeSource declares {own}")));
        }
        let mut contents = Vec::with_capacity(tables.len());
        for (config, table) in self.tables.iter().zip(tables) {
            let content = prepare(config, table).map_err(|wrong| {
                let first = wrong.first().map(ToString::to_string).unwrap_or_default();
                Fault::user(format!("{}: {first}", config.path)).final_one()
            })?;
            contents.push(Content {
                spread: content.spread(config),
                interval: config.interval,
                rows: content,
            });
        }
        Ok(Box::new(FakeRun { contents: contents.into(), readers: context.parallelism }))
    }
}

/// What a table's rows are made of.
pub(super) enum Rows {
    /// None at all.
    Nothing,
    /// Fixed ones.
    Fixed(Vec<Batch>),
    /// Random ones.
    Random(TableGenerator),
}

impl Rows {
    fn spread(&self, config: &TableConfig) -> Spread {
        let fixed = match self {
            Rows::Fixed(batches) => Some(batches.iter().map(|batch| batch.len() as u64).sum()),
            Rows::Nothing | Rows::Random(_) => None,
        };
        let row_num = if matches!(self, Rows::Nothing) { 0 } else { config.row_num };
        Spread { row_num, split_num: config.split_num, fixed }
    }
}

/// One table of an attempt.
pub(super) struct Content {
    /// How its rows are spread over splits.
    pub spread: Spread,
    /// Time between the starts of two splits of a reader.
    pub interval: Duration,
    /// Its rows.
    pub rows: Rows,
}

/// Builds or compiles what the rows of a table are made of; without rows nothing can be wrong with them.
fn prepare(config: &TableConfig, table: &Arc<CatalogTable>) -> Result<Rows, Vec<Wrong>> {
    match &config.rows {
        Some(rows) => {
            let batches = fixed::build(rows, table, BATCH_ROWS)?;
            Ok(if batches.is_empty() { Rows::Nothing } else { Rows::Fixed(batches) })
        }
        None if config.row_num == 0 => Ok(Rows::Nothing),
        None => TableGenerator::compile(table, &config.values).map(Rows::Random),
    }
}

/// An attempt.
struct FakeRun {
    contents: Arc<[Content]>,
    readers: usize,
}

#[async_trait]
impl SourceRun for FakeRun {
    async fn enumerator(&self, state: Option<State>) -> Result<Box<dyn Enumerator>, Fault> {
        let spreads = self.contents.iter().map(|content| content.spread).collect();
        Ok(Box::new(FakeEnumerator::new(spreads, self.readers, state)?))
    }

    async fn reader(&self, _instance: usize) -> Result<Box<dyn Reader>, Fault> {
        Ok(Box::new(FakeReader::new(self.contents.clone())))
    }

    fn total(&self) -> Option<u64> {
        let readers = self.readers.max(1) as u64;
        Some(self.contents.iter().map(|content| content.spread.rows(readers)).sum())
    }
}
