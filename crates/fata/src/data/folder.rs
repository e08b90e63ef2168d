//! A folder of picture files: which ones there are, and their bytes.
//!
//! The walk goes through sub-folders and links, each real folder once, so a
//! loop of links ends. Hidden files are left out; what is no regular file is
//! never opened, since a pipe would wait for ever.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::DataError;
use super::error::Skipped;
use super::shelf::{Candidate, Listing, printable};

/// Lists a folder's files.
///
/// # Errors
/// If the folder itself cannot be read. Unreadable folders inside are skipped
/// and named.
pub(crate) fn list(root: &Path) -> Result<(Listing, Vec<PathBuf>), DataError> {
    // Refused here, so that the reason is an error and not a skipped entry.
    fs::read_dir(root).map_err(|error| DataError::read(root, error))?;
    let mut listing = Listing::default();
    let mut paths = Vec::new();
    let mut visited = HashSet::new();
    let mut waiting = vec![Vec::new()];
    while let Some(components) = waiting.pop() {
        let here = components
            .iter()
            .fold(root.to_owned(), |path, part| path.join(part));
        let mut skip = |name: &Path, reason: String| {
            listing.skipped.push(Skipped {
                path: printable(name.as_os_str().as_encoded_bytes()),
                reason,
            });
        };
        let relative: PathBuf = components.iter().collect();
        let entries = match fs::canonicalize(&here) {
            Ok(real) if !visited.insert(real.clone()) => continue,
            Ok(_) => match fs::read_dir(&here) {
                Ok(entries) => entries,
                Err(error) => {
                    skip(&relative, format!("the folder cannot be read: {error}"));
                    continue;
                }
            },
            Err(error) => {
                skip(&relative, format!("the folder cannot be read: {error}"));
                continue;
            }
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
            .collect();
        names.sort_unstable();
        // Last in, first out: folders are visited in the order of their names.
        for name in names.into_iter().rev() {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let relative = relative.join(&name);
            let metadata = match fs::metadata(here.join(&name)) {
                Ok(metadata) => metadata,
                Err(error) => {
                    skip(&relative, format!("cannot be read: {error}"));
                    continue;
                }
            };
            let mut parts = components.clone();
            parts.push(name);
            if metadata.is_dir() {
                waiting.push(parts);
            } else if metadata.is_file() {
                let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_encoded_bytes()).collect();
                listing.candidates.push(Candidate {
                    name: parts.join(&b'/'),
                    place: paths.len(),
                    size: metadata.len(),
                    checksum: None,
                });
                paths.push(relative);
            } else {
                listing.others += 1;
            }
        }
    }
    Ok((listing, paths))
}

/// Up to `limit` bytes of a file.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(bytes)
}
