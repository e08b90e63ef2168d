//! How alike two pictures look, as a number that a search can follow downhill.
//!
//! Pixels alone leave a search stuck where a stroke lies beside another: moving it
//! nearer changes nothing until they overlap. Features of growing windows see it
//! from afar. They come from a small convolutional network with fixed random
//! weights, which keeps what is where and knows nothing of faces or digits, so it
//! serves any model without a file; and unlike the judge's networks it has a
//! gradient. Three convolutions of 4x4, each of stride 2, leaky ReLU of slope 0.2.
//!
//! # Source
//! Pixels and features together: Karras et al. 2020, arXiv 1912.04958, appendix D,
//! with VGG16. Random ones: Ulyanov et al. 2018, arXiv 1711.10925, section 2, on
//! what convolutions know before any training.

use crate::layers::{numbers, tensor};
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, ConvOptions};

/// Channels of the three layers.
const CHANNELS: [usize; 3] = [16, 32, 64];
/// Layers are left away where a picture is smaller than this before them.
const SMALLEST: usize = 4;

const HALVE: ConvOptions = ConvOptions {
    stride: [2, 2],
    padding: [1, 1],
    groups: 1,
};

/// The network for pictures of one size.
pub(super) struct Perception {
    weights: Vec<Tensor<4>>, // [4, 4, in, out] each
}

/// What a picture is compared by: itself, then each layer's features.
pub(super) type Seen = Vec<Tensor<4>>;

impl Perception {
    /// For pictures of this size.
    pub(super) fn new([height, width, channels]: [usize; 3], device: &Device) -> Self {
        let (mut inputs, mut side) = (channels, height.min(width));
        let mut weights = Vec::new();
        for (layer, outputs) in CHANNELS.into_iter().enumerate() {
            if side < SMALLEST {
                break;
            }
            let mut values = vec![0.0; 16 * inputs * outputs];
            let mut draws = Random::new(0).at(Stream::Latent, 100 + layer as u64);
            draws.fill_normal(&mut values);
            // Variance 2 / ((1 + 0.2^2) fan-in) keeps a signal's size (He et al. 2015).
            let deviation = (2.0 / (1.04 * (16 * inputs) as f32)).sqrt();
            values.iter_mut().for_each(|value| *value *= deviation);
            weights.push(tensor(values, device).reshape([4, 4, inputs, outputs]));
            (inputs, side) = (outputs, side / 2);
        }
        Self { weights }
    }

    /// What is seen of pictures, whether or not gradients run through them.
    ///
    /// # Shapes
    /// `x` [batch, height, width, channels].
    pub(super) fn see(&self, x: Tensor<4>) -> Seen {
        let differentiated = x.is_autodiff();
        let mut seen = vec![x];
        for weight in &self.weights {
            let weight = match differentiated {
                true => weight.clone().autodiff(),
                false => weight.clone(),
            };
            let x = seen[seen.len() - 1].clone();
            let y = fata_kernels::conv2d(x, weight, None, HALVE);
            seen.push(fata_kernels::activate(y, Activation::LeakyRelu(0.2)));
        }
        seen
    }
}

/// The mean squared differences of each picture of a batch: of pixels, and of the
/// features, the mean over the layers.
///
/// # Shapes
/// Both `[batch]`.
pub(super) fn differences(a: &Seen, b: &Seen) -> [Tensor<1>; 2] {
    let mut each = a.iter().zip(b).map(|(a, b)| {
        let [batch, height, width, channels] = a.dims();
        let difference = a.clone() - b.clone();
        let squares = difference.clone() * difference;
        let rows: Tensor<2> = squares.reshape([batch, height * width * channels]);
        rows.mean_dim(1).reshape([batch])
    });
    let pixels = each.next().expect("a picture is seen itself");
    let layers: Vec<Tensor<1>> = each.collect();
    let count = layers.len().max(1) as f32;
    let features = layers.into_iter().reduce(|sum, layer| sum + layer);
    let features = features.map_or_else(|| pixels.clone(), |sum| sum / count);
    [pixels, features]
}

/// The numbers of a batch's differences, without their gradients.
pub(super) fn values(differences: &Tensor<1>) -> Vec<f32> {
    match differences.is_autodiff() {
        true => numbers(differences.clone().without_autodiff()),
        false => numbers(differences.clone()),
    }
}
