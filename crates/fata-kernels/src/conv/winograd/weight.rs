//! The gradient with respect to the weights: tiles of the input and of the
//! results' gradient are transformed, multiplied over the tiles, and their sum
//! is transformed back once at the end.

use super::scheme::{FourOfThree, FourOfTwo, Scheme, TwoOfThree, TwoOfTwo};
use super::transform::{TransformInput, TransformResultGrad, TransformWeightGrad};
use super::{Layer, SPACING, TileSize};
use crate::gemm::driver::{COL_BLOCK, EvenRows, Output, Strip, for_each_task, piece};
use crate::gemm::kernel::{DEPTH_BLOCK, MicroKernel, ROW_STRIDE};
use crate::gemm::pack::PackCols;
use crate::gemm::{Epilogue, Matrix, with_kernel};
use crate::pool;

/// Rows of a task's product.
const TASK_ROWS: usize = 512;

/// Tiles that a task transforms.
const TASK_TILES: usize = 16;

/// Computes the gradient of a layer's weights from that of its results.
pub(crate) fn weight_grad(layer: &Layer, size: TileSize, result_grad: &[f32], out: &mut [f32]) {
    with_kernel!(weight_grad_with(layer, size, result_grad, out))
}

fn weight_grad_with<K: MicroKernel>(
    layer: &Layer,
    size: TileSize,
    result_grad: &[f32],
    out: &mut [f32],
) {
    match (size, layer.taps) {
        (TileSize::Two, 2) => run::<K, TwoOfTwo, 2, 2, 3>(layer, result_grad, out),
        (TileSize::Four, 2) => run::<K, FourOfTwo, 4, 2, 5>(layer, result_grad, out),
        (TileSize::Two, _) => run::<K, TwoOfThree, 2, 3, 4>(layer, result_grad, out),
        (TileSize::Four, _) => run::<K, FourOfThree, 4, 3, 6>(layer, result_grad, out),
    }
}

/// A pointer that tasks write disjoint parts through.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: see the tasks below, each of which has tiles of its own.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

fn run<
    K: MicroKernel,
    S: Scheme<OUT, TAPS, TILE>,
    const OUT: usize,
    const TAPS: usize,
    const TILE: usize,
>(
    layer: &Layer,
    result_grad: &[f32],
    out: &mut [f32],
) {
    let (depth, cols, tiles) = (layer.depth(), layer.cols, layer.tiles(OUT));
    let points = TILE * TILE;
    let most = tiles.min(DEPTH_BLOCK);
    let (input_stride, grad_stride) = (most * depth + SPACING, most * cols + SPACING);
    let mut input = pool::take(points * input_stride);
    let mut grad = pool::take(points * grad_stride);
    let mut sums = pool::take(points * depth * cols);
    let row_tasks = depth.div_ceil(TASK_ROWS);
    for first_tile in (0..tiles).step_by(DEPTH_BLOCK) {
        let count = most.min(tiles - first_tile);
        let (input_to, grad_to) = (Shared(input.as_mut_ptr()), Shared(grad.as_mut_ptr()));
        let transformed = points * count * (depth + cols);
        for_each_task(
            count.div_ceil(TASK_TILES),
            16 * transformed as u64,
            |task| {
                let tiles = piece(count, TASK_TILES, task);
                let (input_to, grad_to) = (
                    input_to.at(tiles.start * depth),
                    grad_to.at(tiles.start * cols),
                );
                let tiles = first_tile + tiles.start..first_tile + tiles.end;
                let work = TransformInput::<S, OUT, TAPS, TILE>::new(
                    layer,
                    tiles.clone(),
                    input_to,
                    input_stride,
                );
                // SAFETY: the kernel was chosen because the processor can run it;
                // the buffers have room, and each task has rows of its own.
                unsafe { K::run_vectorised(work) };
                let work = TransformResultGrad::<S, OUT, TAPS, TILE>::new(
                    layer,
                    tiles,
                    result_grad,
                    grad_to,
                    grad_stride,
                );
                // SAFETY: as above.
                unsafe { K::run_vectorised(work) };
            },
        );
        let (input, grad) = (&input[..], &grad[..]);
        let output = Output::of(&mut sums);
        for_each_task(
            points * row_tasks,
            2 * (points * count * depth * cols) as u64,
            |task| {
                let (point, rows) = (task / row_tasks, piece(depth, TASK_ROWS, task % row_tasks));
                let a = Matrix::new(
                    &input[point * input_stride..][..count * depth],
                    count,
                    depth,
                )
                .transposed();
                let b = Matrix::new(&grad[point * grad_stride..][..count * cols], count, cols);
                let output_rows = EvenRows {
                    first: point * depth * cols,
                    stride: cols,
                };
                let mut panel = pool::take(K::ROWS * ROW_STRIDE);
                for first_col in (0..cols).step_by(COL_BLOCK) {
                    let cols = first_col..cols.min(first_col + COL_BLOCK);
                    let mut panels = pool::take(cols.len().next_multiple_of(K::COLS) * count);
                    for (panel, first) in panels
                        .chunks_mut(K::COLS * count)
                        .zip(cols.clone().step_by(K::COLS))
                    {
                        b.pack(
                            0..count,
                            first..cols.end.min(first + K::COLS),
                            K::COLS,
                            panel,
                        );
                    }
                    let strip = Strip {
                        rows: rows.clone(),
                        cols: cols.clone(),
                        depth: 0..count,
                        accumulate: first_tile > 0,
                        epilogue: Epilogue::NONE,
                        panels: |col| panels[(col - first_col) * count..].as_ptr(),
                        narrow: false,
                    };
                    strip.run::<K, _, _>(&a, &output_rows, output, &mut panel);
                }
            },
        );
    }
    let output = Output::of(out);
    for_each_task(
        depth.div_ceil(16),
        16 * (points * depth * cols) as u64,
        |task| {
            let work = TransformWeightGrad::<S, OUT, TAPS, TILE>::new(
                layer,
                piece(depth, 16, task),
                &sums,
                output,
            );
            // SAFETY: as above, and each task writes the weights of its own rows.
            unsafe { K::run_vectorised(work) };
        },
    );
}
