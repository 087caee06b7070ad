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
        let offered = || self.sources.iter().map(|f| f.name());
        find(name, &self.sources, |f| f.name()).ok_or_else(|| unknown("source", name, offered()))
    }

    /// The transform of that name, in any letter case.
    ///
    /// # Errors
    /// What is wrong with the name, with the list of what exists.
    pub fn transform(&self, name: &str) -> Result<&dyn TransformFactory, String> {
        let offered = || self.transforms.iter().filter(|f| f.refused().is_none()).map(|f| f.name());
        find(name, &self.transforms, |f| f.name()).ok_or_else(|| unknown("transform", name, offered()))
    }

    /// The sink of that name, in any letter case.
    ///
    /// # Errors
    /// What is wrong with the name, with the list of what exists.
    pub fn sink(&self, name: &str) -> Result<&dyn SinkFactory, String> {
        let offered = || self.sinks.iter().map(|f| f.name());
        find(name, &self.sinks, |f| f.name()).ok_or_else(|| unknown("sink", name, offered()))
    }
}

fn find<'a, T: ?Sized>(
    wanted: &str,
    factories: &'a [Box<T>],
    name: impl Fn(&T) -> &'static str,
) -> Option<&'a T> {
    factories.iter().map(AsRef::as_ref).find(|f| name(f).eq_ignore_ascii_case(wanted))
}

/// What is said of a name that no plug-in has.
fn unknown(role: &str, wanted: &str, offered: impl Iterator<Item = &'static str>) -> String {
    let mut names: Vec<&str> = offered.collect();
    names.sort_unstable();
    let near = nearest(wanted, names.iter().copied());
    let hint = near.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
    format!("there is no {role} plug-in \"{wanted}\"; available: {}{hint}", names.join(", "))
}
