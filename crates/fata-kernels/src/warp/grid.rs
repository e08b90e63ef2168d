//! Where in its source each pixel of an image is read.

/// The sizes of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Sizes {
    pub(crate) fn floats(&self) -> usize {
        self.height * self.row()
    }

    pub(crate) fn row(&self) -> usize {
        self.width * self.channels
    }
}

/// One coordinate of the source: `start + by_row * row + by_column * column`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) start: f64,
    pub(crate) by_row: f64,
    pub(crate) by_column: f64,
}

impl Line {
    /// The least and the greatest value over an output of this size.
    fn range(&self, height: usize, width: usize) -> [f64; 2] {
        let [down, right] = [
            self.by_row * height.saturating_sub(1) as f64,
            self.by_column * width.saturating_sub(1) as f64,
        ];
        [
            self.start + down.min(0.0) + right.min(0.0),
            self.start + down.max(0.0) + right.max(0.0),
        ]
    }

    fn transposed(self) -> Self {
        Line {
            by_row: self.by_column,
            by_column: self.by_row,
            ..self
        }
    }
}

/// The row and the column of the source that an output pixel is read at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) row: Line,
    pub(crate) column: Line,
}

impl Grid {
    /// The grid of a matrix `[a, b, c, d, e, f]`: with `x` and `y` measured in pixels from the
    /// middle of the image, the output at `(x, y)` is the input at `(ax + by + c, dx + ey + f)`.
    pub(crate) fn new(matrix: &[f32; 6], sizes: Sizes) -> Self {
        let [a, b, c, d, e, f] = matrix.map(f64::from);
        let [y, x] = [sizes.height, sizes.width].map(|size| (size as f64 - 1.0) / 2.0);
        Grid {
            row: Line {
                start: f + y - d * x - e * y,
                by_row: e,
                by_column: d,
            },
            column: Line {
                start: c + x - a * x - b * y,
                by_row: b,
                by_column: a,
            },
        }
    }

    /// The same map between images whose pixels lie at half the distance, after `border` pixels
    /// more on each side of the output and `margins` more above and to the left of the source.
    pub(crate) fn doubled(&self, border: usize, margins: [usize; 2]) -> Self {
        let double = |line: Line, margin: usize| Line {
            start: 2.0 * (line.start + margin as f64)
                - 2.0 * border as f64 * (line.by_row + line.by_column),
            ..line
        };
        Grid {
            row: double(self.row, margins[0]),
            column: double(self.column, margins[1]),
        }
    }

    /// Rows for columns, in the source and the output.
    pub(crate) fn transposed(&self) -> Self {
        Grid {
            row: self.column.transposed(),
            column: self.row.transposed(),
        }
    }

    /// The grid into a part of the source that begins at this row and column.
    pub(crate) fn within(mut self, [row, column]: [usize; 2]) -> Self {
        self.row.start -= row as f64;
        self.column.start -= column as f64;
        self
    }

    /// The rows and the columns of a source of this size that an output of that size reads, a
    /// pixel more on each side for rounding.
    pub(crate) fn reads(&self, source: [usize; 2], output: [usize; 2]) -> [[usize; 2]; 2] {
        let part = |line: Line, size: usize| {
            let [least, greatest] = line.range(output[0], output[1]);
            // The conversion saturates, and sends what is no number to zero.
            let first = (least.floor() - 1.0).max(0.0) as usize;
            let end = ((greatest.floor() + 3.0).max(0.0) as usize).min(size);
            [first.min(end), end]
        };
        [part(self.row, source[0]), part(self.column, source[1])]
    }

    /// The positions of a row of the output, one after the other.
    #[inline(always)]
    pub(crate) fn along(&self, row: usize) -> impl Fn(usize) -> [f32; 2] {
        let begin = |line: Line| (line.start + line.by_row * row as f64) as f32;
        let (rows, columns) = (begin(self.row), begin(self.column));
        let steps = [self.row.by_column as f32, self.column.by_column as f32];
        move |column| {
            [
                rows + steps[0] * column as f32,
                columns + steps[1] * column as f32,
            ]
        }
    }
}
