//! Convolutions and linear layers on the CPU device.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{Operand, Rule, floats, floats_mut, owned, run, vector, wrap};
use super::{Activation, ConvOptions};
use crate::conv::{self, ConvShape};
use crate::gemm::{Epilogue, Matrix, sgemm};
use crate::pointwise::{activate_in_place, column_sums, scale_by_slope};
use crate::pool;
use crate::profile::timed;

fn sizes<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.layout().shape().dims()
}

/// A convolution: backward needs its input for the weights and its weights for the input.
#[derive(Clone, Debug)]
struct Conv {
    shape: ConvShape,
    x: FlexTensor,
    weight: FlexTensor,
}

impl Conv {
    fn gradient(&self, gradient: &FlexTensor, [x, weight]: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let dx = x.then(|| {
            let mut dx = pool::take(floats(&self.x).len());
            let (gradient, weight) = (floats(gradient), floats(&self.weight));
            timed(
                || format!("conv, input gradient: {}", self.shape.words()),
                self.shape.flops(),
                || conv::input_grad(&self.shape, gradient, weight, None, &mut dx),
            );
            wrap(dx, self.x.layout().shape().clone())
        });
        let dw = weight.then(|| {
            let mut dw = pool::take(floats(&self.weight).len());
            let (x, gradient) = (floats(&self.x), floats(gradient));
            timed(
                || format!("conv, weight gradient: {}", self.shape.words()),
                self.shape.flops(),
                || conv::weight_grad(&self.shape, x, gradient, &mut dw),
            );
            wrap(dw, self.weight.layout().shape().clone())
        });
        [dx, dw]
    }
}

impl Rule<2> for Conv {
    fn gradients(self, gradient: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        self.gradient(&gradient, wanted)
    }
}

impl Rule<3> for Conv {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let db = bias.then(|| bias_gradient(&gradient));
        let [dx, dw] = self.gradient(&gradient, [x, weight]);
        [dx, dw, db]
    }
}

fn bias_gradient(gradient: &FlexTensor) -> FlexTensor {
    let shape = gradient.layout().shape();
    let channels = shape[shape.num_dims() - 1];
    let sums = timed(
        || "bias, gradient".into(),
        0,
        || column_sums(floats(gradient), channels),
    );
    vector(&sums)
}

pub(super) fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let forward = |x: FlexTensor, weight: FlexTensor, bias: Option<&[f32]>| {
        let [batch, height, width, channels_in] = sizes(&x);
        let [kernel_height, kernel_width, _, channels_out] = sizes(&weight);
        let shape = ConvShape {
            batch,
            height,
            width,
            channels_in,
            channels_out,
            kernel: [kernel_height, kernel_width],
            stride: options.stride,
            padding: options.padding,
            groups: options.groups,
        };
        let sizes = [batch, shape.out_height(), shape.out_width(), channels_out];
        let mut y = pool::take(sizes.iter().product());
        timed(
            || format!("conv, forward: {}", shape.words()),
            shape.flops(),
            || conv::forward(&shape, floats(&x), floats(&weight), bias, &mut y),
        );
        (wrap(y, sizes), Conv { shape, x, weight })
    };
    match bias {
        Some(bias) => run(
            [x.into(), weight.into(), bias.into()],
            |[x, weight, bias]| forward(x, weight, Some(floats(&bias))),
        ),
        None => run([x.into(), weight.into()], |[x, weight]| {
            forward(x, weight, None)
        }),
    }
}

/// A transposed convolution: the shape is that of the convolution whose input gradient it is.
#[derive(Clone, Debug)]
struct ConvTranspose {
    shape: ConvShape,
    x: FlexTensor,
    weight: FlexTensor,
}

impl ConvTranspose {
    fn gradient(&self, gradient: &FlexTensor, [x, weight]: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let dx = x.then(|| {
            let mut dx = pool::take(floats(&self.x).len());
            let (gradient, weight) = (floats(gradient), floats(&self.weight));
            timed(
                || format!("transposed conv, input gradient: {}", self.shape.words()),
                self.shape.flops(),
                || conv::forward(&self.shape, gradient, weight, None, &mut dx),
            );
            wrap(dx, self.x.layout().shape().clone())
        });
        let dw = weight.then(|| {
            let mut dw = pool::take(floats(&self.weight).len());
            let (x, gradient) = (floats(&self.x), floats(gradient));
            timed(
                || format!("transposed conv, weight gradient: {}", self.shape.words()),
                self.shape.flops(),
                || conv::weight_grad(&self.shape, gradient, x, &mut dw),
            );
            wrap(dw, self.weight.layout().shape().clone())
        });
        [dx, dw]
    }
}

impl Rule<2> for ConvTranspose {
    fn gradients(self, gradient: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        self.gradient(&gradient, wanted)
    }
}

impl Rule<3> for ConvTranspose {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let db = bias.then(|| bias_gradient(&gradient));
        let [dx, dw] = self.gradient(&gradient, [x, weight]);
        [dx, dw, db]
    }
}

pub(super) fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let forward = |x: FlexTensor, weight: FlexTensor, bias: Option<&[f32]>| {
        let [batch, height, width, channels_out] = sizes(&x);
        let [kernel_height, kernel_width, per_group, _] = sizes(&weight);
        let kernel = [kernel_height, kernel_width];
        let size = |from: usize, axis: usize| {
            ((from - 1) * options.stride[axis] + kernel[axis])
                .checked_sub(2 * options.padding[axis])
                .expect("conv_transpose2d: the padding leaves nothing of the output")
        };
        let shape = ConvShape {
            batch,
            height: size(height, 0),
            width: size(width, 1),
            channels_in: per_group * options.groups,
            channels_out,
            kernel,
            stride: options.stride,
            padding: options.padding,
            groups: options.groups,
        };
        let sizes = [batch, shape.height, shape.width, shape.channels_in];
        let mut y = pool::take(sizes.iter().product());
        timed(
            || format!("transposed conv, forward: {}", shape.words()),
            shape.flops(),
            || conv::input_grad(&shape, floats(&x), floats(&weight), bias, &mut y),
        );
        (wrap(y, sizes), ConvTranspose { shape, x, weight })
    };
    match bias {
        Some(bias) => run(
            [x.into(), weight.into(), bias.into()],
            |[x, weight, bias]| forward(x, weight, Some(floats(&bias))),
        ),
        None => run([x.into(), weight.into()], |[x, weight]| {
            forward(x, weight, None)
        }),
    }
}

/// A linear layer; its output is kept where the activation's slope is found from it.
#[derive(Clone, Debug)]
struct Linear {
    x: FlexTensor,
    weight: FlexTensor,
    y: Option<FlexTensor>,
    activation: Activation,
}

impl Linear {
    /// The gradient before the activation.
    fn inner(&self, gradient: FlexTensor) -> FlexTensor {
        match &self.y {
            Some(y) => {
                let mut gradient = owned(gradient);
                timed(
                    || "activation of a linear layer, gradient".into(),
                    0,
                    || scale_by_slope(floats_mut(&mut gradient), floats(y), self.activation),
                );
                gradient
            }
            None => gradient,
        }
    }

    fn gradient(&self, inner: &FlexTensor, [x, weight]: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let [batch, inputs] = sizes(&self.x);
        let [_, outputs] = sizes(&self.weight);
        let gradient = Matrix::new(floats(inner), batch, outputs);
        let dx = x.then(|| {
            let weight = Matrix::new(floats(&self.weight), inputs, outputs);
            let mut dx = pool::take(batch * inputs);
            timed(
                || format!("linear, input gradient: {inputs} to {outputs}, batch {batch}"),
                2 * (batch * inputs * outputs) as u64,
                || sgemm(gradient, weight.transposed(), &mut dx, Epilogue::NONE),
            );
            wrap(dx, [batch, inputs])
        });
        let dw = weight.then(|| {
            let x = Matrix::new(floats(&self.x), batch, inputs);
            let mut dw = pool::take(inputs * outputs);
            timed(
                || format!("linear, weight gradient: {inputs} to {outputs}, batch {batch}"),
                2 * (batch * inputs * outputs) as u64,
                || sgemm(x.transposed(), gradient, &mut dw, Epilogue::NONE),
            );
            wrap(dw, [inputs, outputs])
        });
        [dx, dw]
    }
}

impl Rule<2> for Linear {
    fn gradients(self, gradient: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let inner = self.inner(gradient);
        self.gradient(&inner, wanted)
    }
}

impl Rule<3> for Linear {
    fn gradients(
        self,
        gradient: FlexTensor,
        [x, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let inner = self.inner(gradient);
        let db = bias.then(|| bias_gradient(&inner));
        let [dx, dw] = self.gradient(&inner, [x, weight]);
        [dx, dw, db]
    }
}

pub(super) fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let forward = |x: FlexTensor, weight: FlexTensor, bias: Option<&[f32]>| {
        let [batch, inputs] = sizes(&x);
        let [_, outputs] = sizes(&weight);
        let leaky_slope = match activation {
            Activation::Relu => Some(0.0),
            Activation::LeakyRelu(slope) => Some(slope),
            Activation::Identity | Activation::Tanh | Activation::Sigmoid => None,
        };
        let mut y = pool::take(batch * outputs);
        timed(
            || format!("linear, forward: {inputs} to {outputs}, batch {batch}"),
            2 * (batch * inputs * outputs) as u64,
            || {
                sgemm(
                    Matrix::new(floats(&x), batch, inputs),
                    Matrix::new(floats(&weight), inputs, outputs),
                    &mut y,
                    Epilogue { bias, leaky_slope },
                );
                if leaky_slope.is_none() {
                    activate_in_place(&mut y, activation);
                }
            },
        );
        let y = wrap(y, [batch, outputs]);
        let kept = (activation != Activation::Identity).then(|| y.clone());
        (
            y,
            Linear {
                x,
                weight,
                y: kept,
                activation,
            },
        )
    };
    let operands: [Operand; 2] = [x.into(), weight.into()];
    let [x, weight] = operands;
    match bias {
        Some(bias) => run([x, weight, bias.into()], |[x, weight, bias]| {
            forward(x, weight, Some(floats(&bias)))
        }),
        None => run([x, weight], |[x, weight]| forward(x, weight, None)),
    }
}
