//! The entries of tar and zip archives, as streams that own their file.

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that one step of skipping reads at most.
const SKIP: u64 = 4 << 20;
/// The longest name that an archive may give an entry.
const MAX_NAME: u64 = 1 << 16;

/// `archive_compress_codec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    /// Tar.
    Tar,
    /// Tar within gzip.
    TarGz,
    /// Zip.
    Zip,
}

/// Where a walk through an archive is.
pub(super) enum Step {
    /// At the beginning of an entry of that name.
    Entry(String),
    /// Still behind it; to be asked again.
    Skipping,
    /// At the end.
    End,
}

/// Walks through the files of an archive, in order.
pub(super) enum Walker {
    /// Tar, plain or within gzip.
    Tar(TarWalker),
    /// Zip.
    Zip(ZipWalker),
}

impl Walker {
    /// Opens an archive; `read` counts the bytes of the file that were read.
    pub(super) fn open(kind: Archive, file: File, read: Arc<AtomicU64>) -> io::Result<Self> {
        let counted = |file| BufReader::with_capacity(1 << 16, Counted { file, read: Arc::clone(&read) });
        Ok(match kind {
            Archive::Tar => Walker::Tar(TarWalker::new(Box::new(counted(file)))),
            Archive::TarGz => Walker::Tar(TarWalker::new(Box::new(MultiGzDecoder::new(counted(file))))),
            Archive::Zip => Walker::Zip(ZipWalker::open(file, read)?),
        })
    }

    /// Goes to the next file.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        match self {
            Walker::Tar(tar) => tar.step(),
            Walker::Zip(zip) => zip.step(),
        }
    }
}

/// Reads the current entry.
impl Read for Walker {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Walker::Tar(tar) => tar.read(buffer),
            Walker::Zip(zip) => zip.read(buffer),
        }
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// A tar stream.
pub(super) struct TarWalker {
    input: Box<dyn Read + Send>,
    /// Bytes of the current entry that were not read.
    left: u64,
    /// Bytes between its end and the next header.
    padding: u64,
    /// Name and size that an extension header gives the next entry.
    name: Option<String>,
    size: Option<u64>,
}

impl TarWalker {
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, left: 0, padding: 0, name: None, size: None }
    }

    fn step(&mut self) -> io::Result<Step> {
        let rest = self.left + self.padding;
        if rest > 0 {
            let skipped = io::copy(&mut self.input.by_ref().take(rest.min(SKIP)), &mut io::sink())?;
            if skipped == 0 {
                return Err(invalid("the archive ends within an entry"));
            }
            let of_entry = skipped.min(self.left);
            self.left -= of_entry;
            self.padding -= skipped - of_entry;
            return Ok(Step::Skipping);
        }
        let mut block = [0; 512];
        if !read_block(&mut self.input, &mut block)? || block.iter().all(|byte| *byte == 0) {
            return Ok(Step::End);
        }
        let header = tar::Header::from_byte_slice(&block);
        let sum: u32 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
            .sum();
        if header.cksum().ok() != Some(sum) {
            return Err(invalid("is no tar archive, or damaged"));
        }
        let kind = header.entry_type();
        let size = self.size.take().map_or_else(|| header.entry_size(), Ok)?;
        self.left = size;
        self.padding = size.next_multiple_of(512) - size;
        if kind.is_gnu_longname() {
            let text = self.read_extension()?;
            self.name = Some(text.trim_end_matches('\0').to_owned());
        } else if kind.is_pax_local_extensions() {
            let text = self.read_extension()?;
            for record in text.split('\n').filter_map(|line| line.split_once(' ')) {
                match record.1.split_once('=') {
                    Some(("path", path)) => self.name = Some(path.to_owned()),
                    Some(("size", size)) => self.size = size.parse().ok(),
                    _ => {}
                }
            }
        } else if kind.is_gnu_sparse() {
            return Err(invalid("holds a sparse file, which can't be read"));
        } else {
            let own = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            let name = self.name.take().unwrap_or(own);
            if kind.is_file() || kind.is_contiguous() {
                return Ok(Step::Entry(name));
            }
        }
        Ok(Step::Skipping)
    }

    fn read_extension(&mut self) -> io::Result<String> {
        if self.left > MAX_NAME {
            return Err(invalid("an extension header is too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.input.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(invalid("the archive ends within an entry"));
        }
        self.left -= read as u64;
        Ok(read)
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut chunk = [0; 512];
        while self.left > 0 {
            let read = self.read(&mut chunk)?;
            bytes.extend_from_slice(&chunk[..read]);
        }
        Ok(())
    }
}

/// Fills the block; `false` at the end of the input.
fn read_block(input: &mut dyn Read, block: &mut [u8; 512]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < block.len() {
        match input.read(&mut block[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(invalid("is no tar archive, or cut off")),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The files of a zip archive; a file that is no zip archive has none.
pub(super) struct ZipWalker {
    file: File,
    read: Arc<AtomicU64>,
    entries: std::vec::IntoIter<ZipEntry>,
    current: Option<ZipStream>,
}

struct ZipEntry {
    name: String,
    start: u64,
    length: u64,
    deflated: bool,
    crc: u32,
}

struct ZipStream {
    input: Box<dyn Read + Send>,
    crc: Crc,
    wanted: u32,
}

impl ZipWalker {
    fn open(file: File, read: Arc<AtomicU64>) -> io::Result<Self> {
        let mut entries = Vec::new();
        if let Ok(mut archive) = zip::ZipArchive::new(file.try_clone()?) {
            for index in 0..archive.len() {
                let entry = archive.by_index_raw(index)?;
                if entry.is_dir() {
                    continue;
                }
                let name = entry.name().to_owned();
                let deflated = match entry.compression() {
                    zip::CompressionMethod::Stored => false,
                    zip::CompressionMethod::Deflated => true,
                    other => {
                        return Err(invalid(format!("{name} is compressed by {other}, which can't be read")));
                    }
                };
                if entry.encrypted() {
                    return Err(invalid(format!("{name} is encrypted")));
                }
                let (start, length, crc) = (entry.data_start(), entry.compressed_size(), entry.crc32());
                entries.push(ZipEntry { name, start, length, deflated, crc });
            }
        }
        Ok(Self { file, read, entries: entries.into_iter(), current: None })
    }

    fn step(&mut self) -> io::Result<Step> {
        self.current = None;
        let Some(entry) = self.entries.next() else {
            return Ok(Step::End);
        };
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(entry.start))?;
        let counted = Counted { file, read: Arc::clone(&self.read) };
        let bytes: Take<BufReader<Counted>> = BufReader::with_capacity(1 << 16, counted).take(entry.length);
        let input: Box<dyn Read + Send> = match entry.deflated {
            true => Box::new(DeflateDecoder::new(bytes)),
            false => Box::new(bytes),
        };
        self.current = Some(ZipStream { input, crc: Crc::new(), wanted: entry.crc });
        Ok(Step::Entry(entry.name))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.current else {
            return Ok(0);
        };
        let read = stream.input.read(buffer)?;
        stream.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && stream.crc.sum() != stream.wanted {
            return Err(invalid("the checksum of an entry is wrong: the archive is damaged"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn files(kind: Archive, bytes: &[u8]) -> io::Result<Vec<(String, usize)>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut walker = Walker::open(kind, file, Arc::default())?;
        let mut found = Vec::new();
        loop {
            match walker.step()? {
                Step::Entry(name) => {
                    let mut text = Vec::new();
                    // one entry is left unread
                    if !name.starts_with("skip") {
                        walker.read_to_end(&mut text)?;
                    }
                    found.push((name, text.len()));
                }
                Step::Skipping => {}
                Step::End => return Ok(found),
            }
        }
    }

    fn tar_of(names: &[&str]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (index, name) in names.iter().enumerate() {
            let text = vec![b'x'; index * 700];
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, name, text.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn tar_entries() {
        let long = format!("{}/b.txt", "d".repeat(200));
        let names = ["a.txt", long.as_str(), "skip.txt", "c.txt"];
        let bytes = tar_of(&names);
        let wanted: Vec<_> =
            [0, 700, 0, 2100].into_iter().zip(names).map(|(n, name)| (name.to_owned(), n)).collect();
        assert_eq!(files(Archive::Tar, &bytes).unwrap(), wanted);
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zipped.write_all(&bytes).unwrap();
        assert_eq!(files(Archive::TarGz, &zipped.finish().unwrap()).unwrap(), wanted);
        assert!(files(Archive::Tar, &bytes[..1000]).is_err(), "cut off");
        assert!(files(Archive::Tar, &[b'x'; 2000]).is_err(), "no tar");
    }

    #[test]
    fn zip_entries() {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, method) in
            [("a.txt", zip::CompressionMethod::Stored), ("b.txt", zip::CompressionMethod::Deflated)]
        {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(name, options).unwrap();
            writer.write_all(&[b'x'; 5000]).unwrap();
        }
        let mut bytes = writer.finish().unwrap().into_inner();
        let wanted = [("a.txt".to_owned(), 5000), ("b.txt".to_owned(), 5000)];
        assert_eq!(files(Archive::Zip, &bytes).unwrap(), wanted);
        bytes[100] ^= 1;
        assert!(files(Archive::Zip, &bytes).unwrap_err().to_string().contains("checksum"));
        assert_eq!(files(Archive::Zip, b"1;x;2").unwrap(), [], "a plain file has no entries");
    }
}
