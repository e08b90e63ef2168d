//! Products of matrices, cut into strips of rows that threads share.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a strip: enough to pay for packing the other factor anew.
const STRIP: usize = 192;

/// `c = alpha a b + beta c`.
///
/// # Shapes
/// `a` [rows, depth], `b` [depth, columns], `c` [rows, columns].
pub(crate) fn multiply_into(
    alpha: f64,
    a: ArrayView2<f64>,
    b: ArrayView2<f64>,
    beta: f64,
    mut c: ArrayViewMut2<f64>,
) {
    let strips: Vec<_> = a
        .axis_chunks_iter(Axis(0), STRIP)
        .zip(c.axis_chunks_iter_mut(Axis(0), STRIP))
        .collect();
    strips
        .into_par_iter()
        .for_each(|(a, mut c)| general_mat_mul(alpha, &a, &b, beta, &mut c));
}

/// `a b^T`.
///
/// # Shapes
/// `a` [rows, depth], `b` [columns, depth]; the result [rows, columns].
pub(crate) fn product_transposed(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.nrows()));
    multiply_into(1.0, a, b.t(), 0.0, c.view_mut());
    c
}

/// `c += a^T a`, of which only what lies in or left of the diagonal strips is
/// computed.
///
/// # Shapes
/// `a` [depth, columns], `c` [columns, columns].
pub(super) fn add_lower_square(a: ArrayView2<f64>, c: &mut Array2<f64>) {
    let strips: Vec<_> = c.axis_chunks_iter_mut(Axis(0), STRIP).enumerate().collect();
    strips.into_par_iter().for_each(|(index, mut c)| {
        let (first, last) = (index * STRIP, index * STRIP + c.nrows());
        let left = part(a, 0..a.nrows(), first..last);
        let right = part(a, 0..a.nrows(), 0..last);
        c.slice_axis_inplace(Axis(1), Slice::from(0..last));
        general_mat_mul(1.0, &left.t(), &right, 1.0, &mut c);
    });
}

/// Rows of `f32` as a matrix of `f64`.
///
/// # Panics
/// If `values` is not a whole number of rows.
pub(crate) fn widen(values: &[f32], width: usize) -> Array2<f64> {
    let wide = values.iter().map(|&value| f64::from(value)).collect();
    Array2::from_shape_vec((values.len() / width, width), wide).expect("the values are whole rows")
}

/// The part of a matrix in these rows and columns. (`ndarray`'s own macro for
/// it does not compile where unsafe code is forbidden.)
pub(super) fn part(
    mut a: ArrayView2<f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayView2<f64> {
    a.slice_axis_inplace(Axis(0), Slice::from(rows));
    a.slice_axis_inplace(Axis(1), Slice::from(columns));
    a
}

/// As [`part`], to be written to.
pub(super) fn part_mut(
    a: &mut Array2<f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f64> {
    let mut a = a.view_mut();
    a.slice_axis_inplace(Axis(0), Slice::from(rows));
    a.slice_axis_inplace(Axis(1), Slice::from(columns));
    a
}

/// The part of a vector at these places.
pub(super) fn cut(mut a: ArrayView1<f64>, range: Range<usize>) -> ArrayView1<f64> {
    a.slice_axis_inplace(Axis(0), Slice::from(range));
    a
}
