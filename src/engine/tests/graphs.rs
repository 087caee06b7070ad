//! Any graph, any schedule: every row arrives over every path, nothing deadlocks, crashes change nothing.

use super::harness::*;
use super::memory::Target;
use super::script::{Keep, ScriptSource, table};
use crate::engine::EngineSettings;
use crate::exec::Outcome;
use crate::plan::{Output, Plan};
use crate::plugin::JobMode;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
struct Shape {
    /// Splits, batches, readers, keyed, and outputs as numbers.
    sources: Vec<(usize, usize, usize, bool, Vec<usize>)>,
    /// Divisor and outputs.
    transforms: Vec<(i64, Vec<usize>)>,
    /// Writers, and whether it only writes.
    sinks: Vec<(usize, bool)>,
    interval: Option<u64>,
    /// Events at which attempts die.
    crashes: Vec<(usize, bool)>,
    pause: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let outputs = || prop::collection::vec(0..100usize, 1..4);
    let source = (0..5usize, 0..4usize, 1..4usize, any::<bool>(), outputs());
    (
        prop::collection::vec(source, 1..4),
        prop::collection::vec((1..4i64, outputs()), 0..4),
        prop::collection::vec((1..4usize, prop::bool::weighted(0.2)), 1..4),
        prop::option::of(1..4u64),
        prop::collection::vec((0..8usize, any::<bool>()), 0..3),
        any::<bool>(),
    )
        .prop_map(|(sources, transforms, sinks, interval, crashes, pause)| Shape {
            sources,
            transforms,
            sinks,
            interval,
            crashes,
            pause,
        })
}

impl Shape {
    /// Outputs that lead forward: from transform `from` only to later ones.
    fn outputs(&self, wanted: &[usize], from: usize) -> Vec<Output> {
        let later = self.transforms.len() - from;
        let mut outputs: Vec<Output> = Vec::new();
        for number in wanted {
            let number = number % (later + self.sinks.len());
            let output =
                if number < later { Output::Transform(from + number) } else { Output::Sink(number - later) };
            if !outputs.contains(&output) {
                outputs.push(output);
            }
        }
        outputs
    }

    /// The plan, its sources' scripts, its sinks' targets, and what each target shall hold.
    fn build(&self) -> (Plan, Vec<Arc<Target>>, Vec<Vec<i64>>) {
        let mut plan = plan(job(JobMode::Batch, self.interval.map(Duration::from_millis)));
        let scripts: Vec<Arc<ScriptSource>> = self
            .sources
            .iter()
            .enumerate()
            .map(|(n, s)| {
                let mut script = ScriptSource::new(&format!("t{n}"), n as i64 * 10_000, s.0, s.1, 12);
                script.table = table(&format!("t{n}"), s.3);
                script.pause = Duration::from_micros(if self.pause { 300 } else { 0 });
                Arc::new(script)
            })
            .collect();
        let tables: Vec<_> = scripts.iter().map(|script| Arc::clone(&script.table)).collect();
        for (script, (_, _, readers, _, wanted)) in scripts.iter().zip(&self.sources) {
            plan.source(script, *readers, &self.outputs(wanted, 0));
        }
        for (index, (divisor, wanted)) in self.transforms.iter().enumerate() {
            let keep = Arc::new(Keep { divisor: *divisor, seen: Arc::default() });
            plan.transform(keep, &tables, &self.outputs(wanted, index + 1));
        }
        let target = |only_writes: bool| Arc::new(Target { only_writes, ..Target::default() });
        let targets: Vec<_> = self.sinks.iter().map(|(_, only_writes)| target(*only_writes)).collect();
        for ((writers, _), target) in self.sinks.iter().zip(&targets) {
            plan.sink(target, *writers, &tables);
        }
        let mut wanted = vec![Vec::new(); targets.len()];
        for (script, node) in scripts.iter().zip(&plan.sources) {
            let mut on_the_way: Vec<(Output, Vec<i64>)> =
                node.outputs.iter().map(|output| (*output, script.all())).collect();
            while let Some((output, mut rows)) = on_the_way.pop() {
                match output {
                    Output::Sink(sink) => wanted[sink].append(&mut rows),
                    Output::Transform(index) => {
                        rows.retain(|row| row % self.transforms[index].0 == 0);
                        let next = plan.transforms[index].outputs.iter();
                        on_the_way.extend(next.map(|output| (*output, rows.clone())));
                    }
                }
            }
        }
        wanted.iter_mut().for_each(|rows| rows.sort_unstable());
        (plan, targets, wanted)
    }
}

async fn check(bench: &Bench, shape: &Shape) {
    let (plan, targets, wanted) = shape.build();
    let plan = Arc::new(plan);
    let mut stored = Stored::default();
    let mut died = false;
    let mut end = None;
    for (event, after_store) in &shape.crashes {
        let crash = Crash { event: *event, after_store: *after_store };
        end = launch(bench, &plan, &mut stored).crash(crash, &mut stored).await;
        if end.is_some() {
            break;
        }
        died = true;
    }
    let end = match end {
        Some(end) => end,
        None => launch(bench, &plan, &mut stored).finish(&mut stored).await,
    };
    let Outcome::Finished(accounting) = &end.outcome else { panic!("{end:?}") };
    assert!(accounting.is_balanced(), "{accounting:?}");
    for (target, mut wanted) in targets.iter().zip(wanted) {
        let mut rows = target.visible();
        if died && target.only_writes {
            // May repeat, must not lose.
            rows.dedup();
            wanted.dedup();
        }
        assert_eq!(rows, wanted);
        assert_eq!(target.staged(), Vec::<String>::new());
    }
    assert_eq!(bench.engine.queued_bytes(), 0);
}

#[test]
fn any_graph_delivers_everything_once() {
    // Pipes of a byte: one batch each, so that every cycle of waiting shows.
    let tight = bench(EngineSettings { pipe_bytes: 1, budget_bytes: 1, ..settings() }, LONG);
    let cases = std::env::var("SEIKAN_LONG_TESTS").map_or(96, |_| 5_000);
    proptest!(ProptestConfig::with_cases(cases), |(shape in shapes())| {
        tight.runtime.block_on(check(&tight, &shape));
    });
}
