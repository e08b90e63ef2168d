//! Pooling, which the training of GANs does without. Channels last, without
//! gradients; computed by the processor, whatever the device.

use crate::layers::{numbers, tensor};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Squares of `kernel` pixels, `stride` apart, over an edge of `padding` pixels
/// that belong to no square's result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// The largest of each square.
pub(super) fn max(x: Tensor<4>, window: Window) -> Tensor<4> {
    pool(
        x,
        window,
        f32::NEG_INFINITY,
        |best, value| *best = best.max(*value),
        |_, _| {},
    )
}

/// The mean of each square, over the pixels that it holds, as TensorFlow takes
/// it (PyTorch's `count_include_pad=False`).
pub(super) fn average(x: Tensor<4>, window: Window) -> Tensor<4> {
    pool(
        x,
        window,
        0.0,
        |sum, value| *sum += value,
        |sum, count| *sum /= count,
    )
}

/// The mean of each whole picture.
///
/// # Shapes
/// [batch, height, width, channels] to [batch, channels].
pub(super) fn whole(x: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = x.dims();
    let device = x.device();
    let x = numbers(x);
    let mut out = vec![0.0; batch * channels];
    out.par_chunks_exact_mut(channels)
        .zip(x.par_chunks_exact(height * width * channels))
        .for_each(|(out, picture)| {
            for pixel in picture.chunks_exact(channels) {
                out.iter_mut()
                    .zip(pixel)
                    .for_each(|(sum, value)| *sum += value);
            }
            out.iter_mut()
                .for_each(|sum| *sum /= (height * width) as f32);
        });
    tensor(out, &device).reshape([batch, channels])
}

fn pool(
    x: Tensor<4>,
    window: Window,
    start: f32,
    take: impl Fn(&mut f32, &f32) + Sync,
    finish: impl Fn(&mut f32, f32) + Sync,
) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let device = x.device();
    let x = numbers(x);
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let size = |size: usize| (size + 2 * padding - kernel) / stride + 1;
    let (rows, columns) = (size(height), size(width));
    // The pixels under the kernel along one axis.
    let span = |place: usize, size: usize| {
        (place * stride).saturating_sub(padding)..(place * stride + kernel - padding).min(size)
    };
    let mut out = vec![start; batch * rows * columns * channels];
    out.par_chunks_exact_mut(columns * channels)
        .enumerate()
        .for_each(|(place, out)| {
            let picture =
                &x[place / rows * height * width * channels..][..height * width * channels];
            let down = span(place % rows, height);
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let across = span(column, width);
                for y in down.clone() {
                    for x in across.clone() {
                        let pixel = &picture[(y * width + x) * channels..][..channels];
                        out.iter_mut()
                            .zip(pixel)
                            .for_each(|(result, value)| take(result, value));
                    }
                }
                let count = (down.len() * across.len()) as f32;
                out.iter_mut().for_each(|result| finish(result, count));
            }
        });
    tensor(out, &device).reshape([batch, rows, columns, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// One picture of 3 by 4 with two channels, the second the first's negative.
    fn picture() -> Tensor<4> {
        let values = (0..12)
            .flat_map(|value| [value as f32, -value as f32])
            .collect();
        tensor(values, &Device::flex()).reshape([1, 3, 4, 2])
    }

    #[test]
    fn the_largest_of_each_square() {
        let window = Window {
            kernel: 2,
            stride: 2,
            padding: 0,
        };
        assert_eq!(numbers(max(picture(), window)), [5.0, 0.0, 7.0, -2.0]);
    }

    #[test]
    fn padding_has_no_part_in_a_mean() {
        let window = Window {
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let means = numbers(average(picture(), window));
        assert_eq!(means[..4], [2.5, -2.5, 3.0, -3.0]);
        assert_eq!(means[10..12], [5.0, -5.0], "the second of the second row");
        assert_eq!(means.len(), 24);
        let largest = numbers(max(picture(), window));
        assert_eq!(largest[..2], [5.0, 0.0]);
    }

    #[test]
    fn the_mean_of_a_picture() {
        assert_eq!(numbers(whole(picture())), [5.5, -5.5]);
    }
}
