//! Eigenvalues and eigenvectors of symmetric matrices of some hundreds of rows.

use ndarray::Array2;

/// Rounds over all pairs of rows; ten are rarely needed.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric matrix, the largest first, and the
/// eigenvectors, as the rows of a matrix in the same order. The largest number
/// of each vector is positive, so that a direction has one sign.
///
/// Cyclic Jacobi rotations: exact to rounding, and the vectors are orthogonal
/// even where eigenvalues agree.
///
/// # Source
/// Golub and Van Loan 2013, "Matrix computations", section 8.5.
pub(crate) fn symmetric_eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::<f64>::eye(n); // rows
    let norm = a.iter().map(|v| v * v).sum::<f64>();
    for _ in 0..SWEEPS {
        let mut outside = 0.0;
        for p in 0..n {
            for q in p + 1..n {
                outside += a[[p, q]] * a[[p, q]];
                rotate(&mut a, &mut vectors, p, q);
            }
        }
        if outside <= norm * f64::EPSILON * f64::EPSILON {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[[j, j]].total_cmp(&a[[i, i]]).then(i.cmp(&j)));
    let values = order.iter().map(|&i| a[[i, i]]).collect();
    let mut sorted = Array2::zeros((n, n));
    for (mut row, &i) in sorted.rows_mut().into_iter().zip(&order) {
        let largest = vectors
            .row(i)
            .iter()
            .fold(0.0_f64, |m, v| if v.abs() > m.abs() { *v } else { m });
        row.assign(&(&vectors.row(i) * 1.0_f64.copysign(largest)));
    }
    (values, sorted)
}

/// Rotates rows and columns `p` and `q` so that their common entry becomes 0.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let t = 1.0_f64.copysign(theta) / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / t.hypot(1.0);
    let sine = t * cosine;
    let n = a.nrows();
    for k in 0..n {
        let (x, y) = (a[[k, p]], a[[k, q]]);
        a[[k, p]] = cosine * x - sine * y;
        a[[k, q]] = sine * x + cosine * y;
    }
    for matrix in [a, vectors] {
        for k in 0..n {
            let (x, y) = (matrix[[p, k]], matrix[[q, k]]);
            matrix[[p, k]] = cosine * x - sine * y;
            matrix[[q, k]] = sine * x + cosine * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_matrix_of_known_eigenvectors_gives_them_back() {
        let (values, vectors) = symmetric_eigen(array![[2.0, 1.0], [1.0, 2.0]]);
        let root = 0.5_f64.sqrt();
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
        assert!((vectors[[0, 0]] - root).abs() < 1e-14 && (vectors[[0, 1]] - root).abs() < 1e-14);
        let (values, vectors) = symmetric_eigen(array![[1.0, 0.0], [0.0, 5.0]]);
        assert_eq!((values[0], values[1]), (5.0, 1.0));
        assert_eq!(vectors, array![[0.0, 1.0], [1.0, 0.0]]);
        assert!(symmetric_eigen(Array2::zeros((0, 0))).0.is_empty());
    }

    #[test]
    fn vectors_are_orthogonal_and_give_the_matrix_back() {
        let mut state = 5_u64;
        let half = Array2::from_shape_simple_fn((40, 40), || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f64 / f64::from(1 << 24) - 0.5
        });
        let a = &half + &half.t();
        let (values, v) = symmetric_eigen(a.clone());
        assert!(values.is_sorted_by(|a, b| a >= b));
        let again = v
            .t()
            .dot(&(&v * &Array2::from_shape_fn((40, 1), |(i, _)| values[i])));
        let worst = |d: Array2<f64>| d.iter().fold(0.0_f64, |w, d| w.max(d.abs()));
        assert!(worst(&again - &a) < 1e-12);
        assert!(worst(v.dot(&v.t()) - Array2::<f64>::eye(40)) < 1e-13);
    }
}
