//! The data module as its user sees it, and every bad input that it must bear.

mod bad_input;
mod formats;
mod loading;
mod parsers;
mod reports;

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{DataError, DataOptions, Dataset, Kind};

fn open(path: impl AsRef<Path>) -> Result<Dataset, DataError> {
    Dataset::open(path.as_ref(), &DataOptions::default())
}

/// A picture whose every pixel is `colour`.
fn plain(width: u32, height: u32, colour: [u8; 3]) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb(colour)))
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    encode(picture, ImageFormat::Png)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn item(dataset: &Dataset, index: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; dataset.kind().values()];
    dataset.read(index, &mut out).unwrap();
    out
}

fn images(channels: usize, side: usize) -> Kind {
    Kind::Images {
        channels,
        height: side,
        width: side,
    }
}
