//! Port of transforms.

use super::{RunContext, State};
use crate::model::Fault;
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;

/// Takes what a transform gives.
pub type Out = Vec<Batch>;

/// A configured transform. Made by its factory from options alone.
pub trait TransformDef: Send + Sync {
    /// The table that it makes of `input`; `None` drops the table. A transform after several tables is asked for each.
    ///
    /// # Errors
    /// Messages, each of which names the option and what is wrong (an unknown column with the nearest name); the
    /// caller puts the block's path in front: `replace_field: …`.
    fn schema(&self, input: &CatalogTable) -> Result<Option<CatalogTable>, Vec<String>>;

    /// Starts an instance for `inputs` (each input's table), restored from `state` if there is one. It runs beside
    /// its source's reader, one per parallel instance.
    ///
    /// # Errors
    /// What can't be started.
    fn start(
        &self,
        context: &RunContext,
        inputs: &[CatalogTable],
        state: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault>;
}

/// A transform within one attempt and instance.
#[async_trait]
pub trait Transform: Send {
    /// Transforms one batch; pushes what comes out. Row kinds and table ids stay unless that is its purpose.
    ///
    /// # Errors
    /// A row that can't be transformed: names column and value.
    async fn apply(&mut self, batch: Batch, out: &mut Out) -> Result<(), Fault>;

    /// Its state, if it has any.
    ///
    /// # Errors
    /// A state that can't be encoded.
    fn snapshot(&self) -> Result<Option<State>, Fault> {
        Ok(None)
    }
}
