//! The event log of a job: bounded, and true about checkpoints.

use crate::model::{Epoch, EventKind, JobRecord, Millis};

/// The event log keeps the first lines of a job,
const FIRST_EVENTS: usize = 32;
/// and the newest ones,
const NEWEST_EVENTS: usize = 1000;
/// but of checkpoints only so many.
const CHECKPOINT_EVENTS: usize = 16;

/// Keeps the event log bounded: the first and the newest lines, and of checkpoints the newest.
pub fn trim(record: &mut JobRecord) {
    let is_checkpoint = |kind| matches!(kind, EventKind::Checkpoint | EventKind::CheckpointFailed);
    if record.events.last().is_some_and(|last| is_checkpoint(last.kind)) {
        let count = record.events.iter().filter(|event| is_checkpoint(event.kind)).count();
        let mut too_many = count.saturating_sub(CHECKPOINT_EVENTS);
        record.events.retain(|event| {
            let goes = too_many > 0 && is_checkpoint(event.kind);
            too_many -= usize::from(goes);
            !goes
        });
    }
    let too_many = record.events.len().saturating_sub(FIRST_EVENTS + NEWEST_EVENTS);
    if too_many > 0 {
        record.events.drain(FIRST_EVENTS..FIRST_EVENTS + too_many);
    }
}

/// The line of a checkpoint.
pub fn is_stored(epoch: Epoch) -> String {
    format!("checkpoint {epoch} is stored")
}

/// A checkpoint whose line is in the log already could not be stored. Answers the line that stands there now.
pub fn not_stored(record: &mut JobRecord, epoch: Epoch, why: &str, now: Millis) -> String {
    let cause = format!("checkpoint {epoch} could not be stored: {why}");
    let said = is_stored(epoch);
    let line = record.events.iter_mut().rev().find(|event| event.cause == said);
    match line.filter(|line| line.kind == EventKind::Checkpoint) {
        Some(line) => (line.kind, line.cause) = (EventKind::CheckpointFailed, cause.clone()),
        None => record.note(now, EventKind::CheckpointFailed, cause.clone()),
    }
    trim(record);
    cause
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MetricsSnapshot;
    use crate::scheduler::retry::RetryPolicy;
    use crate::scheduler::tests::records::record;
    use crate::scheduler::transition::{Activity, Event, Facts, advance};

    fn checkpoint(job: &mut JobRecord, kept: Option<Epoch>) {
        job.state = crate::model::JobState::Running;
        let facts = Facts {
            timeline: 7,
            activity: Activity::Attempt,
            checkpoint: None,
            uncommitted: false,
            retry: RetryPolicy::default(),
            closing: false,
            held: false,
        };
        advance(job, &facts, Event::Checkpoint(MetricsSnapshot::default(), kept), 9);
        trim(job);
    }

    #[test]
    fn it_keeps_the_first_and_the_newest_lines() {
        let mut job = record(1);
        for number in 0..1500 {
            job.note(9, EventKind::Noted, number.to_string());
            trim(&mut job);
        }
        assert_eq!(job.events.len(), FIRST_EVENTS + NEWEST_EVENTS);
        let seqs: Vec<u64> = job.events.iter().map(|event| event.seq).collect();
        assert_eq!((seqs[0], seqs[31], seqs[32], seqs[1031]), (1, 32, 501, 1500));
        assert!(job.events.iter().all(|event| event.cause == (event.seq - 1).to_string()));
    }

    #[test]
    fn of_checkpoints_the_newest_lines_are_kept_among_all_others() {
        let mut job = record(1);
        for epoch in 1..=100 {
            if epoch % 10 == 0 {
                job.note(9, EventKind::Noted, "between");
            }
            checkpoint(&mut job, Some(Epoch(epoch)));
        }
        let of = |kind| job.events.iter().filter(move |event| event.kind == kind);
        assert_eq!(of(EventKind::Noted).count(), 10);
        let kept: Vec<&str> = of(EventKind::Checkpoint).map(|event| event.cause.as_str()).collect();
        assert_eq!(
            (kept.len(), kept[0], kept[15]),
            (16, "checkpoint 85 is stored", "checkpoint 100 is stored")
        );
        assert!(job.events.is_sorted_by(|a, b| a.seq < b.seq));
        let before = job.events.len();
        checkpoint(&mut job, None);
        assert_eq!(job.events.len(), before, "the checkpoint at the end of the data is no line of its own");
    }

    #[test]
    fn a_checkpoint_that_was_not_stored_is_not_told_as_stored() {
        let mut job = record(1);
        (1..=2).for_each(|epoch| checkpoint(&mut job, Some(Epoch(epoch))));
        not_stored(&mut job, Epoch(2), "disk full", 10);
        not_stored(&mut job, Epoch(3), "disk full", 11);
        let told: Vec<_> = job.events.iter().map(|e| (e.seq, e.kind, e.cause.as_str())).collect();
        assert_eq!(
            told,
            [
                (1, EventKind::Checkpoint, "checkpoint 1 is stored"),
                (2, EventKind::CheckpointFailed, "checkpoint 2 could not be stored: disk full"),
                (3, EventKind::CheckpointFailed, "checkpoint 3 could not be stored: disk full"),
            ]
        );
    }
}
