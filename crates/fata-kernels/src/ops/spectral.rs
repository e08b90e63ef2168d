//! Division of a weight by its spectral norm.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{Rule, floats, floats_mut, owned, plain, run, wrap};
use super::{is_fast, portable};
use crate::{pool, threads};

/// Numbers that one thread takes at a time.
const SHARE: usize = 1 << 14;

/// A weight divided by `u^T W v`, which is its largest singular value where `u` and `v` are the
/// vectors that belong to it. Both count as constants in the gradient.
///
/// # Shapes
/// `weight` `[rows * columns]`, row by row; `left` `[rows]`, `right` `[columns]`.
///
/// # Panics
/// When the shapes do not fit each other.
///
/// # Source
/// Miyato et al. 2018, arXiv 1802.05957, equations 8 and 12.
pub fn spectral_normalise(weight: Tensor<1>, left: Tensor<1>, right: Tensor<1>) -> Tensor<1> {
    let [rows, columns] = [left.dims()[0], right.dims()[0]];
    assert_eq!(
        weight.dims(),
        [rows * columns],
        "spectral_normalise: weight"
    );
    if !is_fast(&weight) {
        return portable::spectral_normalise(weight, left, right);
    }
    let [left, right] = [left, right].map(plain);
    run([weight.into()], |[weight]| {
        let sigma = bilinear(floats(&weight), floats(&left), floats(&right));
        let mut y = pool::take(rows * columns);
        let scale = 1.0 / sigma;
        let shares = y.chunks_mut(SHARE).zip(floats(&weight).chunks(SHARE));
        threads::for_each(shares, |(y, weight)| {
            for (y, weight) in y.iter_mut().zip(weight) {
                *y = weight * scale;
            }
        });
        let y = wrap(y, [rows * columns]);
        let rule = Normalised {
            y: y.clone(),
            left,
            right,
            scale,
        };
        (y, rule)
    })
}

#[derive(Clone, Debug)]
struct Normalised {
    y: FlexTensor,
    left: FlexTensor,
    right: FlexTensor,
    scale: f32,
}

impl Rule<1> for Normalised {
    /// With `Y = W / s` and `s = u^T W v`: `dW = (dY - <dY, Y> u v^T) / s`.
    fn gradients(self, gradient: FlexTensor, [weight]: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let computed = weight.then(|| {
            let mut gradient = owned(gradient);
            let mut along = vec![0.0; floats(&gradient).len().div_ceil(SHARE)];
            let shares = floats(&gradient)
                .chunks(SHARE)
                .zip(floats(&self.y).chunks(SHARE));
            threads::for_each(shares.zip(&mut along), |((gradient, y), along)| {
                *along = dot(gradient, y);
            });
            let along: f32 = along.iter().sum();
            let (left, right) = (floats(&self.left), floats(&self.right));
            let rows = at_a_time(right.len());
            let shares = floats_mut(&mut gradient)
                .chunks_mut(rows * right.len())
                .zip(left.chunks(rows));
            threads::for_each(shares, |(gradient, left)| {
                for (gradient, left) in gradient.chunks_mut(right.len()).zip(left) {
                    let share = along * left;
                    for (gradient, right) in gradient.iter_mut().zip(right) {
                        *gradient = (*gradient - share * right) * self.scale;
                    }
                }
            });
            gradient
        });
        [computed]
    }
}

/// `left^T matrix right`, whatever the number of threads.
fn bilinear(matrix: &[f32], left: &[f32], right: &[f32]) -> f32 {
    let mut products = vec![0.0; left.len()];
    let rows = at_a_time(right.len());
    let shares = matrix
        .chunks(rows * right.len())
        .zip(products.chunks_mut(rows));
    threads::for_each(shares, |(matrix, products)| {
        for (row, product) in matrix.chunks(right.len()).zip(products) {
            *product = dot(row, right);
        }
    });
    dot(&products, left)
}

/// Rows that one thread takes at a time.
fn at_a_time(columns: usize) -> usize {
    SHARE.div_ceil(columns)
}

/// The sum of products, in an order that a processor can do several of at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::super::tests::{compare, plain};
    use super::*;

    #[test]
    fn a_weight_is_divided_as_by_the_portable_composition() {
        // A single number always becomes 1, whose gradient is rounding alone.
        for [rows, columns] in [[5, 3], [1, 40], [40, 1], [129, 257]] {
            let [left, right] = [plain(1, [rows]), plain(2, [columns])];
            let with = |f: fn(Tensor<1>, Tensor<1>, Tensor<1>) -> Tensor<1>| {
                let (left, right) = (left.clone(), right.clone());
                move |leaves: &[Tensor<1>]| {
                    let [left, right] = [left.clone(), right.clone()].map(Tensor::autodiff);
                    f(leaves[0].clone(), left, right)
                }
            };
            compare(
                &format!("{rows} by {columns}"),
                &[plain(3, [rows * columns])],
                with(spectral_normalise),
                with(portable::spectral_normalise),
            );
        }
    }
}
