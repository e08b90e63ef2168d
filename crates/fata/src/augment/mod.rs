//! What is done to images before the discriminator sees them, to real and generated ones alike and
//! with gradients through it, so that a discriminator cannot learn few images by heart and a
//! generator does not learn what is done to them.
//!
//! What happens to an image follows from the seed, the stream and the image's number alone: not
//! from the batch that it comes in, the number of threads or what was drawn before. Tables have
//! neither pixels nor colours, and nothing here is done to them. Mirroring of the data, which the
//! generator should learn, is the loader's.

mod ada;
mod controller;
mod diff_augment;
mod settings;
#[cfg(test)]
mod tests;

pub use controller::{AdaController, AdaState};
pub use settings::{Kind, Part, Settings, Violation};

use crate::rng::{Draws, Random, Stream};
use burn::tensor::Tensor;

/// Which images a batch holds: of all that were ever augmented on this stream, those from `first`
/// on.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// The run's randomness.
    pub random: Random,
    /// [`Stream::AugmentReal`] or [`Stream::AugmentFake`].
    pub stream: Stream,
    /// The number of the batch's first image.
    pub first: u64,
}

impl Batch {
    /// The draws of the batch's images, in order.
    fn draws(self, images: usize) -> impl Iterator<Item = Draws> {
        (self.first..)
            .take(images)
            .map(move |number| self.random.at(self.stream, number))
    }
}

/// A way of augmenting images.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    kind: Kind,
    policy: Vec<Part>,
}

impl Pipeline {
    /// The pipeline that the settings ask for.
    pub fn new(settings: &Settings) -> Self {
        Self {
            kind: settings.kind,
            policy: settings.policy.clone(),
        }
    }

    /// Augments the images of a batch, each transform with this probability. With probability 0,
    /// or where nothing was drawn, the tensor is handed back as it is.
    ///
    /// # Shapes
    /// `x` `[batch, height, width, channels]`, the result as well.
    pub fn apply(&self, x: Tensor<4>, batch: Batch, probability: f32) -> Tensor<4> {
        if probability <= 0.0 {
            return x;
        }
        match self.kind {
            Kind::None => x,
            Kind::DiffAugment => diff_augment::apply(x, &self.policy, batch, probability),
            Kind::Ada => ada::apply(x, batch, probability),
        }
    }

    /// As [`Pipeline::apply`], for items as the networks pass them on. Items that are no images
    /// are handed back as they are.
    ///
    /// # Shapes
    /// `x` `[batch, numbers]`, of items of `shape`: `[height, width, channels]` or `[dimensions]`.
    pub fn apply_rows(
        &self,
        x: Tensor<2>,
        shape: &[usize],
        batch: Batch,
        probability: f32,
    ) -> Tensor<2> {
        let &[height, width, channels] = shape else {
            return x;
        };
        if self.kind == Kind::None || probability <= 0.0 {
            return x;
        }
        let [images, numbers] = x.dims();
        let x = self.apply(
            x.reshape([images, height, width, channels]),
            batch,
            probability,
        );
        x.reshape([images, numbers])
    }
}
