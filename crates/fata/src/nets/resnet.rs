//! Residual networks: Miyato et al. 2018, arXiv 1802.05957, tables 3 and 4
//! (spectral normalisation), with the self-attention of Zhang et al. 2019,
//! arXiv 1805.08318, where a recipe asks for it.
//!
//! Up to 32 pixels all layers have one width, as in the paper's table 3; from 64
//! on channels halve with every doubling of the side, as in its table 4. The
//! generator's norm is the class's own where labels are projected (Miyato and
//! Koyama 2018, arXiv 1802.05637, figure 14).

use super::{DiscriminatorNet, Form, GeneratorNet, HeadPlan};
use crate::layers::{
    Builder, Convolution, Dense, GeneratorNorm, Id, Init, SelfAttention, Signal, Weights, Window,
};
use burn::tensor::Tensor;
use fata_kernels::Activation;

const RELU: Activation = Activation::Relu;

/// Side of the picture at which generators begin and discriminators end.
const SMALLEST: usize = 4;

/// Channels at a side of a picture whose full side is `full`.
fn channels_at(side: usize, full: usize, width: usize) -> usize {
    if full <= 32 {
        return width;
    }
    width * (full / (2 * side)).clamp(1, 16)
}

fn three(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Convolution {
    // The authors' gain of a root of two, for the ReLU before it.
    let [inputs, outputs] = channels;
    let init = Init::glorot(std::f32::consts::SQRT_2, 9 * inputs, 9 * outputs);
    Convolution::new(builder, name, channels, Window::same(3, init)).biased(builder, name)
}

fn one(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Convolution {
    let [inputs, outputs] = channels;
    let window = Window::same(1, Init::glorot(1.0, inputs, outputs));
    Convolution::new(builder, name, channels, window).biased(builder, name)
}

/// Normalise, activate, double the side, convolve; normalise, activate,
/// convolve; beside it a 1x1 convolution of the doubled input.
#[derive(Debug)]
struct UpBlock {
    norms: [GeneratorNorm; 2],
    convolutions: [Convolution; 2],
    shortcut: Convolution,
    attention: Option<SelfAttention>,
}

impl UpBlock {
    fn new(
        builder: &mut Builder,
        name: &str,
        classes: usize,
        [inputs, outputs]: [usize; 2],
    ) -> Self {
        let norm = |builder: &mut Builder, part: &str, channels| {
            GeneratorNorm::new(
                builder,
                &format!("{name}.{part}"),
                [classes, channels],
                RELU,
            )
        };
        Self {
            norms: [
                norm(builder, "norm1", inputs),
                norm(builder, "norm2", outputs),
            ],
            convolutions: [
                three(builder, &format!("{name}.conv1"), [inputs, outputs]),
                three(builder, &format!("{name}.conv2"), [outputs, outputs]),
            ],
            shortcut: one(builder, &format!("{name}.shortcut"), [inputs, outputs]),
            attention: None,
        }
    }

    fn forward(&self, weights: &Weights, x: Tensor<4>, labels: Option<&Tensor<2>>) -> Tensor<4> {
        let [norm1, norm2] = &self.norms;
        let [conv1, conv2] = &self.convolutions;
        let y = norm1.forward(weights, x.clone(), labels);
        let y = conv1.forward(weights, fata_kernels::upsample_nearest(y, 2));
        let y = conv2.forward(weights, norm2.forward(weights, y, labels));
        // A 1x1 convolution commutes with nearest-neighbour upsampling.
        let around = fata_kernels::upsample_nearest(self.shortcut.forward(weights, x), 2);
        let y = y + around;
        match &self.attention {
            Some(attention) => attention.forward(weights, y),
            None => y,
        }
    }

    /// At the side of the input.
    fn multiply_adds(&self, side: usize) -> u64 {
        let [conv1, conv2] = &self.convolutions;
        let attention = self
            .attention
            .as_ref()
            .map_or(0, SelfAttention::multiply_adds);
        conv1.multiply_adds(2 * side)
            + conv2.multiply_adds(2 * side)
            + self.shortcut.multiply_adds(side)
            + attention
    }
}

/// Latent, a 4x4 picture, blocks that double it, and a last convolution.
#[derive(Debug)]
pub(super) struct Generator {
    opening: Dense,
    first: usize,
    blocks: Vec<UpBlock>,
    last_norm: GeneratorNorm,
    last: Convolution,
    multiply_adds: [u64; 2],
}

impl Generator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let [full, _, channels] = form.picture();
        let at = |side| channels_at(side, full, form.model.width);
        let (inputs, first) = (form.generator_inputs(), at(SMALLEST));
        let sizes = [inputs, SMALLEST * SMALLEST * first];
        let init = Init::glorot(1.0, sizes[0], sizes[1]);
        let opening = Dense::drawn(builder, "opening", sizes, init).biased(builder, "opening");
        let classes = form.conditional_norm_classes();
        let (mut blocks, mut side, mut other) = (Vec::new(), SMALLEST, 0);
        while side < full {
            let name = format!("block{}", 2 * side);
            let sizes = [at(side), at(2 * side)];
            let mut block = UpBlock::new(builder, &name, classes, sizes);
            if form.model.attention == 2 * side {
                let name = format!("{name}.attention");
                let attention = SelfAttention::new(builder, &name, 2 * side, sizes[1]);
                block.attention = Some(attention);
            }
            other += block.multiply_adds(side);
            blocks.push(block);
            side *= 2;
        }
        let last_norm = GeneratorNorm::new(builder, "last.norm", [0, at(full)], RELU);
        let sizes = [at(full), channels];
        let window = Window::same(3, Init::glorot(1.0, 9 * sizes[0], 9 * sizes[1]));
        let last = Convolution::new(builder, "last", sizes, window).biased(builder, "last");
        Self {
            multiply_adds: [opening.multiply_adds(), other + last.multiply_adds(full)],
            opening,
            first,
            blocks,
            last_norm,
            last,
        }
    }
}

impl Generator {
    /// The 4x4 picture: [batch, 4, 4, first].
    fn open(&self, weights: &Weights, z: Tensor<2>) -> Tensor<4> {
        let batch = z.dims()[0];
        let x = self.opening.forward(weights, z);
        x.reshape([batch, SMALLEST, SMALLEST, self.first])
    }
}

impl GeneratorNet for Generator {
    fn first(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2> {
        let x = self.open(weights, z);
        match self.blocks.first() {
            Some(block) => block.norms[0].forward(weights, x, labels),
            None => x,
        }
        .flatten(1, 3)
    }

    fn first_weight(&self) -> Id {
        self.opening.weight()
    }

    fn forward(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2> {
        let mut x = self.open(weights, z);
        for block in &self.blocks {
            x = block.forward(weights, x, labels); // sides doubled
        }
        let x = self.last_norm.forward(weights, x, None);
        let x = fata_kernels::activate(self.last.forward(weights, x), Activation::Tanh);
        let [batch, height, width, channels] = x.dims();
        x.reshape([batch, height * width * channels])
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}

/// Activate, convolve, activate, convolve, halve the side; beside it a 1x1
/// convolution of the input, halved too. A block that neither halves nor widens
/// has no convolution beside it. The first block does not activate its input.
#[derive(Debug)]
struct DownBlock {
    convolutions: [Convolution; 2],
    shortcut: Option<Convolution>,
    first: bool,
    halves: bool,
}

impl DownBlock {
    fn new(
        builder: &mut Builder,
        name: &str,
        sizes: [usize; 2],
        halves: bool,
        first: bool,
    ) -> Self {
        let [inputs, outputs] = sizes;
        let beside = halves || inputs != outputs;
        Self {
            convolutions: [
                three(builder, &format!("{name}.conv1"), sizes),
                three(builder, &format!("{name}.conv2"), [outputs, outputs]),
            ],
            shortcut: beside.then(|| one(builder, &format!("{name}.shortcut"), sizes)),
            first,
            halves,
        }
    }

    fn carry(&self, weights: &Weights, x: Signal<4>) -> Signal<4> {
        let [conv1, conv2] = &self.convolutions;
        let halve = |x: Signal<4>| match self.halves {
            true => x.map(|x| fata_kernels::downsample_average(x, 2)),
            false => x,
        };
        let y = if self.first {
            x.clone()
        } else {
            x.clone().activate(RELU)
        };
        let y = conv1.carry(weights, y).activate(RELU);
        let y = halve(conv2.carry(weights, y));
        // Averaging commutes with a 1x1 convolution, and halved costs a quarter.
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.carry(weights, halve(x)),
            None => x,
        };
        y.plus(around)
    }

    /// At the side of the input.
    fn multiply_adds(&self, side: usize) -> u64 {
        let [conv1, conv2] = &self.convolutions;
        let out = if self.halves { side / 2 } else { side };
        let shortcut = self.shortcut.as_ref();
        conv1.multiply_adds(side)
            + conv2.multiply_adds(side)
            + shortcut.map_or(0, |shortcut| shortcut.multiply_adds(out))
    }
}

/// Blocks that halve the picture, one that does not, and a sum over its places.
#[derive(Debug)]
pub(super) struct Discriminator {
    shape: [usize; 3],
    blocks: Vec<DownBlock>,
    /// After the block of this number.
    attention: Option<(usize, SelfAttention)>,
    multiply_adds: [u64; 2],
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> (Self, HeadPlan) {
        let shape = form.discriminator_picture();
        let [full, _, channels] = shape;
        let at = |side| channels_at(side, full, form.discriminator_width());
        // Table 3 ends at 8x8 after two halvings; table 4 at 4x4.
        let smallest = if full <= 32 {
            (full / 4).max(4)
        } else {
            SMALLEST
        };
        let (mut blocks, mut side, mut wide) = (Vec::new(), full, channels);
        let (mut attention, mut counts) = (None, [0, 0]);
        while side > smallest {
            let name = format!("block{}", side / 2);
            let first = blocks.is_empty();
            let outputs = at(side / 2);
            let block = DownBlock::new(builder, &name, [wide, outputs], true, first);
            counts[usize::from(!first)] += block.multiply_adds(side);
            blocks.push(block);
            (side, wide) = (side / 2, outputs);
            if form.model.attention == side {
                let name = format!("{name}.attention");
                let layer = SelfAttention::new(builder, &name, side, wide);
                counts[1] += layer.multiply_adds();
                attention = Some((blocks.len() - 1, layer));
            }
        }
        let plain = if full <= 32 { 2 } else { 1 };
        for index in 0..plain {
            let name = format!("plain{index}");
            let block = DownBlock::new(builder, &name, [wide, wide], false, false);
            counts[1] += block.multiply_adds(side);
            blocks.push(block);
        }
        let head = HeadPlan {
            features: wide,
            places: 1,
            init: Some(Init::glorot(1.0, wide, 1)),
        };
        let layers = Self {
            shape,
            blocks,
            attention,
            multiply_adds: counts,
        };
        (layers, head)
    }
}

impl DiscriminatorNet for Discriminator {
    fn features(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let batch = x.value.dims()[0];
        let [height, width, channels] = self.shape;
        let mut x = x.reshape([batch, height, width, channels]);
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.carry(weights, x);
            if let Some((place, attention)) = &self.attention
                && *place == index
            {
                // Recipes with a gradient penalty have no attention here.
                x = attention.forward(weights, x.value).into();
            }
        }
        x.activate(RELU).map(|x| {
            let [batch, height, width, channels] = x.dims();
            let places: Tensor<3> = x.reshape([batch, height * width, channels]);
            places.sum_dim(1).reshape([batch, channels])
        })
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}
