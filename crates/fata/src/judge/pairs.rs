//! Inner products of all pairs of rows, strip by strip, so that memory holds a
//! strip a thread and never the whole table.

use super::algebra::{product_transposed, widen};
use super::rows::Rows;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// Rows of a strip.
const STRIP: usize = 128;

/// One side of the pairs, in `f64`.
pub(super) struct Side {
    /// [count, width]
    pub(super) rows: Array2<f64>,
    /// The squared length of each row.
    pub(super) squares: Array1<f64>,
}

impl Side {
    pub(super) fn new(rows: Rows) -> Self {
        let rows = widen(rows.values, rows.width);
        let squares = rows.map_axis(Axis(1), |row| row.dot(&row));
        Self { rows, squares }
    }

    pub(super) fn count(&self) -> usize {
        self.rows.nrows()
    }
}

/// Calls `visit` with the number of a strip's first row and the inner products
/// [rows of the strip, rows of b], then `merge` with each outcome in order.
pub(super) fn products<T: Send>(
    a: &Side,
    b: &Side,
    visit: impl Fn(usize, ArrayView2<f64>) -> T + Sync,
    merge: impl FnMut(T),
) {
    tables(a, b, |first, table| visit(first, table.view()), merge);
}

fn tables<T: Send>(
    a: &Side,
    b: &Side,
    visit: impl Fn(usize, ArrayViewMut2<f64>) -> T + Sync,
    mut merge: impl FnMut(T),
) {
    let strips: Vec<_> = a.rows.axis_chunks_iter(Axis(0), STRIP).enumerate().collect();
    // What the strips leave behind is as wide as b: only so many wait at once.
    for group in strips.chunks(2 * rayon::current_num_threads()) {
        let outcomes: Vec<T> = group
            .par_iter()
            .map(|&(index, strip)| {
                let mut table = product_transposed(strip, b.rows.view());
                visit(index * STRIP, table.view_mut())
            })
            .collect();
        outcomes.into_iter().for_each(&mut merge);
    }
}

/// As [`products`], with squared Euclidean distances.
pub(super) fn squared_distances<T: Send>(
    a: &Side,
    b: &Side,
    visit: impl Fn(usize, ArrayView2<f64>) -> T + Sync,
    merge: impl FnMut(T),
) {
    let distances = |first: usize, mut table: ArrayViewMut2<f64>| {
        for (mut row, own) in table.rows_mut().into_iter().zip(a.squares.iter().skip(first)) {
            row.iter_mut()
                .zip(&b.squares)
                .for_each(|(value, square)| *value = (own + square - 2.0 * *value).max(0.0));
        }
        visit(first, table.view())
    };
    tables(a, b, distances, merge);
}
