//! Random graphs: compiling never panics, and every accepted plan is whole.

use super::run;
use crate::plan::{Output, Plan};
use crate::table::{CatalogTable, TablePath};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// A transform or sink: the givers that it names (by any number), and whether one of its ids is misspelt.
#[derive(Clone, Debug)]
struct Taker {
    feeds: Vec<usize>,
    broken: bool,
    parallelism: u8,
}

fn takers(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Taker>> {
    let taker = (prop::collection::vec(0..50usize, 1..3), prop::bool::weighted(0.02), 0..4u8);
    prop::collection::vec(
        taker.prop_map(|(feeds, broken, parallelism)| Taker { feeds, broken, parallelism }),
        count,
    )
}

#[derive(Clone, Debug)]
struct Shape {
    /// Number of tables of each source.
    sources: Vec<usize>,
    transforms: Vec<Taker>,
    sinks: Vec<Taker>,
    /// Transforms may take from later ones (perhaps in a circle).
    loose: bool,
    /// Transforms stand in the text in reverse.
    reversed: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let sources = prop::collection::vec(prop_oneof![4 => Just(1usize), 1 => Just(2)], 1..4);
    (sources, takers(0..7), takers(1..4), prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |(sources, transforms, sinks, loose, reversed)| Shape { sources, transforms, sinks, loose, reversed },
    )
}

/// The job's text. What nobody takes gets a sink of its own, so that most graphs are accepted.
fn text(shape: &Shape) -> String {
    let givers = shape.sources.len() + shape.transforms.len();
    let mut taken = HashSet::new();
    let mut inputs = |taker: &Taker, from: usize| {
        let mut ids: Vec<String> = Vec::new();
        for feed in &taker.feeds {
            taken.insert(feed % from);
            ids.push(format!("\"g{}\"", feed % from));
        }
        if taker.broken {
            ids.push("\"nothing\"".into());
        }
        ids.join(",")
    };
    let mut sources = Vec::new();
    for (index, tables) in shape.sources.iter().enumerate() {
        let names: Vec<String> = (0..*tables).map(|table| format!("\"s{index}.t{table}\"")).collect();
        sources.push(format!(
            r#"{{"plugin_name":"FakeSource","schema":{{"fields":{{"a":"int"}}}},"plugin_output":"g{index}",
                "table-names":[{}]}}"#,
            names.join(",")
        ));
    }
    let mut transforms = Vec::new();
    for (index, taker) in shape.transforms.iter().enumerate() {
        let own = shape.sources.len() + index;
        let ids = inputs(taker, if shape.loose { givers } else { own });
        transforms.push(format!(
            r#"{{"plugin_name":"Copy","plugin_input":[{ids}],"plugin_output":"g{own}","parallelism":{}}}"#,
            taker.parallelism
        ));
    }
    let mut sinks: Vec<String> = (shape.sinks.iter())
        .map(|taker| format!(r#"{{"plugin_name":"Console","plugin_input":[{}]}}"#, inputs(taker, givers)))
        .collect();
    for id in (0..givers).filter(|id| !taken.contains(id)) {
        sinks.push(format!(r#"{{"plugin_name":"Console","plugin_input":"g{id}"}}"#));
    }
    if shape.reversed {
        transforms.reverse();
    }
    let mut out = String::new();
    let lists = [("source", sources), ("transform", transforms), ("sink", sinks)];
    for (key, list) in lists {
        write!(out, "{}\"{key}\":[{}]", if out.is_empty() { "{" } else { "," }, list.join(",")).unwrap();
    }
    out + "}"
}

/// Follows every table of every source along the outputs; each step must be listed in the plan. Finite only if the
/// plan is acyclic.
fn check_edges(plan: &Plan) {
    let mut steps: HashSet<(usize, TablePath)> = HashSet::new();
    let mut open: Vec<(&Output, &CatalogTable, usize)> = Vec::new();
    for source in &plan.sources {
        assert!(!source.outputs.is_empty(), "{} goes nowhere", source.name);
        open.extend(
            source.tables.iter().flat_map(|t| source.outputs.iter().map(move |o| (o, t.as_ref(), 0))),
        );
    }
    while let Some((output, table, depth)) = open.pop() {
        assert!(depth <= plan.transforms.len(), "a circle");
        match output {
            Output::Sink(index) => {
                let sink = &plan.sinks[*index];
                let listed = sink.tables.iter().find(|t| t.path == table.path).unwrap();
                assert_eq!(listed.columns, table.columns);
            }
            Output::Transform(index) => {
                if !steps.insert((*index, table.path.clone())) {
                    continue;
                }
                let node = &plan.transforms[*index];
                let (_, made) = node.tables.iter().find(|(given, _)| given.path == table.path).unwrap();
                for made in made {
                    open.extend(node.outputs.iter().map(|o| (o, made.as_ref(), depth + 1)));
                }
            }
        }
    }
}

fn check_dag(plan: &Plan) {
    let pipeline_of: HashMap<u32, u32> = plan.dag.vertices.iter().map(|v| (v.id, v.pipeline)).collect();
    assert_eq!(pipeline_of.len(), plan.dag.vertices.len(), "ids are unique");
    let ids: Vec<u32> = plan.dag.vertices.iter().map(|v| v.id).collect();
    assert!(ids.is_sorted());
    let mut linked = HashSet::new();
    for edge in &plan.dag.edges {
        assert_eq!(pipeline_of.get(&edge.from), Some(&edge.pipeline));
        assert_eq!(pipeline_of.get(&edge.to), Some(&edge.pipeline));
        linked.extend([edge.from, edge.to]);
    }
    assert_eq!(linked.len(), ids.len(), "every vertex has an edge");
    let pipelines: HashSet<u32> = pipeline_of.values().copied().collect();
    assert_eq!(pipelines.len() as u32, *pipelines.iter().max().unwrap(), "pipelines are 1, 2, …");
    assert!(plan.slots >= pipelines.len() as u32);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_accepted_plan_is_whole(shape in shapes()) {
        match run(&text(&shape)) {
            Ok(compiled) => {
                check_edges(&compiled.plan);
                check_dag(&compiled.plan);
            }
            Err(rejection) => prop_assert!(!rejection.errors.is_empty()),
        }
    }
}

/// The property would say little if nearly everything were refused.
#[test]
fn most_random_graphs_are_accepted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = std::cell::Cell::new(0);
    let config = runner.run(&shapes(), |shape| {
        accepted.set(accepted.get() + usize::from(run(&text(&shape)).is_ok()));
        Ok(())
    });
    config.unwrap();
    assert!(accepted.get() > 80, "{} of 256", accepted.get());
}
