//! Reading single frames back, by their place.

use super::frame::{self, Part};
use super::io::DataFile;
use super::segment::{self, Place};
use crate::store::error::StoreError;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Files that are kept open at most.
const OPEN_AT_MOST: usize = 256;
/// Bytes that the first read of a frame asks for: most frames are smaller.
const FIRST_READ: usize = 4096;

/// Reads frames by place. Shared by all readers; the lock is held only to find an open file.
#[derive(Debug)]
pub struct Fetcher {
    dir: PathBuf,
    open: Mutex<HashMap<u64, Arc<Source>>>,
}

#[derive(Debug)]
struct Source {
    file: DataFile,
    salt: u64,
}

impl Fetcher {
    /// Reads the journal and the archive of the data directory `dir`.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, open: Mutex::default() }
    }

    /// Closes the files, of which some are about to be deleted.
    pub fn close_files(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The body of a part, checked.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when no sound frame with such a part is there.
    pub fn fetch(&self, place: Place) -> Result<(Part, Vec<u8>), StoreError> {
        let (header, bytes) = self.frame(place)?;
        let index = usize::from(place.part);
        let part = header.parts.get(index).copied();
        let body = header.body(index).and_then(|body| bytes.get(body));
        match part.zip(body) {
            Some((part, body)) => Ok((part, body.to_vec())),
            None => Err(StoreError::damaged(describe(place), "the frame there has no such part")),
        }
    }

    /// A whole frame, checked.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when no sound frame is there.
    pub fn frame(&self, place: Place) -> Result<(Box<frame::Header>, Vec<u8>), StoreError> {
        let source = self.source(place.segment)?;
        let mut bytes = vec![0; FIRST_READ];
        let count = source.file.read_at(place.offset, &mut bytes)?;
        bytes.truncate(count);
        let whole = frame::claimed_length(&bytes).unwrap_or(0);
        if whole > bytes.len() && whole as u64 <= frame::MAX_PAYLOAD * 2 {
            let have = bytes.len();
            bytes.resize(whole, 0);
            let more = source.file.read_at(place.offset + have as u64, &mut bytes[have..])?;
            bytes.truncate(have + more);
        }
        let header = match frame::read(&bytes, source.salt) {
            Ok(header) => Some(header),
            Err(frame::Fault::Header) => {
                // The claimed length may be what is damaged: the trial gets a generous stretch.
                bytes.resize(1 << 20, 0);
                let count = source.file.read_at(place.offset, &mut bytes)?;
                bytes.truncate(count);
                frame::mend(&bytes, source.salt)
            }
            Err(frame::Fault::Payload(_)) => None,
        };
        match header {
            Some(header) => Ok((Box::new(header), bytes)),
            None => Err(StoreError::damaged(describe(place), "the frame there is damaged")),
        }
    }

    fn source(&self, segment: u64) -> Result<Arc<Source>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = open.get(&segment) {
            return Ok(Arc::clone(source));
        }
        let path = self.dir.join(segment::relative_path(segment));
        let header = segment::read_header(&path)?;
        let header =
            header.ok_or_else(|| StoreError::damaged(path.display().to_string(), "no sound header"))?;
        let source = Arc::new(Source { file: DataFile::open(&path)?, salt: header.salt });
        if open.len() >= OPEN_AT_MOST {
            open.clear();
        }
        open.insert(segment, Arc::clone(&source));
        Ok(source)
    }
}

/// A place in words.
fn describe(place: Place) -> String {
    format!("{}, byte {}", segment::relative_path(place.segment), place.offset)
}
