//! The relativistic average game: is a sample more real than the other side is
//! on average?
//!
//! # Source
//! Jolicoeur-Martineau 2018, arXiv 1807.00734, section 4.3 (RaSGAN). Both halves
//! are averaged, so that the scale is that of the other games.

use super::{cross_entropy, cross_entropy_tangent};
use burn::tensor::Tensor;

/// `(-mean log s(D(x) - m_f) - mean log(1 - s(D(G(z)) - m_r))) / 2`, s the
/// sigmoid, `m_r` and `m_f` the means over real and generated samples.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    let [m_r, m_f] = [real.clone().mean(), fake.clone().mean()];
    (cross_entropy(real - m_f, 1.0) + cross_entropy(fake - m_r, 0.0)) * 0.5
}

/// How the discriminator's loss changes as the answers move.
pub(super) fn discriminator_tangent(
    [real, along_real]: [Tensor<1>; 2],
    [fake, along_fake]: [Tensor<1>; 2],
) -> Tensor<1> {
    let [m_r, m_f] = [real.clone().mean(), fake.clone().mean()];
    let [along_r, along_f] = [along_real.clone().mean(), along_fake.clone().mean()];
    (cross_entropy_tangent(real - m_f, along_real - along_f, 1.0)
        + cross_entropy_tangent(fake - m_r, along_fake - along_r, 0.0))
        * 0.5
}

/// The same with real and generated exchanged.
pub(super) fn generator(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    discriminator(fake, real)
}
