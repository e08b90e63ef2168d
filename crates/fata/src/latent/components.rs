//! What varies most in what a generator makes, and which way of the latent it is.
//!
//! The principal components of the outputs of many latents are found, and each
//! component's direction is the change of the latent that goes with it best. With
//! `x_k` the coordinate along the k-th component, uncorrelated with the others, the
//! least squares of `z` on all of them are `u_k = sum_j x_jk z_j / sum_j x_jk^2`.
//!
//! # Source
//! Härkönen et al. 2020 (GANSpace), arXiv 2004.02546, section 2.2 (BigGAN).

use crate::judge::algebra::{mean, product_transposed, symmetric_eigen, widen};
use crate::rng::{Random, Stream};
use ndarray::{Array1, Array2, Axis, Slice};

/// Components that are followed beside the wanted ones, so that those converge.
const SPARE: usize = 8;
/// Rounds at most; eigenvalues that are far apart need a tenth of them.
const ROUNDS: usize = 300;
/// Relative change of the eigenvalues at which they have converged.
const SETTLED: f64 = 1e-9;

/// Principal components of some rows.
pub(super) struct Components {
    /// Each component's coordinates of the rows, [components, rows].
    pub(super) coordinates: Array2<f64>,
    /// The share of all variance that each has.
    pub(super) shares: Vec<f64>,
}

/// The `count` first principal components of rows of `width` numbers, by the
/// Gram matrix of the rows and orthogonal iteration.
///
/// # Source
/// Golub and Van Loan 2013, "Matrix computations", section 8.2.4.
pub(super) fn principal_components(rows: &[f32], width: usize, count: usize) -> Components {
    let centred = widen(rows, width) - mean(rows, width);
    let gram = product_transposed(centred.view(), centred.view()); // [rows, rows]
    let n = gram.nrows();
    let total: f64 = gram.diag().sum();
    let followed = (count + SPARE).min(n);
    let mut draws = Random::new(0).at(Stream::Latent, 1);
    let mut basis = Array2::from_shape_simple_fn((followed, n), || f64::from(draws.normal()));
    let mut values = vec![0.0; followed];
    for _ in 0..ROUNDS {
        basis = product_transposed(basis.view(), gram.view());
        orthonormalise(&mut basis);
        let image = product_transposed(basis.view(), gram.view());
        let (found, turned) = symmetric_eigen(product_transposed(image.view(), basis.view()));
        basis = turned.dot(&basis);
        let moved = found.iter().zip(&values).take(count);
        let settled = moved.fold(0.0_f64, |most, (new, old)| most.max((new - old).abs()));
        let largest = found.first().copied().unwrap_or_default();
        values = found;
        if settled <= SETTLED * largest {
            break;
        }
    }
    let count = count.min(followed);
    let mut coordinates = basis;
    coordinates.slice_axis_inplace(Axis(0), Slice::from(0..count));
    for (mut row, value) in coordinates.rows_mut().into_iter().zip(&values) {
        let root = value.max(0.0).sqrt();
        row.iter_mut().for_each(|x| *x *= root);
    }
    let shares = values.iter().take(count);
    Components {
        coordinates: coordinates.as_standard_layout().into_owned(),
        shares: shares
            .map(|value| (value / total.max(f64::MIN_POSITIVE)).max(0.0))
            .collect(),
    }
}

/// Makes rows orthonormal, from the first to the last (twice Gram-Schmidt, which
/// is enough). Rows that depend on those before become 0.
fn orthonormalise(rows: &mut Array2<f64>) {
    for i in 0..rows.nrows() {
        let before = rows.row(i).dot(&rows.row(i)).sqrt();
        for _ in 0..2 {
            for j in 0..i {
                let along = rows.row(i).dot(&rows.row(j));
                let other = rows.row(j).to_owned();
                rows.row_mut(i).scaled_add(-along, &other);
            }
        }
        let length = rows.row(i).dot(&rows.row(i)).sqrt();
        let scale = match length > 1e-12 * before && length > 0.0 {
            true => 1.0 / length,
            false => 0.0,
        };
        rows.row_mut(i).iter_mut().for_each(|x| *x *= scale);
    }
}

/// The direction of latents along which a coordinate grows: the least squares of
/// the latents on it, up to its length.
///
/// # Shapes
/// `latents` [rows, latent], a number of `coordinate` for each row.
pub(super) fn regress(latents: &[f32], length: usize, coordinate: &[f64]) -> Vec<f64> {
    let centred = widen(latents, length) - mean(latents, length);
    let coordinate = Array1::from(coordinate.to_vec());
    let middle = coordinate.sum() / coordinate.len().max(1) as f64;
    (coordinate - middle).dot(&centred).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        let mut draws = Random::new(4).at(Stream::Latent, 9);
        (0..count).map(|_| draws.normal()).collect()
    }

    #[test]
    fn components_are_those_of_the_covariance() {
        let (rows, width, count) = (60, 12, 4);
        let mut values = numbers(rows * width);
        for row in values.chunks_exact_mut(width) {
            row.iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v *= 4.0 / (i + 1) as f32);
            row[5] += 0.7 * row[0];
        }
        let found = principal_components(&values, width, count);
        // The same by the covariance itself, whose eigenvectors are Jacobi's.
        let centred = widen(&values, width) - mean(&values, width);
        let (variances, vectors) = symmetric_eigen(centred.t().dot(&centred));
        let total: f64 = variances.iter().sum();
        for (k, variance) in variances.iter().enumerate().take(count) {
            assert!((found.shares[k] - variance / total).abs() < 1e-9);
            let expected = centred.dot(&vectors.row(k));
            let row = found.coordinates.row(k);
            let sign = row.dot(&expected).signum();
            for (found, expected) in row.iter().zip(&expected) {
                assert!(
                    (sign * found - expected).abs() < 1e-4,
                    "{k}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn rows_of_small_rank_have_no_more_components_than_that() {
        let mut values = Vec::new();
        for number in numbers(30) {
            values.extend([number, 2.0 * number, 1.0]);
        }
        let found = principal_components(&values, 3, 3);
        assert!((found.shares[0] - 1.0).abs() < 1e-9 && found.shares[1] < 1e-9);
        assert!(found.coordinates.iter().all(|x| x.is_finite()));
        let none = principal_components(&[1.0; 30], 3, 2);
        assert!(none.shares.iter().all(|share| *share == 0.0));
    }

    #[test]
    fn a_coordinate_that_is_linear_in_the_latent_gives_its_direction_back() {
        let latents = numbers(5 * 4000);
        let wanted = [0.6, 0.0, -0.8, 0.0, 0.0];
        let coordinate: Vec<f64> = (latents.chunks_exact(5))
            .map(|z| {
                3.0 + z
                    .iter()
                    .zip(wanted)
                    .map(|(z, w)| f64::from(*z) * w)
                    .sum::<f64>()
            })
            .collect();
        let found = regress(&latents, 5, &coordinate);
        let length = found.iter().map(|v| v * v).sum::<f64>().sqrt();
        let cosine: f64 = found.iter().zip(wanted).map(|(f, w)| f * w / length).sum();
        assert!(cosine > 0.998, "{cosine}");
    }
}
