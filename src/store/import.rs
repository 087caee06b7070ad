//! Makes a data directory from the lines of an export.
//!
//! Each job becomes one request of a new journal, with the record, the texts, the checkpoint and the committed epoch as
//! they were; full segments are folded into the archive at the end. The new store is held like a copy: its live jobs run after `serve --resume`. A line that can't be read
//! ends the import, and nothing of it stays.

use super::archive::fold_closed;
use super::backup::Target;
use super::error::StoreError;
use super::identity::Owner;
use super::inspect::BackupError;
use super::journal::{Files, Journal, MAX_PAYLOAD, io};
use super::lines::{End, FORMAT, Front, JobLine, Line};
use super::new_run::Before;
use super::recovery::Paths;
use super::space::{Space, SpaceOptions};
use crate::model::{Epoch, JobId, Op};
use std::collections::VecDeque;
use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

/// Bytes of one segment of the new journal.
const SEGMENT_BYTES: u64 = 64 << 20;
/// The longest line: the largest request, as base64, with some room.
const LINE_BYTES: u64 = MAX_PAYLOAD * 2;
/// Requests, and bytes of their lines, that may wait for the disk.
const WAITING: usize = 512;
const WAITING_BYTES: usize = 16 << 20;

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Jobs.
    pub jobs: u64,
    /// Those that have not ended.
    pub live: u64,
}

/// Makes `target`, which must be empty or missing, from the lines of `from`, which `name` stands for in errors. Blocks.
///
/// # Errors
/// A line that can't be used, with its number and why; a target that is not empty; what the file system refuses.
pub fn import(from: &mut dyn BufRead, name: &str, target: &Path) -> Result<Imported, BackupError> {
    import_with(SEGMENT_BYTES, from, name, target)
}

/// [`import`] with another size of segments.
pub(super) fn import_with(
    segment_bytes: u64,
    from: &mut dyn BufRead,
    name: &str,
    target: &Path,
) -> Result<Imported, BackupError> {
    let mut lines = Lines { from, name, number: 0, last: None, buffer: Vec::new() };
    lines.front()?;
    let target = Target::begin(target)?;
    let paths = Paths::new(target.staging());
    io::make_dir(&paths.journal)?;
    let held = Some(format!("this data directory was imported from {name}"));
    let segment = Before { held, ..Before::default() }.begin(&paths, None, &Owner::New)?;
    let files = Arc::new(Files::default());
    let space = Arc::new(Space::new(&paths.dir, SpaceOptions::default(), false));
    let journal = Journal::start(segment, paths.journal.clone(), segment_bytes, files, space, |_| (), None)?;
    let mut new = NewJournal { journal, waiting: VecDeque::new(), bytes: 0 };
    let mut done = Imported::default();
    let end = loop {
        match lines.next()? {
            Line::Seikan(_) => return Err(lines.wrong("a second first line")),
            Line::End(end) => break end,
            Line::Job(job) => {
                let ops = lines.ops(*job, &mut done)?;
                new.append(ops, lines.buffer.len(), || lines.place())?;
            }
        }
    };
    if end.jobs != done.jobs {
        let what = format!("it counts {} jobs, but {} came before it", end.jobs, done.jobs);
        return Err(lines.wrong(&what));
    }
    lines.nothing_more()?;
    let End { tags, id_floor, .. } = end;
    new.append(vec![Op::Tags(tags), Op::IdFloor(id_floor)], 0, || lines.place())?;
    new.finish()?;
    // What is folded is loaded piece by piece at the first start, however much it is.
    fold_closed(target.staging())?;
    io::sync_dir(&paths.journal)?;
    io::sync_dir(target.staging())?;
    target.finish()?;
    Ok(done)
}

/// The lines, read one by one.
struct Lines<'a> {
    from: &'a mut dyn BufRead,
    name: &'a str,
    number: u64,
    /// The job before this line: ids rise, so that none comes twice.
    last: Option<JobId>,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    fn place(&self) -> String {
        format!("{}, line {}", self.name, self.number)
    }

    fn wrong(&self, what: &str) -> BackupError {
        BackupError::Unusable(format!("{}: {what}; nothing was imported", self.place()))
    }

    fn front(&mut self) -> Result<(), BackupError> {
        match self.next()? {
            Line::Seikan(Front { format: FORMAT, .. }) => Ok(()),
            Line::Seikan(Front { format, program, .. }) => Err(self.wrong(&format!(
                "the export has format {format}, made by version {program}; this program reads format {FORMAT}"
            ))),
            Line::Job(_) | Line::End(_) => {
                Err(self.wrong("is not the first line of an export, which begins with {\"seikan\":"))
            }
        }
    }

    fn next(&mut self) -> Result<Line, BackupError> {
        self.number += 1;
        self.buffer.clear();
        let mut bounded = Read::take(&mut *self.from, LINE_BYTES);
        let read = bounded.read_until(b'\n', &mut self.buffer);
        read.map_err(|error| self.wrong(&format!("can't be read: {error}")))?;
        if self.buffer.is_empty() {
            return Err(self.wrong("the file ends here, before its last line, which begins with {\"end\":"));
        }
        serde_json::from_slice(&self.buffer).map_err(|error| {
            // The reader calls every line 1.
            let why = error.to_string().replace(" at line 1 column ", ", column ");
            self.wrong(&format!("is not a line of an export: {why}"))
        })
    }

    fn nothing_more(&mut self) -> Result<(), BackupError> {
        self.number += 1;
        match self.from.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(self.wrong("something follows the last line")),
            Err(error) => Err(self.wrong(&format!("can't be read: {error}"))),
        }
    }

    /// The request that records a job.
    fn ops(&mut self, line: JobLine, done: &mut Imported) -> Result<Vec<Op>, BackupError> {
        let JobLine { mut record, texts, checkpoint, committed } = line;
        record.number_events();
        let job = record.id;
        if self.last.is_some_and(|last| job <= last) {
            return Err(
                self.wrong(&format!("job {job} does not come behind the one before it: ids must rise"))
            );
        }
        self.last = Some(job);
        done.jobs += 1;
        if !record.state.is_end() {
            done.live += 1;
            if texts.is_none() {
                return Err(self.wrong(&format!("job {job} is {}, but has no texts", record.state)));
            }
        }
        let mut ops = vec![match texts {
            Some(texts) => Op::Submitted { record: Box::new(record), texts: Box::new(texts) },
            None => Op::Record(Box::new(record)),
        }];
        if let Some(checkpoint) = checkpoint {
            ops.push(Op::Checkpoint { job, checkpoint: Box::new(checkpoint.into()) });
        }
        if committed > Epoch::default() {
            ops.push(Op::Committed { job, epoch: committed });
        }
        Ok(ops)
    }
}

/// A journal under construction; memory is bounded by what may wait for the disk.
struct NewJournal {
    journal: Journal,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

struct Waiting {
    place: String,
    bytes: usize,
    told: Receiver<Result<u64, StoreError>>,
}

impl NewJournal {
    fn append(
        &mut self,
        ops: Vec<Op>,
        bytes: usize,
        place: impl FnOnce() -> String,
    ) -> Result<(), BackupError> {
        let (tell, told) = mpsc::sync_channel(1);
        self.journal.append(
            ops,
            Box::new(move |result| {
                if tell.send(result).is_err() {
                    tracing::debug!("the import has ended before its journal");
                }
            }),
        );
        self.waiting.push_back(Waiting { place: place(), bytes, told });
        self.bytes += bytes;
        while self.waiting.len() >= WAITING || self.bytes > WAITING_BYTES {
            self.wait()?;
        }
        Ok(())
    }

    /// Waits until the oldest request is on the disk.
    fn wait(&mut self) -> Result<(), BackupError> {
        let Some(Waiting { place, bytes, told }) = self.waiting.pop_front() else { return Ok(()) };
        self.bytes -= bytes;
        match told.recv().unwrap_or(Err(StoreError::Closed)) {
            Ok(_) => Ok(()),
            Err(error @ StoreError::TooLarge { .. }) => {
                Err(BackupError::Unusable(format!("{place}: {error}; nothing was imported")))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn finish(mut self) -> Result<(), BackupError> {
        while !self.waiting.is_empty() {
            self.wait()?;
        }
        self.journal.stop()?;
        Ok(())
    }
}

impl Drop for NewJournal {
    /// Its thread must have ended before its files are taken away.
    fn drop(&mut self) {
        if let Err(error) = self.journal.stop() {
            tracing::debug!(%error, "the journal of an import");
        }
    }
}
