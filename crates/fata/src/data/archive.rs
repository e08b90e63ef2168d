//! A zip of picture files, read in place.
//!
//! An entry is inflated on demand, by any number of threads at once, and never
//! further than the size that it declares. Names that lead outside the archive
//! are refused and named; checksums are checked by the `zip` crate.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipArchive;
use zip::read::ZipReadOptions;

use super::DataError;
use super::shelf::{Candidate, Listing};

/// An open zip.
pub struct Archive {
    index: ZipArchive<Cursor>,
    start: Cursor,
}

impl Archive {
    /// Opens a zip file.
    ///
    /// # Errors
    /// If it cannot be read or is not a zip.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::read(path, error))?;
        let length = file
            .metadata()
            .map_err(|error| DataError::read(path, error))?
            .len();
        Self::new(Cursor::new(
            Source::File(Arc::new(Mutex::new(file))),
            length,
        ))
        .map_err(|reason| DataError::malformed(path, reason))
    }

    /// Opens a zip that is in memory.
    ///
    /// # Errors
    /// A sentence, if it is not a zip.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let length = bytes.len() as u64;
        Self::new(Cursor::new(Source::Bytes(bytes.into()), length))
    }

    fn new(start: Cursor) -> Result<Self, String> {
        let index = ZipArchive::new(start.clone()).map_err(|error| {
            format!("not a whole zip ({error}); it may be truncated: make it again or unpack it")
        })?;
        Ok(Self { index, start })
    }

    /// Lists the entries that may be pictures.
    pub(crate) fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for place in 0..self.index.len() {
            let entry = match self.index.by_index_data(place) {
                Ok(entry) => entry,
                Err(error) => {
                    listing.skip(
                        format!("entry {place}").as_bytes(),
                        format!("damaged: {error}"),
                    );
                    continue;
                }
            };
            if !entry.is_file() {
                continue;
            }
            let name: Vec<u8> = entry
                .name_raw()
                .iter()
                .map(|&byte| if byte == b'\\' { b'/' } else { byte })
                .collect();
            let mut parts = name.split(|&byte| byte == b'/');
            if name.starts_with(b"/")
                || name.contains(&0)
                || name.get(1) == Some(&b':')
                || parts.clone().any(|part| part == b"..")
            {
                listing.skip(
                    &name,
                    "its name leads outside the archive: refused".to_owned(),
                );
            } else if entry.encrypted() {
                listing.skip(
                    &name,
                    "encrypted; unpack it with its password first".to_owned(),
                );
            } else if !parts.any(|part| part.starts_with(b".") || part == b"__MACOSX") {
                listing.candidates.push(Candidate {
                    place,
                    size: entry.size(),
                    checksum: Some(entry.crc32()),
                    name,
                });
            }
        }
        listing.strip_common_folder();
        listing
    }

    /// Up to `limit` bytes of an entry. Its checksum is checked if all of it
    /// is read.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn read(&self, place: usize, limit: u64) -> Result<Vec<u8>, String> {
        let damaged = |error: &dyn std::fmt::Display| format!("damaged in the zip: {error}");
        let entry = self
            .index
            .by_index_data(place)
            .map_err(|error| damaged(&error))?;
        let declared = entry.size();
        let mut cursor = self.start.clone();
        let file = entry
            .with_reader(&mut cursor, ZipReadOptions::new())
            .map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        // One byte more than declared: the end, and with it the checksum, must
        // come there, and an entry that inflates without end is found out.
        file.take(limit.min(declared.saturating_add(1)))
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&error))?;
        if bytes.len() as u64 > declared {
            return Err(format!(
                "it inflates to more than the {declared} bytes that it declares: refused"
            ));
        }
        if (bytes.len() as u64) < declared.min(limit) {
            return Err(format!(
                "truncated: {} of {declared} bytes are there",
                bytes.len()
            ));
        }
        Ok(bytes)
    }

    /// Reads every entry that may be a picture, and its header, for the fuzzer:
    /// whatever the bytes, this returns how many are good.
    pub fn exercise(&self) -> usize {
        let listing = self.list();
        listing
            .candidates
            .iter()
            .filter(|candidate| {
                self.read(candidate.place, 1 << 20)
                    .is_ok_and(|bytes| super::picture::header(&bytes).is_ok())
            })
            .count()
    }
}

/// What the zip lies in. Threads share the one open file.
#[derive(Clone)]
enum Source {
    File(Arc<Mutex<File>>),
    Bytes(Arc<[u8]>),
}

/// A place in a [`Source`], with a small buffer ahead of it.
#[derive(Clone)]
struct Cursor {
    source: Source,
    length: u64,
    position: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
}

/// Reads are grouped to this many bytes.
const BUFFER_BYTES: usize = 8192;

impl Cursor {
    fn new(source: Source, length: u64) -> Self {
        Self {
            source,
            length,
            position: 0,
            buffer: Vec::new(),
            buffer_start: 0,
        }
    }

    fn read_at(source: &Source, position: u64, out: &mut [u8]) -> io::Result<usize> {
        match source {
            Source::File(file) => {
                // A panic in another thread leaves the file as good as before.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(position))?;
                file.read(out)
            }
            Source::Bytes(bytes) => {
                let start = usize::try_from(position)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                (&bytes[start..]).read(out)
            }
        }
    }
}

impl Read for Cursor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let end = self.buffer_start + self.buffer.len() as u64;
        if !(self.buffer_start..end).contains(&self.position) {
            if out.len() >= BUFFER_BYTES {
                let count = Self::read_at(&self.source, self.position, out)?;
                self.position += count as u64;
                return Ok(count);
            }
            self.buffer.resize(BUFFER_BYTES, 0);
            let read = Self::read_at(&self.source, self.position, &mut self.buffer);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            self.buffer_start = self.position;
            read?;
        }
        let from = (self.position - self.buffer_start) as usize;
        let count = (&self.buffer[from..]).read(out)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a seek to before the beginning",
            )
        })?;
        Ok(self.position)
    }
}
