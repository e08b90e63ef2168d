//! Networks that make pictures of pictures, and the discriminator that judges
//! them patch by patch: those of pix2pix and CycleGAN, layer for layer, so that
//! their counts of parameters are the papers' and weights that others trained
//! can be loaded (`ship/reference.rs` has the names).
//!
//! # Source
//! Isola et al. 2017, arXiv 1611.07004, section 6.1; Zhu et al. 2017, arXiv
//! 1703.10593, section 7.2; where the papers are silent (biases, the order of
//! layers), their authors' implementation.

mod norm;
mod patches;
mod resnet;
#[cfg(test)]
mod tests;
mod unet;

use super::NetError;
use crate::layers::{Builder, Init, Parameters, Weights};
use crate::recipe::{Model, Translation, TranslationNet};
use crate::rng::{Random, Stream};
use burn::tensor::{Device, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

pub use patches::Patches;

/// All weights begin so (the same, section 6.2).
const INIT: Init = Init::Normal(0.02);

/// The largest side that networks are made for.
const LARGEST_SIDE: usize = 1024;
/// Residual blocks at half the full size and below, at most.
const MOST_BLOCKS_OF_HALF: usize = 6;

/// What a translation's networks are made for.
#[derive(Clone, Debug, PartialEq)]
pub struct TranslationForm {
    /// The recipe's `[translation]`.
    pub settings: Translation,
    /// The recipe's `model.width`.
    pub width: usize,
    /// The recipe's `model.discriminator_width`, or the other one.
    pub discriminator_width: usize,
    /// Side of the pictures.
    pub side: usize,
    /// Channels of the pictures that are translated.
    pub channels_in: usize,
    /// Channels of what they become.
    pub channels_out: usize,
}

impl TranslationForm {
    /// The form of a recipe's networks for pictures of this side.
    ///
    /// # Errors
    /// If there are no layers for that side.
    pub fn new(
        model: &Model,
        settings: &Translation,
        side: usize,
        [channels_in, channels_out]: [usize; 2],
    ) -> Result<Self, NetError> {
        let form = Self {
            settings: settings.clone(),
            width: model.width,
            discriminator_width: model.discriminator_width.unwrap_or(model.width),
            side,
            channels_in,
            channels_out,
        };
        let least = match settings.generator {
            TranslationNet::Unet => 16,
            TranslationNet::Resnet => 8,
        };
        let least = match form.strides() {
            Some(strides) if settings.adversarial > 0.0 => least.max(2 << (strides + 1)),
            _ => least,
        };
        if side.is_power_of_two() && (least..=LARGEST_SIDE).contains(&side) {
            return Ok(form);
        }
        Err(NetError::TranslationSide { side, least })
    }

    /// The form of the way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            channels_in: self.channels_out,
            channels_out: self.channels_in,
            ..self.clone()
        }
    }

    /// A width at this side: that of the full size, times the share of the side
    /// for a `resnet`, most of whose layers are as wide as its widest, and times
    /// its root for a `unet`, in eights.
    fn scaled(&self, width: usize) -> usize {
        let full = self.settings.full_size;
        if full == 0 || self.side >= full {
            return width;
        }
        let share = self.side as f64 / full as f64;
        let scaled = match self.settings.generator {
            TranslationNet::Unet => width as f64 * share.sqrt(),
            TranslationNet::Resnet => width as f64 * share,
        };
        let eights = ((scaled / 8.0).round() as usize * 8).max(8);
        eights.min(width)
    }

    /// Residual blocks at this side: at half the full size and below no more
    /// than six (Zhu et al. 2017, section 7.2).
    fn blocks(&self) -> usize {
        if self.side <= self.settings.full_size / 2 {
            return self.settings.blocks.min(MOST_BLOCKS_OF_HALF);
        }
        self.settings.blocks
    }

    /// Strided layers of the discriminator that make its field; none where it
    /// sees single pixels. Below the full size the field shrinks with the side, so
    /// that it stays about as large a part of the picture.
    fn strides(&self) -> Option<usize> {
        let halvings = (self.settings.full_size / self.side.max(1)).max(1).ilog2() as usize;
        let smaller = |strides: usize| Some(strides.saturating_sub(halvings).max(1));
        match self.settings.field {
            1 => None,
            16 => smaller(1),
            34 => smaller(2),
            70 => smaller(3),
            142 => smaller(4),
            286 => smaller(5),
            // The first of these fields that covers the picture.
            _ => Some(match self.side {
                0..=16 => 1,
                17..=34 => 2,
                35..=70 => 3,
                71..=142 => 4,
                _ => 5,
            }),
        }
    }
}

/// What dropout drops: the same values of the same picture again and again.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// The seed's randomness.
    pub random: Random,
    /// The number of the batch's first picture.
    pub first: u64,
}

impl Noise {
    /// Drops a share of the values and enlarges the others to make up for it.
    fn drop(self, x: Tensor<4>, layer: usize, share: f64) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let each = height * width * channels;
        let kept = 1.0 / (1.0 - share as f32);
        let mut mask = Vec::with_capacity(batch * each);
        for picture in 0..batch as u64 {
            let counter = (self.first + picture) << 5 | layer as u64;
            let mut draws = self.random.at(Stream::Dropout, counter);
            let draw = || match f64::from(draws.uniform()) < share {
                true => 0.0,
                false => kept,
            };
            mask.extend(std::iter::repeat_with(draw).take(each));
        }
        let device = x.device().without_autodiff();
        let mask: Tensor<4> =
            crate::layers::tensor(mask, &device).reshape([batch, height, width, channels]);
        let mask = if x.is_autodiff() {
            mask.autodiff()
        } else {
            mask
        };
        x * mask
    }
}

/// A generator's layers.
trait TranslatorNet: Debug + Send + Sync {
    fn forward(&self, weights: &Weights, x: Tensor<4>, noise: Option<Noise>) -> Tensor<4>;
}

/// A generator of pictures from pictures.
#[derive(Clone, Debug)]
pub struct Translator {
    net: Arc<dyn TranslatorNet>,
}

impl Translator {
    /// Builds the layers and draws their initial weights; the player's number
    /// separates its draws from the others'.
    pub fn build(
        form: &TranslationForm,
        random: Random,
        player: u64,
        device: &Device,
    ) -> (Self, Parameters) {
        let mut builder = Builder::new(random, player, device);
        let layers = Self::lay_out(form, &mut builder);
        (layers, builder.finish())
    }

    /// Builds the layers, their values as the builder gives them.
    pub(crate) fn lay_out(form: &TranslationForm, builder: &mut Builder) -> Self {
        let net: Arc<dyn TranslatorNet> = match form.settings.generator {
            TranslationNet::Unet => Arc::new(unet::Unet::new(builder, form)),
            TranslationNet::Resnet => Arc::new(resnet::Resnet::new(builder, form)),
        };
        Self { net }
    }

    /// What pictures become.
    ///
    /// # Shapes
    /// `[batch, height, width, channels in]` to `[batch, height, width, channels
    /// out]`, in [-1, 1].
    pub fn forward(&self, weights: &Weights, x: Tensor<4>, noise: Option<Noise>) -> Tensor<4> {
        self.net.forward(weights, x, noise)
    }
}
