//! A source and a sink that recorded jobs are compiled with again; they never run.

use crate::model::Fault;
use crate::options::{OptionDef, Options};
use crate::plugin::{
    Committer, Guarantee, Registry, RunContext, SinkDef, SinkFactory, SinkInput, SinkRun, SourceDef,
    SourceFactory, SourceRun,
};
use crate::table::{CatalogTable, Column, DataType, TablePath};
use async_trait::async_trait;
use std::sync::Arc;

/// `From` and `To`.
pub fn registry() -> Registry {
    Registry { sources: vec![Box::new(Source)], transforms: Vec::new(), sinks: vec![Box::new(Sink)] }
}

struct Source;

impl SourceFactory for Source {
    fn name(&self) -> &'static str {
        "From"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[]
    }

    fn build(&self, _: &Options<'_>, _: Option<&str>) -> Option<Arc<dyn SourceDef>> {
        Some(Arc::new(Source))
    }
}

#[async_trait]
impl SourceDef for Source {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        let columns = vec![Column::new("id", DataType::Int)];
        Ok(vec![CatalogTable::new("From", TablePath::default_path(), columns)])
    }

    async fn start(&self, _: &RunContext, _: &[Arc<CatalogTable>]) -> Result<Box<dyn SourceRun>, Fault> {
        Err(Fault::internal("is never run"))
    }
}

struct Sink;

impl SinkFactory for Sink {
    fn name(&self) -> &'static str {
        "To"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[]
    }

    fn build(&self, _: &Options<'_>, _: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>> {
        Some(Arc::new(Sink))
    }
}

#[async_trait]
impl SinkDef for Sink {
    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    async fn start(&self, _: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        Err(Fault::internal("is never run"))
    }

    async fn committer(&self, _: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        Ok(None)
    }
}
