//! The architectures, one a file: its generator and its discriminator, readable
//! top to bottom. They know no optimiser, no loss and no data.
//!
//! Pictures run through them as `[batch, height, width, channels]`.

mod dcgan;
mod mlp;

use crate::data::Kind;
use crate::layers::{Builder, Parameters, Weights};
use crate::recipe::{Model, ModelKind};
use crate::rng::Random;
use burn::tensor::{Device, Tensor};

/// Why an architecture cannot be built for some data.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Convolutional networks need pictures.
    #[error(
        "`dcgan` makes pictures, and these data are points of {dimensions} dimensions: use `--recipe points`"
    )]
    PointsNotPictures {
        /// Columns of the data.
        dimensions: usize,
    },
    /// A side that the architecture has no layers for.
    #[error(
        "`dcgan` cannot make {side}x{side} pictures: choose a resolution from 16, 32, 64, 128, 256 (data of other sizes up to 256 are padded when no resolution is given)"
    )]
    Resolution {
        /// The side that was asked for.
        side: usize,
    },
}

/// What the networks are made for: the architecture and the data's form.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The recipe's `[model]`.
    pub model: Model,
    /// The data's form, as samples have it.
    pub kind: Kind,
}

impl Form {
    /// The side of the square on which networks work, if the data are pictures
    /// and the architecture cannot take them as they are: `dcgan` works on
    /// powers of two, and smaller data are padded to the next one.
    pub fn padded_side(&self) -> Option<usize> {
        match (self.model.kind, self.kind) {
            (ModelKind::Dcgan, Kind::Images { height, width, .. }) => {
                Some(height.max(width).next_power_of_two().max(16))
            }
            _ => None,
        }
    }

    /// The shape of what runs through the networks, without the batch.
    pub fn network_shape(&self) -> Vec<usize> {
        match self.kind {
            Kind::Images {
                channels,
                height,
                width,
            } => match self.padded_side() {
                Some(side) => vec![side, side, channels],
                None => vec![height, width, channels],
            },
            Kind::Points { dimensions } => vec![dimensions],
        }
    }

    fn check(&self) -> Result<(), NetError> {
        match (self.model.kind, self.kind) {
            (ModelKind::Dcgan, Kind::Points { dimensions }) => {
                Err(NetError::PointsNotPictures { dimensions })
            }
            (ModelKind::Dcgan, Kind::Images { height, width, .. }) => {
                let side = height.max(width);
                if (1..=256).contains(&side) {
                    Ok(())
                } else {
                    Err(NetError::Resolution { side })
                }
            }
            (ModelKind::Mlp, _) => Ok(()),
        }
    }
}

/// The generator's layers: from latent vectors to samples.
#[derive(Clone, Debug)]
pub enum Generator {
    /// Multi-layer perceptron.
    Mlp(mlp::Generator),
    /// Deep convolutional.
    Dcgan(dcgan::Generator),
}

/// The discriminator's layers: from samples to logits.
#[derive(Clone, Debug)]
pub enum Discriminator {
    /// Multi-layer perceptron.
    Mlp(mlp::Discriminator),
    /// Deep convolutional.
    Dcgan(dcgan::Discriminator),
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
        Ok(match form.model.kind {
            ModelKind::Mlp => Self::Mlp(mlp::Generator::new(builder, form)),
            ModelKind::Dcgan => Self::Dcgan(dcgan::Generator::new(builder, form)),
        })
    }

    /// Samples from latents.
    ///
    /// # Shapes
    /// `z` `[batch, latent]`; the result `[batch, product of the network shape]`,
    /// pictures as `[height, width, channels]`, in [-1, 1].
    pub fn forward(&self, weights: &Weights, z: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Mlp(layers) => layers.forward(weights, z),
            Self::Dcgan(layers) => layers.forward(weights, z),
        }
    }

    /// Multiply-adds of one sample, the first layer's apart: it has no gradient
    /// to pass on.
    pub fn multiply_adds(&self) -> [u64; 2] {
        match self {
            Self::Mlp(layers) => layers.multiply_adds(),
            Self::Dcgan(layers) => layers.multiply_adds(),
        }
    }
}

impl Discriminator {
    /// Builds the layers and draws their initial weights.
    ///
    /// # Errors
    /// If the architecture does not fit the data.
    pub fn build(
        form: &Form,
        random: Random,
        device: &Device,
    ) -> Result<(Self, Parameters), NetError> {
        form.check()?;
        let mut builder = Builder::new(random, 1, device);
        let layers = match form.model.kind {
            ModelKind::Mlp => Self::Mlp(mlp::Discriminator::new(&mut builder, form)),
            ModelKind::Dcgan => Self::Dcgan(dcgan::Discriminator::new(&mut builder, form)),
        };
        Ok((layers, builder.finish()))
    }

    /// Logits of the probability that a sample is real.
    ///
    /// # Shapes
    /// `x` `[batch, product of the network shape]`; the result `[batch]`.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Mlp(layers) => layers.forward(weights, x),
            Self::Dcgan(layers) => layers.forward(weights, x),
        }
    }

    /// Logits of real samples and of generated ones. Where no layer looks at
    /// its batch as a whole, both go through in one pass, whose logits are the
    /// same.
    ///
    /// # Shapes
    /// Both `[batch, product of the network shape]`; the results `[batch]`.
    pub fn forward_both(
        &self,
        weights: &Weights,
        real: Tensor<2>,
        fake: Tensor<2>,
    ) -> [Tensor<1>; 2] {
        match self {
            Self::Mlp(layers) => {
                let (split, end) = (real.dims()[0], real.dims()[0] + fake.dims()[0]);
                let logits = layers.forward(weights, Tensor::cat(vec![real, fake], 0));
                [0..split, split..end].map(|part| logits.clone().slice([part]))
            }
            Self::Dcgan(layers) => [real, fake].map(|x| layers.forward(weights, x)),
        }
    }

    /// As [`Generator::multiply_adds`].
    pub fn multiply_adds(&self) -> [u64; 2] {
        match self {
            Self::Mlp(layers) => layers.multiply_adds(),
            Self::Dcgan(layers) => layers.multiply_adds(),
        }
    }
}
