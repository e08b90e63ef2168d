//! Products with few rows, as a dense layer on a batch is: the left factor is packed whole, and
//! tasks are panels of columns, each of which packs its own part of the right factor just before
//! it is multiplied. Cut by rows, such a product has too few tasks to share evenly and every one
//! of them reads all of the right factor. Sums are added up in the same blocks of depth as in
//! `driver`, so that both give the same bits.

use super::driver::{Output, OutputRows, Product, for_each_task, piece};
use super::epilogue::Epilogue;
use super::kernel::{DEPTH_BLOCK, MAX_ROWS, MicroKernel, ROW_STRIDE, Tile};
use super::pack::{PackCols, PackRows};
use crate::pool;

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
            product.b.pack(steps.clone(), cols.clone(), K::COLS, b);
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
                    b: b.as_ptr(),
                    out: starts,
                    accumulate: block > 0,
                    epilogue,
                };
                // SAFETY: the panels were packed for this kernel, which was chosen because the
                // processor can run it; `at` has checked each row's floats, and tasks have
                // disjoint columns.
                unsafe { K::multiply(&tile) }
            }
        }
    });
}
