//! Maps that send pixels to pixels: mirror images, quarter turns and whole-pixel shifts. They are
//! copied as they are, without arithmetic.

use std::ops::Range;

use super::grid::{Grid, Line, Sizes};

/// What lies outside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    Zeros,
    /// The image's mirror image, without its outermost pixel again, and zeros beyond that.
    Mirrored,
}

impl Border {
    /// The place in `0..size` that shows at `index`.
    pub(crate) fn place(self, index: i64, size: usize) -> Option<usize> {
        let last = size as i64 - 1;
        let place = match self {
            Border::Zeros => index,
            Border::Mirrored if index < 0 => -index,
            Border::Mirrored if index > last => 2 * last - index,
            Border::Mirrored => index,
        };
        (0..=last).contains(&place).then_some(place as usize)
    }
}

/// For each row and column of the output, the row or column of the source that it shows.
#[derive(Debug)]
pub(crate) struct Blit {
    /// Whether rows of the output show columns of the source.
    transposed: bool,
    by_row: Vec<Option<usize>>,
    by_column: Vec<Option<usize>>,
}

impl Blit {
    /// The map of a grid, if it sends pixels to pixels.
    pub(crate) fn new(grid: &Grid, sizes: Sizes, border: Border) -> Option<Self> {
        let unit = |step: f64| step.abs() == 1.0;
        let places = |line: Line, step: f64, count: usize, size: usize| {
            // Starts of sane maps are far below 2^53; the conversion saturates.
            let place =
                |index: usize| border.place((line.start + step * index as f64) as i64, size);
            (line.start.fract() == 0.0).then(|| (0..count).map(place).collect::<Vec<_>>())
        };
        let Grid { row, column } = *grid;
        let Sizes { height, width, .. } = sizes;
        if unit(row.by_row)
            && unit(column.by_column)
            && row.by_column == 0.0
            && column.by_row == 0.0
        {
            Some(Blit {
                transposed: false,
                by_row: places(row, row.by_row, height, height)?,
                by_column: places(column, column.by_column, width, width)?,
            })
        } else if unit(row.by_column)
            && unit(column.by_row)
            && row.by_row == 0.0
            && column.by_column == 0.0
        {
            Some(Blit {
                transposed: true,
                by_row: places(column, column.by_row, height, width)?,
                by_column: places(row, row.by_column, width, height)?,
            })
        } else {
            None
        }
    }

    /// For a shift: the columns of the output that show anything, and the first one that they show.
    fn shift(&self) -> Option<(Range<usize>, usize)> {
        let shown = |place: &Option<usize>| place.is_some();
        let first = self.by_column.iter().position(shown).unwrap_or(0);
        let source = self.by_column.get(first).copied().flatten().unwrap_or(0);
        let seen = self.by_column[first..]
            .iter()
            .enumerate()
            .take_while(|&(index, place)| *place == Some(source + index));
        let end = first + seen.count();
        let is_shift = !self.transposed && !self.by_column[end..].iter().any(shown);
        is_shift.then_some((first..end, source))
    }

    pub(crate) fn forward(&self, x: &[f32], y: &mut [f32], sizes: Sizes) {
        if let Some((to, from)) = self.shift() {
            let [first, end, from] = [to.start, to.end, from].map(|at| at * sizes.channels);
            for (y, place) in y.chunks_exact_mut(sizes.row()).zip(&self.by_row) {
                let Some(row) = place else {
                    y.fill(0.0);
                    continue;
                };
                let x = &x[row * sizes.row() + from..][..end - first];
                y[..first].fill(0.0);
                y[first..end].copy_from_slice(x);
                y[end..].fill(0.0);
            }
            return;
        }
        for (row, y) in y.chunks_exact_mut(sizes.row()).enumerate() {
            for (column, y) in y.chunks_exact_mut(sizes.channels).enumerate() {
                match self.source(row, column, sizes) {
                    Some(at) => y.copy_from_slice(&x[at..at + sizes.channels]),
                    None => y.fill(0.0),
                }
            }
        }
    }

    /// Adds to `dx`.
    pub(crate) fn backward(&self, dy: &[f32], dx: &mut [f32], sizes: Sizes) {
        if let Some((to, from)) = self.shift() {
            let [first, end, from] = [to.start, to.end, from].map(|at| at * sizes.channels);
            for (dy, place) in dy.chunks_exact(sizes.row()).zip(&self.by_row) {
                if let Some(row) = place {
                    let dx = &mut dx[row * sizes.row() + from..][..end - first];
                    for (dx, dy) in dx.iter_mut().zip(&dy[first..end]) {
                        *dx += dy;
                    }
                }
            }
            return;
        }
        for (row, dy) in dy.chunks_exact(sizes.row()).enumerate() {
            for (column, dy) in dy.chunks_exact(sizes.channels).enumerate() {
                if let Some(at) = self.source(row, column, sizes) {
                    for (dx, dy) in dx[at..].iter_mut().zip(dy) {
                        *dx += dy;
                    }
                }
            }
        }
    }

    /// Where in the source the pixel that shows at this place begins.
    #[inline(always)]
    pub(crate) fn source(&self, row: usize, column: usize, sizes: Sizes) -> Option<usize> {
        let (outer, inner) = (self.by_row[row]?, self.by_column[column]?);
        let (row, column) = match self.transposed {
            false => (outer, inner),
            true => (inner, outer),
        };
        Some(row * sizes.row() + column * sizes.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes {
        height: 2,
        width: 3,
        channels: 1,
    };

    fn shown(matrix: [f32; 6], border: Border) -> Option<Vec<f32>> {
        let blit = Blit::new(&Grid::new(&matrix, SIZES), SIZES, border)?;
        let mut y = vec![9.0; 6];
        blit.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut y, SIZES);
        Some(y)
    }

    #[test]
    fn pixels_are_copied_from_where_the_map_points() {
        let zeros = |matrix| shown(matrix, Border::Zeros).expect("whole pixels");
        let same = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(zeros(same), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mirror = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(zeros(mirror), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        let left = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        assert_eq!(zeros(left), [2.0, 3.0, 0.0, 5.0, 6.0, 0.0]);
        let mirrored = shown(left, Border::Mirrored).expect("whole pixels");
        assert_eq!(mirrored, [2.0, 3.0, 2.0, 5.0, 6.0, 5.0]);
        let far = shown([1.0, 0.0, -5.0, 0.0, 1.0, 0.0], Border::Mirrored);
        assert_eq!(far.expect("whole pixels"), [0.0; 6]);
    }

    #[test]
    fn a_shift_and_its_transpose_go_row_by_row() {
        let matrix = [1.0, 0.0, -1.0, 0.0, 1.0, 1.0];
        let blit = Blit::new(&Grid::new(&matrix, SIZES), SIZES, Border::Zeros).expect("a shift");
        assert_eq!(blit.shift(), Some((1..3, 0)));
        assert_eq!(
            shown(matrix, Border::Zeros).expect("a shift"),
            [0.0, 4.0, 5.0, 0.0, 0.0, 0.0]
        );
        let mut dx = vec![10.0; 6];
        blit.backward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut dx, SIZES);
        assert_eq!(dx, [10.0, 10.0, 10.0, 12.0, 13.0, 10.0]);
        let mirror = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let blit = Blit::new(&Grid::new(&mirror, SIZES), SIZES, Border::Zeros);
        assert_eq!(blit.expect("a mirror image").shift(), None);
    }

    #[test]
    fn what_falls_between_pixels_is_no_copy() {
        // A quarter turn of three by two pixels has its centres between theirs.
        assert_eq!(shown([0.0, 1.0, 0.0, -1.0, 0.0, 0.0], Border::Zeros), None);
        assert_eq!(shown([1.0, 0.0, 0.5, 0.0, 1.0, 0.0], Border::Zeros), None);
        assert_eq!(shown([2.0, 0.0, 0.0, 0.0, 1.0, 0.0], Border::Zeros), None);
        let turned = shown([0.0, 1.0, 0.5, -1.0, 0.0, 0.5], Border::Zeros);
        assert_eq!(
            turned.expect("whole pixels"),
            [0.0, 5.0, 2.0, 0.0, 6.0, 3.0]
        );
    }
}
