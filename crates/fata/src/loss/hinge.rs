//! The hinge game: the critic cares only for answers within a margin of 1.
//!
//! # Source
//! Lim and Ye 2017, arXiv 1705.02894; as in Miyato et al. 2018, arXiv
//! 1802.05957, equations 16 and 17.

use burn::tensor::{Tensor, activation::relu};

/// `mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))`.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    relu(real.neg() + 1.0).mean() + relu(fake + 1.0).mean()
}

/// How the critic's loss changes as the answers move: 0 beyond the margin.
pub(super) fn discriminator_tangent(
    [real, along_real]: [Tensor<1>; 2],
    [fake, along_fake]: [Tensor<1>; 2],
) -> Tensor<1> {
    let within = |answer: Tensor<1>| answer.detach().greater_elem(0.0).float();
    let of_real = within(real.neg() + 1.0) * along_real;
    (within(fake + 1.0) * along_fake - of_real).mean()
}

/// `-mean D(G(z))`.
pub(super) fn generator(fake: Tensor<1>) -> Tensor<1> {
    fake.mean().neg()
}
