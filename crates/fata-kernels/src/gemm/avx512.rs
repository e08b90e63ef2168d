//! The micro-kernel for AVX-512: 14 rows by 32 columns, 28 of the 32 vector
//! registers being sums. A tile with fewer rows or at most 16 columns runs a
//! smaller body of its own, so that edges cost what they compute.

// Registers are indexed by constants, the same ones in several arrays.
#![allow(clippy::needless_range_loop)]

use super::kernel::{MicroKernel, PanelOrder, ROW_STRIDE, Tile};
use super::narrow::{self, Lanes, Vectorised};
use super::pack::PackRows;
use std::arch::x86_64::*;
use std::ops::Range;

/// 14 x 32 in 512-bit registers.
pub(crate) struct Avx512;

const ROWS: usize = 14;
const COLS: usize = 32;

impl MicroKernel for Avx512 {
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

    const PACKS_ALONG: bool = true;

    unsafe fn multiply_along(tile: &Tile, source: *const f32, stride: usize) {
        let along = Along { source, stride };
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match tile.order {
                PanelOrder::RowMajor => body::<ROWS, 2, ROW_STRIDE, 1, true>(tile, along),
                PanelOrder::DepthMajor => body::<ROWS, 2, 1, ROWS, true>(tile, along),
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

#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn run_vectorised<W: Vectorised>(work: W) {
    // SAFETY: the caller's promise is passed on.
    unsafe { work.run::<__m512>() }
}

#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn multiply_narrow(tile: &Tile) {
    // SAFETY: the caller's promise is passed on.
    unsafe { narrow::multiply::<__m512, 7>(tile) }
}

unsafe fn by_rows<const ROW_STEP: usize, const DEPTH_STEP: usize>(tile: &Tile) {
    macro_rules! bodies {
        ($($rows:literal)*) => {
            // SAFETY: the caller's promise is passed on.
            unsafe {
                match (tile.rows, tile.cols > 16) {
                    $(
                        ($rows, true) => {
                            body::<$rows, 2, ROW_STEP, DEPTH_STEP, false>(tile, Along::NOT)
                        }
                        ($rows, false) => {
                            body::<$rows, 1, ROW_STEP, DEPTH_STEP, false>(tile, Along::NOT)
                        }
                    )*
                    _ => unreachable!("a tile has one to fourteen rows"),
                }
            }
        };
    }
    bodies!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

/// Columns that are packed while they are multiplied.
#[derive(Clone, Copy)]
struct Along {
    source: *const f32,
    stride: usize,
}

impl Along {
    const NOT: Along = Along {
        source: std::ptr::null(),
        stride: 0,
    };

    /// How many steps ahead the columns are called into the cache: as long as
    /// the memory takes.
    const AHEAD: usize = 24;
}

#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn body<
    const M: usize,
    const V: usize,
    const ROW_STEP: usize,
    const DEPTH_STEP: usize,
    const ALONG: bool,
>(
    tile: &Tile,
    mut along: Along,
) {
    let mut sums = [[_mm512_setzero_ps(); V]; M];
    let (mut a, mut b) = (tile.a, tile.b);
    // SAFETY: both panels hold `depth` steps and `out` may be written, as the
    // caller promises; masked loads and stores touch only the tile's columns.
    unsafe {
        for row in 0..M {
            _mm_prefetch::<_MM_HINT_T0>(tile.out[row].cast());
            _mm_prefetch::<_MM_HINT_T0>(tile.out[row].wrapping_add(tile.cols - 1).cast());
        }
        for _ in 0..tile.depth {
            let mut columns = [_mm512_setzero_ps(); V];
            for v in 0..V {
                if ALONG {
                    columns[v] = _mm512_loadu_ps(along.source.add(16 * v));
                    _mm512_storeu_ps(b.cast_mut().add(16 * v), columns[v]);
                    let ahead = along
                        .source
                        .wrapping_add(Along::AHEAD * along.stride + 16 * v);
                    _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                } else {
                    columns[v] = _mm512_loadu_ps(b.add(16 * v));
                }
            }
            if ALONG {
                along.source = along.source.wrapping_add(along.stride);
            }
            for row in 0..M {
                let value = _mm512_set1_ps(*a.add(row * ROW_STEP));
                for v in 0..V {
                    sums[row][v] = _mm512_fmadd_ps(value, columns[v], sums[row][v]);
                }
            }
            a = a.wrapping_add(DEPTH_STEP);
            b = b.wrapping_add(COLS);
        }
        for v in 0..V {
            let left = (tile.cols - 16 * v).min(16);
            let mask = ((1_u32 << left) - 1) as __mmask16;
            let bias = match tile.epilogue.bias {
                Some(bias) => _mm512_maskz_loadu_ps(mask, bias.as_ptr().add(16 * v)),
                None => _mm512_setzero_ps(),
            };
            for row in 0..M {
                let out = tile.out[row].add(16 * v);
                let mut sum = sums[row][v];
                if tile.accumulate {
                    sum = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), sum);
                }
                if tile.epilogue.bias.is_some() {
                    sum = _mm512_add_ps(sum, bias);
                }
                if let Some(slope) = tile.epilogue.leaky_slope {
                    let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(sum, _mm512_setzero_ps());
                    sum = _mm512_mask_mul_ps(sum, negative, sum, _mm512_set1_ps(slope));
                }
                _mm512_mask_storeu_ps(out, mask, sum);
            }
        }
    }
}

impl Lanes for __m512 {
    const COUNT: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above, and the caller promises the floats.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn scale(self, factor: f32) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_mul_ps(self, _mm512_set1_ps(factor)) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: the caller has checked the instruction set.
        unsafe { _mm512_reduce_add_ps(self) }
    }
}
