//! The architectures, one a file: its generator and its discriminator, readable
//! top to bottom. They know no optimiser, no loss and no data.
//!
//! Pictures run through them as `[batch, height, width, channels]`.

mod dcgan;
mod discriminator;
mod form;
mod generator;
mod head;
mod mlp;
mod r3gan;
mod resnet;
#[cfg(test)]
mod tests;
pub mod translation;

pub use discriminator::{Discriminator, Verdict};
pub use form::Form;
pub use generator::Generator;

use crate::layers::{Id, Signal, Weights};
use crate::recipe::ModelKind;
use burn::tensor::Tensor;
use head::{Head, HeadPlan};
use std::fmt::Debug;

/// Why an architecture cannot be built for some data.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Convolutional networks need pictures.
    #[error(
        "`{kind}` makes pictures, and these data are points of {dimensions} dimensions: use `--recipe points`"
    )]
    PointsNotPictures {
        /// The architecture.
        kind: &'static str,
        /// Columns of the data.
        dimensions: usize,
    },
    /// A side that the architecture has no layers for.
    #[error(
        "`{kind}` cannot make {side}x{side} pictures: choose a resolution from 16, 32, 64, 128, 256 (data of other sizes up to 256 are padded when no resolution is given)"
    )]
    Resolution {
        /// The architecture.
        kind: &'static str,
        /// The side that was asked for.
        side: usize,
    },
    /// A translator was taken for a generator of samples.
    #[error(
        "it translates pictures and makes none of latents: use `fata translate` (and to train one, name two domains: `fata train --from A --to B`)"
    )]
    Translates,
    /// Sides that a translation's networks have no layers for.
    #[error(
        "a translation's networks take pictures whose side is a power of two, from {least} to 1024 pixels, and not {side}: choose another --resolution, or another translation.field"
    )]
    TranslationSide {
        /// The side that was asked for.
        side: usize,
        /// The smallest side.
        least: usize,
    },
    /// A condition on labels that the data do not have.
    #[error(
        "model.condition = {condition}, and the data have no labels: put the pictures of each class into a folder of its own, or set model.condition=none"
    )]
    NoLabels {
        /// The condition.
        condition: &'static str,
    },
}

/// A generator's layers.
trait GeneratorNet: Debug + Send + Sync {
    /// Samples `[batch, product of the network shape]` from latents, joined by
    /// labels where the condition says so.
    fn forward(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2>;

    /// What the first layer makes of latents, after the first nonlinearity:
    /// `[batch, units]`.
    fn first(&self, weights: &Weights, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2>;

    /// The place of the first layer's weight: `[inputs, outputs]`, or that of a
    /// transposed convolution, `[kernel, kernel, outputs, inputs]`.
    fn first_weight(&self) -> Id;

    /// Multiply-adds of one sample: the first layer's, which has no gradient to
    /// pass on, and the others'.
    fn multiply_adds(&self) -> [u64; 2];
}

/// A discriminator's layers, up to its head.
trait DiscriminatorNet: Debug + Send + Sync {
    /// Features `[batch, features]` of samples; those of each place together.
    fn features(&self, weights: &Weights, x: Signal<2>) -> Signal<2>;

    /// As [`GeneratorNet::multiply_adds`].
    fn multiply_adds(&self) -> [u64; 2];
}

/// Refuses a resolution that somebody asks for and the architecture has no
/// layers for.
///
/// # Errors
/// Convolutional networks make pictures of some sides only.
pub fn check_resolution(kind: ModelKind, side: usize) -> Result<(), NetError> {
    let fits = side.is_power_of_two() && (16..=256).contains(&side);
    if fits || kind == ModelKind::Mlp {
        return Ok(());
    }
    let kind = kind.name();
    Err(NetError::Resolution { kind, side })
}
