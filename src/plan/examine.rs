//! Everything that can be said of a job without running it.

use super::{Defaults, Plan, prepare};
use crate::model::Problem;
use crate::options::Tree;
use crate::plugin::Registry;
use crate::spec;

/// What was found.
#[derive(Default)]
pub struct Findings {
    /// What has to be mended.
    pub errors: Vec<Problem>,
    /// What is odd.
    pub warnings: Vec<Problem>,
    /// What the engine would run, unless there are errors.
    pub plan: Option<Plan>,
}

/// Reads, checks and compiles a job, and records nothing. Sources are asked for their tables.
pub async fn examine(tree: &Tree, registry: &Registry, defaults: &Defaults) -> Findings {
    let job = match spec::job_spec(tree, &defaults.shade) {
        Ok(job) => job,
        Err(errors) => return Findings { errors, ..Findings::default() },
    };
    match prepare(&job, registry, defaults).await {
        Ok(compiled) => {
            Findings { errors: Vec::new(), warnings: compiled.warnings, plan: Some(compiled.plan) }
        }
        Err(rejection) => Findings { errors: rejection.errors, warnings: rejection.warnings, plan: None },
    }
}
