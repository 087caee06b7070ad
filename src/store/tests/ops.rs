//! Changes as the tests make them.

use crate::model::*;
use crate::store::verdict::unknowable;

/// A record in `state`; ended jobs end at `1000 + id`.
pub fn record(id: i64, state: JobState) -> JobRecord {
    JobRecord {
        name: format!("job-{id}"),
        state,
        created: 500_i64.wrapping_add(id),
        ended: state.is_end().then_some(1000_i64.wrapping_add(id)),
        fault: None,
        slots: 1,
        env: vec![("job.mode".into(), "BATCH".into())],
        events: vec![JobEvent {
            seq: 1,
            kind: EventKind::Noted,
            at: 500_i64.wrapping_add(id),
            state,
            attempt: 0,
            cause: "test".into(),
        }],
        ..unknowable(JobId(id), 0, "")
    }
}

pub fn texts(id: i64, bytes: usize) -> JobTexts {
    JobTexts {
        submitted: format!("{{\"job\": {id}, \"fill\": \"{}\"}}", "x".repeat(bytes)),
        format: TextFormat::Json,
        resolved: format!("{{\"job\": {id}}}"),
        catalogues: "[]".into(),
    }
}

pub fn submitted(id: i64) -> Op {
    Op::Submitted { record: Box::new(record(id, JobState::Pending)), texts: Box::new(texts(id, 20)) }
}

pub fn change(id: i64, state: JobState) -> Op {
    Op::Record(Box::new(record(id, state)))
}

pub fn checkpoint(id: i64, epoch: u64, bytes: usize) -> Op {
    let checkpoint = Checkpoint {
        epoch: Epoch(epoch),
        attempt: AttemptId { timeline: 7, number: 1 },
        at: 600,
        is_final: false,
        is_savepoint: false,
        state: vec![epoch as u8; bytes],
        prepared: vec![Prepared { sink: 0, epoch: Epoch(epoch), rows: 3, data: vec![1, 2, 3] }],
        counters: Counters::default(),
    };
    Op::Checkpoint { job: JobId(id), checkpoint: Box::new(checkpoint) }
}
