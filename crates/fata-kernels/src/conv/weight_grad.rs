//! The gradient with respect to the weights: windows, transposed, times the
//! output's gradient, summed over all output pixels.

use super::windows::TransposedWindows;
use super::{ConvShape, grouped, winograd};
use crate::gemm::driver::{EvenRows, Product, multiply_deep};
use crate::gemm::{Epilogue, Matrix};

/// Computes the gradient of a convolution with respect to its weights.
///
/// # Shapes
///
/// `x` is `[batch, height, width, channels_in]`, `dy` is `[batch, out_height,
/// out_width, channels_out]`, `dw` is `[kernel_height, kernel_width,
/// channels_in / groups, channels_out]` and overwritten.
///
/// # Panics
///
/// When a slice does not have the size that the shape gives it.
pub fn weight_grad(shape: &ConvShape, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    shape.check();
    assert_eq!(x.len(), shape.input_len(), "the input of {shape:?}");
    assert_eq!(
        dy.len(),
        shape.output_len(),
        "the output's gradient of {shape:?}"
    );
    assert_eq!(
        dw.len(),
        shape.weight_len(),
        "the weight's gradient of {shape:?}"
    );
    let (rows, depth) = (shape.window_len(), shape.out_pixels());
    if dw.is_empty() || depth == 0 {
        return dw.fill(0.0);
    }
    if let Some(layer) = shape.forward_layer(x)
        && let Some(size) = layer.tile_size()
    {
        return winograd::weight_grad(&layer, size, dy, dw);
    }
    if grouped::suits(shape) {
        return grouped::weight_grad(shape, x, dy, dw);
    }
    for group in 0..shape.groups {
        let cols = shape.group_out();
        let first = group * cols;
        let b = Matrix {
            data: dy.get(first..).unwrap_or_default(),
            rows: depth,
            cols,
            row_stride: shape.channels_out,
            col_stride: 1,
        };
        let output_rows = EvenRows {
            first,
            stride: shape.channels_out,
        };
        let output_rows = &output_rows;
        if shape.is_plain_product() {
            let a = &Matrix::new(x, depth, rows).transposed();
            multiply_deep(
                &Product {
                    a,
                    b: &b,
                    output_rows,
                    rows,
                    cols,
                    depth,
                    epilogue: Epilogue::NONE,
                },
                dw,
            );
        } else {
            let a = &TransposedWindows(shape.windows(x, group));
            multiply_deep(
                &Product {
                    a,
                    b: &b,
                    output_rows,
                    rows,
                    cols,
                    depth,
                    epilogue: Epilogue::NONE,
                },
                dw,
            );
        }
    }
}
