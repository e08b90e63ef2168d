//! A fully connected layer with its activation.

use super::{Builder, Id, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// `y = activation(x W + b)`.
///
/// # Shapes
/// `x` `[batch, inputs]`, `W` `[inputs, outputs]`, `b` `[outputs]`, `y` `[batch, outputs]`.
#[derive(Clone, Debug)]
pub struct Dense {
    weight: Id,
    bias: Id,
    activation: Activation,
    sizes: [usize; 2],
}

impl Dense {
    /// A layer with weights and biases uniform on plus or minus one over the
    /// root of `inputs`, as PyTorch's `Linear` draws them (LeCun et al. 1998).
    pub fn new(
        builder: &mut Builder,
        name: &str,
        sizes: [usize; 2],
        activation: Activation,
    ) -> Self {
        let bound = 1.0 / (sizes[0] as f32).sqrt();
        Self {
            weight: builder.uniform(format!("{name}.weight"), &sizes, bound),
            bias: builder.uniform(format!("{name}.bias"), &sizes[1..], bound),
            activation,
            sizes,
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let bias = Some(weights.vector(self.bias));
        fata_kernels::linear(x, weights.get(self.weight), bias, self.activation)
    }

    /// Multiply-adds of one sample.
    pub fn multiply_adds(&self) -> u64 {
        (self.sizes[0] * self.sizes[1]) as u64
    }
}
