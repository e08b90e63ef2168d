//! How fast the judge's feature networks are on the built-in digits, and how
//! well their features tell digits apart: the share of the last 1,000 whose
//! nearest neighbour among the others is the same digit.

use anyhow::Context;
use burn::tensor::Device;
use fata::data::{DataOptions, Dataset};
use fata::judge::features::{Extractor, Features, ImageForm};
use std::path::Path;
use std::time::Instant;

const FORM: ImageForm = ImageForm {
    height: 28,
    width: 28,
    channels: 1,
};
const LAST: usize = 1000;

/// Prints seconds and, where all digits were seen, the share.
pub(crate) fn report(features: Option<String>, images: Option<String>) -> anyhow::Result<()> {
    let features = Features::parse(&features.context("which features?")?)?;
    let images: usize = images.as_deref().unwrap_or("10000").parse()?;
    let digits = Dataset::open(Path::new("digits"), &DataOptions::default())?;
    let mut pixels = vec![0.0; images * 784];
    for (index, picture) in pixels.chunks_exact_mut(784).enumerate() {
        digits.read(index % digits.len(), picture)?;
    }
    let start = Instant::now();
    let extractor = Extractor::open(&features, &Device::flex())?;
    println!(
        "{}: ready in {:.2} s",
        extractor.name(),
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let extracted = extractor.extract(&pixels, FORM)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{images} images in {seconds:.2} s, {:.1} a second",
        images as f64 / seconds
    );
    if images < digits.len() {
        return Ok(());
    }
    let width = extractor.width(FORM);
    let rows: Vec<&[f32]> = extracted
        .features
        .chunks_exact(width)
        .take(digits.len())
        .collect();
    let (known, asked) = rows.split_at(rows.len() - LAST);
    let right = asked.iter().zip(known.len()..).filter(|(row, index)| {
        let distance = |other: &[f32]| {
            row.iter()
                .zip(other)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f32>()
        };
        let distances = known
            .iter()
            .enumerate()
            .map(|(place, other)| (distance(other), place));
        let nearest = distances.min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.and_then(|(_, place)| digits.label(place)) == digits.label(*index)
    });
    println!(
        "nearest neighbours of the same digit: {:.1} %",
        100.0 * right.count() as f64 / LAST as f64
    );
    Ok(())
}
