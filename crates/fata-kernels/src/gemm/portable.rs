//! The micro-kernel in plain Rust: 4 rows by 8 columns, which a compiler turns
//! into whatever vectors the target always has.

use super::kernel::{MicroKernel, PanelOrder, ROW_STRIDE, Tile, write_tile};
use super::narrow::{self, Vectorised};
use super::pack::PackRows;
use std::ops::Range;

/// 4 x 8 in arrays.
pub(crate) struct Portable;

const ROWS: usize = 4;
const COLS: usize = 8;

impl MicroKernel for Portable {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;

    fn pack_rows<A: PackRows>(a: &A, rows: Range<usize>, depth: Range<usize>, panel: &mut [f32]) {
        a.pack::<ROWS>(rows, depth, panel);
    }

    unsafe fn multiply(tile: &Tile) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match tile.order {
                PanelOrder::RowMajor => body::<ROW_STRIDE, 1>(tile),
                PanelOrder::DepthMajor => body::<1, ROWS>(tile),
            }
        }
    }

    unsafe fn multiply_narrow(tile: &Tile) {
        // SAFETY: the caller's promise is passed on.
        unsafe { narrow::multiply::<[f32; 4], 2>(tile) }
    }

    unsafe fn run_vectorised<W: Vectorised>(work: W) {
        // SAFETY: the caller's promise is passed on.
        unsafe { work.run::<[f32; 4]>() }
    }
}

/// Rows beyond the tile's are multiplied as well (their floats are in the
/// panel, whatever they hold) and not written.
unsafe fn body<const ROW_STEP: usize, const DEPTH_STEP: usize>(tile: &Tile) {
    let mut sums = [[0.0_f32; COLS]; ROWS];
    let (mut a, mut b) = (tile.a, tile.b);
    // SAFETY: both panels hold `depth` steps of full tiles and `out` may be
    // written, as the caller promises.
    unsafe {
        for _ in 0..tile.depth {
            let columns = b.cast::<[f32; COLS]>().read();
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = *a.add(row * ROW_STEP);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum += value * column;
                }
            }
            a = a.wrapping_add(DEPTH_STEP);
            b = b.wrapping_add(COLS);
        }
        write_tile(tile, sums.as_flattened(), COLS);
    }
}
