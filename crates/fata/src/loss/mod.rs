//! Adversarial losses, one a file. They know logits and nothing of networks.
//!
//! Both players minimise. With logits l, D(x) = sigmoid(l) is the probability
//! that x is real, and the binary cross-entropy against a target t is
//! `-t log D - (1 - t) log(1 - D)`, computed from l without overflow.

mod classification;
mod minimax;
mod non_saturating;
#[cfg(test)]
mod tests;

pub use classification::classification;

use crate::recipe::{Loss, LossKind};
use burn::tensor::Tensor;
use fata_kernels::binary_cross_entropy_with_logits as cross_entropy;

/// The discriminator's loss on real and generated samples.
///
/// # Shapes
/// Logits `[batch]`; the result `[1]`, a mean over the batch.
pub fn discriminator(loss: &Loss, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    match loss.kind {
        // The two games differ in the generator's goal alone.
        LossKind::Minimax | LossKind::NonSaturating => {
            minimax::discriminator(real, fake, loss.smoothing)
        }
    }
}

/// The generator's loss on its own samples.
///
/// # Shapes
/// Logits `[batch]`; the result `[1]`, a mean over the batch.
pub fn generator(loss: &Loss, fake: Tensor<1>) -> Tensor<1> {
    match loss.kind {
        LossKind::Minimax => minimax::generator(fake),
        LossKind::NonSaturating => non_saturating::generator(fake),
    }
}
