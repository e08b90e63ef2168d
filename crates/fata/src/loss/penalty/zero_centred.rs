//! R1 and R2: the gradient itself is penalised, at real samples or at generated
//! ones, so that at equilibrium the discriminator is flat where the data are.
//!
//! # Source
//! Mescheder et al. 2018, arXiv 1801.04406, equation 9 and section 4.

use super::{lengths, number};
use burn::tensor::Tensor;

/// `gamma / 2 mean |g|^2`, and its direction `gamma / n g`.
pub(super) fn direction(gradient: Tensor<2>, gamma: f64) -> (f64, Tensor<2>) {
    let count = gradient.dims()[0] as f64;
    let squares = lengths(&gradient).powi_scalar(2).mean();
    (gamma / 2.0 * number(squares), gradient * (gamma / count))
}
