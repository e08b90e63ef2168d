//! The gradient with respect to the input, which is also the transposed
//! convolution. Input pixels fall into phases by their position modulo the
//! stride; the pixels of one phase see the same taps of the kernel, so that
//! each phase is an ordinary convolution of the output's gradient with stride
//! one, written straight to its pixels. No zeros are put in between.

use super::windows::{GroupChannels, Windows};
use super::{ConvShape, grouped, winograd};
use crate::gemm::driver::{Output, OutputRows, Product, for_each_task, multiply, piece};
use crate::gemm::pack::PackCols;
use crate::gemm::transpose::{transpose, transpose_to};
use crate::gemm::{Epilogue, Matrix, sgemm};
use crate::pool;
use std::ops::Range;

/// Computes the gradient of a convolution with respect to its input, or the
/// transposed convolution (PyTorch's `conv_transpose2d`) whose input is `dy`
/// and whose output is `dx`; only for the latter is there a bias.
///
/// # Shapes
///
/// `dy` is `[batch, out_height, out_width, channels_out]`, `weight` is
/// `[kernel_height, kernel_width, channels_in / groups, channels_out]`, `bias`
/// is `[channels_in]`, `dx` is `[batch, height, width, channels_in]` and
/// overwritten.
///
/// # Panics
///
/// When a slice does not have the size that the shape gives it.
pub fn input_grad(
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    dx: &mut [f32],
) {
    shape.check();
    assert_eq!(
        dy.len(),
        shape.output_len(),
        "the output's gradient of {shape:?}"
    );
    assert_eq!(weight.len(), shape.weight_len(), "the weight of {shape:?}");
    assert_eq!(
        dx.len(),
        shape.input_len(),
        "the input's gradient of {shape:?}"
    );
    assert!(
        bias.is_none_or(|bias| bias.len() == shape.channels_in),
        "the bias of {shape:?}"
    );
    if dx.is_empty() {
        return;
    }
    if shape.is_plain_product() {
        let (rows, depth, cols) = (shape.out_pixels(), shape.channels_out, shape.window_len());
        let repeated: Option<Vec<f32>> =
            bias.map(|bias| bias.iter().copied().cycle().take(cols).collect());
        let (dy, weight) = (
            Matrix::new(dy, rows, depth),
            Matrix::new(weight, cols, depth).transposed(),
        );
        return sgemm(dy, weight, dx, Epilogue::bias(repeated.as_deref()));
    }
    if fast(shape, dy, weight, bias, dx) {
        return;
    }
    if grouped::suits(shape) {
        return grouped::input_grad(shape, dy, weight, bias, dx);
    }
    for group in 0..shape.groups {
        for phase_y in 0..shape.stride[0] {
            for phase_x in 0..shape.stride[1] {
                phase(
                    [Axis::new(shape, 0, phase_y), Axis::new(shape, 1, phase_x)],
                    group,
                    shape,
                    dy,
                    weight,
                    bias,
                    dx,
                );
            }
        }
    }
}

/// Computes it with fewer multiplications, unless that is not worth it.
fn fast(
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    dx: &mut [f32],
) -> bool {
    let mut layers = Vec::with_capacity(shape.stride[0] * shape.stride[1]);
    for phase_y in 0..shape.stride[0] {
        for phase_x in 0..shape.stride[1] {
            let axes = [Axis::new(shape, 0, phase_y), Axis::new(shape, 1, phase_x)];
            let Some(layer) = shape.input_grad_layer(dy, axes) else {
                return false;
            };
            let Some(size) = layer.tile_size() else {
                return false;
            };
            layers.push((layer, size));
        }
    }
    let (rows, cols) = (shape.channels_in, shape.channels_out);
    let mut turned = pool::take(weight.len());
    let turned_output = Output::of(&mut turned);
    let taps = shape.kernel[0] * shape.kernel[1];
    let row_tasks = rows.div_ceil(16);
    for_each_task(taps * row_tasks, 16 * weight.len() as u64, |task| {
        let (tap, rows_of_task) = (task / row_tasks, piece(rows, 16, task % row_tasks));
        let start = tap * rows * cols;
        for first_col in (0..cols).step_by(16) {
            let from = &weight[start + rows_of_task.start * cols + first_col..];
            let count = (cols - first_col).min(16);
            let len = (count - 1) * rows + rows_of_task.len();
            let to = turned_output.at(start + first_col * rows + rows_of_task.start, len);
            // SAFETY: `at` has checked the place. Tasks share the slices'
            // range but write rows of their own.
            unsafe { transpose_to(from, cols, to, rows, [rows_of_task.len(), count]) };
        }
    });
    for (layer, size) in &layers {
        winograd::forward(layer, *size, &turned, bias, dx);
    }
    true
}

/// One axis of a phase: the input pixels `first`, `first + stride`, ... that
/// see the taps `phase`, `phase + stride`, ...
#[derive(Clone, Copy)]
pub(super) struct Axis {
    /// First tap of the kernel.
    pub(super) phase: usize,
    /// Taps of the kernel.
    pub(super) taps: usize,
    /// First pixel.
    pub(super) first: usize,
    /// Pixels.
    pub(super) count: usize,
    /// The output pixel that the first input pixel's last tap sees.
    pub(super) origin: isize,
}

impl Axis {
    fn new(shape: &ConvShape, axis: usize, phase: usize) -> Self {
        let (stride, padding) = (shape.stride[axis], shape.padding[axis]);
        let size = [shape.height, shape.width][axis];
        let taps = shape.kernel[axis].saturating_sub(phase).div_ceil(stride);
        // The least pixel at or above zero for which pixel + padding is
        // `phase` modulo the stride.
        let first = (phase + stride - padding % stride) % stride;
        let origin = ((first + padding) / stride) as isize - taps as isize + 1;
        Axis {
            phase,
            taps,
            first,
            count: size.saturating_sub(first).div_ceil(stride),
            origin,
        }
    }
}

fn phase(
    [down, across]: [Axis; 2],
    group: usize,
    shape: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    dx: &mut [f32],
) {
    let cols = shape.group_in();
    let windows = Windows {
        image: dy,
        height: shape.out_height(),
        width: shape.out_width(),
        channels: shape.channels_out,
        group: GroupChannels {
            first: group * shape.group_out(),
            count: shape.group_out(),
        },
        taps: [down.taps, across.taps],
        step: [1, 1],
        origin: [down.origin, across.origin],
        grid: [down.count, across.count],
    };
    let product = Product {
        a: &windows,
        b: &PhaseWeights {
            shape,
            weight,
            down,
            across,
            first_out: group * shape.group_out(),
        },
        output_rows: &PhasePixels {
            shape,
            down,
            across,
            first_channel: group * cols,
        },
        rows: shape.batch * down.count * across.count,
        cols,
        depth: windows.window_len(),
        epilogue: Epilogue::bias(bias.map(|bias| &bias[group * cols..(group + 1) * cols])),
    };
    multiply(&product, dx);
}

/// The pixels of a phase.
struct PhasePixels<'a> {
    shape: &'a ConvShape,
    down: Axis,
    across: Axis,
    first_channel: usize,
}

impl OutputRows for PhasePixels<'_> {
    fn offset(&self, row: usize) -> usize {
        let (line, x) = (row / self.across.count, row % self.across.count);
        let (image, y) = (line / self.down.count, line % self.down.count);
        let y = self.down.first + y * self.shape.stride[0];
        let x = self.across.first + x * self.shape.stride[1];
        ((image * self.shape.height + y) * self.shape.width + x) * self.shape.channels_in
            + self.first_channel
    }
}

/// The weights of a phase, turned around in both directions: `[taps down, taps
/// across, channels_out / groups]` by `channels_in / groups`.
struct PhaseWeights<'a> {
    shape: &'a ConvShape,
    weight: &'a [f32],
    down: Axis,
    across: Axis,
    first_out: usize,
}

impl PackCols for PhaseWeights<'_> {
    fn pack(&self, depth: Range<usize>, cols: Range<usize>, kernel_cols: usize, panel: &mut [f32]) {
        if cols.len() < kernel_cols {
            panel[..depth.len() * kernel_cols].fill(0.0);
        }
        let (shape, count) = (self.shape, self.shape.group_out());
        let mut step = depth.start;
        while step < depth.end {
            let (tap, channel) = (step / count, step % count);
            let len = (count - channel).min(depth.end - step);
            let tap_y =
                self.down.phase + shape.stride[0] * (self.down.taps - 1 - tap / self.across.taps);
            let tap_x = self.across.phase
                + shape.stride[1] * (self.across.taps - 1 - tap % self.across.taps);
            let line = (tap_y * shape.kernel[1] + tap_x) * shape.group_in() + cols.start;
            let from = &self.weight[line * shape.channels_out + self.first_out + channel..];
            let to = &mut panel[(step - depth.start) * kernel_cols..];
            transpose(from, shape.channels_out, to, kernel_cols, cols.len(), len);
            step += len;
        }
    }
}
