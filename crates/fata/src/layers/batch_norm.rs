//! Batch normalisation with its activation, conditioned on labels or not.

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
    running: Running,
    activation: Activation,
}

/// The places of the running statistics.
#[derive(Clone, Copy, Debug)]
struct Running {
    mean: Id,
    variance: Id,
}

impl Running {
    fn new(builder: &mut Builder, name: &str, channels: usize) -> Self {
        Self {
            mean: builder.buffer(format!("{name}.mean"), &[channels], 0.0),
            variance: builder.buffer(format!("{name}.variance"), &[channels], 1.0),
        }
    }

    fn normalise<const D: usize>(
        self,
        weights: &Weights,
        x: Tensor<D>,
        [gamma, beta]: [Tensor<1>; 2],
        activation: Activation,
    ) -> Tensor<D> {
        match weights.mode {
            Mode::Train => {
                let (y, batch) = fata_kernels::batch_norm(x, gamma, beta, EPSILON, activation);
                weights.collect(self.mean, self.variance, batch);
                y
            }
            Mode::Infer => {
                let scale = gamma / (weights.vector(self.variance) + EPSILON).sqrt();
                let shift = beta - weights.vector(self.mean) * scale.clone();
                fata_kernels::affine_activation(x, scale, shift, activation)
            }
        }
    }
}

impl BatchNorm {
    /// A layer for this many channels.
    pub fn new(builder: &mut Builder, name: &str, channels: usize, activation: Activation) -> Self {
        Self {
            gamma: builder.normal(format!("{name}.gamma"), &[channels], 1.0, 0.02),
            beta: builder.constant(format!("{name}.beta"), &[channels], 0.0),
            running: Running::new(builder, name, channels),
            activation,
        }
    }

    /// The layer's output; channels come last in `x`.
    pub fn forward<const D: usize>(&self, weights: &Weights, x: Tensor<D>) -> Tensor<D> {
        let affine = [self.gamma, self.beta].map(|id| weights.vector(id));
        self.running.normalise(weights, x, affine, self.activation)
    }
}

/// Batch normalisation whose gamma and beta are the class's own.
///
/// # Shapes
/// `x` `[batch, height, width, channels]`, labels one-hot `[batch, classes]`.
///
/// # Source
/// Dumoulin et al. 2017, arXiv 1610.07629, section 2.2, as Miyato and Koyama
/// 2018 (arXiv 1802.05637, section 4) use it in generators.
#[derive(Clone, Debug)]
pub struct ConditionalBatchNorm {
    gamma: Id,
    beta: Id,
    running: Running,
    channels: usize,
    activation: Activation,
}

impl ConditionalBatchNorm {
    /// A layer for this many classes and channels.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        [classes, channels]: [usize; 2],
        activation: Activation,
    ) -> Self {
        let shape = [classes, channels];
        Self {
            gamma: builder.normal(format!("{name}.gamma"), &shape, 1.0, 0.02),
            beta: builder.constant(format!("{name}.beta"), &shape, 0.0),
            running: Running::new(builder, name, channels),
            channels,
            activation,
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<4>, labels: &Tensor<2>) -> Tensor<4> {
        let device = x.device();
        let ones = Tensor::ones([self.channels], &device);
        let zeros = Tensor::zeros([self.channels], &device);
        let plain = Activation::Identity;
        let x = self.running.normalise(weights, x, [ones, zeros], plain);
        let [scale, shift] = [self.gamma, self.beta].map(|id| {
            let rows: Tensor<2> = weights.get(id);
            fata_kernels::linear(labels.clone(), rows, None, plain) // [batch, channels]
        });
        fata_kernels::modulate(x, scale, shift, self.activation)
    }
}

/// A generator's normalisation: the same for all, or the class's own.
#[derive(Clone, Debug)]
pub enum GeneratorNorm {
    /// The same for all samples.
    Same(BatchNorm),
    /// The class's own.
    Conditional(ConditionalBatchNorm),
}

impl GeneratorNorm {
    /// Conditional where there are classes.
    pub fn new(
        builder: &mut Builder,
        name: &str,
        [classes, channels]: [usize; 2],
        activation: Activation,
    ) -> Self {
        match classes {
            0 => Self::Same(BatchNorm::new(builder, name, channels, activation)),
            _ => Self::Conditional(ConditionalBatchNorm::new(
                builder,
                name,
                [classes, channels],
                activation,
            )),
        }
    }

    /// The layer's output.
    ///
    /// # Panics
    /// If a conditional layer gets no labels.
    pub fn forward(
        &self,
        weights: &Weights,
        x: Tensor<4>,
        labels: Option<&Tensor<2>>,
    ) -> Tensor<4> {
        match self {
            Self::Same(norm) => norm.forward(weights, x),
            Self::Conditional(norm) => {
                let labels = labels.expect("a generator that was built for classes gets labels");
                norm.forward(weights, x, labels)
            }
        }
    }
}
