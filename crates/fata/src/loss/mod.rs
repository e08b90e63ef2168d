//! Adversarial losses, one a file; penalties on the discriminator beside them in
//! `penalty`. They know answers and nothing of networks.
//!
//! Both players minimise. With logits l, D(x) = sigmoid(l) is the probability
//! that x is real, and the binary cross-entropy against a target t is
//! `-t log D - (1 - t) log(1 - D)`, computed from l without overflow. A critic's
//! answers (hinge, Wasserstein) and least squares are used as they are.

mod classification;
mod feature_matching;
mod hinge;
mod least_squares;
mod minimax;
mod non_saturating;
pub mod penalty;
mod relativistic_average;
mod relativistic_pairing;
#[cfg(test)]
mod tests;
mod wasserstein;

pub use classification::classification;
pub use feature_matching::feature_matching;

use crate::recipe::{Loss, LossKind};
use burn::tensor::{Tensor, activation::sigmoid};
use fata_kernels::binary_cross_entropy_with_logits as cross_entropy;

/// The discriminator's loss on real and generated samples.
///
/// # Shapes
/// Answers `[batch]`; the result `[1]`, a mean over the batch.
pub fn discriminator(loss: &Loss, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    match loss.kind {
        // The two games differ in the generator's goal alone.
        LossKind::Minimax | LossKind::NonSaturating => {
            minimax::discriminator(real, fake, loss.smoothing)
        }
        LossKind::LeastSquares => least_squares::discriminator(real, fake, loss.smoothing),
        LossKind::Hinge => hinge::discriminator(real, fake),
        LossKind::Wasserstein => wasserstein::discriminator(real, fake),
        LossKind::RelativisticAverage => relativistic_average::discriminator(real, fake),
        LossKind::RelativisticPairing => relativistic_pairing::discriminator(real, fake),
    }
}

/// How the discriminator's loss changes as answers move: its derivative along
/// the directions beside them. Differentiated in turn, by answers and directions,
/// it gives products with the loss's second derivatives.
///
/// # Shapes
/// Answers and directions `[batch]`; the result `[1]`.
pub fn discriminator_tangent(loss: &Loss, real: [Tensor<1>; 2], fake: [Tensor<1>; 2]) -> Tensor<1> {
    match loss.kind {
        LossKind::Minimax | LossKind::NonSaturating => {
            minimax::discriminator_tangent(real, fake, loss.smoothing)
        }
        LossKind::LeastSquares => least_squares::discriminator_tangent(real, fake, loss.smoothing),
        LossKind::Hinge => hinge::discriminator_tangent(real, fake),
        LossKind::Wasserstein => {
            let [[_, along_real], [_, along_fake]] = [real, fake];
            wasserstein::discriminator_tangent(along_real, along_fake)
        }
        LossKind::RelativisticAverage => relativistic_average::discriminator_tangent(real, fake),
        LossKind::RelativisticPairing => relativistic_pairing::discriminator_tangent(real, fake),
    }
}

/// The derivative of the mean cross-entropy along a direction of its logits:
/// `mean (sigmoid(l) - t) l'`.
fn cross_entropy_tangent(logits: Tensor<1>, along: Tensor<1>, target: f32) -> Tensor<1> {
    ((sigmoid(logits) - target) * along).mean()
}

/// The generator's loss on its own samples; only the relativistic games look at
/// the answers to real ones.
///
/// # Shapes
/// Answers `[batch]`; the result `[1]`, a mean over the batch.
pub fn generator(loss: &Loss, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    match loss.kind {
        LossKind::Minimax => minimax::generator(fake),
        LossKind::NonSaturating => non_saturating::generator(fake),
        LossKind::LeastSquares => least_squares::generator(fake),
        LossKind::Hinge => hinge::generator(fake),
        LossKind::Wasserstein => wasserstein::generator(fake),
        LossKind::RelativisticAverage => relativistic_average::generator(real, fake),
        LossKind::RelativisticPairing => relativistic_pairing::generator(real, fake),
    }
}
