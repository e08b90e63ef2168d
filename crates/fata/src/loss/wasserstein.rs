//! The Wasserstein game: a critic that may not change faster than its input
//! estimates the distance over which mass must be moved.
//!
//! # Source
//! Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1.

use burn::tensor::Tensor;

/// `mean D(G(z)) - mean D(x)`.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    fake.mean() - real.mean()
}

/// How the critic's loss changes as the answers move.
pub(super) fn discriminator_tangent(along_real: Tensor<1>, along_fake: Tensor<1>) -> Tensor<1> {
    discriminator(along_real, along_fake)
}

/// `-mean D(G(z))`.
pub(super) fn generator(fake: Tensor<1>) -> Tensor<1> {
    fake.mean().neg()
}
