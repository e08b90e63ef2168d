//! Feature matching: generated samples should have, on the mean, the features
//! that real ones have.
//!
//! # Source
//! Salimans et al. 2016, arXiv 1606.03498, section 3.1.

use burn::tensor::Tensor;

/// `| mean f(x) - mean f(G(z)) |^2`.
///
/// # Shapes
/// Features `[batch, features]`; the result `[1]`.
pub fn feature_matching(real: Tensor<2>, fake: Tensor<2>) -> Tensor<1> {
    (real.mean_dim(0) - fake.mean_dim(0)).powi_scalar(2).sum()
}
