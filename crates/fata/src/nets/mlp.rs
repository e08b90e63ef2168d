//! Multi-layer perceptrons: the game as Goodfellow et al. 2014 (arXiv 1406.2661)
//! played it first and books teach it, on any data. Leaky ReLU of slope 0.2 in
//! both players where the paper has rectifiers and maxout.

use super::Form;
use crate::data::Kind;
use crate::layers::{Builder, Dense, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// Latent, hidden layers, sample.
#[derive(Clone, Debug)]
pub struct Generator {
    layers: Vec<Dense>,
}

impl Generator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let width = form.model.width;
        let hidden = match &form.model.hidden_generator[..] {
            [] => vec![width, 2 * width, 4 * width],
            given => given.to_vec(),
        };
        // Pictures lie in [-1, 1]; standardised points have no bounds.
        let last = match form.kind {
            Kind::Images { .. } => Activation::Tanh,
            Kind::Points { .. } => Activation::Identity,
        };
        let outputs = form.network_shape().iter().product();
        Self {
            layers: stack(builder, form.model.latent, &hidden, outputs, last),
        }
    }

    pub(super) fn forward(&self, weights: &Weights, z: Tensor<2>) -> Tensor<2> {
        self.layers
            .iter()
            .fold(z, |x, layer| layer.forward(weights, x)) // [batch, outputs]
    }

    pub(super) fn multiply_adds(&self) -> [u64; 2] {
        multiply_adds(&self.layers)
    }
}

/// Sample, hidden layers, one logit.
#[derive(Clone, Debug)]
pub struct Discriminator {
    layers: Vec<Dense>,
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> Self {
        let width = form.model.width;
        let hidden = match &form.model.hidden_discriminator[..] {
            [] => vec![2 * width, width],
            given => given.to_vec(),
        };
        let inputs = form.network_shape().iter().product();
        Self {
            layers: stack(builder, inputs, &hidden, 1, Activation::Identity),
        }
    }

    pub(super) fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<1> {
        let batch = x.dims()[0];
        let logits = self
            .layers
            .iter()
            .fold(x, |x, layer| layer.forward(weights, x)); // [batch, 1]
        logits.reshape([batch])
    }

    pub(super) fn multiply_adds(&self) -> [u64; 2] {
        multiply_adds(&self.layers)
    }
}

fn stack(
    builder: &mut Builder,
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    last: Activation,
) -> Vec<Dense> {
    let sizes: Vec<usize> = [&[inputs], hidden, &[outputs]].concat();
    let count = sizes.len() - 1;
    sizes
        .windows(2)
        .enumerate()
        .map(|(i, pair)| {
            let activation = if i + 1 == count { last } else { LEAKY };
            Dense::new(
                builder,
                &format!("dense{i}"),
                [pair[0], pair[1]],
                activation,
            )
        })
        .collect()
}

fn multiply_adds(layers: &[Dense]) -> [u64; 2] {
    let rest = layers[1..].iter().map(Dense::multiply_adds).sum();
    [layers[0].multiply_adds(), rest]
}
