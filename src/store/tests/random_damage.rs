//! One random damage to one random file, as a bad disk or a careless hand makes it: the store opens, serves exactly what
//! was not hit, and never passes off an older state of what was hit as the current one.
//!
//! `SEIKAN_DAMAGES` sets how many cases there are, `SEIKAN_DAMAGES_FROM` with which one to begin.

use super::history::{History, Known, State};
use super::seeds::cases;
use super::*;
use crate::store::journal::{FrameHeader, Item, SegmentHeader, items};
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// No start takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was done to a file.
#[derive(Clone, Debug)]
struct Hit {
    file: PathBuf,
    what: String,
    /// The bytes that are not what they were.
    bytes: Vec<Range<u64>>,
    /// Whether the file is gone.
    is_removed: bool,
}

/// Damages a file in place.
fn hit(file: &Path, random: &mut SmallRng) -> Hit {
    let mut bytes = std::fs::read(file).unwrap();
    let length = bytes.len();
    let mut hit = Hit { file: file.to_owned(), what: String::new(), bytes: Vec::new(), is_removed: false };
    let span = |range: Range<usize>| range.start as u64..range.end as u64;
    let kind = random.random_range(0..9);
    match kind {
        0 => {
            std::fs::remove_file(file).unwrap();
            hit.what = "removed".to_owned();
            hit.bytes.push(0..u64::MAX);
            hit.is_removed = true;
            return hit;
        }
        1 => {
            bytes.clear();
            hit.what = "emptied".to_owned();
            hit.bytes.push(0..u64::MAX);
        }
        2 => {
            bytes.truncate(random.random_range(0..=length));
            hit.what = format!("truncated to {}", bytes.len());
            hit.bytes.push(bytes.len() as u64..u64::MAX);
        }
        3 => {
            bytes.extend((0..random.random_range(1..5000)).map(|_| random.random::<u8>()));
            hit.what = format!("{} bytes of garbage appended", bytes.len() - length);
        }
        4 | 5 if length > 0 => {
            let from = random.random_range(0..length);
            let to = (from + (512 << random.random_range(0..=7))).min(length);
            bytes[from..to].fill(0);
            hit.what = format!("zeros at {from}..{to}");
            hit.bytes.push(span(from..to));
        }
        6 if length >= 1024 => {
            let block = if length >= 8192 && random.random() { 4096 } else { 512 };
            let (one, other) =
                (random.random_range(0..length / block), random.random_range(0..length / block));
            for at in 0..block {
                bytes.swap(one * block + at, other * block + at);
            }
            hit.what = format!("blocks {one} and {other} of {block} bytes swapped");
            // What lies between them too: it is read behind what came later.
            hit.bytes.push(span(one.min(other) * block..(one.max(other) + 1) * block));
        }
        _ if length > 0 => {
            let at = random.random_range(0..length);
            let bit = random.random_range(0..8);
            bytes[at] ^= 1 << bit;
            hit.what = format!("bit {bit} of byte {at} flipped");
            hit.bytes.push(span(at..at + 1));
        }
        _ => hit.what = "nothing: it is empty".to_owned(),
    }
    let changed = std::fs::metadata(file).unwrap().modified().unwrap();
    // In place: it stays the same file.
    std::fs::write(file, bytes).unwrap();
    if random.random() {
        // Bits that rot leave no other trace.
        File::options().write(true).open(file).unwrap().set_modified(changed).unwrap();
    }
    hit
}

/// What was in the journal before it was damaged.
struct Segment {
    path: PathBuf,
    header: SegmentHeader,
    frames: Vec<(Range<u64>, FrameHeader)>,
}

fn journal(dir: &Path) -> Vec<Segment> {
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let header = SegmentHeader::decode(&bytes, "").unwrap().unwrap();
        let frames = items(&bytes, header.salt).into_iter().map(|item| match item {
            Item::Frame { offset, header, .. } => (offset..offset + header.frame_length() as u64, *header),
            Item::Bad { .. } => panic!("{} is not sound", path.display()),
        });
        let frames = frames.collect();
        Segment { path, header, frames }
    };
    segments(dir).into_iter().map(read).collect()
}

/// What the damage means, as far as it can be told from outside.
#[derive(Debug, Default)]
struct Meaning {
    /// Jobs of which some bytes were hit.
    jobs: BTreeSet<JobId>,
    /// Jobs whose last changes may look as if they had never been: nothing is left that vouches for them.
    tail: BTreeSet<JobId>,
    /// Jobs of which a payload was hit, and nothing but payloads: they can be named.
    named: BTreeSet<JobId>,
}

fn meaning(journal: &[Segment], hit: &Hit) -> Meaning {
    let mut meaning = Meaning::default();
    let Some((index, segment)) = journal.iter().enumerate().find(|(_, segment)| segment.path == hit.file)
    else {
        return meaning;
    };
    let touches =
        |range: &Range<u64>| hit.bytes.iter().any(|bytes| bytes.start < range.end && range.start < bytes.end);
    let has_header = !touches(&(0..4096)) || !touches(&(4096..8192));
    let is_hit = |range: &Range<u64>| !has_header || touches(range);
    let jobs = |header: &FrameHeader| header.parts.iter().map(|part| part.job).collect::<Vec<_>>();
    let hits: Vec<_> = segment.frames.iter().filter(|(range, _)| is_hit(range)).collect();
    for (range, header) in &hits {
        meaning.jobs.extend(jobs(header));
        let front = range.start..range.start + header.length() as u64;
        if !is_hit(&front) {
            meaning.named.extend(jobs(header));
        }
    }
    let only_payloads =
        hits.iter().all(|(range, header)| !is_hit(&(range.start..range.start + header.length() as u64)));
    if !only_payloads {
        meaning.named.clear();
    }
    let first = hits.iter().map(|(_, header)| header.sequence).min();
    if let Some(first) = first.filter(|_| index + 1 == journal.len()) {
        let sound = segment.frames.iter().filter(|(range, _)| !is_hit(range));
        let vouched =
            sound.map(|(_, header)| header.durable_through).fold(segment.header.durable_through(), u64::max);
        let vouched = if has_header { vouched } else { 0 };
        let lost =
            segment.frames.iter().filter(|(_, header)| header.sequence >= first && header.sequence > vouched);
        meaning.tail.extend(lost.flat_map(|(_, header)| jobs(header)));
        meaning.jobs.extend(&meaning.tail);
        meaning.named.retain(|job| !meaning.tail.contains(job));
    }
    meaning
}

/// A data directory with some lives behind it.
fn lived(dir: &Path, random: &mut SmallRng) -> State {
    let options = StoreOptions { segment_bytes: random.random_range(10..40) << 10, ..tiny_segments() };
    let mut state = State::default();
    for life in 1..=random.random_range(1..=3_u64) {
        let opened = Store::open(dir, &options).unwrap();
        let mut history = History::new(state, life * 10_000, || 0);
        for _ in 0..random.random_range(5..40) {
            history.send(&opened.store, random);
            if random.random_bool(0.5) {
                history.settle();
            }
        }
        history.settle();
        state = history.recorded();
        match random.random_bool(0.6) {
            true => opened.store.close().unwrap(),
            false => drop(opened.store),
        }
    }
    state
}

/// Opens the store elsewhere, so that a hang is seen.
fn open_in_time(dir: &Path) -> Result<Opened, StoreError> {
    let (tell, told) = mpsc::channel();
    let dir = dir.to_owned();
    // Not folded: notes of damage that the archive made needless are not repeated.
    let open = move || tell.send(Store::open(&dir, &tiny_segments())).unwrap();
    let _opener = crate::runtime::thread("open", open).unwrap();
    told.recv_timeout(PATIENCE).expect("the start hangs or panicked")
}

/// What is wrong with what the store says of a job.
fn judge(opened: &Opened, job: JobId, known: &Known, meaning: &Meaning) -> Result<(), String> {
    let (reader, notes) = (opened.store.reader(), &opened.recovered.notes);
    let (is_hit, in_tail) = (meaning.jobs.contains(&job), meaning.tail.contains(&job));
    // Where it isn't known what was lost, jobs that had not ended can't be known either.
    let vague = notes.iter().any(|note| note.contains("missing") || note.contains("damage"));
    let expected = known.record.as_ref().unwrap();
    let record = reader.record(job).map_err(|error| format!("record: {error}"))?;
    match &record {
        Some(found) if found == expected => {}
        Some(found) if found.state == JobState::Unknowable => {
            return match is_hit || (vague && !expected.state.is_end()) {
                true => Ok(()),
                false => Err("UNKNOWABLE, but it was not hit".to_owned()),
            };
        }
        other => {
            let state = other.as_ref().map(|record| (record.state, record.retries));
            let may_be = in_tail || is_hit && vague && state.is_none_or(|(state, _)| state.is_end());
            let may_be = may_be || is_hit && notes.iter().any(|note| note.contains("set aside"));
            return match may_be {
                true => Ok(()),
                false => Err(format!("{state:?} instead of {:?}", (expected.state, expected.retries))),
            };
        }
    }
    match reader.texts(job) {
        Ok(texts) if texts == known.texts => {}
        Err(StoreError::Damaged { .. }) if is_hit => {}
        Ok(_) if in_tail || is_hit && vague => {}
        other => {
            return Err(format!("texts: {:?}", other.map(|texts| texts.map(|texts| texts.submitted.len()))));
        }
    }
    let checkpoint = reader.checkpoint(job).map(Option::unzip);
    let is_live = !expected.state.is_end();
    match &checkpoint {
        Ok((found, committed)) if *found == known.checkpoint => {
            let committed = committed.unwrap_or_default();
            // A commit that was lost is done again; that a checkpoint was dropped may be lost too.
            let same = found.is_none() || committed == known.committed || is_hit;
            return if same {
                Ok(())
            } else {
                Err(format!("{committed:?} instead of {:?}", known.committed))
            };
        }
        Err(StoreError::Damaged { .. }) if is_hit => return Ok(()),
        // A checkpoint that may not be the newest is not to be used; a job that has ended can do without.
        Ok((None, _)) if vague && !is_live => return Ok(()),
        Ok(_) if in_tail || is_hit && vague && !is_live => return Ok(()),
        _ => {}
    }
    let brief = checkpoint.map(|(found, _)| found.map(|checkpoint| checkpoint.epoch));
    let epoch = known.checkpoint.as_ref().map(|checkpoint| checkpoint.epoch);
    Err(format!("checkpoint: {brief:?} instead of {epoch:?}"))
}

#[test]
fn one_random_damage_harms_what_it_hit_only() {
    let (mut opens, mut noted, mut unknowable, mut held) = (0, 0, 0, 0);
    cases("damages", 50, "SEIKAN_DAMAGES", "SEIKAN_DAMAGES_FROM", |random| {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("data");
        let state = lived(&dir, random).visible();
        let before = journal(&dir);
        let files = walkdir::WalkDir::new(&dir).sort_by_file_name().into_iter().filter_map(Result::ok);
        let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
        let files: Vec<PathBuf> = files.collect();
        let in_journal: Vec<&PathBuf> = before.iter().map(|segment| &segment.path).collect();
        let file = match random.random_bool(0.6) {
            true => *in_journal.choose(random).unwrap(),
            false => files.choose(random).unwrap(),
        };
        let hit = hit(file, random);
        let meaning = meaning(&before, &hit);
        let show =
            |opened: &Opened| format!("{hit:?}\n{:?} {:?}", opened.recovered.held, opened.recovered.notes);
        for start in 0..3 {
            let opened = open_in_time(&dir).unwrap_or_else(|error| panic!("start {start}: {error}\n{hit:?}"));
            for (job, known) in &state.jobs {
                if let Err(what) = judge(&opened, *job, known, &meaning) {
                    let frames = before.iter().flat_map(|segment| &segment.frames);
                    let frames =
                        frames.filter(|(_, header)| header.parts.iter().any(|part| part.job == *job));
                    let frames: Vec<_> = frames.map(|(range, header)| (range, header.sequence)).collect();
                    panic!("start {start}, job {job}: {what}\n{}\n{frames:?}\n{meaning:?}", show(&opened));
                }
            }
            for live in &opened.recovered.live {
                let known = &state.jobs[&live.record.id];
                let exact = known.record.as_ref() == Some(&live.record)
                    && known.texts.as_ref() == Some(&live.texts)
                    && known.checkpoint == live.checkpoint;
                let id = live.record.id;
                assert!(
                    exact || meaning.tail.contains(&id),
                    "start {start}, job {id} would run\n{}",
                    show(&opened)
                );
            }
            let notes = &opened.recovered.notes;
            if start == 0 {
                opens += 1;
                noted += usize::from(!notes.is_empty());
                held += usize::from(opened.recovered.held.is_some());
                unknowable += opened.store.reader().counts().unknowable;
                for job in meaning.named.iter().filter(|_| !notes.is_empty()) {
                    let name = format!("job {job}");
                    assert!(
                        job.0 == 0 || notes.iter().any(|note| note.contains(&name)),
                        "{name}\n{}",
                        show(&opened)
                    );
                }
            }
            let id = 9_000_000 + start;
            put(&opened.store, vec![submitted(id), change(id, JobState::Finished)]);
            for earlier in 0..=start {
                assert_eq!(state_of(&opened.store, 9_000_000 + earlier), Some(JobState::Finished));
            }
            match random.random() {
                true => opened.store.close().unwrap(),
                false => drop(opened.store),
            }
        }
    });
    println!("{opens} opened, {noted} with notes, {held} held; {unknowable} jobs UNKNOWABLE");
    assert!(opens < 50 || noted > 0 && unknowable > 0, "the damage did no harm");
}
