//! Reduction of a matrix to bidiagonal form by reflections from both sides, in
//! panels: half of the arithmetic is then a product of matrices.
//!
//! # Source
//! Dongarra, Sorensen and Hammarling 1989, "Block reduction of matrices to
//! condensed forms for eigenvalue computations".

use super::product::{cut, multiply_into, part};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Columns and rows that are reduced before the rest is brought up to date.
const PANEL: usize = 32;

/// Rows whose share of a product with a vector is one piece of work.
const STRIP: usize = 64;

/// The diagonal and the one above it.
pub(super) struct Bidiagonal {
    pub(super) diagonal: Vec<f64>,
    pub(super) above: Vec<f64>,
}

/// The upper bidiagonal matrix with the singular values of `a`.
///
/// # Shapes
/// `a` [rows, columns], rows at least columns; the diagonal [columns].
pub(super) fn bidiagonalise(mut a: Array2<f64>) -> Bidiagonal {
    let (m, n) = a.dim();
    assert!(m >= n, "as many rows as columns");
    let mut diagonal = Vec::with_capacity(n);
    let mut above = Vec::with_capacity(n);
    while a.ncols() > 0 {
        let (m, n) = a.dim();
        let width = PANEL.min(n);
        let panel = reduce_panel(&a, width);
        diagonal.extend(panel.diagonal);
        above.extend(panel.above);
        // What is left of the matrix: A - U Y^T - X V^T.
        let below = |of: &Array2<f64>| part(of.view(), width..of.nrows(), 0..width).to_owned();
        let mut rest = part(a.view(), width..m, width..n).to_owned();
        multiply_into(
            -1.0,
            below(&panel.u).view(),
            below(&panel.y).t(),
            1.0,
            rest.view_mut(),
        );
        multiply_into(
            -1.0,
            below(&panel.x).view(),
            below(&panel.v).t(),
            1.0,
            rest.view_mut(),
        );
        a = rest;
    }
    above.truncate(n.saturating_sub(1));
    Bidiagonal { diagonal, above }
}

/// A panel's reflections, accumulated: the reduced matrix is `A - U Y^T - X V^T`.
struct Panel {
    u: Array2<f64>,
    y: Array2<f64>,
    x: Array2<f64>,
    v: Array2<f64>,
    diagonal: Vec<f64>,
    above: Vec<f64>,
}

/// Reduces the first `width` columns and rows.
fn reduce_panel(a: &Array2<f64>, width: usize) -> Panel {
    let (m, n) = a.dim();
    let mut u = Array2::zeros((m, width)); // reflections of columns
    let mut v = Array2::zeros((n, width)); // reflections of rows
    let mut y = Array2::zeros((n, width));
    let mut x = Array2::zeros((m, width));
    let (mut diagonal, mut above) = (Vec::new(), Vec::new());
    for i in 0..width {
        // Column i, brought up to date, and the reflection that clears it.
        let mut column = cut(a.column(i), i..m).to_owned();
        column -= &part(u.view(), i..m, 0..i).dot(&cut(y.row(i), 0..i));
        column -= &part(x.view(), i..m, 0..i).dot(&cut(v.row(i), 0..i));
        let (value, tau) = reflect(&mut column);
        diagonal.push(value);
        put(&mut u, i, &column);
        if i + 1 == n {
            above.push(0.0);
            break;
        }
        // y_i = tau (A - U Y^T - X V^T)^T u_i
        let mut next = transposed_times(part(a.view(), i..m, i + 1..n), column.view());
        let along_u = part(u.view(), i..m, 0..i).t().dot(&column);
        let along_x = part(x.view(), i..m, 0..i).t().dot(&column);
        next -= &part(y.view(), i + 1..n, 0..i).dot(&along_u);
        next -= &part(v.view(), i + 1..n, 0..i).dot(&along_x);
        next *= tau;
        put(&mut y, i, &next);
        // Row i, brought up to date, and the reflection that clears it.
        let mut row = cut(a.row(i), i + 1..n).to_owned();
        row -= &part(y.view(), i + 1..n, 0..i + 1).dot(&cut(u.row(i), 0..i + 1));
        row -= &part(v.view(), i + 1..n, 0..i).dot(&cut(x.row(i), 0..i));
        let (value, tau) = reflect(&mut row);
        above.push(value);
        put(&mut v, i, &row);
        if i + 1 == m {
            break;
        }
        // x_i = tau (A - U Y^T - X V^T) v_i
        let mut next = times(part(a.view(), i + 1..m, i + 1..n), row.view());
        let along_y = part(y.view(), i + 1..n, 0..i + 1).t().dot(&row);
        let along_v = part(v.view(), i + 1..n, 0..i).t().dot(&row);
        next -= &part(u.view(), i + 1..m, 0..i + 1).dot(&along_y);
        next -= &part(x.view(), i + 1..m, 0..i).dot(&along_v);
        next *= tau;
        put(&mut x, i, &next);
    }
    Panel {
        u,
        y,
        x,
        v,
        diagonal,
        above,
    }
}

/// Writes the last places of a column.
fn put(a: &mut Array2<f64>, column: usize, values: &Array1<f64>) {
    let first = a.nrows() - values.len();
    let places = a.column_mut(column).into_iter().skip(first);
    places
        .zip(values)
        .for_each(|(place, value)| *place = *value);
}

/// Replaces `x` by the `w`, `w[0] = 1`, of the reflection `1 - tau w w^T` that
/// takes it to a multiple of the first axis; returns that multiple and `tau`.
fn reflect(x: &mut Array1<f64>) -> (f64, f64) {
    let first = x[0];
    let scale = x.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let rest = x
        .iter()
        .skip(1)
        .map(|v| (v / scale) * (v / scale))
        .sum::<f64>();
    if scale == 0.0 || rest == 0.0 {
        x.fill(0.0);
        x[0] = 1.0;
        return (first, 0.0);
    }
    let norm = scale * ((first / scale) * (first / scale) + rest).sqrt();
    let value = if first > 0.0 { -norm } else { norm };
    let by = first - value;
    x.mapv_inplace(|v| v / by);
    x[0] = 1.0;
    (value, (value - first) / value)
}

/// `a v`, strips of rows in parallel.
fn times(a: ArrayView2<f64>, v: ArrayView1<f64>) -> Array1<f64> {
    let v = v.to_vec();
    let strips: Vec<_> = a.axis_chunks_iter(Axis(0), STRIP).collect();
    let parts: Vec<Vec<f64>> = strips
        .into_par_iter()
        .map(|strip| {
            let rows = strip.rows();
            rows.into_iter()
                .map(|row| dot(row.to_slice().expect("rows are stored whole"), &v))
                .collect()
        })
        .collect();
    parts.concat().into()
}

/// `a^T u`, strips of rows in parallel, added in their order.
fn transposed_times(a: ArrayView2<f64>, u: ArrayView1<f64>) -> Array1<f64> {
    let strips: Vec<_> = a
        .axis_chunks_iter(Axis(0), 4 * STRIP)
        .zip(u.axis_chunks_iter(Axis(0), 4 * STRIP))
        .collect();
    let parts: Vec<Vec<f64>> = strips
        .into_par_iter()
        .map(|(strip, u)| {
            let mut sum = vec![0.0; strip.ncols()];
            for (row, &factor) in strip.rows().into_iter().zip(u) {
                let row = row.to_slice().expect("rows are stored whole");
                sum.iter_mut().zip(row).for_each(|(s, r)| *s += factor * r);
            }
            sum
        })
        .collect();
    let mut sum = Array1::zeros(a.ncols());
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
    }
    sum
}

/// A dot product in eight interleaved sums, which the processor adds at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a8.zip(b8) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + tail
}
