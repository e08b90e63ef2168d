//! What the discriminator is shown of samples: augmented, and with instance noise.
//!
//! Both sides are treated alike, so that the game's equilibrium stays where it
//! was, and gradients go through to the generator.
//!
//! # Source
//! Instance noise: Sonderby et al. 2017, arXiv 1610.04490, section 3.2; its
//! deviation falls in a line to 0.

use super::game::Game;
use crate::augment::Batch;
use crate::rng::{Random, Stream};
use burn::tensor::Tensor;

/// Whose samples are shown, and when: each has draws of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Real samples.
    Real,
    /// Generated samples in the discriminator's update.
    Fake,
    /// Generated samples in the generator's.
    Fooling,
}

impl Game {
    /// Samples as the discriminator sees them in this update. Where it should be
    /// consistent under augmentation, that is left to [`Game::view_again`].
    pub(super) fn view(&self, x: Tensor<2>, seen: Seen) -> Tensor<2> {
        if self.recipe.penalty.consistency > 0.0 {
            return self.with_noise(x, seen);
        }
        let x = self.augmented(x, seen);
        self.with_noise(x, seen)
    }

    /// The same samples, augmented.
    pub(super) fn view_again(&self, x: Tensor<2>, seen: Seen) -> Tensor<2> {
        let x = self.augmented(x, seen);
        self.with_noise(x, seen)
    }

    fn augmented(&self, x: Tensor<2>, seen: Seen) -> Tensor<2> {
        let images = x.dims()[0] as u64;
        let fakes = 2 * (self.images_generated.saturating_sub(images));
        let (stream, first) = match seen {
            Seen::Real => (Stream::AugmentReal, self.images_seen),
            Seen::Fake => (Stream::AugmentFake, fakes),
            Seen::Fooling => (Stream::AugmentFake, fakes + images),
        };
        let batch = Batch {
            random: Random::new(self.recipe.train.seed),
            stream,
            first,
        };
        let shape = self.form.network_shape();
        let probability = self.ada.probability();
        self.pipeline.apply_rows(x, &shape, batch, probability)
    }

    fn with_noise(&self, x: Tensor<2>, seen: Seen) -> Tensor<2> {
        let settings = &self.recipe.augment;
        let progress = self.images_seen as f64 / self.recipe.train.images as f64;
        let left = 1.0 - progress / settings.noise_until;
        if settings.noise <= 0.0 || left <= 0.0 {
            return x;
        }
        let [batch, values] = x.dims();
        let random = Random::new(self.recipe.train.seed);
        let mut noise = vec![0.0; batch * values];
        for (row, numbers) in noise.chunks_exact_mut(values).enumerate() {
            let counter = 4 * (self.images_seen + row as u64) + seen as u64;
            random.at(Stream::Noise, counter).fill_normal(numbers);
        }
        let device = self.generator.parameters.device();
        let noise: Tensor<2> = crate::layers::tensor(noise, device).reshape([batch, values]);
        let noise = noise * (settings.noise * left);
        if x.is_autodiff() {
            x + noise.autodiff()
        } else {
            x + noise
        }
    }
}
