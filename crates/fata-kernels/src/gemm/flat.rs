//! Products with few rows, as a dense layer on a batch is: the left factor is packed whole, and
//! tasks are panels of columns, each of which packs its own part of the right factor while the first
//! rows are multiplied by it. Cut by rows, such a product has too few tasks to share evenly and every one
//! of them reads all of the right factor. Sums are added up in the same blocks of depth as in
//! `driver`, so that both give the same bits.

use super::Matrix;
use super::driver::{
    EvenRows, Output, OutputRows, PackedCols, Product, Strip, for_each_task, piece,
};
use super::epilogue::Epilogue;
use super::kernel::{DEPTH_BLOCK, MAX_ROWS, MicroKernel, ROW_STRIDE, Tile};
use super::pack::{PackCols, PackRows};
use super::transpose::transpose_to;
use crate::pool;
use crate::threads;

/// The most rows of a flat product: its packed rows stay in the second-level cache.
const FLAT_ROWS: usize = 160;

/// The fewest columns that are enough tasks for the threads of an ordinary machine.
const FLAT_COLS: usize = 128;

/// Whether a product is computed this way.
pub(super) fn is_flat(rows: usize, cols: usize) -> bool {
    rows <= FLAT_ROWS && cols >= FLAT_COLS
}

/// Computes a product that is not empty.
pub(super) fn multiply<K: MicroKernel, A: PackRows, B: PackCols, O: OutputRows>(
    product: &Product<A, B, O>,
    output: Output,
) {
    let Product {
        rows, cols, depth, ..
    } = *product;
    let blocks = depth.div_ceil(DEPTH_BLOCK);
    let row_panels = rows.div_ceil(K::ROWS);
    let panel_len = K::ROWS * ROW_STRIDE;
    let mut packed = pool::take(blocks * row_panels * panel_len);
    let place = Output::of(&mut packed);
    for_each_task(blocks * row_panels, 8 * (rows * depth) as u64, |index| {
        let (block, panel) = (index / row_panels, index % row_panels);
        let to = place.at(index * panel_len, panel_len);
        // SAFETY: each index has floats of its own, checked by `at`.
        let to = unsafe { std::slice::from_raw_parts_mut(to, panel_len) };
        let (rows, steps) = (
            piece(rows, K::ROWS, panel),
            piece(depth, DEPTH_BLOCK, block),
        );
        K::pack_rows(product.a, rows, steps, to);
    });

    let flops = 2 * (rows * cols * depth) as u64;
    for_each_task(cols.div_ceil(K::COLS), flops, |task| {
        let cols = piece(cols, K::COLS, task);
        let mut b = pool::take(K::COLS * DEPTH_BLOCK);
        for block in 0..blocks {
            let steps = piece(depth, DEPTH_BLOCK, block);
            let b = &mut b[..steps.len() * K::COLS];
            let along = product.b.in_place(steps.clone(), cols.clone());
            let along =
                along.filter(|_| K::PACKS_ALONG && rows >= K::ROWS && cols.len() == K::COLS);
            if along.is_none() {
                product.b.pack(steps.clone(), cols.clone(), K::COLS, b);
            }
            let epilogue = match steps.end == depth {
                true => product.epilogue.columns(cols.start, cols.len()),
                false => Epilogue::NONE,
            };
            for panel in 0..row_panels {
                let rows = piece(rows, K::ROWS, panel);
                let mut starts = [std::ptr::null_mut(); MAX_ROWS];
                for (start, row) in starts.iter_mut().zip(rows.clone()) {
                    let offset = product.output_rows.offset(row) + cols.start;
                    *start = output.at(offset, cols.len());
                }
                let tile = Tile {
                    rows: rows.len(),
                    cols: cols.len(),
                    depth: steps.len(),
                    a: packed[(block * row_panels + panel) * panel_len..].as_ptr(),
                    order: product.a.order(),
                    b: b.as_mut_ptr(),
                    out: starts,
                    accumulate: block > 0,
                    epilogue,
                };
                // SAFETY: the panels were packed for this kernel, which was chosen because the
                // processor can run it; `at` has checked each row's floats, and tasks have
                // disjoint columns. The first panel packs the columns for the others.
                unsafe {
                    match along {
                        Some((source, stride)) if panel == 0 => {
                            K::multiply_along(&tile, source.as_ptr(), stride);
                        }
                        _ => K::multiply(&tile),
                    }
                }
            }
        }
    });
}

/// Computes `a b` into `c`, which has few rows and a right factor that is stored column by column, as
/// an input gradient has. To pack such a factor as columns is to transpose all of it, and few rows
/// are multiplied by it: the product is computed transposed, and its result, being smaller, turned.
pub(super) fn multiply_turned<K: MicroKernel>(a: &Matrix, b: &Matrix, c: &mut [f32]) {
    let (rows, cols, depth) = (a.rows, b.cols, a.cols);
    let packed = PackedCols::new::<K, _>(&a.transposed(), 0..depth, 0..rows, false);
    let output = Output::of(c);
    let flops = 2 * (rows * cols * depth) as u64;
    // Enough tasks to share evenly, and as many panels in each as that allows.
    let panels = (cols / (8 * K::ROWS)).clamp(1, 4);
    let task_cols = panels * K::ROWS;
    for_each_task(cols.div_ceil(task_cols), flops, |task| {
        let cols_of_task = piece(cols, task_cols, task);
        let count = cols_of_task.len();
        let left = Matrix {
            data: &b.data[cols_of_task.start * b.col_stride..],
            ..b.transposed()
        };
        let mut sums = pool::take(count * rows);
        let mut panel = pool::take(K::ROWS * ROW_STRIDE);
        let sums_output = Output::of(&mut sums);
        for block in 0..depth.div_ceil(DEPTH_BLOCK) {
            let steps = piece(depth, DEPTH_BLOCK, block);
            let strip = Strip {
                rows: 0..count,
                cols: 0..rows,
                accumulate: block > 0,
                epilogue: Epilogue::NONE,
                panels: |col| packed.panel::<K>(block, steps.len(), col, rows),
                depth: steps.clone(),
                narrow: false,
            };
            let even = EvenRows {
                first: 0,
                stride: rows,
            };
            if steps.end < depth {
                let next = steps.end..depth.min(steps.end + DEPTH_BLOCK);
                left.call(0..count.min(K::ROWS), next);
            }
            strip.run::<K, _, _>(&left, &even, sums_output, &mut panel);
        }
        let to = output.at(cols_of_task.start, (rows - 1) * cols + count);
        // What this thread is likely to do next.
        let next = piece(cols, task_cols, task + threads::count());
        if !next.is_empty() {
            let next = next.start..next.end.min(next.start + K::ROWS);
            b.transposed().call(next, 0..depth.min(DEPTH_BLOCK));
        }
        // SAFETY: `at` has checked the floats, and tasks write columns of their own.
        unsafe { transpose_to(&sums, rows, to, cols, [count, rows]) }
    });
}
