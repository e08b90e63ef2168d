//! The least-squares game: answers are pulled to 1 for real samples and 0 for
//! generated ones by squared distance, also when they are far on the right side.
//!
//! # Source
//! Mao et al. 2017, arXiv 1611.04076, equation 9 (a, b, c = 0, 1, 1).

use burn::tensor::Tensor;

/// `mean (D(x) - 1)^2 / 2 + mean D(G(z))^2 / 2`, the 1 less the smoothing.
pub(super) fn discriminator(real: Tensor<1>, fake: Tensor<1>, smoothing: f32) -> Tensor<1> {
    distance(real, 1.0 - smoothing) + distance(fake, 0.0)
}

/// How the discriminator's loss changes as the answers move.
pub(super) fn discriminator_tangent(
    [real, along_real]: [Tensor<1>; 2],
    [fake, along_fake]: [Tensor<1>; 2],
    smoothing: f32,
) -> Tensor<1> {
    ((real - (1.0 - smoothing)) * along_real + fake * along_fake).mean()
}

/// `mean (D(G(z)) - 1)^2 / 2`.
pub(super) fn generator(fake: Tensor<1>) -> Tensor<1> {
    distance(fake, 1.0)
}

fn distance(answers: Tensor<1>, target: f32) -> Tensor<1> {
    (answers - target).powi_scalar(2).mean() * 0.5
}
