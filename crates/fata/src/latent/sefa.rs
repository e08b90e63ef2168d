//! The directions to which a generator's first layer is most sensitive, by its
//! weights alone.
//!
//! A step `n` of the latent moves the first layer's outputs by `A n`, where `A` is
//! its weight; of all unit steps those that move them most are the eigenvectors of
//! `A^T A` with the largest eigenvalues.
//!
//! # Source
//! Shen and Zhou 2021 (SeFa), arXiv 2007.06600, equations 4 to 8.

use crate::judge::algebra::{product_transposed, symmetric_eigen, widen};

/// Unit directions, the most influential first, and each one's share of
/// `|A|^2`, the sum of all eigenvalues.
///
/// # Shapes
/// `weight` [units, latent], row by row; the result `latent` directions.
pub(super) fn closed_form(weight: &[f32], latent: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let transposed = widen(weight, latent).reversed_axes();
    let square = product_transposed(transposed.view(), transposed.view());
    let (values, vectors) = symmetric_eigen(square);
    let total: f64 = values.iter().sum();
    let shares = values
        .iter()
        .map(|v| v.max(0.0) / total.max(f64::MIN_POSITIVE));
    let rows = vectors.rows().into_iter().map(|row| row.to_vec());
    (rows.collect(), shares.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_whose_directions_are_known_gives_them() {
        // A = diag(1, 3) turned by 45 degrees behind it: A^T A has the eigenvectors
        // (1, -1) and (1, 1) over the root of 2, with the eigenvalues 1 and 9.
        let root = 0.5_f32.sqrt();
        let weight = [root, -root, 3.0 * root, 3.0 * root, 0.0, 0.0];
        let (directions, shares) = closed_form(&weight, 2);
        let half = 0.5_f64.sqrt();
        for (found, wanted) in [
            (&directions[0], [half, half]),
            (&directions[1], [half, -half]),
        ] {
            let same = found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-6);
            let opposite = found.iter().zip(wanted).all(|(f, w)| (f + w).abs() < 1e-6);
            assert!(same || opposite, "{found:?}");
        }
        assert!((shares[0] - 0.9).abs() < 1e-6 && (shares[1] - 0.1).abs() < 1e-6);
    }
}
