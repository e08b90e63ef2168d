//! The modern baseline: Huang et al. 2024, "The GAN is dead; long live the GAN!",
//! arXiv 2501.05441, sections 3 and 4 (configuration E): residual blocks of a
//! 1x1, a grouped 3x3 and a 1x1 convolution with an inverted bottleneck, biased
//! leaky ReLUs, no normalisation, fix-up initialisation, bilinear resampling,
//! and a learned 4x4 basis at the generator's beginning and the discriminator's
//! end. The players mirror each other.
//!
//! Channels are `width` at full resolution and double with every halving of the
//! side, up to 16 times, which keeps the work of each resolution alike on small
//! machines; the paper's are chosen by data set. Bilinear resampling is exact
//! interpolation between pixel centres; the paper's filter is `[1, 2, 1]`.

use super::{DiscriminatorNet, Form, GeneratorNet, HeadPlan};
use crate::layers::{Builder, Convolution, Dense, Id, Init, Signal, Weights, Window};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// Section 4: slope 0.2; a gain of the root of 2 / (1 + slope^2) is in the weights.
const LEAKY: Activation = Activation::LeakyRelu(0.2);
const GAIN: f32 = 1.386_75; // sqrt(2 / (1 + 0.2^2))

/// Channels of a group, and how much wider a block is inside (appendix, table 7).
const GROUP: usize = 16;
const EXPANSION: usize = 2;

/// Side of the picture at which generators begin and discriminators end.
const SMALLEST: usize = 4;

fn channels_at(side: usize, full: usize, width: usize) -> usize {
    width * (full / side).clamp(1, 16)
}

/// Normal with the variance that keeps a signal's size, times `scale`.
fn keeping(fan_in: usize, scale: f32) -> Init {
    Init::Normal(scale / (fan_in as f32).sqrt())
}

/// `x + conv1x1(leaky(conv3x3 grouped(leaky(conv1x1(x)))))`.
#[derive(Debug)]
struct Block {
    widen: Convolution,
    spread: Convolution,
    narrow: Convolution,
}

impl Block {
    /// One of `depth` blocks of its player (Zhang et al. 2019, arXiv 1901.09321:
    /// the inner weights are scaled by depth^(-1/4), where two layers carry it,
    /// and the last begins at 0).
    fn new(builder: &mut Builder, name: &str, channels: usize, depth: usize) -> Self {
        let inner = EXPANSION * channels;
        let groups = (inner / GROUP).max(1);
        let groups = if inner.is_multiple_of(groups) {
            groups
        } else {
            1
        };
        let scale = GAIN * (depth as f32).powf(-0.25);
        let widen = Window::same(1, keeping(channels, scale));
        let mut spread = Window::same(3, keeping(9 * inner / groups, scale));
        spread.groups = groups;
        let narrow = Window::same(1, Init::Constant(0.0));
        let [first, second, third] =
            ["conv1", "conv2", "conv3"].map(|part| format!("{name}.{part}"));
        Self {
            widen: Convolution::new(builder, &first, [channels, inner], widen)
                .biased(builder, &first),
            spread: Convolution::new(builder, &second, [inner, inner], spread)
                .biased(builder, &second),
            narrow: Convolution::new(builder, &third, [inner, channels], narrow),
        }
    }

    fn carry(&self, weights: &Weights, x: Signal<4>) -> Signal<4> {
        let y = self.widen.carry(weights, x.clone()).activate(LEAKY);
        let y = self.spread.carry(weights, y).activate(LEAKY);
        x.plus(self.narrow.carry(weights, y))
    }

    fn multiply_adds(&self, side: usize) -> u64 {
        let all = [&self.widen, &self.spread, &self.narrow];
        all.iter().map(|layer| layer.multiply_adds(side)).sum()
    }
}

/// A change of resolution, with a 1x1 convolution where channels change too.
#[derive(Debug)]
struct Step {
    convolution: Option<Convolution>,
    blocks: Vec<Block>,
}

impl Step {
    fn new(
        builder: &mut Builder,
        name: &str,
        [inputs, outputs]: [usize; 2],
        [blocks, depth]: [usize; 2],
    ) -> Self {
        let convolution = (inputs != outputs).then(|| {
            let window = Window::same(1, keeping(inputs, 1.0));
            Convolution::new(
                builder,
                &format!("{name}.resample"),
                [inputs, outputs],
                window,
            )
        });
        let blocks = (0..blocks)
            .map(|index| Block::new(builder, &format!("{name}.{index}"), outputs, depth))
            .collect();
        Self {
            convolution,
            blocks,
        }
    }

    fn resampled(&self, weights: &Weights, x: Signal<4>) -> Signal<4> {
        match &self.convolution {
            Some(convolution) => convolution.carry(weights, x),
            None => x,
        }
    }

    fn carry_blocks(&self, weights: &Weights, x: Signal<4>) -> Signal<4> {
        self.blocks
            .iter()
            .fold(x, |x, block| block.carry(weights, x))
    }

    /// At the smaller side for the convolution, at `side` for the blocks.
    fn multiply_adds(&self, smaller: usize, side: usize) -> u64 {
        let convolution = self.convolution.as_ref();
        let blocks = self.blocks.iter();
        convolution.map_or(0, |layer| layer.multiply_adds(smaller))
            + blocks.map(|block| block.multiply_adds(side)).sum::<u64>()
    }
}

/// How many blocks a player has.
fn depth(full: usize, blocks: usize) -> usize {
    blocks * ((full / SMALLEST).ilog2() as usize + 1)
}

/// Latent times a learned 4x4 basis, steps that double the side, a picture.
#[derive(Debug)]
pub(super) struct Generator {
    basis: Id,
    modulation: Dense,
    steps: Vec<Step>,
    last: Convolution,
    multiply_adds: [u64; 2],
}

impl Generator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let [full, _, channels] = form.picture();
        let at = |side| channels_at(side, full, form.model.width);
        let plan = [form.model.blocks, depth(full, form.model.blocks)];
        let first = at(SMALLEST);
        let basis = builder.normal("basis".into(), &[1, SMALLEST, SMALLEST, first], 0.0, 1.0);
        let inputs = form.generator_inputs();
        let modulation = Dense::drawn(builder, "modulation", [inputs, first], keeping(inputs, 1.0));
        let mut steps = vec![Step::new(builder, "side4", [first, first], plan)];
        let mut other = steps[0].multiply_adds(SMALLEST, SMALLEST);
        let mut side = SMALLEST;
        while side < full {
            let name = format!("side{}", 2 * side);
            let step = Step::new(builder, &name, [at(side), at(2 * side)], plan);
            other += step.multiply_adds(side, 2 * side);
            steps.push(step);
            side *= 2;
        }
        let sizes = [at(full), channels];
        let window = Window::same(1, keeping(sizes[0], 1.0));
        let last = Convolution::new(builder, "last", sizes, window);
        Self {
            multiply_adds: [modulation.multiply_adds(), other + last.multiply_adds(full)],
            basis,
            modulation,
            steps,
            last,
        }
    }
}

impl Generator {
    /// The modulated basis: [batch, 4, 4, channels].
    fn open(&self, weights: &Weights, z: Tensor<2>) -> Tensor<4> {
        let [batch, _] = z.dims();
        let scale = self.modulation.forward(weights, z);
        let channels = scale.dims()[1];
        let basis: Tensor<4> = weights.get(self.basis);
        basis * scale.reshape([batch, 1, 1, channels])
    }
}

impl GeneratorNet for Generator {
    fn first(&self, weights: &Weights, z: Tensor<2>, _labels: Option<&Tensor<2>>) -> Tensor<2> {
        let x = self.open(weights, z).into();
        let x = self.steps[0].carry_blocks(weights, x).value;
        fata_kernels::activate(x, LEAKY).flatten(1, 3)
    }

    fn first_weight(&self) -> Id {
        self.modulation.weight()
    }

    fn forward(&self, weights: &Weights, z: Tensor<2>, _labels: Option<&Tensor<2>>) -> Tensor<2> {
        let mut x = self.open(weights, z);
        for (index, step) in self.steps.iter().enumerate() {
            // A 1x1 convolution commutes with interpolation, and costs a quarter before it.
            let mut y = step.resampled(weights, x.into());
            if index > 0 {
                let side = 2 * y.value.dims()[1];
                y = y.map(|y| fata_kernels::resize_bilinear(y, [side, side]));
            }
            x = step.carry_blocks(weights, y).value;
        }
        let x = self.last.forward(weights, x);
        let [batch, height, width, channels] = x.dims();
        x.reshape([batch, height * width * channels])
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}

/// A picture, steps that halve the side, and its product with a learned 4x4
/// basis in each channel.
#[derive(Debug)]
pub(super) struct Discriminator {
    shape: [usize; 3],
    first: Convolution,
    /// Blocks, then the change of resolution that follows them.
    steps: Vec<(Vec<Block>, Option<Convolution>)>,
    last_blocks: Vec<Block>,
    basis: Id,
    multiply_adds: [u64; 2],
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> (Self, HeadPlan) {
        let shape = form.discriminator_picture();
        let [full, _, channels] = shape;
        let at = |side| channels_at(side, full, form.discriminator_width());
        let [count, depth] = [form.model.blocks, depth(full, form.model.blocks)];
        let window = Window::same(1, keeping(channels, 1.0));
        let first = Convolution::new(builder, "first", [channels, at(full)], window);
        let (mut steps, mut side, mut other) = (Vec::new(), full, 0);
        let blocks = |builder: &mut Builder, side: usize| -> Vec<Block> {
            let name = |index| format!("side{side}.{index}");
            (0..count)
                .map(|index| Block::new(builder, &name(index), at(side), depth))
                .collect()
        };
        while side > SMALLEST {
            let inner = blocks(builder, side);
            let [inputs, outputs] = [at(side), at(side / 2)];
            let convolution = (inputs != outputs).then(|| {
                let window = Window::same(1, keeping(inputs, 1.0));
                let name = format!("side{}.resample", side / 2);
                Convolution::new(builder, &name, [inputs, outputs], window)
            });
            let resample = convolution.as_ref();
            other += inner
                .iter()
                .map(|block| block.multiply_adds(side))
                .sum::<u64>()
                + resample.map_or(0, |layer| layer.multiply_adds(side / 2));
            steps.push((inner, convolution));
            side /= 2;
        }
        let last_blocks = blocks(builder, SMALLEST);
        let last = last_blocks.iter();
        other += last.map(|block| block.multiply_adds(SMALLEST)).sum::<u64>();
        let wide = at(SMALLEST);
        let places = SMALLEST * SMALLEST;
        let deviation = 1.0 / (places as f32).sqrt();
        let basis = builder.normal("basis".into(), &[1, places, wide], 0.0, deviation);
        let head = HeadPlan {
            features: wide,
            places: 1,
            init: Some(keeping(wide, 1.0)),
        };
        let layers = Self {
            shape,
            multiply_adds: [first.multiply_adds(full), other],
            first,
            steps,
            last_blocks,
            basis,
        };
        (layers, head)
    }
}

impl DiscriminatorNet for Discriminator {
    fn features(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let batch = x.value.dims()[0];
        let [height, width, channels] = self.shape;
        let x = x.reshape([batch, height, width, channels]);
        let mut x = self.first.carry(weights, x);
        for (blocks, resample) in &self.steps {
            x = blocks.iter().fold(x, |x, block| block.carry(weights, x));
            let side = x.value.dims()[1] / 2;
            // Halfway between pixel centres, interpolation is the mean of four.
            x = x.map(|x| fata_kernels::resize_bilinear(x, [side, side]));
            if let Some(convolution) = resample {
                x = convolution.carry(weights, x);
            }
        }
        let last = self.last_blocks.iter();
        let x = last.fold(x, |x, block| block.carry(weights, x)); // [batch, 4, 4, wide]
        x.weighted(weights, |weights, x| {
            let [batch, height, width, channels] = x.dims();
            let basis: Tensor<3> = weights.get(self.basis);
            let places: Tensor<3> = x.reshape([batch, height * width, channels]);
            (places * basis).sum_dim(1).reshape([batch, channels])
        })
    }

    fn multiply_adds(&self) -> [u64; 2] {
        self.multiply_adds
    }
}
