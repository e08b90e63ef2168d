//! From images as they are to what a network takes: checked, with its number of
//! channels, in its size.

use super::{FeaturesError, ImageForm};
use rayon::prelude::*;

/// How far outside of [-1, 1] rounding may lead.
const SLACK: f32 = 1e-3;

/// Rec. 601 luma, as Pillow and PyTorch turn colour to grey.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// How many images there are.
///
/// # Errors
/// If they are not whole, or a pixel is not a number in [-1, 1].
pub(super) fn count(pixels: &[f32], form: ImageForm) -> Result<usize, FeaturesError> {
    let ImageForm {
        height,
        width,
        channels,
    } = form;
    let each = height
        .checked_mul(width)
        .and_then(|area| area.checked_mul(channels));
    let each = each.filter(|&each| each > 0);
    let each = each.ok_or(FeaturesError::Form {
        height,
        width,
        channels,
    })?;
    if !pixels.len().is_multiple_of(each) {
        return Err(FeaturesError::Count {
            numbers: pixels.len(),
            each,
        });
    }
    let bad = pixels
        .iter()
        .position(|pixel| pixel.is_nan() || pixel.abs() > 1.0 + SLACK);
    match bad.map(|place| (place / each, pixels[place])) {
        None => Ok(pixels.len() / each),
        Some((image, value)) if value.is_finite() => Err(FeaturesError::Range { image, value }),
        Some((image, value)) => Err(FeaturesError::NotFinite { image, value }),
    }
}

/// Grey images: colour becomes its luma; what is transparent lies on white.
///
/// # Errors
/// If the channels are not 1, 3 or 4.
pub(super) fn grey(
    pixels: &[f32],
    channels: usize,
    features: &'static str,
) -> Result<Vec<f32>, FeaturesError> {
    match channels {
        1 => Ok(pixels.to_vec()),
        3 | 4 => {
            let luma = |pixel: &[f32]| {
                opaque(pixel)
                    .iter()
                    .zip(LUMA)
                    .map(|(value, share)| value * share)
                    .sum()
            };
            Ok(pixels.chunks_exact(channels).map(luma).collect())
        }
        _ => Err(FeaturesError::Channels { channels, features }),
    }
}

/// Colour images: grey is repeated; what is transparent lies on white.
///
/// # Errors
/// If the channels are not 1, 3 or 4.
pub(super) fn colour(
    pixels: &[f32],
    channels: usize,
    features: &'static str,
) -> Result<Vec<f32>, FeaturesError> {
    match channels {
        1 => Ok(pixels.iter().flat_map(|&value| [value; 3]).collect()),
        3 => Ok(pixels.to_vec()),
        4 => Ok(pixels.chunks_exact(4).flat_map(opaque).collect()),
        _ => Err(FeaturesError::Channels { channels, features }),
    }
}

/// A pixel's colour, on white where it has alpha.
fn opaque(pixel: &[f32]) -> [f32; 3] {
    let alpha = pixel.get(3).map_or(1.0, |alpha| (alpha + 1.0) / 2.0);
    std::array::from_fn(|channel| 1.0 + (pixel[channel] - 1.0) * alpha)
}

/// Resizes to squares: bilinear, its window widened when shrinking so that
/// nothing aliases. As PyTorch's `interpolate` with `antialias`, and Pillow.
///
/// # Shapes
/// `pixels` [images, height, width, channels]; the result [images, side, side,
/// channels].
pub(super) fn resize(pixels: Vec<f32>, form: ImageForm, side: usize) -> Vec<f32> {
    let ImageForm {
        height,
        width,
        channels,
    } = form;
    if [height, width] == [side, side] {
        return pixels;
    }
    let (down, across) = (windows(height, side), windows(width, side));
    let image = |pixels: &[f32], out: &mut [f32]| {
        let mut rows = vec![0.0; side * width * channels];
        for (window, row) in down.iter().zip(rows.chunks_exact_mut(width * channels)) {
            for (share, y) in window.shares.iter().zip(window.first..) {
                let source = &pixels[y * width * channels..(y + 1) * width * channels];
                row.iter_mut()
                    .zip(source)
                    .for_each(|(sum, value)| *sum += share * value);
            }
        }
        for (row, out) in rows
            .chunks_exact(width * channels)
            .zip(out.chunks_exact_mut(side * channels))
        {
            for (window, out) in across.iter().zip(out.chunks_exact_mut(channels)) {
                for (share, x) in window.shares.iter().zip(window.first..) {
                    let source = &row[x * channels..(x + 1) * channels];
                    out.iter_mut()
                        .zip(source)
                        .for_each(|(sum, value)| *sum += share * value);
                }
            }
        }
    };
    let each = height * width * channels;
    let mut out = vec![0.0; pixels.len() / each * side * side * channels];
    pixels
        .par_chunks_exact(each)
        .zip(out.par_chunks_exact_mut(side * side * channels))
        .for_each(|(pixels, out)| image(pixels, out));
    out
}

/// The positions that make up one output position.
struct Window {
    first: usize,
    shares: Vec<f32>,
}

fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    (0..to)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            let share =
                |place: usize| (1.0 - ((place as f64 + 0.5 - centre) / reach).abs()).max(0.0);
            let sum: f64 = (first..end).map(share).sum();
            let shares = (first..end)
                .map(|place| (share(place) / sum) as f32)
                .collect();
            Window { first, shares }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::features::tests::{fixture, uniform};

    fn form(height: usize, width: usize, channels: usize) -> ImageForm {
        ImageForm {
            height,
            width,
            channels,
        }
    }

    #[test]
    fn resizing_agrees_with_pytorch() {
        for (name, from, side) in [("shrink", form(9, 14, 3), 5), ("enlarge", form(5, 4, 1), 7)] {
            let pixels = uniform(
                &format!("resize.{name}"),
                from.height * from.width * from.channels,
            );
            let wanted = fixture("resize", name, &[side, side, from.channels]);
            for (ours, theirs) in resize(pixels, from, side).iter().zip(wanted) {
                assert!((ours - theirs).abs() < 1e-6, "{name}: {ours} and {theirs}");
            }
        }
    }

    #[test]
    fn what_is_transparent_lies_on_white() {
        let pixels = [-1.0, -1.0, -1.0, 1.0, -1.0, 0.0, 1.0, -1.0];
        assert_eq!(
            colour(&pixels, 4, "vgg16").unwrap(),
            [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]
        );
        let grey = grey(&pixels, 4, "digits").unwrap();
        assert!((grey[0] + 1.0).abs() < 1e-6 && (grey[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn bad_images_are_named() {
        let message = |pixels: &[f32], form| count(pixels, form).unwrap_err().to_string();
        let square = form(2, 2, 1);
        assert!(
            message(&[0.0; 7], square).contains("7 numbers are not a whole number of images of 4")
        );
        assert!(
            message(&[0.0, 0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0], square)
                .contains("image 1 has a pixel of NaN")
        );
        assert!(message(&[0.0, 0.0, 0.0, 255.0], square).contains("outside of [-1, 1]"));
        assert!(message(&[], form(0, 2, 1)).contains("no pixels"));
        assert!(message(&[], form(usize::MAX, 2, 1)).contains("too many"));
        assert!(
            colour(&[0.0; 8], 2, "vgg16")
                .unwrap_err()
                .to_string()
                .contains("2 channels")
        );
        assert_eq!(count(&[1.0, -1.0, 0.5, 1.0005], square).unwrap(), 1);
    }
}
