//! The micro-kernel for the 128-bit vectors of AArch64: 6 rows by 16 columns,
//! 24 of the 32 vector registers being sums.

// Registers are indexed by constants, the same ones in several arrays.
#![allow(clippy::needless_range_loop)]

use super::kernel::{MicroKernel, PanelOrder, ROW_STRIDE, Tile, write_tile};
use super::narrow::{self, Lanes, Vectorised};
use super::pack::PackRows;
use std::arch::aarch64::*;
use std::ops::Range;

/// 6 x 16 in 128-bit registers.
pub(crate) struct Neon;

const ROWS: usize = 6;
const COLS: usize = 16;

impl MicroKernel for Neon {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;

    fn pack_rows<A: PackRows>(a: &A, rows: Range<usize>, depth: Range<usize>, panel: &mut [f32]) {
        a.pack::<ROWS>(rows, depth, panel);
    }

    unsafe fn multiply(tile: &Tile) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match tile.order {
                PanelOrder::RowMajor => by_rows::<ROW_STRIDE, 1>(tile),
                PanelOrder::DepthMajor => by_rows::<1, ROWS>(tile),
            }
        }
    }

    unsafe fn multiply_narrow(tile: &Tile) {
        // SAFETY: the caller's promise is passed on.
        unsafe { narrow::multiply::<float32x4_t, 3>(tile) }
    }

    unsafe fn run_vectorised<W: Vectorised>(work: W) {
        // SAFETY: the caller's promise is passed on.
        unsafe { work.run::<float32x4_t>() }
    }
}

unsafe fn by_rows<const ROW_STEP: usize, const DEPTH_STEP: usize>(tile: &Tile) {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match tile.rows {
            1 => body::<1, ROW_STEP, DEPTH_STEP>(tile),
            2 => body::<2, ROW_STEP, DEPTH_STEP>(tile),
            3 => body::<3, ROW_STEP, DEPTH_STEP>(tile),
            4 => body::<4, ROW_STEP, DEPTH_STEP>(tile),
            5 => body::<5, ROW_STEP, DEPTH_STEP>(tile),
            6 => body::<6, ROW_STEP, DEPTH_STEP>(tile),
            _ => unreachable!("a tile has one to six rows"),
        }
    }
}

unsafe fn body<const M: usize, const ROW_STEP: usize, const DEPTH_STEP: usize>(tile: &Tile) {
    let (mut a, mut b) = (tile.a, tile.b);
    let mut scratch = [0.0_f32; ROWS * COLS];
    // SAFETY: every AArch64 processor has these vectors; both panels hold
    // `depth` steps and `out` may be written, as the caller promises.
    unsafe {
        let mut sums = [[vdupq_n_f32(0.0); 4]; M];
        for _ in 0..tile.depth {
            let columns = [
                vld1q_f32(b),
                vld1q_f32(b.add(4)),
                vld1q_f32(b.add(8)),
                vld1q_f32(b.add(12)),
            ];
            for row in 0..M {
                let value = vdupq_n_f32(*a.add(row * ROW_STEP));
                for v in 0..4 {
                    sums[row][v] = vfmaq_f32(sums[row][v], columns[v], value);
                }
            }
            a = a.wrapping_add(DEPTH_STEP);
            b = b.wrapping_add(COLS);
        }
        for row in 0..M {
            for v in 0..4 {
                vst1q_f32(scratch.as_mut_ptr().add(row * COLS + 4 * v), sums[row][v]);
            }
        }
        write_tile(tile, &scratch, COLS);
    }
}

impl Lanes for float32x4_t {
    const COUNT: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn scale(self, factor: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vmulq_n_f32(self, factor) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vfmaq_f32(self, a, b) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: the caller has checked the instruction set.
        unsafe { vaddvq_f32(self) }
    }
}
