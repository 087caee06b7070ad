//! Checkpoints as the engine shows them, per pipeline. A checkpoint here is of the whole job: each of its pipelines shows
//! the same ones.

use crate::model::{JobId, Millis};
use crate::scheduler::{CheckpointBook, CheckpointNote};
use serde_json::{Map, Value, json};

/// What is known of the checkpoints of a job.
pub struct Checkpoints<'a> {
    /// The job.
    pub id: JobId,
    /// Now.
    pub now: Millis,
    /// Its pipelines.
    pub pipelines: Vec<u32>,
    /// What is known.
    pub book: &'a CheckpointBook,
}

impl Checkpoints<'_> {
    /// The wire shape.
    #[must_use]
    pub fn view(&self) -> Value {
        let book = self.book;
        let latest = |wanted: fn(&CheckpointNote) -> bool| {
            book.notes.iter().find(|note| wanted(note)).map_or_else(|| json!({}), checkpoint)
        };
        let pipeline = |id: &u32| {
            json!({
                "pipelineId": id,
                "counts": {
                    "triggered": book.completed + book.failed,
                    "completed": book.completed,
                    "failed": book.failed,
                    "inProgress": 0,
                    "restored": book.restored,
                },
                "latestCompleted": latest(|note| note.failure.is_none()),
                "latestFailed": latest(|note| note.failure.is_some()),
                "latestSavepoint": latest(|note| note.is_savepoint && note.failure.is_none()),
                "inProgress": [],
                "history": checkpoint_history(book, [*id].into_iter(), None, usize::MAX),
            })
        };
        json!({
            "jobId": self.id.to_string(),
            "updatedAt": self.now,
            "pipelines": self.pipelines.iter().map(pipeline).collect::<Vec<_>>(),
        })
    }
}

/// The checkpoints of these pipelines, newest first; of that status, if one is given.
#[must_use]
pub fn checkpoint_history(
    book: &CheckpointBook,
    pipelines: impl Iterator<Item = u32>,
    status: Option<&str>,
    limit: usize,
) -> Vec<Value> {
    let pipelines: Vec<u32> = pipelines.collect();
    book.notes
        .iter()
        .filter(|note| status.is_none_or(|status| status == status_of(note)))
        .flat_map(|note| {
            pipelines.iter().map(move |id| json!({"pipelineId": id, "checkpoint": checkpoint(note)}))
        })
        .take(limit)
        .collect()
}

fn status_of(note: &CheckpointNote) -> &'static str {
    if note.failure.is_some() { "FAILED" } else { "COMPLETED" }
}

fn checkpoint(note: &CheckpointNote) -> Value {
    let CheckpointNote { epoch, at, is_savepoint, is_final, bytes, failure } = note;
    let kind = match (is_savepoint, is_final) {
        (true, _) => "savepoint",
        (false, true) => "completed-point",
        (false, false) => "checkpoint",
    };
    let mut view = Map::from_iter([
        ("checkpointId".to_owned(), json!(epoch.0)),
        ("checkpointType".to_owned(), json!(kind)),
        ("status".to_owned(), json!(status_of(note))),
        ("triggerTimestamp".to_owned(), json!(at)),
    ]);
    match failure {
        None => view.insert("completedTimestamp".to_owned(), json!(at)),
        Some(why) => view.insert("failureReason".to_owned(), json!(why)),
    };
    view.insert("stateSize".to_owned(), json!(bytes));
    Value::Object(view)
}
