//! The minimax game: min over G, max over D of E log D(x) + E log(1 - D(G(z))).
//!
//! # Source
//! Goodfellow et al. 2014, arXiv 1406.2661, equation 1 and Algorithm 1;
//! one-sided label smoothing: Salimans et al. 2016, arXiv 1606.03498, section 3.4.

use super::{cross_entropy, cross_entropy_tangent};
use burn::tensor::Tensor;

/// `-mean log D(x) - mean log(1 - D(G(z)))`; with smoothing s the real target is
/// 1 - s, the generated one stays 0.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>, smoothing: f32) -> Tensor<1> {
    cross_entropy(real, 1.0 - smoothing) + cross_entropy(fake, 0.0)
}

/// How the discriminator's loss changes as the answers move.
pub(super) fn discriminator_tangent(
    [real, along_real]: [Tensor<1>; 2],
    [fake, along_fake]: [Tensor<1>; 2],
    smoothing: f32,
) -> Tensor<1> {
    cross_entropy_tangent(real, along_real, 1.0 - smoothing)
        + cross_entropy_tangent(fake, along_fake, 0.0)
}

/// `mean log(1 - D(G(z)))`: no larger than 0, and flat where D is sure.
pub(super) fn generator(fake: Tensor<1>) -> Tensor<1> {
    -cross_entropy(fake, 0.0)
}
