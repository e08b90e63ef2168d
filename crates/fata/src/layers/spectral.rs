//! Spectral normalisation: a weight divided by its largest singular value, which
//! bounds how fast a layer's output can change. The division is a kernel; here
//! are the vectors that it needs.
//!
//! # Source
//! Miyato et al. 2018, arXiv 1802.05957, algorithm 1 and equation 12: the first
//! singular vectors follow the weight by one power iteration a step and count
//! as constants in the gradient. A convolution's weight is the matrix of its
//! windows by its output channels, as in the paper's section 2.1.

use super::Id;
use burn::tensor::Tensor;

/// Where a weight's singular vectors are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Singular {
    /// One number for each of the matrix's rows.
    pub(super) left: Id,
    /// One number for each of its columns.
    pub(super) right: Id,
}

/// Added to lengths before something is divided by them, as in PyTorch.
const EPSILON: f64 = 1e-12;

/// The vectors after some power iterations on a flat matrix.
pub(super) fn follow(
    weight: Tensor<1>,
    [mut left, mut right]: [Tensor<1>; 2],
    iterations: usize,
) -> [Tensor<1>; 2] {
    let [rows, columns] = [left.dims()[0], right.dims()[0]];
    let matrix: Tensor<2> = weight.reshape([rows, columns]);
    for _ in 0..iterations {
        let image: Tensor<2> = matrix.clone().matmul(right.reshape([columns, 1]));
        left = unit(image.reshape([rows]));
        let image: Tensor<2> = left.clone().reshape([1, rows]).matmul(matrix.clone());
        right = unit(image.reshape([columns]));
    }
    [left, right]
}

fn unit(x: Tensor<1>) -> Tensor<1> {
    let length = x.clone().powi_scalar(2).sum().sqrt() + EPSILON;
    x / length
}
