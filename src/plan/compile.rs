//! Third hop: a valid job and its sources' tables to a plan. Pure; every problem at once.

use super::discover::Catalogues;
use super::env::Defaults;
use super::pipelines::{Part, Parts};
use super::schema::{Flow, Flows, Mapping};
use super::validate::{ValidJob, ValidSink, made};
use super::wiring::{Giver, Wiring};
use super::{Output, Plan, Rejection, SinkNode, SourceNode, TransformNode};
use super::{discover, naming, pipelines, schema, validate};
use crate::model::{Problem, Problems, VertexKind};
use crate::options::Options;
use crate::plugin::{Registry, SinkDef, SinkInput};
use crate::spec::{self, JobSpec, JsonMode};
use crate::table::CatalogTable;
use std::sync::Arc;

/// A compiled job, and what goes into its record with it.
pub struct Compiled {
    /// What the engine runs.
    pub plan: Plan,
    /// What is odd about the job, but no error.
    pub warnings: Vec<Problem>,
    /// The sources' tables as JSON: with the resolved text enough to compile again without I/O.
    pub catalogues: String,
}

/// The whole road of a submitted, run or checked job: validate, discover, compile.
///
/// # Errors
/// All problems of the first hop that finds any.
pub async fn prepare(
    spec: &JobSpec,
    registry: &Registry,
    defaults: &Defaults,
) -> Result<Compiled, Rejection> {
    let job = validate(spec, registry, defaults)?;
    let catalogues = discover(&job).await?;
    compile(job, catalogues)
}

/// Compiles a recorded job anew from its stored texts: no I/O, no other environment.
///
/// # Errors
/// Texts that are damaged, a job that this version no longer accepts, or tables that don't fit it.
pub fn recompile(
    resolved_json: &str,
    catalogues_json: &str,
    registry: &Registry,
    defaults: &Defaults,
) -> Result<Plan, Rejection> {
    let refused = |errors| Rejection { errors, warnings: Vec::new() };
    let tree =
        spec::parse_json(resolved_json.as_bytes(), JsonMode::Strict, "the recorded job").map_err(refused)?;
    let spec = spec::job_spec(&tree, &defaults.shade).map_err(refused)?;
    recompile_spec(&spec, catalogues_json, registry, defaults)
}

/// Compiles a recorded job anew, with the tables that were discovered when it was submitted.
///
/// # Errors
/// A job that this version no longer accepts, or tables that don't fit it.
pub fn recompile_spec(
    spec: &JobSpec,
    catalogues_json: &str,
    registry: &Registry,
    defaults: &Defaults,
) -> Result<Plan, Rejection> {
    let job = validate(spec, registry, defaults)?;
    let catalogues = Catalogues::from_json(catalogues_json)
        .map_err(|problem| Rejection { errors: vec![problem], warnings: Vec::new() })?;
    compile(job, catalogues).map(|compiled| compiled.plan)
}

/// Schemas of every edge, sinks made for their tables, and the graph for the views.
///
/// # Errors
/// Every problem that shows when the tables are known, with its path.
pub fn compile(job: ValidJob<'_>, catalogues: Catalogues) -> Result<Compiled, Rejection> {
    let problems = Problems::default();
    job.warnings.iter().for_each(|warning| problems.warning(warning.clone()));
    let result = assemble(job, catalogues, &problems);
    let warnings = Rejection::check(problems)?;
    match result {
        Some((plan, catalogues)) => Ok(Compiled { plan, warnings, catalogues }),
        None => {
            let error = Problem::new("", "the job can't be compiled");
            Err(Rejection { errors: vec![error], warnings })
        }
    }
}

fn assemble(job: ValidJob<'_>, catalogues: Catalogues, problems: &Problems) -> Option<(Plan, String)> {
    if catalogues.0.len() != job.sources.len() {
        let (tables, sources) = (catalogues.0.len(), job.sources.len());
        let message = format!("there are tables of {tables} sources, but the job has {sources}");
        problems.error(Problem::new("source", message));
        return None;
    }
    let stored = catalogues.to_json().map_err(|problem| problems.error(problem)).ok()?;
    let tables = catalogues.0.into_iter().map(|tables| tables.into_iter().map(Arc::new).collect());
    let flows = schema::flows(&job, tables.collect(), problems)?;
    let sinks = build_sinks(&job, &flows, problems)?;
    let (dag, slots) = pipelines::dag(parts(&job, &flows, &sinks))
        .map_err(|message| problems.error(Problem::new("", message)))
        .ok()?;
    let plan = Plan {
        sources: source_nodes(&job, &flows),
        transforms: transform_nodes(&job, flows.mappings),
        sinks,
        settings: job.settings,
        dag,
        slots,
    };
    Some((plan, stored))
}

fn source_nodes(job: &ValidJob<'_>, flows: &Flows) -> Vec<SourceNode> {
    let node = |(index, (source, flow)): (usize, (&validate::ValidSource, &Flow))| SourceNode {
        name: naming::source(index, &source.plugin),
        def: Arc::clone(&source.def),
        parallelism: source.parallelism,
        tables: flow.tables.clone(),
        outputs: outputs(&job.wiring, Giver::Source(index)),
    };
    job.sources.iter().zip(&flows.sources).enumerate().map(node).collect()
}

/// In the order of the job, also those that don't run; what never has its turn is fed by nobody.
fn transform_nodes(job: &ValidJob<'_>, mappings: Vec<Mapping>) -> Vec<TransformNode> {
    let number = |index: usize| {
        job.wiring.order.iter().find(|turn| turn.transform == index).map_or(index, |turn| turn.number)
    };
    let nodes = job.transforms.iter().zip(mappings).enumerate();
    nodes
        .map(|(index, (transform, tables))| TransformNode {
            name: naming::transform(number(index), &transform.plugin),
            def: Arc::clone(&transform.def),
            tables,
            outputs: outputs(&job.wiring, Giver::Transform(index)),
        })
        .collect()
}

/// Everybody that takes from `giver`: transforms, then sinks, in the order of the job.
fn outputs(wiring: &Wiring, giver: Giver) -> Vec<Output> {
    let takes = |feeds: &Vec<Giver>| feeds.contains(&giver);
    let transforms = wiring.transforms.iter().enumerate().filter(|(_, feeds)| takes(feeds));
    let sinks = wiring.sinks.iter().enumerate().filter(|(_, feeds)| takes(feeds));
    transforms
        .map(|(index, _)| Output::Transform(index))
        .chain(sinks.map(|(index, _)| Output::Sink(index)))
        .collect()
}

fn build_sinks(job: &ValidJob<'_>, flows: &Flows, problems: &Problems) -> Option<Vec<SinkNode>> {
    let sinks = job.sinks.iter().zip(&flows.sinks).enumerate();
    let nodes: Vec<Option<SinkNode>> = sinks
        .map(|(index, (sink, flow))| {
            let def = build_sink(sink, flow, problems)?;
            let first = flow.tables.first().map(|table| table.path.to_string()).unwrap_or_default();
            let is_union = job.wiring.sinks[index].len() > 1;
            Some(SinkNode {
                name: naming::sink(index, &sink.block.plugin, is_union.then_some(first.as_str())),
                def,
                parallelism: flow.parallelism,
                tables: flow.tables.clone(),
                count_as: flow.united.then_some(first),
            })
        })
        .collect();
    nodes.into_iter().collect()
}

/// Its options were read once in `validate`, where unknown ones were warned about; only errors count here.
fn build_sink(sink: &ValidSink<'_>, flow: &Flow, problems: &Problems) -> Option<Arc<dyn SinkDef>> {
    let options = Options::new(&sink.block.options, &sink.block.path, problems);
    made(&sink.block, problems, || sink.factory.build(&options, &SinkInput { tables: flow.seen() }))
}

/// The job as the views' graph starts from it: what runs, in the order of its making.
fn parts(job: &ValidJob<'_>, flows: &Flows, sinks: &[SinkNode]) -> Parts {
    let mut graph = Parts::default();
    let mut place_of = vec![None; job.transforms.len()];
    for (index, (source, flow)) in job.sources.iter().zip(&flows.sources).enumerate() {
        graph.parts.push(Part {
            kind: VertexKind::Source,
            action: naming::source(index, &source.plugin),
            parallelism: count(source.parallelism),
            tables: paths(&flow.tables),
        });
    }
    for turn in &job.wiring.order {
        place_of[turn.transform] = Some(graph.parts.len());
        graph.parts.push(Part {
            kind: VertexKind::Transform,
            action: naming::transform(turn.number, &job.transforms[turn.transform].plugin),
            parallelism: count(flows.transforms[turn.transform].parallelism),
            tables: Vec::new(),
        });
    }
    let place = |giver: &Giver| match giver {
        Giver::Source(index) => Some(*index),
        Giver::Transform(index) => place_of[*index],
    };
    for turn in &job.wiring.order {
        let feeds = job.wiring.transforms[turn.transform].iter();
        graph.edges.extend(feeds.filter_map(|feed| Some((place(feed)?, place_of[turn.transform]?))));
    }
    for ((sink, flow), feeds) in sinks.iter().zip(&flows.sinks).zip(&job.wiring.sinks) {
        let here = graph.parts.len();
        graph.parts.push(Part {
            kind: VertexKind::Sink,
            action: sink.name.clone(),
            parallelism: count(sink.parallelism),
            tables: sink.def.tables().unwrap_or_else(|| paths(flow.seen())),
        });
        graph.edges.extend(feeds.iter().filter_map(|feed| Some((place(feed)?, here))));
    }
    graph
}

fn paths(tables: &[Arc<CatalogTable>]) -> Vec<String> {
    tables.iter().map(|table| table.path.to_string()).collect()
}

fn count(parallelism: usize) -> u32 {
    u32::try_from(parallelism).unwrap_or(u32::MAX)
}
