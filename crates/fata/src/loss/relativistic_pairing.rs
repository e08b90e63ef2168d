//! The relativistic pairing game (RpGAN): each generated sample is held against
//! one real sample, so that a mode which the generator leaves out costs it.
//!
//! # Source
//! Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.2 (RSGAN); Huang et al.
//! 2024, arXiv 2501.05441, equation 3.

use super::cross_entropy;
use burn::tensor::Tensor;

/// `-mean log s(D(x_i) - D(G(z_i)))`, s the sigmoid.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    cross_entropy(real - fake, 1.0)
}

/// `-mean log s(D(G(z_i)) - D(x_i))`.
pub(super) fn generator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    cross_entropy(fake - real, 1.0)
}
