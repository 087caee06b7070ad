//! Port of transforms.

use super::{RunContext, State};
use crate::model::Fault;
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;

/// Takes what a transform gives of one batch: batches, and how many rows it dropped or added on purpose. The engine
/// checks the sum: rows in + added = rows given + dropped.
#[derive(Debug, Default)]
pub struct Out {
    batches: Vec<Batch>,
    dropped: u64,
    added: u64,
}

impl Out {
    /// Gives a batch, of one of the tables that [`TransformDef::schema`] promised.
    pub fn push(&mut self, batch: Batch) {
        self.batches.push(batch);
    }

    /// Says that so many rows of the input were dropped.
    pub fn drop_rows(&mut self, rows: usize) {
        self.dropped += rows as u64;
    }

    /// Says that so many more rows were made than went in: a row that became three added two.
    pub fn add_rows(&mut self, rows: usize) {
        self.added += rows as u64;
    }

    /// The batches so far.
    #[must_use]
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// Rows dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Rows added so far.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.added
    }

    /// Takes the batches out; the counts begin anew.
    pub fn take(&mut self) -> Vec<Batch> {
        (self.dropped, self.added) = (0, 0);
        std::mem::take(&mut self.batches)
    }
}

/// A configured transform. Made by its factory from options alone.
pub trait TransformDef: Send + Sync {
    /// The tables that it makes of `input`: mostly one, none if the table is dropped, several if rows are routed. A
    /// transform after several tables is asked for each; tables of the same path become one, and must be alike.
    ///
    /// # Errors
    /// Messages, each of which names the option and what is wrong (an unknown column with the nearest name); the
    /// caller puts the block's path in front: `replace_field: …`.
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>>;

    /// What is odd about the rows that come, or about what becomes of them, but no error: warnings, worded as the errors
    /// of [`TransformDef::schema`] are. `ids` are the names
    /// under which they come (`plugin_input`), `tables` all their tables.
    fn oddities(&self, _ids: &[&str], _tables: &[&CatalogTable]) -> Vec<String> {
        Vec::new()
    }

    /// Whether it asks a service outside of this machine's care, which a trial of the job does, too.
    fn asks_service(&self) -> bool {
        false
    }

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
    /// Transforms one batch; pushes what comes out, and says what was dropped or added. Row kinds and table ids stay unless that is its purpose.
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
