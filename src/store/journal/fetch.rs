//! Reading single frames back, by their place.

use super::frame::{self, Part};
use super::io::DataFile;
use super::segment::{self, Place};
use crate::store::error::StoreError;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Segments that are kept open at most.
const OPEN_AT_MOST: usize = 64;
/// Bytes that the first read of a frame asks for: most frames are smaller.
const FIRST_READ: usize = 4096;

/// Reads frames by place. Shared by all readers; the lock is held only to find an open file.
#[derive(Debug)]
pub struct Fetcher {
    journal: PathBuf,
    open: Mutex<HashMap<u64, Arc<Source>>>,
}

#[derive(Debug)]
struct Source {
    file: DataFile,
    salt: u64,
}

impl Fetcher {
    /// Reads the segments in the directory `journal`.
    pub fn new(journal: PathBuf) -> Self {
        Self { journal, open: Mutex::default() }
    }

    /// The body of a part, checked.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when no sound frame with such a part is there.
    pub fn fetch(&self, place: Place) -> Result<(Part, Vec<u8>), StoreError> {
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
        let found = header.as_ref().and_then(|header| {
            let index = usize::from(place.part);
            Some((*header.parts.get(index)?, header.body(index)?))
        });
        match found.and_then(|(part, body)| Some((part, bytes.get(body)?.to_vec()))) {
            Some(found) => Ok(found),
            None => Err(StoreError::damaged(describe(place), "the frame there is damaged")),
        }
    }

    fn source(&self, segment: u64) -> Result<Arc<Source>, StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = open.get(&segment) {
            return Ok(Arc::clone(source));
        }
        let path = segment::path(&self.journal, segment);
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
    format!("journal/{}, byte {}", segment::file_name(place.segment), place.offset)
}
