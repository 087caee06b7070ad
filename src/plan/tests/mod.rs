//! Tests of the whole module, with a few small plug-ins of their own.

mod blocks;
mod compile;
mod dag;
mod discover;
mod env;
mod plugins;
mod random;
mod wiring;

use super::{Compiled, Defaults, Plan, Rejection, prepare, validate};
use crate::options::{Map, Tree};
use crate::spec::{Block, JobSpec, Shade};
use plugins::registry;
use std::time::Duration;

const DEFAULTS: Defaults = Defaults {
    checkpoint_interval: Duration::from_millis(10_000),
    checkpoint_timeout: Duration::from_millis(60_000),
    shade: Shade::without_key(),
};

/// A job from JSON text.
fn job(text: &str) -> JobSpec {
    let tree: Tree = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let top = tree.as_map().unwrap();
    let blocks = |key: &str| -> Vec<Block> {
        let list = top.get(key).and_then(Tree::as_list).unwrap_or_default();
        list.iter().enumerate().map(|(index, block)| block_of(key, index, block.as_map().unwrap())).collect()
    };
    JobSpec {
        env: top.get("env").and_then(Tree::as_map).cloned().unwrap_or_default(),
        sources: blocks("source"),
        transforms: blocks("transform"),
        sinks: blocks("sink"),
    }
}

fn block_of(key: &str, index: usize, map: &Map) -> Block {
    let mut options = map.clone();
    let plugin =
        options.shift_remove("plugin_name").and_then(|name| name.as_text().map(str::to_owned)).unwrap();
    Block { path: format!("{key}[{index}].{plugin}"), plugin, options }
}

/// All three hops.
fn run(text: &str) -> Result<Compiled, Rejection> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(prepare(&job(text), &registry(), &DEFAULTS))
}

fn plan(text: &str) -> Plan {
    run(text).unwrap_or_else(|rejection| panic!("{text}\n{rejection}")).plan
}

/// The problems of a refused job, one per line.
fn refusal(text: &str) -> String {
    match run(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(rejection) => rejection.to_string(),
    }
}

/// The warnings of an accepted job, one per line.
fn warnings(text: &str) -> Vec<String> {
    run(text).unwrap_or_else(|r| panic!("{text}\n{r}")).warnings.iter().map(ToString::to_string).collect()
}

/// The vertices and edges of a plan, one per line: `pipeline-1 [name] id=1 p=1 tables`, `1: 1 -> 2`.
fn dag_text(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for vertex in &plan.dag.vertices {
        let tables = vertex.tables.join(",");
        lines.push(format!(
            "{} {:?} pipeline-{} [{}] p={} ({tables})",
            vertex.id, vertex.kind, vertex.pipeline, vertex.action, vertex.parallelism
        ));
    }
    lines
        .extend(plan.dag.edges.iter().map(|edge| format!("{}: {} -> {}", edge.pipeline, edge.from, edge.to)));
    lines.join("\n")
}

#[test]
fn the_road_can_be_taken_by_any_thread() {
    fn sendable<T: Send>(_: &T) {}
    let (spec, registry) = (job(r#"{"source":[],"sink":[]}"#), registry());
    sendable(&prepare(&spec, &registry, &DEFAULTS));
    assert!(validate(&spec, &registry, &DEFAULTS).is_err());
}
