//! Trials of jobs: the engine's batches as JSON rows.

use super::server::engine_settings;
use crate::config::{Config, ConfigError};
use crate::engine::{Engine, SampleLimits, Sampled};
use crate::format::json::{WriteOptions, encoder};
use crate::model::{Fault, Sample, SampledTable};
use crate::plan::Plan;
use crate::runtime::JobPool;
use crate::table::{Batch, RowKind};
use std::time::Duration;

/// The first rows of each table are tried.
const LIMITS: SampleLimits = SampleLimits {
    rows: 10,
    kept: 1000,
    deadline: Duration::from_secs(30),
    patience: Duration::from_secs(3),
};

/// Tries a plan on an engine.
///
/// # Errors
/// What failed.
pub(super) async fn sample(engine: &Engine, plan: &Plan) -> Result<Sample, Fault> {
    let Sampled { sinks, cut_off } = engine.sample(plan, LIMITS).await?;
    let mut tables: Vec<SampledTable> = Vec::new();
    for (node, batches) in plan.sinks.iter().zip(&sinks) {
        for batch in batches {
            let table = batch.table.path.to_string();
            let known = tables.iter().position(|known| known.sink == node.name && known.table == table);
            let index = known.unwrap_or_else(|| {
                tables.push(SampledTable { sink: node.name.clone(), table, ..SampledTable::default() });
                tables.len() - 1
            });
            match rows(batch) {
                Ok(rows) => tables[index].rows.extend(rows),
                Err(note) => tables[index].note = Some(note),
            }
        }
    }
    let asked = plan.transforms.iter().filter(|node| node.def.asks_service());
    Ok(Sample { tables, cut_off, asked: asked.map(|node| node.name.clone()).collect() })
}

/// Each row's kind and its JSON.
fn rows(batch: &Batch) -> Result<Vec<(&'static str, String)>, String> {
    let mut encoder = encoder(&batch.table.columns, &WriteOptions::default())?;
    let mut lines = Vec::new();
    encoder.encode(&batch.rows, &mut lines).map_err(|error| error.to_string())?;
    let lines = String::from_utf8_lossy(&lines).into_owned();
    let kinds = (0..batch.len()).map(|row| RowKind::short(batch.kind(row)));
    Ok(kinds.zip(lines.lines().map(str::to_owned)).collect())
}

/// An engine for one trial, with its threads.
pub(super) struct Trial {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl Trial {
    /// Starts it.
    ///
    /// # Errors
    /// The system has no threads left, or no working directory.
    pub(super) fn start() -> Result<Self, String> {
        let config = Config::defaults().map_err(|error: ConfigError| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(config.engine.blocking_threads)
            .enable_all()
            .build()
            .map_err(|error| format!("the runtime can't start: {error}"))?;
        let pool = JobPool::new(1, config.engine.plugin_call_timeout, runtime.handle().clone())
            .map_err(|error| format!("the pool of jobs can't start: {error}"))?;
        let engine = Engine::new(pool, engine_settings(&config)?);
        Ok(Self { engine, runtime })
    }

    /// Tries a plan.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn run(self, plan: &Plan) -> Result<Sample, Fault> {
        let tried = self.runtime.block_on(sample(&self.engine, plan));
        self.runtime.shutdown_background();
        tried
    }
}
