//! The connectors: where rows come from and where they go.
//!
//! Owns one folder per plug-in and the list of them, [`register`]. A connector declares its options as
//! [`OptionDef`](crate::options::OptionDef)s (the only source of what it takes), reads them without I/O, and answers
//! through the ports of [`plugin`](crate::plugin); the engine owns every loop. Rows pass as Arrow batches, never one
//! by one.

mod assert;
mod console;
mod fake;
mod file;

#[cfg(test)]
mod trial;

use crate::plugin::Registry;

/// Adds every connector to the registry.
pub fn register(registry: &mut Registry) {
    registry.sources.push(Box::new(fake::Factory));
    registry.sources.push(Box::new(file::LocalFileSource));
    registry.sinks.push(Box::new(console::Factory));
    registry.sinks.push(Box::new(assert::Factory));
    registry.sinks.push(Box::new(file::LocalFileSink));
}
