//! Copying parts of the two factors into panels that a micro-kernel reads from
//! one end to the other. A factor is anything that can be packed: a matrix
//! here, the windows of an image in `conv`, which is never unrolled as a whole.

use super::Matrix;
use super::kernel::{PanelOrder, ROW_STRIDE};
use super::transpose::transpose;
use std::ops::Range;

/// The left factor: rows by depth.
pub(crate) trait PackRows: Sync {
    /// The order of its panels.
    fn order(&self) -> PanelOrder;

    /// Packs at most `KERNEL_ROWS` rows over part of the depth: element
    /// (row, step) goes to `row * ROW_STRIDE + step` or
    /// `step * KERNEL_ROWS + row`, both counted from the range's start.
    fn pack<const KERNEL_ROWS: usize>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        panel: &mut [f32],
    );

    /// Calls what will be packed next into the cache, where that is known to
    /// help: short runs of a few rows are more than a processor foresees.
    fn call(&self, rows: Range<usize>, depth: Range<usize>) {
        let _ = (rows, depth);
    }
}

/// The right factor: depth by columns.
pub(crate) trait PackCols: Sync {
    /// Packs at most `kernel_cols` columns over part of the depth: element
    /// (step, col) goes to `step * kernel_cols + col`, both counted from the
    /// range's start. The columns that are missing are zeros.
    fn pack(&self, depth: Range<usize>, cols: Range<usize>, kernel_cols: usize, panel: &mut [f32]);

    /// The same floats where they lie, if those of a step do so side by side:
    /// the part from the first on, and the distance between steps.
    fn in_place(&self, depth: Range<usize>, cols: Range<usize>) -> Option<(&[f32], usize)> {
        let _ = (depth, cols);
        None
    }
}

impl PackRows for Matrix<'_> {
    fn order(&self) -> PanelOrder {
        if self.col_stride == 1 || self.row_stride != 1 {
            PanelOrder::RowMajor
        } else {
            PanelOrder::DepthMajor
        }
    }

    fn call(&self, rows: Range<usize>, depth: Range<usize>) {
        if self.col_stride == 1 {
            for row in rows {
                let run = &self.data[row * self.row_stride..][depth.clone()];
                run.iter().step_by(LINE).for_each(call_line);
            }
        }
    }

    fn pack<const KERNEL_ROWS: usize>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        panel: &mut [f32],
    ) {
        match self.order() {
            PanelOrder::RowMajor if self.col_stride == 1 => {
                for (line, row) in panel.chunks_mut(ROW_STRIDE).zip(rows) {
                    let start = row * self.row_stride;
                    line[..depth.len()]
                        .copy_from_slice(&self.data[start + depth.start..start + depth.end]);
                }
            }
            PanelOrder::RowMajor => {
                for (line, row) in panel.chunks_mut(ROW_STRIDE).zip(rows) {
                    for (to, step) in line.iter_mut().zip(depth.clone()) {
                        *to = self.data[row * self.row_stride + step * self.col_stride];
                    }
                }
            }
            PanelOrder::DepthMajor => {
                for (line, step) in panel.as_chunks_mut::<KERNEL_ROWS>().0.iter_mut().zip(depth) {
                    let from = &self.data[step * self.col_stride + rows.start..][..rows.len()];
                    copy_run(line, from);
                }
            }
        }
    }
}

/// Floats of a cache line.
const LINE: usize = 16;

/// Calls a line into the second-level cache.
#[inline(always)]
fn call_line(place: &f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has this instruction, which changes no memory.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

impl PackCols for Matrix<'_> {
    fn in_place(&self, depth: Range<usize>, cols: Range<usize>) -> Option<(&[f32], usize)> {
        let first = depth.start * self.row_stride + cols.start;
        let last = (depth.end - 1) * self.row_stride + cols.end;
        (self.col_stride == 1).then(|| (&self.data[first..last], self.row_stride))
    }

    fn pack(&self, depth: Range<usize>, cols: Range<usize>, kernel_cols: usize, panel: &mut [f32]) {
        if self.col_stride == 1 {
            match kernel_cols {
                32 => self.pack_lines::<32>(depth, cols, panel),
                16 => self.pack_lines::<16>(depth, cols, panel),
                _ => self.pack_lines::<8>(depth, cols, panel),
            }
            return;
        }
        let steps = depth.len();
        if cols.len() < kernel_cols {
            panel[..steps * kernel_cols].fill(0.0);
        }
        if self.row_stride == 1 {
            let from = &self.data[cols.start * self.col_stride + depth.start..];
            transpose(from, self.col_stride, panel, kernel_cols, cols.len(), steps);
        } else {
            for (line, step) in panel.chunks_mut(kernel_cols).zip(depth) {
                for (to, col) in line.iter_mut().zip(cols.clone()) {
                    *to = self.data[step * self.row_stride + col * self.col_stride];
                }
            }
        }
    }
}

impl Matrix<'_> {
    fn pack_lines<const COLS: usize>(
        &self,
        depth: Range<usize>,
        cols: Range<usize>,
        panel: &mut [f32],
    ) {
        let lines = panel.as_chunks_mut::<COLS>().0.iter_mut();
        for (line, step) in lines.zip(depth) {
            let from = &self.data[step * self.row_stride + cols.start..][..cols.len()];
            copy_run(line, from);
            line[from.len()..].fill(0.0);
        }
    }
}

/// Copies a short run to the start of an array. A run as long as the array is
/// a few vector moves, and no call.
#[inline(always)]
pub(crate) fn copy_run<const LEN: usize>(to: &mut [f32; LEN], from: &[f32]) {
    if let Some(from) = from.first_chunk::<LEN>() {
        *to = *from;
    } else {
        copy_short(&mut to[..from.len()], from);
    }
}

/// Copies a run that is often too short to be worth a call.
///
/// # Panics
///
/// When the lengths differ.
#[inline(always)]
pub(crate) fn copy_short(to: &mut [f32], from: &[f32]) {
    assert_eq!(to.len(), from.len());
    if from.len() > 64 {
        to.copy_from_slice(from);
        return;
    }
    let (to, to_rest) = to.as_chunks_mut::<4>();
    let (from, from_rest) = from.as_chunks::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}
