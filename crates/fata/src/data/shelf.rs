//! Where picture files stand: a folder or a zip, seen alike.
//!
//! Opening a shelf reads every picture's header, in parallel and no further
//! than needed; the pictures themselves stay where they are until they are
//! wanted. The order is that of the names' bytes, so it depends neither on the
//! file system nor on where the folder lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use super::archive::Archive;
use super::error::Skipped;
use super::picture::{self, Header, LARGEST_FILE_BYTES};
use super::{DataError, folder};

/// Most headers lie in the first bytes; only where they do not is the whole
/// file read at opening.
const PREFIX_BYTES: u64 = 64 << 10;

/// A file that may be a picture.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Relative, parts divided by `/`, in the file's own encoding.
    pub(crate) name: Vec<u8>,
    /// Where the shelf finds it.
    pub(crate) place: usize,
    /// In bytes.
    pub(crate) size: u64,
    /// CRC-32, from a zip.
    pub(crate) checksum: Option<u32>,
}

/// What lies on a shelf, before any file was opened.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) skipped: Vec<Skipped>,
    /// Pipes, sockets and the like.
    pub(crate) others: usize,
}

impl Listing {
    pub(crate) fn skip(&mut self, name: &[u8], reason: String) {
        self.skipped.push(Skipped {
            path: printable(name),
            reason,
        });
    }

    /// A zip of a folder holds that folder: it is packing, not a class.
    pub(crate) fn strip_common_folder(&mut self) {
        let Some(first) = self.candidates.first() else {
            return;
        };
        let Some(end) = first.name.iter().position(|&byte| byte == b'/') else {
            return;
        };
        let common = first.name[..=end].to_vec();
        if self
            .candidates
            .iter()
            .all(|candidate| candidate.name.starts_with(&common))
        {
            for candidate in &mut self.candidates {
                candidate.name.drain(..=end);
            }
        }
    }
}

enum Source {
    Folder { root: PathBuf, paths: Vec<PathBuf> },
    Zip(Archive),
}

/// A name as it can be shown: what is no text, or would steer a terminal, is
/// written out.
pub(super) fn printable(name: &[u8]) -> String {
    let mut shown = String::with_capacity(name.len());
    for character in String::from_utf8_lossy(name).chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// A picture whose header is good.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) file: Candidate,
    pub(crate) header: Header,
}

impl Entry {
    /// The name, made printable.
    pub(crate) fn display(&self) -> String {
        printable(&self.file.name)
    }

    /// The first sub-folder.
    fn class(&self) -> Option<String> {
        let end = self.file.name.iter().position(|&byte| byte == b'/')?;
        Some(printable(&self.file.name[..end]))
    }
}

/// A folder or a zip of pictures.
pub(crate) struct Shelf {
    source: Source,
    /// The usable pictures, by name.
    pub(crate) entries: Vec<Entry>,
    /// The classes by name; empty if not every picture lies in a sub-folder.
    pub(crate) classes: Vec<String>,
    /// The class of each picture, if there are classes.
    pub(crate) labels: Option<Vec<u32>>,
    /// What looked like a picture and is none, by name.
    pub(crate) skipped: Vec<Skipped>,
    /// Files that do not even claim to be pictures.
    pub(crate) others: usize,
}

impl Shelf {
    /// Looks through a folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn folder(root: &Path) -> Result<Self, DataError> {
        let (listing, paths) = folder::list(root)?;
        let root = root.to_owned();
        Ok(Self::survey(Source::Folder { root, paths }, listing))
    }

    /// Looks through a zip.
    ///
    /// # Errors
    /// If the file cannot be read or is not a zip.
    pub(crate) fn zip(path: &Path) -> Result<Self, DataError> {
        let archive = Archive::open(path)?;
        let listing = archive.list();
        Ok(Self::survey(Source::Zip(archive), listing))
    }

    fn survey(source: Source, listing: Listing) -> Self {
        let mut candidates = listing.candidates;
        candidates.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let looked: Vec<_> = candidates
            .into_par_iter()
            .map(|file| {
                let header = header(&source, &file);
                (file, header)
            })
            .collect();
        let (mut entries, mut skipped, mut others) = (Vec::new(), listing.skipped, listing.others);
        for (file, header) in looked {
            match header {
                Ok(header) => entries.push(Entry { file, header }),
                Err(Some(reason)) => skipped.push(Skipped {
                    path: printable(&file.name),
                    reason,
                }),
                Err(None) => others += 1,
            }
        }
        skipped.sort();
        entries.shrink_to_fit();
        let (classes, labels) = classes(&entries);
        Self {
            source,
            entries,
            classes,
            labels,
            skipped,
            others,
        }
    }

    /// The bytes of a picture's file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn bytes(&self, index: usize) -> Result<Vec<u8>, String> {
        bytes(&self.source, &self.entries[index].file, LARGEST_FILE_BYTES)
    }

    /// Names, sizes and checksums, hashed.
    pub(crate) fn fingerprint(&self) -> u128 {
        let mut hash = Xxh3::new();
        for entry in &self.entries {
            hash.update(&(entry.file.name.len() as u64).to_le_bytes());
            hash.update(&entry.file.name);
            hash.update(&entry.file.size.to_le_bytes());
            hash.update(&entry.file.checksum.unwrap_or(0).to_le_bytes());
        }
        hash.digest128()
    }
}

fn bytes(source: &Source, file: &Candidate, limit: u64) -> Result<Vec<u8>, String> {
    match source {
        Source::Folder { root, paths } => folder::read(&root.join(&paths[file.place]), limit),
        Source::Zip(archive) => archive.read(file.place, limit),
    }
}

/// The header; or the reason why there is none; or nothing, for a file that
/// does not claim to be a picture.
fn header(source: &Source, file: &Candidate) -> Result<Header, Option<String>> {
    let claims = claims_to_be_a_picture(&file.name);
    if file.size == 0 {
        return Err(claims.then(|| "the file is empty".to_owned()));
    }
    let prefix = bytes(source, file, PREFIX_BYTES).map_err(Some)?;
    if !picture::looks_like_a_picture(&prefix) {
        return Err(claims.then(|| {
            "not a picture, whatever its name says (no PNG, JPEG, WebP, GIF, BMP or TIFF signature)"
                .to_owned()
        }));
    }
    if file.size > LARGEST_FILE_BYTES {
        return Err(Some(format!(
            "{} MiB; files of at most {} MiB are read",
            file.size >> 20,
            LARGEST_FILE_BYTES >> 20
        )));
    }
    picture::header(&prefix).or_else(|reason| {
        if file.size <= PREFIX_BYTES {
            return Err(Some(reason));
        }
        let whole = bytes(source, file, LARGEST_FILE_BYTES).map_err(Some)?;
        picture::header(&whole).map_err(Some)
    })
}

pub(super) fn claims_to_be_a_picture(name: &[u8]) -> bool {
    let Some(dot) = name.iter().rposition(|&byte| byte == b'.') else {
        return false;
    };
    let extension = name[dot + 1..].to_ascii_lowercase();
    let known: [&[u8]; 10] = [
        b"png", b"jpg", b"jpeg", b"jpe", b"jfif", b"webp", b"gif", b"bmp", b"tif", b"tiff",
    ];
    known.contains(&extension.as_slice())
}

fn classes(entries: &[Entry]) -> (Vec<String>, Option<Vec<u32>>) {
    let names: Option<Vec<String>> = entries.iter().map(Entry::class).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return (Vec::new(), None);
    };
    let mut classes: BTreeMap<&str, u32> = names.iter().map(|name| (name.as_str(), 0)).collect();
    for (index, label) in classes.values_mut().enumerate() {
        *label = index as u32;
    }
    let labels = names.iter().map(|name| classes[name.as_str()]).collect();
    (
        classes.into_keys().map(str::to_owned).collect(),
        Some(labels),
    )
}
