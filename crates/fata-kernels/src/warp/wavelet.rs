//! Sampling at twice the resolution, so that turned and scaled images stay sharp and free of
//! stairs: the image is continued by its mirror image, upsampled by the low-pass filter of an
//! orthogonal wavelet, sampled bilinearly on a grid twice as fine, and brought down by the same
//! filter (Karras et al. 2020, arXiv 2006.06676, appendix B). Up and down again is the identity.

use super::bands::{Bands, Entry, multiply, multiply_transposed};
use super::blit::Border;
use super::grid::{Grid, Sizes};
use super::sample;
use crate::isa::Isa;

/// The low-pass filter of the symlet with six vanishing moments (Daubechies 1992, table 6.3), its
/// sum 1.
const SYMLET: [f64; TAPS] = [
    0.010_892_350_163_28,
    0.002_468_306_185_92,
    -0.083_431_607_705_84,
    -0.034_161_560_793_24,
    0.347_228_986_478_35,
    0.556_946_391_963_96,
    0.238_952_185_666_05,
    -0.051_362_484_930_9,
    -0.014_891_875_649_22,
    0.031_625_281_329_94,
    0.001_249_961_046_39,
    -0.005_515_933_754_69,
];
const TAPS: usize = 12;

/// Pixels beyond each side of the output that the filter reads on the way down.
const BORDER: usize = TAPS / 4;

/// The filters along both axes of images of one size.
#[derive(Debug)]
pub(crate) struct Wavelet {
    sizes: Sizes,
    rows: Axis,
    columns: Axis,
}

/// The filters along one axis.
#[derive(Debug)]
pub(crate) struct Axis {
    /// From the image to the mirrored and upsampled one.
    pub(crate) up: Bands,
    /// From the sampled one to the image.
    pub(crate) down: Bands,
    /// Pixels of the mirrored and upsampled image.
    pub(crate) fine: usize,
    /// Pixels of the sampled one.
    pub(crate) sampled: usize,
    margin: usize,
}

impl Axis {
    pub(crate) fn new(size: usize) -> Self {
        let margin = size - 1;
        let fine = 2 * (size + 2 * margin);
        let up = (0..fine).map(|at| {
            // Pixel m of the mirrored image takes part through tap at - 2 m + 5.
            let first = (at / 2) as i64 - 3 + (at % 2) as i64;
            std::array::from_fn::<_, { TAPS / 2 }, _>(|k| {
                let m = first + k as i64;
                let tap = at as i64 + 5 - 2 * m;
                let column = match (0..fine as i64 / 2).contains(&m) {
                    true => Border::Mirrored.place(m - margin as i64, size),
                    false => None,
                };
                Entry {
                    column: column.unwrap_or(0),
                    factor: column.map_or(0.0, |_| 2.0 * SYMLET[tap as usize]) as f32,
                }
            })
        });
        let down = (0..size).map(|at| {
            std::array::from_fn::<_, TAPS, _>(|k| Entry {
                column: 2 * at + k + 1,
                factor: SYMLET[k] as f32,
            })
        });
        Axis {
            up: Bands::new(up),
            down: Bands::new(down),
            fine,
            sampled: 2 * (size + 2 * BORDER),
            margin,
        }
    }
}

/// What is between the image and its sampled form, kept from one image to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    narrow: Vec<f32>,
    turned: Vec<f32>,
    fine: Vec<f32>,
    sampled: Vec<f32>,
}

/// The first floats of a list that grows when it has fewer.
fn room(list: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if list.len() < count {
        list.resize(count, 0.0);
    }
    &mut list[..count]
}

fn zeroed(list: &mut Vec<f32>, count: usize) -> &mut [f32] {
    let part = room(list, count);
    part.fill(0.0);
    part
}

/// `y[j][i] = x[i][j]` for pixels of some channels.
fn transpose(x: &[f32], y: &mut [f32], [rows, columns]: [usize; 2], channels: usize) {
    for (column, y) in y.chunks_exact_mut(rows * channels).enumerate() {
        for (row, y) in y.chunks_exact_mut(channels).enumerate() {
            let at = (row * columns + column) * channels;
            y.copy_from_slice(&x[at..at + channels]);
        }
    }
}

/// The part of the fine image that a grid reads. Fine and sampled image are kept transposed, so
/// that the filters along both axes run over long rows.
struct Part {
    rows: [usize; 2],
    columns: [usize; 2],
    grid: Grid,
    fine: Sizes,
    sampled: Sizes,
}

impl Wavelet {
    pub(crate) fn new(sizes: Sizes) -> Self {
        Wavelet {
            sizes,
            rows: Axis::new(sizes.height),
            columns: Axis::new(sizes.width),
        }
    }

    /// The filters along rows and along columns.
    pub(crate) fn axes(&self) -> [&Axis; 2] {
        [&self.rows, &self.columns]
    }

    /// The grid between the fine image and the sampled one.
    pub(crate) fn fine_grid(&self, grid: &Grid) -> Grid {
        grid.doubled(BORDER, [self.rows.margin, self.columns.margin])
    }

    fn part(&self, grid: &Grid) -> Part {
        let grid = self.fine_grid(grid);
        let [rows, columns] = grid.reads(
            [self.rows.fine, self.columns.fine],
            [self.rows.sampled, self.columns.sampled],
        );
        let channels = self.sizes.channels;
        Part {
            rows,
            columns,
            grid: grid.within([rows[0], columns[0]]).transposed(),
            fine: Sizes {
                height: columns[1] - columns[0],
                width: rows[1] - rows[0],
                channels,
            },
            sampled: Sizes {
                height: self.columns.sampled,
                width: self.rows.sampled,
                channels,
            },
        }
    }

    /// One image on a grid.
    pub(crate) fn forward(
        &self,
        isa: Isa,
        x: &[f32],
        y: &mut [f32],
        grid: &Grid,
        scratch: &mut Scratch,
    ) {
        let part = self.part(grid);
        if part.fine.floats() == 0 {
            return y.fill(0.0);
        }
        let Sizes {
            width, channels, ..
        } = self.sizes;
        let (row, fine_row, sampled_row) = (self.sizes.row(), part.fine.row(), part.sampled.row());

        let narrow = room(&mut scratch.narrow, part.fine.width * row);
        multiply(isa, self.rows.up.rows(part.rows), x, narrow, row);
        let turned = room(&mut scratch.turned, narrow.len());
        transpose(narrow, turned, [part.fine.width, width], channels);
        let fine = room(&mut scratch.fine, part.fine.floats());
        multiply(
            isa,
            self.columns.up.rows(part.columns),
            turned,
            fine,
            fine_row,
        );

        let sampled = room(&mut scratch.sampled, part.sampled.floats());
        sample::forward(isa, fine, sampled, part.fine, part.sampled, &part.grid);

        let turned = room(&mut scratch.turned, width * sampled_row);
        multiply(isa, self.columns.down.all(), sampled, turned, sampled_row);
        let narrow = room(&mut scratch.narrow, turned.len());
        transpose(turned, narrow, [width, part.sampled.width], channels);
        multiply(isa, self.rows.down.all(), narrow, y, row);
    }

    /// The transpose of [`Wavelet::forward`]; adds to `dx`.
    pub(crate) fn backward(
        &self,
        isa: Isa,
        dy: &[f32],
        dx: &mut [f32],
        grid: &Grid,
        scratch: &mut Scratch,
    ) {
        let part = self.part(grid);
        if part.fine.floats() == 0 {
            return;
        }
        let Sizes {
            width, channels, ..
        } = self.sizes;
        let (row, fine_row, sampled_row) = (self.sizes.row(), part.fine.row(), part.sampled.row());

        let narrow = zeroed(&mut scratch.narrow, width * sampled_row);
        multiply_transposed(isa, self.rows.down.all(), dy, narrow, row);
        let turned = room(&mut scratch.turned, narrow.len());
        transpose(narrow, turned, [part.sampled.width, width], channels);
        let sampled = zeroed(&mut scratch.sampled, part.sampled.floats());
        multiply_transposed(isa, self.columns.down.all(), turned, sampled, sampled_row);

        let fine = zeroed(&mut scratch.fine, part.fine.floats());
        sample::backward(isa, sampled, fine, part.fine, part.sampled, &part.grid);

        let turned = zeroed(&mut scratch.turned, width * fine_row);
        let columns = self.columns.up.rows(part.columns);
        multiply_transposed(isa, columns, fine, turned, fine_row);
        let narrow = room(&mut scratch.narrow, turned.len());
        transpose(turned, narrow, [width, part.fine.width], channels);
        multiply_transposed(isa, self.rows.up.rows(part.rows), narrow, dx, row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_orthogonal_to_its_even_shifts() {
        assert!((SYMLET.iter().sum::<f64>() - 1.0).abs() < 1e-10);
        for shift in (0..TAPS).step_by(2) {
            let products = SYMLET[shift..].iter().zip(&SYMLET).map(|(a, b)| a * b);
            let expected = if shift == 0 { 0.5 } else { 0.0 };
            assert!((products.sum::<f64>() - expected).abs() < 1e-10, "{shift}");
        }
    }

    #[test]
    fn up_and_down_again_is_the_identity() {
        let sizes = Sizes {
            height: 5,
            width: 7,
            channels: 2,
        };
        let x: Vec<f32> = (0..sizes.floats()).map(|i| (i * 7 % 11) as f32).collect();
        let mut y = vec![0.0; x.len()];
        let grid = Grid::new(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], sizes);
        let wavelet = Wavelet::new(sizes);
        wavelet.forward(Isa::active(), &x, &mut y, &grid, &mut Scratch::default());
        for (x, y) in x.iter().zip(&y) {
            assert!((x - y).abs() < 1e-5, "{x} against {y}");
        }
    }
}
