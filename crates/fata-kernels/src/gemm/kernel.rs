//! What a micro-kernel is: the routine that multiplies a packed panel of a few
//! rows by a packed panel of a few columns and keeps the whole result in
//! registers. One implementation for each instruction set; the loops around it
//! are in `driver`.

use super::epilogue::Epilogue;
use super::narrow::Vectorised;
use super::pack::PackRows;
use std::ops::Range;

/// How many steps of the sum are packed at a time.
pub(crate) const DEPTH_BLOCK: usize = 256;

/// Distance between the rows of a row-major panel, in floats. One cache line
/// more than the block, so that rows do not compete for the same cache sets.
pub(crate) const ROW_STRIDE: usize = DEPTH_BLOCK + 16;

/// The largest number of rows of any kernel.
pub(crate) const MAX_ROWS: usize = 14;

/// The order of floats in a packed panel of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PanelOrder {
    /// Row by row, `ROW_STRIDE` apart: what images and row-major matrices give.
    RowMajor,
    /// Step by step, the kernel's number of rows apart: what a transposed
    /// matrix gives.
    DepthMajor,
}

/// One call of a micro-kernel.
pub(crate) struct Tile<'a> {
    /// Rows that count, at most the kernel's.
    pub(crate) rows: usize,
    /// Columns that count, at most the kernel's.
    pub(crate) cols: usize,
    /// Steps of the sum.
    pub(crate) depth: usize,
    /// Packed rows.
    pub(crate) a: *const f32,
    pub(crate) order: PanelOrder,
    /// Packed columns: `depth` times the kernel's columns.
    pub(crate) b: *const f32,
    /// Where each row's columns go.
    pub(crate) out: [*mut f32; MAX_ROWS],
    /// Whether sums are added to what is there.
    pub(crate) accumulate: bool,
    /// What is applied after the last step of the sum; its bias has `cols`
    /// floats.
    pub(crate) epilogue: Epilogue<'a>,
}

/// A micro-kernel for one instruction set.
pub(crate) trait MicroKernel: Send + Sync + 'static {
    /// Rows of a full tile.
    const ROWS: usize;
    /// Columns of a full tile.
    const COLS: usize;

    /// Packs `rows` and `depth` of `a` into a panel for this kernel.
    fn pack_rows<A: PackRows>(a: &A, rows: Range<usize>, depth: Range<usize>, panel: &mut [f32]);

    /// Multiplies one tile.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set; `a` and `b` are panels packed
    /// for this kernel over `depth` steps; the first `rows` pointers of `out`
    /// may be written for `cols` floats, and no other thread touches these.
    unsafe fn multiply(tile: &Tile);

    /// Whether `multiply_along` is there.
    const PACKS_ALONG: bool = false;

    /// Multiplies one full tile whose columns are not packed yet, step `s` of
    /// them being at `source + s * stride`, and packs them into `tile.b`.
    ///
    /// # Safety
    ///
    /// As for `multiply`, but that the panel at `tile.b` is written; the
    /// kernel's columns may be read at each step.
    unsafe fn multiply_along(tile: &Tile, source: *const f32, stride: usize) {
        let _ = (tile, source, stride);
        unreachable!("asked for where `PACKS_ALONG` is false");
    }

    /// Multiplies rows by at most four columns, each column being contiguous
    /// along the sum: row-major `a` rows `ROW_STRIDE` apart, `b` columns
    /// `DEPTH_BLOCK` apart, both padded with zeros to a multiple of 16 steps.
    ///
    /// # Safety
    ///
    /// As for `multiply`, with `b` as said here.
    unsafe fn multiply_narrow(tile: &Tile);

    /// Does work that is compiled for this kernel's instruction set.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set.
    unsafe fn run_vectorised<W: Vectorised>(work: W);
}

/// Writes a tile that was summed in scratch memory, `stride` floats a row.
///
/// # Safety
///
/// As for [`MicroKernel::multiply`]; `sums` has `tile.rows` rows of `stride`.
#[inline(always)]
pub(crate) unsafe fn write_tile(tile: &Tile, sums: &[f32], stride: usize) {
    for (row, sums) in sums.chunks(stride).take(tile.rows).enumerate() {
        // SAFETY: the caller says that these floats are ours to write.
        let out = unsafe { std::slice::from_raw_parts_mut(tile.out[row], tile.cols) };
        if tile.accumulate {
            for (col, (out, &sum)) in out.iter_mut().zip(sums).enumerate() {
                *out = tile.epilogue.apply(*out + sum, col);
            }
        } else {
            for (col, (out, &sum)) in out.iter_mut().zip(sums).enumerate() {
                *out = tile.epilogue.apply(sum, col);
            }
        }
    }
}
