//! Deleting one ended job because somebody asked for it: its record, texts, checkpoint and log.
//!
//! It goes the way of what retention deletes (`prune`): submissions under its id wait until it is decided.

use super::core::Core;
use super::flight::{Flight, Follow};
use super::handle::{Answer, SchedulerError};
use crate::model::{JobId, Op};

impl Core {
    /// Deletes an ended job; answered when it is durable. Deleting what isn't there is fine.
    pub(super) fn delete(&mut self, id: JobId, answer: Answer<()>) {
        let refusal = if self.closing.is_some() {
            Some(SchedulerError::Closing)
        } else if self.jobs.contains_key(&id) || self.lookups.contains_key(&id) {
            Some(SchedulerError::Lives(id))
        } else if self.pruner.deleting.contains_key(&id) {
            Some(SchedulerError::IsBeingDeleted(id))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            // A client that hung up is not told.
            let _gone = answer.send(Err(refusal));
            return;
        }
        self.pruner.deleting.insert(id, Vec::new());
        // Its bytes were counted, and how many they were is not known here.
        self.pruner.recount();
        let follows = vec![Follow::Forgotten(vec![id]), Follow::Answer(answer)];
        self.append(vec![Op::Forget { job: id }], Flight { follows, ..Flight::default() });
    }
}
