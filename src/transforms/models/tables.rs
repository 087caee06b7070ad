//! A transform without state that waits for answers: a step per table, prepared once, applied per batch.

use crate::model::Fault;
use crate::plugin::{Out, RunContext, State, Transform, TransformDef};
use crate::table::{Batch, CatalogTable, TablePath};
use async_trait::async_trait;
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
    ) -> Result<Batch, Fault>;
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

    fn start(
        &self,
        _context: &RunContext,
        inputs: &[CatalogTable],
        _state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        self.0.open()?;
        let prepare = |input: &CatalogTable| {
            let planned = self.0.plan(input);
            let (output, step) = planned.map_err(|problems| Fault::internal(problems.join("; ")))?;
            Ok((input.path.clone(), Arc::new(output), step))
        };
        let tables = inputs.iter().map(prepare).collect::<Result<_, Fault>>()?;
        Ok(Box::new(Running { asking: Arc::clone(&self.0), tables }))
    }
}

struct Running<T: Asking> {
    asking: Arc<T>,
    tables: Vec<(TablePath, Arc<CatalogTable>, T::Step)>,
}

#[async_trait]
impl<T: Asking> Transform for Running<T> {
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let found = self.tables.iter().find(|(path, _, _)| *path == batch.table.path);
        let Some((_, output, step)) = found else {
            return Err(Fault::internal(format!("table {} was not planned for", batch.table.path)));
        };
        out.push(self.asking.apply(step, output, &batch).await?);
        Ok(())
    }
}
