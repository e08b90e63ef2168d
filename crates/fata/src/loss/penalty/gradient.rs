//! WGAN-GP: the critic's gradient between real and generated samples should have
//! length 1.
//!
//! # Source
//! Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1.

use super::{lengths, number};
use burn::tensor::Tensor;

/// Added to lengths before something is divided by them.
const EPSILON: f32 = 1e-12;

/// `lambda mean (|g| - 1)^2`, and its direction `2 lambda / n (|g| - 1) / |g| g`.
pub(super) fn direction(gradient: Tensor<2>, lambda: f64) -> (f64, Tensor<2>) {
    let count = gradient.dims()[0] as f64;
    let length = lengths(&gradient); // [rows, 1]
    let beyond = length.clone() - 1.0;
    let value = lambda * number(beyond.clone().powi_scalar(2).mean());
    let scale = beyond / (length + EPSILON) * (2.0 * lambda / count);
    (value, gradient * scale)
}

/// Samples on the lines from generated to real ones, at the shares given.
///
/// # Shapes
/// Samples `[batch, values]`, shares `[batch]` in [0, 1], of the real one.
pub fn between(real: Tensor<2>, fake: Tensor<2>, shares: Tensor<1>) -> Tensor<2> {
    let batch = shares.dims()[0];
    let shares: Tensor<2> = shares.reshape([batch, 1]);
    fake.clone() + (real - fake) * shares
}
