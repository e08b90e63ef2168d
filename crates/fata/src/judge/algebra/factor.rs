//! Means and covariances of features, and factors of covariances.

use super::product::{add_lower_square, cut, multiply_into, part, part_mut, widen};
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// Rows that are centred at once; what bounds the memory beside the result.
const ROWS: usize = 1024;

/// Columns of the Cholesky factor that are made before the rest of the matrix
/// is brought up to date.
const PANEL: usize = 64;

/// The mean of each column.
pub(crate) fn mean(features: &[f32], width: usize) -> Array1<f64> {
    let mut sum = Array1::<f64>::zeros(width);
    for row in features.chunks_exact(width) {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sum / (features.len() / width).max(1) as f64
}

/// The unbiased covariance of the columns, as `numpy.cov` has it.
///
/// # Shapes
/// `features` [rows, width], at least two rows; the result [width, width].
fn covariance(features: &[f32], width: usize, mean: ArrayView1<f64>) -> Array2<f64> {
    let rows = features.len() / width;
    let mut sum = Array2::zeros((width, width));
    for block in features.chunks(ROWS * width) {
        let centred = widen(block, width) - mean;
        add_lower_square(centred.view(), &mut sum);
    }
    let scale = 1.0 / (rows - 1) as f64;
    for i in 0..width {
        for j in 0..=i {
            let value = sum[[i, j]] * scale;
            sum[[i, j]] = value;
            sum[[j, i]] = value;
        }
    }
    sum
}

/// A matrix `F` with `F^T F` the covariance of the features: the centred rows
/// themselves where they are fewer than the columns, else a Cholesky factor.
///
/// # Shapes
/// `features` [rows, width]; the result [rank, width].
pub(crate) fn covariance_factor(
    features: &[f32],
    width: usize,
    mean: ArrayView1<f64>,
) -> Array2<f64> {
    let rows = features.len() / width;
    if rows <= width {
        return (widen(features, width) - mean) / ((rows - 1) as f64).sqrt();
    }
    cholesky(covariance(features, width, mean))
}

/// The Cholesky factorisation with complete pivoting of a matrix that is
/// symmetric and has no negative eigenvalue, cut off where what is left is
/// rounding: `F` with `F^T F = a`.
///
/// # Source
/// Higham 1990, "Analysis of the Cholesky decomposition of a semi-definite
/// matrix"; panels as in LAPACK's working note 161 (Lucas 2004).
fn cholesky(mut a: Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let mut order: Vec<usize> = (0..n).collect();
    let largest = (0..n).map(|i| a[[i, i]]).fold(0.0, f64::max);
    let negligible = n as f64 * f64::EPSILON * largest;
    let mut rank = n;
    'panels: for first in (0..n).step_by(PANEL) {
        let end = (first + PANEL).min(n);
        // Squares that the panel's columns have taken from the diagonal.
        let mut taken = vec![0.0; n];
        for column in first..end {
            if column > first {
                for (i, taken) in taken.iter_mut().enumerate().skip(column) {
                    *taken += a[[i, column - 1]] * a[[i, column - 1]];
                }
            }
            let left = |i: usize| a[[i, i]] - taken[i];
            let pivot = (column..n)
                .max_by(|&i, &j| left(i).total_cmp(&left(j)).then(j.cmp(&i)))
                .expect("a column is left");
            let square = left(pivot);
            if square <= negligible {
                rank = column;
                break 'panels;
            }
            exchange(&mut a, column, pivot);
            taken.swap(column, pivot);
            order.swap(column, pivot);
            let root = square.sqrt();
            let (above, mut below) = a.view_mut().split_at(Axis(0), column + 1);
            let own = cut(above.row(column), first..column);
            for mut row in below.rows_mut() {
                let done = cut(row.view(), first..column).dot(&own);
                row[column] = (row[column] - done) / root;
            }
            a[[column, column]] = root;
        }
        let panel = part(a.view(), end..n, first..end).to_owned();
        let trailing = part_mut(&mut a, end..n, end..n);
        multiply_into(-1.0, panel.view(), panel.t(), 1.0, trailing);
    }
    let mut factor = Array2::zeros((rank, n));
    for (i, &place) in order.iter().enumerate() {
        for k in 0..rank.min(i + 1) {
            factor[[k, place]] = a[[i, k]];
        }
    }
    factor
}

/// Exchanges two rows and the two columns of the same numbers.
fn exchange(a: &mut Array2<f64>, i: usize, j: usize) {
    if i == j {
        return;
    }
    for k in 0..a.ncols() {
        a.swap([i, k], [j, k]);
    }
    for k in 0..a.nrows() {
        a.swap([k, i], [k, j]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn a_factor_gives_the_covariance_back_whatever_its_rank() {
        // More rows than columns, fewer, and columns that repeat.
        for (rows, width, copies) in [(300, 130, false), (20, 70, false), (300, 130, true)] {
            let mut features = numbers(rows * width);
            if copies {
                for row in features.chunks_exact_mut(width) {
                    let (left, right) = row.split_at_mut(width / 2);
                    right.copy_from_slice(&left[..right.len()]);
                }
            }
            let mean = mean(&features, width);
            let covariance = covariance(&features, width, mean.view());
            let factor = covariance_factor(&features, width, mean.view());
            if copies {
                assert_eq!(factor.nrows(), width / 2);
            }
            let again = factor.t().dot(&factor);
            let worst = (&again - &covariance)
                .iter()
                .fold(0.0, |w: f64, d| w.max(d.abs()));
            assert!(worst < 1e-14, "{worst}");
        }
    }
}
