//! One random damage to one random file, as a bad disk or a careless hand makes it: the store opens, serves exactly what
//! was not hit, and never passes off an older state of what was hit as the current one.
//!
//! `SEIKAN_DAMAGES` sets how many cases there are, `SEIKAN_DAMAGES_FROM` with which one to begin.

use super::history::{History, Known, State};
use super::seeds::cases;
use super::*;
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

mod meaning;

use meaning::{Framed, Layout, Meaning};

/// No start takes longer, or it hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// Jobs from this id on are those that each start adds.
const NEW: i64 = 9_000_000;

/// What was done to a file.
#[derive(Clone, Debug)]
struct Hit {
    file: PathBuf,
    what: String,
    /// The bytes that are not what they were.
    bytes: Vec<Range<u64>>,
    /// Whether the file has another length, or is gone.
    is_resized: bool,
    /// Whether sound bytes lie at another place than before.
    is_shifted: bool,
}

/// Damages a file in place.
fn hit(file: &Path, random: &mut SmallRng) -> Hit {
    let mut bytes = std::fs::read(file).unwrap();
    let length = bytes.len();
    let kind = random.random_range(0..9);
    let mut hit = Hit {
        file: file.to_owned(),
        what: String::new(),
        bytes: Vec::new(),
        is_resized: kind <= 3,
        is_shifted: kind == 6,
    };
    let span = |range: Range<usize>| range.start as u64..range.end as u64;
    match kind {
        0 => {
            std::fs::remove_file(file).unwrap();
            hit.what = "removed".to_owned();
            hit.bytes.push(0..u64::MAX);
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
            // Bytes that were zero already are not hit.
            let first = bytes[from..to].iter().position(|byte| *byte != 0).map_or(to, |at| from + at);
            let end = bytes[first..to].iter().rposition(|byte| *byte != 0).map_or(first, |at| first + at + 1);
            bytes[from..to].fill(0);
            hit.what = format!("zeros at {from}..{to}");
            hit.bytes.push(span(first..end));
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

/// A data directory with some lives behind it; half of them with an archive.
fn lived(dir: &Path, random: &mut SmallRng) -> State {
    let kept = match random.random_range(0..4) {
        0 => folding(options().grace),
        1 => folding(Duration::ZERO),
        _ => tiny_segments(),
    };
    let options = StoreOptions { segment_bytes: random.random_range(10..40) << 10, ..kept };
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
fn open_in_time(dir: &Path, options: &StoreOptions) -> Result<Opened, StoreError> {
    let (tell, told) = mpsc::channel();
    let (dir, options) = (dir.to_owned(), options.clone());
    let open = move || tell.send(Store::open(&dir, &options)).unwrap();
    let _opener = crate::runtime::thread("open", open).unwrap();
    told.recv_timeout(PATIENCE).expect("the start hangs or panicked")
}

/// Whether a note names the job.
fn names(notes: &[String], job: JobId) -> bool {
    let name = format!("job {job}");
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_digit());
    notes.iter().any(|note| note.match_indices(&name).any(|(at, _)| ends(&note[at + name.len()..])))
}

/// What is wrong with what the store says of a job. `notes` are those of this start, and of the earlier ones: what they
/// judged is not said again when it has been folded.
fn judge(
    opened: &Opened,
    notes: &[String],
    job: JobId,
    known: &Known,
    meaning: &Meaning,
) -> Result<(), String> {
    let reader = opened.store.reader();
    let (is_hit, in_tail) = (meaning.jobs.contains(&job), meaning.tail.contains(&job));
    // Where it isn't known what was lost, jobs that had not ended can't be known either.
    let is_vague = |note: &String| ["missing", "damage", "needs"].iter().any(|word| note.contains(word));
    let vague = notes.iter().any(is_vague);
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
    let (mut opens, mut noted, mut unknowable, mut held, mut archived) = (0, 0, 0, 0, 0);
    cases("damages", 50, "SEIKAN_DAMAGES", "SEIKAN_DAMAGES_FROM", |random| {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("data");
        let state = lived(&dir, random).visible();
        let before = Layout::of(&dir);
        let files = walkdir::WalkDir::new(&dir).sort_by_file_name().into_iter().filter_map(Result::ok);
        let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
        let files: Vec<PathBuf> = files.collect();
        let framed = |files: &[Framed]| files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
        let drawn = match random.random_range(0..10) {
            0..=3 => framed(&before.archive),
            4..=7 => framed(&before.journal),
            _ => files.clone(),
        };
        let hit = hit(drawn.choose(random).or(files.choose(random)).unwrap(), random);
        archived += usize::from(hit.file.parent() == Some(&dir.join("archive")));
        let meaning = before.meaning(&hit);
        let (mut notes, mut is_told) = (Vec::new(), false);
        // What was judged stays so when it is folded.
        let starts =
            [tiny_segments(), tiny_segments(), tiny_segments(), folding(Duration::ZERO), tiny_segments()];
        for (start, options) in (0..).zip(&starts) {
            let opened =
                open_in_time(&dir, options).unwrap_or_else(|error| panic!("start {start}: {error}\n{hit:?}"));
            let mut told = opened.store.status().notes;
            told.extend_from_slice(&opened.recovered.notes);
            // What is met while the server runs is told of the jobs that it costs, whenever they are read; a start that
            // goes through the journal names every job of the place.
            let of_start = told.iter().any(|note| !note.contains("while the server runs"));
            let is_first = !is_told && of_start;
            is_told |= of_start;
            notes.append(&mut told);
            let show = || format!("{hit:?}\n{:?} {notes:?}\n{meaning:?}", opened.recovered.held);
            for (job, known) in &state.jobs {
                if let Err(what) = judge(&opened, &notes, *job, known, &meaning) {
                    let frames = before.frames_of(*job);
                    panic!("start {start}, job {job}: {what}\n{}\n{frames:?}", show());
                }
            }
            for live in opened.recovered.live.iter().filter(|live| live.record.id.0 < NEW) {
                let known = &state.jobs[&live.record.id];
                let exact = known.record.as_ref() == Some(&live.record)
                    && known.texts.as_ref() == Some(&live.texts)
                    && known.checkpoint == live.checkpoint;
                let id = live.record.id;
                assert!(exact || meaning.tail.contains(&id), "start {start}, job {id} would run\n{}", show());
            }
            if is_first {
                for job in meaning.named.iter().filter(|job| job.0 != 0) {
                    assert!(names(&notes, *job), "job {job} is not named\n{}", show());
                }
            }
            if start == 0 {
                opens += 1;
                noted += usize::from(!notes.is_empty());
                held += usize::from(opened.recovered.held.is_some());
                unknowable += opened.store.reader().counts().unknowable;
            }
            if is_first {
                let reader = opened.store.reader();
                let unknowable = state.jobs.keys().filter(|job| {
                    reader.record(**job).unwrap().is_some_and(|record| record.state == JobState::Unknowable)
                });
                for job in unknowable {
                    assert!(names(&notes, *job), "job {job} is UNKNOWABLE and not named\n{}", show());
                }
            }
            let id = NEW + start;
            put(&opened.store, vec![submitted(id), change(id, JobState::Finished)]);
            for earlier in 0..=start {
                assert_eq!(state_of(&opened.store, NEW + earlier), Some(JobState::Finished));
            }
            match random.random() {
                true => closed(opened.store),
                false => drop(opened.store),
            }
        }
    });
    println!(
        "{opens} opened, {archived} hit in the archive, {noted} with notes, {held} held; {unknowable} jobs UNKNOWABLE"
    );
    assert!(opens < 50 || noted > 0 && unknowable > 0 && archived > 0, "the damage did no harm");
}

/// A clean stop; damage that a fold met is left to the next start.
fn closed(store: Store) {
    match store.close() {
        Ok(()) | Err(StoreError::Damaged { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}
