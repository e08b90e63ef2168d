//! The relativistic pairing game (RpGAN): each generated sample is held against
//! one real sample, so that a mode which the generator leaves out costs it.
//!
//! # Source
//! Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.2 (RSGAN); Huang et al.
//! 2024, arXiv 2501.05441, equation 3.

use super::{cross_entropy, cross_entropy_tangent};
use burn::tensor::Tensor;

/// `-mean log s(D(x_i) - D(G(z_i)))`, s the sigmoid.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    cross_entropy(real - fake, 1.0)
}

/// How the discriminator's loss changes as the answers move.
pub(super) fn discriminator_tangent(
    [real, along_real]: [Tensor<1>; 2],
    [fake, along_fake]: [Tensor<1>; 2],
) -> Tensor<1> {
    cross_entropy_tangent(real - fake, along_real - along_fake, 1.0)
}

/// `-mean log s(D(G(z_i)) - D(x_i))`.
pub(super) fn generator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    cross_entropy(fake - real, 1.0)
}
