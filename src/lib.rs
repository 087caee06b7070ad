//! Seikan: a data-integration job server in one binary.
//!
//! The modules, in the order a job travels:
//!
//! - [`cli`] and [`app`]: arguments, and the composition root that starts and stops everything.
//! - [`config`]: defaults ← file ← environment ← flags.
//! - [`api`]: the REST API, a warp filter tree; its `views` own the wire shapes.
//! - [`spec`]: a job's text → a parsed job; [`options`]: the trees it is made of, and typed reading.
//! - [`plan`]: a parsed job → wiring, schemas, pipelines; [`table`]: types, schemas, batches.
//! - [`scheduler`]: the only writer of job state; [`store`]: what is durable.
//! - [`exec`]: the words between the scheduler and the [`engine`], which runs plans.
//! - [`plugin`]: the ports; [`connectors`], [`transforms`]: what is behind them; [`mod@format`]: bytes ⇄ batches.
//! - [`model`]: the words that every layer shares; [`runtime`]: tasks, threads, logs, failpoints.

pub mod access;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod connectors;
pub mod engine;
pub mod exec;
pub mod format;
pub mod model;
pub mod options;
pub mod plan;
pub mod plugin;
pub mod runtime;
pub mod scheduler;
pub mod spec;
pub mod store;
pub mod table;
pub mod transforms;
