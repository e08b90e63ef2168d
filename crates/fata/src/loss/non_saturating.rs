//! The non-saturating game: the same equilibrium as minimax, with a gradient for
//! the generator that does not vanish when the discriminator is sure.
//!
//! # Source
//! Goodfellow et al. 2014, arXiv 1406.2661, section 3: "rather than training G to
//! minimize log(1 - D(G(z))) we can train G to maximize log D(G(z))".

use super::cross_entropy;
use burn::tensor::Tensor;

/// `-mean log D(G(z))`.
pub(super) fn generator(fake: Tensor<1>) -> Tensor<1> {
    cross_entropy(fake, 1.0)
}
