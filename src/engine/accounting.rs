//! Row accounting: which places of a plan are counted, and the verdict's figures.

use super::meter::Tally;
use crate::model::{Accounting, Flow};
use crate::plan::{Output, Plan};
use std::collections::HashMap;

/// A vertex of a plan, by its index in the plan's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vertex {
    Source(usize),
    Transform(usize),
    Sink(usize),
}

impl Vertex {
    /// One number per vertex, to be kept in an atomic.
    pub(super) fn number(self, plan: &Plan) -> usize {
        match self {
            Vertex::Source(index) => index,
            Vertex::Transform(index) => plan.sources.len() + index,
            Vertex::Sink(index) => plan.sources.len() + plan.transforms.len() + index,
        }
    }

    /// The name of the vertex of that number.
    pub(super) fn name_of(number: usize, plan: &Plan) -> &str {
        let transforms = number.wrapping_sub(plan.sources.len());
        let sinks = transforms.wrapping_sub(plan.transforms.len());
        let source = plan.sources.get(number).map(|node| node.name.as_str());
        source
            .or_else(|| plan.transforms.get(transforms).map(|node| node.name.as_str()))
            .or_else(|| plan.sinks.get(sinks).map(|node| node.name.as_str()))
            .unwrap_or_default()
    }
}

impl From<Output> for Vertex {
    fn from(output: Output) -> Self {
        match output {
            Output::Transform(index) => Vertex::Transform(index),
            Output::Sink(index) => Vertex::Sink(index),
        }
    }
}

/// Where the flows of a plan stand in a [`Tally`]: sinks first, then transforms, then edges in the order of the plan.
#[derive(Debug)]
pub(super) struct Layout {
    sinks: usize,
    transforms: usize,
    /// First edge of each source.
    source_edges: Vec<usize>,
    /// First edge of each transform.
    transform_edges: Vec<usize>,
}

impl Layout {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut next = plan.sinks.len() + plan.transforms.len();
        let mut first = |outputs: &Vec<Output>| {
            let first = next;
            next += outputs.len();
            first
        };
        Self {
            sinks: plan.sinks.len(),
            transforms: plan.transforms.len(),
            source_edges: plan.sources.iter().map(|node| first(&node.outputs)).collect(),
            transform_edges: plan.transforms.iter().map(|node| first(&node.outputs)).collect(),
        }
    }

    pub(super) fn sink(&self, sink: usize) -> usize {
        sink
    }

    pub(super) fn transform(&self, transform: usize) -> usize {
        self.sinks + transform
    }

    /// The edge from `from` to its output number `output`.
    pub(super) fn edge(&self, from: Vertex, output: usize) -> usize {
        match from {
            Vertex::Source(index) => self.source_edges[index] + output,
            Vertex::Transform(index) => self.transform_edges[index] + output,
            Vertex::Sink(_) => self.sinks + self.transforms,
        }
    }

    /// Rows that all sinks committed.
    pub(super) fn committed(&self, tally: &Tally) -> u64 {
        tally.flows.iter().take(self.sinks).map(|flow| flow.received).sum()
    }

    /// The flows of `tally`, going on from those of `base` with the same place.
    pub(super) fn accounting(&self, plan: &Plan, tally: &Tally, base: &Accounting) -> Accounting {
        let before: HashMap<&str, &Flow> =
            base.flows.iter().map(|flow| (flow.place.as_str(), flow)).collect();
        let flow = |index: usize, place: String| {
            let count = tally.flows.get(index).copied().unwrap_or_default();
            let before = before.get(place.as_str());
            Flow {
                sent: before.map_or(0, |flow| flow.sent) + count.sent,
                received: before.map_or(0, |flow| flow.received) + count.received,
                dropped: before.map_or(0, |flow| flow.dropped) + count.dropped,
                place,
            }
        };
        let sources = plan.sources.iter().enumerate().map(|(i, n)| (Vertex::Source(i), &n.name, &n.outputs));
        let transforms =
            plan.transforms.iter().enumerate().map(|(i, n)| (Vertex::Transform(i), &n.name, &n.outputs));
        let edges = sources.chain(transforms).flat_map(|(from, name, outputs)| {
            outputs.iter().enumerate().map(move |(number, output)| (from, name, number, *output))
        });
        let edge = |(from, name, number, output): (Vertex, &String, usize, Output)| {
            let to = Vertex::name_of(Vertex::from(output).number(plan), plan);
            flow(self.edge(from, number), format!("{name} -> {to}"))
        };
        let mut flows: Vec<Flow> = edges.map(edge).collect();
        let names = plan.transforms.iter().enumerate();
        flows.extend(names.map(|(index, node)| flow(self.transform(index), node.name.clone())));
        let names = plan.sinks.iter().enumerate();
        flows.extend(names.map(|(index, node)| flow(self.sink(index), node.name.clone())));
        Accounting { flows }
    }
}
