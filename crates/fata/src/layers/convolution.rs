//! Convolutions and transposed convolutions with square kernels.

use super::signal::both;
use super::{Builder, Id, Init, Signal, Weights};
use burn::tensor::Tensor;
use fata_kernels::ConvOptions;

/// A square window and how its weights begin.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Step both ways.
    pub stride: usize,
    /// Zeros at each edge.
    pub padding: usize,
    /// Groups that the channels are cut into.
    pub groups: usize,
    /// How weights are drawn.
    pub init: Init,
}

impl Window {
    /// Kernel 4, stride 2, padding 1: halves a picture's sides, or, transposed,
    /// doubles them.
    pub fn of_four(init: Init) -> Self {
        Self {
            kernel: 4,
            stride: 2,
            padding: 1,
            groups: 1,
            init,
        }
    }

    /// An odd kernel that keeps a picture's sides.
    pub fn same(kernel: usize, init: Init) -> Self {
        Self {
            kernel,
            stride: 1,
            padding: kernel / 2,
            groups: 1,
            init,
        }
    }

    /// Kernel 4 without padding: transposed, it opens a pixel to a 4x4 picture.
    pub fn opening(init: Init) -> Self {
        Self {
            kernel: 4,
            stride: 1,
            padding: 0,
            groups: 1,
            init,
        }
    }

    fn options(self) -> ConvOptions {
        ConvOptions {
            stride: [self.stride; 2],
            padding: [self.padding; 2],
            groups: self.groups,
        }
    }
}

/// A convolution.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, weight `[kernel, kernel, in / groups, out]`,
/// bias `[out]`.
#[derive(Clone, Debug)]
pub struct Convolution {
    weight: Id,
    bias: Option<Id>,
    window: Window,
    channels: [usize; 2],
}

impl Convolution {
    /// A convolution without bias.
    pub fn new(builder: &mut Builder, name: &str, channels: [usize; 2], window: Window) -> Self {
        let [inputs, outputs] = channels;
        let side = window.kernel;
        let shape = [side, side, inputs / window.groups, outputs];
        Self {
            weight: builder.weight(name, &shape, window.init),
            bias: None,
            window,
            channels,
        }
    }

    /// The convolution with a bias that begins at 0.
    pub fn biased(mut self, builder: &mut Builder, name: &str) -> Self {
        let name = format!("{name}.bias");
        self.bias = Some(builder.constant(name, &self.channels[1..], 0.0));
        self
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        let bias = self.bias.map(|bias| weights.vector(bias));
        fata_kernels::conv2d(x, weights.get(self.weight), bias, self.window.options())
    }

    /// The layer's output and its tangent.
    pub fn carry(&self, weights: &Weights, x: Signal<4>) -> Signal<4> {
        let Signal { value: x, tangent } = x;
        let options = self.window.options();
        let of_input =
            tangent.map(|x| fata_kernels::conv2d(x, weights.get(self.weight), None, options));
        let of_weights = weights.direction().map(|moving| {
            let bias = self.bias.map(|bias| moving.vector(bias));
            fata_kernels::conv2d(x.clone(), moving.get(self.weight), bias, options)
        });
        Signal {
            tangent: both(of_input, of_weights),
            value: weights.value(x.is_autodiff(), |weights| self.forward(weights, x)),
        }
    }

    /// Multiply-adds of one picture whose output has this side.
    pub fn multiply_adds(&self, side_out: usize) -> u64 {
        let [inputs, outputs] = self.channels;
        (side_out * self.window.kernel).pow(2) as u64
            * (inputs / self.window.groups * outputs) as u64
    }
}

/// A transposed convolution: the input gradient of a convolution.
///
/// # Shapes
/// `x` `[batch, height, width, in]`, weight `[kernel, kernel, out, in]`, bias
/// `[out]`.
#[derive(Clone, Debug)]
pub struct TransposedConvolution {
    weight: Id,
    bias: Option<Id>,
    window: Window,
    channels: [usize; 2],
}

impl TransposedConvolution {
    /// A transposed convolution without bias.
    pub fn new(builder: &mut Builder, name: &str, channels: [usize; 2], window: Window) -> Self {
        let shape = [window.kernel, window.kernel, channels[1], channels[0]];
        Self {
            weight: builder.weight(name, &shape, window.init),
            bias: None,
            window,
            channels,
        }
    }

    /// The transposed convolution with a bias that begins at 0.
    pub fn biased(mut self, builder: &mut Builder, name: &str) -> Self {
        let name = format!("{name}.bias");
        self.bias = Some(builder.constant(name, &self.channels[1..], 0.0));
        self
    }

    /// The place of its weight.
    pub(crate) fn weight(&self) -> Id {
        self.weight
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        let bias = self.bias.map(|bias| weights.vector(bias));
        fata_kernels::conv_transpose2d(x, weights.get(self.weight), bias, self.window.options())
    }

    /// Multiply-adds of one picture whose input has this side.
    pub fn multiply_adds(&self, side_in: usize) -> u64 {
        (side_in * self.window.kernel).pow(2) as u64 * (self.channels[0] * self.channels[1]) as u64
    }
}
