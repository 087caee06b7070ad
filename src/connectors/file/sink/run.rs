//! A sink within a job: its plug-in, its attempts.

use super::commit::{FileCommitter, blocking, failed};
use super::naming::FileNames;
use super::options::{ALL, SinkOptions};
use super::save_mode::{self, DataMode, SchemaMode};
use super::staging::{HIDDEN, Owner, SHARED};
use super::table::{self, TablePlan};
use super::writer::FileWriter;
use crate::connectors::file::durable;
use crate::model::{Epoch, Fault};
use crate::options::{OptionDef, Options, Tree};
use crate::plugin::{
    Committer, Guarantee, RunContext, SinkDef, SinkFactory, SinkInput, SinkRun, State, Writer,
};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Makes LocalFile sinks.
pub(in crate::connectors) struct LocalFileSink;

impl SinkFactory for LocalFileSink {
    fn name(&self) -> &'static str {
        "LocalFile"
    }

    fn options(&self) -> &'static [OptionDef] {
        ALL
    }

    fn build(&self, options: &Options<'_>, input: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>> {
        let read = SinkOptions::read(options)?;
        let before = options.problems().error_count();
        let tables: Vec<_> = input.tables.iter().map(AsRef::as_ref).collect();
        let plans = table::plan(options, &read, &tables);
        if options.problems().error_count() > before {
            return None;
        }
        let identity = format!("{}{:?}", Tree::Map(options.map().clone()).to_json(), plans_id(&plans));
        Some(Arc::new(FileSink {
            sink: crc32c::crc32c(identity.as_bytes()),
            options: read,
            plans,
            makes_tmp: OnceLock::new(),
        }))
    }
}

fn plans_id(plans: &[TablePlan]) -> Vec<&str> {
    plans.iter().map(|plan| plan.id.as_str()).collect()
}

/// A configured sink.
struct FileSink {
    /// Tells the sinks of a job apart, the same in every attempt.
    sink: u32,
    options: SinkOptions,
    plans: Vec<TablePlan>,
    /// Whether `tmp_path` was not there before this job; known from its first attempt on.
    makes_tmp: OnceLock<bool>,
}

/// A table with the directories of one attempt.
pub(super) struct PlacedTable {
    pub(super) plan: TablePlan,
    /// Target directory.
    pub(super) target: PathBuf,
    /// Root of the staging directories.
    pub(super) root: PathBuf,
    /// The uppermost directory that is removed once it is empty: the root, or a `tmp_path` that the job makes.
    pub(super) uppermost: PathBuf,
}

/// What the writers of one attempt share.
pub(super) struct Shared {
    pub(super) owner: Owner,
    pub(super) tables: Vec<PlacedTable>,
    pub(super) names: FileNames,
    pub(super) batch_size: u64,
    pub(super) replace: bool,
    pub(super) parallelism: usize,
}

impl FileSink {
    fn owner(&self, context: &RunContext) -> Owner {
        Owner { job: context.job, attempt: context.attempt, sink: self.sink }
    }

    fn target(&self, plan: &TablePlan, context: &RunContext) -> PathBuf {
        context.working_dir.join(&plan.path)
    }

    fn root(&self, target: &Path, context: &RunContext) -> PathBuf {
        match &self.options.tmp_path {
            Some(tmp) => context.working_dir.join(tmp).join(SHARED),
            None => target.join(HIDDEN),
        }
    }

    /// `tmp_path`, if it is given and this job makes it.
    async fn made_tmp(&self, context: &RunContext) -> Result<Option<PathBuf>, Fault> {
        let Some(tmp) = self.options.tmp_path.as_ref().map(|tmp| context.working_dir.join(tmp)) else {
            return Ok(None);
        };
        let makes = match self.makes_tmp.get() {
            Some(known) => *known,
            None => {
                let dir = tmp.clone();
                let is_there = blocking(move || Ok(dir.exists())).await?;
                *self.makes_tmp.get_or_init(|| !is_there)
            }
        };
        Ok(makes.then_some(tmp))
    }

    async fn place(&self, context: &RunContext) -> Result<Vec<PlacedTable>, Fault> {
        let made = self.made_tmp(context).await?;
        let placed = self.plans.iter().map(|plan| {
            let target = self.target(plan, context);
            let root = self.root(&target, context);
            let uppermost = made.clone().unwrap_or_else(|| root.clone());
            PlacedTable { root, uppermost, target, plan: plan.clone() }
        });
        Ok(placed.collect())
    }
}

#[async_trait]
impl SinkDef for FileSink {
    fn guarantee(&self) -> Guarantee {
        match self.options.transaction {
            true => Guarantee::ExactlyOnce,
            false => Guarantee::AtLeastOnce,
        }
    }

    async fn prepare_target(&self, context: &RunContext) -> Result<(), Fault> {
        let (schema, data): (SchemaMode, DataMode) = (self.options.schema_mode, self.options.data_mode);
        let targets: BTreeSet<_> = self.plans.iter().map(|plan| self.target(plan, context)).collect();
        blocking(move || targets.iter().try_for_each(|target| save_mode::apply(target, schema, data))).await
    }

    async fn start(&self, context: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        let tables = self.place(context).await?;
        let owner = self.owner(context);
        // directories that can't be written are told now, not with the first row or at the commit
        let probe = owner.dir("probe");
        let dirs: BTreeSet<PathBuf> =
            tables.iter().flat_map(|t| [t.root.clone(), t.target.join(HIDDEN)]).collect();
        blocking(move || {
            dirs.iter().try_for_each(|dir| {
                durable::probe(dir, &probe).map_err(|e| failed("the directory can't be written", dir, &e))
            })
        })
        .await?;
        Ok(Box::new(FileRun(Arc::new(Shared {
            owner,
            tables,
            names: self.options.names.clone(),
            batch_size: self.options.batch_size,
            replace: !self.options.transaction,
            parallelism: context.parallelism.max(1),
        }))))
    }

    async fn committer(&self, context: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        let tables = self.place(context).await?;
        let of_table = |table: PlacedTable| {
            let hidden = table.target.join(HIDDEN);
            [(table.root, table.uppermost), (hidden.clone(), hidden)]
        };
        let roots = tables.into_iter().flat_map(of_table).collect();
        Ok(Some(Box::new(FileCommitter { owner: self.owner(context), roots })))
    }
}

struct FileRun(Arc<Shared>);

#[async_trait]
impl SinkRun for FileRun {
    async fn writer(
        &self,
        instance: usize,
        next: Epoch,
        state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(FileWriter::new(&self.0, instance, next, state)?))
    }
}
