//! DRAGAN: the gradient's length is held at 1 around the data alone.
//!
//! # Source
//! Kodali et al. 2017, arXiv 1705.07215, algorithm 1 and the authors' code: real
//! samples moved by uniform noise of half their standard deviation.

use burn::tensor::Tensor;

/// Real samples, moved by `deviation / 2` times the noise given.
///
/// # Shapes
/// Samples and noise, uniform on [0, 1), `[batch, values]`.
pub fn around(real: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let mean = real.clone().mean().reshape([1, 1]);
    let deviation = (real.clone() - mean)
        .powi_scalar(2)
        .mean()
        .sqrt()
        .reshape([1, 1]);
    real + noise * deviation * 0.5
}
