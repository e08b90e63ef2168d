//! Laplacian pyramids: a picture as its details at each scale.
//!
//! # Source
//! Burt and Adelson 1983; borders and scales as in Karras et al. 2018, arXiv
//! 1710.10196, section 5. They stop at 16 pixels; here a scale may have 14, so
//! that a digit of 28 has two.

use super::features::ImageForm;

/// The smallest side of a scale.
const SMALLEST: usize = 14;

/// The binomial filter, which is applied along both axes.
const FILTER: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// A picture at one scale, [height, width, channels].
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) pixels: Vec<f32>,
    pub(super) form: ImageForm,
}

/// How many scales pictures of this form have.
pub(super) fn scales(form: ImageForm) -> usize {
    let mut side = form.height.min(form.width);
    let mut count = 1;
    while side.div_ceil(2) >= SMALLEST {
        side = side.div_ceil(2);
        count += 1;
    }
    count
}

/// The details at each scale, the finest first; the last is what is left.
pub(super) fn laplacian_pyramid(pixels: &[f32], form: ImageForm) -> Vec<Scale> {
    let mut pyramid = vec![Scale {
        pixels: pixels.to_vec(),
        form,
    }];
    for level in 1..scales(form) {
        let finer = &mut pyramid[level - 1];
        let coarser = halve(finer);
        let again = double(&coarser, finer.form);
        finer
            .pixels
            .iter_mut()
            .zip(again)
            .for_each(|(fine, coarse)| *fine -= coarse);
        pyramid.push(coarser);
    }
    pyramid
}

/// Smoothed, every other pixel.
fn halve(scale: &Scale) -> Scale {
    let form = ImageForm {
        height: scale.form.height.div_ceil(2),
        width: scale.form.width.div_ceil(2),
        ..scale.form
    };
    let smooth = filter(&scale.pixels, scale.form);
    let channels = form.channels;
    let mut pixels = Vec::with_capacity(form.height * form.width * channels);
    for y in 0..form.height {
        for x in 0..form.width {
            let at = (2 * y * scale.form.width + 2 * x) * channels;
            pixels.extend_from_slice(&smooth[at..at + channels]);
        }
    }
    Scale { pixels, form }
}

/// Spread to every other pixel of a larger form and smoothed.
fn double(scale: &Scale, form: ImageForm) -> Vec<f32> {
    let channels = form.channels;
    let mut spread = vec![0.0; form.height * form.width * channels];
    for y in 0..scale.form.height {
        for x in 0..scale.form.width {
            let from = (y * scale.form.width + x) * channels;
            let to = (2 * y * form.width + 2 * x) * channels;
            for channel in 0..channels {
                // Three of four pixels are empty.
                spread[to + channel] = 4.0 * scale.pixels[from + channel];
            }
        }
    }
    filter(&spread, form)
}

/// The filter along both axes, mirrored at the borders.
fn filter(pixels: &[f32], form: ImageForm) -> Vec<f32> {
    let ImageForm {
        height,
        width,
        channels,
    } = form;
    let mut across = vec![0.0; pixels.len()];
    for y in 0..height {
        for x in 0..width {
            for (tap, weight) in FILTER.iter().enumerate() {
                let from = (y * width + mirrored(x + tap, width)) * channels;
                let to = (y * width + x) * channels;
                for channel in 0..channels {
                    across[to + channel] += weight * pixels[from + channel];
                }
            }
        }
    }
    let mut both = vec![0.0; pixels.len()];
    for y in 0..height {
        for (tap, weight) in FILTER.iter().enumerate() {
            let from = mirrored(y + tap, height) * width * channels;
            let to = y * width * channels;
            for at in 0..width * channels {
                both[to + at] += weight * across[from + at];
            }
        }
    }
    both
}

/// The place two to the left of `at`, mirrored into `0..length` at its ends,
/// which are not repeated.
fn mirrored(at: usize, length: usize) -> usize {
    let at = at.abs_diff(2);
    let last = length - 1;
    match at > last {
        true => (2 * last).saturating_sub(at),
        false => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn it_is_the_pyramid_that_scipy_filters() {
        let fixture = fixtures::open();
        let pictures = fixture.array("pyramid.pictures");
        let form = ImageForm {
            height: 28,
            width: 28,
            channels: 3,
        };
        let expected = ["pyramid.fine", "pyramid.coarse"].map(|name| fixture.array(name));
        let found = laplacian_pyramid(pictures.rows().row(0), form);
        assert_eq!(found.len(), 2);
        for (found, expected) in found.iter().zip(&expected) {
            let pairs = found.pixels.iter().zip(expected.rows().row(0));
            let worst = pairs.fold(0.0_f32, |w, (a, b)| w.max((a - b).abs()));
            assert!(worst < 1e-6, "{worst}");
        }
    }
}
