//! A fully connected layer with its activation.

use super::signal::both;
use super::{Builder, Id, Init, Signal, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// `y = activation(x W + b)`.
///
/// # Shapes
/// `x` `[batch, inputs]`, `W` `[inputs, outputs]`, `b` `[outputs]`, `y` `[batch, outputs]`.
#[derive(Clone, Debug)]
pub struct Dense {
    weight: Id,
    bias: Option<Id>,
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
        let init = Init::Uniform(1.0 / (sizes[0] as f32).sqrt());
        let mut layer = Self::drawn(builder, name, sizes, init);
        layer.bias = Some(init.tensor(builder, format!("{name}.bias"), &sizes[1..]));
        layer.activation = activation;
        layer
    }

    /// A layer whose weights keep a signal's size behind leaky ReLUs of slope 0.2
    /// (He et al. 2015, arXiv 1502.01852, equation 14), or without one.
    pub fn keeping(
        builder: &mut Builder,
        name: &str,
        sizes: [usize; 2],
        activation: Activation,
    ) -> Self {
        let inputs = sizes[0] as f32;
        let gain = match activation {
            Activation::LeakyRelu(slope) => 2.0 / (1.0 + slope * slope),
            _ => 1.0,
        };
        let mut layer = Self::drawn(builder, name, sizes, Init::Normal((gain / inputs).sqrt()));
        let bias = Init::Uniform(1.0 / inputs.sqrt());
        layer.bias = Some(bias.tensor(builder, format!("{name}.bias"), &sizes[1..]));
        layer.activation = activation;
        layer
    }

    /// A layer without bias or activation.
    pub fn drawn(builder: &mut Builder, name: &str, sizes: [usize; 2], init: Init) -> Self {
        Self {
            weight: builder.weight(name, &sizes, init),
            bias: None,
            activation: Activation::Identity,
            sizes,
        }
    }

    /// The layer with a bias that begins at 0.
    pub fn biased(mut self, builder: &mut Builder, name: &str) -> Self {
        let name = format!("{name}.bias");
        self.bias = Some(builder.constant(name, &self.sizes[1..], 0.0));
        self
    }

    /// The place of its weight.
    pub(crate) fn weight(&self) -> Id {
        self.weight
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let bias = self.bias.map(|bias| weights.vector(bias));
        fata_kernels::linear(x, weights.get(self.weight), bias, self.activation)
    }

    /// The layer's output and its tangent.
    pub fn carry(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let Signal { value: x, tangent } = x;
        let of_input = tangent.map(|tangent| {
            let plain = Activation::Identity;
            fata_kernels::linear(tangent, weights.get(self.weight), None, plain)
        });
        let of_weights = weights.direction().map(|moving| {
            let bias = self.bias.map(|bias| moving.vector(bias));
            let plain = Activation::Identity;
            fata_kernels::linear(x.clone(), moving.get(self.weight), bias, plain)
        });
        let value = weights.value(x.is_autodiff(), |weights| self.forward(weights, x));
        let tangent = both(of_input, of_weights)
            .map(|along| fata_kernels::activation_tangent(along, value.clone(), self.activation));
        Signal { value, tangent }
    }

    /// Multiply-adds of one sample.
    pub fn multiply_adds(&self) -> u64 {
        (self.sizes[0] * self.sizes[1]) as u64
    }
}
