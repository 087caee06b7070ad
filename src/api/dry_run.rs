//! `POST /submit-job?dryRun=static|sample`: everything that can be said of a job; nothing is recorded.
//!
//! `static` checks and compiles it; `sample` also runs the first rows of each source through the transforms, into
//! memory. The engine stays behind [`Trials`], which the composition root makes.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::views::{self, Examined};
use crate::model::{Fault, Sample};
use crate::plan::{self, Findings, Plan};
use crate::spec::{self, Resolve, Source};
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::Semaphore;
use warp::http::StatusCode;
use warp::reply::Response;

/// Trials that may run at once.
const TRIALS: usize = 2;

/// A trial that runs.
type Trial = BoxFuture<'static, Result<Sample, Fault>>;

/// Tries plans, a few at once.
pub struct Trials {
    run: Box<dyn Fn(Arc<Plan>) -> Trial + Send + Sync>,
    free: Semaphore,
}

impl Trials {
    /// Those that `run` makes.
    pub fn new(
        run: impl Fn(Arc<Plan>) -> BoxFuture<'static, Result<Sample, Fault>> + Send + Sync + 'static,
    ) -> Self {
        Self { run: Box::new(run), free: Semaphore::new(TRIALS) }
    }

    async fn run(&self, plan: Arc<Plan>) -> Result<Result<Sample, Fault>, ApiError> {
        let Ok(_permit) = self.free.try_acquire() else {
            let message = format!("{TRIALS} sample runs are going on, which is the limit; try again later");
            return Err(ApiError::new(ErrorCode::TooManyRequests, message));
        };
        Ok((self.run)(plan).await)
    }
}

/// How far a dry run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Text, options, wiring, schemas.
    Static,
    /// The first rows, too.
    Sample,
}

impl Depth {
    /// Reads the value of `dryRun`, in any letter case.
    pub(super) fn read(typed: &str) -> Result<Self, ApiError> {
        match typed.trim().to_ascii_lowercase().as_str() {
            "static" => Ok(Self::Static),
            "sample" => Ok(Self::Sample),
            _ => Err(ApiError::bad(format!(
                "dryRun: \"{typed}\" is not allowed here; allowed: static, sample"
            ))),
        }
    }
}

/// Answers 200 when nothing is wrong, else 400 with everything that is.
pub(super) async fn dry_run(
    context: &ApiContext,
    depth: Depth,
    source: &Source<'_>,
    how: &Resolve,
) -> Result<Response, ApiError> {
    let mut findings = match spec::parse_tree(source, how) {
        Ok(tree) => plan::examine(&tree, &context.registry, &context.settings.plan_defaults).await,
        Err(errors) => Findings { errors, ..Findings::default() },
    };
    spec::locate(source, how, &mut findings.errors);
    spec::locate(source, how, &mut findings.warnings);
    findings.warnings.splice(0..0, spec::no_utf8(source.text));
    let plan = findings.plan.map(Arc::new);
    let mut sample = None;
    if let (Depth::Sample, Some(plan)) = (depth, &plan) {
        match context.trials.run(Arc::clone(plan)).await? {
            Ok(rows) => sample = Some(rows),
            Err(fault) => findings.errors.push(fault.problem()),
        }
    }
    let status = if findings.errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let body = views::examined(&Examined {
        errors: &findings.errors,
        warnings: &findings.warnings,
        plan: plan.as_deref(),
        sample: sample.as_ref(),
    });
    Ok(answer::raw(status, body.into_bytes()))
}
