//! The generator of any architecture: from latents, and labels where it is
//! conditioned, to samples.

use super::{Form, GeneratorNet, NetError, dcgan, mlp, r3gan, resnet};
use crate::layers::{Builder, Parameters, Weights};
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
        let z = match labels {
            Some(labels) if self.labels_join_latent => Tensor::cat(vec![z, labels.clone()], 1),
            _ => z,
        };
        self.net.forward(weights, z, labels)
    }

    /// Multiply-adds of one sample, the first layer's apart: it has no gradient
    /// to pass on.
    pub fn multiply_adds(&self) -> [u64; 2] {
        self.net.multiply_adds()
    }
}
