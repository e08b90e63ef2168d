//! The micro-kernel for AVX2 with fused multiply-add: 6 rows by 16 columns,
//! 12 of the 16 vector registers being sums.

// Registers are indexed by constants, the same ones in several arrays.
#![allow(clippy::needless_range_loop)]

use super::kernel::{MicroKernel, PanelOrder, ROW_STRIDE, Tile, write_tile};
use super::narrow::{self, Lanes, Vectorised};
use super::pack::PackRows;
use std::arch::x86_64::*;
use std::ops::Range;

/// 6 x 16 in 256-bit registers.
pub(crate) struct Avx2;

const ROWS: usize = 6;
const COLS: usize = 16;

impl MicroKernel for Avx2 {
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
        unsafe { multiply_narrow(tile) }
    }

    unsafe fn run_vectorised<W: Vectorised>(work: W) {
        // SAFETY: the caller's promise is passed on.
        unsafe { run_vectorised(work) }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn run_vectorised<W: Vectorised>(work: W) {
    // SAFETY: the caller's promise is passed on.
    unsafe { work.run::<__m256>() }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_narrow(tile: &Tile) {
    // SAFETY: the caller's promise is passed on.
    unsafe { narrow::multiply::<__m256, 2>(tile) }
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

#[target_feature(enable = "avx2,fma")]
unsafe fn body<const M: usize, const ROW_STEP: usize, const DEPTH_STEP: usize>(tile: &Tile) {
    let mut sums = [[_mm256_setzero_ps(); 2]; M];
    let (mut a, mut b) = (tile.a, tile.b);
    let mut scratch = [0.0_f32; ROWS * COLS];
    // SAFETY: both panels hold `depth` steps and `out` may be written, as the
    // caller promises.
    unsafe {
        for _ in 0..tile.depth {
            let columns = [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8))];
            for row in 0..M {
                let value = _mm256_broadcast_ss(&*a.add(row * ROW_STEP));
                for v in 0..2 {
                    sums[row][v] = _mm256_fmadd_ps(value, columns[v], sums[row][v]);
                }
            }
            a = a.wrapping_add(DEPTH_STEP);
            b = b.wrapping_add(COLS);
        }
        for row in 0..M {
            for v in 0..2 {
                _mm256_storeu_ps(scratch.as_mut_ptr().add(row * COLS + 8 * v), sums[row][v]);
            }
        }
        write_tile(tile, &scratch, COLS);
    }
}

impl Lanes for __m256 {
    const COUNT: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn scale(self, factor: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm256_mul_ps(self, _mm256_set1_ps(factor)) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: the caller has checked the instruction set.
        unsafe {
            let four = _mm_add_ps(
                _mm256_castps256_ps128(self),
                _mm256_extractf128_ps::<1>(self),
            );
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
}
