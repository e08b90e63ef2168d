//! Singular values, without their vectors.

use super::bidiagonal::{Bidiagonal, bidiagonalise};
use ndarray::Array2;

/// Rotations that one eigenvalue may take before the iteration is given up.
const PATIENCE: usize = 60;

/// The singular values of a matrix, the largest first.
///
/// The matrix is reduced to bidiagonal form. Woven with its transpose, that is
/// a symmetric tridiagonal matrix of zero diagonal whose eigenvalues are plus
/// and minus the singular values (Golub and Kahan 1965), and the implicit QL
/// iteration finds them. Each is exact to rounding of the largest; nothing is
/// squared on the way.
pub(crate) fn singular_values(a: Array2<f64>) -> Vec<f64> {
    let a = match a.nrows() >= a.ncols() {
        true => a,
        false => a.reversed_axes().as_standard_layout().into_owned(),
    };
    let n = a.ncols();
    if n == 0 {
        return Vec::new();
    }
    let Bidiagonal { diagonal, above } = bidiagonalise(a);
    let mut woven = Vec::with_capacity(2 * n);
    for (i, value) in diagonal.iter().enumerate() {
        woven.push(*value);
        woven.extend(above.get(i));
    }
    let mut values = tridiagonal_eigenvalues(vec![0.0; 2 * n], woven);
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(n);
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    values
}

/// The eigenvalues of a symmetric tridiagonal matrix, in no order: implicit QL
/// with Wilkinson's shift (Bowdler, Martin, Reinsch and Wilkinson 1968).
fn tridiagonal_eigenvalues(mut diagonal: Vec<f64>, mut beside: Vec<f64>) -> Vec<f64> {
    let n = diagonal.len();
    beside.resize(n, 0.0);
    // With a zero diagonal, neighbours say nothing of what is small: the norm does.
    let norm = (0..n)
        .map(|i| diagonal[i].abs() + beside[i].abs())
        .fold(0.0, f64::max);
    let small = f64::EPSILON * norm;
    for first in 0..n {
        for _ in 0..PATIENCE {
            let block_end = (first..n - 1)
                .find(|&m| beside[m].abs() <= small)
                .unwrap_or(n - 1);
            if block_end == first {
                break;
            }
            let mut g = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first]);
            let mut r = g.hypot(1.0);
            g = diagonal[block_end] - diagonal[first] + beside[first] / (g + r.copysign(g));
            let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
            let mut broken = false;
            for i in (first..block_end).rev() {
                let f = sine * beside[i];
                let b = cosine * beside[i];
                r = (f * f + g * g).sqrt();
                beside[i + 1] = r;
                if r == 0.0 {
                    diagonal[i + 1] -= p;
                    beside[block_end] = 0.0;
                    broken = true;
                    break;
                }
                sine = f / r;
                cosine = g / r;
                g = diagonal[i + 1] - p;
                r = (diagonal[i] - g) * sine + 2.0 * cosine * b;
                p = sine * r;
                diagonal[i + 1] = g + p;
                g = cosine * r - b;
            }
            if broken {
                continue;
            }
            diagonal[first] -= p;
            beside[first] = g;
            beside[block_end] = 0.0;
        }
    }
    diagonal
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn known_matrices_have_their_known_singular_values() {
        // 3 and 4 on the diagonal after rotations; and a matrix of rank one.
        let values = singular_values(array![[3.0, 0.0], [0.0, -4.0], [0.0, 0.0]]);
        assert!((values[0] - 4.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
        let values = singular_values(array![[1.0, 2.0, 2.0], [2.0, 4.0, 4.0]]);
        assert!((values[0] - 45.0_f64.sqrt()).abs() < 1e-13 && values[1] < 1e-14);
        assert_eq!(singular_values(Array2::zeros((3, 2))), [0.0, 0.0]);
    }

    #[test]
    fn squares_of_singular_values_add_up_to_the_squares_of_the_entries() {
        // Sizes around the panels' and strips' edges, wide and tall.
        for (rows, columns) in [(1, 1), (33, 32), (64, 65), (200, 97), (97, 200)] {
            let mut state = 7_u64;
            let a = Array2::from_shape_simple_fn((rows, columns), || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40) as f64 / f64::from(1 << 24) - 0.5
            });
            let trace = a.iter().map(|v| v * v).sum::<f64>();
            let fourth = a.dot(&a.t()).iter().map(|v| v * v).sum::<f64>();
            let values = singular_values(a);
            let squares = values.iter().map(|v| v * v).sum::<f64>();
            let fourths = values.iter().map(|v| v.powi(4)).sum::<f64>();
            assert!((squares / trace - 1.0).abs() < 1e-13, "{rows}x{columns}");
            assert!((fourths / fourth - 1.0).abs() < 1e-13, "{rows}x{columns}");
        }
    }
}
