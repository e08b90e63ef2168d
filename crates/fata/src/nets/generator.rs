//! The generator of any architecture: from latents, and labels where it is
//! conditioned, to samples.

use super::{Form, GeneratorNet, NetError, dcgan, mlp, r3gan, resnet};
use crate::layers::{Builder, Parameters, Weights, numbers};
use crate::recipe::{ModelKind, SpectralNorm};
use crate::rng::Random;
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// The generator's layers: from latent vectors to samples.
#[derive(Clone, Debug)]
pub struct Generator {
    net: Arc<dyn GeneratorNet>,
    labels_join_latent: bool,
}

impl Generator {
    /// Builds the layers and draws their initial weights.
    ///
    /// # Errors
    /// If the architecture does not fit the data.
    pub fn build(
        form: &Form,
        random: Random,
        device: &Device,
    ) -> Result<(Self, Parameters), NetError> {
        let mut builder = Builder::new(random, 0, device);
        let layers = Self::lay_out(form, &mut builder)?;
        Ok((layers, builder.finish()))
    }

    /// Builds the layers, their values as the builder gives them.
    pub(crate) fn lay_out(form: &Form, builder: &mut Builder) -> Result<Self, NetError> {
        form.check()?;
        builder.spectral = form.model.spectral_norm == SpectralNorm::Both;
        let net: Arc<dyn GeneratorNet> = match form.model.kind {
            ModelKind::Mlp => Arc::new(mlp::Generator::new(builder, form)),
            ModelKind::Dcgan => Arc::new(dcgan::Generator::new(builder, form)),
            ModelKind::Resnet => Arc::new(resnet::Generator::new(builder, form)),
            ModelKind::R3gan => Arc::new(r3gan::Generator::new(builder, form)),
            ModelKind::Translation => return Err(NetError::Translates),
        };
        Ok(Self {
            net,
            labels_join_latent: form.labels_join_latent(),
        })
    }

    /// Samples from latents.
    ///
    /// # Shapes
    /// `z` `[batch, latent]`, labels one-hot `[batch, classes]`; the result
    /// `[batch, product of the network shape]`, pictures as
    /// `[height, width, channels]`, in [-1, 1].
    ///
    /// # Panics
    /// If a conditioned generator gets no labels.
    pub fn forward(
        &self,
        weights: &Weights,
        z: Tensor<2>,
        labels: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        self.net.forward(weights, self.joined(z, labels), labels)
    }

    /// What the first layer makes of latents, after the first nonlinearity.
    ///
    /// # Shapes
    /// As [`Generator::forward`]; the result `[batch, units]`.
    pub(crate) fn first(
        &self,
        weights: &Weights,
        z: Tensor<2>,
        labels: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        self.net.first(weights, self.joined(z, labels), labels)
    }

    /// The weights that the first layer gives the first `latent` of its inputs;
    /// the others are labels.
    ///
    /// # Shapes
    /// The result is [units, latent], row by row.
    pub(crate) fn first_weight(&self, weights: &Weights, latent: usize) -> Vec<f32> {
        let id = self.net.first_weight();
        let values = numbers(weights.vector(id));
        match *weights.shape(id) {
            // Of a transposed convolution; its inputs come last.
            [_, _, _, inputs] => {
                let rows = values.chunks_exact(inputs);
                rows.flat_map(|row| &row[..latent]).copied().collect()
            }
            [_, units] => (0..units)
                .flat_map(|unit| values[unit..].iter().step_by(units).take(latent))
                .copied()
                .collect(),
            _ => unreachable!("a first layer is dense or a transposed convolution"),
        }
    }

    /// Latents, joined by labels where the condition says so.
    fn joined(&self, z: Tensor<2>, labels: Option<&Tensor<2>>) -> Tensor<2> {
        match labels {
            Some(labels) if self.labels_join_latent => Tensor::cat(vec![z, labels.clone()], 1),
            _ => z,
        }
    }

    /// Multiply-adds of one sample, the first layer's apart: it has no gradient
    /// to pass on.
    pub fn multiply_adds(&self) -> [u64; 2] {
        self.net.multiply_adds()
    }
}
