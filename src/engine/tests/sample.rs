//! Trials: few rows, no sink, always an end.

use super::harness::*;
use super::memory::Target;
use super::script::{Keep, ScriptSource, Trick, ids};
use crate::engine::{SampleLimits, Sampled};
use crate::model::Fault;
use crate::plan::{Output, Plan};
use crate::plugin::JobMode;
use crate::table::Batch;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const LIMITS: SampleLimits =
    SampleLimits { rows: 10, kept: 100, deadline: LONG, patience: Duration::from_millis(50) };

fn sample(plan: &Plan, limits: SampleLimits) -> Result<Sampled, Fault> {
    let bench = plain_bench();
    let tried = bench.runtime.block_on(bounded("a trial", bench.engine.sample(plan, limits)));
    assert_eq!(bench.engine.queued_bytes(), 0, "nothing stays behind");
    tried
}

fn numbers(batches: &[Batch]) -> Vec<i64> {
    batches.iter().flat_map(ids).collect()
}

#[test]
fn the_first_rows_of_each_source_pass_the_transforms_and_no_sink_is_opened() {
    for mode in [JobMode::Batch, JobMode::Streaming] {
        let sources =
            [ScriptSource::new("a", 0, 3, 2, 4), ScriptSource::new("b", 100, 1, 1, 3)].map(Arc::new);
        let target = Arc::new(Target::default());
        let mut plan = plan(job(mode, Some(Duration::from_millis(1))));
        plan.source(&sources[0], 3, &[Output::Transform(0), Output::Sink(1)]);
        plan.source(&sources[1], 2, &[Output::Sink(1)]);
        let tables = sources.each_ref().map(|source| Arc::clone(&source.table));
        let keep = Keep { divisor: 3, seen: Arc::default() };
        plan.transform(Arc::new(keep), &tables[..1], &[Output::Sink(0)]);
        plan.sink(&target, 2, &tables[..1]);
        plan.sink(&target, 2, &tables);
        let Sampled { sinks, cut_off } = sample(&plan, LIMITS).unwrap();
        assert!(!cut_off, "{mode:?}");
        assert_eq!(numbers(&sinks[0]), [0, 3, 6, 9]);
        let mut all = numbers(&sinks[1]);
        all.sort_unstable();
        assert_eq!(all, (0..10).chain(100..103).collect::<Vec<_>>());
        assert_eq!(target.prepared_targets.load(Ordering::Relaxed), 0);
        assert!(target.visible().is_empty() && target.staged().is_empty());
    }
}

#[test]
fn a_sink_keeps_no_more_than_it_may() {
    let source = Arc::new(ScriptSource::new("a", 0, 1, 4, 3));
    let plan = simple(job(JobMode::Batch, None), &source, 1, &Arc::default());
    let sampled = sample(&plan, SampleLimits { kept: 4, ..LIMITS }).unwrap();
    assert_eq!(numbers(&sampled.sinks[0]), [0, 1, 2, 3]);
}

#[test]
fn what_hangs_is_cut_off_and_what_fails_is_a_fault() {
    let tricked = |trick| {
        let script = ScriptSource { trick: Some((0, 1, trick)), ..ScriptSource::new("a", 0, 1, 3, 2) };
        simple(job(JobMode::Batch, None), &Arc::new(script), 1, &Arc::default())
    };
    let short = SampleLimits { deadline: Duration::from_millis(200), ..LIMITS };
    let sampled = sample(&tricked(Trick::Never), short).unwrap();
    assert!(sampled.cut_off);
    assert_eq!(numbers(&sampled.sinks[0]), [0, 1], "what came before");
    for trick in [Trick::Fail, Trick::Panic] {
        let fault = sample(&tricked(trick), LIMITS).unwrap_err();
        assert_eq!(fault.vertex.as_deref(), Some("Source[0]-Script"), "{fault}");
    }
}
