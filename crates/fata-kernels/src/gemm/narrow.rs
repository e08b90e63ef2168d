//! Products with one to four columns, as a GAN's last layers have them: a sum
//! of products along contiguous runs, several rows at a time, rather than a
//! tile of 32 columns that is mostly padding. Written once over arrays of
//! lanes; each instruction set compiles it for itself.

use super::kernel::{DEPTH_BLOCK, ROW_STRIDE, Tile};

/// Multiplies the tile's rows, `GROUP` at a time, by its one to four columns.
///
/// # Safety
///
/// As for [`super::kernel::MicroKernel::multiply_narrow`].
#[inline(always)]
pub(crate) unsafe fn multiply<const GROUP: usize, const LANES: usize, const FUSED: bool>(
    tile: &Tile,
) {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match tile.cols {
            1 => columns::<1, GROUP, LANES, FUSED>(tile),
            2 => columns::<2, GROUP, LANES, FUSED>(tile),
            3 => columns::<3, GROUP, LANES, FUSED>(tile),
            _ => columns::<4, GROUP, LANES, FUSED>(tile),
        }
    }
}

#[inline(always)]
unsafe fn columns<const COLS: usize, const GROUP: usize, const LANES: usize, const FUSED: bool>(
    tile: &Tile,
) {
    let mut row = 0;
    while row + GROUP <= tile.rows {
        // SAFETY: rows up to `row + GROUP` are in the panel.
        unsafe { group::<COLS, GROUP, LANES, FUSED>(tile, row) };
        row += GROUP;
    }
    while row < tile.rows {
        // SAFETY: this row is in the panel.
        unsafe { group::<COLS, 1, LANES, FUSED>(tile, row) };
        row += 1;
    }
}

#[inline(always)]
unsafe fn group<const COLS: usize, const GROUP: usize, const LANES: usize, const FUSED: bool>(
    tile: &Tile,
    first_row: usize,
) {
    let mut sums = [[[0.0_f32; LANES]; COLS]; GROUP];
    let depth = tile.depth.next_multiple_of(16);
    let mut step = 0;
    while step < depth {
        // SAFETY: both panels are padded with zeros to a multiple of 16 steps.
        let b: [[f32; LANES]; COLS] = std::array::from_fn(|col| unsafe {
            tile.b
                .add(col * DEPTH_BLOCK + step)
                .cast::<[f32; LANES]>()
                .read()
        });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and the row is in the panel.
            let a = unsafe {
                tile.a
                    .add((first_row + row) * ROW_STRIDE + step)
                    .cast::<[f32; LANES]>()
                    .read()
            };
            for (sums, b) in sums.iter_mut().zip(&b) {
                for lane in 0..LANES {
                    sums[lane] = if FUSED {
                        a[lane].mul_add(b[lane], sums[lane])
                    } else {
                        a[lane] * b[lane] + sums[lane]
                    };
                }
            }
        }
        step += LANES;
    }
    for (row, sums) in sums.iter_mut().enumerate() {
        for (col, lanes) in sums.iter_mut().enumerate() {
            let mut half = LANES / 2;
            while half > 0 {
                for lane in 0..half {
                    lanes[lane] += lanes[lane + half];
                }
                half /= 2;
            }
            // SAFETY: the caller says that this float is ours to write.
            unsafe {
                let out = tile.out[first_row + row].add(col);
                let sum = if tile.accumulate {
                    *out + lanes[0]
                } else {
                    lanes[0]
                };
                *out = tile.epilogue.apply(sum, col);
            }
        }
    }
}
