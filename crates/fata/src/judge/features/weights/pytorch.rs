//! PyTorch's two file forms: where the pickle is, and where the numbers are.
//!
//! Since 1.6 a file is a zip, uncompressed: `data.pkl` and one entry for each
//! storage. Before, and still on request, it is five pickles one after the
//! other (a magic number, a version, notes on the system, the value, the keys
//! of the storages) and then the storages.
//!
//! # Source
//! PyTorch's `torch/serialization.py`, `_save` and `_legacy_save`.

use super::pickle::{self, Storage, Tensor, Value, malformed};
use super::{ElementType, Entry, WeightsError, row_major};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, copy, sink};
use std::ops::Range;
use zip::{CompressionMethod, ZipArchive};

/// `MAGIC_NUMBER` of the older form: 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// `PROTOCOL_VERSION` of the older form.
const VERSION: i64 = 1001;

/// More dimensions than any weight has.
const MOST_DIMENSIONS: usize = 8;

/// The tensors of a zip.
pub(super) fn zipped(file: &[u8]) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let damaged = |error: zip::result::ZipError| WeightsError::Damaged(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(damaged)?;
    let mut list = None;
    let mut places = BTreeMap::new();
    let mut listed_bytes = 0_usize;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        let Some((_, inner)) = name.split_once('/') else {
            continue;
        };
        let wanted = inner == "data.pkl" || inner == "byteorder" || inner.starts_with("data/");
        if !wanted {
            continue;
        }
        if entry.compression() != CompressionMethod::Stored {
            return Err(malformed(
                "its entries are compressed, which PyTorch does not do",
            ));
        }
        let start = entry
            .data_start()
            .and_then(|start| usize::try_from(start).ok());
        let size = usize::try_from(entry.size()).ok();
        let place = start
            .zip(size)
            .and_then(|(start, size)| Some(start..start.checked_add(size)?));
        let place = place.filter(|place| place.end <= file.len());
        let place =
            place.ok_or_else(|| WeightsError::Damaged(format!("its entry {name} is cut off")))?;
        listed_bytes = listed_bytes.saturating_add(place.len());
        if listed_bytes > file.len() {
            return Err(malformed("its entries overlap"));
        }
        // Reading it to its end checks its checksum.
        copy(&mut entry.by_ref(), &mut sink())
            .map_err(|error| WeightsError::Damaged(format!("its entry {name}: {error}")))?;
        match inner {
            "data.pkl" => list = Some(place),
            "byteorder" if &file[place.clone()] != b"little" => {
                return Err(malformed("its numbers are big-endian"));
            }
            _ => {
                let key = inner.strip_prefix("data/").unwrap_or(inner);
                places.insert(key.to_string(), place);
            }
        }
    }
    let list = list.ok_or_else(|| malformed("it is a zip without `data.pkl`"))?;
    let (value, _) = pickle::read(&file[..list.end], list.start)?;
    entries(value, |storage| places.get(&*storage.key).cloned())
}

/// The tensors of the older form.
pub(super) fn unzipped(file: &[u8]) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let (magic, at) = pickle::read(file, 0)?;
    if !matches!(magic, Value::Long(bytes) if *bytes == MAGIC) {
        return Err(malformed("it is a pickle, but not one of PyTorch's files"));
    }
    let (version, at) = pickle::read(file, at)?;
    if !matches!(version, Value::Int(VERSION)) {
        return Err(malformed("its version is unknown"));
    }
    let (system, at) = pickle::read(file, at)?;
    let little = |(key, value): &(Value, Value)| matches!((key, value), (Value::Text(key), Value::Bool(true)) if &**key == "little_endian");
    if !matches!(&system, Value::Dict(items, _) if items.iter().any(little)) {
        return Err(malformed("its numbers are big-endian"));
    }
    let (value, at) = pickle::read(file, at)?;
    let (keys, mut at) = pickle::read(file, at)?;
    let Value::List(keys, _) = keys else {
        return Err(malformed("its storages are not listed"));
    };
    let kinds = storage_kinds(&value);
    let mut places = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else {
            return Err(malformed("a storage's key is not a text"));
        };
        let cut = || WeightsError::Damaged(format!("its storage {key} is cut off"));
        let Some(kind) = kinds.get(&*key) else {
            return Err(malformed("a storage belongs to no tensor"));
        };
        let elements = file[at..].first_chunk().ok_or_else(cut)?;
        let bytes = usize::try_from(u64::from_le_bytes(*elements)).ok();
        let bytes = bytes.and_then(|elements| elements.checked_mul(kind.bytes()));
        let start = at + 8;
        let end = bytes
            .and_then(|bytes| start.checked_add(bytes))
            .filter(|&end| end <= file.len());
        at = end.ok_or_else(cut)?;
        places.insert(key.to_string(), start..at);
    }
    entries(value, |storage| places.get(&*storage.key).cloned())
}

/// The element type of each storage that the tensors use.
fn storage_kinds(value: &Value) -> BTreeMap<String, ElementType> {
    let Value::Dict(items, _) = value else {
        return BTreeMap::new();
    };
    let storages = items.iter().filter_map(|(_, value)| match value {
        Value::Tensor(tensor) => Some(&tensor.storage),
        _ => None,
    });
    storages
        .map(|storage| (storage.key.to_string(), storage.kind))
        .collect()
}

/// The table of a `state_dict`.
fn entries(
    value: Value,
    place: impl Fn(&Storage) -> Option<Range<usize>>,
) -> Result<BTreeMap<String, Entry>, WeightsError> {
    let Value::Dict(items, _) = value else {
        return Err(malformed("it holds something else"));
    };
    let mut table = BTreeMap::new();
    for (key, value) in items {
        match (key, value) {
            (Value::Text(name), Value::Tensor(tensor)) => {
                let entry = entry(&tensor, place(&tensor.storage)).ok_or_else(|| {
                    WeightsError::Damaged(format!("its tensor {name} leads outside its storage"))
                })?;
                table.insert(name.to_string(), entry);
            }
            (Value::Text(name), _) => {
                return Err(malformed(&format!("its `{name}` is no tensor")));
            }
            _ => return Err(malformed("a tensor has no name")),
        }
    }
    Ok(table)
}

/// Where a tensor lies, if it lies inside its storage.
fn entry(tensor: &Tensor, place: Option<Range<usize>>) -> Option<Entry> {
    let place = place?;
    let (shape, kind) = (&tensor.shape, tensor.storage.kind);
    if shape.len() > MOST_DIMENSIONS || shape.len() != tensor.strides.len() {
        return None;
    }
    let length = shape
        .iter()
        .try_fold(1_usize, |length, &size| length.checked_mul(size))?;
    let stored = place.len() / kind.bytes();
    if tensor.storage.elements > stored || length > stored {
        return None;
    }
    if length == 0 {
        let (shape, strides) = (shape.clone(), vec![0; shape.len()]);
        return Some(Entry {
            kind,
            shape,
            strides,
            bytes: place.start..place.start,
        });
    }
    // One past the last element that the strides reach.
    let reach = shape
        .iter()
        .zip(&tensor.strides)
        .try_fold(1_usize, |reach, (&size, &stride)| {
            reach.checked_add((size - 1).checked_mul(stride)?)
        })?;
    let end = tensor
        .offset
        .checked_add(reach)
        .filter(|&end| end <= tensor.storage.elements)?;
    // A dimension of one may have any stride: it is never stepped along.
    let row_major = row_major(shape);
    let strides = shape.iter().zip(&tensor.strides).zip(row_major);
    let strides = strides
        .map(|((&size, &stride), own)| if size == 1 { own } else { stride })
        .collect();
    let bytes = place.start + tensor.offset * kind.bytes()..place.start + end * kind.bytes();
    Some(Entry {
        kind,
        shape: shape.clone(),
        strides,
        bytes,
    })
}
