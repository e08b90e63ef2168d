//! IDX, the format of MNIST: a few big-endian numbers, then raw bytes.
//!
//! Read from `*-images-idx3-ubyte` (`[count, height, width]`) or `idx4`
//! (`[count, height, width, channels]`, or channels first), with or without
//! gzip, and labels from the `idx1` file beside. What the header claims is
//! checked before anything is allocated for it.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::DataError;

/// The most bytes an IDX file may hold once unpacked: 8 GiB.
pub const LARGEST_IDX_BYTES: u64 = 8 << 30;

/// The pictures of one IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// How many.
    pub count: usize,
    /// Rows of one.
    pub height: usize,
    /// Columns of one.
    pub width: usize,
    /// 1, 3 or 4.
    pub channels: usize,
    /// All of them, `[count, height, width, channels]`.
    pub pixels: Vec<u8>,
}

impl Pictures {
    /// The pixels of one, `[height, width, channels]`.
    pub(crate) fn picture(&self, index: usize) -> &[u8] {
        let size = self.height * self.width * self.channels;
        &self.pixels[index * size..][..size]
    }
}

/// Reads pictures from the bytes of an IDX file, gzipped or not.
///
/// # Errors
/// A sentence that says what is wrong and what would be right.
pub fn pictures(bytes: &[u8]) -> Result<Pictures, String> {
    let (dimensions, mut data) = parse(bytes)?;
    let (count, height, width, channels, channels_first) = match dimensions[..] {
        [count, height, width] => (count, height, width, 1, false),
        [count, height, width, channels @ (1 | 3 | 4)] => (count, height, width, channels, false),
        [count, channels @ (1 | 3 | 4), height, width] => (count, height, width, channels, true),
        _ => {
            return Err(format!(
                "it holds an array of shape {dimensions:?}; pictures need [count, height, width] \
                 or [count, height, width, channels]"
            ));
        }
    };
    if height == 0 || width == 0 || count == 0 {
        return Err(format!("its shape {dimensions:?} leaves no picture"));
    }
    let largest = super::picture::LARGEST_SIDE as usize;
    if height > largest || width > largest {
        return Err(format!(
            "its pictures claim {width}x{height} pixels; at most {largest} a side are read"
        ));
    }
    if channels_first && channels > 1 {
        let mut last = Vec::with_capacity(data.len());
        for picture in data.chunks_exact(channels * height * width) {
            for at in 0..height * width {
                last.extend((0..channels).map(|channel| picture[channel * height * width + at]));
            }
        }
        data = last;
    }
    Ok(Pictures {
        count,
        height,
        width,
        channels,
        pixels: data,
    })
}

/// Reads labels from the bytes of an `idx1` file, gzipped or not.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn labels(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (dimensions, data) = parse(bytes)?;
    if dimensions.len() != 1 {
        return Err(format!(
            "labels need one dimension, it has {}",
            dimensions.len()
        ));
    }
    Ok(data)
}

/// Whether a file begins like IDX or like gzip.
pub(crate) fn looks_like_idx(prefix: &[u8]) -> bool {
    prefix.starts_with(&[0x1F, 0x8B]) || matches!(prefix, [0, 0, 0x08..=0x0E, 1..=4, ..])
}

/// Whether a file's name is that of IDX pictures.
pub(crate) fn names_pictures(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("images") && (name.contains("idx3") || name.contains("idx4"))
}

/// The labels that lie beside a file of pictures.
pub(crate) fn labels_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    if !name.contains("images") {
        return None;
    }
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    let plain = plain
        .replace("images", "labels")
        .replace("idx3", "idx1")
        .replace("idx4", "idx1");
    [plain.clone(), format!("{plain}.gz")]
        .into_iter()
        .map(|name| path.with_file_name(name))
        .find(|candidate| candidate.is_file())
}

/// The dimensions and the data.
fn parse(bytes: &[u8]) -> Result<(Vec<usize>, Vec<u8>), String> {
    if bytes.starts_with(&[0x1F, 0x8B]) {
        parse_stream(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        parse_stream(bytes)
    }
}

fn parse_stream(mut source: impl Read) -> Result<(Vec<usize>, Vec<u8>), String> {
    let mut magic = [0; 4];
    read_exactly(&mut source, &mut magic)?;
    let [0, 0, kind, rank] = magic else {
        return Err("it does not begin like an IDX file (two zero bytes)".to_owned());
    };
    if kind != 0x08 {
        return Err(format!(
            "its numbers are of type {kind:#04x}; only unsigned bytes (0x08) are read"
        ));
    }
    if !(1..=4).contains(&rank) {
        return Err(format!("it claims {rank} dimensions; 1 to 4 are read"));
    }
    let mut dimensions = Vec::new();
    let mut expected = 1_u64;
    for _ in 0..rank {
        let mut size = [0; 4];
        read_exactly(&mut source, &mut size)?;
        let size = u32::from_be_bytes(size);
        expected = expected.saturating_mul(u64::from(size));
        dimensions.push(size as usize);
    }
    if expected > LARGEST_IDX_BYTES {
        return Err(format!(
            "its header claims the shape {dimensions:?}, more than {} GiB",
            LARGEST_IDX_BYTES >> 30
        ));
    }
    // Grown as bytes arrive: a header's claim allocates nothing.
    let mut data = Vec::new();
    source
        .take(expected)
        .read_to_end(&mut data)
        .map_err(|error| format!("damaged after {} bytes of data: {error}", data.len()))?;
    if data.len() as u64 != expected {
        return Err(format!(
            "truncated: its header promises {expected} bytes of data for the shape {dimensions:?}, \
             {} are there; get the file again",
            data.len()
        ));
    }
    data.shrink_to_fit();
    Ok((dimensions, data))
}

fn read_exactly(source: &mut impl Read, out: &mut [u8]) -> Result<(), String> {
    source
        .read_exact(out)
        .map_err(|error| format!("truncated or damaged in its header: {error}"))
}

/// Reads a file of pictures and, where they lie beside, its labels.
///
/// # Errors
/// If either cannot be read, or they disagree about how many there are.
pub(crate) fn open(path: &Path) -> Result<(Pictures, Option<Vec<u8>>), DataError> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| DataError::read(path, error));
    let pictures = pictures(&read(path)?).map_err(|reason| DataError::malformed(path, reason))?;
    let Some(beside) = labels_beside(path) else {
        return Ok((pictures, None));
    };
    let labels = labels(&read(&beside)?).map_err(|reason| DataError::malformed(&beside, reason))?;
    if labels.len() != pictures.count {
        return Err(DataError::malformed(
            &beside,
            format!(
                "it holds {} labels for {} pictures; move it away to train without labels",
                labels.len(),
                pictures.count
            ),
        ));
    }
    Ok((pictures, Some(labels)))
}
