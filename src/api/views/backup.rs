//! Backups and inspected data directories on the wire; the command line's `--json` prints the same.

use super::local_time;
use crate::model::{JobState, Millis};
use crate::store::Inspected;
use crate::store::backup::{Backup, Created, Figures};
use serde_json::{Map, Value, json};

/// A backup. What is not known is null.
#[must_use]
pub fn backup(backup: &Backup) -> Value {
    let figures = backup.figures.as_ref();
    json!({
        "name": backup.name,
        "path": backup.path.display().to_string(),
        "state": backup.state.name(),
        "time": time(backup.made),
        "bytes": backup.bytes,
        "why": backup.why,
        "jobs": figures.map(Figures::jobs),
        "endedJobs": figures.map(|f| f.ended),
        "liveJobs": figures.map(|f| f.live),
        "lastChange": figures.map(|f| f.last_change),
        "lastChangeTime": time(figures.and_then(|f| f.last_change_at)),
    })
}

/// A backup that was just made, with what is damaged in it.
#[must_use]
pub fn created(created: &Created) -> Value {
    let mut shown = backup(&created.backup);
    let seen = inspected(&created.seen);
    for key in ["damage", "lostJobs", "notes"] {
        shown[key] = seen[key].clone();
    }
    shown
}

/// What was found in a data directory.
#[must_use]
pub fn inspected(seen: &Inspected) -> Value {
    let states = JobState::ALL.into_iter().filter(|state| state.is_end());
    let by_state: Map<String, Value> =
        states.map(|state| (state.to_string(), seen.ended.of(state).into())).collect();
    let damage = seen.damage.iter().map(|finding| {
        let jobs: Vec<String> = finding.jobs.iter().map(ToString::to_string).collect();
        json!({"place": finding.place, "what": finding.what, "jobs": jobs})
    });
    let lost = seen.lost.iter().map(|(job, why)| json!({"jobId": job.to_string(), "why": why}));
    json!({
        "path": seen.path.display().to_string(),
        "state": if seen.is_sound() { "sound" } else { "damaged" },
        "store": seen.store,
        "held": seen.held,
        "jobs": seen.jobs(),
        "endedJobs": seen.ended.total(),
        "endedByState": by_state,
        "liveJobs": seen.live,
        "segments": seen.segments,
        "journalBytes": seen.bytes,
        "lastChange": seen.last_change,
        "lastChangeTime": time(seen.last_change_at),
        "damage": damage.collect::<Vec<_>>(),
        "lostJobs": lost.collect::<Vec<_>>(),
        "doubt": seen.doubt,
        "notes": seen.notes,
    })
}

fn time(at: Option<Millis>) -> Option<String> {
    at.map(local_time)
}
