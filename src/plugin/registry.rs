//! The plug-ins that exist.

use super::{SinkFactory, SourceFactory, TransformFactory};
use crate::model::nearest;

/// All factories. The lists themselves stand in `connectors` and `transforms`; the composition root joins them.
#[derive(Default)]
pub struct Registry {
    /// Sources.
    pub sources: Vec<Box<dyn SourceFactory>>,
    /// Transforms.
    pub transforms: Vec<Box<dyn TransformFactory>>,
    /// Sinks.
    pub sinks: Vec<Box<dyn SinkFactory>>,
}

impl Registry {
    /// The source of that name, in any letter case.
    ///
    /// # Errors
    /// What is wrong with the name, with the list of what exists.
    pub fn source(&self, name: &str) -> Result<&dyn SourceFactory, String> {
        find("source", name, &self.sources, |f| f.name())
    }

    /// The transform of that name, in any letter case.
    ///
    /// # Errors
    /// What is wrong with the name, with the list of what exists.
    pub fn transform(&self, name: &str) -> Result<&dyn TransformFactory, String> {
        find("transform", name, &self.transforms, |f| f.name())
    }

    /// The sink of that name, in any letter case.
    ///
    /// # Errors
    /// What is wrong with the name, with the list of what exists.
    pub fn sink(&self, name: &str) -> Result<&dyn SinkFactory, String> {
        find("sink", name, &self.sinks, |f| f.name())
    }
}

fn find<'a, T: ?Sized>(
    role: &str,
    wanted: &str,
    factories: &'a [Box<T>],
    name: impl Fn(&T) -> &'static str,
) -> Result<&'a T, String> {
    factories.iter().map(AsRef::as_ref).find(|f| name(f).eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let mut names: Vec<&str> = factories.iter().map(|f| name(f.as_ref())).collect();
        names.sort_unstable();
        let near = nearest(wanted, names.iter().copied());
        let hint = near.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
        format!("there is no {role} plug-in \"{wanted}\"; available: {}{hint}", names.join(", "))
    })
}
