//! Matrices with a few entries in each row, applied to rows of floats.

use crate::pointwise::versions::multiversion;

/// One entry of a row: a column and the factor there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) column: usize,
    pub(crate) factor: f32,
}

/// A matrix whose rows all have the same number of entries.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    entries: Vec<Entry>,
    per_row: usize,
}

impl Bands {
    /// The matrix of these rows.
    pub(crate) fn new<const N: usize>(rows: impl Iterator<Item = [Entry; N]>) -> Self {
        Bands {
            entries: rows.flatten().collect(),
            per_row: N,
        }
    }

    /// Its rows from `first` up to `end`.
    pub(crate) fn rows(&self, [first, end]: [usize; 2]) -> Rows<'_> {
        Rows {
            entries: &self.entries[first * self.per_row..end * self.per_row],
            per_row: self.per_row,
        }
    }

    /// All its rows.
    pub(crate) fn all(&self) -> Rows<'_> {
        Rows {
            entries: &self.entries,
            per_row: self.per_row,
        }
    }

    /// All its entries, row by row, for a matrix of this many columns.
    pub(crate) fn dense(&self, columns: usize) -> Vec<f32> {
        let mut matrix = vec![0.0; self.entries.len() / self.per_row * columns];
        let rows = matrix
            .chunks_mut(columns)
            .zip(self.entries.chunks(self.per_row));
        for (row, entries) in rows {
            for entry in entries {
                row[entry.column] += entry.factor;
            }
        }
        matrix
    }
}

/// Some rows of such a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    entries: &'a [Entry],
    per_row: usize,
}

multiversion! {
    /// `y = matrix x`, where `x` and `y` have rows of `length` floats.
    pub(crate) fn multiply(rows: Rows<'_>, x: &[f32], y: &mut [f32], length: usize) {
        let each = rows.entries.chunks_exact(rows.per_row);
        for (y, entries) in y.chunks_exact_mut(length).zip(each) {
            y.fill(0.0);
            // Three at a time, for the sums to be read and written less often.
            for three in entries.chunks_exact(3) {
                let [a, b, c] = [0, 1, 2].map(|i| &x[three[i].column * length..][..length]);
                let [p, q, r] = [0, 1, 2].map(|i| three[i].factor);
                for (((y, a), b), c) in y.iter_mut().zip(a).zip(b).zip(c) {
                    *y += p * a + q * b + r * c;
                }
            }
        }
    }

    /// `dx += transposed matrix dy`.
    pub(crate) fn multiply_transposed(
        rows: Rows<'_>,
        dy: &[f32],
        dx: &mut [f32],
        length: usize,
    ) {
        let each = rows.entries.chunks_exact(rows.per_row);
        for (dy, entries) in dy.chunks_exact(length).zip(each) {
            for entry in entries {
                let dx = &mut dx[entry.column * length..][..length];
                for (dx, dy) in dx.iter_mut().zip(dy) {
                    *dx += entry.factor * dy;
                }
            }
        }
    }
}
