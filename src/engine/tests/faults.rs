//! What goes wrong stays with its job, names its place, and leaves nothing behind.

use super::harness::*;
use super::memory::Target;
use super::script::{Keep, ScriptSource, Trick};
use crate::exec::{Outcome, RunCommand, RunEvent};
use crate::model::{Blame, Epoch, Fault, Retry};
use crate::plan::Output;
use crate::plugin::{JobMode, Out, RunContext, State, Transform, TransformDef};
use crate::table::{Batch, CatalogTable};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

async fn fault_of(bench: &Bench, source: ScriptSource, target: Target) -> (Fault, Arc<Target>) {
    let (source, target) = (Arc::new(source), Arc::new(target));
    let plan = Arc::new(simple(job(JobMode::Batch, Some(Duration::from_millis(1))), &source, 2, &target));
    let end = launch(bench, &plan, &mut Stored::default()).finish(&mut Stored::default()).await;
    (end.fault().clone(), target)
}

fn source() -> ScriptSource {
    ScriptSource::new("in", 0, 4, 4, 3)
}

#[test]
fn the_first_fault_names_its_vertex() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (fault, target) = fault_of(
            &bench,
            ScriptSource { trick: Some((2, 1, Trick::Fail)), ..source() },
            Target::default(),
        )
        .await;
        assert_eq!(fault.to_string(), "Source[0]-Script: line 7: bad number");
        assert_eq!(fault.blame, Blame::User);
        assert_eq!(target.staged(), Vec::<String>::new(), "what was not decided is taken back");

        let target = Target { fail_at: 5.into(), ..Target::default() };
        let (fault, target) = fault_of(&bench, source(), target).await;
        assert_eq!(fault.to_string(), "Sink[0]-Memory: disk full");
        assert_eq!(fault.retry, Retry::May);
        assert_eq!(target.staged(), Vec::<String>::new());

        let (fault, _) = fault_of(
            &bench,
            ScriptSource { trick: Some((0, 0, Trick::Panic)), ..source() },
            Target::default(),
        )
        .await;
        assert_eq!(fault.to_string(), "Source[0]-Script: panicked: on purpose");
        assert_eq!((fault.blame, fault.retry), (Blame::Internal, Retry::Never));
    });
}

#[test]
fn rows_repeat_only_where_a_writer_was_given_some() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for (fails_at, may_repeat) in [(0, false), (3, true)] {
            let trick = Some((0, fails_at, Trick::Fail));
            let source = Arc::new(ScriptSource { trick, ..ScriptSource::new("in", 0, 1, 4, 3) });
            let target = Arc::new(Target { only_writes: true, ..Target::default() });
            let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
            let mut stored = Stored { untouched: true, ..Stored::default() };
            for _ in 0..2 {
                let running = launch(&bench, &plan, &mut stored);
                let metrics = Arc::clone(&running.handle.as_ref().unwrap().metrics);
                running.finish(&mut stored).await;
                stored.untouched &= !metrics.touched.load(Ordering::Relaxed);
            }
            assert_eq!((stored.may_repeat, target.visible().is_empty()), (may_repeat, !may_repeat));
        }
    });
}

/// Panics at its first batch.
struct Broken;

impl TransformDef for Broken {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        Ok(vec![input.clone()])
    }

    fn start(
        &self,
        _: &RunContext,
        _: &[CatalogTable],
        _: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        Ok(Box::new(Broken))
    }
}

#[async_trait]
impl Transform for Broken {
    async fn apply(&mut self, _: Batch, _: &mut Out) -> Result<(), Fault> {
        panic!("no such column")
    }
}

#[test]
fn a_transform_is_named_though_it_runs_in_its_sources_task() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, target) = (Arc::new(source()), Arc::new(Target::default()));
        let mut plan = plan(job(JobMode::Batch, None));
        plan.source(&source, 2, &[Output::Transform(0)]);
        plan.transform(Arc::new(Broken), &[Arc::clone(&source.table)], &[Output::Sink(0)]);
        plan.transforms[0].name = "Transform[0]-Broken".into();
        plan.sink(&target, 2, &[Arc::clone(&source.table)]);
        let end =
            launch(&bench, &Arc::new(plan), &mut Stored::default()).finish(&mut Stored::default()).await;
        assert_eq!(end.fault().to_string(), "Transform[0]-Broken: panicked: no such column");
    });
}

#[test]
fn a_chain_of_thousands_overflows_no_stack() {
    const LENGTH: usize = 5_000;
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(ScriptSource::new("in", 0, 1, 2, 6));
        let target = Arc::new(Target::default());
        let mut plan = plan(job(JobMode::Batch, None));
        plan.source(&source, 1, &[Output::Transform(0)]);
        for next in 1..=LENGTH {
            let keep = Arc::new(Keep { divisor: if next == 1 { 3 } else { 1 }, seen: Arc::default() });
            let output = if next == LENGTH { Output::Sink(0) } else { Output::Transform(next) };
            plan.transform(keep, &[Arc::clone(&source.table)], &[output]);
        }
        plan.sink(&target, 1, &[Arc::clone(&source.table)]);
        let end =
            launch(&bench, &Arc::new(plan), &mut Stored::default()).finish(&mut Stored::default()).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), [0, 3, 6, 9]);
    });
}

#[test]
fn a_failed_check_at_the_end_stores_nothing() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, target) =
            (Arc::new(source()), Arc::new(Target { fail_finish: true.into(), ..Target::default() }));
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert_eq!(end.fault().to_string(), "Sink[0]-Memory: row count is 9, wanted are 10");
        assert!(stored.checkpoint.is_none());
        assert_eq!((target.visible(), target.staged()), (vec![], vec![]));
        assert_eq!(end.metrics.written[0].rows, 48, "a failed job keeps its counts");
    });
}

#[test]
fn a_call_that_does_not_return_fails_its_job_alone() {
    // Long enough that a busy machine makes no innocent call late.
    let bench = bench(settings(), Duration::from_secs(1));
    bench.runtime.block_on(async {
        let stuck = Arc::new(ScriptSource { trick: Some((1, 2, Trick::Block)), ..source() });
        let neighbour = Arc::new(ScriptSource::new("other", 0, 8, 50, 10));
        let targets = [Arc::new(Target::default()), Arc::new(Target::default())];
        let settings = || job(JobMode::Batch, None);
        let plans = [
            Arc::new(simple(settings(), &stuck, 2, &targets[0])),
            Arc::new(simple(settings(), &neighbour, 2, &targets[1])),
        ];
        let (mut first, mut second) = (Stored::default(), Stored::default());
        let mut running = launch(&bench, &plans[0], &mut first);
        let end = loop {
            let event = running.next().await;
            if let Some(end) = running.take(event, &mut first) {
                break end;
            }
        };
        let text = end.fault().to_string();
        assert_eq!(text, "Source[0]-Script: a call did not return within 1s; its thread was given up");
        assert_eq!(bench.pool.threads_given_up(), 1);
        let other = launch(&bench, &plans[1], &mut second).finish(&mut second).await;
        assert!(matches!(other.outcome, Outcome::Finished(_)), "{other:?}");
        assert_eq!(targets[1].visible(), neighbour.all());
        stuck.release.store(true, Ordering::Relaxed);
        running.gone().await;
        assert_eq!((targets[0].visible(), targets[0].staged()), (vec![], vec![]));
    });
}

#[test]
fn a_commit_that_fails_is_tried_again() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(source());
        let target = Arc::new(Target { failing_commits: 3.into(), ..Target::default() });
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), source.all());
    });
}

#[test]
fn a_commit_that_fails_for_good_keeps_its_handles() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for (failing, is_final) in [(u32::MAX, false), (1, true)] {
            let source = Arc::new(source());
            let target =
                Target { failing_commits: failing.into(), is_final: is_final.into(), ..Target::default() };
            let target = Arc::new(target);
            let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
            let mut stored = Stored::default();
            let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
            let fault = end.fault();
            assert_eq!(fault.to_string(), "Sink[0]-Memory: the directory is gone");
            assert_eq!(fault.retry, Retry::Never);
            assert_eq!(target.staged().len(), 1, "kept for a resume");
            assert_eq!(stored.checkpoint.as_ref().unwrap().prepared.len(), 1);
            target.failing_commits.store(0, Ordering::Relaxed);
            let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
            assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
            assert_eq!(target.visible(), source.all());
        }
    });
}

#[test]
fn a_lost_handle_fails_loudly() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, target) = (Arc::new(source()), Arc::new(Target::default()));
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        assert!(running.crash(Crash { event: 1, after_store: true }, &mut stored).await.is_none());
        let lost = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &lost));
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert!(end.fault().to_string().contains("is neither staged nor visible"), "{end:?}");
    });
}

#[test]
fn a_checkpoint_that_is_not_stored_is_not_committed() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, target) = (Arc::new(source()), Arc::new(Target::default()));
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let mut running = launch(&bench, &plan, &mut stored);
        while !matches!(running.next().await, RunEvent::Checkpoint { .. }) {}
        let end = running.finish(&mut stored).await;
        assert!(end.fault().message.contains("checkpoint 1 could not be stored"), "{end:?}");
        assert_eq!(target.visible(), Vec::<i64>::new());
        assert_eq!(target.staged().len(), 1, "it may be decided: the next attempt knows");
    });
}

/// With the disk full, the job goes on without checkpoints and savepoints; none of its rows is lost or comes twice.
#[test]
fn a_refused_checkpoint_is_skipped_and_decided_with_the_next_one() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for end in [None, Some(RunCommand::Stop), Some(RunCommand::Suspend)] {
            let gate = Arc::new(tokio::sync::Semaphore::new(3));
            let source = Arc::new(ScriptSource { gate: Some(Arc::clone(&gate)), ..source() });
            let target = Arc::new(Target::default());
            let settings = job(JobMode::Batch, Some(Duration::from_millis(5)));
            let plan = Arc::new(simple(settings, &source, 1, &target));
            let mut stored = Stored { is_full: true, ..Stored::default() };
            let mut running = launch(&bench, &plan, &mut stored);
            until("rows are staged", || !target.staged().is_empty()).await;
            running.run_until(&mut stored, |stored| stored.refused >= Epoch(4)).await;
            running.command(RunCommand::Savepoint);
            running.run_until(&mut stored, |stored| !stored.savepoint_failures.is_empty()).await;
            assert!(stored.savepoint_failures[0].ends_with("could not be stored: no space"));
            running.run_until(&mut stored, |stored| stored.refused >= Epoch(9)).await;
            assert_eq!(target.visible(), Vec::<i64>::new());
            if let Some(command) = end {
                running.command(command);
                let outcome = running.finish(&mut stored).await.outcome;
                assert!(
                    matches!(outcome, Outcome::Stopped | Outcome::Suspended { stored: false }),
                    "{outcome:?}"
                );
                assert_eq!(target.staged(), Vec::<String>::new());
                // Nothing was ever stored: it begins anew.
                stored = Stored { attempts: stored.attempts, ..Stored::default() };
                running = launch(&bench, &plan, &mut stored);
            }
            stored.is_full = false;
            gate.add_permits(100);
            let end = running.finish(&mut stored).await;
            assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
            assert_eq!((target.visible(), target.staged()), (source.all(), Vec::new()));
        }
    });
}

#[test]
fn a_last_checkpoint_that_is_refused_fails_the_job_with_the_reason() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, target) = (Arc::new(source()), Arc::new(Target::default()));
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored { is_full: true, ..Stored::default() };
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert_eq!(end.fault().message, "checkpoint 1 could not be stored: no space");
        assert_eq!(
            (target.visible(), target.staged()),
            (Vec::new(), Vec::new()),
            "it is known not to be decided"
        );
    });
}

#[test]
fn a_late_checkpoint_fails_a_streaming_job_and_warns_in_a_batch_job() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for mode in [JobMode::Streaming, JobMode::Batch] {
            let gate = Arc::new(tokio::sync::Semaphore::new(0));
            let reads = Arc::new(tokio::sync::Semaphore::new(3));
            let source = Arc::new(ScriptSource { gate: Some(Arc::clone(&reads)), ..source() });
            let target = Arc::new(Target { gate: Some(Arc::clone(&gate)), ..Target::default() });
            let mut settings = job(mode, Some(Duration::from_millis(5)));
            settings.checkpoint_timeout = Some(Duration::from_millis(20));
            let plan = Arc::new(simple(settings, &source, 1, &target));
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("job.log");
            let log = crate::runtime::JobLog::to_file(path.clone(), crate::runtime::LogLimits::default());
            let running = launch_logged(&bench, &plan, &Stored::default(), log);
            let text = || std::fs::read_to_string(&path).unwrap_or_default();
            let expired = "Checkpoint expired before completing. Please increase checkpoint timeout";
            until("the checkpoint is late", || text().contains(expired)).await;
            gate.add_permits(1_000);
            reads.add_permits(1_000);
            let end = running.finish(&mut Stored::default()).await;
            match mode {
                JobMode::Streaming => {
                    assert!(end.fault().message.starts_with(expired), "{end:?}");
                    assert!(end.fault().message.ends_with("waited for Sink[0]-Memory"), "{end:?}");
                }
                JobMode::Batch => assert_eq!(target.visible(), source.all()),
            }
        }
    });
}
