//! Convolutions and transposed convolutions with square kernels.

use super::{Builder, Id, Weights};
use burn::tensor::Tensor;
use fata_kernels::ConvOptions;

/// Deviation of initial weights (Radford et al. 2015, section 3).
const DEVIATION: f32 = 0.02;

/// Kernel, stride and padding, the same both ways.
#[derive(Clone, Copy, Debug)]
struct Window {
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Window {
    fn options(self) -> ConvOptions {
        ConvOptions {
            stride: [self.stride; 2],
            padding: [self.padding; 2],
            groups: 1,
        }
    }
}

/// A convolution without bias.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, weight `[kernel, kernel, in, out]`.
#[derive(Clone, Debug)]
pub struct Convolution {
    weight: Id,
    window: Window,
    channels: [usize; 2],
}

impl Convolution {
    /// Kernel 4, stride 2, padding 1: halves the picture's sides.
    pub fn halving(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Self {
        Self::new(
            builder,
            name,
            channels,
            Window {
                kernel: 4,
                stride: 2,
                padding: 1,
            },
        )
    }

    /// Kernel 4 without padding: takes a 4x4 picture to a single pixel.
    pub fn closing(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Self {
        Self::new(
            builder,
            name,
            channels,
            Window {
                kernel: 4,
                stride: 1,
                padding: 0,
            },
        )
    }

    fn new(builder: &mut Builder, name: &str, channels: [usize; 2], window: Window) -> Self {
        let shape = [window.kernel, window.kernel, channels[0], channels[1]];
        Self {
            weight: builder.normal(format!("{name}.weight"), &shape, 0.0, DEVIATION),
            window,
            channels,
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        fata_kernels::conv2d(x, weights.get(self.weight), None, self.window.options())
    }

    /// Multiply-adds of one picture whose output has this side.
    pub fn multiply_adds(&self, side_out: usize) -> u64 {
        (side_out * self.window.kernel).pow(2) as u64 * (self.channels[0] * self.channels[1]) as u64
    }
}

/// A transposed convolution without bias: the input gradient of a convolution.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, weight `[kernel, kernel, out, in]`.
#[derive(Clone, Debug)]
pub struct TransposedConvolution {
    weight: Id,
    window: Window,
    channels: [usize; 2],
}

impl TransposedConvolution {
    /// Kernel 4, stride 2, padding 1: doubles the picture's sides.
    pub fn doubling(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Self {
        Self::new(
            builder,
            name,
            channels,
            Window {
                kernel: 4,
                stride: 2,
                padding: 1,
            },
        )
    }

    /// Kernel 4 without padding: opens a single pixel to a 4x4 picture.
    pub fn opening(builder: &mut Builder, name: &str, channels: [usize; 2]) -> Self {
        Self::new(
            builder,
            name,
            channels,
            Window {
                kernel: 4,
                stride: 1,
                padding: 0,
            },
        )
    }

    fn new(builder: &mut Builder, name: &str, channels: [usize; 2], window: Window) -> Self {
        let shape = [window.kernel, window.kernel, channels[1], channels[0]];
        Self {
            weight: builder.normal(format!("{name}.weight"), &shape, 0.0, DEVIATION),
            window,
            channels,
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        fata_kernels::conv_transpose2d(x, weights.get(self.weight), None, self.window.options())
    }

    /// Multiply-adds of one picture whose input has this side.
    pub fn multiply_adds(&self, side_in: usize) -> u64 {
        (side_in * self.window.kernel).pow(2) as u64 * (self.channels[0] * self.channels[1]) as u64
    }
}
