//! The convolution itself: windows times weights.

use super::{ConvShape, grouped, winograd};
use crate::gemm::driver::{EvenRows, Product, multiply};
use crate::gemm::{Epilogue, Matrix, sgemm};

/// Computes a convolution (cross-correlation, as PyTorch's `conv2d`).
///
/// # Shapes
///
/// `x` is `[batch, height, width, channels_in]`, `weight` is `[kernel_height,
/// kernel_width, channels_in / groups, channels_out]`, `bias` is
/// `[channels_out]`, `y` is `[batch, out_height, out_width, channels_out]` and
/// overwritten.
///
/// # Panics
///
/// When a slice does not have the size that the shape gives it.
pub fn forward(shape: &ConvShape, x: &[f32], weight: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
    shape.check();
    assert_eq!(x.len(), shape.input_len(), "the input of {shape:?}");
    assert_eq!(weight.len(), shape.weight_len(), "the weight of {shape:?}");
    assert_eq!(y.len(), shape.output_len(), "the output of {shape:?}");
    assert!(
        bias.is_none_or(|bias| bias.len() == shape.channels_out),
        "the bias of {shape:?}"
    );
    let (rows, depth, cols) = (shape.out_pixels(), shape.window_len(), shape.channels_out);
    if rows == 0 || cols == 0 {
        return;
    }
    if shape.is_plain_product() {
        let (x, weight) = (
            Matrix::new(x, rows, depth),
            Matrix::new(weight, depth, cols),
        );
        return sgemm(x, weight, y, Epilogue::bias(bias));
    }
    if let Some(layer) = shape.forward_layer(x)
        && let Some(size) = layer.tile_size()
    {
        return winograd::forward(&layer, size, weight, bias, y);
    }
    if grouped::suits(shape) {
        return grouped::forward(shape, x, weight, bias, y);
    }
    for group in 0..shape.groups {
        let cols = shape.group_out();
        let first = group * cols;
        let product = Product {
            a: &shape.windows(x, group),
            b: &Matrix {
                data: weight.get(first..).unwrap_or_default(),
                rows: depth,
                cols,
                row_stride: shape.channels_out,
                col_stride: 1,
            },
            output_rows: &EvenRows {
                first,
                stride: shape.channels_out,
            },
            rows,
            cols,
            depth,
            epilogue: Epilogue::bias(bias.map(|bias| &bias[first..first + cols])),
        };
        multiply(&product, y);
    }
}
