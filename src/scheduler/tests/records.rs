//! Records and checkpoints to start from.

use crate::model::{
    AttemptId, Checkpoint, Counters, DagInfo, Epoch, JobId, JobRecord, JobState, MetricsSnapshot, Origin,
};

/// A new job's record.
pub fn record(id: i64) -> JobRecord {
    JobRecord {
        id: JobId(id),
        name: format!("job {id}"),
        state: JobState::Created,
        stop_request: None,
        origin: Origin::Rest,
        created: 1,
        started: None,
        ended: None,
        from_savepoint: false,
        attempt: None,
        retries: 0,
        deaths: 0,
        slots: 1,
        waiting: None,
        fault: None,
        savepoint_failure: None,
        rows_may_repeat: false,
        env: Vec::new(),
        dag: DagInfo::default(),
        metrics: MetricsSnapshot::default(),
        accounting: None,
        events: Vec::new(),
        key: None,
    }
}

/// A checkpoint of attempt 1.
pub fn checkpoint(epoch: u64) -> Checkpoint {
    Checkpoint {
        epoch: Epoch(epoch),
        attempt: AttemptId { timeline: 7, number: 1 },
        at: 1,
        is_final: false,
        is_savepoint: false,
        state: vec![1, 2, 3],
        prepared: Vec::new(),
        counters: Counters::default(),
    }
}
