//! The discriminator that judges patches, each by what it sees alone: an answer
//! for every place, whose field is a square of 1, 16, 34, 70, 142 or 286 pixels.

use super::norm::{Norm, biased};
use super::{INIT, TranslationForm};
use crate::layers::{Builder, Convolution, Parameters, Weights, Window};
use crate::recipe::TranslationNorm;
use crate::rng::Random;
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, activate};

const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// A patch discriminator's layers.
#[derive(Clone, Debug)]
pub struct Patches {
    first: Convolution,
    layers: Vec<(Convolution, Norm)>,
    last: Convolution,
    sees_batch: bool,
}

impl Patches {
    /// Builds the layers for pictures of so many channels and draws their
    /// initial weights; the player's number separates its draws from the others'.
    pub fn build(
        form: &TranslationForm,
        channels: usize,
        random: Random,
        player: u64,
        device: &Device,
    ) -> (Self, Parameters) {
        let mut builder = Builder::new(random, player, device);
        let layers = Self::new(&mut builder, form, channels);
        (layers, builder.finish())
    }

    fn new(builder: &mut Builder, form: &TranslationForm, channels: usize) -> Self {
        let width = form.scaled(form.discriminator_width);
        let biased = biased(form);
        let window = |kernel: usize, stride: usize| Window {
            kernel,
            stride,
            padding: usize::from(kernel > 1),
            groups: 1,
            init: INIT,
        };
        let mut wide = width;
        let mut layers = Vec::new();
        let mut layer = |builder: &mut Builder, index: usize, window: Window, to: usize| {
            let name = format!("layer{index}");
            let mut layer = Convolution::new(builder, &name, [wide, to], window);
            if biased {
                layer = layer.biased(builder, &name);
            }
            let name = format!("{name}.norm");
            layers.push((layer, Norm::new(builder, form, (&name, to), LEAKY)));
            wide = to;
        };
        let (first, kernel, last_biased) = match form.strides() {
            None => {
                let first = Convolution::new(builder, "first", [channels, width], window(1, 1));
                let first = first.biased(builder, "first");
                layer(builder, 1, window(1, 1), 2 * width);
                (first, 1, biased)
            }
            Some(strides) => {
                let first = Convolution::new(builder, "first", [channels, width], window(4, 2));
                let first = first.biased(builder, "first");
                for index in 1..strides {
                    layer(builder, index, window(4, 2), width << index.min(3));
                }
                layer(builder, strides, window(4, 1), width << strides.min(3));
                (first, 4, true)
            }
        };
        let mut last = Convolution::new(builder, "last", [wide, 1], window(kernel, 1));
        if last_biased {
            last = last.biased(builder, "last");
        }
        Self {
            first,
            layers,
            last,
            sees_batch: form.settings.norm == TranslationNorm::Batch,
        }
    }

    /// The answers to all patches of all pictures.
    ///
    /// # Shapes
    /// `[batch, height, width, channels]` to `[batch * patches]`.
    pub fn judge(&self, weights: &Weights, x: Tensor<4>) -> Tensor<1> {
        let mut x = activate(self.first.forward(weights, x), LEAKY);
        for (layer, norm) in &self.layers {
            x = norm.forward(weights, layer.forward(weights, x));
        }
        let x = self.last.forward(weights, x); // [batch, rows, columns, 1]
        let count: usize = x.dims().iter().product();
        x.reshape([count])
    }

    /// The answers to real pictures and to generated ones. Where no layer looks
    /// at its batch as a whole, both go through in one pass.
    pub fn judge_both(&self, weights: &Weights, [real, fake]: [Tensor<4>; 2]) -> [Tensor<1>; 2] {
        if self.sees_batch || real.dims() != fake.dims() {
            return [real, fake].map(|x| self.judge(weights, x));
        }
        let both = self.judge(weights, Tensor::cat(vec![real, fake], 0));
        let half = both.dims()[0] / 2;
        [both.clone().narrow(0, 0, half), both.narrow(0, half, half)]
    }
}
