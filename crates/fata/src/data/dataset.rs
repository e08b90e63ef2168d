//! A data set: prepared pictures or points by index.
//!
//! A picture that turns out to be damaged when it is wanted is recorded and the
//! next readable one takes its place, so the outcome depends on the files alone
//! and not on who read them first. How a source is opened is in `open`; order,
//! batches and caching are the [`super::Loader`]'s.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use image::{DynamicImage, ImageBuffer};
use xxhash_rust::xxh3::xxh3_128;

use super::domains::Cut;
use super::error::Skipped;
use super::fit::{self, Fit, Shape};
use super::idx::Pictures;
use super::picture;
use super::points::{Points, Standardisation};
use super::shelf::Shelf;
use super::{DataError, builtin};

/// How pictures are to be prepared.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataOptions {
    /// Pixels a side. Without it: the pictures' own size, if all have the same
    /// square one of at most 256, else 64.
    pub resolution: Option<usize>,
    /// 1, 3 or 4. Without it: 4 if any picture has alpha, 1 if all are grey,
    /// else 3. Where alpha is dropped, pictures are laid on white.
    pub channels: Option<usize>,
    /// What happens to pictures that are not square.
    pub fit: Fit,
    /// Keeps the one square size that all pictures have, however large: what
    /// only looks at pictures need not shrink them as training does.
    pub keep_size: bool,
}

/// What the items are, once prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pictures in `[-1, 1]`, `[height, width, channels]`.
    Images {
        /// 1 grey, 3 RGB, 4 RGBA.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Points in standard units.
    Points {
        /// Columns.
        dimensions: usize,
    },
}

impl Kind {
    /// Numbers in one item.
    pub fn values(&self) -> usize {
        match *self {
            Self::Images {
                channels,
                height,
                width,
            } => channels * height * width,
            Self::Points { dimensions } => dimensions,
        }
    }
}

pub(super) enum Store {
    /// Files, decoded when wanted.
    Files {
        shelf: Shelf,
        shape: Shape,
    },
    /// Raw pictures in memory.
    Pixels {
        pictures: Pictures,
        shape: Shape,
    },
    /// Triples of the digits.
    Stacked {
        digits: Pictures,
        labels: Vec<u8>,
        shape: Shape,
    },
    Points(Points),
}

/// A data set.
pub struct Dataset {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) store: Store,
    pub(super) classes: Vec<String>,
    pub(super) labels: Option<Vec<u32>>,
    pub(super) fingerprint: u128,
    /// Which files failed to decode.
    pub(super) bad: Vec<AtomicBool>,
    pub(super) skipped: Mutex<Vec<Skipped>>,
    /// How many of them were handed out as new.
    pub(super) named: AtomicUsize,
}

impl Dataset {
    /// A short name for run folders: letters, digits, `-` and `_` only.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was given to [`Dataset::open`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the prepared items are.
    pub fn kind(&self) -> Kind {
        match &self.store {
            Store::Points(points) => Kind::Points {
                dimensions: points.dimensions,
            },
            Store::Files { shape, .. }
            | Store::Pixels { shape, .. }
            | Store::Stacked { shape, .. } => Kind::Images {
                channels: shape.channels,
                height: shape.side,
                width: shape.side,
            },
        }
    }

    /// How many items there are; at least one.
    #[allow(
        clippy::len_without_is_empty,
        reason = "an empty data set cannot be opened"
    )]
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Files { shelf, .. } => shelf.entries.len(),
            Store::Pixels { pictures, .. } => pictures.count,
            Store::Stacked { .. } => builtin::STACKED,
            Store::Points(points) => points.values.len() / points.dimensions,
        }
    }

    /// Whether every picture is used at the size that it has.
    pub(crate) fn has_own_size(&self) -> bool {
        match &self.store {
            Store::Files { shelf, shape } => shelf.entries.iter().all(|entry| {
                let side = shape.side as u32;
                (entry.header.width, entry.header.height) == (side, side)
            }),
            Store::Pixels { pictures, shape } => {
                (pictures.width, pictures.height) == (shape.side, shape.side)
            }
            Store::Stacked { digits, shape, .. } => digits.width == shape.side,
            Store::Points(_) => true,
        }
    }

    /// The names of the classes; empty where there are none.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How many items each class has; empty where there are no classes.
    pub fn class_counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        for label in (0..self.len()).filter_map(|index| self.label(index)) {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The class of an item, where there are classes.
    pub fn label(&self, index: usize) -> Option<u32> {
        match &self.store {
            Store::Stacked { digits, labels, .. } => {
                let triple = builtin::stacked(index, digits.count);
                Some(
                    triple
                        .iter()
                        .fold(0, |label, &digit| 10 * label + u32::from(labels[digit])),
                )
            }
            _ => self.labels.as_ref()?.get(index).copied(),
        }
    }

    /// What tells this data from other data: a hash of names, sizes and (in a
    /// zip) checksums, or of the content. It does not depend on where the data
    /// lies nor on how it is prepared.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", self.fingerprint)
    }

    /// The files that could not be used, so far.
    pub fn skipped(&self) -> Vec<Skipped> {
        let mut skipped = self
            .skipped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        skipped.sort();
        skipped
    }

    /// What takes points back to the data's own units.
    pub fn units(&self) -> Option<&Standardisation> {
        match &self.store {
            Store::Points(points) => Some(&points.units),
            _ => None,
        }
    }

    /// Writes a prepared item to `out` and says which one it is: `index`, or
    /// the next one that is readable.
    ///
    /// # Errors
    /// If not one picture of the data set can be decoded.
    ///
    /// # Panics
    /// If `index` or the length of `out` is not that of an item.
    pub fn read(&self, index: usize, out: &mut [f32]) -> Result<usize, DataError> {
        assert_eq!(out.len(), self.kind().values(), "room for one item");
        if let Some(point) = self.point(index) {
            out.copy_from_slice(point);
            return Ok(index);
        }
        let (index, pixels) = self.resolve(index, |index| self.pixels(index))?;
        to_signed(&pixels, out);
        Ok(index)
    }

    /// A point in standard units.
    pub(super) fn point(&self, index: usize) -> Option<&[f32]> {
        match &self.store {
            Store::Points(points) => {
                Some(&points.values[index * points.dimensions..][..points.dimensions])
            }
            _ => None,
        }
    }

    /// Whether a prepared picture costs more than copying it.
    pub(super) fn worth_caching(&self) -> bool {
        match &self.store {
            Store::Files { .. } => true,
            Store::Pixels { pictures, shape } => !is_prepared(pictures, *shape, pictures.channels),
            Store::Stacked { digits, shape, .. } => !is_prepared(digits, *shape, 3),
            Store::Points(_) => false,
        }
    }

    /// A prepared picture, `[height, width, channels]`, or why there is none.
    pub(super) fn pixels(&self, index: usize) -> Result<Cow<'_, [u8]>, String> {
        match &self.store {
            Store::Files { shelf, shape } => {
                let bytes = shelf.bytes(index)?;
                Ok(Cow::Owned(fit::prepare(picture::decode(&bytes)?, *shape)?))
            }
            Store::Pixels { pictures, shape } => {
                let raw = pictures.picture(index);
                if is_prepared(pictures, *shape, pictures.channels) {
                    return Ok(Cow::Borrowed(raw));
                }
                prepare_raw(raw.to_vec(), pictures, pictures.channels, *shape)
            }
            Store::Stacked { digits, shape, .. } => {
                let size = digits.height * digits.width;
                let planes =
                    builtin::stacked(index, digits.count).map(|digit| digits.picture(digit));
                let raw = (0..size)
                    .flat_map(|at| planes.map(|plane| plane[at]))
                    .collect();
                prepare_raw(raw, digits, 3, *shape)
            }
            Store::Points(_) => Err("points are no pictures".to_owned()),
        }
    }

    /// A picture prepared to another side; one that cannot be decoded is
    /// remembered as skipped.
    pub(super) fn pixels_at(&self, index: usize, side: usize, cut: Cut) -> Option<Vec<u8>> {
        let attempt = || match &self.store {
            Store::Files { shelf, shape } => {
                let picture = cut.of(picture::decode(&shelf.bytes(index)?)?)?;
                fit::prepare(picture, Shape { side, ..*shape })
            }
            Store::Pixels { pictures, shape } => {
                let raw = pictures.picture(index).to_vec();
                let shape = Shape { side, ..*shape };
                prepare_raw(raw, pictures, pictures.channels, shape).map(Cow::into_owned)
            }
            _ => Err("only pictures are translated".to_owned()),
        };
        match attempt() {
            Ok(pixels) => Some(pixels),
            Err(reason) => {
                self.give_up(index, reason);
                None
            }
        }
    }

    /// The size of a picture as its file has it, width first.
    pub(super) fn size_of(&self, index: usize) -> Option<[u32; 2]> {
        match &self.store {
            Store::Files { shelf, .. } => {
                let header = shelf.entries.get(index)?.header;
                Some([header.width, header.height])
            }
            Store::Pixels { pictures, .. } => Some([pictures.width as u32, pictures.height as u32]),
            _ => None,
        }
    }

    /// Tries `attempt` on `index` and, where it fails, on the ones after it,
    /// and remembers what failed.
    pub(super) fn resolve<T>(
        &self,
        index: usize,
        attempt: impl Fn(usize) -> Result<T, String>,
    ) -> Result<(usize, T), DataError> {
        assert!(index < self.len(), "item {index} of {}", self.len());
        for candidate in (index..self.len()).chain(0..index) {
            if self
                .bad
                .get(candidate)
                .is_some_and(|bad| bad.load(Ordering::Acquire))
            {
                continue;
            }
            match attempt(candidate) {
                Ok(found) => return Ok((candidate, found)),
                Err(reason) => self.give_up(candidate, reason),
            }
        }
        Err(self.nothing_usable())
    }

    /// A prepared picture; one that cannot be decoded is remembered as skipped.
    pub(super) fn prepared_or_skipped(&self, index: usize) -> Option<Cow<'_, [u8]>> {
        self.pixels(index)
            .map_err(|reason| self.give_up(index, reason))
            .ok()
    }

    /// Decodes an item and hashes its source; nothing if it is unreadable.
    pub(super) fn examine(&self, index: usize) -> Option<u128> {
        match &self.store {
            Store::Files { shelf, .. } => shelf
                .bytes(index)
                .and_then(|bytes| picture::decode(&bytes).map(|_| xxh3_128(&bytes)))
                .map_err(|reason| self.give_up(index, reason))
                .ok(),
            Store::Pixels { pictures, .. } => Some(xxh3_128(pictures.picture(index))),
            Store::Stacked { .. } | Store::Points(_) => Some(0),
        }
    }

    /// What an item is called: its file, or its class and number.
    pub(super) fn item_name(&self, index: usize) -> String {
        match &self.store {
            Store::Files { shelf, .. } => shelf.entries[index].display(),
            _ => match self
                .label(index)
                .and_then(|label| self.classes.get(label as usize))
            {
                Some(class) => format!("{class}/{index:06}"),
                None => format!("{index:06}"),
            },
        }
    }

    /// The error for when every picture failed.
    pub(super) fn nothing_usable(&self) -> DataError {
        nothing_usable(&self.path, 0, &self.skipped())
    }

    /// The files that could not be used and that no call of this has returned:
    /// those found when the data were opened, later those that turned out
    /// damaged when they were wanted.
    pub fn newly_skipped(&self) -> Vec<Skipped> {
        let skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        let named = self.named.swap(skipped.len(), Ordering::AcqRel);
        let mut new = skipped[named..].to_vec();
        new.sort();
        new
    }

    fn give_up(&self, index: usize, reason: String) {
        let (Some(bad), Store::Files { shelf, .. }) = (self.bad.get(index), &self.store) else {
            return;
        };
        if !bad.swap(true, Ordering::AcqRel) {
            let path = shelf.entries[index].display();
            let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
            skipped.push(Skipped { path, reason });
        }
    }
}

/// Takes bytes to `[-1, 1]`.
pub(super) fn to_signed(pixels: &[u8], out: &mut [f32]) {
    for (value, &pixel) in out.iter_mut().zip(pixels) {
        // A division, so that 255 is exactly 1.
        *value = f32::from(pixel) / 127.5 - 1.0;
    }
}

/// Whether raw pictures need no change. Alpha does: hidden colours are cleared.
fn is_prepared(pictures: &Pictures, shape: Shape, channels: usize) -> bool {
    (pictures.width, pictures.height, channels) == (shape.side, shape.side, shape.channels)
        && channels != 4
}

fn prepare_raw(
    raw: Vec<u8>,
    pictures: &Pictures,
    channels: usize,
    shape: Shape,
) -> Result<Cow<'static, [u8]>, String> {
    let (width, height) = (pictures.width as u32, pictures.height as u32);
    let picture = match channels {
        1 => ImageBuffer::from_raw(width, height, raw).map(DynamicImage::ImageLuma8),
        3 => ImageBuffer::from_raw(width, height, raw).map(DynamicImage::ImageRgb8),
        _ => ImageBuffer::from_raw(width, height, raw).map(DynamicImage::ImageRgba8),
    };
    let picture = picture.ok_or("the pixels do not fill the picture")?;
    fit::prepare(picture, shape).map(Cow::Owned)
}

pub(super) fn nothing_usable(path: &Path, others: usize, skipped: &[Skipped]) -> DataError {
    let mut found = match (skipped.len(), others) {
        (0, 0) => "it is empty".to_owned(),
        (0, 1) => "one file, and it is no picture".to_owned(),
        (0, others) => format!("{others} files, none of them a picture"),
        (1, 0) => "one file, and it cannot be used".to_owned(),
        (bad, 0) => format!("{bad} files that cannot be used"),
        (bad, others) => {
            format!("{bad} that cannot be used and {others} that are no pictures")
        }
    };
    for skipped in skipped.iter().take(3) {
        found += &format!("; {}: {}", skipped.path, skipped.reason);
    }
    if skipped.len() > 3 {
        found += &format!("; and {} more", skipped.len() - 3);
    }
    found += ". Put PNG, JPEG, WebP, GIF, BMP or TIFF pictures there, or give another path";
    DataError::NothingUsable {
        path: path.to_owned(),
        found,
    }
}
