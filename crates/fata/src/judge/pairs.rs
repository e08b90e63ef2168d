//! Inner products and distances of all pairs of rows, strip by strip, so that
//! memory holds some strips and never the whole table.
//!
//! Products of wide rows are made in `f32`, which is where nearly all the time
//! goes, and added up in `f64`; rows of few numbers, whose differences may be
//! tiny beside them, are multiplied in `f64`.

use super::rows::Rows;
use fata_kernels::gemm::{Epilogue, Matrix, sgemm};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// Rows of a strip.
const STRIP: usize = 32;
/// Strips whose products are made at once.
const GROUP: usize = 8;
/// Up to this width, rows are multiplied in `f64`.
const NARROW: usize = 32;

/// One side of the pairs.
pub(super) struct Side {
    numbers: Numbers,
    pub(super) width: usize,
    /// The squared length of each row.
    pub(super) squares: Vec<f64>,
}

enum Numbers {
    Narrow(Array2<f64>),
    Wide(Vec<f32>),
}

impl Side {
    /// The rows as they are.
    pub(super) fn new(rows: Rows) -> Self {
        Self::centred(rows, ArrayView1::from(&vec![0.0; rows.width]))
    }

    /// The rows less a point: distances stay, and lose fewer digits.
    pub(super) fn centred(rows: Rows, point: ArrayView1<f64>) -> Self {
        let point = point.to_vec();
        let moved = |index: usize| {
            let row = rows.row(index).iter().zip(&point);
            row.map(|(&value, point)| f64::from(value) - point)
        };
        let (count, width) = (rows.count(), rows.width);
        if width <= NARROW {
            let values: Vec<f64> = (0..count).flat_map(moved).collect();
            let squares = values
                .chunks_exact(width)
                .map(|row| row.iter().map(|v| v * v).sum());
            let squares = squares.collect();
            let values = Array2::from_shape_vec((count, width), values);
            return Self {
                numbers: Numbers::Narrow(values.expect("the values are whole rows")),
                width,
                squares,
            };
        }
        let values: Vec<f32> = (0..count)
            .flat_map(moved)
            .map(|value| value as f32)
            .collect();
        let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum();
        Self {
            squares: values.chunks_exact(width).map(square).collect(),
            numbers: Numbers::Wide(values),
            width,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.squares.len()
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

/// As [`products`], with squared Euclidean distances.
pub(super) fn squared_distances<T: Send>(
    a: &Side,
    b: &Side,
    visit: impl Fn(usize, ArrayView2<f64>) -> T + Sync,
    merge: impl FnMut(T),
) {
    let distances = |first: usize, mut table: ArrayViewMut2<f64>| {
        for (mut row, own) in table.rows_mut().into_iter().zip(&a.squares[first..]) {
            row.iter_mut()
                .zip(&b.squares)
                .for_each(|(value, square)| *value = (own + square - 2.0 * *value).max(0.0));
        }
        visit(first, table.view())
    };
    tables(a, b, distances, merge);
}

fn tables<T: Send>(
    a: &Side,
    b: &Side,
    visit: impl Fn(usize, ArrayViewMut2<f64>) -> T + Sync,
    mut merge: impl FnMut(T),
) {
    assert_eq!(a.width, b.width, "both sides are of one width");
    let (width, columns) = (a.width, b.count());
    let room = || Array2::<f64>::zeros((STRIP, columns));
    let mut products = Vec::new(); // of wide rows with all of b, for a group of strips
    for first in (0..a.count()).step_by(GROUP * STRIP) {
        let rows = (a.count() - first).min(GROUP * STRIP);
        if let (Numbers::Wide(x), Numbers::Wide(y)) = (&a.numbers, &b.numbers) {
            products.resize(rows * columns, 0.0);
            let x = Matrix::new(&x[first * width..][..rows * width], rows, width);
            let y = Matrix::new(y, columns, width).transposed();
            sgemm(x, y, &mut products, Epilogue::NONE);
        }
        let strips: Vec<usize> = (0..rows).step_by(STRIP).collect();
        let strip = |table: &mut Array2<f64>, start: usize| {
            let rows = (rows - start).min(STRIP);
            let (mut table, _) = table.view_mut().split_at(Axis(0), rows);
            if let (Numbers::Narrow(x), Numbers::Narrow(y)) = (&a.numbers, &b.numbers) {
                let (_, rest) = x.view().split_at(Axis(0), first + start);
                let (x, _) = rest.split_at(Axis(0), rows);
                general_mat_mul(1.0, &x, &y.t(), 0.0, &mut table);
            } else {
                let found = products[start * columns..].chunks_exact(columns);
                for (mut row, found) in table.rows_mut().into_iter().zip(found) {
                    row.iter_mut()
                        .zip(found)
                        .for_each(|(to, from)| *to = f64::from(*from));
                }
            }
            visit(first + start, table)
        };
        let outcomes: Vec<T> = strips.into_par_iter().map_init(room, strip).collect();
        outcomes.into_iter().for_each(&mut merge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Random, Stream};

    #[test]
    fn distances_of_wide_rows_are_those_of_the_definition() {
        let (count, width) = (600, 100);
        let mut values = vec![0.0; count * width];
        Random::new(0).at(Stream::Judge, 0).fill_normal(&mut values);
        let rows = Rows::new(&values, width);
        let mean = crate::judge::algebra::mean(&values, width);
        let side = Side::centred(rows, mean.view());
        let visit = |first: usize, table: ArrayView2<f64>| (first, table.to_owned());
        let (mut seen, mut worst) = (0, 0.0_f64);
        squared_distances(&side, &side, visit, |(first, table)| {
            assert_eq!(first, seen);
            seen += table.nrows();
            for ((i, j), found) in table.indexed_iter() {
                let pairs = rows.row(first + i).iter().zip(rows.row(j));
                let exact: f64 = pairs
                    .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                    .sum();
                worst = worst.max((found - exact).abs());
            }
        });
        assert_eq!(seen, count);
        assert!(worst < 1e-3, "{worst} of about 200");
    }
}
