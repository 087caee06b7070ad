//! First hop: a parsed job against the plug-ins that exist. Pure; every problem at once.

use super::blocks::{self, Ends, SINK_OPTIONS, SOURCE_OPTIONS, TRANSFORM_OPTIONS};
use super::env::{self, Defaults};
use super::wiring::{self, Wiring};
use super::{JobSettings, Rejection};
use crate::model::{Problem, Problems};
use crate::options::{OptionDef, Options};
use crate::plugin::{JobMode, Registry, SinkFactory, SinkInput, SourceDef, TransformDef, build_per_table};
use crate::spec::{Block, JobSpec};
use std::sync::Arc;

/// The most blocks that a job may have, of all kinds together.
const MAX_BLOCKS: usize = 4096;

/// A job whose options are typed and whose blocks are wired; its tables are not known yet.
pub struct ValidJob<'r> {
    pub(super) settings: JobSettings,
    pub(super) sources: Vec<ValidSource>,
    pub(super) transforms: Vec<ValidTransform>,
    pub(super) sinks: Vec<ValidSink<'r>>,
    pub(super) wiring: Wiring,
    pub(super) warnings: Vec<Problem>,
}

impl ValidJob<'_> {
    /// What is odd about the job, but no error.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The typed `env`.
    #[must_use]
    pub fn settings(&self) -> &JobSettings {
        &self.settings
    }
}

/// A source that its factory made.
pub(super) struct ValidSource {
    pub plugin: String,
    pub path: String,
    /// The id of its rows.
    pub output: Option<String>,
    pub def: Arc<dyn SourceDef>,
    pub parallelism: usize,
}

/// A transform that its factory made.
pub(super) struct ValidTransform {
    pub plugin: String,
    pub path: String,
    /// The id of its rows.
    pub output: Option<String>,
    /// How an error names the input option.
    pub input_key: &'static str,
    /// Its own parallelism; else it has its first input's.
    pub parallelism: Option<usize>,
    pub def: Arc<dyn TransformDef>,
}

/// A sink whose options are fine; it is made when its tables are known.
pub(super) struct ValidSink<'r> {
    pub block: Block,
    pub input_key: &'static str,
    pub factory: &'r dyn SinkFactory,
}

/// Checks a job: plug-ins looked up, options typed, ids wired.
///
/// # Errors
/// Every problem of the job's text, with its path.
pub fn validate<'r>(
    spec: &JobSpec,
    registry: &'r Registry,
    defaults: &Defaults,
) -> Result<ValidJob<'r>, Rejection> {
    let problems = Problems::default();
    let (settings, parallelism) = env::read(&Options::new(&spec.env, "env", &problems), defaults);
    let blocks = spec.sources.len() + spec.transforms.len() + spec.sinks.len();
    if blocks > MAX_BLOCKS {
        problems.error(Problem::new("", format!("the job has {blocks} blocks; allowed: up to {MAX_BLOCKS}")));
        return Err(rejected(problems));
    }
    refuse_empty("source", &spec.sources, &problems);
    refuse_empty("sink", &spec.sinks, &problems);

    let (mut source_ends, mut sources) = (Vec::new(), Vec::new());
    for block in &spec.sources {
        let ends = blocks::source_ends(block, &problems);
        if let Some(def) = build_source(block, &ends, registry, &settings, &problems) {
            let (plugin, path) = (block.plugin.clone(), block.path.clone());
            sources.push(ValidSource {
                plugin,
                path,
                output: ends.output.clone(),
                def,
                parallelism: ends.parallelism.unwrap_or(parallelism),
            });
        }
        source_ends.push(ends);
    }
    let (mut transform_ends, mut transforms) = (Vec::new(), Vec::new());
    for block in &spec.transforms {
        let ends = blocks::transform_ends(block, &problems);
        if let Some(def) = build_transform(block, registry, &problems) {
            let (plugin, path) = (block.plugin.clone(), block.path.clone());
            let (output, input_key, parallelism) = (ends.output.clone(), ends.input_key, ends.parallelism);
            transforms.push(ValidTransform { plugin, path, output, input_key, parallelism, def });
        }
        transform_ends.push(ends);
    }
    let (mut sink_ends, mut sinks) = (Vec::new(), Vec::new());
    for block in &spec.sinks {
        let ends = blocks::sink_ends(block, &problems);
        if let Some(factory) = check_sink(block, registry, &problems) {
            sinks.push(ValidSink { block: block.clone(), input_key: ends.input_key, factory });
        }
        sink_ends.push(ends);
    }

    let wiring = wiring::wire(&source_ends, &transform_ends, &sink_ends, &problems);
    match (wiring, Rejection::check(problems)) {
        (Some(wiring), Ok(warnings)) => {
            Ok(ValidJob { settings, sources, transforms, sinks, wiring, warnings })
        }
        (None, Ok(warnings)) => {
            let unknown = Problem::new("", "the job can't be wired");
            Err(Rejection { errors: vec![unknown], warnings })
        }
        (_, Err(rejection)) => Err(rejection),
    }
}

fn rejected(problems: Problems) -> Rejection {
    let (errors, warnings) = problems.into_parts();
    Rejection { errors, warnings }
}

fn refuse_empty(key: &str, blocks: &[Block], problems: &Problems) {
    if blocks.is_empty() {
        problems.error(Problem::new(key, format!("is missing or empty: a job needs at least one {key}")));
    }
}

fn build_source(
    block: &Block,
    ends: &Ends,
    registry: &Registry,
    settings: &JobSettings,
    problems: &Problems,
) -> Option<Arc<dyn SourceDef>> {
    let factory = found(registry.source(&block.plugin), block, problems)?;
    let options = open(block, SOURCE_OPTIONS, factory.options(), problems);
    let def = made(block, problems, || factory.build(&options, ends.output.as_deref()))?;
    if settings.mode == JobMode::Batch && !def.is_bounded() {
        let message = format!("\"{}\" never ends, so it can't be read in a BATCH job", block.plugin);
        problems.error(Problem::new(&block.path, message).hint("set env.job.mode = STREAMING"));
    }
    Some(def)
}

fn build_transform(block: &Block, registry: &Registry, problems: &Problems) -> Option<Arc<dyn TransformDef>> {
    let factory = found(registry.transform(&block.plugin), block, problems)?;
    let options = open(block, TRANSFORM_OPTIONS, factory.options(), problems);
    made(block, problems, || build_per_table(factory, &options))
}

/// Has a sink made once without tables, for the sake of its options.
fn check_sink<'r>(block: &Block, registry: &'r Registry, problems: &Problems) -> Option<&'r dyn SinkFactory> {
    let factory = found(registry.sink(&block.plugin), block, problems)?;
    let options = open(block, SINK_OPTIONS, factory.options(), problems);
    made(block, problems, || factory.build(&options, &SinkInput { tables: &[] }))?;
    Some(factory)
}

fn found<T>(factory: Result<T, String>, block: &Block, problems: &Problems) -> Option<T> {
    factory.map_err(|message| problems.error(Problem::new(&block.path, message))).ok()
}

/// The block's options, unknown ones warned about.
fn open<'t>(
    block: &'t Block,
    common: &[OptionDef],
    own: &[OptionDef],
    problems: &'t Problems,
) -> Options<'t> {
    let options = Options::new(&block.options, &block.path, problems);
    options.warn_unknown(&[common, own]);
    options
}

/// What a factory made. One that gives up must have said why; if it didn't, that is said here.
pub(super) fn made<T>(block: &Block, problems: &Problems, build: impl FnOnce() -> Option<T>) -> Option<T> {
    let before = problems.error_count();
    let made = build();
    if made.is_none() && problems.error_count() == before {
        let message = format!("the plug-in \"{}\" refuses its options without a reason", block.plugin);
        problems.error(Problem::new(&block.path, message));
    }
    made
}
