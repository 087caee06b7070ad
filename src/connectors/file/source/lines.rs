//! Reads one file of lines: blocks of bytes → UTF-8 → rows. An archive's entries are read as files, one after another.

use super::archive::{Step, Walker};
use super::options::TableOptions;
use super::reader::BATCH_ROWS;
use crate::connectors::file::sink::failed;
use crate::format::Decoder;
use crate::format::charset::CharsetDecoder;
use crate::model::Fault;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of one read.
const BLOCK: usize = 1 << 20;
/// A line longer than this is refused, so that a file without line ends can't take all memory.
const MAX_LINE: usize = 256 << 20;

/// What one call gives.
pub(super) enum Lines {
    /// Rows; never none.
    Rows(RecordBatch),
    /// Nothing yet; to be asked again.
    NotYet,
    /// The end.
    End,
}

/// A place in a file of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinePlace {
    /// Entry of the archive, from 1; 0 before the first, and for plain files.
    entry: u64,
    /// UTF-8 bytes of the entry or file that are done.
    offset: u64,
    /// State of the decoder behind them.
    decoder: Vec<u8>,
}

/// Reads one file.
pub(super) struct LineReader {
    options: TableOptions,
    path: String,
    input: Input,
    /// Counts the bytes of the file that were read.
    read: Arc<AtomicU64>,
    /// Name of the archive's entry, for errors.
    entry_name: Option<String>,
    /// Whether an entry (or the file) is being read.
    in_entry: bool,
    /// Entries of the format that were met.
    walked: u64,
    place: LinePlace,
    /// UTF-8 bytes to pass over before the place is reached.
    skip: u64,
    decoder: Box<dyn Decoder>,
    charset: Option<CharsetDecoder>,
    /// What was read from the file and is not yet decoded to UTF-8.
    block: Vec<u8>,
    /// UTF-8 bytes; those before `start` are done.
    buffer: Vec<u8>,
    start: usize,
    /// Whether nothing follows the buffer.
    last: bool,
}

enum Input {
    Plain(File),
    Archive(Walker),
}

impl LineReader {
    /// Opens a file at its beginning, or at `place`.
    pub(super) fn open(
        options: &TableOptions,
        mut file: File,
        path: &str,
        place: Option<LinePlace>,
    ) -> Result<Self, Fault> {
        let decoder = options.decoder().map_err(Fault::internal)?;
        let read = Arc::new(AtomicU64::new(0));
        let io = |e: io::Error| failed("can't be read", Path::new(path), &e);
        let mut skip = place.as_ref().map_or(0, |place| place.offset);
        let input = match options.archive {
            Some(kind) => Input::Archive(Walker::open(kind, file, Arc::clone(&read)).map_err(io)?),
            None => {
                if options.charset.is_utf8() && skip > 0 {
                    file.seek(SeekFrom::Start(skip)).map_err(io)?;
                    read.store(skip, Ordering::Relaxed);
                    skip = 0;
                }
                Input::Plain(file)
            }
        };
        let in_entry = matches!(input, Input::Plain(_));
        let mut reader = Self {
            charset: (!options.charset.is_utf8()).then(|| options.charset.decoder()),
            options: options.clone(),
            path: path.to_owned(),
            input,
            read,
            entry_name: None,
            in_entry,
            walked: 0,
            place: place.unwrap_or_else(|| LinePlace { entry: 0, offset: 0, decoder: decoder.state() }),
            skip,
            decoder,
            block: Vec::new(),
            buffer: Vec::new(),
            start: 0,
            last: false,
        };
        reader.restore_decoder()?;
        Ok(reader)
    }

    fn restore_decoder(&mut self) -> Result<(), Fault> {
        let restored = self.decoder.restore(&self.place.decoder);
        restored.map_err(|e| Fault::internal(format!("{}: {e}", self.path)))
    }

    /// The place behind the rows answered so far.
    pub(super) fn place(&self) -> LinePlace {
        LinePlace { decoder: self.decoder.state(), ..self.place.clone() }
    }

    /// Bytes of the file that were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The next rows. Reads at most a block and decodes at most a batch.
    pub(super) fn next(&mut self) -> Result<Lines, Fault> {
        if !self.in_entry {
            return self.next_entry();
        }
        if !self.last && self.buffer.len() - self.start < BLOCK {
            self.fill()?;
            if self.skip > 0 {
                self.pass_over()?;
                return Ok(Lines::NotYet);
            }
        }
        let decoded = self.decoder.decode(&self.buffer[self.start..], self.last, BATCH_ROWS);
        let decoded = decoded.map_err(|error| match &self.entry_name {
            Some(entry) => Fault::user(format!("{}, entry {entry}: {error}", self.path)),
            None => Fault::user(format!("{}: {error}", self.path)),
        })?;
        self.start += decoded.used;
        self.place.offset += decoded.used as u64;
        match decoded.rows {
            Some(rows) if rows.num_rows() > 0 => Ok(Lines::Rows(rows)),
            _ if decoded.used > 0 => Ok(Lines::NotYet),
            _ if self.last => self.end_entry(),
            _ if self.buffer.len() - self.start > MAX_LINE => Err(Fault::user(format!(
                "{}: a line is longer than {} MB; is this a file of lines?",
                self.path,
                MAX_LINE >> 20
            ))),
            _ => {
                self.fill()?;
                Ok(Lines::NotYet)
            }
        }
    }

    /// Reads one block behind what is buffered.
    fn fill(&mut self) -> Result<(), Fault> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        let result = match &mut self.charset {
            None => {
                self.buffer.resize(before + BLOCK, 0);
                let filled = read_block(&mut self.input, &self.read, &mut self.buffer[before..]);
                self.buffer.truncate(before + filled.as_ref().map_or(0, |(bytes, _)| *bytes));
                filled.map(|(_, last)| last)
            }
            Some(charset) => {
                self.block.resize(BLOCK, 0);
                read_block(&mut self.input, &self.read, &mut self.block).map(|(bytes, last)| {
                    charset.decode(&self.block[..bytes], last, &mut self.buffer);
                    last
                })
            }
        };
        self.last = result.map_err(|e| failed("can't be read", Path::new(&self.path), &e))?;
        Ok(())
    }

    /// Drops what lies before the place that is gone on from.
    fn pass_over(&mut self) -> Result<(), Fault> {
        let dropped = self.skip.min(self.buffer.len() as u64);
        self.start = dropped as usize;
        self.skip -= dropped;
        if self.skip > 0 && self.last {
            return Err(Fault::external(format!(
                "{}: the file is shorter than what was read of it before the restart",
                self.path
            )));
        }
        Ok(())
    }

    fn end_entry(&mut self) -> Result<Lines, Fault> {
        match self.input {
            Input::Plain(_) => Ok(Lines::End),
            Input::Archive(_) => {
                self.in_entry = false;
                Ok(Lines::NotYet)
            }
        }
    }

    /// Goes to the archive's next entry of the format, or to the one that the place is in.
    fn next_entry(&mut self) -> Result<Lines, Fault> {
        let Input::Archive(walker) = &mut self.input else {
            return Ok(Lines::End);
        };
        let name = match walker.step().map_err(|e| failed("can't be read", Path::new(&self.path), &e))? {
            Step::Entry(name) => name,
            Step::Skipping => return Ok(Lines::NotYet),
            Step::End => return Ok(Lines::End),
        };
        if !name.ends_with(self.options.format.suffix()) {
            return Ok(Lines::NotYet);
        }
        self.walked += 1;
        if self.walked < self.place.entry {
            return Ok(Lines::NotYet);
        }
        if self.walked > self.place.entry {
            self.decoder = self.options.decoder().map_err(Fault::internal)?;
            self.place = LinePlace { entry: self.walked, offset: 0, decoder: Vec::new() };
            self.skip = 0;
        }
        self.charset = (!self.options.charset.is_utf8()).then(|| self.options.charset.decoder());
        self.buffer.clear();
        (self.start, self.last, self.in_entry, self.entry_name) = (0, false, true, Some(name));
        Ok(Lines::NotYet)
    }
}

/// Fills the block; answers its bytes and whether they are the last.
fn read_block(input: &mut Input, read: &AtomicU64, block: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    while filled < block.len() {
        let count = match input {
            Input::Plain(file) => file.read(&mut block[filled..]).inspect(|count| {
                read.fetch_add(*count as u64, Ordering::Relaxed);
            }),
            Input::Archive(walker) => walker.read(&mut block[filled..]),
        };
        match count {
            Ok(0) => return Ok((filled, true)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((filled, false))
}
