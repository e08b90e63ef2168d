//! Opening a data set: what a path or a name holds, and the size and channels
//! that its pictures are prepared to. Headers are read; of the pictures
//! themselves one is decoded, so that files of which none can be are refused
//! before anything is begun with them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use xxhash_rust::xxh3::Xxh3;

use super::dataset::{Store, nothing_usable};
use super::fit::Shape;
use super::shelf::Shelf;
use super::{DataError, DataOptions, Dataset, builtin, idx, points};

/// The largest resolution that pictures are prepared to.
const LARGEST_RESOLUTION: usize = 4096;

/// Pictures that all have one square size up to this are used as they are.
const LARGEST_OWN_SIZE: usize = 256;

/// The resolution of pictures that differ or are larger.
const DEFAULT_RESOLUTION: usize = 64;

impl Dataset {
    /// Opens a built-in data set by name, or a folder, zip, IDX file or CSV. A
    /// built-in name wins over a file of that name; `./digits` is the file.
    ///
    /// # Errors
    /// If there is nothing by that name, it cannot be read, it is damaged as a
    /// whole, nothing in it can be used, or the options do not suit it.
    pub fn open(source: &Path, options: &DataOptions) -> Result<Self, DataError> {
        check_options(options)?;
        if let Some(builtin) = builtin::BUILTINS
            .iter()
            .find(|builtin| source.as_os_str() == builtin.name)
        {
            return Ok(Self::builtin(builtin.name, options));
        }
        let metadata = std::fs::metadata(source).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => DataError::NotFound {
                path: source.to_owned(),
                builtins: builtin::names(),
            },
            _ => DataError::read(source, error),
        })?;
        if metadata.is_dir() {
            return match idx_in(source)? {
                Some(pictures) => Self::idx(source, &pictures, options),
                None => Self::files(source, Shelf::folder(source)?, options),
            };
        }
        if !metadata.is_file() {
            return Err(DataError::UnknownFormat {
                path: source.to_owned(),
            });
        }
        let mut prefix = Vec::new();
        File::open(source)
            .and_then(|file| file.take(512).read_to_end(&mut prefix))
            .map_err(|error| DataError::read(source, error))?;
        let extension = source
            .extension()
            .map(|extension| extension.to_ascii_lowercase());
        let is = |names: &[&str]| {
            extension
                .as_ref()
                .is_some_and(|extension| names.iter().any(|name| extension == name))
        };
        if prefix.starts_with(b"PK") || is(&["zip"]) {
            Self::files(source, Shelf::zip(source)?, options)
        } else if idx::looks_like_idx(&prefix) {
            Self::idx(source, source, options)
        } else if is(&["csv", "tsv", "txt"]) {
            let bytes = std::fs::read(source).map_err(|error| DataError::read(source, error))?;
            let points =
                points::parse_csv(&bytes).map_err(|reason| DataError::malformed(source, reason))?;
            let mut hash = Xxh3::new();
            hash.update(&bytes);
            Ok(Self::new(source, Store::Points(points), hash.digest128()))
        } else {
            Err(DataError::UnknownFormat {
                path: source.to_owned(),
            })
        }
    }

    fn new(path: &Path, store: Store, fingerprint: u128) -> Self {
        let (bad, skipped) = match &store {
            Store::Files { shelf, .. } => (shelf.entries.len(), shelf.skipped.clone()),
            _ => (0, Vec::new()),
        };
        Self {
            name: short_name(path),
            path: path.to_owned(),
            store,
            classes: Vec::new(),
            labels: None,
            fingerprint,
            bad: (0..bad).map(|_| AtomicBool::new(false)).collect(),
            skipped: Mutex::new(skipped),
            named: AtomicUsize::new(0),
        }
    }

    fn builtin(name: &'static str, options: &DataOptions) -> Self {
        let path = Path::new(name);
        let fingerprint = |content: &[u8]| {
            let mut hash = Xxh3::new();
            hash.update(name.as_bytes());
            hash.update(content);
            hash.digest128()
        };
        if let Some((points, modes)) = builtin::points(name) {
            let content: Vec<u8> = points
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            return Self {
                classes: (0..builtin::modes(name))
                    .map(|mode| mode.to_string())
                    .collect(),
                labels: modes,
                ..Self::new(path, Store::Points(points), fingerprint(&content))
            };
        }
        let (pictures, labels) = builtin::digits();
        let content = fingerprint(&pictures.pixels);
        let stacked = name == "stacked-digits";
        let shape = Shape {
            side: options.resolution.unwrap_or(pictures.width),
            channels: options.channels.unwrap_or(if stacked { 3 } else { 1 }),
            fit: options.fit,
        };
        if stacked {
            return Self {
                classes: (0..1000).map(|class| format!("{class:03}")).collect(),
                ..Self::new(
                    path,
                    Store::Stacked {
                        digits: pictures,
                        labels,
                        shape,
                    },
                    content,
                )
            };
        }
        Self {
            classes: (0..10).map(|digit| digit.to_string()).collect(),
            labels: Some(labels.into_iter().map(u32::from).collect()),
            ..Self::new(path, Store::Pixels { pictures, shape }, content)
        }
    }

    fn idx(named: &Path, path: &Path, options: &DataOptions) -> Result<Self, DataError> {
        let (pictures, labels) = idx::open(path)?;
        let own = (pictures.width == pictures.height
            && pictures.width <= largest_own_size(options))
        .then_some(pictures.width);
        let shape = Shape {
            side: options.resolution.or(own).unwrap_or(DEFAULT_RESOLUTION),
            channels: options.channels.unwrap_or(pictures.channels),
            fit: options.fit,
        };
        let mut hash = Xxh3::new();
        for size in [
            pictures.count,
            pictures.height,
            pictures.width,
            pictures.channels,
        ] {
            hash.update(&(size as u64).to_le_bytes());
        }
        hash.update(&pictures.pixels);
        hash.update(labels.as_deref().unwrap_or_default());
        let count = labels
            .iter()
            .flatten()
            .max()
            .map_or(0, |&largest| u32::from(largest) + 1);
        Ok(Self {
            classes: (0..count).map(|class| class.to_string()).collect(),
            labels: labels.map(|labels| labels.into_iter().map(u32::from).collect()),
            ..Self::new(named, Store::Pixels { pictures, shape }, hash.digest128())
        })
    }

    fn files(path: &Path, mut shelf: Shelf, options: &DataOptions) -> Result<Self, DataError> {
        let Some(first) = shelf.entries.first().map(|entry| entry.header) else {
            return Err(nothing_usable(path, shelf.others, &shelf.skipped));
        };
        let headers = || shelf.entries.iter().map(|entry| entry.header);
        let own = first.width as usize;
        let alike = own <= largest_own_size(options)
            && headers().all(|header| (header.width, header.height) == (first.width, first.width));
        let shape = Shape {
            side: options
                .resolution
                .unwrap_or(if alike { own } else { DEFAULT_RESOLUTION }),
            channels: options.channels.unwrap_or_else(|| {
                if headers().any(|header| header.alpha) {
                    4
                } else if headers().all(|header| !header.colour) {
                    1
                } else {
                    3
                }
            }),
            fit: options.fit,
        };
        let fingerprint = shelf.fingerprint();
        let classes = std::mem::take(&mut shelf.classes);
        let labels = shelf.labels.take();
        let dataset = Self {
            classes,
            labels,
            ..Self::new(path, Store::Files { shelf, shape }, fingerprint)
        };
        dataset.resolve(0, |index| dataset.pixels(index))?;
        Ok(dataset)
    }
}

fn largest_own_size(options: &DataOptions) -> usize {
    match options.keep_size {
        true => LARGEST_RESOLUTION,
        false => LARGEST_OWN_SIZE,
    }
}

fn check_options(options: &DataOptions) -> Result<(), DataError> {
    if let Some(resolution) = options.resolution
        && !(1..=LARGEST_RESOLUTION).contains(&resolution)
    {
        return Err(DataError::BadOption {
            option: "resolution",
            value: resolution.to_string(),
            reason: format!("give 1 to {LARGEST_RESOLUTION} pixels a side"),
        });
    }
    if let Some(channels) = options.channels
        && !matches!(channels, 1 | 3 | 4)
    {
        return Err(DataError::BadOption {
            option: "channels",
            value: channels.to_string(),
            reason: "pictures have 1 (grey), 3 (RGB) or 4 (RGBA)".to_owned(),
        });
    }
    Ok(())
}

/// The IDX pictures in a folder: the training ones, if there are several.
fn idx_in(folder: &Path) -> Result<Option<PathBuf>, DataError> {
    let entries = std::fs::read_dir(folder).map_err(|error| DataError::read(folder, error))?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| idx::names_pictures(name) && folder.join(name).is_file())
        .collect();
    names.sort_unstable_by_key(|name| (!name.contains("train"), name.clone()));
    Ok(names.first().map(|name| folder.join(name)))
}

/// What data at a path are called: in run folders and messages.
pub(super) fn short_name(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let part = if real.is_dir() {
        real.file_name()
    } else {
        real.file_stem()
    };
    let name = part.unwrap_or_default().to_string_lossy();
    let name = name
        .split("-images")
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or("data");
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let clean = clean.trim_matches('-');
    if clean.is_empty() {
        "data".to_owned()
    } else {
        clean.to_owned()
    }
}
