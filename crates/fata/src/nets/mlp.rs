//! Multi-layer perceptrons: the game as Goodfellow et al. 2014 (arXiv 1406.2661)
//! played it first and books teach it, on any data. Leaky ReLU of slope 0.2 in
//! both players where the paper has rectifiers and maxout.

use super::{DiscriminatorNet, Form, GeneratorNet, HeadPlan};
use crate::data::Kind;
use crate::layers::{Builder, Dense, FourierFeatures, Id, Signal, Weights};
use crate::recipe::{Hidden, Start};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// Latent, hidden layers, sample.
#[derive(Debug)]
pub(super) struct Generator {
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
        let sizes = [&[form.generator_inputs()], &hidden[..], &[outputs]].concat();
        Self {
            layers: stack(builder, form, &sizes, last),
        }
    }
}

impl GeneratorNet for Generator {
    fn first(&self, weights: &Weights, z: Tensor<2>, _labels: Option<&Tensor<2>>) -> Tensor<2> {
        self.layers[0].forward(weights, z)
    }

    fn first_weight(&self) -> Id {
        self.layers[0].weight()
    }

    fn forward(&self, weights: &Weights, z: Tensor<2>, _labels: Option<&Tensor<2>>) -> Tensor<2> {
        self.layers
            .iter()
            .fold(z, |x, layer| layer.forward(weights, x)) // [batch, outputs]
    }

    fn multiply_adds(&self) -> [u64; 2] {
        multiply_adds(&self.layers)
    }
}

/// Sample, its Fourier features, and hidden layers; the head makes a logit of
/// the last.
#[derive(Debug)]
pub(super) struct Discriminator {
    fourier: Option<FourierFeatures>,
    layers: Vec<Dense>,
}

impl Discriminator {
    pub(super) fn new(builder: &mut Builder, form: &Form) -> (Self, HeadPlan) {
        let width = form.discriminator_width();
        let hidden = match &form.model.hidden_discriminator[..] {
            [] => vec![2 * width, width],
            given => given.to_vec(),
        };
        let mut inputs = form.discriminator_inputs();
        let fourier = (form.model.fourier > 0).then(|| {
            let layer = FourierFeatures::new(builder, "fourier", inputs, form.model.fourier);
            inputs = layer.outputs();
            layer
        });
        let sizes = [&[inputs], &hidden[..]].concat();
        let features = sizes[sizes.len() - 1];
        let head = HeadPlan {
            features,
            places: 1,
            init: None,
        };
        let layers = stack(builder, form, &sizes, hidden_activation(form));
        (Self { fourier, layers }, head)
    }
}

impl DiscriminatorNet for Discriminator {
    fn features(&self, weights: &Weights, x: Signal<2>) -> Signal<2> {
        let x = match &self.fourier {
            Some(fourier) => fourier.carry(weights, x),
            None => x,
        };
        let layers = self.layers.iter();
        layers.fold(x, |x, layer| layer.carry(weights, x)) // [batch, units]
    }

    fn multiply_adds(&self) -> [u64; 2] {
        multiply_adds(&self.layers)
    }
}

fn stack(builder: &mut Builder, form: &Form, sizes: &[usize], last: Activation) -> Vec<Dense> {
    let count = sizes.len() - 1;
    let hidden = hidden_activation(form);
    sizes
        .windows(2)
        .enumerate()
        .map(|(i, pair)| {
            let activation = if i + 1 == count { last } else { hidden };
            let name = format!("dense{i}");
            let sizes = [pair[0], pair[1]];
            match form.model.init {
                Start::Classic => Dense::new(builder, &name, sizes, activation),
                Start::He => Dense::keeping(builder, &name, sizes, activation),
            }
        })
        .collect()
}

fn hidden_activation(form: &Form) -> Activation {
    match form.model.activation {
        Hidden::LeakyRelu => Activation::LeakyRelu(0.2),
        Hidden::Tanh => Activation::Tanh,
    }
}

fn multiply_adds(layers: &[Dense]) -> [u64; 2] {
    let rest = layers[1..].iter().map(Dense::multiply_adds).sum();
    [layers[0].multiply_adds(), rest]
}
