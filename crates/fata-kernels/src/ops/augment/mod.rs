//! What augmentation does to images, one by one: warps, maps of colours, rectangles cut out. The
//! gradient goes to the images and not to what is done to them.

mod fast;
mod portable;
#[cfg(test)]
mod tests;

use std::ops::Range;

use burn::tensor::Tensor;

use super::is_fast;

/// How a warp reads between pixels and outside of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Between the four nearest pixels; outside are zeros. PyTorch's `grid_sample` with its
    /// defaults, corners not aligned.
    Bilinear,
    /// At twice the resolution, between the low-pass filter of the wavelet sym6 on the way up and
    /// on the way down; outside is the image's mirror image once over, and zeros beyond that.
    ///
    /// # Source
    /// Karras et al. 2020, arXiv 2006.06676, appendix B. The official code mirrors as far as the
    /// farthest-reaching image of the batch needs; ours as far as it can for every image, so that
    /// images do not depend on each other. It filters every image; ours copies those that are only
    /// mirrored, turned by quarters or shifted by whole pixels.
    Filtered,
}

/// What is done to the colours of one image: a pixel becomes
/// `matrix pixel + offset + mean_share * mean`, the mean being taken over all the image's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourMap {
    /// Row by row, `channels` by `channels`.
    pub matrix: Vec<f32>,
    /// One number a channel.
    pub offset: Vec<f32>,
    /// How much of the image's mean is added.
    pub mean_share: f32,
}

impl ColourMap {
    /// Whether it leaves every image as it is.
    pub fn is_identity(&self) -> bool {
        let channels = self.offset.len();
        let diagonal = |at: usize| f32::from(u8::from(at / channels == at % channels));
        self.mean_share == 0.0
            && self.offset.iter().all(|&add| add == 0.0)
            && (self.matrix.iter().enumerate()).all(|(at, &factor)| factor == diagonal(at))
    }
}

/// Samples each image at the affinely mapped centres of its pixels. With `x` and `y` measured in
/// pixels from the middle of the image, `y` downwards, the output at `(x, y)` is the input at
/// `(ax + by + c, dx + ey + f)` for the image's matrix `[a, b, c, d, e, f]`.
///
/// Images that only move by whole pixels, are mirrored or turned by quarters come out exactly.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, a matrix for each image; the result as `x`.
///
/// # Panics
/// When there is not one matrix for each image.
pub fn warp_affine(x: Tensor<4>, matrices: &[[f32; 6]], sampling: Sampling) -> Tensor<4> {
    let [batch, ..] = x.dims();
    assert_eq!(
        matrices.len(),
        batch,
        "warp_affine: matrices against images"
    );
    if is_fast(&x) {
        return fast::warp_affine(x, matrices, sampling);
    }
    portable::warp_affine(x, matrices, sampling)
}

/// Maps the colours of each image affinely.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, a map of as many channels for each image; the result as
/// `x`.
///
/// # Panics
/// When there is not one map for each image, or one is of another number of channels.
pub fn colour_affine(x: Tensor<4>, maps: &[ColourMap]) -> Tensor<4> {
    let [batch, _, _, channels] = x.dims();
    assert_eq!(maps.len(), batch, "colour_affine: maps against images");
    for map in maps {
        let fits = map.offset.len() == channels && map.matrix.len() == channels * channels;
        assert!(fits, "colour_affine: a map against {channels} channels");
    }
    if is_fast(&x) {
        return fast::colour_affine(x, maps);
    }
    portable::colour_affine(x, maps)
}

/// Makes a rectangle of each image zero: its rows and columns, of which those outside of the image
/// do not count.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, a rectangle for each image; the result as `x`.
///
/// # Panics
/// When there is not one rectangle for each image.
///
/// # Source
/// DeVries and Taylor 2017, arXiv 1708.04552.
pub fn cut_out(x: Tensor<4>, rectangles: &[[Range<usize>; 2]]) -> Tensor<4> {
    let [batch, ..] = x.dims();
    assert_eq!(
        rectangles.len(),
        batch,
        "cut_out: rectangles against images"
    );
    if is_fast(&x) {
        return fast::cut_out(x, rectangles);
    }
    portable::cut_out(x, rectangles)
}
