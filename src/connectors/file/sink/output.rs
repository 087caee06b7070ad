//! One open output file: encodes rows, buffers bytes, writes them where they are staged.

use super::commit::{StagedFile, failed};
use super::content::Content;
use crate::connectors::file::durable;
use crate::format::charset::CharsetEncoder;
use crate::format::{Encoder, parquet};
use crate::model::Fault;
use arrow::record_batch::RecordBatch;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes of lines that are gathered before they are written.
const BUFFER: usize = 1 << 18;
/// Bytes after which what is written is synced while more is encoded, so that little is left to wait for at the end.
const AHEAD: u64 = 16 << 20;

/// A file being written. Its handle may be closed for a while, so that many files can be open at once.
struct StageFile {
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
    /// Of the bytes, those that were handed to [`OpenFile::sync_ahead`].
    handed: u64,
}

impl Write for StageFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(OpenOptions::new().append(true).open(&self.path)?),
        };
        let written = file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Encoding {
    Lines { encoder: Box<dyn Encoder>, buffer: Vec<u8>, charset: Option<CharsetEncoder>, file: StageFile },
    Parquet(Box<parquet::Writer<StageFile>>),
}

/// One part of the output of one table.
pub(super) struct OpenFile {
    encoding: Encoding,
    staged: PathBuf,
    target: PathBuf,
    rows: u64,
}

/// A file, finished or not, whose last bytes are not synced yet. Its failure is the file's: the system tells of a write
/// that was lost only once.
pub(super) struct Unsynced {
    path: PathBuf,
    file: Option<File>,
}

impl OpenFile {
    /// Begins a file.
    pub(super) fn begin(content: &Content, staged: PathBuf, target: PathBuf) -> Result<Self, Fault> {
        let created = durable::create_file(&staged).map_err(|e| failed("can't be created", &staged, &e))?;
        let file = StageFile { path: staged.clone(), file: Some(created), bytes: 0, handed: 0 };
        let encoding = match content {
            Content::Lines(lines) => {
                let mut encoder = lines.encoder().map_err(Fault::internal)?;
                let mut buffer = Vec::with_capacity(BUFFER * 2);
                encoder.begin(&mut buffer);
                Encoding::Lines { encoder, buffer, charset: lines.charset_encoder(), file }
            }
            Content::Parquet(layout) => {
                Encoding::Parquet(Box::new(parquet::Writer::new(layout.clone(), file).map_err(|e| {
                    Fault::external(format!("{}: can't be written", staged.display())).caused_by(&e)
                })?))
            }
        };
        Ok(Self { encoding, staged, target, rows: 0 })
    }

    /// Appends rows.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        self.rows += rows.num_rows() as u64;
        match &mut self.encoding {
            Encoding::Lines { encoder, buffer, .. } => {
                encoder
                    .encode(rows, buffer)
                    .map_err(|e| Fault::user(format!("{}: {e}", self.target.display())))?;
                if buffer.len() >= BUFFER {
                    self.flush()?;
                }
                Ok(())
            }
            Encoding::Parquet(writer) => writer.write(rows).map_err(|e| not_written(&self.target, &e)),
        }
    }

    /// What is to be synced by now, though the file goes on; `None` when that is little.
    pub(super) fn sync_ahead(&mut self) -> Option<Unsynced> {
        let file = match &mut self.encoding {
            Encoding::Lines { file, .. } => file,
            Encoding::Parquet(writer) => writer.out_mut(),
        };
        if file.bytes - file.handed < AHEAD {
            return None;
        }
        file.handed = file.bytes;
        let handle = file.file.as_ref()?.try_clone().ok()?;
        Some(Unsynced { path: self.staged.clone(), file: Some(handle) })
    }

    /// Bytes that it keeps in memory.
    pub(super) fn memory(&self) -> usize {
        match &self.encoding {
            Encoding::Lines { buffer, .. } => buffer.len(),
            Encoding::Parquet(writer) => writer.memory(),
        }
    }

    /// Writes what is in memory.
    pub(super) fn flush(&mut self) -> Result<(), Fault> {
        match &mut self.encoding {
            Encoding::Lines { buffer, charset, file, .. } => {
                let written = match charset {
                    Some(charset) => {
                        let mut encoded = Vec::with_capacity(buffer.len());
                        charset.encode(buffer, &mut encoded);
                        file.write_all(&encoded)
                    }
                    None => file.write_all(buffer),
                };
                buffer.clear();
                written.map_err(|e| failed("can't be written", &self.staged, &e))
            }
            Encoding::Parquet(writer) => writer
                .end_group()
                .and_then(|()| Ok(writer.flush()?))
                .map_err(|e| not_written(&self.target, &e)),
        }
    }

    /// Writes what is in memory and closes the handle until the next write.
    pub(super) fn release(&mut self) -> Result<(), Fault> {
        self.flush()?;
        match &mut self.encoding {
            Encoding::Lines { buffer, file, .. } => {
                *buffer = Vec::new();
                file.file = None;
            }
            Encoding::Parquet(writer) => writer.out_mut().file = None,
        }
        Ok(())
    }

    /// Writes the end of the file.
    pub(super) fn finish(mut self) -> Result<(StagedFile, Unsynced), Fault> {
        if matches!(self.encoding, Encoding::Lines { .. }) {
            self.flush()?;
        }
        let Self { encoding, staged, target, rows } = self;
        let file = match encoding {
            Encoding::Lines { mut file, charset, .. } => {
                let mut end = Vec::new();
                charset.into_iter().for_each(|mut charset| charset.finish(&mut end));
                file.write_all(&end).map_err(|e| failed("can't be written", &staged, &e))?;
                file
            }
            Encoding::Parquet(writer) => writer.finish().map_err(|e| not_written(&target, &e))?,
        };
        let StageFile { file, bytes, .. } = file;
        let unsynced = Unsynced { path: staged.clone(), file };
        Ok((StagedFile { staged, target, rows, bytes }, unsynced))
    }
}

impl Unsynced {
    /// Makes the file durable.
    pub(super) fn sync(self) -> Result<(), Fault> {
        let synced = match self.file {
            Some(file) => file.sync_all(),
            None => File::open(&self.path).and_then(|file| file.sync_all()),
        };
        synced.map_err(|e| failed("can't be synced", &self.path, &e))
    }
}

/// An error of the parquet writer: the system's, or a value's.
fn not_written(target: &Path, error: &::parquet::errors::ParquetError) -> Fault {
    let message = format!("{}: {error}", target.display());
    match error {
        ::parquet::errors::ParquetError::External(_) => Fault::external(message),
        _ => Fault::user(message),
    }
}
