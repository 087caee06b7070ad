//! The transforms behind one instance of a source, and the ways to its sinks: a tree (or a graph without cycles) that
//! runs in the source's task.
//!
//! Rows that leave one place go to all its outputs, one batch after the other, before the next batch is read. The walk
//! keeps its own stack, so that a long chain can't overflow the thread's.

use super::accounting::{Layout, Vertex};
use super::meter::Tally;
use super::pipe::Parcel;
use super::route::Port;
use super::state::TransformState;
use crate::model::{Epoch, Fault};
use crate::plan::{Output, Plan};
use crate::plugin::{Out, State, Transform};
use crate::table::Batch;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the rows of one output go.
#[derive(Clone, Copy)]
enum Target {
    Stage(usize),
    Port(usize),
}

/// One output: where it leads, and the edge that counts it.
#[derive(Clone, Copy)]
struct Hop {
    target: Target,
    edge: usize,
}

struct Stage {
    index: usize,
    transform: Box<dyn Transform>,
    outputs: Vec<Hop>,
}

/// See the module.
pub(super) struct Chain {
    plan: Arc<Plan>,
    layout: Arc<Layout>,
    source: usize,
    stages: Vec<Stage>,
    ports: Vec<Port>,
    first: Vec<Hop>,
    /// Rows on their way, the next ones last.
    stack: Vec<(Hop, Batch, Option<u64>)>,
    out: Out,
    /// Number of the vertex whose code runs now, for the one who finds it stuck.
    at: Arc<AtomicUsize>,
}

/// Indexes of the transforms and sinks that rows of a source can reach, each once, in the order they are met.
pub(super) fn reach(plan: &Plan, source: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut transforms, mut sinks) = (Vec::new(), Vec::new());
    let mut met_transforms = vec![false; plan.transforms.len()];
    let mut met_sinks = vec![false; plan.sinks.len()];
    let mut look_at = vec![plan.sources[source].outputs.as_slice()];
    while let Some(outputs) = look_at.pop() {
        for output in outputs {
            match *output {
                Output::Transform(index) => {
                    if !std::mem::replace(&mut met_transforms[index], true) {
                        transforms.push(index);
                        look_at.push(&plan.transforms[index].outputs);
                    }
                }
                Output::Sink(index) => {
                    if !std::mem::replace(&mut met_sinks[index], true) {
                        sinks.push(index);
                    }
                }
            }
        }
    }
    (transforms, sinks)
}

impl Chain {
    /// The chain of one instance of `source`. `transforms` and `ports` are those of [`reach`], by index in the plan.
    pub(super) fn new(
        plan: &Arc<Plan>,
        layout: &Arc<Layout>,
        source: usize,
        transforms: Vec<(usize, Box<dyn Transform>)>,
        ports: Vec<(usize, Port)>,
        at: Arc<AtomicUsize>,
    ) -> Self {
        let mut stage_at = vec![None; plan.transforms.len()];
        transforms.iter().enumerate().for_each(|(at, (index, _))| stage_at[*index] = Some(Target::Stage(at)));
        let mut port_at = vec![None; plan.sinks.len()];
        ports.iter().enumerate().for_each(|(at, (index, _))| port_at[*index] = Some(Target::Port(at)));
        let hops = |from: Vertex, outputs: &[Output]| -> Vec<Hop> {
            let hop = |(number, output): (usize, &Output)| {
                let found = match *output {
                    Output::Transform(index) => stage_at[index],
                    Output::Sink(index) => port_at[index],
                };
                found.map(|target| Hop { target, edge: layout.edge(from, number) })
            };
            outputs.iter().enumerate().filter_map(hop).collect()
        };
        let first = hops(Vertex::Source(source), &plan.sources[source].outputs);
        let stage = |(index, transform)| {
            let outputs = hops(Vertex::Transform(index), &plan.transforms[index].outputs);
            Stage { index, transform, outputs }
        };
        let stages = transforms.into_iter().map(stage).collect();
        Self {
            plan: Arc::clone(plan),
            layout: Arc::clone(layout),
            source,
            stages,
            ports: ports.into_iter().map(|(_, port)| port).collect(),
            first,
            stack: Vec::new(),
            out: Out::default(),
            at,
        }
    }

    /// Sends one batch of `estimate` bytes all the way to the pipes; waits for room in them.
    pub(super) async fn push(&mut self, batch: Batch, estimate: u64, tally: &mut Tally) -> Result<(), Fault> {
        if let [hop @ Hop { target: Target::Port(_), .. }] = self.first.as_slice() {
            return send(&self.ports, *hop, batch, Some(estimate), tally).await;
        }
        fan_out(&mut self.stack, &self.first, batch, Some(estimate));
        while let Some((hop, batch, estimate)) = self.stack.pop() {
            match hop.target {
                Target::Port(_) => send(&self.ports, hop, batch, estimate, tally).await?,
                Target::Stage(stage) => self.transform(stage, hop, batch, tally).await?,
            }
        }
        Ok(())
    }

    async fn transform(
        &mut self,
        stage: usize,
        hop: Hop,
        batch: Batch,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let stage = &mut self.stages[stage];
        let rows = batch.len() as u64;
        let edge = tally.flow(hop.edge);
        edge.sent += rows;
        edge.received += rows;
        self.at.store(Vertex::Transform(stage.index).number(&self.plan), Ordering::Relaxed);
        let applied = stage.transform.apply(batch, &mut self.out).await;
        self.at.store(Vertex::Source(self.source).number(&self.plan), Ordering::Relaxed);
        applied.map_err(|fault| fault.at(&self.plan.transforms[stage.index].name))?;
        let flow = tally.flow(self.layout.transform(stage.index));
        flow.sent += rows + self.out.added();
        flow.received += self.out.batches().iter().map(|batch| batch.len() as u64).sum::<u64>();
        flow.dropped += self.out.dropped();
        // The stack gives back the last one first.
        for batch in self.out.take().into_iter().rev().filter(|batch| !batch.is_empty()) {
            fan_out(&mut self.stack, &stage.outputs, batch, None);
        }
        Ok(())
    }

    /// States of the transforms that have any.
    pub(super) fn snapshot(&self, instance: usize) -> Result<Vec<TransformState>, Fault> {
        let mut states = Vec::new();
        for stage in &self.stages {
            let name = &self.plan.transforms[stage.index].name;
            let state: Option<State> = stage.transform.snapshot().map_err(|fault| fault.at(name))?;
            if let Some(state) = state {
                let source = self.plan.sources[self.source].name.clone();
                states.push(TransformState { name: name.clone(), source, instance: instance as u32, state });
            }
        }
        Ok(states)
    }

    /// Sends a barrier to every sink; never waits. No rows are within the chain then.
    pub(super) fn barrier(&self, epoch: Epoch) {
        self.ports.iter().for_each(|port| port.barrier(epoch));
    }

    /// Tells every sink that nothing follows; never waits.
    pub(super) fn end(&self) {
        self.ports.iter().for_each(Port::end);
    }
}

async fn send(
    ports: &[Port],
    hop: Hop,
    batch: Batch,
    estimate: Option<u64>,
    tally: &mut Tally,
) -> Result<(), Fault> {
    let Target::Port(port) = hop.target else {
        return Ok(());
    };
    tally.flow(hop.edge).sent += batch.len() as u64;
    ports[port].send(Parcel { edge: hop.edge, batch, estimate }).await
}

/// Puts a batch on the stack once per output, so that the first output gets it first.
fn fan_out(stack: &mut Vec<(Hop, Batch, Option<u64>)>, outputs: &[Hop], batch: Batch, estimate: Option<u64>) {
    if let Some((first, others)) = outputs.split_first() {
        for hop in others.iter().rev() {
            stack.push((*hop, batch.clone(), estimate));
        }
        stack.push((*first, batch, estimate));
    }
}
