//! Batch normalisation with its activation.

use super::{Builder, Id, Mode, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// Added to the variance: PyTorch's default.
const EPSILON: f32 = 1e-5;

/// `y = activation(gamma (x - mean) / sqrt(variance + epsilon) + beta)`, a mean
/// and a variance for each channel.
///
/// In training they are the batch's, and go into running ones (the variance
/// unbiased, momentum 0.1, as PyTorch keeps them); otherwise the running ones
/// are used, and each sample is independent of the others.
///
/// # Source
/// Ioffe and Szegedy 2015, arXiv 1502.03167, algorithms 1 and 2. Gamma is drawn
/// with mean 1 and deviation 0.02, as DCGANs are.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    gamma: Id,
    beta: Id,
    mean: Id,
    variance: Id,
    activation: Activation,
}

impl BatchNorm {
    /// A layer for this many channels.
    pub fn new(builder: &mut Builder, name: &str, channels: usize, activation: Activation) -> Self {
        Self {
            gamma: builder.normal(format!("{name}.gamma"), &[channels], 1.0, 0.02),
            beta: builder.constant(format!("{name}.beta"), &[channels], 0.0),
            mean: builder.buffer(format!("{name}.mean"), &[channels], 0.0),
            variance: builder.buffer(format!("{name}.variance"), &[channels], 1.0),
            activation,
        }
    }

    /// The layer's output; channels come last in `x`.
    pub fn forward<const D: usize>(&self, weights: &Weights, x: Tensor<D>) -> Tensor<D> {
        let (gamma, beta) = (weights.vector(self.gamma), weights.vector(self.beta));
        match weights.mode {
            Mode::Train => {
                let (y, batch) = fata_kernels::batch_norm(x, gamma, beta, EPSILON, self.activation);
                weights.collect(self.mean, self.variance, batch);
                y
            }
            Mode::Infer => {
                let scale = gamma / (weights.vector(self.variance) + EPSILON).sqrt();
                let shift = beta - weights.vector(self.mean) * scale.clone();
                fata_kernels::affine_activation(x, scale, shift, self.activation)
            }
        }
    }
}
