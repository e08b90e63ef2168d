//! What a discriminator sees of its batch as a whole, so that it notices when
//! samples are too much alike.

use super::{Builder, Dense, Init, Signal, Weights};
use burn::tensor::Tensor;

/// Samples whose deviation is taken together (Karras et al. 2018, appendix A:
/// the smaller of 4 and the batch, in their code).
const GROUP: usize = 4;

/// Added to variances.
const EPSILON: f64 = 1e-8;

/// One feature more: the standard deviation of each feature over a group of
/// samples, averaged over the features.
///
/// # Shapes
/// `x` `[batch, features]`; the result `[batch, features + 1]`. Samples `i`,
/// `i + batch / group`, ... make a group; a batch that groups do not divide is
/// one group.
///
/// # Source
/// Karras et al. 2018, arXiv 1710.10196, section 3.
pub fn minibatch_deviation(x: Signal<2>) -> Signal<2> {
    let [batch, features] = x.value.dims();
    let group = if batch % GROUP == 0 { GROUP } else { batch };
    let groups = batch / group;
    let split = |x: Tensor<2>| -> Tensor<3> { x.reshape([group, groups, features]) };
    let centred = |x: Tensor<3>| x.clone() - x.mean_dim(0);
    let value = centred(split(x.value.clone()));
    let deviation = (value.clone().powi_scalar(2).mean_dim(0) + EPSILON).sqrt(); // [1, groups, features]
    let spread = |each: Tensor<3>| -> Tensor<2> {
        let mean: Tensor<3> = each.mean_dim(2); // [1, groups, 1]
        mean.reshape([1, groups])
            .repeat_dim(0, group)
            .reshape([batch, 1])
    };
    // d sqrt(mean c^2) = mean(c dc) / sqrt(mean c^2)
    let tangent = x.tangent.clone().map(|tangent| {
        let along = centred(split(tangent));
        spread((value * along).mean_dim(0) / deviation.clone())
    });
    let join = |x: Tensor<2>, more: Tensor<2>| Tensor::cat(vec![x, more], 1);
    Signal {
        tangent: x.tangent.zip(tangent).map(|(x, more)| join(x, more)),
        value: join(x.value, spread(deviation)),
    }
}

/// Features more: how close each sample is to the others, in several learned
/// projections: `o_b(x_i) = sum_j exp(-|M_i,b - M_j,b|_1)`, `M = x T`.
///
/// # Shapes
/// `x` `[batch, features]`; the result `[batch, features + kernels]`.
///
/// # Source
/// Salimans et al. 2016, arXiv 1606.03498, section 3.2.
#[derive(Clone, Debug)]
pub struct MinibatchDiscrimination {
    projection: Dense,
}

impl MinibatchDiscrimination {
    /// Projections, and numbers in each. The paper has 50 and 5 on digits.
    pub const KERNELS: usize = 50;
    const DIMENSIONS: usize = 5;

    /// A layer on this many features.
    pub fn new(builder: &mut Builder, name: &str, features: usize) -> Self {
        let sizes = [features, Self::KERNELS * Self::DIMENSIONS];
        Self {
            projection: Dense::drawn(builder, name, sizes, Init::Normal(0.05)),
        }
    }

    /// The layer's output.
    pub fn forward(&self, weights: &Weights, x: Tensor<2>) -> Tensor<2> {
        let batch = x.dims()[0];
        let (kernels, dimensions) = (Self::KERNELS, Self::DIMENSIONS);
        let m = self.projection.forward(weights, x.clone());
        let rows: Tensor<4> = m.clone().reshape([batch, 1, kernels, dimensions]);
        let columns: Tensor<4> = m.reshape([1, batch, kernels, dimensions]);
        let distance: Tensor<4> = (rows - columns).abs().sum_dim(3); // [batch, batch, kernels, 1]
        let closeness: Tensor<4> = distance.neg().exp().sum_dim(1); // with itself: exp(0) = 1
        let others = closeness.reshape([batch, kernels]) - 1.0;
        Tensor::cat(vec![x, others], 1)
    }

    /// Multiply-adds of one sample.
    pub fn multiply_adds(&self) -> u64 {
        self.projection.multiply_adds()
    }
}
