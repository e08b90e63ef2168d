//! The loops around the micro-kernels. The right factor is cut into panels of
//! columns and blocks of depth, each block staying in the second-level cache
//! while panels of rows are packed, one at a time, into the first. Every
//! output is summed in an order that depends on the problem's shape alone,
//! whatever the number of threads.

use super::epilogue::Epilogue;
use super::flat;
use super::kernel::{DEPTH_BLOCK, MAX_ROWS, MicroKernel, PanelOrder, ROW_STRIDE, Tile};
use super::pack::{PackCols, PackRows};
use super::with_kernel;
use crate::pool::{self, Buffer};
use crate::threads;
use std::ops::Range;

/// Columns whose block of the right factor stays in the second-level cache.
pub(crate) const COL_BLOCK: usize = 512;

/// The widest product that is computed column by column.
const NARROW_COLS: usize = 4;

/// Work below which waking other threads costs more than it gains.
const SINGLE_THREAD_FLOPS: u64 = 200_000;

/// Where the product's rows are written.
pub(crate) trait OutputRows: Sync {
    /// Offset of the row's first float in the output.
    fn offset(&self, row: usize) -> usize;
}

/// Rows at equal distances.
pub(crate) struct EvenRows {
    /// Offset of row 0.
    pub(crate) first: usize,
    /// Distance between rows.
    pub(crate) stride: usize,
}

impl OutputRows for EvenRows {
    fn offset(&self, row: usize) -> usize {
        self.first + row * self.stride
    }
}

/// A product to be computed: `rows` by `cols`, summed over `depth`.
pub(crate) struct Product<'a, A, B, O> {
    pub(crate) a: &'a A,
    pub(crate) b: &'a B,
    pub(crate) output_rows: &'a O,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) depth: usize,
    pub(crate) epilogue: Epilogue<'a>,
}

/// The output that threads write to, each its own floats.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    start: *mut f32,
    len: usize,
}

// SAFETY: tasks write to disjoint rows or columns, see `multiply`.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    pub(crate) fn of(slice: &mut [f32]) -> Self {
        Output {
            start: slice.as_mut_ptr(),
            len: slice.len(),
        }
    }

    /// The place of `len` floats from `offset`, checked to be inside.
    pub(crate) fn at(self, offset: usize, len: usize) -> *mut f32 {
        assert!(
            offset <= self.len && len <= self.len - offset,
            "a product's output is too small"
        );
        // SAFETY: the offset is within the slice.
        unsafe { self.start.add(offset) }
    }
}

/// Runs `work(0)` to `work(count - 1)`, on the threads of the current pool
/// where the work is large enough to share.
pub(crate) fn for_each_task(count: usize, flops: u64, work: impl Fn(usize) + Sync + Send) {
    if flops < SINGLE_THREAD_FLOPS {
        (0..count).for_each(work);
    } else {
        threads::for_each_index(count, work);
    }
}

/// Cuts `len` into pieces of `piece` and gives the one at `index`.
pub(crate) fn piece(len: usize, piece: usize, index: usize) -> Range<usize> {
    index * piece..len.min((index + 1) * piece)
}

/// The right factor, packed: for each block of depth all panels of columns,
/// or its columns one by one where there are few.
pub(super) struct PackedCols {
    panels: Buffer,
    narrow: bool,
}

impl PackedCols {
    pub(super) fn new<K: MicroKernel, B: PackCols>(
        b: &B,
        depth: Range<usize>,
        cols: Range<usize>,
        narrow: bool,
    ) -> Self {
        let blocks = depth.len().div_ceil(DEPTH_BLOCK);
        let panel_count = cols.len().div_ceil(K::COLS);
        let block_len = if narrow {
            NARROW_COLS * DEPTH_BLOCK
        } else {
            panel_count * K::COLS * DEPTH_BLOCK
        };
        let mut panels = pool::take(blocks * block_len);
        let output = Output::of(&mut panels);
        let pack = |index: usize| {
            let (block, panel) = (index / panel_count, index % panel_count);
            let steps = piece(depth.len(), DEPTH_BLOCK, block);
            let steps = depth.start + steps.start..depth.start + steps.end;
            let of_panel = piece(cols.len(), K::COLS, panel);
            let of_panel = cols.start + of_panel.start..cols.start + of_panel.end;
            let len = if narrow {
                block_len
            } else {
                steps.len() * K::COLS
            };
            let start = output.at(
                block * block_len + panel * K::COLS * steps.len() * usize::from(!narrow),
                len,
            );
            // SAFETY: each index has floats of its own, checked by `at`.
            let to = unsafe { std::slice::from_raw_parts_mut(start, len) };
            if narrow {
                pack_narrow(b, steps, of_panel, to);
            } else {
                b.pack(steps, of_panel, K::COLS, to);
            }
        };
        // Packing one float costs about as much as 16 operations of a kernel.
        for_each_task(
            blocks * panel_count,
            16 * (depth.len() * cols.len()) as u64,
            pack,
        );
        PackedCols { panels, narrow }
    }

    /// Start of the panel whose first column is `col`.
    pub(super) fn panel<K: MicroKernel>(
        &self,
        block: usize,
        steps: usize,
        col: usize,
        cols: usize,
    ) -> *const f32 {
        if self.narrow {
            self.panels[block * NARROW_COLS * DEPTH_BLOCK..].as_ptr()
        } else {
            let block_len = cols.next_multiple_of(K::COLS) * DEPTH_BLOCK;
            let start = block * block_len + col * steps;
            self.panels[start..start + steps * K::COLS].as_ptr()
        }
    }
}

fn pack_narrow<B: PackCols>(b: &B, steps: Range<usize>, cols: Range<usize>, to: &mut [f32]) {
    to.fill(0.0);
    let mut panel = [0.0; 8 * DEPTH_BLOCK];
    let count = cols.len();
    b.pack(steps.clone(), cols, 8, &mut panel);
    for (step, line) in panel.chunks(8).take(steps.len()).enumerate() {
        for (col, &value) in line[..count].iter().enumerate() {
            to[col * DEPTH_BLOCK + step] = value;
        }
    }
}

/// Computes a product with the instruction set of this thread; the output's
/// rows are overwritten.
///
/// # Panics
///
/// When a row of the output lies outside `out`. The rows must not overlap.
pub(crate) fn multiply<A: PackRows, B: PackCols, O: OutputRows>(
    product: &Product<A, B, O>,
    out: &mut [f32],
) {
    with_kernel!(multiply_with::<A, B, O>(product, out))
}

fn multiply_with<K: MicroKernel, A: PackRows, B: PackCols, O: OutputRows>(
    product: &Product<A, B, O>,
    out: &mut [f32],
) {
    let Product {
        rows, cols, depth, ..
    } = *product;
    if rows == 0 || cols == 0 {
        return;
    }
    let output = Output::of(out);
    if depth == 0 {
        return write_empty(product, output);
    }
    if flat::is_flat(rows, cols) {
        return flat::multiply::<K, A, B, O>(product, output);
    }
    let narrow = cols <= NARROW_COLS && product.a.order() == PanelOrder::RowMajor;
    let packed = PackedCols::new::<K, B>(product.b, 0..depth, 0..cols, narrow);
    let flops = 2 * (rows * cols * depth) as u64;
    // Four tasks a thread even out threads that are not equally fast, while a
    // task of 16 panels still reads each block of the right factor often.
    let col_tasks = cols.div_ceil(COL_BLOCK);
    let row_tasks = (4 * threads::count()).div_ceil(col_tasks);
    let task_rows = rows
        .div_ceil(row_tasks)
        .next_multiple_of(K::ROWS)
        .min(32 * K::ROWS);
    let row_tasks = rows.div_ceil(task_rows);
    for_each_task(row_tasks * col_tasks, flops, |task| {
        let rows = piece(rows, task_rows, task / col_tasks);
        let task_cols = piece(cols, COL_BLOCK, task % col_tasks);
        let mut panel = pool::take(K::ROWS * ROW_STRIDE);
        for block in 0..depth.div_ceil(DEPTH_BLOCK) {
            let steps = piece(depth, DEPTH_BLOCK, block);
            let strip = Strip {
                rows: rows.clone(),
                cols: task_cols.clone(),
                accumulate: block > 0,
                epilogue: if steps.end == depth {
                    product.epilogue
                } else {
                    Epilogue::NONE
                },
                panels: |col| packed.panel::<K>(block, steps.len(), col, cols),
                depth: steps.clone(),
                narrow,
            };
            strip.run::<K, A, O>(product.a, product.output_rows, output, &mut panel);
        }
    });
}

/// A sum over no steps.
fn write_empty<A, B, O: OutputRows>(product: &Product<A, B, O>, output: Output) {
    for row in 0..product.rows {
        let start = output.at(product.output_rows.offset(row), product.cols);
        for col in 0..product.cols {
            // SAFETY: `at` has checked the row, and no task is running.
            unsafe { *start.add(col) = product.epilogue.apply(0.0, col) };
        }
    }
}

/// One block of depth for some rows and columns, computed by one thread.
pub(crate) struct Strip<'a, P> {
    pub(crate) rows: Range<usize>,
    pub(crate) cols: Range<usize>,
    pub(crate) depth: Range<usize>,
    pub(crate) accumulate: bool,
    pub(crate) epilogue: Epilogue<'a>,
    /// Start of the panel whose first column is given.
    pub(crate) panels: P,
    pub(crate) narrow: bool,
}

impl<P: Fn(usize) -> *const f32> Strip<'_, P> {
    pub(crate) fn run<K: MicroKernel, A: PackRows, O: OutputRows>(
        &self,
        a: &A,
        output_rows: &O,
        output: Output,
        panel: &mut [f32],
    ) {
        let steps = self.depth.len();
        for first_row in self.rows.clone().step_by(K::ROWS) {
            let rows = first_row..self.rows.end.min(first_row + K::ROWS);
            K::pack_rows(a, rows.clone(), self.depth.clone(), panel);
            let next = rows.end..self.rows.end.min(rows.end + K::ROWS);
            a.call(next, self.depth.clone());
            if self.narrow {
                for line in panel.chunks_mut(ROW_STRIDE).take(rows.len()) {
                    line[steps..steps.next_multiple_of(16)].fill(0.0);
                }
            }
            let mut starts = [std::ptr::null_mut(); MAX_ROWS];
            for (start, row) in starts.iter_mut().zip(rows.clone()) {
                *start = output.at(output_rows.offset(row) + self.cols.start, self.cols.len());
            }
            for first_col in self.cols.clone().step_by(K::COLS) {
                let cols = K::COLS.min(self.cols.end - first_col);
                let tile = Tile {
                    rows: rows.len(),
                    cols,
                    depth: steps,
                    a: panel.as_ptr(),
                    order: a.order(),
                    b: (self.panels)(first_col),
                    out: starts.map(|start| start.wrapping_add(first_col - self.cols.start)),
                    accumulate: self.accumulate,
                    epilogue: self.epilogue.columns(first_col, cols),
                };
                // SAFETY: the panels were packed for this kernel, which was
                // chosen because the processor can run it; `at` has checked
                // each row's floats, and tasks have disjoint rows or columns.
                unsafe {
                    if self.narrow {
                        K::multiply_narrow(&tile)
                    } else {
                        K::multiply(&tile)
                    }
                }
            }
        }
    }
}

/// Computes a product with a long sum and few outputs, as a weight gradient
/// is: the depth is cut into parts (as many as the shape says), the parts are
/// computed side by side and added in order. The output is row-major and
/// `out_stride` floats a row.
pub(crate) fn multiply_deep<A: PackRows, B: PackCols>(
    product: &Product<A, B, EvenRows>,
    out: &mut [f32],
) {
    with_kernel!(multiply_deep_with::<A, B>(product, out))
}

/// Rows of a task, so that packing the right factor for each is a small part.
const DEEP_ROWS: usize = 512;

/// Steps of the sum that a part has at least.
const DEEP_STEPS: usize = 1024;

/// Tasks that are enough for the threads of an ordinary machine.
const DEEP_TASKS: usize = 8;

fn multiply_deep_with<K: MicroKernel, A: PackRows, B: PackCols>(
    product: &Product<A, B, EvenRows>,
    out: &mut [f32],
) {
    let Product {
        rows, cols, depth, ..
    } = *product;
    if rows == 0 || cols == 0 {
        return;
    }
    // The number of parts decides how the sums are rounded: it must not depend
    // on the number of threads, nor on the kernel's number of rows.
    let row_tasks = rows.div_ceil(DEEP_ROWS);
    let parts = DEEP_TASKS
        .div_ceil(row_tasks)
        .min(depth / DEEP_STEPS)
        .max(1);
    let part_steps = depth.div_ceil(parts).next_multiple_of(DEPTH_BLOCK);
    let parts = depth.div_ceil(part_steps).max(1);
    let task_rows = rows.div_ceil(row_tasks).next_multiple_of(K::ROWS);
    let row_tasks = rows.div_ceil(task_rows);
    let flops = 2 * (rows * cols * depth) as u64;

    let mut partial = pool::take(if parts > 1 { parts * rows * cols } else { 0 });
    let rest = Output::of(&mut partial);
    let output = Output::of(out);
    for_each_task(row_tasks * parts, flops, |task| {
        let (part, rows_of_task) = (task / row_tasks, piece(rows, task_rows, task % row_tasks));
        let steps_of_part = piece(depth, part_steps, part);
        let of_part = EvenRows {
            first: part * rows * cols,
            stride: cols,
        };
        let (output, output_rows) = if parts > 1 {
            (rest, &of_part)
        } else {
            (output, product.output_rows)
        };
        let mut panel = pool::take(K::ROWS * ROW_STRIDE);
        for first_col in (0..cols).step_by(COL_BLOCK) {
            let cols = first_col..cols.min(first_col + COL_BLOCK);
            let mut panels = pool::take(cols.len().next_multiple_of(K::COLS) * DEPTH_BLOCK);
            for first_step in steps_of_part.clone().step_by(DEPTH_BLOCK) {
                let steps = first_step..steps_of_part.end.min(first_step + DEPTH_BLOCK);
                for (index, first) in cols.clone().step_by(K::COLS).enumerate() {
                    let of_panel = first..cols.end.min(first + K::COLS);
                    let len = steps.len() * K::COLS;
                    product.b.pack(
                        steps.clone(),
                        of_panel,
                        K::COLS,
                        &mut panels[index * len..][..len],
                    );
                }
                let strip = Strip {
                    rows: rows_of_task.clone(),
                    cols: cols.clone(),
                    accumulate: first_step > steps_of_part.start,
                    epilogue: Epilogue::NONE,
                    panels: |col| panels[(col - first_col) * steps.len()..].as_ptr(),
                    depth: steps.clone(),
                    narrow: false,
                };
                strip.run::<K, A, EvenRows>(product.a, output_rows, output, &mut panel);
            }
        }
    });
    if parts > 1 {
        for_each_task(rows, 16 * (rows * cols * parts) as u64, |row| {
            let start = output.at(product.output_rows.offset(row), cols);
            // SAFETY: `at` has checked the row, and each task has one row.
            let sums = unsafe { std::slice::from_raw_parts_mut(start, cols) };
            sums.copy_from_slice(&partial[row * cols..][..cols]);
            for part in 1..parts {
                for (sum, value) in sums
                    .iter_mut()
                    .zip(&partial[(part * rows + row) * cols..][..cols])
                {
                    *sum += value;
                }
            }
        });
    }
}
