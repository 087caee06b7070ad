//! A transform without state that waits for answers: a step per table, prepared once, applied per batch.

use crate::model::Fault;
use crate::plugin::{Out, RunContext, State, Transform, TransformDef};
use crate::table::{Batch, CatalogTable, TablePath};
use crate::transforms::row_errors::Met;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// What such a transform answers. One object serves all parallel instances.
#[async_trait]
pub(super) trait Asking: Send + Sync + 'static {
    /// What is worked out once per table and instance.
    type Step: Send + Sync + 'static;

    /// The table that comes out, and how to get there.
    ///
    /// # Errors
    /// Messages that name the option and what is wrong.
    fn plan(&self, input: &CatalogTable) -> Result<(CatalogTable, Self::Step), Vec<String>>;

    /// Gets ready to ask.
    ///
    /// # Errors
    /// Nobody can be asked.
    fn open(&self) -> Result<(), Fault>;

    /// Transforms one batch of a table; `output` is the table that `plan` gave.
    ///
    /// # Errors
    /// A row that got no usable answer.
    async fn apply(
        &self,
        step: &Self::Step,
        output: &Arc<CatalogTable>,
        batch: &Batch,
    ) -> Result<Batch, Unanswered>;
}

/// Why there is no answer, and to which row of the batch, where it is one row's.
pub(super) struct Unanswered {
    pub(super) row: Option<usize>,
    pub(super) fault: Fault,
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self { row: None, fault }
    }
}

/// Makes a [`TransformDef`] of an [`Asking`].
pub(super) fn def(asking: impl Asking) -> Arc<dyn TransformDef> {
    Arc::new(Def(Arc::new(asking)))
}

struct Def<T>(Arc<T>);

impl<T: Asking> TransformDef for Def<T> {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        self.0.plan(input).map(|(output, _)| vec![output])
    }

    fn asks_service(&self) -> bool {
        true
    }

    fn start(
        &self,
        context: &RunContext,
        inputs: &[CatalogTable],
        _state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        self.0.open()?;
        let prepare = |input: &CatalogTable| {
            let planned = self.0.plan(input);
            let (output, step) = planned.map_err(|problems| Fault::internal(problems.join("; ")))?;
            Ok((input.path.clone(), Planned { output: Arc::new(output), step, met: Met::new(context) }))
        };
        let tables = inputs.iter().map(prepare).collect::<Result<_, Fault>>()?;
        Ok(Box::new(Running { asking: Arc::clone(&self.0), tables }))
    }
}

struct Running<T: Asking> {
    asking: Arc<T>,
    tables: HashMap<TablePath, Planned<T::Step>>,
}

struct Planned<S> {
    output: Arc<CatalogTable>,
    step: S,
    met: Met,
}

#[async_trait]
impl<T: Asking> Transform for Running<T> {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let Some(table) = self.tables.get_mut(&batch.table.path) else {
            return Err(Fault::internal(format!("table {} was not planned for", batch.table.path)));
        };
        let answered = self.asking.apply(&table.step, &table.output, &batch).await;
        out.push(answered.map_err(|failed| match failed.row {
            Some(row) => table.met.fault(&batch, row, |_| false, failed.fault),
            None => failed.fault,
        })?);
        table.met.add(&batch);
        Ok(())
    }
}
