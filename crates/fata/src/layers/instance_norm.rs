//! Instance normalisation with its activation, trained or not.

use super::{Builder, Id, Weights};
use burn::tensor::Tensor;
use fata_kernels::Activation;

/// Added to the variance: PyTorch's default.
const EPSILON: f32 = 1e-5;

/// `y = activation(gamma (x - mean) / sqrt(variance + epsilon) + beta)`, a mean
/// and a variance for each channel of each picture.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`.
///
/// # Source
/// Ulyanov et al. 2016, arXiv 1607.08022. With gamma and beta it is what batch
/// normalisation does at batch 1 (Isola et al. 2017, section 6.2).
#[derive(Clone, Debug)]
pub struct InstanceNorm {
    affine: Option<[Id; 2]>,
    activation: Activation,
}

impl InstanceNorm {
    /// A layer without gamma and beta.
    pub fn new(activation: Activation) -> Self {
        Self {
            affine: None,
            activation,
        }
    }

    /// The layer with gamma and beta for this many channels.
    pub fn trained(mut self, builder: &mut Builder, name: &str, channels: usize) -> Self {
        let gamma = builder.normal(format!("{name}.gamma"), &[channels], 1.0, 0.02);
        let beta = builder.constant(format!("{name}.beta"), &[channels], 0.0);
        self.affine = Some([gamma, beta]);
        self
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>) -> Tensor<4> {
        let [gamma, beta] = match self.affine {
            Some(places) => places.map(|id| Some(weights.vector(id))),
            None => [None, None],
        };
        fata_kernels::instance_norm(x, gamma, beta, EPSILON, self.activation)
    }
}
