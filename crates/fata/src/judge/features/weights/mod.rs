//! Files of weights that others wrote: names, shapes and numbers.
//!
//! Three forms are read: PyTorch's zip, PyTorch's older form without a zip (the
//! one in which the Inception weights of FID are published), and safetensors.
//! Nothing in a file is ever executed: `pickle` interprets only the few
//! instructions that a list of tensors needs, and says which other one it met.
//! A file is opened as a table of where each tensor lies; numbers are copied
//! out when a network asks for a tensor by name and shape, so memory is bounded
//! by the file and the network, whatever the file claims.

mod pickle;
mod pytorch;
#[cfg(test)]
mod tests;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The largest file that is read: ten times the Inception weights.
const LARGEST_FILE_BYTES: u64 = 1 << 30;

/// Why a file of weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The system does not give it out.
    #[error("it cannot be read ({0}); check the path and its permissions")]
    Read(#[from] std::io::Error),
    /// Larger than any network here.
    #[error(
        "it has {bytes} bytes, and at most {LARGEST_FILE_BYTES} are read: name the weights of the network alone"
    )]
    TooLarge {
        /// The file's size.
        bytes: u64,
    },
    /// None of the forms.
    #[error(
        "it is neither a PyTorch file nor safetensors: it begins with {beginning:?}. Download it again, and see that it is not a web page or a Git LFS pointer"
    )]
    Unrecognised {
        /// Its first characters.
        beginning: String,
    },
    /// It ends too early, or its directory or a checksum is wrong.
    #[error("it is damaged or cut off ({0}): download or copy it again")]
    Damaged(String),
    /// A pickle that names something to be called.
    #[error(
        "its pickle names `{module}.{name}`, which no list of weights needs. Nothing was run; do not open this file with Python unless you trust who made it"
    )]
    Forbidden {
        /// The Python module.
        module: String,
        /// What is named in it.
        name: String,
    },
    /// A pickle with another instruction.
    #[error(
        "its pickle has the instruction 0x{opcode:02x} at byte {at}, which no list of weights needs. Nothing was run; save the weights with `torch.save(network.state_dict(), path)`"
    )]
    Opcode {
        /// The instruction.
        opcode: u8,
        /// Where it stands in the file.
        at: usize,
    },
    /// A pickle that is put together wrongly or is not a list of tensors.
    #[error(
        "it is not a list of tensors ({0}): save the weights with `torch.save(network.state_dict(), path)`"
    )]
    NotTensors(String),
    /// A tensor is not there.
    #[error("it has no tensor `{name}`, so it is not the network that was asked for")]
    Missing {
        /// The tensor's name.
        name: String,
    },
    /// A tensor has another shape.
    #[error(
        "its tensor `{name}` has the shape {found:?} and not {wanted:?}, so it is not the network that was asked for"
    )]
    Shape {
        /// The tensor's name.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that is needed.
        wanted: Vec<usize>,
    },
    /// A tensor of other numbers than `f32`.
    #[error(
        "its tensor `{name}` holds {found} and not 32-bit floats: save `network.float().state_dict()`"
    )]
    Type {
        /// The tensor's name.
        name: String,
        /// The type in the file.
        found: &'static str,
    },
    /// A weight that is no number.
    #[error(
        "its tensor `{name}` holds {value}, so every feature would be meaningless: use other weights"
    )]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// The first such weight.
        value: f32,
    },
}

/// Where a tensor lies in the file.
#[derive(Debug, PartialEq)]
struct Entry {
    kind: ElementType,
    shape: Vec<usize>,
    /// Elements between neighbours along each dimension.
    strides: Vec<usize>,
    /// The elements that the strides reach, as bytes of the file.
    bytes: Range<usize>,
}

/// What numbers a tensor holds. Only one of them is used; others are known by
/// name so that a message can say what was found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ElementType {
    F32,
    Other { name: &'static str, bytes: usize },
}

impl ElementType {
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Other { bytes, .. } => bytes,
        }
    }
}

/// A file of weights, opened.
#[derive(Debug)]
pub struct WeightsFile {
    file: Vec<u8>,
    entries: BTreeMap<String, Entry>,
}

impl WeightsFile {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read or is none of the forms.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::metadata(path)?.len();
        if bytes > LARGEST_FILE_BYTES {
            return Err(WeightsError::TooLarge { bytes });
        }
        Self::from_bytes(std::fs::read(path)?)
    }

    /// The same for a file that is in memory.
    ///
    /// # Errors
    /// If it is none of the forms.
    pub fn from_bytes(file: Vec<u8>) -> Result<Self, WeightsError> {
        let entries = match &file[..] {
            [b'P', b'K', 3, 4, ..] => pytorch::zipped(&file)?,
            [0x80, ..] => pytorch::unzipped(&file)?,
            // The eight bytes before the brace are the header's length.
            [_, _, _, _, _, _, _, _, b'{', ..] => safetensors(&file)?,
            _ => {
                let beginning = String::from_utf8_lossy(&file[..file.len().min(24)]).into_owned();
                return Err(WeightsError::Unrecognised { beginning });
            }
        };
        Ok(Self { file, entries })
    }

    /// A tensor's shape, if it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| &entry.shape[..])
    }

    /// A tensor's numbers, in row-major order.
    ///
    /// # Errors
    /// If it is not there, has another shape or other numbers, or if a number is
    /// infinite or none.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| WeightsError::Missing { name: name.into() })?;
        if entry.shape != shape {
            let (found, wanted) = (entry.shape.clone(), shape.to_vec());
            return Err(WeightsError::Shape {
                name: name.into(),
                found,
                wanted,
            });
        }
        if let ElementType::Other { name: found, .. } = entry.kind {
            return Err(WeightsError::Type {
                name: name.into(),
                found,
            });
        }
        let stored = self.file[entry.bytes.clone()].as_chunks().0;
        let numbers = gather(stored, &entry.shape, &entry.strides);
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(&value) => Err(WeightsError::NotFinite {
                name: name.into(),
                value,
            }),
            None => Ok(numbers),
        }
    }
}

/// The elements in row-major order of the shape. The reader has checked that
/// the strides stay inside.
fn gather(stored: &[[u8; 4]], shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let length = shape.iter().product();
    if strides == row_major(shape) {
        return stored[..length]
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
    }
    let mut numbers = Vec::with_capacity(length);
    let mut index = vec![0; shape.len()];
    for _ in 0..length {
        let place: usize = index
            .iter()
            .zip(strides)
            .map(|(i, stride)| i * stride)
            .sum();
        numbers.push(f32::from_le_bytes(stored[place]));
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    numbers
}

/// The strides of a tensor that is stored row by row. An empty one may claim
/// sizes that overflow; its strides are never used.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

fn safetensors(file: &[u8]) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let damaged = |error: safetensors::SafeTensorError| WeightsError::Damaged(error.to_string());
    let (header, metadata) = SafeTensors::read_metadata(file).map_err(damaged)?;
    SafeTensors::deserialize(file).map_err(damaged)?; // checks every tensor's place
    let start = 8 + header;
    let entry = |info: &safetensors::tensor::TensorInfo| Entry {
        kind: match info.dtype {
            Dtype::F32 => ElementType::F32,
            _ => ElementType::Other {
                name: "numbers of another type",
                bytes: 1,
            },
        },
        shape: info.shape.clone(),
        strides: row_major(&info.shape),
        bytes: start + info.data_offsets.0..start + info.data_offsets.1,
    };
    let tensors: BTreeMap<String, _> = metadata.tensors().into_iter().collect();
    Ok(tensors
        .into_iter()
        .map(|(name, info)| (name, entry(info)))
        .collect())
}
