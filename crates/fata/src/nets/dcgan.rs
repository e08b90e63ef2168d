//! Deep convolutional networks: Radford, Metz and Chintala 2015, arXiv
//! 1511.06434, for pictures of 16, 32, 64, 128 and 256 pixels.
//!
//! Its guidelines: strided convolutions and no pooling; batch normalisation in
//! both players, but not at the generator's output nor the discriminator's
//! input; no hidden dense layers; ReLU and a last tanh in the generator, leaky
//! ReLU of slope 0.2 in the discriminator; weights normal with deviation 0.02.

use super::Form;
use crate::layers::{BatchNorm, Builder, Convolution, TransposedConvolution, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// Latent, a 4x4 picture of many channels, then twice the side and half the
/// channels at each step.
#[derive(Clone, Debug)]
pub struct Generator {
    opening: TransposedConvolution,
    opening_norm: BatchNorm,
    blocks: Vec<(TransposedConvolution, BatchNorm)>,
    last: TransposedConvolution,
    first_multiply_adds: u64,
    other_multiply_adds: u64,
}

impl Generator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let [side, _, channels] = picture(form);
        let (latent, width) = (form.model.latent, form.model.width);
        let mut wide = width * side / 8; // channels of the 4x4 picture
        let opening = TransposedConvolution::opening(builder, "opening", [latent, wide]);
        let opening_norm = BatchNorm::new(builder, "opening.norm", wide, Activation::Relu);
        let (mut blocks, mut other, mut from) = (Vec::new(), 0, 4);
        while from < side / 2 {
            let name = format!("block{}", 2 * from);
            let block = TransposedConvolution::doubling(builder, &name, [wide, wide / 2]);
            other += block.multiply_adds(from);
            let norm = BatchNorm::new(builder, &format!("{name}.norm"), wide / 2, Activation::Relu);
            blocks.push((block, norm));
            (wide, from) = (wide / 2, 2 * from);
        }
        let last = TransposedConvolution::doubling(builder, "last", [wide, channels]);
        Self {
            first_multiply_adds: opening.multiply_adds(1),
            other_multiply_adds: other + last.multiply_adds(from),
            opening,
            opening_norm,
            blocks,
            last,
        }
    }

    pub(super) fn forward(&self, weights: &Weights, z: Tensor<2>) -> Tensor<2> {
        let [batch, latent] = z.dims();
        let x = self
            .opening
            .forward(weights, z.reshape([batch, 1, 1, latent]));
        let mut x = self.opening_norm.forward(weights, x); // [batch, 4, 4, wide]
        for (convolution, norm) in &self.blocks {
            x = norm.forward(weights, convolution.forward(weights, x)); // sides doubled, channels halved
        }
        let x = fata_kernels::activate(self.last.forward(weights, x), Activation::Tanh);
        let [batch, height, width, channels] = x.dims();
        x.reshape([batch, height * width * channels])
    }

    pub(super) fn multiply_adds(&self) -> [u64; 2] {
        [self.first_multiply_adds, self.other_multiply_adds]
    }
}

/// Half the side and twice the channels at each step, down to 4x4, then one logit.
#[derive(Clone, Debug)]
pub struct Discriminator {
    shape: [usize; 3],
    first: Convolution,
    blocks: Vec<(Convolution, BatchNorm)>,
    closing: Convolution,
    first_multiply_adds: u64,
    other_multiply_adds: u64,
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let shape = picture(form);
        let [side, _, channels] = shape;
        let mut wide = form.model.width;
        let first = Convolution::halving(builder, "first", [channels, wide]);
        let (mut blocks, mut other, mut to) = (Vec::new(), 0, side / 2);
        while to > 4 {
            to /= 2;
            let name = format!("block{to}");
            let block = Convolution::halving(builder, &name, [wide, 2 * wide]);
            other += block.multiply_adds(to);
            let norm = BatchNorm::new(builder, &format!("{name}.norm"), 2 * wide, LEAKY);
            blocks.push((block, norm));
            wide *= 2;
        }
        let closing = Convolution::closing(builder, "closing", [wide, 1]);
        Self {
            shape,
            first_multiply_adds: first.multiply_adds(side / 2),
            other_multiply_adds: other + closing.multiply_adds(1),
            first,
            blocks,
            closing,
        }
    }

    pub(super) fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<1> {
        let batch = x.dims()[0];
        let [height, width, channels] = self.shape;
        let x = self
            .first
            .forward(weights, x.reshape([batch, height, width, channels]));
        let mut x = fata_kernels::activate(x, LEAKY); // [batch, side / 2, side / 2, width]
        for (convolution, norm) in &self.blocks {
            x = norm.forward(weights, convolution.forward(weights, x)); // sides halved, channels doubled
        }
        self.closing.forward(weights, x).reshape([batch])
    }

    pub(super) fn multiply_adds(&self) -> [u64; 2] {
        [self.first_multiply_adds, self.other_multiply_adds]
    }
}

fn picture(form: &Form) -> [usize; 3] {
    form.network_shape()
        .try_into()
        .expect("the form was checked to be a picture's")
}
