//! Inner products and distances of all pairs of rows, strip by strip, so that
//! memory holds some strips and never the whole table.
//!
//! Products of wide rows are made in `f32`, which is where nearly all the time
//! goes, and added up in `f64`; rows of few numbers, whose differences may be
//! tiny beside them, are multiplied in `f64`.

use super::algebra::multiply_into;
use super::rows::Rows;
use fata_kernels::gemm::{Epilogue, Matrix, sgemm};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

/// Rows of a strip.
const STRIP: usize = 16;
/// Strips whose products are made at once.
const GROUP: usize = 16;
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

    /// Writes the products of the rows from `first` with all of `other`, as
    /// many as the table has.
    fn products(&self, first: usize, other: &Self, scratch: &mut [f32], table: ArrayViewMut2<f64>) {
        let rows = table.nrows();
        match (&self.numbers, &other.numbers) {
            (Numbers::Narrow(a), Numbers::Narrow(b)) => {
                let (_, rest) = a.view().split_at(Axis(0), first);
                let (strip, _) = rest.split_at(Axis(0), rows);
                multiply_into(1.0, strip, b.t(), 0.0, table);
            }
            (Numbers::Wide(a), Numbers::Wide(b)) => {
                let width = self.width;
                let a = Matrix::new(&a[first * width..][..rows * width], rows, width);
                let b = Matrix::new(b, other.count(), width).transposed();
                let scratch = &mut scratch[..table.len()];
                sgemm(a, b, scratch, Epilogue::NONE);
                let lines = table.into_iter().zip(scratch.iter());
                lines.for_each(|(wide, value)| *wide = f64::from(*value));
            }
            _ => unreachable!("both sides are of one width"),
        }
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
    let most = a.count().min(GROUP * STRIP);
    let mut scratch = vec![0.0; most * b.count()];
    let mut tables = Array2::zeros((most, b.count()));
    for first in (0..a.count()).step_by(GROUP * STRIP) {
        let rows = (a.count() - first).min(GROUP * STRIP);
        let (mut table, _) = tables.view_mut().split_at(Axis(0), rows);
        a.products(first, b, &mut scratch, table.view_mut());
        let strips: Vec<_> = table
            .axis_chunks_iter_mut(Axis(0), STRIP)
            .enumerate()
            .collect();
        let outcomes: Vec<T> = strips
            .into_par_iter()
            .map(|(index, strip)| visit(first + index * STRIP, strip))
            .collect();
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
