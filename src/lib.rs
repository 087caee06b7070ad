//! Seikan: a data-integration job server in one binary.
//!
//! The modules, in the order a job travels:

pub mod exec;
pub mod model;
pub mod options;
pub mod plan;
pub mod plugin;
pub mod runtime;
pub mod spec;
pub mod table;
