//! Everything that is wrong with a job, what it would do, and what it would write; without running it.

use super::sample::Trial;
use super::{JobText, registry, shade};
use crate::config;
use crate::model::{Problem, Sample};
use crate::options::Tree;
use crate::plan::{self, Findings, Plan};
use std::time::Duration;

/// What was found.
#[derive(Default)]
pub struct Examined {
    /// The parsed text, if it can be parsed.
    pub tree: Option<Tree>,
    /// What has to be mended, with places.
    pub errors: Vec<Problem>,
    /// What is odd, with places.
    pub warnings: Vec<Problem>,
    /// What the engine would run, unless there are errors before that.
    pub plan: Option<Plan>,
    /// What it would write, if that was asked for.
    pub sample: Option<Sample>,
}

/// Examines a job's text. Starts runtimes of its own: not to be called within another one.
///
/// # Errors
/// The system refuses what a runtime needs.
pub fn examine(text: &JobText, variables: &[String], sample: bool) -> Result<Examined, String> {
    let tree = match text.parse(variables) {
        Ok(tree) => tree,
        Err(errors) => return Ok(Examined { errors, ..Examined::default() }),
    };
    let defaults = plan::Defaults {
        checkpoint_interval: Duration::from_secs(10),
        checkpoint_timeout: Duration::from_secs(60),
        shade: shade(config::shade_key_file_of_environment().as_deref())?,
    };
    let registry = registry();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime can't start: {error}"))?;
    let Findings { mut errors, mut warnings, plan } =
        runtime.block_on(plan::examine(&tree, &registry, &defaults));
    text.locate(variables, &mut errors);
    text.locate(variables, &mut warnings);
    let over_rest = text.over_rest(variables, &tree);
    let warnings = text.oddities().into_iter().chain(over_rest).chain(warnings).collect();
    let mut examined = Examined { tree: Some(tree), errors, warnings, plan, sample: None };
    if let (true, Some(plan)) = (sample, &examined.plan) {
        match Trial::start()?.run(plan) {
            Ok(sample) => examined.sample = Some(sample),
            Err(fault) => examined.errors.push(fault.problem()),
        }
    }
    Ok(examined)
}
