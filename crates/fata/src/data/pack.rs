//! `fata data pack`: the prepared pictures as one zip of PNGs, which opens
//! quickly, needs no resizing and holds nothing that cannot be read.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Write};
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use rayon::prelude::*;
use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::error::Skipped;
use super::{DataError, Dataset, Kind};
use crate::files::{FileError, write_whole_with};

/// Pictures encoded at once; what bounds the memory that packing takes.
const CHUNK: usize = 256;

/// What packing did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Packed {
    /// The file written.
    pub out: String,
    /// Pictures in it.
    pub written: usize,
    /// Pictures left out, each with the reason.
    pub skipped: Vec<Skipped>,
}

/// Writes every readable picture, prepared, to a zip: whole or not at all. The
/// first sub-folder is the class, as in the source.
///
/// # Errors
/// If the data is points, nothing in it can be decoded, or the file cannot be
/// written.
pub fn pack(dataset: &Dataset, out: &Path) -> Result<Packed, DataError> {
    let Kind::Images {
        channels, height, ..
    } = dataset.kind()
    else {
        return Err(DataError::malformed(
            dataset.path(),
            "it holds points; only pictures are packed, so use the CSV as it is",
        ));
    };
    let colour = match channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    let encode = |index: usize| -> Option<io::Result<Vec<u8>>> {
        let pixels = dataset.prepared_or_skipped(index)?;
        let mut png = Cursor::new(Vec::new());
        let side = height as u32;
        let result = PngEncoder::new(&mut png).write_image(&pixels, side, side, colour);
        Some(result.map(|()| png.into_inner()).map_err(io::Error::other))
    };
    let mut written = 0;
    let mut empty = false;
    let outcome = write_whole_with(out, |file| {
        let mut zip = ZipWriter::new(io::BufWriter::new(file));
        // PNG is deflated already.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut names = BTreeSet::new();
        for start in (0..dataset.len()).step_by(CHUNK) {
            let end = dataset.len().min(start + CHUNK);
            let pngs: Vec<_> = (start..end).into_par_iter().map(encode).collect();
            for (index, png) in (start..end).zip(pngs) {
                let Some(png) = png else { continue };
                zip.start_file(unused(&mut names, &stem(dataset, index)), options)
                    .map_err(io::Error::other)?;
                zip.write_all(&png?)?;
                written += 1;
            }
        }
        empty = written == 0;
        if empty {
            return Err(io::Error::other("nothing to pack"));
        }
        zip.finish().map_err(io::Error::other)?.flush()
    });
    match outcome {
        Err(FileError::Other { .. }) if empty => return Err(dataset.nothing_usable()),
        other => other?,
    }
    Ok(Packed {
        out: out.display().to_string(),
        written,
        skipped: dataset.skipped(),
    })
}

/// The name without its extension; with the class as its folder.
fn stem(dataset: &Dataset, index: usize) -> String {
    let name = dataset.item_name(index);
    let (folder, file) = name
        .rsplit_once('/')
        .map_or(("", name.as_str()), |(a, b)| (a, b));
    let file = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if folder.is_empty() {
        file.to_owned()
    } else {
        format!("{folder}/{file}")
    }
}

/// `a.jpg` and `a.png` both want to be `a.png`: the second becomes `a-2.png`.
fn unused(names: &mut BTreeSet<String>, stem: &str) -> String {
    let mut name = format!("{stem}.png");
    let mut number = 2;
    while !names.insert(name.clone()) {
        name = format!("{stem}-{number}.png");
        number += 1;
    }
    name
}
