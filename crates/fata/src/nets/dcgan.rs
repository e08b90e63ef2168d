//! Deep convolutional networks: Radford, Metz and Chintala 2015, arXiv
//! 1511.06434, for pictures of 16, 32, 64, 128 and 256 pixels.
//!
//! Its guidelines: strided convolutions and no pooling; batch normalisation in
//! both players, but not at the generator's output nor the discriminator's
//! input; no hidden dense layers; ReLU and a last tanh in the generator, leaky
//! ReLU of slope 0.2 in the discriminator; weights normal with deviation 0.02.
//! A recipe may take the discriminator's normalisation away, for penalties and
//! spectral normalisation; its convolutions then have biases, and weights that
//! keep a signal's size (He et al. 2015, arXiv 1502.01852, equation 14), since
//! nothing else does.

use super::{DiscriminatorNet, Form, GeneratorNet, HeadPlan};
use crate::layers::{
    BatchNorm, Builder, Convolution, GeneratorNorm, Id, Init, Signal, TransposedConvolution,
    Weights, Window,
};
use crate::recipe::Norm;
use burn::tensor::Tensor;
use fata_kernels::Activation;

const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// Section 3 of the paper.
const INIT: Init = Init::Normal(0.02);

/// Latent, a 4x4 picture of many channels, then twice the side and half the
/// channels at each step.
#[derive(Debug)]
pub(super) struct Generator {
    opening: TransposedConvolution,
    opening_norm: GeneratorNorm,
    blocks: Vec<(TransposedConvolution, GeneratorNorm)>,
    last: TransposedConvolution,
    multiply_adds: [u64; 2],
}

impl Generator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let [side, _, channels] = form.picture();
        let (latent, classes) = (form.generator_inputs(), form.conditional_norm_classes());
        let mut wide = form.model.width * side / 8; // channels of the 4x4 picture
        let (open, double) = (Window::opening(INIT), Window::of_four(INIT));
        let opening = TransposedConvolution::new(builder, "opening", [latent, wide], open);
        let relu = Activation::Relu;
        let opening_norm = GeneratorNorm::new(builder, "opening.norm", [classes, wide], relu);
        let (mut blocks, mut other, mut from) = (Vec::new(), 0, 4);
        while from < side / 2 {
            let name = format!("block{}", 2 * from);
            let block = TransposedConvolution::new(builder, &name, [wide, wide / 2], double);
            other += block.multiply_adds(from);
            let name = format!("{name}.norm");
            let norm = GeneratorNorm::new(builder, &name, [classes, wide / 2], relu);
            blocks.push((block, norm));
            (wide, from) = (wide / 2, 2 * from);
        }
        let last = TransposedConvolution::new(builder, "last", [wide, channels], double);
        Self {
            multiply_adds: [opening.multiply_adds(1), other + last.multiply_adds(from)],
            opening,
            opening_norm,
            blocks,
            last,
        }
    }
}

impl Generator {
    /// The 4x4 picture: [batch, 4, 4, wide].
    fn open(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<4> {
        let [batch, latent] = z.dims();
        let z = z.reshape([batch, 1, 1, latent]);
        let x = self.opening.forward(weights, z);
        self.opening_norm.forward(weights, x, labels)
    }
}

impl GeneratorNet for Generator {
    fn first(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2> {
        self.open(weights, z, labels).flatten(1, 3)
    }

    fn first_weight(&self) -> Id {
        self.opening.weight()
    }

    fn forward(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2> {
        let mut x = self.open(weights, z, labels);
        for (convolution, norm) in &self.blocks {
            x = norm.forward(weights, convolution.forward(weights, x), labels); // sides doubled, channels halved
        }
        let x = fata_kernels::activate(self.last.forward(weights, x), Activation::Tanh);
        let [batch, height, width, channels] = x.dims();
        x.reshape([batch, height * width * channels])
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}

/// Half the side and twice the channels at each step, down to 4x4.
#[derive(Debug)]
pub(super) struct Discriminator {
    shape: [usize; 3],
    first: Convolution,
    blocks: Vec<(Convolution, Option<BatchNorm>)>,
    multiply_adds: [u64; 2],
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> (Self, HeadPlan) {
        let shape = form.discriminator_picture();
        let [side, _, channels] = shape;
        let normed = form.model.discriminator_norm == Norm::Batch;
        let halve = |inputs: usize| {
            let he = Init::Normal((2.0 / (1.04 * (16 * inputs) as f32)).sqrt());
            Window::of_four(if normed { INIT } else { he })
        };
        let mut wide = form.discriminator_width();
        let window = halve(channels);
        let mut first = Convolution::new(builder, "first", [channels, wide], window);
        if !normed {
            first = first.biased(builder, "first");
        }
        let (mut blocks, mut other, mut to) = (Vec::new(), 0, side / 2);
        while to > 4 {
            to /= 2;
            let name = format!("block{to}");
            let block = Convolution::new(builder, &name, [wide, 2 * wide], halve(wide));
            other += block.multiply_adds(to);
            blocks.push(if normed {
                let name = format!("{name}.norm");
                let norm = BatchNorm::new(builder, &name, 2 * wide, LEAKY);
                (block, Some(norm))
            } else {
                (block.biased(builder, &name), None)
            });
            wide *= 2;
        }
        let features = to * to * wide;
        let one = Init::Normal(1.0 / (features as f32).sqrt());
        let head = HeadPlan {
            features,
            places: to * to,
            init: Some(if normed { INIT } else { one }),
        };
        let layers = Self {
            shape,
            multiply_adds: [first.multiply_adds(side / 2), other],
            first,
            blocks,
        };
        (layers, head)
    }
}

impl DiscriminatorNet for Discriminator {
    fn features(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let batch = x.value.dims()[0];
        let [height, width, channels] = self.shape;
        let x = x.reshape([batch, height, width, channels]);
        let mut x = self.first.carry(weights, x).activate(LEAKY); // [batch, side / 2, side / 2, width]
        for (convolution, norm) in &self.blocks {
            let y = convolution.carry(weights, x); // sides halved, channels doubled
            x = match norm {
                // Recipes with a gradient penalty have no normalisation here.
                Some(norm) => norm.forward(weights, y.value).into(),
                None => y.activate(LEAKY),
            };
        }
        let [batch, height, width, channels] = x.value.dims();
        x.reshape([batch, height * width * channels])
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}
