//! Exactly once: an attempt dies at each of its events, the next one goes on from what is stored.

use super::harness::*;
use super::memory::Target;
use super::script::{Keep, ScriptSource};
use crate::exec::Outcome;
use crate::plan::Output;
use crate::plugin::JobMode;
use crate::runtime::{JobLog, LogLimits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn slow_source(splits: usize) -> Arc<ScriptSource> {
    let mut source = ScriptSource::new("in", 0, splits, 5, 3);
    source.pause = Duration::from_micros(700);
    Arc::new(source)
}

/// Crashes at the `event`-th event of each attempt for a few attempts, then lets it run.
async fn survive(bench: &Bench, event: usize, after_store: bool) -> (u32, u32) {
    let source = slow_source(7);
    let target = Arc::new(Target::default());
    let seen = Arc::new(AtomicU64::new(0));
    let mut plan = plan(job(JobMode::Batch, Some(Duration::from_millis(1))));
    plan.source(&source, 2, &[Output::Transform(0)]);
    let keep = Arc::new(Keep { divisor: 1, seen: Arc::clone(&seen) });
    plan.transform(keep, &[Arc::clone(&source.table)], &[Output::Sink(0)]);
    plan.sink(&target, 2, &[Arc::clone(&source.table)]);
    let plan = Arc::new(plan);
    let mut stored = Stored::default();
    for attempt in 0..3 {
        let running = launch(bench, &plan, &mut stored);
        let crash = Crash { event: event + attempt, after_store };
        if running.crash(crash, &mut stored).await.is_some() {
            break;
        }
    }
    let end = launch(bench, &plan, &mut stored).finish(&mut stored).await;
    let Outcome::Finished(accounting) = &end.outcome else { panic!("{end:?}") };
    assert_eq!(target.visible(), source.all(), "event {event}, {after_store}");
    assert_eq!(target.staged(), Vec::<String>::new(), "event {event}, {after_store}");
    let rows = source.all().len() as u64;
    assert!(accounting.is_balanced(), "{accounting:?}");
    assert!(accounting.flows.iter().all(|flow| flow.sent == rows), "{accounting:?}");
    assert_eq!(end.metrics.read[0].rows, rows);
    assert_eq!(end.metrics.written[0].rows, rows);
    assert_eq!(end.metrics.committed, rows);
    assert_eq!(end.metrics.progress, Some((rows, rows)));
    assert!(seen.load(Ordering::Relaxed) <= rows, "a transform's state is that of its barrier");
    (stored.attempts, stored.checkpoints)
}

#[test]
fn a_crash_at_any_event_loses_and_doubles_nothing() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (mut attempts, mut checkpoints) = (0, 0);
        for event in 0..14 {
            for after_store in [false, true] {
                let (more, also) = survive(&bench, event, after_store).await;
                attempts += more;
                checkpoints += also;
            }
        }
        assert!(attempts > 60, "{attempts} attempts only: the crashes were not hit");
        assert!(checkpoints > 30, "{checkpoints} checkpoints");
    });
}

#[test]
fn a_final_checkpoint_is_only_committed_by_the_next_attempt() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(ScriptSource::new("in", 0, 3, 4, 5));
        let target = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 2, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        let crash = Crash { event: 1, after_store: true };
        assert!(running.crash(crash, &mut stored).await.is_none());
        assert!(stored.checkpoint.as_ref().unwrap().is_final);
        assert_eq!(target.visible(), Vec::<i64>::new());
        let opened = source.opened.lock().unwrap().len();
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        let Outcome::Finished(accounting) = &end.outcome else { panic!("{end:?}") };
        assert!(accounting.is_balanced() && accounting.flows[0].sent == 60, "{accounting:?}");
        assert_eq!(target.visible(), source.all());
        assert_eq!(source.opened.lock().unwrap().len(), opened, "nothing is read again");
        assert_eq!(stored.committed, stored.checkpoint.unwrap().epoch);
    });
}

#[test]
fn the_jobs_log_tells_what_happened() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = slow_source(4);
        let target = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, Some(Duration::from_millis(1))), &source, 2, &target));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.log");
        let mut stored = Stored::default();
        for crash in [Some(Crash { event: 3, after_store: true }), None] {
            stored.attempts += 1;
            let log = JobLog::to_file(path.clone(), LogLimits::default());
            let running = launch_logged(&bench, &plan, &stored, log);
            match crash {
                Some(crash) => assert!(running.crash(crash, &mut stored).await.is_none()),
                None => assert!(matches!(running.finish(&mut stored).await.outcome, Outcome::Finished(_))),
            }
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for line in [
            "attempt 1 started",
            "checkpoint 1 stored after",
            "attempt 1 is abandoned",
            "attempt 2 started: restored from checkpoint",
            "attempt 2 ended, finished: 60 rows read, 60 written, 60 committed; every row is accounted for",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    });
}

#[test]
fn without_checkpoints_it_starts_from_the_beginning_and_leftovers_go() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(ScriptSource::new("in", 0, 3, 4, 5));
        let target = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        assert!(running.crash(Crash { event: 1, after_store: false }, &mut stored).await.is_none());
        assert_eq!(target.staged().len(), 1);
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), source.all());
        assert_eq!(target.staged(), Vec::<String>::new());
        assert!(!stored.may_repeat, "a two-phase sink repeats nothing");
    });
}

#[test]
fn a_sink_that_only_writes_may_repeat_after_a_crash() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = slow_source(4);
        let target = Arc::new(Target { only_writes: true, ..Target::default() });
        let plan = Arc::new(simple(job(JobMode::Batch, Some(Duration::from_millis(1))), &source, 2, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        assert!(running.crash(Crash { event: 3, after_store: true }, &mut stored).await.is_none());
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        let Outcome::Finished(accounting) = &end.outcome else { panic!("{end:?}") };
        assert!(stored.may_repeat);
        let mut rows = target.visible();
        assert!(rows.len() >= source.all().len());
        rows.dedup();
        assert_eq!(rows, source.all(), "nothing is lost");
        assert!(accounting.is_balanced(), "{accounting:?}");
        assert_eq!(end.metrics.written[0].rows, 60, "counts go on from the checkpoint");
    });
}
