//! Convolution with fewer multiplications. Tiles of the input and the kernel
//! are transformed, multiplied as matrices over the channels (one product for
//! each of a tile's points), and transformed back. A kernel twice as large as
//! its stride, as DCGAN's 4x4 with stride 2, is the sum of convolutions with
//! stride one over the phases of the image, whose products simply add up over
//! more channels. Channels that are not multiples of 16 are left to the direct
//! convolution.

mod scheme;
mod transform;
mod weight;

pub(crate) use weight::weight_grad;

use crate::gemm::Matrix;
use crate::gemm::driver::{COL_BLOCK, EvenRows, Output, Strip, for_each_task, piece};
use crate::gemm::kernel::{DEPTH_BLOCK, MicroKernel, ROW_STRIDE};
use crate::gemm::{Epilogue, with_kernel};
use crate::pool;
use scheme::{FourOfThree, FourOfTwo, Scheme, TwoOfThree, TwoOfTwo};
use transform::{TransformInput, TransformOutput, TransformWeights};

/// Floats between the runs that a transform writes side by side, beyond their
/// length, so that they do not fall into the same cache sets.
const SPACING: usize = 48;

/// Floats of transformed tiles that one task keeps at a time.
const TASK_FLOATS: usize = 768 * 1024;

/// A convolution in terms of the image that it reads: the sum over all phases
/// of an image of convolutions with stride one.
pub(crate) struct Layer<'a> {
    /// `[batch, height, width, channels]`.
    pub(crate) image: &'a [f32],
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    /// Taps along each axis in each phase.
    pub(crate) taps: usize,
    /// Image pixels between windows, which is the number of phases along each
    /// axis.
    pub(crate) step: usize,
    /// Where the first window starts.
    pub(crate) origin: [isize; 2],
    /// Windows down and across.
    pub(crate) grid: [usize; 2],
    /// Channels of the result.
    pub(crate) cols: usize,
    /// For each phase and each of its taps, where its weights start, which
    /// are `[channels, cols]`.
    pub(crate) weight_starts: Vec<usize>,
    pub(crate) place: ResultPlace,
}

/// Where a layer's results are in an image of `cols` channels.
#[derive(Clone, Copy)]
pub(crate) struct ResultPlace {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// The pixel of the first window.
    pub(crate) first: [usize; 2],
    /// Pixels between windows.
    pub(crate) step: [usize; 2],
}

/// Outputs of a tile along each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileSize {
    Two,
    Four,
}

impl Layer<'_> {
    /// Floats along the sum of each product.
    fn depth(&self) -> usize {
        self.step * self.step * self.channels
    }

    fn tiles(&self, out: usize) -> usize {
        self.batch * self.grid[0].div_ceil(out) * self.grid[1].div_ceil(out)
    }

    /// The tile size that is worth its transforms, or nothing where the direct
    /// convolution is faster. It depends on the shape alone.
    pub(crate) fn tile_size(&self) -> Option<TileSize> {
        let fits = |channels: usize| channels.is_multiple_of(16) && channels >= 32;
        if !fits(self.channels) || !fits(self.cols) || !matches!(self.taps, 2 | 3) {
            return None;
        }
        let (depth, cols) = (self.depth() as f64, self.cols as f64);
        let windows = (self.batch * self.grid[0] * self.grid[1] * self.taps * self.taps) as f64;
        let direct = windows * depth * cols;
        // A transformed float costs as much as these many multiply-adds of a
        // product, as measured.
        let cost = |out: usize| {
            let tiles = self.tiles(out) as f64;
            let points = ((out + self.taps - 1) * (out + self.taps - 1)) as f64;
            points * (tiles * depth * cols + 16.0 * tiles * (depth + cols) + 32.0 * depth * cols)
        };
        let (two, four) = (cost(2), cost(4));
        if two.min(four) > 0.9 * direct {
            None
        } else if four < two {
            Some(TileSize::Four)
        } else {
            Some(TileSize::Two)
        }
    }
}

/// Computes a layer.
pub(crate) fn forward(
    layer: &Layer,
    size: TileSize,
    weight: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    with_kernel!(forward_with(layer, size, weight, bias, out))
}

fn forward_with<K: MicroKernel>(
    layer: &Layer,
    size: TileSize,
    weight: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    match (size, layer.taps) {
        (TileSize::Two, 2) => run::<K, TwoOfTwo, 2, 2, 3>(layer, weight, bias, out),
        (TileSize::Four, 2) => run::<K, FourOfTwo, 4, 2, 5>(layer, weight, bias, out),
        (TileSize::Two, _) => run::<K, TwoOfThree, 2, 3, 4>(layer, weight, bias, out),
        (TileSize::Four, _) => run::<K, FourOfThree, 4, 3, 6>(layer, weight, bias, out),
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
    weight: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let (depth, cols, tiles) = (layer.depth(), layer.cols, layer.tiles(OUT));
    let points = TILE * TILE;
    let padded_cols = cols.next_multiple_of(K::COLS);
    let mut packed = pool::take(points * depth * padded_cols);
    let packed_output = Output::of(&mut packed);
    for_each_task(
        depth.div_ceil(16),
        (32 * points * depth * cols) as u64,
        |task| {
            let rows = piece(depth, 16, task);
            let to = packed_output.at(0, points * depth * padded_cols);
            let work =
                TransformWeights::<S, OUT, TAPS, TILE>::new(layer, weight, rows, to, K::COLS);
            // SAFETY: the kernel was chosen because the processor can run it, and
            // each task writes rows of its own.
            unsafe { K::run_vectorised(work) }
        },
    );

    let threads = crate::threads::count();
    let fitting = (TASK_FLOATS / (points * (depth + cols)))
        .max(2 * K::ROWS)
        .min(tiles.div_ceil(2 * threads));
    let task_tiles = fitting.next_multiple_of(K::ROWS);
    let output = Output::of(out);
    let flops = 2 * (points * tiles * depth * cols) as u64;
    for_each_task(tiles.div_ceil(task_tiles), flops, |task| {
        let tiles = piece(tiles, task_tiles, task);
        let count = tiles.len();
        let (input_stride, sums_stride) = (count * depth + SPACING, count * cols + SPACING);
        let mut input = pool::take(points * input_stride);
        let mut sums = pool::take(points * sums_stride);
        let mut panel = pool::take(K::ROWS * ROW_STRIDE);
        let to = input.as_mut_ptr();
        let work =
            TransformInput::<S, OUT, TAPS, TILE>::new(layer, tiles.clone(), to, input_stride);
        // SAFETY: as above, and the buffer has room for these tiles.
        unsafe { K::run_vectorised(work) };
        let sums_output = Output::of(&mut sums);
        for point in 0..points {
            let a = Matrix::new(
                &input[point * input_stride..][..count * depth],
                count,
                depth,
            );
            let b = &packed[point * depth * padded_cols..][..depth * padded_cols];
            let rows = EvenRows {
                first: point * sums_stride,
                stride: cols,
            };
            for first_col in (0..cols).step_by(COL_BLOCK) {
                for first_step in (0..depth).step_by(DEPTH_BLOCK) {
                    let steps = first_step..depth.min(first_step + DEPTH_BLOCK);
                    let strip = Strip {
                        rows: 0..count,
                        cols: first_col..cols.min(first_col + COL_BLOCK),
                        accumulate: first_step > 0,
                        epilogue: Epilogue::NONE,
                        panels: |col| {
                            b[first_step * padded_cols + col * steps.len()..]
                                [..steps.len() * K::COLS]
                                .as_ptr()
                        },
                        depth: steps.clone(),
                        narrow: false,
                    };
                    strip.run::<K, _, _>(&a, &rows, sums_output, &mut panel);
                }
            }
        }
        let work = TransformOutput::<S, OUT, TAPS, TILE>::new(
            layer,
            tiles,
            &sums,
            sums_stride,
            bias,
            output,
        );
        // SAFETY: as above, and each tile's pixels are written by one task.
        unsafe { K::run_vectorised(work) };
    });
}
