//! The transforms of adaptive discriminator augmentation: pixel blitting, geometry and colour
//! (`bgc`), each of an image with the probability that [`super::AdaController`] finds.
//!
//! # Source
//! Karras et al. 2020, arXiv 2006.06676, appendix B; parameters, order and the rule for grey
//! images as in the official code. Warps are filtered and mirrored at the border as there; how ours
//! differ, see [`Sampling::Filtered`]. Images of other than three channels are treated as grey ones,
//! channel by channel.

use super::Batch;
use crate::rng::Draws;
use burn::tensor::Tensor;
use fata_kernels::{ColourMap, Sampling};
use std::f64::consts::PI;

/// What is drawn for one image; what does not happen has the value that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    /// Mirrored left to right.
    pub(super) mirrored: bool,
    pub(super) quarter_turns: u32,
    /// Right and down, in sides of the image, to be rounded to whole pixels: within 1/8.
    pub(super) shift: [f64; 2],
    /// `2^(0.2 n)`, as `stretch`, with `n` standard normal.
    pub(super) scale: f64,
    /// In radians, before and after the stretching: any.
    pub(super) turns: [f64; 2],
    /// Factor of the width; the height has its inverse.
    pub(super) stretch: f64,
    /// Right and down, in sides of the image: of deviation 1/8.
    pub(super) fraction: [f64; 2],
    /// Added: of deviation 0.2.
    pub(super) brightness: f64,
    /// Factor: `2^(0.5 n)`.
    pub(super) contrast: f64,
    /// Light for dark, colours staying.
    pub(super) luma_flipped: bool,
    /// In radians: any.
    pub(super) hue: f64,
    /// Factor of colours' distance from grey: `2^n`.
    pub(super) saturation: f64,
}

/// Draws for an image. The same numbers are drawn whatever the probability, so that transforms
/// come in one by one as it grows.
pub(super) fn draw(mut draws: Draws, probability: f32) -> Drawn {
    // Either of two turns happens with the probability of the others.
    let either = 1.0 - (1.0 - probability).max(0.0).sqrt();
    let mut kept = |value: &dyn Fn(&mut Draws) -> [f64; 2], none: f64, probability: f32| {
        let value = value(&mut draws);
        match draws.uniform() < probability {
            true => value,
            false => [none; 2],
        }
    };
    let below = |count: u32| move |draws: &mut Draws| [f64::from(draws.below(count)); 2];
    let spread = |reach: f64| {
        move |draws: &mut Draws| [(); 2].map(|()| reach * (2.0 * f64::from(draws.uniform()) - 1.0))
    };
    let normal = |deviation: f64| {
        move |draws: &mut Draws| [(); 2].map(|()| deviation * f64::from(draws.normal()))
    };
    let power = |deviation: f64| move |draws: &mut Draws| normal(deviation)(draws).map(libm::exp2);
    let p = probability;
    Drawn {
        mirrored: kept(&below(2), 0.0, p)[0] == 1.0,
        quarter_turns: kept(&below(4), 0.0, p)[0] as u32,
        shift: kept(&spread(0.125), 0.0, p),
        scale: kept(&power(0.2), 1.0, p)[0],
        turns: [(); 2].map(|()| kept(&spread(PI), 0.0, either)[0]),
        stretch: kept(&power(0.2), 1.0, p)[0],
        fraction: kept(&normal(0.125), 0.0, p),
        brightness: kept(&normal(0.2), 0.0, p)[0],
        contrast: kept(&power(0.5), 1.0, p)[0],
        luma_flipped: kept(&below(2), 0.0, p)[0] == 1.0,
        hue: kept(&spread(PI), 0.0, p)[0],
        saturation: kept(&power(1.0), 1.0, p)[0],
    }
}

/// `[a, b, c, d, e, f]`, which sends `(x, y)` to `(ax + by + c, dx + ey + f)`.
type Affine = [f64; 6];

const SAME: Affine = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

/// First the second map, then the first.
fn after([a, b, c, d, e, f]: Affine, [p, q, r, s, t, u]: Affine) -> Affine {
    [
        a * p + b * s,
        a * q + b * t,
        a * r + b * u + c,
        d * p + e * s,
        d * q + e * t,
        d * r + e * u + f,
    ]
}

fn turn([sin, cos]: [f64; 2]) -> Affine {
    [cos, -sin, 0.0, sin, cos, 0.0]
}

fn scale(x: f64, y: f64) -> Affine {
    [x, 0.0, 0.0, 0.0, y, 0.0]
}

impl Drawn {
    /// From the pixels of the result to those of the image, measured from the middle.
    pub(super) fn inverse(&self, [height, width]: [usize; 2]) -> [f32; 6] {
        let [width, height] = [width as f64, height as f64];
        let quarter = [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]];
        let angle = |radians: f64| {
            let (sin, cos) = libm::sincos(radians);
            turn([sin, cos])
        };
        let shift = |[right, down]: [f64; 2]| [1.0, 0.0, -right, 0.0, 1.0, -down];
        let [right, down] = self.shift;
        let whole = [right * width, down * height].map(f64::round_ties_even);
        let fraction = [self.fraction[0] * width, self.fraction[1] * height];
        let steps = [
            scale(if self.mirrored { -1.0 } else { 1.0 }, 1.0),
            turn(quarter[self.quarter_turns as usize % 4]),
            shift(whole),
            scale(1.0 / self.scale, 1.0 / self.scale),
            angle(self.turns[0]),
            scale(1.0 / self.stretch, self.stretch),
            angle(self.turns[1]),
            shift(fraction),
        ];
        // Adding zero makes -0 of products the 0 that it equals.
        steps
            .into_iter()
            .fold(SAME, after)
            .map(|number| number as f32 + 0.0)
    }

    /// What happens to the colours. The luma axis is grey, `(1, 1, 1) / sqrt(3)`.
    pub(super) fn colours(&self, channels: usize) -> ColourMap {
        let sign = if self.luma_flipped { -1.0 } else { 1.0 };
        // Along the luma axis; hue and saturation leave it alone.
        let luma = sign * self.contrast;
        let offset = vec![(luma * self.brightness) as f32; channels];
        let matrix = match channels {
            3 => {
                // Across the axis: turned by the hue and stretched by the saturation.
                let (sin, cos) = libm::sincos(self.hue);
                let across = self.contrast * self.saturation;
                let (along, side) = (across * cos, across * sin / 3.0_f64.sqrt());
                let entry = |at: usize| {
                    let grey = (luma - along) / 3.0;
                    match (at % 3 + 3 - at / 3) % 3 {
                        0 => grey + along,
                        1 => grey - side,
                        _ => grey + side,
                    }
                };
                (0..9).map(|at| entry(at) as f32).collect()
            }
            _ => (0..channels * channels)
                .map(|at| match at / channels == at % channels {
                    true => luma as f32,
                    false => 0.0,
                })
                .collect(),
        };
        ColourMap {
            matrix,
            offset,
            mean_share: 0.0,
        }
    }
}

/// Draws for each image and does it.
pub(super) fn apply(x: Tensor<4>, batch: Batch, probability: f32) -> Tensor<4> {
    let [images, height, width, channels] = x.dims();
    let drawn: Vec<Drawn> = batch
        .draws(images)
        .map(|draws| draw(draws, probability))
        .collect();
    let mut x = x;
    let matrices: Vec<[f32; 6]> = drawn
        .iter()
        .map(|drawn| drawn.inverse([height, width]))
        .collect();
    if matrices
        .iter()
        .any(|&matrix| matrix != SAME.map(|number| number as f32))
    {
        x = fata_kernels::warp_affine(x, &matrices, Sampling::Filtered);
    }
    let maps: Vec<ColourMap> = drawn.iter().map(|drawn| drawn.colours(channels)).collect();
    if !maps.iter().all(ColourMap::is_identity) {
        x = fata_kernels::colour_affine(x, &maps);
    }
    x
}
