//! Differentiable augmentation: changes of colour, a shift and a cut-out square of every image.
//!
//! # Source
//! Zhao et al. 2020, arXiv 2006.10738; ranges and order as in the official code, which draws anew
//! for each batch where ours draws for each image by its number. There each transform is of every
//! image; here it may also be of a share of them.

use super::{Batch, Part};
use crate::rng::Draws;
use burn::tensor::Tensor;
use fata_kernels::{ColourMap, Sampling};

/// What is drawn for one image; `None` where a part is not done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) colour: Option<Colour>,
    /// Pixels down and to the right.
    pub(super) translation: Option<[i32; 2]>,
    /// Row and column of the square's middle.
    pub(super) cutout: Option<[usize; 2]>,
}

/// What is drawn for the colours of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    /// Added to everything: uniform on [-1/2, 1/2).
    pub(super) brightness: f32,
    /// Factor of a pixel's distance from its grey: uniform on [0, 2).
    pub(super) saturation: f32,
    /// Factor of a pixel's distance from the image's mean: uniform on [1/2, 3/2).
    pub(super) contrast: f32,
}

/// The largest shift along a side of this many pixels: an eighth.
fn reach(side: usize) -> i32 {
    (side / 8) as i32
}

/// Draws for an image. All is drawn whatever the policy, so that parts do not depend on each other.
pub(super) fn draw(mut draws: Draws, policy: &[Part], size: [usize; 2], probability: f32) -> Drawn {
    let mut kept = |part| draws.uniform() < probability && policy.contains(&part);
    let [colour, translation, cutout] =
        [Part::Colour, Part::Translation, Part::Cutout].map(|part| kept(part).then_some(()));
    let colours = Colour {
        brightness: draws.uniform() - 0.5,
        saturation: 2.0 * draws.uniform(),
        contrast: draws.uniform() + 0.5,
    };
    let shift = size.map(|side| draws.below(2 * reach(side) as u32 + 1) as i32 - reach(side));
    // The middle of an even square lies between pixels and may be at either end of the image.
    let middle = size.map(|side| {
        let ends = 1 - side / 2 % 2;
        draws.below((side + ends) as u32) as usize
    });
    Drawn {
        colour: colour.map(|()| colours),
        translation: translation.map(|()| shift),
        cutout: cutout.map(|()| middle),
    }
}

impl Colour {
    /// The three changes in one: with `S` the change of saturation, which leaves a pixel's mean as
    /// it is, and `m` the mean of the image, `contrast S x + (1 - contrast) m + brightness`.
    pub(super) fn map(self, channels: usize) -> ColourMap {
        let Colour {
            brightness,
            saturation,
            contrast,
        } = self;
        let grey = (1.0 - saturation) / channels as f32;
        let entry = |at: usize| match at / channels == at % channels {
            true => contrast * (saturation + grey),
            false => contrast * grey,
        };
        ColourMap {
            matrix: (0..channels * channels).map(entry).collect(),
            offset: vec![brightness; channels],
            mean_share: 1.0 - contrast,
        }
    }
}

/// Draws for each image and does it.
pub(super) fn apply(x: Tensor<4>, policy: &[Part], batch: Batch, probability: f32) -> Tensor<4> {
    let [images, height, width, _] = x.dims();
    let drawn: Vec<Drawn> = batch
        .draws(images)
        .map(|draws| draw(draws, policy, [height, width], probability))
        .collect();
    transform(x, &drawn)
}

/// Does to each image what was drawn for it.
pub(super) fn transform(x: Tensor<4>, drawn: &[Drawn]) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let mut x = x;
    if drawn.iter().any(|drawn| drawn.colour.is_some()) {
        let unchanged = Colour {
            brightness: 0.0,
            saturation: 1.0,
            contrast: 1.0,
        };
        let maps: Vec<ColourMap> = drawn
            .iter()
            .map(|drawn| drawn.colour.unwrap_or(unchanged).map(channels))
            .collect();
        x = fata_kernels::colour_affine(x, &maps);
    }
    if drawn.iter().any(|drawn| drawn.translation.is_some()) {
        let matrices: Vec<[f32; 6]> = drawn
            .iter()
            .map(|drawn| {
                let [down, right] = drawn.translation.unwrap_or([0, 0]).map(|by| by as f32);
                [1.0, 0.0, -right, 0.0, 1.0, -down]
            })
            .collect();
        x = fata_kernels::warp_affine(x, &matrices, Sampling::Bilinear);
    }
    if drawn.iter().any(|drawn| drawn.cutout.is_some()) {
        // Around `middle`, of half the side.
        let span = |middle: usize, side: usize| {
            let first = (middle as i64 - side as i64 / 4).max(0) as usize;
            first..middle + side / 2 - side / 4
        };
        let rectangles: Vec<_> = drawn
            .iter()
            .map(|drawn| match drawn.cutout {
                Some([row, column]) => [span(row, height), span(column, width)],
                None => [0..0, 0..0],
            })
            .collect();
        x = fata_kernels::cut_out(x, &rectangles);
    }
    x
}
