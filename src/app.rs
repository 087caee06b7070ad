//! The composition root: the only place that knows everyone.
//!
//! HTTP is bound first, and tells how far the start is. Then it opens the store, starts the pool, the engine and the
//! scheduler, in this order, and lets HTTP serve the whole API. It stops them in the other: new work is refused, jobs are
//! suspended, the store is closed, and HTTP goes last, so that the status stays readable.

pub mod backups;
mod examine;
mod job_text;
mod listen;
pub mod prune;
mod sample;
mod server;
mod start_report;

pub use examine::{Examined, examine};
pub use job_text::{CheckedJob, JobText};
pub use server::{Running, Server, ServerOptions};

pub use crate::store::check_data_dir;

use crate::plugin::Registry;
use crate::spec::Shade;
use crate::{access, connectors, transforms};
use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

/// Every plug-in that exists.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    connectors::register(&mut registry);
    transforms::register(&mut registry);
    registry
}

/// What decodes and encodes the secrets of jobs, with the key of that file. Without one it can't do aes256.
///
/// # Errors
/// One sentence: why the key can't be used.
pub fn shade(key_file: Option<&Path>) -> Result<Shade, String> {
    let Some(path) = key_file else {
        return Ok(Shade::default());
    };
    let wrong = |why: String| format!("shade-key-file: {why}");
    let key = access::read_secret(path).map_err(wrong)?;
    Shade::with_key(&key).map_err(|why| wrong(format!("{}: {why}", path.display())))
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
