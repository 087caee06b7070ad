//! The tables on each edge of a plan, for people who want to see what a job does.

use super::{Output, Plan};
use crate::table::CatalogTable;
use std::sync::Arc;

/// One edge: who gives, who takes, and which tables.
#[derive(Clone, Debug)]
pub struct Edge<'p> {
    /// Name of the source or transform that gives.
    pub from: &'p str,
    /// Name of the transform or sink that takes.
    pub to: &'p str,
    /// The tables whose rows go this way.
    pub tables: Vec<Arc<CatalogTable>>,
}

impl Plan {
    /// All edges, in the order of the job. What has no turn gives nothing.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge<'_>> {
        let sources =
            self.sources.iter().map(|node| (node.name.as_str(), node.tables.clone(), &node.outputs));
        let transforms = self.transforms.iter().filter(|node| !node.tables.is_empty()).map(|node| {
            let mut made: Vec<Arc<CatalogTable>> = Vec::new();
            for table in node.tables.iter().filter_map(|(_, made)| made.as_ref()) {
                if made.iter().all(|known| known.path != table.path) {
                    made.push(Arc::clone(table));
                }
            }
            (node.name.as_str(), made, &node.outputs)
        });
        let name_of = |output: &Output| match *output {
            Output::Transform(index) => self.transforms[index].name.as_str(),
            Output::Sink(index) => self.sinks[index].name.as_str(),
        };
        sources
            .chain(transforms)
            .flat_map(|(from, tables, outputs)| {
                let edge = move |output| Edge { from, to: name_of(output), tables: tables.clone() };
                outputs.iter().map(edge).collect::<Vec<_>>()
            })
            .collect()
    }
}
