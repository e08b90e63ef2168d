//! Features of data, kept between judgements.
//!
//! A file is named by a hash of the features' name and of every pixel, so that
//! data which change are read anew wherever they lie. The caller says where
//! files are kept; a cache that cannot be read or written is only slower.

use super::examined::Examined;
use crate::files::write_whole;
use crate::ship::container::{self, Container};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// All files together are kept below this; the oldest go first.
const LARGEST_BYTES: u64 = 1 << 30;

/// A folder of features.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Card {}

impl container::Card for Card {
    const KIND: &'static str = "features";
}

pub(super) struct Known {
    pub(super) features: Vec<f32>,
    pub(super) probabilities: Option<Vec<f32>>,
}

/// A hash in the making.
pub(super) struct Key(Xxh3);

impl Key {
    /// Adds pixels in [-1, 1].
    pub(super) fn add(&mut self, pixels: &[f32]) {
        let bytes: Vec<u8> = pixels
            .iter()
            .map(|v| ((v + 1.0) * 127.5).round() as u8)
            .collect();
        self.0.update(&bytes);
    }

    pub(super) fn name(self) -> String {
        format!("{:032x}.safetensors", self.0.digest128())
    }
}

impl Cache {
    /// A cache in this folder, which is made when it is needed.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    pub(super) fn key(features: &str) -> Key {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(features.as_bytes());
        Key(hash)
    }

    /// What is known under a name, if it is of `count` items of this width.
    pub(super) fn load(&self, name: &str, count: usize, width: usize) -> Option<Known> {
        let bytes = std::fs::read(self.folder.join(name)).ok()?;
        let mut file = Container::<Card>::decode(&bytes).ok()?;
        let features = file.take("features", &[count, width]).ok()?;
        let probabilities = file
            .tensors
            .remove("probabilities")
            .map(|(_, values)| values);
        let whole = probabilities
            .as_ref()
            .is_none_or(|values| values.len().is_multiple_of(count));
        whole.then_some(Known {
            features,
            probabilities,
        })
    }

    pub(super) fn store(&self, name: &str, examined: &Examined) {
        let mut tensors = BTreeMap::new();
        let count = examined.count();
        tensors.insert(
            "features".into(),
            (vec![count, examined.width], examined.features.clone()),
        );
        if let Some(values) = &examined.probabilities {
            let shape = vec![count, values.len() / count.max(1)];
            tensors.insert("probabilities".into(), (shape, values.clone()));
        }
        let card = Card {};
        let bytes = Container { card, tensors }.encode();
        // A cache that is not there is no error.
        let _ = std::fs::create_dir_all(&self.folder);
        self.make_room(bytes.len() as u64);
        let _ = write_whole(&self.folder.join(name), &bytes);
    }

    fn make_room(&self, needed: u64) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "safetensors"))
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut total = needed + files.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
        for (_, bytes, path) in files {
            if total <= LARGEST_BYTES {
                break;
            }
            let _ = std::fs::remove_file(path);
            total -= bytes;
        }
    }
}
