//! What damage means for jobs: which of them can't be known any more, which checkpoints must not be used.
//!
//! A change that is damaged but whose job has a newer one of the same kind does no harm. Where it isn't known what was
//! lost, a live job counts as known only if everything that matters of it was stored behind the damage. The
//! verdicts are appended to the journal like any change.

use super::error::StoreError;
use super::journal::{Damage, Fetcher, MAX_PARTS, Part, Place, is_archived, relative_path};
use super::record::{PartKind, state_code};
use super::replay::{At, Replay, Seen, fetch_record, fetch_whole_record};
use crate::model::{
    DagInfo, EventKind, Fault, JobId, JobRecord, JobState, MetricsSnapshot, Millis, Op, Origin,
};
use std::collections::{BTreeMap, BTreeSet};

/// Jobs that one note names.
const NAMED: usize = 100;

/// The record of a job of which none is left.
pub fn unknowable(id: JobId, at: Millis, cause: &str) -> JobRecord {
    let mut record = JobRecord {
        id,
        name: format!("job {id}"),
        state: JobState::Unknowable,
        stop_request: None,
        origin: Origin::Rest,
        created: at,
        started: None,
        ended: Some(at),
        from_savepoint: false,
        attempt: None,
        retries: 0,
        deaths: 0,
        slots: 0,
        waiting: None,
        fault: Some(Fault::internal(cause)),
        savepoint_failure: None,
        rows_may_repeat: false,
        env: Vec::new(),
        dag: DagInfo::default(),
        metrics: MetricsSnapshot::default(),
        accounting: None,
        events: Vec::new(),
        key: None,
    };
    record.note(at, EventKind::Ended, cause);
    record
}

#[derive(Default)]
struct Verdicts {
    unknowable: BTreeMap<JobId, String>,
    drop_checkpoint: BTreeSet<JobId>,
}

/// The ops that put into the journal what `damage` means, in requests that fit a frame.
pub fn pass(
    replay: &Replay,
    damage: &[Damage],
    fetcher: &Fetcher,
    now: Millis,
) -> Result<Vec<Vec<Op>>, StoreError> {
    let mut verdicts = Verdicts::default();
    for damage in damage.iter().filter(|damage| damage.lost.0 <= damage.lost.1) {
        let cause = format!("stored data is damaged: {}", describe(damage));
        match &damage.parts {
            Some(parts) => {
                // What was deleted since is not missed.
                let is_missed = |part: &&Part| {
                    replay.forgotten.get(&part.job).is_none_or(|deleted| *deleted < damage.lost.0)
                };
                for part in parts.iter().filter(is_missed) {
                    let seen = replay.jobs.get(&part.job).copied().unwrap_or_default();
                    verdicts.known_loss(PartKind::of(part)?, part.job, &seen, damage.lost.0, &cause);
                    // A frame of the archive held the job's checkpoint too.
                    if is_archived(damage.segment) && goes_on(&seen, damage.lost.0, fetcher)? {
                        verdicts.known_loss(PartKind::Checkpoint, part.job, &seen, damage.lost.0, &cause);
                    }
                }
            }
            None => {
                for (job, seen) in &replay.jobs {
                    let known = Known::behind(damage.lost.1, seen, fetcher)?;
                    verdicts.unknown_loss(*job, seen, &known, &cause);
                }
            }
        }
    }
    for (job, seen) in replay.jobs.iter().filter(|(_, seen)| seen.is_live() && seen.texts.is_none()) {
        verdicts.of(*job, seen, "its texts are damaged, so it can't be run");
    }
    // A file of the archive whose directory is lost too doesn't tell which checkpoints it held.
    if damage.iter().any(|damage| is_archived(damage.segment) || damage.lost.0 <= damage.lost.1) {
        for (job, seen) in
            replay.jobs.iter().filter(|(_, seen)| seen.is_live() && seen.checkpoint_changed == 0)
        {
            if goes_on(seen, u64::MAX, fetcher)? {
                verdicts.of(*job, seen, "the checkpoint that it goes on from is damaged, so it can't be run");
            }
        }
    }
    let mut ops = Vec::new();
    for (job, cause) in verdicts.unknowable {
        let earlier = replay.jobs.get(&job).and_then(|seen| seen.record);
        let earlier = earlier.map(|at| fetch_whole_record(fetcher, at.place)).transpose()?;
        ops.push(Op::Record(Box::new(match earlier {
            None => unknowable(job, now, &cause),
            Some(mut record) => {
                record.state = JobState::Unknowable;
                record.note(now, EventKind::Ended, cause.clone());
                record.waiting = None;
                record.ended = Some(now);
                record.fault = Some(Fault::internal(cause));
                record
            }
        })));
    }
    ops.extend(verdicts.drop_checkpoint.into_iter().map(|job| Op::DropCheckpoint { job }));
    Ok(ops.chunks(MAX_PARTS / 64).map(<[Op]>::to_vec).collect())
}

/// Whether a job was submitted to go on from a checkpoint of which nothing is known since change `lost`.
pub fn goes_on(seen: &Seen, lost: u64, fetcher: &Fetcher) -> Result<bool, StoreError> {
    let Some(record) = seen.record.filter(|_| seen.checkpoint_changed < lost) else { return Ok(false) };
    Ok(fetch_record(fetcher, record.place)?.from_savepoint)
}

fn is_before(at: Option<At>, sequence: u64) -> bool {
    at.is_none_or(|at| at.sequence < sequence)
}

/// What is known of a job although something was lost, and nobody knows what.
struct Known {
    record: bool,
    texts: bool,
    checkpoint: bool,
}

impl Known {
    /// What of a job was stored behind change `last`.
    fn behind(last: u64, seen: &Seen, fetcher: &Fetcher) -> Result<Self, StoreError> {
        let mut known = Self {
            record: !is_before(seen.record, last + 1),
            texts: !is_before(seen.texts, last + 1),
            checkpoint: seen.checkpoint_changed > last,
        };
        let (Some(record), Some(texts)) = (seen.record, seen.texts) else { return Ok(known) };
        if known.texts && (seen.is_live() || seen.checkpoint.is_some()) {
            // A new job has no older checkpoint, but one that was submitted to go on from its checkpoint has.
            known.checkpoint |= !fetch_record(fetcher, record.place)?.from_savepoint;
        } else if known.record && known.checkpoint && seen.is_live() {
            // Its texts are older than the damage: it may have been submitted anew since, with others.
            let submitted = Place { part: texts.place.part.saturating_sub(1), ..texts.place };
            let (then, now) = (fetch_record(fetcher, submitted)?, fetch_record(fetcher, record.place)?);
            known.texts = then.created == now.created;
        }
        Ok(known)
    }
}

impl Verdicts {
    fn of(&mut self, job: JobId, seen: &Seen, cause: &str) {
        if seen.record.is_none() || seen.is_live() {
            self.unknowable.entry(job).or_insert_with(|| cause.to_owned());
        }
    }

    /// One part of a job was lost, and it is known which.
    fn known_loss(&mut self, kind: PartKind, job: JobId, seen: &Seen, lost: u64, cause: &str) {
        match kind {
            PartKind::Submitted | PartKind::Record => {
                if is_before(seen.record, lost) {
                    self.unknowable.entry(job).or_insert_with(|| cause.to_owned());
                }
            }
            PartKind::Texts => {
                if is_before(seen.texts, lost) {
                    self.of(job, seen, cause);
                }
            }
            PartKind::Checkpoint => {
                if seen.checkpoint_changed < lost {
                    self.of(job, seen, cause);
                    self.drop_checkpoint.insert(job);
                }
            }
            PartKind::DropCheckpoint => {
                if seen.checkpoint_changed < lost {
                    self.drop_checkpoint.insert(job);
                }
            }
            // A commit is rolled forward again, tags are set again, ids rise with the clock, and a held copy stays
            // held; what was deleted can be deleted again.
            // Events lie beside their record, and are lost with it.
            PartKind::Committed
            | PartKind::Tags
            | PartKind::IdFloor
            | PartKind::Resumed
            | PartKind::Forget
            | PartKind::ImageHead
            | PartKind::Directory
            | PartKind::Events => {}
        }
    }

    /// Something was lost, and it isn't known what.
    fn unknown_loss(&mut self, job: JobId, seen: &Seen, known: &Known, cause: &str) {
        let may_run = seen.is_live() || seen.record.is_none();
        if may_run && !(known.record && known.texts && known.checkpoint) {
            self.of(job, seen, cause);
        }
        if known.record && !known.checkpoint && seen.checkpoint.is_some() {
            self.drop_checkpoint.insert(job);
        }
    }
}

/// Whether all that was hit had been stored again since.
pub fn costs_nothing(replay: &Replay, damage: &Damage, fetcher: &Fetcher) -> Result<bool, StoreError> {
    let (lost, last) = damage.lost;
    let Some(parts) = damage.parts.as_ref().filter(|parts| lost <= last && !parts.is_empty()) else {
        return Ok(false);
    };
    for part in parts {
        if replay.forgotten.get(&part.job).is_some_and(|deleted| *deleted > last) {
            continue;
        }
        // Those that are not known here may be known elsewhere.
        let Some(seen) = replay.jobs.get(&part.job) else { return Ok(false) };
        // All that was stored since may be the word that it can't be known any more.
        if is_unknowable(seen) {
            return Ok(false);
        }
        let is_over = match PartKind::of(part)? {
            PartKind::Submitted | PartKind::Record if is_archived(damage.segment) => {
                let is_whole = !is_before(seen.record, last + 1) && !is_before(seen.texts, last + 1);
                is_whole && !goes_on(seen, lost, fetcher)?
            }
            PartKind::Submitted | PartKind::Record | PartKind::Events => !is_before(seen.record, last + 1),
            PartKind::Texts => !is_before(seen.texts, last + 1),
            PartKind::Checkpoint | PartKind::DropCheckpoint => seen.checkpoint_changed > last,
            // It is done again.
            PartKind::Committed => true,
            PartKind::Tags
            | PartKind::IdFloor
            | PartKind::Resumed
            | PartKind::Forget
            | PartKind::ImageHead
            | PartKind::Directory => false,
        };
        if !is_over {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is said of damage that [costs nothing](costs_nothing).
pub const HARMLESS: &str = "; nothing is lost, because it was stored again since";

/// The notes of a start about damage.
pub fn notes(replay: &Replay, damage: &[Damage], fetcher: &Fetcher) -> Result<Vec<String>, StoreError> {
    let note = |damage: &Damage| {
        let harmless = if costs_nothing(replay, damage, fetcher)? { HARMLESS } else { "" };
        Ok(format!("{}{harmless}", describe(damage)))
    };
    damage.iter().map(note).collect()
}

/// A damage in words.
pub fn describe(damage: &Damage) -> String {
    let place = format!("{}, byte {}: {}", relative_path(damage.segment), damage.offset, damage.what);
    let parts = damage.parts.iter().flatten();
    let jobs: BTreeSet<JobId> = parts.map(|part| part.job).filter(|job| *job != JobId(0)).collect();
    if jobs.is_empty() {
        return place;
    }
    let jobs: Vec<String> = jobs.iter().map(|job| format!("job {job}")).collect();
    format!("{place} ({})", jobs.join(", "))
}

fn is_unknowable(seen: &Seen) -> bool {
    seen.state == state_code(JobState::Unknowable)
}

/// The jobs that can't be known any more because of `damage`, by `verdicts` or by those of an earlier start, in words; the
/// first hundred by name.
pub fn name_lost(verdicts: &[Vec<Op>], replay: &Replay, damage: &[Damage]) -> Option<String> {
    let lost = verdicts.iter().flatten().filter_map(|op| match op {
        Op::Record(record) => Some(record.id),
        _ => None,
    });
    let is_cause = |job: &JobId, judged: u64, damage: &Damage| {
        let is_about = |parts: &Vec<Part>| parts.iter().any(|part| part.job == *job);
        damage.lost.0 <= damage.lost.1 && damage.lost.1 < judged && damage.parts.as_ref().is_none_or(is_about)
    };
    let judged = replay.jobs.iter().filter(|(_, seen)| is_unknowable(seen)).filter(|(job, seen)| {
        let at = seen.record.map_or(0, |at| at.sequence);
        damage.iter().any(|damage| is_cause(job, at, damage))
    });
    let lost: BTreeSet<JobId> = lost.chain(judged.map(|(job, _)| *job)).collect();
    let mut names: Vec<String> = lost.iter().map(|job| format!("job {job}")).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    (!names.is_empty()).then(|| format!("UNKNOWABLE because of damage: {}", names.join(", ")))
}
