//! VGG16 with random weights: features for data that look like nothing in
//! ImageNet, without a download.
//!
//! A deep network of random filters knows nothing of cats, and so has no
//! opinion on which differences between digits, galaxies or cells matter less.
//! Naeem et al. find that on data unlike ImageNet such features rank generators
//! more sensibly than trained ones, and that few dimensions serve better than
//! 4,096, most of which are redundant.
//!
//! What is done exactly: thirteen convolutions of 3x3 with ReLU in five stages,
//! each closed by a 2x2 max-pool (Simonyan and Zisserman, configuration D); the
//! mean over what is left of the picture, 512 numbers; a dense layer to 4,096
//! with ReLU; a dense layer to 64, the features. Weights are normal with
//! variance 2 / fan-in (He et al.), biases zero, drawn from a seed that never
//! changes. Images go in as they are, in [-1, 1], grey ones as three equal
//! channels.
//!
//! How it differs from the paper's: images are resized to 32 pixels a side if
//! no side is longer, else to 64, where the paper's network takes 224. That is
//! 49 times as many pixels: hours, for what 32 does in a minute or two, and a
//! digit of 28 pixels holds nothing that 32 cannot show. The mean before the
//! first dense layer makes the weights the same for both sizes. Compared are
//! only images of one size, so both sides of a comparison are treated alike.
//!
//! What to expect: the nearest neighbour of a digit in these features shows the
//! same digit for 82 % of them, against 96 % in pixels and 99 % in the features
//! of the digits classifier (`cargo xtask time-features vgg16`). They are for
//! data that no network was trained on, not better than one that was.
//!
//! # Source
//! Naeem et al. 2020, arXiv 2002.09797, section 5 (random embeddings of 64
//! dimensions); Simonyan and Zisserman 2015, arXiv 1409.1556, table 1 D; He et
//! al. 2015, arXiv 1502.01852, equation 10.

use super::pooling::{self, Window};
use super::{Extracted, FeaturesError, ImageForm, Network, prepare};
use crate::layers::{numbers, tensor};
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, ConvOptions};
use rayon::prelude::*;

/// Output channels of the convolutions; a stage a row.
const STAGES: [&[usize]; 5] = [
    &[64, 64],
    &[128, 128],
    &[256, 256, 256],
    &[512, 512, 512],
    &[512, 512, 512],
];

/// Width of the dense layer before the features.
const HIDDEN: usize = 4096;

/// Features per image.
const WIDTH: usize = 64;

/// The letters of the network's name. Another seed would be other features.
const SEED: u64 = u64::from_be_bytes(*b"\0\0\0VGG16");

const SAME: ConvOptions = ConvOptions {
    stride: [1, 1],
    padding: [1, 1],
    groups: 1,
};
const HALVE: Window = Window {
    kernel: 2,
    stride: 2,
    padding: 0,
};

/// The network.
pub(super) struct Vgg16 {
    stages: Vec<Vec<Tensor<4>>>, // [3, 3, in, out] each
    hidden: Tensor<2>,           // [512, 4096]
    last: Tensor<2>,             // [4096, 64]
    device: Device,
}

impl Vgg16 {
    pub(super) fn new(device: &Device) -> Self {
        let mut layer = 0;
        let mut draw = |shape: &[usize]| {
            layer += 1;
            tensor(he_normal(shape, layer), device)
        };
        let mut channels = 3;
        let stages = STAGES.map(|stage| {
            let convolutions = stage.iter().map(|&wide| {
                let shape = [3, 3, channels, wide];
                channels = wide;
                draw(&shape).reshape(shape)
            });
            convolutions.collect()
        });
        let hidden = draw(&[channels, HIDDEN]).reshape([channels, HIDDEN]);
        let last = draw(&[HIDDEN, WIDTH]).reshape([HIDDEN, WIDTH]);
        Self {
            stages: stages.into(),
            hidden,
            last,
            device: device.clone(),
        }
    }

    /// [batch, side, side, 3] to [batch, 64].
    fn forward(&self, mut x: Tensor<4>) -> Tensor<2> {
        for stage in &self.stages {
            for weight in stage {
                x = fata_kernels::conv2d(x, weight.clone(), None, SAME);
                x = fata_kernels::activate(x, Activation::Relu);
            }
            x = pooling::max(x, HALVE);
        }
        let x = pooling::whole(x);
        let x = fata_kernels::linear(x, self.hidden.clone(), None, Activation::Relu);
        fata_kernels::linear(x, self.last.clone(), None, Activation::Identity)
    }
}

impl Network for Vgg16 {
    fn width(&self, _: ImageForm) -> usize {
        WIDTH
    }

    fn images_at_once(&self) -> usize {
        64
    }

    fn run(&self, pixels: &[f32], form: ImageForm) -> Result<Extracted, FeaturesError> {
        let side = if form.height.max(form.width) <= 32 {
            32
        } else {
            64
        };
        let pixels = prepare::colour(pixels, form.channels, "vgg16")?;
        let pixels = prepare::resize(
            pixels,
            ImageForm {
                channels: 3,
                ..form
            },
            side,
        );
        let images = pixels.len() / (side * side * 3);
        let x = tensor(pixels, &self.device).reshape([images, side, side, 3]);
        Ok(Extracted {
            features: numbers(self.forward(x)),
            probabilities: None,
        })
    }
}

/// Normal numbers of variance 2 / fan-in, the fan-in being all but the last of
/// the shape. Each run of the last two dimensions has draws of its own, so that
/// they can be made at the same time.
fn he_normal(shape: &[usize], layer: u64) -> Vec<f32> {
    let length: usize = shape.iter().product();
    let fan_in = length / shape[shape.len() - 1];
    let deviation = (2.0 / fan_in as f64).sqrt() as f32;
    let mut numbers = vec![0.0; length];
    numbers
        .par_chunks_mut(1 << 16)
        .enumerate()
        .for_each(|(run, numbers)| {
            let mut draws = Random::new(SEED).at(Stream::Judge, layer << 32 | run as u64);
            numbers.fill_with(|| deviation * draws.normal());
        });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::features::tests::uniform;

    /// The network again, in f64 and with loops over everything.
    fn reference(network: &Vgg16, picture: &[f32], side: usize) -> Vec<f64> {
        let mut x: Vec<f64> = picture.iter().map(|&value| value.into()).collect();
        let (mut side, mut channels) = (side, 3);
        for stage in &network.stages {
            for weight in stage {
                let [_, _, _, wide] = weight.dims();
                let weight = numbers(weight.clone());
                let mut y = vec![0.0; side * side * wide];
                y.par_chunks_exact_mut(wide)
                    .enumerate()
                    .for_each(|(pixel, out)| {
                        for (tap, at) in (0..9)
                            .map(|tap| (tap, [pixel / side + tap / 3, pixel % side + tap % 3]))
                        {
                            if at.iter().any(|&at| at == 0 || at > side) {
                                continue;
                            }
                            for c in 0..channels {
                                let value = x[((at[0] - 1) * side + at[1] - 1) * channels + c];
                                let row = &weight[(tap * channels + c) * wide..][..wide];
                                out.iter_mut()
                                    .zip(row)
                                    .for_each(|(sum, w)| *sum += value * f64::from(*w));
                            }
                        }
                        out.iter_mut().for_each(|sum| *sum = sum.max(0.0));
                    });
                (x, channels) = (y, wide);
            }
            let half = side / 2;
            let at = |y: usize, column: usize, c: usize| x[(y * side + column) * channels + c];
            let pooled = (0..half * half * channels).map(|place| {
                let (y, column, c) = (
                    place / channels / half * 2,
                    place / channels % half * 2,
                    place % channels,
                );
                at(y, column, c)
                    .max(at(y, column + 1, c))
                    .max(at(y + 1, column, c))
                    .max(at(y + 1, column + 1, c))
            });
            x = pooled.collect();
            side = half;
        }
        let mean = (0..channels)
            .map(|c| x.iter().skip(c).step_by(channels).sum::<f64>() / (side * side) as f64);
        let dense = |x: Vec<f64>, weight: &Tensor<2>| {
            let wide = weight.dims()[1];
            let mut y = vec![0.0; wide];
            for (value, row) in x.iter().zip(numbers(weight.clone()).chunks_exact(wide)) {
                y.iter_mut()
                    .zip(row)
                    .for_each(|(sum, w)| *sum += value * f64::from(*w));
            }
            y
        };
        let hidden = dense(mean.collect(), &network.hidden)
            .into_iter()
            .map(|value| value.max(0.0))
            .collect();
        dense(hidden, &network.last)
    }

    #[test]
    fn the_network_is_what_its_description_says() {
        let network = Vgg16::new(&Device::flex());
        let form = ImageForm {
            height: 64,
            width: 64,
            channels: 3,
        };
        let picture = uniform("vgg16", 64 * 64 * 3);
        let ours = network.run(&picture, form).unwrap().features;
        let wanted = reference(&network, &picture, 64);
        let largest = wanted
            .iter()
            .fold(0.0_f64, |largest, value| largest.max(value.abs()));
        assert!(
            largest > 0.1 && largest < 10.0,
            "the variance is kept: {largest}"
        );
        for (ours, wanted) in ours.iter().zip(&wanted) {
            assert!(
                (f64::from(*ours) - wanted).abs() < 1e-4 * largest,
                "{ours} and {wanted}"
            );
        }
    }

    /// A change here would make numbers of two versions incomparable: then the
    /// features need another name.
    #[test]
    fn the_weights_never_change_between_versions() {
        let first = he_normal(&[3, 3, 3, 64], 1);
        assert_eq!(first.len(), 1728);
        let bits: Vec<u32> = first[..3].iter().map(|weight| weight.to_bits()).collect();
        assert_eq!(bits, [1_056_460_488, 1_033_934_128, 1_010_213_315]);
    }
}
