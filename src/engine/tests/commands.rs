//! Stop, savepoint, suspend.

use super::harness::*;
use super::memory::Target;
use super::script::{ScriptSource, Trick};
use crate::exec::{Outcome, RunCommand};
use crate::model::Epoch;
use crate::plugin::JobMode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

fn gated(permits: usize) -> (Arc<ScriptSource>, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(permits));
    let mut source = ScriptSource::new("in", 0, 4, 5, 5);
    source.gate = Some(Arc::clone(&gate));
    (Arc::new(source), gate)
}

fn written(running: &Running) -> u64 {
    running.handle.as_ref().unwrap().metrics.snapshot().written[0].rows
}

#[test]
fn a_savepoint_stops_and_the_next_start_goes_on_from_it() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for mode in [JobMode::Batch, JobMode::Streaming] {
            let (source, gate) = gated(7);
            let target = Arc::new(Target::default());
            let plan = Arc::new(simple(job(mode, None), &source, 2, &target));
            let mut stored = Stored::default();
            let running = launch(&bench, &plan, &mut stored);
            until("7 batches are written", || written(&running) == 35).await;
            running.command(RunCommand::Savepoint);
            let end = running.finish(&mut stored).await;
            assert_eq!(end.outcome, Outcome::SavepointDone);
            assert_eq!(end.metrics.read[0].rows, 35, "nothing is read behind a savepoint");
            assert_eq!(target.visible().len(), 35);
            assert_eq!(target.staged(), Vec::<String>::new());
            let checkpoint = stored.checkpoint.clone().unwrap();
            assert!(checkpoint.is_savepoint && !checkpoint.is_final);
            assert_eq!(checkpoint.counters.metrics.committed, 35);
            assert_eq!(stored.committed, checkpoint.epoch);
            gate.add_permits(100);
            let running = launch(&bench, &plan, &mut stored);
            if mode == JobMode::Streaming {
                until("all is written", || written(&running) == 100).await;
                running.command(RunCommand::Savepoint);
            }
            let end = running.finish(&mut stored).await;
            match mode {
                JobMode::Batch => assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}"),
                JobMode::Streaming => assert_eq!(end.outcome, Outcome::SavepointDone),
            }
            assert_eq!(target.visible(), source.all());
            assert_eq!(end.metrics.read[0].rows, 100, "counters go on");
            assert_eq!(target.prepared_targets.load(Ordering::Relaxed), 1, "save modes run once");
        }
    });
}

#[test]
fn a_savepoint_at_the_end_of_the_data_is_the_end() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(ScriptSource::new("in", 0, 2, 3, 4));
        let gate = Arc::new(Semaphore::new(0));
        let target = Arc::new(Target { gate: Some(Arc::clone(&gate)), ..Target::default() });
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        let read = || running.handle.as_ref().unwrap().metrics.snapshot().read[0].rows;
        until("all is read", || read() == 24).await;
        running.command(RunCommand::Savepoint);
        gate.add_permits(100);
        let end = running.finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_) | Outcome::SavepointDone), "{end:?}");
        assert_eq!(matches!(end.outcome, Outcome::Finished(_)), stored.checkpoint.unwrap().is_final);
        assert_eq!(target.visible(), source.all());
    });
}

#[test]
fn a_savepoint_that_expires_is_reported_and_the_job_goes_on() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, gate) = gated(3);
        let writes = Arc::new(Semaphore::new(2));
        let target = Arc::new(Target { gate: Some(Arc::clone(&writes)), ..Target::default() });
        let mut settings = job(JobMode::Batch, None);
        settings.checkpoint_timeout = Some(Duration::from_millis(20));
        let plan = Arc::new(simple(settings, &source, 1, &target));
        let mut stored = Stored::default();
        let mut running = launch(&bench, &plan, &mut stored);
        until("2 batches are written", || written(&running) == 10).await;
        running.command(RunCommand::Savepoint);
        running.run_until(&mut stored, |stored| !stored.savepoint_failures.is_empty()).await;
        assert!(
            stored.savepoint_failures[0].contains("Checkpoint expired"),
            "{:?}",
            stored.savepoint_failures
        );
        gate.add_permits(100);
        writes.add_permits(100);
        let end = running.finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), source.all());
    });
}

#[test]
fn a_stop_takes_back_what_is_not_decided() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, gate) = gated(4);
        let target = Arc::new(Target::default());
        let settings = job(JobMode::Streaming, Some(Duration::from_millis(5)));
        let plan = Arc::new(simple(settings, &source, 2, &target));
        let mut stored = Stored::default();
        let mut running = launch(&bench, &plan, &mut stored);
        running.run_until(&mut stored, |stored| stored.committed >= Epoch(2)).await;
        gate.add_permits(3);
        running.command(RunCommand::Stop);
        let end = running.finish(&mut stored).await;
        assert_eq!(end.outcome, Outcome::Stopped);
        assert_eq!(target.staged(), Vec::<String>::new());
        assert!(target.visible().len() >= 20 && target.visible().len() <= 35);
        assert!(source.acknowledged.load(Ordering::Relaxed) >= 1, "readers are told of commits");
    });
}

#[test]
fn a_stop_ends_at_its_deadline_whatever_plugins_do() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        for (trick, block_writer) in [(Some(Trick::Never), false), (Some(Trick::Block), false), (None, true)]
        {
            let source = ScriptSource {
                trick: trick.map(|trick| (0, 1, trick)),
                ..ScriptSource::new("in", 0, 1, 9, 5)
            };
            let source = Arc::new(source);
            let target = Target { only_writes: true, block: block_writer.into(), ..Target::default() };
            let target = Arc::new(target);
            let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
            let mut stored = Stored::default();
            let mut running = launch(&bench, &plan, &mut stored);
            let read = || running.handle.as_ref().unwrap().metrics.snapshot().read[0].rows;
            until("it reads", || read() >= 5).await;
            running.command(RunCommand::Stop);
            let asked = Instant::now();
            let end = loop {
                let event = running.next().await;
                if let Some(end) = running.take(event, &mut stored) {
                    break end;
                }
            };
            assert_eq!(end.outcome, Outcome::Stopped);
            assert!(asked.elapsed() < Duration::from_secs(10));
            assert_eq!(stored.may_repeat, block_writer, "only a writer that is left behind may still write");
            source.release.store(true, Ordering::Relaxed);
            target.block.store(false, Ordering::Relaxed);
            running.gone().await;
        }
    });
}

#[test]
fn a_stop_overtakes_a_savepoint_and_comes_during_the_start() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let source = Arc::new(ScriptSource {
            trick: Some((0, 1, Trick::Never)),
            ..ScriptSource::new("in", 0, 1, 9, 5)
        });
        let target = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 1, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        running.command(RunCommand::Savepoint);
        running.command(RunCommand::Stop);
        let end = running.finish(&mut stored).await;
        assert_eq!(end.outcome, Outcome::Stopped);
        let running = launch(&bench, &plan, &mut stored);
        until("it reads", || written(&running) == 5).await;
        running.command(RunCommand::Savepoint);
        running.command(RunCommand::Stop);
        let end = running.finish(&mut stored).await;
        assert_eq!(end.outcome, Outcome::Stopped);
        assert!(stored.checkpoint.is_none());
        assert_eq!((target.visible(), target.staged()), (vec![], vec![]));
    });
}

#[test]
fn suspended_with_checkpoints_it_goes_on_where_it_was() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, gate) = gated(6);
        let target = Arc::new(Target { only_writes: true, ..Target::default() });
        let settings = job(JobMode::Batch, Some(Duration::from_secs(3600)));
        let plan = Arc::new(simple(settings, &source, 2, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        until("6 batches are written", || written(&running) == 30).await;
        running.command(RunCommand::Suspend);
        let end = running.finish(&mut stored).await;
        assert_eq!(end.outcome, Outcome::Suspended { stored: true });
        assert!(!stored.checkpoint.as_ref().unwrap().is_savepoint);
        gate.add_permits(100);
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), source.all(), "also a sink that only writes gets no row twice");
        assert!(!stored.may_repeat);
    });
}

#[test]
fn suspended_without_checkpoints_it_leaves_nothing() {
    let bench = plain_bench();
    bench.runtime.block_on(async {
        let (source, gate) = gated(6);
        let target = Arc::new(Target::default());
        let plan = Arc::new(simple(job(JobMode::Batch, None), &source, 2, &target));
        let mut stored = Stored::default();
        let running = launch(&bench, &plan, &mut stored);
        until("6 batches are written", || written(&running) == 30).await;
        running.command(RunCommand::Suspend);
        let end = running.finish(&mut stored).await;
        assert_eq!(end.outcome, Outcome::Suspended { stored: false });
        assert_eq!((target.visible(), target.staged()), (vec![], vec![]));
        gate.add_permits(100);
        let end = launch(&bench, &plan, &mut stored).finish(&mut stored).await;
        assert!(matches!(end.outcome, Outcome::Finished(_)), "{end:?}");
        assert_eq!(target.visible(), source.all());
    });
}
