//! The composition root: the only place that knows everyone.
//!
//! Opens the store, starts the pool, the engine, the scheduler and the HTTP server, in this order, and stops them in
//! the other: new work is refused, jobs are suspended, the store is closed, and HTTP goes last, so that the status
//! stays readable.

pub mod backups;
mod job_text;
pub mod prune;
mod server;

pub use job_text::{CheckedJob, JobText};
pub use server::{Running, Server, ServerOptions};

use crate::model::Problem;
use crate::options::Tree;
use crate::plan;
use crate::plugin::Registry;
use crate::spec;
use crate::{connectors, transforms};
use std::future::Future;
use std::process::ExitCode;

/// Every plug-in that exists.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    transforms::register(&mut registry);
    registry
}

/// Runs the program's main future on a runtime of its own.
pub fn block_on(main: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(main);
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("error: the runtime can't start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is wrong with a job (errors) or odd about it (warnings), without running it.
///
/// # Errors
/// The runtime that discovery needs can't start.
pub fn check(tree: &Tree) -> std::io::Result<(Vec<Problem>, Vec<Problem>)> {
    let job = match spec::job_spec(tree) {
        Ok(job) => job,
        Err(problems) => return Ok((problems, Vec::new())),
    };
    let defaults = plan::Defaults {
        checkpoint_interval: std::time::Duration::from_secs(10),
        checkpoint_timeout: std::time::Duration::from_secs(60),
    };
    let registry = registry();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(match runtime.block_on(plan::prepare(&job, &registry, &defaults)) {
        Ok(compiled) => (Vec::new(), compiled.warnings),
        Err(rejection) => (rejection.errors, rejection.warnings),
    })
}
